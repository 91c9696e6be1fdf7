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
//! | the content of events taken away        | no later event says that their session was purged   |
//!
//! Of a recording that was purged only the hashes are there: they must be those that the tree was grown from, and a
//! `retention.purged` further on in the log must account for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use super::checkpoint::Checkpoint;
use super::data_keys::{DataKeys, KnownKey};
use super::merkle::{Hash, TreeEdge, leaf_hash};
use super::store::{CommitsFrom, Rows, StoredCommit, StoredHead, StoredStream};
use super::{EventLog, StoreError, StoredLog, payload, read};
use crate::event::EventType;
use crate::id::{LogId, Position, SessionId, StreamName};

/// How much is read before it is checked on all cores.
const CHUNK_BYTES: u64 = 8 << 20;
const CHUNK_EVENTS: u64 = 1 << 18;

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
    /// How many of the events were purged: their hashes hold, and an event says why they are gone.
    pub purged: u64,
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

impl StoredLog {
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
        let mut outcome = Err(bad_log("the log could not be read"));
        self.store().read_snapshot(&mut |rows| {
            outcome = verify(
                rows,
                self.keys(),
                self.verifier_key(),
                trusted,
                &mut progress,
            );
            Ok(())
        })?;
        outcome
    }
}

fn verify(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    verifier_key: &str,
    trusted: &[String],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verified, VerifyError> {
    let head = rows.head()?;
    let stored = rows.all_checkpoints()?;
    let size = Position(head.size);
    let mut verification = Verification::new(size, &stored, trusted, verifier_key)?;
    // While one chunk is checked the next is read.
    std::thread::scope(|scope| {
        let mut checking: Option<ScopedJoinHandle<'_, Chunk>> = None;
        let mut next = 0;
        while next < size.0 || checking.is_some() {
            let from = next;
            let mut sealed: Vec<Sealed> = Vec::new();
            if from < size.0 {
                let at = CommitsFrom::Position(Position(from));
                for commit in rows.commits(at, CHUNK_EVENTS, CHUNK_BYTES)? {
                    let key = key_of(rows, keys, &commit);
                    next = commit.first_position.0.saturating_add(commit.count);
                    sealed.push((commit, key));
                }
                if next <= from {
                    // Nothing follows: whether that is an end or a hole, what is read so far tells.
                    next = size.0;
                }
            }
            if let Some(chunk) = checking.take() {
                let chunk = chunk
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                verification.take_chunk(chunk)?;
                progress(verification.position().0, head.size);
            }
            if !sealed.is_empty() {
                let log = keys.log();
                checking = Some(scope.spawn(move || check_on_all_cores(sealed, log)));
            }
        }
        if verification.position() < size {
            let missing = "it is missing, and so are all after it";
            return Err(bad(verification.position(), missing));
        }
        Ok(())
    })?;
    let nodes = rows.all_nodes()?;
    let streams = rows.all_streams()?;
    verification.finish(&head, &nodes, &streams, verifier_key)
}

/// Commits with what was found in them, as far as they hold.
type Chunk = Vec<(StoredCommit, Result<Leaves, VerifyError>)>;

/// A commit with the key that opens it: `None` if there is nothing to open.
type Sealed = (StoredCommit, Result<Option<Arc<KnownKey>>, String>);

/// The leaves of a commit.
struct Leaves {
    hashes: Vec<Hash>,
    session: Option<SessionId>,
    fate: Fate,
}

/// What a commit has to do with purges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing.
    Kept,
    /// It was destroyed by one.
    Destroyed,
    /// It says that its session was purged.
    SaysPurged,
}

