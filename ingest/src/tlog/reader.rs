//! Reading one recording of a file.

use std::io::{self, Read};

use retrace_core::Timestamp;
use retrace_core::event::TerminalResized;
use sha2::{Digest, Sha256};

use super::message::{Message, recording_of};
use super::source::{Source, Text};
use super::timing::{self, What};
use crate::asciicast::decimal::MAX_US;
use crate::import::{About, ContentFacts, FormatError, Problems, RecordingReader, Sink};
use crate::terminal::{Size, Stream};

/// Reads the messages of one recording.
pub struct Reader {
    source: Source,
    /// Which recording of the file.
    recording: String,
    started_at: Option<Timestamp>,
    user: String,
    host: String,
    common: String,
    /// The message that was read first, to know all this.
    first: Option<(Text, Message)>,
    next_id: u64,
    /// A message could not be read: why, and since when.
    passed_over: Option<(String, u64)>,
    offset_us: u64,
    first_size: Option<Size>,
    size: Option<Size>,
    written: Stream,
    typed: Stream,
    digest: Sha256,
    bytes: u64,
    ended: bool,
    problems: Problems,
}

impl Reader {
    /// Looks for the first message of a recording, or, without a name, of the first recording.
    ///
    /// # Errors
    /// When there is none that can be read.
    pub fn open(mut source: Source, recording: Option<&str>) -> Result<Self, FormatError> {
        let mut digest = Sha256::new();
        let (mut bytes, mut unread) = (0, None);
        let (text, message) = loop {
            let Some(text) = source.next()? else {
                let reason = unread.unwrap_or_else(|| "it holds no message of tlog".to_owned());
                return Err(FormatError::Whole(reason));
            };
            match Message::read(&text.json) {
                Ok(message) if recording.is_none_or(|id| message.recording() == id) => {
                    break (text, message);
                }
                Ok(_) => {}
                Err(reason) => {
                    let named = || recording.is_some_and(|id| belongs_to(&text.json, id));
                    if source.is_of_one() || named() {
                        bytes += hash(&mut digest, &text.json);
                        let begins = text.begins;
                        unread.get_or_insert_with(|| passed_over(begins, &reason));
                    }
                }
            }
        };
        Ok(Self {
            source,
            recording: message.recording(),
            started_at: started_at(&message, text.logged_at),
            user: message.user.clone(),
            host: message.host.clone(),
            common: message.common(),
            first: Some((text, message)),
            next_id: 1,
            passed_over: unread.map(|reason| (reason, 0)),
            offset_us: 0,
            first_size: None,
            size: None,
            written: Stream::written(),
            typed: Stream::typed(),
            digest,
            bytes,
            ended: false,
            problems: Problems::default(),
        })
    }

    /// Which recording it is.
    pub(super) fn recording(&self) -> &str {
        &self.recording
    }

    fn read_message(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        if self.ended {
            return Ok(false);
        }
        let (text, message) = match self.first.take() {
            Some((text, message)) => (text, Ok(message)),
            None => {
                let Some(text) = self.source.next()? else {
                    self.end(sink)?;
                    return Ok(false);
                };
                let message = Message::read(&text.json);
                (text, message)
            }
        };
        let named = match &message {
            Ok(message) => message.recording() == self.recording,
            Err(_) => self.source.is_of_one() || belongs_to(&text.json, &self.recording),
        };
        if !named {
            return Ok(true);
        }
        self.bytes += hash(&mut self.digest, &text.json);
        let begins = text.begins;
        let message = match message {
            Ok(message) => message,
            Err(reason) => {
                self.pass_over(passed_over(begins, &reason));
                return Ok(true);
            }
        };
        if message.id < self.next_id {
            let reason = format!(
                "message {} at byte {begins} comes after message {} and is passed over",
                message.id,
                self.next_id - 1
            );
            sink.degraded(&mut self.problems, self.offset_us, reason)?;
            return Ok(true);
        }
        let cut = match timing::cut(&message) {
            Ok(cut) if cut.span_us <= MAX_US - message.pos_us => cut,
            Ok(_) => {
                self.pass_over(too_long(message.id, begins));
                return Ok(true);
            }
            Err(reason) => {
                let id = message.id;
                self.pass_over(format!(
                    "message {id} at byte {begins} is passed over: {reason}"
                ));
                return Ok(true);
            }
        };
        let begin_us = message.pos_us.max(self.offset_us);
        self.tell_gap(sink, message.id, begin_us)?;
        self.next_id = message.id.saturating_add(1);
        for piece in &cut.pieces {
            self.offset_us = begin_us.max(message.pos_us.saturating_add(piece.after_us));
            match piece.what {
                What::Written(bytes) => self.written.push(sink, self.offset_us, bytes, false)?,
                What::Typed(bytes) => self.typed.push(sink, self.offset_us, bytes, false)?,
                What::Size(size) => self.resize(sink, size)?,
            }
        }
        self.offset_us = begin_us.max(message.pos_us.saturating_add(cut.span_us));
        if cut.left_over {
            let reason = format!(
                "message {} at byte {begins} has more text than its timing tells of",
                message.id
            );
            sink.degraded(&mut self.problems, self.offset_us, reason)?;
        }
        Ok(true)
    }

