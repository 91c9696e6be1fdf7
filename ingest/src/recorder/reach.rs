//! Whether the server is within reach.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// When the server was heard last, by any of those who talk to it. Shared by all tasks of a
/// session.
#[derive(Debug)]
pub struct Reach {
    heard: Mutex<Instant>,
    back: Notify,
    /// The silence after which the session ends, if it does.
    limit: Mutex<Option<Duration>>,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            heard: Mutex::new(Instant::now()),
            back: Notify::new(),
            limit: Mutex::default(),
        }
    }
}

impl Reach {
    /// The server said something.
    pub(super) fn heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long the server was silent.
    pub(super) fn silence(&self) -> Duration {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// The silence after which the session ends, if it does.
    pub(super) fn silence_limit(&self) -> Option<Duration> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_silence_limit(&self, limit: Option<Duration>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    /// The server can be reached again: whoever waits for the next try makes it now.
    pub(super) fn came_back(&self) {
        self.heard();
        self.back.notify_waiters();
    }

    /// Waits until the server can be reached again, but no longer than `longest`.
    pub(super) async fn wait(&self, longest: Duration) {
        let _ = tokio::time::timeout(longest, self.back.notified()).await;
    }
}
