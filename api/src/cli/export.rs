//! `retrace export`

mod bundle;
mod footage;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use retrace_core::event::{EventBatch, EventsExported, RecordingDownloaded};
use retrace_core::log::EventLog;
use retrace_core::log::tlog_proof::TlogProof;
use retrace_core::{Position, SessionId, StreamName, Timestamp};
use retrace_media::terminal::font::FontSize;

use super::{Data, operator, output};
use crate::accesses::append_at_end;
use crate::export::{ExportError, Format, SessionExport, Showing, Stretch};
pub(super) use bundle::read_models;
use footage::Footage;

/// Export a session as evidence, as asciicast, as pictures or as its events, or one event, with the proof
///
/// With --bundle everything that there is of a session in one zip: a player that opens in a browser without account or
/// network, recording, footage, events, proofs, who looked at it, and a signed manifest.
///
/// A file of events (ndjson, or one event) comes with a proof beside it: `FILE.proof`, or
/// `FILE.tlog-proof` for one event. With both, and the key of the log, `retrace verify FILE` shows
/// anywhere that they are what was recorded.
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 -o deploy.cast
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format asciicast-v3 | asciinema play -
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format gif --idle-limit 2 -o deploy.gif
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format mp4 --speed 2 -o deploy.mp4
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format ndjson | jq .type
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --format ndjson -o deploy.ndjson
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --bundle -o deploy.zip
  retrace export 7d4d0c1e-53b2-8f3c-9a58-0f3f1b1f5a11 --bundle --masked --at 4712 -o deploy.zip
  retrace export --event 4711 -o keystroke.json

The address of a session in the web UI ends in its id. What was written is checked with
`retrace verify deploy.zip`, `retrace verify deploy.ndjson` and `retrace verify keystroke.json`.")]
pub(super) struct Export {
    #[command(flatten)]
    data: Data,
    /// The id of the session
    #[arg(required_unless_present = "event")]
    session: Option<SessionId>,
    /// Export this one event instead of a session: its position in the log
    #[arg(
        long,
        value_name = "POSITION",
        conflicts_with_all = ["session", "format"],
        requires = "output"
    )]
    event: Option<u64>,
    /// asciicast-v2, asciicast-v3, gif, mp4 or webm (what the terminal showed, else the video), or ndjson (all events, the very
    /// bytes that are proved, with the proof)
    #[arg(long, default_value = "asciicast-v2")]
    format: Format,
    #[command(flatten)]
    bundle: bundle::BundleArgs,
    #[command(flatten)]
    pictures: Pictures,
    /// The file to write, which must not exist yet; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How pictures are made.
#[derive(Args)]
#[command(next_help_heading = "Pictures (gif, mp4, webm)")]
struct Pictures {
    /// The size of the letters in pixels, 8 to 64
    #[arg(long, value_name = "PIXELS", default_value_t = FontSize::DEFAULT.pixels().into(),
          value_parser = clap::value_parser!(u32).range(i64::from(FontSize::MIN)..=i64::from(FontSize::MAX)))]
    font_size: u32,
    /// How many times faster than recorded it plays
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = times)]
    speed: f64,
    /// Show longer pauses as this long; 0 shows them as they were. Without it, the limit that the
    /// recording names, if it does
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle_limit: Option<Duration>,
}

impl Pictures {
    fn showing(&self) -> Showing {
        Showing {
            font_size: FontSize::clamped(self.font_size),
            speed: self.speed,
            idle_limit: self.idle_limit,
            stretch: Stretch::ALL,
        }
    }
}

