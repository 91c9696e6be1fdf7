//! The Merkle tree of RFC 6962, section 2: growing it, proofs, and checking proofs. No storage:
//! nodes come from a [`NodeSource`].
//!
//! A *node* `(level, index)` is the root of the complete subtree over the leaves
//! `[index << level, (index + 1) << level)`. All ranges are half open.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// A SHA-256 hash of a leaf or of an inner node.
pub type Hash = [u8; 32];

/// The hash of a leaf: `SHA-256(0x00 ‖ leaf)`.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of the empty tree: `SHA-256()`.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A tree that only grows: the right edge is all that is needed to add leaves and to know the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TreeEdge {
    size: u64,
    /// The roots of the complete subtrees that make up the tree, largest (leftmost) first: one for
    /// each bit that is set in `size`.
    peaks: Vec<Hash>,
}

impl TreeEdge {
    /// The edge of a tree of `size` leaves, from what [`Self::to_bytes`] gave. `None` when the
    /// bytes cannot be of such a tree.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let peaks: Vec<Hash> = bytes
            .chunks(32)
            .map(|chunk| chunk.try_into().ok())
            .collect::<Option<_>>()?;
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// The edge as bytes: its hashes side by side, the largest subtree first.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.concat()
    }

    /// The complete subtrees that the tree is made of, largest first: level and root.
    pub(crate) fn peaks(&self) -> impl Iterator<Item = (u32, Hash)> {
        let levels = (0..u64::BITS)
            .rev()
            .filter(|level| self.size >> level & 1 == 1);
        levels.zip(self.peaks.iter().copied())
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. `completed(level, index, hash)` is called for each complete subtree above it
    /// that is now whole, the smallest first.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(u32, u64, &Hash)) {
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                completed(level, self.size >> level, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Adds the root of a complete subtree of `2^level` leaves, in the place of its leaves. The size
    /// of the tree must be a multiple of `2^level`.
    pub fn push_subtree(&mut self, level: u32, mut hash: Hash) {
        debug_assert!(
            self.size.trailing_zeros() >= level,
            "a subtree out of place"
        );
        let carries = (self.size >> level).trailing_ones();
        for left in self
            .peaks
            .drain(self.peaks.len() - carries as usize..)
            .rev()
        {
            hash = node_hash(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1 << level;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(smallest) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*smallest, |right, left| node_hash(left, &right))
    }
}

/// Where the nodes of a stored tree come from.
pub trait NodeSource {
    /// Why a node could not be had.
    type Error;

    /// The hashes of the given nodes, in the same order. Only nodes that are complete in the tree
    /// are asked for.
    fn nodes(&self, nodes: &[(u32, u64)]) -> Result<Vec<Hash>, Self::Error>;
}

/// A proof as a list of subtrees whose hashes make it up; each subtree is `[start, end)`.
type Plan = Vec<(u64, u64)>;

/// The inclusion proof of RFC 6962, section 2.1.1, for leaf `index` in the tree of `size` leaves.
/// `None` when there is no such leaf.
///
/// # Errors
/// When a node cannot be had.
pub fn inclusion_proof<S: NodeSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut plan = Plan::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let split = start + split_point(end - start);
        if index < split {
            plan.push((split, end));
            end = split;
        } else {
            plan.push((start, split));
            start = split;
        }
    }
    plan.reverse();
    resolve(source, &plan).map(Some)
}

/// The consistency proof of RFC 6962, section 2.1.2, from the tree of `old` leaves to that of
/// `new`. `None` unless `0 < old <= new`.
///
/// # Errors
/// When a node cannot be had.
pub fn consistency_proof<S: NodeSource>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, S::Error> {
    if old == 0 || old > new {
        return Ok(None);
    }
    let mut plan = Plan::new();
    let (mut start, mut end) = (0, new);
    let mut old_is_whole = true;
    while old < end {
        let split = start + split_point(end - start);
        if old <= split {
            plan.push((split, end));
            end = split;
        } else {
            plan.push((start, split));
            start = split;
            old_is_whole = false;
        }
    }
    if !old_is_whole {
        plan.push((start, end));
    }
    plan.reverse();
    resolve(source, &plan).map(Some)
}

