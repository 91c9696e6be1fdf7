//! Receipts, checkpoints and the tree, checked by a second implementation: nothing here is shared
//! with the one that it checks. It follows [C2SP signed-note](https://c2sp.org/signed-note),
//! [tlog-checkpoint](https://c2sp.org/tlog-checkpoint), [tlog-proof](https://c2sp.org/tlog-proof) and
//! RFC 9162.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Broken;

/// The hash of a node.
pub(super) type Hash = [u8; 32];

/// Size and root of a tree that the log has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// How many leaves.
    pub(super) size: u64,
    /// The root over them.
    pub(super) root: Hash,
}

/// What a receipt says, once it is proved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Receipt {
    /// The position of the event.
    pub(super) position: u64,
    /// The tree that the proof leads to.
    pub(super) head: Head,
}

/// The key of a log, to check its signatures with.
#[derive(Debug, Clone)]
pub(super) struct LogKey {
    name: String,
    id: Vec<u8>,
    key: VerifyingKey,
}

impl LogKey {
    /// Reads a verifier key: `name+id+key`.
    pub(super) fn parse(text: &str) -> Result<Self, Broken> {
        let parts: Vec<&str> = text.trim().splitn(3, '+').collect();
        let bad = || Broken::new(format!("`{text}` is no verifier key"));
        let [name, id, key] = parts[..] else {
            return Err(bad());
        };
        let key = BASE64_STANDARD.decode(key).map_err(|_| bad())?;
        // 1 stands for Ed25519.
        let Some((1, public)) = key.split_first() else {
            return Err(bad());
        };
        let public = public.try_into().map_err(|_| bad())?;
        let hashed = Sha256::digest([name.as_bytes(), b"\n", &key].concat());
        if id != hex(&hashed[..4]) {
            return Err(bad());
        }
        Ok(Self {
            name: name.to_owned(),
            id: hashed[..4].to_vec(),
            key: VerifyingKey::from_bytes(public).map_err(|_| bad())?,
        })
    }

    /// Reads a signed checkpoint.
    pub(super) fn open(&self, note: &str) -> Result<Head, Broken> {
        let bad = |what: &str| Broken::new(format!("a checkpoint {what}: {note:?}"));
        let end = note
            .find("\n\n")
            .ok_or_else(|| bad("without a signature"))?;
        let (text, signatures) = (&note[..=end], &note[end + 2..]);
        let ours = format!("\u{2014} {} ", self.name);
        let signature = signatures.lines().find_map(|line| line.strip_prefix(&ours));
        let signature = signature.and_then(|signature| BASE64_STANDARD.decode(signature).ok());
        let signature = signature.ok_or_else(|| bad("that is not signed by the log"))?;
        let valid = signature.len() == 68
            && signature[..4] == self.id
            && Signature::from_slice(&signature[4..]).is_ok_and(|signature| {
                let verified = self.key.verify_strict(text.as_bytes(), &signature);
                verified.is_ok()
            });
        if !valid {
            return Err(bad("whose signature is not the log's"));
        }
        let lines: Vec<&str> = text.lines().collect();
        let [origin, size, root] = lines[..] else {
            return Err(bad("of other than three lines"));
        };
        if origin != self.name {
            return Err(bad("of another log"));
        }
        let root = BASE64_STANDARD.decode(root).ok();
        match (size.parse(), root.and_then(|root| root.try_into().ok())) {
            (Ok(size), Some(root)) => Ok(Head { size, root }),
            _ => Err(bad("without size and root")),
        }
    }

    /// Reads a receipt, and checks that it proves that the log holds the leaf that `leaf` puts
    /// together from the receipt's position, time and salt.
    pub(super) fn check_receipt(
        &self,
        receipt: &str,
        leaf: impl FnOnce(u64, &str, &str) -> String,
    ) -> Result<Receipt, Broken> {
        let bad = |what: &str| Broken::new(format!("a receipt {what}: {receipt:?}"));
        let (proof, note) = receipt
            .split_once("\n\n")
            .ok_or_else(|| bad("without a checkpoint"))?;
        let mut lines = proof.lines();
        if lines.next() != Some("c2sp.org/tlog-proof@v1") {
            return Err(bad("of another format"));
        }
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.and_then(|extra| BASE64_STANDARD.decode(extra).ok());
        let extra = extra.and_then(|extra| serde_json::from_slice::<Value>(&extra).ok());
        let extra = extra.ok_or_else(|| bad("without time and salt"))?;
        let (Some(at), Some(salt)) = (extra["recordedAt"].as_str(), extra["salt"].as_str()) else {
            return Err(bad("without time and salt"));
        };
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|index| index.parse().ok());
        let position = index.ok_or_else(|| bad("without an index"))?;
        let path: Option<Vec<Hash>> = lines
            .map(|line| BASE64_STANDARD.decode(line).ok()?.try_into().ok())
            .collect();
        let path = path.ok_or_else(|| bad("with something else than hashes"))?;
        let head = self.open(note)?;
        let hash = leaf_hash(leaf(position, at, salt).as_bytes());
        if root_from_path(hash, position, head.size, &path) != Some(head.root) {
            return Err(bad("that does not prove what was sent"));
        }
        Ok(Receipt { position, head })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a leaf.
pub(super) fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let node = Sha256::new().chain_update([1]);
    node.chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// RFC 9162, 2.1.3.2.
fn root_from_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut index, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if index & 1 == 1 || index == last {
            root = node_hash(sibling, &root);
            while index & 1 == 0 && index != 0 {
                (index, last) = (index >> 1, last >> 1);
            }
        } else {
            root = node_hash(&root, sibling);
        }
        (index, last) = (index >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// A tree that grows leaf by leaf: the roots of its complete subtrees, the largest first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    subtrees: Vec<(u64, Hash)>,
}

impl Tree {
    /// Adds a leaf.
    pub(super) fn push(&mut self, leaf: &[u8]) {
        let (mut size, mut hash) = (1, leaf_hash(leaf));
        while let Some((left_size, left)) = self.subtrees.last()
            && *left_size == size
        {
            (size, hash) = (2 * size, node_hash(left, &hash));
            self.subtrees.pop();
        }
        self.subtrees.push((size, hash));
    }

    /// The root.
    pub(super) fn root(&self) -> Hash {
        let mut hashes = self.subtrees.iter().rev().map(|(_, hash)| *hash);
        let Some(smallest) = hashes.next() else {
            return Sha256::digest([]).into();
        };
        hashes.fold(smallest, |right, left| node_hash(&left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the test vectors of Certificate Transparency: the roots of the trees of the first 0 to 8
    /// of its leaves.
    #[test]
    fn the_tree_has_the_roots_that_others_compute() {
        let leaves: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[
                0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                0x6e, 0x6f,
            ],
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        assert_eq!(hex(&tree.root()), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(leaf);
            assert_eq!(hex(&tree.root()), *root);
        }
    }
}
