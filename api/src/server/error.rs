//! Errors of the plain HTTP routes: `{"error": {"code": "…", "message": "…"}}`.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_query::QueryError;
use serde_json::json;

use crate::accesses::AccessError;
use crate::sign_ins::Turned;
use crate::tokens::Denied;

/// An answer that is an error.
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl HttpError {
    /// An error with a code for programs and a message for people.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// Somebody is not let in.
    pub fn turned_away(turned: &Turned) -> Self {
        match turned {
            Turned::Denied(denied) => Self::denied(denied),
            Turned::TooOften { wait } => Self {
                retry_after: Some(*wait),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "TOO_MANY_REQUESTS",
                    turned.to_string(),
                )
            },
            Turned::Failed(error) => Self::of_access(error),
        }
    }

    /// Whoever asks has no token, or not the one that this needs.
    pub fn denied(denied: &Denied) -> Self {
        let (status, code) = match denied {
            Denied::OtherRole(_) => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            _ => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        };
        Self::new(status, code, denied.to_string())
    }

    /// There is no such thing, or whoever asks may not know of it.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// A question to the read models has no answer.
    pub fn of_query(error: &QueryError) -> Self {
        match error {
            QueryError::Denied(_) => {
                Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", error.to_string())
            }
            QueryError::InvalidArgument { .. } | QueryError::InvalidCursor => Self::new(
                StatusCode::BAD_REQUEST,
                "INVALID_ARGUMENT",
                error.to_string(),
            ),
            error => Self::internal(error),
        }
    }

    /// A look could not be written down.
    pub fn of_access(error: &AccessError) -> Self {
        match error {
            AccessError::ReasonNeeded => {
                Self::new(StatusCode::FORBIDDEN, "REASON_REQUIRED", error.to_string())
            }
            AccessError::Reason { .. } => Self::new(
                StatusCode::BAD_REQUEST,
                "INVALID_ARGUMENT",
                error.to_string(),
            ),
            AccessError::Log(_) => Self::internal(error),
        }
    }

    /// What was sent is not what is expected: too large, not JSON, or of another shape.
    pub(super) fn bad_body(rejection: &JsonRejection, expected: &str) -> Self {
        let message = format!("{}; expected {expected}", rejection.body_text());
        Self::new(rejection.status(), "INVALID_ARGUMENT", message)
    }

    /// Something failed here. The cause goes to the server's own log: it may tell of other people's
    /// data.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "something failed on the server: its log has the cause",
        )
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": {"code": self.code, "message": self.message}}));
        let mut response = (self.status, body).into_response();
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(wait.as_secs() + 1);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        ask_for_token(&mut response);
        response
    }
}

/// RFC 9110 wants an answer of 401 to say what kind of token is missing.
pub(super) fn ask_for_token(response: &mut Response) {
    if response.status() == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Bearer realm=\"retrace\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
    }
}

/// The answer for paths under `/v1/` that there are none of.
pub(super) async fn no_such_route() -> HttpError {
    HttpError::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is nothing at this path",
    )
}
