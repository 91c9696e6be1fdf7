//! A line of a part: an event as it is uploaded, `{"at":…,"data":…,"type":…}` in canonical form.

use retrace_core::Timestamp;
use retrace_core::event::EventType;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Appends the line of an event, line end included. `data` is canonical JSON.
pub(super) fn write(at: Timestamp, kind: &EventType, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"at\":\"");
    out.extend_from_slice(&at.to_ascii());
    out.extend_from_slice(b"\",\"data\":");
    out.extend_from_slice(data);
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(kind.as_str().as_bytes());
    out.extend_from_slice(b"\"}\n");
}

/// An event, read from its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub(super) at: Timestamp,
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
    #[serde(rename = "type")]
    pub(super) kind: EventType,
}

impl<'a> Line<'a> {
    /// Reads a line without its line end.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }
}
