//! What every store must do: one test for each promise of [`EventLog`], run on each store.
//!
//! `event_log_suite!(expression)` stands in the tests of a store; the expression makes a fresh,
//! empty log, with whatever must live as long as it does.

use std::sync::Arc;

use crate::event::{Event, EventBatch, KeysTyped, MarkerSet};
use crate::id::{Position, SessionId, SourceName, StreamName, StreamVersion};
use crate::log::merkle::{TreeEdge, is_consistent, leaf_hash, root_from_inclusion};
use crate::log::{Append, AppendError, EventLog};
use crate::time::Timestamp;

macro_rules! event_log_suite {
    ($fresh_log:expr) => {
        $crate::log::suite::event_log_suite!(@each $fresh_log;
            positions_are_gapless_and_in_order
            a_repeated_append_is_acknowledged_and_not_stored_again
            other_events_at_the_same_version_are_a_conflict
            a_gap_is_refused_with_the_expected_version
            a_dropped_transaction_leaves_nothing
            a_transaction_over_several_streams_is_whole
            a_large_append_is_cut_into_commits_and_read_from_anywhere
            a_reader_never_misses_what_appears_later
            every_proof_leads_to_the_signed_root
            waiting_ends_when_the_log_has_grown
        );
    };
    (@each $fresh_log:expr; $($promise:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                let (log, _kept) = $fresh_log;
                $crate::log::suite::$promise(std::sync::Arc::new(log)).await;
            }
        )+
    };
}
pub(super) use event_log_suite;

type Log = Arc<dyn EventLog>;

fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

fn batch(labels: impl IntoIterator<Item = String>) -> EventBatch {
    let mut batch = EventBatch::new();
    for (second, label) in (0..).zip(labels) {
        let at = Timestamp::from_micros(second * 1_000_000).unwrap();
        batch.push(at, MarkerSet { label }).unwrap();
    }
    batch
}

fn append(name: &str, first_version: u64, labels: &[&str]) -> Append {
    Append {
        stream: stream(name),
        first_version: StreamVersion(first_version),
        events: batch(labels.iter().map(ToString::to_string)),
    }
}

async fn labels(log: &Log) -> Vec<String> {
    let events = log.read(Position(0), usize::MAX).await.unwrap();
    events
        .iter()
        .map(|event| String::from_utf8(event.data().to_vec()).unwrap())
        .collect()
}

pub(super) async fn positions_are_gapless_and_in_order(log: Log) {
    log.append(append("a", 0, &["1", "2"])).await.unwrap();
    log.append(append("b", 0, &["3"])).await.unwrap();
    let appended = log.append(append("a", 2, &["4"])).await.unwrap();
    assert_eq!(appended.next_version, StreamVersion(3));
    assert_eq!(appended.log_size, Position(4));

    let events = log.read(Position(0), 100).await.unwrap();
    let found: Vec<_> = events
        .iter()
        .map(|e| {
            (
                e.position().0,
                e.stream().as_str().to_owned(),
                e.version().0,
            )
        })
        .collect();
    let expected = [(0, "a", 0), (1, "a", 1), (2, "b", 0), (3, "a", 2)];
    assert_eq!(found, expected.map(|(p, s, v)| (p, s.to_owned(), v)));
    assert_eq!(
        log.next_version(&stream("a")).await.unwrap(),
        StreamVersion(3)
    );
    assert_eq!(
        log.next_version(&stream("nobody")).await.unwrap(),
        StreamVersion(0)
    );
}

