//! The language over real recordings, what is refused, and how soon something is found.

use std::time::{Duration, Instant};

use super::tests::{found, question, sample, three_sessions, total};
use super::*;
use crate::testing::{Fixture, ended, launched, session, written};

async fn recordings() -> Option<Fixture> {
    let fixture = Fixture::new().await;
    for (number, name, user) in [(1, "deploy-v3.cast", "ops"), (2, "incident-v2.cast", "ann")] {
        let events = sample(name)?;
        let first = [(0, launched(name, user, "bastion-1"))];
        fixture.append(session(number), first).await;
        fixture.append(session(number), events).await;
    }
    fixture.settle().await;
    Some(fixture)
}

#[tokio::test]
async fn the_language_finds_what_was_run_in_recordings() {
    let Some(fixture) = recordings().await else {
        return;
    };
    let cases: &[(&str, u64)] = &[
        ("user:ann grep", 4),
        ("user:ann \"grep -c\"", 2),
        ("user:ann grep -ERROR", 1),
        ("user:ann /etc/", 2),
        ("user:ann /etc/sh*", 1),
        ("user:ann etc/shadow", 1),
        ("user:ann /shadow", 0),
        ("user:ann (shadow OR basaltwing)", 2),
        ("user:(ann ops) (shadow OR quillfern)", 2),
        ("user:ann shadwo~", 1),
        ("user:ann /basalt.*/", 1),
        ("user:ops marlst*", 1),
        ("user:ops cafe", 1),
        ("user:ops CAFÉ", 1),
        ("user:ops 部署", 1),
        ("user:ops \"user.name ops\"", 1),
        ("user:o* host:bastion-1 \"git init\"", 1),
        ("user:ops 127.0.0.1", 1),
        ("user:ops --oneline", 1),
        ("user:ops \"-n tls\" NOT gerp", 1),
        ("at:2026-03-01 shadow", 1),
        ("at:2026-03-02.. shadow", 0),
        ("started:<2026-03-01 shadow", 0),
        ("protocol:ssh -user:ops shadow", 1),
    ];
    for (text, count) in cases {
        let text = format!("kind:command {text}");
        for order in [SearchOrder::Relevance, SearchOrder::Newest] {
            let page = found(&fixture, &text, &SearchFilter::default(), order);
            let shown: Vec<&str> = page
                .page
                .items
                .iter()
                .map(|(_, hit)| hit.moment.text.as_str())
                .collect();
            assert_eq!(total(&page), *count, "{text}: {shown:?}");
            assert_eq!(page.page.items.len() as u64, *count, "{text}");
        }
    }
}

#[tokio::test]
async fn filters_ask_what_texts_ask() {
    let fixture = three_sessions().await;
    let any = SearchFilter::default;
    let users = |names: &[&str]| SearchFilter {
        users: Some(names.iter().map(|&name| name.to_owned()).collect()),
        ..any()
    };
    let typed = |text: &str| SearchFilter {
        text: Some(text.to_owned()),
        ..any()
    };
    let at = |hours: i64| Some(crate::testing::t0().saturating_add_micros(hours * 3_600_000_000));
    let cases = [
        (users(&["ann", "bob"]), "user:(ann bob)"),
        (users(&[]), "user:nobody"),
        (
            SearchFilter {
                or: vec![users(&["bob"]), typed("\"row 7\"")],
                ..any()
            },
            "user:bob OR \"row 7\"",
        ),
        (
            SearchFilter {
                not: vec![users(&["ann"])],
                ..any()
            },
            "-user:ann row",
        ),
        (
            SearchFilter {
                and: vec![users(&["ann"]), typed("log")],
                ..any()
            },
            "user:ann log",
        ),
        (
            SearchFilter {
                sources: Some(vec![SearchSource::ClientData]),
                ..any()
            },
            "kind:(screen keys command)",
        ),
        (
            SearchFilter {
                sources: Some(vec![SearchSource::ApplicationNames]),
                ..any()
            },
            "kind:(process window)",
        ),
        (
            SearchFilter {
                at_from: at(2),
                at_to: at(3),
                ..any()
            },
            "at:2026-03-01T10:00..2026-03-01T10:59",
        ),
        (
            SearchFilter {
                text: Some("at:2026-03-01T11:00..2026-03-01T11:59".to_owned()),
                time_zone: Some("Europe/Berlin".to_owned()),
                ..any()
            },
            "at:2026-03-01T10:00..2026-03-01T10:59",
        ),
        (
            SearchFilter {
                exit_status: Some((None, None)),
                ..any()
            },
            "exit:>=-5",
        ),
        (
            SearchFilter {
                duration_us: Some((Some(1), None)),
                ..any()
            },
            "duration:>1us",
        ),
    ];
    for (filter, text) in cases {
        let by_filter = found(&fixture, "row", &filter, SearchOrder::Newest);
        let by_text = found(
            &fixture,
            &format!("row ({text})"),
            &any(),
            SearchOrder::Newest,
        );
        let ids = |page: &SearchPage| -> Vec<_> {
            page.page
                .items
                .iter()
                .map(|(_, hit)| hit.moment.id)
                .collect()
        };
        assert_eq!(ids(&by_filter), ids(&by_text), "{text}");
        assert_eq!(total(&by_filter), total(&by_text), "{text}");
    }
}

