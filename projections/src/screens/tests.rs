use std::path::{Path, PathBuf};

use proptest::prelude::*;
use retrace_core::SessionId;
use retrace_core::event::{EventBody, EventType};
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, ImportProgress, NoProgress, import_file};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};

use super::*;
use crate::terminal::{TerminalReplay, TerminalSize};
use crate::testing::{TestLog, any_body, attached, session, stream, typed, written};

fn build(test: &TestLog, batch: usize) -> PathBuf {
    let dir = test.models("models");
    let around = Surroundings {
        dir: dir.clone(),
        log: Arc::clone(&test.log),
        runtime: test.runtime.handle().clone(),
    };
    test.feed(&mut ScreensProjection::open(&around).unwrap(), &[batch]);
    dir
}

fn shown(test: &TestLog, dir: &Path, session: SessionId, limit_us: u64) -> Option<TerminalReplay> {
    let readers = ScreensProjection::readers(dir);
    test.runtime
        .block_on(screen_at(&readers, &test.log, session, limit_us))
        .unwrap()
}

/// All events of a stream.
fn events_of(test: &TestLog, stream: &StreamName) -> Vec<Event> {
    test.runtime
        .block_on(test.log.read_stream(stream, StreamVersion(0), usize::MAX))
        .unwrap()
}

/// The definition: the stream replayed from its start, up to the first event that drew too late.
fn replayed(events: &[Event], limit_us: u64) -> TerminalReplay {
    let mut replay = TerminalReplay::new(TerminalSize::DEFAULT);
    for event in events {
        let body = event.body().unwrap();
        if draws(&body) && offset_us(events[0].at(), event.at()) > limit_us {
            break;
        }
        replay.apply(&body);
    }
    replay
}

fn same(one: &TerminalReplay, other: &TerminalReplay) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.lines(), other.lines());
    prop_assert_eq!(one.cursor(), other.cursor());
    prop_assert_eq!(one.ansi(), other.ansi());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_screen_is_the_stream_replayed_from_its_start(
        events in prop::collection::vec((any_body(), -300_000..1_500_000_i64), 1..120),
        limits in prop::collection::vec(0..90_000_000_u64, 12),
        batch in 1..50_usize,
    ) {
        let test = TestLog::new();
        let mut at_us = 0;
        // A session is shown from its first output on.
        let events = [(written(""), 0)].into_iter().chain(events).map(|(body, pause_us)| {
            at_us += pause_us;
            (at_us, body)
        });
        test.append(session(1), "agent", events);
        let dir = build(&test, batch);
        let events = events_of(&test, &stream(session(1), "agent"));
        for limit_us in limits {
            let shown = shown(&test, &dir, session(1), limit_us).unwrap();
            same(&shown, &replayed(&events, limit_us))?;
        }
    }
}

/// Checks a whole recording: at its edges, and at moments strewn over it.
fn check_recording(test: &TestLog, session: SessionId) {
    let dir = build(test, 700);
    let streams = test
        .runtime
        .block_on(test.log.session_streams(session))
        .unwrap();
    let writes = |stream: &StreamName| {
        let events = events_of(test, stream);
        events
            .iter()
            .any(|event| *event.kind() == EventType::TERMINAL_WRITTEN)
            .then_some(events)
    };
    let events = streams.iter().find_map(writes).unwrap();
    let start_us = test.runtime.block_on(async {
        test.log
            .read_stream(&streams[0], StreamVersion(0), 1)
            .await
            .unwrap()[0]
            .at()
    });
    assert_eq!(events[0].at(), start_us, "one stream, so one start");
    let end_us = offset_us(start_us, events.last().unwrap().at());
    let strewn = (0..40).map(|n| end_us / 40 * n + n * n * 997);
    for limit_us in strewn.chain([0, end_us - 1, end_us, end_us + 1, u64::MAX]) {
        let shown = shown(test, &dir, session, limit_us).unwrap();
        same(&shown, &replayed(&events, limit_us)).unwrap();
    }
}

fn import(test: &TestLog, path: &Path) -> SessionId {
    let options = ImportOptions::default();
    let progress: Arc<dyn ImportProgress> = Arc::new(NoProgress);
    let imported = import_file(test.log.as_ref(), path, &options, &progress);
    let imported = test.runtime.block_on(imported);
    imported.unwrap().session
}

