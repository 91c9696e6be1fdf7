//! `GET /v1/sessions/{id}/bundle?at=POSITION`: the evidence bundle of a session, made while it is sent.
//!
//! Without `at` it is of the moment behind the event that tells of this very download, which so stands in its custody log.
//! The header `Retrace-Log-Size` says the position, with which the same bytes can be had again. Who does not reveal what is
//! redacted (`Retrace-Reveal`) gets it hidden.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use retrace_core::Position;
use serde::Deserialize;
use tokio::runtime::Handle;

use super::recordings::{LOG_SIZE, name_file};
use super::written::written_by;
use super::{App, HttpError, Visit, seen_up_to};
use crate::bundle::{Bundle, BundleError, Sources};
use crate::export::ExportError;

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
    seen_up_to(&app, position).await?;
    let sources = Sources {
        log: Arc::clone(&app.log),
        reader: app.reader.clone(),
        blobs: app.blobs.clone(),
    };
    let opened = Bundle::open(sources, session, Some(position), veil).await;
    let bundle = opened.map_err(|error| of_bundle(&error))?;
    let write = move |out| bundle.write(&Handle::current(), out);
    let mut response = written_by("a bundle", write).into_response();
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
