//! The second stage: a group of appends takes its place at the end of the log. Leaves get their
//! positions and are hashed, the tree grows, and everything becomes rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::prepare::{Piece, Prepared};
use super::request::Request;
use crate::event::{Leaf, salt};
use crate::id::{Position, StreamName, StreamVersion};
use crate::log::Appended;
use crate::log::checkpoint::{Checkpoint, LogKey};
use crate::log::data_keys::KnownKey;
use crate::log::hearing::Hearing;
use crate::log::merkle::{self, Hash, NodeSource, TreeEdge, leaf_hash};
use crate::log::receipt::Receipt;
use crate::log::store::{CommitRow, Group, NewStream, STORED_LEVELS, StoredHead, StreamRow};
use crate::seal::keys::KeyScope;
use crate::time::Timestamp;

/// A checkpoint is kept each time the log has grown past a multiple of this.
const CHECKPOINT_EVERY: u64 = 16_384;

/// A group that is being made.
pub(super) struct GroupBuilder {
    epoch: u64,
    recorded_at: Timestamp,
    recorded_at_text: [u8; 27],
    edge: TreeEdge,
    tree: RecentTree,
    rows: Group,
    streams: HashMap<StreamName, StreamRow>,
    new_keys: Vec<Arc<KnownKey>>,
    placed: Vec<Placed>,
    /// Scratch space for the leaf that is being hashed.
    leaf: Vec<u8>,
    events: usize,
    bytes: usize,
}

/// An append that has its place.
struct Placed {
    request: Request,
    next_version: StreamVersion,
    new_events: u64,
    /// The position and the salt of its last event.
    last: (Position, [u8; 32]),
}

/// A group that can be written.
pub(super) struct BuiltGroup {
    /// What the group foresaw is void in any other epoch.
    pub(super) epoch: u64,
    pub(super) rows: Group,
    /// The right edge of the tree once it is written.
    pub(super) edge: TreeEdge,
    checkpoint: Checkpoint,
    recorded_at: Timestamp,
    tree: RecentTree,
    new_keys: Vec<Arc<KnownKey>>,
    placed: Vec<Placed>,
}

impl GroupBuilder {
    /// A group for the end of the log that is known in `epoch`.
    pub(super) fn new(edge: &TreeEdge, epoch: u64) -> Self {
        let recorded_at = Timestamp::now();
        Self {
            epoch,
            recorded_at,
            recorded_at_text: recorded_at.to_ascii(),
            edge: edge.clone(),
            tree: RecentTree::new(edge),
            rows: Group {
                size_before: edge.size(),
                ..Group::default()
            },
            streams: HashMap::new(),
            new_keys: Vec::new(),
            placed: Vec::new(),
            leaf: Vec::new(),
            events: 0,
            bytes: 0,
        }
    }

    /// How many events and bytes of data the group has.
    pub(super) fn fill(&self) -> (usize, usize) {
        (self.events, self.bytes)
    }

    /// What the stream's row will be once the group is written, if the group appends to it.
    pub(super) fn stream(&self, stream: &StreamName) -> Option<StreamRow> {
        self.streams.get(stream).copied()
    }

    /// Whether the group stores a data key of that scope.
    pub(super) fn brings(&self, scope: KeyScope) -> bool {
        self.rows.new_keys.iter().any(|(other, _)| *other == scope)
    }

    /// The rows of all streams that the group appends to.
    pub(super) fn streams(&self) -> impl Iterator<Item = (&StreamName, StreamRow)> {
        self.streams.iter().map(|(name, row)| (name, *row))
    }

    /// Places the events that `prepared` holds at the end of the log, and their stream.
    /// `brings_key` says whether the group is to store their data key.
    pub(super) fn place(
        &mut self,
        request: Request,
        prepared: Prepared,
        row: Option<StreamRow>,
        brings_key: bool,
    ) {
        let stream = &request.append.stream;
        let first_position = self.edge.size();
        let mut row = row.unwrap_or(StreamRow {
            number: first_position,
            next_version: StreamVersion(0),
        });
        if brings_key {
            self.rows
                .new_keys
                .push((prepared.key.scope, prepared.key.wrapped.clone()));
            self.new_keys.push(Arc::clone(&prepared.key));
        }
        let mut last_salt = [0; 32];
        for piece in prepared.pieces {
            last_salt = self.place_piece(&request, row.number, piece);
        }
        let new_events = self.edge.size() - first_position;
        row.next_version = row.next_version.plus(new_events);
        self.streams.insert(stream.clone(), row);
        self.events += request.append.events.len();
        self.bytes += request.append.events.data_bytes();
        self.placed.push(Placed {
            next_version: row.next_version,
            new_events,
            last: (Position(self.edge.size() - 1), last_salt),
            request,
        });
    }

    /// Answers the salt of the piece's last leaf.
    fn place_piece(&mut self, request: &Request, number: u64, piece: Piece) -> [u8; 32] {
        let append = &request.append;
        let first_position = self.edge.size();
        let first_version = append.first_version.plus(piece.range.start as u64);
        let mut leaf_hashes = Vec::with_capacity(piece.range.len() * 32);
        let mut leaf_salt = [0; 32];
        let events = append.events.iter_from(piece.range.start);
        for (offset, (at, kind, data)) in (0..).zip(events.take(piece.range.len())) {
            let version = first_version.plus(offset);
            leaf_salt = salt(&piece.secret, version);
            self.leaf.clear();
            Leaf {
                at,
                data,
                position: Position(first_position + offset),
                recorded_at: &self.recorded_at_text,
                salt: &leaf_salt,
                stream: &append.stream,
                kind,
                version,
            }
            .write(&mut self.leaf);
            let hash = leaf_hash(&self.leaf);
            leaf_hashes.extend_from_slice(&hash);
            let (tree, nodes) = (&mut self.tree, &mut self.rows.nodes);
            tree.push(0, hash);
            self.edge.push(hash, |level, index, hash| {
                tree.push(level, *hash);
                if level.is_multiple_of(STORED_LEVELS) {
                    nodes.push((level, index, *hash));
                }
            });
        }
        self.rows.commits.push(CommitRow {
            first_position,
            count: piece.range.len() as u64,
            stream: number,
            first_version,
            recorded_at_micros: self.recorded_at.micros(),
            leaf_hashes,
            payload: piece.payload,
        });
        leaf_salt
    }

