//! A read model's own SQLite file: rows and checkpoint, side by side.
//!
//! [`Store`] is the one writer. It promises that rows and checkpoint change in one transaction,
//! and that what it opens was written by this schema for this log: a file of another schema
//! version, of another log, or that is no database is dropped, and the read model begins at 0.
//! After a crash of the machine the last transactions may be gone, rows and checkpoint together
//! (`synchronous = NORMAL`): the projection applies their events again.
//!
//! [`Readers`] are the connections that only read. Each question is one snapshot: its statements
//! all see the same checkpoint.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retrace_core::event::Event;
use retrace_core::{LogId, Position};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use crate::{Projection, ProjectionError, not_applied};

/// What a read model's file holds.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The name of the read model, and of its file.
    pub name: &'static str,
    /// To be raised whenever the tables change, or what the projection writes into them: that
    /// rebuilds the model at the next start.
    pub version: i64,
    /// The statements that create the tables.
    pub tables: &'static str,
}

impl Schema {
    /// The file, in the directory of the read models.
    pub fn path(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.sqlite", self.name))
    }

    /// Removes the read model. It must not be open.
    ///
    /// # Errors
    /// When a file is there and cannot be removed.
    pub fn remove(&self, dir: &Path) -> std::io::Result<()> {
        let path = self.path(dir);
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.clone().into_os_string();
            file.push(suffix);
            match std::fs::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

const META: &str = "CREATE TABLE meta (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    schema      INTEGER NOT NULL,
    log         TEXT NOT NULL,
    checkpoint  INTEGER NOT NULL  -- the position of the first event that is not applied yet
) STRICT;";

/// The read model could not be written.
impl From<rusqlite::Error> for ProjectionError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(Box::new(error))
    }
}

/// The writing side of a read model's file.
pub struct Store {
    connection: Connection,
    checkpoint: Position,
}

/// A projection whose rows are in a [`Store`]: they change in one transaction with the checkpoint.
pub(crate) trait StoredProjection: Send {
    /// The name of the read model.
    const NAME: &'static str;

    /// Where its rows are.
    fn store(&self) -> &Store;

    /// Writes the rows of events, of which there is at least one and none was applied before, and moves the checkpoint to
    /// `end`, by [`Store::write`].
    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError>;
}

impl<P: StoredProjection> Projection for P {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn checkpoint(&self) -> Position {
        self.store().checkpoint()
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        let due = not_applied(self.checkpoint(), events)?;
        match due.last() {
            Some(last) => self.take(due, last.position().plus(1)),
            None => Ok(()),
        }
    }
}

impl Store {
    /// Opens the read model of `log` in `dir`, and creates it if there is none that fits.
    ///
    /// # Errors
    /// When the directory or the file cannot be written.
    pub fn open(dir: &Path, schema: &Schema, log: LogId) -> Result<Self, ProjectionError> {
        let path = schema.path(dir);
        if path.exists() {
            match Self::open_fitting(&path, schema, log) {
                Ok(store) => return Ok(store),
                Err(Unfit::Busy(error)) => return Err(error.into()),
                Err(Unfit::Other(reason)) => {
                    tracing::warn!(model = schema.name, reason, "the read model is rebuilt");
                    schema
                        .remove(dir)
                        .map_err(|error| ProjectionError::Store(Box::new(error)))?;
                }
            }
        }
        Self::create(&path, schema, log)
    }

    fn open_fitting(path: &Path, schema: &Schema, log: LogId) -> Result<Self, Unfit> {
        let connection = connect(path)?;
        let row: (i64, String, i64) = connection
            .query_row("SELECT schema, log, checkpoint FROM meta", [], |row| {
                row.try_into()
            })
            .optional()?
            .ok_or_else(|| Unfit::Other("it was never finished".to_owned()))?;
        let (found, of_log, checkpoint) = row;
        if found != schema.version {
            let expected = schema.version;
            return Err(Unfit::Other(format!(
                "schema {found} found, {expected} expected"
            )));
        }
        if of_log != log.to_string() {
            return Err(Unfit::Other(format!("it is of the log {of_log}")));
        }
        let checkpoint = u64::try_from(checkpoint)
            .map_err(|_| Unfit::Other(format!("its checkpoint is {checkpoint}")))?;
        Ok(Self {
            connection,
            checkpoint: Position(checkpoint),
        })
    }

