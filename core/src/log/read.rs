//! Reading events and proofs from the rows of a store.

use std::ops::Range;
use std::sync::Arc;

use super::checkpoint::{Checkpoint, LogKey};
use super::data_keys::DataKeys;
use super::merkle::{self, Hash, NodeSource, node_hash};
use super::payload::{self, CommitEnvelope};
use super::receipt::Receipt;
use super::store::{CommitsFrom, Rows, STORED_LEVELS, StoredCommit};
use super::{Head, StoreError};
use crate::event::{Commit, Event};
use crate::id::{Position, StreamName, StreamVersion};
use crate::time::Timestamp;

/// Commits are read in portions of about so many bytes.
const PORTION_BYTES: u64 = 4 << 20;

/// The head, with its checkpoint checked.
pub(super) fn head(rows: &mut dyn Rows, verifier_key: &str) -> Result<Head, StoreError> {
    let stored = rows.head()?;
    let checkpoint = Checkpoint::verify(&stored.checkpoint, verifier_key)
        .map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(Head {
        size: Position(stored.size),
        checkpoint,
    })
}

/// Events from a position on.
pub(super) fn events(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    from: Position,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    let start = |commit: &Commit, next: u64| next.saturating_sub(commit.first_position.0);
    collect(rows, keys, limit as u64, from.0, start, |next| {
        CommitsFrom::Position(Position(next))
    })
}

/// Events of the stream of a number, from a version on.
pub(super) fn stream(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    number: u64,
    from: StreamVersion,
    limit: u64,
) -> Result<Vec<Event>, StoreError> {
    let start = |commit: &Commit, next: u64| next.saturating_sub(commit.first_version.0);
    collect(rows, keys, limit, from.0, start, |next| {
        CommitsFrom::Stream(number, StreamVersion(next))
    })
}

/// Reads portion after portion until there are `limit` events. `start` says how many events at
/// the beginning of a commit stand before `next`.
fn collect(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    limit: u64,
    from: u64,
    start: impl Fn(&Commit, u64) -> u64,
    commits_from: impl Fn(u64) -> CommitsFrom,
) -> Result<Vec<Event>, StoreError> {
    let (mut events, mut next) = (Vec::new(), from);
    while (events.len() as u64) < limit {
        let missing = limit - events.len() as u64;
        let before = events.len();
        for stored in rows.commits(commits_from(next), missing, PORTION_BYTES)? {
            let commit = Arc::new(unpack(rows, keys, &stored)?);
            let skipped = start(&commit, next).min(commit.len() as u64) as usize;
            let wanted = limit - events.len() as u64;
            let end = commit
                .len()
                .min(skipped.saturating_add(usize::try_from(wanted).unwrap_or(usize::MAX)));
            events.extend(commit.events(skipped..end));
            next += (end - skipped) as u64;
        }
        if events.len() == before {
            break;
        }
    }
    Ok(events)
}

/// Opens and unpacks a commit.
pub(super) fn unpack(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    stored: &StoredCommit,
) -> Result<Commit, StoreError> {
    let envelope = envelope(stored)?;
    let Some(scope) = payload::sealed_under(&stored.payload, &envelope.stream) else {
        return destroyed(envelope, stored);
    };
    if let Some(key) = keys.of_stored(rows, scope)? {
        return payload::open_commit(keys.log(), &key.key, envelope, &stored.payload)
            .map_err(|why| damaged(stored.first_position, &why));
    }
    // The session was purged after the commit was read.
    if !envelope.stream.outlives_recording() {
        return destroyed(envelope, stored);
    }
    let at = CommitsFrom::Position(stored.first_position);
    let resealed = rows.commits(at, 1, PORTION_BYTES)?.pop();
    match resealed.filter(|resealed| resealed.payload != stored.payload) {
        Some(resealed) => unpack(rows, keys, &resealed),
        None => Err(damaged(
            stored.first_position,
            &"the key that it is sealed with is destroyed",
        )),
    }
}

/// What stands for a commit of which nothing is left but the hashes.
fn destroyed(envelope: CommitEnvelope, stored: &StoredCommit) -> Result<Commit, StoreError> {
    let (hashes, rest) = stored.leaf_hashes.as_chunks::<32>();
    if hashes.len() as u64 != stored.count || !rest.is_empty() {
        let what = "it does not have one hash for each event";
        return Err(damaged(stored.first_position, &what));
    }
    Ok(Commit::destroyed(
        envelope.first_position,
        envelope.stream,
        envelope.first_version,
        envelope.recorded_at,
        hashes.to_vec(),
    ))
}

