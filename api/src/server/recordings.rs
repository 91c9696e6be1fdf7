//! Recordings as files, streamed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use retrace_core::{Position, SessionId};
use retrace_projections::redaction::Veil;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{App, HttpError, Visit};
use crate::export::{ExportError, Format, SessionExport, Showing, Stretch};

/// How many pieces may wait for a reader that is slow.
const PIECES_AHEAD: usize = 4;

#[derive(Deserialize)]
pub(super) struct AsciicastQuery {
    version: Option<u8>,
    download: Option<String>,
}

/// `GET /v1/sessions/{id}/asciicast?version=2|3&download=1`. The header `Retrace-Log-Size` says up to which size of the
/// log it goes: whoever follows the log from there on misses nothing and has nothing twice.
pub(super) async fn asciicast(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<AsciicastQuery>,
) -> Result<Response, HttpError> {
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
    let session = visit.recording(&id).await?;
    let veil = visit.veil(session, "asciicast").await?;
    let export = open(&visit.app, session, format, None, Showing::default(), veil).await?;
    let file_name = query.download.map(|_| format!("{id}.cast"));
    write_down(&visit, session, "asciicast", file_name.as_deref()).await?;
    let size = HeaderValue::from(export.log_size().0);
    let mut response = stream(export, "application/x-asciicast", file_name, None);
    response.headers_mut().insert(LOG_SIZE, size);
    Ok(response)
}

#[derive(Deserialize)]
pub(super) struct FilmQuery {
    from_ms: Option<u32>,
    to_ms: Option<u32>,
    download: Option<String>,
}

/// `GET /v1/sessions/{id}/film.gif?from_ms=F&to_ms=T&download=1`, `film.mp4`, `film.webm`: what the terminal of the session
/// showed, drawn; all of it, or from a moment until another.
pub(super) async fn film(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<FilmQuery>,
    uri: Uri,
) -> Result<Response, HttpError> {
    let (format, ending, media_type) = match uri.path().rsplit('.').next() {
        Some("mp4") => (Format::Mp4, "mp4", "video/mp4"),
        Some("webm") => (Format::Webm, "webm", "video/webm"),
        _ => (Format::Gif, "gif", "image/gif"),
    };
    // Each is drawn from the first event on, and takes a processor for a while.
    let turn = Arc::clone(&visit.app.drawn_at_once).acquire_owned().await;
    let session = visit.recording(&id).await?;
    let veil = visit.veil(session, "film").await?;
    let at = |ms: u32| Duration::from_millis(ms.into());
    let showing = Showing {
        stretch: Stretch {
            from: query.from_ms.map_or(Stretch::ALL.from, at),
            to: query.to_ms.map_or(Stretch::ALL.to, at),
        },
        ..Showing::default()
    };
    let export = open(&visit.app, session, format, None, showing, veil).await?;
    let part = query.from_ms.map(|ms| format!("-from-{ms}ms"));
    let name = format!("{id}{}.{ending}", part.unwrap_or_default());
    let file_name = query.download.map(|_| name);
    write_down(&visit, session, "film", file_name.as_deref()).await?;
    Ok(stream(export, media_type, file_name, turn.ok()))
}

#[derive(Deserialize)]
pub(super) struct NdjsonQuery {
    size: Option<u64>,
    download: Option<String>,
}

/// `GET /v1/sessions/{id}/ndjson?size=N&download=1`: all events below position `N`, a line each; as of
/// now without `size`. The header `Retrace-Log-Size` says `N`, for [`ndjson_proof`].
pub(super) async fn ndjson(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<NdjsonQuery>,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    let veil = visit.veil(session, "ndjson").await?;
    let export = open(
        &visit.app,
        session,
        Format::Ndjson,
        query.size,
        Showing::default(),
        veil,
    )
    .await?;
    let size = HeaderValue::from(export.log_size().0);
    let file_name = query.download.map(|_| format!("{id}.ndjson"));
    // Lines that verify are made to be taken away, whatever they are called.
    write_down(&visit, session, "ndjson", Some(&format!("{id}.ndjson"))).await?;
    let mut response = stream(export, "application/x-ndjson", file_name, None);
    response.headers_mut().insert(LOG_SIZE, size);
    Ok(response)
}

/// `GET /v1/sessions/{id}/ndjson.proof?size=N&download=1`: the proof for the lines that [`ndjson`] gives
/// for the same `size`.
pub(super) async fn ndjson_proof(
    visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<NdjsonQuery>,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    let mut export = open(
        &visit.app,
        session,
        Format::Ndjson,
        query.size,
        Showing::default(),
        None,
    )
    .await?;
    let internal = |error: ExportError| HttpError::internal(&error);
    while export.next_piece().await.map_err(internal)?.is_some() {}
    let size = HeaderValue::from(export.log_size().0);
    let proof = export.prove().await.map_err(internal)?;
    let text = proof.map(|proof| proof.to_string()).unwrap_or_default();
    let mut response = text.into_response();
    response.headers_mut().insert(LOG_SIZE, size);
    if query.download.is_some() {
        name_file(&mut response, &format!("{id}.ndjson.proof"));
    }
    Ok(response)
}

/// Writes down that the recording is looked at, or taken as a file. What is not written down is not shown.
async fn write_down(
    Visit { app, viewer }: &Visit,
    session: SessionId,
    what: &'static str,
    file_name: Option<&str>,
) -> Result<(), HttpError> {
    let written = match file_name {
        Some(name) => app.accesses.downloaded(viewer, session, name).await,
        None => app.accesses.viewed(viewer, session, what).await,
    };
    written.map_err(|error| HttpError::of_access(&error))
}

/// Says which size of the log an answer is as of.
pub(super) const LOG_SIZE: HeaderName = HeaderName::from_static("retrace-log-size");

async fn open(
    app: &App,
    session: SessionId,
    format: Format,
    size: Option<u64>,
    showing: Showing,
    veil: Option<Arc<Veil>>,
) -> Result<SessionExport, HttpError> {
    let (log, size) = (Arc::clone(&app.log), size.map(Position));
    match SessionExport::open_veiled(log, session, format, size, showing, veil).await {
        Ok(export) => Ok(export),
        Err(ExportError::NoSuchSession(_) | ExportError::NoTerminal(_)) => {
            Err(HttpError::not_found("there is no such recording"))
        }
        Err(error @ ExportError::Purged(_)) => Err(HttpError::not_found(error.to_string())),
        Err(error @ ExportError::Ahead { .. }) => Err(HttpError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            error.to_string(),
        )),
        Err(error) => Err(HttpError::internal(&error)),
    }
}

/// The export as a body that is made while it is sent. `turn` is kept for as long.
fn stream(
    mut export: SessionExport,
    media_type: &'static str,
    file_name: Option<String>,
    turn: Option<OwnedSemaphorePermit>,
) -> Response {
    let (send, receive) = mpsc::channel::<Result<Bytes, ExportError>>(PIECES_AHEAD);
    tokio::spawn(async move {
        let _turn = turn;
        loop {
            let piece = match export.next_piece().await {
                Ok(Some(piece)) => Ok(Bytes::from(piece)),
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "an export broke off");
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
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(name) = file_name {
        name_file(&mut response, &name);
    }
    response
}

/// The browser is to keep the body as a file. `name` is a session's id with an ending.
pub(super) fn name_file(response: &mut Response, name: &str) {
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response
            .headers_mut()
            .insert(header::CONTENT_DISPOSITION, disposition);
    }
}
