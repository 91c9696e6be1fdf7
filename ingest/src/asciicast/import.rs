//! asciicast, as the importer sees it.

use std::io::Read;

use retrace_core::Timestamp;

use super::{Reader, looks_like};
use crate::import::{
    About, Candidate, ContentFacts, Files, Format, FormatError, ImportError, Look, RecordingReader,
    Sink,
};

/// The format of asciinema.
#[derive(Debug)]
pub(crate) struct Asciicast;

impl Format for Asciicast {
    fn name(&self) -> &'static str {
        "asciicast"
    }

    fn recognise(&'static self, file: &Look<'_>) -> Result<Vec<Candidate>, ImportError> {
        Ok(if looks_like(file.beginning()) {
            vec![file.whole(self)]
        } else {
            Vec::new()
        })
    }

    fn endings(&self) -> &[&'static str] {
        &[".cast", ".asciicast"]
    }

    fn open(
        &self,
        candidate: &Candidate,
        files: &Files,
    ) -> Result<Box<dyn RecordingReader>, FormatError> {
        let file = files.raw(&candidate.parts[0])?;
        Ok(Box::new(Reader::open(file, files.limits())?))
    }

    /// Each byte of it is in an event: it can be written again.
    fn keeps_files(&self) -> bool {
        false
    }
}

impl<R: Read + Send> RecordingReader for Reader<R> {
    fn started_at(&self) -> Option<Timestamp> {
        self.header().timestamp
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        let start = sink.start();
        let (batch, max_events, max_bytes) = sink.parts();
        Ok(Self::read_batch(self, start, batch, max_events, max_bytes)?)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        let (header, facts) = (self.header(), self.facts());
        let variable = |name: &&str| header.env.get(*name).filter(|value| !value.is_empty());
        let from_env = |names: &[&str]| names.iter().find_map(variable).cloned();
        Ok(About {
            format: header.version.format(),
            header: header.text.clone(),
            contents: vec![ContentFacts {
                bytes: facts.bytes,
                sha256: facts.sha256,
            }],
            duration_us: facts.duration_us,
            columns: Some(header.columns),
            rows: Some(header.rows),
            idle_limit_us: header.idle_limit_us,
            user: from_env(&["USER", "LOGNAME"]),
            host: from_env(&["HOSTNAME"]),
            command: header.command.clone(),
            title: header.title.clone(),
            exit_status: facts.exit_status,
            ..About::default()
        })
    }
}
