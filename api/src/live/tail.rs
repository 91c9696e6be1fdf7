//! The end of the log, read once for everybody who follows it.
//!
//! [`LogTail`] promises each [`Follower`]:
//! - *whole*: it is given every position from where it began, in order, none left out and none
//!   twice: it knows its own position, and whatever it is given begins there;
//! - *at its own pace*: nothing waits for it, and it waits for no other follower. One that falls
//!   behind reads on from the log;
//! - *woken*: it waits for the log to grow, and asks for nothing meanwhile.
//!
//! What is held is bounded however many follow and however slow they are: [`TailLimits::kept_bytes`]
//! of the newest events, which followers share; a stretch of about [`TailLimits::read_bytes`] that a
//! follower looks at; and the page it is about to deliver.
//!
//! There is no task that reads: the first follower who needs the next events reads them for all.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use retrace_core::event::Event;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// What an event takes beside its data, about.
const EVENT_BYTES: usize = 96;
/// A reading has so many events at least, and at most.
const READ_EVENTS_MIN: usize = 16;
const READ_EVENTS_MAX: usize = 4_096;
/// A follower that has all that there is waits so long before it looks again: the fewer and larger its
/// pages, the more followers a node can have.
const GATHERED_FOR: Duration = Duration::from_millis(50);
/// The most events of a page, and about how many bytes.
const PAGE_EVENTS: usize = 200;
const PAGE_BYTES: usize = 512 << 10;

/// How much is held.
#[derive(Debug, Clone, Copy)]
pub struct TailLimits {
    /// Of the newest events, for all followers together.
    pub kept_bytes: usize,
    /// What is read from the log at once.
    pub read_bytes: usize,
    /// How many followers that have fallen behind read from the log at once.
    pub catching_up: usize,
    /// A follower for whom nothing comes is told so often how far it was looked.
    pub progress_every: Duration,
}

impl Default for TailLimits {
    fn default() -> Self {
        Self {
            kept_bytes: 16 << 20,
            read_bytes: 1 << 20,
            catching_up: 4,
            progress_every: Duration::from_secs(10),
        }
    }
}

/// The end of the log.
pub struct LogTail {
    log: Arc<dyn EventLog>,
    limits: TailLimits,
    kept: Mutex<Kept>,
    /// Whoever has it reads the next events for all.
    reading: tokio::sync::Mutex<()>,
    catching_up: Semaphore,
    /// How many events are read at once, by how large the last ones were.
    read_events: AtomicUsize,
}

/// The newest events that were read: stretches without a gap between them.
#[derive(Default)]
struct Kept {
    stretches: VecDeque<Arc<Stretch>>,
    bytes: usize,
}

/// Consecutive events of the log, at least one.
struct Stretch {
    first: Position,
    events: Vec<Event>,
    /// The sessions that they are of, sorted.
    sessions: Vec<SessionId>,
    bytes: usize,
}

impl Stretch {
    fn of(events: Vec<Event>) -> Option<Arc<Self>> {
        let first = events.first()?.position();
        let runs = events.chunk_by(|one, next| one.stream() == next.stream());
        let mut sessions: Vec<SessionId> = runs.filter_map(|run| run[0].session()).collect();
        sessions.sort_unstable();
        sessions.dedup();
        let bytes = events.iter().map(size).sum();
        Some(Arc::new(Self {
            first,
            events,
            sessions,
            bytes,
        }))
    }

    /// The position after the last of them.
    fn end(&self) -> Position {
        self.first.plus(self.events.len() as u64)
    }

    /// The events from `next` on.
    fn from(&self, next: Position) -> &[Event] {
        let skipped = usize::try_from(next.0.saturating_sub(self.first.0));
        let skipped = skipped.unwrap_or(usize::MAX).min(self.events.len());
        &self.events[skipped..]
    }

    fn has_some_of(&self, session: SessionId) -> bool {
        self.sessions.binary_search(&session).is_ok()
    }
}

fn size(event: &Event) -> usize {
    event.data().len() + EVENT_BYTES
}

enum Found {
    Here(Arc<Stretch>),
    /// It is no longer kept.
    Earlier,
    /// It was not read yet.
    Later,
}

impl Kept {
    fn find(&self, next: Position) -> Found {
        match (self.stretches.front(), self.stretches.back()) {
            (Some(first), _) if next < first.first => Found::Earlier,
            (_, Some(last)) if next < last.end() => {
                let at = self.stretches.partition_point(|one| one.end() <= next);
                Found::Here(Arc::clone(&self.stretches[at]))
            }
            _ => Found::Later,
        }
    }

    fn put(&mut self, stretch: &Arc<Stretch>, kept_bytes: usize) {
        if self
            .stretches
            .back()
            .is_some_and(|last| last.end() != stretch.first)
        {
            // Nobody has read what lies between: nobody has followed for a while.
            self.stretches.clear();
            self.bytes = 0;
        }
        self.bytes += stretch.bytes;
        self.stretches.push_back(Arc::clone(stretch));
        while self.bytes > kept_bytes && self.stretches.len() > 1 {
            if let Some(oldest) = self.stretches.pop_front() {
                self.bytes -= oldest.bytes;
            }
        }
    }
}

