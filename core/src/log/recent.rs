//! Commits that were read lately, unpacked: each read model reads the end of the log, one shortly after
//! the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Commit, Event};
use crate::id::SessionId;

/// About so many bytes of events are kept. What stands first in the log goes first.
const KEPT_BYTES: usize = 32 << 20;
/// What an event takes beside its data, about.
const EVENT_BYTES: usize = 48;

#[derive(Default)]
pub(super) struct RecentCommits {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By their first positions.
    commits: BTreeMap<u64, Arc<Commit>>,
    bytes: usize,
    /// How many sessions had been purged when these were read. With any other number they are forgotten.
    purges: u64,
}

impl RecentCommits {
    /// Appends the events from `next` on, as far as they are kept without a gap, until there are
    /// `limit`. Answers the position to go on from. `purges` is how many sessions were purged, as far as is known.
    pub(super) fn read(
        &self,
        purges: u64,
        mut next: u64,
        limit: usize,
        events: &mut Vec<Event>,
    ) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.purges != purges {
            *state = State {
                purges,
                ..State::default()
            };
        }
        while events.len() < limit
            && let Some((first, commit)) = state.commits.range(..=next).next_back()
        {
            let start = (next - first) as usize;
            let end = commit.len().min(start.saturating_add(limit - events.len()));
            if start >= end {
                break;
            }
            events.extend(commit.events(start..end));
            next = first + end as u64;
        }
        next
    }

    /// Says that this process has purged a session, so that there are `purges` now: of all others what is kept is as good as
    /// before.
    pub(super) fn purged_here(&self, session: SessionId, purges: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.purges.checked_add(1) != Some(purges) {
            return;
        }
        state.purges = purges;
        let mut bytes = 0;
        state.commits.retain(|_, commit| {
            let is_kept = commit.stream.session() != Some(session);
            bytes += if is_kept { size(commit) } else { 0 };
            is_kept
        });
        state.bytes = bytes;
    }

    /// Keeps the commits of events that were read when so many sessions had been purged.
    pub(super) fn keep(&self, purges: u64, events: &[Event]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.purges != purges {
            return;
        }
        for commit in events.chunk_by(|a, b| Arc::ptr_eq(a.commit(), b.commit())) {
            let commit = commit[0].commit();
            let first = commit.first_position.0;
            if state.commits.insert(first, Arc::clone(commit)).is_none() {
                state.bytes += size(commit);
            }
        }
        while state.bytes > KEPT_BYTES
            && let Some((_, commit)) = state.commits.pop_first()
        {
            state.bytes -= size(&commit);
        }
    }
}

fn size(commit: &Commit) -> usize {
    commit.data.len() + commit.len() * EVENT_BYTES
}
