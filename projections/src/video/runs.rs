//! WebM files, found in the bytes of one piece of footage or of several.

use std::collections::HashMap;

use retrace_core::SessionId;
use retrace_core::blob::{BlobDigest, BlobError, BlobStore};
use retrace_media::webm::{Group, Grouper, ScanError, Scanner};

use crate::ProjectionError;

/// How much of a blob is read at once: a chunk as it is sealed. What lies between headers is mostly not read.
const PIECE_BYTES: u64 = 16 << 10;
/// How many unfinished runs are kept in memory.
const OPEN_MAX: usize = 256;

/// A WebM file that may go on with the next piece of its source.
pub(super) struct OpenRun {
    /// The position of its first piece.
    pub(super) id: i64,
    /// How many bytes of it were seen.
    pub(super) bytes: u64,
    /// What its times have to be moved by, once its first frame has come.
    pub(super) base_us: Option<i64>,
    /// When its first piece says that it begins, in microseconds from the start of the session.
    pub(super) first_us: i64,
    pub(super) scanner: Scanner,
    grouper: Grouper,
    /// The number of the group that is being gathered.
    pub(super) next_group: i64,
    /// The frames of that group so far.
    gathered: Group,
}

/// What a piece brought.
pub(super) struct Found {
    /// The groups that are complete, and the one that is not, each with its number.
    pub(super) groups: Vec<(i64, Group)>,
    /// Why there is no more.
    pub(super) problem: Option<String>,
}

impl OpenRun {
    pub(super) fn new(id: i64, first_us: i64) -> Self {
        Self {
            id,
            bytes: 0,
            base_us: None,
            first_us,
            scanner: Scanner::new(),
            grouper: Grouper::default(),
            next_group: 0,
            gathered: Group::default(),
        }
    }

    /// Reads a piece, which goes on where the one before it ended.
    pub(super) fn read(
        &mut self,
        blobs: &BlobStore,
        session: SessionId,
        digest: BlobDigest,
    ) -> Result<Found, ProjectionError> {
        let mut found = Found {
            groups: Vec::new(),
            problem: None,
        };
        let mut blob = match blobs.open(session, digest) {
            Ok(blob) => blob,
            Err(error) => {
                found.problem = Some(unreadable(error)?);
                return Ok(found);
            }
        };
        let mut at = 0;
        while at < blob.len() && found.problem.is_none() {
            let skipped = self.scanner.skippable().min(blob.len() - at);
            self.scanner.skip(skipped);
            at += skipped;
            // To the end of the sealed chunk, so that none is opened twice.
            let end = ((at / PIECE_BYTES + 1) * PIECE_BYTES).min(blob.len());
            if at < end {
                match blob.read(at..end) {
                    Ok(bytes) => found.problem = self.scanner.push(&bytes).err().as_ref().map(said),
                    Err(error) => found.problem = Some(unreadable(error)?),
                }
                at = end;
            }
            self.gather(&mut found.groups);
        }
        self.gather(&mut found.groups);
        self.bytes += blob.len();
        if !self.gathered.frames.is_empty() {
            found.groups.push((self.next_group, self.gathered.clone()));
        }
        Ok(found)
    }

    fn gather(&mut self, groups: &mut Vec<(i64, Group)>) {
        for frame in self.scanner.frames() {
            if self.base_us.is_none() {
                let time_us = i64::try_from(frame.time_us).unwrap_or(i64::MAX);
                self.base_us = Some(self.first_us.saturating_sub(time_us));
            }
            if let Some(group) = self.grouper.push(frame) {
                groups.push((self.next_group, group));
                self.next_group += 1;
                self.gathered.frames.clear();
            }
            self.gathered.frames.push(frame);
        }
    }

    /// What is missing at the end of the pieces so far.
    pub(super) fn missing(&self) -> Option<String> {
        self.scanner.finish().as_ref().map(said)
    }
}

fn said(error: &ScanError) -> String {
    error.to_string()
}

/// What is wrong with a blob. What may pass by itself is an error: the projection tries again.
fn unreadable(error: BlobError) -> Result<String, ProjectionError> {
    match error {
        BlobError::Absent { .. }
        | BlobError::Damaged { .. }
        | BlobError::NoSession { .. }
        | BlobError::Purged { .. } => Ok(error.to_string()),
        error => Err(ProjectionError::Store(Box::new(error))),
    }
}

/// Whether footage begins like a WebM file, and does not go on with another piece's bytes.
pub(super) fn begins_a_file(
    blobs: &BlobStore,
    session: SessionId,
    digest: BlobDigest,
) -> Result<bool, ProjectionError> {
    let beginning = blobs
        .open(session, digest)
        .and_then(|mut blob| blob.read(0..4));
    match beginning {
        Ok(bytes) => Ok(bytes == [0x1A, 0x45, 0xDF, 0xA3]),
        // It is no continuation: nothing of it can be read.
        Err(error) => unreadable(error).map(|_| true),
    }
}

/// The runs that the next piece of a source may go on with.
#[derive(Default)]
pub(super) struct OpenRuns {
    runs: HashMap<(i64, String), OpenRun>,
}

impl OpenRuns {
    pub(super) fn take(&mut self, session: i64, source: &str) -> Option<OpenRun> {
        self.runs.remove(&(session, source.to_owned()))
    }

    pub(super) fn put(&mut self, session: i64, source: &str, run: OpenRun) {
        if self.runs.len() >= OPEN_MAX {
            self.runs.clear();
        }
        self.runs.insert((session, source.to_owned()), run);
    }

    pub(super) fn forget(&mut self, session: i64) {
        self.runs.retain(|(of, _), _| *of != session);
    }
}
