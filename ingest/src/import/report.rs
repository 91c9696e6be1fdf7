//! What became of the files of an import.

use std::path::PathBuf;

use super::{ImportError, Imported};

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

impl From<Result<Imported, ImportError>> for Outcome {
    fn from(imported: Result<Imported, ImportError>) -> Self {
        match imported {
            Ok(imported) => Self::Imported(imported),
            Err(error) => Self::Refused(error),
        }
    }
}

/// What became of all files.
#[derive(Debug)]
pub struct ImportReport {
    /// Each file (or folder that could not be read) with its outcome, in the order in which the
    /// paths were given and folders are sorted.
    pub files: Vec<(PathBuf, Outcome)>,
}

impl ImportReport {
    pub(super) fn stopped(paths: Vec<PathBuf>) -> Self {
        let stopped = |path: PathBuf| {
            (
                path.clone(),
                Outcome::Refused(ImportError::Stopped { path }),
            )
        };
        Self {
            files: paths.into_iter().map(stopped).collect(),
        }
    }

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
