//! Keyframes in their table.

use retrace_core::event::Event;
use retrace_core::{Position, StreamName, StreamVersion};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use crate::store::{from_sql, to_sql};
use crate::terminal::{Keyframe, TerminalSize};

/// A stream that has something to say to a terminal.
pub(super) struct Terminal {
    key: i64,
    first_version: StreamVersion,
    written: bool,
}

/// A keyframe with its place in the stream.
pub(super) struct StoredKeyframe {
    /// Of the first event that is not in it.
    pub(super) version: StreamVersion,
    /// Of the last event that is in it.
    pub(super) offset_us: u64,
    pub(super) keyframe: Keyframe,
    /// How many bytes the keyframes behind it may take at resizes.
    pub(super) credit: u64,
}

const ZSTD_LEVEL: i32 = 3;
/// Far above what the largest terminal dumps to: 1,000 by 500 cells twice over, each with its colours.
const DUMP_BYTES_MAX: usize = 64 << 20;

impl Terminal {
    pub(super) fn find(
        connection: &Connection,
        stream: &StreamName,
    ) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(
                "SELECT key, first_version, first_written FROM terminals WHERE stream = ?1",
            )?
            .query_row([stream.as_str()], |row| {
                let first_written: Option<i64> = row.get(2)?;
                let first_version = StreamVersion(from_sql(row.get(1)?));
                Ok(Self {
                    key: row.get(0)?,
                    first_version,
                    written: first_written.is_some(),
                })
            })
            .optional()
    }

    /// The terminal of a session that wrote first, with its stream.
    pub(super) fn first_of_session(
        connection: &Connection,
        session_key: i64,
    ) -> rusqlite::Result<Option<(Self, String)>> {
        connection
            .prepare_cached(
                "SELECT key, first_version, stream FROM terminals
                 WHERE session = ?1 AND first_written IS NOT NULL ORDER BY first_written LIMIT 1",
            )?
            .query_row([session_key], |row| {
                let first_version = StreamVersion(from_sql(row.get(1)?));
                Ok((
                    Self {
                        key: row.get(0)?,
                        first_version,
                        written: true,
                    },
                    row.get(2)?,
                ))
            })
            .optional()
    }

    /// The terminal that begins with this event.
    pub(super) fn create(
        connection: &Connection,
        session_key: i64,
        first: &Event,
    ) -> rusqlite::Result<Self> {
        connection
            .prepare_cached(
                "INSERT INTO terminals (session, stream, first_version) VALUES (?1, ?2, ?3)",
            )?
            .execute((
                session_key,
                first.stream().as_str(),
                to_sql(first.version().0),
            ))?;
        let key = connection.last_insert_rowid();
        Ok(Self {
            key,
            first_version: first.version(),
            written: false,
        })
    }

    /// Removes all terminals of a session with their keyframes.
    pub(super) fn purge_session(connection: &Connection, session_key: i64) -> rusqlite::Result<()> {
        connection.execute(
            "DELETE FROM keyframes WHERE terminal IN
                 (SELECT key FROM terminals WHERE session = ?1)",
            [session_key],
        )?;
        connection.execute("DELETE FROM terminals WHERE session = ?1", [session_key])?;
        Ok(())
    }

    /// The version of the stream's first event that drew.
    pub(super) fn first_version(&self) -> StreamVersion {
        self.first_version
    }

    /// Notes the first time that the stream wrote.
    pub(super) fn note_written(
        &mut self,
        connection: &Connection,
        position: Position,
    ) -> rusqlite::Result<()> {
        if !self.written {
            connection
                .prepare_cached("UPDATE terminals SET first_written = ?2 WHERE key = ?1")?
                .execute((self.key, to_sql(position.0)))?;
            self.written = true;
        }
        Ok(())
    }

    pub(super) fn store(
        &self,
        connection: &Connection,
        stored: &StoredKeyframe,
    ) -> rusqlite::Result<()> {
        let StoredKeyframe {
            version,
            offset_us,
            keyframe,
            credit,
        } = stored;
        let dump = zstd::bulk::compress(keyframe.dump.as_bytes(), ZSTD_LEVEL)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        connection
            .prepare_cached("INSERT INTO keyframes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
            .execute((
                self.key,
                to_sql(version.0),
                to_sql(*offset_us),
                keyframe.size.columns(),
                keyframe.size.rows(),
                dump,
                to_sql(*credit),
            ))?;
        Ok(())
    }

    pub(super) fn last_keyframe(
        &self,
        connection: &Connection,
    ) -> rusqlite::Result<Option<StoredKeyframe>> {
        one_keyframe(
            connection,
            "SELECT version, offset_us, columns, rows, dump, credit FROM keyframes
             WHERE terminal = ?1 ORDER BY version DESC LIMIT 1",
            &[&self.key],
        )
    }

    /// The last keyframe that holds no event after `limit_us`.
    pub(super) fn keyframe_until(
        &self,
        connection: &Connection,
        limit_us: u64,
    ) -> rusqlite::Result<Option<StoredKeyframe>> {
        one_keyframe(
            connection,
            "SELECT version, offset_us, columns, rows, dump, credit FROM keyframes
             WHERE terminal = ?1 AND offset_us <= ?2
             ORDER BY offset_us DESC, version DESC LIMIT 1",
            &[&self.key, &to_sql(limit_us)],
        )
    }

    /// The version of the first keyframe behind `version`, if one was taken.
    pub(super) fn version_of_next(
        &self,
        connection: &Connection,
        version: StreamVersion,
    ) -> rusqlite::Result<Option<StreamVersion>> {
        connection
            .prepare_cached(
                "SELECT min(version) FROM keyframes WHERE terminal = ?1 AND version > ?2",
            )?
            .query_row((self.key, to_sql(version.0)), |row| {
                Ok(row
                    .get::<_, Option<i64>>(0)?
                    .map(|version| StreamVersion(from_sql(version))))
            })
    }
}

fn one_keyframe(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Option<StoredKeyframe>> {
    connection
        .prepare_cached(sql)?
        .query_row(parameters, from_row)
        .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<StoredKeyframe> {
    let packed = row.get_ref(4)?.as_blob()?;
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
        rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Blob, error)
    };
    let dump = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(DUMP_BYTES_MAX);
    let dump = zstd::bulk::decompress(packed, dump.min(DUMP_BYTES_MAX))
        .map_err(|error| unreadable(error.into()))?;
    let dump = String::from_utf8(dump).map_err(|error| unreadable(error.into()))?;
    Ok(StoredKeyframe {
        version: StreamVersion(from_sql(row.get(0)?)),
        offset_us: from_sql(row.get(1)?),
        keyframe: Keyframe {
            size: TerminalSize::clamped(row.get(2)?, row.get(3)?),
            dump,
        },
        credit: from_sql(row.get(5)?),
    })
}
