//! The right to work on something, and what comes of it as events.

use std::sync::Arc;
use std::time::Instant;

use retrace_core::event::{EventBatch, EventBody, EventError, VideoClaimed};
use retrace_core::log::{Append, AppendError, EventLog};
use retrace_core::{SessionId, StreamName, StreamVersion, Timestamp};
use tokio::runtime::Handle;

use super::CLAIM_RENEWED;

/// Why an event of the work was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClaimError {
    /// Somebody else has the work, or has asked for something in between.
    #[error("somebody else appended in between")]
    Lost,
    /// The log did not take it.
    #[error(transparent)]
    Append(AppendError),
    /// It is too large for an event.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// The end of the stream of what is built of a session. As long as every append is right there, nobody else
/// works on it.
pub(super) struct Claim {
    log: Arc<dyn EventLog>,
    runtime: Handle,
    stream: StreamName,
    next: StreamVersion,
    claimed: VideoClaimed,
    said_at: Option<Instant>,
}

impl Claim {
    /// A claim on a stream that goes on at `next`. Nothing is said yet.
    pub(super) fn new(
        log: Arc<dyn EventLog>,
        runtime: Handle,
        session: SessionId,
        next: StreamVersion,
        media_type: &str,
        node: &str,
    ) -> Self {
        Self {
            log,
            runtime,
            stream: StreamName::video_of(session),
            next,
            claimed: VideoClaimed {
                media_type: media_type.to_owned(),
                node: node.to_owned(),
            },
            said_at: None,
        }
    }

    /// Says that the work goes on, unless that was said a moment ago. Blocks.
    pub(super) fn renew(&mut self) -> Result<(), ClaimError> {
        if self.said_at.is_some_and(|at| at.elapsed() < CLAIM_RENEWED) {
            return Ok(());
        }
        self.append(self.claimed.clone())
    }

    /// Appends what came of the work. Blocks.
    pub(super) fn append(&mut self, event: impl Into<EventBody>) -> Result<(), ClaimError> {
        let append = Append {
            stream: self.stream.clone(),
            first_version: self.next,
            events: EventBatch::of(Timestamp::now(), event)?,
        };
        match self.runtime.block_on(self.log.append(append)) {
            Ok(appended) => {
                self.next = appended.next_version;
                self.said_at = Some(Instant::now());
                Ok(())
            }
            Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) => Err(ClaimError::Lost),
            Err(error) => Err(ClaimError::Append(error)),
        }
    }
}
