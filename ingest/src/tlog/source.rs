//! The messages in a file, whatever stands around them.

use retrace_core::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::import::{FormatError, Input};

/// What stands around messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A message for each line, or at the end of a line.
    Lines,
    /// `journalctl -o export`
    Export,
    /// `journalctl -o json`
    Json,
}

/// Gives the messages in a file, from first to last.
pub struct Source {
    input: Input,
    kind: Kind,
    /// Where the input begins in the file.
    from: u64,
    /// Where the last message ends.
    to: u64,
    max_bytes: usize,
    line: Vec<u8>,
}

/// A message, as it stands in the file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) json: Vec<u8>,
    /// When the journal got it.
    pub(super) logged_at: Option<Timestamp>,
    /// Where its entry begins and ends in the file.
    pub(super) begins: u64,
    pub(super) ends: u64,
}

/// How a message begins in a line of syslog.
const BEGINNING: &[u8] = b"{\"ver\":";

impl Source {
    /// Whether a file that begins so may hold messages.
    pub(super) fn is_one(beginning: &[u8]) -> bool {
        let has = |text: &str| memchr::memmem::find(beginning, text.as_bytes()).is_some();
        match kind_of(beginning) {
            Kind::Lines => has("\"ver\"") && has("\"timing\""),
            Kind::Export | Kind::Json => true,
        }
    }

    /// Reads the messages of `input`, which begins `from` bytes into the file, up to the entry that ends
    /// at `to`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(
        mut input: Input,
        from: u64,
        to: u64,
        max_bytes: usize,
    ) -> Result<Self, FormatError> {
        let kind = kind_of(input.peek(64 << 10)?);
        Ok(Self {
            input,
            kind,
            from,
            to,
            max_bytes,
            line: Vec::new(),
        })
    }

    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    /// Whether all lines belong to one recording: nothing else stands in the file.
    pub(super) fn is_of_one(&self) -> bool {
        self.kind == Kind::Lines && self.to == u64::MAX
    }

    fn position(&self) -> u64 {
        self.from.saturating_add(self.input.position())
    }

    /// The next entry that may be a message. `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Text>, FormatError> {
        while self.position() < self.to {
            let begins = self.position();
            let text = match self.kind {
                Kind::Lines => self.next_line()?,
                Kind::Json => self.next_object()?,
                Kind::Export => self.next_entry()?,
            };
            let Some(text) = text else {
                return Ok(None);
            };
            if !text.json.is_empty() {
                let ends = self.position();
                return Ok(Some(Text {
                    begins,
                    ends,
                    ..text
                }));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Text>, FormatError> {
        if !self.input.read_line(&mut self.line, self.max_bytes)? {
            return Ok(None);
        }
        let line = self.line.trim_ascii();
        let json = if line.starts_with(b"{") {
            line
        } else {
            memchr::memmem::find(line, BEGINNING).map_or(&[][..], |at| &line[at..])
        };
        Ok(Some(Text {
            json: json.to_vec(),
            ..Text::default()
        }))
    }

    fn next_object(&mut self) -> Result<Option<Text>, FormatError> {
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow, rename = "MESSAGE")]
            message: Option<&'a RawValue>,
            #[serde(rename = "__REALTIME_TIMESTAMP")]
            realtime: Option<String>,
        }
        if !self.input.read_line(&mut self.line, self.max_bytes)? {
            return Ok(None);
        }
        let Ok(entry) = serde_json::from_slice::<Entry<'_>>(&self.line) else {
            return Ok(Some(Text::default()));
        };
        let message = entry.message.map_or("", RawValue::get);
        // What is not UTF-8 is an array of its bytes.
        let json = if message.starts_with('[') {
            serde_json::from_str(message).unwrap_or_default()
        } else {
            serde_json::from_str::<String>(message)
                .unwrap_or_default()
                .into_bytes()
        };
        Ok(Some(Text {
            json: message_only(json),
            logged_at: entry.realtime.as_deref().and_then(micros),
            ..Text::default()
        }))
    }

    /// An entry: fields `NAME=value`, or the name alone, eight bytes of length and so many bytes; and an
    /// empty line.
    fn next_entry(&mut self) -> Result<Option<Text>, FormatError> {
        let mut text = Text::default();
        let mut any = false;
        while self.input.read_line(&mut self.line, self.max_bytes)? {
            any = true;
            if self.line.is_empty() {
                break;
            }
            if let Some(at) = memchr::memchr(b'=', &self.line) {
                let (name, value) = (&self.line[..at], &self.line[at + 1..]);
                match name {
                    b"MESSAGE" => text.json = value.to_vec(),
                    b"__REALTIME_TIMESTAMP" => {
                        text.logged_at = std::str::from_utf8(value).ok().and_then(micros);
                    }
                    _ => {}
                }
            } else {
                let is_message = self.line == b"MESSAGE";
                let value = self.binary_value(is_message)?;
                if is_message {
                    text.json = value;
                }
            }
        }
        text.json = message_only(text.json);
        Ok(any.then_some(text))
    }

    /// Steps over a value with its length; gives it if it is wanted.
    fn binary_value(&mut self, wanted: bool) -> Result<Vec<u8>, FormatError> {
        let Some(length) = self.input.peek(8)?.first_chunk::<8>().copied() else {
            self.input.read_to_end()?;
            return Ok(Vec::new());
        };
        self.input.skip(8);
        let mut left = u64::from_le_bytes(length);
        if wanted && left > self.max_bytes as u64 {
            let problem = format!(
                "a message of {left} bytes, expected at most {}",
                self.max_bytes
            );
            return Err(self.input.at_byte(problem));
        }
        let mut value = Vec::new();
        while left > 0 {
            let piece = self.input.peek(left.min(64 << 10) as usize)?;
            if piece.is_empty() {
                break;
            }
            if wanted {
                value.extend_from_slice(piece);
            }
            let count = piece.len();
            left -= count as u64;
            self.input.skip(count);
        }
        // The line feed after it.
        if self.input.peek(1)? == b"\n" {
            self.input.skip(1);
        }
        Ok(value)
    }
}

