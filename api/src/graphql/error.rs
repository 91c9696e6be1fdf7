//! Errors with a code that a program can act on, in `extensions.code`.

use async_graphql::{Error, ErrorExtensions, Response};
use retrace_core::log::StoreError;
use retrace_projections::runner::RunnerError;
use retrace_query::QueryError;
use retrace_query::sql::SqlError;

use crate::accesses::AccessError;
use crate::asking::AskError;
use crate::control::ControlError;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// Change the argument.
    InvalidArgument,
    /// Change the text of the search, at `extensions.at`.
    InvalidQuery,
    /// The caller's grants do not allow it.
    Forbidden,
    /// The policy wants to know why. Say so, and ask again.
    ReasonRequired,
    /// There is no such thing, or the caller may not know of it.
    NotFound,
    /// The read models have not come as far as was asked for. Ask again in a moment.
    NotYet,
    /// The question costs more than is allowed: ask for less.
    LimitExceeded,
    /// Try again later; the server's own log has the cause.
    Internal,
}

impl ErrorCode {
    fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::InvalidQuery => "INVALID_QUERY",
            Self::Forbidden => "FORBIDDEN",
            Self::ReasonRequired => "REASON_REQUIRED",
            Self::NotFound => "NOT_FOUND",
            Self::NotYet => "NOT_YET",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Internal => "INTERNAL",
        }
    }

    /// An error with this code.
    pub(super) fn error(self, message: impl Into<String>) -> Error {
        Error::new(message).extend_with(|_, extensions| extensions.set("code", self.as_str()))
    }
}

/// The cause goes to the server's own log only: it may tell of other people's data.
pub(super) fn internal(cause: &dyn std::fmt::Display) -> Error {
    tracing::error!(%cause, "a query failed");
    ErrorCode::Internal.error("something failed on the server: its log has the cause")
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(super) fn of_store(error: StoreError) -> Error {
    internal(&error)
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(super) fn of_control(error: ControlError) -> Error {
    internal(&error)
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(super) fn of_access(error: AccessError) -> Error {
    match error {
        AccessError::ReasonNeeded => ErrorCode::ReasonRequired.error(error.to_string()),
        AccessError::Reason { .. } => ErrorCode::InvalidArgument.error(error.to_string()),
        AccessError::Log(_) => internal(&error),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(super) fn of_runner(error: RunnerError) -> Error {
    internal(&error)
}

pub(super) fn of_query(error: QueryError) -> Error {
    match error {
        QueryError::InvalidQuery(invalid) => {
            let error = ErrorCode::InvalidQuery.error(invalid.to_string());
            error.extend_with(|_, extensions| {
                extensions.set("at", invalid.at);
                extensions.set("length", invalid.length);
                extensions.set("found", invalid.found);
                extensions.set("expected", invalid.expected);
            })
        }
        QueryError::InvalidArgument { .. } | QueryError::InvalidCursor => {
            ErrorCode::InvalidArgument.error(error.to_string())
        }
        QueryError::Denied(_) => ErrorCode::Forbidden.error(error.to_string()),
        other => internal(&other),
    }
}

pub(super) fn of_asking(error: AskError) -> Error {
    match error {
        AskError::Access(error) => of_access(error),
        AskError::Denied(right) => of_query(QueryError::Denied(right)),
        AskError::Sql(error) => {
            let code = match error {
                SqlError::Refused(_) | SqlError::Invalid(_) => ErrorCode::InvalidArgument,
                SqlError::TimedOut(_)
                | SqlError::Memory(_)
                | SqlError::TooManyRows(_)
                | SqlError::TooLarge(_) => ErrorCode::LimitExceeded,
                SqlError::Busy | SqlError::Unavailable => ErrorCode::NotYet,
            };
            code.error(error.to_string())
        }
    }
}

/// Runs a question that blocks away from the threads that serve others.
pub(super) async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, QueryError> + Send + 'static,
) -> async_graphql::Result<T> {
    match tokio::task::spawn_blocking(question).await {
        Ok(answer) => answer.map_err(of_query),
        Err(stopped) => Err(internal(&stopped)),
    }
}

/// Parse errors repeat the whole query: cut them, so that a large nonsense does not come back
/// larger.
pub fn shortened(mut response: Response) -> Response {
    const MESSAGE_CHARACTERS_MAX: usize = 1_000;
    for error in &mut response.errors {
        if let Some((cut, _)) = error.message.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
            error.message.truncate(cut);
            error.message.push('…');
        }
        if error
            .extensions
            .as_ref()
            .is_none_or(|extensions| extensions.get("code").is_none())
        {
            // Only parsing, validation and limits make errors without a code, and whoever keeps queries.
            let code = match error.message.as_str() {
                "PersistedQueryNotFound" => "PERSISTED_QUERY_NOT_FOUND",
                _ => ErrorCode::InvalidArgument.as_str(),
            };
            error.extensions.get_or_insert_default().set("code", code);
        }
    }
    response
}
