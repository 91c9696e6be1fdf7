//! Why a request says it is made.

use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::HttpError;
use crate::accesses::{AccessError, Accesses};

/// Why somebody looks at a recording, in their words: text, with what is not ASCII percent-encoded as UTF-8.
const REASON: HeaderName = HeaderName::from_static("retrace-reason");

/// Why somebody wants to see what is redacted: written as the reason is.
const REVEAL: HeaderName = HeaderName::from_static("retrace-reveal");

/// The reason that a request gives.
pub(super) fn reason(parts: &Parts) -> Result<Option<String>, HttpError> {
    reason_in(&parts.headers)
}

/// Why a request wants to see what is redacted. Videos, pictures and links to files can send no header: they say it in
/// the parameter `reveal` of their address.
pub(super) fn reveal(parts: &Parts) -> Result<Option<String>, HttpError> {
    if let Some(said) = said_in(&parts.headers, &REVEAL)? {
        return Ok(Some(said));
    }
    let Ok(Query(address)) = Query::<RevealQuery>::try_from_uri(&parts.uri) else {
        return Ok(None);
    };
    let checked = address.reveal.as_deref().map(checked_reason).transpose();
    checked.map_err(|error| HttpError::of_access(&error))
}

#[derive(Deserialize)]
struct RevealQuery {
    reveal: Option<String>,
}

/// The reason that headers give.
pub(super) fn reason_in(headers: &HeaderMap) -> Result<Option<String>, HttpError> {
    said_in(headers, &REASON)
}

fn said_in(headers: &HeaderMap, header: &HeaderName) -> Result<Option<String>, HttpError> {
    let Some(value) = headers.get(header) else {
        return Ok(None);
    };
    let text = percent_decode_str(value.to_str().unwrap_or_default()).decode_utf8_lossy();
    checked_reason(&text)
        .map(Some)
        .map_err(|error| HttpError::of_access(&error))
}

/// A reason that can be kept.
pub(crate) fn checked_reason(text: &str) -> Result<String, AccessError> {
    let text = text.trim();
    let found = text.chars().count();
    if (1..=Accesses::REASON_MAX).contains(&found) {
        Ok(text.to_owned())
    } else {
        Err(AccessError::Reason {
            found,
            expected: Accesses::REASON_MAX,
        })
    }
}