fn kind_of(beginning: &[u8]) -> Kind {
    let beginning = beginning.trim_ascii_start();
    let first_line = beginning.split(|&b| b == b'\n').next().unwrap_or_default();
    if beginning.starts_with(b"__CURSOR=") || beginning.starts_with(b"__REALTIME_TIMESTAMP=") {
        Kind::Export
    } else if beginning.starts_with(b"{")
        && memchr::memmem::find(first_line, b"\"__REALTIME_TIMESTAMP\"").is_some()
    {
        Kind::Json
    } else {
        Kind::Lines
    }
}

/// Most entries of a journal are something else.
fn message_only(text: Vec<u8>) -> Vec<u8> {
    let text = if text.trim_ascii_start().starts_with(b"{") {
        text
    } else {
        return Vec::new();
    };
    text.trim_ascii().to_vec()
}

fn micros(text: &str) -> Option<Timestamp> {
    Timestamp::from_micros(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn texts(file: &[u8]) -> Vec<(String, u64, u64)> {
        let input = Input::open(std::io::Cursor::new(file.to_vec()), &Limits::default()).unwrap();
        let mut source = Source::open(input, 0, u64::MAX, 1_000).unwrap();
        let mut all = Vec::new();
        while let Some(text) = source.next().unwrap() {
            all.push((
                String::from_utf8(text.json).unwrap(),
                text.begins,
                text.ends,
            ));
        }
        all
    }

    #[test]
    fn messages_are_found_whatever_stands_around_them() {
        let lines = b"{\"ver\":\"2.3\"}\n\nNov 20 22:42:02 host tlog[5]: {\"ver\":1}\nother\n{}";
        assert_eq!(
            texts(lines),
            [
                ("{\"ver\":\"2.3\"}".to_owned(), 0, 14),
                ("{\"ver\":1}".to_owned(), 15, 55),
                ("{}".to_owned(), 61, 63),
            ]
        );
        let json = b"{\"__REALTIME_TIMESTAMP\":\"5\",\"MESSAGE\":\"hello\"}\n\
            {\"MESSAGE\":[123,125],\"__REALTIME_TIMESTAMP\":\"6\"}\nnot json\n{\"MESSAGE\":\"{1}\"}\n";
        let found: Vec<_> = texts(json).into_iter().map(|(text, ..)| text).collect();
        assert_eq!(found, ["{}", "{1}"]);
        let export = [
            &b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=7\nMESSAGE={1}\n\n__CURSOR=s=2\nMESSAGE\n"[..],
            &4_u64.to_le_bytes(),
            b"{\n2}\nBLOB\n",
            &3_u64.to_le_bytes(),
            b"\n\n\n\nMESSAGE_ID=8\n\n__CURSOR=s=3\nMESSAGE=hello\n\nMESSAGE={4}",
        ]
        .concat();
        let found: Vec<_> = texts(&export).into_iter().map(|(text, ..)| text).collect();
        assert_eq!(found, ["{1}", "{\n2}", "{4}"]);
    }

    #[test]
    fn a_length_that_lies_is_no_harm() {
        let export =
            |length: u64| [&b"__CURSOR=1\nBLOB\n"[..], &length.to_le_bytes(), b"abc"].concat();
        assert!(texts(&export(u64::MAX)).is_empty());
        assert!(texts(b"__CURSOR=1\nMESSAGE\nabc").is_empty());
        let lies = [&b"__CURSOR=1\nMESSAGE\n"[..], &[255; 8], b"abc"].concat();
        let input = Input::open(std::io::Cursor::new(lies), &Limits::default()).unwrap();
        let mut source = Source::open(input, 0, u64::MAX, 1_000).unwrap();
        let error = source.next().unwrap_err().to_string();
        assert!(
            error.starts_with("byte 27: a message of 18446744073709551615"),
            "{error}"
        );
    }
}
