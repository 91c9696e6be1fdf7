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
//! - A terminal that is resized takes lines back that had scrolled off its top, and a keyframe does
//!   not have those. So one is also taken right after each resize, that no tail needs them, as long
//!   as these keyframes take no more bytes than 4 MiB and the stream's output: a hostile recording
//!   of nothing but resizes must not grow without end. Where a tail is resized nevertheless, the
//!   stream is replayed from its beginning: right, but as slow as the stream is long (`source.rs`).
//! - Order is the stream's, not the clock's. The offset of an event counts as no earlier than that
//!   of the terminal events before it, so that "up to this moment" is always a prefix of the stream.
//! - What is kept in memory is a cache: the emulators of the streams seen lately. One that is not
//!   there is made again from its last keyframe and the log, by the same steps, so content depends
//!   on neither restarts nor batches. What had scrolled off it is made again, by a replay from the
//!   stream's beginning, only when it is resized: once after a restart, not at every event.
//!
//! [`screen_at`] is the reading side. A session with several terminal streams shows the one that
//! wrote first.

mod keyframes;
mod read;
mod source;
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

use crate::runner::Surroundings;
use crate::starts::{Start, Starts};
use crate::store::{Schema, Store, StoredProjection};
use crate::terminal::draws;
use crate::{ProjectionError, offset_us};
use keyframes::Terminal;
use source::{Source, drawing_body};
use track::Track;

/// The tables of the screens.
pub const SCHEMA: Schema = Schema {
    name: "screens",
    version: 2,
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
        let Surroundings {
            dir, log, runtime, ..
        } = around;
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

impl StoredProjection for ScreensProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        let state = &mut self.state;
        let written = self.store.write(end, |transaction| {
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

impl State {
    /// Applies consecutive events of one stream.
    fn apply(&mut self, connection: &Connection, events: &[Event]) -> Result<(), ProjectionError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let Some(session) = first.session() else {
            return Ok(());
        };
        let mut start = self.starts.of(connection, session, first)?;
        let mut stream = match self.streams.take(first.stream()) {
            Some(stream) => stream,
            None => self.resume(connection, start, first)?,
        };
        for event in events {
            if *event.kind() == EventType::RETENTION_PURGED {
                start = self.starts.begin_anew(connection, session, event)?;
                Terminal::purge_session(connection, start.key)?;
                self.streams.forget(session);
                stream = Stream::Silent;
            } else {
                self.apply_one(connection, start, &mut stream, event)?;
            }
        }
        self.streams.put(first.stream(), stream);
        Ok(())
    }

    /// Applies the stream's next event, and stores a keyframe when one is due.
    fn apply_one(
        &self,
        connection: &Connection,
        start: Start,
        stream: &mut Stream,
        event: &Event,
    ) -> Result<(), ProjectionError> {
        let body = drawing_body(event);
        if let Stream::Silent = stream
            && body.as_ref().is_some_and(draws)
        {
            let terminal = Terminal::create(connection, start.key, event)?;
            *stream = Stream::Drawing(terminal, Box::new(Track::begin(event.version())));
        }
        let Stream::Drawing(terminal, track) = stream else {
            return Ok(());
        };
        let offset_us = offset_us(start.started, event.at());
        self.source(start, terminal, event)
            .apply(track, body.as_ref(), offset_us)?;
        if let Some(EventBody::TerminalWritten(_)) = body {
            terminal.note_written(connection, event.position())?;
        }
        if track.keyframe_is_due() {
            terminal.store(connection, &track.take_keyframe())?;
        }
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
        self.source(start, &terminal, event)
            .catch_up(&mut track, event.version())?;
        Ok(Stream::Drawing(terminal, Box::new(track)))
    }

    fn source<'a>(&'a self, start: Start, terminal: &Terminal, event: &'a Event) -> Source<'a> {
        Source {
            log: &*self.log,
            runtime: &self.runtime,
            stream: event.stream(),
            started: start.started,
            first_version: terminal.first_version(),
        }
    }
}

/// The streams seen lately. Bounded by their number, and by the cells of their emulators: together
/// they hold at most about 200 MB. A scrollback counts, so an ordinary window's emulator is 50,000
/// cells when it is full.
#[derive(Default)]
struct Recent {
    streams: HashMap<StreamName, (Stream, u64)>,
    cells: usize,
    uses: u64,
}

const STREAMS_MAX: usize = 1_024;
const CELLS_MAX: usize = 8_000_000;

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
