//! One stream's terminal on its way through the events, and when to take a keyframe of it.

use retrace_core::event::{Event, EventBody};
use retrace_core::{StreamVersion, Timestamp};

use super::keyframes::StoredKeyframe;
use super::{SCHEMA, next};
use crate::counts::readable_body;
use crate::offset_us;
use crate::terminal::{TerminalReplay, TerminalSize, draws, may_draw};

/// A tail spans at most about so much of the session,
const TAIL_US_MAX: u64 = 5_000_000;
/// so much output,
const TAIL_BYTES_MAX: usize = 256 << 10;
/// and so many events.
const TAIL_EVENTS_MAX: u32 = 4_096;

/// A stream's terminal, and how far it is from its last keyframe.
pub(super) struct Track {
    replay: TerminalReplay,
    next_version: StreamVersion,
    /// Of the last event that drew; never goes back.
    offset_us: u64,
    /// Nothing drew yet, so nothing counts yet.
    begun: bool,
    /// Since the last keyframe, or the beginning:
    keyframe_offset_us: u64,
    changed: bool,
    bytes: usize,
    events: u32,
}

impl Track {
    /// A terminal whose first event is at `version`.
    pub(super) fn begin(version: StreamVersion) -> Self {
        Self {
            replay: TerminalReplay::new(TerminalSize::DEFAULT),
            next_version: version,
            offset_us: 0,
            begun: false,
            keyframe_offset_us: 0,
            changed: false,
            bytes: 0,
            events: 0,
        }
    }

    /// A terminal as it was right after the keyframe was taken.
    pub(super) fn resume(keyframe: &StoredKeyframe) -> Self {
        Self {
            replay: TerminalReplay::from_keyframe(&keyframe.keyframe),
            next_version: keyframe.version,
            offset_us: keyframe.offset_us,
            begun: true,
            keyframe_offset_us: keyframe.offset_us,
            changed: false,
            bytes: 0,
            events: 0,
        }
    }

    /// Applies the stream's next event: its body, where it could be read and may draw.
    pub(super) fn apply(&mut self, body: Option<&EventBody>, offset_us: u64) {
        self.next_version = next(self.next_version);
        if body.is_some_and(|body| self.replay.apply(body)) {
            self.begun = true;
            self.changed = true;
            self.offset_us = self.offset_us.max(offset_us);
            if let Some(EventBody::TerminalWritten(written)) = body {
                self.bytes += written.text.len();
            }
        }
        self.events += u32::from(self.begun);
    }

    /// As [`Self::apply`], with the event as the log has it.
    pub(super) fn catch_up(&mut self, event: &Event, started: Timestamp) {
        let body = may_draw(event.kind())
            .then(|| readable_body(event, SCHEMA.name))
            .flatten();
        self.apply(body.as_ref(), offset_us(started, event.at()));
    }

    /// As [`Self::catch_up`], unless the event drew after `limit_us`: then it is left out, and the
    /// answer is that no later event is to be applied.
    pub(super) fn catch_up_until(
        &mut self,
        event: &Event,
        started: Timestamp,
        limit_us: u64,
    ) -> bool {
        let body = may_draw(event.kind())
            .then(|| readable_body(event, SCHEMA.name))
            .flatten();
        let offset_us = offset_us(started, event.at());
        if offset_us > limit_us && body.as_ref().is_some_and(draws) {
            return false;
        }
        self.apply(body.as_ref(), offset_us);
        true
    }

    pub(super) fn keyframe_is_due(&self) -> bool {
        let passed =
            self.offset_us - self.keyframe_offset_us >= TAIL_US_MAX || self.bytes >= TAIL_BYTES_MAX;
        (self.changed && passed) || self.events >= TAIL_EVENTS_MAX
    }

    /// The keyframe of now; the tail begins anew.
    pub(super) fn take_keyframe(&mut self) -> StoredKeyframe {
        self.keyframe_offset_us = self.offset_us;
        self.changed = false;
        self.bytes = 0;
        self.events = 0;
        StoredKeyframe {
            version: self.next_version,
            offset_us: self.offset_us,
            keyframe: self.replay.keyframe(),
        }
    }

    pub(super) fn next_version(&self) -> StreamVersion {
        self.next_version
    }

    pub(super) fn cells(&self) -> usize {
        self.replay.size().cells()
    }

    /// The terminal.
    pub(super) fn into_replay(self) -> TerminalReplay {
        self.replay
    }
}
