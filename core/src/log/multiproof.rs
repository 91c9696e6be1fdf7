//! One proof for many leaves: that the lines of a file are leaves of a signed tree, each at its
//! position.
//!
//! **What it consists of.** The positions of the leaves cut the tree of `size` leaves into gaps:
//! before the first, between two that do not follow each other, after the last. Each gap `[a, b)`
//! is covered, from left to right, by the largest complete subtrees that fit: at `a` stands a
//! subtree of `2^l` leaves with the largest `l` for which `a` is a multiple of `2^l` and
//! `a + 2^l <= b`; the next one begins behind it. The proof is the hashes of these subtrees, from
//! left to right.
//!
//! **How it is checked.** Going from left to right, each leaf and each subtree is put on a stack
//! with its level (0 for a leaf). While the two on top have the same level, they become one of the
//! next level: `SHA-256(0x01 ‖ left ‖ right)`. At the end what is left on the stack is joined from
//! the right: that is the root. The hashes must be used up exactly.
//!
//! A session that was recorded alone lies in few gaps, so its proof has about `2 log2(size)` hashes,
//! however many events it has.

use std::fmt;
use std::slice;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::merkle::{Hash, TreeEdge};
use super::tile::FULL;
use super::{EventLog, StoreError};
use crate::id::Position;

/// Why leaves and hashes make up no root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MultiproofError {
    /// The leaves do not come in the order of the log.
    #[error("position {found} does not come after position {last}")]
    NotIncreasing {
        /// The position of the leaf before.
        last: Position,
        /// The position of the leaf.
        found: Position,
    },
    /// The tree has no such leaf.
    #[error("position {found} is not among the {size} events that the checkpoint was signed over")]
    Beyond {
        /// The position of the leaf.
        found: Position,
        /// The size of the tree.
        size: Position,
    },
    /// The proof is of more or fewer leaves, or of leaves at other positions.
    #[error("the proof has {found} hashes, for these positions {expected} are expected")]
    OtherHashes {
        /// How many the proof has.
        found: usize,
        /// How many are needed, as far as the leaves go.
        expected: usize,
    },
}

/// The complete subtrees that cover `[start, end)` of any tree, as `(level, index)`, left to right.
fn subtrees(mut start: u64, end: u64) -> impl Iterator<Item = (u32, u64)> {
    std::iter::from_fn(move || {
        let left = end.checked_sub(start).filter(|left| *left > 0)?;
        let level = start.trailing_zeros().min(left.ilog2());
        let index = start >> level;
        start += 1 << level;
        Some((level, index))
    })
}

/// Finds the subtrees whose hashes the proof for some leaves consists of.
#[derive(Debug, Clone)]
pub struct Complement {
    size: u64,
    next: u64,
    subtrees: Vec<(u32, u64)>,
}

impl Complement {
    /// For leaves of the tree of `size` leaves.
    pub fn new(size: Position) -> Self {
        Self {
            size: size.0,
            next: 0,
            subtrees: Vec::new(),
        }
    }

    /// Adds a leaf that is to be proved.
    ///
    /// # Errors
    /// When it does not come after the one before, or is not in the tree.
    pub fn leaf(&mut self, position: Position) -> Result<(), MultiproofError> {
        check_place(position, self.next, self.size)?;
        self.subtrees.extend(subtrees(self.next, position.0));
        self.next = position.0 + 1;
        Ok(())
    }

    /// The subtrees, as `(level, index)`: the node over the leaves
    /// `[index << level, (index + 1) << level)`. In the order of the proof.
    pub fn finish(mut self) -> Vec<(u32, u64)> {
        self.subtrees.extend(subtrees(self.next, self.size));
        self.subtrees
    }

