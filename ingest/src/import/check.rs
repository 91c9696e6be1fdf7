//! The first step with a recording: reading all of it, before anything of it is appended.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use retrace_core::event::{
    EndReason, EventBatch, EventError, RecordingFile, RecordingPart, SessionEnded, SessionLaunched,
    SourceAttached,
};
use retrace_core::{SessionId, Timestamp};

use super::blobs::Blobs;
use super::format::{Candidate, Files, FormatError};
use super::progress::Meter;
use super::reader::{About, Sink};
use super::{ImportError, ImportOptions};

/// The most events in one append.
const PIECE_EVENTS: usize = 4_096;
/// About the most bytes in one append.
const PIECE_BYTES: usize = 1 << 20;
/// What an event takes in memory beside its data, about.
const EVENT_BYTES: usize = 48;

/// A whole and valid recording.
pub(super) struct Checked {
    pub(super) session: SessionId,
    /// The size of its files in bytes, decompressed.
    pub(super) bytes: u64,
    pub(super) about: About,
    pub(super) file: RecordingFile,
    pub(super) start: Timestamp,
    /// The events before the entries.
    pub(super) beginning: EventBatch,
    /// The entries, if they take little memory, their times are known, and they name no blobs.
    pub(super) entries: Option<Vec<EventBatch>>,
    /// The events after the entries.
    pub(super) ending: EventBatch,
    /// Its files are kept in blobs, which the beginning names.
    pub(super) keeps_files: bool,
    /// Its events name blobs.
    pub(super) names_blobs: bool,
}

impl Checked {
    /// Moves the session to another start, with which a part of it is in the log already.
    pub(super) fn move_to(&mut self, start: Timestamp) -> Result<(), EventError> {
        if start != self.start {
            self.start = start;
            self.ending = ending(start, &self.about, self.file.clone())?;
            // Their times were those of the other start: they are read again.
            self.entries = None;
        }
        Ok(())
    }
}

/// Reads a recording from its first byte to its last. Blocks.
pub(super) fn check(
    candidate: &Candidate,
    options: &ImportOptions,
    meter: &Arc<Meter>,
) -> Result<Checked, ImportError> {
    let refused = |reason: FormatError| reason.of(&candidate.path);
    let changed = last_change(candidate)?;
    let files = files(options, meter);
    let mut reader = candidate.format.open(candidate, &files).map_err(refused)?;
    let told_start = options.started_at.or_else(|| reader.started_at());
    let mut keeping = Keeping::new(told_start.map(|_| options.keep_bytes()));
    // Where the start is not known yet, the times of the events are not used.
    let start = told_start.unwrap_or(Timestamp::MIN);
    let mut blobs = Blobs::named_only();
    loop {
        let mut batch = keeping.next_batch();
        let mut sink = Sink::new(start, &mut batch, &mut blobs, PIECE_EVENTS, PIECE_BYTES);
        let more = reader.read_batch(&mut sink).map_err(refused)?;
        keeping.keep(batch);
        if !more {
            break;
        }
        if blobs.named() {
            keeping.stop();
        }
    }
    if blobs.named() {
        keeping.stop();
    }
    if blobs.named() && options.blobs.is_none() {
        return Err(ImportError::NoBlobStore {
            path: candidate.path.clone(),
        });
    }

    let about = reader.about().map_err(refused)?;
    let start = told_start.unwrap_or_else(|| guess_start(changed, about.duration_us));
    let keeps_files = candidate.format.keeps_files() && options.blobs.is_some();
    let names: Vec<&str> = candidate.parts.iter().map(|part| &*part.name).collect();
    let (session, sha256, bytes) = about.session(&names);
    let too_large = |error: EventError| refused(error.into());
    // What is too long for an event stands whole in the files, where they are kept.
    let told = if keeps_files {
        about.shortened()
    } else {
        about.clone()
    };
    let file = recording_file(candidate, &told, (sha256, bytes), keeps_files);
    let beginning = beginning(options, &told, file.clone(), start);
    Ok(Checked {
        session,
        bytes,
        beginning: beginning.map_err(too_large)?,
        entries: keeping.kept,
        ending: ending(start, &about, file.clone()).map_err(too_large)?,
        about,
        file,
        start,
        keeps_files,
        names_blobs: blobs.named(),
    })
}

pub(super) fn files(options: &ImportOptions, meter: &Arc<Meter>) -> Files {
    Files {
        limits: options.limits.clone(),
        picture_interval_us: options
            .picture_interval
            .map_or(Files::PICTURE_INTERVAL_US, |interval| {
                u64::try_from(interval.as_micros()).unwrap_or(u64::MAX)
            }),
        meter: Some(Arc::clone(meter)),
    }
}

/// When the latest of its files was changed.
fn last_change(candidate: &Candidate) -> Result<SystemTime, ImportError> {
    let mut latest = UNIX_EPOCH;
    for part in &candidate.parts {
        let changed: io::Result<_> = fs::metadata(&part.path).and_then(|data| data.modified());
        let changed = changed.map_err(|source| ImportError::Unreadable {
            path: part.path.clone(),
            source,
        })?;
        latest = latest.max(changed);
    }
    Ok(latest)
}

