//! Texts as events: what was written to a terminal, and what was typed.

use retrace_core::Timestamp;
use retrace_core::event::{EventBatch, EventError, EventType, MAX_DATA_BYTES};

use crate::asciicast::literal;

pub(crate) use literal::encode;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Output. Whether the next text belongs to the same write.
    Written { continued: bool },
    /// Keys.
    Typed,
    /// Input that no terminal sent.
    Piped,
}

/// Adds a text that may be too long for one event. `literal` is the text as a canonical JSON literal,
/// with its quotes. Output says in each part but the last that it is continued, so that the write can
/// be put together again, and in the last when the text is; of keys each part is an event.
pub(crate) fn push_text(
    batch: &mut EventBatch,
    at: Timestamp,
    text: Text,
    literal: &[u8],
) -> Result<(), EventError> {
    const WHOLE: &[u8] = b"{\"text\":\"";
    const PIPED: &[u8] = b"{\"piped\":true,\"text\":\"";
    const CONTINUED: &[u8] = b"{\"continued\":true,\"text\":\"";
    const END: &[u8] = b"\"}";
    const MAX_PART: usize = MAX_DATA_BYTES - CONTINUED.len() - END.len();

    let mut inside = &literal[1..literal.len() - 1];
    let (kind, begin, last) = match text {
        Text::Written { continued: true } => (EventType::TERMINAL_WRITTEN, CONTINUED, CONTINUED),
        Text::Written { continued: false } => (EventType::TERMINAL_WRITTEN, CONTINUED, WHOLE),
        Text::Typed => (EventType::KEYS_TYPED, WHOLE, WHOLE),
        Text::Piped => (EventType::KEYS_TYPED, PIPED, PIPED),
    };
    let mut part = |kind: EventType, begin: &[u8], inside: &[u8]| {
        batch.push_canonical(at, kind, |out| {
            out.extend_from_slice(begin);
            out.extend_from_slice(inside);
            out.extend_from_slice(END);
        })
    };
    while inside.len() > MAX_PART {
        let (now, rest) = inside.split_at(literal::cut_at(inside, MAX_PART));
        part(kind.clone(), begin, now)?;
        inside = rest;
    }
    part(kind, last, inside)
}
