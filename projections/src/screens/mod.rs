//! `screens`: terminals at rest, so that any screen is a keyframe and a short tail away.
//!
//! Reads `terminal.written`, `terminal.resized` and `session.source_attached` of each stream of a
//! session; of other events only that they are there. `retention.purged` takes all of its session
//! out. Keeps for each such stream keyframes
//! ([`crate::terminal::Keyframe`]), each with the version of the first event that is not in it.
//!
//! - A keyframe is taken after an event when the screen may have changed since the last one and
//!   5 s of the session or 256 KiB of output have passed, and in any case after 4,096 events: so
//!   no tail is longer (`track.rs`).
//! - Order is the stream's, not the clock's. The offset of an event counts as no earlier than that
//!   of the terminal events before it, so that "up to this moment" is always a prefix of the stream.
//! - What is kept in memory is a cache: the emulators of the streams seen lately. One that is not
//!   there is made again from its last keyframe and the log, by the same steps, so content depends
//!   on neither restarts nor batches.
//!
//! [`screen_at`] is the reading side. A session with several terminal streams shows the one that
//! wrote first.

mod keyframes;
mod read;
#[cfg(test)]
mod tests;
mod track;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::EventLog;
use retrace_core::{Position, SessionId, StreamName, StreamVersion};
use rusqlite::Connection;
use tokio::runtime::Handle;

pub use read::screen_at;

use crate::counts::readable_body;
use crate::runner::Surroundings;
use crate::starts::{Start, Starts};
use crate::store::{Schema, Store};
use crate::terminal::{draws, may_draw};
use crate::{Projection, ProjectionError, not_applied, offset_us};
use keyframes::Terminal;
use track::Track;

/// The tables of the screens.
pub const SCHEMA: Schema = Schema {
    name: "screens",
    version: 1,
    tables: include_str!("schema.sql"),
};

/// The writing side of the screens.
pub struct ScreensProjection {
    store: Store,
    state: State,
}

impl ScreensProjection {
    /// Opens the screens of a log in a directory.
    ///
    /// # Errors
    /// When their file cannot be written.
    pub fn open(around: &Surroundings) -> Result<Self, ProjectionError> {
        let Surroundings { dir, log, runtime } = around;
        let store = Store::open(dir, &SCHEMA, log.id())?;
        let state = State {
            log: Arc::clone(log),
            runtime: runtime.clone(),
            starts: Starts::default(),
            streams: Recent::default(),
        };
        Ok(Self { store, state })
    }

    /// The file of the screens in `dir`, for readers.
    pub fn readers(dir: &Path) -> crate::store::Readers {
        crate::store::Readers::new(dir, SCHEMA)
    }
}

impl Projection for ScreensProjection {
    fn name(&self) -> &'static str {
        SCHEMA.name
    }

    fn checkpoint(&self) -> Position {
        self.store.checkpoint()
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        let due = not_applied(self.checkpoint(), events)?;
        let Some(last) = due.last() else {
            return Ok(());
        };
        let state = &mut self.state;
        let written = self.store.write(last.position().plus(1), |transaction| {
            due.chunk_by(|one, next| one.stream() == next.stream())
                .try_for_each(|run| state.apply(transaction, run))
        });
        if written.is_err() {
            // The emulators may be ahead of the rows now.
            self.state.starts.forget();
            self.state.streams = Recent::default();
        }
        written
    }
}

struct State {
    log: Arc<dyn EventLog>,
    runtime: Handle,
    starts: Starts,
    streams: Recent,
}

/// A stream of a session, as far as it is known.
enum Stream {
    /// Nothing in it was for a terminal so far.
    Silent,
    Drawing(Terminal, Box<Track>),
}

