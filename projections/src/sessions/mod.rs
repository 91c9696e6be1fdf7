//! `sessions`: the catalogue, one row for each session.
//!
//! Reads every event of a session's streams, and changes of the settings for reviews; skips all others. A session is there from its first
//! event on, whether or not that is `session.launched`, and gone for good with `retention.purged`, of which a row of its own
//! is kept.
//! Takes times from events: a rebuild gives the same rows.
//!
//! | fact | comes from |
//! |---|---|
//! | start | the `at` of the session's first event in the log ([`crate::offset_us`]) |
//! | title, user, groups, host, command, protocol, target, launcher, secret, folder, site, policy | the first `session.launched` that says it |
//! | recording file | the first `session.source_attached` that names one |
//! | size of the terminal | the first `session.source_attached` or `terminal.resized` that says it |
//! | end, reason, exit status | the first `session.ended` |
//! | last event | the latest `at` of what happened in the session; what is done with its recording afterwards (viewing, video, retention) does not lengthen it |
//! | review | `session.reviewed`, `session.review_reopened`, `session.assigned`, `session.commented`; the queue by the settings in force at the launch ([`review`]) |
//! | gaps | `recording.gap_detected`, `recording.degraded` |
//! | counts | [`crate::counts::Counts`], summed |
//! | kept from | when the server took in the latest of what was recorded |
//! | holds | `hold.placed`, `hold.released` |
//! | purged | `retention.purged`, alone: of what was before it, a rebuild may find nothing |
//! | controls | what was asked of the recorder in the control stream, each with the first answer to it |

mod controls;
mod retention;
mod review;
mod row;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::{LogId, Position, SessionId};
use rusqlite::{Connection, Transaction};

pub use controls::{ControlAnswer, ControlRow, controls_of};
pub use retention::{Hold, PurgedSession, due_of, holds_of};
pub use review::{Comment, Review, comments_of};
pub use row::{RecordingFacts, SESSION_COLUMNS, SessionRow};
pub(crate) use row::{reason_from, reason_text, timestamp};

use crate::ProjectionError;
use crate::counts::readable_body;
use crate::store::{Schema, Store, StoredProjection, to_sql};

/// The tables of the catalogue.
pub const SCHEMA: Schema = Schema {
    name: "sessions",
    version: 7,
    tables: include_str!("schema.sql"),
};

/// The catalogue's writing side.
pub struct SessionsProjection {
    store: Store,
}

impl SessionsProjection {
    /// Opens the catalogue of `log` in `dir`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn open(dir: &Path, log: LogId) -> Result<Self, ProjectionError> {
        Ok(Self {
            store: Store::open(dir, &SCHEMA, log)?,
        })
    }
}

impl StoredProjection for SessionsProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        self.store.write(end, |transaction| {
            let mut batch = Batch {
                transaction,
                rows: BTreeMap::new(),
            };
            for run in due.chunk_by(|one, next| one.stream() == next.stream()) {
                batch.apply(run)?;
            }
            batch
                .rows
                .values()
                .try_for_each(|row| row.write(transaction))?;
            Ok(())
        })
    }
}

/// The rows that a batch of events touches: each is read once and written once.
struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    rows: BTreeMap<SessionId, SessionRow>,
}

impl Batch<'_> {
    /// Applies consecutive events of one stream.
    fn apply(&mut self, events: &[Event]) -> rusqlite::Result<()> {
        let Some(session) = events.first().and_then(Event::session) else {
            return self.apply_settings(events);
        };
        let is_purge = |event: &Event| *event.kind() == EventType::RETENTION_PURGED;
        for part in events.split_inclusive(is_purge) {
            if let Some(purge) = part.last().filter(|event| is_purge(event)) {
                self.purge(session, purge)?;
            } else {
                self.extend(session, part)?;
            }
        }
        Ok(())
    }

    fn apply_settings(&self, events: &[Event]) -> rusqlite::Result<()> {
        for event in events {
            if *event.kind() == EventType::CONFIG_CHANGED
                && let Some(EventBody::ConfigChanged(changed)) = readable_body(event, SCHEMA.name)
            {
                review::apply_setting(self.transaction, &changed)?;
            }
        }
        Ok(())
    }

    fn extend(&mut self, session: SessionId, events: &[Event]) -> rusqlite::Result<()> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let row = match self.rows.entry(session) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(place) => match SessionRow::find(self.transaction, session)? {
                Some(stored) => place.insert(stored),
                // What the server says of it afterwards does not bring it back.
                None if PurgedSession::find(self.transaction, session)?.is_some() => return Ok(()),
                None => place.insert(SessionRow::first_seen(session, first)),
            },
        };
        note_stream(self.transaction, session, first)?;
        for event in events {
            row.apply(event);
            controls::note(self.transaction, session, event)?;
            match event.kind() {
                kind if *kind == EventType::SESSION_LAUNCHED => {
                    let policy = row.policy.as_deref();
                    row.review.sampled |= review::is_sampled(self.transaction, session, policy)?;
                }
                kind if *kind == EventType::SESSION_COMMENTED => {
                    if let Some(EventBody::SessionCommented(said)) =
                        readable_body(event, SCHEMA.name)
                    {
                        let comment = Comment {
                            position: event.position(),
                            at: event.at(),
                            by: said.by,
                            offset_ms: said.offset_ms,
                            text: said.text,
                        };
                        comment.write(self.transaction, session)?;
                    }
                }
                kind if *kind == EventType::HOLD_PLACED || *kind == EventType::HOLD_RELEASED => {
                    row.holds = retention::note_hold(self.transaction, session, event)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn purge(&mut self, session: SessionId, event: &Event) -> rusqlite::Result<()> {
        self.rows.remove(&session);
        let id = [session.uuid().into_bytes()];
        for delete in [
            "DELETE FROM sessions WHERE id = ?1",
            "DELETE FROM streams WHERE session = ?1",
            "DELETE FROM session_groups WHERE session = ?1",
            "DELETE FROM session_folders WHERE session = ?1",
            "DELETE FROM comments WHERE session = ?1",
            "DELETE FROM controls WHERE session = ?1",
            "DELETE FROM holds WHERE session = ?1",
        ] {
            self.transaction.execute(delete, id)?;
        }
        retention::note_purge(self.transaction, session, event)
    }
}

fn note_stream(
    transaction: &Transaction<'_>,
    session: SessionId,
    first: &Event,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO streams VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?
        .execute((
            session.uuid().as_bytes(),
            first.stream().as_str(),
            to_sql(first.position().0),
        ))?;
    Ok(())
}

/// The streams of a session, in the order of their first events.
///
/// # Errors
/// When the read model cannot be read.
pub fn streams_of(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT name FROM streams WHERE session = ?1 ORDER BY first_position")?
        .query_map([session.uuid().as_bytes()], |row| row.get(0))?
        .collect()
}