    /// The hashes of the subtrees: the proof. The log must have the size that was given, or more.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn prove(self, log: &dyn EventLog) -> Result<Vec<Hash>, StoreError> {
        let size = self.size;
        // Subtrees next to each other lie in the same tiles: of each level, the last is kept.
        let mut tiles: [Option<(u64, Vec<Hash>)>; 8] = Default::default();
        let mut hashes = Vec::new();
        for (level, index) in self.finish() {
            let (tile_level, height) = (level / 8, level % 8);
            let start = index << height;
            let tile_index = start / FULL;
            let kept = &mut tiles[tile_level as usize];
            let tile = match kept {
                Some((of, tile)) if *of == tile_index => tile,
                _ => {
                    let first = tile_index * FULL;
                    let end = (first + FULL).min(size >> (8 * tile_level));
                    let tile = log.tile_hashes(8 * tile_level, first, end).await?;
                    &mut kept.insert((tile_index, tile)).1
                }
            };
            let place = (start % FULL) as usize;
            let leaves = tile
                .get(place..place + (1 << height))
                .ok_or_else(|| StoreError::Damaged("a tile is too short".to_owned()))?;
            let mut subtree = TreeEdge::default();
            for leaf in leaves {
                subtree.push_subtree(0, *leaf);
            }
            hashes.push(subtree.root());
        }
        Ok(hashes)
    }
}

/// Computes the root of a tree from some of its leaves and the proof for them.
#[derive(Debug, Clone)]
pub struct Root<'a> {
    size: u64,
    edge: TreeEdge,
    hashes: slice::Iter<'a, Hash>,
    count: usize,
}

impl<'a> Root<'a> {
    /// For leaves of the tree of `size` leaves, with the hashes of the proof.
    pub fn new(size: Position, hashes: &'a [Hash]) -> Self {
        Self {
            size: size.0,
            edge: TreeEdge::default(),
            hashes: hashes.iter(),
            count: hashes.len(),
        }
    }

    /// Takes the hash of the next leaf.
    ///
    /// # Errors
    /// When it does not come after the one before, is not in the tree, or the proof has no hash for
    /// what lies between.
    pub fn leaf(&mut self, position: Position, hash: Hash) -> Result<(), MultiproofError> {
        check_place(position, self.edge.size(), self.size)?;
        self.skip_to(position.0)?;
        self.edge.push_subtree(0, hash);
        Ok(())
    }

    /// The root that follows.
    ///
    /// # Errors
    /// When the proof has too many hashes, or too few.
    pub fn finish(mut self) -> Result<Hash, MultiproofError> {
        self.skip_to(self.size)?;
        match self.hashes.len() {
            0 => Ok(self.edge.root()),
            left => Err(MultiproofError::OtherHashes {
                found: self.count,
                expected: self.count - left,
            }),
        }
    }

    fn skip_to(&mut self, position: u64) -> Result<(), MultiproofError> {
        for (level, _) in subtrees(self.edge.size(), position) {
            let hash = self.hashes.next().ok_or(MultiproofError::OtherHashes {
                found: self.count,
                expected: self.count + 1,
            })?;
            self.edge.push_subtree(level, *hash);
        }
        Ok(())
    }
}

fn check_place(position: Position, next: u64, size: u64) -> Result<(), MultiproofError> {
    if position.0 < next {
        return Err(MultiproofError::NotIncreasing {
            last: Position(next - 1),
            found: position,
        });
    }
    if position.0 >= size {
        return Err(MultiproofError::Beyond {
            found: position,
            size: Position(size),
        });
    }
    Ok(())
}

const FIRST_LINE: &str = "retrace-proof@v1";
/// How many marks stand on a line: 64 characters of base64.
const MARKS_ON_A_LINE: usize = 12;

/// The first four bytes of a leaf's hash.
pub type Mark = [u8; 4];

/// The file beside an NDJSON export: all that is needed to check it, but the trust in the key.
///
/// ```text
/// retrace-proof@v1
/// key retrace/0b2d…+5c3f2a10+AT…       the verifier key that the log claims to have
/// lines 1234                           how many lines the export has
/// hashes 17                            how many hashes follow, each on a line in base64
/// gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
/// …
/// marks                                the first 4 bytes of each line's leaf hash, in base64
/// 1tGfX4m…
///
/// retrace/0b2d…                        the signed checkpoint
/// …
/// ```
///
/// The marks prove nothing. They serve to name the line when the proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesProof {
    /// The verifier key that the log claims to have.
    pub key: String,
    /// The hashes of the subtrees between the leaves.
    pub hashes: Vec<Hash>,
    /// One for each line.
    pub marks: Vec<Mark>,
    /// The checkpoint, not checked yet.
    pub note: String,
}

