//! Reading a typescript by its timing.

use retrace_core::Timestamp;
use retrace_core::event::CodeKept;

use super::header::{Footer, Header, begins, time};
use super::timing::{MAX_LINE, Record, What};
use crate::Limits;
use crate::asciicast::decimal::MAX_US;
use crate::import::{About, FormatError, Input, Problems, RecordingReader, Sink};
use crate::shown::shown;
use crate::terminal::{Size, Stream};

/// The most bytes of a first line.
const MAX_HEADER: usize = 64 << 10;

/// The files of a recording, opened.
#[derive(Default)]
pub struct Streams {
    /// What was written, or both.
    pub output: Option<Input>,
    /// What was typed, where that has a file of its own.
    pub input: Option<Input>,
    /// What was typed stands in `output`.
    pub together: bool,
    /// When what happened.
    pub timing: Option<Input>,
}

/// Reads a typescript.
pub struct Reader {
    streams: Streams,
    header: Header,
    header_text: String,
    max_header_bytes: usize,
    exit_status: Option<i32>,
    footer: Footer,
    /// A line of the timing that was read and not yet taken.
    line: Option<Vec<u8>>,
    spare: Vec<u8>,
    offset_us: u64,
    /// What the timing told of and was not given yet.
    left: Option<(Side, u64)>,
    written: Stream,
    typed: Stream,
    /// Bytes that the timing told of and that are not there, by side.
    missing: [u64; 2],
    stage: Stage,
    /// The side whose rest was told of last.
    told_of: Option<Side>,
    problems: Problems,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Written,
    Typed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    ByTiming,
    /// What the timing did not tell of.
    Rest(Side),
    Ended,
}

impl Reader {
    /// Reads the headers.
    ///
    /// # Errors
    /// When there is nothing to read.
    pub fn open(mut streams: Streams, limits: &Limits) -> Result<Self, FormatError> {
        let mut line = Vec::new();
        let mut header = Header::default();
        let mut header_text = String::new();
        let mut empty = true;
        for input in [&mut streams.output, &mut streams.input]
            .into_iter()
            .flatten()
        {
            // A file without line ends has no header, or a part of one.
            let beginning = input.peek(MAX_HEADER)?;
            empty &= beginning.is_empty();
            if memchr::memchr(b'\n', beginning).is_some() || begins(beginning) {
                input.read_line(&mut line, MAX_HEADER)?;
                if header_text.is_empty() {
                    header = Header::read(&line);
                    let text = &line[..line.len().min(limits.max_header_bytes)];
                    header_text = String::from_utf8_lossy(text).into_owned();
                }
            }
        }
        if empty {
            let input = streams.output.as_mut().or(streams.input.as_mut());
            return Err(input.map_or_else(
                || FormatError::Whole("a timing without a typescript".to_owned()),
                |input| input.ends("a typescript"),
            ));
        }
        let mut reader = Self {
            streams,
            header,
            header_text,
            max_header_bytes: limits.max_header_bytes,
            exit_status: None,
            footer: Footer::default(),
            line: None,
            spare: line,
            offset_us: 0,
            left: None,
            written: Stream::written(),
            typed: Stream::typed(),
            missing: [0; 2],
            stage: Stage::ByTiming,
            told_of: None,
            problems: Problems::default(),
        };
        reader.read_first_facts()?;
        let (columns, rows) = (reader.header.columns, reader.header.rows);
        if reader.size_told(columns, rows).is_none() {
            reader.written = Stream::written_finding_size();
        }
        Ok(reader)
    }

    fn size_told(&self, columns: Option<u32>, rows: Option<u32>) -> Option<Size> {
        Size::new(columns?, rows?)
    }

    /// What the first lines of the timing tell must be known before anything is read.
    fn read_first_facts(&mut self) -> Result<(), FormatError> {
        while let Some(line) = self.next_line()? {
            match Record::read(&line).map(|record| record.what) {
                Some(What::Fact { name, value }) => {
                    self.learn(name, value);
                    self.header_line(&line);
                    self.spare = line;
                }
                _ => {
                    self.line = Some(line);
                    break;
                }
            }
        }
        Ok(())
    }

    fn header_line(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if self.header_text.len() + line.len() < self.max_header_bytes {
            self.header_text.push('\n');
            self.header_text.push_str(&line);
        }
    }

