//! An append on its way, and where its answer goes.

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::prepare::Prepared;
use crate::log::{Append, AppendError, Appended, StoreError};

/// An append on its way. Whoever made it waits for the answer, or has gone away.
pub(super) struct Request {
    pub(super) append: Append,
    /// `None` once it was placed: then the group has it.
    pub(super) prepared: Option<Prepared>,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    /// Its share of the memory that appends may use together, if it came through the queue.
    _memory: Option<OwnedSemaphorePermit>,
}

impl Request {
    pub(super) fn new(
        append: Append,
        prepared: Prepared,
        memory: Option<OwnedSemaphorePermit>,
    ) -> (Self, PendingAppend) {
        let (answer, pending) = oneshot::channel();
        let request = Self {
            append,
            prepared: Some(prepared),
            answer,
            _memory: memory,
        };
        (request, PendingAppend(pending))
    }

    /// Answers. Nobody may be waiting any more, which is no error: the append stands all the same.
    pub(super) fn answer(self, answer: Result<Appended, AppendError>) {
        let _ = self.answer.send(answer);
    }
}

/// An append that has its place in the queue, before all that are submitted later.
pub struct PendingAppend(oneshot::Receiver<Result<Appended, AppendError>>);

impl PendingAppend {
    /// Waits until the append is durable, or refused.
    ///
    /// # Errors
    /// As for [`crate::log::EventLog::append`].
    pub async fn acknowledged(self) -> Result<Appended, AppendError> {
        match self.0.await {
            Ok(answer) => answer,
            Err(_) => Err(StoreError::Failed("the log was closed".into()).into()),
        }
    }
}
