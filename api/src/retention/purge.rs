//! Destroying what was recorded of one session.

use std::sync::Arc;

use retrace_core::blob::{BlobError, BlobStore};
use retrace_core::event::RetentionPurged;
use retrace_core::log::{Purge, PurgeError, Purged, StoreError, StoredLog};
use retrace_core::{SessionId, Timestamp};
use tokio::task::spawn_blocking;

use super::facts::facts_of;
use crate::control::ControlBook;

/// How often to try again when something was said about the session in between.
const TRIES: usize = 10;

/// Why a session is not purged.
#[derive(Debug, thiserror::Error)]
pub enum PurgeRefused {
    /// There is no such session.
    #[error("there is no session {0}")]
    NoSession(SessionId),
    /// It was purged before.
    #[error("session {0} was purged before")]
    Purged(SessionId),
    /// A hold is on it.
    #[error(
        "session {session} is on legal hold{}: it is purged when every hold on it is lifted",
        named(matters)
    )]
    Held {
        /// The session.
        session: SessionId,
        /// What the holds are for.
        matters: Vec<String>,
    },
    /// The log could not be read or did not take it.
    #[error(transparent)]
    Log(#[from] PurgeError),
    /// Its blobs could not be counted or removed.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

fn named(matters: &[String]) -> String {
    let named: Vec<&str> = matters
        .iter()
        .map(String::as_str)
        .filter(|matter| !matter.is_empty())
        .collect();
    if named.is_empty() {
        return String::new();
    }
    format!(" ({})", named.join(", "))
}

impl From<StoreError> for PurgeRefused {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

/// Purges sessions. Cheap to clone.
#[derive(Clone)]
pub struct Purger {
    log: StoredLog,
    blobs: BlobStore,
    control: Arc<ControlBook>,
}

impl Purger {
    /// Purges sessions of `log`, and their `blobs`.
    #[must_use]
    pub fn new(log: StoredLog, blobs: BlobStore, control: Arc<ControlBook>) -> Self {
        Self {
            log,
            blobs,
            control,
        }
    }

    /// Destroys what was recorded of a session. The event that says so stands in the log with it.
    ///
    /// # Errors
    /// When a hold is on it, it was purged before or is none, or the log does not take it.
    pub async fn purge(
        &self,
        session: SessionId,
        by: &str,
        reason: &str,
    ) -> Result<Purged, PurgeRefused> {
        let facts = facts_of(&self.log, session).await?;
        let blobs = self.blobs.clone();
        let extent = blocking(move || blobs.extent(session)).await?;
        let said = RetentionPurged {
            blobs: Some(extent.blobs),
            by: by.to_owned(),
            bytes: Some(extent.bytes),
            reason: reason.to_owned(),
            ..facts
        };
        let mut tries = 0;
        let purged = loop {
            tries += 1;
            let control_version = {
                let control = self.control.session(session).control().await?;
                if control.is_purged() {
                    self.remove_blobs(session).await?;
                    return Err(PurgeRefused::Purged(session));
                }
                let matters: Vec<String> = control.holds().keys().cloned().collect();
                if !matters.is_empty() {
                    return Err(PurgeRefused::Held { session, matters });
                }
                control.next_version()
            };
            let purge = Purge {
                session,
                control_version,
                at: Timestamp::now(),
                said: said.clone(),
            };
            match self.log.purge(purge).await {
                Ok(purged) => break purged,
                Err(PurgeError::Conflict(_)) if tries < TRIES => {}
                Err(PurgeError::NoSession(session)) => {
                    return Err(PurgeRefused::NoSession(session));
                }
                Err(PurgeError::Purged(session)) => return Err(PurgeRefused::Purged(session)),
                Err(error) => return Err(error.into()),
            }
        };
        self.remove_blobs(session).await?;
        Ok(purged)
    }

    /// Removes the blobs of a session that was purged, where a crash has left them: they do not open any more. Answers
    /// whether there were any.
    ///
    /// # Errors
    /// When it was not purged, or they cannot be removed.
    pub async fn sweep(&self, session: SessionId) -> Result<bool, PurgeRefused> {
        if !self.log.is_purged(session).await? {
            return Ok(false);
        }
        Ok(self.remove_blobs(session).await?)
    }

    /// Without the key they do not open: what a crash has left is removed as well.
    async fn remove_blobs(&self, session: SessionId) -> Result<bool, BlobError> {
        let blobs = self.blobs.clone();
        blocking(move || blobs.remove_session(session)).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    match spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(stopped) => Err(std::io::Error::other(stopped).into()),
    }
}
