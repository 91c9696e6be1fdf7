//! Who holds the connection of which session, and which sessions have lost theirs.
//!
//! A session has one connection at a time: who goes on with it sends the one before away, which may
//! be half open and not know that its client is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use retrace_core::SessionId;
use tokio::sync::{Notify, watch};

/// How long the connection before may take to leave. It may be waiting for the log.
const LEAVES_WITHIN: Duration = Duration::from_secs(20);

/// The seats of all sessions that this process knows of.
#[derive(Default)]
pub(super) struct Seats {
    seats: Mutex<HashMap<SessionId, State>>,
    next: std::sync::atomic::AtomicU64,
    left: Notify,
}

enum State {
    Taken {
        number: u64,
        leave: watch::Sender<bool>,
    },
    Lost(Lost),
}

/// A session without a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost {
    pub(super) since: Instant,
    /// How long nothing had come when the connection was found broken; zero when that is not known.
    pub(super) quiet: Duration,
}

/// The right to write what a session's client sends. Given back when it is dropped: then the session
/// counts as lost, unless it has ended.
pub(super) struct Seat {
    seats: Arc<Seats>,
    session: SessionId,
    number: u64,
    asked_to_leave: watch::Receiver<bool>,
    heard: Instant,
    has_ended: bool,
}

impl Seats {
    /// Takes the seat of a session, from whoever has it. `None` when they do not leave.
    pub(super) async fn take(self: &Arc<Self>, session: SessionId) -> Option<Seat> {
        let until = tokio::time::Instant::now() + LEAVES_WITHIN;
        loop {
            // Before looking: who leaves in between is heard.
            let left = self.left.notified();
            if let Some(seat) = self.take_free(session) {
                return Some(seat);
            }
            tokio::time::timeout_at(until, left).await.ok()?;
        }
    }

    fn take_free(self: &Arc<Self>, session: SessionId) -> Option<Seat> {
        let mut seats = self.lock();
        if let Some(State::Taken { leave, .. }) = seats.get(&session) {
            leave.send_replace(true);
            return None;
        }
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (leave, asked_to_leave) = watch::channel(false);
        seats.insert(session, State::Taken { number, leave });
        Some(Seat {
            seats: Arc::clone(self),
            session,
            number,
            asked_to_leave,
            heard: Instant::now(),
            has_ended: false,
        })
    }

    /// Notes that a session that is open has no connection, unless it is known already.
    pub(super) fn note_lost(&self, session: SessionId) {
        let lost = Lost {
            since: Instant::now(),
            quiet: Duration::ZERO,
        };
        self.lock().entry(session).or_insert(State::Lost(lost));
    }

    /// The sessions that were lost longer ago than that.
    pub(super) fn lost_for(&self, grace: Duration) -> Vec<(SessionId, Lost)> {
        let seats = self.lock();
        seats
            .iter()
            .filter_map(|(session, state)| match state {
                State::Lost(lost) if lost.since.elapsed() >= grace => Some((*session, *lost)),
                _ => None,
            })
            .collect()
    }

    /// Forgets a session that was lost: it has ended, or another node has it.
    pub(super) fn forget(&self, session: SessionId) {
        let mut seats = self.lock();
        if matches!(seats.get(&session), Some(State::Lost(_))) {
            seats.remove(&session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, State>> {
        // Its own steps cannot fail half-way.
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Waits until somebody else wants the seat.
    pub(super) async fn asked_to_leave(&mut self) {
        // The sender lives as long as the seat is taken.
        let _ = self.asked_to_leave.wait_for(|leave| *leave).await;
    }

    /// Notes that the client is there.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// How long nothing has come.
    pub(super) fn quiet(&self) -> Duration {
        self.heard.elapsed()
    }

    /// Notes that the session has ended: nobody is waited for.
    pub(super) fn set_ended(&mut self) {
        self.has_ended = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock();
        if let Some(State::Taken { number, .. }) = seats.get(&self.session)
            && *number == self.number
        {
            if self.has_ended {
                seats.remove(&self.session);
            } else {
                let lost = Lost {
                    since: Instant::now(),
                    quiet: self.heard.elapsed(),
                };
                seats.insert(self.session, State::Lost(lost));
            }
        }
        drop(seats);
        self.seats.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_goes_on_with_a_session_sends_the_one_before_away() {
        let seats = Arc::new(Seats::default());
        let session = SessionId::launched_now();
        let mut first = seats.take(session).await.unwrap();
        let waiting = tokio::spawn({
            let seats = Arc::clone(&seats);
            async move { seats.take(session).await }
        });
        first.asked_to_leave().await;
        assert!(seats.lost_for(Duration::ZERO).is_empty());
        drop(first);
        let mut second = waiting.await.unwrap().unwrap();
        assert!(seats.lost_for(Duration::ZERO).is_empty());
        second.set_ended();
        drop(second);
        assert!(seats.lost_for(Duration::ZERO).is_empty());

        drop(seats.take(session).await.unwrap());
        assert_eq!(seats.lost_for(Duration::ZERO).len(), 1);
        assert!(seats.lost_for(Duration::from_secs(60)).is_empty());
        seats.forget(session);
        assert!(seats.lost_for(Duration::ZERO).is_empty());
        seats.note_lost(session);
        // Whoever comes back has it again.
        let _third = seats.take(session).await.unwrap();
        seats.forget(session);
        seats.note_lost(session);
        assert!(seats.lost_for(Duration::ZERO).is_empty());
    }
}
