//! Batches of events: lines of JSON, `{"at":"…","data":{…},"type":"…"}`.
//!
//! [`parse_batch`] promises:
//! - *whole*: one bad line refuses the batch, with the line's number, what was found and what was
//!   expected;
//! - *as it came*: data that is canonical JSON is kept byte for byte, other data in its canonical
//!   form; members of a known type that are not known are kept, and so are types that are not;
//! - *readable*: the data of a known type is of its shape, so everything behind the log can read it;
//! - *no more than its place*: what only the server says (launches, tokens, settings, retention,
//!   who viewed what) cannot be said by a recorder, whether this version knows the type or not.
//!
//! Lines end in LF or CRLF; the last may end in neither. A batch without events is refused: there
//! would be nothing to give a receipt for. Nothing of a body is copied but the data itself.

use std::borrow::Cow;

use retrace_core::Timestamp;
use retrace_core::blob::BlobDigest;
use retrace_core::canonical::{CanonicalError, canonicalize, is_canonical};
use retrace_core::event::{EventBatch, EventBody, EventError, EventType};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ErrorCode, IngestLimits};
use crate::shown::shown;

/// A batch that was taken apart, every line of it good.
#[derive(Debug)]
pub struct ParsedBatch {
    /// The events, in the order of the lines: line `n` is the event of index `n - 1`.
    pub events: EventBatch,
    /// The blobs that they name: an event must not be appended before its blob is there.
    pub blobs: Vec<NamedBlob>,
}

/// A blob that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBlob {
    /// The line of the event, from 1.
    pub line: u64,
    /// The SHA-256 of the blob, in 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why a batch is refused, whole.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// There is no event in it.
    #[error("the batch has no events: expected a line of JSON for each")]
    Empty,
    /// It has too many bytes.
    #[error("the batch has {found} bytes, expected at most {limit}: cut it")]
    TooLarge {
        /// How many it has.
        found: usize,
        /// The most it may have.
        limit: usize,
    },
    /// It has too many events.
    #[error("the batch has more than {limit} events: cut it")]
    TooMany {
        /// The most it may have.
        limit: usize,
    },
    /// A line is no event.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineError,
    },
}

impl BatchError {
    /// What the sender can do about it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Empty => ErrorCode::InvalidArgument,
            Self::TooLarge { .. } | Self::TooMany { .. } => ErrorCode::TooLarge,
            Self::Line { .. } => ErrorCode::InvalidEvent,
        }
    }

    /// The line that is no event, from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Line { line, .. } => Some(*line),
            _ => None,
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Its bytes are no text.
    #[error("the bytes are not UTF-8")]
    NotUtf8,
    /// It is longer than any event can be.
    #[error("the line has {found} bytes, expected at most {limit}")]
    TooLong {
        /// How many bytes it has.
        found: usize,
        /// The most it may have.
        limit: usize,
    },
    /// It is not a JSON object of the three members.
    #[error("{0}; expected {{\"at\":\"…\",\"data\":{{…}},\"type\":\"…\"}} and nothing else")]
    NotAnEvent(String),
    /// Its time is none, or its type is no name.
    #[error("{0}")]
    BadMember(String),
    /// Its data is not of the shape of its type, or has no canonical form.
    #[error("the data of the `{kind}`: {reason}")]
    BadData {
        /// The type of the event.
        kind: EventType,
        /// What was found and expected.
        reason: String,
    },
    /// Its data is too large for one event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Only the server says such things.
    #[error("a recorder cannot send a `{kind}`: only the server writes those")]
    Reserved {
        /// The type of the event.
        kind: EventType,
    },
}

