//! What a database must do for the log: keep rows, and replace the head only for whoever knows it.
//!
//! A store knows nothing of leaves, trees or keys. It blocks; the log calls it from threads that
//! may block.

use std::ops::Range;

use super::merkle::Hash;
use super::{Position, StoreError, StreamVersion};
use crate::id::{SessionId, StreamName};
use crate::seal::keys::KeyScope;

/// Which levels of the tree are stored: every eighth, as in tiles.
pub(crate) const STORED_LEVELS: u32 = 8;

/// The log's head, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredHead {
    pub(crate) size: u64,
    /// The right edge of the tree.
    pub(crate) edge: Vec<u8>,
    /// The signed note over `size`.
    pub(crate) checkpoint: String,
    /// How many sessions were ever purged: whoever remembers keys or events from before another number must ask again.
    pub(crate) purges: u64,
}

/// A stream's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamRow {
    /// The number under which its commits are filed: the position of its first event, so that
    /// nobody has to hand out numbers.
    pub(crate) number: u64,
    pub(crate) next_version: StreamVersion,
}

/// A commit as it is stored, not yet believed.
#[derive(Debug, Clone)]
pub(crate) struct StoredCommit {
    pub(crate) first_position: Position,
    pub(crate) count: u64,
    pub(crate) stream: String,
    pub(crate) first_version: StreamVersion,
    pub(crate) recorded_at_micros: i64,
    pub(crate) payload: Vec<u8>,
    pub(crate) leaf_hashes: Vec<u8>,
}

/// A stream as it is stored, not yet believed.
#[derive(Debug, Clone)]
pub(crate) struct StoredStream {
    pub(crate) name: String,
    pub(crate) number: u64,
    pub(crate) session: Option<String>,
    pub(crate) next_version: u64,
}

/// A group of appends, as rows: written all or none.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// The size of the log that the group was made for. With any other it must not be written.
    pub(crate) size_before: u64,
    pub(crate) head: Option<StoredHead>,
    /// Streams that begin in this group.
    pub(crate) new_streams: Vec<NewStream>,
    /// The number and the next version of streams that go on.
    pub(crate) grown_streams: Vec<(u64, StreamVersion)>,
    pub(crate) commits: Vec<CommitRow>,
    /// Complete subtrees of the stored levels: level, index, hash.
    pub(crate) nodes: Vec<(u32, u64, Hash)>,
    /// Data keys that are used here for the first time. Where another node has stored one for the
    /// same scope in between, the group must not be written.
    pub(crate) new_keys: Vec<(KeyScope, Vec<u8>)>,
    /// Whether the head's checkpoint is to be kept among those of the past.
    pub(crate) keep_checkpoint: bool,
    /// What is destroyed together with writing the group. Only under the lock of the head.
    pub(crate) purge: Option<PurgeRows>,
}

/// The recording of a session, to be destroyed.
#[derive(Debug)]
pub(crate) struct PurgeRows {
    /// Whose data key becomes [`DESTROYED_KEY`].
    pub(crate) scope: KeyScope,
    /// The numbers of the streams whose payloads are emptied.
    pub(crate) destroyed: Vec<u64>,
    /// What stays, sealed under another key: the first position of a commit and its new payload.
    pub(crate) resealed: Vec<(u64, Vec<u8>)>,
}

/// What stands in the place of a wrapped data key that was destroyed, so that none is ever made again for its scope.
pub(crate) const DESTROYED_KEY: &[u8] = &[];

#[derive(Debug)]
pub(crate) struct NewStream {
    pub(crate) number: u64,
    pub(crate) name: StreamName,
    pub(crate) next_version: StreamVersion,
}

#[derive(Debug)]
pub(crate) struct CommitRow {
    pub(crate) first_position: u64,
    pub(crate) count: u64,
    pub(crate) stream: u64,
    pub(crate) first_version: StreamVersion,
    pub(crate) recorded_at_micros: i64,
    pub(crate) leaf_hashes: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

/// Which commits to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CommitsFrom {
    /// In the order of the log, from the one that holds this position.
    Position(Position),
    /// Those of the stream of this number, from the one that holds this version.
    Stream(u64, StreamVersion),
}

/// Reading.
pub(crate) trait Rows {
    fn head(&mut self) -> Result<StoredHead, StoreError>;

