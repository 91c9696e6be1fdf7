//! A log with its read models, for tests.

use std::sync::Arc;

use retrace_core::blob::BlobStore;
use retrace_core::event::{
    EventBatch, EventBody, KeysTyped, SessionEnded, SessionLaunched, TerminalWritten,
};
use retrace_core::log::{Append, EventLog};
use retrace_core::log::{LogKeys, StoredLog};
use retrace_core::{SessionId, SourceName, StreamName, Timestamp};
use retrace_projections::runner::Projections;
use tempfile::TempDir;

use crate::Reader;

pub(crate) struct Fixture {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) reader: Reader,
    pub(crate) dir: TempDir,
    projections: Projections,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = LogKeys::generate().unwrap();
        let log = StoredLog::open_sqlite(&dir.path().join("log.sqlite"), keys).unwrap();
        let blobs = BlobStore::new(dir.path().join("blobs"), log.clone());
        let log: Arc<dyn EventLog> = Arc::new(log);
        let models = dir.path().join("read-models");
        let projections = Projections::start(Arc::clone(&log), blobs, &models)
            .await
            .unwrap();
        let reader = Reader::open(&models, Arc::clone(&log));
        Self {
            log,
            reader,
            dir,
            projections,
        }
    }

    /// Appends events at microseconds from [`t0`].
    pub(crate) async fn append(
        &self,
        session: SessionId,
        events: impl IntoIterator<Item = (i64, EventBody)>,
    ) {
        let mut batch = EventBatch::new();
        for (at_us, body) in events {
            batch.push(t0().saturating_add_micros(at_us), body).unwrap();
        }
        let stream = StreamName::of_session(session, &SourceName::new("agent").unwrap());
        let first_version = self.log.next_version(&stream).await.unwrap();
        self.log
            .append(Append {
                stream,
                first_version,
                events: batch,
            })
            .await
            .unwrap();
    }

    /// Waits until the read models have seen all that was appended.
    pub(crate) async fn settle(&self) {
        let size = self.log.head().await.unwrap().size;
        self.projections.caught_up_with(size).await.unwrap();
    }

    /// Stops the read models, which are then on the disk as a whole. What is answered has the log and its folder.
    pub(crate) async fn put_down(self) -> (Reader, TempDir) {
        self.settle().await;
        self.projections.shutdown().await;
        (self.reader, self.dir)
    }
}

pub(crate) fn t0() -> Timestamp {
    "2026-03-01T08:00:00Z".parse().unwrap()
}

pub(crate) fn session(number: u16) -> SessionId {
    let mut digest = [0; 32];
    digest[..2].copy_from_slice(&number.to_be_bytes());
    SessionId::of_recording(&digest)
}

pub(crate) fn launched(title: &str, user: &str, host: &str) -> EventBody {
    SessionLaunched {
        title: Some(title.to_owned()),
        user: Some(user.to_owned()),
        host: Some(host.to_owned()),
        protocol: Some("ssh".to_owned()),
        ..SessionLaunched::default()
    }
    .into()
}

pub(crate) fn ended() -> EventBody {
    SessionEnded {
        exit_status: Some(0),
        reason: retrace_core::event::EndReason::User,
    }
    .into()
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
