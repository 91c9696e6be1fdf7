//! Verification of a whole log: every byte of every event, every hash, every number.
//!
//! What is trusted is the key that signs, and whatever checkpoints of the past the caller brings
//! along. What is stored is not trusted at all: each event's leaf is put together again and hashed,
//! the tree is grown from those hashes, and its root must be the one that was signed.
//!
//! | what was changed                        | where it shows                                      |
//! |-----------------------------------------|-----------------------------------------------------|
//! | an event                                | its hash is not the recorded one: the event is named|
//! | an event and its hash                   | the first checkpoint (or node) above it             |
//! | events dropped, swapped, added          | positions, versions, or the same                    |
//! | everything, back to an older state      | a checkpoint of the past that the caller brings     |

use std::collections::HashMap;
use std::fmt;

use super::checkpoint::Checkpoint;
use super::merkle::{Hash, TreeEdge, leaf_hash};
use super::payload::{self, CommitEnvelope};
use super::sqlite::SqliteLog;
use super::{EventLog, StoreError};
use crate::id::{Position, StreamName, StreamVersion};
use crate::time::Timestamp;

/// How much is read before it is checked on all cores.
const CHUNK_BYTES: usize = 8 << 20;

/// A commit as it is stored, not yet believed.
pub struct StoredCommit {
    pub(crate) first_position: Position,
    pub(crate) count: u64,
    pub(crate) stream: String,
    pub(crate) first_version: StreamVersion,
    pub(crate) recorded_at_micros: i64,
    pub(crate) payload: Vec<u8>,
    pub(crate) leaf_hashes: Vec<u8>,
}

impl StoredCommit {
    /// The typed columns.
    pub(super) fn envelope(&self) -> Result<CommitEnvelope, StoreError> {
        let damaged = |what: &dyn fmt::Display| {
            StoreError::Damaged(format!(
                "the commit at position {}: {what}",
                self.first_position
            ))
        };
        Ok(CommitEnvelope {
            first_position: self.first_position,
            count: self.count,
            stream: StreamName::new(self.stream.clone()).map_err(|error| damaged(&error))?,
            first_version: self.first_version,
            recorded_at: Timestamp::from_micros(self.recorded_at_micros)
                .map_err(|error| damaged(&error))?,
        })
    }
}

/// What a verification found to be true.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The checkpoint of the log's head, whose signature and root hold.
    pub checkpoint: Checkpoint,
    /// How many commits the events stand in.
    pub commits: u64,
    /// How many streams there are.
    pub streams: u64,
    /// How many checkpoints of the past hold too, those of the caller included.
    pub past_checkpoints: u64,
}

/// Why a log does not verify.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something is not as it was written.
    #[error("{0}")]
    Bad(Bad),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The first thing that is not as it was written.
