//! `video`: footage, where each of its frames stands, and what was built of it.
//!
//! Reads `frames.captured` of all sources, `video.*` of the stream that only the server writes, `session.ended`;
//! of other events only that they may be the first of their session. `retention.purged` takes all of its session
//! out. It reads the blobs that footage names, but not their frames: a WebM file is scanned for where its frames
//! stand ([`retrace_media::webm`]), so that a playable file of any length is laid out over them and none is
//! copied.
//!
//! - Footage that begins like a file is a *run* of its own; WebM footage that does not goes on with the bytes of
//!   the piece before it from the same source, as the pieces of a browser's MediaRecorder do. What is
//!   kept in memory of unfinished runs is a cache, made again from their blobs.
//! - Times are those of the events: the first frame of a run is shown when its first piece says, and those after it
//!   as much later as the file says. So pieces play right in whatever order they came; one that came twice counts
//!   once.
//! - A piece that is damaged, cut off or absent is kept with its problem, and what is good of it plays.
//!
//! [`read`] is the reading side.

mod footage;
mod products;
pub mod read;
mod runs;
#[cfg(test)]
mod tests;

use retrace_core::Position;
use retrace_core::blob::BlobStore;
use retrace_core::event::{Event, EventBody, EventType};
use rusqlite::Connection;

use crate::ProjectionError;
use crate::counts::readable_body;
use crate::runner::Surroundings;
use crate::starts::{Start, Starts};
use crate::store::{Schema, Store, StoredProjection, to_sql};
use runs::OpenRuns;

/// The tables of the videos.
pub const SCHEMA: Schema = Schema {
    name: "video",
    version: 1,
    tables: include_str!("schema.sql"),
};

/// The source of what is built of recordings, which only the server writes.
pub const BUILT_BY_SERVER: &str = "video";

/// The writing side of the videos.
pub struct VideoProjection {
    store: Store,
    blobs: BlobStore,
    starts: Starts,
    open: OpenRuns,
}

impl VideoProjection {
    /// Opens the videos of a log in a directory.
    ///
    /// # Errors
    /// When their file cannot be written.
    pub fn open(around: &Surroundings) -> Result<Self, ProjectionError> {
        Ok(Self {
            store: Store::open(&around.dir, &SCHEMA, around.log.id())?,
            blobs: around.blobs.clone(),
            starts: Starts::default(),
            open: OpenRuns::default(),
        })
    }
}

impl StoredProjection for VideoProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        let (starts, open, blobs) = (&mut self.starts, &mut self.open, &self.blobs);
        let written = self.store.write(end, |transaction| {
            let mut writing = Writing {
                connection: transaction,
                starts,
                open,
                blobs,
            };
            due.iter().try_for_each(|event| writing.apply(event))
        });
        if written.is_err() {
            self.starts.forget();
            self.open = OpenRuns::default();
        }
        written
    }
}

/// What the events of a batch are applied with.
struct Writing<'a> {
    connection: &'a Connection,
    starts: &'a mut Starts,
    open: &'a mut OpenRuns,
    blobs: &'a BlobStore,
}

impl Writing<'_> {
    fn apply(&mut self, event: &Event) -> Result<(), ProjectionError> {
        let Some(session) = event.session() else {
            return Ok(());
        };
        let start = self.starts.of(self.connection, session, event)?;
        if *event.kind() == EventType::RETENTION_PURGED {
            self.starts.begin_anew(self.connection, session, event)?;
            self.open.forget(start.key);
            return purge(self.connection, start.key);
        }
        let by_server = event.stream().source() == Some(BUILT_BY_SERVER);
        let noun = event.kind().as_str().split('.').next().unwrap_or_default();
        let ends = *event.kind() == EventType::SESSION_ENDED;
        let concerns =
            ends || *event.kind() == EventType::FRAMES_CAPTURED || (by_server && noun == "video");
        if !concerns {
            return Ok(());
        }
        match readable_body(event, SCHEMA.name) {
            Some(EventBody::FramesCaptured(captured)) => self.captured(event, &start, &captured)?,
            Some(EventBody::VideoEncoded(encoded)) => self.encoded(event, &start, &encoded)?,
            Some(body) => products::apply(self.connection, event, &start, &body)?,
            None => {}
        }
        touch(self.connection, &start, event, ends, by_server)?;
        Ok(())
    }
}

/// Remembers that something changed for whoever works on the session.
fn touch(
    connection: &Connection,
    start: &Start,
    event: &Event,
    ended: bool,
    by_server: bool,
) -> rusqlite::Result<()> {
    let next_version = if by_server { event.version().0 + 1 } else { 0 };
    connection
        .prepare_cached(
            "INSERT INTO touched VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET position = excluded.position, ended = max(ended, excluded.ended),
                next_version = max(next_version, excluded.next_version)",
        )?
        .execute((start.key, to_sql(event.position().0), ended, to_sql(next_version)))?;
    Ok(())
}

fn purge(connection: &Connection, session: i64) -> Result<(), ProjectionError> {
    connection.execute(
        "DELETE FROM groups WHERE run IN (SELECT id FROM runs WHERE session = ?1)",
        [session],
    )?;
    for table in ["runs", "footage", "analyzed", "products", "touched"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE session = ?1"),
            [session],
        )?;
    }
    Ok(())
}