impl Stream {
    /// Applies the stream's next event, and stores a keyframe when one is due.
    fn apply(
        &mut self,
        connection: &Connection,
        start: Start,
        event: &Event,
    ) -> rusqlite::Result<()> {
        let body = may_draw(event.kind())
            .then(|| readable_body(event, SCHEMA.name))
            .flatten();
        if let Self::Silent = self
            && body.as_ref().is_some_and(draws)
        {
            let terminal = Terminal::create(connection, start.key, event)?;
            *self = Self::Drawing(terminal, Box::new(Track::begin(event.version())));
        }
        let Self::Drawing(terminal, track) = self else {
            return Ok(());
        };
        track.apply(body.as_ref(), offset_us(start.started, event.at()));
        if let Some(EventBody::TerminalWritten(_)) = body {
            terminal.note_written(connection, event.position())?;
        }
        if track.keyframe_is_due() {
            terminal.store(connection, &track.take_keyframe())?;
        }
        Ok(())
    }
}

impl State {
    /// Applies consecutive events of one stream.
    fn apply(&mut self, connection: &Connection, events: &[Event]) -> Result<(), ProjectionError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let Some(session) = first.session() else {
            return Ok(());
        };
        let start = self.starts.of(connection, session, first)?;
        let mut stream = match self.streams.take(first.stream()) {
            Some(stream) => stream,
            None => self.resume(connection, start, first)?,
        };
        for event in events {
            if *event.kind() == EventType::RETENTION_PURGED {
                Terminal::purge_session(connection, start.key)?;
                self.streams.forget(session);
                stream = Stream::Silent;
            } else {
                stream.apply(connection, start, event)?;
            }
        }
        self.streams.put(first.stream(), stream);
        Ok(())
    }

    /// What is known of the event's stream, from its last keyframe and the events of the log
    /// between that and this event.
    fn resume(
        &self,
        connection: &Connection,
        start: Start,
        event: &Event,
    ) -> Result<Stream, ProjectionError> {
        let Some(terminal) = Terminal::find(connection, event.stream())? else {
            return Ok(Stream::Silent);
        };
        let mut track = match terminal.last_keyframe(connection)? {
            Some(keyframe) => Track::resume(&keyframe),
            None => Track::begin(terminal.first_version()),
        };
        while track.next_version() < event.version() {
            let missing = event.version().0 - track.next_version().0;
            let limit = usize::try_from(missing).map_or(TAIL_EVENTS, |n| n.min(TAIL_EVENTS));
            let read = self
                .log
                .read_stream(event.stream(), track.next_version(), limit);
            let events = self.runtime.block_on(read)?;
            if events.is_empty() {
                let what = format!("the stream {} ends before {missing} events", event.stream());
                return Err(retrace_core::log::StoreError::Damaged(what).into());
            }
            for event in &events {
                track.catch_up(event, start.started);
            }
        }
        Ok(Stream::Drawing(terminal, Box::new(track)))
    }
}

/// Tails are read in pieces of this many events.
const TAIL_EVENTS: usize = 2_048;

/// The streams seen lately. Bounded by their number, and by the cells of their emulators: together
/// they hold at most about 200 MB.
#[derive(Default)]
struct Recent {
    streams: HashMap<StreamName, (Stream, u64)>,
    cells: usize,
    uses: u64,
}

const STREAMS_MAX: usize = 1_024;
const CELLS_MAX: usize = 4_000_000;

impl Recent {
    fn take(&mut self, name: &StreamName) -> Option<Stream> {
        let (stream, _) = self.streams.remove(name)?;
        self.cells -= cells(&stream);
        Some(stream)
    }

    fn forget(&mut self, session: SessionId) {
        self.streams
            .retain(|name, _| name.session() != Some(session));
        self.cells = self.streams.values().map(|(stream, _)| cells(stream)).sum();
    }

    fn put(&mut self, name: &StreamName, stream: Stream) {
        self.uses += 1;
        self.cells += cells(&stream);
        self.streams.insert(name.clone(), (stream, self.uses));
        while self.streams.len() > STREAMS_MAX || (self.cells > CELLS_MAX && self.streams.len() > 1)
        {
            let oldest = self.streams.iter().min_by_key(|(_, (_, use_of))| *use_of);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            self.take(&oldest);
        }
    }
}

fn cells(stream: &Stream) -> usize {
    match stream {
        Stream::Silent => 0,
        Stream::Drawing(_, track) => track.cells(),
    }
}

/// The version behind an event.
fn next(version: StreamVersion) -> StreamVersion {
    version.plus(1)
}
