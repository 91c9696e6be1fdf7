//! Reading a folder of screenshots, picture by picture.

use retrace_core::Timestamp;
use retrace_core::event::{FramesCaptured, GapDetected};

use super::names::time_at_end;
use super::picture::Picture;
use crate::import::{About, Candidate, Files, FormatError, Part, RecordingReader, Sink};
use crate::video::names::numbered;

/// Reads the pictures in the order of their parts.
pub(super) struct PicturesReader {
    files: Files,
    parts: Vec<Part>,
    /// When each was taken, in microseconds after the first.
    at_us: Vec<u64>,
    started_at: Option<Timestamp>,
    next: usize,
    good: u64,
    first_problem: Option<String>,
    about: About,
}

impl PicturesReader {
    pub(super) fn open(candidate: &Candidate, files: &Files) -> Self {
        let parts = candidate.parts.clone();
        let taken = |part: &Part| Some(time_at_end(part.name.rsplit_once('.')?.0)?.1);
        let started_at = parts.first().and_then(taken);
        let first = parts.first().map_or(0, number);
        let interval_us = files.picture_interval_us();
        let at_us = |part: &Part| match (started_at, taken(part)) {
            (Some(start), Some(at)) => u64::try_from(at.micros_since(start)).unwrap_or(0),
            _ => number(part)
                .saturating_sub(first)
                .saturating_mul(interval_us),
        };
        Self {
            at_us: parts.iter().map(at_us).collect(),
            files: files.clone(),
            parts,
            started_at,
            next: 0,
            good: 0,
            first_problem: None,
            about: About {
                format: "screenshots",
                protocol: Some("desktop".to_owned()),
                title: candidate.title(),
                ..About::default()
            },
        }
    }

    /// Tells of numbers that are missing before the picture with this index.
    fn missing(&mut self, index: usize, sink: &mut Sink<'_>) -> Result<(), FormatError> {
        let Some(before) = index.checked_sub(1).filter(|_| self.started_at.is_none()) else {
            return Ok(());
        };
        let (a, b) = (number(&self.parts[before]), number(&self.parts[index]));
        let reason = match b.saturating_sub(a) {
            0 | 1 => return Ok(()),
            2 => format!("picture {} is missing", a + 1),
            _ => format!("pictures {} to {} are missing", a + 1, b - 1),
        };
        self.about.problems.note(reason.clone());
        let (from_us, to_us) = (self.at_us[before], self.at_us[index]);
        let gap = GapDetected {
            channel: "frames".to_owned(),
            from: sink.at(from_us),
            reason,
            to: sink.at(to_us),
        };
        Ok(sink.push(to_us, gap)?)
    }

    fn picture(&mut self, index: usize, sink: &mut Sink<'_>) -> Result<(), FormatError> {
        let (part, at_us) = (&self.parts[index], self.at_us[index]);
        let picture = Picture::read(&mut self.files.open(part)?.named(&part.name))?;
        self.about.contents.push(picture.content);
        let header = match picture.header {
            Ok(header) => header,
            Err(problem) => {
                let reason = format!("`{}` is passed over: {problem}", part.name);
                self.first_problem.get_or_insert_with(|| reason.clone());
                return Ok(sink.degraded(&mut self.about.problems, at_us, reason)?);
            }
        };
        if picture.is_cut {
            let reason = format!("`{}` is cut off", part.name);
            sink.degraded(&mut self.about.problems, at_us, reason)?;
        }
        let blob = sink.blob_known(picture.content, || self.files.open(part))?;
        self.good += 1;
        let captured = FramesCaptured {
            blob: blob.to_string(),
            bytes: picture.content.bytes,
            changed_permille: Vec::new(),
            codec: None,
            first_at: sink.at(at_us),
            frame_count: 1,
            height: Some(header.height),
            last_at: sink.at(at_us),
            media_type: header.media_type.to_owned(),
            width: Some(header.width),
        };
        Ok(sink.push(at_us, captured)?)
    }
}

fn number(part: &Part) -> u64 {
    numbered(&part.name).map_or(0, |(_, number, _)| number)
}

impl RecordingReader for PicturesReader {
    fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            let index = self.next;
            if index == self.parts.len() {
                return Ok(false);
            }
            self.missing(index, sink)?;
            self.picture(index, sink)?;
            self.next += 1;
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        if self.good == 0 {
            let problem = self.first_problem.take().unwrap_or_default();
            return Err(FormatError::Whole(format!(
                "no file of it is a picture: {problem}"
            )));
        }
        self.about.duration_us = self.at_us.last().copied().unwrap_or(0);
        Ok(self.about.clone())
    }
}
