use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use retrace_core::event::{EventBatch, MarkerSet};
use retrace_core::log::{Append, EventLog};
use retrace_core::log::{LogKeys, StoredLog};
use retrace_core::{LogId, SessionId, SourceName, StreamName, StreamVersion, Timestamp};

use super::line::Line;
use super::*;
use crate::protocol::{LaunchAnswer, LaunchRequest, LogFacts, Policy, UploadLimits};

fn source() -> SourceName {
    SourceName::new("recorder").unwrap()
}

fn small(folder: &Path) -> SpoolSettings {
    SpoolSettings {
        part_bytes: 300,
        ..SpoolSettings::new(folder)
    }
}

fn facts() -> SessionFacts {
    SessionFacts {
        server: "http://127.0.0.1:1".to_owned(),
        launch: LaunchRequest::default(),
    }
}

fn marker(number: u64) -> EventBatch {
    let at = Timestamp::from_micros(1_795_000_000_000_000 + number as i64).unwrap();
    let label = format!("marker {number}");
    EventBatch::of(at, MarkerSet { label }).unwrap()
}

/// Writes markers, each in a write of its own, and syncs them.
fn record(session: &SessionSpool, writer: &mut StreamWriter, numbers: std::ops::Range<u64>) {
    for number in numbers {
        writer.append(&marker(number), false).unwrap();
    }
    session.set_durable(&source(), writer.sync().unwrap());
}

fn answer(session: SessionId, verifier_key: &str) -> LaunchAnswer {
    LaunchAnswer {
        session,
        upload_token: "rtu_x".to_owned(),
        upload_token_expires_at: Timestamp::now(),
        policy: Policy::default(),
        log: LogFacts {
            id: LogId::new_random(),
            verifier_key: verifier_key.to_owned(),
        },
        limits: UploadLimits {
            batch_bytes: 1 << 20,
            batch_events: 100,
            blob_bytes: 1 << 20,
        },
    }
}

/// All events of a stream from a version on, with the marker they set.
fn labels(session: &SessionSpool, from: StreamVersion) -> Vec<String> {
    let (mut from, mut labels) = (from, Vec::new());
    while let Some(batch) = session.batch(&source(), from, 3, 1 << 20).unwrap() {
        assert_eq!(batch.first, from);
        for line in batch.lines.trim_ascii_end().split(|&b| b == b'\n') {
            let line = Line::parse(line).unwrap();
            let label = match serde_json::from_str::<MarkerSet>(line.data.get()) {
                Ok(marker) => marker.label,
                Err(_) => line.kind.to_string(),
            };
            labels.push(label);
        }
        from = batch.next();
    }
    labels
}

fn expected(numbers: std::ops::Range<u64>, cut_off: bool) -> Vec<String> {
    let markers = numbers.map(|number| format!("marker {number}"));
    let end = ["recording.gap_detected", "session.ended"].map(str::to_owned);
    markers.chain(end.into_iter().filter(|_| cut_off)).collect()
}

/// A log that gives receipts for what was recorded, as the server does.
struct Server {
    log: StoredLog,
    _dir: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = LogKeys::generate().unwrap();
        let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        Self { log, _dir: dir }
    }

    /// Takes the markers in, and answers the receipt for the last one.
    async fn take(&self, session: SessionId, numbers: std::ops::Range<u64>) -> String {
        let stream = StreamName::of_session(session, &source());
        for number in numbers.clone() {
            let append = Append {
                stream: stream.clone(),
                first_version: StreamVersion(number),
                events: marker(number),
            };
            self.log.append(append).await.unwrap();
        }
        let last = StreamVersion(numbers.end - 1);
        let receipt = self.log.receipt(&stream, last).await.unwrap().unwrap();
        receipt.to_tlog_proof()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn parts_of(session: &SessionSpool) -> Vec<(StreamVersion, PathBuf)> {
    stream::parts(&session.folder().join("streams/recorder")).unwrap()
}

#[tokio::test]
async fn a_spool_that_is_cut_anywhere_keeps_all_whole_events_and_says_that_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(small(dir.path())).unwrap();
    let id = SessionId::launched_now();
    let server = Server::new();
    let session = spool.create(id, facts()).unwrap();
    session
        .set_launched(answer(id, server.log.verifier_key()))
        .unwrap();
    let mut writer = session.begin_stream(&source()).unwrap();
    record(&session, &mut writer, 0..8);
    // A receipt for the first event of the last part: that part stays, and so is cut below it, too.
    let (last_first, last_part) = parts_of(&session).pop().unwrap();
    let committed = last_first.plus(1);
    let receipt = server.take(id, 0..committed.0).await;
    session.commit(&source(), committed, &receipt).unwrap();
    let content = fs::read(&last_part).unwrap();
    assert!(content.iter().filter(|&&b| b == b'\n').count() > 1);
    drop((writer, session));

    for length in 0..=content.len() {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(dir.path(), copy.path());
        let part = copy
            .path()
            .join(last_part.strip_prefix(dir.path()).unwrap());
        fs::write(&part, &content[..length]).unwrap();
        let spool = Spool::open(small(copy.path())).unwrap();
        let (session, recovered) = spool.take(id).unwrap().unwrap();
        let whole = content[..length].iter().filter(|&&b| b == b'\n').count() as u64;
        let kept = (last_first.0 + whole).max(committed.0);
        assert_eq!(
            labels(&session, committed),
            expected(committed.0..kept, whole > 0),
            "{length}"
        );
        let after_line = content[..length]
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |n| n + 1);
        assert_eq!(
            recovered.torn_bytes,
            (length - after_line) as u64,
            "{length}"
        );
        drop(session);
        // Taking it up again changes nothing more.
        let (session, again) = spool.take(id).unwrap().unwrap();
        assert_eq!(again, Recovered::default(), "{length}");
        assert_eq!(
            labels(&session, committed),
            expected(committed.0..kept, whole > 0),
            "{length}"
        );
    }
}

