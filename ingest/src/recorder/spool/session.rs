//! One session in the spool.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::blob::BlobDigest;
use retrace_core::event::{
    EndReason, EventBatch, EventType, GapDetected, SessionEnded, UploadQuarantined,
};
use retrace_core::log::receipt::{Receipt, SentEvent};
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::files::{InFile, lock, make_private_folder, remove_if_there, replace};
use super::line::Line;
use super::recover::recover;
use super::stream::Room;
use super::{
    Batch, Quarantine, Recovered, Spool, SpoolError, SpoolSettings, StreamState, StreamWriter,
    batch,
};
use crate::protocol::{LaunchAnswer, LaunchRequest, Policy};

/// What is known of a session before anything is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// The address of the server that the session goes to.
    pub server: String,
    /// The launch, with the session's id and the recorder's clock.
    pub launch: LaunchRequest,
}

/// How far the streams of a session are durable, and whether more will come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The version that comes after the last durable event of each stream.
    pub durable: BTreeMap<SourceName, StreamVersion>,
    /// Nothing more will be recorded.
    pub complete: bool,
}

/// A session in the spool, held by this process.
#[derive(Debug)]
pub struct SessionSpool {
    id: SessionId,
    folder: PathBuf,
    spool: Spool,
    facts: SessionFacts,
    launched: Mutex<Option<LaunchAnswer>>,
    states: Mutex<BTreeMap<SourceName, StreamState>>,
    recorded: watch::Sender<Recorded>,
    room: Arc<Room>,
    _lock: File,
}

impl SessionSpool {
    pub(super) fn create(
        spool: &Spool,
        id: SessionId,
        facts: SessionFacts,
    ) -> Result<Self, SpoolError> {
        let folder = spool.session_folder(id);
        make_private_folder(&folder.join("streams"))?;
        make_private_folder(&folder.join("blobs"))?;
        make_private_folder(&folder)?;
        let lock = lock(&folder.join("lock"))?.ok_or_else(|| SpoolError::Damaged {
            path: folder.clone(),
            reason: "another process holds a session that was just made".to_owned(),
        })?;
        replace(&folder.join("session.json"), &to_json(&facts))?;
        Self::with(spool, id, facts, None, lock)
    }

    fn with(
        spool: &Spool,
        id: SessionId,
        facts: SessionFacts,
        launched: Option<LaunchAnswer>,
        lock: File,
    ) -> Result<Self, SpoolError> {
        let room = Room::new(spool.settings.limit_bytes, spool.used_bytes()?);
        Ok(Self {
            id,
            folder: spool.session_folder(id),
            spool: spool.clone(),
            facts,
            launched: Mutex::new(launched),
            states: Mutex::default(),
            recorded: watch::Sender::new(Recorded::default()),
            room: Arc::new(room),
            _lock: lock,
        })
    }

    pub(super) fn take(
        spool: &Spool,
        id: SessionId,
    ) -> Result<Option<(Self, Recovered)>, SpoolError> {
        let folder = spool.session_folder(id);
        let facts_path = folder.join("session.json");
        // Without its facts it is a session that never began, or one that is just being removed.
        if !facts_path.exists() {
            return Ok(None);
        }
        let Some(lock) = lock(&folder.join("lock"))? else {
            return Ok(None);
        };
        // Whoever held it until now may have finished and removed it.
        if !facts_path.exists() {
            remove_if_there(&folder.join("lock"))?;
            return Ok(None);
        }
        let facts = from_json(&facts_path)?;
        let launched_path = folder.join("launched.json");
        let launched = launched_path
            .exists()
            .then(|| from_json(&launched_path))
            .transpose()?;
        let session = Self::with(spool, id, facts, launched, lock)?;
        let recovered = session.bring_in_order()?;
        Ok(Some((session, recovered)))
    }

