//! Which files a bundle has, in their order, and how each is written.

use std::io::{self, Write};
use std::sync::Arc;

use retrace_core::log::multiproof::LinesProof;
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use super::manifest::{FORMAT, MANIFEST, Manifest, SIGNATURE, root, statement};
use super::media::{Media, Video};
use super::pack::Packer;
use super::scripts::{self, Scripts};
use super::{About, BundleError};
use crate::export::{ExportError, Format, SessionExport, Showing};
use crate::server::Source;

/// The player, as `web/bundle` builds it.
#[derive(RustEmbed)]
#[folder = "../web/dist-bundle"]
struct Player;

/// The page of the player, at the top of the zip.
const INDEX: &str = "index.html";

/// Whether the binary was built with the player.
pub(super) fn has_player() -> bool {
    Player::get(INDEX).is_some()
}

/// A file, or some that follow each other.
enum Part {
    Text(Vec<u8>),
    /// The events, and their proof.
    Events,
    Cast,
    Footage(Source),
    /// What the player plays, as scripts.
    CastScripts,
    EventScripts,
    MomentScripts,
    /// What it must know at once.
    FirstScript,
}

/// The parts that are being written.
struct Writing<'a, W: Write> {
    about: &'a About,
    runtime: &'a Handle,
    packer: Packer<W>,
    media: Media,
    /// Once the events were written.
    proof: Option<LinesProof>,
}

pub(super) fn write(
    about: &About,
    media: Media,
    runtime: &Handle,
    out: impl Write,
) -> Result<(), BundleError> {
    let parts = parts(about, &media)?;
    let mut writing = Writing {
        about,
        runtime,
        packer: Packer::new(out),
        media,
        proof: None,
    };
    for (name, part) in parts {
        writing.part(&name, part)?;
    }
    writing.finish()
}

