//! One stream's terminal on its way through the events, and when to take a keyframe of it.

use retrace_core::StreamVersion;
use retrace_core::event::EventBody;

use super::keyframes::StoredKeyframe;
use super::next;
use crate::terminal::{TerminalReplay, TerminalSize};

/// A tail spans at most about so much of the session,
const TAIL_US_MAX: u64 = 5_000_000;
/// so much output,
const TAIL_BYTES_MAX: usize = 256 << 10;
/// and so many events.
const TAIL_EVENTS_MAX: u32 = 4_096;

/// What the keyframes at resizes of one stream may take, in bytes before compression: so much,
/// enough for a thousand resizes of an ordinary window, and with each byte of output one more. A
/// recording that only resizes a huge terminal over and over would otherwise be stored as many
/// times its size.
const RESIZE_CREDIT: u64 = 4 << 20;

/// A stream's terminal, and how far it is from its last keyframe.
pub(super) struct Track {
    replay: TerminalReplay,
    /// Whether `replay` has the lines that scrolled off, as it would from the stream's beginning.
    remembers: bool,
    /// How many bytes keyframes may still take at resizes.
    credit: u64,
    /// The last event gave the terminal another size.
    resized: bool,
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
            replay: TerminalReplay::with_scrollback(TerminalSize::DEFAULT),
            remembers: true,
            credit: RESIZE_CREDIT,
            resized: false,
            next_version: version,
            offset_us: 0,
            begun: false,
            keyframe_offset_us: 0,
            changed: false,
            bytes: 0,
            events: 0,
        }
    }

    /// A terminal as it was right after the keyframe was taken, but for what had scrolled off: see
    /// [`Self::misses_history_of`].
    pub(super) fn resume(keyframe: &StoredKeyframe) -> Self {
        Self {
            replay: TerminalReplay::from_keyframe(&keyframe.keyframe),
            remembers: false,
            credit: keyframe.credit,
            resized: false,
            next_version: keyframe.version,
            offset_us: keyframe.offset_us,
            begun: true,
            keyframe_offset_us: keyframe.offset_us,
            changed: false,
            bytes: 0,
            events: 0,
        }
    }

    /// Whether the stream's next event brings back lines that scrolled off, and they are not known
    /// because the terminal was resumed: then it must [remember](Self::remember) them first.
    pub(super) fn misses_history_of(&self, body: Option<&EventBody>) -> bool {
        !self.remembers && body.is_some_and(|body| self.replay.resizes(body))
    }

    /// Takes over the terminal as the stream's events from its beginning on made it, up to the next
    /// event. All else that is counted here is right already.
    pub(super) fn remember(&mut self, replay: TerminalReplay) {
        self.replay = replay;
        self.remembers = true;
    }

    /// Applies the stream's next event: its body, where it could be read and may draw.
    pub(super) fn apply(&mut self, body: Option<&EventBody>, offset_us: u64) {
        self.next_version = next(self.next_version);
        self.resized = body.is_some_and(|body| self.replay.resizes(body));
        if body.is_some_and(|body| self.replay.apply(body)) {
            self.begun = true;
            self.changed = true;
            self.offset_us = self.offset_us.max(offset_us);
            match body {
                Some(EventBody::TerminalWritten(written)) => {
                    self.bytes += written.text.len();
                    self.credit = self.credit.saturating_add(written.text.len() as u64);
                }
                // It begins with an empty terminal, of which nothing has scrolled off.
                Some(EventBody::SourceAttached(_)) => self.remembers = true,
                _ => {}
            }
        }
        self.events += u32::from(self.begun);
    }

    /// A keyframe is due when the tail is long; and after a resize, as long as there is credit, so
    /// that the tails behind it need no history.
    pub(super) fn keyframe_is_due(&self) -> bool {
        self.tail_is_long() || (self.resized && self.credit >= self.screen_bytes())
    }

    fn tail_is_long(&self) -> bool {
        let passed =
            self.offset_us - self.keyframe_offset_us >= TAIL_US_MAX || self.bytes >= TAIL_BYTES_MAX;
        (self.changed && passed) || self.events >= TAIL_EVENTS_MAX
    }

    /// About how many bytes a full screen dumps to. Known without dumping it, so that neither do
    /// many large screens cost time.
    fn screen_bytes(&self) -> u64 {
        self.replay.size().cells() as u64
    }

    /// The keyframe of now, which is due; the tail begins anew.
    pub(super) fn take_keyframe(&mut self) -> StoredKeyframe {
        let keyframe = self.replay.keyframe();
        if !self.tail_is_long() {
            let bytes = (keyframe.dump.len() as u64).max(self.screen_bytes());
            self.credit = self.credit.saturating_sub(bytes);
        }
        self.keyframe_offset_us = self.offset_us;
        self.changed = false;
        self.bytes = 0;
        self.events = 0;
        StoredKeyframe {
            version: self.next_version,
            offset_us: self.offset_us,
            keyframe,
            credit: self.credit,
        }
    }

    pub(super) fn next_version(&self) -> StreamVersion {
        self.next_version
    }

    pub(super) fn cells(&self) -> usize {
        self.replay.cells()
    }

    /// The terminal.
    pub(super) fn into_replay(self) -> TerminalReplay {
        self.replay
    }
}