#[derive(Debug, Clone)]
pub struct Bad {
    /// The first position that is concerned. `None` when it cannot be placed.
    pub position: Option<Position>,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "first bad event: position {position}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

fn bad(position: Position, what: impl Into<String>) -> VerifyError {
    VerifyError::Bad(Bad {
        position: Some(position),
        what: what.into(),
    })
}

fn bad_log(what: impl Into<String>) -> VerifyError {
    VerifyError::Bad(Bad {
        position: None,
        what: what.into(),
    })
}

impl SqliteLog {
    /// Verifies the whole log as it is now, and that each of the `trusted` checkpoints, which the
    /// caller kept somewhere else, is of the past of this very log. `progress` is called with the
    /// number of events verified so far and the number of all. Blocks, and uses all cores.
    ///
    /// # Errors
    /// [`VerifyError::Bad`] names the first thing that is not as it was written.
    pub fn verify(
        &self,
        trusted: &[String],
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Verified, VerifyError> {
        use super::sqlite::rows;
        let key = self.verifier_key();
        let mut outcome = Err(bad_log("the log could not be read"));
        self.read_blocking(|connection| {
            let head = rows::head(connection)?;
            let stored = rows::all_checkpoints(connection)?;
            let mut verification = match Verification::new(head.size, &stored, trusted, key) {
                Ok(verification) => verification,
                Err(error) => {
                    outcome = Err(error);
                    return Ok(());
                }
            };
            while verification.position() < head.size {
                let commits =
                    rows::stored_commits(connection, verification.position(), CHUNK_BYTES)?;
                if let Err(error) = verification.take_chunk(&commits) {
                    outcome = Err(error);
                    return Ok(());
                }
                progress(verification.position().0, head.size.0);
            }
            let nodes = rows::all_nodes(connection)?;
            let streams = rows::all_streams(connection)?;
            outcome = verification.finish(&head.edge, &head.checkpoint, &nodes, &streams, key);
            Ok(())
        })?;
        outcome
    }
}

/// A verification on its way through the log.
struct Verification {
    size: Position,
    edge: TreeEdge,
    commits: u64,
    next_versions: HashMap<String, u64>,
    /// The nodes that are to be stored, as they come out of the events.
    nodes: HashMap<(u32, u64), Hash>,
    /// Checkpoints of the past that are still ahead, the smallest last.
    ahead: Vec<Checkpoint>,
    past_checkpoints: u64,
}

impl Verification {
    fn new(
        size: Position,
        stored: &[String],
        trusted: &[String],
        key: &str,
    ) -> Result<Self, VerifyError> {
        let mut ahead = Vec::new();
        for note in stored.iter().chain(trusted) {
            let checkpoint =
                Checkpoint::verify(note, key).map_err(|error| bad_log(error.to_string()))?;
            if checkpoint.size > size {
                return Err(bad_log(format!(
                    "the log has {size} events, but a checkpoint of {} events was signed: its end \
                     was cut off, or it was put back to an older state",
                    checkpoint.size
                )));
            }
            ahead.push(checkpoint);
        }
        ahead.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let past_checkpoints = ahead.len() as u64;
        let mut verification = Self {
            size,
            edge: TreeEdge::default(),
            commits: 0,
            next_versions: HashMap::new(),
            nodes: HashMap::new(),
            ahead,
            past_checkpoints,
        };
        verification.check_checkpoints()?;
        Ok(verification)
    }

    fn position(&self) -> Position {
        Position(self.edge.size())
    }

    fn take_chunk(&mut self, commits: &[StoredCommit]) -> Result<(), VerifyError> {
        if commits.is_empty() {
            return Err(bad(
                self.position(),
                "it is missing, and so are all after it",
            ));
        }
        let checked = check_on_all_cores(commits);
        for (commit, hashes) in commits.iter().zip(checked) {
            let first = commit.first_position;
            if first != self.position() {
                return Err(bad(
                    self.position(),
                    format!("it is missing: the next is {first}"),
                ));
            }
            let next = self.next_versions.entry(commit.stream.clone()).or_default();
            if commit.first_version.0 != *next {
                return Err(bad(
                    first,
                    format!(
                        "it has version {} of stream `{}`, expected {next}",
                        commit.first_version, commit.stream
                    ),
                ));
            }
            *next += commit.count;
            for hash in hashes? {
                let nodes = &mut self.nodes;
                self.edge.push(hash, |level, index, hash| {
                    if level.is_multiple_of(8) {
                        nodes.insert((level, index), *hash);
                    }
                });
                self.check_checkpoints()?;
            }
            self.commits += 1;
        }
        if self.position() > self.size {
            return Err(bad(self.size, "it is beyond the end of the log"));
        }
        Ok(())
    }

    /// Checks the checkpoints of the size that the tree has now.
    fn check_checkpoints(&mut self) -> Result<(), VerifyError> {
        while let Some(checkpoint) = self.ahead.last()
            && checkpoint.size.0 == self.edge.size()
        {
            if checkpoint.root != self.edge.root() {
                return Err(bad_log(format!(
                    "an event below position {} was changed together with its hash: the root \
                     over them is not the one that was signed",
                    checkpoint.size
                )));
            }
            self.ahead.pop();
        }
        Ok(())
    }

