//! Where appends wait for their group, and the one group that is made for its turn.
//!
//! A group is handed over only when the last one is written. Until then it goes on growing, so the
//! slower the store, the larger the groups: appends share the cost of making them durable.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::group::BuiltGroup;
use super::request::Request;
use crate::log::merkle::TreeEdge;

/// The largest group, unless a single append is larger.
const GROUP_EVENTS: usize = 16_384;
const GROUP_BYTES: usize = 8 << 20;

/// What whoever makes groups is to do next.
pub(super) enum Next {
    /// Take this into the group.
    Take(Request),
    /// Hand the group over.
    HandOver,
    /// The log is closed and nothing is left.
    Closed,
}

/// What is known of the end of the log.
#[derive(Debug, Clone)]
pub(super) struct KnownEnd {
    /// Changes whenever something else than the next group was written, or might have been: what
    /// was foreseen from before is void.
    pub(super) epoch: u64,
    /// `None` when it must be read from the store.
    pub(super) edge: Option<TreeEdge>,
}

struct State {
    waiting: VecDeque<Request>,
    handed_over: Option<BuiltGroup>,
    writing: bool,
    end: KnownEnd,
    /// No append comes any more.
    closed: bool,
    /// And no group either.
    done: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    /// Something arrived, or a group was written: for whoever makes groups.
    changed: Condvar,
    /// A group was handed over: for whoever writes them.
    handed_over: Condvar,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                handed_over: None,
                writing: false,
                end: KnownEnd {
                    epoch: 0,
                    edge: None,
                },
                closed: false,
                done: false,
            }),
            changed: Condvar::new(),
            handed_over: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, request: Request) {
        let mut state = self.state();
        if state.done {
            // Dropped, it is answered: the log is closed.
            return;
        }
        state.waiting.push_back(request);
        drop(state);
        self.changed.notify_one();
    }

    /// Refuses everything from now on. For a stage that stops where it should not.
    pub(super) fn fail(&self) {
        let mut state = self.state();
        (state.closed, state.done, state.writing) = (true, true, false);
        state.waiting.clear();
        state.handed_over = None;
        drop(state);
        self.changed.notify_all();
        self.handed_over.notify_all();
    }

    /// What is waiting is still written.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_one();
    }

    /// What to do next, with a group that has so many events and bytes: `None` if there is none.
    pub(super) fn next(&self, fill: Option<(usize, usize)>) -> Next {
        let mut state = self.state();
        loop {
            let idle = state.is_idle();
            let full =
                fill.is_some_and(|(events, bytes)| events >= GROUP_EVENTS || bytes >= GROUP_BYTES);
            if !full && let Some(request) = state.waiting.pop_front() {
                return Next::Take(request);
            }
            match fill {
                Some(_) if idle => return Next::HandOver,
                None if state.closed => return Next::Closed,
                _ => {}
            }
            state = wait(&self.changed, state);
        }
    }

    /// Waits for its turn, and hands a group over.
    pub(super) fn hand_over(&self, group: BuiltGroup) {
        let mut state = self.idle();
        state.handed_over = Some(group);
        drop(state);
        self.handed_over.notify_one();
    }

    /// Waits until every group that was handed over is written, or was refused.
    pub(super) fn settled(&self) -> KnownEnd {
        self.idle().end.clone()
    }

    /// The epoch of what is known now.
    pub(super) fn epoch(&self) -> u64 {
        self.state().end.epoch
    }

    fn idle(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while !state.is_idle() {
            state = wait(&self.changed, state);
        }
        state
    }

    /// The next group to write. `None` when the log is closed.
    pub(super) fn take_group(&self) -> Option<BuiltGroup> {
        let mut state = self.state();
        loop {
            if let Some(group) = state.handed_over.take() {
                state.writing = true;
                return Some(group);
            }
            if state.done {
                return None;
            }
            state = wait(&self.handed_over, state);
        }
    }

    /// Says what a group led to. `edge` is the end of the log, if it is known; `as_foreseen`
    /// whether that is what was foreseen when the group was handed over.
    pub(super) fn written(&self, edge: Option<TreeEdge>, as_foreseen: bool) {
        let mut state = self.state();
        state.writing = false;
        state.end.edge = edge;
        if !as_foreseen {
            state.end.epoch += 1;
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Says that no group will be handed over any more.
    pub(super) fn no_more_groups(&self) {
        self.state().done = true;
        self.handed_over.notify_one();
    }
}

impl State {
    fn is_idle(&self) -> bool {
        !self.writing && self.handed_over.is_none()
    }
}

fn wait<'a>(condition: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    condition
        .wait(state)
        .unwrap_or_else(PoisonError::into_inner)
}
