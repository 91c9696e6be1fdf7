//! Recordings from files into the log, each whole or not at all.
//!
//! | step | what it promises |
//! |---|---|
//! | [`discover()`] | every file is part of a candidate, skipped or refused; none is forgotten, none taken twice |
//! | check | the whole recording is read before anything of it is appended |
//! | append | dropped or cut off at any moment, it is taken up where it stopped |
//!
//! The session's id is computed from the decompressed content, so the same recording is the same
//! session however often, under whatever name and in whatever compression it is imported, and a
//! second import adds nothing. (Of a recording of several files the names count, too.) The stream of
//! the session is `session/{id}/recorder`: launched, source attached, the entries, ended.
//!
//! A recording begins when [`ImportOptions::started_at`] says, else when it says so itself; where
//! neither does, its last entry is taken to be as old as the last change of its files, and the start
//! is cut to the second, because it is no more than a guess.
//!
//! Recordings are checked on several threads at once and appended one after the other. One whose
//! events take little memory is read once; another is read a second time while it is appended, and
//! refused if it is not the same then.
//!
//! Where the events do not hold every byte of the files, the files are kept as blobs of the session
//! (decompressed, so that they too do not depend on the compression); `session.source_attached` names
//! them. A session that has ended has all its blobs.
//!
//! # How a format is added
//!
//! A module beside [`crate::asciicast`] with two types, and a line in [`format::FORMATS`]:
//!
//! - a [`Format`]: which files are such recordings ([`Format::recognise`], [`Format::recognise_folder`]),
//!   and opening one;
//! - a [`RecordingReader`]: reads from first byte to last through [`Input`], gives events to a
//!   [`Sink`], and tells at the end what it knows ([`About`]).
//!
//! Pictures go into blobs: [`Sink::blob`] (a piece of a file, a few MiB) and [`Sink::blob_of`] (a
//! whole file of any size) answer the digest for the `frames.captured` that names it. While the
//! recording is checked they only compute it; such a recording is read a second time, and its blobs
//! are stored then, before the events that name them. A format whose blobs hold everything says so in
//! [`Format::keeps_files`], or its files would be kept twice.

mod append;
mod blobs;
mod check;
mod discover;
mod format;
mod input;
mod progress;
mod reader;
mod report;
mod run;
mod watch;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{io, panic, thread};

use retrace_core::blob::{BlobError, BlobStore};
use retrace_core::log::{AppendError, StoreError};
use retrace_core::{Position, SessionId, Timestamp};
use tokio::task::JoinError;

use crate::Limits;
use crate::shown::shown;

pub use blobs::Blobs;
pub use discover::{Folder, Found, Look, discover};
pub use format::{Candidate, Files, Format, FormatError, Part, Section};
pub use input::{ContentFacts, Input};
pub use progress::{ImportProgress, NoProgress};
pub use reader::{About, Problems, RecordingReader, Sink};
pub use report::{ImportReport, Outcome};
pub use run::{import_all, import_file};
pub use watch::{WatchOptions, Watched, watch_folders};

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
    /// How far apart pictures were taken whose names do not say when. A second, if it is not said.
    pub picture_interval: Option<Duration>,
    /// Where the files of recordings are kept, and the pictures that their events name. Without it
    /// no files are kept, and a recording of pictures is refused.
    pub blobs: Option<BlobStore>,
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
    /// Size of its files in bytes, decompressed.
    pub bytes: u64,
    /// From its start to its last entry, in microseconds.
    pub duration_us: u64,
    /// Its format: `asciicast-v2`, `ttyrec`, …
    pub format: &'static str,
    /// The files that it was read from.
    pub parts: Vec<PathBuf>,
    /// What is wrong with it.
    pub problems: Problems,
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
        reason: FormatError,
    },
    /// It was written to in the meantime. Import it once it is finished.
    #[error("`{}`: the file changed while it was imported", shown_path(path))]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// It is made of pictures, and there is nowhere to put them.
    #[error(
        "`{}`: it holds pictures, and no folder for blobs is given",
        shown_path(path)
    )]
    NoBlobStore {
        /// The file.
        path: PathBuf,
    },
    /// A blob of it could not be stored. Importing again is safe.
    #[error("`{}`: {source}", shown_path(path))]
    Blob {
        /// The file.
        path: PathBuf,
        /// What the store of blobs said.
        source: BlobError,
    },
    /// The log has no space for it. Make space and import again.
    #[error(
        "`{}`: no space left, so {}",
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

    fn blob(path: &Path, stored: u64, source: BlobError) -> Self {
        let path = path.to_path_buf();
        match source {
            BlobError::Full(_) => Self::NoSpace { path, stored },
            // Other bytes than at the first time.
            BlobError::DigestMismatch { .. } => Self::Changed { path },
            source => Self::Blob { path, source },
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
