//! The manifest: which files count, which number stands for which session, up to which position. One transaction
//! changes all three.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_core::{Position, SessionId};
use rusqlite::{Connection, OptionalExtension, Transaction};

use super::files::{DataFile, Entry};
use super::schema::{Table, VERSION};
use crate::store::{Schema, from_sql, to_sql};

/// The tables of the manifest.
pub const SCHEMA: Schema = Schema {
    name: "columns",
    version: VERSION,
    tables: include_str!("schema.sql"),
};

/// The directory of the files, below that of the read models.
#[must_use]
pub(super) fn root(dir: &Path) -> PathBuf {
    dir.join(SCHEMA.name)
}

/// Removes the read model below `dir`. It must not be open for writing.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn remove(dir: &Path) -> std::io::Result<()> {
    SCHEMA.remove(dir)?;
    match std::fs::remove_dir_all(root(dir)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A session's number, and on which day its row is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) number: i64,
    pub(super) day: i32,
}

impl Numbered {
    /// No event has this day.
    const NO_DAY: i32 = i32::MIN;

    /// The same session, purged: it has no row any more, and never will.
    pub(super) fn gone(self) -> Self {
        Self {
            day: Self::NO_DAY,
            ..self
        }
    }

    pub(super) fn is_gone(self) -> bool {
        self.day == Self::NO_DAY
    }
}

pub(super) fn number_of(
    connection: &Connection,
    session: SessionId,
) -> rusqlite::Result<Option<Numbered>> {
    connection
        .prepare_cached("SELECT number, day FROM numbers WHERE session = ?1")?
        .query_row([session.uuid().as_bytes()], |row| {
            Ok(Numbered {
                number: row.get(0)?,
                day: row.get(1)?,
            })
        })
        .optional()
}

/// What the manifest says: the checkpoint, the files that count, the next number and the next name of a file.
pub(super) struct Manifest {
    pub(super) checkpoint: Position,
    pub(super) files: Vec<Arc<DataFile>>,
    pub(super) next_number: i64,
    pub(super) next_file: i64,
}

impl Manifest {
    pub(super) fn read(connection: &Connection, dir: &Path) -> rusqlite::Result<Self> {
        let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let root = root(dir);
        let mut files = Vec::new();
        let mut statement = connection.prepare(
            "SELECT id, of, day, rows, bytes, first_number, last_number FROM files ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(table) = Table::of_name(row.get_ref(1)?.as_str()?) else {
                continue;
            };
            let entry = Entry {
                id: row.get(0)?,
                table,
                day: row.get(2)?,
                rows: from_sql(row.get(3)?),
                bytes: from_sql(row.get(4)?),
                numbers: (row.get(5)?, row.get(6)?),
            };
            files.push(Arc::new(DataFile::new(entry, &root)));
        }
        Ok(Self {
            checkpoint: Position(from_sql(one("SELECT checkpoint FROM meta")?)),
            files,
            next_number: one("SELECT coalesce(max(number), 0) + 1 FROM numbers")?,
            next_file: one("SELECT coalesce(max(id), 0) + 1 FROM files")?,
        })
    }
}

/// What changes in the manifest with a flush.
#[derive(Default)]
pub(super) struct Change {
    pub(super) added: Vec<Entry>,
    pub(super) removed: Vec<Arc<DataFile>>,
    pub(super) numbers: Vec<(SessionId, Numbered)>,
}

impl Change {
    pub(super) fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for file in &self.removed {
            transaction
                .prepare_cached("DELETE FROM files WHERE id = ?1")?
                .execute([file.entry.id])?;
        }
        for entry in &self.added {
            transaction
                .prepare_cached("INSERT INTO files VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
                .execute((
                    entry.id,
                    entry.table.name(),
                    entry.day,
                    to_sql(entry.rows),
                    to_sql(entry.bytes),
                    entry.numbers.0,
                    entry.numbers.1,
                ))?;
        }
        for (session, numbered) in &self.numbers {
            transaction
                .prepare_cached(
                    "INSERT INTO numbers VALUES (?1, ?2, ?3)
                     ON CONFLICT (number) DO UPDATE SET day = excluded.day",
                )?
                .execute((numbered.number, session.uuid().as_bytes(), numbered.day))?;
        }
        Ok(())
    }
}