#[tokio::test]
async fn hits_are_counted_by_what_they_have_in_common() {
    let fixture = three_sessions().await;
    let kinds = [
        FacetKind::User,
        FacetKind::Host,
        FacetKind::Kind,
        FacetKind::App,
    ];
    let facets = fixture
        .reader
        .search_facets("row", &SearchFilter::default(), &kinds, TimeUnit::Hour)
        .unwrap();
    assert_eq!(
        facets.total,
        Total {
            count: 60,
            exact: true
        }
    );
    let values = |at: usize| -> Vec<(&str, u64)> {
        let values = facets.facets[at].values.iter();
        values
            .map(|facet| (facet.value.as_str(), facet.count))
            .collect()
    };
    assert_eq!(values(0), [("ann", 40), ("bob", 20)]);
    assert_eq!(values(1), [("h", 60)]);
    assert_eq!(values(2), [("screen", 60)]);
    assert_eq!(values(3), []);
    let buckets: Vec<u64> = facets.buckets.iter().map(|bucket| bucket.count).collect();
    assert_eq!(buckets, [20, 20, 20]);
}

#[tokio::test]
async fn sessions_come_with_their_hits_page_by_page() {
    let fixture = three_sessions().await;
    for (text, order, want) in [
        ("row", SearchOrder::Newest, vec![(3, 20), (2, 20), (1, 20)]),
        ("row", SearchOrder::Oldest, vec![(1, 20), (2, 20), (3, 20)]),
        ("user:ann ro*", SearchOrder::Oldest, vec![(1, 20), (3, 20)]),
        (
            "user:ann ro*",
            SearchOrder::Relevance,
            vec![(3, 20), (1, 20)],
        ),
        ("\"row 7 of bob\"", SearchOrder::Relevance, vec![(2, 1)]),
        ("\"row 7 of bob\"", SearchOrder::Oldest, vec![(2, 1)]),
    ] {
        let question = question(text, &SearchFilter::default(), order);
        let (mut request, mut seen) = (PageRequest::first(1), Vec::new());
        loop {
            let page = fixture
                .reader
                .search_sessions(&question, 3, &request)
                .unwrap();
            assert_eq!(page.total.count, want.len() as u64);
            for (cursor, group) in &page.page.items {
                assert!(
                    group
                        .hits
                        .iter()
                        .all(|hit| hit.moment.session == group.session)
                );
                assert_eq!(group.hits.len() as u64, group.count.min(3));
                assert!(group.hits[0].snippet.iter().any(|run| run.matched));
                let times = group.hits.iter().map(|hit| hit.moment.at);
                match order {
                    SearchOrder::Oldest => assert!(times.is_sorted(), "{text}"),
                    SearchOrder::Newest => assert!(times.rev().is_sorted(), "{text}"),
                    SearchOrder::Relevance => {}
                }
                seen.push((group.session, group.count));
                request.after = Some(cursor.clone());
            }
            if !page.page.has_next {
                break;
            }
        }
        let want: Vec<_> = want
            .iter()
            .map(|(number, count)| (session(*number), *count))
            .collect();
        assert_eq!(seen, want, "{text}");
    }
}

