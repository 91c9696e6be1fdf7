use retrace_core::event::{
    ConfigChanged, ControlAnswered, EndReason, EventBatch, EventBody, EventType, MessageSent,
    RecordingFile, RecordingViewed, ReviewReopened, SessionAssigned, SessionCommented,
    SessionEnded, SessionLaunched, SessionReviewed, SourceAttached, TerminateRequested,
};
use retrace_core::{StreamName, StreamVersion};

use super::*;
use crate::counts::Counts;
use crate::terminal::TerminalSize;
use crate::testing::{TestLog, attached, marked, resized, session, t0, typed, written};

fn launched(user: &str, host: &str) -> EventBody {
    SessionLaunched {
        user: Some(user.to_owned()),
        host: Some(host.to_owned()),
        ..SessionLaunched::default()
    }
    .into()
}

fn ended(reason: EndReason, exit_status: Option<i32>) -> EventBody {
    SessionEnded {
        exit_status,
        reason,
    }
    .into()
}

fn row(test: &TestLog, number: u8) -> SessionRow {
    let dir = test.models("models");
    let mut projection = SessionsProjection::open(&dir, test.log.id()).unwrap();
    test.feed(&mut projection, &[3]);
    let readers = crate::store::Readers::new(&dir, SCHEMA);
    let found = readers.read(|connection| SessionRow::find(connection, session(number)));
    found
        .unwrap_or_else(|error: rusqlite::Error| panic!("{error}"))
        .unwrap()
}

#[test]
fn a_session_is_what_its_events_say() {
    let test = TestLog::new();
    let file = RecordingFile {
        bytes: 51_561,
        format: "asciicast-v3".to_owned(),
        header: "{}".to_owned(),
        idle_limit_us: Some(2_000_000),
        name: "deploy.cast".to_owned(),
        parts: Vec::new(),
        sha256: "ab".repeat(32),
    };
    let source = SourceAttached {
        columns: Some(100),
        recording: Some(file.clone()),
        rows: Some(30),
    };
    test.append(
        session(1),
        "recorder",
        [
            (0, launched("ops", "bastion-1")),
            (0, source.into()),
            (1_000_000, written("é\x1b[0m")),
            (2_000_000, typed("ls\r")),
            (2_500_000, typed("\x1b[A")),
            (3_000_000, resized(120, 36)),
            (4_000_000, marked("here")),
            (9_000_000, ended(EndReason::User, Some(3))),
        ],
    );
    let row = row(&test, 1);
    assert_eq!(
        (row.user.as_deref(), row.host.as_deref()),
        (Some("ops"), Some("bastion-1"))
    );
    assert_eq!(
        (row.started, row.ended),
        (t0(), Some(t0().saturating_add_micros(9_000_000)))
    );
    assert_eq!(
        (row.end_reason, row.exit_status),
        (Some(EndReason::User), Some(3))
    );
    assert_eq!(row.duration_us(), 9_000_000);
    assert_eq!(row.recording, Some(RecordingFacts::from(file)));
    assert_eq!(row.terminal, Some(TerminalSize::clamped(100, 30)));
    assert_eq!(
        (row.events, row.first_position, row.last_position),
        (8, Position(0), Position(7))
    );
    let counts = Counts {
        output_bytes: 6,
        keys: 4,
        resizes: 1,
        markers: 1,
        ..Counts::default()
    };
    assert_eq!(row.counts, counts);
}

#[test]
fn a_session_without_a_launch_starts_with_its_first_event() {
    let test = TestLog::new();
    test.append(
        session(1),
        "agent",
        [(5_000_000, written("x")), (7_000_000, written("y"))],
    );
    let first = row(&test, 1);
    assert_eq!(first.started, t0().saturating_add_micros(5_000_000));
    assert_eq!((first.ended, first.duration_us()), (None, 2_000_000));

    // A launch that comes late tells who, and moves nothing.
    test.append(
        session(1),
        "launcher",
        [(0, launched("ops", "h")), (0, launched("eve", "h"))],
    );
    let late = row(&test, 1);
    assert_eq!(
        (late.started, late.user.as_deref()),
        (first.started, Some("ops"))
    );
}

