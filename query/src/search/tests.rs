//! Searching recordings and sessions made up for it.

use std::path::Path;

use retrace_core::event::{EventBody, SourceAttached, TerminalResized};
use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::MomentKind;
use serde_json::Value;

use super::*;
use crate::testing::{Fixture, ended, launched, session, t0, typed, written};
use crate::{PageRequest, TimelineFilter};

/// The events of a sample recording; says so when it is not there.
pub(super) fn sample(name: &str) -> Option<Vec<(i64, EventBody)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Ok(text) = std::fs::read_to_string(root.join("samples").join(name)) else {
        println!("skipped: the recording {name} is not there");
        return None;
    };
    let mut lines = text.lines();
    let header: Value = serde_json::from_str(lines.next()?).unwrap();
    let three = header["version"] == 3;
    let size = if three { &header["term"] } else { &header };
    let number = |name: &str| u32::try_from(size[name].as_u64().unwrap()).unwrap();
    let (columns, rows) = if three {
        ("cols", "rows")
    } else {
        ("width", "height")
    };
    let (columns, rows) = (Some(number(columns)), Some(number(rows)));
    let mut events = vec![(
        0,
        SourceAttached {
            columns,
            recording: None,
            rows,
        }
        .into(),
    )];
    let mut now_us = 0;
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap();
        let us = (event[0].as_f64().unwrap() * 1e6).round() as i64;
        now_us = if three { now_us + us } else { us };
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => events.push((now_us, written(data))),
            "i" => events.push((now_us, typed(data))),
            "r" => {
                let (columns, rows) = data.split_once('x').unwrap();
                let (columns, rows) = (columns.parse().unwrap(), rows.parse().unwrap());
                events.push((now_us, TerminalResized { columns, rows }.into()));
            }
            _ => {}
        }
    }
    events.push((now_us, ended()));
    Some(events)
}

pub(super) fn question(text: &str, filter: &SearchFilter, order: SearchOrder) -> SearchQuestion {
    SearchQuestion {
        text: text.to_owned(),
        filter: filter.clone(),
        order,
        counted: true,
    }
}

pub(super) fn found(
    fixture: &Fixture,
    text: &str,
    filter: &SearchFilter,
    order: SearchOrder,
) -> SearchPage {
    let question = question(text, filter, order);
    fixture
        .reader
        .search(&question, &PageRequest::first(100))
        .unwrap()
}

pub(super) fn total(page: &SearchPage) -> u64 {
    let total = page.total.unwrap();
    assert!(total.exact);
    total.count
}

#[tokio::test]
async fn a_word_is_found_where_the_screen_shows_it() {
    let cases = [
        ("deploy-v3.cast", "marlstone-4417", 51_506),
        ("deploy-v3.cast", "quillfern-8820", 117_936),
        ("incident-v2.cast", "basaltwing-2963", 54_738),
        ("incident-v2.cast", "tidewrack-5108", 106_984),
    ];
    let fixture = Fixture::new().await;
    for (number, name) in [(1, "deploy-v3.cast"), (2, "incident-v2.cast")] {
        let Some(events) = sample(name) else { return };
        fixture
            .append(session(number), [(0, launched(name, "ops", "bastion-1"))])
            .await;
        fixture.append(session(number), events).await;
    }
    fixture.settle().await;
    for (name, marker, truth_ms) in cases {
        let of = SearchFilter {
            kinds: Some(vec![MomentKind::Screen]),
            sessions: Some(vec![session(if name.starts_with("deploy") {
                1
            } else {
                2
            })]),
            ..SearchFilter::default()
        };
        let page = found(&fixture, marker, &of, SearchOrder::Newest);
        let first = &page.page.items.last().unwrap().1;
        let offset_ms = first.seek_point.offset_ms;
        println!(
            "{marker}: {offset_ms} ms, truth {truth_ms} ms, took {:?}",
            page.took
        );
        assert!(
            offset_ms.abs_diff(truth_ms) <= 1_500,
            "{marker} at {offset_ms} ms"
        );
        assert!(page.took.as_millis() < 50 * 20, "{:?}", page.took);
        let screen = fixture
            .reader
            .screen(first.moment.session, offset_ms)
            .await
            .unwrap()
            .unwrap();
        assert!(
            screen.lines.concat().contains(marker),
            "{marker} at {offset_ms} ms"
        );
        assert!(
            first
                .snippet
                .iter()
                .any(|run| run.matched && run.text == marker)
        );
    }
    let nothing = found(
        &fixture,
        "marlstone-4418",
        &SearchFilter::default(),
        SearchOrder::Relevance,
    );
    assert_eq!((total(&nothing), nothing.page.items.len()), (0, 0));
    // What was typed at the prompt for a password is redacted: it is there for who may reveal it, and asks to.
    let password = question(
        "correct-horse-9",
        &SearchFilter {
            kinds: Some(vec![MomentKind::Keys]),
            ..SearchFilter::default()
        },
        SearchOrder::Relevance,
    );
    let ask = |reader: &Reader| reader.search(&password, &PageRequest::first(9)).unwrap();
    assert_eq!(total(&ask(&fixture.reader)), 0);
    let page = ask(&fixture.reader.revealing());
    let (_, hit) = &page.page.items[0];
    assert_eq!(hit.moment.revealed.as_deref(), Some("correct-horse-9"));
    assert!(
        hit.snippet
            .iter()
            .any(|run| run.matched && run.text == "correct-horse-9")
    );
    assert_eq!(hit.seek_point.label, "correct-horse-9");
}

