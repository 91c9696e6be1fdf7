//! The spool: what is recorded goes to the disk first, and leaves it only against a receipt.
//!
//! ```text
//! {spool}/                              mode 0700, files 0600
//!   {session id}/
//!     lock                              held by the process that records or uploads the session
//!     session.json                      the server, and the facts of the launch
//!     launched.json                     the server's answer: upload token, the log's pinned key
//!     blobs/{sha256}
//!     streams/{source}/
//!       00000000000000000000.ndjson     a part: events, a line each; its name is the first version
//!       state.json                      committed, sent, quarantined
//!   policy.json                         the policy that a server told last
//!   uploader.lock                       held by the uploader that recorders leave behind
//!   receipts/{session id}.{source}.tlog-proof     the last receipt of each stream that is gone
//! ```
//!
//! An event is **queued** once its line is synced to the disk, **sent** once the server has been
//! given it, and **committed** once a receipt for it, or for a later event of its stream, was
//! verified: signed by the key that was pinned at launch, with a proof that leads from a leaf put
//! together from the line on this disk. Only then may its part be dropped. What the server refuses
//! for good is **quarantined**: it stays here, and is not sent again.
//!
//! Promises:
//! - *ordered*: a line is written after all lines before it, and a part is synced before the next
//!   one begins, so only the end of the last part can be torn by a crash;
//! - *windowed*: an event is synced at most [`SpoolSettings::sync_after`] or
//!   [`SpoolSettings::sync_bytes`] after it was written. A crash of the machine can lose that much;
//!   a crash of the recorder loses nothing that was written;
//! - *told*: what a crash tore is cut off when the session is taken up again, and the gap becomes
//!   an event of the recording;
//! - *bounded*: a session does not make it grow above [`SpoolSettings::limit_bytes`], counted with
//!   what others had in it when the session began.
//!
//! One process holds a session at a time; any process may look.

mod batch;
mod files;
mod line;
mod recover;
mod session;
mod state;
mod stream;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use retrace_core::SessionId;
use retrace_core::event::EventError;
use retrace_core::log::receipt::ReceiptError;

pub use batch::Batch;
pub use recover::Recovered;
pub use session::{SessionFacts, SessionSpool};
pub use state::{EventState, Quarantine, StreamState};
pub use stream::StreamWriter;

use crate::protocol::Policy;
use files::{InFile, lock, make_private_folder};

/// Where the spool is and how much it takes.
#[derive(Debug, Clone)]
pub struct SpoolSettings {
    /// The folder.
    pub folder: PathBuf,
    /// The most bytes that all sessions together may take.
    pub limit_bytes: u64,
    /// A part is ended once it has so many bytes.
    pub part_bytes: u64,
    /// The longest that a written event waits to be synced.
    pub sync_after: Duration,
    /// The most bytes that wait to be synced.
    pub sync_bytes: u64,
}

impl SpoolSettings {
    /// What is kept free of [`Self::limit_bytes`] for the events that tell why a session ended.
    pub const RESERVE_BYTES: u64 = 64 << 10;

    /// The usual settings for a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            limit_bytes: 4 << 30,
            part_bytes: 1 << 20,
            sync_after: Duration::from_millis(200),
            sync_bytes: 256 << 10,
        }
    }
}

/// Why the spool did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// It holds as much as it may. Upload what waits, or raise the limit.
    #[error("the spool is full: it may hold {limit_bytes} bytes")]
    Full {
        /// The limit.
        limit_bytes: u64,
    },
    /// The system refused a file.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what the spool writes.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The event cannot be written.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The server's log has another key than when the session was launched. Nothing is dropped
    /// against its receipts.
    #[error("the server's log is signed by {found}, expected {pinned}, which was pinned at launch")]
    OtherKey {
        /// The key of the first launch.
        pinned: String,
        /// The key that the server names now.
        found: String,
    },
    /// The server's receipt does not prove what it should. Nothing is dropped.
    #[error("the server's receipt does not hold: {0}")]
    Receipt(#[from] ReceiptError),
    /// The server says it has events that were never recorded here, or no longer has events that
    /// it gave a receipt for.
    #[error("{0}")]
    OtherHistory(String),
}

/// A folder of sessions that are recorded or wait to be uploaded.
#[derive(Debug, Clone)]
pub struct Spool {
    settings: Arc<SpoolSettings>,
}

impl Spool {
    /// Opens the spool, and makes its folder if there is none.
    ///
    /// # Errors
    /// When the folder cannot be made, or cannot be kept from other users.
    pub fn open(settings: SpoolSettings) -> Result<Self, SpoolError> {
        make_private_folder(&settings.folder)?;
        Ok(Self {
            settings: Arc::new(settings),
        })
    }

    /// How it was set up.
    pub fn settings(&self) -> &SpoolSettings {
        &self.settings
    }

    /// Begins a session, and holds it.
    ///
    /// # Errors
    /// When the spool is full, or the session is there already.
    pub fn create(&self, id: SessionId, facts: SessionFacts) -> Result<SessionSpool, SpoolError> {
        let limit_bytes = self.settings.limit_bytes;
        if self.used_bytes()? + SpoolSettings::RESERVE_BYTES >= limit_bytes {
            return Err(SpoolError::Full { limit_bytes });
        }
        SessionSpool::create(self, id, facts)
    }

    /// The sessions that lie in the spool, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn sessions(&self) -> Result<Vec<SessionId>, SpoolError> {
        let folder = &self.settings.folder;
        let mut ids: Vec<SessionId> = fs::read_dir(folder)
            .in_file(folder)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        // Ids sort by the time at which they were made.
        ids.sort_unstable();
        Ok(ids)
    }

    /// Takes up a session that was left behind: holds it, and brings its streams in order. `None`
    /// when another process holds it, or it is gone.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn take(&self, id: SessionId) -> Result<Option<(SessionSpool, Recovered)>, SpoolError> {
        SessionSpool::take(self, id)
    }

    /// Whether a process holds a session.
    pub fn is_held(&self, id: SessionId) -> bool {
        let path = self.session_folder(id).join("lock");
        File::open(path).is_ok_and(|file| file.try_lock_shared().is_err())
    }

    /// Holds the right to be the one uploader that stays behind when recorders have ended. `None`
    /// when another process is it.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn become_the_uploader(&self) -> Result<Option<File>, SpoolError> {
        lock(&self.settings.folder.join("uploader.lock"))
    }

    /// How many bytes all sessions take together.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn used_bytes(&self) -> Result<u64, SpoolError> {
        bytes_below(&self.settings.folder)
    }

    /// Whether the last policy that a server told here lets what is typed be recorded: what is done
    /// while no server can be asked.
    pub fn last_policy_records_keys(&self) -> bool {
        fs::read(self.policy_path())
            .ok()
            .and_then(|text| serde_json::from_slice::<Policy>(&text).ok())
            .is_none_or(|policy| policy.record_keys)
    }

    fn policy_path(&self) -> PathBuf {
        self.settings.folder.join("policy.json")
    }

    fn session_folder(&self, id: SessionId) -> PathBuf {
        self.settings.folder.join(id.to_string())
    }

    fn receipt_path(&self, id: SessionId, source: &retrace_core::SourceName) -> PathBuf {
        let name = format!("{id}.{source}.tlog-proof");
        self.settings.folder.join("receipts").join(name)
    }
}

fn bytes_below(folder: &Path) -> Result<u64, SpoolError> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).in_file(folder)? {
        let entry = entry.in_file(folder)?;
        // Another process may just have dropped it: then it takes nothing.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        bytes += if metadata.is_dir() {
            bytes_below(&entry.path()).unwrap_or(0)
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
