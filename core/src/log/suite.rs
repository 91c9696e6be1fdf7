//! What every store must do: one test for each promise of [`EventLog`], run on each store.
//!
//! `event_log_suite!(expression)` stands in the tests of a store; the expression makes a [`Fresh`]
//! log, with whatever must live as long as it does.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::block_in_place;

use crate::event::{Event, EventBatch, KeysTyped, MarkerSet};
use crate::id::{Position, SessionId, SourceName, StreamName, StreamVersion};
use crate::log::checkpoint::Checkpoint;
use crate::log::cursor::StreamCursor;
use crate::log::merkle::{TreeEdge, is_consistent, leaf_hash, root_from_inclusion};
use crate::log::receipt::{Receipt, SentEvent};
use crate::log::store::CommitsFrom;
use crate::log::{Append, AppendError, EventLog, StoredLog};
use crate::time::Timestamp;

mod purging;

pub(super) use purging::*;

macro_rules! event_log_suite {
    ($fresh_log:expr) => {
        $crate::log::suite::event_log_suite!(@each $fresh_log;
            positions_are_gapless_and_in_order
            a_repeated_append_is_acknowledged_and_not_stored_again
            other_events_at_the_same_version_are_a_conflict
            a_gap_is_refused_with_the_expected_version
            streams_of_a_session_are_found_in_the_order_in_which_they_began
            many_appends_at_once_are_each_stored_once
            repetitions_that_overtake_each_other_are_acknowledged
            appends_submitted_one_after_the_other_keep_their_order
            two_nodes_append_to_one_log
            what_another_node_appends_is_heard_without_asking
            what_another_node_appends_before_ones_own_is_heard
            no_stored_byte_is_in_clear
            a_rotated_master_key_opens_everything
            a_large_append_is_cut_into_commits_and_read_from_anywhere
            a_reader_never_misses_what_appears_later
            every_proof_leads_to_the_signed_root
            waiting_ends_when_the_log_has_grown
            a_purge_destroys_what_was_recorded_and_keeps_every_proof
            a_node_that_remembers_the_key_seals_nothing_under_it_any_more
            a_purge_is_refused_when_something_was_said_since
            nobody_who_reads_or_appends_minds_a_purge
        );
    };
    (@each $fresh_log:expr; $($promise:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                let (fresh, _kept) = $fresh_log;
                $crate::log::suite::$promise(fresh.into()).await;
            }
        )+
    };
}
pub(super) use event_log_suite;

type Log = Arc<dyn EventLog>;

/// A fresh, empty log, seen by two nodes.
pub(super) struct Fresh {
    pub(super) log: StoredLog,
    pub(super) other: StoredLog,
}

impl From<Fresh> for StoredLog {
    fn from(fresh: Fresh) -> Self {
        fresh.log
    }
}

impl From<Fresh> for Log {
    fn from(fresh: Fresh) -> Self {
        Arc::new(fresh.log)
    }
}

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
            KeysTyped::typed("1".to_owned()),
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

pub(super) async fn streams_of_a_session_are_found_in_the_order_in_which_they_began(log: Log) {
    let session = SessionId::launched_now();
    let names = ["proxy", "agent"]
        .map(|source| StreamName::of_session(session, &SourceName::new(source).unwrap()));
    for name in &names {
        log.append(append(name.as_str(), 0, &["1"])).await.unwrap();
        log.append(append(name.as_str(), 1, &["2"])).await.unwrap();
    }
    assert_eq!(log.session_streams(session).await.unwrap(), names);
    assert_eq!(
        log.session_streams(SessionId::launched_now())
            .await
            .unwrap(),
        []
    );
    let agent = log
        .read_stream(&names[1], StreamVersion(1), 10)
        .await
        .unwrap();
    assert_eq!(agent.len(), 1);
    assert_eq!(
        (agent[0].position(), agent[0].session()),
        (Position(3), Some(session))
    );
}

