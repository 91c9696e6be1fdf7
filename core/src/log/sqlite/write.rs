//! Writing to the tables, inside a transaction that holds the write lock.

use rusqlite::{Connection, OptionalExtension};

use super::{LOG, failed};
use crate::log::StoreError;
use crate::log::store::{DESTROYED_KEY, Group, PurgeRows, Rewrap, to_sql};

/// Writes a group. `false` when a data key of it was stored by another: then the transaction is to
/// be undone.
pub(super) fn group(connection: &Connection, group: &Group) -> Result<bool, StoreError> {
    for (scope, wrapped) in &group.new_keys {
        let inserted = connection
            .prepare_cached(
                "INSERT INTO data_keys (log, scope, wrapped) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )
            .and_then(|mut insert| insert.execute((LOG, scope.to_string(), wrapped)))
            .map_err(failed)?;
        if inserted == 0 {
            return Ok(false);
        }
    }
    for stream in &group.new_streams {
        let session = stream.name.session().map(|session| session.to_string());
        let (number, next) = (to_sql(stream.number)?, to_sql(stream.next_version.0)?);
        connection
            .prepare_cached(
                "INSERT INTO streams (log, stream, name, session, next_version)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut insert| {
                insert.execute((LOG, number, stream.name.as_str(), session, next))
            })
            .map_err(failed)?;
    }
    for (number, next_version) in &group.grown_streams {
        let (number, next) = (to_sql(*number)?, to_sql(next_version.0)?);
        connection
            .prepare_cached("UPDATE streams SET next_version = ?2 WHERE stream = ?1")
            .and_then(|mut update| update.execute((number, next)))
            .map_err(failed)?;
    }
    for commit in &group.commits {
        let (first_position, count) = (to_sql(commit.first_position)?, to_sql(commit.count)?);
        let (stream, first_version) = (to_sql(commit.stream)?, to_sql(commit.first_version.0)?);
        connection
            .prepare_cached(
                "INSERT INTO commits (log, first_position, event_count, stream, first_version,
                 recorded_at, leaf_hashes, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut insert| {
                insert.execute((
                    LOG,
                    first_position,
                    count,
                    stream,
                    first_version,
                    commit.recorded_at_micros,
                    &commit.leaf_hashes,
                    &commit.payload,
                ))
            })
            .map_err(failed)?;
    }
    for (level, index, hash) in &group.nodes {
        let index = to_sql(*index)?;
        connection
            .prepare_cached(
                "INSERT INTO nodes (log, level, node_index, hash) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut insert| insert.execute((LOG, level, index, hash)))
            .map_err(failed)?;
    }
    if let Some(head) = &group.head {
        let size = to_sql(head.size)?;
        connection
            .prepare_cached("UPDATE heads SET size = ?2, edge = ?3, checkpoint = ?4 WHERE log = ?1")
            .and_then(|mut update| update.execute((LOG, size, &head.edge, &head.checkpoint)))
            .map_err(failed)?;
        if group.keep_checkpoint {
            connection
                .execute(
                    "INSERT INTO checkpoints (log, size, checkpoint) VALUES (?1, ?2, ?3)",
                    (LOG, size, &head.checkpoint),
                )
                .map_err(failed)?;
        }
    }
    if let Some(rows) = &group.purge {
        purge(connection, rows)?;
    }
    Ok(true)
}

/// Destroys the recording of a session.
fn purge(connection: &Connection, purge: &PurgeRows) -> Result<(), StoreError> {
    let execute = |sql, values: &[&dyn rusqlite::ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(failed)
    };
    for (first_position, payload) in &purge.resealed {
        let sql = "UPDATE commits SET payload = ?3 WHERE log = ?1 AND first_position = ?2";
        execute(sql, &[&LOG, &to_sql(*first_position)?, payload])?;
    }
    for stream in &purge.destroyed {
        let sql = "UPDATE commits SET payload = x'' WHERE stream = ?1";
        execute(sql, &[&to_sql(*stream)?])?;
    }
    let sql = "UPDATE data_keys SET wrapped = ?3 WHERE log = ?1 AND scope = ?2";
    execute(sql, &[&LOG, &purge.scope.to_string(), &DESTROYED_KEY])?;
    execute(
        "UPDATE heads SET purges = purges + 1 WHERE log = ?1",
        &[&LOG],
    )?;
    Ok(())
}

/// Replaces wrapped data keys, one after the other in the order of their scopes.
pub(super) fn rewrap_keys(
    connection: &Connection,
    rewrap: &mut Rewrap<'_>,
) -> Result<u64, StoreError> {
    let (mut after, mut replaced) = (String::new(), 0);
    loop {
        let next: Option<(String, Vec<u8>)> = connection
            .prepare_cached(
                "SELECT scope, wrapped FROM data_keys WHERE log = ?1 AND scope > ?2
                 ORDER BY scope LIMIT 1",
            )
            .and_then(|mut select| {
                select
                    .query_row((LOG, &after), |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(failed)?;
        let Some((scope, wrapped)) = next else {
            return Ok(replaced);
        };
        if let Some(wrapped) = rewrap(&scope, &wrapped)? {
            connection
                .prepare_cached("UPDATE data_keys SET wrapped = ?3 WHERE log = ?1 AND scope = ?2")
                .and_then(|mut update| update.execute((LOG, &scope, wrapped)))
                .map_err(failed)?;
            replaced += 1;
        }
        after = scope;
    }
}
