//! The questions, over read models that the runner keeps.

use std::collections::HashSet;

use retrace_core::SessionId;
use retrace_projections::sessions::SessionRow;

use crate::page::{Page, PageRequest, QueryError};
use crate::testing::{Fixture, ended, launched, session, t0, typed, written};
use crate::{
    ActivityKind, Cursor, Facet, Reader, SessionFilter, SessionOrder, SessionState, Stretch,
    TimelineFilter,
};

const SECOND: i64 = 1_000_000;

fn ids(page: &Page<SessionRow>) -> Vec<SessionId> {
    page.items.iter().map(|(_, row)| row.id).collect()
}

/// Walks all pages of `first` sessions; `between` runs before each page but the first.
async fn walk<F: Future<Output = ()>>(
    reader: &Reader,
    order: SessionOrder,
    first: u32,
    between: impl Fn(usize) -> F,
) -> Vec<SessionId> {
    let (mut seen, mut request) = (Vec::new(), PageRequest::first(first));
    loop {
        let page = reader
            .sessions(&SessionFilter::default(), order, &request)
            .unwrap();
        assert_eq!(page.has_previous, request.after.is_some());
        seen.extend(ids(&page));
        match page.items.last() {
            Some((cursor, _)) if page.has_next => request.after = Some(cursor.clone()),
            _ => return seen,
        }
        between(seen.len()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_have_each_session_once_also_while_sessions_come_in() {
    let at = Fixture::new().await;
    for number in 0..25 {
        // Three of each start at the same time, so that ids decide.
        let start = i64::from(number / 3) * SECOND;
        let events = [
            (start, written("x")),
            (start + i64::from(number) * SECOND, ended()),
        ];
        at.append(session(number), events).await;
    }
    at.settle().await;
    let all: HashSet<SessionId> = (0..25).map(session).collect();
    for order in [
        SessionOrder::StartedDesc,
        SessionOrder::StartedAsc,
        SessionOrder::DurationDesc,
        SessionOrder::RecordedDesc,
    ] {
        for first in [1, 7, 25, 100] {
            let seen = walk(&at.reader, order, first, async |_| ()).await;
            assert_eq!(seen.len(), 25, "{order:?}, {first}");
            assert_eq!(HashSet::from_iter(seen), all, "{order:?}, {first}");
        }
    }
    // Newer and older ones come in while somebody turns pages.
    let at_ref = &at;
    let seen = walk(
        &at.reader,
        SessionOrder::StartedDesc,
        4,
        |seen| async move {
            let number = 100 + u16::try_from(seen).unwrap();
            let start = if seen % 8 == 0 {
                900 * SECOND
            } else {
                -900 * SECOND
            };
            at_ref
                .append(session(number), [(start, written("x"))])
                .await;
            at_ref.settle().await;
        },
    )
    .await;
    let unique: HashSet<SessionId> = seen.iter().copied().collect();
    assert_eq!(unique.len(), seen.len(), "none twice");
    assert!(unique.is_superset(&all), "none missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_what_they_say() {
    let at = Fixture::new().await;
    for (number, start, length) in [(1, 0, 30), (2, 10, 10), (3, 20, 20)] {
        let events = [
            (start * SECOND, written("x")),
            ((start + length) * SECOND, ended()),
        ];
        at.append(session(number), events).await;
    }
    at.settle().await;
    let cases = [
        (SessionOrder::StartedDesc, [3, 2, 1]),
        (SessionOrder::StartedAsc, [1, 2, 3]),
        (SessionOrder::DurationDesc, [1, 3, 2]),
        (SessionOrder::RecordedDesc, [3, 2, 1]),
    ];
    for (order, want) in cases {
        let seen = walk(&at.reader, order, 2, async |_| ()).await;
        assert_eq!(seen, want.map(session), "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lets_through_what_it_says() {
    let at = Fixture::new().await;
    let launches = [
        (1, launched("Deploy 100% Übersicht", "ops", "bastion-1")),
        (2, launched("deploy_all", "ops", "db-1")),
        (3, launched("Backup --password hunter2", "eve", "db-1")),
    ];
    for (number, launch) in launches {
        at.append(session(number), [(i64::from(number) * SECOND, launch)])
            .await;
    }
    at.append(session(3), [(9 * SECOND, ended())]).await;
    at.settle().await;
    let text = |text: &str| SessionFilter {
        text: Some(text.to_owned()),
        ..Default::default()
    };
    let second = |second: i64| Some(t0().saturating_add_micros(second * SECOND));
    let none = SessionFilter::default;
    let some = |value: &str| Some(value.to_owned());
    let cases: Vec<(SessionFilter, Vec<u16>)> = vec![
        (none(), vec![3, 2, 1]),
        (text("  "), vec![3, 2, 1]),
        (text("deploy"), vec![2, 1]),
        (text("DEPLOY bastion"), vec![1]),
        (text("ÜBERSICHT"), vec![1]),
        (text("0%"), vec![1]),  // not `LIKE`'s sign for anything
        (text("y_a"), vec![2]), // not `LIKE`'s sign for any character
        (text("deploy eve"), vec![]),
        (text("opsbastion"), vec![]), // no word reaches over two facts
        (text("backup --password"), vec![3]),
        (text("hunter2"), vec![]), // what nobody is shown is not found either
        (
            SessionFilter {
                user: some("ops"),
                ..none()
            },
            vec![2, 1],
        ),
        (
            SessionFilter {
                user: some("OPS"),
                ..none()
            },
            vec![],
        ),
        (
            SessionFilter {
                host: some("db-1"),
                user: some("eve"),
                ..none()
            },
            vec![3],
        ),
        (
            SessionFilter {
                protocol: some("rdp"),
                ..none()
            },
            vec![],
        ),
        (
            SessionFilter {
                state: Some(SessionState::Ended),
                ..none()
            },
            vec![3],
        ),
        (
            SessionFilter {
                state: Some(SessionState::Active),
                ..none()
            },
            vec![2, 1],
        ),
        (
            SessionFilter {
                started_from: second(2),
                ..none()
            },
            vec![3, 2],
        ),
        (
            SessionFilter {
                started_to: second(2),
                ..none()
            },
            vec![1],
        ),
        (
            SessionFilter {
                started_from: second(2),
                started_to: second(3),
                ..none()
            },
            vec![2],
        ),
    ];
    for (filter, want) in cases {
        let request = PageRequest::first(10);
        let page = at
            .reader
            .sessions(&filter, SessionOrder::StartedDesc, &request)
            .unwrap();
        let want: Vec<SessionId> = want.into_iter().map(session).collect();
        assert_eq!(ids(&page), want, "{filter:?}");
        assert_eq!(
            at.reader.session_count(&filter).unwrap(),
            want.len() as u64,
            "{filter:?}"
        );
    }
    let many = text(&"word ".repeat(33));
    assert!(matches!(
        at.reader.session_count(&many),
        Err(QueryError::InvalidArgument { field: "text", .. })
    ));
    let facet = |value: &str, count| Facet {
        value: value.to_owned(),
        count,
    };
    let facets = at.reader.facets().unwrap();
    assert_eq!(facets.users, [facet("ops", 2), facet("eve", 1)]);
    assert_eq!(facets.hosts, [facet("db-1", 2), facet("bastion-1", 1)]);
    assert_eq!(facets.protocols, [facet("ssh", 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_order_is_refused() {
    let at = Fixture::new().await;
    for number in 0..3 {
        at.append(session(number), [(0, written("x"))]).await;
    }
    at.settle().await;
    let ask = |order, after: Option<Cursor>| {
        at.reader.sessions(
            &SessionFilter::default(),
            order,
            &PageRequest {
                first: 1,
                after,
                backwards: false,
            },
        )
    };
    let page = ask(SessionOrder::StartedDesc, None).unwrap();
    let cursor = page.items[0].0.clone();
    assert_eq!(
        ask(SessionOrder::StartedDesc, Some(cursor.clone()))
            .unwrap()
            .items
            .len(),
        1
    );
    let other = ask(SessionOrder::StartedAsc, Some(cursor));
    assert!(matches!(other, Err(QueryError::InvalidCursor)));
    let none = ask(SessionOrder::StartedAsc, Some(Cursor::from("x".to_owned())));
    assert!(matches!(none, Err(QueryError::InvalidCursor)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_found_by_their_ids() {
    let at = Fixture::new().await;
    at.append(
        session(1),
        [(0, launched("a", "b", "c")), (SECOND, typed("x"))],
    )
    .await;
    at.settle().await;
    assert_eq!(
        at.reader.session(session(1)).unwrap().unwrap().counts.keys,
        1
    );
    assert_eq!(at.reader.session(session(2)).unwrap(), None);
    let found = at
        .reader
        .sessions_by_id([session(2), session(1), session(1)])
        .unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), [&session(1)]);
    let streams = at.reader.session_streams(session(1)).unwrap();
    assert_eq!(streams, [format!("session/{}/agent", session(1))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activity_map_has_the_buckets_asked_for_and_all_that_happened() {
    let at = Fixture::new().await;
    let events = (0..90).map(|second| (second * SECOND, written("0123456789")));
    at.append(session(1), events).await;
    at.append(
        session(1),
        [(45 * SECOND, typed("ls\r")), (90_500_000, ended())],
    )
    .await;
    at.settle().await;
    for buckets in [1, 7, 90, 300, 2_000] {
        let map = at.reader.activity(session(1), buckets).unwrap().unwrap();
        assert_eq!(map.duration_ms, 90_500);
        assert_eq!(
            map.bucket_ms,
            90_500_u64.div_ceil(buckets.into()),
            "{buckets}"
        );
        assert_eq!(map.series.len(), 2, "kinds that occur, {buckets}");
        for (series, kind, sum) in [
            (&map.series[0], ActivityKind::Output, 900),
            (&map.series[1], ActivityKind::Keys, 3),
        ] {
            assert_eq!(series.kind, kind);
            assert_eq!(series.values.len(), buckets as usize);
            assert_eq!(
                series.values.iter().sum::<u64>(),
                sum,
                "{kind:?}, {buckets}"
            );
            assert_eq!(series.values.iter().max(), Some(&series.max));
        }
    }
    assert_eq!(at.reader.activity(session(2), 10).unwrap(), None);
    for buckets in [0, 2_001] {
        let refused = at.reader.activity(session(1), buckets);
        assert!(matches!(
            refused,
            Err(QueryError::InvalidArgument {
                field: "buckets",
                ..
            })
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_has_all_of_its_millisecond() {
    let at = Fixture::new().await;
    at.append(
        session(1),
        [
            (0, written("a")),
            (1_500, written("b")),
            (1_999, written("c")),
        ],
    )
    .await;
    at.append(session(1), [(2_000, written("d"))]).await;
    at.append(session(2), [(0, typed("x"))]).await;
    at.settle().await;
    for (at_ms, want) in [(0, "a"), (1, "abc"), (2, "abcd"), (u64::MAX, "abcd")] {
        let screen = at.reader.screen(session(1), at_ms).await.unwrap().unwrap();
        assert_eq!((screen.lines[0].as_str(), screen.at_ms), (want, at_ms));
        assert_eq!(
            (screen.columns, screen.rows, screen.lines.len()),
            (80, 24, 24)
        );
        assert_eq!(usize::from(screen.cursor.column), want.len());
    }
    assert_eq!(at.reader.screen(session(2), 0).await.unwrap(), None);
}

#[tokio::test]
async fn without_read_models_there_is_a_reason_and_no_answer() {
    let at = Fixture::new().await;
    let reader = Reader::open(&at.dir.path().join("elsewhere"), at.log.clone());
    assert!(matches!(
        reader.session(session(1)),
        Err(QueryError::Unavailable(_))
    ));
    assert!(matches!(
        reader.moments_view().map(|view| view.checkpoint),
        Err(QueryError::Unavailable(_))
    ));
    assert!(matches!(
        reader.screen(session(1), 0).await,
        Err(QueryError::Unavailable(_))
    ));
}

/// The items of a page, the cursors of the first and the last, and whether there are more that way.
type Seen = (Vec<String>, Option<Cursor>, Option<Cursor>, bool);

#[tokio::test(flavor = "multi_thread")]
async fn a_list_read_backwards_is_the_same_list() {
    let at = Fixture::new().await;
    for number in 0..25_u16 {
        let start_us = i64::from(number % 7) * 1_000_000;
        let user = if number % 2 == 0 { "alice" } else { "bob" };
        let begun = (start_us, launched("t", user, "h"));
        let typed = (0..40).map(|key| (start_us + key * 2_000_000, typed(&format!("key {key}\r"))));
        at.append(session(number), [begun].into_iter().chain(typed))
            .await;
    }
    at.settle().await;
    let forth_and_back = |ask: &dyn Fn(&PageRequest) -> Seen| {
        let mut pages = [Vec::new(), Vec::new()];
        for backwards in [false, true] {
            let mut after = None;
            loop {
                let request = PageRequest {
                    first: 7,
                    after,
                    backwards,
                };
                let (mut items, first, last, more) = ask(&request);
                if backwards {
                    items.reverse();
                }
                pages[usize::from(backwards)].extend(items);
                if !more {
                    break;
                }
                after = if backwards { first } else { last };
            }
        }
        let [forth, mut back] = pages;
        back.reverse();
        assert_eq!(forth, back);
        forth.len()
    };
    for order in [SessionOrder::StartedAsc, SessionOrder::StartedDesc] {
        let sessions = forth_and_back(&|request| {
            let page = at
                .reader
                .sessions(&SessionFilter::default(), order, request)
                .unwrap();
            let more = if request.backwards {
                page.has_previous
            } else {
                page.has_next
            };
            let cursors: Vec<Cursor> = page
                .items
                .iter()
                .map(|(cursor, _)| cursor.clone())
                .collect();
            let items = page.items.into_iter().map(|(_, row)| row.id.to_string());
            (
                items.collect(),
                cursors.first().cloned(),
                cursors.last().cloned(),
                more,
            )
        });
        assert_eq!(sessions, 25);
    }
    let filter = TimelineFilter::default();
    let moments = forth_and_back(&|request| {
        let page = at.reader.timeline(session(3), &filter, request).unwrap();
        let more = if request.backwards {
            page.has_previous
        } else {
            page.has_next
        };
        let cursors: Vec<Cursor> = page
            .items
            .iter()
            .map(|(cursor, _)| cursor.clone())
            .collect();
        let items = page
            .items
            .into_iter()
            .map(|(_, moment)| moment.id.to_string());
        (
            items.collect(),
            cursors.first().cloned(),
            cursors.last().cloned(),
            more,
        )
    });
    assert!(moments > 30, "{moments}");

    let all = at
        .reader
        .moment_map(session(3), 10, Stretch::default())
        .unwrap()
        .unwrap();
    let count: u64 = all.series.iter().flat_map(|(_, values)| values).sum();
    assert_eq!(count, moments as u64);
    let half = Stretch {
        from_ms: Some(0),
        to_ms: Some(40_000),
    };
    let part = at.reader.moment_map(session(3), 10, half).unwrap().unwrap();
    let count: u64 = part.series.iter().flat_map(|(_, values)| values).sum();
    let in_part = TimelineFilter {
        to_ms: Some(40_000),
        ..filter
    };
    let timeline = at
        .reader
        .timeline(session(3), &in_part, &PageRequest::first(100))
        .unwrap();
    assert_eq!(count, timeline.items.len() as u64);
    let nothing = Stretch {
        from_ms: Some(90_000_000),
        to_ms: None,
    };
    let refused = at.reader.moment_map(session(3), 10, nothing);
    assert!(matches!(refused, Err(QueryError::InvalidArgument { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_are_read_at_once() {
    let at = Fixture::new().await;
    for number in 0..40_u16 {
        at.append(
            session(number),
            [
                (0, launched("t", "u", "h")),
                (5, written("x")),
                (9, ended()),
            ],
        )
        .await;
    }
    at.settle().await;
    let before = at.reader.store_reads();
    let maps = at
        .reader
        .activities((0..40).map(session), 60, Stretch::default())
        .unwrap();
    assert_eq!((maps.len(), at.reader.store_reads() - before), (40, 2));
}
