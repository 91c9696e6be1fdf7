//! What outsiders check the log with: [C2SP tlog-tiles](https://c2sp.org/tlog-tiles).
//!
//! The checkpoint, the verifier key and the tiles of hashes show no content, and are for anyone
//! unless the setting `proofs.public` is false. Bundles of entries are the events themselves, and
//! need a token.

use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_core::Position;
use retrace_core::access::Right;
use retrace_core::log::EventLog;
use retrace_core::log::tile::{FULL, Rows, Tile, push_entry};
use retrace_query::QueryError;

use super::{App, HttpError};
use crate::tokens::Viewer;

/// A tile never changes: what holds more is another tile.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_EVER_BUT_PRIVATE: &str = "private, max-age=31536000, immutable";

/// Somebody who may see hashes: anybody, or whoever has a token.
pub(super) struct Outsider {
    caching: &'static str,
}

impl FromRequestParts<App> for Outsider {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let settings = app.settings.current().await;
        let public = settings
            .map_err(|error| HttpError::internal(&error))?
            .proofs
            .public;
        if public {
            return Ok(Self { caching: FOR_EVER });
        }
        Viewer::from_request_parts(parts, app).await?;
        Ok(Self {
            caching: FOR_EVER_BUT_PRIVATE,
        })
    }
}

/// `GET /checkpoint`
pub(super) async fn checkpoint(
    State(app): State<App>,
    _outsider: Outsider,
) -> Result<Response, HttpError> {
    let head = app.log.head().await;
    let head = head.map_err(|error| HttpError::internal(&error))?;
    Ok(head.checkpoint.as_note().to_owned().into_response())
}

/// `GET /verifier-key`: convenient, and no proof of anything, because it comes from the server that
/// is to be checked.
pub(super) async fn verifier_key(State(app): State<App>, _outsider: Outsider) -> Response {
    format!("{}\n", app.log.verifier_key()).into_response()
}

/// `GET /tile/{level}/{index}[.p/{width}]` and `GET /tile/entries/{index}[.p/{width}]`
pub(super) async fn tile(
    State(app): State<App>,
    Path(address): Path<String>,
    parts: Parts,
) -> Result<Response, HttpError> {
    let tile: Tile = address.parse().map_err(|error| not_found(&error))?;
    match tile.rows {
        Rows::Hashes { level } => {
            let outsider = Outsider::from_request_parts(&mut { parts }, &app).await?;
            let hashes = hashes(&*app.log, tile, level).await?;
            let mut response = binary(hashes);
            response.headers_mut().insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static(outsider.caching),
            );
            Ok(response)
        }
        // Evidence: it is never to be kept on the way, however immutable.
        Rows::Entries => {
            let viewer = Viewer::from_request_parts(&mut { parts }, &app).await?;
            // A bundle holds events of any session.
            for right in [Right::ReadLog, Right::ViewRecordings, Right::Reveal] {
                if !viewer.sight.may_everywhere(right) {
                    return Err(HttpError::of_query(&QueryError::Denied(right)));
                }
            }
            let rows = rows_of(&*app.log, tile, 0).await?;
            let (first, last) = (Position(rows.start), Position(rows.end.saturating_sub(1)));
            let told = app.accesses.exported(&viewer, "tile", first, last).await;
            told.map_err(|error| HttpError::of_access(&error))?;
            Ok(binary(entries(&*app.log, tile).await?))
        }
    }
}

async fn hashes(log: &dyn EventLog, tile: Tile, level: u8) -> Result<Vec<u8>, HttpError> {
    let tree_level = 8 * u32::from(level);
    let rows = rows_of(log, tile, tree_level).await?;
    let hashes = log.tile_hashes(tree_level, rows.start, rows.end).await;
    let hashes = hashes.map_err(|error| HttpError::internal(&error))?;
    Ok(hashes.into_flattened())
}

async fn entries(log: &dyn EventLog, tile: Tile) -> Result<Vec<u8>, HttpError> {
    let rows = rows_of(log, tile, 0).await?;
    let events = log
        .read(Position(rows.start), FULL.min(tile.width) as usize)
        .await;
    let events = events.map_err(|error| HttpError::internal(&error))?;
    let mut bundle = Vec::new();
    for event in &events {
        if !push_entry(&mut bundle, &event.leaf()) {
            return Err(HttpError::internal(&format!(
                "the leaf at position {} is too long",
                event.position()
            )));
        }
    }
    Ok(bundle)
}

/// The rows of a tile that is whole in the log.
async fn rows_of(
    log: &dyn EventLog,
    tile: Tile,
    tree_level: u32,
) -> Result<std::ops::Range<u64>, HttpError> {
    let head = log.head().await;
    let size = head.map_err(|error| HttpError::internal(&error))?.size;
    tile.range()
        .filter(|rows| rows.end <= size.0 >> tree_level)
        .ok_or_else(|| not_found(&format!("the log has {size} events, so it has no {tile}")))
}

fn binary(bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    response
}

fn not_found(why: &dyn std::fmt::Display) -> HttpError {
    HttpError::new(StatusCode::NOT_FOUND, "NOT_FOUND", why.to_string())
}