    /// Reads how far the streams have got, and ends a recording that was cut off.
    fn bring_in_order(&self) -> Result<Recovered, SpoolError> {
        let mut recovered = Recovered::default();
        let mut latest: Option<(Timestamp, SourceName)> = None;
        let (mut ended, mut found_streams) = (false, Vec::new());
        for source in self.sources()? {
            let folder = self.stream_folder(&source);
            let state = StreamState::read(&folder.join("state.json"))?;
            let found = recover(&folder, state.committed)?;
            recovered.torn_bytes += found.torn_bytes;
            if let Some((at, kind)) = &found.last {
                ended |= *kind == EventType::SESSION_ENDED;
                if latest.as_ref().is_none_or(|(last, _)| at > last) {
                    latest = Some((*at, source.clone()));
                }
            }
            self.states().insert(source.clone(), state);
            found_streams.push((source, found.next));
        }
        if !ended && let Some((at, source)) = latest {
            recovered.was_cut_off = true;
            for (name, next) in &mut found_streams {
                if *name == source {
                    *next = self.end_cut_off(&source, *next, at, recovered.torn_bytes)?;
                }
            }
        }
        for (source, next) in found_streams {
            self.set_durable(&source, next);
        }
        self.set_complete();
        Ok(recovered)
    }

    /// Says in the recording that it was cut off. The recorder can have lived on for a while after
    /// its last event, so all that is known of the end is that it was not before it.
    fn end_cut_off(
        &self,
        source: &SourceName,
        next: StreamVersion,
        last_at: Timestamp,
        torn_bytes: u64,
    ) -> Result<StreamVersion, SpoolError> {
        let mut reason = "the recorder was ended without being able to say so".to_owned();
        if torn_bytes > 0 {
            reason.push_str(&format!(
                "; {torn_bytes} bytes of its last events were torn"
            ));
        }
        let mut events = EventBatch::of(
            last_at,
            GapDetected {
                channel: "terminal".to_owned(),
                from: last_at,
                reason,
                to: last_at,
            },
        )?;
        events.push(
            last_at,
            SessionEnded {
                exit_status: None,
                reason: EndReason::Unknown,
            },
        )?;
        let mut writer = self.writer_from(source, next);
        writer.append(&events, true)?;
        writer.sync()
    }

    /// Its id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What was known before anything was recorded.
    pub fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How the spool was set up.
    pub fn settings(&self) -> &SpoolSettings {
        self.spool.settings()
    }

    /// What the server answered to the launch, if it was reached.
    pub fn launched(&self) -> Option<LaunchAnswer> {
        self.launched
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Keeps what the server answered to a launch. The log's key is pinned by the first answer.
    ///
    /// # Errors
    /// When the answer names another key than the first one did, or cannot be written.
    pub fn set_launched(&self, answer: LaunchAnswer) -> Result<(), SpoolError> {
        let mut launched = self.launched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pinned) = launched.as_ref().map(|first| &first.log.verifier_key)
            && *pinned != answer.log.verifier_key
        {
            return Err(SpoolError::OtherKey {
                pinned: pinned.clone(),
                found: answer.log.verifier_key,
            });
        }
        replace(&self.folder.join("launched.json"), &to_json(&answer))?;
        *launched = Some(answer);
        Ok(())
    }

    /// Keeps the policy in force, for the next session that starts while the server is away.
    pub fn keep_policy(&self, policy: &Policy) {
        // It is only a help: without it the next session that starts alone records what is typed.
        let _ = replace(&self.spool.policy_path(), &to_json(policy));
    }

    /// Begins a stream, and answers what writes it.
    ///
    /// # Errors
    /// When its folder cannot be made, or the stream is there already.
    pub fn begin_stream(&self, source: &SourceName) -> Result<StreamWriter, SpoolError> {
        let folder = self.stream_folder(source);
        make_private_folder(&folder)?;
        if self.states().contains_key(source) {
            return Err(SpoolError::Damaged {
                path: folder,
                reason: "the stream was begun before".to_owned(),
            });
        }
        self.states().insert(source.clone(), StreamState::default());
        self.set_durable(source, StreamVersion(0));
        Ok(self.writer_from(source, StreamVersion(0)))
    }

    fn writer_from(&self, source: &SourceName, next: StreamVersion) -> StreamWriter {
        StreamWriter::new(
            self.stream_folder(source),
            Arc::clone(&self.spool.settings),
            Arc::clone(&self.room),
            next,
        )
    }

    /// Tells those who upload that the events of a stream below a version are durable.
    pub fn set_durable(&self, source: &SourceName, next: StreamVersion) {
        self.recorded.send_if_modified(|recorded| {
            recorded.durable.insert(source.clone(), next) != Some(next)
        });
    }

    /// Tells those who upload that nothing more will be recorded.
    pub fn set_complete(&self) {
        self.recorded
            .send_if_modified(|recorded| !std::mem::replace(&mut recorded.complete, true));
    }

