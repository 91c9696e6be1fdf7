//! Reading a recording of any version, from its first byte to its last.

use std::io::Read;

use retrace_core::Timestamp;
use retrace_core::event::{CodeKept, EventBatch};
use serde::Deserialize;
use serde_json::error::Category;

use super::entry::{self, Entry, EntryContent, Scratch};
use super::error::{Problem, ReadError};
use super::header::{Fields, Header};
use super::lines::{Line, Lines};
use super::{Version, v1, v2, v3};
use crate::Limits;
use crate::container::Content;

/// How many entries of each kind a recording has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// `o`
    pub outputs: u64,
    /// `i`
    pub inputs: u64,
    /// `m`
    pub markers: u64,
    /// `r`
    pub resizes: u64,
    /// `x` with an exit status.
    pub exits: u64,
    /// Lines that begin with `#`.
    pub comments: u64,
    /// Entries of other codes.
    pub others: u64,
}

/// What is known of a recording once it is read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Size of the content, decompressed.
    pub bytes: u64,
    /// SHA-256 of the content, decompressed.
    pub sha256: [u8; 32],
    /// From the start to the last entry, in microseconds.
    pub duration_us: u64,
    /// The exit status, if the recording ends with one.
    pub exit_status: Option<i32>,
    /// How many entries there are.
    pub counts: Counts,
}

/// Reads a recording and gives its entries as events.
pub struct Reader<R: Read> {
    header: Header,
    lines: Lines<R>,
    /// The entries, when they do not stand in lines of their own.
    whole: Option<v1::Whole>,
    scratch: Scratch,
    literal: Vec<u8>,
    offset_us: u64,
    /// An exit status that is the last entry so far (comments may follow it), and when it was.
    exit: Option<(u64, i32)>,
    counts: Counts,
}

impl<R: Read> Reader<R> {
    /// Finds out how the file is compressed and which version it is, and reads its header.
    ///
    /// # Errors
    /// When it is no asciicast, or its header is not one.
    pub fn open(file: R, limits: &Limits) -> Result<Self, ReadError> {
        let mut lines = Lines::new(Content::open(file, limits)?, limits);
        let first = first_line(&mut lines)?;
        let (header, whole) = match probe(lines.bytes(&first)) {
            Ok(None) if first.cut => return Err(Problem::CutOff.at(lines.line())),
            Ok(None | Some(Version::V1)) => read_whole(&mut lines, &first, limits)?,
            Ok(Some(version)) => {
                let header = header_line(version, lines.bytes(&first), limits);
                (header.map_err(|problem| problem.at(lines.line()))?, None)
            }
            Err(problem) => return Err(problem.at(lines.line())),
        };
        Ok(Self {
            header,
            lines,
            whole,
            scratch: Scratch::default(),
            literal: Vec::new(),
            offset_us: 0,
            exit: None,
            counts: Counts::default(),
        })
    }