    /// Signs the head that the log will have.
    pub(super) fn build(mut self, key: &LogKey) -> BuiltGroup {
        let size = self.edge.size();
        let checkpoint = key.sign(Position(size), self.edge.root());
        for (name, row) in self.streams {
            if row.number >= self.rows.size_before {
                self.rows.new_streams.push(NewStream {
                    number: row.number,
                    name,
                    next_version: row.next_version,
                });
            } else {
                self.rows.grown_streams.push((row.number, row.next_version));
            }
        }
        // Rows in one order, so that transactions that meet in a database wait and do not deadlock.
        self.rows.new_streams.sort_by_key(|stream| stream.number);
        self.rows.grown_streams.sort_unstable();
        self.rows.keep_checkpoint =
            size / CHECKPOINT_EVERY != self.rows.size_before / CHECKPOINT_EVERY;
        self.rows.head = Some(StoredHead {
            size,
            edge: self.edge.to_bytes(),
            checkpoint: checkpoint.as_note().to_owned(),
            // Counted by the store.
            purges: 0,
        });
        BuiltGroup {
            epoch: self.epoch,
            rows: self.rows,
            edge: self.edge,
            checkpoint,
            recorded_at: self.recorded_at,
            tree: self.tree,
            new_keys: self.new_keys,
            placed: self.placed,
        }
    }
}

impl BuiltGroup {
    /// Whether there is nothing to write, because every append of it was answered before.
    pub(super) fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Takes the requests back, because the group could not be written as it is.
    pub(super) fn into_requests(self) -> Vec<Request> {
        self.placed
            .into_iter()
            .map(|placed| placed.request)
            .collect()
    }

    /// Tells everybody that the group is written.
    pub(super) fn acknowledge(self, hearing: &Hearing) {
        for key in &self.new_keys {
            key.mark_stored();
        }
        let size = self.edge.size();
        for Placed {
            request,
            next_version,
            new_events,
            last: (position, salt),
        } in self.placed
        {
            let receipt = self
                .tree
                .inclusion_proof(position.0, size)
                .map(|proof| Receipt {
                    position,
                    recorded_at: self.recorded_at,
                    salt: String::from_utf8_lossy(&salt).into_owned(),
                    proof,
                    checkpoint: self.checkpoint.clone(),
                });
            hearing.hear(&request.append.stream, next_version);
            request.answer(Ok(Appended {
                next_version,
                log_size: Position(size),
                new_events,
                receipt,
            }));
        }
    }
}

/// The complete subtrees that a group adds, with those that the tree ended in before it: all that
/// the proofs of the group's own leaves are made of.
struct RecentTree {
    /// For each level the index of the first node that is known, and the nodes from there on.
    levels: Vec<(u64, Vec<Hash>)>,
}

impl RecentTree {
    fn new(edge: &TreeEdge) -> Self {
        let size = edge.size();
        let mut levels: Vec<(u64, Vec<Hash>)> =
            (0..64).map(|level| (size >> level, Vec::new())).collect();
        for (level, hash) in edge.peaks() {
            let (first, nodes) = &mut levels[level as usize];
            *first -= 1;
            nodes.push(hash);
        }
        Self { levels }
    }

    fn push(&mut self, level: u32, hash: Hash) {
        if let Some((_, nodes)) = self.levels.get_mut(level as usize) {
            nodes.push(hash);
        }
    }

    fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        merkle::inclusion_proof(self, index, size).ok().flatten()
    }
}

/// A node that is older than the group, and no part of the proofs of its leaves.
#[derive(Debug)]
struct Unknown;

impl NodeSource for RecentTree {
    type Error = Unknown;

    fn nodes(&self, nodes: &[(u32, u64)]) -> Result<Vec<Hash>, Unknown> {
        nodes
            .iter()
            .map(|&(level, index)| {
                let (first, known) = self.levels.get(level as usize).ok_or(Unknown)?;
                let offset = index.checked_sub(*first).ok_or(Unknown)?;
                known.get(offset as usize).copied().ok_or(Unknown)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recent_tree_proves_each_leaf_of_a_group_after_any_beginning() {
        for before in 0..40_u64 {
            let mut edge = TreeEdge::default();
            let leaf = |index: u64| leaf_hash(&index.to_be_bytes());
            for index in 0..before {
                edge.push(leaf(index), |_, _, _| {});
            }
            let mut tree = RecentTree::new(&edge);
            for index in before..before + 37 {
                tree.push(0, leaf(index));
                edge.push(leaf(index), |level, _, hash| tree.push(level, *hash));
            }
            let size = before + 37;
            for index in before..size {
                let proof = tree.inclusion_proof(index, size).unwrap();
                let root = merkle::root_from_inclusion(leaf(index), index, size, &proof);
                assert_eq!(root, Some(edge.root()), "{index} in {size} after {before}");
            }
        }
    }
}