pub(super) async fn a_repeated_append_is_acknowledged_and_not_stored_again(log: Log) {
    log.append(append("a", 0, &["1", "2"])).await.unwrap();
    let again = log.append(append("a", 0, &["1", "2"])).await.unwrap();
    assert_eq!(
        (again.new_events, again.next_version),
        (0, StreamVersion(2))
    );
    let longer = log.append(append("a", 0, &["1", "2"])).await.unwrap();
    assert_eq!(longer.new_events, 0);
    // A part of it is known, a part is new.
    let mut overlapping = append("a", 1, &[]);
    let mut events = EventBatch::new();
    for (second, label) in [(1, "2"), (2, "3")] {
        let at = Timestamp::from_micros(second * 1_000_000).unwrap();
        events
            .push(
                at,
                MarkerSet {
                    label: label.to_owned(),
                },
            )
            .unwrap();
    }
    overlapping.events = events;
    let appended = log.append(overlapping).await.unwrap();
    assert_eq!(
        (appended.new_events, appended.next_version),
        (1, StreamVersion(3))
    );
    assert_eq!(
        labels(&log).await,
        [r#"{"label":"1"}"#, r#"{"label":"2"}"#, r#"{"label":"3"}"#]
    );
}

pub(super) async fn other_events_at_the_same_version_are_a_conflict(log: Log) {
    log.append(append("a", 0, &["1", "2"])).await.unwrap();
    let other_data = log.append(append("a", 0, &["1", "x"])).await;
    assert!(
        matches!(
            other_data,
            Err(AppendError::Conflict {
                version: StreamVersion(1),
                ..
            })
        ),
        "{other_data:?}"
    );
    let other_type = Append {
        stream: stream("a"),
        first_version: StreamVersion(0),
        events: EventBatch::of(
            Timestamp::from_micros(0).unwrap(),
            KeysTyped {
                text: "1".to_owned(),
            },
        )
        .unwrap(),
    };
    assert!(matches!(
        log.append(other_type).await,
        Err(AppendError::Conflict { .. })
    ));
    assert_eq!(log.head().await.unwrap().size, Position(2));
}

pub(super) async fn a_gap_is_refused_with_the_expected_version(log: Log) {
    log.append(append("a", 0, &["1"])).await.unwrap();
    let refused = log.append(append("a", 2, &["3"])).await;
    assert!(
        matches!(
            refused,
            Err(AppendError::Gap {
                expected: StreamVersion(1),
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(log.head().await.unwrap().size, Position(1));
}

pub(super) async fn a_dropped_transaction_leaves_nothing(log: Log) {
    let mut transaction = log.begin().await.unwrap();
    transaction.append(append("a", 0, &["1"])).await.unwrap();
    assert_eq!(
        log.head().await.unwrap().size,
        Position(0),
        "seen before its commit"
    );
    drop(transaction);
    assert_eq!(log.head().await.unwrap().size, Position(0));
    log.append(append("a", 0, &["other"])).await.unwrap();
    assert_eq!(labels(&log).await, [r#"{"label":"other"}"#]);
}

pub(super) async fn a_transaction_over_several_streams_is_whole(log: Log) {
    let session = SessionId::launched_now();
    let names = ["agent", "proxy"]
        .map(|source| StreamName::of_session(session, &SourceName::new(source).unwrap()));
    let mut transaction = log.begin().await.unwrap();
    for name in &names {
        transaction
            .append(append(name.as_str(), 0, &["1"]))
            .await
            .unwrap();
        transaction
            .append(append(name.as_str(), 1, &["2"]))
            .await
            .unwrap();
    }
    let head = transaction.commit().await.unwrap();
    assert_eq!(head.size, Position(4));
    assert_eq!(log.session_streams(session).await.unwrap(), names);
    assert_eq!(
        log.session_streams(SessionId::launched_now())
            .await
            .unwrap(),
        []
    );
    let proxy = log
        .read_stream(&names[1], StreamVersion(1), 10)
        .await
        .unwrap();
    assert_eq!(proxy.len(), 1);
    assert_eq!(
        (proxy[0].position(), proxy[0].session()),
        (Position(3), Some(session))
    );
}

pub(super) async fn a_large_append_is_cut_into_commits_and_read_from_anywhere(log: Log) {
    const COUNT: usize = 10_000;
    log.append(append("before", 0, &["x"])).await.unwrap();
    let events = batch((0..COUNT).map(|i| format!("{i}")));
    let large = Append {
        stream: stream("a"),
        first_version: StreamVersion(0),
        events,
    };
    assert_eq!(log.append(large).await.unwrap().new_events, COUNT as u64);
    for from in [0, 1, 2_047, 2_048, 2_049, 5_000, 9_999] {
        let events = log
            .read_stream(&stream("a"), StreamVersion(from), 3)
            .await
            .unwrap();
        let versions: Vec<u64> = events.iter().map(|event| event.version().0).collect();
        assert_eq!(versions, (from..COUNT as u64).take(3).collect::<Vec<_>>());
        let events = log.read(Position(from + 1), 3).await.unwrap();
        assert_eq!(events[0].version().0, from);
        assert_eq!(
            events[0].data(),
            format!("{{\"label\":\"{from}\"}}").as_bytes()
        );
    }
    assert!(
        log.read(Position(COUNT as u64 + 1), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

/// Settled: six writers and a reader that always reads on from where it stands.
pub(super) async fn a_reader_never_misses_what_appears_later(log: Log) {
    const WRITERS: u64 = 6;
    const EACH: u64 = 25;
    let writers = (0..WRITERS).map(|writer| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for version in 0..EACH {
                let label = format!("{writer}/{version}");
                log.append(append(&format!("w{writer}"), version, &[&label]))
                    .await
                    .unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut seen = Vec::new();
    while (seen.len() as u64) < WRITERS * EACH {
        let from = Position(seen.len() as u64);
        log.grown_past(from).await.unwrap();
        for event in log.read(from, 7).await.unwrap() {
            assert_eq!(event.position().0, seen.len() as u64);
            seen.push(event.leaf());
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let all: Vec<_> = log
        .read(Position(0), usize::MAX)
        .await
        .unwrap()
        .iter()
        .map(Event::leaf)
        .collect();
    assert_eq!(seen, all);
}

pub(super) async fn every_proof_leads_to_the_signed_root(log: Log) {
    let count = 700_u64;
    let events = batch((0..count).map(|i| format!("{i}")));
    let all = Append {
        stream: stream("a"),
        first_version: StreamVersion(0),
        events,
    };
    log.append(all).await.unwrap();
    let head = log.head().await.unwrap();
    let mut edge = TreeEdge::default();
    let mut roots = vec![edge.root()];
    for event in log.read(Position(0), usize::MAX).await.unwrap() {
        let hash = leaf_hash(&event.leaf());
        assert_eq!(log.leaf_hash(event.position()).await.unwrap(), hash);
        edge.push(hash, |_, _, _| {});
        roots.push(edge.root());
    }
    assert_eq!(head.checkpoint.root, edge.root());
    for size in [1, 2, 255, 256, 257, 511, 513, 700] {
        for position in [0, 1, 254, 255, 256, 510, 699] {
            let proof = log
                .inclusion_proof(Position(position), Position(size))
                .await
                .unwrap();
            let Some(proof) = proof else {
                assert!(position >= size);
                continue;
            };
            let leaf = log.leaf_hash(Position(position)).await.unwrap();
            let root = root_from_inclusion(leaf, position, size, &proof);
            assert_eq!(root, Some(roots[size as usize]), "{position} in {size}");
        }
        for old in [1, 2, 200, 256, 512, 700] {
            let proof = log
                .consistency_proof(Position(old), Position(size))
                .await
                .unwrap();
            let Some(proof) = proof else {
                assert!(old > size);
                continue;
            };
            let (older, newer) = (&roots[old as usize], &roots[size as usize]);
            assert!(
                is_consistent((old, older), (size, newer), &proof),
                "{old} to {size}"
            );
        }
    }
    let beyond = log
        .inclusion_proof(Position(0), Position(count + 1))
        .await
        .unwrap();
    assert_eq!(beyond, None);
}

pub(super) async fn waiting_ends_when_the_log_has_grown(log: Log) {
    let waiting = tokio::spawn({
        let log = Arc::clone(&log);
        async move { log.grown_past(Position(1)).await.unwrap() }
    });
    log.append(append("a", 0, &["1"])).await.unwrap();
    assert!(!waiting.is_finished());
    log.append(append("a", 1, &["2"])).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Position(2));
}
