//! The log in one SQLite file: durable (`synchronous = FULL`), readable while it is written (WAL),
//! and open to several processes at once: an import beside a running server.
//!
//! | file | holds |
//! |---|---|
//! | `schema.sql` | the tables, with what each column means |
//! | `transaction.rs` | appending |
//! | `read.rs` | reading events, nodes of the tree, and rows for verification |

mod read;
pub(super) mod rows {
    //! The rows that verification reads.
    pub(in crate::log) use super::read::{
        all_checkpoints, all_nodes, all_streams, head, stored_commits,
    };
}
mod transaction;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use tokio::sync::watch;

use super::checkpoint::{Checkpoint, LogKey};
use super::merkle::{self, Hash, TreeEdge};
use super::{EventLog, Head, LogTransaction, StoreError};
use crate::event::Event;
use crate::id::{LogId, Position, SessionId, StreamName, StreamVersion};
use crate::time::Timestamp;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;
/// An import holds the write lock for as long as its file takes: wait for it.
const WRITE_LOCK_WAIT: Duration = Duration::from_secs(600);
/// How often to look whether another process has appended.
const GROWTH_POLL: Duration = Duration::from_millis(50);
/// The number of the log within its file: each file has one.
const LOG: i64 = 1;

/// The log in one SQLite file. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct SqliteLog {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    key: LogKey,
    /// Connections that only read and are not in use right now. They stand before the writer so
    /// that they are closed before it: the last to close moves the WAL into the file, and a
    /// connection that only reads cannot.
    readers: Mutex<Vec<Connection>>,
    /// The one connection that writes. An async lock, because it is held across a transaction.
    writer: Arc<tokio::sync::Mutex<Connection>>,
    /// The size of the log after the last commit of this process.
    committed: watch::Sender<Position>,
}

impl SqliteLog {
    /// Opens the log in the file `path`, and creates it if there is none. Blocks.
    ///
    /// # Errors
    /// When the file is no log, is of another version, is the log of another key, or cannot be
    /// written.
    pub fn open(path: &Path, key: LogKey) -> Result<Self, StoreError> {
        let mut writer = Connection::open(path).map_err(failed)?;
        writer.busy_timeout(WRITE_LOCK_WAIT).map_err(failed)?;
        writer
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        writer
            .pragma_update(None, "synchronous", "FULL")
            .map_err(failed)?;
        writer
            .pragma_update(None, "foreign_keys", "ON")
            .map_err(failed)?;
        create_or_check(&mut writer, &key)?;
        let size = read::head(&writer)?.size;
        let (committed, _) = watch::channel(size);
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_owned(),
                key,
                writer: Arc::new(tokio::sync::Mutex::new(writer)),
                readers: Mutex::default(),
                committed,
            }),
        })
    }

    /// Runs `read` on a connection of its own, in a snapshot: all its statements see the same log.
    pub(crate) fn read_blocking<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pooled = self
            .shared
            .readers
            .lock()
            .ok()
            .and_then(|mut readers| readers.pop());
        let mut connection = match pooled {
            Some(connection) => connection,
            None => self.open_reader()?,
        };
        let snapshot = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(failed)?;
        let answer = read(&snapshot);
        snapshot.finish().map_err(failed)?;
        if let Ok(mut readers) = self.shared.readers.lock() {
            readers.push(connection);
        }
        answer
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.shared.path, flags).map_err(failed)?;
        connection
            .busy_timeout(Duration::from_secs(30))
            .map_err(failed)?;
        Ok(connection)
    }

    async fn read_async<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let log = self.clone();
        blocking(move || log.read_blocking(read)).await
    }
}

