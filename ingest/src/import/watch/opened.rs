//! A dump that begins, and whether it still grows.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use retrace_core::Timestamp;

use super::lock::is_locked_for_writing;
use crate::Limits;
use crate::guacamole::{Dump, Guacamole, Known, OPENING_BYTES_MAX, Opening, us};
use crate::import::Candidate;
use crate::import::check::guess_start;
use crate::import::discover::{Folder, Look};

const READ_BYTES: usize = 256 << 10;

/// Whether a file is still written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growing {
    pub(super) bytes: u64,
    since: Instant,
    was_locked: bool,
}

impl Growing {
    pub(super) fn new() -> Self {
        Self {
            bytes: 0,
            since: Instant::now(),
            was_locked: false,
        }
    }

    /// Looks at the file; answers whether what is read of it now is all.
    pub(super) fn is_over(&mut self, file: &File, idle: Duration) -> io::Result<bool> {
        let is_locked = is_locked_for_writing(file);
        let bytes = file.metadata()?.len();
        if bytes != self.bytes {
            (self.bytes, self.since) = (bytes, Instant::now());
        }
        let was_let_go = self.was_locked && !is_locked;
        self.was_locked |= is_locked;
        Ok(was_let_go || (!is_locked && self.since.elapsed() >= idle))
    }
}

/// A dump that has opened.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) opening: Opening,
    pub(super) candidate: Candidate,
    pub(super) start: Timestamp,
}

impl Opened {
    /// `None` when too little of it is there.
    pub(super) fn look(
        path: &Path,
        growing: &mut Growing,
        idle: Duration,
        limits: &Limits,
        told_start: Option<Timestamp>,
    ) -> io::Result<Option<Self>> {
        let file = File::open(path)?;
        let is_over = growing.is_over(&file, idle)?;
        let mut beginning = Vec::new();
        (&file)
            .take(OPENING_BYTES_MAX as u64)
            .read_to_end(&mut beginning)?;
        let Some(opening) = Opening::of(&beginning, is_over) else {
            return Ok(None);
        };
        // The last change is asked for first, so that the start is not too late by what comes in between.
        let changed = file
            .metadata()?
            .modified()
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let start = match told_start.or(opening.started_at) {
            Some(start) => start,
            None => guess_start(changed, us(duration_ms(path)?)),
        };
        let folder = Folder::around(path, limits);
        let candidate = Look::at(path, growing.bytes, &folder).whole(&Guacamole);
        // It is read from its beginning.
        let file = File::open(path)?;
        Ok(Some(Self {
            file,
            opening,
            candidate,
            start,
        }))
    }
}

/// How long what is there of a dump lasts.
fn duration_ms(path: &Path) -> io::Result<u64> {
    let (mut file, mut dump) = (File::open(path)?, Dump::new(Known::default()));
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(dump.duration_ms());
        }
        dump.push(&buffer[..count]);
        while dump.piece().is_some() {}
    }
}
