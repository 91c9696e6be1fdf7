//! Video and pictures over HTTP: `/v1/sessions/{id}/media/…`.
//!
//! | path | answers |
//! |---|---|
//! | `video.webm?clip=N&from_ms=F&until_ms=T` | the footage, joined: all, or one clip, or from a moment (the keyframe at or before it) until another |
//! | `video.mp4` | the video for browsers that cannot play what was captured, once it was built |
//! | `clips.zip` | each clip as a file, made while it is sent |
//! | `thumbnails.vtt`, `thumbnails/{sha256}` | small pictures along the timeline |
//! | `still?at_ms=T&width=W` | the picture at a moment, as PNG |
//! | `footage/{sha256}` | a piece of footage as it was captured |
//!
//! Each answers byte ranges and has an `ETag`; with `download=1` it is a file to keep. Every look and every
//! download is an event of the session before the first byte goes out ([`crate::accesses`]).

mod range;
mod source;
mod still;
mod thumbnails;
mod zip;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use retrace_core::SessionId;
use retrace_core::blob::BlobDigest;
use retrace_query::video::{ProductState, Selection};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

use super::{App, HttpError, Visit};
use crate::tokens::Viewer;
use range::Wanted;
use source::WINDOW_BYTES;
pub(crate) use source::{Layouts, MediaError, MediaReader, Source};

/// What is made of all footage of a session is shown when none of it is hidden.
const ALL_TIME: std::ops::RangeInclusive<i64> = i64::MIN..=i64::MAX;
/// How many pieces may wait for a client that is slow.
const PIECES_AHEAD: usize = 2;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/sessions/{id}/media/video.webm", get(webm))
        .route("/v1/sessions/{id}/media/video.mp4", get(mp4))
        .route("/v1/sessions/{id}/media/clips.zip", get(zip::clips))
        .route(
            "/v1/sessions/{id}/media/thumbnails.vtt",
            get(thumbnails::track),
        )
        .route(
            "/v1/sessions/{id}/media/thumbnails/{sha256}",
            get(thumbnails::sheet),
        )
        .route("/v1/sessions/{id}/media/still", get(still::still))
        .route("/v1/sessions/{id}/media/footage/{sha256}", get(footage))
}

#[derive(Debug, Deserialize)]
struct VideoQuery {
    clip: Option<u32>,
    from_ms: Option<u32>,
    until_ms: Option<u32>,
    download: Option<String>,
}

async fn webm(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<VideoQuery>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    let selection = Selection {
        clip: query.clip,
        from_us: query.from_ms.map(|ms| i64::from(ms) * 1_000),
        until_us: query.until_ms.map(|ms| i64::from(ms) * 1_000),
    };
    let (layouts, reader) = (visit.app.layouts.clone(), visit.app.reader.clone());
    let found = blocking(move || Ok(layouts.get(&reader, session, selection)?)).await?;
    let Some((playable, changed_at)) = found else {
        return Err(HttpError::not_found(
            "this session has no footage that plays",
        ));
    };
    let end_us = playable
        .first_us
        .saturating_add_unsigned(playable.duration_us);
    visit
        .pictures(session, "video", playable.first_us..=end_us)
        .await?;
    let Visit { app, viewer } = visit;
    let clip = query.clip.map(|clip| format!("-clip-{clip}"));
    let from = query.from_ms.map(|ms| format!("-from-{ms}ms"));
    let part = [clip, from].map(Option::unwrap_or_default).concat();
    let etag = match query.until_ms {
        // What was there until then stays.
        Some(ms) => format!("\"{id}{part}-{ms}ms-{}\"", playable.layout.len()),
        None => format!("\"{id}{part}-{changed_at}\""),
    };
    let file = File {
        session,
        source: Source::Footage(playable),
        media_type: "video/webm".to_owned(),
        etag,
        name: format!("{id}{part}.webm"),
    };
    file.answer(&app, &viewer, &headers, query.download.is_some())
        .await
}

async fn mp4(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<VideoQuery>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    visit.pictures(session, "video", ALL_TIME).await?;
    let Visit { app, viewer } = visit;
    let reader = app.reader.clone();
    let products = blocking(move || Ok(reader.products(session)?)).await?;
    let product = products
        .into_iter()
        .find(|product| product.media_type == "video/mp4");
    let Some(product) = product else {
        let message = "nobody asked for an MP4 of this session: request it by `requestVideo` first";
        return Err(HttpError::not_found(message));
    };
    let (Some(blob), Some(bytes), ProductState::Completed) =
        (product.blob, product.bytes, product.state)
    else {
        return Err(HttpError::not_found(
            "the MP4 of this session is not there yet, or could not be built",
        ));
    };
    let file = File {
        session,
        source: Source::Blob(blob, bytes),
        media_type: product.media_type,
        etag: format!("\"{blob}\""),
        name: format!("{id}.mp4"),
    };
    file.answer(&app, &viewer, &headers, query.download.is_some())
        .await
}

