//! The projection over a log: exactly once, and the same however the log is cut.

use std::path::Path;

use proptest::prelude::*;
use retrace_core::Position;
use retrace_core::event::{EndReason, EventBody, SessionEnded, SessionLaunched};
use tantivy::collector::DocSetCollector;
use tantivy::query::AllQuery;

use super::super::{Moment, MomentKind, MomentsProjection, MomentsReader};
use super::casts::any_event;
use crate::testing::{TestLog, attached, marked, purged, session, typed, written};
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

fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        60 => any_event(),
        1 => (1..40_u32, 1..20_u32).prop_map(|(columns, rows)| attached(columns, rows)),
        2 => "[a-z]{0,4}".prop_map(|label| marked(&label)),
        1 => Just(ended()),
        1 => Just(purged()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_moments_are_the_same_however_the_log_is_cut_and_whenever_it_was_opened(
        appends in prop::collection::vec(
            (0..3_u8, 0..2_usize, prop::collection::vec((any_body(), -100_000..2_000_000_i64), 1..40)),
            1..10,
        ),
        cuts in prop::collection::vec(1..60_usize, 1..6),
        cells_max in 1..10_000_usize,
    ) {
        let test = TestLog::new();
        let mut at_us = 0;
        for (number, source, events) in appends {
            let events = events.into_iter().map(|(body, pause_us)| {
                at_us += pause_us;
                (at_us, body)
            });
            test.append(session(number), ["agent", "proxy"][source], events);
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
