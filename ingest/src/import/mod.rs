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

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io, panic, thread};

use retrace_core::log::{AppendError, EventLog, StoreError};
use retrace_core::{Position, SessionId, Timestamp};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::Limits;
use crate::asciicast::{ReadError, Version};
use progress::Meter;

pub use discover::{Found, discover};
pub use progress::{ImportProgress, NoProgress};

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

/// Why a file was not imported. Nothing of it is in the log.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file or folder cannot be read. Trying again may help.
    #[error("`{}`: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What it holds is no recording, or a damaged one.
    #[error("`{}`: not a recording that can be read: {reason}", path.display())]
    NotARecording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: ReadError,
    },
    /// It was written to in the meantime. Import it once it is finished.
    #[error("`{}`: the file changed while it was imported", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The log has no space for it. Make space and import again.
    #[error("`{}`: no space left for the log, so nothing of the file was imported", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
    },
    /// The log did not take it. Importing again is safe.
    #[error("`{}`: {source}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// What the log said.
        source: AppendError,
    },
    /// The process was ending.
    #[error("`{}`: stopped before it was imported", path.display())]
    Stopped {
        /// The file.
        path: PathBuf,
    },
}

impl ImportError {
    fn log(path: &Path, source: impl Into<AppendError>) -> Self {
        let path = path.to_path_buf();
        match source.into() {
            AppendError::Store(StoreError::Full(_)) => Self::NoSpace { path },
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

/// What became of a file.
#[derive(Debug)]
pub enum Outcome {
    /// It is in the log.
    Imported(Imported),
    /// It stood in a folder and is no recording.
    Skipped,
    /// It was not imported.
    Refused(ImportError),
}

/// What became of all files.
#[derive(Debug)]
pub struct ImportReport {
    /// Each file (or folder that could not be read) with its outcome, in the order in which the
    /// paths were given and folders are sorted.
    pub files: Vec<(PathBuf, Outcome)>,
}

impl ImportReport {
    /// The recordings that are in the log now.
    pub fn imported(&self) -> impl Iterator<Item = &Imported> {
        self.files.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Imported(imported) => Some(imported),
            Outcome::Skipped | Outcome::Refused(_) => None,
        })
    }

    /// What was refused, and why.
    pub fn refused(&self) -> impl Iterator<Item = &ImportError> {
        self.files.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Refused(error) => Some(error),
            Outcome::Skipped | Outcome::Imported(_) => None,
        })
    }
}

/// Imports one file.
///
/// # Errors
/// When it is not in the log afterwards.
pub async fn import_file(
    log: &dyn EventLog,
    path: &Path,
    options: &ImportOptions,
    progress: &Arc<dyn ImportProgress>,
) -> Result<Imported, ImportError> {
    // The same checks as for many files: only a file can be opened without waiting for ever.
    let (path, limits) = (path.to_path_buf(), options.limits.clone());
    let named = path.clone();
    let unreadable = |path, kind: io::ErrorKind| ImportError::Unreadable {
        path,
        source: kind.into(),
    };
    let found = spawn_blocking(move || match fs::metadata(&named) {
        Ok(data) if data.is_dir() => Found::Refused {
            error: unreadable(named.clone(), io::ErrorKind::IsADirectory),
            path: named,
        },
        _ => discover(&[named], &limits).swap_remove(0),
    })
    .await
    .map_err(|error| ImportError::stopped(&path, error))?;
    let bytes = if let Found::Candidate { bytes, .. } = &found {
        *bytes
    } else {
        0
    };
    progress.found(1, bytes);
    let outcome = match found {
        Found::Refused { error, .. } => Outcome::Refused(error),
        Found::Skipped { .. } => Outcome::Skipped,
        Found::Candidate { .. } => import_candidate(log, &path, bytes, options, progress).await,
    };
    progress.finished(&path, &outcome);
    match outcome {
        Outcome::Imported(imported) => Ok(imported),
        Outcome::Refused(error) => Err(error),
        Outcome::Skipped => unreachable!("a file that is named is never skipped"),
    }
}

/// Imports files, and the recordings in folders, several at once. A file that is refused does not
/// stop the others.
pub async fn import_all(
    log: Arc<dyn EventLog>,
    paths: Vec<PathBuf>,
    options: ImportOptions,
    progress: Arc<dyn ImportProgress>,
) -> ImportReport {
    let limits = options.limits.clone();
    let named = paths.clone();
    let found = match spawn_blocking(move || discover(&named, &limits)).await {
        Ok(found) => found,
        Err(error) => {
            let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
            let outcome = Outcome::Refused(ImportError::stopped(first, error));
            return ImportReport {
                files: vec![(first.to_path_buf(), outcome)],
            };
        }
    };
    let sizes = found.iter().filter_map(|found| match found {
        Found::Candidate { bytes, .. } => Some(*bytes),
        Found::Skipped { .. } | Found::Refused { .. } => None,
    });
    progress.found(sizes.clone().count(), sizes.sum());

    let options = Arc::new(options);
    let at_once = Arc::new(Semaphore::new(options.threads()));
    let mut running = JoinSet::new();
    let mut files = Vec::with_capacity(found.len());
    for (index, found) in found.into_iter().enumerate() {
        let (path, outcome) = match found {
            Found::Skipped { path } => (path, Some(Outcome::Skipped)),
            Found::Refused { path, error } => (path, Some(Outcome::Refused(error))),
            Found::Candidate { path, bytes } => {
                // Held until the file is appended, so that few files wait in memory for their turn.
                let permit = Arc::clone(&at_once).acquire_owned().await;
                let (log, options, progress) = (
                    Arc::clone(&log),
                    Arc::clone(&options),
                    Arc::clone(&progress),
                );
                let file = path.clone();
                running.spawn(async move {
                    let outcome = import_candidate(&*log, &file, bytes, &options, &progress).await;
                    progress.finished(&file, &outcome);
                    drop(permit);
                    (index, outcome)
                });
                (path, None)
            }
        };
        if let Some(outcome) = &outcome {
            progress.finished(&path, outcome);
        }
        files.push((path, outcome));
    }
    while let Some(joined) = running.join_next().await {
        match joined {
            Ok((index, outcome)) => files[index].1 = Some(outcome),
            Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
            // It stays without an outcome, which is said below.
            Err(_) => {}
        }
    }
    let stopped = |path: &Path| {
        Outcome::Refused(ImportError::Stopped {
            path: path.to_path_buf(),
        })
    };
    let files = files.into_iter().map(|(path, outcome)| {
        let outcome = outcome.unwrap_or_else(|| stopped(&path));
        (path, outcome)
    });
    ImportReport {
        files: files.collect(),
    }
}

async fn import_candidate(
    log: &dyn EventLog,
    path: &Path,
    bytes: u64,
    options: &ImportOptions,
    progress: &Arc<dyn ImportProgress>,
) -> Outcome {
    let meter = Arc::new(Meter::new(Arc::clone(progress), bytes));
    let checked = {
        let (path, options, meter) = (path.to_path_buf(), options.clone(), Arc::clone(&meter));
        spawn_blocking(move || check::check(&path, &options, &meter)).await
    };
    let imported = match checked {
        Ok(Ok(checked)) => append::append(log, path, checked, &options.limits, &meter).await,
        Ok(Err(error)) => Err(error),
        Err(error) => Err(ImportError::stopped(path, error)),
    };
    match imported {
        Ok(imported) => Outcome::Imported(imported),
        Err(error) => Outcome::Refused(error),
    }
}