/// What only the server says, by the first part of a type's name.
const RESERVED_NOUNS: [&str; 14] = [
    "access",
    "auth",
    "config",
    "destination",
    "events",
    "grant",
    "hold",
    "records",
    "redaction",
    "report",
    "retention",
    "search",
    "sql",
    "token",
];
const RESERVED_TYPES: [EventType; 13] = [
    EventType::SESSION_LAUNCHED,
    EventType::CLOCK_MEASURED,
    EventType::TERMINATE_REQUESTED,
    EventType::MESSAGE_SENT,
    EventType::POLICY_SET,
    EventType::SESSION_REVIEWED,
    EventType::REVIEW_REOPENED,
    EventType::SESSION_COMMENTED,
    EventType::SESSION_ASSIGNED,
    EventType::RECORDING_VIEWED,
    EventType::RECORDING_DOWNLOADED,
    EventType::UPLOAD_COMMITTED,
    EventType::VIDEO_REQUESTED,
];

/// Takes a batch apart.
///
/// # Errors
/// When a line is no event, or the batch is over a limit or empty.
pub fn parse_batch(body: &[u8], limits: &IngestLimits) -> Result<ParsedBatch, BatchError> {
    if body.len() > limits.batch_bytes {
        let (found, limit) = (body.len(), limits.batch_bytes);
        return Err(BatchError::TooLarge { found, limit });
    }
    let text = match simdutf8::compat::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let before = &body[..error.valid_up_to()];
            let line = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
            let problem = LineError::NotUtf8;
            return Err(BatchError::Line { line, problem });
        }
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() || text == "\r" {
        return Err(BatchError::Empty);
    }
    let mut parser = Parser {
        max_line_bytes: limits.line_bytes,
        events: EventBatch::new(),
        blobs: Vec::new(),
        kinds: Vec::new(),
    };
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    for (end, line) in ends.zip(1..) {
        if parser.events.len() == limits.batch_events {
            let limit = limits.batch_events;
            return Err(BatchError::TooMany { limit });
        }
        let content = &text[start..end];
        parser
            .line(line, content.strip_suffix('\r').unwrap_or(content))
            .map_err(|problem| BatchError::Line { line, problem })?;
        start = end + 1;
    }
    let Parser { events, blobs, .. } = parser;
    Ok(ParsedBatch { events, blobs })
}

struct Parser {
    max_line_bytes: usize,
    events: EventBatch,
    blobs: Vec<NamedBlob>,
    /// The types met so far: a batch has few, so they are found faster here than among all.
    kinds: Vec<EventType>,
}

impl Parser {
    fn line(&mut self, number: u64, text: &str) -> Result<(), LineError> {
        if text.len() > self.max_line_bytes {
            let (found, limit) = (text.len(), self.max_line_bytes);
            return Err(LineError::TooLong { found, limit });
        }
        if let Some(line) = CanonicalLine::of(text) {
            let kind = self.kind(line.kind)?;
            return self.push(number, line.at, kind, line.data);
        }
        let line: AnyLine = serde_json::from_str(text)
            .map_err(|error| LineError::NotAnEvent(format!("the line is {}", brief(&error))))?;
        let at = line.at.parse().map_err(|error| bad_member("at", &error))?;
        let kind = self.kind(&line.kind)?;
        let data = line.data.get();
        if is_canonical(data) {
            return self.push(number, at, kind, data);
        }
        let canonical = canonicalize(data.as_bytes()).map_err(|error| {
            let reason = match &error {
                CanonicalError::NotJson(error) => brief(error),
                CanonicalError::Inexact { .. } => error.to_string(),
            };
            let kind = kind.clone();
            LineError::BadData { kind, reason }
        })?;
        let canonical = String::from_utf8(canonical).map_err(|_| LineError::NotUtf8)?;
        self.push(number, at, kind, &canonical)
    }

    fn kind(&mut self, name: &str) -> Result<EventType, LineError> {
        if let Some(known) = self.kinds.iter().find(|known| known.as_str() == name) {
            return Ok(known.clone());
        }
        let kind = EventType::new(name).map_err(|error| bad_member("type", &error))?;
        let noun = name.split('.').next().unwrap_or_default();
        if RESERVED_NOUNS.contains(&noun) || RESERVED_TYPES.contains(&kind) {
            return Err(LineError::Reserved { kind });
        }
        self.kinds.push(kind.clone());
        Ok(kind)
    }

