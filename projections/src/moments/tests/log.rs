//! The projection over a log: exactly once, and the same however the log is cut.

use std::path::Path;

use proptest::prelude::*;
use retrace_core::event::{
    ClipboardCopied, ClockMeasured, Direction, EndReason, EventBody, FileTransferred, MessageSent,
    ProcessStarted, ProcessStopped, SessionEnded, SessionLaunched, WindowFocused,
};
use retrace_core::{Position, SourceName};
use tantivy::collector::DocSetCollector;
use tantivy::query::AllQuery;

use super::super::{Moment, MomentKind, MomentsProjection, MomentsReader};
use super::casts::any_event;
use crate::testing::{TestLog, attached, marked, purged, session, t0, typed, written};
use crate::{Projection, ProjectionError};

/// All moments of the index, in the order of their ids.
pub(super) fn moments(dir: &Path) -> Vec<Moment> {
    let view = MomentsReader::new(dir).view().unwrap();
    let found = view.searcher.search(&AllQuery, &DocSetCollector).unwrap();
    let read = |address| view.fields.read(&view.searcher, address).unwrap();
    let mut moments: Vec<Moment> = found.into_iter().map(read).collect();
    moments.sort_by_key(|moment| moment.id);
    moments
}

fn ended() -> EventBody {
    SessionEnded {
        exit_status: None,
        reason: EndReason::User,
    }
    .into()
}

/// By how much a source is found to be ahead of the server, if that is measured.
fn any_skew() -> impl Strategy<Value = Option<i64>> {
    let skew_us = prop_oneof![Just(0_i64), -5_000_000..5_000_000_i64, Just(3_600_000_000)];
    prop::option::of(skew_us)
}

fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        60 => any_event(),
        1 => (1..40_u32, 1..20_u32).prop_map(|(columns, rows)| attached(columns, rows)),
        2 => "[a-z]{0,4}".prop_map(|label| marked(&label)),
        1 => Just(ended()),
        1 => Just(purged()),
        3 => (1..4_u32, 0..2_u8).prop_map(|(pid, what)| match what {
            0 => started(pid, "/bin/cat", None),
            _ => stopped(pid, Some(0)),
        }),
        1 => "[ab]{0,1}".prop_map(|title| focused(&title, None)),
    ]
}

fn started(pid: u32, path: &str, user: Option<&str>) -> EventBody {
    ProcessStarted {
        arguments: vec![path.to_owned(), "-a".to_owned(), "C:\\x y.txt".to_owned()],
        parent_pid: Some(1),
        path: path.to_owned(),
        pid,
        user: user.map(str::to_owned),
    }
    .into()
}

fn stopped(pid: u32, exit_status: Option<i32>) -> EventBody {
    ProcessStopped {
        exit_status,
        path: None,
        pid,
    }
    .into()
}

fn focused(title: &str, process: Option<&str>) -> EventBody {
    WindowFocused {
        pid: None,
        process: process.map(str::to_owned),
        title: title.to_owned(),
    }
    .into()
}

fn clock(source: &str, skew_us: i64) -> EventBody {
    ClockMeasured {
        sent_at: t0(),
        skew_us,
        source: SourceName::new(source).unwrap(),
    }
    .into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_moments_are_the_same_however_the_log_is_cut_and_whenever_it_was_opened(
        appends in prop::collection::vec(
            (0..3_u8, 0..2_usize, prop::collection::vec((any_body(), -100_000..2_000_000_i64), 1..40), any_skew()),
            1..10,
        ),
        cuts in prop::collection::vec(1..60_usize, 1..6),
        cells_max in 1..10_000_usize,
    ) {
        let test = TestLog::new();
        let mut at_us = 0;
        for (number, source, events, skew_us) in appends {
            let events = events.into_iter().map(|(body, pause_us)| {
                at_us += pause_us;
                (at_us, body)
            });
            test.append(session(number), ["agent", "proxy"][source], events);
            let measured = skew_us.map(|skew_us| (at_us, clock(["agent", "proxy"][source], skew_us)));
            if measured.is_some() {
                test.append(session(number), "control", measured);
            }
        }
        let (whole, cut) = (test.around("whole"), test.around("cut"));
        test.feed(&mut MomentsProjection::open(&whole).unwrap(), &[100_000]);
        for size in cuts.iter().cycle() {
            let mut reopened = MomentsProjection::open(&cut).unwrap();
            reopened.sessions.limit_cells(cells_max);
            // Two batches, so that sessions are put aside and fetched again without a restart, too.
            let before = reopened.checkpoint();
            for _ in 0..2 {
                let read = test.log.read(reopened.checkpoint(), *size);
                reopened.apply(&test.runtime.block_on(read).unwrap()).unwrap();
            }
            if reopened.checkpoint() == before {
                break;
            }
            // A batch without moments is not stored by itself: store it, to get on.
            let checkpoint = reopened.checkpoint;
            reopened.writer.commit(checkpoint).unwrap();
            // A process that has ended merges no more.
            reopened.writer.settle().unwrap();
        }
        prop_assert_eq!(moments(&whole.dir), moments(&cut.dir));
    }
}

