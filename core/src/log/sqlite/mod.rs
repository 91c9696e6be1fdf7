//! The store in one SQLite file: durable (`synchronous = FULL`), readable while it is written (WAL),
//! and open to several processes at once: an import beside a running server.
//!
//! | file | holds |
//! |---|---|
//! | `schema.sql` | the tables, with what each column means |
//! | `rows.rs` | reading |
//! | `write.rs` | writing a group |

mod rows;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::StoreError;
use super::checkpoint::LogKey;
use super::merkle::TreeEdge;
use super::store::{Group, LockedHead, Rewrap, Rows, Store};
use crate::id::Position;
use crate::time::Timestamp;
use rows::SqliteRows;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 3;
/// From the layout before, whose logs are taken on.
const FROM_VERSION_2: &str =
    "ALTER TABLE heads ADD COLUMN purges INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 3";
/// Another process holds the write lock for as long as one group takes to be written.
const WRITE_LOCK_WAIT: Duration = Duration::from_secs(60);
const READ_LOCK_WAIT: Duration = Duration::from_secs(30);
/// The WAL is moved into the file whenever it has about so many pages of 4 KiB: larger than the
/// default, so that a busy log syncs the file less often.
const WAL_PAGES: i64 = 8_000;
/// The number of the log within its file: each file has one.
const LOG: i64 = 1;

/// The log's tables in one SQLite file.
pub(super) struct SqliteStore {
    path: PathBuf,
    /// Connections that only read and are not in use right now. They stand before the writer so
    /// that they are closed before it: the last to close moves the WAL into the file, and a
    /// connection that only reads cannot.
    readers: Mutex<Vec<Connection>>,
    /// The one connection that writes.
    writer: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the file, and creates it if there is none.
    pub(super) fn open(path: &Path, key: &LogKey) -> Result<Self, StoreError> {
        let mut writer = Connection::open(path).map_err(failed)?;
        writer.busy_timeout(WRITE_LOCK_WAIT).map_err(failed)?;
        writer
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        for (pragma, value) in [
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            // What is deleted, a data key above all, is overwritten.
            ("secure_delete", "ON"),
        ] {
            writer.pragma_update(None, pragma, value).map_err(failed)?;
        }
        writer
            .pragma_update(None, "wal_autocheckpoint", WAL_PAGES)
            .map_err(failed)?;
        create_or_check(&mut writer, key)?;
        Ok(Self {
            path: path.to_owned(),
            readers: Mutex::default(),
            writer: Mutex::new(writer),
        })
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let pooled = self.readers.lock().ok().and_then(|mut free| free.pop());
        if let Some(connection) = pooled {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(READ_LOCK_WAIT).map_err(failed)?;
        Ok(connection)
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_head(&self) -> Result<Locked<'_>, StoreError> {
        let writer = self.writer();
        writer.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
        Ok(Locked { writer })
    }
}

impl Store for SqliteStore {
    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read_snapshot(read)
    }

    fn read_snapshot(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut connection = self.reader()?;
        let snapshot = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(failed)?;
        let answer = read(&mut SqliteRows(&snapshot));
        snapshot.finish().map_err(failed)?;
        if let Ok(mut readers) = self.readers.lock() {
            readers.push(connection);
        }
        answer
    }

    fn write_if_unchanged(&self, group: &Group) -> Result<bool, StoreError> {
        let mut locked = Box::new(self.lock_head()?);
        if locked.rows().head()?.size == group.size_before {
            locked.write(group)
        } else {
            Ok(false)
        }
    }

    fn lock(&self) -> Result<Box<dyn LockedHead + '_>, StoreError> {
        Ok(Box::new(self.lock_head()?))
    }

    fn scrub(&self) -> Result<(), StoreError> {
        // The WAL has pages as they were before, until it is cut off. Nobody waits for readers that are in the way: then it
        // happens when the WAL is next moved into the file.
        let writer = self.writer();
        writer.busy_timeout(Duration::ZERO).map_err(failed)?;
        let cut = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        writer.busy_timeout(WRITE_LOCK_WAIT).map_err(failed)?;
        cut.map_err(failed)
    }

    fn rewrap_keys(&self, rewrap: &mut Rewrap<'_>) -> Result<u64, StoreError> {
        let locked = self.lock_head()?;
        let replaced = write::rewrap_keys(&locked.writer, rewrap)?;
        locked.writer.execute_batch("COMMIT").map_err(failed)?;
        Ok(replaced)
    }

    fn may_be_awaited(&self) -> bool {
        true
    }
}

