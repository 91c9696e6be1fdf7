//! The first step with a file: reading all of it, before anything of it is appended.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use retrace_core::event::{
    EndReason, EventBatch, EventError, RecordingFile, SessionEnded, SessionLaunched, SourceAttached,
};
use retrace_core::{SessionId, Timestamp};

use super::progress::{Meter, Metered};
use super::{ImportError, ImportOptions};
use crate::Limits;
use crate::asciicast::{Facts, Header, ReadError, Reader, Version};
use crate::container::ContainerError;

/// The most events in one append.
const PIECE_EVENTS: usize = 4_096;
/// About the most bytes in one append.
const PIECE_BYTES: usize = 1 << 20;
/// What an event takes in memory beside its data, about.
const EVENT_BYTES: usize = 48;

/// A file that is a whole and valid recording.
pub(super) struct Checked {
    pub(super) session: SessionId,
    pub(super) version: Version,
    pub(super) facts: Facts,
    pub(super) start: Timestamp,
    /// The events before the entries.
    pub(super) beginning: EventBatch,
    /// The entries, if they take little memory and their times are known.
    pub(super) entries: Option<Vec<EventBatch>>,
    /// The events after the entries.
    pub(super) ending: EventBatch,
}

impl Checked {
    /// Moves the session to another start, with which a part of it is in the log already.
    pub(super) fn move_to(&mut self, start: Timestamp) -> Result<(), EventError> {
        if start != self.start {
            self.start = start;
            self.ending = ending(start, &self.facts)?;
            // Their times were those of the other start: they are read again.
            self.entries = None;
        }
        Ok(())
    }
}

fn ending(start: Timestamp, facts: &Facts) -> Result<EventBatch, EventError> {
    let end = start.saturating_add_micros(facts.duration_us.cast_signed());
    EventBatch::of(end, ended(facts))
}

/// Reads the file `path` from its first byte to its last. Blocks.
pub(super) fn check(
    path: &Path,
    options: &ImportOptions,
    meter: &Arc<Meter>,
) -> Result<Checked, ImportError> {
    let unreadable = |source| ImportError::Unreadable {
        path: path.to_path_buf(),
        source,
    };
    let refused = |reason| refused(path, reason);

    let file = File::open(path).map_err(unreadable)?;
    let changed = file
        .metadata()
        .and_then(|data| data.modified())
        .map_err(unreadable)?;
    let file = Metered {
        file,
        meter: Arc::clone(meter),
    };
    let mut reader = Reader::open(file, &options.limits).map_err(refused)?;
    let told_start = options.started_at.or(reader.header().timestamp);
    let mut keeping = Keeping::new(told_start.map(|_| options.keep_bytes()));
    // Where the start is not known yet, the times of the events are not used.
    let start = told_start.unwrap_or(Timestamp::MIN);
    loop {
        let mut batch = keeping.next_batch();
        let more = reader
            .read_batch(start, &mut batch, PIECE_EVENTS, PIECE_BYTES)
            .map_err(refused)?;
        keeping.keep(batch);
        if !more {
            break;
        }
    }

    let facts = reader.facts();
    let start = told_start.unwrap_or_else(|| guess_start(changed, facts.duration_us));
    let header = reader.header();
    let version = header.version;
    // Only what the header says can be too large for an event here.
    let too_large = |error: EventError| {
        refused(ReadError::Line {
            line: 1,
            problem: error.into(),
        })
    };
    Ok(Checked {
        session: SessionId::of_recording(&facts.sha256),
        version,
        beginning: beginning(path, options, header, &facts, start).map_err(too_large)?,
        entries: keeping.kept,
        ending: ending(start, &facts).map_err(too_large)?,
        facts,
        start,
    })
}

/// Reads a checked file a second time, and gives its entries to `each` until that wants no more.
/// Blocks.
pub(super) fn read_again(
    path: &Path,
    limits: &Limits,
    meter: &Arc<Meter>,
    start: Timestamp,
    expected: &Facts,
    mut each: impl FnMut(EventBatch) -> bool,
) -> Result<(), ImportError> {
    let file = File::open(path).map_err(|source| ImportError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    let file = Metered {
        file,
        meter: Arc::clone(meter),
    };
    let refused = |reason| refused(path, reason);
    let mut reader = Reader::open(file, limits).map_err(refused)?;
    loop {
        let mut batch = EventBatch::new();
        let more = reader
            .read_batch(start, &mut batch, PIECE_EVENTS, PIECE_BYTES)
            .map_err(refused)?;
        if !each(batch) {
            return Ok(());
        }
        if !more {
            break;
        }
    }
    if reader.facts() == *expected {
        Ok(())
    } else {
        Err(ImportError::Changed {
            path: path.to_path_buf(),
        })
    }
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
}

fn refused(path: &Path, reason: ReadError) -> ImportError {
    let path = path.to_path_buf();
    match reason {
        ReadError::Container(ContainerError::Io(source)) => {
            ImportError::Unreadable { path, source }
        }
        reason => ImportError::NotARecording { path, reason },
    }
}

/// The start of a recording whose last entry is as old as the last change of its file.
fn guess_start(changed: SystemTime, duration_us: u64) -> Timestamp {
    let changed_us = match changed.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    let start_us = changed_us.saturating_sub(duration_us.cast_signed());
    let whole_seconds = start_us.div_euclid(1_000_000).saturating_mul(1_000_000);
    Timestamp::from_micros(whole_seconds).unwrap_or(Timestamp::MIN)
}

fn beginning(
    path: &Path,
    options: &ImportOptions,
    header: &Header,
    facts: &Facts,
    start: Timestamp,
) -> Result<EventBatch, EventError> {
    let or_header = |option: &Option<String>, header: &Option<String>| {
        option.clone().or_else(|| header.clone())
    };
    let or_env = |option: &Option<String>, names: &[&str]| {
        let variable = |name: &&str| header.env.get(*name).filter(|value| !value.is_empty());
        option
            .clone()
            .or_else(|| names.iter().find_map(variable).cloned())
    };
    let launched = SessionLaunched {
        command: or_header(&options.command, &header.command),
        host: or_env(&options.host, &["HOSTNAME"]),
        protocol: Some(
            options
                .protocol
                .clone()
                .unwrap_or_else(|| "terminal".to_owned()),
        ),
        site: options.site.clone(),
        target: options.target.clone(),
        title: or_header(&options.title, &header.title),
        user: or_env(&options.user, &["USER", "LOGNAME"]),
        ..SessionLaunched::default()
    };
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let attached = SourceAttached {
        columns: Some(header.columns),
        recording: Some(RecordingFile {
            bytes: facts.bytes,
            format: header.version.format().to_owned(),
            header: header.text.clone(),
            idle_limit_us: header.idle_limit_us,
            name: name.unwrap_or_default(),
            parts: Vec::new(),
            sha256: hex::encode(facts.sha256),
        }),
        rows: Some(header.rows),
    };
    let mut batch = EventBatch::of(start, launched)?;
    batch.push(start, attached)?;
    Ok(batch)
}

fn ended(facts: &Facts) -> SessionEnded {
    let reason = if facts.exit_status.is_some() {
        EndReason::User
    } else {
        EndReason::Unknown
    };
    SessionEnded {
        exit_status: facts.exit_status,
        reason,
    }
}
