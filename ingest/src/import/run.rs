//! One file, or many at once, from its path to its outcome.

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_core::log::EventLog;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

use super::append::append;
use super::check::check;
use super::discover::{Found, discover, size_of_file};
use super::progress::{ImportProgress, Meter};
use super::{ImportError, ImportOptions, ImportReport, Imported, Outcome};

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
    let file = path.to_path_buf();
    let size = match spawn_blocking(move || size_of_file(&file)).await {
        Ok(size) => size,
        Err(error) => Err(ImportError::stopped(path, error)),
    };
    progress.found(1, *size.as_ref().unwrap_or(&0));
    let imported = match size {
        Ok(bytes) => import_candidate(log, path, bytes, options, progress).await,
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
    let (named, limits) = (paths.clone(), options.limits.clone());
    let found = match spawn_blocking(move || discover(&named, &limits)).await {
        Ok(found) => found,
        Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
        Err(_) => return ImportReport::stopped(paths),
    };
    let sizes = found.iter().filter_map(|found| match found {
        Found::Candidate { bytes, .. } => Some(*bytes),
        Found::Skipped { .. } | Found::Refused { .. } => None,
    });
    progress.found(sizes.clone().count(), sizes.sum());

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
            Found::Candidate { path, bytes } => {
                // Held until the file is appended, so that few files wait in memory for their turn.
                let permit = Arc::clone(&at_once).acquire_owned().await;
                run.start(path, bytes, permit)
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

    fn start(&self, path: PathBuf, bytes: u64, permit: impl Send + 'static) -> (PathBuf, File) {
        let (log, options) = (Arc::clone(&self.log), Arc::clone(&self.options));
        let progress = Arc::clone(&self.progress);
        let file = path.clone();
        let task = tokio::spawn(async move {
            let imported = import_candidate(&*log, &file, bytes, &options, &progress).await;
            let outcome = Outcome::from(imported);
            progress.finished(&file, &outcome);
            drop(permit);
            outcome
        });
        (path, File::Running(task))
    }
}

async fn import_candidate(
    log: &dyn EventLog,
    path: &Path,
    bytes: u64,
    options: &ImportOptions,
    progress: &Arc<dyn ImportProgress>,
) -> Result<Imported, ImportError> {
    let meter = Arc::new(Meter::new(Arc::clone(progress), bytes));
    let checked = {
        let (path, options, meter) = (path.to_path_buf(), options.clone(), Arc::clone(&meter));
        spawn_blocking(move || check(&path, &options, &meter)).await
    };
    let checked = checked.map_err(|error| ImportError::stopped(path, error))??;
    append(log, path, checked, &options.limits, &meter).await
}
