//! Recordings as files, streamed.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_core::SessionId;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{App, HttpError};
use crate::export::{ExportError, Format, SessionExport};
use crate::tokens::Viewer;

/// How many pieces may wait for a reader that is slow.
const PIECES_AHEAD: usize = 4;

#[derive(Deserialize)]
pub(super) struct AsciicastQuery {
    version: Option<u8>,
    download: Option<String>,
}

/// `GET /v1/sessions/{id}/asciicast?version=2|3&download=1`
pub(super) async fn asciicast(
    State(app): State<App>,
    _viewer: Viewer,
    Path(id): Path<String>,
    Query(query): Query<AsciicastQuery>,
) -> Result<Response, HttpError> {
    let not_found = || {
        HttpError::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "there is no such recording",
        )
    };
    let session: SessionId = id.parse().map_err(|_| not_found())?;
    let format = match query.version {
        None | Some(2) => Format::AsciicastV2,
        Some(3) => Format::AsciicastV3,
        Some(other) => {
            let message = format!("`version` is {other}, expected 2 or 3");
            return Err(HttpError::new(
                StatusCode::BAD_REQUEST,
                "INVALID_ARGUMENT",
                message,
            ));
        }
    };
    let mut export = match SessionExport::open(Arc::clone(&app.log), session, format).await {
        Ok(export) => export,
        Err(ExportError::NoSuchSession(_) | ExportError::NoTerminal(_)) => return Err(not_found()),
        Err(error) => return Err(HttpError::internal(&error)),
    };

    let (send, receive) = mpsc::channel::<Result<Bytes, ExportError>>(PIECES_AHEAD);
    tokio::spawn(async move {
        loop {
            let piece = match export.next_piece().await {
                Ok(Some(piece)) => Ok(Bytes::from(piece)),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%session, %error, "an export broke off");
                    Err(error)
                }
            };
            // An error ends the body before its end, which clients see as such. A reader that is
            // gone ends the work.
            let broken = piece.is_err();
            if send.send(piece).await.is_err() || broken {
                return;
            }
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(receive)).into_response();
    let media_type = HeaderValue::from_static("application/x-asciicast");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    if query.download.is_some() {
        let disposition = format!("attachment; filename=\"{session}.cast\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            response
                .headers_mut()
                .insert(header::CONTENT_DISPOSITION, disposition);
        }
    }
    Ok(response)
}
