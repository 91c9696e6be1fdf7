//! What a setting's value may be, and how people write it.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::network::Networks;
use super::retention::RetentionRules;

/// The most bytes of a line that is more than words.
const LINE_MAX: usize = 2_000;

/// What a setting holds, and the values it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number of things, from `min` to `max`.
    Count {
        /// The smallest value.
        min: u64,
        /// The largest value.
        max: u64,
    },
    /// A number of bytes, from `min` to `max`. People may write `8 MiB`.
    Bytes {
        /// The smallest value.
        min: u64,
        /// The largest value.
        max: u64,
    },
    /// A number of seconds, from `min` to `max`. People may write `5m`.
    Seconds {
        /// The smallest value.
        min: u64,
        /// The largest value.
        max: u64,
    },
    /// Yes or no.
    Boolean,
    /// A text of at most so many characters, on one line.
    Text {
        /// How many characters it may have.
        characters_max: usize,
    },
    /// A regular expression of at most so many characters, in the syntax of [`expression`]; empty for none.
    Expression {
        /// How many characters it may have.
        characters_max: usize,
    },
    /// The address of a site, `https://…`, or of this machine by `http://…`; or nothing.
    Url,
    /// Networks and addresses, divided by commas; or nothing.
    Networks,
    /// Exceptions from how long sessions are kept ([`RetentionRules`]); or nothing.
    Retention,
    /// One of these.
    Choice(&'static [&'static str]),
}

/// What a compiled expression may take, in bytes.
const EXPRESSION_BYTES: usize = 4 << 20;

/// Compiles a regular expression that a setting has: syntax and linear time of the crate `regex`.
///
/// # Errors
/// When it is none, or too large once compiled.
pub fn expression(text: &str) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(EXPRESSION_BYTES);
    builder.dfa_size_limit(EXPRESSION_BYTES).build()
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of a count, of bytes, of seconds.
    Number(u64),
    /// Of a boolean.
    Boolean(bool),
    /// Of a text or a choice.
    Text(Cow<'static, str>),
}

const BYTES: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];
const SECONDS: &[(&str, u64)] = &[
    ("", 1),
    ("s", 1),
    ("m", 60),
    ("h", 3_600),
    ("d", 86_400),
    ("w", 7 * 86_400),
];

impl Kind {
    /// The name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count { .. } => "count",
            Self::Bytes { .. } => "bytes",
            Self::Seconds { .. } => "seconds",
            Self::Boolean => "boolean",
            Self::Text { .. } => "text",
            Self::Expression { .. } => "expression",
            Self::Url => "url",
            Self::Networks => "networks",
            Self::Retention => "retention",
            Self::Choice(_) => "choice",
        }
    }

    /// The smallest and the largest value of a kind that is a number.
    pub fn range(self) -> Option<(u64, u64)> {
        match self {
            Self::Count { min, max } | Self::Bytes { min, max } | Self::Seconds { min, max } => {
                Some((min, max))
            }
            Self::Boolean
            | Self::Text { .. }
            | Self::Expression { .. }
            | Self::Url
            | Self::Networks
            | Self::Retention
            | Self::Choice(_) => None,
        }
    }

    /// The value that a JSON value means. `None` when it is not one of this kind.
    pub fn of_json(self, json: &Json) -> Option<Value> {
        let value = match json {
            Json::Bool(value) => Value::Boolean(*value),
            Json::Number(number) => Value::Number(number.as_u64()?),
            Json::String(text) => Value::Text(Cow::Owned(text.clone())),
            Json::Null | Json::Array(_) | Json::Object(_) => return None,
        };
        self.allows(&value).then_some(value)
    }

    /// The value that somebody wrote. `None` when it is not one of this kind.
    pub fn of_text(self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Count { .. } => Value::Number(with_unit(text, &[("", 1)])?),
            Self::Bytes { .. } => Value::Number(with_unit(text, BYTES)?),
            Self::Seconds { .. } => Value::Number(seconds_of_text(text)?),
            Self::Boolean => Value::Boolean(text.trim().parse().ok()?),
            Self::Text { .. }
            | Self::Expression { .. }
            | Self::Url
            | Self::Networks
            | Self::Retention
            | Self::Choice(_) => Value::Text(Cow::Owned(text.to_owned())),
        };
        self.allows(&value).then_some(value)
    }

    /// Whether a setting of this kind may have the value.
    pub fn allows(self, value: &Value) -> bool {
        match (self, value) {
            (
                Self::Count { min, max } | Self::Bytes { min, max } | Self::Seconds { min, max },
                Value::Number(number),
            ) => (min..=max).contains(number),
            (Self::Boolean, Value::Boolean(_)) => true,
            (Self::Text { characters_max }, Value::Text(text)) => is_line(text, characters_max),
            (Self::Expression { characters_max }, Value::Text(text)) => {
                is_line(text, characters_max) && expression(text).is_ok()
            }
            (Self::Url, Value::Text(text)) => text.is_empty() || is_url(text),
            (Self::Networks, Value::Text(text)) => {
                text.len() <= LINE_MAX && Networks::parse(text).is_some()
            }
            (Self::Retention, Value::Text(text)) => {
                is_line(text, LINE_MAX) && RetentionRules::parse(text).is_some()
            }
            (Self::Choice(choices), Value::Text(text)) => choices.contains(&&**text),
            _ => false,
        }
    }

    /// A value as people read it: `8 MiB`, `5m`, `true`.
    pub fn show(self, value: &Value) -> String {
        match (self, value) {
            (Self::Bytes { .. }, Value::Number(number)) => shown(*number, SHOWN_BYTES, " B"),
            (Self::Seconds { .. }, Value::Number(number)) => show_seconds(*number),
            (_, value) => value.to_string(),
        }
    }
}