proptest! {
    /// What a crash of the machine can leave at the end of a file is not only half a line.
    #[test]
    fn rubbish_after_the_last_event_is_cut_off(
        rubbish in prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..200),
            proptest::collection::vec(Just(0_u8), 1..200),
            "\\{\"at\":[^\n]{0,40}\n\\{\\}\n".prop_map(String::into_bytes),
        ],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(SpoolSettings::new(dir.path())).unwrap();
        let id = SessionId::launched_now();
        let session = spool.create(id, facts()).unwrap();
        let mut writer = session.begin_stream(&source()).unwrap();
        record(&session, &mut writer, 0..3);
        let (_, part) = parts_of(&session).pop().unwrap();
        drop((writer, session));
        let mut content = fs::read(&part).unwrap();
        content.extend_from_slice(&rubbish);
        fs::write(&part, content).unwrap();
        let (session, recovered) = spool.take(id).unwrap().unwrap();
        prop_assert_eq!(recovered.torn_bytes, rubbish.len() as u64);
        prop_assert_eq!(labels(&session, StreamVersion(0)), expected(0..3, true));
    }

    #[test]
    fn batches_hold_each_event_once_within_their_limits(
        count in 1..40_u64,
        events in 1..10_u64,
        bytes in 0..900_u64,
        part_bytes in 1..2_000_u64,
        from in 0..40_u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let settings = SpoolSettings { part_bytes, ..SpoolSettings::new(dir.path()) };
        let spool = Spool::open(settings).unwrap();
        let session = spool.create(SessionId::launched_now(), facts()).unwrap();
        let mut writer = session.begin_stream(&source()).unwrap();
        record(&session, &mut writer, 0..count);
        // What is not synced is not sent.
        writer.append(&marker(count), false).unwrap();
        let mut next = StreamVersion(from);
        let mut seen = Vec::new();
        while let Some(batch) = session.batch(&source(), next, events, bytes).unwrap() {
            prop_assert_eq!(batch.first, next);
            prop_assert!(batch.events <= events);
            prop_assert!(batch.events == 1 || batch.lines.len() as u64 <= bytes);
            seen.extend(batch.lines.split_inclusive(|&b| b == b'\n').map(<[u8]>::to_vec));
            next = batch.next();
        }
        let mut want = Vec::new();
        for number in from..count {
            let mut line = Vec::new();
            let batch = marker(number);
            let (at, kind, data) = batch.iter_from(0).next().unwrap();
            line::write(at, kind, data, &mut line);
            want.push(line);
        }
        prop_assert_eq!(seen, want);
    }
}

