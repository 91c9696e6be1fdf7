//! The log: appending, reading, proving.
//!
//! | module | holds |
//! |---|---|
//! | [`self`] | the [`EventLog`] trait, which is the whole interface, and its errors |
//! | [`stored`] | [`StoredLog`]: the log over a database; opening it |
//! | `append` | the pipeline that takes events in |
//! | `read`, `recent` | events and proofs from rows; commits that were read lately |
//! | `store` | what a database must do; no events, no tree, no keys |
//! | `sqlite`, `postgres` | the two databases that do it |
//! | `payload` | how the events of a commit are packed and sealed |
//! | `data_keys` | the keys that they are sealed with |
//! | [`cursor`], `hearing` | following one stream without asking the store for nothing |
//! | [`merkle`] | the tree of RFC 6962: growing it, proofs, checking proofs; no storage |
//! | [`checkpoint`] | signed tree heads (C2SP signed note, tlog-checkpoint) and the key that signs |
//! | [`receipt`] | what a recorder gets for events that stand in the log |
//! | [`multiproof`] | one proof for the lines of a file |
//! | [`tlog_proof`] | the proof for one leaf as a file |
//! | [`lines`] | checking exported events without the log |
//! | [`tile`] | addresses and bundles of C2SP tlog-tiles |
//! | [`tiles_check`] | checking a tree that is shown as tiles |
//! | [`verify`] | checking a whole log against its checkpoints |
//! | `suite` | the tests that every store must pass |

mod append;
pub mod checkpoint;
pub mod cursor;
mod data_keys;
mod hearing;
pub mod lines;
pub mod merkle;
pub mod multiproof;
mod payload;
mod postgres;
mod read;
pub mod receipt;
mod recent;
mod sqlite;
mod store;
pub mod stored;
#[cfg(test)]
mod suite;
pub mod tile;
pub mod tiles_check;
pub mod tlog_proof;
pub mod verify;

use async_trait::async_trait;

use crate::event::{Event, EventBatch};
use crate::id::{LogId, Position, SessionId, StreamName, StreamVersion};
pub use append::{PendingAppend, Purge, PurgeError, Purged};
use checkpoint::{Checkpoint, Statement};
use cursor::Heard;
use merkle::Hash;
use receipt::Receipt;
pub use stored::{LogKeys, StoredLog};

/// Events to be added to the end of one stream, all or none.
#[derive(Debug, Clone)]
pub struct Append {
    /// The stream.
    pub stream: StreamName,
    /// The version that the first event is to have.
    pub first_version: StreamVersion,
    /// The events.
    pub events: EventBatch,
}

/// What an append did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The version that the stream's next event will have.
    pub next_version: StreamVersion,
    /// The log's size once the events stand in it: a reader that has seen all positions below
    /// it has seen these events.
    pub log_size: Position,
    /// How many of the events were not in the stream before. 0 when the append was a repetition.
    pub new_events: u64,
    /// The receipt for the stream up to its last event. `None` when the stream is empty.
    pub receipt: Option<Receipt>,
}

/// Why an append added nothing.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another event stands at that version. Reload the stream, decide again, append again.
    #[error("stream `{stream}` has another event at version {version}")]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// The first version at which the events differ.
        version: StreamVersion,
    },
    /// Events before these are missing. Send them first, from `expected` on.
    #[error("stream `{stream}` goes on at version {expected}, found {found}")]
    Gap {
        /// The stream.
        stream: StreamName,
        /// The version that the stream's next event must have.
        expected: StreamVersion,
        /// The version that was given.
        found: StreamVersion,
    },
    /// What was recorded of the session was purged, and nothing is added to it any more.
    #[error(
        "session {session} was purged: what was recorded of it is destroyed, and nothing can be added to it"
    )]
    Purged {
        /// The session.
        session: SessionId,
    },
    /// The store failed, and the outcome is unknown: append the same again, which is safe.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the quota, is full. Nothing was changed.
    #[error("no space left for the log")]
    Full(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What is stored cannot be what was written.
    #[error("the log is damaged: {0}")]
    Damaged(String),
    /// Anything else that the store said.
    #[error("the log's store failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The same error once more, for another caller whom it concerns.
    fn again(&self) -> Self {
        match self {
            Self::Full(source) => Self::Full(source.to_string().into()),
            Self::Damaged(what) => Self::Damaged(what.clone()),
            Self::Failed(source) => Self::Failed(source.to_string().into()),
        }
    }
}

/// The log's size and the root of its tree, signed.
#[derive(Debug, Clone)]
pub struct Head {
    /// How many events there are.
    pub size: Position,
    /// The checkpoint over them: always of this very size.
    pub checkpoint: Checkpoint,
}