    /// The rows of streams, `None` for those that nobody has appended to.
    fn streams(&mut self, names: &[&StreamName]) -> Result<Vec<Option<StreamRow>>, StoreError>;

    /// The streams that are followed and have commits at or behind a position, with the version of
    /// their next event.
    fn followed_since(
        &mut self,
        position: Position,
    ) -> Result<Vec<(String, StreamVersion)>, StoreError>;

    /// The names of a session's streams, in the order in which they began.
    fn session_streams(&mut self, session: SessionId) -> Result<Vec<String>, StoreError>;

    /// Commits in order, as many as are needed for `events` events, though no more than about
    /// `bytes`, and at least one if there is one.
    fn commits(
        &mut self,
        from: CommitsFrom,
        events: u64,
        bytes: u64,
    ) -> Result<Vec<StoredCommit>, StoreError>;

    /// Of each commit that holds leaves of `range`: its first position and its leaf hashes.
    fn leaf_hashes(&mut self, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// The stored nodes of a level, in order of their index.
    fn nodes(&mut self, level: u32, range: Range<u64>) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// The wrapped data key of a scope, or [`DESTROYED_KEY`].
    fn data_key(&mut self, scope: KeyScope) -> Result<Option<Vec<u8>>, StoreError>;

    /// All streams.
    fn all_streams(&mut self) -> Result<Vec<StoredStream>, StoreError>;

    /// All stored nodes above the leaves: level, index, hash.
    fn all_nodes(&mut self) -> Result<Vec<(u32, u64, Vec<u8>)>, StoreError>;

    /// The signed notes of the past, the smallest log first.
    fn all_checkpoints(&mut self) -> Result<Vec<String>, StoreError>;
}

/// A head that nobody else can replace until this is written or dropped.
pub(crate) trait LockedHead {
    /// The rows as they are now.
    fn rows(&mut self) -> Box<dyn Rows + '_>;

    /// Writes a group, does its purge, and gives the lock back. `false`, and nothing is written, when a key of its
    /// `new_keys` was stored by another.
    fn write(self: Box<Self>, group: &Group) -> Result<bool, StoreError>;
}

/// Is given a scope's name and its wrapped key, and answers the new one, or `None` to leave it.
pub(crate) type Rewrap<'a> = dyn FnMut(&str, &[u8]) -> Result<Option<Vec<u8>>, StoreError> + 'a;

/// A database that holds one log.
pub(crate) trait Store: Send + Sync {
    /// Reads from whatever is committed. Statements may see different sizes of the log.
    fn read(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Reads a state that stays as it is until `read` returns.
    fn read_snapshot(
        &self,
        read: &mut dyn FnMut(&mut dyn Rows) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Writes a group if the log still has the size that it was made for and none of its new keys
    /// was stored by another. Otherwise `false`, and nothing is written. After an error the
    /// outcome is unknown.
    fn write_if_unchanged(&self, group: &Group) -> Result<bool, StoreError>;

    /// Waits until nobody else is replacing the head, and keeps it so.
    fn lock(&self) -> Result<Box<dyn LockedHead + '_>, StoreError>;

    /// Removes what a purge left behind in the database's own files, as far as that can be done while it is in use.
    fn scrub(&self) -> Result<(), StoreError>;

    /// Replaces wrapped data keys, all or none. Answers how many were replaced.
    fn rewrap_keys(&self, rewrap: &mut Rewrap<'_>) -> Result<u64, StoreError>;

    /// Whether a thread that is using the store may be waited for when the log is dropped. Not so
    /// when it needs the runtime that is perhaps being dropped, too.
    fn may_be_awaited(&self) -> bool;
}

/// Reads one value.
pub(crate) fn read_one<T>(
    store: &dyn Store,
    mut read: impl FnMut(&mut dyn Rows) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut answer = None;
    store.read(&mut |rows| {
        answer = Some(read(rows)?);
        Ok(())
    })?;
    answer.ok_or_else(|| StoreError::Failed("the store read nothing".into()))
}

pub(crate) fn to_sql(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::Damaged(format!("the number {number} is beyond any log")))
}

pub(crate) fn from_sql(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number)
        .map_err(|_| StoreError::Damaged(format!("a number is {number}, expected 0 or more")))
}
