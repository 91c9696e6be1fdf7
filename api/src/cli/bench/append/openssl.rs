//! What hashing alone would cost: the leaves and the nodes of the tree, by `openssl speed`, on as many
//! cores as there are.

use std::process::Command;

use anyhow::{Context, ensure};

/// A node is hashed from a byte and two hashes.
const NODE_BYTES: usize = 65;

/// How many events a second could be hashed, as leaves of so many bytes and into the tree.
pub(super) fn events_per_second(leaf_bytes: usize) -> anyhow::Result<f64> {
    // A leaf is hashed with a byte before it.
    let leaves = hashes_per_second(leaf_bytes + 1)?;
    let nodes = hashes_per_second(NODE_BYTES)?;
    // A tree has one node for each leaf, but for the first.
    Ok(1.0 / (1.0 / leaves + 1.0 / nodes))
}

fn hashes_per_second(bytes: usize) -> anyhow::Result<f64> {
    let cores = std::thread::available_parallelism()?.to_string();
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", "1", "-multi", &cores])
        .args(["-bytes", &bytes.to_string(), "-evp", "sha256"])
        .output()
        .context("openssl cannot be run")?;
    ensure!(output.status.success(), "openssl speed failed");
    let text = String::from_utf8_lossy(&output.stdout);
    // `+F:<number>:sha256:<bytes a second>`, and without several processes the same.
    let rate = text
        .lines()
        .filter_map(|line| line.strip_prefix("+F:"))
        .filter_map(|line| line.rsplit(':').next()?.trim().parse::<f64>().ok())
        .next_back()
        .with_context(|| format!("openssl speed said no rate: {text}"))?;
    Ok(rate / bytes as f64)
}
