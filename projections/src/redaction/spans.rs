//! Spans that people redacted.

use retrace_core::event::{Concealed, Event, EventBody};

/// A span that a person redacted, and nobody has lifted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandSpan {
    /// Its id within the session.
    pub id: String,
    /// Where it begins, in microseconds after 1970, by the clock of the session.
    pub from_us: i64,
    /// The last microsecond of it.
    pub to_us: i64,
    /// What is hidden.
    pub what: Concealed,
}

/// All of them in a session, as of some event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandSpans {
    spans: Vec<HandSpan>,
}

/// How many spans of a session may be in force. Of more the first are given up, as no person redacts so many.
const SPANS_MAX: usize = 10_000;

/// The id of a span: what its event says, or the version of that in its stream.
#[must_use]
pub fn span_id(said: Option<&str>, event: &Event) -> String {
    said.map_or_else(|| event.version().to_string(), str::to_owned)
}

impl HandSpans {
    /// The same from the rows of a read model.
    #[must_use]
    pub fn of(spans: Vec<HandSpan>) -> Self {
        Self { spans }
    }

    /// Takes an event of the session's stream of redactions. Answers whether something is hidden, or shown again.
    pub fn take(&mut self, event: &Event, body: &EventBody) -> bool {
        match body {
            EventBody::RedactionAdded(added) if added.rule.is_none() => {
                let span = HandSpan {
                    id: span_id(added.id.as_deref(), event),
                    from_us: added.from.micros(),
                    to_us: added.to.micros(),
                    what: added.what,
                };
                if self.spans.iter().any(|known| known.id == span.id) {
                    return false;
                }
                if self.spans.len() >= SPANS_MAX {
                    self.spans.remove(0);
                }
                self.spans.push(span);
                true
            }
            EventBody::RedactionLifted(lifted) => {
                let before = self.spans.len();
                self.spans.retain(|span| span.id != lifted.id);
                self.spans.len() < before
            }
            _ => false,
        }
    }

    /// Whether something between two times, both included, is hidden.
    #[must_use]
    pub fn hide(&self, from_us: i64, to_us: i64, is_hidden: impl Fn(Concealed) -> bool) -> bool {
        let meets = |span: &HandSpan| span.from_us <= to_us && from_us <= span.to_us;
        self.spans
            .iter()
            .any(|span| meets(span) && is_hidden(span.what))
    }

    /// The spans, as they were added.
    #[must_use]
    pub fn spans(&self) -> &[HandSpan] {
        &self.spans
    }
}
