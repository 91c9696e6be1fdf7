//! One file, or many at once, from its path to its outcome.

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_core::log::EventLog;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

use super::append::append;
use super::check::check;
use super::discover::{Found, discover, discover_file};
use super::format::Candidate;
use super::progress::{ImportProgress, Meter};
use super::{ImportError, ImportOptions, ImportReport, Imported, Outcome};

/// Imports the one recording that a file, with its partners, is.
///
/// # Errors
/// When it is not in the log afterwards.
pub async fn import_file(
    log: &dyn EventLog,
    path: &Path,
    options: &ImportOptions,
    progress: &Arc<dyn ImportProgress>,
) -> Result<Imported, ImportError> {
    let (named, looking) = (path.to_path_buf(), options.clone());
    let found = spawn_blocking(move || discover_file(&named, &looking)).await;
    let candidate = found.unwrap_or_else(|error| Err(ImportError::stopped(path, error)));
    let bytes = candidate.as_ref().map_or(0, Candidate::bytes);
    progress.found(1, bytes);
    let imported = match candidate {
        Ok(candidate) => import_candidate(log, &candidate, options, progress).await,
        Err(error) => Err(error),
    };
    let outcome = Outcome::from(imported);
    progress.finished(path, &outcome);
    match outcome {
        Outcome::Imported(imported) => Ok(imported),
        Outcome::Refused(error) => Err(error),
        Outcome::Skipped => unreachable!("only what stands in a folder is skipped"),
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
    let (named, looking) = (paths.clone(), options.clone());
    let found = match spawn_blocking(move || discover(&named, &looking)).await {
        Ok(found) => found,
        Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
        Err(_) => return ImportReport::stopped(paths),
    };
    let sizes = found.iter().filter_map(|found| match found {
        Found::Candidate(candidate) => Some(candidate.bytes()),
        Found::Skipped { .. } | Found::Refused { .. } => None,
    });
    progress.found(sizes.clone().count(), sizes.fold(0, u64::saturating_add));

    let run = Run {
        log,
        options: Arc::new(options),
        progress,
    };
    let at_once = Arc::new(Semaphore::new(run.options.threads()));
    let mut files = Vec::with_capacity(found.len());
    for found in found {
        files.push(match found {
            Found::Skipped { path } => run.done(path, Outcome::Skipped),
            Found::Refused { path, error } => run.done(path, Outcome::Refused(error)),
            Found::Candidate(candidate) => {
                // Held until the file is appended, so that few files wait in memory for their turn.
                let permit = Arc::clone(&at_once).acquire_owned().await;
                run.start(candidate, permit)
            }
        });
    }
    let mut report = ImportReport {
        files: Vec::with_capacity(files.len()),
    };
    for (path, file) in files {
        let outcome = match file {
            File::Done(outcome) => outcome,
            File::Running(task) => task
                .await
                .unwrap_or_else(|error| Outcome::Refused(ImportError::stopped(&path, error))),
        };
        report.files.push((path, outcome));
    }
    report
}

/// What all files of a run have in common.
struct Run {
    log: Arc<dyn EventLog>,
    options: Arc<ImportOptions>,
    progress: Arc<dyn ImportProgress>,
}

enum File {
    Done(Outcome),
    Running(JoinHandle<Outcome>),
}

impl Run {
    fn done(&self, path: PathBuf, outcome: Outcome) -> (PathBuf, File) {
        self.progress.finished(&path, &outcome);
        (path, File::Done(outcome))
    }

    fn start(&self, candidate: Candidate, permit: impl Send + 'static) -> (PathBuf, File) {
        let (log, options) = (Arc::clone(&self.log), Arc::clone(&self.options));
        let progress = Arc::clone(&self.progress);
        let path = candidate.path.clone();
        let task = tokio::spawn(async move {
            let imported = import_candidate(&*log, &candidate, &options, &progress).await;
            let outcome = Outcome::from(imported);
            progress.finished(&candidate.path, &outcome);
            drop(permit);
            outcome
        });
        (path, File::Running(task))
    }
}

async fn import_candidate(
    log: &dyn EventLog,
    candidate: &Candidate,
    options: &ImportOptions,
    progress: &Arc<dyn ImportProgress>,
) -> Result<Imported, ImportError> {
    let meter = Arc::new(Meter::new(Arc::clone(progress), candidate.bytes()));
    let checked = {
        let (candidate, options) = (candidate.clone(), options.clone());
        let meter = Arc::clone(&meter);
        spawn_blocking(move || check(&candidate, &options, &meter)).await
    };
    let checked = checked.map_err(|error| ImportError::stopped(&candidate.path, error))??;
    append(log, candidate, checked, options, &meter).await
}