/// Appends `count` batches of `size` events to each of `streams` streams, from a task for each
/// stream, and each batch twice.
async fn hammer(log: &Log, prefix: &str, streams: u64, count: u64, size: u64) {
    let tasks: Vec<_> = (0..streams)
        .map(|stream| {
            let (log, name) = (Arc::clone(log), format!("{prefix}{stream}"));
            tokio::spawn(async move {
                for number in 0..count {
                    let first = number * size;
                    let labels: Vec<String> = (first..first + size)
                        .map(|i| format!("{name}/{i}"))
                        .collect();
                    let append = Append {
                        stream: StreamName::new(name.clone()).unwrap(),
                        first_version: StreamVersion(first),
                        events: batch(labels),
                    };
                    let (once, twice) =
                        tokio::join!(log.append(append.clone()), log.append(append.clone()));
                    let (once, twice) = (once.unwrap(), twice.unwrap());
                    assert_eq!(once.new_events + twice.new_events, size);
                    assert_eq!(once.next_version, StreamVersion(first + size));
                    assert_eq!(twice.next_version, StreamVersion(first + size));
                    for appended in [once, twice] {
                        let (at, kind, data) =
                            append.events.iter_from(size as usize - 1).next().unwrap();
                        let sent = SentEvent {
                            stream: &append.stream,
                            version: StreamVersion(first + size - 1),
                            at,
                            kind,
                            data,
                        };
                        let receipt = appended.receipt.unwrap().to_tlog_proof();
                        Receipt::check(&receipt, log.verifier_key(), sent).unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Whether the log holds what [`hammer`] appended, once and in order, with a root over all of it.
async fn holds(log: &Log, prefixes: &[&str], streams: u64, each: u64) {
    let events = log.read(Position(0), usize::MAX).await.unwrap();
    assert_eq!(events.len() as u64, prefixes.len() as u64 * streams * each);
    let mut next: HashMap<String, u64> = HashMap::new();
    let mut edge = TreeEdge::default();
    for (position, event) in (0..).zip(&events) {
        assert_eq!(event.position(), Position(position));
        let name = event.stream().as_str();
        let version = next.entry(name.to_owned()).or_default();
        assert_eq!(event.version(), StreamVersion(*version));
        let label = format!(r#"{{"label":"{name}/{version}"}}"#);
        assert_eq!(event.data(), label.as_bytes());
        *version += 1;
        edge.push(leaf_hash(&event.leaf()), |_, _, _| {});
    }
    assert!(next.values().all(|version| *version == each));
    assert_eq!(log.head().await.unwrap().checkpoint.root, edge.root());
}

pub(super) async fn many_appends_at_once_are_each_stored_once(log: StoredLog) {
    let verified = log.clone();
    let log: Log = Arc::new(log);
    hammer(&log, "s", 16, 12, 3).await;
    holds(&log, &["s"], 16, 36).await;
    block_in_place(|| verified.verify(&[], |_, _| {})).unwrap();
}

pub(super) async fn repetitions_that_overtake_each_other_are_acknowledged(log: Log) {
    let batches: Vec<Append> = (0..20)
        .map(|i| append("a", i * 2, &[&format!("{i}"), &format!("{i}b")]))
        .collect();
    for batch in &batches {
        log.append(batch.clone()).await.unwrap();
    }
    let again: Vec<_> = batches
        .iter()
        .rev()
        .map(|batch| {
            let (log, batch) = (Arc::clone(&log), batch.clone());
            tokio::spawn(async move { log.append(batch).await.unwrap() })
        })
        .collect();
    for appended in again {
        let appended = appended.await.unwrap();
        assert_eq!(
            (appended.new_events, appended.next_version),
            (0, StreamVersion(40))
        );
    }
    assert_eq!(log.head().await.unwrap().size, Position(40));
}

pub(super) async fn appends_submitted_one_after_the_other_keep_their_order(log: Log) {
    let mut pending = Vec::new();
    for i in 0..200 {
        pending.push(
            log.submit(append("a", i, &[&format!("{i}")]))
                .await
                .unwrap(),
        );
    }
    // Not a word of it was waited for; one that leaves a hole is refused, and those after it.
    let hole = log.submit(append("a", 201, &["x"])).await.unwrap();
    for (version, pending) in (1..).zip(pending) {
        let appended = pending.acknowledged().await.unwrap();
        assert_eq!(appended.next_version, StreamVersion(version));
    }
    assert!(matches!(
        hole.acknowledged().await,
        Err(AppendError::Gap {
            expected: StreamVersion(200),
            ..
        })
    ));
}

pub(super) async fn two_nodes_append_to_one_log(Fresh { log, other }: Fresh) {
    let nodes: [Log; 2] = [Arc::new(log.clone()), Arc::new(other)];
    tokio::join!(
        hammer(&nodes[0], "a", 6, 15, 2),
        hammer(&nodes[1], "b", 6, 15, 2),
    );
    for node in &nodes {
        holds(node, &["a", "b"], 6, 30).await;
    }
    // Both to the same streams, in a session that both see for the first time.
    let session = SessionId::launched_now();
    let stream = StreamName::of_session(session, &SourceName::new("agent").unwrap());
    for version in 0..20 {
        let event = append(stream.as_str(), version, &["same"]);
        let (one, two) = tokio::join!(
            nodes[0].append(event.clone()),
            nodes[1].append(event.clone())
        );
        assert_eq!(one.unwrap().new_events + two.unwrap().new_events, 1);
    }
    block_in_place(|| log.verify(&[], |_, _| {})).unwrap();
}

pub(super) async fn what_another_node_appends_is_heard_without_asking(fresh: Fresh) {
    let (log, other): (Log, Log) = (Arc::new(fresh.log), Arc::new(fresh.other));
    let session = SessionId::launched_now();
    let control = StreamName::control_of(session);
    let mut cursor = StreamCursor::default();
    let mut seen = 0;
    for (version, node) in [(0, &log), (1, &other), (2, &log), (3, &other)] {
        node.append(append(control.as_str(), version, &["x"]))
            .await
            .unwrap();
        let by_now = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            cursor
                .read_on_if_grown(&*log, &control, |_| seen += 1)
                .await
                .unwrap();
            if seen == version + 1 {
                break;
            }
            assert!(version % 2 == 1, "its own appends are heard at once");
            assert!(tokio::time::Instant::now() < by_now, "not heard");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
    // What recorders write is not remembered.
    let source = SourceName::new("agent").unwrap();
    let stream = StreamName::of_session(session, &source);
    log.append(append(stream.as_str(), 0, &["x"]))
        .await
        .unwrap();
    assert_eq!(log.heard(&stream).next, None);
}

/// A process learns the end of the log with its first append: what others appended before is heard of all the same.
pub(super) async fn what_another_node_appends_before_ones_own_is_heard(fresh: Fresh) {
    let (log, other): (Log, Log) = (Arc::new(fresh.log), Arc::new(fresh.other));
    let (followed, own) = (
        StreamName::control_of(SessionId::launched_now()),
        StreamName::control_of(SessionId::launched_now()),
    );
    let (mut cursor, mut seen) = (StreamCursor::default(), 0);
    let read = cursor.read_on_if_grown(&*log, &followed, |_| seen += 1);
    assert!(!read.await.unwrap());
    for (node, stream) in [(&other, &followed), (&log, &own)] {
        node.append(append(stream.as_str(), 0, &["x"]))
            .await
            .unwrap();
    }
    let by_now = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !cursor
        .read_on_if_grown(&*log, &followed, |_| seen += 1)
        .await
        .unwrap()
    {
        assert!(tokio::time::Instant::now() < by_now, "not heard");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(seen, 1);
}

pub(super) async fn no_stored_byte_is_in_clear(log: StoredLog) {
    let text = "the password of the payroll database";
    let labels = [text.to_owned(), text.repeat(200)];
    log.append(Append {
        stream: stream("a"),
        first_version: StreamVersion(0),
        events: batch(labels),
    })
    .await
    .unwrap();
    block_in_place(|| {
        log.store().read(&mut |rows| {
            for commit in rows.commits(CommitsFrom::Position(Position(0)), 10, 1 << 20)? {
                let stored = [commit.payload, commit.leaf_hashes].concat();
                assert!(
                    !stored
                        .windows(8)
                        .any(|window| text.as_bytes().windows(8).any(|w| w == window))
                );
            }
            Ok(())
        })
    })
    .unwrap();
}

pub(super) async fn a_rotated_master_key_opens_everything(Fresh { log, other }: Fresh) {
    let sessions: Vec<String> = (0..5)
        .map(|_| {
            let source = SourceName::new("agent").unwrap();
            StreamName::of_session(SessionId::launched_now(), &source).to_string()
        })
        .collect();
    for stream in &sessions {
        log.append(append(stream, 0, &["before"])).await.unwrap();
    }
    let master = log.keys().master();
    let both = master.with_fresh_key().unwrap();
    let only_new = both.newest(1);
    assert_eq!(block_in_place(|| log.rewrap_keys(&both)).unwrap(), 5);
    log.append(append("settings/x", 0, &["after"]))
        .await
        .unwrap();
    // A node that has only the new key, and none in memory.
    other.keys().set_master(only_new);
    let events = other.read(Position(0), 10).await.unwrap();
    assert_eq!(events.len(), 6);
    let again = other.keys().master().newest(1);
    assert_eq!(block_in_place(|| other.rewrap_keys(&again)).unwrap(), 0);
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
    for size in [1, 2, 255, 256, 257, 511, 513, 700] {
        let at = log.checkpoint_at(Position(size)).await.unwrap().unwrap();
        assert_eq!((at.size, at.root), (Position(size), roots[size as usize]));
        Checkpoint::verify(at.as_note(), log.verifier_key()).unwrap();
    }
    assert_eq!(
        log.checkpoint_at(head.size).await.unwrap(),
        Some(head.checkpoint)
    );
    for none in [0, 701] {
        assert_eq!(log.checkpoint_at(Position(none)).await.unwrap(), None);
    }
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