/// Sessions 1 to 3 of `ann` and `bob`, an hour apart, each with twenty lines.
pub(super) async fn three_sessions() -> Fixture {
    let fixture = Fixture::new().await;
    for (number, user) in [(1, "ann"), (2, "bob"), (3, "ann")] {
        let hour_us = i64::from(number) * 3_600_000_000;
        let line = |n: i64| {
            (
                hour_us + n * 1_000_000,
                written(&format!("row {n} of {user} app.log\r\n")),
            )
        };
        let first = [(hour_us, launched("t", user, "h"))];
        fixture
            .append(session(number), first.into_iter().chain((1..=20).map(line)))
            .await;
        fixture
            .append(session(number), [(hour_us + 30_000_000, ended())])
            .await;
    }
    fixture.settle().await;
    fixture
}

#[tokio::test]
async fn words_phrases_beginnings_and_filters_count_exactly() {
    let fixture = three_sessions().await;
    let any = SearchFilter::default();
    let cases: &[(&str, u64)] = &[
        ("row", 60),
        ("ROW ann", 40),
        ("\"of bob\"", 20),
        ("\"bob of\"", 0),
        ("row -ann", 20),
        ("app.log", 60),
        ("log.app", 0),
        ("ap*", 60),
        ("app.lo*", 60),
        ("\"row 1\"", 3),
        ("\"row 1*\"", 33),
        ("row nothing", 0),
    ];
    for (text, count) in cases {
        for order in [SearchOrder::Relevance, SearchOrder::Newest] {
            let page = found(&fixture, text, &any, order);
            assert_eq!(total(&page), *count, "{text}");
            assert_eq!(page.page.items.len(), *count as usize, "{text}");
        }
    }
    let at = |hours: i64| Some(t0().saturating_add_micros(hours * 3_600_000_000));
    let filters = [
        (
            SearchFilter {
                users: Some(vec!["ann".to_owned()]),
                ..any.clone()
            },
            40,
        ),
        (
            SearchFilter {
                users: Some(vec!["Ann".to_owned()]),
                ..any.clone()
            },
            0,
        ),
        (
            SearchFilter {
                hosts: Some(vec!["h".to_owned()]),
                ..any.clone()
            },
            60,
        ),
        (
            SearchFilter {
                sessions: Some(vec![session(2)]),
                ..any.clone()
            },
            20,
        ),
        (
            SearchFilter {
                kinds: Some(vec![MomentKind::Keys]),
                ..any.clone()
            },
            0,
        ),
        (
            SearchFilter {
                kinds: Some(vec![]),
                ..any.clone()
            },
            0,
        ),
        (
            SearchFilter {
                started_from: at(2),
                ..any.clone()
            },
            40,
        ),
        (
            SearchFilter {
                started_from: at(2),
                started_to: at(3),
                ..any.clone()
            },
            20,
        ),
    ];
    for (filter, count) in filters {
        let page = found(&fixture, "row", &filter, SearchOrder::Newest);
        assert_eq!(total(&page), count, "{filter:?}");
    }
}

