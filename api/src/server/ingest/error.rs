//! Answers that are errors: a code, a sentence, and where it lies.

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_core::log::{AppendError, StoreError};
use retrace_ingest::protocol::batch::NamedBlob;
use retrace_ingest::protocol::{BatchError, ErrorAnswer, ErrorBody, ErrorCode};

use crate::control::ControlError;
use crate::server::error::ask_for_token;
use crate::sign_ins::Turned;
use crate::tokens::Denied;

/// Messages repeat what was found, which may be as long as a line: cut them.
const MESSAGE_CHARACTERS_MAX: usize = 500;

/// An answer that is an error.
#[derive(Debug)]
pub(super) struct IngestError {
    body: Box<ErrorBody>,
    retry_after: Option<Duration>,
}

impl IngestError {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if let Some((cut, _)) = message.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
            message.truncate(cut);
            message.push('…');
        }
        Self {
            body: Box::new(ErrorBody::new(code, message)),
            retry_after: None,
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }

    /// The sender is to wait so long, in whole seconds and at least one.
    pub(super) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(super) fn blob_absent(blob: NamedBlob) -> Self {
        let message = format!(
            "line {}: the blob {} is not there: upload it first, then send this again",
            blob.line, blob.sha256
        );
        let mut absent = Self::new(ErrorCode::BlobAbsent, message);
        absent.body.line = Some(blob.line);
        absent.body.blob = Some(blob.sha256);
        absent
    }

    /// The cause goes to the server's own log: it may tell of other people's data.
    pub(super) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "an upload failed");
        let message = "something failed on the server: its log has the cause; send the same again";
        Self::new(ErrorCode::Internal, message).after(Duration::from_secs(5))
    }
}

impl IntoResponse for IngestError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.body.code.status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let answer = Json(ErrorAnswer { error: *self.body });
        let mut response = (status, answer).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let seconds = HeaderValue::from(seconds.max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        ask_for_token(&mut response);
        response
    }
}

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(cause) => {
                tracing::error!(%cause, "no space left for the log");
                let message = "the server has no space left: keep what was not acknowledged";
                Self::new(ErrorCode::StorageFull, message).after(Duration::from_secs(60))
            }
            other => Self::internal(&other),
        }
    }
}

impl From<Turned> for IngestError {
    fn from(turned: Turned) -> Self {
        let message = turned.to_string();
        match turned {
            Turned::Denied(Denied::OtherRole(_)) => Self::new(ErrorCode::Forbidden, message),
            Turned::Denied(_) => Self::new(ErrorCode::Unauthenticated, message),
            Turned::TooOften { wait } => Self::new(ErrorCode::TooManyRequests, message).after(wait),
            Turned::Failed(error) => Self::internal(&error),
        }
    }
}

impl From<AppendError> for IngestError {
    fn from(error: AppendError) -> Self {
        let message = error.to_string();
        match error {
            AppendError::Conflict { version, .. } => {
                let mut conflict = Self::new(ErrorCode::Conflict, message);
                conflict.body.version = Some(version);
                conflict
            }
            AppendError::Gap { expected, .. } => {
                let mut gap = Self::new(ErrorCode::Gap, message);
                gap.body.expected = Some(expected);
                gap
            }
            AppendError::Purged { .. } => Self::new(ErrorCode::Purged, message),
            AppendError::Store(error) => error.into(),
        }
    }
}

impl From<BatchError> for IngestError {
    fn from(error: BatchError) -> Self {
        let mut refused = Self::new(error.code(), error.to_string());
        refused.body.line = error.line();
        refused
    }
}

impl From<ControlError> for IngestError {
    fn from(error: ControlError) -> Self {
        match error {
            // The server's own streams have no gaps, and a conflict means that others were quicker
            // again and again.
            ControlError::Append(AppendError::Store(error)) | ControlError::Store(error) => {
                error.into()
            }
            ControlError::Append(error) => Self::internal(&error),
            ControlError::Event(error) => Self::invalid(format!("the facts: {error}")),
        }
    }
}

/// The answer to a method that a path does not take.
pub(super) async fn other_method() -> IngestError {
    let message = "this path takes another method: docs/ingest.md has the table";
    IngestError::new(ErrorCode::MethodNotAllowed, message)
}