#[test]
fn a_batch_is_applied_once_and_a_gap_is_refused() {
    let test = TestLog::new();
    let lines = (0..10).map(|second| (second * 2_000_000, written(&format!("line {second}\r\n"))));
    test.append(session(1), "agent", lines);
    let events = test
        .runtime
        .block_on(test.log.read(Position(0), 10))
        .unwrap();
    let at = test.around("models");
    let mut projection = MomentsProjection::open(&at).unwrap();
    projection.apply(&events[..6]).unwrap();
    projection.apply(&events[2..5]).unwrap();
    projection.apply(&[]).unwrap();
    let gap = projection.apply(&events[8..]);
    let (checkpoint, found) = (Position(6), Position(8));
    assert!(
        matches!(gap, Err(ProjectionError::Gap { checkpoint: c, found: f }) if (c, f) == (checkpoint, found))
    );
    projection.apply(&events[4..]).unwrap();
    let texts: Vec<String> = moments(&at.dir)
        .into_iter()
        .map(|moment| moment.text)
        .collect();
    assert_eq!(
        texts,
        (0..9)
            .map(|second| format!("line {second}"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_moment_stands_in_its_session() {
    let test = TestLog::new();
    let launched = SessionLaunched {
        user: Some("ops".to_owned()),
        host: Some("bastion-1".to_owned()),
        ..SessionLaunched::default()
    };
    test.append(
        session(1),
        "agent",
        [
            (1_000_000, launched.into()),
            (1_000_000, attached(40, 5)),
            (2_000_000, written("$ ")),
            (3_000_000, typed("l")),
            (3_500_000, written("l")),
            (4_500_000, typed("s")),
            (4_500_000, written("s")),
            (5_000_000, typed("\r")),
            (5_000_000, written("\r\nfile\r\n$ ")),
            (6_500_000, marked("")),
            (7_000_000, ended()),
        ],
    );
    let at = test.around("models");
    test.feed(&mut MomentsProjection::open(&at).unwrap(), &[100]);
    let found = moments(&at.dir);
    let mut shown: Vec<(MomentKind, &str, u64, u64)> = found
        .iter()
        .map(|m| {
            (
                m.kind,
                m.text.as_str(),
                m.start_us / 1000,
                m.offset_us / 1000,
            )
        })
        .collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            (MomentKind::Keys, "ls", 2_000, 3_500),
            (MomentKind::Command, "ls", 2_000, 4_000),
            (MomentKind::Screen, "$ ls", 1_000, 3_500),
            (MomentKind::Screen, "file", 4_000, 4_000),
            (MomentKind::Marker, "", 5_500, 5_500),
        ]
    );
    assert!(found.iter().all(|moment| moment.session == session(1)));
    let line = found.iter().find(|moment| moment.text == "$ ls").unwrap();
    assert_eq!(line.offset_us_of_first(3), 2_500_000);
    assert_eq!(line.offset_us_of_first(4), 3_500_000);
}

#[test]
fn a_purged_session_leaves_nothing() {
    let test = TestLog::new();
    for number in [1, 2] {
        test.append(
            session(number),
            "agent",
            [(0, written("secret\r\n")), (5, marked("m"))],
        );
    }
    test.append(
        session(1),
        "agent",
        [(9_000_000, purged()), (9_500_000, ended())],
    );
    let at = test.around("models");
    test.feed(&mut MomentsProjection::open(&at).unwrap(), &[3]);
    let left = moments(&at.dir);
    assert!(
        left.iter().all(|moment| moment.session == session(2)) && !left.is_empty(),
        "{left:?}"
    );
}

/// What is taken out of an index is only marked, until its segment is written anew.
#[test]
fn no_segment_keeps_the_words_of_a_purged_session() {
    use tantivy::{Index, SegmentReader};

    let test = TestLog::new();
    for number in [1, 2] {
        let events = (0..300).map(|at| (at * 1_000, written(&format!("word{number}n{at}\r\n"))));
        test.append(session(number), "agent", events);
    }
    let at = test.around("models");
    let words_of = |number: u8| {
        let index = Index::open_in_dir(crate::moments::path(&at.dir)).unwrap();
        let field = index.schema().get_field("text").unwrap();
        let mut words = 0;
        for segment in index.searchable_segments().unwrap() {
            let reader = SegmentReader::open(&segment).unwrap();
            let terms = reader.inverted_index(field).unwrap();
            let all = (0..300).map(|at| format!("word{number}n{at}"));
            words += all
                .filter(|word| terms.terms().get(word.as_bytes()).unwrap().is_some())
                .count();
        }
        words
    };
    let mut projection = MomentsProjection::open(&at).unwrap();
    test.feed(&mut projection, &[1_000]);
    let (first, second) = (words_of(1), words_of(2));
    assert!(first > 200 && second > 200, "{first} {second}");
    test.append(session(1), "control", [(9_000_000, purged())]);
    test.feed(&mut projection, &[1_000]);
    assert_eq!(words_of(1), first, "they are only marked");
    // It is remembered over a restart.
    drop(projection);
    let mut projection = MomentsProjection::open(&at).unwrap();
    let start = std::time::Instant::now();
    while words_of(1) > 0 {
        projection.rest().unwrap();
        assert!(start.elapsed().as_secs() < 20, "{} are left", words_of(1));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(words_of(2), second);
    projection.rest().unwrap();
    let left = moments(&at.dir);
    assert!(!left.is_empty() && left.iter().all(|moment| moment.session == session(2)));
}

/// The moments of the events, applied in batches of each of the sizes: kind, text, milliseconds,
/// and what is known of it.
fn told(test: &TestLog, sizes: &[usize]) -> Vec<String> {
    let mut shown: Option<Vec<String>> = None;
    for size in sizes {
        let at = test.around(&format!("models-{size}"));
        test.feed(&mut MomentsProjection::open(&at).unwrap(), &[*size]);
        let mut lines: Vec<(u64, String)> = moments(&at.dir)
            .into_iter()
            .map(|m| {
                let d = m.detail;
                let detail = (
                    d.app,
                    d.cwd,
                    d.exit_status,
                    d.duration_us.map(|us| us / 1000),
                );
                (
                    m.offset_us,
                    format!(
                        "{:?} {:?} {} {detail:?}",
                        m.kind,
                        m.text,
                        m.offset_us / 1000
                    ),
                )
            })
            .collect();
        lines.sort();
        let lines = lines.into_iter().map(|(_, line)| line).collect();
        match &shown {
            Some(shown) => assert_eq!(*shown, lines, "in batches of {size}"),
            None => shown = Some(lines),
        }
    }
    shown.unwrap_or_default()
}

#[test]
fn what_recorders_tell_is_found() {
    let test = TestLog::new();
    let system = Some("NT AUTHORITY\\SYSTEM");
    let task_manager = "C:\\Windows\\System32\\Taskmgr.exe";
    let copied = |text: Option<&str>, media_type: &str, direction| {
        EventBody::from(ClipboardCopied {
            direction,
            media_type: media_type.to_owned(),
            text: text.map(str::to_owned),
        })
    };
    let file = FileTransferred {
        bytes: Some(1_234),
        direction: Direction::Out,
        path: "C:\\Users\\ops\\lsass.DMP".to_owned(),
        sha256: None,
    };
    let events = [
        (0, started(4, task_manager, system)),
        (500_000, focused("Task Manager", Some(task_manager))),
        (600_000, focused("Task Manager", Some(task_manager))),
        (1_000_000, started(5, "/usr/bin/cat", None)),
        (1_500_000, stopped(4, Some(1))),
        (1_600_000, stopped(9, Some(0))), // nobody saw it start
        (1_700_000, started(5, "/usr/bin/cat", None)), // the id is used again
        (
            2_000_000,
            copied(Some("one two"), "text/plain", Direction::In),
        ),
        (2_100_000, copied(None, "image/png", Direction::Out)),
        (2_200_000, file.into()),
        (
            3_000_000,
            written("\x1b]0;ops@h: ~\x07$ \x1b]2;ops@h: ~\x07"),
        ),
        (4_500_000, written("\x1b]0;a\x07\x1b]0;b\x07\x1b]0;vim\x07")),
        (9_000_000, ended()),
    ];
    test.append(session(1), "agent", events);
    let message = MessageSent {
        by: "admin".to_owned(),
        reason: None,
        text: "please log off".to_owned(),
    };
    test.append(session(1), "control", [(3_500_000, message.into())]);
    assert_eq!(
        told(&test, &[1, 3, 100]),
        [
            "Process \"C:\\\\Windows\\\\System32\\\\Taskmgr.exe -a C:\\\\x y.txt\\nNT AUTHORITY\\\\SYSTEM\" 0 \
             (Some(\"Taskmgr.exe\"), None, Some(1), Some(1500))",
            "Window \"Task Manager\" 500 (Some(\"Taskmgr.exe\"), None, None, None)",
            "Process \"/usr/bin/cat -a C:\\\\x y.txt\" 1000 (Some(\"cat\"), None, None, None)",
            "Process \"/usr/bin/cat -a C:\\\\x y.txt\" 1700 (Some(\"cat\"), None, None, None)",
            "Clipboard \"one two\" 2000 (Some(\"in\"), None, None, None)",
            "Clipboard \"image/png\" 2100 (Some(\"out\"), None, None, None)",
            "File \"C:\\\\Users\\\\ops\\\\lsass.DMP (1234 bytes)\" 2200 (Some(\"out\"), None, None, None)",
            "Window \"ops@h: ~\" 3000 (None, None, None, None)",
            "Message \"admin: please log off\" 3500 (None, None, None, None)",
            "Window \"a\" 4500 (None, None, None, None)",
            "Window \"vim\" 4500 (None, None, None, None)",
        ]
    );
}

#[test]
fn a_command_is_there_at_once_and_is_told_again_when_it_has_ended() {
    let test = TestLog::new();
    let ended = SessionEnded {
        exit_status: Some(3),
        reason: EndReason::User,
    };
    let events = [
        (0, written("\x1b[?2004hops@h:~$ ")),
        (1_000_000, written("sleep 5")),
        (2_000_000, written("\r\n\x1b[?2004l\r")),
        (7_000_000, written("\x1b[?2004hops@h:~$ ")),
        (8_000_000, written("exit")),
        (9_000_000, written("\r\n\x1b[?2004l\rexit\r\n")),
        (9_500_000, ended.into()),
    ];
    test.append(session(1), "agent", events);
    let at = test.around("models");
    let mut projection = MomentsProjection::open(&at).unwrap();
    let commands = || {
        let found = moments(&at.dir).into_iter();
        let commands = found.filter(|moment| moment.kind == MomentKind::Command);
        let told = commands.map(|m| (m.id, m.text, m.detail.duration_us, m.detail.exit_status));
        told.collect::<Vec<_>>()
    };
    let events = test
        .runtime
        .block_on(test.log.read(Position(0), 10))
        .unwrap();
    projection.apply(&events[..3]).unwrap();
    let [(id, text, None, None)] = &commands()[..] else {
        panic!("{:?}", commands());
    };
    assert_eq!(text, "sleep 5");
    projection.apply(&events[3..]).unwrap();
    let found = commands();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], (*id, "sleep 5".to_owned(), Some(5_000_000), None));
    assert_eq!(found[1].1, "exit");
    assert_eq!((found[1].2, found[1].3), (Some(500_000), Some(3)));
}

#[test]
fn what_is_found_in_the_lines_of_a_command_stands_where_each_was_sent_off() {
    let test = TestLog::new();
    let events = [
        (0, written("\x1b[?2004hops@h:~$ ")),
        (1_000_000, written("cat > x <<EOF")),
        (2_000_000, written("\r\n\x1b[?2004l\r\x1b[?2004h> ")),
        (3_000_000, written("some text")),
        (4_000_000, written("\r\n\x1b[?2004l\r\x1b[?2004h> ")),
        (5_000_000, written("EOF")),
        (6_000_000, written("\r\n\x1b[?2004l\r\x1b[?2004hops@h:~$ ")),
        (9_000_000, ended()),
    ];
    test.append(session(1), "agent", events);
    let at = test.around("models");
    test.feed(&mut MomentsProjection::open(&at).unwrap(), &[1]);
    let found = moments(&at.dir);
    let command = found
        .iter()
        .find(|m| m.kind == MomentKind::Command)
        .unwrap();
    assert_eq!(command.text, "cat > x <<EOF\nsome text\nEOF");
    assert_eq!(command.offset_us, 2_000_000);
    for (part, second) in [
        ("cat", 2),
        ("<<EOF", 2),
        ("some", 4),
        ("text", 4),
        ("\nEOF", 6),
    ] {
        let end = command.text.rfind(part).unwrap() + part.len();
        assert_eq!(
            command.offset_us_of_first(end),
            second * 1_000_000,
            "{part}"
        );
    }
    assert_eq!(command.detail.duration_us, Some(0));
}

#[test]
fn the_command_that_a_session_was_launched_with_is_one() {
    let cases = [
        ("wc -l /etc/shadow", Some("wc"), Some(0)),
        ("/bin/bash", None, None),
        ("-bash", None, None),
    ];
    for (command, app, exit_status) in cases {
        let test = TestLog::new();
        let launched = SessionLaunched {
            command: Some(command.to_owned()),
            ..SessionLaunched::default()
        };
        let ended = SessionEnded {
            exit_status: Some(0),
            reason: EndReason::Unknown,
        };
        let events = [
            (0, launched.into()),
            (10_000, written("28 /etc/shadow\r\n")),
            (2_000_000, ended.into()),
        ];
        test.append(session(1), "agent", events);
        let told = told(&test, &[1, 2, 100]);
        let want = app.map(|app| {
            format!("Command {command:?} 0 (Some({app:?}), None, {exit_status:?}, Some(2000))")
        });
        let found = told.iter().find(|line| line.starts_with("Command"));
        assert_eq!(found, want.as_ref(), "{told:?}");
    }
}

#[test]
fn what_a_source_with_another_clock_tells_stands_where_it_happened() {
    const HOUR_US: i64 = 3_600_000_000;
    let test = TestLog::new();
    let launched = SessionLaunched::default();
    test.append(session(1), "control", [(0, launched.into())]);
    test.append(session(1), "agent", [(1_000_000, marked("one"))]);
    test.append(
        session(1),
        "control",
        [(2_000_000, clock("agent", -200_000))],
    );
    // What is uploaded first is there before its clock is measured.
    test.append(
        session(1),
        "proxy",
        [(HOUR_US + 3_000_000, marked("three"))],
    );
    test.append(session(1), "agent", [(2_000_000, marked("two"))]);
    test.append(
        session(1),
        "control",
        [(5_000_000, clock("proxy", HOUR_US - 200_000))],
    );
    test.append(session(1), "proxy", [(HOUR_US + 4_000_000, marked("four"))]);
    // Whoever uploads does not say by how much others are off.
    test.append(
        session(1),
        "proxy",
        [(HOUR_US + 4_500_000, clock("agent", HOUR_US))],
    );
    test.append(session(1), "agent", [(5_000_000, marked("five"))]);
    let told = told(&test, &[1, 2, 3, 100]);
    let want = [
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
    ]
    .map(|(label, second)| format!("Marker {label:?} {second}000 (None, None, None, None)"));
    assert_eq!(told, want);
}
