//! How far the sending to each destination has come on this node: cursor, counts, dead letters, kept in a small database
//! of the data folder (`destinations.sqlite`).
//!
//! It is this node's own. What all nodes must know of it stands in the log ([`super::lease`]); when the file is lost, sending
//! goes on from there, and what was sent since comes twice.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retrace_core::{Position, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// The most dead letters that are kept for one destination: the oldest are forgotten, and stay counted.
const DEAD_LETTERS_MAX: i64 = 10_000;
const REASON_CHARS_MAX: usize = 500;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS destinations (
    name TEXT PRIMARY KEY,
    begun INTEGER NOT NULL,
    next INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT '',
    last_error TEXT,
    error_us INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    PRIMARY KEY (name, position)
) WITHOUT ROWID;
";

/// How far it has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The revision of the destination that said from where to send.
    pub begun: u64,
    /// All that is to be sent below this position was taken.
    pub next: Position,
    /// How many events were taken.
    pub delivered: u64,
    /// How many times sending failed.
    pub failed: u64,
    /// How many events were refused for good.
    pub dead: u64,
    /// What it was doing, for people.
    pub state: String,
    /// What went wrong last, and when.
    pub last_error: Option<(String, Timestamp)>,
}

/// An event that a destination has refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it stands in the log, which has the rest of it.
    pub position: Position,
    /// Why it was refused.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The database. Cheap to clone. Its functions block for a moment.
#[derive(Clone)]
pub struct ProgressStore {
    connection: Arc<Mutex<Connection>>,
}

impl ProgressStore {
    /// Opens the database of a data folder, or makes it.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(data: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(data.join("destinations.sqlite"))?;
        // After a power cut the cursor may be older, which only makes events come twice.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How far a destination has come, if anything was ever sent to it here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find(&self, name: &str) -> rusqlite::Result<Option<Progress>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT begun, next, delivered, failed, dead, state, last_error, error_us
             FROM destinations WHERE name = ?1",
        )?;
        let row = |row: &rusqlite::Row<'_>| {
            let error: (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
            let at = error.1.and_then(|us| Timestamp::from_micros(us).ok());
            Ok(Progress {
                begun: unsigned(row.get(0)?),
                next: Position(unsigned(row.get(1)?)),
                delivered: unsigned(row.get(2)?),
                failed: unsigned(row.get(3)?),
                dead: unsigned(row.get(4)?),
                state: row.get(5)?,
                last_error: error.0.zip(at),
            })
        };
        statement.query_row([name], row).optional()
    }

    /// Keeps how far a destination has come.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep(&self, name: &str, progress: &Progress) -> rusqlite::Result<()> {
        let error = progress.last_error.as_ref();
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO destinations
                 (name, begun, next, delivered, failed, dead, state, last_error, error_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                name,
                signed(progress.begun),
                signed(progress.next.0),
                signed(progress.delivered),
                signed(progress.failed),
                signed(progress.dead),
                progress.state,
                error.map(|(text, _)| text),
                error.map(|(_, at)| at.micros()),
            ])
            .map(drop)
    }

    /// Sets an event aside that was refused for good.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_aside(&self, name: &str, position: Position, reason: &str) -> rusqlite::Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let now = Timestamp::now().micros();
        transaction.execute(
            "INSERT OR REPLACE INTO dead_letters (name, position, reason, at_us) VALUES (?1, ?2, ?3, ?4)",
            params![name, signed(position.0), reason, now],
        )?;
        transaction.execute(
            "DELETE FROM dead_letters WHERE name = ?1 AND position <= (SELECT position FROM dead_letters
             WHERE name = ?1 ORDER BY position DESC LIMIT 1 OFFSET ?2)",
            params![name, DEAD_LETTERS_MAX],
        )?;
        transaction.commit()
    }

    /// What was set aside, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn dead_letters(&self, name: &str, limit: u32) -> rusqlite::Result<Vec<DeadLetter>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT position, reason, at_us FROM dead_letters WHERE name = ?1 ORDER BY position DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![name, limit], |row| {
            let at = Timestamp::from_micros(row.get(2)?);
            Ok(DeadLetter {
                position: Position(unsigned(row.get(0)?)),
                reason: row.get(1)?,
                at: at.unwrap_or_else(|_| Timestamp::now()),
            })
        })?;
        rows.collect()
    }

    /// Forgets a destination that was removed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget(&self, name: &str) -> rusqlite::Result<()> {
        let connection = self.connection();
        connection.execute("DELETE FROM destinations WHERE name = ?1", [name])?;
        connection.execute("DELETE FROM dead_letters WHERE name = ?1", [name])?;
        Ok(())
    }
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_there_again_and_the_oldest_dead_letters_are_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let progress = Progress {
            begun: 3,
            next: Position(70),
            delivered: 60,
            failed: 2,
            dead: 1,
            state: "delivering".to_owned(),
            last_error: Some(("refused".to_owned(), Timestamp::now())),
        };
        let store = ProgressStore::open(dir.path()).unwrap();
        store.keep("siem", &progress).unwrap();
        let newest = DEAD_LETTERS_MAX as u64 + 4;
        for position in 0..=newest {
            store.set_aside("siem", Position(position), "no").unwrap();
        }
        drop(store);
        let store = ProgressStore::open(dir.path()).unwrap();
        assert_eq!(store.find("siem").unwrap(), Some(progress));
        assert_eq!(store.find("other").unwrap(), None);
        let letters = store.dead_letters("siem", 20_000).unwrap();
        assert_eq!(letters.len(), 10_000);
        assert_eq!(letters[0].position, Position(newest));
        store.forget("siem").unwrap();
        assert!(store.dead_letters("siem", 1).unwrap().is_empty());
    }
}
