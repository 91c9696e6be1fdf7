//! Appending to the tables.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::OwnedMutexGuard;

use super::read::{self, STORED_LEVELS};
use super::{LOG, Shared, blocking, failed, to_sql};
use crate::event::{EventBatch, Leaf, salt};
use crate::id::{Position, StreamName, StreamVersion};
use crate::log::merkle::{TreeEdge, leaf_hash};
use crate::log::{Append, AppendError, Appended, Head, LogTransaction, StoreError, payload};
use crate::time::Timestamp;

/// An append is cut into commits of at most so many events and about so many bytes, so that
/// reading one event does not unpack a whole recording.
const COMMIT_EVENTS: usize = 2048;
const COMMIT_BYTES: usize = 256 << 10;
/// A checkpoint is kept each time the log has grown past a multiple of this.
const CHECKPOINT_EVERY: u64 = 16_384;

/// A transaction on the one connection that writes. From `BEGIN IMMEDIATE` on nobody else can
/// append, in any process, so the head that is read here stays the head.
pub(super) struct SqliteTransaction {
    /// `None` only while a call has it on another thread, or after the transaction has ended.
    open: Option<Open>,
}

struct Open {
    shared: Arc<Shared>,
    connection: OwnedMutexGuard<Connection>,
    size_before: u64,
    edge: TreeEdge,
    recorded_at: Timestamp,
    /// Scratch space for the leaf that is being hashed.
    leaf: Vec<u8>,
}

impl SqliteTransaction {
    /// Takes the write lock. Blocks.
    pub(super) fn begin(
        shared: Arc<Shared>,
        connection: OwnedMutexGuard<Connection>,
    ) -> Result<Self, StoreError> {
        connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(failed)?;
        let open = Open::load(shared, connection)?;
        Ok(Self { open: Some(open) })
    }

    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Open) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut open = self
            .open
            .take()
            .ok_or_else(|| StoreError::Failed("the transaction has ended".into()))?;
        let (open, answer) = blocking(move || {
            let answer = work(&mut open);
            Ok((open, answer))
        })
        .await?;
        self.open = Some(open);
        Ok(answer)
    }
}

#[async_trait]
impl LogTransaction for SqliteTransaction {
    async fn append(&mut self, append: Append) -> Result<Appended, AppendError> {
        self.with(move |open| open.append(&append)).await?
    }

    async fn commit(mut self: Box<Self>) -> Result<Head, StoreError> {
        let open = self
            .open
            .take()
            .ok_or_else(|| StoreError::Failed("the transaction has ended".into()))?;
        blocking(move || open.commit()).await
    }
}

/// However a transaction is left, the write lock goes with it.
impl Drop for Open {
    fn drop(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the log could not be undone");
        }
    }
}

impl Open {
    fn load(
        shared: Arc<Shared>,
        connection: OwnedMutexGuard<Connection>,
    ) -> Result<Self, StoreError> {
        // Built before the head is read, so that an error below gives the lock back.
        let mut open = Self {
            shared,
            connection,
            size_before: 0,
            edge: TreeEdge::default(),
            recorded_at: Timestamp::now(),
            leaf: Vec::new(),
        };
        let head = read::head(&open.connection)?;
        open.size_before = head.size.0;
        open.edge = TreeEdge::from_bytes(head.size.0, &head.edge).ok_or_else(|| {
            StoreError::Damaged(format!("the edge of its tree is not of size {}", head.size))
        })?;
        Ok(open)
    }

    fn append(&mut self, append: &Append) -> Result<Appended, AppendError> {
        let known = read::stream_row(&self.connection, &append.stream)?;
        let next = known.map_or(StreamVersion(0), |(_, next)| next);
        if append.first_version > next {
            return Err(AppendError::Gap {
                stream: append.stream.clone(),
                expected: next,
                found: append.first_version,
            });
        }
        let already = self.check_repeated(append, next)?;
        let new_events = append.events.len() - already;
        let after = next.plus(new_events as u64);
        if new_events > 0 {
            let stream = match known {
                Some((stream, _)) => stream,
                None => self.insert_stream(&append.stream)?,
            };
            for piece in append.events.pieces(already, COMMIT_EVENTS, COMMIT_BYTES) {
                let version = append.first_version.plus(piece.start as u64);
                self.insert_commit(stream, &append.stream, version, &append.events, piece)?;
            }
            self.connection
                .prepare_cached("UPDATE streams SET next_version = ?2 WHERE stream = ?1")
                .and_then(|mut update| update.execute((stream, after.0.cast_signed())))
                .map_err(failed)?;
        }
        Ok(Appended {
            next_version: after,
            log_size: Position(self.edge.size()),
            new_events: new_events as u64,
        })
    }

