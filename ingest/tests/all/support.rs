//! What several test files need.

use std::io::Read;
use std::path::{Path, PathBuf};

use retrace_core::Timestamp;
use retrace_core::data_dir::DataDir;
use retrace_core::event::EventBatch;
use retrace_core::log::EventLog;
use retrace_core::log::StoredLog;
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion};
use retrace_ingest::Limits;
use retrace_ingest::asciicast::{Facts, Header, ReadError, Reader, Version, Writer};

/// A recording of the set that lies beside the repository, or where `RETRACE_RECORDINGS` says. `None`,
/// said aloud, where it is absent.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("RETRACE_RECORDINGS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/recordings");
    let path = given.unwrap_or_else(beside).join(name);
    if !path.exists() {
        println!("skipped: the recordings are not here: no `{name}`");
        return None;
    }
    Some(path)
}

/// A recording of the repository itself.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name)
}

/// A recording, read to its end.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) header: Header,
    pub(crate) facts: Facts,
    pub(crate) events: Vec<Entry>,
}

/// An event without its place in a log: time, type, data.
pub(crate) type Entry = (Timestamp, String, String);

/// When recordings begin here.
pub(crate) fn start() -> Timestamp {
    "2026-11-21T09:00:00Z".parse().unwrap()
}

pub(crate) fn read(file: impl Read) -> Result<Recording, ReadError> {
    read_within(file, &Limits::default())
}

pub(crate) fn read_within(file: impl Read, limits: &Limits) -> Result<Recording, ReadError> {
    let mut reader = Reader::open(file, limits)?;
    let mut events = Vec::new();
    let mut more = true;
    while more {
        let mut batch = EventBatch::new();
        more = reader.read_batch(start(), &mut batch, 100, 1 << 20)?;
        events.extend(entries(&batch));
    }
    Ok(Recording {
        header: reader.header().clone(),
        facts: reader.facts(),
        events,
    })
}

pub(crate) fn entries(batch: &EventBatch) -> impl Iterator<Item = Entry> {
    batch.iter_from(0).map(|(at, kind, data)| {
        (
            at,
            kind.to_string(),
            String::from_utf8(data.to_vec()).expect("data is text"),
        )
    })
}

/// A log in a folder of its own, which lives as long as the guard.
pub(crate) async fn new_log() -> (tempfile::TempDir, StoredLog) {
    let dir = tempfile::tempdir().unwrap();
    let log = DataDir::new(dir.path().join("data"))
        .open_or_create_log()
        .await
        .unwrap();
    (dir, log)
}

/// All events of an imported session.
pub(crate) async fn events_of(log: &dyn EventLog, session: SessionId) -> Vec<Entry> {
    let stream = StreamName::of_session(session, &SourceName::new("recorder").unwrap());
    let mut all = Vec::new();
    loop {
        let from = StreamVersion(all.len() as u64);
        let events = log.read_stream(&stream, from, 10_000).await.unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events.iter().map(|event| {
            let data = String::from_utf8(event.data().to_vec()).unwrap();
            (event.at(), event.kind().to_string(), data)
        }));
    }
}

/// Writes events as a recording.
pub(crate) fn write(events: &[Entry], version: Version) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), version).unwrap();
    for (at, kind, data) in events {
        let kind = retrace_core::event::EventType::new(kind).unwrap();
        writer.write(*at, &kind, data.as_bytes()).unwrap();
    }
    writer.finish().unwrap()
}

/// The entries of a session, and how it ended: what a recording can hold of it.
pub(crate) fn without_facts(events: &[Entry]) -> &[Entry] {
    let is_fact = |kind: &str| kind == "session.launched" || kind == "session.source_attached";
    let facts = events
        .iter()
        .take_while(|(_, kind, _)| is_fact(kind))
        .count();
    &events[facts..]
}
