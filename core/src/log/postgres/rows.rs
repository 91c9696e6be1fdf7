//! Reading the tables.

use std::ops::Range;

use sqlx::PgConnection;
use tokio::runtime::Handle;

use super::{LOG, failed};
use crate::id::{Position, SessionId, StreamName, StreamVersion};
use crate::log::StoreError;
use crate::log::store::{
    CommitsFrom, Rows, StoredCommit, StoredHead, StoredStream, StreamRow, from_sql, to_sql,
};
use crate::seal::keys::KeyScope;

/// So many commits are asked for at once: their number is known before their size is.
const COMMITS_AT_ONCE: i64 = 64;

/// Reads through a connection, inside whatever transaction it has.
pub(super) struct PgRows<'a> {
    runtime: &'a Handle,
    connection: &'a mut PgConnection,
}

impl<'a> PgRows<'a> {
    pub(super) fn new(runtime: &'a Handle, connection: &'a mut PgConnection) -> Self {
        Self {
            runtime,
            connection,
        }
    }
}

type CommitColumns = (i64, i32, String, i64, i64, Vec<u8>, Vec<u8>);

/// The first commits in the order of `by`, from the one that holds `$2` on, until they have `$3`
/// events before them. The inner query touches no payload.
macro_rules! commits_sql {
    ($filter:literal, $by:literal) => {
        concat!(
            "SELECT first_position, event_count, name, first_version, recorded_at, payload,
                 leaf_hashes
             FROM (
                 SELECT c.*, s.name, sum(event_count) OVER (ORDER BY ",
            $by,
            ") - event_count
                     AS events_before
                 FROM (
                     SELECT * FROM commits WHERE log = $1 AND ",
            $filter,
            "
                       AND ",
            $by,
            " >= coalesce((SELECT max(",
            $by,
            ") FROM commits
                           WHERE log = $1 AND ",
            $filter,
            " AND ",
            $by,
            " <= $2), 0)
                       AND ",
            $by,
            " + event_count > $2
                     ORDER BY ",
            $by,
            " LIMIT $4
                 ) c JOIN streams s ON s.log = c.log AND s.stream = c.stream
             ) counted
             WHERE events_before < $3 ORDER BY ",
            $by
        )
    };
}
const COMMITS_BY_POSITION: &str = commits_sql!("$5 = 0", "first_position");
const COMMITS_OF_STREAM: &str = commits_sql!("stream = $5", "first_version");

impl Rows for PgRows<'_> {
    fn head(&mut self) -> Result<StoredHead, StoreError> {
        let query =
            sqlx::query_as("SELECT size, edge, checkpoint, purges FROM heads WHERE log = $1")
                .bind(LOG)
                .fetch_one(&mut *self.connection);
        let (size, edge, checkpoint, purges) = self.runtime.block_on(query).map_err(failed)?;
        Ok(StoredHead {
            size: from_sql(size)?,
            edge,
            checkpoint,
            purges: from_sql(purges)?,
        })
    }

    fn streams(&mut self, names: &[&StreamName]) -> Result<Vec<Option<StreamRow>>, StoreError> {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let query = sqlx::query_as(
            "SELECT s.stream, s.next_version
             FROM unnest($2::text[]) WITH ORDINALITY AS n (name, place)
             LEFT JOIN streams s ON s.log = $1 AND s.name = n.name ORDER BY n.place",
        )
        .bind(LOG)
        .bind(names)
        .fetch_all(&mut *self.connection);
        let rows: Vec<(Option<i64>, Option<i64>)> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|row| match row {
                (Some(number), Some(next)) => Ok(Some(StreamRow {
                    number: from_sql(number)?,
                    next_version: StreamVersion(from_sql(next)?),
                })),
                _ => Ok(None),
            })
            .collect()
    }

    fn followed_since(
        &mut self,
        position: Position,
    ) -> Result<Vec<(String, StreamVersion)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT DISTINCT s.name, s.next_version
             FROM commits c JOIN streams s ON s.log = c.log AND s.stream = c.stream
             WHERE c.log = $1 AND c.first_position >= $2
               AND (s.session IS NULL OR s.name LIKE '%/control')",
        )
        .bind(LOG)
        .bind(to_sql(position.0)?)
        .fetch_all(&mut *self.connection);
        let rows: Vec<(String, i64)> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|(name, next)| Ok((name, StreamVersion(from_sql(next)?))))
            .collect()
    }

    fn session_streams(&mut self, session: SessionId) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar(
            "SELECT name FROM streams WHERE log = $1 AND session = $2 ORDER BY stream",
        )
        .bind(LOG)
        .bind(session.to_string())
        .fetch_all(&mut *self.connection);
        self.runtime.block_on(query).map_err(failed)
    }

    fn commits(
        &mut self,
        from: CommitsFrom,
        events: u64,
        _bytes: u64,
    ) -> Result<Vec<StoredCommit>, StoreError> {
        let (sql, from, stream) = match from {
            CommitsFrom::Position(position) => (COMMITS_BY_POSITION, position.0, 0),
            CommitsFrom::Stream(stream, version) => (COMMITS_OF_STREAM, version.0, to_sql(stream)?),
        };
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        let query = sqlx::query_as(sql)
            .bind(LOG)
            .bind(to_sql(from)?)
            .bind(events)
            .bind(events.min(COMMITS_AT_ONCE))
            .bind(stream)
            .fetch_all(&mut *self.connection);
        let rows: Vec<CommitColumns> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(
                |(first_position, count, stream, first_version, at, payload, leaf_hashes)| {
                    Ok(StoredCommit {
                        first_position: Position(from_sql(first_position)?),
                        count: from_sql(count.into())?,
                        stream,
                        first_version: StreamVersion(from_sql(first_version)?),
                        recorded_at_micros: at,
                        payload,
                        leaf_hashes,
                    })
                },
            )
            .collect()
    }

    fn leaf_hashes(&mut self, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT first_position, leaf_hashes FROM commits
             WHERE log = $1 AND first_position < $3 AND first_position >= coalesce((SELECT
                 max(first_position) FROM commits WHERE log = $1 AND first_position <= $2), 0)
             ORDER BY first_position",
        )
        .bind(LOG)
        .bind(to_sql(range.start)?)
        .bind(to_sql(range.end)?)
        .fetch_all(&mut *self.connection);
        let rows: Vec<(i64, Vec<u8>)> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|(first, hashes)| Ok((from_sql(first)?, hashes)))
            .collect()
    }

    fn nodes(&mut self, level: u32, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let query = sqlx::query_as(
            "SELECT node_index, hash FROM nodes WHERE log = $1 AND level = $2
             AND node_index >= $3 AND node_index < $4 ORDER BY node_index",
        )
        .bind(LOG)
        .bind(level as i16)
        .bind(to_sql(range.start)?)
        .bind(to_sql(range.end)?)
        .fetch_all(&mut *self.connection);
        let rows: Vec<(i64, Vec<u8>)> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|(index, hash)| Ok((from_sql(index)?, hash)))
            .collect()
    }

    fn data_key(&mut self, scope: KeyScope) -> Result<Option<Vec<u8>>, StoreError> {
        let query =
            sqlx::query_scalar("SELECT wrapped FROM data_keys WHERE log = $1 AND scope = $2")
                .bind(LOG)
                .bind(scope.to_string())
                .fetch_optional(&mut *self.connection);
        self.runtime.block_on(query).map_err(failed)
    }

    fn all_streams(&mut self) -> Result<Vec<StoredStream>, StoreError> {
        let query = sqlx::query_as(
            "SELECT name, stream, session, next_version FROM streams WHERE log = $1",
        )
        .bind(LOG)
        .fetch_all(&mut *self.connection);
        let rows: Vec<(String, i64, Option<String>, i64)> =
            self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|(name, number, session, next_version)| {
                Ok(StoredStream {
                    name,
                    number: from_sql(number)?,
                    session,
                    next_version: from_sql(next_version)?,
                })
            })
            .collect()
    }

    fn all_nodes(&mut self) -> Result<Vec<(u32, u64, Vec<u8>)>, StoreError> {
        let query = sqlx::query_as("SELECT level, node_index, hash FROM nodes WHERE log = $1")
            .bind(LOG)
            .fetch_all(&mut *self.connection);
        let rows: Vec<(i16, i64, Vec<u8>)> = self.runtime.block_on(query).map_err(failed)?;
        rows.into_iter()
            .map(|(level, index, hash)| {
                Ok((from_sql(level.into())? as u32, from_sql(index)?, hash))
            })
            .collect()
    }

    fn all_checkpoints(&mut self) -> Result<Vec<String>, StoreError> {
        let query =
            sqlx::query_scalar("SELECT checkpoint FROM checkpoints WHERE log = $1 ORDER BY size")
                .bind(LOG)
                .fetch_all(&mut *self.connection);
        self.runtime.block_on(query).map_err(failed)
    }
}
