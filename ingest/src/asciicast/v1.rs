//! asciicast v1: one JSON object, often printed over many lines, with the entries as `[delay,
//! text]` under `stdout`. <https://docs.asciinema.org/manual/asciicast/v1/>
//!
//! The whole of it stands in memory while it is read, because what is said of the recording may
//! follow its entries.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::decimal;
use super::entry::Entry;
use super::error::{Problem, ReadError};
use super::header::{Fields, Header};
use super::{Version, literal, v2, v3};
use crate::Limits;

/// Columns and rows.
pub(crate) fn size(object: &Fields) -> Result<(u32, u32), Problem> {
    v2::size(object)
}

/// When an entry happened, from its delay and the time of the entry before it.
pub(crate) fn offset(previous_us: u64, delay_us: u64) -> Result<u64, Problem> {
    v3::offset(previous_us, delay_us)
}

/// A recording of version 1 in memory.
pub(crate) struct Whole {
    text: Vec<u8>,
    /// Where the entries stand in the text.
    entries: std::vec::IntoIter<Range<usize>>,
    line: u64,
    /// Up to here the lines are counted in `line`.
    counted: usize,
}

impl Whole {
    /// Takes the object apart. `first_line` is the number of the line that it begins on.
    pub(crate) fn parse(
        text: Vec<u8>,
        first_line: u64,
        limits: &Limits,
    ) -> Result<(Header, Self), ReadError> {
        if let Err(error) = std::str::from_utf8(&text) {
            let before = &text[..error.valid_up_to()];
            return Err(Problem::NotUtf8.at(first_line + count_lines(before)));
        }
        let object: Object = serde_json::from_slice(&text).map_err(|error| {
            let problem = match error.classify() {
                Category::Eof => Problem::CutOff,
                _ => Problem::not_json(&error),
            };
            problem.at((first_line + error.line() as u64).saturating_sub(1))
        })?;
        let start_of_text = text.as_ptr().addr();
        let place = |entry: &RawValue| {
            let start = entry.get().as_ptr().addr() - start_of_text;
            start..start + entry.get().len()
        };
        let entries: Vec<_> = object.entries.iter().map(|entry| place(entry)).collect();
        let header = header(object.fields, limits).map_err(|problem| problem.at(first_line))?;
        let whole = Self {
            text,
            entries: entries.into_iter(),
            line: first_line,
            counted: 0,
        };
        Ok((header, whole))
    }

    /// The line on which the entry given out last begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// The next entry; `literal` holds its text.
    pub(crate) fn next<'a>(
        &mut self,
        literal: &'a mut Vec<u8>,
    ) -> Option<Result<Entry<'a>, Problem>> {
        let place = self.entries.next()?;
        self.line += count_lines(&self.text[self.counted..place.start]);
        self.counted = place.start;
        Some(entry(&self.text[place], literal))
    }
}

fn count_lines(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

fn entry<'a>(text: &[u8], data: &'a mut Vec<u8>) -> Result<Entry<'a>, Problem> {
    let (delay, output): (&RawValue, &RawValue) = serde_json::from_slice(text)
        .map_err(|_| Problem::unexpected("the entry", text, "[delay, text]"))?;
    let us = decimal::seconds_to_us(delay.get().as_bytes())?;
    if !output.get().starts_with('"') {
        return Err(Problem::unexpected("the text", output.get(), "a text"));
    }
    let output: String =
        serde_json::from_str(output.get()).map_err(|error| Problem::not_json(&error))?;
    literal::encode(&output, data);
    Ok(Entry {
        us,
        code: "o",
        data,
    })
}

fn header(fields: Fields, limits: &Limits) -> Result<Header, Problem> {
    let value = Value::Object(fields);
    let text = retrace_core::canonical::to_canonical(&value)
        .map_err(|error| Problem::NotJson(error.to_string()))?;
    if text.len() > limits.max_header_bytes {
        return Err(Problem::TooLong {
            what: "header",
            limit: limits.max_header_bytes,
        });
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let Value::Object(fields) = value else {
        unreachable!("it was made an object above")
    };
    Header::read(Version::V1, &fields, text)
}

/// The object: its entries as they stand in the text, and its other fields.
struct Object<'a> {
    fields: Fields,
    entries: Vec<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an asciicast v1 object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut fields = Fields::new();
        let mut entries = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "stdout" {
                if entries.replace(map.next_value()?).is_some() {
                    return Err(A::Error::custom("`stdout` is there twice, expected once"));
                }
                continue;
            }
            let value: Value = map.next_value()?;
            // Said at once: a header of another version that runs over many lines ends up here.
            if name == "version" && value != 1 {
                return Err(A::Error::custom(format_args!(
                    "`version` is {value} in an object of several lines, expected 1"
                )));
            }
            fields.insert(name, value);
        }
        if !fields.contains_key("version") {
            return Err(A::Error::custom("`version` is missing, expected 1, 2 or 3"));
        }
        let entries = entries.ok_or_else(|| A::Error::missing_field("stdout"))?;
        Ok(Object { fields, entries })
    }
}
