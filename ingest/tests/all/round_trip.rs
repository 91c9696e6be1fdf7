//! What was read can be written again, in the same version and in the other.

use proptest::prelude::*;
use retrace_core::Timestamp;
use retrace_core::event::{
    CodeKept, EndReason, EventBatch, EventBody, KeysTyped, MarkerSet, ProcessStopped,
    RecordingCommented, SessionEnded, SourceAttached, TerminalResized, TerminalWritten,
};
use retrace_ingest::asciicast::{Version, WriteError, Writer};
use retrace_ingest::import::{ImportOptions, NoProgress, import_file};

use crate::support::{
    Entry, entries, events_of, new_log, read, sample, shared, start, without_facts, write,
};

/// The first line of a file, as JSON.
fn header(file: &[u8]) -> serde_json::Value {
    serde_json::from_slice(file.split(|b| *b == b'\n').next().unwrap()).unwrap()
}

/// Imports `file` into a log of its own and gives the events of its session.
async fn import(file: &[u8], options: &ImportOptions) -> Vec<Entry> {
    let (dir, log) = new_log().await;
    let path = dir.path().join("recording.cast");
    std::fs::write(&path, file).unwrap();
    let progress = std::sync::Arc::new(NoProgress) as _;
    let imported = import_file(&log, &path, options, &progress).await.unwrap();
    events_of(&log, imported.session).await
}

