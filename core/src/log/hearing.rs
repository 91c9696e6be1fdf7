//! What this process has heard of streams that are followed: those of settings, tokens and the like,
//! and the control streams of sessions. Not of what recorders write, which is too much to remember
//! and nobody folds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::cursor::Heard;
use crate::id::{StreamName, StreamVersion};

/// So many streams are remembered. Beyond it all are forgotten, and read again by whoever asks.
const REMEMBERED_MAX: usize = 1 << 16;

#[derive(Default)]
pub(super) struct Hearing {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    generation: u64,
    next: HashMap<StreamName, StreamVersion>,
}

impl Hearing {
    /// Says that a stream has grown.
    pub(super) fn hear(&self, stream: &StreamName, next: StreamVersion) {
        if !is_followed(stream) {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.next.len() >= REMEMBERED_MAX && !state.next.contains_key(stream) {
            state.next.clear();
            state.generation += 1;
        }
        let known = state.next.entry(stream.clone()).or_default();
        *known = next.max(*known);
    }

    pub(super) fn heard(&self, stream: &StreamName) -> Heard {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Heard {
            generation: state.generation,
            next: state.next.get(stream).copied(),
        }
    }
}

/// Whether anybody folds the stream. The stores select by the same rule.
fn is_followed(stream: &StreamName) -> bool {
    stream.source().is_none_or(|source| source == "control")
}
