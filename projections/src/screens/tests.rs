use std::path::{Path, PathBuf};

use proptest::prelude::*;
use retrace_core::SessionId;
use retrace_core::event::{EventBody, EventType};
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, ImportProgress, NoProgress, import_file};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};

use super::*;
use crate::Projection;
use crate::terminal::{TerminalReplay, TerminalSize};
use crate::testing::{
    TestLog, any_body, attached, content, output, resized, session, stream, typed, written,
};

fn build(test: &TestLog, batch: usize) -> PathBuf {
    let around = test.around("models");
    test.feed(&mut ScreensProjection::open(&around).unwrap(), &[batch]);
    around.dir
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
    let mut replay = TerminalReplay::with_scrollback(TerminalSize::DEFAULT);
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

/// Output that scrolls, on a terminal that is resized again and again, at times to such a size that
/// the keyframes of its resizes soon have taken all they may.
fn resizing_body() -> impl Strategy<Value = EventBody> {
    let small = (1..40_u32, 1..20_u32);
    prop_oneof![
        6 => "[a-z]{1,30}(\r\n[a-z]{1,9}){0,20}\r\n".prop_map(|text| written(&text)),
        3 => output().prop_map(|text| written(&text)),
        4 => small.clone().prop_map(|(columns, rows)| resized(columns, rows)),
        1 => (990..1_010_u32, 490..510_u32).prop_map(|(columns, rows)| resized(columns, rows)),
        1 => small.prop_map(|(columns, rows)| attached(columns, rows)),
        3 => Just(typed("x")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lines_come_back_at_resizes_however_many_and_whenever_it_was_opened(
        // Of two parts: in the latter there is credit for keyframes of small terminals only.
        before in prop::collection::vec(resizing_body(), 0..60),
        huge in prop::collection::vec(490..501_u32, 0..10),
        after in prop::collection::vec((resizing_body(), 0..400_000_i64), 1..60),
        limits in prop::collection::vec(0..12_000_000_u64, 8),
        batch in 1..30_usize,
    ) {
        let test = TestLog::new();
        let begin = [written("begin\r\n")].into_iter().chain(before);
        let huge = huge.into_iter().map(|rows| resized(1_000, rows));
        test.append(session(1), "agent", begin.chain(huge).map(|body| (0, body)));
        let mut at_us = 0;
        test.append(session(1), "agent", after.into_iter().map(|(body, pause_us)| {
            at_us += pause_us;
            (at_us, body)
        }));
        let dir = build(&test, 100_000);
        let around = test.around("reopened");
        loop {
            let mut reopened = ScreensProjection::open(&around).unwrap();
            let read = test.log.read(reopened.checkpoint(), batch);
            let events = test.runtime.block_on(read).unwrap();
            if events.is_empty() {
                break;
            }
            reopened.apply(&events).unwrap();
        }
        prop_assert!(content(&dir, &SCHEMA) == content(&around.dir, &SCHEMA));
        let events = events_of(&test, &stream(session(1), "agent"));
        for limit_us in limits {
            let shown = shown(&test, &dir, session(1), limit_us).unwrap();
            same(&shown, &replayed(&events, limit_us))?;
        }
    }
}

fn count_keyframes(dir: &Path) -> i64 {
    let count = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM keyframes", [], |row| row.get(0))
    };
    ScreensProjection::readers(dir)
        .read::<_, rusqlite::Error>(count)
        .unwrap()
}

#[test]
fn keyframes_at_resizes_have_a_budget() {
    // An ordinary window has one at each, a huge terminal at 8; one that writes 50 kB between them
    // at three more, and two because its tails are long.
    let turns = |n: u32, columns, rows, text: &str| -> Vec<_> {
        (0..n)
            .flat_map(|turn| [(0, resized(columns, rows - turn % 2)), (0, written(text))])
            .collect()
    };
    let loud = "x".repeat(50_000);
    for (case, events, want) in [
        ("ordinary", turns(300, 120, 36, "x"), 300),
        ("the same size again", vec![(0, resized(80, 24)); 100], 0),
        ("huge", turns(30, 1_000, 500, "x"), 8),
        ("huge and loud", turns(30, 1_000, 500, &loud), 13),
    ] {
        let test = TestLog::new();
        test.append(session(1), "agent", [(0, written("begin"))]);
        test.append(session(1), "agent", events);
        let dir = build(&test, 1_000);
        assert_eq!(count_keyframes(&dir), want, "{case}");
    }
}

/// A player keeps more lines than fit on the screen, and shows them when the terminal grows.
#[test]
fn a_screen_behind_a_resize_is_that_of_a_player() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/deploy-v3.cast");
    let test = TestLog::new();
    let session = import(&test, &path);
    let dir = build(&test, 700);
    let streams = test
        .runtime
        .block_on(test.log.session_streams(session))
        .unwrap();
    let events = events_of(&test, &streams[0]);
    // Right behind both resizes, and some seconds after them.
    for at_ms in [68_400, 74_500, 130_000, u64::MAX / 1_000] {
        let limit_us = at_ms * 1_000;
        let mut player = avt::Terminal::with_scrollback(100, 30, Some(10_000)).unwrap();
        for event in &events {
            if offset_us(events[0].at(), event.at()) > limit_us {
                break;
            }
            match event.body().unwrap() {
                EventBody::TerminalWritten(written) => player.feed(written.text.as_str()),
                EventBody::TerminalResized(size) => {
                    player.resize(size.columns as usize, size.rows as usize);
                }
                _ => {}
            }
        }
        let lines: Vec<_> = player
            .screen()
            .visible_lines()
            .map(|line| line.text().trim_end_matches(' ').to_owned())
            .collect();
        let shown = shown(&test, &dir, session, limit_us).unwrap();
        assert_eq!(shown.lines(), lines, "{at_ms} ms");
        if at_ms == 74_500 {
            assert_eq!(shown.size(), TerminalSize::clamped(120, 36));
            let forgetful = events
                .iter()
                .take_while(|event| offset_us(events[0].at(), event.at()) <= limit_us);
            let mut replay = TerminalReplay::new(TerminalSize::DEFAULT);
            forgetful.for_each(|event| {
                replay.apply(&event.body().unwrap());
            });
            assert_ne!(replay.lines(), lines, "else this moment shows nothing");
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
        assert_eq!(count_keyframes(&dir), want, "{case}");
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
