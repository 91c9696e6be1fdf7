//! The house: which crate may use which, as `ARCHITECTURE.md` says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

/// Each crate with the crates of ours that it may use when it runs.
const MAY_USE: [(&str, &[&str]); 8] = [
    ("core", &[]),
    ("media", &[]),
    ("ingest", &["retrace-core", "retrace-media"]),
    ("projections", &["retrace-core", "retrace-media"]),
    (
        "query",
        &["retrace-core", "retrace-media", "retrace-projections"],
    ),
    (
        "api",
        &[
            "retrace-core",
            "retrace-ingest",
            "retrace-media",
            "retrace-projections",
            "retrace-query",
            "retrace-scratch-postgres",
        ],
    ),
    ("tests", &["retrace-scratch-postgres"]),
    ("tests/postgres", &[]),
];

#[test]
fn dependencies_point_the_way_the_architecture_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (folder, allowed) in MAY_USE {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let dependencies = dependencies.split("\n[").next().unwrap();
        let ours: Vec<&str> = dependencies
            .lines()
            .filter_map(|line| line.split(['.', ' ', '=']).next())
            .filter(|name| name.starts_with("retrace-"))
            .collect();
        for name in &ours {
            assert!(allowed.contains(name), "{folder} must not use {name}");
        }
    }
    let members = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for (folder, _) in MAY_USE {
        assert!(
            members.contains(&format!("\"{folder}\"")),
            "{folder} is no member"
        );
    }
}
