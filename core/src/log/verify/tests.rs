//! Logs changed behind their back, and what verification says of them.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::event::{EventBatch, MarkerSet};
use crate::id::StreamVersion;
use crate::log::payload::CommitEnvelope;
use crate::log::{Append, LogKeys, Purge};
use crate::seal::keys::KeyScope;
use crate::time::Timestamp;

struct Damaged {
    dir: tempfile::TempDir,
    keys: LogKeys,
    checkpoint: String,
}

/// Somebody who can write to the database and holds the master key.
struct Insider {
    connection: Connection,
    keys: LogKeys,
}

impl Damaged {
    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("log.sqlite")
    }

    fn verify(&self, trusted: &[String]) -> Result<Verified, VerifyError> {
        self.open().verify(trusted, |_, _| {})
    }

    fn open(&self) -> StoredLog {
        StoredLog::open_sqlite(&self.path(), self.keys.again()).unwrap()
    }

    fn found(&self) -> String {
        self.verify(&[]).unwrap_err().to_string()
    }
}

async fn append(log: &StoredLog, stream: &str, first_version: u64, count: u64) {
    let mut events = EventBatch::new();
    for number in 0..count {
        let label = format!("{stream} {number}");
        events.push(Timestamp::now(), MarkerSet { label }).unwrap();
    }
    let stream = StreamName::new(stream).unwrap();
    let first_version = StreamVersion(first_version);
    log.append(Append {
        stream,
        first_version,
        events,
    })
    .await
    .unwrap();
}

/// A log of 20,003 events in 12 commits, changed behind its back.
async fn damaged_by(change: impl FnOnce(&Insider)) -> Damaged {
    let dir = tempfile::tempdir().unwrap();
    let keys = LogKeys::generate().unwrap();
    let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys.again()).unwrap();
    append(&log, "a", 0, 20_000).await;
    append(&log, "b", 0, 2).await;
    append(&log, "a", 20_000, 1).await;
    let checkpoint = log.head().await.unwrap().checkpoint.as_note().to_owned();
    drop(log);
    let damaged = Damaged {
        dir,
        keys: keys.again(),
        checkpoint,
    };
    let connection = Connection::open(damaged.path()).unwrap();
    connection
        .pragma_update(None, "foreign_keys", "OFF")
        .unwrap();
    change(&Insider { connection, keys });
    damaged
}

impl Insider {
    fn blob(&self, column: &str, first_position: i64) -> Vec<u8> {
        let sql = format!("SELECT {column} FROM commits WHERE first_position = ?1");
        let row = self
            .connection
            .query_row(&sql, [first_position], |row| row.get(0));
        row.unwrap()
    }

    fn put_blob(&self, column: &str, first_position: i64, blob: &[u8]) {
        let sql = format!("UPDATE commits SET {column} = ?2 WHERE first_position = ?1");
        let changed = self.connection.execute(&sql, (first_position, blob));
        assert_eq!(changed.unwrap(), 1);
    }