/// All parts in the order of their names, which is that of the zip.
fn parts(about: &About, media: &Media) -> Result<Vec<(String, Part)>, BundleError> {
    let text = |text: &str| Part::Text(text.as_bytes().to_vec());
    let key = about.sources.log.verifier_key();
    let mut parts = vec![
        ("README.txt".to_owned(), text(include_str!("README.txt"))),
        ("checkpoint".to_owned(), text(about.checkpoint.as_note())),
        (
            "custody.json".to_owned(),
            Part::Text(pretty(&about.survey.custody)?),
        ),
        ("events.ndjson".to_owned(), Part::Events),
        ("log.pub".to_owned(), text(&format!("{key}\n"))),
        ("player/data/bundle.js".to_owned(), Part::FirstScript),
        ("player/data/cast".to_owned(), Part::CastScripts),
        ("player/data/events".to_owned(), Part::EventScripts),
        ("player/data/moments".to_owned(), Part::MomentScripts),
        (
            "policies.json".to_owned(),
            Part::Text(pretty(&about.policies)?),
        ),
        ("recording.cast".to_owned(), Part::Cast),
        (
            "session.json".to_owned(),
            Part::Text(pretty(&about.survey.session)?),
        ),
    ];
    for (name, source) in &media.captured {
        let part = Part::Footage(source.clone());
        parts.push((format!("media/captured/{name}"), part));
    }
    if let Some(Video { name, source, .. }) = &media.video {
        parts.push(((*name).to_owned(), Part::Footage(source.clone())));
    }
    for name in Player::iter() {
        if let Some(file) = Player::get(&name) {
            parts.push((name.into_owned(), Part::Text(file.data.into_owned())));
        }
    }
    parts.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(parts)
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl<W: Write> Writing<'_, W> {
    fn part(&mut self, name: &str, part: Part) -> Result<(), BundleError> {
        match part {
            Part::Text(content) => Ok(self.packer.file(name, &content)?),
            Part::Footage(source) => {
                self.packer.begin(name)?;
                self.media.copy(&source, &mut self.packer)
            }
            Part::Events => self.events(name),
            Part::Cast => self.cast(name),
            Part::FirstScript => self.first_script(name),
            Part::CastScripts => {
                let Some(mut export) = self.terminal()? else {
                    return Ok(());
                };
                let mut scripts = Scripts::new("cast", &mut self.packer);
                while let Some(piece) = self.runtime.block_on(export.next_piece())? {
                    scripts.text(&String::from_utf8_lossy(&piece))?;
                }
                Ok(scripts.finish()?)
            }
            Part::EventScripts => {
                let mut export = self.open(Format::Ndjson)?;
                let mut scripts = Scripts::new("events", &mut self.packer);
                while let Some(piece) = self.runtime.block_on(export.next_piece())? {
                    for line in String::from_utf8_lossy(&piece).lines() {
                        scripts.item(&line)?;
                    }
                }
                Ok(scripts.finish()?)
            }
            Part::MomentScripts => {
                let (session, before) = (self.about.session, self.about.checkpoint.size);
                let mut scripts = Scripts::new("moments", &mut self.packer);
                let reader = &self.about.sources.reader;
                scripts::moments(reader, session, before, |moment| scripts.item(&moment))?;
                Ok(scripts.finish()?)
            }
        }
    }

    fn open(&self, format: Format) -> Result<SessionExport, ExportError> {
        let About {
            sources,
            session,
            checkpoint,
            veil,
            ..
        } = self.about;
        let (log, veil) = (Arc::clone(&sources.log), veil.clone());
        let (size, showing) = (Some(checkpoint.size), Showing::default());
        let opening = SessionExport::open_veiled(log, *session, format, size, showing, veil);
        let export = self.runtime.block_on(opening)?;
        Ok(export.proved_by(checkpoint.clone()))
    }

    /// The export of the terminal. `None` when the session has none.
    fn terminal(&self) -> Result<Option<SessionExport>, ExportError> {
        match self.open(Format::AsciicastV2) {
            Ok(export) => Ok(Some(export)),
            Err(ExportError::NoTerminal(_) | ExportError::Purged(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn copy(&mut self, export: &mut SessionExport) -> Result<(), BundleError> {
        while let Some(piece) = self.runtime.block_on(export.next_piece())? {
            self.packer.write_all(&piece)?;
        }
        Ok(())
    }

    fn cast(&mut self, name: &str) -> Result<(), BundleError> {
        let Some(mut export) = self.terminal()? else {
            return Ok(());
        };
        self.packer.begin(name)?;
        self.copy(&mut export)
    }

    fn events(&mut self, name: &str) -> Result<(), BundleError> {
        let mut export = self.open(Format::Ndjson)?;
        self.packer.begin(name)?;
        self.copy(&mut export)?;
        let proof = self.runtime.block_on(export.prove())?;
        if let Some(proof) = &proof {
            let text = proof.to_string();
            self.packer
                .file(&format!("{name}.proof"), text.as_bytes())?;
        }
        self.proof = proof;
        Ok(())
    }

    /// What the player must know before it loads anything else.
    fn first_script(&mut self, name: &str) -> Result<(), BundleError> {
        let About {
            checkpoint,
            survey,
            policies,
            sources,
            veil,
            ..
        } = self.about;
        let proof = self.proof.as_ref();
        let hashes = proof.map(|proof| scripts::base64_of(&proof.hashes));
        let video = self.media.video.as_ref();
        let video = video.map(|video| json!({"src": video.name, "firstUs": video.first_us}));
        let told = json!({
            "session": survey.session,
            "custody": survey.custody,
            "policies": policies,
            "position": checkpoint.size,
            "checkpoint": checkpoint.as_note(),
            "key": sources.log.verifier_key(),
            "lines": proof.map_or(0, |proof| proof.marks.len()),
            "hashes": hashes,
            "video": video,
            "hasTerminal": self.terminal()?.is_some(),
            "redacted": veil.is_some(),
            "withheld": self.media.withheld,
            "absent": self.media.absent,
        });
        let script = format!("retraceBundle.open({told});\n");
        Ok(self.packer.file(name, script.as_bytes())?)
    }

    fn finish(mut self) -> Result<(), BundleError> {
        let About {
            session,
            checkpoint,
            sources,
            veil,
            ..
        } = self.about;
        let manifest = Manifest {
            format: FORMAT.to_owned(),
            session: *session,
            position: checkpoint.size,
            root: root(checkpoint),
            key: sources.log.verifier_key().to_owned(),
            redacted: veil.is_some(),
            withheld: self
                .media
                .withheld
                .iter()
                .map(|&what| what.to_owned())
                .collect(),
            absent: self.media.absent.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files: self.packer.files().to_vec(),
        };
        let bytes = manifest.to_bytes()?;
        let signed = statement(&bytes, *session, checkpoint.size);
        let signature = sources.log.sign_statement(&signed);
        self.packer.file(MANIFEST, &bytes)?;
        self.packer.file(SIGNATURE, signature.as_bytes())?;
        let mut out = self.packer.finish()?;
        out.flush().map_err(|error: io::Error| error.into())
    }
}