#[tokio::test]
async fn what_is_too_much_for_the_index_is_refused_at_its_place() {
    let fixture = Fixture::new().await;
    let words: Vec<String> = (0..60_000).map(|n| format!("x{n}")).collect();
    for (number, lines) in (0..).zip(words.chunks(1_500)) {
        let text: String = lines
            .chunks(20)
            .map(|line| line.join(" ") + "\r\n")
            .collect();
        let at_us = i64::from(number) * 5_000_000;
        fixture
            .append(
                session(1),
                [
                    (at_us, written(&text)),
                    (at_us + 4_000_000, written("\r\n")),
                ],
            )
            .await;
    }
    fixture.append(session(1), [(900_000_000, ended())]).await;
    fixture.settle().await;
    let ask = |text: &str| {
        let question = question(text, &SearchFilter::default(), SearchOrder::Newest);
        let begun = Instant::now();
        (
            fixture.reader.search(&question, &PageRequest::first(10)),
            begun.elapsed(),
        )
    };
    for (text, at) in [
        ("a x*", 2),
        ("/x.*/", 0),
        ("\"x1 x*\"", 0),
        ("/(x{1,50}){1,50}/", 0),
        ("a /[/", 2),
        ("/(((/", 0),
        ("/a(?=b)/", 0),
        ("/.{0,100}.{0,100}.{0,100}z/", 0),
    ] {
        let (answer, took) = ask(text);
        match answer {
            Err(QueryError::InvalidQuery(invalid)) => {
                assert_eq!(invalid.at, at, "{text}: {invalid}");
            }
            other => panic!("{text}: {other:?}"),
        }
        // A tenth of a second where code is optimised.
        assert!(took < Duration::from_secs(2), "{text}: {took:?}");
    }
    assert!(ask("x123*").0.is_ok());
    assert!(ask("x1234~2").0.is_ok());
    assert!(ask("/x1[0-9]{3}/").0.is_ok());
}

/// While others write a thousand lines a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_moment_is_found_within_two_seconds_of_its_acknowledgement() {
    let fixture = std::sync::Arc::new(Fixture::new().await);
    let writing = {
        let fixture = std::sync::Arc::clone(&fixture);
        tokio::spawn(async move {
            for round in 0..400_i64 {
                let line = |n: i64| {
                    let text = format!("load {round} {n}\r\n");
                    (round * 1_000_000 + n * 1_000, written(&text))
                };
                fixture.append(session(1), (0..200).map(line)).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
    };
    let mut slowest = Duration::ZERO;
    for number in 0..8_u16 {
        let marker = format!("needle{number}");
        let at_us = i64::from(number) * 1_000_000;
        let events = [
            (at_us, written(&format!("{marker}\r\n"))),
            (at_us + 500_000, ended()),
        ];
        fixture.append(session(100 + number), events).await;
        let acknowledged = Instant::now();
        let question = question(&marker, &SearchFilter::default(), SearchOrder::Newest);
        loop {
            let page = fixture.reader.search(&question, &PageRequest::first(1));
            if page.is_ok_and(|page| !page.page.items.is_empty()) {
                break;
            }
            assert!(
                acknowledged.elapsed() < Duration::from_secs(20),
                "{marker} is not found"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        slowest = slowest.max(acknowledged.elapsed());
    }
    println!("found after {slowest:?} at most");
    // Two seconds are promised where code is optimised and a machine is not shared.
    assert!(slowest < Duration::from_secs(6), "{slowest:?}");
    writing.abort();
}

#[tokio::test]
async fn what_could_be_asked_is_suggested() {
    let fixture = three_sessions().await;
    let texts = |text: &str| -> Vec<(String, Option<u64>)> {
        let at = text.chars().count();
        let found = fixture.reader.suggest(text, at, 10).unwrap();
        found.into_iter().map(|one| (one.text, one.count)).collect()
    };
    assert_eq!(
        texts("row user:"),
        [
            ("user:ann".to_owned(), Some(40)),
            ("user:bob".to_owned(), Some(20))
        ]
    );
    assert_eq!(texts("user:(ann b"), [("bob".to_owned(), Some(20))]);
    assert_eq!(texts("row us"), [("user:".to_owned(), None)]);
    assert_eq!(texts("kind:com"), [("kind:command".to_owned(), None)]);
    assert!(texts("user:x").is_empty());
}
