//! One entry of a recording, `[time, code, data]`, read and made into events.
//!
//! There are two ways to read one. The quick way takes the bytes as they stand; it answers nothing
//! when anything is out of the ordinary, and then the exact way takes the line apart with a JSON
//! parser. Both end in the same [`Entry`], and a property test holds them to that.

use retrace_core::Timestamp;
use retrace_core::event::{
    CodeKept, EventBatch, EventError, MarkerSet, RecordingCommented, TerminalResized,
};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::error::Problem;
use super::{decimal, literal};
use crate::written::{Text, push_text};

/// The most columns, and the most rows, that a terminal is believed to have.
pub(crate) const MAX_SIDE: u32 = 10_000;

/// An entry as it stands in the file. Its time is absolute or an interval: that is the version's.
pub(crate) struct Entry<'a> {
    pub(crate) us: u64,
    pub(crate) code: &'a str,
    /// The data as a canonical JSON literal, with its quotes.
    pub(crate) data: &'a [u8],
}

/// Memory for entries that do not stand in the file in canonical form.
#[derive(Default)]
pub(crate) struct Scratch {
    code: String,
    data: Vec<u8>,
}

impl<'a> Entry<'a> {
    /// Reads one line, without its line end. `at_end` when the file ends with it.
    pub(crate) fn parse(
        line: &'a [u8],
        scratch: &'a mut Scratch,
        at_end: bool,
    ) -> Result<Self, Problem> {
        match Self::scan(line) {
            Some(entry) => Ok(entry),
            None => Self::parse_exactly(line, scratch, at_end),
        }
    }

    /// The quick way.
    pub(crate) fn scan(line: &'a [u8]) -> Option<Self> {
        let skip_spaces = |at: usize| {
            at + line[at..]
                .iter()
                .take_while(|&&b| b == b' ' || b == b'\t')
                .count()
        };
        let expect = |at: usize, byte: u8| (line.get(at) == Some(&byte)).then_some(at + 1);

        let at = skip_spaces(expect(0, b'[')?);
        let (us, length) = decimal::scan_plain(&line[at..])?;
        let at = skip_spaces(expect(skip_spaces(at + length), b',')?);
        let code = expect(at, b'"')?;
        if !line.get(code)?.is_ascii_alphabetic() {
            return None;
        }
        let at = expect(code + 1, b'"')?;
        let data = skip_spaces(expect(skip_spaces(at), b',')?);
        let data_end = literal::canonical_end(line, expect(data, b'"')?)? + 1;
        let end = expect(skip_spaces(data_end), b']')?;
        (skip_spaces(end) == line.len()).then_some(())?;
        let code = std::str::from_utf8(&line[code..=code]).ok()?;
        Some(Self {
            us,
            code,
            data: &line[data..data_end],
        })
    }

    /// The exact way.
    pub(crate) fn parse_exactly(
        line: &[u8],
        scratch: &'a mut Scratch,
        at_end: bool,
    ) -> Result<Self, Problem> {
        let (time, code, data): (&RawValue, &RawValue, &RawValue) = serde_json::from_slice(line)
            .map_err(|error| match error.classify() {
                Category::Eof if at_end => Problem::CutOff,
                Category::Data => Problem::unexpected("the entry", line, "[time, code, data]"),
                _ => Problem::not_json(&error),
            })?;
        let us = decimal::seconds_to_us(time.get().as_bytes())?;
        scratch.code = serde_json::from_str(code.get())
            .map_err(|_| Problem::unexpected("the code", code.get(), "a text"))?;
        if data.get().starts_with('"') {
            let text: String =
                serde_json::from_str(data.get()).map_err(|e| Problem::not_json(&e))?;
            literal::encode(&text, &mut scratch.data);
        } else if matches!(scratch.code.as_str(), "o" | "i" | "m" | "r") {
            return Err(Problem::unexpected("the data", data.get(), "a text"));
        } else {
            // A code of somebody else's: whatever its data is, it is kept as it is written.
            literal::encode(data.get(), &mut scratch.data);
        }
        Ok(Self {
            us,
            code: &scratch.code,
            data: &scratch.data,
        })
    }

    fn text(&self) -> Result<String, Problem> {
        serde_json::from_slice(self.data).map_err(|e| Problem::not_json(&e))
    }

    /// What the entry says, by its code.
    pub(crate) fn content(&self) -> Result<EntryContent<'a>, Problem> {
        Ok(match self.code {
            "o" => EntryContent::Output(self.data),
            "i" => EntryContent::Input(self.data),
            "m" => EntryContent::Marker(self.text()?),
            "r" => {
                let (columns, rows) = parse_size(&self.text()?)?;
                EntryContent::Resize(TerminalResized { columns, rows })
            }
            "x" => {
                let text = self.text()?;
                match text.parse() {
                    Ok(status) => EntryContent::Exit(status),
                    Err(_) => EntryContent::Other(CodeKept {
                        code: "x".to_owned(),
                        data: text,
                    }),
                }
            }
            code => EntryContent::Other(CodeKept {
                code: code.to_owned(),
                data: self.text()?,
            }),
        })
    }
}

