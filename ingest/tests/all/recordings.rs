//! Real recordings of all versions, against facts that were established apart from this code.

use std::fs::File;

use crate::support::{read, sample, shared};
use retrace_ingest::asciicast::{Counts, Version};

struct Case {
    name: &'static str,
    version: Version,
    /// Columns and rows at the start.
    size: (u32, u32),
    duration_ms: u64,
    counts: Counts,
}

#[test]
fn real_recordings_have_the_entries_and_times_that_are_known_of_them() {
    let none = Counts::default();
    #[rustfmt::skip]
    let cases = [
        Case { name: "cast/deploy-v3.cast", version: Version::V3, size: (100, 30), duration_ms: 121_436,
            counts: Counts { outputs: 760, inputs: 694, resizes: 2, exits: 1, ..none } },
        Case { name: "cast/incident-v2.cast", version: Version::V2, size: (110, 32), duration_ms: 110_580,
            counts: Counts { outputs: 552, inputs: 521, ..none } },
        Case { name: "third-party/borg-advanced.json", version: Version::V1, size: (78, 24), duration_ms: 430_136,
            counts: Counts { outputs: 1_929, ..none } },
        Case { name: "third-party/borg2-demo.cast", version: Version::V2, size: (100, 30), duration_ms: 242_191,
            counts: Counts { outputs: 3_010, ..none } },
        Case { name: "third-party/tcut-demo.cast", version: Version::V2, size: (80, 27), duration_ms: 26_406,
            counts: Counts { outputs: 506, inputs: 409, markers: 5, ..none } },
        Case { name: "third-party/blog-typing.cast", version: Version::V2, size: (86, 22), duration_ms: 16_043,
            counts: Counts { outputs: 93, inputs: 42, ..none } },
        Case { name: "third-party/server-welcome.cast", version: Version::V2, size: (80, 20), duration_ms: 119_208,
            counts: Counts { outputs: 785, resizes: 1, ..none } },
        Case { name: "third-party/zellij-leap-demo.cast", version: Version::V3, size: (139, 34), duration_ms: 26_936,
            counts: Counts { outputs: 1_314, exits: 1, ..none } },
    ];
    for Case {
        name,
        version,
        size,
        duration_ms,
        counts,
    } in cases
    {
        let Some(path) = shared(name) else { continue };
        let recording = read(File::open(path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let header = &recording.header;
        assert_eq!(header.version, version, "{name}");
        assert_eq!((header.columns, header.rows), size, "{name}");
        assert_eq!(
            (recording.facts.duration_us + 500) / 1_000,
            duration_ms,
            "{name}"
        );
        assert_eq!(recording.facts.counts, counts, "{name}");
    }
}

#[test]
fn what_a_header_says_is_known() {
    let read = |name| shared(name).map(|path| read(File::open(path).unwrap()).unwrap());
    if let Some(welcome) = read("third-party/server-welcome.cast") {
        assert_eq!(
            welcome.header.title.as_deref(),
            Some("Welcome to asciinema!")
        );
        assert_eq!(welcome.header.command.as_deref(), Some("PS1=\"> \" bash"));
        assert_eq!(welcome.header.timestamp, None);
    }
    if let Some(borg) = read("third-party/borg2-demo.cast") {
        assert_eq!(borg.header.idle_limit_us, Some(2_000_000));
        let timestamp = borg.header.timestamp.unwrap().to_string();
        assert_eq!(timestamp, "2026-07-21T22:02:19.000000Z");
        assert!(
            borg.header
                .text
                .starts_with("{\"version\": 2, \"width\": 100,")
        );
    }
    if let Some(deploy) = read("cast/deploy-v3.cast") {
        assert_eq!(deploy.header.env["SHELL"], "/bin/bash");
        assert_eq!(deploy.facts.exit_status, Some(0));
    }
    if let Some(borg) = read("third-party/borg-advanced.json") {
        assert!(
            borg.header
                .text
                .starts_with("{\"command\":null,\"duration\":446.783754,")
        );
    }
}

#[test]
fn recordings_that_break_the_format_are_refused_with_line_and_reason() {
    let cases = [
        (
            "v1-invalid-time-1.json",
            "line 8: the time is -4.419754, expected seconds from 0 up to ten years",
        ),
        ("v2-broken.cast", "line 3: not JSON: expected value"),
        (
            "v2-invalid-resize.cast",
            "line 3: the size is -1x0, expected COLUMNSxROWS, each from 1 to 10000",
        ),
        (
            "v3-invalid-code.cast",
            "line 3: the code is 5, expected a text",
        ),
    ];
    for (name, want) in cases {
        let Some(path) = shared(&format!("third-party/invalid/{name}")) else {
            continue;
        };
        let error = read(File::open(path).unwrap()).expect_err(name);
        assert_eq!(error.to_string(), want, "{name}");
    }
}

#[test]
fn the_samples_of_the_repository_are_valid() {
    let mut count = 0;
    for entry in std::fs::read_dir(sample("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "cast") {
            let recording = read(File::open(&path).unwrap());
            let recording = recording.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            assert!(recording.facts.counts.outputs > 0, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 5, "{count} samples");
}