/// Runs what blocks away from the threads that serve others.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(stopped) => Err(StoreError::Failed(Box::new(stopped))),
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
    } else if version != SCHEMA_VERSION {
        return Err(StoreError::Damaged(format!(
            "its file has the layout {version}, expected {SCHEMA_VERSION}: use the version of \
             retrace that wrote it"
        )));
    } else {
        let stored: Option<String> = transaction
            .query_row("SELECT id FROM logs WHERE log = ?1", [LOG], |row| {
                row.get(0)
            })
            .optional()
            .map_err(failed)?;
        if stored.as_ref() != Some(&log) {
            return Err(StoreError::Damaged(format!(
                "its file holds the log {}, but the key is of the log {log}: put back the key \
                 that belongs to it",
                stored.unwrap_or_else(|| "without a name".to_owned())
            )));
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

fn to_sql(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::Damaged(format!("the number {number} is beyond any log")))
}

#[async_trait]
impl EventLog for SqliteLog {
    fn id(&self) -> LogId {
        self.shared.key.log()
    }

    fn verifier_key(&self) -> &str {
        self.shared.key.verifier_key()
    }

    async fn begin(&self) -> Result<Box<dyn LogTransaction>, StoreError> {
        let shared = Arc::clone(&self.shared);
        let writer = Arc::clone(&shared.writer).lock_owned().await;
        blocking(move || {
            let transaction = transaction::SqliteTransaction::begin(shared, writer)?;
            Ok(Box::new(transaction) as Box<dyn LogTransaction>)
        })
        .await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let log = self.clone();
        self.read_async(move |connection| {
            let stored = read::head(connection)?;
            let checkpoint = Checkpoint::verify(&stored.checkpoint, log.verifier_key())
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            Ok(Head {
                size: stored.size,
                checkpoint,
            })
        })
        .await
    }

    async fn grown_past(&self, size: Position) -> Result<Position, StoreError> {
        let mut committed = self.shared.committed.subscribe();
        loop {
            let now = self
                .read_async(|connection| Ok(read::head(connection)?.size))
                .await?;
            if now > size {
                return Ok(now);
            }
            // Woken at once by an append of this process, by the clock for those of others.
            let _ = tokio::time::timeout(
                GROWTH_POLL,
                committed.wait_for(|committed| *committed > size),
            )
            .await;
        }
    }

    async fn read(&self, from: Position, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.read_async(move |connection| read::events(connection, from, limit))
            .await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: StreamVersion,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let stream = stream.clone();
        self.read_async(move |connection| read::stream(connection, &stream, from, limit))
            .await
    }

    async fn next_version(&self, stream: &StreamName) -> Result<StreamVersion, StoreError> {
        let stream = stream.clone();
        self.read_async(move |connection| {
            Ok(read::stream_row(connection, &stream)?
                .map_or(StreamVersion(0), |(_, next_version)| next_version))
        })
        .await
    }

    async fn session_streams(&self, session: SessionId) -> Result<Vec<StreamName>, StoreError> {
        self.read_async(move |connection| read::session_streams(connection, session))
            .await
    }

    async fn leaf_hash(&self, position: Position) -> Result<Hash, StoreError> {
        self.read_async(move |connection| read::leaf_hash(connection, position))
            .await
    }

    async fn tile_hashes(&self, level: u32, start: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        self.read_async(move |connection| read::tile_hashes(connection, level, start, end))
            .await
    }

    async fn inclusion_proof(
        &self,
        position: Position,
        size: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read_async(move |connection| {
            if size > read::head(connection)?.size {
                return Ok(None);
            }
            merkle::inclusion_proof(&read::StoredNodes(connection), position.0, size.0)
        })
        .await
    }

    async fn consistency_proof(
        &self,
        old: Position,
        new: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read_async(move |connection| {
            if new > read::head(connection)?.size {
                return Ok(None);
            }
            merkle::consistency_proof(&read::StoredNodes(connection), old.0, new.0)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::suite::event_log_suite;

    async fn for_test() -> (SqliteLog, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let key = LogKey::generate(LogId::new_random()).unwrap();
        let log = SqliteLog::open(&dir.path().join("log.sqlite"), key).unwrap();
        (log, dir)
    }

    event_log_suite!(for_test().await);

    #[tokio::test]
    async fn the_key_of_another_log_is_refused() {
        let (log, dir) = for_test().await;
        drop(log);
        let other = LogKey::generate(LogId::new_random()).unwrap();
        let refused = SqliteLog::open(&dir.path().join("log.sqlite"), other);
        assert!(matches!(refused, Err(StoreError::Damaged(_))));
    }

    #[tokio::test]
    async fn a_file_that_is_no_log_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.sqlite");
        std::fs::write(
            &path,
            "this is not a database, and long enough to be looked at".repeat(99),
        )
        .unwrap();
        let key = LogKey::generate(LogId::new_random()).unwrap();
        assert!(matches!(
            SqliteLog::open(&path, key),
            Err(StoreError::Damaged(_))
        ));
    }
}
