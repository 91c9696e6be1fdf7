//! Byte ranges (RFC 9110, section 14) and whether what a client has is still what there is.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// What of a file is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// A part of it.
    Part(Range<u64>),
    /// Nothing: the client has it.
    NotModified,
    /// There is no such part.
    NotSatisfiable,
}

impl Wanted {
    /// What `headers` ask of a file of `length` bytes. Several ranges at once are answered with the whole: no
    /// player asks for them.
    pub(super) fn of(headers: &HeaderMap, length: u64, etag: &str) -> Self {
        let text = |name| {
            headers
                .get(name)
                .and_then(|value: &HeaderValue| value.to_str().ok())
        };
        let is_known = |list: &str| {
            list.split(',')
                .map(str::trim)
                .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        };
        if text(header::IF_NONE_MATCH).is_some_and(is_known) {
            return Self::NotModified;
        }
        // A date says too little: the file of a session that goes on changes within a second.
        if text(header::IF_RANGE).is_some_and(|tag| tag != etag) {
            return Self::Whole;
        }
        let Some(range) = text(header::RANGE).and_then(|range| range.strip_prefix("bytes=")) else {
            return Self::Whole;
        };
        match one_range(range.trim(), length) {
            Some(Some(part)) => Self::Part(part),
            Some(None) => Self::NotSatisfiable,
            None => Self::Whole,
        }
    }

    /// The status of the answer, and the bytes that it has.
    pub(super) fn answer(&self, length: u64) -> (StatusCode, Range<u64>) {
        match self {
            Self::Whole => (StatusCode::OK, 0..length),
            Self::Part(part) => (StatusCode::PARTIAL_CONTENT, part.clone()),
            Self::NotModified => (StatusCode::NOT_MODIFIED, 0..0),
            Self::NotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0..0),
        }
    }

    /// The header that says which part the answer has.
    pub(super) fn content_range(&self, length: u64) -> Option<String> {
        match self {
            Self::Part(part) => Some(format!("bytes {}-{}/{length}", part.start, part.end - 1)),
            Self::NotSatisfiable => Some(format!("bytes */{length}")),
            Self::Whole | Self::NotModified => None,
        }
    }
}

/// One range: `None` when it is none, or several; `Some(None)` when the file does not have it.
fn one_range(range: &str, length: u64) -> Option<Option<Range<u64>>> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let part = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(suffix)) if first.is_empty() => length.saturating_sub(suffix)..length,
        _ => return None,
    };
    Some((part.start < part.end).then_some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end_of_the_file() {
        let cases = [
            ("bytes=0-", Wanted::Part(0..1_000)),
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=10-19", Wanted::Part(10..20)),
            ("bytes=990-5000", Wanted::Part(990..1_000)),
            ("bytes=-10", Wanted::Part(990..1_000)),
            ("bytes=-5000", Wanted::Part(0..1_000)),
            ("bytes=0-99999999999999999999999", Wanted::Part(0..1_000)),
            ("bytes=1000-", Wanted::NotSatisfiable),
            ("bytes=-0", Wanted::NotSatisfiable),
            ("bytes=5-2", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("lines=0-5", Wanted::Whole),
        ];
        for (range, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            assert_eq!(Wanted::of(&headers, 1_000, "\"a\""), want, "{range}");
        }
    }

    #[test]
    fn a_part_of_what_has_changed_is_the_whole_and_what_is_known_is_not_sent() {
        let of = |name, value| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static("bytes=1-2"));
            headers.insert(name, HeaderValue::from_static(value));
            Wanted::of(&headers, 10, "\"a\"")
        };
        assert_eq!(of(header::IF_RANGE, "\"a\""), Wanted::Part(1..3));
        assert_eq!(of(header::IF_RANGE, "\"b\""), Wanted::Whole);
        assert_eq!(
            of(header::IF_NONE_MATCH, "\"b\", W/\"a\""),
            Wanted::NotModified
        );
        assert_eq!(of(header::IF_NONE_MATCH, "\"b\""), Wanted::Part(1..3));
    }
}
