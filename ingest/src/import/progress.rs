//! Telling somebody how far an import has come.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Outcome;

/// Somebody who wants to know how far an import has come. Called from several threads.
pub trait ImportProgress: Send + Sync {
    /// There are `files` files of together `bytes` bytes to import.
    fn found(&self, files: usize, bytes: u64);

    /// Another `bytes` of these bytes are done. At the end of the run all of them are.
    fn advanced(&self, bytes: u64);

    /// A file is done.
    fn finished(&self, path: &Path, outcome: &Outcome);
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl ImportProgress for NoProgress {
    fn found(&self, _files: usize, _bytes: u64) {}
    fn advanced(&self, _bytes: u64) {}
    fn finished(&self, _path: &Path, _outcome: &Outcome) {}
}

/// How far one file has come. Reading it through once is half of the work, and appending it is the
/// other half, whether it has to be read a second time for that or not; dropping the meter reports
/// what is missing, so that a refused file counts in full as well.
pub(crate) struct Meter {
    progress: Arc<dyn ImportProgress>,
    bytes: u64,
    reported: AtomicU64,
    /// What was read and is too little to be halved and reported.
    read: AtomicU64,
}

impl Meter {
    pub(super) fn new(progress: Arc<dyn ImportProgress>, bytes: u64) -> Self {
        Self {
            progress,
            bytes,
            reported: AtomicU64::new(0),
            read: AtomicU64::new(0),
        }
    }

    fn read(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.report_up_to(read / 2);
    }

    /// A file may grow while it is read, but it never counts for more than was found.
    fn report_up_to(&self, done: u64) {
        let done = done.min(self.bytes);
        let before = self.reported.fetch_max(done, Ordering::Relaxed);
        if done > before {
            self.progress.advanced(done - before);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.report_up_to(self.bytes);
    }
}

/// A file whose reading is told to its meter, if it has one.
pub(crate) struct Metered<R> {
    pub(super) file: R,
    pub(super) meter: Option<Arc<Meter>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(meter) = &self.meter {
            meter.read(count as u64);
        }
        Ok(count)
    }
}
