//! Checking a tree that is shown as tiles: each tile against the one below it, and the root against
//! checkpoints. No network: the caller fetches what is named.
//!
//! In memory is one tile of each level, however large the log.

use super::checkpoint::Checkpoint;
use super::merkle::{Hash, TreeEdge, node_hash};
use super::tile::{FULL, Rows, Tile};
use crate::id::Position;

const LEVELS: usize = 8;

/// What is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTree {
    /// A tile does not follow from the one below it, or from what was seen of it before.
    #[error(
        "{tile} is not what follows from {from}: the first other hash is number {number} in it"
    )]
    Tile {
        /// The address of the tile.
        tile: String,
        /// What it should follow from.
        from: &'static str,
        /// Which of its hashes, from 0.
        number: usize,
    },
    /// The tree is not the one that was signed.
    #[error(
        "the root over the first {size} events is not the one that was signed: the log was changed"
    )]
    Root {
        /// The size in the checkpoint.
        size: Position,
    },
    /// The log has become smaller.
    #[error(
        "a checkpoint of {kept} events was signed, but the log shows {size}: its end was cut off, or \
         it was put back to an older state"
    )]
    CutOff {
        /// The size in the kept checkpoint.
        kept: Position,
        /// The size that the log shows.
        size: Position,
    },
}

/// A check on its way from left to right through the tiles of a tree.
#[derive(Debug, Clone)]
pub struct TilesCheck {
    head: Checkpoint,
    edge: TreeEdge,
    /// Of each level, the hashes of the tile that is not full yet, as they follow from below.
    pending: [Vec<Hash>; LEVELS],
    /// Checkpoints that are still ahead, the smallest last.
    ahead: Vec<Checkpoint>,
}

impl TilesCheck {
    /// A check of the tree that `head` was signed over, and that each checkpoint of `kept` is of its
    /// past. The signatures are checked.
    ///
    /// # Errors
    /// When a kept checkpoint is of a larger tree.
    pub fn new(head: Checkpoint, kept: &[Checkpoint]) -> Result<Self, BadTree> {
        let mut ahead = kept.to_vec();
        if let Some(larger) = ahead.iter().find(|kept| kept.size > head.size) {
            return Err(BadTree::CutOff {
                kept: larger.size,
                size: head.size,
            });
        }
        ahead.push(head.clone());
        ahead.sort_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let mut check = Self {
            head,
            edge: TreeEdge::default(),
            pending: Default::default(),
            ahead,
        };
        check.check_roots()?;
        Ok(check)
    }

    /// The tiles that hold the right edge of the tree of `size` leaves, as they are in the tree of
    /// the head: what [`Self::skip_to`] needs.
    pub fn edge_tiles(&self, size: Position) -> Vec<Tile> {
        (0..LEVELS as u8)
            .filter_map(|level| {
                let rows = size.0 >> (8 * u32::from(level));
                let tiles = Rows::Hashes { level };
                (!rows.is_multiple_of(FULL))
                    .then(|| Tile::of_tree(tiles, rows / FULL, self.head.size.0).next())
                    .flatten()
            })
            .collect()
    }

    /// Takes the tree of `size` leaves, of which there is a kept checkpoint, as checked before, and
    /// goes on behind it. `tiles` are the hashes of [`Self::edge_tiles`].
    ///
    /// # Errors
    /// When the tiles are not of the tree of that checkpoint.
    pub fn skip_to(&mut self, size: Position, tiles: &[(Tile, Vec<Hash>)]) -> Result<(), BadTree> {
        let wrong = BadTree::Root { size };
        if size.0 > 0 && !self.ahead.iter().any(|ahead| ahead.size == size) {
            return Err(wrong);
        }
        let mut edge = TreeEdge::default();
        for level in (0..LEVELS).rev() {
            let rows = size.0 >> (8 * level);
            let width = (rows % FULL) as usize;
            let hashes = tiles
                .iter()
                .find(|(tile, _)| matches!(tile.rows, Rows::Hashes { level: of } if usize::from(of) == level))
                .map_or(&[][..], |(_, hashes)| hashes);
            let known = hashes.get(..width).ok_or_else(|| wrong.clone())?;
            let mut left = known;
            while !left.is_empty() {
                let height = left.len().ilog2();
                let (subtree, rest) = left.split_at(1 << height);
                edge.push_subtree(8 * level as u32 + height, root_of(subtree));
                left = rest;
            }
            self.pending[level] = known.to_vec();
        }
        self.edge = edge;
        // What lies before was checked when the checkpoint was kept.
        self.ahead.retain(|checkpoint| checkpoint.size >= size);
        self.check_roots()?;
        Ok(())
    }

    /// The tiles of leaves that are still to be taken.
    pub fn leaf_tiles(&self) -> impl Iterator<Item = Tile> + use<> {
        let first = self.edge.size() / FULL;
        let done = self.edge.size();
        Tile::of_tree(Rows::Hashes { level: 0 }, first, self.head.size.0)
            .filter(move |tile| tile.index * FULL + tile.width > done)
    }

