//! When each session started, kept in the read model's own file: to turn an event's `at` into an
//! offset ([`crate::offset_us`]) without asking another read model, which may be behind.

use std::collections::HashMap;

use retrace_core::event::Event;
use retrace_core::{SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension};

/// The table; part of the schema of each read model that uses it.
///
/// ```sql
/// CREATE TABLE starts (
///     key         INTEGER PRIMARY KEY,   -- stands for the session in the other tables
///     session     BLOB NOT NULL UNIQUE,
///     started_us  INTEGER NOT NULL
/// ) STRICT;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    /// Stands for the session in the read model's other tables.
    pub(crate) key: i64,
    /// The `at` of the session's first event, or of its purge.
    pub(crate) started: Timestamp,
}

/// The start of a session that the read model knows.
pub(crate) fn find_start(
    connection: &Connection,
    session: SessionId,
) -> rusqlite::Result<Option<Start>> {
    connection
        .prepare_cached("SELECT key, started_us FROM starts WHERE session = ?1")?
        .query_row([session.uuid().as_bytes()], |row| {
            let started_us = row.get(1)?;
            let started = Timestamp::from_micros(started_us)
                .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, started_us))?;
            Ok(Start {
                key: row.get(0)?,
                started,
            })
        })
        .optional()
}

/// The starts of the sessions that events came for lately. To be forgotten when a transaction
/// fails: it may hold starts that were never stored.
#[derive(Default)]
pub(crate) struct Starts {
    recent: HashMap<SessionId, Start>,
}

const RECENT_MAX: usize = 4_096;

impl Starts {
    /// The start of the event's session. The first event of a session is its start.
    pub(crate) fn of(
        &mut self,
        connection: &Connection,
        session: SessionId,
        event: &Event,
    ) -> rusqlite::Result<Start> {
        if let Some(start) = self.recent.get(&session) {
            return Ok(*start);
        }
        let start = match find_start(connection, session)? {
            Some(start) => start,
            None => {
                connection
                    .prepare_cached("INSERT INTO starts (session, started_us) VALUES (?1, ?2)")?
                    .execute((session.uuid().as_bytes(), event.at().micros()))?;
                Start {
                    key: connection.last_insert_rowid(),
                    started: event.at(),
                }
            }
        };
        self.remember(session, start);
        Ok(start)
    }

    /// The session is purged by an event, and would begin anew with it: when it began before that, a rebuild cannot find
    /// out, because it finds nothing of what was recorded.
    pub(crate) fn begin_anew(
        &mut self,
        connection: &Connection,
        session: SessionId,
        event: &Event,
    ) -> rusqlite::Result<Start> {
        let key = self.of(connection, session, event)?.key;
        let start = Start {
            key,
            started: event.at(),
        };
        connection
            .prepare_cached("UPDATE starts SET started_us = ?2 WHERE key = ?1")?
            .execute((key, event.at().micros()))?;
        self.remember(session, start);
        Ok(start)
    }

    fn remember(&mut self, session: SessionId, start: Start) {
        if self.recent.len() >= RECENT_MAX {
            self.recent.clear();
        }
        self.recent.insert(session, start);
    }

    pub(crate) fn forget(&mut self) {
        self.recent.clear();
    }
}