#[tokio::test]
async fn real_recordings_survive_being_exported_and_imported_again() {
    let mut files = vec![sample("deploy-v3.cast"), sample("incident-v2.cast")];
    let others = [
        "borg-advanced.json",
        "borg2-demo.cast",
        "tcut-demo.cast",
        "blog-typing.cast",
        "server-welcome.cast",
        "zellij-leap-demo.cast",
    ];
    files.extend(
        others
            .iter()
            .filter_map(|name| shared(&format!("third-party/{name}"))),
    );
    for path in files {
        let name = path.display();
        let original = std::fs::read(&path).unwrap();
        let recording = read(original.as_slice()).unwrap();
        let events = import(&original, &ImportOptions::default()).await;
        for version in [Version::V2, Version::V3] {
            let exported = write(&events, version);
            let again = import(&exported, &ImportOptions::default()).await;
            assert_eq!(
                without_facts(&again),
                without_facts(&events),
                "{name} as {version}"
            );
            assert_eq!(again[0], events[0], "{name} as {version}");
            // A start that was guessed is written, because it is known from then on.
            if recording.header.version == version && recording.header.timestamp.is_some() {
                let first = |file: &[u8]| file.split(|b| *b == b'\n').next().unwrap().to_vec();
                assert_eq!(first(&exported), first(&original), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_recording_of_asciinema_comes_out_byte_for_byte() {
    for (name, version) in [
        ("deploy-v3.cast", Version::V3),
        ("incident-v2.cast", Version::V2),
    ] {
        let original = std::fs::read(sample(name)).unwrap();
        let events = import(&original, &ImportOptions::default()).await;
        let exported = write(&events, version);
        assert!(exported == original, "{name}");
    }
}

#[tokio::test]
async fn fields_move_to_where_the_other_version_has_them() {
    let v2 = b"{\"version\": 2, \"width\": 100, \"height\": 30, \"timestamp\": 1795214559, \
        \"idle_time_limit\": 2.5, \"title\": \"T\", \"theme\": {\"fg\": \"#fff\"}, \
        \"env\": {\"TERM\": \"xterm\", \"SHELL\": \"/bin/sh\"}, \"own\": [1]}\n[1, \"o\", \"a\"]\n";
    let events = import(v2, &ImportOptions::default()).await;
    let v3 = write(&events, Version::V3);
    assert_eq!(
        header(&v3),
        serde_json::json!({"version": 3, "timestamp": 1_795_214_559, "idle_time_limit": 2.5,
            "title": "T", "env": {"SHELL": "/bin/sh"}, "own": [1],
            "term": {"cols": 100, "rows": 30, "type": "xterm", "theme": {"fg": "#fff"}}})
    );
    assert!(v3.starts_with(b"{\"version\":3,"));
    let events = import(&v3, &ImportOptions::default()).await;
    let original: serde_json::Value = header(v2);
    assert_eq!(header(&write(&events, Version::V2)), original);
}

#[tokio::test]
async fn what_the_importer_was_told_goes_into_the_header() {
    let options = ImportOptions {
        started_at: Some(start()),
        title: Some("told".to_owned()),
        ..ImportOptions::default()
    };
    let file = std::fs::read(sample("incident-v2.cast")).unwrap();
    let events = import(&file, &options).await;
    let exported = write(&events, Version::V2);
    let header = header(&exported);
    assert_eq!(header["title"], "told");
    assert_eq!(header["timestamp"], start().micros() / 1_000_000);
    let again = import(&exported, &ImportOptions::default()).await;
    assert_eq!(without_facts(&again), without_facts(&events));
}

#[test]
fn what_the_format_has_no_place_for_is_counted() {
    let mut writer = Writer::new(Vec::new(), Version::V2).unwrap();
    let mut batch = EventBatch::new();
    let comment = RecordingCommented {
        text: " no".to_owned(),
    };
    batch.push(start(), comment).unwrap();
    batch
        .push(
            start(),
            ProcessStopped {
                exit_status: None,
                path: None,
                pid: 7,
            },
        )
        .unwrap();
    batch
        .push(
            start(),
            MarkerSet {
                label: "é".to_owned(),
            },
        )
        .unwrap();
    for (at, kind, data) in batch.iter_from(0) {
        writer.write(at, kind, data).unwrap();
    }
    assert_eq!(writer.skipped(), 2);
    let file = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(file.ends_with("}\n[0.0, \"m\", \"é\"]\n"), "{file}");
    assert!(matches!(
        Writer::new(Vec::new(), Version::V1),
        Err(WriteError::NotWritten)
    ));
}

/// An entry that a recording can hold, so long that it may have to be cut.
fn body() -> impl Strategy<Value = EventBody> {
    let long = (any::<String>(), 1..20_000_usize).prop_map(|(text, count)| {
        let chars = text.chars().count().max(1);
        text.repeat((count / chars).max(1))
    });
    let text = prop_oneof![4 => any::<String>(), 1 => long];
    let line = "[^\r\n]{0,20}";
    prop_oneof![
        4 => text.prop_map(|text| TerminalWritten { continued: false, text }.into()),
        2 => any::<String>().prop_map(|text| KeysTyped::typed(text).into()),
        1 => any::<String>().prop_map(|label| MarkerSet { label }.into()),
        1 => (1..=10_000_u32, 1..=10_000_u32)
            .prop_map(|(columns, rows)| TerminalResized { columns, rows }.into()),
        1 => line.prop_map(|text| RecordingCommented { text }.into()),
        1 => ("[^oimrx]", any::<String>()).prop_map(|(code, data)| CodeKept { code, data }.into()),
    ]
}

/// A recording that began at a whole second: entries, and how it ended.
fn recording(
    bodies: Vec<(u32, EventBody)>,
    exit_status: Option<i32>,
    comments: bool,
) -> (EventBatch, EventBatch) {
    let mut now = start();
    let (mut all, mut entries) = (EventBatch::new(), EventBatch::new());
    let attached = SourceAttached {
        columns: Some(80),
        recording: None,
        rows: Some(24),
    };
    all.push(start(), attached).unwrap();
    for (interval_us, body) in bodies {
        if matches!(body, EventBody::RecordingCommented(_)) {
            if !comments {
                continue;
            }
        } else {
            now = now.saturating_add_micros(interval_us.into());
        }
        // What does not fit into a leaf is not an event; the parser cuts it, which other tests see.
        if entries.push(now, body.clone()).is_ok() {
            all.push(now, body).unwrap();
        }
    }
    let reason = EndReason::Unknown;
    all.push(
        now,
        SessionEnded {
            exit_status,
            reason,
        },
    )
    .unwrap();
    (all, entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_is_written_is_read_again(
        bodies in prop::collection::vec((0..3_000_000_u32, body()), 0..20),
        exit_status in any::<Option<i32>>(),
        v3 in any::<bool>(),
    ) {
        let version = if v3 { Version::V3 } else { Version::V2 };
        let (all, wanted) = recording(bodies, exit_status, v3);
        let all: Vec<_> = entries(&all).collect();
        let file = write(&all, version);
        let got = read(file.as_slice()).unwrap();
        prop_assert_eq!(got.events, entries(&wanted).collect::<Vec<_>>());
        prop_assert_eq!(got.facts.exit_status, exit_status);
        prop_assert_eq!(got.header.timestamp, Some(start()));
        prop_assert_eq!((got.header.columns, got.header.rows), (80, 24));
    }

    #[test]
    fn output_that_was_cut_is_one_entry_again(text in any::<String>(), count in 1..60_000_usize) {
        let text = text.repeat((count / text.len().max(1)).max(1));
        let json = serde_json::to_string(&text).unwrap();
        let file = format!(
            "{{\"version\":3,\"term\":{{\"cols\":1,\"rows\":1}},\"timestamp\":1}}\n\
             [0.001, \"o\", {json}]\n[0.000, \"o\", \"\"]\n"
        );
        let recording = read(file.as_bytes()).unwrap();
        let written = write(&recording.events, Version::V3);
        let lines = |file: &[u8]| file.split(|b| *b == b'\n').skip(1).map(<[u8]>::to_vec).collect::<Vec<_>>();
        // Read apart from a session, the first event is where the times begin.
        let first = lines(&written);
        let original = lines(file.as_bytes());
        prop_assert_eq!(first[0].strip_prefix(b"[0.000"), original[0].strip_prefix(b"[0.001"));
        prop_assert_eq!(&first[1..], &original[1..]);
    }
}

#[test]
fn times_that_go_back_between_sources_do_not_go_back_in_the_file() {
    let mut writer = Writer::new(Vec::new(), Version::V2).unwrap();
    let later = |us| Timestamp::saturating_add_micros(start(), us);
    let mut batch = EventBatch::new();
    for (us, text) in [(5, "a"), (9, "b"), (7, "c")] {
        batch
            .push(later(us), KeysTyped::typed(text.to_owned()))
            .unwrap();
    }
    for (at, kind, data) in batch.iter_from(0) {
        writer.write(at, kind, data).unwrap();
    }
    let file = writer.finish().unwrap();
    let lines: Vec<_> = read(file.as_slice())
        .unwrap()
        .events
        .iter()
        .map(|e| e.2.clone())
        .collect();
    assert_eq!(lines.len(), 3);
}
