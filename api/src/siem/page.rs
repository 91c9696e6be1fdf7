//! A stretch of the log as lines, page by page.
//!
//! In memory are the page that is written and the one that is read meanwhile, each of about [`PAGE_BYTES`], however long
//! the stretch and however large its events.

use std::collections::BTreeSet;
use std::sync::Arc;

use retrace_core::event::Event;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId};
use tokio::task::{JoinHandle, spawn_blocking};

use super::formats::{Format, LineWriter};
use super::sight::{Sieve, SightError, TypeFilter};

/// About so many bytes of events are read at once.
const PAGE_BYTES: usize = 1 << 20;
/// A page has so many events at least, and at most.
const PAGE_EVENTS_MIN: usize = 16;
const PAGE_EVENTS_MAX: usize = 4_096;
/// What an event has beside its data, about.
const EVENT_BYTES: usize = 250;

/// Why a stretch could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What may be seen could not be told.
    #[error(transparent)]
    Sight(#[from] SightError),
    /// The server is about to end.
    #[error("the events were given up: this process is about to end")]
    GivenUp,
}

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of which types.
    pub types: TypeFilter,
    /// Of which session alone.
    pub session: Option<SessionId>,
}

impl Wanted {
    /// Whether an event is among them.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        (self.session.is_none() || self.session == event.session())
            && self.types.matches(event.kind())
    }
}

/// Some lines.
#[derive(Debug, Default)]
pub struct Page {
    /// Each with its line end.
    pub lines: Vec<u8>,
    /// How many there are.
    pub count: u64,
    /// The sessions of which what is redacted is shown in them.
    pub revealed: BTreeSet<SessionId>,
}

/// Reads events of a log, a page ahead.
pub struct EventPages {
    log: Arc<dyn EventLog>,
    next: Position,
    end: Position,
    at_once: usize,
    ahead: Option<JoinHandle<Result<Vec<Event>, StoreError>>>,
}

impl EventPages {
    /// The events at `[from, end)`, which must be in the log.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, from: Position, end: Position) -> Self {
        Self {
            log,
            next: from,
            end,
            at_once: PAGE_EVENTS_MAX / 16,
            ahead: None,
        }
    }

    /// The position after the last event that was given.
    #[must_use]
    pub fn next(&self) -> Position {
        self.next
    }

    fn read(&self, from: Position) -> JoinHandle<Result<Vec<Event>, StoreError>> {
        let left = usize::try_from(self.end.0.saturating_sub(from.0)).unwrap_or(usize::MAX);
        let (log, limit) = (Arc::clone(&self.log), self.at_once.min(left));
        tokio::spawn(async move {
            if limit == 0 {
                return Ok(Vec::new());
            }
            log.read(from, limit).await
        })
    }

    /// The next events. Empty at the end.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn next_events(&mut self) -> Result<Vec<Event>, PageError> {
        let reading = self.ahead.take().unwrap_or_else(|| self.read(self.next));
        let events = reading.await.map_err(|_| PageError::GivenUp)??;
        let Some(last) = events.last() else {
            return Ok(events);
        };
        self.next = last.position().plus(1);
        let bytes: usize = events.iter().map(|event| event.data().len()).sum();
        let each = bytes / events.len() + EVENT_BYTES;
        self.at_once = (PAGE_BYTES / each).clamp(PAGE_EVENTS_MIN, PAGE_EVENTS_MAX);
        self.ahead = Some(self.read(self.next));
        Ok(events)
    }
}

impl Drop for EventPages {
    fn drop(&mut self) {
        if let Some(ahead) = &self.ahead {
            ahead.abort();
        }
    }
}

/// The lines of a stretch, as somebody may see them.
pub struct LinePages {
    events: EventPages,
    wanted: Arc<Wanted>,
    /// Away while a page is written.
    writing: Option<(Sieve, LineWriter)>,
}

impl LinePages {
    /// The lines of events.
    #[must_use]
    pub fn new(events: EventPages, wanted: Wanted, sieve: Sieve, writer: LineWriter) -> Self {
        Self {
            events,
            wanted: Arc::new(wanted),
            writing: Some((sieve, writer)),
        }
    }

    /// The position after the last event that was looked at.
    #[must_use]
    pub fn next(&self) -> Position {
        self.events.next()
    }

    /// The lines of the next page, which may be none. Nothing at the end of the stretch.
    ///
    /// # Errors
    /// When log or read models do not answer.
    pub async fn next_page(&mut self) -> Result<Option<Page>, PageError> {
        let mut events = self.events.next_events().await?;
        if events.is_empty() {
            return Ok(None);
        }
        let (mut sieve, writer) = self.writing.take().ok_or(PageError::GivenUp)?;
        let wanted = Arc::clone(&self.wanted);
        let work = spawn_blocking(move || {
            // That an event is destroyed is told where each position has its line, and is no news to anybody else.
            let is_gapless = writer.format() == Format::Ndjson;
            events.retain(|event| wanted.matches(event) && (is_gapless || !event.is_destroyed()));
            let mut page = Page::default();
            let outcome = sieve.sift(&events, |shown| {
                let _ = writer.push(shown, &mut page.lines);
                page.lines.push(b'\n');
                page.count += 1;
            });
            page.revealed = sieve.revealed(&events);
            (sieve, writer, outcome.map(|()| page))
        });
        let (sieve, writer, page) = work.await.map_err(|_| PageError::GivenUp)?;
        self.writing = Some((sieve, writer));
        Ok(Some(page?))
    }
}