/// The write lock. However it is left, it is given back.
struct Locked<'a> {
    writer: MutexGuard<'a, Connection>,
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if !self.writer.is_autocommit()
            && let Err(error) = self.writer.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the log could not be undone");
        }
    }
}

impl LockedHead for Locked<'_> {
    fn rows(&mut self) -> Box<dyn Rows + '_> {
        Box::new(SqliteRows(&self.writer))
    }

    fn write(self: Box<Self>, group: &Group) -> Result<bool, StoreError> {
        if !write::group(&self.writer, group)? {
            return Ok(false);
        }
        self.writer.execute_batch("COMMIT").map_err(failed)?;
        Ok(true)
    }
}

fn create_or_check(writer: &mut Connection, key: &LogKey) -> Result<(), StoreError> {
    let transaction = writer
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    let version: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    let log = key.log().to_string();
    if version == 0 {
        let edge = TreeEdge::default();
        transaction.execute_batch(SCHEMA).map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO logs (log, id, created_at) VALUES (?1, ?2, ?3)",
                (LOG, &log, Timestamp::now().micros()),
            )
            .map_err(failed)?;
        let checkpoint = key.sign(Position(0), edge.root());
        transaction
            .execute(
                "INSERT INTO heads (log, size, edge, checkpoint) VALUES (?1, 0, ?2, ?3)",
                (LOG, edge.to_bytes(), checkpoint.as_note()),
            )
            .map_err(failed)?;
    } else {
        match version {
            SCHEMA_VERSION => {}
            2 => transaction.execute_batch(FROM_VERSION_2).map_err(failed)?,
            other => return Err(super::other_layout(other, SCHEMA_VERSION)),
        }
        let stored: Option<String> = transaction
            .query_row("SELECT id FROM logs WHERE log = ?1", [LOG], |row| {
                row.get(0)
            })
            .optional()
            .map_err(failed)?;
        if stored.as_ref() != Some(&log) {
            return Err(super::other_log(stored.as_deref(), &log));
        }
    }
    transaction.commit().map_err(failed)
}

/// A failure of SQLite, by what the caller can do about it.
fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full(Box::new(error)),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
            StoreError::Damaged(error.to_string())
        }
        _ => StoreError::Failed(Box::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LogId;
    use crate::log::suite::{Fresh, event_log_suite};
    use crate::log::{EventLog, LogKeys, StoredLog};

    fn for_test() -> (Fresh, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let open = |keys| StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        let keys = LogKeys::generate().unwrap();
        let (log, other) = (open(keys.again()), open(keys));
        (Fresh { log, other }, dir)
    }

    event_log_suite!(for_test());

    #[test]
    fn the_key_of_another_log_is_refused() {
        let (log, dir) = for_test();
        drop(log);
        let other = LogKey::generate(LogId::new_random()).unwrap();
        let refused = SqliteStore::open(&dir.path().join("log.sqlite"), &other);
        assert!(matches!(refused, Err(StoreError::Damaged(_))));
    }

    #[tokio::test]
    async fn a_log_of_the_layout_before_is_taken_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.sqlite");
        let keys = LogKeys::generate().unwrap();
        drop(StoredLog::open_sqlite(&path, keys.again()).unwrap());
        let before = "ALTER TABLE heads DROP COLUMN purges; PRAGMA user_version = 2";
        Connection::open(&path)
            .unwrap()
            .execute_batch(before)
            .unwrap();
        let log = StoredLog::open_sqlite(&path, keys.again()).unwrap();
        assert_eq!(log.head().await.unwrap().size, Position(0));
        let version = "PRAGMA user_version = 1";
        Connection::open(&path)
            .unwrap()
            .execute_batch(version)
            .unwrap();
        assert!(StoredLog::open_sqlite(&path, keys).is_err());
    }

    #[test]
    fn a_file_that_is_no_log_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.sqlite");
        std::fs::write(
            &path,
            "this is not a database, and long enough to be looked at".repeat(99),
        )
        .unwrap();
        let key = LogKey::generate(LogId::new_random()).unwrap();
        assert!(matches!(
            SqliteStore::open(&path, &key),
            Err(StoreError::Damaged(_))
        ));
    }
}
