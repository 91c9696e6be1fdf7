//! A log with a place for pictures, for the tests of recordings that have some.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_core::SessionId;
use retrace_core::blob::{BlobDigest, BlobStore};
use retrace_core::data_dir::DataDir;
use retrace_core::log::StoredLog;
use retrace_ingest::import::{ImportOptions, Imported, NoProgress, Outcome, import_all};
use serde_json::Value;

use crate::support::{events_of, start};

/// A log with a place for pictures.
pub(crate) struct Place {
    pub(crate) log: StoredLog,
    pub(crate) blobs: BlobStore,
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path().join("data"));
        let log = data.open_or_create_log().await.unwrap();
        let blobs = data.blobs_of(&log);
        Self { log, blobs, dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) async fn import(&self, path: &Path) -> Vec<(PathBuf, Outcome)> {
        let options = ImportOptions {
            started_at: Some(start()),
            ..ImportOptions::default()
        };
        self.import_with(path, options).await
    }

    pub(crate) async fn import_with(
        &self,
        path: &Path,
        options: ImportOptions,
    ) -> Vec<(PathBuf, Outcome)> {
        let options = ImportOptions {
            blobs: Some(self.blobs.clone()),
            ..options
        };
        let (log, paths) = (Arc::new(self.log.clone()), vec![path.to_path_buf()]);
        let report = import_all(log, paths, options, Arc::new(NoProgress)).await;
        report.files
    }

    pub(crate) async fn one(&self, path: &Path) -> Imported {
        let outcomes = self.import(path).await;
        let mut imported = outcomes
            .into_iter()
            .filter_map(|(path, outcome)| match outcome {
                Outcome::Imported(imported) => Some(imported),
                Outcome::Skipped => None,
                Outcome::Refused(error) => panic!("{}: {error}", path.display()),
            });
        let one = imported.next().expect("a recording");
        assert!(imported.next().is_none(), "one recording");
        one
    }

    pub(crate) async fn refusal(&self, path: &Path) -> String {
        match &self.import(path).await[..] {
            [(_, Outcome::Refused(error))] => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The session's events of a kind, each with its milliseconds from the start.
    pub(crate) async fn events(&self, session: SessionId, kind: &str) -> Vec<(i64, Value)> {
        let events = events_of(&self.log, session).await;
        let start = events[0].0;
        let of_kind = events.into_iter().filter(|(_, found, _)| found == kind);
        of_kind
            .map(|(at, _, data)| {
                (
                    at.micros_since(start) / 1_000,
                    serde_json::from_str(&data).unwrap(),
                )
            })
            .collect()
    }

    pub(crate) fn blob(&self, session: SessionId, digest: &Value) -> Vec<u8> {
        let digest = BlobDigest::parse(digest.as_str().unwrap()).unwrap();
        let mut blob = self.blobs.open(session, digest).unwrap();
        let length = blob.len();
        blob.read(0..length).unwrap()
    }
}