#[derive(Debug, Deserialize)]
struct FootageQuery {
    download: Option<String>,
}

async fn footage(
    mut visit: Visit,
    Path((id, sha256)): Path<(String, String)>,
    Query(query): Query<FootageQuery>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    visit.pictures(session, "video", ALL_TIME).await?;
    let Visit { app, viewer } = visit;
    let no_such = || HttpError::not_found("this session has no such footage");
    let digest = BlobDigest::parse(&sha256).ok_or_else(no_such)?;
    let (reader, blobs) = (app.reader.clone(), app.blobs.clone());
    let found = blocking(move || match reader.media_type_of(session, digest)? {
        Some(media_type) => Ok(Some((media_type, blobs.open(session, digest)?.len()))),
        None => Ok(None),
    });
    let (media_type, bytes) = found.await?.ok_or_else(no_such)?;
    let ending = match media_type.as_str() {
        "video/webm" => "webm",
        "video/mp4" => "mp4",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        _ => "bin",
    };
    let file = File {
        session,
        source: Source::Blob(digest, bytes),
        // What a recorder says must not make a browser run it.
        media_type: if ending == "bin" {
            "application/octet-stream".to_owned()
        } else {
            media_type
        },
        etag: format!("\"{digest}\""),
        name: format!("{id}-{}.{ending}", &sha256[..12]),
    };
    file.answer(&app, &viewer, &headers, query.download.is_some())
        .await
}

/// A file that is there.
struct File {
    session: SessionId,
    source: Source,
    media_type: String,
    etag: String,
    name: String,
}

impl File {
    async fn answer(
        self,
        app: &App,
        viewer: &Viewer,
        headers: &HeaderMap,
        download: bool,
    ) -> Result<Response, HttpError> {
        let length = self.source.len();
        let wanted = Wanted::of(headers, length, &self.etag);
        let (status, range) = wanted.answer(length);
        // The first byte is asked for once; the ranges after it are of the same look.
        if download && range.start == 0 && !range.is_empty() {
            written_down(
                app.accesses
                    .downloaded(viewer, self.session, &self.name)
                    .await,
            )?;
        } else {
            written_down(app.accesses.viewed(viewer, self.session, "video").await)?;
        }
        let bytes = range.end - range.start;
        let body = if range.is_empty() {
            Body::empty()
        } else {
            let reader = MediaReader::new(app.reader.clone(), app.blobs.clone(), self.session);
            stream(reader, self.source, range)
        };
        let mut response = (status, body).into_response();
        let answer = response.headers_mut();
        let text = |value: &str| HeaderValue::from_str(value);
        let set = [
            (header::CONTENT_TYPE, text(&self.media_type)),
            (header::ETAG, text(&self.etag)),
            (header::ACCEPT_RANGES, Ok(HeaderValue::from_static("bytes"))),
            (header::CONTENT_LENGTH, Ok(HeaderValue::from(bytes))),
            // A browser may keep it for as long as it asks each time; no proxy may.
            (
                header::CACHE_CONTROL,
                Ok(HeaderValue::from_static("private, no-cache")),
            ),
        ];
        for (name, value) in set {
            if let Ok(value) = value {
                answer.insert(name, value);
            }
        }
        if let Some(Ok(range)) = wanted.content_range(length).as_deref().map(text) {
            answer.insert(header::CONTENT_RANGE, range);
        }
        if download {
            super::recordings::name_file(&mut response, &self.name);
        }
        Ok(response)
    }
}

/// A range of a file, read and unsealed as fast as the client takes it.
fn stream(mut reader: MediaReader, source: Source, range: std::ops::Range<u64>) -> Body {
    let (send, receive) = mpsc::channel::<Result<Bytes, MediaError>>(PIECES_AHEAD);
    spawn_blocking(move || {
        let mut at = range.start;
        while at < range.end {
            let end = (at + WINDOW_BYTES).min(range.end);
            let read = reader.read(&source, at..end).map(Bytes::from);
            if let Err(error) = &read {
                tracing::error!(%error, "a video broke off");
            }
            let broken = read.is_err();
            if send.blocking_send(read).is_err() || broken {
                return;
            }
            at = end;
        }
    });
    Body::from_stream(ReceiverStream::new(receive))
}

/// What was not written down is not shown.
fn written_down(outcome: Result<(), crate::accesses::AccessError>) -> Result<(), HttpError> {
    outcome.map_err(|error| HttpError::of_access(&error))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaError> + Send + 'static,
) -> Result<T, HttpError> {
    let done = spawn_blocking(work)
        .await
        .map_err(|error| HttpError::internal(&error))?;
    done.map_err(|error| match error {
        MediaError::Blob(retrace_core::blob::BlobError::Absent { .. }) => {
            HttpError::not_found("the footage is not there any more")
        }
        MediaError::Blob(error @ retrace_core::blob::BlobError::Purged { .. }) => {
            HttpError::not_found(error.to_string())
        }
        MediaError::Query(error) => HttpError::of_query(&error),
        error => HttpError::internal(&error),
    })
}