/// All hits, by pages of seven; more is written between the pages.
async fn by_pages(fixture: &Fixture, order: SearchOrder) -> Vec<(SessionId, u64)> {
    let mut request = PageRequest::first(7);
    let mut seen = Vec::new();
    loop {
        let page = fixture
            .reader
            .search(&question("row", &SearchFilter::default(), order), &request)
            .unwrap();
        seen.extend(
            page.page
                .items
                .iter()
                .map(|(_, hit)| (hit.moment.session, hit.offset_us)),
        );
        assert_eq!(page.page.has_previous, request.after.is_some());
        if !page.page.has_next {
            return seen;
        }
        request.after = page.page.items.last().map(|(cursor, _)| cursor.clone());
        let late: Timestamp = t0().saturating_add_micros(100 * 3_600_000_000);
        let at_us = late.micros_since(t0()) + seen.len() as i64;
        fixture
            .append(
                session(9),
                [(at_us, written(&format!("row late {}\r\n", seen.len())))],
            )
            .await;
        fixture.append(session(9), [(at_us + 1, ended())]).await;
        fixture.settle().await;
    }
}

#[tokio::test]
async fn pages_are_whole_though_more_is_written() {
    for order in [SearchOrder::Newest, SearchOrder::Relevance] {
        let fixture = three_sessions().await;
        let seen = by_pages(&fixture, order).await;
        assert_eq!(seen.len(), 60);
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), 60, "a hit was seen twice");
        if order == SearchOrder::Newest {
            let order: Vec<_> = seen.iter().map(|(session, us)| (*session, *us)).collect();
            assert_eq!(order[0], (session(3), 20_000_000));
            assert_eq!(order[59], (session(1), 1_000_000));
        }
    }
}

#[tokio::test]
async fn the_oldest_come_first_page_by_page() {
    let fixture = three_sessions().await;
    let mut request = PageRequest::first(7);
    let mut seen = Vec::new();
    loop {
        let asked = question("row", &SearchFilter::default(), SearchOrder::Oldest);
        let page = fixture.reader.search(&asked, &request).unwrap().page;
        seen.extend(page.items.iter().map(|(_, hit)| hit.moment.at));
        request.after = page.items.last().map(|(cursor, _)| cursor.clone());
        if !page.has_next {
            break;
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.is_sorted(), "{seen:?}");
}

#[tokio::test]
async fn a_timeline_is_in_order_and_its_pages_fit_together() {
    let fixture = three_sessions().await;
    let filter = TimelineFilter {
        from_ms: Some(3_000),
        to_ms: Some(18_000),
        ..Default::default()
    };
    let mut request = PageRequest::first(4);
    let mut offsets = Vec::new();
    loop {
        let page = fixture
            .reader
            .timeline(session(2), &filter, &request)
            .unwrap();
        offsets.extend(
            page.items
                .iter()
                .map(|(_, moment)| moment.offset_us / 1_000_000),
        );
        request.after = page.items.last().map(|(cursor, _)| cursor.clone());
        if !page.has_next {
            break;
        }
    }
    assert_eq!(offsets, (3..18).collect::<Vec<u64>>());
    let foreign = fixture.reader.timeline(session(1), &filter, &request);
    assert!(matches!(foreign, Err(QueryError::InvalidCursor)));
    let none = fixture
        .reader
        .timeline(session(8), &filter, &PageRequest::first(4))
        .unwrap();
    assert!(none.items.is_empty());

    let near = fixture
        .reader
        .seek_points(session(2), None, Some(10_200), 3)
        .unwrap();
    let near: Vec<u64> = near.iter().map(|point| point.offset_ms).collect();
    assert_eq!(near, [9_000, 10_000, 11_000]);
    let first = fixture
        .reader
        .seek_points(session(2), Some(&[MomentKind::Screen]), None, 2)
        .unwrap();
    assert_eq!(first[1].label, "row 2 of bob app.log");
}

#[tokio::test]
async fn a_question_that_is_none_is_refused() {
    let fixture = three_sessions().await;
    let any = SearchFilter::default();
    let ask = |text: &str, request: &PageRequest| {
        fixture
            .reader
            .search(&question(text, &any, SearchOrder::Relevance), request)
    };
    for text in ["", "...", "-row", "\"\"*"] {
        let refused = ask(text, &PageRequest::first(1));
        assert!(
            matches!(
                refused,
                Err(QueryError::InvalidArgument { field: "text", .. })
            ),
            "{text}"
        );
    }
    let foreign = found(&fixture, "row", &any, SearchOrder::Newest).page.items[0]
        .0
        .clone();
    let request = PageRequest {
        first: 1,
        after: Some(foreign),
        backwards: false,
    };
    assert!(matches!(
        ask("row", &request),
        Err(QueryError::InvalidCursor)
    ));
}
