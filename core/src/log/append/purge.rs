//! Purging: what was recorded of a session is destroyed in the same transaction that appends the event which says so.
//!
//! | of the session | becomes |
//! |---|---|
//! | commits of what was recorded, or made of it | empty payloads; their leaf hashes stay |
//! | commits of what the server wrote ([`StreamName::outlives_recording`]) | the same, sealed under the key of the log |
//! | its data key | a mark that it was destroyed, so that none is ever made again |
//!
//! All of it happens under the lock of the head. Other nodes may remember the key: but their next group was made for a
//! smaller log, so the store refuses it, and with the head they read that a session was purged. Then they forget all keys: this
//! node, which knows whose it is, forgets that one.

use std::sync::Arc;

use super::group::GroupBuilder;
use super::prepare::Prepared;
use super::request::Request;
use super::{Appender, Pipeline, edge_of};
use crate::event::{EventBatch, EventError, RetentionPurged};
use crate::id::{Position, SessionId, StreamName, StreamVersion};
use crate::log::data_keys::sealing;
use crate::log::store::{CommitsFrom, PurgeRows, Rows, StoredCommit, StreamRow};
use crate::log::{Append, StoreError, payload, read};
use crate::seal::keys::{DataKey, KeyScope};
use crate::time::Timestamp;

/// Commits are sealed anew in portions of about so many bytes.
const PORTION_BYTES: u64 = 4 << 20;

/// What is to be purged, and why.
#[derive(Debug, Clone)]
pub struct Purge {
    /// The session.
    pub session: SessionId,
    /// The version of the next event of its control stream, as the caller has read it: with a hold that was placed since, the
    /// purge is a conflict.
    pub control_version: StreamVersion,
    /// When it happens.
    pub at: Timestamp,
    /// What is said of it. How many events go is filled in.
    pub said: RetentionPurged,
}

/// What a purge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    /// How many events were destroyed.
    pub events: u64,
    /// The log's size with the event that says so.
    pub log_size: Position,
}

/// Why nothing was purged.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSession(SessionId),
    /// It was purged before.
    #[error("session {0} was purged before")]
    Purged(SessionId),
    /// Its control stream has grown since the caller read it. Read it again, decide again.
    #[error("session {0} has changed meanwhile")]
    Conflict(SessionId),
    /// What is to be said of it does not fit into an event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The store failed, and the outcome is unknown: look whether it is purged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is to be done with the rows of a session.
struct Plan {
    rows: PurgeRows,
    /// How many events are destroyed.
    events: u64,
    /// The row of the control stream, if it was ever appended to.
    control: Option<StreamRow>,
}

impl Appender {
    /// Purges a session. Blocks.
    pub(in crate::log) fn purge(&self, purge: Purge) -> Result<Purged, PurgeError> {
        self.pipeline.purge(purge)
    }
}

impl Pipeline {
    fn purge(&self, purge: Purge) -> Result<Purged, PurgeError> {
        let session = purge.session;
        let mut locked = self.store.lock()?;
        let mut rows = locked.rows();
        let head = rows.head()?;
        self.keys.notice_purges(head.purges);
        let log_key = {
            let ours = self.keys.of_log(&*self.store)?;
            let settled = self.keys.settle(&mut *rows, &ours)?;
            settled.ok_or_else(|| StoreError::Damaged("the log has no data key".to_owned()))?
        };
        let plan = self.plan(session, &log_key.key, &mut *rows)?;
        drop(rows);
        let next = plan
            .control
            .map_or(StreamVersion(0), |row| row.next_version);
        if next != purge.control_version {
            return Err(PurgeError::Conflict(session));
        }
        let said = RetentionPurged {
            events: Some(plan.events),
            ..purge.said
        };
        let append = Append {
            stream: StreamName::control_of(session),
            first_version: next,
            events: EventBatch::of(purge.at, said)?,
        };
        let brings_key = !log_key.is_stored();
        let prepared = Prepared::new(&self.keys, Arc::clone(&log_key), &append, 0)?;
        let (mut request, _answer) = Request::new(append, prepared, None);
        let Some(prepared) = request.prepared.take() else {
            return Err(StoreError::Failed("a purge was not prepared".into()).into());
        };
        let mut builder = GroupBuilder::new(&edge_of(&head)?, self.queue.epoch());
        builder.place(request, prepared, plan.control, brings_key);
        let mut group = builder.build(&self.signing);
        group.rows.purge = Some(plan.rows);
        if !locked.write(&group.rows)? {
            let why = "the head changed under its lock";
            return Err(StoreError::Failed(why.into()).into());
        }
        self.keys
            .purged_here(KeyScope::Session(session), head.purges);
        let log_size = group.edge.size();
        self.has_grown_to(log_size);
        group.acknowledge(&self.hearing);
        if let Err(error) = self.store.scrub() {
            tracing::warn!(%session, %error, "what a purge left in the files of the database is still there");
        }
        Ok(Purged {
            events: plan.events,
            log_size: Position(log_size),
        })
    }

    fn plan(
        &self,
        session: SessionId,
        log_key: &DataKey,
        rows: &mut dyn Rows,
    ) -> Result<Plan, PurgeError> {
        let scope = KeyScope::Session(session);
        if rows.data_key(scope)?.is_none() {
            return Err(PurgeError::NoSession(session));
        }
        let Some(session_key) = self.keys.of_stored(rows, scope)? else {
            return Err(PurgeError::Purged(session));
        };
        let names: Result<Vec<StreamName>, _> = rows
            .session_streams(session)?
            .into_iter()
            .map(StreamName::new)
            .collect();
        let names = names.map_err(|error| StoreError::Damaged(error.to_string()))?;
        let control = StreamName::control_of(session);
        let mut plan = Plan {
            rows: PurgeRows {
                scope,
                destroyed: Vec::new(),
                resealed: Vec::new(),
            },
            events: 0,
            control: None,
        };
        let found = rows.streams(&names.iter().collect::<Vec<_>>())?;
        for (name, row) in names.iter().zip(found) {
            let Some(row) = row else { continue };
            if *name == control {
                plan.control = Some(row);
            }
            if !name.outlives_recording() {
                plan.rows.destroyed.push(row.number);
                plan.events += row.next_version.0;
                continue;
            }
            let mut next = StreamVersion(0);
            while next < row.next_version {
                let from = CommitsFrom::Stream(row.number, next);
                let before = next;
                for commit in rows.commits(from, u64::MAX, PORTION_BYTES)? {
                    next = commit.first_version.plus(commit.count);
                    if payload::sealed_under(&commit.payload, name) == Some(scope) {
                        let resealed = self.reseal(&commit, name, &session_key.key, log_key)?;
                        plan.rows.resealed.push((commit.first_position.0, resealed));
                    }
                }
                if next <= before {
                    let missing = format!("version {next} of stream `{name}` is missing");
                    return Err(StoreError::Damaged(missing).into());
                }
            }
        }
        Ok(plan)
    }

    /// The payload of a commit, sealed under the key of the log instead of that of its session.
    fn reseal(
        &self,
        commit: &StoredCommit,
        stream: &StreamName,
        from: &DataKey,
        to: &DataKey,
    ) -> Result<Vec<u8>, StoreError> {
        let log = self.keys.log();
        let place = (stream, commit.first_version);
        let packed = payload::open(log, place, from, &commit.payload)
            .map_err(|why| read::damaged(commit.first_position, &why))?;
        payload::seal(log, place, (KeyScope::Log, to), &packed).map_err(sealing)
    }
}