    fn finish(
        self,
        edge: &[u8],
        checkpoint: &str,
        nodes: &[(u32, u64, Vec<u8>)],
        streams: &[(String, u64)],
        key: &str,
    ) -> Result<Verified, VerifyError> {
        let checkpoint =
            Checkpoint::verify(checkpoint, key).map_err(|error| bad_log(error.to_string()))?;
        if checkpoint.size != self.size {
            return Err(bad_log(format!(
                "the log has {} events, its checkpoint was signed over {}",
                self.size, checkpoint.size
            )));
        }
        if checkpoint.root != self.edge.root() {
            return Err(bad_log(format!(
                "an event below position {} was changed together with its hash: the root over \
                 them is not the one that was signed",
                self.size
            )));
        }
        if edge != self.edge.to_bytes() {
            return Err(bad_log(
                "the stored edge of the tree is not the one of its events",
            ));
        }
        for (level, index, hash) in nodes {
            if self
                .nodes
                .get(&(*level, *index))
                .is_none_or(|expected| expected[..] != hash[..])
            {
                return Err(bad(
                    Position(index << level),
                    format!("the stored node {level}/{index} of the tree is not the one above it"),
                ));
            }
        }
        if nodes.len() != self.nodes.len() {
            return Err(bad_log(format!(
                "{} nodes of the tree are stored, expected {}",
                nodes.len(),
                self.nodes.len()
            )));
        }
        for (stream, next) in streams {
            let expected = self.next_versions.get(stream).copied().unwrap_or(0);
            if expected != *next {
                return Err(bad_log(format!(
                    "stream `{stream}` claims to go on at version {next}, expected {expected}"
                )));
            }
        }
        Ok(Verified {
            checkpoint,
            commits: self.commits,
            streams: streams.len() as u64,
            past_checkpoints: self.past_checkpoints,
        })
    }
}

/// Hashes the leaves of each commit, and holds them against the stored hashes.
fn check_on_all_cores(commits: &[StoredCommit]) -> Vec<Result<Vec<Hash>, VerifyError>> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = commits.len().div_ceil(cores);
    std::thread::scope(|scope| {
        let workers: Vec<_> = commits
            .chunks(share)
            .map(|share| scope.spawn(|| share.iter().map(check_commit).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}

fn check_commit(stored: &StoredCommit) -> Result<Vec<Hash>, VerifyError> {
    let first = stored.first_position;
    let envelope: CommitEnvelope = stored
        .envelope()
        .map_err(|error| unreadable(first, &error))?;
    let commit =
        payload::unpack(envelope, &stored.payload).map_err(|error| unreadable(first, &error))?;
    let (recorded, rest) = stored.leaf_hashes.as_chunks::<32>();
    if recorded.len() != commit.len() || !rest.is_empty() {
        return Err(bad(
            first,
            "its commit does not have one hash for each event",
        ));
    }
    let mut leaf = Vec::new();
    let mut hashes = Vec::with_capacity(commit.len());
    for (index, recorded) in recorded.iter().enumerate() {
        leaf.clear();
        commit.write_leaf(index, &mut leaf);
        let hash = leaf_hash(&leaf);
        if hash != *recorded {
            return Err(bad(
                first.plus(index as u64),
                format!(
                    "version {} of stream `{}` does not have the hash that was recorded for it",
                    commit.first_version.plus(index as u64),
                    commit.stream
                ),
            ));
        }
        hashes.push(hash);
    }
    Ok(hashes)
}

fn unreadable(first: Position, error: &StoreError) -> VerifyError {
    match error {
        StoreError::Damaged(what) => bad(first, what.clone()),
        other => bad(first, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
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
            let mut body = zstd::bulk::decompress(&payload[1..], 1 << 20).unwrap();
            let place = body.windows(3).position(|w| w == b"b 1").unwrap();
            body[place + 2] = b'7';
            let mut changed = vec![1];
            changed.extend(zstd::bulk::compress(&body, 1).unwrap());
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
        for place in [0, 1, 5, 20, 60, 400, 2_000] {
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
            let mut body = zstd::bulk::decompress(&payload[1..], 1 << 20).unwrap();
            let place = body.windows(3).position(|w| w == b"b 0").unwrap();
            body[place + 2] = b'7';
            let mut changed = vec![1];
            changed.extend(zstd::bulk::compress(&body, 1).unwrap());
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
        let cases: [Change; 9] = [
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
}
