//! How each destination is doing on this node, for people and for metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retrace_core::{Position, Timestamp};

/// What a destination is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing was sent yet.
    #[default]
    Starting,
    /// It takes what is sent.
    Delivering,
    /// It has everything.
    Idle,
    /// Sending failed, and is tried again.
    Retrying,
    /// Another node sends.
    Elsewhere,
    /// It was removed, or the server stops.
    Stopped,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Starting,
        Self::Delivering,
        Self::Idle,
        Self::Retrying,
        Self::Elsewhere,
        Self::Stopped,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Delivering => "delivering",
            Self::Idle => "idle",
            Self::Retrying => "retrying",
            Self::Elsewhere => "elsewhere",
            Self::Stopped => "stopped",
        }
    }
}

/// How a destination is doing.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// What it is doing.
    pub state: State,
    /// Everything below this position was sent.
    pub sent: Position,
    /// All below this position was taken: sending goes on from here whatever happens.
    pub cursor: Position,
    /// How many events it has taken.
    pub delivered: u64,
    /// How many times sending failed.
    pub failed: u64,
    /// How many events it has refused for good.
    pub dead: u64,
    /// What went wrong last, and when.
    pub last_error: Option<(String, Timestamp)>,
}

impl Status {
    /// How many positions of a log of this size were not looked at yet.
    #[must_use]
    pub fn lag(&self, size: Position) -> u64 {
        size.0.saturating_sub(self.sent.0)
    }
}

/// The destinations of this node by name. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct StatusBook(Arc<Mutex<BTreeMap<String, Status>>>);

impl StatusBook {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Status>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How one is doing.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Status> {
        self.lock().get(name).cloned()
    }

    /// How all are doing, by name.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Status> {
        self.lock().clone()
    }

    /// Changes one, which is made when there is none.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Status)) {
        change(self.lock().entry(name.to_owned()).or_default());
    }

    /// Forgets one.
    pub(super) fn forget(&self, name: &str) {
        self.lock().remove(name);
    }
}
