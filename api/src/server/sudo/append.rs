//! Pieces of a recording into the log.

use std::sync::Arc;
use std::time::Duration;

use retrace_core::event::EventBatch;
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{SessionId, StreamName, StreamVersion};
use retrace_ingest::sudo_logsrv::history::stream_of;
use tokio::time::{sleep, timeout};

/// A database that restarts, or is far too slow, is waited for; nothing is read from the client
/// meanwhile. sudo itself gives up on a server that does not read for 30 s (`log_server_timeout`).
const APPEND_WITHIN: Duration = Duration::from_secs(25);
/// How long after a failure the same is appended again. It is safe: what stands there already is
/// acknowledged.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Why a piece is not in the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum PieceError {
    /// Somebody else has appended to the stream: whoever goes on with the recording now.
    #[error("another connection goes on with this log")]
    TakenOver,
    /// Nothing can be stored any more.
    #[error("the server has no space left")]
    Full,
    /// The log has failed; its cause stands in the server's own log.
    #[error("the server's log does not take it")]
    Failed,
}

/// The stream of one recording, written by one connection.
pub(super) struct Stream {
    log: Arc<dyn EventLog>,
    name: StreamName,
    next: StreamVersion,
}

impl Stream {
    pub(super) fn of(log: Arc<dyn EventLog>, session: SessionId, next: StreamVersion) -> Self {
        let name = stream_of(session);
        Self { log, name, next }
    }

    /// Appends, and answers once it is durable.
    pub(super) async fn append(&mut self, events: EventBatch) -> Result<(), PieceError> {
        if events.is_empty() {
            return Ok(());
        }
        let append = Append {
            stream: self.name.clone(),
            first_version: self.next,
            events,
        };
        let appended = async {
            loop {
                match self.log.append(append.clone()).await {
                    Err(AppendError::Store(StoreError::Failed(error))) => {
                        tracing::warn!(stream = %self.name, %error, "appending again");
                        sleep(AGAIN_AFTER).await;
                    }
                    other => return other,
                }
            }
        };
        match timeout(APPEND_WITHIN, appended).await {
            Ok(Ok(appended)) => {
                self.next = appended.next_version;
                Ok(())
            }
            Ok(Err(AppendError::Conflict { .. } | AppendError::Gap { .. })) => {
                Err(PieceError::TakenOver)
            }
            Ok(Err(AppendError::Store(StoreError::Full(_)))) => Err(PieceError::Full),
            Ok(Err(error)) => {
                tracing::error!(stream = %self.name, %error, "a recording of sudo breaks off");
                Err(PieceError::Failed)
            }
            Err(_) => {
                tracing::error!(stream = %self.name, "the log did not answer in time");
                Err(PieceError::Failed)
            }
        }
    }
}