    /// Adds an event whose data is canonical.
    fn push(
        &mut self,
        line: u64,
        at: Timestamp,
        kind: EventType,
        data: &str,
    ) -> Result<(), LineError> {
        match blob_of(&kind, data) {
            Ok(None) => {}
            Ok(Some(sha256)) => self.blobs.push(NamedBlob { line, sha256 }),
            Err(reason) => return Err(LineError::BadData { kind, reason }),
        }
        let write = |out: &mut Vec<u8>| out.extend_from_slice(data.as_bytes());
        Ok(self.events.push_canonical(at, kind, write)?)
    }
}

/// Checks the shape of an event's data, and answers the blob that it names.
fn blob_of(kind: &EventType, data: &str) -> Result<Option<String>, String> {
    // Lists would do for the reader of a known type, and unknown types are objects as well.
    if !data.starts_with('{') {
        return Err("it is not an object".to_owned());
    }
    let body = EventBody::from_data(kind, data.as_bytes()).map_err(|error| brief(&error))?;
    let blob = match body {
        EventBody::FramesCaptured(captured) => Some(captured.blob),
        EventBody::VideoEncoded(encoded) => Some(encoded.blob),
        EventBody::VideoAnalyzed(analyzed) => analyzed.thumbnails.map(|sheet| sheet.blob),
        EventBody::VideoCompleted(completed) => completed.blob,
        EventBody::UploadQuarantined(quarantined) => quarantined.blob,
        _ => None,
    };
    match blob {
        Some(blob) if BlobDigest::parse(&blob).is_none() => Err(format!(
            "`blob` is {:.80?}, expected the SHA-256 in 64 lower-case hexadecimal digits",
            shown(&blob)
        )),
        blob => Ok(blob),
    }
}

/// A line of canonical JSON. Nearly all are: their members stand at places that need no search.
struct CanonicalLine<'a> {
    at: Timestamp,
    data: &'a str,
    kind: &'a str,
}

impl<'a> CanonicalLine<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let rest = line.strip_prefix("{\"at\":\"")?.strip_suffix("\"}")?;
        let (at, rest) = rest.split_at_checked(Timestamp::TEXT_BYTES)?;
        let rest = rest.strip_prefix("\",\"data\":")?;
        let quote = memchr::memrchr(b'"', rest.as_bytes())?;
        let kind = &rest[quote + 1..];
        let data = rest[..quote].strip_suffix(",\"type\":")?;
        // If the data is one value and nothing more, it was cut out at the right places.
        is_canonical(data).then_some(())?;
        let at = Timestamp::from_ascii(at.as_bytes())?;
        Some(Self { at, data, kind })
    }
}

/// Any other line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyLine<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
}

fn bad_member(member: &str, error: &dyn std::error::Error) -> LineError {
    LineError::BadMember(format!("`{member}`: {error}"))
}

