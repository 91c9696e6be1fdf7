//! What a recording says about itself before its first entry.
//!
//! Size, time and idle limit must be of their shape, because other things are computed from them.
//! Title, command and environment are shown and no more, so where they are not text they are not
//! used. The header's own letters are kept in [`Header::text`], unknown fields included.

use std::collections::BTreeMap;

use retrace_core::Timestamp;
use serde_json::{Map, Value};

use super::decimal;
use super::entry::MAX_SIDE;
use super::error::Problem;
use super::{Version, v1, v2, v3};

/// The fields of a header, as they stand in the file.
pub(crate) type Fields = Map<String, Value>;

/// What a recording says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The version of the format.
    pub version: Version,
    /// Columns of the terminal at the start.
    pub columns: u32,
    /// Rows of the terminal at the start.
    pub rows: u32,
    /// When the recording began.
    pub timestamp: Option<Timestamp>,
    /// Pauses longer than this are to be shown as this long, in microseconds.
    pub idle_limit_us: Option<u64>,
    /// A title for people.
    pub title: Option<String>,
    /// The command line that was recorded.
    pub command: Option<String>,
    /// The environment variables that were recorded.
    pub env: BTreeMap<String, String>,
    /// The header, letter for letter. Of version 1, which has no header of its own: everything but
    /// the entries, as canonical JSON.
    pub text: String,
}

impl Header {
    pub(crate) fn read(version: Version, fields: &Fields, text: String) -> Result<Self, Problem> {
        let (columns, rows) = match version {
            Version::V1 => v1::size(fields)?,
            Version::V2 => v2::size(fields)?,
            Version::V3 => v3::size(fields)?,
        };
        let text_field = |name| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            version,
            columns,
            rows,
            timestamp: timestamp(fields)?,
            idle_limit_us: idle_limit(fields)?,
            title: text_field("title"),
            command: text_field("command"),
            env: env(fields),
            text,
        })
    }
}

/// A count of columns or rows.
pub(crate) fn side(value: Option<&Value>, what: &'static str) -> Result<u32, Problem> {
    const EXPECTED: &str = "a whole number from 1 to 10000";
    match value {
        None | Some(Value::Null) => Err(Problem::missing(what, EXPECTED)),
        Some(value) => value
            .as_u64()
            .and_then(|side| u32::try_from(side).ok())
            .filter(|side| (1..=MAX_SIDE).contains(side))
            .ok_or_else(|| Problem::unexpected(what, value.to_string(), EXPECTED)),
    }
}

/// The recording may last ten years from here, and its last entry must still have a time.
fn timestamp(fields: &Fields) -> Result<Option<Timestamp>, Problem> {
    let Some(value) = number(fields, "timestamp") else {
        return Ok(None);
    };
    decimal::to_us(value.to_string().as_bytes())
        .and_then(|us| i64::try_from(us).ok())
        .filter(|us| *us <= Timestamp::MAX.micros() - decimal::MAX_US as i64)
        .and_then(|us| Timestamp::from_micros(us).ok())
        .map(Some)
        .ok_or_else(|| {
            let expected = "seconds since 1970, before the year 9989";
            Problem::unexpected("`timestamp`", value.to_string(), expected)
        })
}

fn idle_limit(fields: &Fields) -> Result<Option<u64>, Problem> {
    let Some(value) = number(fields, "idle_time_limit") else {
        return Ok(None);
    };
    decimal::to_us(value.to_string().as_bytes())
        .filter(|us| *us <= decimal::MAX_US)
        .map(Some)
        .ok_or_else(|| {
            let expected = "seconds from 0 up to ten years";
            Problem::unexpected("`idle_time_limit`", value.to_string(), expected)
        })
}

fn number<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn env(fields: &Fields) -> BTreeMap<String, String> {
    let variables = fields.get("env").and_then(Value::as_object);
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    variables
        .map(|variables| variables.iter().filter_map(text).collect())
        .unwrap_or_default()
}
