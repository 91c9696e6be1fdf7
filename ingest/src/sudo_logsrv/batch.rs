//! Events since the last cut: in the order of their times, output joined, long texts in parts.

use retrace_core::Timestamp;
use retrace_core::event::{EventBatch, EventBody, EventError, KeysTyped, TerminalWritten};

/// Output that follows within this time is one event: a 60th of a second, in microseconds.
const JOIN_WITHIN: i64 = 16_667;
/// An event of output is ended once it has so many bytes.
const JOIN_BYTES: usize = 16 << 10;

/// Events on their way to the next cut.
#[derive(Debug)]
pub(super) struct Batch {
    events: EventBatch,
    joined: Option<Joined>,
    last_at: Timestamp,
}

/// Output that more may be joined to.
#[derive(Debug)]
struct Joined {
    at: Timestamp,
    text: String,
}

impl Batch {
    /// None yet, after one at that time.
    pub(super) fn after(last_at: Timestamp) -> Self {
        Self {
            events: EventBatch::new(),
            joined: None,
            last_at,
        }
    }

    /// The latest time so far.
    pub(super) fn last_at(&self) -> Timestamp {
        self.last_at
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.joined.is_none()
    }

    /// About how many bytes there are.
    pub(super) fn bytes(&self) -> usize {
        let joined = self.joined.as_ref().map_or(0, |joined| joined.text.len());
        self.events.data_bytes() + joined
    }

    /// Adds output, as `write` writes it.
    pub(super) fn output(
        &mut self,
        at: Timestamp,
        write: impl FnOnce(&mut String),
    ) -> Result<(), EventError> {
        let is_late = |joined: &Joined| at.micros_since(joined.at) > JOIN_WITHIN;
        if self.joined.as_ref().is_some_and(is_late) {
            self.flush()?;
        }
        let joined = self.joined.get_or_insert_with(|| Joined {
            at,
            text: String::new(),
        });
        write(&mut joined.text);
        if joined.text.len() >= JOIN_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Adds what was typed; `piped` when no terminal sent it.
    pub(super) fn keys(
        &mut self,
        at: Timestamp,
        text: &str,
        piped: bool,
    ) -> Result<(), EventError> {
        self.flush()?;
        self.push_text(at, text, |text, _| KeysTyped { piped, text }.into())
    }

    /// Adds anything else.
    pub(super) fn push(
        &mut self,
        at: Timestamp,
        body: impl Into<EventBody>,
    ) -> Result<(), EventError> {
        self.flush()?;
        let at = self.ordered(at);
        self.events.push(at, body)
    }

    /// Ends the event that output is being joined to.
    pub(super) fn flush(&mut self) -> Result<(), EventError> {
        match self.joined.take() {
            Some(Joined { at, text }) => self.push_text(at, &text, |text, continued| {
                TerminalWritten { continued, text }.into()
            }),
            None => Ok(()),
        }
    }

    /// Takes all events out.
    pub(super) fn take(&mut self) -> Result<EventBatch, EventError> {
        self.flush()?;
        Ok(std::mem::take(&mut self.events))
    }

    /// Adds a text as one event, or as several if it is too long for one. Only control characters
    /// in large numbers make it so: each takes six bytes in JSON.
    fn push_text(
        &mut self,
        at: Timestamp,
        text: &str,
        body: impl Fn(String, bool) -> EventBody,
    ) -> Result<(), EventError> {
        let at = self.ordered(at);
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = rest.len();
            loop {
                let continued = end < rest.len();
                match self
                    .events
                    .push(at, body(rest[..end].to_owned(), continued))
                {
                    Err(EventError::TooLarge { .. }) => end = rest.floor_char_boundary(end / 2),
                    pushed => break pushed?,
                }
            }
            rest = &rest[end..];
        }
        Ok(())
    }

    fn ordered(&mut self, at: Timestamp) -> Timestamp {
        self.last_at = self.last_at.max(at);
        self.last_at
    }
}