    /// A message of ours cannot be read: there is a gap up to the next one.
    fn pass_over(&mut self, reason: String) {
        // One reason says enough, and however many messages there are, it stays short.
        let from_us = self.offset_us;
        self.passed_over.get_or_insert((reason, from_us));
    }

    /// Tells of what is missing before the message `id`.
    fn tell_gap(&mut self, sink: &mut Sink<'_>, id: u64, to_us: u64) -> Result<(), FormatError> {
        let missing = match id - self.next_id {
            0 => None,
            1 => Some(format!("message {} is missing", self.next_id)),
            _ => Some(format!(
                "messages {} to {} are missing",
                self.next_id,
                id - 1
            )),
        };
        let passed_over = self.passed_over.take();
        let from_us = passed_over
            .as_ref()
            .map_or(self.offset_us, |(_, from_us)| *from_us);
        // Where one message was passed over, it is the one that is missing.
        let reason = match (passed_over, missing) {
            (Some((reason, _)), _) => Some(reason),
            (None, missing) => missing,
        };
        if let Some(reason) = reason {
            sink.gap(&mut self.problems, from_us, to_us, reason)?;
            self.offset_us = to_us;
        }
        Ok(())
    }

    fn resize(&mut self, sink: &mut Sink<'_>, size: Size) -> Result<(), FormatError> {
        // Each message says the size again.
        if self.size.replace(size) == Some(size) {
            return Ok(());
        }
        if self.first_size.is_none() {
            self.first_size = Some(size);
            return Ok(());
        }
        let Size { columns, rows } = size;
        sink.push(self.offset_us, TerminalResized { columns, rows })?;
        Ok(())
    }

    fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), FormatError> {
        self.ended = true;
        self.written.finish(sink, self.offset_us)?;
        self.typed.finish(sink, self.offset_us)?;
        if let Some((reason, from_us)) = self.passed_over.take() {
            sink.gap(&mut self.problems, from_us, self.offset_us, reason)?;
        }
        let input = self.source.input();
        sink.ended(&mut self.problems, self.offset_us, input)?;
        Ok(())
    }
}

fn passed_over(begins: u64, reason: &str) -> String {
    format!("the message at byte {begins} is passed over: {reason}")
}

/// Adds a message to what is known of the content: a line. Answers its bytes.
fn hash(digest: &mut Sha256, json: &[u8]) -> u64 {
    digest.update(json);
    digest.update(b"\n");
    json.len() as u64 + 1
}

fn too_long(id: u64, begins: u64) -> String {
    format!("message {id} at byte {begins} is passed over: it lasts more than ten years")
}

/// When a recording began of which this is the first message. The journal gets a message when it is
/// full or has waited long enough: at its end.
fn started_at(message: &Message, logged_at: Option<Timestamp>) -> Option<Timestamp> {
    let us = match message.time_us {
        Some(time_us) => i64::try_from(time_us.checked_sub(message.pos_us)?).ok()?,
        None => {
            let span_us = timing::cut(message).map_or(0, |cut| cut.span_us);
            let before_us = i64::try_from(message.pos_us.saturating_add(span_us)).ok()?;
            logged_at?.micros().checked_sub(before_us)?
        }
    };
    Timestamp::from_micros(us).ok()
}

/// Whether a message that cannot be read is one of this recording: it can be seen, or the name of the
/// recording stands in it.
fn belongs_to(json: &[u8], recording: &str) -> bool {
    if let Some(of) = recording_of(json) {
        return of == recording;
    }
    let rec = recording.rsplit_once('@').map_or(recording, |(rec, _)| rec);
    let quoted = format!("\"rec\":\"{rec}\"");
    memchr::memmem::find(json, quoted.as_bytes()).is_some()
}

impl RecordingReader for Reader {
    fn started_at(&self) -> Option<Timestamp> {
        self.started_at
    }

    fn read_batch(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            if !self.read_message(sink)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn about(&mut self) -> Result<About, FormatError> {
        let text = |text: &String| (!text.is_empty()).then(|| text.clone());
        let size = self.first_size.unwrap_or(Size::USUAL);
        Ok(About {
            format: "tlog",
            header: self.common.clone(),
            contents: vec![ContentFacts {
                bytes: self.bytes,
                sha256: self.digest.clone().finalize().into(),
            }],
            duration_us: self.offset_us,
            columns: Some(size.columns),
            rows: Some(size.rows),
            user: text(&self.user),
            host: text(&self.host),
            problems: self.problems.clone(),
            ..About::default()
        })
    }
}

/// The messages of one recording, a line each: what is kept of it.
pub(super) struct Messages {
    source: Source,
    recording: String,
    line: Vec<u8>,
    given: usize,
}

impl Messages {
    pub(super) fn new(source: Source, recording: &str) -> Self {
        Self {
            source,
            recording: recording.to_owned(),
            line: Vec::new(),
            given: 0,
        }
    }
}

impl Read for Messages {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.line.len() {
            let Some(text) = self.source.next().map_err(io::Error::other)? else {
                return Ok(0);
            };
            let ours = match Message::read(&text.json) {
                Ok(message) => message.recording() == self.recording,
                Err(_) => self.source.is_of_one() || belongs_to(&text.json, &self.recording),
            };
            if ours {
                self.line = text.json;
                self.line.push(b'\n');
                self.given = 0;
            }
        }
        let rest = &self.line[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}