    fn create(path: &Path, schema: &Schema, log: LogId) -> Result<Self, ProjectionError> {
        let mut connection = connect(path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(META)?;
        transaction.execute_batch(schema.tables)?;
        transaction.execute(
            "INSERT INTO meta VALUES (1, ?1, ?2, 0)",
            (schema.version, log.to_string()),
        )?;
        transaction.commit()?;
        Ok(Self {
            connection,
            checkpoint: Position(0),
        })
    }

    /// The same, but that what it has written is there after a crash of the machine, too: for a store that says which
    /// other files count.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn durable(self) -> Result<Self, ProjectionError> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(self)
    }

    /// The position of the first event that is not applied yet.
    pub fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    /// Writes rows, and `checkpoint` with them: all or nothing.
    ///
    /// # Errors
    /// As `work` says, or when the file cannot be written.
    pub fn write<T>(
        &mut self,
        checkpoint: Position,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, ProjectionError>,
    ) -> Result<T, ProjectionError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.execute("UPDATE meta SET checkpoint = ?1", [to_sql(checkpoint.0)])?;
        transaction.commit()?;
        self.checkpoint = checkpoint;
        Ok(answer)
    }
}

/// Why a file that is there cannot be gone on with.
enum Unfit {
    /// Somebody else writes it: not to be dropped.
    Busy(rusqlite::Error),
    /// It is of no use.
    Other(String),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                rusqlite::ErrorCode::NotADatabase
                | rusqlite::ErrorCode::DatabaseCorrupt
                | rusqlite::ErrorCode::Unknown,
            )
            | None => Self::Other(error.to_string()),
            Some(_) => Self::Busy(error),
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // What is purged is overwritten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// Connections that only read a read model's file. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Readers {
    shared: Arc<SharedReaders>,
}

struct SharedReaders {
    path: PathBuf,
    schema: Schema,
    /// Those that are not in use right now, each with the number of the file it reads.
    idle: Mutex<Vec<(Option<u64>, Connection)>>,
    reads: AtomicU64,
}

/// More idle connections than this are closed: each holds a cache of pages.
const IDLE_READERS_MAX: usize = 8;

impl Readers {
    /// Readers of the read model in `dir`. Opens nothing yet: a read model that is not there is an
    /// error of the first question, and an answer as soon as it is there.
    pub fn new(dir: &Path, schema: Schema) -> Self {
        let path = schema.path(dir);
        Self {
            shared: Arc::new(SharedReaders {
                path,
                schema,
                idle: Mutex::default(),
                reads: AtomicU64::new(0),
            }),
        }
    }

    /// How many questions were asked so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.shared.reads.load(Ordering::Relaxed)
    }

    /// Answers one question from one snapshot of the read model. Blocks.
    ///
    /// # Errors
    /// When the read model is not there, was written by another version, or cannot be read.
    pub fn read<T, E: From<rusqlite::Error>>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.shared.reads.fetch_add(1, Ordering::Relaxed);
        let file = self.file_number();
        let idle = self.shared.idle.lock().ok().and_then(|mut idle| {
            // After a rebuild the others still read the file that was removed.
            idle.retain(|(of_file, _)| *of_file == file);
            idle.pop()
        });
        let mut connection = match idle {
            Some((_, connection)) => connection,
            None => self.connect()?,
        };
        let snapshot = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let answer = question(&snapshot);
        snapshot.finish()?;
        if let Ok(mut idle) = self.shared.idle.lock()
            && idle.len() < IDLE_READERS_MAX
        {
            idle.push((file, connection));
        }
        answer
    }

    fn file_number(&self) -> Option<u64> {
        Some(std::fs::metadata(&self.shared.path).ok()?.ino())
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        // Not read-only: a file that a crash left behind is made whole by its first reader.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.shared.path, flags)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "query_only", true)?;
        let version: i64 = connection.query_row("SELECT schema FROM meta", [], |row| row.get(0))?;
        if version == self.shared.schema.version {
            Ok(connection)
        } else {
            Err(rusqlite::Error::IntegralValueOutOfRange(0, version))
        }
    }
}