fn times(text: &str) -> Result<f64, String> {
    let times = text
        .parse()
        .ok()
        .filter(|times| (0.01..=1_000.0).contains(times));
    times.ok_or_else(|| "expected a number from 0.01 to 1000".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok();
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or_else(|| "expected a number of seconds".to_owned())
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let data = self.data.dir();
        let stored = data.open_log().await?;
        let log = Arc::new(stored.clone());
        match (self.session, self.event, &self.output) {
            (Some(session), _, path) if self.bundle.is_wanted() => {
                self.bundle
                    .export(&data, &stored, session, path.as_deref())
                    .await?;
            }
            (Some(session), _, path) => {
                let showing = self.pictures.showing();
                let opened =
                    SessionExport::open_showing(log, session, self.format, None, showing).await;
                let is_video = matches!(self.format, Format::Mp4 | Format::Webm);
                if is_video && matches!(opened, Err(ExportError::NoTerminal(_))) {
                    let footage = Footage::open(&data, &stored, session, self.format)?;
                    let footage =
                        footage.context("the session has neither a terminal nor footage")?;
                    tell(&stored, session, path.as_deref()).await?;
                    match path {
                        None => footage.write(&mut BufWriter::new(io::stdout().lock()))?,
                        Some(path) => {
                            let mut file = NewFile::create(path)?;
                            footage.write(&mut file.file).with_context(|| named(path))?;
                            file.finish()?;
                        }
                    }
                    return Ok(ExitCode::SUCCESS);
                }
                let export = opened?;
                tell(&stored, session, path.as_deref()).await?;
                if let Some(clipped) = export.clipped() {
                    output::note(clipped);
                }
                match path {
                    None => {
                        let mut export = export;
                        write(&mut export, &mut BufWriter::new(io::stdout().lock())).await?;
                    }
                    Some(path) => export_to(export, path).await?,
                }
            }
            (None, Some(position), Some(path)) => {
                export_event(&*log, Position(position), path).await?;
            }
            // The arguments were checked before.
            (None, ..) => bail!("expected a session, or --event with --output"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes down that the recording is taken, before it is.
async fn tell(log: &dyn EventLog, session: SessionId, path: Option<&Path>) -> anyhow::Result<()> {
    let name = path.and_then(Path::file_name);
    let object = name.map_or_else(|| "standard output".into(), |name| name.to_string_lossy());
    let downloaded = RecordingDownloaded {
        address: None,
        by: operator(),
        object: object.into_owned(),
        reason: None,
        token: None,
    };
    let events = EventBatch::of(Timestamp::now(), downloaded)?;
    append_at_end(log, StreamName::accesses_of(session), events).await?;
    Ok(())
}

async fn export_to(mut export: SessionExport, path: &Path) -> anyhow::Result<()> {
    let mut file = NewFile::create(path)?;
    let proof_path = beside(path, "proof");
    write(&mut export, &mut file)
        .await
        .with_context(|| named(path))?;
    if let Some(proof) = export.prove().await? {
        let mut proof_file = NewFile::create(&proof_path)?;
        write!(proof_file, "{proof}").with_context(|| named(&proof_path))?;
        proof_file.finish()?;
    }
    file.finish()
}

async fn export_event(log: &dyn EventLog, position: Position, path: &Path) -> anyhow::Result<()> {
    let head = log.head().await?;
    let found = log.read(position, 1).await?;
    let (Some(event), Some(hashes)) = (
        found.first(),
        log.inclusion_proof(position, head.size).await?,
    ) else {
        bail!(
            "there is no event at position {position}: the log has {} events",
            head.size
        );
    };
    let exported = EventsExported {
        address: None,
        by: operator(),
        first_position: position.0,
        format: "ndjson".to_owned(),
        last_position: position.0,
        looks: None,
        since: None,
        token: None,
    };
    let events = EventBatch::of(Timestamp::now(), exported)?;
    append_at_end(log, StreamName::accesses(), events).await?;
    let proof = TlogProof {
        extra: None,
        index: position,
        hashes,
        note: head.checkpoint.as_note().to_owned(),
    };
    let mut file = NewFile::create(path)?;
    let proof_path = beside(path, "tlog-proof");
    let mut proof_file = NewFile::create(&proof_path)?;
    let mut line = event.leaf();
    line.push(b'\n');
    file.write_all(&line).with_context(|| named(path))?;
    write!(proof_file, "{proof}").with_context(|| named(&proof_path))?;
    proof_file.finish()?;
    file.finish()
}

/// The name of a file that belongs to another: `deploy.ndjson.proof`.
pub(super) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

pub(super) fn named(path: &Path) -> String {
    format!("`{}`", path.display())
}

/// A file that has its name only when it is whole.
pub(super) struct NewFile {
    file: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    whole: bool,
}

impl NewFile {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        if path.exists() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists)).with_context(|| named(path));
        }
        let partial = beside(path, "partial");
        let file = File::create(&partial).with_context(|| named(path))?;
        Ok(Self {
            file: BufWriter::new(file),
            partial,
            path: path.to_owned(),
            whole: false,
        })
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        let mut finish = || {
            self.file.flush()?;
            self.file.get_ref().sync_all()?;
            fs::rename(&self.partial, &self.path)
        };
        finish().with_context(|| named(&self.path))?;
        self.whole = true;
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.whole {
            // What is left of it is of no use; that it cannot be removed is no further news.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

async fn write(export: &mut SessionExport, out: &mut impl Write) -> anyhow::Result<()> {
    while let Some(piece) = export.next_piece().await? {
        out.write_all(&piece)?;
    }
    out.flush()?;
    Ok(())
}