    /// Changes what the commit at position 20,000 holds, which is stream `b`, and seals it again.
    fn change_b(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let wrapped: Vec<u8> = self
            .connection
            .query_row(
                "SELECT wrapped FROM data_keys WHERE scope = 'log'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        let log = self.keys.signing.log();
        let key = self
            .keys
            .master
            .unwrap(log, KeyScope::Log, &wrapped)
            .unwrap();
        let stream = StreamName::new("b").unwrap();
        let at = (&stream, StreamVersion(0));
        let mut packed = payload::open(log, at, &key, &self.blob("payload", 20_000)).unwrap();
        let place = packed
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        packed[place..place + to.len()].copy_from_slice(to);
        let sealed = payload::seal(log, at, (KeyScope::Log, &key), &packed).unwrap();
        self.put_blob("payload", 20_000, &sealed);
        packed
    }
}

#[tokio::test]
async fn an_untouched_log_verifies() {
    let log = damaged_by(|_| {}).await;
    let verified = log.verify(std::slice::from_ref(&log.checkpoint)).unwrap();
    assert_eq!(verified.checkpoint.size, Position(20_003));
    assert_eq!((verified.streams, verified.past_checkpoints), (2, 2));
}

#[tokio::test]
async fn an_event_that_was_changed_is_named() {
    let log = damaged_by(|insider| {
        insider.change_b(b"b 1", b"b 7");
    })
    .await;
    assert!(
        log.found()
            .starts_with("first bad event: position 20001: version 1 of stream `b`")
    );
}

#[tokio::test]
async fn any_byte_of_any_payload_matters() {
    for place in [0, 1, 3, 5, 6, 7, 8, 9, 11, 12, 20, 60, 400, 2_000] {
        let log = damaged_by(|insider| {
            let mut payload = insider.blob("payload", 4_096);
            let place = place % payload.len();
            payload[place] ^= 1;
            insider.put_blob("payload", 4_096, &payload);
        })
        .await;
        let VerifyError::Bad(bad) = log.verify(&[]).unwrap_err() else {
            panic!("byte {place}")
        };
        let position = bad.position.unwrap().0;
        assert!(
            (4_096..6_144).contains(&position),
            "byte {place}: {position}"
        );
    }
}

#[tokio::test]
async fn an_event_changed_with_its_hash_breaks_the_signed_root() {
    let log = damaged_by(|insider| {
        let mut hashes = insider.blob("leaf_hashes", 20_000);
        let changed = insider.change_b(b"b 0", b"b 7");
        let recorded_at: i64 = insider
            .connection
            .query_row(
                "SELECT recorded_at FROM commits WHERE first_position = 20000",
                [],
                |row| row.get(0),
            )
            .unwrap();
        let commit = payload::unpack(
            CommitEnvelope {
                first_position: Position(20_000),
                count: 2,
                stream: StreamName::new("b").unwrap(),
                first_version: StreamVersion(0),
                recorded_at: Timestamp::from_micros(recorded_at).unwrap(),
            },
            &changed,
        )
        .unwrap();
        let mut leaf = Vec::new();
        commit.write_leaf(0, &mut leaf);
        hashes[..32].copy_from_slice(&leaf_hash(&leaf));
        insider.put_blob("leaf_hashes", 20_000, &hashes);
    })
    .await;
    assert!(
        log.found().contains("changed together with its hash"),
        "{}",
        log.found()
    );
}

#[tokio::test]
async fn every_other_change_is_found() {
    type Change = (&'static str, &'static str, &'static str);
    let cases: [Change; 12] = [
        (
            "a stream's number",
            "UPDATE streams SET stream = 20002 WHERE name = 'b'",
            "position 20000",
        ),
        ("a data key dropped", "DELETE FROM data_keys", "data key"),
        (
            "a commit dropped",
            "DELETE FROM commits WHERE first_position = 2048",
            "position 2048",
        ),
        (
            "the end cut off",
            "DELETE FROM commits WHERE first_position = 20002",
            "position 20002",
        ),
        (
            "another stream",
            "UPDATE commits SET stream = 20000, first_version = 99 WHERE first_position = 20002",
            "position 20002",
        ),
        (
            "a later time",
            "UPDATE commits SET recorded_at = recorded_at + 1 WHERE first_position = 20000",
            "position 20000",
        ),
        (
            "a count",
            "UPDATE commits SET event_count = 1 WHERE first_position = 20000",
            "20000",
        ),
        ("a size", "UPDATE heads SET size = 20002", "20002"),
        (
            "a node",
            "UPDATE nodes SET hash = zeroblob(32) WHERE node_index = 7",
            "node 8/7",
        ),
        (
            "a stream's end",
            "UPDATE streams SET next_version = 1 WHERE name = 'b'",
            "stream `b`",
        ),
        (
            "a stream's session",
            "UPDATE streams SET session = 'x' WHERE name = 'b'",
            "another session",
        ),
        (
            "a checkpoint",
            "UPDATE heads SET checkpoint = replace(checkpoint, '20003', '20002')",
            "not signed",
        ),
    ];
    for (what, sql, expected) in cases {
        let log = damaged_by(|insider| {
            assert!(insider.connection.execute(sql, []).unwrap() >= 1, "{what}");
        })
        .await;
        assert!(log.found().contains(expected), "{what}: {}", log.found());
    }
}

#[tokio::test]
async fn a_log_put_back_to_an_older_state_is_found_by_a_checkpoint_kept_elsewhere() {
    let log = damaged_by(|_| {}).await;
    let copy = |from: &Path, to: &Path| std::fs::copy(from, to).unwrap();
    let old = log.dir.path().join("old");
    copy(&log.path(), &old);
    let later = {
        let log = log.open();
        append(&log, "b", 2, 1).await;
        log.head().await.unwrap().checkpoint.as_note().to_owned()
    };
    copy(&old, &log.path());
    assert!(log.verify(&[]).is_ok());
    let found = log.verify(&[later]).unwrap_err().to_string();
    assert!(found.contains("put back to an older state"), "{found}");
}

/// A log with a session whose recording of 3 events begins at position 3, after 3 events that the server wrote about it; changed
/// behind its back.
async fn with_a_session(purge: bool, change: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let keys = LogKeys::generate().unwrap();
    let path = dir.path().join("log.sqlite");
    let log = StoredLog::open_sqlite(&path, keys.again()).unwrap();
    let session = SessionId::launched_now();
    let control = StreamName::control_of(session);
    append(&log, control.as_str(), 0, 3).await;
    append(&log, &format!("session/{session}/agent"), 0, 3).await;
    if purge {
        let said = crate::event::RetentionPurged::default();
        let purge = Purge {
            session,
            control_version: StreamVersion(3),
            at: Timestamp::now(),
            said,
        };
        log.purge(purge).await.unwrap();
    }
    drop(log);
    Connection::open(&path)
        .unwrap()
        .execute_batch(change)
        .unwrap();
    let log = StoredLog::open_sqlite(&path, keys).unwrap();
    match log.verify(&[], |_, _| {}) {
        Ok(verified) => format!("{} purged", verified.purged),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_is_gone_without_a_purge_is_found() {
    assert_eq!(with_a_session(true, "").await, "3 purged");
    let cases = [
        (
            "a recording emptied",
            false,
            "UPDATE commits SET payload = x'' WHERE first_position = 3",
            "position 3: its content is gone, and no event says that session",
        ),
        (
            "a key destroyed",
            false,
            "UPDATE data_keys SET wrapped = x''",
            "the key that it is sealed with is destroyed",
        ),
        (
            "what the server wrote emptied, too",
            true,
            "UPDATE commits SET payload = x'' WHERE first_position = 0",
            "position 0: its content is gone, which no purge takes away",
        ),
        (
            "a hash of what is gone",
            true,
            "UPDATE commits SET leaf_hashes = zeroblob(96) WHERE first_position = 3",
            "changed together with its hash",
        ),
        (
            "fewer hashes",
            true,
            "UPDATE commits SET leaf_hashes = zeroblob(64) WHERE first_position = 3",
            "one hash for each event",
        ),
    ];
    for (what, purge, change, expected) in cases {
        let found = with_a_session(purge, change).await;
        assert!(found.contains(expected), "{what}: {found}");
    }
}
