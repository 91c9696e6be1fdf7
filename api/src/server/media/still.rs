//! The picture at any moment: of a video the few frames from the keyframe before it on are decoded, in a process of
//! their own; a terminal's screen is drawn.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use retrace_core::SessionId;
use retrace_media::video::{ImageKind, Input, InputHead, Job, Output, Still};
use retrace_query::video::Selection;
use serde::Deserialize;

use super::source::{Source, WINDOW_BYTES};
use super::{HttpError, MediaError, MediaReader, Visit, blocking, written_down};

/// No picture takes longer.
const WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize)]
pub(super) struct StillQuery {
    at_ms: u32,
    width: Option<u32>,
    of: Option<String>,
    download: Option<String>,
}

/// `GET …/still?at_ms=T&width=W&download=1`: the frame that is shown `at_ms` after the start of the session, at most
/// `width` pixels wide. The header `Retrace-At-Ms` says when it was shown first. With `of=terminal` it is the screen of the
/// session's terminal.
pub(super) async fn still(
    mut visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<StillQuery>,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    if query.of.as_deref() == Some("terminal") {
        return terminal(visit, session, &id, &query).await;
    }
    let at_us = i64::from(query.at_ms) * 1_000;
    visit.pictures(session, "still", at_us..=at_us).await?;
    let Visit { app, viewer } = visit;
    let name = format!("{id}-{}ms.png", query.at_ms);
    if query.download.is_some() {
        written_down(app.accesses.downloaded(&viewer, session, &name).await)?;
    } else {
        written_down(app.accesses.viewed(&viewer, session, "still").await)?;
    }
    let permit = Arc::clone(&app.drawn_at_once).acquire_owned().await;
    let found = blocking(move || {
        let _permit = permit;
        let around = Selection {
            clip: None,
            from_us: Some(at_us),
            until_us: Some(at_us),
        };
        let found = match app.reader.playable(session, around)? {
            Some(playable) => Some(playable),
            // Before the first frame the first one is as good as any.
            None => app.reader.playable(
                session,
                Selection {
                    until_us: None,
                    ..around
                },
            )?,
        };
        let Some(playable) = found else {
            return Ok(None);
        };
        let head = InputHead {
            first_us: u64::try_from(playable.first_us).unwrap_or(0),
            last_us: u64::try_from(at_us).unwrap_or(0),
            media_type: "video/webm".to_owned(),
        };
        let source = Source::Footage(Arc::new(playable));
        let mut reader = MediaReader::new(app.reader.clone(), app.blobs.clone(), session);
        let mut at = 0;
        let inputs = std::iter::from_fn(|| {
            let end = (at + 8 * WINDOW_BYTES).min(source.len());
            (at < end).then(|| {
                let bytes = reader.read(&source, at..end)?;
                at = end;
                Ok::<_, MediaError>(Input {
                    head: head.clone(),
                    bytes,
                })
            })
        });
        let job = Job::Still(Still {
            at_us: u64::try_from(at_us).unwrap_or(0),
            image: ImageKind::Png,
            max_width: query.width.unwrap_or(0),
            folder: None,
        });
        let mut picture = None;
        let mut worker = app.worker.clone();
        (worker.silence, worker.total) = (WITHIN, WITHIN);
        let done = worker.run(
            &job,
            inputs,
            |output| {
                if let Output::Still(still, bytes) = output {
                    picture = Some((still.time_us / 1_000, bytes));
                }
                Ok(())
            },
            &AtomicBool::new(false),
        );
        done.map_err(|error| MediaError::Worker(error.to_string()))?;
        Ok(picture)
    });
    let Some((shown_ms, bytes)) = found.await? else {
        return Err(HttpError::not_found(
            "this session has no footage that plays",
        ));
    };
    let mut response = png(bytes, query.download.is_some().then_some(&*name));
    let headers = response.headers_mut();
    headers.insert("retrace-at-ms", HeaderValue::from(shown_ms));
    Ok(response)
}

/// What the terminal shows at that moment, as the viewer may see it.
async fn terminal(
    mut visit: Visit,
    session: SessionId,
    id: &str,
    query: &StillQuery,
) -> Result<Response, HttpError> {
    visit.veil(session, "still").await?;
    let Visit { app, viewer } = visit;
    let name = format!("{id}-terminal-{}ms.png", query.at_ms);
    let written = if query.download.is_some() {
        app.accesses.downloaded(&viewer, session, &name).await
    } else {
        app.accesses.viewed(&viewer, session, "still").await
    };
    written_down(written)?;
    let _turn = Arc::clone(&app.drawn_at_once).acquire_owned().await;
    let drawn = app.reader.screen_picture(session, query.at_ms.into()).await;
    match drawn.map_err(|error| HttpError::of_query(&error))? {
        Some(bytes) => Ok(png(bytes, query.download.is_some().then_some(&*name))),
        None => Err(HttpError::not_found("this session has no terminal")),
    }
}

fn png(bytes: Vec<u8>, file_name: Option<&str>) -> Response {
    let mut response = bytes.into_response();
    let media_type = HeaderValue::from_static("image/png");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    if let Some(name) = file_name {
        crate::server::recordings::name_file(&mut response, name);
    }
    response
}
