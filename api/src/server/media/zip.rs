//! All clips in one file, made while it is sent: nothing is copied beforehand, and what is kept in memory does not
//! grow with it.

use std::io::{self, Write};

use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipWriter};
use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use retrace_query::video::{Clip, Selection};

use super::source::{Source, WINDOW_BYTES};
use super::{App, HttpError, MediaReader, Visit, blocking, written_down};
use crate::server::written::{Sending, written_by};

/// `GET …/clips.zip`
pub(super) async fn clips(mut visit: Visit, Path(id): Path<String>) -> Result<Response, HttpError> {
    let session = visit.recording(&id).await?;
    visit.pictures(session, "clips", super::ALL_TIME).await?;
    let Visit { app, viewer } = visit;
    let reader = app.reader.clone();
    let clips = blocking(move || Ok(reader.clips(session)?)).await?;
    if clips.is_empty() {
        return Err(HttpError::not_found(
            "this session has no footage that plays",
        ));
    }
    let name = format!("{id}-clips.zip");
    written_down(app.accesses.downloaded(&viewer, session, &name).await)?;
    let write = move |mut out: Sending| {
        write_zip(&app, session, &clips, &mut out).and_then(|()| out.flush())
    };
    let mut response = written_by("a zip of clips", write).into_response();
    let media_type = HeaderValue::from_static("application/zip");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, media_type);
    crate::server::recordings::name_file(&mut response, &name);
    Ok(response)
}

fn write_zip(
    app: &App,
    session: retrace_core::SessionId,
    clips: &[Clip],
    out: &mut Sending,
) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    // Video does not get smaller. Sizes are not known beforehand, so any may be large.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    let mut reader = MediaReader::new(app.reader.clone(), app.blobs.clone(), session);
    for clip in clips {
        let found = app
            .layouts
            .get(&app.reader, session, Selection::clip(clip.number));
        let Some((playable, _)) = found.map_err(io::Error::other)? else {
            continue;
        };
        zip.start_file(format!("clip-{:03}.webm", clip.number), options)?;
        let source = Source::Footage(playable);
        let mut at = 0;
        while at < source.len() {
            let end = (at + WINDOW_BYTES).min(source.len());
            zip.write_all(&reader.read(&source, at..end).map_err(io::Error::other)?)?;
            at = end;
        }
    }
    zip.finish()?;
    Ok(())
}
