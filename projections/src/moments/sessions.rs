//! The sessions that are under way, each with the state of its streams' replays.
//!
//! State lives in memory only. It is rebuilt, when the projection is opened again or the session
//! was put aside for others, by replaying the session's streams from the log up to where the
//! projection stands: the same events give the same state, so nobody can tell from the moments.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, StreamName, StreamVersion};
use tokio::runtime::Handle;

use super::clocks::Clocks;
use super::session::{Foreknown, Found, OpenSession};
use crate::redaction::{HandSpans, RulesBook};

/// How many characters of screens are kept in memory together; about 32 bytes each.
const CELLS_MAX: usize = 4 << 20;
const READ_EVENTS: usize = 4096;

/// The sessions under way, the ones used last kept longest.
pub(super) struct OpenSessions {
    log: Arc<dyn EventLog>,
    runtime: Handle,
    sessions: HashMap<SessionId, (OpenSession, u64)>,
    uses: u64,
    cells_max: usize,
    rules: RulesBook,
}

impl OpenSessions {
    pub(super) fn new(log: Arc<dyn EventLog>, runtime: Handle) -> Self {
        let rules = RulesBook::new(Arc::clone(&log), runtime.clone());
        Self {
            log,
            runtime,
            rules,
            sessions: HashMap::new(),
            uses: 0,
            cells_max: CELLS_MAX,
        }
    }

    /// As [`Self::new`], with another limit of memory.
    #[cfg(test)]
    pub(super) fn limit_cells(&mut self, cells_max: usize) {
        self.cells_max = cells_max;
    }

    /// Takes the session out as it stands before `event`, which is one of its events.
    pub(super) fn take(
        &mut self,
        session: SessionId,
        event: &Event,
    ) -> Result<OpenSession, StoreError> {
        match self.sessions.remove(&session) {
            Some((open, _)) => Ok(open),
            None => self.replay(session, event, event.position(), &mut |_, _, _| Ok(())),
        }
    }

    /// Puts the session back, and puts aside the ones that have not been used for longest.
    pub(super) fn put(&mut self, open: OpenSession) {
        self.uses += 1;
        self.sessions.insert(open.facts.session, (open, self.uses));
        let mut cells: usize = self.sessions.values().map(|(open, _)| open.cells()).sum();
        while cells > self.cells_max && self.sessions.len() > 1 {
            let oldest = self.sessions.iter().min_by_key(|(_, (_, used))| *used);
            let Some(session) = oldest.map(|(session, _)| *session) else {
                return;
            };
            if let Some((open, _)) = self.sessions.remove(&session) {
                cells -= open.cells();
            }
        }
    }

    pub(super) fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }

    pub(super) fn forget_all(&mut self) {
        self.sessions.clear();
    }

    /// Replays the session up to and with `event`, and hands out what each event brings to light.
    pub(super) fn replay_through<E: From<StoreError>>(
        &self,
        session: SessionId,
        event: &Event,
        found: &mut impl FnMut(&Event, &OpenSession, Vec<Found>) -> Result<(), E>,
    ) -> Result<OpenSession, E> {
        self.replay(session, event, event.position().plus(1), found)
    }

    /// Replays the session's events below `end`, in the order of the log. What is measured of its
    /// clocks below `end` is known from the start. Without any events it begins with `event`.
    fn replay<E: From<StoreError>>(
        &self,
        session: SessionId,
        event: &Event,
        end: Position,
        found: &mut impl FnMut(&Event, &OpenSession, Vec<Found>) -> Result<(), E>,
    ) -> Result<OpenSession, E> {
        let clocks = self.clocks(session, end)?;
        let hidden = self.hidden(session, end)?;
        let known = |begun: &Event| {
            Ok::<_, StoreError>(Foreknown {
                clocks: clocks.clone(),
                hidden: hidden.clone(),
                until: end,
                rules: self.rules.rules_of(begun.position())?,
            })
        };
        let names = self.runtime.block_on(self.log.session_streams(session))?;
        let mut streams: Vec<StreamTape> = names.into_iter().map(StreamTape::new).collect();
        let mut open: Option<OpenSession> = None;
        loop {
            let mut next: Option<(usize, Position)> = None;
            for (index, stream) in streams.iter_mut().enumerate() {
                let position = stream.peek(&*self.log, &self.runtime, end)?;
                if let Some(position) = position.filter(|at| next.is_none_or(|(_, p)| *at < p)) {
                    next = Some((index, position));
                }
            }
            let Some(before) = next.and_then(|(index, _)| streams[index].events.pop_front()) else {
                break;
            };
            let open = match &mut open {
                Some(open) => open,
                None => open.insert(OpenSession::begun_by(&before, session, known(&before)?)),
            };
            let mut moments = Vec::new();
            open.apply(&before, &mut moments);
            found(&before, open, moments)?;
        }
        match open {
            Some(open) => Ok(open),
            None => Ok(OpenSession::begun_by(event, session, known(event)?)),
        }
    }

    /// What people redacted of the session below `end`.
    fn hidden(&self, session: SessionId, end: Position) -> Result<HandSpans, StoreError> {
        let mut hidden = HandSpans::default();
        let mut redactions = StreamTape::new(StreamName::redactions_of(session));
        while redactions.peek(&*self.log, &self.runtime, end)?.is_some() {
            let Some(event) = redactions.events.pop_front() else {
                break;
            };
            if let Ok(body) = event.body() {
                hidden.take(&event, &body);
            }
        }
        Ok(hidden)
    }

    /// What was measured of the session's clocks below `end`.
    fn clocks(&self, session: SessionId, end: Position) -> Result<Clocks, StoreError> {
        let mut clocks = Clocks::default();
        let mut control = StreamTape::new(StreamName::control_of(session));
        while control.peek(&*self.log, &self.runtime, end)?.is_some() {
            let Some(event) = control.events.pop_front() else {
                break;
            };
            if *event.kind() == EventType::CLOCK_MEASURED
                && let Ok(EventBody::ClockMeasured(measured)) = event.body()
            {
                clocks.measured(event.position(), &measured);
            }
        }
        Ok(clocks)
    }
}

/// A stream that is read piece by piece.
struct StreamTape {
    name: StreamName,
    next: StreamVersion,
    events: VecDeque<Event>,
    ended: bool,
}

impl StreamTape {
    fn new(name: StreamName) -> Self {
        Self {
            name,
            next: StreamVersion(0),
            events: VecDeque::new(),
            ended: false,
        }
    }

    /// The position of the next event below `end`.
    fn peek(
        &mut self,
        log: &dyn EventLog,
        runtime: &Handle,
        end: Position,
    ) -> Result<Option<Position>, StoreError> {
        if self.events.is_empty() && !self.ended {
            // One at first: most sessions are asked for because they begin.
            let limit = if self.next == StreamVersion(0) {
                1
            } else {
                READ_EVENTS
            };
            let events = runtime.block_on(log.read_stream(&self.name, self.next, limit))?;
            self.ended = events.len() < limit;
            self.next = self.next.plus(events.len() as u64);
            self.events.extend(events);
        }
        match self.events.front().map(Event::position) {
            Some(position) if position < end => Ok(Some(position)),
            Some(_) => {
                self.events.clear();
                self.ended = true;
                Ok(None)
            }
            None => Ok(None),
        }
    }
}
