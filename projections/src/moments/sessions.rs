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

use super::index::SessionFacts;
use super::moment::Draft;
use super::stream::StreamMoments;

/// How many characters of screens are kept in memory together; about 32 bytes each.
const CELLS_MAX: usize = 4 << 20;
const READ_EVENTS: usize = 4096;

/// One session, as far as it was replayed.
pub(super) struct OpenSession {
    pub(super) facts: SessionFacts,
    streams: HashMap<StreamName, StreamMoments>,
}

impl OpenSession {
    /// A session begins with its first event, of whatever type.
    fn begun_by(event: &Event, session: SessionId) -> Self {
        Self {
            facts: SessionFacts::begun(session, event.at()),
            streams: HashMap::new(),
        }
    }

    /// Applies the session's next event. Answers whether the session ended.
    pub(super) fn apply(&mut self, event: &Event, out: &mut Vec<Draft>) -> bool {
        if !concerns(event.kind()) {
            return false;
        }
        let body = match event.body() {
            Ok(body) => body,
            Err(error) => {
                let position = event.position().0;
                tracing::warn!(position, %error, "an event cannot be read and is passed over");
                return false;
            }
        };
        match &body {
            EventBody::SessionLaunched(launched) => self.facts.launched(launched),
            // What was on a screen must not come back with the next event.
            EventBody::RetentionPurged(_) => self.streams.clear(),
            EventBody::SessionEnded(_) => {
                // In the order of their names: a map's own order is another at each start.
                let mut names: Vec<StreamName> = self.streams.keys().cloned().collect();
                names.sort();
                for name in names {
                    if let Some(stream) = self.streams.get_mut(&name) {
                        stream.end(out);
                    }
                }
                return true;
            }
            _ => {
                if !self.streams.contains_key(event.stream()) {
                    self.streams
                        .insert(event.stream().clone(), StreamMoments::new());
                }
                if let Some(stream) = self.streams.get_mut(event.stream()) {
                    stream.apply(&body, event.at().micros(), out);
                }
            }
        }
        false
    }

    fn cells(&self) -> usize {
        self.streams.values().map(StreamMoments::cells).sum()
    }
}

/// Whether events of this type have a part in moments.
pub(super) fn concerns(kind: &EventType) -> bool {
    [
        EventType::SESSION_LAUNCHED,
        EventType::SOURCE_ATTACHED,
        EventType::SESSION_ENDED,
        EventType::KEYS_TYPED,
        EventType::TERMINAL_WRITTEN,
        EventType::TERMINAL_RESIZED,
        EventType::MARKER_SET,
        EventType::VIDEO_ANALYZED,
        EventType::RETENTION_PURGED,
    ]
    .contains(kind)
}

/// The sessions under way, the ones used last kept longest.
pub(super) struct OpenSessions {
    log: Arc<dyn EventLog>,
    runtime: Handle,
    sessions: HashMap<SessionId, (OpenSession, u64)>,
    uses: u64,
    cells_max: usize,
}

impl OpenSessions {
    pub(super) fn new(log: Arc<dyn EventLog>, runtime: Handle) -> Self {
        Self {
            log,
            runtime,
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
            None => self.replay(session, event),
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

    /// Replays the session's events below `event`, in the order of the log.
    fn replay(&self, session: SessionId, event: &Event) -> Result<OpenSession, StoreError> {
        let end = event.position();
        let names = self.runtime.block_on(self.log.session_streams(session))?;
        let mut streams: Vec<StreamTape> = names.into_iter().map(StreamTape::new).collect();
        let mut open: Option<OpenSession> = None;
        let mut found = Vec::new();
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
            let open = open.get_or_insert_with(|| OpenSession::begun_by(&before, session));
            open.apply(&before, &mut found);
            found.clear();
        }
        Ok(open.unwrap_or_else(|| OpenSession::begun_by(event, session)))
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