const SHOWN_BYTES: &[(&str, u64)] = &[
    (" TiB", 1 << 40),
    (" GiB", 1 << 30),
    (" GB", 1_000_000_000),
    (" MiB", 1 << 20),
    (" MB", 1_000_000),
    (" KiB", 1 << 10),
    (" kB", 1_000),
];
const SHOWN_SECONDS: &[(&str, u64)] = &[("d", 86_400), ("h", 3_600), ("m", 60)];

/// What is allowed: `a number of bytes from 1 KiB to 1 GiB`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut range = |what: &str, min, max| {
            let [min, max] = [min, max].map(|number| self.show(&Value::Number(number)));
            write!(f, "{what} from {min} to {max}")
        };
        match *self {
            Self::Count { min, max } => range("a number", min, max),
            Self::Bytes { min, max } => range("a number of bytes", min, max),
            Self::Seconds { min, max } => range("a number of seconds", min, max),
            Self::Boolean => f.write_str("true or false"),
            Self::Text { characters_max } => {
                write!(f, "a line of at most {characters_max} characters")
            }
            Self::Expression { characters_max } => {
                write!(
                    f,
                    "a regular expression of at most {characters_max} characters"
                )
            }
            Self::Url => f.write_str("https://…, without a query; http:// only for this machine"),
            Self::Networks => f.write_str("addresses and networks (10.0.0.0/8) with commas"),
            Self::Retention => f.write_str(
                "times and conditions (folder, group, site, target, user), as in `7d site:lab; 400d folder:\"My Cards\"`",
            ),
            Self::Choice(choices) => write!(f, "one of {}", choices.join(", ")),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => (*number).into(),
            Value::Boolean(value) => (*value).into(),
            Value::Text(text) => text.clone().into_owned().into(),
        }
    }
}

/// The type that a setting has in [`super::Settings`].
pub(super) trait Typed: Sized {
    /// The value of this type. `None` when the value is of another.
    fn of(value: &Value) -> Option<Self>;
    /// The value as one of any type.
    fn value(&self) -> Value;
}

impl Typed for u64 {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::Number(*self)
    }
}

impl Typed for bool {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::Boolean(*self)
    }
}

impl Typed for Cow<'static, str> {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn value(&self) -> Value {
        Value::Text(self.clone())
    }
}

fn is_line(text: &str, characters_max: usize) -> bool {
    text.chars().count() <= characters_max && !text.chars().any(char::is_control)
}

/// Whether it is the address of a site that nobody on the way can take the place of: over TLS, or on this machine.
fn is_url(text: &str) -> bool {
    let (rest, is_local) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return false,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .rsplit_once(':')
        .filter(|(_, port)| port.parse::<u16>().is_ok())
        .map_or(authority, |(host, _)| host);
    let characters = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte);
    text.len() <= LINE_MAX
        && !host.is_empty()
        && rest.bytes().all(characters)
        && (!is_local || matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
}

