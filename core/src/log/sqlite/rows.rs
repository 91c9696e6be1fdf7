//! Reading the tables.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{LOG, failed};
use crate::id::{Position, SessionId, StreamName, StreamVersion};
use crate::log::StoreError;
use crate::log::store::{
    CommitsFrom, Rows, StoredCommit, StoredHead, StoredStream, StreamRow, to_sql,
};
use crate::seal::keys::KeyScope;

/// Reads through a connection, inside whatever transaction it has.
pub(super) struct SqliteRows<'a>(pub(super) &'a Connection);

/// The commits of one log or one stream in order, from the one that holds `?2` on: it begins at or
/// before that.
macro_rules! commits_sql {
    ($of:literal, $by:literal) => {
        concat!(
            "SELECT first_position, event_count, s.name, first_version, recorded_at, payload,
                 leaf_hashes
             FROM commits c JOIN streams s ON s.stream = c.stream
             WHERE c.",
            $of,
            " = ?1 AND ",
            $by,
            " >= coalesce((SELECT max(",
            $by,
            ")
                 FROM commits WHERE ",
            $of,
            " = ?1 AND ",
            $by,
            " <= ?2), 0)
               AND ",
            $by,
            " + event_count > ?2
             ORDER BY ",
            $by
        )
    };
}