#[tokio::test]
async fn a_part_is_dropped_only_against_a_receipt_that_proves_our_own_event() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(small(dir.path())).unwrap();
    let id = SessionId::launched_now();
    let (server, other) = (Server::new(), Server::new());
    let session = spool.create(id, facts()).unwrap();
    session
        .set_launched(answer(id, server.log.verifier_key()))
        .unwrap();
    let mut writer = session.begin_stream(&source()).unwrap();
    record(&session, &mut writer, 0..12);
    let before = parts_of(&session);
    assert!(before.len() > 2);

    let receipt = server.take(id, 0..10).await;
    let of_another_log = other.take(id, 0..10).await;
    for (next, receipt) in [
        (10, of_another_log.as_str()), // signed by a key that is not pinned
        (9, receipt.as_str()),         // of another event
        (11, receipt.as_str()),        // of another event
        (10, &receipt[..receipt.len() - 9]), // torn
        (10, ""),
    ] {
        let refused = session.commit(&source(), StreamVersion(next), receipt);
        assert!(matches!(refused, Err(SpoolError::Receipt(_))), "{next}");
    }
    let beyond = session.commit(&source(), StreamVersion(13), &receipt);
    assert!(matches!(beyond, Err(SpoolError::OtherHistory(_))));
    assert_eq!((parts_of(&session), session.waiting()), (before, 12));

    session
        .commit(&source(), StreamVersion(10), &receipt)
        .unwrap();
    assert_eq!(session.waiting(), 2);
    assert!(parts_of(&session)[0].0 > StreamVersion(0));
    assert_eq!(labels(&session, StreamVersion(10)), expected(10..12, false));
    let state = session.state(&source());
    assert_eq!(state.of(StreamVersion(9)), EventState::Committed);
    assert_eq!(state.of(StreamVersion(10)), EventState::Queued);

    assert!(!session.remove_if_done().unwrap());
    session
        .commit(&source(), StreamVersion(12), &server.take(id, 0..12).await)
        .unwrap();
    assert!(!session.remove_if_done().unwrap(), "more may be recorded");
    session.set_complete();
    assert!(session.remove_if_done().unwrap());
    assert_eq!(spool.sessions().unwrap(), []);
    assert!(spool.receipt_path(id, &source()).exists());
}

#[test]
fn the_key_of_the_log_is_pinned_by_the_first_launch() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(small(dir.path())).unwrap();
    let id = SessionId::launched_now();
    let session = spool.create(id, facts()).unwrap();
    session.set_launched(answer(id, "one")).unwrap();
    session.set_launched(answer(id, "one")).unwrap();
    let other = session.set_launched(answer(id, "two"));
    assert!(matches!(other, Err(SpoolError::OtherKey { .. })));
    assert_eq!(session.launched().unwrap().log.verifier_key, "one");
}

#[test]
fn a_session_is_held_by_one_at_a_time_and_seen_by_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("a/b");
    let spool = Spool::open(small(&folder)).unwrap();
    let id = SessionId::launched_now();
    let session = spool.create(id, facts()).unwrap();
    let mut writer = session.begin_stream(&source()).unwrap();
    record(&session, &mut writer, 0..1);
    assert!(spool.take(id).unwrap().is_none());
    assert!(spool.is_held(id));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(session.folder()), 0o700);
    assert_eq!(mode(&parts_of(&session)[0].1), 0o600);
    assert_eq!(mode(&session.folder().join("session.json")), 0o600);
    drop((session, writer));
    assert!(!spool.is_held(id));
    assert!(spool.take(id).unwrap().is_some());
}

#[test]
fn a_full_spool_takes_nothing_but_what_is_urgent() {
    let dir = tempfile::tempdir().unwrap();
    let settings = SpoolSettings {
        limit_bytes: SpoolSettings::RESERVE_BYTES + 1_500,
        ..SpoolSettings::new(dir.path())
    };
    let spool = Spool::open(settings.clone()).unwrap();
    let session = spool.create(SessionId::launched_now(), facts()).unwrap();
    let mut writer = session.begin_stream(&source()).unwrap();
    let full = (0..100)
        .find(|&n| writer.append(&marker(n), false).is_err())
        .unwrap();
    assert_eq!(writer.next(), StreamVersion(full));
    writer.append(&marker(full), true).unwrap();
    session.set_durable(&source(), writer.sync().unwrap());
    assert_eq!(
        labels(&session, StreamVersion(0)),
        expected(0..full + 1, false)
    );
    assert!(spool.used_bytes().unwrap() <= settings.limit_bytes);
    let another = spool.create(SessionId::launched_now(), facts());
    assert!(matches!(another, Err(SpoolError::Full { .. })));
}

#[test]
fn what_is_quarantined_stays_and_is_told_in_a_stream_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let spool = Spool::open(small(dir.path())).unwrap();
    let id = SessionId::launched_now();
    let session = spool.create(id, facts()).unwrap();
    let mut writer = session.begin_stream(&source()).unwrap();
    record(&session, &mut writer, 0..4);
    session
        .quarantine(&source(), StreamVersion(2), "another event")
        .unwrap();
    drop((session, writer));
    let (session, _) = spool.take(id).unwrap().unwrap();
    let state = session.state(&source());
    assert_eq!(state.of(StreamVersion(1)), EventState::Queued);
    assert_eq!(state.of(StreamVersion(2)), EventState::Quarantined);
    let aside = SourceName::new("recorder-quarantine").unwrap();
    let told = session
        .batch(&aside, StreamVersion(0), 9, 9_999)
        .unwrap()
        .unwrap();
    assert!(
        String::from_utf8(told.lines)
            .unwrap()
            .contains("another event")
    );
    assert!(!session.remove_if_done().unwrap());
}
