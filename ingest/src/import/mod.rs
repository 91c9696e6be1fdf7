//! Recordings from files into the log, each whole or not at all.
//!
//! | step | what it promises |
//! |---|---|
//! | [`discover()`] | every file is a candidate, skipped or refused; none is forgotten |
//! | check | the whole file is read and valid before anything of it is appended |
//! | append | one transaction for each file; dropped, it leaves nothing behind |
//!
//! The session's id is computed from the decompressed content, so the same recording is the same
//! session however often, under whatever name and in whatever compression it is imported, and a
//! second import adds nothing. The stream of the session is `session/{id}/recorder`: launched,
//! source attached, the entries, ended.
//!
//! A recording begins when [`ImportOptions::started_at`] says, else when its header says; where
//! neither does, its last entry is taken to be as old as the file's last change, and the start is
//! cut to the second, because it is no more than a guess.
//!
//! Files are checked on several threads at once and appended one after the other. A file whose
//! events take little memory is read once; another is read a second time while it is appended, and
//! refused if it is not the same then.

mod append;
mod check;
mod discover;
mod progress;
mod report;
mod run;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::{io, panic, thread};

use retrace_core::log::{AppendError, StoreError};
use retrace_core::{Position, SessionId, Timestamp};
use tokio::task::JoinError;

use crate::Limits;
use crate::asciicast::{ReadError, Version};
use crate::shown::shown;

pub use discover::{Found, discover};
pub use progress::{ImportProgress, NoProgress};
pub use report::{ImportReport, Outcome};
pub use run::{import_all, import_file};

/// What is known of the recordings beside what they say themselves, and how to read them.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// When the recording began. For one file: all files would begin together.
    pub started_at: Option<Timestamp>,
    /// Who was recorded, if it is not the user that the header's environment names.
    pub user: Option<String>,
    /// The machine, if it is not the one that the header's environment names.
    pub host: Option<String>,
    /// A title for people, if it is not that of the header.
    pub title: Option<String>,
    /// The command that was recorded, if it is not that of the header.
    pub command: Option<String>,
    /// How the machine was reached, if it is more than a `terminal`: `ssh`, …
    pub protocol: Option<String>,
    /// The site that recorded the session.
    pub site: Option<String>,
    /// The account or resource that was reached.
    pub target: Option<String>,
    /// How much of a file is believed.
    pub limits: Limits,
    /// How many files are read at once. By default as many as there are cores, up to 8.
    pub threads: Option<NonZero<usize>>,
}

impl ImportOptions {
    fn threads(&self) -> usize {
        let cores = || {
            thread::available_parallelism()
                .map_or(1, NonZero::get)
                .min(8)
        };
        self.threads.map_or_else(cores, NonZero::get)
    }

    /// How much memory the events of one file may take before it is read twice instead.
    fn keep_bytes(&self) -> usize {
        const TOGETHER: usize = 256 << 20;
        const ONE: usize = 64 << 20;
        (TOGETHER / self.threads()).min(ONE)
    }
}

/// A recording that is in the log now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its session.
    pub session: SessionId,
    /// It was there before, and nothing was added.
    pub already: bool,
    /// How many events were added.
    pub events: u64,
    /// Size of its content, decompressed.
    pub bytes: u64,
    /// From its start to its last entry, in microseconds.
    pub duration_us: u64,
    /// Its format.
    pub version: Version,
    /// A log of this size has all of it.
    pub log_size: Position,
}

/// Why a file was not imported, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or folder cannot be read. Trying again may help.
    #[error("`{}`: {source}", shown_path(path))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What it holds is no recording, or a damaged one.
    #[error("`{}`: not a recording that can be read: {reason}", shown_path(path))]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: ReadError,
    },
    /// It was written to in the meantime. Import it once it is finished.
    #[error("`{}`: the file changed while it was imported", shown_path(path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The log has no space for it. Make space and import again.
    #[error(
        "`{}`: no space left for the log, so {}",
        shown_path(path),
        what_of_it(*stored)
    )]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// How many events of it are in the log.
        stored: u64,
    },
    /// The log did not take it. Importing again is safe.
    #[error("`{}`: {source}", shown_path(path))]
    Log {
        /// The file.
        path: PathBuf,
        /// What the log said.
        source: AppendError,
    },
    /// The process was ending.
    #[error("`{}`: stopped before it was imported", shown_path(path))]
    Stopped {
        /// The file.
        path: PathBuf,
    },
}

/// A path as a message may show it: a file's name can hold what changes the terminal it is printed
/// on.
pub fn shown_path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

fn what_of_it(stored: u64) -> String {
    match stored {
        0 => "nothing of the file was imported".to_owned(),
        stored => format!(
            "the first {stored} events of the file were imported: make space and import it again, \
             it goes on from there"
        ),
    }
}

impl ImportError {
    fn log(path: &Path, stored: u64, source: impl Into<AppendError>) -> Self {
        let path = path.to_path_buf();
        match source.into() {
            AppendError::Store(StoreError::Full(_)) => Self::NoSpace { path, stored },
            source => Self::Log { path, source },
        }
    }

    /// Tasks are not cancelled here, except by a runtime that shuts down.
    fn stopped(path: &Path, error: JoinError) -> Self {
        match error.try_into_panic() {
            Ok(reason) => panic::resume_unwind(reason),
            Err(_) => Self::Stopped {
                path: path.to_path_buf(),
            },
        }
    }
}
