//! Following one stream: what settings, tokens and sessions are folded from.

use std::sync::Arc;

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::{EventLog, StoreError};
use crate::event::Event;
use crate::id::{StreamName, StreamVersion};

/// So many events are read at once.
const PAGE_EVENTS: usize = 1_000;

/// What a process has heard of a stream since it opened the log, without asking the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// What was heard under another number was forgotten since.
    pub generation: u64,
    /// The version that the stream's next event had when it was last appended to. `None` when
    /// nothing was heard of it.
    pub next: Option<StreamVersion>,
}

/// Where somebody who follows a stream stands in it.
#[derive(Debug, Default)]
pub struct StreamCursor {
    next: StreamVersion,
    /// The generation that the last reading heard. `None` before the first.
    generation: Option<u64>,
}

impl StreamCursor {
    /// A cursor that skips what stands before a version.
    pub fn from_version(next: StreamVersion) -> Self {
        Self {
            next,
            generation: None,
        }
    }

    /// The version of the next event that is to be read.
    pub fn next(&self) -> StreamVersion {
        self.next
    }

    /// Gives the events that are new to `apply`, and answers whether there were any.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_on(
        &mut self,
        log: &dyn EventLog,
        stream: &StreamName,
        mut apply: impl FnMut(&Event) + Send,
    ) -> Result<bool, StoreError> {
        // Before anything is read: what is heard meanwhile counts as new the next time.
        let heard = log.heard(stream);
        let before = self.next;
        loop {
            let events = log.read_stream(stream, self.next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else {
                break;
            };
            self.next = last.version().plus(1);
            events.iter().for_each(&mut apply);
        }
        self.generation = Some(heard.generation);
        Ok(self.next > before)
    }

    /// The same, but asks the store only when the stream has grown as far as this process has
    /// heard: of its own appends at once, of those of others within a moment.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_on_if_grown(
        &mut self,
        log: &dyn EventLog,
        stream: &StreamName,
        apply: impl FnMut(&Event) + Send,
    ) -> Result<bool, StoreError> {
        let heard = log.heard(stream);
        let is_known = self.generation == Some(heard.generation);
        if is_known && heard.next.is_none_or(|next| next <= self.next) {
            return Ok(false);
        }
        self.read_on(log, stream, apply).await
    }
}

/// What the events of a stream say, folded in memory: for streams of few events that are asked for often.
pub struct Folded<S> {
    log: Arc<dyn EventLog>,
    stream: StreamName,
    apply: fn(&mut S, &Event),
    state: Mutex<(StreamCursor, S)>,
}

impl<S: Default + Send> Folded<S> {
    /// Of a stream of `log`, each event of which `apply` takes in. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>, stream: StreamName, apply: fn(&mut S, &Event)) -> Self {
        Self {
            log,
            stream,
            apply,
            state: Mutex::default(),
        }
    }

    /// What they say as far as this process has heard: of its own appends at once, of those of others within a moment.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn heard(&self) -> Result<MappedMutexGuard<'_, S>, StoreError> {
        let mut state = self.state.lock().await;
        let (cursor, folded) = &mut *state;
        let apply = |event: &Event| (self.apply)(folded, event);
        cursor
            .read_on_if_grown(&*self.log, &self.stream, apply)
            .await?;
        Ok(MutexGuard::map(state, |(_, folded)| folded))
    }
}
