//! Any address is that of a tile or is refused; any bundle has entries or is refused; any tiles are
//! those of a signed tree, or are not.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use retrace_core::log::checkpoint::LogKey;
use retrace_core::log::merkle::{Hash, empty_root};
use retrace_core::log::tile::{Tile, entries, push_entry};
use retrace_core::log::tiles_check::TilesCheck;
use retrace_core::{LogId, Position};

static KEY: LazyLock<LogKey> =
    LazyLock::new(|| LogKey::generate(LogId::new_random()).expect("the system has random bytes"));

fuzz_target!(|input: (&str, &[u8], u64, u64, Vec<Vec<Hash>>)| {
    let (address, bundle, size, old, tiles) = input;
    if let Ok(tile) = address.parse::<Tile>() {
        assert_eq!(tile.to_string(), format!("tile/{address}"));
    }
    if let Some(entries) = entries(bundle) {
        let mut again = Vec::new();
        assert!(entries.iter().all(|entry| push_entry(&mut again, entry)));
        assert_eq!(again, bundle);
    }
    let head = KEY.sign(Position(size), empty_root());
    let kept = KEY.sign(Position(old), empty_root());
    let Ok(mut check) = TilesCheck::new(head, &[kept]) else {
        return;
    };
    let edge: Vec<(Tile, Vec<Hash>)> = check
        .edge_tiles(Position(old))
        .into_iter()
        .zip(tiles.iter().cloned())
        .collect();
    let _ = check.clone().skip_to(Position(old), &edge);
    for (tile, hashes) in check.leaf_tiles().zip(&tiles) {
        if check.take_leaves(tile, hashes).is_err() {
            return;
        }
    }
    let _ = check.partial_tiles();
    let _ = check.finish();
});