/// What an entry says.
pub(crate) enum EntryContent<'a> {
    /// A canonical literal.
    Output(&'a [u8]),
    /// A canonical literal.
    Input(&'a [u8]),
    Marker(String),
    Resize(TerminalResized),
    Exit(i32),
    Comment(String),
    Other(CodeKept),
}

/// Reads `COLSxROWS`.
fn parse_size(text: &str) -> Result<(u32, u32), Problem> {
    let side = |digits: &str| {
        let plain = (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let side = plain.then(|| digits.parse::<u32>().ok()).flatten();
        side.filter(|side| (1..=MAX_SIDE).contains(side))
    };
    text.split_once('x')
        .and_then(|(columns, rows)| Some((side(columns)?, side(rows)?)))
        .ok_or_else(|| Problem::unexpected("the size", text, "COLUMNSxROWS, each from 1 to 10000"))
}

/// Adds what an entry says to the batch. An [`EntryContent::Exit`] adds nothing: it is said at the
/// end of the session.
pub(crate) fn push(
    batch: &mut EventBatch,
    at: Timestamp,
    content: EntryContent<'_>,
) -> Result<(), EventError> {
    match content {
        EntryContent::Output(data) => {
            push_text(batch, at, Text::Written { continued: false }, data)
        }
        EntryContent::Input(data) => push_text(batch, at, Text::Typed, data),
        EntryContent::Marker(label) => batch.push(at, MarkerSet { label }),
        EntryContent::Resize(size) => batch.push(at, size),
        EntryContent::Exit(_) => Ok(()),
        EntryContent::Comment(text) => batch.push(at, RecordingCommented { text }),
        EntryContent::Other(kept) => batch.push(at, kept),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exactly(line: &[u8]) -> Result<(u64, String, Vec<u8>), Problem> {
        let mut scratch = Scratch::default();
        let entry = Entry::parse_exactly(line, &mut scratch, false)?;
        Ok((entry.us, entry.code.to_owned(), entry.data.to_vec()))
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_exact_one(
            time in "[0-9]{1,6}(\\.[0-9]{1,8})?(e[0-9])?",
            space in "[ \t]{0,2}",
            code in "[a-z]",
            text in any::<String>(),
            noise in "[\\]\" ,x]?",
        ) {
            let text = serde_json::to_string(&text).unwrap();
            let line = format!("[{space}{time},{space}\"{code}\"{space},{text}{space}]{noise}");
            if let Some(quick) = Entry::scan(line.as_bytes()) {
                let (us, code, data) = exactly(line.as_bytes()).unwrap();
                prop_assert_eq!((quick.us, quick.code, quick.data), (us, code.as_str(), &data[..]));
            }
        }

        #[test]
        fn whatever_the_quick_way_takes_is_taken_exactly(
            line in "\\[[0-9.]{1,4},\"[a-z]\",\"([a-z\\\\\"é\u{7f}\\x01]|\\\\u00[01][0-9a-fA-F]){0,9}\"\\]?"
        ) {
            if let Some(quick) = Entry::scan(line.as_bytes()) {
                let (us, code, data) = exactly(line.as_bytes()).unwrap();
                prop_assert_eq!((quick.us, quick.code, quick.data), (us, code.as_str(), &data[..]));
            }
        }
    }

    #[test]
    fn the_lines_that_recorders_write_go_the_quick_way() {
        let cases = [
            r#"[0.005, "o", "\u001b[?2004hops@bastion-1:~$ "]"#,
            r#"[22.601756,"o","> "]"#,
            r#"[1, "i", "\r"]"#,
            r#"[0.000, "x", "0"]"#,
            "[1.5, \"o\", \"żółć \\\"🚀\\\\ \u{7f}/\"]",
        ];
        for line in cases {
            assert!(Entry::scan(line.as_bytes()).is_some(), "{line}");
        }
    }

    #[test]
    fn an_entry_that_is_not_one_is_refused_with_the_reason() {
        let cases = [
            ("lol!", "not JSON: expected value"),
            (
                r#"[1.0, "o"]"#,
                r#"the entry is [1.0, "o"], expected [time, code, data]"#,
            ),
            (r#"[1.0, "o", "a", 1]"#, "not JSON: trailing characters"),
            (r#"[1.0, "o", "a""#, "not JSON: EOF while parsing a list"),
            (r#"[2.0, 5, "b"]"#, "the code is 5, expected a text"),
            (
                r#"[-2, "o", "b"]"#,
                "the time is -2, expected seconds from 0 up to ten years",
            ),
            (r#"[NaN, "o", "b"]"#, "not JSON: expected value"),
            (
                r#"["1", "o", "b"]"#,
                r#"the time is "1", expected seconds from 0 up to ten years"#,
            ),
            (r#"[1, "o", null]"#, "the data is null, expected a text"),
            (
                r#"[1, "o", "\ud83d"]"#,
                "not JSON: unexpected end of hex escape",
            ),
            (
                "[1, \"o\", \"\u{1b}\"]",
                "not JSON: control character (\\u0000-\\u001F) found while parsing a string",
            ),
        ];
        for (line, want) in cases {
            let got = exactly(line.as_bytes()).unwrap_err().to_string();
            assert_eq!(got, want, "{line}");
        }
    }

    #[test]
    fn a_size_is_two_numbers() {
        assert_eq!(parse_size("80x24").unwrap(), (80, 24));
        for text in [
            "", "x", "80", "80x", "0x24", "-1x0", "80x10001", "+8x24", "80x24x1", "80X24", "8 x24",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