    /// What the recording says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Adds entries to `batch`, as events of a recording that began at `start`, until the batch
    /// has `max_events` or about `max_bytes`. Answers whether there may be more.
    ///
    /// # Errors
    /// When the rest of the recording cannot be read. What the batch got before is of no use then.
    pub fn read_batch(
        &mut self,
        start: Timestamp,
        batch: &mut EventBatch,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<bool, ReadError> {
        while batch.len() < max_events && batch.data_bytes() < max_bytes {
            if !self.read_entry(start, batch)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_entry(&mut self, start: Timestamp, batch: &mut EventBatch) -> Result<bool, ReadError> {
        let Some(whole) = &mut self.whole else {
            return self.read_line(start, batch);
        };
        let Some(entry) = whole.next(&mut self.literal) else {
            return Ok(false);
        };
        let line = whole.line();
        let pushed = entry.and_then(|entry| {
            self.offset_us = v1::offset(self.offset_us, entry.us)?;
            let mut pushing = Pushing {
                counts: &mut self.counts,
                exit: &mut self.exit,
                start,
                batch,
            };
            pushing.push(self.offset_us, entry.content()?)
        });
        pushed.map(|()| true).map_err(|problem| problem.at(line))
    }

    fn read_line(&mut self, start: Timestamp, batch: &mut EventBatch) -> Result<bool, ReadError> {
        let Some(line) = self.lines.next()? else {
            return Ok(false);
        };
        let number = self.lines.line();
        let bytes = self.lines.bytes(&line);
        let mut pushing = Pushing {
            counts: &mut self.counts,
            exit: &mut self.exit,
            start,
            batch,
        };
        let version = self.header.version;
        let result = match Kind::of(bytes, version) {
            Kind::Blank => Ok(()),
            Kind::Comment(text) => pushing.push(self.offset_us, EntryContent::Comment(text)),
            Kind::Entry => Entry::parse(bytes, &mut self.scratch, line.cut).and_then(|entry| {
                let offset = if version == Version::V3 {
                    v3::offset
                } else {
                    v2::offset
                };
                self.offset_us = offset(self.offset_us, entry.us)?;
                pushing.push(self.offset_us, entry.content()?)
            }),
        };
        result.map(|()| true).map_err(|problem| problem.at(number))
    }

    /// What is known of the recording once [`Self::read_batch`] has answered that there is no more.
    pub fn facts(&self) -> Facts {
        Facts {
            bytes: self.lines.content().bytes(),
            sha256: self.lines.content().sha256(),
            duration_us: self.offset_us,
            exit_status: self.exit.map(|(_, status)| status),
            counts: self.counts,
        }
    }
}

/// What a line is.
enum Kind {
    Blank,
    Comment(String),
    Entry,
}

impl Kind {
    fn of(line: &[u8], version: Version) -> Self {
        match line.first() {
            Some(b'[') => Self::Entry,
            Some(b'#') if version == Version::V3 => {
                v3::comment(line).map_or(Self::Entry, Self::Comment)
            }
            _ if line.trim_ascii().is_empty() => Self::Blank,
            _ => Self::Entry,
        }
    }
}

/// Where entries go.
struct Pushing<'a> {
    counts: &'a mut Counts,
    exit: &'a mut Option<(u64, i32)>,
    start: Timestamp,
    batch: &'a mut EventBatch,
}

impl Pushing<'_> {
    fn push(&mut self, offset_us: u64, content: EntryContent<'_>) -> Result<(), Problem> {
        let counts = &mut *self.counts;
        *match content {
            EntryContent::Output(_) => &mut counts.outputs,
            EntryContent::Input(_) => &mut counts.inputs,
            EntryContent::Marker(_) => &mut counts.markers,
            EntryContent::Resize(_) => &mut counts.resizes,
            EntryContent::Exit(_) => &mut counts.exits,
            EntryContent::Comment(_) => &mut counts.comments,
            EntryContent::Other(_) => &mut counts.others,
        } += 1;
        if !matches!(content, EntryContent::Comment(_)) {
            self.keep_earlier_exit()?;
        }
        if let EntryContent::Exit(status) = content {
            *self.exit = Some((offset_us, status));
            return Ok(());
        }
        Ok(entry::push(self.batch, self.at(offset_us), content)?)
    }

    /// An exit after which the recording goes on (a recorder appended to it) is not its end, but
    /// it is kept.
    fn keep_earlier_exit(&mut self) -> Result<(), Problem> {
        let Some((offset_us, status)) = self.exit.take() else {
            return Ok(());
        };
        let kept = CodeKept {
            code: "x".to_owned(),
            data: status.to_string(),
        };
        Ok(entry::push(
            self.batch,
            self.at(offset_us),
            EntryContent::Other(kept),
        )?)
    }

    fn at(&self, offset_us: u64) -> Timestamp {
        self.start.saturating_add_micros(offset_us.cast_signed())
    }
}

fn first_line<R: Read>(lines: &mut Lines<R>) -> Result<Line, ReadError> {
    while let Some(line) = lines.next()? {
        if !lines.bytes(&line).trim_ascii().is_empty() {
            return Ok(line);
        }
    }
    Err(Problem::missing("the header", "a JSON object with `version`").at(lines.line().max(1)))
}

/// The version that the first line names. `None` when it is the beginning of a longer object.
fn probe(line: &[u8]) -> Result<Option<Version>, Problem> {
    const EXPECTED: &str = "1, 2 or 3";
    #[derive(Deserialize)]
    struct Probe {
        version: Option<serde_json::Value>,
    }
    let is_object = line.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice::<Probe>(line) {
        Ok(_) if !is_object => Err(Problem::unexpected(
            "the header",
            line,
            "a JSON object with `version`",
        )),
        Ok(Probe { version: None }) => Err(Problem::missing("`version`", EXPECTED)),
        Ok(Probe {
            version: Some(version),
        }) => match version.as_u64().and_then(Version::of_number) {
            Some(known) => Ok(Some(known)),
            None => Err(Problem::unexpected(
                "`version`",
                version.to_string(),
                EXPECTED,
            )),
        },
        Err(error) if error.classify() == Category::Eof && is_object => Ok(None),
        Err(_) if !is_object => Err(Problem::unexpected(
            "the header",
            line,
            "a JSON object with `version`",
        )),
        Err(error) => Err(Problem::not_json(&error)),
    }
}

fn read_whole<R: Read>(
    lines: &mut Lines<R>,
    first: &Line,
    limits: &Limits,
) -> Result<(Header, Option<v1::Whole>), ReadError> {
    let first_line = lines.line();
    let text = lines.rest_from(first, limits.max_whole_bytes)?;
    let (header, whole) = v1::Whole::parse(text, first_line, limits)?;
    Ok((header, Some(whole)))
}

fn header_line(version: Version, line: &[u8], limits: &Limits) -> Result<Header, Problem> {
    if line.len() > limits.max_header_bytes {
        return Err(Problem::TooLong {
            what: "header",
            limit: limits.max_header_bytes,
        });
    }
    let fields: Fields = serde_json::from_slice(line).map_err(|e| Problem::not_json(&e))?;
    Header::read(version, &fields, String::from_utf8_lossy(line).into_owned())
}
