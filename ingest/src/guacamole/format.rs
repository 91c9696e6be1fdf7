//! Guacamole dumps, as the importer sees them.

use super::opening::looks_like;
use super::reader::DumpReader;
use crate::import::{Candidate, Files, Format, FormatError, ImportError, Look, RecordingReader};

/// The session recordings of guacd.
#[derive(Debug)]
pub(crate) struct Guacamole;

impl Format for Guacamole {
    fn name(&self) -> &'static str {
        "guacamole"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        Ok(if looks_like(file.beginning()) {
            vec![file.whole(self)]
        } else {
            Vec::new()
        })
    }

    fn endings(&self) -> &[&'static str] {
        &[".guac"]
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        Ok(Box::new(DumpReader::open(candidate, files)?))
    }

    /// The blobs of its frames are the file.
    fn keeps_files(&self) -> bool {
        false
    }
}