#[test]
fn screens_of_real_recordings_are_the_recordings_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recordings/cast");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no recordings in {}", folder.display());
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cast")
        {
            let test = TestLog::new();
            check_recording(&test, import(&test, &path));
        }
    }
}

#[test]
fn screens_of_a_long_recording_are_the_recording_replayed() {
    for workload in [Workload::Output, Workload::Keystrokes] {
        let test = TestLog::new();
        let length = Length::Bytes(1_500_000);
        let cast = SyntheticCast {
            seed: 3,
            version: Version::V2,
            workload,
            length,
        };
        let path = test.dir.path().join("long.cast");
        cast.write_to(&mut std::fs::File::create(&path).unwrap())
            .unwrap();
        check_recording(&test, import(&test, &path));
    }
}

#[test]
fn a_moment_has_all_events_up_to_and_including_it() {
    let test = TestLog::new();
    let events = [
        (0, attached(20, 4)),
        (1_000, written("a")),
        (1_000, written("b")),
    ];
    test.append(session(1), "agent", events);
    test.append(
        session(1),
        "agent",
        [(2_000, written("c")), (1_500, written("late"))],
    );
    let dir = build(&test, 100);
    let cases = [
        (0, ""),
        (999, ""),
        (1_000, "ab"),
        (1_999, "ab"),
        (2_000, "abclate"),
    ];
    for (limit_us, want) in cases {
        let shown = shown(&test, &dir, session(1), limit_us).unwrap();
        assert_eq!(shown.lines()[0], want, "{limit_us} µs");
        assert_eq!(shown.size(), TerminalSize::clamped(20, 4), "{limit_us} µs");
    }
}

#[test]
fn the_terminal_that_wrote_first_is_shown() {
    let test = TestLog::new();
    test.append(session(1), "launcher", [(0, typed("x"))]);
    test.append(session(1), "proxy", [(0, attached(100, 30))]);
    test.append(session(1), "agent", [(0, written("agent"))]);
    test.append(session(1), "proxy", [(0, written("proxy"))]);
    test.append(
        session(2),
        "agent",
        [(0, attached(80, 24)), (0, typed("x"))],
    );
    let dir = build(&test, 1);
    assert_eq!(
        shown(&test, &dir, session(1), 0).unwrap().lines()[0],
        "agent"
    );
    assert!(
        shown(&test, &dir, session(2), 0).is_none(),
        "nothing was written"
    );
    assert!(
        shown(&test, &dir, session(3), 0).is_none(),
        "no such session"
    );
}

#[test]
fn a_tail_has_an_end_however_the_session_goes() {
    let quiet = |_| (0, typed("x"));
    let many: Vec<(i64, EventBody)> = (0..10_000).map(quiet).collect();
    let loud: Vec<_> = (0..20).map(|_| (0, written(&"x".repeat(60_000)))).collect();
    let slow: Vec<_> = (0..100)
        .map(|second| (second * 1_000_000, written("x")))
        .collect();
    // How many keyframes: each 4,096 events; each 256 KiB, which is each fifth event; each 5 s.
    for (case, events, want) in [("quiet", many, 2), ("loud", loud, 4), ("slow", slow, 19)] {
        let test = TestLog::new();
        test.append(session(1), "agent", [(0, written(""))]);
        test.append(session(1), "agent", events);
        let dir = build(&test, 1_000);
        let count = |connection: &Connection| {
            connection.query_row("SELECT count(*) FROM keyframes", [], |row| {
                row.get::<_, i64>(0)
            })
        };
        let found = ScreensProjection::readers(&dir)
            .read::<_, rusqlite::Error>(count)
            .unwrap();
        assert_eq!(found, want, "{case}");
    }
}

#[test]
fn streams_that_were_forgotten_are_made_again() {
    let mut recent = Recent::default();
    let name = |number: u16| {
        stream(
            SessionId::from(uuid::Uuid::from_u128(number.into())),
            "agent",
        )
    };
    for number in 0..3_000 {
        recent.put(&name(number), Stream::Silent);
    }
    assert_eq!(recent.streams.len(), STREAMS_MAX);
    assert!(recent.take(&name(0)).is_none() && recent.take(&name(2_999)).is_some());
}
