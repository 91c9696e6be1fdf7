//! Small pictures along the timeline: sheets of them, and a WebVTT track that says which part of which sheet
//! shows what time of the video.

use std::fmt::Write;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use retrace_core::blob::BlobDigest;
use retrace_query::video::{Analyzed, Selection};

use super::source::Source;
use super::{File, HttpError, Visit, blocking, written_down};

/// `GET …/thumbnails.vtt`: times are those of `video.webm` and `video.mp4`.
pub(super) async fn track(mut visit: Visit, Path(id): Path<String>) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    visit
        .pictures(session, "thumbnails", super::ALL_TIME)
        .await?;
    let Visit { app, viewer } = visit;
    written_down(app.accesses.viewed(&viewer, session, "thumbnails").await)?;
    let (layouts, reader) = (app.layouts.clone(), app.reader.clone());
    let found = blocking(move || {
        let playable = layouts.get(&reader, session, Selection::ALL)?;
        Ok((playable, reader.analyzed(session)?))
    });
    let (playable, analyzed) = found.await?;
    let Some((playable, _)) = playable else {
        return Err(HttpError::not_found(
            "this session has no footage that plays",
        ));
    };
    let end_us = playable
        .first_us
        .saturating_add_unsigned(playable.duration_us);
    let mut response = web_vtt(&analyzed, playable.first_us, end_us).into_response();
    let media_type = HeaderValue::from_static("text/vtt; charset=utf-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// `GET …/thumbnails/{sha256}`
pub(super) async fn sheet(
    mut visit: Visit,
    Path((id, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    visit
        .pictures(session, "thumbnails", super::ALL_TIME)
        .await?;
    let Visit { app, viewer } = visit;
    let no_such = || HttpError::not_found("this session has no such thumbnails");
    let digest = BlobDigest::parse(&sha256).ok_or_else(no_such)?;
    let reader = app.reader.clone();
    let analyzed = blocking(move || Ok(reader.analyzed(session)?)).await?;
    let sheet = analyzed
        .into_iter()
        .filter_map(|part| part.sheet)
        .find(|sheet| sheet.blob == sha256);
    let sheet = sheet.ok_or_else(no_such)?;
    let file = File {
        session,
        source: Source::Blob(digest, sheet.bytes),
        media_type: sheet.media_type,
        etag: format!("\"{digest}\""),
        name: format!("{id}-thumbnails"),
    };
    file.answer(&app, &viewer, &headers, false).await
}

/// One cue for each picture, until the next one.
fn web_vtt(analyzed: &[Analyzed], first_us: i64, end_us: i64) -> String {
    let mut tiles: Vec<(i64, String)> = Vec::new();
    for part in analyzed {
        let Some(sheet) = &part.sheet else { continue };
        for (index, time_us) in (0_u32..).zip(&sheet.times_us) {
            let (column, row) = (index % sheet.columns.max(1), index / sheet.columns.max(1));
            let (width, height) = (sheet.tile_width, sheet.tile_height);
            let (x, y) = (column.saturating_mul(width), row.saturating_mul(height));
            let place = format!("thumbnails/{}#xywh={x},{y},{width},{height}", sheet.blob);
            tiles.push((part.first_us.saturating_add_unsigned(*time_us), place));
        }
    }
    tiles.sort();
    let mut vtt = "WEBVTT\n".to_owned();
    let ends = tiles.iter().skip(1).map(|(at, _)| *at).chain([end_us]);
    for ((at, place), end) in tiles.iter().zip(ends) {
        let (from, to) = (at.saturating_sub(first_us), end.saturating_sub(first_us));
        if from < to {
            let _ = write!(vtt, "\n{} --> {}\n{place}\n", clock(from), clock(to));
        }
    }
    vtt
}

/// `HH:MM:SS.mmm`
fn clock(us: i64) -> String {
    let ms = us.max(0) / 1_000;
    let (s, m, h) = (ms / 1_000 % 60, ms / 60_000 % 60, ms / 3_600_000);
    format!("{h:02}:{m:02}:{s:02}.{:03}", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use retrace_core::event::ThumbnailSheet;

    use super::*;

    #[test]
    fn each_tile_is_shown_until_the_next_in_the_time_of_the_video() {
        let sheet = ThumbnailSheet {
            blob: "ab".to_owned(),
            bytes: 9,
            columns: 2,
            media_type: "image/webp".to_owned(),
            tile_height: 90,
            tile_width: 160,
            times_us: vec![0, 5_000_000, 10_000_000],
        };
        let part = Analyzed {
            first_us: 2_000_000,
            last_us: 15_000_000,
            changed_permille: Vec::new(),
            sheet: Some(sheet),
        };
        let want = "WEBVTT\n\n00:00:00.000 --> 00:00:05.000\nthumbnails/ab#xywh=0,0,160,90\n\n\
            00:00:05.000 --> 00:00:10.000\nthumbnails/ab#xywh=160,0,160,90\n\n\
            00:00:10.000 --> 01:00:00.500\nthumbnails/ab#xywh=0,90,160,90\n";
        assert_eq!(web_vtt(&[part], 2_000_000, 3_602_500_000), want);
    }
}
