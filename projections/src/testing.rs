//! What tests of the read models share: a log of their own, events made up by chance, and the
//! content of a read model as text.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use retrace_core::blob::BlobStore;
use retrace_core::event::{
    EventBatch, EventBody, KeysTyped, MarkerSet, ProcessStarted, RetentionPurged, SessionLaunched,
    SourceAttached, TerminalResized, TerminalWritten,
};
use retrace_core::log::{Append, EventLog};
use retrace_core::log::{LogKeys, StoredLog};
use retrace_core::{Position, SessionId, SourceName, StreamName, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::Projection;
use crate::runner::Surroundings;
use crate::store::Schema;

/// A log in a directory that vanishes with it.
pub(crate) struct TestLog {
    pub(crate) dir: TempDir,
    pub(crate) log: Arc<dyn EventLog>,
    /// The same, for what only a stored log can do.
    pub(crate) stored: StoredLog,
    pub(crate) blobs: BlobStore,
    pub(crate) runtime: Runtime,
}

impl TestLog {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = LogKeys::generate().unwrap();
        let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        let blobs = BlobStore::new(dir.path().join("blobs"), log.clone());
        Self {
            dir,
            log: Arc::new(log.clone()),
            stored: log,
            blobs,
            runtime: Runtime::new().unwrap(),
        }
    }

    /// Appends events at microseconds from [`t0`], and answers the log's size.
    pub(crate) fn append(
        &self,
        session: SessionId,
        source: &str,
        events: impl IntoIterator<Item = (i64, EventBody)>,
    ) -> Position {
        let mut batch = EventBatch::new();
        for (at_us, body) in events {
            batch.push(t0().saturating_add_micros(at_us), body).unwrap();
        }
        self.append_to(stream(session, source), batch)
    }

    pub(crate) fn append_to(&self, stream: StreamName, events: EventBatch) -> Position {
        self.runtime.block_on(async {
            let first_version = self.log.next_version(&stream).await.unwrap();
            self.log
                .append(Append {
                    stream,
                    first_version,
                    events,
                })
                .await
                .unwrap()
                .log_size
        })
    }

    /// Lets the projection apply the log from its checkpoint on, in batches of these sizes, over
    /// and over.
    pub(crate) fn feed(&self, projection: &mut dyn Projection, sizes: &[usize]) {
        for size in sizes.iter().cycle() {
            let read = self.log.read(projection.checkpoint(), *size);
            let events = self.runtime.block_on(read).unwrap();
            if events.is_empty() {
                break;
            }
            projection.apply(&events).unwrap();
        }
    }

    /// What projections of this log are opened with, their models in a fresh directory.
    pub(crate) fn around(&self, name: &str) -> Surroundings {
        Surroundings {
            dir: self.models(name),
            log: Arc::clone(&self.log),
            blobs: self.blobs.clone(),
            runtime: self.runtime.handle().clone(),
        }
    }

    /// A fresh directory for read models.
    pub(crate) fn models(&self, name: &str) -> std::path::PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }
}

pub(crate) fn t0() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

pub(crate) fn session(number: u8) -> SessionId {
    SessionId::of_recording(&[number; 32])
}

pub(crate) fn stream(session: SessionId, source: &str) -> StreamName {
    StreamName::of_session(session, &SourceName::new(source).unwrap())
}

pub(crate) fn written(text: &str) -> EventBody {
    TerminalWritten {
        continued: false,
        text: text.to_owned(),
    }
    .into()
}

pub(crate) fn typed(text: &str) -> EventBody {
    KeysTyped::typed(text.to_owned()).into()
}

pub(crate) fn attached(columns: u32, rows: u32) -> EventBody {
    SourceAttached {
        columns: Some(columns),
        recording: None,
        rows: Some(rows),
    }
    .into()
}

pub(crate) fn resized(columns: u32, rows: u32) -> EventBody {
    TerminalResized { columns, rows }.into()
}

pub(crate) fn marked(label: &str) -> EventBody {
    MarkerSet {
        label: label.to_owned(),
    }
    .into()
}

pub(crate) fn process(path: &str) -> EventBody {
    ProcessStarted {
        arguments: Vec::new(),
        parent_pid: None,
        path: path.to_owned(),
        pid: 7,
        user: None,
    }
    .into()
}

pub(crate) fn purged() -> EventBody {
    RetentionPurged {
        session: Some(SessionLaunched {
            user: Some("ops".to_owned()),
            ..SessionLaunched::default()
        }),
        by: "policy".to_owned(),
        reason: "age".to_owned(),
        ..RetentionPurged::default()
    }
    .into()
}

/// Terminal output as recorders cut it: whole, torn inside escape sequences, with wide and
/// combining characters, alternate screens, regions, resets.
pub(crate) fn output() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,40}",
        2 => Just("\r\n".to_owned()),
        2 => "[é部🚀─\u{301}]{1,4}",
        1 => "\x1b\\[[0-9;?]{0,6}",
        4 => "\x1b\\[[0-9]{0,3}(;[0-9]{0,3}){0,2}[A-HJKLMPSTX@abdfghlmrsu`]",
        2 => "\x1b\\[\\?(6|7|25|47|1047|1048|1049)[hl]",
        1 => "\x1b[78DEHMc]",
        1 => "\x1b\\]0;[a-z]{0,8}",
        1 => "[\x00-\x1f]",
    ]
}

/// One event of any kind that a read model looks at.
pub(crate) fn any_body() -> impl Strategy<Value = EventBody> {
    prop_oneof![
        12 => output().prop_map(|text| written(&text)),
        3 => "[a-z\r\x1b]{0,4}".prop_map(|text| typed(&text)),
        1 => (0..60_u32, 0..30_u32).prop_map(|(columns, rows)| resized(columns, rows)),
        1 => (0..60_u32, 0..30_u32).prop_map(|(columns, rows)| attached(columns, rows)),
        1 => "[a-z]{0,4}".prop_map(|label| marked(&label)),
        1 => Just(process("/bin/ls")),
    ]
}

/// All rows of a read model, as text.
pub(crate) fn content(dir: &Path, schema: &Schema) -> String {
    let connection = Connection::open(schema.path(dir)).unwrap();
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut text = String::new();
    for table in tables {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns)
                .map(|column| row.get(column))
                .collect::<Result<Vec<Value>, _>>()
        });
        let mut rows: Vec<String> = rows
            .unwrap()
            .map(|row| format!("{table}: {:?}\n", row.unwrap()))
            .collect();
        rows.sort();
        text.extend(rows);
    }
    text
}
