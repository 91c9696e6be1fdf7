//! Who looked at what: every view and every download of a recording is an event of its session, in the stream
//! that only the server writes ([`StreamName::accesses_of`]).
//!
//! A player asks for a recording in many pieces, so what one token sees of one session within
//! [`FOLDED_FOR`] is one view. A download is an event each time. What cannot be written down is not shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use retrace_core::event::{
    EventBatch, EventBody, EventError, RecordingDownloaded, RecordingViewed,
};
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{SessionId, StreamName, Timestamp};

use crate::tokens::Viewer;

/// For so long further looks at the same recording are the same view.
pub const FOLDED_FOR: Duration = Duration::from_secs(600);
/// How many views are kept in mind. Others are written down again.
const VIEWS_MAX: usize = 10_000;
/// How often to try again when another process appended in between.
const APPEND_TRIES: usize = 10;

/// Why a look could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// Writes down who looked at what.
pub struct Accesses {
    log: Arc<dyn EventLog>,
    views: Mutex<HashMap<(SessionId, String), Instant>>,
}

impl Accesses {
    /// Accesses are written to `log`.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            views: Mutex::default(),
        }
    }

    /// Somebody plays a recording.
    ///
    /// # Errors
    /// When it cannot be written down: it must not be shown then.
    pub async fn viewed(&self, viewer: &Viewer, session: SessionId) -> Result<(), AccessError> {
        let key = (session, viewer.token_id.clone());
        let now = Instant::now();
        let known = {
            let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
            views
                .get(&key)
                .is_some_and(|at| now.duration_since(*at) < FOLDED_FOR)
        };
        if known {
            return Ok(());
        }
        let by = viewer.name.clone();
        self.append(session, RecordingViewed { by, reason: None }.into())
            .await?;
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() >= VIEWS_MAX {
            views.retain(|_, at| now.duration_since(*at) < FOLDED_FOR);
            if views.len() >= VIEWS_MAX {
                views.clear();
            }
        }
        views.insert(key, now);
        Ok(())
    }

    /// Somebody takes a recording, or a part of it, as a file.
    ///
    /// # Errors
    /// When it cannot be written down: it must not be given then.
    pub async fn downloaded(
        &self,
        viewer: &Viewer,
        session: SessionId,
        object: &str,
    ) -> Result<(), AccessError> {
        let (by, object) = (viewer.name.clone(), object.to_owned());
        self.append(
            session,
            RecordingDownloaded {
                by,
                object,
                reason: None,
            }
            .into(),
        )
        .await
    }

    async fn append(&self, session: SessionId, event: EventBody) -> Result<(), AccessError> {
        let events = EventBatch::of(Timestamp::now(), event)?;
        append_at_end(&*self.log, StreamName::accesses_of(session), events).await
    }
}

/// Appends to a stream, wherever that stands.
pub(crate) async fn append_at_end(
    log: &dyn EventLog,
    stream: StreamName,
    events: EventBatch,
) -> Result<(), AccessError> {
    for tried in 1.. {
        let append = Append {
            stream: stream.clone(),
            first_version: log.next_version(&stream).await?,
            events: events.clone(),
        };
        match log.append(append).await {
            Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) if tried < APPEND_TRIES => {
            }
            outcome => return outcome.map(drop).map_err(AccessError::from),
        }
    }
    Ok(())
}