/// The largest power of two below `width`, which is at least 2.
fn split_point(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The complete subtrees of `[start, end)`, left to right. `start` must be a multiple of the
/// largest power of two that is not above the width, which holds for each subtree of a plan.
fn complete_subtrees(mut start: u64, end: u64) -> Vec<(u32, u64)> {
    let mut nodes = Vec::new();
    while start < end {
        let level = (end - start).ilog2();
        nodes.push((level, start >> level));
        start += 1 << level;
    }
    nodes
}

fn resolve<S: NodeSource>(source: &S, plan: &Plan) -> Result<Vec<Hash>, S::Error> {
    let wanted: Vec<Vec<(u32, u64)>> = plan
        .iter()
        .map(|&(start, end)| complete_subtrees(start, end))
        .collect();
    let nodes: Vec<(u32, u64)> = wanted.iter().flatten().copied().collect();
    let hashes: HashMap<(u32, u64), Hash> =
        nodes.iter().copied().zip(source.nodes(&nodes)?).collect();
    Ok(wanted
        .iter()
        .map(|subtrees| {
            let mut right_to_left = subtrees.iter().rev().map(|node| hashes[node]);
            let last = right_to_left.next().unwrap_or_else(empty_root);
            right_to_left.fold(last, |right, left| node_hash(&left, &right))
        })
        .collect())
}

/// The root that an inclusion proof leads to, by RFC 9162, section 2.1.3.2: the leaf is in the
/// tree of `size` leaves at `index` if it is the root of that tree. `None` when the proof is not
/// of the right length, or there is no such leaf.
pub fn root_from_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for step in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether a consistency proof shows that the tree of `old` leaves is the beginning of the tree of
/// `new` leaves, by RFC 9162, section 2.1.4.2.
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 || old_size > new_size {
        return false;
    }
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut steps = proof.iter();
    // A power of two is a complete subtree of the new tree: the proof leaves its root out.
    let first = if old_size.is_power_of_two() {
        Some(old_root)
    } else {
        steps.next()
    };
    let Some(first) = first else { return false };
    let (mut old_hash, mut new_hash) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(step, &old_hash);
            new_hash = node_hash(step, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// The plain definition of RFC 6962, section 2.1, to hold the rest against.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let split = split_point(leaves.len() as u64) as usize;
                node_hash(
                    &root_by_definition(&leaves[..split]),
                    &root_by_definition(&leaves[split..]),
                )
            }
        }
    }

    struct Leaves(Vec<Hash>);

    impl NodeSource for Leaves {
        type Error = Infallible;

        fn nodes(&self, nodes: &[(u32, u64)]) -> Result<Vec<Hash>, Infallible> {
            Ok(nodes
                .iter()
                .map(|&(level, index)| {
                    let range = (index << level) as usize..((index + 1) << level) as usize;
                    root_by_definition(&self.0[range])
                })
                .collect())
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|i| leaf_hash(format!("leaf {i}").as_bytes()))
            .collect()
    }

    fn flipped(proof: &[Hash], which: usize) -> Vec<Hash> {
        let mut proof = proof.to_vec();
        proof[which][which % 32] ^= 1;
        proof
    }

    #[test]
    fn the_root_is_the_one_of_the_definition_for_all_sizes_to_100() {
        let all = leaves(100);
        let mut edge = TreeEdge::default();
        assert_eq!(edge.root(), empty_root());
        for (size, leaf) in (1..).zip(&all) {
            edge.push(*leaf, |level, index, hash| {
                let range = (index << level) as usize..((index + 1) << level) as usize;
                assert_eq!(
                    *hash,
                    root_by_definition(&all[range]),
                    "node {level}/{index}"
                );
            });
            assert_eq!(
                edge.root(),
                root_by_definition(&all[..size as usize]),
                "size {size}"
            );
            assert_eq!(
                TreeEdge::from_bytes(size, &edge.to_bytes()),
                Some(edge.clone())
            );
            assert_eq!(
                TreeEdge::from_bytes(size + 1, &edge.to_bytes()).is_some(),
                (size + 1).count_ones() == size.count_ones()
            );
        }
    }

    #[test]
    fn every_inclusion_proof_holds_and_no_changed_one_does() {
        let all = leaves(70);
        for size in 1..=all.len() as u64 {
            let tree = Leaves(all[..size as usize].to_vec());
            let root = root_by_definition(&tree.0);
            for index in 0..size {
                let leaf = all[index as usize];
                let proof = inclusion_proof(&tree, index, size).unwrap().unwrap();
                assert_eq!(root_from_inclusion(leaf, index, size, &proof), Some(root));
                for which in 0..proof.len() {
                    let changed = flipped(&proof, which);
                    assert_ne!(root_from_inclusion(leaf, index, size, &changed), Some(root));
                }
                if let Some(shorter) = proof.get(1..) {
                    assert_ne!(root_from_inclusion(leaf, index, size, shorter), Some(root));
                }
                assert_ne!(
                    root_from_inclusion(leaf, index + 1, size, &proof),
                    Some(root)
                );
            }
            assert_eq!(inclusion_proof(&tree, size, size).unwrap(), None);
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_no_changed_one_does() {
        let all = leaves(50);
        for new in 1..=all.len() as u64 {
            let tree = Leaves(all[..new as usize].to_vec());
            let new_root = root_by_definition(&tree.0);
            for old in 1..=new {
                let old_root = root_by_definition(&all[..old as usize]);
                let proof = consistency_proof(&tree, old, new).unwrap().unwrap();
                assert!(
                    is_consistent((old, &old_root), (new, &new_root), &proof),
                    "{old} {new}"
                );
                for which in 0..proof.len() {
                    let changed = flipped(&proof, which);
                    assert!(!is_consistent((old, &old_root), (new, &new_root), &changed));
                }
                if old != new {
                    let other = leaf_hash(b"another");
                    assert!(!is_consistent((old, &other), (new, &new_root), &proof));
                    assert!(!is_consistent((old, &old_root), (new, &other), &proof));
                }
            }
            assert_eq!(consistency_proof(&tree, 0, new).unwrap(), None);
            assert_eq!(consistency_proof(&tree, new + 1, new).unwrap(), None);
        }
    }

    /// Proofs of ours, checked by an implementation that is not ours, and the other way round.
    #[test]
    fn another_implementation_agrees() {
        use tlog_tiles::tlog;
        let all = leaves(300);
        let theirs: Vec<tlog::Hash> = all.iter().map(|hash| tlog::Hash(*hash)).collect();
        for (index, size) in [(0, 1), (3, 7), (255, 256), (256, 300), (7, 299)] {
            let tree = Leaves(all[..size as usize].to_vec());
            let root = tlog::Hash(root_by_definition(&tree.0));
            let proof: Vec<tlog::Hash> = inclusion_proof(&tree, index, size)
                .unwrap()
                .unwrap()
                .into_iter()
                .map(tlog::Hash)
                .collect();
            tlog::check_record(&proof, size, root, index, theirs[index as usize]).unwrap();
        }
        for (old, new) in [(1, 2), (6, 300), (256, 300), (255, 256)] {
            let tree = Leaves(all[..new as usize].to_vec());
            let root = |size: u64| tlog::Hash(root_by_definition(&all[..size as usize]));
            let proof: Vec<tlog::Hash> = consistency_proof(&tree, old, new)
                .unwrap()
                .unwrap()
                .into_iter()
                .map(tlog::Hash)
                .collect();
            tlog::check_tree(&proof, new, root(new), old, root(old)).unwrap();
        }
    }
}
