//! ttyrec, as the importer sees it.

use super::{Reader, frame};
use crate::import::{
    Candidate, Files, Format, FormatError, ImportError, Input, Look, RecordingReader,
};

/// The format of ttyrec.
#[derive(Debug)]
pub struct Ttyrec;

impl Format for Ttyrec {
    fn name(&self) -> &'static str {
        "ttyrec"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        let known = frame::order_of(file.beginning(), file.is_all()).is_some();
        Ok(known.then(|| file.whole(self)).into_iter().collect())
    }

    fn endings(&self) -> &[&'static str] {
        &[".ttyrec", ".tty"]
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        let input = files.open_good(&candidate.parts[0])?;
        Ok(Box::new(Reader::open(input, files.limits())?))
    }

    fn open_kept(
        &self,
        candidate: &Candidate,
        index: usize,
        files: &Files,
    ) -> Result<Input, FormatError> {
        files.open_good(&candidate.parts[index])
    }
}