    /// How many leaves have been taken.
    pub fn position(&self) -> Position {
        Position(self.edge.size())
    }

    /// Takes the next tile of leaves. Answers the tiles above that are full now, with the hashes
    /// that they must have.
    ///
    /// # Errors
    /// When the tile is not what was seen of it before, or the tree is not the one of a checkpoint.
    pub fn take_leaves(
        &mut self,
        tile: Tile,
        hashes: &[Hash],
    ) -> Result<Vec<(Tile, Vec<Hash>)>, BadTree> {
        let seen = std::mem::take(&mut self.pending[0]);
        compare(
            tile,
            "what was seen of it before",
            &seen,
            hashes.get(..seen.len()).unwrap_or(hashes),
        )?;
        for hash in &hashes[seen.len()..] {
            self.edge.push_subtree(0, *hash);
            self.check_roots()?;
        }
        let mut above = Vec::new();
        if hashes.len() as u64 != FULL {
            return Ok(above);
        }
        let (mut index, mut root) = (tile.index, root_of(hashes));
        for level in 1..LEVELS {
            let pending = &mut self.pending[level];
            pending.push(root);
            if pending.len() as u64 != FULL {
                break;
            }
            let full = std::mem::take(pending);
            root = root_of(&full);
            index /= FULL;
            let rows = Rows::Hashes { level: level as u8 };
            let width = FULL;
            above.push((Tile { rows, index, width }, full));
        }
        Ok(above)
    }

    /// The tiles above the leaves that are not full, with the hashes that they must have: to be
    /// compared when all tiles of leaves have been taken.
    pub fn partial_tiles(&self) -> Vec<(Tile, Vec<Hash>)> {
        (1..LEVELS)
            .filter(|level| !self.pending[*level].is_empty())
            .map(|level| {
                let tile = Tile {
                    rows: Rows::Hashes { level: level as u8 },
                    index: self.edge.size() >> (8 * level) >> 8,
                    width: self.pending[level].len() as u64,
                };
                (tile, self.pending[level].clone())
            })
            .collect()
    }

    /// Whether everything that was signed has been seen to be so.
    ///
    /// # Errors
    /// When leaves are missing.
    pub fn finish(self) -> Result<Checkpoint, BadTree> {
        match self.ahead.last() {
            None => Ok(self.head),
            Some(ahead) => Err(BadTree::Root { size: ahead.size }),
        }
    }

    fn check_roots(&mut self) -> Result<(), BadTree> {
        while let Some(checkpoint) = self.ahead.last()
            && checkpoint.size.0 == self.edge.size()
        {
            if checkpoint.root != self.edge.root() {
                return Err(BadTree::Root {
                    size: checkpoint.size,
                });
            }
            self.ahead.pop();
        }
        Ok(())
    }
}

/// Holds the hashes of a tile against those that follow from elsewhere.
///
/// # Errors
/// When they are others.
pub fn compare(
    tile: Tile,
    from: &'static str,
    expected: &[Hash],
    found: &[Hash],
) -> Result<(), BadTree> {
    if expected == found {
        return Ok(());
    }
    let other = expected.iter().zip(found).position(|(a, b)| a != b);
    Err(BadTree::Tile {
        tile: tile.to_string(),
        from,
        number: other.unwrap_or(expected.len().min(found.len())),
    })
}

/// The hashes in the bytes of a tile. `None` when it has not as many as its address says.
pub fn hashes_of(tile: Tile, bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (rest.is_empty() && hashes.len() as u64 == tile.width).then(|| hashes.to_vec())
}