    /// How many events at the beginning of the append stand in the stream already. They must be
    /// the same: in time, type and data.
    fn check_repeated(&self, append: &Append, next: StreamVersion) -> Result<usize, AppendError> {
        let overlap = usize::try_from(next.0 - append.first_version.0).unwrap_or(usize::MAX);
        let overlap = overlap.min(append.events.len());
        let stored = read::stream(
            &self.connection,
            &append.stream,
            append.first_version,
            overlap,
        )?;
        for (event, sent) in stored.iter().zip(append.events.iter_from(0)) {
            if (event.at(), event.kind(), event.data()) != sent {
                return Err(AppendError::Conflict {
                    stream: append.stream.clone(),
                    version: event.version(),
                });
            }
        }
        Ok(overlap)
    }

    fn insert_stream(&self, stream: &StreamName) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached(
                "INSERT INTO streams (log, name, session, next_version) VALUES (?1, ?2, ?3, 0)",
            )
            .and_then(|mut insert| {
                let session = stream.session().map(|session| session.to_string());
                insert.insert((LOG, stream.as_str(), session))
            })
            .map_err(failed)
    }

    fn insert_commit(
        &mut self,
        stream_number: i64,
        stream: &StreamName,
        first_version: StreamVersion,
        events: &EventBatch,
        piece: Range<usize>,
    ) -> Result<(), StoreError> {
        let first_position = self.edge.size();
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(|error| StoreError::Failed(Box::new(error)))?;
        let mut hashes = Vec::with_capacity(piece.len() * 32);
        let mut completed = Vec::new();
        for (offset, (at, kind, data)) in (0..).zip(events.iter_from(piece.start).take(piece.len()))
        {
            self.leaf.clear();
            let version = first_version.plus(offset);
            Leaf {
                at,
                data,
                position: Position(first_position + offset),
                recorded_at: &self.recorded_at.to_ascii(),
                salt: &salt(&secret, version),
                stream,
                kind,
                version,
            }
            .write(&mut self.leaf);
            let hash = leaf_hash(&self.leaf);
            hashes.extend_from_slice(&hash);
            self.edge.push(hash, |level, index, hash| {
                if level.is_multiple_of(STORED_LEVELS) {
                    completed.push((level, index, *hash));
                }
            });
        }
        let payload = payload::pack(events, piece.clone(), &secret)?;
        self.connection
            .prepare_cached(
                "INSERT INTO commits (log, first_position, event_count, stream, first_version, \
                 recorded_at, leaf_hashes, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut insert| {
                insert.execute((
                    LOG,
                    first_position.cast_signed(),
                    piece.len() as i64,
                    stream_number,
                    first_version.0.cast_signed(),
                    self.recorded_at.micros(),
                    &hashes,
                    &payload,
                ))
            })
            .map_err(failed)?;
        for (level, index, hash) in completed {
            self.connection
                .prepare_cached(
                    "INSERT INTO nodes (log, level, node_index, hash) VALUES (?1, ?2, ?3, ?4)",
                )
                .and_then(|mut insert| insert.execute((LOG, level, index.cast_signed(), hash)))
                .map_err(failed)?;
        }
        Ok(())
    }

    fn commit(self) -> Result<Head, StoreError> {
        let size = Position(self.edge.size());
        let checkpoint = self.shared.key.sign(size, self.edge.root());
        if size.0 > self.size_before {
            self.connection
                .prepare_cached(
                    "UPDATE heads SET size = ?2, edge = ?3, checkpoint = ?4 WHERE log = ?1",
                )
                .and_then(|mut update| {
                    let edge = self.edge.to_bytes();
                    update.execute((LOG, size.0.cast_signed(), edge, checkpoint.as_note()))
                })
                .map_err(failed)?;
            if size.0 / CHECKPOINT_EVERY != self.size_before / CHECKPOINT_EVERY {
                self.connection
                    .execute(
                        "INSERT INTO checkpoints (log, size, checkpoint) VALUES (?1, ?2, ?3)",
                        (LOG, to_sql(size.0)?, checkpoint.as_note()),
                    )
                    .map_err(failed)?;
            }
        }
        self.connection.execute_batch("COMMIT").map_err(failed)?;
        self.shared.committed.send_replace(size);
        Ok(Head { size, checkpoint })
    }
}