/// Reads a checked recording a second time, and gives its entries to `each` until that wants no
/// more. Blocks.
pub(super) fn read_again(
    candidate: &Candidate,
    files: &Files,
    mut blobs: Blobs,
    start: Timestamp,
    expected: &About,
    there: &There,
    mut each: impl FnMut(EventBatch) -> bool,
) -> Result<(), ImportError> {
    let refused = |reason: FormatError| reason.of(&candidate.path);
    let mut reader = candidate.format.open(candidate, files).map_err(refused)?;
    reader.go_on(&there.cuts, there.loose);
    loop {
        let mut batch = EventBatch::new();
        let mut sink = Sink::new(start, &mut batch, &mut blobs, PIECE_EVENTS, PIECE_BYTES);
        let more = reader.read_batch(&mut sink).map_err(refused)?;
        if !each(batch) {
            return Ok(());
        }
        if !more {
            break;
        }
    }
    if reader.about().map_err(refused)? == *expected {
        Ok(())
    } else {
        Err(ImportError::Changed {
            path: candidate.path.clone(),
        })
    }
}

/// What the log has of a recording with an [`About::identity`].
#[derive(Debug, Clone, Default)]
pub(super) struct There {
    /// The sizes of its blobs.
    pub(super) cuts: Vec<u64>,
    /// How many events stand behind the last.
    pub(super) loose: usize,
}

/// Keeps batches until they take too much memory, then lets go of all.
struct Keeping {
    kept: Option<Vec<EventBatch>>,
    bytes: usize,
    max_bytes: usize,
    /// Memory for a batch that is not kept.
    spare: EventBatch,
}

impl Keeping {
    /// `None` keeps nothing.
    fn new(max_bytes: Option<usize>) -> Self {
        Self {
            kept: max_bytes.map(|_| Vec::new()),
            bytes: 0,
            max_bytes: max_bytes.unwrap_or(0),
            spare: EventBatch::new(),
        }
    }

    fn next_batch(&mut self) -> EventBatch {
        std::mem::take(&mut self.spare)
    }

    fn keep(&mut self, mut batch: EventBatch) {
        self.bytes += batch.data_bytes() + batch.len() * EVENT_BYTES;
        if self.bytes > self.max_bytes {
            self.kept = None;
        }
        match &mut self.kept {
            Some(kept) => kept.push(batch),
            None => {
                batch.clear();
                self.spare = batch;
            }
        }
    }

    /// Lets go of all: it has to be read again in any case.
    fn stop(&mut self) {
        self.kept = None;
        self.max_bytes = 0;
    }
}

/// The start of a recording whose last entry is as old as the last change of its file.
pub(super) fn guess_start(changed: SystemTime, duration_us: u64) -> Timestamp {
    let changed_us = match changed.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    let start_us = changed_us.saturating_sub(i64::try_from(duration_us).unwrap_or(i64::MAX));
    let whole_seconds = start_us.div_euclid(1_000_000).saturating_mul(1_000_000);
    Timestamp::from_micros(whole_seconds).unwrap_or(Timestamp::MIN)
}

/// What every session begins with.
pub(super) fn launched(options: &ImportOptions, about: &About) -> SessionLaunched {
    let first =
        |option: &Option<String>, told: &Option<String>| option.clone().or_else(|| told.clone());
    let terminal = || "terminal".to_owned();
    SessionLaunched {
        command: first(&options.command, &about.command),
        host: first(&options.host, &about.host),
        protocol: first(&options.protocol, &about.protocol).or_else(|| Some(terminal())),
        site: options.site.clone(),
        target: first(&options.target, &about.target),
        title: first(&options.title, &about.title),
        user: first(&options.user, &about.user),
        ..SessionLaunched::default()
    }
}

/// What is told of the files of a recording.
pub(super) fn recording_file(
    candidate: &Candidate,
    about: &About,
    (sha256, bytes): ([u8; 32], u64),
    keeps_files: bool,
) -> RecordingFile {
    let parts = candidate.parts.iter().zip(&about.contents);
    let parts = parts.map(|(part, content)| RecordingPart {
        blob: hex::encode(content.sha256),
        bytes: content.bytes,
        name: part.name.clone(),
    });
    RecordingFile {
        bytes,
        format: about.format.to_owned(),
        header: about.header.clone(),
        idle_limit_us: about.idle_limit_us,
        name: file_name(&candidate.path),
        parts: if keeps_files {
            parts.collect()
        } else {
            Vec::new()
        },
        sha256: hex::encode(sha256),
    }
}

/// The first events of a session, and with which the source of a recording is told that is known in advance.
pub(super) fn beginning(
    options: &ImportOptions,
    about: &About,
    file: RecordingFile,
    start: Timestamp,
) -> Result<EventBatch, EventError> {
    let attached = SourceAttached {
        columns: about.columns,
        recording: about.identity.is_none().then_some(file),
        rows: about.rows,
    };
    let mut batch = EventBatch::of(start, launched(options, about))?;
    batch.push(start, attached)?;
    Ok(batch)
}

/// The last events of a session.
pub(super) fn ending(
    start: Timestamp,
    about: &About,
    file: RecordingFile,
) -> Result<EventBatch, EventError> {
    let end = start.saturating_add_micros(i64::try_from(about.duration_us).unwrap_or(i64::MAX));
    let mut batch = EventBatch::new();
    if about.identity.is_some() {
        let attached = SourceAttached {
            columns: None,
            recording: Some(file),
            rows: None,
        };
        batch.push(end, attached)?;
    }
    batch.push(end, ended(about))?;
    Ok(batch)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.unwrap_or_default().into_owned()
}

fn ended(about: &About) -> SessionEnded {
    let known = || match about.exit_status {
        Some(_) => EndReason::User,
        None => EndReason::Unknown,
    };
    SessionEnded {
        exit_status: about.exit_status,
        reason: about.end_reason.unwrap_or_else(known),
    }
}