/// An unsigned number as SQLite keeps it. Numbers that it cannot keep stop at its largest.
pub fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was kept by [`to_sql`].
pub fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: Schema = Schema {
        name: "numbers",
        version: 1,
        tables: "CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT;",
    };

    fn insert(store: &mut Store, checkpoint: u64, number: i64) -> Result<(), ProjectionError> {
        store.write(Position(checkpoint), |transaction| {
            transaction.execute("INSERT INTO numbers VALUES (?1)", [number])?;
            Ok(())
        })
    }

    fn numbers(dir: &Path) -> Vec<i64> {
        let read = |connection: &Connection| {
            connection
                .prepare("SELECT number FROM numbers ORDER BY number")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        Readers::new(dir, SCHEMA)
            .read::<_, rusqlite::Error>(read)
            .unwrap()
    }

    #[test]
    fn rows_and_checkpoint_change_together() {
        let dir = tempfile::tempdir().unwrap();
        let log = LogId::new_random();
        let mut store = Store::open(dir.path(), &SCHEMA, log).unwrap();
        insert(&mut store, 5, 1).unwrap();
        insert(&mut store, 9, 1).unwrap_err();
        assert_eq!(store.checkpoint(), Position(5));
        drop(store);
        let store = Store::open(dir.path(), &SCHEMA, log).unwrap();
        assert_eq!(store.checkpoint(), Position(5));
        assert_eq!(numbers(dir.path()), [1]);
    }

    #[test]
    fn a_file_that_does_not_fit_is_dropped() {
        let log = LogId::new_random();
        let newer = Schema {
            version: 2,
            ..SCHEMA
        };
        let cases: [(&str, Schema, LogId, bool); 3] = [
            ("the same", SCHEMA, log, true),
            ("another schema version", newer, log, false),
            ("another log", SCHEMA, LogId::new_random(), false),
        ];
        for (case, schema, log_then, kept) in cases {
            let dir = tempfile::tempdir().unwrap();
            insert(&mut Store::open(dir.path(), &SCHEMA, log).unwrap(), 3, 7).unwrap();
            let store = Store::open(dir.path(), &schema, log_then).unwrap();
            assert_eq!(store.checkpoint() == Position(3), kept, "{case}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(SCHEMA.path(dir.path()), vec![b'x'; 10_000]).unwrap();
        let store = Store::open(dir.path(), &SCHEMA, log).unwrap();
        assert_eq!(store.checkpoint(), Position(0), "no database at all");
    }

    #[test]
    fn a_reader_follows_a_rebuild() {
        let dir = tempfile::tempdir().unwrap();
        let log = LogId::new_random();
        insert(&mut Store::open(dir.path(), &SCHEMA, log).unwrap(), 1, 7).unwrap();
        let readers = Readers::new(dir.path(), SCHEMA);
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM numbers", [], |row| {
                row.get::<_, i64>(0)
            })
        };
        assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 1);
        SCHEMA.remove(dir.path()).unwrap();
        let _rebuilt = Store::open(dir.path(), &SCHEMA, log).unwrap();
        assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 0);
    }

    #[test]
    fn a_reader_cannot_write_and_misses_what_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let readers = Readers::new(dir.path(), SCHEMA);
        let write = |connection: &Connection| connection.execute("DELETE FROM numbers", []);
        assert!(
            readers.read::<_, rusqlite::Error>(write).is_err(),
            "not there yet"
        );
        drop(Store::open(dir.path(), &SCHEMA, LogId::new_random()).unwrap());
        assert!(
            readers.read::<_, rusqlite::Error>(write).is_err(),
            "writing"
        );
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM numbers", [], |row| {
                row.get::<_, i64>(0)
            })
        };
        assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 0);
    }
}