fn key_of(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    commit: &StoredCommit,
) -> Result<Option<Arc<KnownKey>>, String> {
    let stream = StreamName::new(commit.stream.clone()).map_err(|error| error.to_string())?;
    let Some(scope) = payload::sealed_under(&commit.payload, &stream) else {
        return Ok(None);
    };
    match keys.of_stored(rows, scope) {
        Ok(Some(key)) => Ok(Some(key)),
        Ok(None) => Err("the key that it is sealed with is destroyed".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A verification on its way through the log.
struct Verification {
    size: Position,
    edge: TreeEdge,
    commits: u64,
    streams: HashMap<String, StreamSoFar>,
    /// The nodes that are to be stored, as they come out of the events.
    nodes: HashMap<(u32, u64), Hash>,
    /// Checkpoints of the past that are still ahead, the smallest last.
    ahead: Vec<Checkpoint>,
    past_checkpoints: u64,
    /// Destroyed events that no event accounts for so far: the first position, and how many.
    unaccounted: HashMap<SessionId, (Position, u64)>,
    purged: u64,
}

/// What the commits so far say of a stream.
#[derive(Default)]
struct StreamSoFar {
    /// The position of its first event.
    number: u64,
    /// The version of its next event.
    next: u64,
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
            streams: HashMap::new(),
            nodes: HashMap::new(),
            ahead,
            past_checkpoints,
            unaccounted: HashMap::new(),
            purged: 0,
        };
        verification.check_checkpoints()?;
        Ok(verification)
    }

    fn position(&self) -> Position {
        Position(self.edge.size())
    }

    fn take_chunk(&mut self, chunk: Chunk) -> Result<(), VerifyError> {
        for (commit, leaves) in chunk {
            let first = commit.first_position;
            if first != self.position() {
                return Err(bad(
                    self.position(),
                    format!("it is missing: the next is {first}"),
                ));
            }
            let StreamSoFar { next, .. } =
                self.streams
                    .entry(commit.stream.clone())
                    .or_insert(StreamSoFar {
                        number: first.0,
                        next: 0,
                    });
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
            let leaves = leaves?;
            self.account_for(first, &leaves);
            for hash in leaves.hashes {
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

    fn account_for(&mut self, first: Position, leaves: &Leaves) {
        match (leaves.fate, leaves.session) {
            (Fate::Destroyed, Some(session)) => {
                let (_, count) = self.unaccounted.entry(session).or_insert((first, 0));
                *count += leaves.hashes.len() as u64;
            }
            (Fate::SaysPurged, Some(session)) => {
                let accounted = self.unaccounted.remove(&session);
                self.purged += accounted.map_or(0, |(_, count)| count);
            }
            _ => {}
        }
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
        head: &StoredHead,
        nodes: &[(u32, u64, Vec<u8>)],
        streams: &[StoredStream],
        key: &str,
    ) -> Result<Verified, VerifyError> {
        let checkpoint = Checkpoint::verify(&head.checkpoint, key)
            .map_err(|error| bad_log(error.to_string()))?;
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
        if let Some((session, (first, _))) =
            self.unaccounted.iter().min_by_key(|(_, (first, _))| *first)
        {
            return Err(bad(
                *first,
                format!("its content is gone, and no event says that session {session} was purged"),
            ));
        }
        if head.edge != self.edge.to_bytes() {
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
        for StoredStream {
            name,
            number,
            session,
            next_version,
        } in streams
        {
            let none = StreamSoFar::default();
            let StreamSoFar {
                number: first,
                next: expected,
            } = self.streams.get(name).unwrap_or(&none);
            if first != number {
                return Err(bad_log(format!(
                    "stream `{name}` is filed under {number}, but begins at position {first}"
                )));
            }
            if expected != next_version {
                return Err(bad_log(format!(
                    "stream `{name}` claims to go on at version {next_version}, expected {expected}"
                )));
            }
            let of_name = StreamName::new(name.clone())
                .ok()
                .and_then(|name| name.session());
            if *session != of_name.map(|session| session.to_string()) {
                return Err(bad_log(format!(
                    "stream `{name}` is filed under another session"
                )));
            }
        }
        Ok(Verified {
            checkpoint,
            commits: self.commits,
            streams: streams.len() as u64,
            past_checkpoints: self.past_checkpoints,
            purged: self.purged,
        })
    }
}

/// Hashes the leaves of each commit, and holds them against the stored hashes.
fn check_on_all_cores(commits: Vec<Sealed>, log: LogId) -> Chunk {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = commits.len().div_ceil(cores).max(1);
    let check = |(commit, key): &Sealed| check_commit(commit, key, log);
    let checked: Vec<_> = std::thread::scope(|scope| {
        let workers: Vec<_> = commits
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(check).collect::<Vec<_>>()))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    commits
        .into_iter()
        .map(|(commit, _)| commit)
        .zip(checked)
        .collect()
}

fn check_commit(
    stored: &StoredCommit,
    key: &Result<Option<Arc<KnownKey>>, String>,
    log: LogId,
) -> Result<Leaves, VerifyError> {
    let first = stored.first_position;
    let unreadable = |why: &str| bad(first, format!("the commit at position {first}: {why}"));
    let key = key.as_ref().map_err(|why| unreadable(why))?;
    let envelope = read::envelope(stored).map_err(|error| unreadable(&error.to_string()))?;
    let (recorded, rest) = stored.leaf_hashes.as_chunks::<32>();
    if recorded.len() as u64 != stored.count || !rest.is_empty() {
        return Err(bad(
            first,
            "its commit does not have one hash for each event",
        ));
    }
    let session = envelope.stream.session();
    let Some(key) = key else {
        if session.is_none() || envelope.stream.outlives_recording() {
            return Err(bad(first, "its content is gone, which no purge takes away"));
        }
        return Ok(Leaves {
            hashes: recorded.to_vec(),
            session,
            fate: Fate::Destroyed,
        });
    };
    let commit = payload::open_commit(log, &key.key, envelope, &stored.payload)
        .map_err(|why| unreadable(&why))?;
    let mut leaf = Vec::new();
    for (index, recorded) in recorded.iter().enumerate() {
        leaf.clear();
        commit.write_leaf(index, &mut leaf);
        if leaf_hash(&leaf) != *recorded {
            return Err(bad(
                first.plus(index as u64),
                format!(
                    "version {} of stream `{}` does not have the hash that was recorded for it",
                    commit.first_version.plus(index as u64),
                    commit.stream
                ),
            ));
        }
    }
    let says_purged = session
        .is_some_and(|session| commit.stream == StreamName::control_of(session))
        && commit
            .items
            .iter()
            .any(|item| item.kind == EventType::RETENTION_PURGED);
    Ok(Leaves {
        hashes: recorded.to_vec(),
        session,
        fate: if says_purged {
            Fate::SaysPurged
        } else {
            Fate::Kept
        },
    })
}

#[cfg(test)]
mod tests;