/// A number of seconds as people read it: `90s`, `15m`, `12h`, `90d`.
pub fn show_seconds(seconds: u64) -> String {
    shown(seconds, SHOWN_SECONDS, "s")
}

/// A number of seconds as people write it: `90`, `15m`, `12h`, `90d`.
pub(super) fn seconds_of_text(text: &str) -> Option<u64> {
    with_unit(text, SECONDS)
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A number in the largest unit in which it is whole.
fn shown(number: u64, units: &[(&str, u64)], smallest: &str) -> String {
    if number == 0 {
        return "0".to_owned();
    }
    units
        .iter()
        .find(|(_, factor)| number.is_multiple_of(*factor))
        .map_or_else(
            || format!("{number}{smallest}"),
            |(unit, factor)| format!("{}{unit}", number / factor),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_numbers_with_units() {
        let bytes = Kind::Bytes {
            min: 0,
            max: 1 << 40,
        };
        let seconds = Kind::Seconds {
            min: 0,
            max: 1 << 40,
        };
        let count = Kind::Count { min: 1, max: 100 };
        let cases = [
            (bytes, "8 MiB", Some(8 << 20)),
            (bytes, "500MB", Some(500_000_000)),
            (bytes, " 17 ", Some(17)),
            (bytes, "2 TiB", None),
            (bytes, "99999999999 GB", None),
            (bytes, "MiB", None),
            (bytes, "-1", None),
            (bytes, "8 miles", None),
            (seconds, "5m", Some(300)),
            (seconds, "2d", Some(172_800)),
            (count, "100", Some(100)),
            (count, "101", None),
            (count, "0", None),
            (count, "1k", None),
            (count, "", None),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(kind.of_text(text), expected.map(Value::Number), "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_written_again() {
        let kinds = [
            Kind::Bytes {
                min: 0,
                max: u64::MAX,
            },
            Kind::Seconds {
                min: 0,
                max: u64::MAX,
            },
            Kind::Count {
                min: 0,
                max: u64::MAX,
            },
        ];
        for kind in kinds {
            for number in [0, 1, 59, 60, 1_000, 1_024, 8 << 20, 500_000_000, u64::MAX] {
                let value = Value::Number(number);
                let shown = kind.show(&value);
                assert_eq!(kind.of_text(&shown), Some(value), "{shown}");
            }
        }
    }

    #[test]
    fn addresses_of_sites_are_such_as_nobody_on_the_way_can_take_over() {
        let cases = [
            ("", true),
            ("https://id.example.com", true),
            ("https://id.example.com:8443/realms/ops", true),
            ("http://127.0.0.1:9000/x", true),
            ("http://[::1]:9000", true),
            ("http://localhost", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("https://", false),
            ("https://a b", false),
            ("https://a/?x", false),
            ("ldap://a", false),
        ];
        for (text, allowed) in cases {
            assert_eq!(Kind::Url.of_text(text).is_some(), allowed, "{text}");
        }
        assert!(Kind::Networks.of_text("10.0.0.0/8, ::1").is_some());
        assert!(Kind::Networks.of_text("proxy").is_none());
    }

    #[test]
    fn only_values_of_the_kind_are_allowed() {
        let choice = Kind::Choice(&["disk", "s3"]);
        assert!(choice.of_text("s3").is_some());
        assert_eq!(choice.of_text("tape"), None);
        assert_eq!(choice.to_string(), "one of disk, s3");
        let text = Kind::Text { characters_max: 3 };
        assert!(text.of_text("äöü").is_some());
        assert_eq!(text.of_text("four"), None);
        assert_eq!(text.of_text("a\nb"), None);
        let expression = Kind::Expression { characters_max: 8 };
        assert!(expression.of_text("").is_some() && expression.of_text("a|b").is_some());
        assert_eq!(expression.of_text("(a"), None);
        assert_eq!(expression.of_text("123456789"), None);
        assert_eq!(Kind::Boolean.of_text("yes"), None);
        assert_eq!(Kind::Boolean.of_json(&Json::from(1)), None);
        let count = Kind::Count { min: 0, max: 9 };
        for json in ["-1", "1.5", "10", "\"1\"", "null", "[1]", "true"] {
            let json = serde_json::from_str(json).unwrap();
            assert_eq!(count.of_json(&json), None, "{json}");
        }
    }
}