impl LogTail {
    /// The end of `log`. Nothing is read until somebody follows.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self::with_limits(log, TailLimits::default())
    }

    /// The same, with other limits.
    pub fn with_limits(log: Arc<dyn EventLog>, limits: TailLimits) -> Self {
        Self {
            log,
            limits,
            kept: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            catching_up: Semaphore::new(limits.catching_up),
            read_events: AtomicUsize::new(READ_EVENTS_MIN),
        }
    }

    /// Somebody who follows the log, from the event at `next` on.
    pub fn follow(self: &Arc<Self>, next: Position) -> Follower {
        Follower {
            tail: Arc::clone(self),
            next,
            rests_until: None,
            told_at: Instant::now(),
        }
    }

    /// Whether there may be events of a session in `[from, to)`, which are in the log. It says no only
    /// when it knows: what is no longer kept is not read again for the question.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn may_concern(
        &self,
        session: SessionId,
        from: Position,
        to: Position,
    ) -> Result<bool, StoreError> {
        let mut next = from;
        while next < to {
            let stretch = match self.kept().find(next) {
                Found::Here(stretch) => Some(stretch),
                Found::Earlier => return Ok(true),
                Found::Later => None,
            };
            let stretch = match stretch {
                Some(stretch) => Some(stretch),
                None => self.read_for_all(next).await?,
            };
            match stretch {
                Some(stretch) if stretch.has_some_of(session) => return Ok(true),
                Some(stretch) => next = stretch.end(),
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// The stretch with the event at `next`; `None` when the log ends before it.
    async fn read(&self, next: Position) -> Result<Option<Arc<Stretch>>, StoreError> {
        let found = self.kept().find(next);
        match found {
            Found::Here(stretch) => Ok(Some(stretch)),
            Found::Earlier => self.read_alone(next).await,
            Found::Later => self.read_for_all(next).await,
        }
    }

    async fn read_for_all(&self, next: Position) -> Result<Option<Arc<Stretch>>, StoreError> {
        let _reads = self.reading.lock().await;
        // Somebody else may just have read it.
        let found = self.kept().find(next);
        match found {
            Found::Here(stretch) => return Ok(Some(stretch)),
            Found::Earlier => return self.read_alone(next).await,
            Found::Later => {}
        }
        let stretch = self.read_log(next).await?;
        if let Some(stretch) = &stretch {
            self.kept().put(stretch, self.limits.kept_bytes);
        }
        Ok(stretch)
    }

    async fn read_alone(&self, next: Position) -> Result<Option<Arc<Stretch>>, StoreError> {
        // It is never closed.
        let _permit = self.catching_up.acquire().await;
        self.read_log(next).await
    }

    async fn read_log(&self, next: Position) -> Result<Option<Arc<Stretch>>, StoreError> {
        let events = self.read_events.load(Ordering::Relaxed);
        let stretch = Stretch::of(self.log.read(next, events).await?);
        if let Some(stretch) = &stretch {
            let fitting = stretch.events.len().saturating_mul(self.limits.read_bytes);
            let fitting = fitting / stretch.bytes.max(1);
            // Not more than twice as many: the next ones may be large.
            let events = fitting.min(events * 2);
            let events = events.clamp(READ_EVENTS_MIN, READ_EVENTS_MAX);
            self.read_events.store(events, Ordering::Relaxed);
        }
        Ok(stretch)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Its own steps cannot fail half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who follows the log.
pub struct Follower {
    tail: Arc<LogTail>,
    next: Position,
    rests_until: Option<Instant>,
    told_at: Instant,
}

/// What a follower is given.
#[derive(Debug)]
pub struct TailPage {
    /// The events that were wanted, in order of position. None at all only when nothing was wanted for
    /// a while.
    pub events: Vec<Event>,
    /// All before this position was looked at: whoever goes on later goes on here.
    pub next: Position,
    /// Whether that was the end of the log.
    pub is_at_end: bool,
}

impl Follower {
    /// The position that is looked at next.
    pub fn position(&self) -> Position {
        self.next
    }

    /// The next events that are `wanted`, all of `session` if one is named. Waits for them; dropped while
    /// it waits, nothing is lost, since only what was answered counts as looked at.
    ///
    /// # Errors
    /// When the log cannot be read. The follower stands where it stood.
    pub async fn page(
        &mut self,
        session: Option<SessionId>,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<TailPage, StoreError> {
        if let Some(until) = self.rests_until {
            tokio::time::sleep_until(until).await;
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        let (mut next, mut is_at_end) = (self.next, false);
        loop {
            let Some(stretch) = self.tail.read(next).await? else {
                let has_news =
                    next > self.next && self.told_at.elapsed() >= self.tail.limits.progress_every;
                if !found.is_empty() || has_news {
                    is_at_end = true;
                    break;
                }
                let tell_at = self.told_at + self.tail.limits.progress_every;
                let grown = self.tail.log.grown_past(next);
                if next > self.next {
                    // Out of time: how far it was looked is told above.
                    if let Ok(grown) = tokio::time::timeout_at(tell_at, grown).await {
                        grown?;
                        tokio::time::sleep(GATHERED_FOR).await;
                    }
                } else {
                    grown.await?;
                }
                continue;
            };
            let concerns = session.is_none_or(|session| stretch.has_some_of(session));
            let events = if concerns { stretch.from(next) } else { &[] };
            let mut is_full = false;
            for event in events {
                if wanted(event) {
                    bytes += size(event);
                    found.push(event.clone());
                    is_full = found.len() >= PAGE_EVENTS || bytes >= PAGE_BYTES;
                }
                next = event.position().plus(1);
                if is_full {
                    break;
                }
            }
            if is_full {
                break;
            }
            next = stretch.end();
            if found.is_empty() && self.told_at.elapsed() >= self.tail.limits.progress_every {
                break;
            }
            // Who looks through a long log with a filter must not keep others from their turn.
            tokio::task::consume_budget().await;
        }
        self.next = next;
        self.told_at = Instant::now();
        self.rests_until = is_at_end.then(|| self.told_at + GATHERED_FOR);
        Ok(TailPage {
            events: found,
            next,
            is_at_end,
        })
    }
}

#[cfg(test)]
mod tests;
