//! The end of a recording whose client went away without a word and did not come back.

use std::collections::BTreeMap;
use std::time::Duration;

use retrace_core::Timestamp;
use retrace_core::event::{
    EndReason, EventBatch, EventError, GapDetected, SessionEnded, TerminalWritten,
};

use super::channels::{Channel, Channels};

/// The last events of a recording that has come to `last_at`, and whose connection was found broken
/// `quiet` after that; zero when nobody knows how long after. `held` are the beginnings of characters
/// that waited for their rest.
///
/// # Errors
/// When an event cannot be written.
pub fn lost(
    last_at: Timestamp,
    quiet: Duration,
    held: &BTreeMap<String, String>,
) -> Result<EventBatch, EventError> {
    let mut events = EventBatch::new();
    let (mut channels, mut text) = (Channels::holding(held), String::new());
    for channel in Channel::ALL
        .into_iter()
        .filter(|channel| !channel.is_input())
    {
        channels.finish(channel, &mut text);
    }
    if !text.is_empty() {
        let continued = false;
        events.push(last_at, TerminalWritten { continued, text })?;
    }
    let quiet = i64::try_from(quiet.as_micros()).unwrap_or(i64::MAX);
    let to = last_at.saturating_add_micros(quiet);
    let gap = GapDetected {
        channel: "terminal".to_owned(),
        from: last_at,
        reason: "the connection to sudo broke before it said how the command ended".to_owned(),
        to,
    };
    events.push(to, gap)?;
    let ended = SessionEnded {
        exit_status: None,
        reason: EndReason::ConnectionLost,
    };
    events.push(to, ended)?;
    Ok(events)
}
