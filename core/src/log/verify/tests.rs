//! Logs changed behind their back, and what verification says of them.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::event::{EventBatch, MarkerSet};
use crate::id::LogId;
use crate::log::checkpoint::LogKey;
use crate::log::{Append, sqlite::SqliteLog};

struct Damaged {
    dir: tempfile::TempDir,
    key: String,
    checkpoint: String,
}

impl Damaged {
    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("log.sqlite")
    }

    fn verify(&self, trusted: &[String]) -> Result<Verified, VerifyError> {
        let log = SqliteLog::open(&self.path(), LogKey::parse(&self.key).unwrap()).unwrap();
        log.verify(trusted, |_, _| {})
    }

    fn found(&self) -> String {
        self.verify(&[]).unwrap_err().to_string()
    }
}

async fn append(log: &SqliteLog, stream: &str, first_version: u64, count: u64) {
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
async fn damaged_by(change: impl FnOnce(&Connection)) -> Damaged {
    let dir = tempfile::tempdir().unwrap();
    let key = LogKey::generate(LogId::new_random()).unwrap();
    let secret = key.to_secret_text();
    let log = SqliteLog::open(&dir.path().join("log.sqlite"), key).unwrap();
    append(&log, "a", 0, 20_000).await;
    append(&log, "b", 0, 2).await;
    append(&log, "a", 20_000, 1).await;
    let checkpoint = log.head().await.unwrap().checkpoint.as_note().to_owned();
    drop(log);
    let damaged = Damaged {
        dir,
        key: secret,
        checkpoint,
    };
    let connection = Connection::open(damaged.path()).unwrap();
    connection
        .pragma_update(None, "foreign_keys", "OFF")
        .unwrap();
    change(&connection);
    damaged
}

fn blob(connection: &Connection, column: &str, first_position: i64) -> Vec<u8> {
    connection
        .query_row(
            &format!("SELECT {column} FROM commits WHERE first_position = ?1"),
            [first_position],
            |row| row.get(0),
        )
        .unwrap()
}

fn unpacked(payload: &[u8]) -> Vec<u8> {
    zstd::bulk::decompress(payload::disclose(payload).unwrap(), 1 << 20).unwrap()
}

fn put_blob(connection: &Connection, column: &str, first_position: i64, blob: &[u8]) {
    let sql = format!("UPDATE commits SET {column} = ?2 WHERE first_position = ?1");
    assert_eq!(connection.execute(&sql, (first_position, blob)).unwrap(), 1);
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
    let log = damaged_by(|connection| {
        // The body is stored as it is where it does not compress, so rebuild it: one digit.
        let payload = blob(connection, "payload", 20_000);
        let mut body = unpacked(&payload);
        let place = body.windows(3).position(|w| w == b"b 1").unwrap();
        body[place + 2] = b'7';
        let changed = payload::enclose(&zstd::bulk::compress(&body, 1).unwrap());
        put_blob(connection, "payload", 20_000, &changed);
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
        let log = damaged_by(|connection| {
            let mut payload = blob(connection, "payload", 4_096);
            let place = place % payload.len();
            payload[place] ^= 1;
            put_blob(connection, "payload", 4_096, &payload);
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
    let log = damaged_by(|connection| {
        let mut hashes = blob(connection, "leaf_hashes", 20_000);
        let payload = blob(connection, "payload", 20_000);
        let mut body = unpacked(&payload);
        let place = body.windows(3).position(|w| w == b"b 0").unwrap();
        body[place + 2] = b'7';
        let changed = payload::enclose(&zstd::bulk::compress(&body, 1).unwrap());
        put_blob(connection, "payload", 20_000, &changed);
        let recorded_at: i64 = connection
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
        put_blob(connection, "leaf_hashes", 20_000, &hashes);
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
    let cases: [Change; 10] = [
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
            "UPDATE commits SET stream = 2, first_version = 99 WHERE first_position = 20002",
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
        let log = damaged_by(|connection| {
            assert!(connection.execute(sql, []).unwrap() >= 1, "{what}");
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
        let log = SqliteLog::open(&log.path(), LogKey::parse(&log.key).unwrap()).unwrap();
        append(&log, "b", 2, 1).await;
        log.head().await.unwrap().checkpoint.as_note().to_owned()
    };
    copy(&old, &log.path());
    assert!(log.verify(&[]).is_ok());
    let found = log.verify(&[later]).unwrap_err().to_string();
    assert!(found.contains("put back to an older state"), "{found}");
}
