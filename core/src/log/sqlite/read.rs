//! Reading the tables.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{LOG, failed, to_sql};
use crate::event::{Commit, Event};
use crate::id::{Position, SessionId, StreamName, StreamVersion};
use crate::log::StoreError;
use crate::log::merkle::{Hash, NodeSource, node_hash};
use crate::log::payload;
use crate::log::verify::{StoredCommit, StoredStream};

/// Which levels of the tree are stored: every eighth, as in tiles.
pub(super) const STORED_LEVELS: u32 = 8;

/// The row of a log's head.
pub(crate) struct StoredHead {
    pub(crate) size: Position,
    pub(crate) edge: Vec<u8>,
    pub(crate) checkpoint: String,
}

pub(crate) fn head(connection: &Connection) -> Result<StoredHead, StoreError> {
    connection
        .prepare_cached("SELECT size, edge, checkpoint FROM heads WHERE log = ?1")
        .and_then(|mut statement| {
            statement.query_row([LOG], |row| {
                Ok(StoredHead {
                    size: Position(unsigned(row, 0)?),
                    edge: row.get(1)?,
                    checkpoint: row.get(2)?,
                })
            })
        })
        .map_err(failed)
}

/// A stream's number and its next version.
pub(super) fn stream_row(
    connection: &Connection,
    stream: &StreamName,
) -> Result<Option<(i64, StreamVersion)>, StoreError> {
    connection
        .prepare_cached("SELECT stream, next_version FROM streams WHERE log = ?1 AND name = ?2")
        .and_then(|mut statement| {
            statement
                .query_row((LOG, stream.as_str()), |row| {
                    Ok((row.get(0)?, StreamVersion(unsigned(row, 1)?)))
                })
                .optional()
        })
        .map_err(failed)
}

pub(super) fn session_streams(
    connection: &Connection,
    session: SessionId,
) -> Result<Vec<StreamName>, StoreError> {
    let names: Vec<String> = connection
        .prepare_cached("SELECT name FROM streams WHERE log = ?1 AND session = ?2 ORDER BY stream")
        .and_then(|mut statement| {
            statement
                .query_map((LOG, session.to_string()), |row| row.get(0))?
                .collect()
        })
        .map_err(failed)?;
    names
        .into_iter()
        .map(|name| StreamName::new(name).map_err(|error| StoreError::Damaged(error.to_string())))
        .collect()
}

const COMMIT_COLUMNS: &str = "first_position, event_count, s.name, first_version, recorded_at, \
                              payload, leaf_hashes";

pub(super) fn events(
    connection: &Connection,
    from: Position,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    // The commit that holds `from` begins at or before it.
    let sql = format!(
        "SELECT {COMMIT_COLUMNS} FROM commits c JOIN streams s USING (stream)
         WHERE c.log = ?1 AND first_position >= coalesce((SELECT max(first_position) FROM commits
             WHERE log = ?1 AND first_position <= ?2), 0)
         ORDER BY first_position"
    );
    collect_events(connection, &sql, (LOG, to_sql(from.0)?), limit, |commit| {
        from.0.saturating_sub(commit.first_position.0)
    })
}

pub(super) fn stream(
    connection: &Connection,
    stream: &StreamName,
    from: StreamVersion,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let Some((number, _)) = stream_row(connection, stream)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {COMMIT_COLUMNS} FROM commits c JOIN streams s USING (stream)
         WHERE c.stream = ?1 AND first_version >= coalesce((SELECT max(first_version) FROM commits
             WHERE stream = ?1 AND first_version <= ?2), 0)
         ORDER BY first_version"
    );
    collect_events(
        connection,
        &sql,
        (number, to_sql(from.0)?),
        limit,
        |commit| from.0.saturating_sub(commit.first_version.0),
    )
}

/// Unpacks commits one after the other until there are `limit` events. `skip` says how many
/// events at the beginning of a commit are not wanted.
fn collect_events(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    limit: usize,
    skip: impl Fn(&Commit) -> u64,
) -> Result<Vec<Event>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(parameters).map_err(failed)?;
    let mut events = Vec::new();
    while events.len() < limit
        && let Some(row) = rows.next().map_err(failed)?
    {
        let stored = stored_commit(row)?;
        let commit = Arc::new(payload::unpack(stored.envelope()?, &stored.payload)?);
        let start = usize::try_from(skip(&commit))
            .unwrap_or(usize::MAX)
            .min(commit.len());
        let end = commit.len().min(start.saturating_add(limit - events.len()));
        events.extend(commit.events(start..end));
    }
    Ok(events)
}