/// A log of events, made of streams. Every implementation promises:
/// - *whole*: an append stores all its events or none;
/// - *durable*: after `Ok` a crash of the process, the store or the machine does not lose them;
/// - *gapless*: the positions are `[0, size)`, in the order of the commits;
/// - *settled*: once a reader has seen position `p`, nothing new appears at or below `p`;
/// - *idempotent*: events that already stand at their versions, equal in time, type and data, are
///   acknowledged again and not stored again; other events there are a conflict; a gap is refused;
/// - *proved*: the checkpoint of the head is over exactly the events that a reader can see;
/// - *kept in place*: of a recording that was purged the events stay where they were, with their hashes, and say nothing
///   ([`Event::is_destroyed`]).
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Which log this is.
    fn id(&self) -> LogId;

    /// The key with which its checkpoints can be checked, as a C2SP verifier key.
    fn verifier_key(&self) -> &str;

    /// Appends to one stream. Appends of many callers are made durable together.
    ///
    /// # Errors
    /// A conflict or a gap, or when the store fails.
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.submit(append).await?.acknowledged().await
    }

    /// Gives an append its place in the order of appends, and answers before it is durable: so a
    /// caller may submit the next one of the same stream while this one is on its way. Waits when
    /// too much is on its way already.
    ///
    /// # Errors
    /// When the append cannot even be prepared. Everything else is told by the [`PendingAppend`].
    async fn submit(&self, append: Append) -> Result<PendingAppend, AppendError>;

    /// Signs what the log says of something else than its tree: what a bundle or a report consists of.
    fn sign_statement(&self, statement: &Statement) -> String;

    /// The checkpoint over the first `size` events, whenever they were the last: always the same bytes. `None` when the
    /// log has not that many, or `size` is 0.
    ///
    /// # Errors
    /// When the log cannot be read.
    async fn checkpoint_at(&self, size: Position) -> Result<Option<Checkpoint>, StoreError>;

    /// Size and checkpoint of the log, as of now.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Waits until the log is larger than `size`, whoever appends, and answers its size. Waits for
    /// ever if nothing is appended.
    async fn grown_past(&self, size: Position) -> Result<Position, StoreError>;

    /// Reads events from `from` on, oldest first, at most `limit` of them. Empty at the end.
    async fn read(&self, from: Position, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// Reads one stream from version `from` on, oldest first, at most `limit` events.
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: StreamVersion,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError>;

    /// The version that the stream's next event will have: 0 when nobody has appended to it.
    async fn next_version(&self, stream: &StreamName) -> Result<StreamVersion, StoreError>;

    /// What this process has heard of a stream that is followed: of settings, tokens and the like,
    /// or the control stream of a session. Of its own appends at once, of those of others soon.
    fn heard(&self, stream: &StreamName) -> Heard;

    /// The streams of a session, in the order in which they began.
    async fn session_streams(&self, session: SessionId) -> Result<Vec<StreamName>, StoreError>;

    /// The hash of the leaf at a position that is in the log.
    async fn leaf_hash(&self, position: Position) -> Result<Hash, StoreError> {
        let hashes = self.tile_hashes(0, position.0, position.0 + 1).await?;
        Ok(hashes[0])
    }

    /// The hashes of the nodes `[start, end)` of a level of the tree that is a multiple of 8: what
    /// the tiles of C2SP `tlog-tiles` are made of. Each of them must be complete in the log.
    async fn tile_hashes(&self, level: u32, start: u64, end: u64) -> Result<Vec<Hash>, StoreError>;

    /// The receipt for a stream up to and including the event of `version`. `None` when there is
    /// no such event, or it was destroyed.
    async fn receipt(
        &self,
        stream: &StreamName,
        version: StreamVersion,
    ) -> Result<Option<Receipt>, StoreError>;

    /// The inclusion proof (RFC 6962, 2.1.1) of the leaf at `position` in the tree of `size`
    /// leaves. `None` when the position is not in that tree, or the log is smaller than the tree.
    async fn inclusion_proof(
        &self,
        position: Position,
        size: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError>;

    /// The consistency proof (RFC 6962, 2.1.2) from the tree of `old` leaves to that of `new`.
    /// `None` when `old` is 0 or above `new`, or the log is smaller than `new`.
    async fn consistency_proof(
        &self,
        old: Position,
        new: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError>;
}

/// Runs what blocks away from the threads that serve others.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(stopped) => Err(StoreError::Failed(Box::new(stopped))),
    }
}

fn other_layout(found: i64, expected: i64) -> StoreError {
    StoreError::Damaged(format!(
        "its tables have the layout {found}, expected {expected}: use the version of retrace that \
         wrote them, or export its recordings with that version and import them into a new log"
    ))
}

fn other_log(found: Option<&str>, expected: &str) -> StoreError {
    StoreError::Damaged(format!(
        "it is the log {}, but the key is of the log {expected}: put the key that belongs to it \
         into the data folder (nodes of one log share their keys)",
        found.unwrap_or("without a name")
    ))
}
