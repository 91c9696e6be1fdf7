//! Who uploads.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use retrace_core::{SessionId, SourceName, StreamName};
use retrace_ingest::protocol::{ErrorCode, SERVER_SOURCES};
use serde::Deserialize;

use super::error::IngestError;
use crate::control::{Session, UploadDenied};
use crate::server::App;
use crate::server::auth::bearer;

/// Somebody with the right to upload to the session of the path, and to nothing else.
pub(super) struct Uploader {
    pub(super) session: Session,
    /// The token, to see whether it still works after a while.
    pub(super) token: String,
}

#[derive(Deserialize)]
struct SessionInPath {
    id: String,
}

impl FromRequestParts<App> for Uploader {
    type Rejection = IngestError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, IngestError> {
        let token = bearer(&parts.headers).ok_or_else(|| {
            let message = "no token was sent: send it as `Authorization: Bearer rtu_…`";
            IngestError::new(ErrorCode::Unauthenticated, message)
        })?;
        if token.starts_with("rtr_") {
            let message = "this route takes the upload token that the launch answered";
            return Err(IngestError::new(ErrorCode::Forbidden, message));
        }
        let session = match app.control.check_upload(&token).await? {
            Ok(session) => session,
            Err(denied) => {
                let code = match denied {
                    UploadDenied::Token(_) => ErrorCode::Unauthenticated,
                    UploadDenied::NoSuchSession(_) => ErrorCode::NotFound,
                };
                return Err(IngestError::new(code, denied.to_string()));
            }
        };
        let Path(SessionInPath { id }) = Path::from_request_parts(parts, app)
            .await
            .map_err(|error| IngestError::invalid(error.body_text()))?;
        // Only the hyphenated form, as it was answered: one session must not have two names.
        let named: Option<SessionId> = id
            .parse()
            .ok()
            .filter(|named: &SessionId| named.to_string() == id);
        match named {
            Some(named) if named == session.id() => Ok(Self { session, token }),
            Some(_) => {
                let message = format!("this token is for session {}", session.id());
                Err(IngestError::new(ErrorCode::Forbidden, message))
            }
            None => Err(IngestError::invalid(format!(
                "the path names the session {id:?}, expected a UUID with hyphens in lower case"
            ))),
        }
    }
}

/// The stream of the path, of a source that a recorder may write.
pub(super) struct Stream {
    pub(super) source: SourceName,
    pub(super) name: StreamName,
}

impl Stream {
    pub(super) fn of(session: SessionId, source: String) -> Result<Self, IngestError> {
        let source = SourceName::new(source).map_err(|e| IngestError::invalid(e.to_string()))?;
        if SERVER_SOURCES.contains(&source.as_str()) {
            return Err(IngestError::invalid(format!(
                "`{source}` is written by the server only: choose another source name"
            )));
        }
        let name = StreamName::of_session(session, &source);
        Ok(Self { source, name })
    }
}
