//! Reading an I/O log by its timing.

use retrace_core::Timestamp;
use retrace_core::event::CodeKept;

use super::facts::Facts;
use super::timing::{MAX_LINE, Record, STREAMS, What};
use crate::Limits;
use crate::asciicast::decimal::MAX_US;
use crate::import::{About, FormatError, Input, Problems, RecordingReader, Sink};
use crate::shown::shown;
use crate::terminal::Stream;

/// The files of a log with their names.
pub type Opened = Vec<(&'static str, Input)>;

/// Reads an I/O log of sudo.
pub struct Reader {
    files: Opened,
    facts: Facts,
    header: String,
    line: Vec<u8>,
    offset_us: u64,
    /// What the timing told of and was not given yet: which stream, how many bytes.
    left: Option<(usize, u64)>,
    streams: [Stream; STREAMS.len()],
    /// Bytes that the timing told of and that are not there.
    missing: [u64; STREAMS.len()],
    stage: Stage,
    /// The stream whose rest was told of last.
    told_of: Option<usize>,
    problems: Problems,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    ByTiming,
    /// What the timing did not tell of.
    Rest(usize),
    Ended,
}

impl Reader {
    /// Reads who ran what.
    ///
    /// # Errors
    /// When neither `log` nor `log.json` tells.
    pub fn open(mut files: Opened, limits: &Limits) -> Result<Self, FormatError> {
        let (mut of_json, mut of_lines, mut header) = (None, None, String::new());
        for (name, input) in &mut files {
            if !matches!(*name, "log" | "log.json") {
                continue;
            }
            let text = input.peek(limits.max_header_bytes)?;
            if *name == "log" {
                of_lines = Facts::of_lines(text);
            } else {
                of_json = Facts::of_json(text);
            }
            if *name == "log.json" && of_json.is_some() || header.is_empty() {
                header = String::from_utf8_lossy(text).into_owned();
            }
        }
        let facts = match (of_json, of_lines) {
            (Some(json), Some(lines)) => json.or(lines),
            (Some(facts), None) | (None, Some(facts)) => facts,
            (None, None) => {
                let reason = "neither `log` nor `log.json` tells who ran what";
                return Err(FormatError::Whole(reason.to_owned()));
            }
        };
        let output = match facts.size {
            Some(_) => Stream::written(),
            None => Stream::written_finding_size(),
        };
        Ok(Self {
            files,
            facts,
            header,
            line: Vec::new(),
            offset_us: 0,
            left: None,
            streams: [
                Stream::fed(),
                Stream::piped(),
                Stream::piped(),
                Stream::typed(),
                output,
            ],
            missing: [0; STREAMS.len()],
            stage: Stage::ByTiming,
            told_of: None,
            problems: Problems::default(),
        })
    }

    fn file<'a>(files: &'a mut Opened, name: &str) -> Option<&'a mut Input> {
        let mut found = files.iter_mut().filter(|(known, _)| *known == name);
        found.next().map(|(_, input)| input)
    }

    fn read_next(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        if let Some((stream, left)) = self.left.take() {
            return self.read_bytes(sink, stream, left);
        }
        match self.stage {
            Stage::ByTiming => self.read_line(sink),
            Stage::Rest(stream) => self.read_rest(sink, stream),
            Stage::Ended => Ok(false),
        }
    }

    fn read_line(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        let mut line = std::mem::take(&mut self.line);
        let timing = Self::file(&mut self.files, "timing");
        let (more, number) = match timing {
            Some(timing) => (timing.read_line(&mut line, MAX_LINE)?, timing.line()),
            None => (false, 0),
        };
        if !more {
            return self.timing_ended(sink);
        }
        let record = Record::read(&line);
        match record.filter(|record| record.delay_us <= MAX_US - self.offset_us) {
            None if line.trim_ascii().is_empty() => {}
            None => {
                let found: String = String::from_utf8_lossy(&line).chars().take(60).collect();
                let reason = format!(
                    "line {number} of `timing` is {:?}, expected a type, a delay and a number",
                    shown(&found)
                );
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
            Some(Record { delay_us, what }) => {
                self.offset_us += delay_us;
                match what {
                    What::Bytes { stream, count } => self.left = Some((stream, count)),
                    What::Resized(size) => sink.push(self.offset_us, size)?,
                    What::Suspended(signal) => {
                        let (code, data) = ("7".to_owned(), signal.to_owned());
                        sink.push(self.offset_us, CodeKept { code, data })?;
                    }
                }
            }
        }
        self.line = line;
        Ok(true)
    }

    fn read_bytes(
        &mut self,
        sink: &mut Sink<'_>,
        stream: usize,
        left: u64,
    ) -> Result<bool, FormatError> {
        let taken = match Self::file(&mut self.files, STREAMS[stream]) {
            Some(input) => self.streams[stream].take(input, sink, self.offset_us, left)?,
            None => 0,
        };
        if taken == 0 {
            self.missing[stream] = self.missing[stream].saturating_add(left);
        } else if taken < left {
            self.left = Some((stream, left - taken));
        }
        Ok(true)
    }

    fn timing_ended(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        self.stage = Stage::Rest(0);
        for (missing, name) in self.missing.into_iter().zip(STREAMS) {
            if missing > 0 {
                let reason =
                    format!("`timing` tells of {missing} more bytes of `{name}` than there are");
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
        }
        for (name, input) in &mut self.files {
            // Those of the streams are told with what is left of them.
            if !STREAMS.contains(name) {
                input.read_to_end()?;
                sink.ended(&mut self.problems, self.offset_us, input)?;
            }
        }
        Ok(true)
    }

    /// What is left of a stream was recorded, and its time was not.
    fn read_rest(&mut self, sink: &mut Sink<'_>, stream: usize) -> Result<bool, FormatError> {
        if let Some(input) = Self::file(&mut self.files, STREAMS[stream]) {
            let count = input.peek(32 << 10)?.len() as u64;
            if count > 0 {
                if self.told_of != Some(stream) {
                    self.told_of = Some(stream);
                    let name = STREAMS[stream];
                    let reason = format!("`timing` does not tell of the end of `{name}`");
                    sink.degraded(&mut self.problems, self.offset_us, reason)?;
                }
                self.left = Some((stream, count));
                return Ok(true);
            }
            sink.ended(&mut self.problems, self.offset_us, input)?;
        }
        self.streams[stream].finish(sink, self.offset_us)?;
        self.stage = match stream + 1 {
            next if next < STREAMS.len() => Stage::Rest(next),
            _ => Stage::Ended,
        };
        Ok(self.stage != Stage::Ended)
    }
}

impl RecordingReader for Reader {
    fn started_at(&self) -> Option<Timestamp> {
        self.facts.started_at
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            if !self.read_next(sink)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        let mut contents = Vec::new();
        for (_, input) in &mut self.files {
            input.read_to_end()?;
            contents.push(input.facts());
        }
        let size = self.facts.size.or_else(|| self.streams[4].size());
        Ok(About {
            format: "sudo-iolog",
            header: self.header.clone(),
            contents,
            duration_us: self.offset_us,
            columns: size.map(|size| size.columns),
            rows: size.map(|size| size.rows),
            user: self.facts.user.clone(),
            host: self.facts.host.clone(),
            command: self.facts.command.clone(),
            target: self.facts.run_as.clone(),
            exit_status: self.facts.exit_status,
            problems: self.problems.clone(),
            ..About::default()
        })
    }
}