#[test]
fn the_first_end_holds_and_what_is_done_afterwards_does_not_lengthen() {
    let test = TestLog::new();
    let viewed = RecordingViewed {
        address: None,
        by: "auditor".to_owned(),
        looks: None,
        reason: None,
        since: None,
        token: None,
        what: Vec::new(),
    };
    test.append(
        session(1),
        "agent",
        [(0, attached(80, 24)), (2_000_000, written("x"))],
    );
    test.append(session(1), "review", [(90_000_000, viewed.into())]);
    assert_eq!(row(&test, 1).duration_us(), 2_000_000);
    test.append(
        session(1),
        "agent",
        [(3_000_000, ended(EndReason::Inactivity, None))],
    );
    test.append(
        session(1),
        "launcher",
        [(5_000_000, ended(EndReason::User, Some(0)))],
    );
    let row = row(&test, 1);
    assert_eq!(
        (row.duration_us(), row.end_reason),
        (3_000_000, Some(EndReason::Inactivity))
    );
    assert_eq!((row.exit_status, row.events), (None, 5));
}

#[test]
fn streams_stand_in_the_order_of_their_first_events() {
    let test = TestLog::new();
    for source in ["proxy", "agent", "proxy"] {
        test.append(session(1), source, [(0, written("x"))]);
    }
    test.append(session(2), "gateway", [(0, written("x"))]);
    row(&test, 1);
    let readers = crate::store::Readers::new(&test.models("models"), SCHEMA);
    let streams: rusqlite::Result<_> =
        readers.read(|connection| streams_of(connection, session(1)));
    let id = session(1);
    assert_eq!(
        streams.unwrap(),
        [format!("session/{id}/proxy"), format!("session/{id}/agent")]
    );
}

#[test]
fn a_look_changes_no_count() {
    let test = TestLog::new();
    let viewed = || RecordingViewed {
        address: None,
        by: "auditor".to_owned(),
        looks: None,
        reason: None,
        since: None,
        token: None,
        what: Vec::new(),
    };
    test.append(session(1), "agent", [(0, written("x"))]);
    test.append(
        session(1),
        "access",
        [(9, viewed().into()), (10, viewed().into())],
    );
    assert_eq!(row(&test, 1).events, 1);
}

fn reviewed(by: &str) -> EventBody {
    SessionReviewed {
        by: by.to_owned(),
        comment: None,
    }
    .into()
}

#[test]
fn a_review_is_what_reviewers_said_last() {
    let test = TestLog::new();
    test.append(
        session(1),
        "recorder",
        [(0, launched("ops", "a")), (5, ended(EndReason::User, None))],
    );
    let said = |offset_ms, text: &str| {
        SessionCommented {
            by: "eve".to_owned(),
            offset_ms,
            text: text.to_owned(),
        }
        .into()
    };
    let assigned = SessionAssigned {
        by: "admin".to_owned(),
        to: Some("eve".to_owned()),
    };
    test.append(
        session(1),
        "review",
        [
            (10_000_000, assigned.into()),
            (11_000_000, said(Some(1_500), "why root?")),
            (12_000_000, reviewed("eve")),
            (13_000_000, said(None, "fine")),
        ],
    );
    let row = row(&test, 1);
    let at = t0().saturating_add_micros(12_000_000);
    assert_eq!(row.review.reviewed, Some((at, "eve".to_owned())));
    assert_eq!(row.review.assignee.as_deref(), Some("eve"));
    assert_eq!((row.review.comments, row.duration_us()), (2, 5));
    let readers = crate::store::Readers::new(&test.models("models"), SCHEMA);
    let comments = |after| {
        readers
            .read(|connection| comments_of(connection, session(1), after, 10))
            .unwrap_or_else(|error: rusqlite::Error| panic!("{error}"))
    };
    let all = comments(None);
    assert_eq!(
        all.iter()
            .map(|one| (one.offset_ms, one.text.as_str()))
            .collect::<Vec<_>>(),
        [(Some(1_500), "why root?"), (None, "fine")]
    );
    assert_eq!(comments(Some(all[0].position)), all[1..]);

    let reopened = ReviewReopened {
        by: "admin".to_owned(),
        reason: None,
    };
    test.append(session(1), "review", [(20_000_000, reopened.into())]);
    assert_eq!(self::row(&test, 1).review.reviewed, None);
}

