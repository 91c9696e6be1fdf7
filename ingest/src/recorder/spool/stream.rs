//! The parts of one stream, and writing them.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use retrace_core::StreamVersion;
use retrace_core::event::EventBatch;

use super::files::{InFile, private_file, sync_folder_of};
use super::{SpoolError, SpoolSettings, line};

const EXTENSION: &str = "ndjson";

/// The path of the part whose first event has a version. 20 digits hold every version, so names
/// sort as versions do.
fn part_path(folder: &Path, first: StreamVersion) -> PathBuf {
    folder.join(format!("{:020}.{EXTENSION}", first.0))
}

/// The parts of a stream, in order: first version and path.
pub(super) fn parts(folder: &Path) -> Result<Vec<(StreamVersion, PathBuf)>, SpoolError> {
    let mut parts: Vec<(StreamVersion, PathBuf)> = fs::read_dir(folder)
        .in_file(folder)?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_part = path.extension().is_some_and(|e| e == EXTENSION);
            let first = path.file_stem()?.to_str()?.parse().ok()?;
            is_part.then_some((StreamVersion(first), path))
        })
        .collect();
    parts.sort_unstable();
    Ok(parts)
}

/// How much the spool may still take, shared by all that write into it.
#[derive(Debug)]
pub(super) struct Room {
    limit_bytes: u64,
    used_bytes: AtomicU64,
}

impl Room {
    pub(super) fn new(limit_bytes: u64, used_bytes: u64) -> Self {
        Self {
            limit_bytes,
            used_bytes: AtomicU64::new(used_bytes),
        }
    }

    fn take(&self, bytes: u64, urgent: bool) -> Result<(), SpoolError> {
        let limit_bytes = self.limit_bytes;
        let reserve = if urgent {
            0
        } else {
            SpoolSettings::RESERVE_BYTES
        };
        let taken = self
            .used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used + bytes + reserve <= limit_bytes).then_some(used + bytes)
            });
        taken
            .map(|_| ())
            .map_err(|_| SpoolError::Full { limit_bytes })
    }

    pub(super) fn give_back(&self, bytes: u64) {
        let _ = self
            .used_bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                Some(used.saturating_sub(bytes))
            });
    }
}

/// Writes the events of one stream. There is one for each stream, in the process that holds the
/// session.
#[derive(Debug)]
pub struct StreamWriter {
    folder: PathBuf,
    settings: Arc<SpoolSettings>,
    room: Arc<Room>,
    next: StreamVersion,
    part: Option<Part>,
    lines: Vec<u8>,
}

#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
    unsynced_bytes: u64,
}

impl StreamWriter {
    pub(super) fn new(
        folder: PathBuf,
        settings: Arc<SpoolSettings>,
        room: Arc<Room>,
        next: StreamVersion,
    ) -> Self {
        Self {
            folder,
            settings,
            room,
            next,
            part: None,
            lines: Vec::new(),
        }
    }

    /// The version of the event that is written next.
    pub fn next(&self) -> StreamVersion {
        self.next
    }

    /// Bytes that are written and not synced.
    pub fn unsynced_bytes(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.unsynced_bytes)
    }

    /// Writes events, all or none. `urgent` ones may use the reserve of the spool: those that say
    /// that the recording ends, and why.
    ///
    /// # Errors
    /// When the spool, or the disk, is full. The stream is then as it was before.
    pub fn append(&mut self, events: &EventBatch, urgent: bool) -> Result<(), SpoolError> {
        self.lines.clear();
        for (at, kind, data) in events.iter_from(0) {
            line::write(at, kind, data, &mut self.lines);
        }
        let bytes = self.lines.len() as u64;
        self.room.take(bytes, urgent)?;
        let written = self.write_lines();
        if written.is_err() {
            self.room.give_back(bytes);
        } else {
            self.next = self.next.plus(events.len() as u64);
        }
        written
    }

    fn write_lines(&mut self) -> Result<(), SpoolError> {
        if self
            .part
            .as_ref()
            .is_some_and(|part| part.bytes >= self.settings.part_bytes)
        {
            self.sync()?;
            self.part = None;
        }
        let part = match &mut self.part {
            Some(part) => part,
            None => self.part.insert(Part::begin(&self.folder, self.next)?),
        };
        if let Err(source) = part.file.write_all(&self.lines) {
            // A part of the lines may stand there: they must not become the beginning of others.
            let undone = part.file.set_len(part.bytes);
            let path = part.path.clone();
            if undone.is_err() {
                // The next events go into a part of their own; reading cuts the torn end off.
                self.part = None;
            }
            return Err(SpoolError::Io { path, source });
        }
        part.bytes += self.lines.len() as u64;
        part.unsynced_bytes += self.lines.len() as u64;
        Ok(())
    }

    /// Makes all that was written durable, and answers the version that comes next.
    ///
    /// # Errors
    /// When the disk fails. It is then unknown what is durable.
    pub fn sync(&mut self) -> Result<StreamVersion, SpoolError> {
        if let Some(part) = &mut self.part
            && part.unsynced_bytes > 0
        {
            part.file.sync_data().in_file(&part.path)?;
            part.unsynced_bytes = 0;
        }
        Ok(self.next)
    }
}

impl Part {
    fn begin(folder: &Path, first: StreamVersion) -> Result<Self, SpoolError> {
        let path = part_path(folder, first);
        let file = private_file()
            .append(true)
            .create(true)
            .open(&path)
            .in_file(&path)?;
        // Whatever stands there was never taken for written: its first event is the next one.
        file.set_len(0).in_file(&path)?;
        sync_folder_of(&path)?;
        Ok(Self {
            path,
            file,
            bytes: 0,
            unsynced_bytes: 0,
        })
    }
}
