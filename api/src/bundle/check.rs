//! Verifying a bundle, offline: every byte of it.
//!
//! | what was changed | where it shows |
//! |---|---|
//! | a byte of a file | its digest is not the one of the manifest |
//! | the manifest, or a file and the manifest | the signature under it |
//! | a file added, taken out, renamed | the manifest |
//! | an event, or what is told of custody | the proof of the events, which names the line |
//! | footage | its name is its digest, which stands in an event |
//! | a byte between the files of the zip | the same files packed anew give other bytes |
//!
//! In memory are a piece of a file, a line, and the manifest. What is claimed in the zip is believed nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use retrace_core::log::checkpoint::{Checkpoint, CheckpointError};
use retrace_core::log::lines::{CheckedLines, LinesCheck, ProofFile};
use retrace_core::{Position, SessionId};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::manifest::{FORMAT, MANIFEST, Manifest, SIGNATURE, root, statement};
use super::pack::Packer;

/// Larger texts of a bundle than this are none of ours.
const TEXT_BYTES_MAX: u64 = 256 << 20;
const PIECE_BYTES: usize = 256 << 10;
/// A line of events, and a little more, so that a longer one is told from one that just fits.
const LINE_BYTES_MAX: u64 = retrace_core::event::MAX_LEAF_BYTES as u64 + 2;

/// Something that is not as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file in the bundle. `None` when it is about the zip as a whole.
    pub file: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file}: {}", self.what),
            None => write!(f, "the zip: {}", self.what),
        }
    }
}

/// A bundle that was checked.
#[derive(Debug)]
pub struct Checked {
    /// Of which session, if the manifest can be read.
    pub session: Option<SessionId>,
    /// As of which position of the log.
    pub position: Option<Position>,
    /// How many files it has.
    pub files: usize,
    /// The verifier key by which it was checked.
    pub key: String,
    /// Whether what is redacted is hidden in it.
    pub redacted: bool,
    /// What is left out of it because it cannot be masked.
    pub withheld: Vec<String>,
    /// The events, if their proof holds.
    pub lines: Option<CheckedLines>,
    /// All that is not as it was made. None, and the bundle is what the log signed.
    pub findings: Vec<Finding>,
}

/// Why a bundle cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no bundle at all.
    #[error("it is no bundle: {0}")]
    NoBundle(String),
}

