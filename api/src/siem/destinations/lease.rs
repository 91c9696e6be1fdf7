//! Which node sends to a destination.
//!
//! How far sending has come is an event of `delivery/{name}` now and then (`destination.progressed`), and says which node
//! said so; the expected version of the stream is the lock. Another node takes over when there is something to send and
//! nobody has said anything for [`STALE`]. It begins where the last event says: what was sent since comes twice.

use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{DestinationProgressed, EventBatch, EventBody, EventError};
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{SourceName, StreamName, StreamVersion, Timestamp};

/// Whoever says nothing for so long is taken to be gone.
pub(super) const STALE: Duration = Duration::from_secs(90);
/// While there is something to tell, it is told so often.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(30);

/// Why it could not be said how far sending has come.
#[derive(Debug, thiserror::Error)]
pub(super) enum LeaseError {
    /// Another node sends.
    #[error("another node sends")]
    Lost,
    /// The log did not take it.
    #[error(transparent)]
    Append(AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// What was said last.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) progress: DestinationProgressed,
    at: Timestamp,
}

/// The end of the stream of a destination.
pub(super) struct Lease {
    log: Arc<dyn EventLog>,
    stream: StreamName,
    node: String,
    next: StreamVersion,
    pub(super) said: Option<Said>,
    told: Option<Instant>,
}

impl Lease {
    /// What was said of a destination so far.
    pub(super) async fn read(
        log: Arc<dyn EventLog>,
        destination: &SourceName,
        node: String,
    ) -> Result<Self, LeaseError> {
        let mut lease = Self {
            log,
            stream: StreamName::delivery_to(destination),
            node,
            next: StreamVersion(0),
            said: None,
            told: None,
        };
        lease.read_on().await?;
        Ok(lease)
    }

    /// Reads what was said last.
    pub(super) async fn read_on(&mut self) -> Result<(), LeaseError> {
        let next = self.log.next_version(&self.stream).await?;
        if next == self.next {
            return Ok(());
        }
        let last = StreamVersion(next.0.saturating_sub(1));
        let events = self.log.read_stream(&self.stream, last, 1).await?;
        self.next = next;
        if let Some(event) = events.last()
            && let Ok(EventBody::DestinationProgressed(progress)) = event.body()
        {
            self.said = Some(Said {
                progress,
                at: event.recorded_at(),
            });
        }
        Ok(())
    }

    /// Whether this node is the one that sends.
    pub(super) fn is_ours(&self) -> bool {
        let said = self.said.as_ref();
        said.is_some_and(|said| said.progress.node == self.node)
    }

    /// Whether this node may be the one that sends, if there is something to send.
    pub(super) fn is_free(&self) -> bool {
        self.said.as_ref().is_none_or(|said| {
            let silent = Timestamp::now().micros_since(said.at);
            said.progress.node == self.node || silent > STALE.as_micros() as i64
        })
    }

    /// Whether it is time to say something again.
    pub(super) fn is_due(&self) -> bool {
        self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY)
    }

    /// Says how far sending has come.
    ///
    /// # Errors
    /// [`LeaseError::Lost`] when somebody else has said something.
    pub(super) async fn tell(
        &mut self,
        mut progress: DestinationProgressed,
    ) -> Result<(), LeaseError> {
        progress.node.clone_from(&self.node);
        let append = Append {
            stream: self.stream.clone(),
            first_version: self.next,
            events: EventBatch::of(Timestamp::now(), progress.clone())?,
        };
        match self.log.append(append).await {
            Ok(appended) => {
                self.next = appended.next_version;
                self.told = Some(Instant::now());
                let at = Timestamp::now();
                self.said = Some(Said { progress, at });
                Ok(())
            }
            Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) => {
                self.read_on().await?;
                Err(LeaseError::Lost)
            }
            Err(error) => Err(LeaseError::Append(error)),
        }
    }
}