    /// What is recorded, as it grows.
    pub fn recorded(&self) -> watch::Receiver<Recorded> {
        self.recorded.subscribe()
    }

    /// Stores a blob that an event will name, and answers its SHA-256.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<String, SpoolError> {
        let digest = hex::encode(Sha256::digest(bytes));
        replace(&self.blob_path(&digest), bytes)?;
        Ok(digest)
    }

    /// The bytes of a blob. `None` when it is not here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn blob(&self, digest: &str) -> Result<Option<Vec<u8>>, SpoolError> {
        let path = self.blob_path(digest);
        if BlobDigest::parse(digest).is_none() || !path.exists() {
            return Ok(None);
        }
        fs::read(&path).in_file(&path).map(Some)
    }

    /// How far a stream has got.
    pub fn state(&self, source: &SourceName) -> StreamState {
        self.states().get(source).cloned().unwrap_or_default()
    }

    /// How many events wait for a receipt, quarantined ones left out.
    pub fn waiting(&self) -> u64 {
        let recorded = self.recorded.borrow();
        recorded
            .durable
            .iter()
            .map(|(source, durable)| {
                let state = self.state(source);
                let until = state.quarantined.map_or(*durable, |q| q.from);
                until.0.saturating_sub(state.committed.0)
            })
            .sum()
    }

    /// The streams of which the server refused something for good.
    pub fn quarantined(&self) -> Vec<(SourceName, Quarantine)> {
        self.states()
            .iter()
            .filter_map(|(source, state)| Some((source.clone(), state.quarantined.clone()?)))
            .collect()
    }

    /// The next events of a stream from a version on, as far as they are durable, and no more than
    /// `events` events and `bytes` bytes (one event in any case). `None` when there are none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn batch(
        &self,
        source: &SourceName,
        from: StreamVersion,
        events: u64,
        bytes: u64,
    ) -> Result<Option<Batch>, SpoolError> {
        let until = self.durable(source);
        batch::read(&self.stream_folder(source), from, until, events, bytes)
    }

    /// Notes that the server was given all events of a stream below a version.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note_sent(&self, source: &SourceName, next: StreamVersion) -> Result<(), SpoolError> {
        // What was sent is asked of the server after a restart; here it is only shown to people,
        // and written along with what matters.
        self.update(source, false, |state| state.sent = state.sent.max(next))
    }

    /// Checks the receipt for all events of a stream below a version, and drops the parts that are
    /// in the log by it.
    ///
    /// # Errors
    /// When the receipt does not prove it (nothing is dropped then), or files cannot be written.
    pub fn commit(
        &self,
        source: &SourceName,
        next: StreamVersion,
        receipt: &str,
    ) -> Result<(), SpoolError> {
        if next <= self.state(source).committed {
            return Ok(());
        }
        let last = StreamVersion(next.0 - 1);
        let durable = self.durable(source);
        let Some(batch) = self.batch(source, last, 1, 0)? else {
            return Err(SpoolError::OtherHistory(format!(
                "the server says that `{source}` goes on at version {next}, but only {durable} \
                 events were recorded here"
            )));
        };
        let verifier_key = self.launched().map(|answer| answer.log.verifier_key);
        let path = self.stream_folder(source);
        let damaged = |reason: String| SpoolError::Damaged {
            path: path.clone(),
            reason,
        };
        let verifier_key = verifier_key.ok_or_else(|| damaged("no key is pinned".to_owned()))?;
        let line = Line::parse(batch.lines.trim_ascii_end())
            .map_err(|error| damaged(format!("version {last}: {error}")))?;
        Receipt::check(
            receipt,
            &verifier_key,
            SentEvent {
                stream: &StreamName::of_session(self.id, source),
                version: last,
                at: line.at,
                kind: &line.kind,
                data: line.data.get().as_bytes(),
            },
        )?;
        let blobs = self.blobs_below(source, next)?;
        replace(
            &self.folder.join(format!("{source}.tlog-proof")),
            receipt.as_bytes(),
        )?;
        self.update(source, true, |state| {
            state.committed = next;
            state.sent = state.sent.max(next);
        })?;
        self.room.give_back(batch::drop_parts(&path, next)?);
        for blob in blobs {
            remove_if_there(&self.blob_path(&blob))?;
        }
        Ok(())
    }

    /// The blobs that events from the last receipt on, and below `next`, name.
    fn blobs_below(
        &self,
        source: &SourceName,
        next: StreamVersion,
    ) -> Result<Vec<String>, SpoolError> {
        let blobs = self.folder.join("blobs");
        if fs::read_dir(&blobs).in_file(&blobs)?.next().is_none() {
            return Ok(Vec::new());
        }
        let (mut from, mut names) = (self.state(source).committed, Vec::new());
        while from < next
            && let Some(batch) = self.batch(source, from, next.0 - from.0, u64::MAX)?
        {
            names.extend(batch.blobs());
            from = batch.next();
        }
        Ok(names)
    }

    /// Sets a stream aside from a version on: it stays here, and is not sent again. What the server
    /// takes is told so in a stream of its own.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn quarantine(
        &self,
        source: &SourceName,
        from: StreamVersion,
        reason: &str,
    ) -> Result<(), SpoolError> {
        let at = Timestamp::now();
        self.update(source, true, |state| {
            state.quarantined = Some(Quarantine {
                at,
                from,
                reason: reason.to_owned(),
            });
        })?;
        let Ok(aside) = SourceName::new(format!("{source}-quarantine")) else {
            return Ok(());
        };
        // A quarantine that is refused itself is not told once more.
        if source.as_str().ends_with("-quarantine") || self.states().contains_key(&aside) {
            return Ok(());
        }
        let told = UploadQuarantined {
            blob: None,
            reason: format!("stream `{source}` from version {from} on: {reason}"),
        };
        let mut writer = self.begin_stream(&aside)?;
        writer.append(&EventBatch::of(at, told)?, true)?;
        self.set_durable(&aside, writer.sync()?);
        Ok(())
    }

    /// Removes the session, all of which stands in the log; its receipts are kept. Answers whether
    /// that is so: a session of which something is quarantined, waits, or is still being recorded
    /// stays.
    ///
    /// # Errors
    /// When files cannot be moved or removed.
    pub fn remove_if_done(&self) -> Result<bool, SpoolError> {
        let done =
            self.recorded.borrow().complete && self.waiting() == 0 && self.quarantined().is_empty();
        if !done {
            return Ok(false);
        }
        for source in self.sources()? {
            let receipt = self.folder.join(format!("{source}.tlog-proof"));
            if receipt.exists() {
                let kept = self.spool.receipt_path(self.id, &source);
                make_private_folder(kept.parent().unwrap_or(&kept))?;
                fs::rename(&receipt, &kept).in_file(&receipt)?;
            }
        }
        self.discard()?;
        Ok(true)
    }

    /// Removes a session that was never allowed to start.
    ///
    /// # Errors
    /// When files cannot be removed.
    pub fn discard(&self) -> Result<(), SpoolError> {
        // First what makes it a session, so that half of one is never taken up.
        remove_if_there(&self.folder.join("session.json"))?;
        fs::remove_dir_all(&self.folder).in_file(&self.folder)
    }

    fn durable(&self, source: &SourceName) -> StreamVersion {
        let recorded = self.recorded.borrow();
        recorded.durable.get(source).copied().unwrap_or_default()
    }

    fn sources(&self) -> Result<Vec<SourceName>, SpoolError> {
        let folder = self.folder.join("streams");
        let mut sources: Vec<SourceName> = fs::read_dir(&folder)
            .in_file(&folder)?
            .filter_map(|entry| SourceName::new(entry.ok()?.file_name().to_str()?).ok())
            .collect();
        sources.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(sources)
    }

    fn update(
        &self,
        source: &SourceName,
        durably: bool,
        change: impl FnOnce(&mut StreamState),
    ) -> Result<(), SpoolError> {
        let mut states = self.states();
        let state = states.entry(source.clone()).or_default();
        change(state);
        if durably {
            state.write(&self.stream_folder(source).join("state.json"))?;
        }
        Ok(())
    }

    fn states(&self) -> std::sync::MutexGuard<'_, BTreeMap<SourceName, StreamState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream_folder(&self, source: &SourceName) -> PathBuf {
        self.folder.join("streams").join(source.as_str())
    }

    fn blob_path(&self, digest: &str) -> PathBuf {
        self.folder.join("blobs").join(digest)
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain structs are written as JSON")
}

fn from_json<T: DeserializeOwned>(path: &Path) -> Result<T, SpoolError> {
    let text = fs::read(path).in_file(path)?;
    serde_json::from_slice(&text).map_err(|error| SpoolError::Damaged {
        path: path.to_path_buf(),
        reason: error.to_string(),
    })
}