/// A file that is not a [`LinesProof`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a proof of lines: line {line}: expected {expected}")]
pub struct NotALinesProof {
    line: usize,
    expected: &'static str,
}

impl fmt::Display for LinesProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}\nkey {}", self.key)?;
        writeln!(
            f,
            "lines {}\nhashes {}",
            self.marks.len(),
            self.hashes.len()
        )?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64_STANDARD.encode(hash))?;
        }
        writeln!(f, "marks")?;
        for marks in self.marks.chunks(MARKS_ON_A_LINE) {
            writeln!(f, "{}", BASE64_STANDARD.encode(marks.as_flattened()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl LinesProof {
    /// Whether the text claims to be such a proof.
    pub fn is_claimed_by(text: &str) -> bool {
        text.starts_with(FIRST_LINE)
    }

    /// Reads a proof. Nothing in it is believed yet.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, NotALinesProof> {
        let (head, note) = text.split_once("\n\n").ok_or(NotALinesProof {
            line: text.lines().count(),
            expected: "an empty line and a checkpoint at the end",
        })?;
        let mut lines = Lines {
            lines: head.split('\n'),
            line: 0,
        };
        lines.next("`retrace-proof@v1`", |line| {
            (line == FIRST_LINE).then_some(())
        })?;
        let key = lines.next("`key` and the verifier key", |line| {
            line.strip_prefix("key ").map(str::to_owned)
        })?;
        let count = lines.next("`lines` and a number", |line| number(line, "lines "))?;
        let hash_count = lines.next("`hashes` and a number", |line| number(line, "hashes "))?;
        // Nothing is reserved for a number that the file only claims.
        let mut hashes = Vec::new();
        for _ in 0..hash_count {
            hashes.push(lines.next("a hash in base64", |line| {
                BASE64_STANDARD.decode(line).ok()?.try_into().ok()
            })?);
        }
        lines.next("`marks`", |line| (line == "marks").then_some(()))?;
        let mut marks = Vec::new();
        while (marks.len() as u64) < count {
            let left = count - marks.len() as u64;
            let of_line = lines.next("marks of 4 bytes in base64, 12 on a line", |line| {
                let bytes = BASE64_STANDARD.decode(line).ok()?;
                let (of_line, rest) = bytes.as_chunks::<4>();
                let expected = left.min(MARKS_ON_A_LINE as u64);
                (rest.is_empty() && of_line.len() as u64 == expected).then(|| of_line.to_vec())
            })?;
            marks.extend(of_line);
        }
        lines.end("an empty line, and the checkpoint")?;
        Ok(Self {
            key,
            hashes,
            marks,
            note: note.to_owned(),
        })
    }
}

struct Lines<'a> {
    lines: std::str::Split<'a, char>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn next<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, NotALinesProof> {
        self.line += 1;
        self.lines.next().and_then(read).ok_or(NotALinesProof {
            line: self.line,
            expected,
        })
    }

    fn end(&mut self, expected: &'static str) -> Result<(), NotALinesProof> {
        match self.lines.next() {
            None => Ok(()),
            Some(_) => Err(NotALinesProof {
                line: self.line + 1,
                expected,
            }),
        }
    }
}

