//! `GET /v1/sessions/{id}/bundle?at=POSITION`: the evidence bundle of a session, made while it is sent.
//!
//! Without `at` it is of the moment behind the event that tells of this very download, which so stands in its custody log.
//! The header `Retrace-Log-Size` says the position, with which the same bytes can be had again. Who does not reveal what is
//! redacted (`Retrace-Reveal`) gets it hidden.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use retrace_core::Position;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

use super::recordings::{LOG_SIZE, name_file};
use super::{App, HttpError, Visit};
use crate::bundle::{Bundle, BundleError, Sources};
use crate::export::ExportError;

/// How many pieces may wait for a reader that is slow.
const PIECES_AHEAD: usize = 4;
const PIECE_BYTES: usize = 256 << 10;
/// So long the read models may take to see what is to be in the bundle.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<App> {
    Router::new().route("/v1/sessions/{id}/bundle", get(bundle))
}

#[derive(Deserialize)]
struct BundleQuery {
    at: Option<u64>,
}

async fn bundle(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<BundleQuery>,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    let veil = visit.veil(session, "bundle").await?;
    let Visit { app, viewer } = visit;
    let size = async || {
        let head = app.log.head().await;
        Ok(head.map_err(|error| HttpError::internal(&error))?.size)
    };
    if let Some(asked) = query.at.map(Position) {
        let size = size().await?;
        if asked > size {
            return Err(of_bundle(&ExportError::Ahead { asked, size }.into()));
        }
    }
    let name = format!("{id}-bundle.zip");
    let written_down = app.accesses.downloaded(&viewer, session, &name).await;
    written_down.map_err(|error| HttpError::of_access(&error))?;
    let position = match query.at {
        Some(at) => Position(at),
        None => size().await?,
    };
    let seen = app.projections.caught_up_with(position);
    if tokio::time::timeout(SEEN_WITHIN, seen).await.is_err() {
        let message = "the read models have not come that far yet: ask again in a moment";
        return Err(HttpError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "NOT_YET",
            message,
        ));
    }
    let sources = Sources {
        log: Arc::clone(&app.log),
        reader: app.reader.clone(),
        blobs: app.blobs.clone(),
    };
    let opened = Bundle::open(sources, session, Some(position), veil).await;
    let bundle = opened.map_err(|error| of_bundle(&error))?;
    let (send, receive) = mpsc::channel::<io::Result<Bytes>>(PIECES_AHEAD);
    spawn_blocking(move || {
        let out = Sending {
            send: send.clone(),
            held: Vec::new(),
        };
        if let Err(error) = bundle.write(&Handle::current(), out) {
            // Whoever waits for the rest sees that it broke off.
            tracing::warn!(%error, "a bundle broke off");
            let _ = send.blocking_send(Err(io::Error::other(error)));
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(receive)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    headers.insert(LOG_SIZE, HeaderValue::from(position.0));
    name_file(&mut response, &name);
    Ok(response)
}

fn of_bundle(error: &BundleError) -> HttpError {
    match error {
        BundleError::Export(ExportError::NoSuchSession(_)) => {
            HttpError::not_found("there was no such session at that position")
        }
        BundleError::Export(ExportError::Ahead { .. }) => HttpError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            error.to_string(),
        ),
        BundleError::Query(error) => HttpError::of_query(error),
        BundleError::NoPlayer => {
            HttpError::new(StatusCode::NOT_IMPLEMENTED, "NOT_THERE", error.to_string())
        }
        error => HttpError::internal(error),
    }
}

/// Writes go to the client, in pieces of a sensible size.
struct Sending {
    send: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.held));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        if piece.is_empty() {
            Ok(())
        } else {
            self.send.blocking_send(Ok(piece)).map_err(gone)
        }
    }
}
