//! One stream of the log, from which its terminal is made.

use retrace_core::event::{Event, EventBody};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{StreamName, StreamVersion, Timestamp};
use tokio::runtime::Handle;

use super::track::Track;
use super::{SCHEMA, next};
use crate::counts::readable_body;
use crate::terminal::{TerminalReplay, TerminalSize, draws, may_draw};
use crate::{ProjectionError, offset_us};

/// A stream that has a terminal.
pub(super) struct Source<'a> {
    pub(super) log: &'a dyn EventLog,
    pub(super) runtime: &'a Handle,
    pub(super) stream: &'a StreamName,
    /// Of the session.
    pub(super) started: Timestamp,
    /// Of the stream's first event that drew.
    pub(super) first_version: StreamVersion,
}

/// Events are read in pieces of this many.
const PIECE_EVENTS: u64 = 2_048;

impl Source<'_> {
    /// Some of the events from `from` on that are before `until`; none when there are no more.
    pub(super) fn read(
        &self,
        from: StreamVersion,
        until: Option<StreamVersion>,
    ) -> Result<Vec<Event>, ProjectionError> {
        let missing = until.map_or(u64::MAX, |until| until.0.saturating_sub(from.0));
        let limit = usize::try_from(missing.min(PIECE_EVENTS)).unwrap_or(usize::MAX);
        let read = self.log.read_stream(self.stream, from, limit);
        Ok(self.runtime.block_on(read)?)
    }

    /// The events from `from` on that are before `until`, all of which the log must have.
    fn each_until(
        &self,
        from: StreamVersion,
        until: StreamVersion,
        mut apply: impl FnMut(&Event) -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let mut version = from;
        while version < until {
            let events = self.read(version, Some(until))?;
            if events.is_empty() {
                let missing = until.0 - version.0;
                let what = format!("the stream {} ends before {missing} events", self.stream);
                return Err(StoreError::Damaged(what).into());
            }
            for event in &events {
                apply(event)?;
                version = next(version);
            }
        }
        Ok(())
    }

    /// Applies the stream's next event to its terminal: its body, where it could be read and may
    /// draw.
    ///
    /// If the terminal was resumed from a keyframe and this event would bring back lines that had
    /// scrolled off before it, the stream is replayed from its beginning first. That takes as long
    /// as its output is, so the keyframes are taken where it is hardly ever needed.
    pub(super) fn apply(
        &self,
        track: &mut Track,
        body: Option<&EventBody>,
        offset_us: u64,
    ) -> Result<(), ProjectionError> {
        if track.misses_history_of(body) {
            track.remember(self.replayed_until(track.next_version())?);
        }
        track.apply(body, offset_us);
        Ok(())
    }

    fn replayed_until(&self, until: StreamVersion) -> Result<TerminalReplay, ProjectionError> {
        let mut replay = TerminalReplay::with_scrollback(TerminalSize::DEFAULT);
        self.each_until(self.first_version, until, |event| {
            if let Some(body) = drawing_body(event) {
                replay.apply(&body);
            }
            Ok(())
        })?;
        Ok(replay)
    }

    /// Applies the stream's events up to, but without, the one at `until`.
    pub(super) fn catch_up(
        &self,
        track: &mut Track,
        until: StreamVersion,
    ) -> Result<(), ProjectionError> {
        self.each_until(track.next_version(), until, |event| {
            let body = drawing_body(event);
            self.apply(track, body.as_ref(), offset_us(self.started, event.at()))
        })
    }

    /// Applies the stream's next event, unless it drew after `limit_us`: then it is left out, and
    /// the answer is that no later event is to be applied.
    pub(super) fn apply_until(
        &self,
        track: &mut Track,
        event: &Event,
        limit_us: u64,
    ) -> Result<bool, ProjectionError> {
        let body = drawing_body(event);
        let offset_us = offset_us(self.started, event.at());
        if offset_us > limit_us && body.as_ref().is_some_and(draws) {
            return Ok(false);
        }
        self.apply(track, body.as_ref(), offset_us)?;
        Ok(true)
    }
}

/// The event's body, where it can be read and may draw.
pub(super) fn drawing_body(event: &Event) -> Option<EventBody> {
    may_draw(event.kind())
        .then(|| readable_body(event, SCHEMA.name))
        .flatten()
}