/// What the JSON reader said, without its own count of lines, which is not that of the batch.
fn brief(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &said[..end], error.column()),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &str) -> Result<ParsedBatch, BatchError> {
        parse_batch(body.as_bytes(), &IngestLimits::default())
    }

    fn events(batch: &ParsedBatch) -> Vec<(String, String, String)> {
        let text = |(at, kind, data): (Timestamp, &EventType, &[u8])| {
            let data = String::from_utf8(data.to_vec()).unwrap();
            (at.to_string(), kind.to_string(), data)
        };
        batch.events.iter_from(0).map(text).collect()
    }

    const AT: &str = "2026-11-21T09:30:00.000001Z";

    fn line(kind: &str, data: &str) -> String {
        format!("{{\"at\":\"{AT}\",\"data\":{data},\"type\":\"{kind}\"}}")
    }

    #[test]
    fn what_is_taken_and_what_is_kept_of_it() {
        let digest = "ab".repeat(32);
        // The line, the type, the data that is kept.
        let cases = [
            (
                line("keys.typed", r#"{"text":"ls\r"}"#),
                "keys.typed",
                r#"{"text":"ls\r"}"#,
            ),
            // In any order, with white space, with escapes that need not be.
            (
                format!(
                    r#" {{ "type" : "keys.typed", "at":"{AT}" , "data" : {{ "text" : "\u006cs\u000d" }} }} "#
                ),
                "keys.typed",
                r#"{"text":"ls\r"}"#,
            ),
            (
                r#"{"at":"2026-11-21T11:30:00.0000019+02:00","data":{"text":"é"},"type":"keys.typed"}"#
                    .to_owned(),
                "keys.typed",
                r#"{"text":"é"}"#,
            ),
            // Members and types that nobody here knows.
            (
                line("keys.typed", r#"{"layout":"de","text":"x"}"#),
                "keys.typed",
                r#"{"layout":"de","text":"x"}"#,
            ),
            (
                line("camera.moved", r#"{"pan":1.50,"by":"é"}"#),
                "camera.moved",
                r#"{"by":"é","pan":1.5}"#,
            ),
            // A whole number, however it is written.
            (
                line("terminal.resized", r#"{"columns":8e1,"rows":24.0}"#),
                "terminal.resized",
                r#"{"columns":80,"rows":24}"#,
            ),
            // Data that looks like the rest of a line.
            (
                line("camera.moved", r#"{"a":"\",\"type\":\"x"}"#),
                "camera.moved",
                r#"{"a":"\",\"type\":\"x"}"#,
            ),
            (
                line(
                    "upload.quarantined",
                    &format!(r#"{{"blob":"{digest}","reason":"r"}}"#),
                ),
                "upload.quarantined",
                &format!(r#"{{"blob":"{digest}","reason":"r"}}"#),
            ),
        ];
        for (line, kind, data) in cases {
            let parsed = parse(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let want = (AT.to_owned(), kind.to_owned(), data.to_owned());
            assert_eq!(events(&parsed), [want], "{line}");
            let blobs = usize::from(kind == "upload.quarantined");
            assert_eq!(parsed.blobs.len(), blobs);
        }
    }

    #[test]
    fn what_is_refused_and_why() {
        let good = line("keys.typed", r#"{"text":"x"}"#);
        let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(64 << 10));
        let cases = [
            ("nonsense".to_owned(), "expected {\"at\""),
            ("[]".to_owned(), "expected {\"at\""),
            (good.replace("\"at\"", "\"when\""), "unknown field `when`"),
            (good[..good.len() - 1].to_owned(), "EOF"),
            (format!("{good} x"), "trailing characters"),
            (
                good.replace(r#","type""#, r#","at":"x","type""#),
                "duplicate field `at`",
            ),
            (good.replace("2026", "26"), "`at`: \"26-"),
            (
                good.replace("keys.typed", "Keys"),
                "`type`: \"Keys\" is not a event type",
            ),
            (line("keys.typed", r#"{"txt":"x"}"#), "missing field `text`"),
            (line("keys.typed", r#"["x"]"#), "not an object"),
            (line("camera.moved", "7"), "not an object"),
            (
                line("camera.moved", r#"{"a":1,"a":2}"#),
                "the member \"a\" occurs twice",
            ),
            (
                line("camera.moved", r#"{"a":9007199254740993}"#),
                "cannot be kept exactly",
            ),
            (line("camera.moved", r#"{"a":"\ud800"}"#), "hex escape"),
            (line("keys.typed", &large), "expected at most 64511"),
            (
                line("terminal.resized", r#"{"columns":-1,"rows":2}"#),
                "invalid value",
            ),
            (
                line(
                    "frames.captured",
                    r#"{"blob":"../x","bytes":1,"firstAt":"2026-11-21T09:30:00Z","frameCount":1,"lastAt":"2026-11-21T09:30:00Z","mediaType":"m"}"#,
                ),
                "64 lower-case",
            ),
            (line("token.created", "{}"), "only the server"),
            (line("retention.undone", "{}"), "only the server"),
            (
                line("session.launched", r#"{"user":"root"}"#),
                "only the server",
            ),
            (
                format!("{good}\n\n{good}").replacen(&good, "", 1),
                "expected {\"at\"",
            ),
        ];
        for (bad, why) in cases {
            let error = parse(&bad).unwrap_err().to_string();
            assert!(
                error.contains(why) && error.starts_with("line 1: "),
                "{bad:.200}\n{error}"
            );
            // The same as the third of four.
            let body = format!("{good}\n{good}\r\n{bad}\n{good}\n");
            assert_eq!(parse(&body).unwrap_err().line(), Some(3), "{bad:.200}");
        }
        let not_utf8 = [good.as_bytes(), b"\n", b"\xff\n"].concat();
        let error = parse_batch(&not_utf8, &IngestLimits::default()).unwrap_err();
        assert_eq!(error.line(), Some(2));
    }

    #[test]
    fn limits_and_line_ends() {
        let good = line("keys.typed", r#"{"text":"x"}"#);
        for ends in [
            good.clone(),
            format!("{good}\n"),
            format!("{good}\r\n"),
            format!("{good}\r"),
        ] {
            assert_eq!(parse(&ends).unwrap().events.len(), 1, "{ends:?}");
        }
        for empty in ["", "\n", "\r\n"] {
            assert!(matches!(parse(empty), Err(BatchError::Empty)), "{empty:?}");
        }
        let limits = IngestLimits {
            batch_bytes: 400,
            batch_events: 3,
            line_bytes: 120,
            ..IngestLimits::default()
        };
        let parse = |body: &str| parse_batch(body.as_bytes(), &limits);
        let lines = |count: usize| vec![good.as_str(); count].join("\n");
        assert_eq!(parse(&lines(3)).unwrap().events.len(), 3);
        assert!(matches!(
            parse(&lines(4)),
            Err(BatchError::TooMany { limit: 3 })
        ));
        assert!(matches!(parse(&lines(6)), Err(BatchError::TooLarge { .. })));
        let long = line("keys.typed", &format!(r#"{{"text":"{}"}}"#, "x".repeat(60)));
        let problem = LineError::TooLong {
            found: long.len(),
            limit: 120,
        };
        assert_eq!(
            parse(&long).unwrap_err().to_string(),
            format!("line 1: {problem}")
        );
    }

    proptest! {
        /// However an event is written, the same is taken in.
        #[test]
        fn the_fast_way_takes_in_what_the_other_does(
            text in "[ -~é\\n\\u{1b}\"\\\\]{0,40}",
            micros in 0i64..2_000_000_000_000_000,
            odd in any::<f64>(),
            kind in prop_oneof![Just("terminal.written"), Just("camera.moved")],
        ) {
            let at = Timestamp::from_micros(micros).unwrap();
            let data = json!({"text": text, "zoom": odd});
            let canonical = retrace_core::canonical::to_canonical(&data).unwrap();
            let data_text = String::from_utf8(canonical).unwrap();
            let fast = format!("{{\"at\":\"{at}\",\"data\":{data_text},\"type\":\"{kind}\"}}");
            let slow = format!("{{\"type\":\"{kind}\",\"data\": {data},\"at\":\"{at}\"}}");
            let fast = parse(&fast).unwrap();
            prop_assert_eq!(events(&fast), events(&parse(&slow).unwrap()));
            prop_assert_eq!(&events(&fast)[0].2, &data_text);
        }

        #[test]
        fn no_body_makes_it_panic(body in "[\\[\\]{}:,\"\\\\atdypekmor.\\n0-9 -]{0,80}") {
            let _ = parse(&body);
            let value: Option<Value> = serde_json::from_str(&body).ok();
            prop_assert!(value.is_none() || parse(&body).is_err());
        }
    }
}