/// Whether a path is that of a bundle: a zip, or the folder of one that was unpacked.
///
/// # Errors
/// When it cannot be read.
pub fn is_bundle(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(path.join(MANIFEST).exists());
    }
    let mut start = [0; 4];
    let mut file = File::open(path)?;
    match file.read_exact(&mut start) {
        // The first file of a zip, or the end of an empty one.
        Ok(()) => Ok(start.starts_with(b"PK")),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Checks a bundle, by the key that is given, or by the one that it claims. `progress` is told how many bytes were read.
///
/// # Errors
/// When it cannot be read, or is no bundle.
pub fn check(
    path: &Path,
    key: Option<&str>,
    progress: &mut dyn FnMut(u64),
) -> Result<Checked, CheckError> {
    let mut opened = Opened::open(path)?;
    let manifest_bytes = opened.text(MANIFEST);
    let signature = opened.text(SIGNATURE);
    let mut findings = Vec::new();
    let manifest: Option<Manifest> = match &manifest_bytes {
        Ok(bytes) => match serde_json::from_slice(bytes) {
            Ok(manifest) => Some(manifest),
            Err(error) => {
                findings.push(finding(MANIFEST, format!("it is no manifest: {error}")));
                None
            }
        },
        Err(error) => {
            findings.push(finding(MANIFEST, format!("it cannot be read: {error}")));
            None
        }
    };
    let claimed = manifest.as_ref().map(|manifest| manifest.key.clone());
    let key = match (key, claimed) {
        (Some(key), _) => key.to_owned(),
        (None, Some(claimed)) => claimed,
        (None, None) => {
            // The manifest is what was changed: the key beside it does as well.
            let beside = opened.text("log.pub").ok();
            let beside = beside.and_then(|bytes| String::from_utf8(bytes).ok());
            beside.map(|key| key.trim().to_owned()).unwrap_or_default()
        }
    };
    let mut checking = Checking {
        listed: BTreeMap::new(),
        seen: BTreeSet::new(),
        findings,
        lines: None,
        captured: BTreeSet::new(),
        custody: Vec::new(),
        key,
        expected: None,
    };
    if let (Some(manifest), Ok(bytes)) = (&manifest, &manifest_bytes) {
        checking.manifest(manifest, bytes, signature);
    }
    checking.events(&mut opened);
    checking.files(&mut opened, progress)?;
    let session = manifest.as_ref().map(|manifest| manifest.session);
    let Checking {
        key,
        lines,
        mut findings,
        ..
    } = checking;
    findings.dedup();
    Ok(Checked {
        session,
        position: manifest.as_ref().map(|manifest| manifest.position),
        files: opened.names.len(),
        key,
        redacted: manifest.as_ref().is_some_and(|manifest| manifest.redacted),
        withheld: manifest
            .map(|manifest| manifest.withheld)
            .unwrap_or_default(),
        lines,
        findings,
    })
}

fn finding(file: &str, what: impl Into<String>) -> Finding {
    Finding {
        file: Some(file.to_owned()),
        what: what.into(),
    }
}

/// A bundle on a disk: packed, or unpacked.
struct Opened {
    place: Place,
    names: Vec<String>,
}

enum Place {
    Zip {
        archive: ZipArchive<BufReader<File>>,
        path: PathBuf,
    },
    Folder(PathBuf),
}

impl Opened {
    fn open(path: &Path) -> Result<Self, CheckError> {
        if path.is_dir() {
            let mut names = Vec::new();
            names_below(path, "", &mut names)?;
            names.sort();
            let place = Place::Folder(path.to_owned());
            return Ok(Self { place, names });
        }
        let file = BufReader::with_capacity(PIECE_BYTES, File::open(path)?);
        let archive = ZipArchive::new(file)
            .map_err(|error| CheckError::NoBundle(format!("the zip cannot be read: {error}")))?;
        let names = archive.file_names().map(str::to_owned).collect();
        let path = path.to_owned();
        Ok(Self {
            place: Place::Zip { archive, path },
            names,
        })
    }

    fn reader(&mut self, name: &str) -> io::Result<Box<dyn Read + '_>> {
        match &mut self.place {
            Place::Zip { archive, .. } => Ok(Box::new(archive.by_name(name)?)),
            Place::Folder(folder) => Ok(Box::new(File::open(folder.join(name))?)),
        }
    }

    /// A file that is small, whole.
    fn text(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader(name)?
            .take(TEXT_BYTES_MAX)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

fn names_below(folder: &Path, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link is no file of a bundle, wherever it leads.
        if entry.file_type()?.is_dir() {
            names_below(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// What an event says beside what is proved of it.
#[derive(Deserialize)]
struct Line {
    position: Position,
    data: Value,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    redacted: bool,
}

struct Checking {
    /// What the manifest lists: bytes and digest.
    listed: BTreeMap<String, (u64, String)>,
    seen: BTreeSet<String>,
    findings: Vec<Finding>,
    lines: Option<CheckedLines>,
    /// Digests that events name.
    captured: BTreeSet<String>,
    /// What `custody.json` tells and the events do not say (yet).
    custody: Vec<(Position, Value)>,
    key: String,
    expected: Option<Expected>,
}

/// What the manifest says of the log.
struct Expected {
    position: Position,
    root: String,
}

impl Checking {
    fn add(&mut self, file: &str, what: impl Into<String>) {
        self.findings.push(finding(file, what));
    }

    fn manifest(&mut self, manifest: &Manifest, bytes: &[u8], signature: io::Result<Vec<u8>>) {
        if manifest.format != FORMAT {
            let format: String = manifest.format.chars().take(60).collect();
            self.add(
                MANIFEST,
                format!("its format is {format:?}, expected {FORMAT:?}"),
            );
        }
        let signature = signature.map_err(|error| error.to_string());
        let signature = signature.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())
        });
        let signed = statement(bytes, manifest.session, manifest.position);
        match signature.map(|note| signed.verify(&note, &self.key)) {
            Ok(Ok(())) => {}
            Ok(Err(error @ CheckpointError::OtherStatement { .. })) => {
                self.add(MANIFEST, format!("it was changed: {error}"));
            }
            Ok(Err(error)) => self.add(SIGNATURE, error.to_string()),
            Err(error) => self.add(SIGNATURE, error),
        }
        for file in &manifest.files {
            let known = (file.bytes, file.sha256.clone());
            if self.listed.insert(file.name.clone(), known).is_some() {
                self.add(MANIFEST, format!("it lists {:?} twice", file.name));
            }
        }
        self.expected = Some(Expected {
            position: manifest.position,
            root: manifest.root.clone(),
        });
    }

    /// The events and their proof; what of the other files follows from them.
    fn events(&mut self, opened: &mut Opened) {
        const EVENTS: &str = "events.ndjson";
        const PROOF: &str = "events.ndjson.proof";
        const CUSTODY: &str = "custody.json";
        const CHECKPOINT: &str = "checkpoint";
        match opened
            .text(CUSTODY)
            .map(|bytes| serde_json::from_slice::<Vec<Value>>(&bytes))
        {
            Ok(Ok(told)) => {
                let position = |entry: &Value| entry["position"].as_u64().unwrap_or(u64::MAX);
                self.custody = told
                    .into_iter()
                    .map(|entry| (Position(position(&entry)), entry))
                    .collect();
            }
            Ok(Err(error)) => self.add(CUSTODY, format!("it is no list of events: {error}")),
            Err(error) => self.add(CUSTODY, error.to_string()),
        }
        let checkpoint = opened.text(CHECKPOINT).unwrap_or_default();
        let proof = opened.text(PROOF).map_err(|error| error.to_string());
        let proof = proof.and_then(|bytes| {
            let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
            let parsed = ProofFile::parse(&text).map_err(|error| error.to_string())?;
            Ok((text, parsed))
        });
        let (text, proof) = match proof {
            Ok(proof) => proof,
            Err(error) => return self.add(PROOF, error),
        };
        if !text.as_bytes().ends_with(&checkpoint) || checkpoint.is_empty() {
            self.add(
                CHECKPOINT,
                "it is not the one that the events are proved by",
            );
        }
        let key = self.key.clone();
        let mut check = match LinesCheck::new(&proof, &key) {
            Ok(check) => check,
            Err(error) => return self.add(PROOF, error.to_string()),
        };
        let mut custody = BTreeMap::new();
        for (position, entry) in std::mem::take(&mut self.custody) {
            custody.insert(position, entry);
        }
        let read = (|| {
            let mut lines = BufReader::with_capacity(PIECE_BYTES, opened.reader(EVENTS)?);
            let mut line = Vec::new();
            loop {
                line.clear();
                if (&mut lines)
                    .take(LINE_BYTES_MAX)
                    .read_until(b'\n', &mut line)?
                    == 0
                {
                    return Ok(None);
                }
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                if let Err(bad) = check.line(line) {
                    return Ok(Some(bad.to_string()));
                }
                self.follows(line, &mut custody);
            }
        })();
        let outcome = match read {
            Ok(None) => check.finish().map_err(|bad| bad.to_string()),
            Ok(Some(bad)) => Err(bad),
            Err(error) => Err(io::Error::to_string(&error)),
        };
        if let Some((position, _)) = custody.first_key_value() {
            self.add(
                CUSTODY,
                format!("no event at position {position} says what it tells"),
            );
        }
        match outcome {
            Ok(checked) => self.proved(checked, PROOF),
            Err(what) => self.add(EVENTS, what),
        }
    }

    /// Takes what other files are to say from an event.
    fn follows(&mut self, line: &[u8], custody: &mut BTreeMap<Position, Value>) {
        let Ok(line) = serde_json::from_slice::<Line>(line) else {
            return;
        };
        if custody
            .get(&line.position)
            .is_some_and(|told| told["data"] == line.data && told["type"] == line.kind.as_str())
        {
            custody.remove(&line.position);
        }
        if line.redacted {
            return;
        }
        let parts = line.data["recording"]["parts"].as_array();
        let named = parts.into_iter().flatten().map(|part| &part["blob"]);
        let named = named.chain([&line.data["blob"]]);
        self.captured
            .extend(named.filter_map(Value::as_str).map(str::to_owned));
    }

    fn proved(&mut self, checked: CheckedLines, proof: &str) {
        if let Some(expected) = &self.expected {
            let Checkpoint { size, .. } = &checked.checkpoint;
            if *size != expected.position || root(&checked.checkpoint) != expected.root {
                let what = format!(
                    "it is of position {size}, the manifest of {}",
                    expected.position
                );
                self.add(proof, what);
            }
        }
        self.lines = Some(checked);
    }

    /// Every file, and every byte between them.
    fn files(
        &mut self,
        opened: &mut Opened,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), CheckError> {
        let mut anew = match &opened.place {
            Place::Zip { path, .. } => Some(Packer::new(Comparing::new(File::open(path)?))),
            Place::Folder(_) => None,
        };
        for name in opened.names.clone() {
            let read = opened
                .reader(&name)
                .and_then(|file| digest(file, &name, anew.as_mut(), progress));
            match read {
                Ok((bytes, sha256)) => self.file(&name, bytes, &sha256),
                Err(error) => {
                    self.seen.insert(name.clone());
                    self.add(&name, format!("it is not as it was packed: {error}"));
                }
            }
        }
        let is_missing = |name: &&String| !self.seen.contains(*name);
        let missing: Vec<String> = self.listed.keys().filter(is_missing).cloned().collect();
        for name in missing {
            self.add(&name, "it is missing");
        }
        let is_whole = self.findings.is_empty();
        if let Some(anew) = anew.filter(|_| is_whole)
            && let Some(place) = anew.finish()?.first_difference()?
        {
            self.findings.push(Finding {
                file: None,
                what: format!(
                    "byte {place}, which is of no file's content, is not the one that was packed"
                ),
            });
        }
        Ok(())
    }

    fn file(&mut self, name: &str, bytes: u64, sha256: &str) {
        if !self.seen.insert(name.to_owned()) {
            return self.add(name, "it is there twice");
        }
        match self.listed.get(name) {
            Some((listed, digest)) if *listed == bytes && digest == sha256 => {}
            Some(_) => self.add(
                name,
                "it was changed: its SHA-256 is not the one of the manifest",
            ),
            None if [MANIFEST, SIGNATURE].contains(&name) => {}
            // Without a manifest nothing can be said of the others.
            None if self.listed.is_empty() => {}
            None => self.add(name, "it was added: the manifest does not list it"),
        }
        if let Some(captured) = name.strip_prefix("media/captured/") {
            let said = captured.split('.').next().unwrap_or_default();
            if said != sha256 {
                self.add(name, "its content is not the one that its name tells");
            } else if self.lines.is_some() && !self.captured.contains(said) {
                self.add(name, "no event names it");
            }
        }
    }
}

/// Reads a file to its end, and packs it anew on the way.
fn digest(
    mut file: impl Read,
    name: &str,
    mut anew: Option<&mut Packer<Comparing>>,
    progress: &mut dyn FnMut(u64),
) -> io::Result<(u64, String)> {
    if let Some(anew) = &mut anew {
        anew.begin(name)?;
    }
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        let piece = &piece[..read];
        hash.update(piece);
        if let Some(anew) = &mut anew {
            anew.write_all(piece)?;
        }
        bytes += read as u64;
        progress(read as u64);
    }
}

/// Compares what is written with a file.
struct Comparing {
    file: BufReader<File>,
    at: u64,
    difference: Option<u64>,
}

impl Comparing {
    fn new(file: File) -> Self {
        Self {
            file: BufReader::with_capacity(PIECE_BYTES, file),
            at: 0,
            difference: None,
        }
    }

    /// The first byte that is another, or that one of both has and the other has not.
    fn first_difference(mut self) -> io::Result<Option<u64>> {
        let more = !self.file.fill_buf()?.is_empty();
        Ok(self.difference.or(more.then_some(self.at)))
    }
}

impl Write for Comparing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.difference.is_some() {
            return Ok(bytes.len());
        }
        let there = self.file.fill_buf()?;
        let both = there.len().min(bytes.len());
        if both == 0 && !bytes.is_empty() {
            self.difference = Some(self.at);
            return Ok(bytes.len());
        }
        let same = there
            .iter()
            .zip(bytes)
            .take_while(|(one, other)| one == other)
            .count();
        if same < both {
            self.difference = Some(self.at + same as u64);
        }
        self.file.consume(both);
        self.at += both as u64;
        Ok(both)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