    fn learn(&mut self, name: &str, value: &str) {
        match name {
            "START_TIME" => self.header.started_at = time(value).or(self.header.started_at),
            "COLUMNS" => self.header.columns = value.parse().ok().or(self.header.columns),
            "LINES" => self.header.rows = value.parse().ok().or(self.header.rows),
            "COMMAND" => self.header.command = Some(value.to_owned()),
            "EXIT_CODE" => self.exit_status = value.parse().ok(),
            _ => {}
        }
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, FormatError> {
        if let Some(line) = self.line.take() {
            return Ok(Some(line));
        }
        let Some(timing) = &mut self.streams.timing else {
            return Ok(None);
        };
        let mut line = std::mem::take(&mut self.spare);
        Ok(timing.read_line(&mut line, MAX_LINE)?.then_some(line))
    }

    fn read_next(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        if let Some((side, left)) = self.left.take() {
            return self.read_bytes(sink, side, left);
        }
        match self.stage {
            Stage::ByTiming => self.read_line(sink),
            Stage::Rest(side) => self.read_rest(sink, side),
            Stage::Ended => Ok(false),
        }
    }

    fn read_line(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        let Some(line) = self.next_line()? else {
            self.stage = Stage::Rest(Side::Written);
            return self.timing_ended(sink);
        };
        let record = Record::read(&line);
        let record = record.filter(|record| record.delay_us <= MAX_US - self.offset_us);
        match record {
            None if line.trim_ascii().is_empty() => {}
            None => {
                let found: String = String::from_utf8_lossy(&line).chars().take(60).collect();
                let number = self.streams.timing.as_ref().map_or(0, Input::line);
                let reason = format!("line {number} of the timing is {:?}", shown(&found));
                let reason = format!("{reason}, expected a delay and a number of bytes");
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
            Some(Record { delay_us, what }) => {
                self.offset_us += delay_us;
                match what {
                    What::Written(count) => self.left = Some((Side::Written, count)),
                    What::Typed(count) => self.left = Some((Side::Typed, count)),
                    What::Resized(size) => sink.push(self.offset_us, size)?,
                    What::Signal(signal) => {
                        let (code, data) = ("S".to_owned(), signal.to_owned());
                        if data.len() <= self.max_header_bytes {
                            sink.push(self.offset_us, CodeKept { code, data })?;
                        }
                    }
                    What::Fact { name, value } => self.learn(name, value),
                }
            }
        }
        self.spare = line;
        Ok(true)
    }

    fn read_bytes(
        &mut self,
        sink: &mut Sink<'_>,
        side: Side,
        left: u64,
    ) -> Result<bool, FormatError> {
        let (stream, input) = match side {
            Side::Written => (&mut self.written, &mut self.streams.output),
            Side::Typed if self.streams.together => (&mut self.typed, &mut self.streams.output),
            Side::Typed => (&mut self.typed, &mut self.streams.input),
        };
        let taken = match input {
            Some(input) => stream.take(input, sink, self.offset_us, left)?,
            None => 0,
        };
        if taken == 0 {
            let missing = &mut self.missing[side as usize];
            *missing = missing.saturating_add(left);
        } else if taken < left {
            self.left = Some((side, left - taken));
        }
        Ok(true)
    }

    /// Everything that the timing tells of was given.
    fn timing_ended(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        if self.streams.timing.is_none() {
            let reason = "there is no timing: all that was written has the time of the start";
            sink.degraded(&mut self.problems, self.offset_us, reason.to_owned())?;
        }
        for (missing, what) in self.missing.into_iter().zip(["written", "typed"]) {
            if missing > 0 {
                let reason =
                    format!("the timing tells of {missing} more {what} bytes than there are");
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
        }
        Ok(true)
    }

    /// What is left is the footer, or was recorded without its time.
    fn read_rest(&mut self, sink: &mut Sink<'_>, side: Side) -> Result<bool, FormatError> {
        const PIECE: usize = 32 << 10;
        let says = side == Side::Written || self.streams.output.is_none();
        let (stream, input) = match side {
            Side::Written => (&mut self.written, &mut self.streams.output),
            Side::Typed => (&mut self.typed, &mut self.streams.input),
        };
        let (rest, is_all) = match input {
            Some(input) => {
                let rest = input.peek(PIECE + Footer::BYTES)?;
                (rest, rest.len() < PIECE + Footer::BYTES)
            }
            None => (&[][..], true),
        };
        let footer_from = rest.len().saturating_sub(Footer::BYTES);
        let mut count = PIECE.min(rest.len());
        if is_all {
            count = rest.len();
            if let Some((begin, footer)) = Footer::find(&rest[footer_from..]) {
                count = footer_from + begin;
                if says {
                    self.footer = footer;
                }
            }
        }
        // What the recorder left out of the timing, a line end, is no finding.
        if rest[..count].trim_ascii().is_empty() && is_all {
            count = 0;
        }
        if count > 0 {
            if self.streams.timing.is_some() && self.told_of != Some(side) {
                self.told_of = Some(side);
                let name = if side == Side::Written {
                    "written"
                } else {
                    "typed"
                };
                let reason = format!("the timing does not tell of what was {name} at the end");
                sink.degraded(&mut self.problems, self.offset_us, reason)?;
            }
            stream.push(sink, self.offset_us, &rest[..count], false)?;
        }
        if !is_all {
            if let Some(input) = input {
                input.skip(count);
            }
            return Ok(true);
        }
        stream.finish(sink, self.offset_us)?;
        if let Some(input) = input {
            input.read_to_end()?;
            sink.ended(&mut self.problems, self.offset_us, input)?;
        }
        self.stage = match side {
            Side::Written => Stage::Rest(Side::Typed),
            Side::Typed => Stage::Ended,
        };
        if let (Stage::Ended, Some(timing)) = (self.stage, &self.streams.timing) {
            sink.ended(&mut self.problems, self.offset_us, timing)?;
        }
        Ok(self.stage != Stage::Ended)
    }

    /// Without a timing, from the header to the footer.
    fn duration_us(&self) -> u64 {
        let told = match (self.header.started_at, self.footer.done_at) {
            (Some(start), Some(end)) if self.streams.timing.is_none() => end.micros_since(start),
            _ => 0,
        };
        u64::try_from(told)
            .unwrap_or(0)
            .min(MAX_US)
            .max(self.offset_us)
    }
}

impl RecordingReader for Reader {
    fn started_at(&self) -> Option<Timestamp> {
        self.header.started_at
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
        let Streams {
            output,
            input,
            timing,
            ..
        } = &mut self.streams;
        for input in [output, input, timing].into_iter().flatten() {
            input.read_to_end()?;
            contents.push(input.facts());
        }
        let told = self.size_told(self.header.columns, self.header.rows);
        let size = told.or_else(|| self.written.size());
        Ok(About {
            format: "typescript",
            header: self.header_text.clone(),
            contents,
            duration_us: self.duration_us(),
            columns: size.map(|size| size.columns),
            rows: size.map(|size| size.rows),
            command: self.header.command.clone(),
            exit_status: self.exit_status.or(self.footer.exit_status),
            problems: self.problems.clone(),
            ..About::default()
        })
    }
}