impl Rows for SqliteRows<'_> {
    fn head(&mut self) -> Result<StoredHead, StoreError> {
        self.0
            .prepare_cached("SELECT size, edge, checkpoint, purges FROM heads WHERE log = ?1")
            .and_then(|mut statement| {
                statement.query_row([LOG], |row| {
                    Ok(StoredHead {
                        size: unsigned(row, 0)?,
                        edge: row.get(1)?,
                        checkpoint: row.get(2)?,
                        purges: unsigned(row, 3)?,
                    })
                })
            })
            .map_err(failed)
    }

    fn streams(&mut self, names: &[&StreamName]) -> Result<Vec<Option<StreamRow>>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT stream, next_version FROM streams WHERE log = ?1 AND name = ?2")
            .map_err(failed)?;
        names
            .iter()
            .map(|name| {
                statement
                    .query_row((LOG, name.as_str()), |row| {
                        Ok(StreamRow {
                            number: unsigned(row, 0)?,
                            next_version: StreamVersion(unsigned(row, 1)?),
                        })
                    })
                    .optional()
                    .map_err(failed)
            })
            .collect()
    }

    fn followed_since(
        &mut self,
        position: Position,
    ) -> Result<Vec<(String, StreamVersion)>, StoreError> {
        let from = to_sql(position.0)?;
        self.0
            .prepare_cached(
                "SELECT DISTINCT s.name, s.next_version
                 FROM commits c JOIN streams s ON s.stream = c.stream
                 WHERE c.log = ?1 AND c.first_position >= ?2
                   AND (s.session IS NULL OR s.name LIKE '%/control')",
            )
            .and_then(|mut statement| {
                statement
                    .query_map((LOG, from), |row| {
                        Ok((row.get(0)?, StreamVersion(unsigned(row, 1)?)))
                    })?
                    .collect()
            })
            .map_err(failed)
    }

    fn session_streams(&mut self, session: SessionId) -> Result<Vec<String>, StoreError> {
        self.0
            .prepare_cached(
                "SELECT name FROM streams WHERE log = ?1 AND session = ?2 ORDER BY stream",
            )
            .and_then(|mut statement| {
                statement
                    .query_map((LOG, session.to_string()), |row| row.get(0))?
                    .collect()
            })
            .map_err(failed)
    }

    fn commits(
        &mut self,
        from: CommitsFrom,
        events: u64,
        bytes: u64,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let (sql, filter, from) = match from {
            CommitsFrom::Position(position) => {
                (commits_sql!("log", "first_position"), LOG, position.0)
            }
            CommitsFrom::Stream(stream, version) => (
                commits_sql!("stream", "first_version"),
                to_sql(stream)?,
                version.0,
            ),
        };
        let mut statement = self.0.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query((filter, to_sql(from)?)).map_err(failed)?;
        let (mut commits, mut found, mut read) = (Vec::new(), 0, 0);
        while found < events
            && read < bytes
            && let Some(row) = rows.next().map_err(failed)?
        {
            let commit = stored_commit(row)?;
            found += commit.count;
            read += (commit.payload.len() + commit.leaf_hashes.len()) as u64;
            commits.push(commit);
        }
        Ok(commits)
    }

    fn leaf_hashes(&mut self, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let (start, end) = (to_sql(range.start)?, to_sql(range.end)?);
        self.0
            .prepare_cached(
                "SELECT first_position, leaf_hashes FROM commits
                 WHERE log = ?1 AND first_position < ?3 AND first_position >= coalesce((SELECT
                     max(first_position) FROM commits WHERE log = ?1 AND first_position <= ?2), 0)
                 ORDER BY first_position",
            )
            .and_then(|mut statement| {
                statement
                    .query_map((LOG, start, end), |row| {
                        Ok((unsigned(row, 0)?, row.get(1)?))
                    })?
                    .collect()
            })
            .map_err(failed)
    }

    fn nodes(&mut self, level: u32, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let (start, end) = (to_sql(range.start)?, to_sql(range.end)?);
        self.0
            .prepare_cached(
                "SELECT node_index, hash FROM nodes WHERE log = ?1 AND level = ?2
                 AND node_index >= ?3 AND node_index < ?4 ORDER BY node_index",
            )
            .and_then(|mut statement| {
                statement
                    .query_map((LOG, level, start, end), |row| {
                        Ok((unsigned(row, 0)?, row.get(1)?))
                    })?
                    .collect()
            })
            .map_err(failed)
    }

    fn data_key(&mut self, scope: KeyScope) -> Result<Option<Vec<u8>>, StoreError> {
        self.0
            .prepare_cached("SELECT wrapped FROM data_keys WHERE log = ?1 AND scope = ?2")
            .and_then(|mut statement| {
                statement
                    .query_row((LOG, scope.to_string()), |row| row.get(0))
                    .optional()
            })
            .map_err(failed)
    }

    fn all_streams(&mut self) -> Result<Vec<StoredStream>, StoreError> {
        self.0
            .prepare("SELECT name, stream, session, next_version FROM streams WHERE log = ?1")
            .and_then(|mut statement| {
                let stored = |row: &Row<'_>| {
                    Ok(StoredStream {
                        name: row.get(0)?,
                        number: unsigned(row, 1)?,
                        session: row.get(2)?,
                        next_version: unsigned(row, 3)?,
                    })
                };
                statement.query_map([LOG], stored)?.collect()
            })
            .map_err(failed)
    }

    fn all_nodes(&mut self) -> Result<Vec<(u32, u64, Vec<u8>)>, StoreError> {
        self.0
            .prepare("SELECT level, node_index, hash FROM nodes WHERE log = ?1")
            .and_then(|mut statement| {
                statement
                    .query_map([LOG], |row| {
                        Ok((row.get(0)?, unsigned(row, 1)?, row.get(2)?))
                    })?
                    .collect()
            })
            .map_err(failed)
    }

    fn all_checkpoints(&mut self) -> Result<Vec<String>, StoreError> {
        self.0
            .prepare("SELECT checkpoint FROM checkpoints WHERE log = ?1 ORDER BY size")
            .and_then(|mut statement| statement.query_map([LOG], |row| row.get(0))?.collect())
            .map_err(failed)
    }
}

fn stored_commit(row: &Row<'_>) -> Result<StoredCommit, StoreError> {
    let read = || -> rusqlite::Result<StoredCommit> {
        Ok(StoredCommit {
            first_position: Position(unsigned(row, 0)?),
            count: unsigned(row, 1)?,
            stream: row.get(2)?,
            first_version: StreamVersion(unsigned(row, 3)?),
            recorded_at_micros: row.get(4)?,
            payload: row.get(5)?,
            leaf_hashes: row.get(6)?,
        })
    };
    read().map_err(failed)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}