/// A plain decimal number after a word: one number has one text.
fn number(line: &str, word: &str) -> Option<u64> {
    let digits = line.strip_prefix(word)?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::merkle::{leaf_hash, node_hash};
    use super::*;

    fn leaf(position: u64) -> Hash {
        leaf_hash(&position.to_be_bytes())
    }

    /// The hash of a complete subtree, by the definition.
    fn node(level: u32, index: u64) -> Hash {
        match level {
            0 => leaf(index),
            _ => node_hash(&node(level - 1, 2 * index), &node(level - 1, 2 * index + 1)),
        }
    }

    fn root(size: u64) -> Hash {
        let mut edge = TreeEdge::default();
        for position in 0..size {
            edge.push(leaf(position), |_, _, _| {});
        }
        edge.root()
    }

    fn prove(size: u64, positions: &BTreeSet<u64>) -> Vec<Hash> {
        let mut complement = Complement::new(Position(size));
        for position in positions {
            complement.leaf(Position(*position)).unwrap();
        }
        complement
            .finish()
            .into_iter()
            .map(|(level, index)| node(level, index))
            .collect()
    }

    fn root_of(
        size: u64,
        leaves: &[(u64, Hash)],
        hashes: &[Hash],
    ) -> Result<Hash, MultiproofError> {
        let mut root = Root::new(Position(size), hashes);
        for (position, hash) in leaves {
            root.leaf(Position(*position), *hash)?;
        }
        root.finish()
    }

    /// The proof holds, and no longer does when anything about it is changed.
    fn check(size: u64, positions: &BTreeSet<u64>, expected: Hash) {
        let proof = prove(size, positions);
        let leaves: Vec<(u64, Hash)> = positions.iter().map(|p| (*p, leaf(*p))).collect();
        assert_eq!(root_of(size, &leaves, &proof), Ok(expected));
        let holds =
            |leaves: &[(u64, Hash)], proof: &[Hash]| root_of(size, leaves, proof) == Ok(expected);
        for which in 0..proof.len() {
            let mut changed = proof.clone();
            changed[which][which % 32] ^= 1;
            assert!(!holds(&leaves, &changed), "hash {which} changed");
            changed.remove(which);
            assert!(!holds(&leaves, &changed), "hash {which} removed");
        }
        let longer = [proof.as_slice(), &[[0; 32]]].concat();
        assert!(!holds(&leaves, &longer));
        for which in 0..leaves.len() {
            let mut changed = leaves.clone();
            changed[which].1[which % 32] ^= 1;
            assert!(!holds(&changed, &proof), "leaf {which} changed");
            let mut moved = leaves.clone();
            moved[which].0 += 1;
            assert!(!holds(&moved, &proof), "leaf {which} moved");
            let mut fewer = leaves.clone();
            fewer.remove(which);
            assert!(!holds(&fewer, &proof), "leaf {which} removed");
        }
        for pair in 1..leaves.len() {
            let mut swapped = leaves.clone();
            swapped.swap(pair - 1, pair);
            assert!(!holds(&swapped, &proof), "leaves before {pair} swapped");
        }
    }

    #[test]
    fn every_subset_of_every_small_tree_is_proved_and_no_changed_one_is() {
        for size in 1..=9u64 {
            let expected = root(size);
            for subset in 0..1u64 << size {
                let positions = (0..size).filter(|p| subset >> p & 1 == 1).collect();
                check(size, &positions, expected);
            }
        }
    }

    #[test]
    fn a_tree_as_large_as_there_can_be_is_no_trouble() {
        let mut complement = Complement::new(Position(u64::MAX));
        complement.leaf(Position(u64::MAX - 1)).unwrap();
        let count = complement.finish().len();
        assert_eq!(count, 63);
        let hashes = vec![[7; 32]; count];
        assert!(root_of(u64::MAX, &[(u64::MAX - 1, [1; 32])], &hashes).is_ok());
        assert!(matches!(
            root_of(7, &[(7, [0; 32])], &[]),
            Err(MultiproofError::Beyond { .. })
        ));
        assert!(matches!(
            root_of(7, &[(3, [0; 32]), (3, [0; 32])], &hashes),
            Err(MultiproofError::NotIncreasing { .. })
        ));
    }

    #[test]
    fn a_single_leaf_needs_no_more_hashes_than_the_tree_is_high_and_its_edge_wide() {
        for (size, position) in [
            (1u64, 0u64),
            (1 << 20, 77),
            ((1 << 20) - 1, 77),
            (1000, 999),
        ] {
            let mut complement = Complement::new(Position(size));
            complement.leaf(Position(position)).unwrap();
            let high = size.next_power_of_two().ilog2() as usize;
            assert!(complement.finish().len() <= 2 * high);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn some_of_many_are_proved_and_no_changed_ones_are(
            size in 1u64..700,
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let positions = picks.iter().map(|pick| pick.index(size as usize) as u64).collect();
            check(size, &positions, root(size));
        }

        #[test]
        fn a_run_of_leaves_is_proved(size in 1u64..700, from in 0u64..700, count in 0u64..300) {
            let positions = (from.min(size)..(from + count).min(size)).collect();
            check(size, &positions, root(size));
        }

        #[test]
        fn a_proof_survives_its_text_form(
            hashes in prop::collection::vec(any::<Hash>(), 0..20),
            marks in prop::collection::vec(any::<Mark>(), 0..40),
        ) {
            let proof = LinesProof {
                key: "retrace/x+01234567+AAAA".to_owned(),
                hashes,
                marks,
                note: "retrace/x\n7\nAAAA\n\n\u{2014} retrace/x AAAA\n".to_owned(),
            };
            prop_assert_eq!(LinesProof::parse(&proof.to_string()), Ok(proof));
        }

        #[test]
        fn any_text_is_a_proof_or_is_refused(
            line in 0usize..9,
            text in "(lines|hashes|key|marks)? ?[0-9A-Za-z+/=\n]{0,40}",
        ) {
            let proof = LinesProof {
                key: "k".to_owned(),
                hashes: vec![[1; 32], [2; 32]],
                marks: vec![[3; 4]; 14],
                note: "n".to_owned(),
            };
            let whole = proof.to_string();
            let mut lines: Vec<&str> = whole.split('\n').collect();
            lines[line] = &text;
            if let Ok(read) = LinesProof::parse(&lines.join("\n")) {
                prop_assert_eq!(read.to_string(), lines.join("\n"));
            }
        }
    }

    /// Positions in, next to, and across the tiles of a stored log.
    #[tokio::test]
    async fn the_proof_from_a_stored_log_leads_to_its_signed_root() {
        use crate::event::{EventBatch, MarkerSet};
        use crate::id::{StreamName, StreamVersion};
        use crate::log::Append;
        use crate::time::Timestamp;

        const SIZE: u64 = 70_000;
        let dir = tempfile::tempdir().unwrap();
        let log = crate::data_dir::DataDir::new(dir.path())
            .open_or_create_log()
            .await
            .unwrap();
        let mut events = EventBatch::new();
        for number in 0..SIZE {
            let label = number.to_string();
            events.push(Timestamp::now(), MarkerSet { label }).unwrap();
        }
        let append = Append {
            stream: StreamName::new("a").unwrap(),
            first_version: StreamVersion(0),
            events,
        };
        log.append(append).await.unwrap();
        let head = log.head().await.unwrap();
        let cases: [Vec<u64>; 5] = [
            vec![],
            vec![0],
            vec![255, 256, 65_535, 65_536, SIZE - 1],
            (300..900).collect(),
            (0..SIZE).step_by(997).collect(),
        ];
        for positions in cases {
            let mut complement = Complement::new(head.size);
            let mut leaves = Vec::new();
            for position in positions {
                let position = Position(position);
                complement.leaf(position).unwrap();
                leaves.push((position.0, log.leaf_hash(position).await.unwrap()));
            }
            let proof = complement.prove(&log).await.unwrap();
            assert_eq!(root_of(SIZE, &leaves, &proof), Ok(head.checkpoint.root));
        }
    }

    #[test]
    fn what_is_no_proof_is_refused_with_its_line() {
        let cases = [
            ("", 0),
            ("retrace-proof@v2\n\nx", 1),
            (
                "retrace-proof@v1\nkey k\nlines 1\nhashes 18446744073709551615\nmarks\n\nx",
                5,
            ),
            (
                "retrace-proof@v1\nkey k\nlines 18446744073709551615\nhashes 0\nmarks\n\nx",
                6,
            ),
            ("retrace-proof@v1\nkey k\nlines 01\nhashes 0\nmarks\n\nx", 3),
            (
                "retrace-proof@v1\nkey k\nlines 0\nhashes 0\nmarks\nmore\n\nx",
                6,
            ),
        ];
        for (text, line) in cases {
            assert_eq!(LinesProof::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