/// The typed columns of a commit.
pub(super) fn envelope(stored: &StoredCommit) -> Result<CommitEnvelope, StoreError> {
    let first_position = stored.first_position;
    Ok(CommitEnvelope {
        first_position,
        count: stored.count,
        stream: StreamName::new(stored.stream.clone())
            .map_err(|error| damaged(first_position, &error))?,
        first_version: stored.first_version,
        recorded_at: Timestamp::from_micros(stored.recorded_at_micros)
            .map_err(|error| damaged(first_position, &error))?,
    })
}

pub(super) fn damaged(position: Position, what: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("the commit at position {position}: {what}"))
}

/// The receipt for a stream up to and including the event of `version`.
pub(super) fn receipt(
    rows: &mut dyn Rows,
    keys: &DataKeys,
    name: &StreamName,
    version: StreamVersion,
    signing: &LogKey,
) -> Result<Option<Receipt>, StoreError> {
    let Some(row) = rows.streams(&[name])?.pop().flatten() else {
        return Ok(None);
    };
    let events = stream(rows, keys, row.number, version, 1)?;
    let Some(event) = events.first().filter(|event| !event.is_destroyed()) else {
        return Ok(None);
    };
    let head = head(rows, signing.verifier_key())?;
    let proof = inclusion_proof(rows, event.position(), head.size)?;
    Ok(proof.map(|proof| Receipt {
        position: event.position(),
        recorded_at: event.recorded_at(),
        salt: event.salt(),
        proof,
        checkpoint: head.checkpoint,
    }))
}

/// The inclusion proof of a leaf in the tree of `size` leaves, which the log must have.
pub(super) fn inclusion_proof(
    rows: &mut dyn Rows,
    position: Position,
    size: Position,
) -> Result<Option<Vec<Hash>>, StoreError> {
    merkle::inclusion_proof(&StoredNodes::of(rows), position.0, size.0)
}

/// The consistency proof between two trees that the log must have.
pub(super) fn consistency_proof(
    rows: &mut dyn Rows,
    old: Position,
    new: Position,
) -> Result<Option<Vec<Hash>>, StoreError> {
    merkle::consistency_proof(&StoredNodes::of(rows), old.0, new.0)
}

/// The hashes of the nodes `range` of level 0, 8, 16, …
pub(super) fn tile_hashes(
    rows: &mut dyn Rows,
    level: u32,
    range: Range<u64>,
) -> Result<Vec<Hash>, StoreError> {
    let wanted = range.end.saturating_sub(range.start);
    let mut hashes: Vec<Hash> = Vec::new();
    if level == 0 {
        for (first, of_commit) in rows.leaf_hashes(range.clone())? {
            let (of_commit, _) = of_commit.as_chunks::<32>();
            let end = range.end.saturating_sub(first).min(of_commit.len() as u64);
            let start = range.start.saturating_sub(first).min(end);
            // Commits follow each other without gaps, or a hash would stand in another's place.
            if first.saturating_add(start) == range.start + hashes.len() as u64 {
                hashes.extend(&of_commit[start as usize..end as usize]);
            }
        }
    } else {
        for (index, hash) in rows.nodes(level, range.clone())? {
            if index == range.start + hashes.len() as u64
                && let Ok(hash) = hash.try_into()
            {
                hashes.push(hash);
            }
        }
    }
    if hashes.len() as u64 == wanted {
        Ok(hashes)
    } else {
        Err(StoreError::Damaged(format!(
            "nodes of the tree are missing at level {level} between {} and {}",
            range.start, range.end
        )))
    }
}

/// The stored tree, for proofs.
struct StoredNodes<'a>(std::cell::RefCell<&'a mut dyn Rows>);

impl<'a> StoredNodes<'a> {
    fn of(rows: &'a mut dyn Rows) -> Self {
        Self(std::cell::RefCell::new(rows))
    }
}

impl NodeSource for StoredNodes<'_> {
    type Error = StoreError;

    fn nodes(&self, nodes: &[(u32, u64)]) -> Result<Vec<Hash>, StoreError> {
        let mut rows = self.0.borrow_mut();
        nodes
            .iter()
            .map(|&(level, index)| {
                let above = level % STORED_LEVELS;
                let range = index << above..(index + 1) << above;
                let mut row = tile_hashes(&mut **rows, level - above, range)?;
                while row.len() > 1 {
                    row = row
                        .chunks(2)
                        .map(|pair| node_hash(&pair[0], &pair[1]))
                        .collect();
                }
                Ok(row[0])
            })
            .collect()
    }
}