/// The commits from `from` on, as they are stored, until they have `payload_bytes` together.
/// `from` must be the first position of a commit, or the size of the log.
pub(crate) fn stored_commits(
    connection: &Connection,
    from: Position,
    payload_bytes: usize,
) -> Result<Vec<StoredCommit>, StoreError> {
    let sql = format!(
        "SELECT {COMMIT_COLUMNS} FROM commits c JOIN streams s USING (stream)
         WHERE c.log = ?1 AND first_position >= ?2 ORDER BY first_position"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query((LOG, to_sql(from.0)?)).map_err(failed)?;
    let (mut commits, mut bytes) = (Vec::new(), 0);
    while bytes < payload_bytes
        && let Some(row) = rows.next().map_err(failed)?
    {
        let commit = stored_commit(row)?;
        bytes += commit.payload.len() + commit.leaf_hashes.len();
        commits.push(commit);
    }
    Ok(commits)
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

pub(super) fn leaf_hash(connection: &Connection, position: Position) -> Result<Hash, StoreError> {
    let hashes = leaf_hashes(connection, position.0, position.0 + 1)?;
    Ok(hashes[0])
}

/// The hashes of the leaves `[start, end)`.
fn leaf_hashes(connection: &Connection, start: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
    let mut hashes = Vec::with_capacity((end - start) as usize);
    let mut statement = connection
        .prepare_cached(
            "SELECT first_position, leaf_hashes FROM commits
             WHERE log = ?1 AND first_position < ?3 AND first_position >=
                 (SELECT max(first_position) FROM commits WHERE log = ?1 AND first_position <= ?2)
             ORDER BY first_position",
        )
        .map_err(failed)?;
    let mut rows = statement
        .query((LOG, to_sql(start)?, to_sql(end)?))
        .map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let first = unsigned(row, 0).map_err(failed)?;
        let blob = row
            .get_ref(1)
            .map_err(failed)?
            .as_blob()
            .unwrap_or_default();
        let range = start.saturating_sub(first)..(end - first).min(blob.len() as u64 / 32);
        let (of_commit, _) = blob.as_chunks::<32>();
        hashes.extend(
            of_commit
                .get(range.start as usize..range.end as usize)
                .unwrap_or_default(),
        );
    }
    if hashes.len() as u64 == end - start {
        Ok(hashes)
    } else {
        Err(StoreError::Damaged(format!(
            "leaf hashes are missing between {start} and {end}"
        )))
    }
}

/// The hashes of the nodes `[start, end)` of a level that is stored.
fn stored_nodes(
    connection: &Connection,
    level: u32,
    start: u64,
    end: u64,
) -> Result<Vec<Hash>, StoreError> {
    let hashes: Vec<Hash> = connection
        .prepare_cached(
            "SELECT hash FROM nodes WHERE log = ?1 AND level = ?2
             AND node_index >= ?3 AND node_index < ?4 ORDER BY node_index",
        )
        .and_then(|mut statement| {
            statement
                .query_map(
                    (LOG, level, start.cast_signed(), end.cast_signed()),
                    |row| row.get(0),
                )?
                .collect()
        })
        .map_err(failed)?;
    if hashes.len() as u64 == end - start {
        Ok(hashes)
    } else {
        Err(StoreError::Damaged(format!(
            "nodes of the tree are missing at level {level} between {start} and {end}"
        )))
    }
}

/// The hashes of the nodes `[start, end)` of level 0, 8, 16, …
pub(super) fn tile_hashes(
    connection: &Connection,
    level: u32,
    start: u64,
    end: u64,
) -> Result<Vec<Hash>, StoreError> {
    if level == 0 {
        leaf_hashes(connection, start, end)
    } else {
        stored_nodes(connection, level, start, end)
    }
}

/// The stored tree, for proofs.
pub(super) struct StoredNodes<'a>(pub(super) &'a Connection);

impl NodeSource for StoredNodes<'_> {
    type Error = StoreError;

    fn nodes(&self, nodes: &[(u32, u64)]) -> Result<Vec<Hash>, StoreError> {
        nodes
            .iter()
            .map(|&(level, index)| {
                let above = level % STORED_LEVELS;
                let (stored, start, end) = (level - above, index << above, (index + 1) << above);
                let mut row = tile_hashes(self.0, stored, start, end)?;
                while row.len() > 1 {
                    row = row
                        .chunks(2)
                        .map(|pair| node_hash(&pair[0], &pair[1]))
                        .collect();
                }
                Ok(row[0])
            })
            .collect()
    }
}

/// All stored nodes above the leaves: level, index, hash.
pub(crate) fn all_nodes(connection: &Connection) -> Result<Vec<(u32, u64, Vec<u8>)>, StoreError> {
    connection
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

/// All streams, as they are stored.
pub(crate) fn all_streams(connection: &Connection) -> Result<Vec<StoredStream>, StoreError> {
    connection
        .prepare("SELECT name, session, next_version FROM streams WHERE log = ?1")
        .and_then(|mut statement| {
            let stored = |row: &Row<'_>| {
                Ok(StoredStream {
                    name: row.get(0)?,
                    session: row.get(1)?,
                    next_version: unsigned(row, 2)?,
                })
            };
            statement.query_map([LOG], stored)?.collect()
        })
        .map_err(failed)
}

/// The signed notes of the past, the smallest log first.
pub(crate) fn all_checkpoints(connection: &Connection) -> Result<Vec<String>, StoreError> {
    connection
        .prepare("SELECT checkpoint FROM checkpoints WHERE log = ?1 ORDER BY size")
        .and_then(|mut statement| statement.query_map([LOG], |row| row.get(0))?.collect())
        .map_err(failed)
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}
