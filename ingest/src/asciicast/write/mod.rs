//! Writing a session as asciicast, version 2 or 3.
//!
//! [`Writer`] takes the events of a session in order and promises that reading what it wrote gives
//! the same entries again: same times, same types, same data. Output that was cut into several
//! events is one entry again. What the format has no place for (processes, windows, who viewed the
//! session, comments in version 2) is left out and counted.

mod header;

use std::io::{self, Write};

use retrace_core::Timestamp;
use retrace_core::event::{
    CodeKept, Event, EventType, RecordingCommented, SessionEnded, SessionLaunched, SourceAttached,
    TerminalResized,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Version;

/// Why a recording could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The version is only read.
    #[error("asciicast-v1 is not written: expected asciicast-v2 or asciicast-v3")]
    NotWritten,
    /// The data of an event is not of its type's shape.
    #[error("the data of a `{kind}` is not of its shape: {reason}")]
    Damaged {
        /// The type of the event.
        kind: EventType,
        /// What is wrong with its data.
        reason: serde_json::Error,
    },
    /// The output does not take more.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// Writes the events of one session as a recording.
pub struct Writer<W: Write> {
    out: W,
    version: Version,
    launched: Option<(Timestamp, SessionLaunched)>,
    attached: Option<(Timestamp, SourceAttached)>,
    /// When the recording began; known once the header is written.
    start: Option<Timestamp>,
    /// The time of the entry written last, from the start.
    offset_us: i64,
    /// An output entry is written up to the middle of its text.
    open: bool,
    skipped: u64,
}

/// Data that is a text, perhaps to be continued. The text stays the literal that it is.
#[derive(Deserialize)]
struct Text<'a> {
    #[serde(default)]
    continued: bool,
    #[serde(borrow, alias = "label")]
    text: &'a RawValue,
}

impl<W: Write> Writer<W> {
    /// A recording that is to be written to `out`.
    ///
    /// # Errors
    /// When the version is only read.
    pub fn new(out: W, version: Version) -> Result<Self, WriteError> {
        if version == Version::V1 {
            return Err(WriteError::NotWritten);
        }
        Ok(Self {
            out,
            version,
            launched: None,
            attached: None,
            start: None,
            offset_us: 0,
            open: false,
            skipped: 0,
        })
    }

    /// Writes an event of the session. The events come in the order of the log.
    ///
    /// # Errors
    /// When the event's data is damaged, or the output does not take more.
    pub fn write_event(&mut self, event: &Event) -> Result<(), WriteError> {
        self.write(event.at(), event.kind(), event.data())
    }

    /// Writes an event that is not in a log: when it happened, its type, its data as JSON.
    ///
    /// # Errors
    /// As for [`Self::write_event`].
    pub fn write(
        &mut self,
        at: Timestamp,
        kind: &EventType,
        data: &[u8],
    ) -> Result<(), WriteError> {
        if self.open && *kind != EventType::TERMINAL_WRITTEN {
            self.close()?;
        }
        match kind.as_str() {
            "session.launched" if self.launched.is_none() => {
                self.launched = Some((at, parse(kind, data)?));
            }
            "session.source_attached" if self.attached.is_none() => {
                self.attached = Some((at, parse(kind, data)?));
            }
            "terminal.written" => self.output(at, &parse(kind, data)?)?,
            "keys.typed" => self.entry(at, "i", parse::<Text>(kind, data)?.text.get())?,
            "marker.set" => self.entry(at, "m", parse::<Text>(kind, data)?.text.get())?,
            "terminal.resized" => {
                let TerminalResized { columns, rows } = parse(kind, data)?;
                self.entry(at, "r", &format!("\"{columns}x{rows}\""))?;
            }
            "recording.code_kept" => {
                let CodeKept { code, data } = parse(kind, data)?;
                self.entry(at, &code, &literal(&data))?;
            }
            "recording.commented" if self.version == Version::V3 => {
                self.begin(at)?;
                let RecordingCommented { text } = parse(kind, data)?;
                for line in text.split('\n') {
                    writeln!(self.out, "#{line}")?;
                }
            }
            "session.ended" => {
                let SessionEnded { exit_status, .. } = parse(kind, data)?;
                if let Some(status) = exit_status {
                    self.entry(at, "x", &format!("\"{status}\""))?;
                }
            }
            _ => self.skipped += 1,
        }
        Ok(())
    }

    /// How many events had no place in the format so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Writes what is left to be written. A session without entries is a header alone.
    ///
    /// # Errors
    /// When the output does not take more.
    pub fn finish(mut self) -> Result<W, WriteError> {
        self.close()?;
        // Without launch and source there is nothing that began at any time.
        self.begin(Timestamp::now())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn output(&mut self, at: Timestamp, written: &Text<'_>) -> Result<(), WriteError> {
        let literal = written.text.get();
        if !self.open {
            self.begin_entry(at, "o")?;
            self.out.write_all(b"\"")?;
        }
        let inside = literal
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        self.out.write_all(inside.unwrap_or_default().as_bytes())?;
        self.open = true;
        if !written.continued {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), WriteError> {
        if self.open {
            self.out.write_all(b"\"]\n")?;
            self.open = false;
        }
        Ok(())
    }

    fn entry(&mut self, at: Timestamp, code: &str, literal: &str) -> Result<(), WriteError> {
        self.begin_entry(at, code)?;
        writeln!(self.out, "{literal}]")?;
        Ok(())
    }

    fn begin_entry(&mut self, at: Timestamp, code: &str) -> Result<(), WriteError> {
        let start = self.begin(at)?;
        // A clock that was set back, or a second source with a clock of its own: the format has no
        // way to say it, so the entry stands as early as it can.
        let offset_us = at.micros_since(start).max(self.offset_us);
        let time_us = match self.version {
            Version::V3 => offset_us - self.offset_us,
            Version::V1 | Version::V2 => offset_us,
        };
        self.offset_us = offset_us;
        let (seconds, us) = (time_us / 1_000_000, time_us % 1_000_000);
        let fraction = format!("{us:06}");
        // As the recorders write it, so that a recording of theirs comes out as it came in: version
        // 2 without zeros at the end, version 3 in milliseconds where nothing is lost by that.
        let digits = match self.version {
            Version::V3 if us % 1_000 == 0 => 3,
            Version::V3 => 6,
            Version::V1 | Version::V2 => fraction.trim_end_matches('0').len().max(1),
        };
        write!(
            self.out,
            "[{seconds}.{}, {}, ",
            &fraction[..digits],
            literal(code)
        )?;
        Ok(())
    }

    /// Writes the header before the first entry, and answers when the recording began.
    fn begin(&mut self, first: Timestamp) -> Result<Timestamp, WriteError> {
        if let Some(start) = self.start {
            return Ok(start);
        }
        let (launched, attached) = (self.launched.as_ref(), self.attached.as_ref());
        // The launch, so that times are those of the session: a source attaches some time later.
        let start = match (launched, attached) {
            (Some((at, _)), _) | (None, Some((at, _))) => *at,
            (None, None) => first,
        };
        let header = header::text(
            self.version,
            start,
            launched.map(|(_, launched)| launched),
            attached.map(|(_, attached)| attached),
        );
        writeln!(self.out, "{header}")?;
        self.start = Some(start);
        Ok(start)
    }
}

fn parse<'a, T: Deserialize<'a>>(kind: &EventType, data: &'a [u8]) -> Result<T, WriteError> {
    serde_json::from_slice(data).map_err(|reason| WriteError::Damaged {
        kind: kind.clone(),
        reason,
    })
}

fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