#[test]
fn the_queue_takes_the_share_that_is_in_force_at_the_launch() {
    let test = TestLog::new();
    let set = |setting: &str, new: serde_json::Value| {
        let changed = ConfigChanged {
            by: "admin".to_owned(),
            new,
            old: serde_json::Value::Null,
            reason: None,
            setting: setting.to_owned(),
        };
        let events = EventBatch::of(t0(), changed).unwrap();
        test.append_to(StreamName::settings(), events);
    };
    let under = |policy: &str| {
        SessionLaunched {
            policy: Some(policy.to_owned()),
            ..SessionLaunched::default()
        }
        .into()
    };
    let launch = |numbers: std::ops::Range<u8>, policy: &str| {
        for number in numbers {
            test.append(session(number), "recorder", [(0, under(policy))]);
        }
    };
    launch(0..20, "pci");
    set("review.sample_percent", 30.into());
    set("review.sample_by_policy", "pci=100, lab=0".into());
    launch(20..40, "pci");
    launch(40..60, "lab");
    launch(60..220, "other");
    set("review.sample_percent", 0.into());
    launch(220..240, "other");
    let dir = test.models("models");
    let mut projection = SessionsProjection::open(&dir, test.log.id()).unwrap();
    test.feed(&mut projection, &[7]);
    let readers = crate::store::Readers::new(&dir, SCHEMA);
    let sampled = |numbers: std::ops::Range<u8>| {
        let is = |number: &u8| {
            let found = readers.read(|connection| SessionRow::find(connection, session(*number)));
            let found = found.unwrap_or_else(|error: rusqlite::Error| panic!("{error}"));
            found.unwrap().review.sampled
        };
        numbers.filter(is).count()
    };
    assert_eq!(
        (sampled(0..20), sampled(20..40), sampled(40..60)),
        (0, 20, 0)
    );
    assert!((20..80).contains(&sampled(60..220)), "{}", sampled(60..220));
    assert_eq!(sampled(220..240), 0);
}

#[test]
fn each_request_stands_with_the_first_answer_to_it() {
    let test = TestLog::new();
    let asked = |by: &str| TerminateRequested {
        by: by.to_owned(),
        cause: None,
        reason: Some("late".to_owned()),
    };
    let said = MessageSent {
        by: "ann".to_owned(),
        reason: None,
        text: "stop".to_owned(),
    };
    let answer = |request: EventType, version: u64, detail: &str| ControlAnswered {
        detail: Some(detail.to_owned()),
        done: true,
        request,
        version: StreamVersion(version),
    };
    // A recorder cannot ask itself.
    test.append(session(1), "recorder", [(0, asked("itself").into())]);
    test.append(
        session(1),
        "control",
        [
            (1, launched("ops", "h")),
            (2, said.into()),
            (3, asked("ann").into()),
        ],
    );
    test.append(
        session(1),
        "recorder",
        [
            (
                4,
                answer(EventType::MESSAGE_SENT, 2, "not what was asked").into(),
            ),
            (5, answer(EventType::MESSAGE_SENT, 1, "shown").into()),
            (6, answer(EventType::MESSAGE_SENT, 1, "again").into()),
            (7, answer(EventType::MESSAGE_SENT, 99, "nothing").into()),
        ],
    );
    row(&test, 1);
    let readers = crate::store::Readers::new(&test.models("models"), SCHEMA);
    let read = || -> Vec<ControlRow> {
        let rows: rusqlite::Result<_> =
            readers.read(|connection| controls_of(connection, session(1)));
        rows.unwrap()
    };
    let rows = read();
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let detail = row
                .answer
                .as_ref()
                .and_then(|answer| answer.detail.as_deref());
            (row.version.0, row.kind.as_str(), row.by.as_str(), detail)
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "session.message_sent", "ann", Some("shown")),
            (2, "session.terminate_requested", "ann", None),
        ]
    );
    assert_eq!(rows[0].content.as_deref(), Some("stop"));
    assert_eq!(rows[1].reason.as_deref(), Some("late"));
    assert_eq!(rows[0].answer.as_ref().unwrap().source, "recorder");
}