/// The root of a complete subtree over a power of two of nodes.
fn root_of(nodes: &[Hash]) -> Hash {
    let mut row = nodes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => node_hash(left, right),
                // There is none in a power of two.
                other => other.first().copied().unwrap_or_default(),
            })
            .collect();
    }
    row.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::LogId;
    use crate::log::checkpoint::LogKey;
    use crate::log::merkle::leaf_hash;

    /// A log as an honest server shows it.
    struct Shown {
        leaves: Vec<Hash>,
        key: LogKey,
    }

    impl Shown {
        fn new(size: u64) -> Self {
            Self {
                leaves: (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect(),
                key: LogKey::generate(LogId::new_random()).unwrap(),
            }
        }

        fn checkpoint(&self, size: u64) -> Checkpoint {
            let mut edge = TreeEdge::default();
            for leaf in &self.leaves[..size as usize] {
                edge.push_subtree(0, *leaf);
            }
            self.key.sign(Position(size), edge.root())
        }

        fn tile(&self, tile: Tile) -> Vec<Hash> {
            let Rows::Hashes { level } = tile.rows else {
                panic!("a tile of hashes");
            };
            let below = 1usize << (8 * u32::from(level));
            let rows = tile.range().unwrap();
            self.leaves[..rows.end as usize * below]
                .chunks(below)
                .skip(rows.start as usize)
                .map(root_of)
                .collect()
        }
    }

    /// Walks through the tiles as `fetch` gives them.
    fn check(
        head: &Checkpoint,
        kept: &[Checkpoint],
        from: Option<Position>,
        fetch: impl Fn(Tile) -> Vec<Hash>,
    ) -> Result<u64, BadTree> {
        let mut check = TilesCheck::new(head.clone(), kept)?;
        let mut fetched = 0;
        if let Some(from) = from {
            let tiles: Vec<_> = check
                .edge_tiles(from)
                .into_iter()
                .map(|tile| (tile, fetch(tile)))
                .collect();
            fetched += tiles.len() as u64;
            check.skip_to(from, &tiles)?;
        }
        for tile in check.leaf_tiles() {
            fetched += 1;
            for (above, expected) in check.take_leaves(tile, &fetch(tile))? {
                compare(above, "the tiles below it", &expected, &fetch(above))?;
            }
        }
        for (above, expected) in check.partial_tiles() {
            compare(above, "the tiles below it", &expected, &fetch(above))?;
        }
        assert_eq!(check.position(), head.size);
        check.finish()?;
        Ok(fetched)
    }

    #[test]
    fn a_log_of_any_size_holds_whole_and_from_any_checkpoint_on() {
        let shown = Shown::new(65_800);
        let sizes = [0, 1, 2, 255, 256, 257, 512, 1_000];
        let pairs = sizes
            .iter()
            .flat_map(|size| sizes.iter().map(move |old| (*old, *size)))
            .filter(|(old, size)| old <= size);
        for (old, size) in pairs.chain([(65_535, 65_800)]) {
            let head = shown.checkpoint(size);
            let kept = [shown.checkpoint(old)];
            let whole = check(&head, &kept, None, |tile| shown.tile(tile)).unwrap();
            let from = Some(Position(old));
            let new = check(&head, &kept, from, |tile| shown.tile(tile)).unwrap();
            assert!(
                new <= whole + 3,
                "{old} to {size}: {new} tiles, {whole} for all"
            );
        }
    }

    #[test]
    fn any_other_hash_in_any_tile_is_found() {
        let shown = Shown::new(1_000);
        let head = shown.checkpoint(1_000);
        for level in 0..2 {
            for bad in Tile::of_tree(Rows::Hashes { level }, 0, 1_000) {
                for number in 0..bad.width as usize {
                    let outcome = check(&head, &[], None, |tile| {
                        let mut hashes = shown.tile(tile);
                        if tile == bad {
                            hashes[number][0] ^= 1;
                        }
                        hashes
                    });
                    assert!(outcome.is_err(), "{bad}, hash {number}");
                }
            }
        }
    }

    #[test]
    fn another_past_and_a_shorter_log_are_found() {
        let (shown, other) = (Shown::new(2_000), Shown::new(2_000));
        let mut changed = Shown::new(2_000);
        changed.leaves[300][0] ^= 1;
        let kept = [shown.checkpoint(700)];
        for from in [None, Some(Position(700))] {
            let outcome = check(&changed.checkpoint(2_000), &kept, from, |tile| {
                changed.tile(tile)
            });
            assert_eq!(
                outcome,
                Err(BadTree::Root {
                    size: Position(700)
                })
            );
        }
        let outcome = check(&shown.checkpoint(699), &kept, None, |tile| shown.tile(tile));
        assert!(
            matches!(outcome, Err(BadTree::CutOff { .. })),
            "{outcome:?}"
        );
        // The same leaves under another key are the same tree.
        check(&other.checkpoint(2_000), &kept, None, |tile| {
            other.tile(tile)
        })
        .unwrap();
    }

    #[test]
    fn tiles_too_short_or_too_long_are_no_trouble() {
        let shown = Shown::new(2_000);
        let head = shown.checkpoint(2_000);
        let kept = [shown.checkpoint(700)];
        let mut check = TilesCheck::new(head, &kept).unwrap();
        let tiles = check.edge_tiles(Position(700));
        let cut: Vec<_> = tiles.iter().map(|tile| (*tile, vec![[0; 32]])).collect();
        assert!(check.clone().skip_to(Position(700), &cut).is_err());
        assert!(check.clone().skip_to(Position(700), &[]).is_err());
        let whole: Vec<_> = tiles
            .iter()
            .map(|tile| (*tile, shown.tile(*tile)))
            .collect();
        check.skip_to(Position(700), &whole).unwrap();
        let first = check.leaf_tiles().next().unwrap();
        assert!(check.clone().take_leaves(first, &[]).is_err());
        assert!(check.clone().finish().is_err());
        assert_eq!(hashes_of(first, &[0; 31]), None);
        assert_eq!(hashes_of(first, &[0; 32 * 257]), None);
    }
}
