//! Proofs of any length, for any place in any tree, prove or do not prove.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_core::log::merkle::{Hash, TreeEdge, is_consistent, root_from_inclusion};

fuzz_target!(|input: (u64, u64, Hash, Hash, Vec<Hash>, Vec<u8>)| {
    let (small, large, old, new, proof, edge) = input;
    let _ = root_from_inclusion(old, small, large, &proof);
    let _ = is_consistent((small, &old), (large, &new), &proof);
    if let Some(edge) = TreeEdge::from_bytes(small, &edge) {
        let _ = edge.root();
    }
});
