//! Where a stream goes on, and appending to it.

use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use retrace_core::event::EventBatch;
use retrace_core::log::{Append, EventLog};
use retrace_core::{StreamName, StreamVersion};
use retrace_ingest::protocol::{
    AppendAnswer, BATCH_MEDIA_TYPE, Encoding, ErrorCode, IngestLimits, ParsedBatch, StreamAnswer,
    parse_batch, unpack,
};
use serde::Deserialize;

use super::blobs::check_present;
use super::body::{InHand, Pieces, announced, check_media_type, encoding, whole};
use super::clock::Clocks;
use super::error::IngestError;
use super::limits;
use super::uploader::{Stream, Uploader};
use crate::server::App;

/// Smaller bodies are taken apart at once: handing them to another thread takes as long.
const INLINE_BYTES_MAX: usize = 64 << 10;
/// A database that restarts, or is far too slow, holds appends up. Whoever waits longer is told to
/// come back, which is safe whatever became of the append.
const APPEND_WITHIN: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
pub(super) struct StreamInPath {
    source: String,
}

#[derive(Deserialize)]
pub(super) struct FirstInQuery {
    first: u64,
}

/// `GET /v1/sessions/{id}/streams/{source}`
pub(super) async fn state(
    State(app): State<App>,
    uploader: Uploader,
    path: Result<Path<StreamInPath>, PathRejection>,
) -> Result<Json<StreamAnswer>, IngestError> {
    let stream = stream_of(&uploader, path)?;
    let next_version = app.log.next_version(&stream.name).await?;
    let receipt = match next_version.0.checked_sub(1) {
        Some(last) => app.log.receipt(&stream.name, StreamVersion(last)).await?,
        None => None,
    };
    Ok(Json(StreamAnswer {
        next_version,
        position: receipt.as_ref().map(|receipt| receipt.position),
        receipt: receipt.map(|receipt| receipt.to_tlog_proof()),
    }))
}

/// `POST /v1/sessions/{id}/streams/{source}/events?first=N`
pub(super) async fn append(
    State(app): State<App>,
    uploader: Uploader,
    path: Result<Path<StreamInPath>, PathRejection>,
    query: Result<Query<FirstInQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AppendAnswer>, IngestError> {
    let clocks = Clocks::of(&headers)?;
    let stream = stream_of(&uploader, path)?;
    let session = uploader.session;
    let Query(FirstInQuery { first }) = query.map_err(|_| {
        IngestError::invalid("`first` in the query: expected the version of the first line")
    })?;
    check_media_type(&headers, BATCH_MEDIA_TYPE)?;
    let encoding = encoding(&headers)?;
    let limits = limits(&app).await?;
    let length = announced(&headers, limits.batch_bytes as u64)?;
    let wait = session
        .pace()
        .wait(limits.events_per_second, Instant::now());
    if !wait.is_zero() {
        let message = format!(
            "this session sends more than {} events a second",
            limits.events_per_second
        );
        return Err(IngestError::new(ErrorCode::TooManyRequests, message).after(wait));
    }

    let mut in_hand = InHand::nothing(&app.ingest.in_hand);
    let pieces = Pieces::of(body, limits.batch_bytes as u64, &limits);
    let packed = whole(pieces, length, &mut in_hand, &limits).await?;
    let (parsed, in_hand) = parse(encoding, packed, in_hand, limits).await?;
    session.pace().spend(parsed.events.len());
    let ParsedBatch { events, blobs } = parsed;
    check_present(&app.blobs, session.id(), blobs).await?;

    let answer = append_batch(&*app.log, stream.name, StreamVersion(first), events).await?;
    drop(in_hand);
    if let Some(clocks) = clocks {
        clocks.note(&session, &stream.source).await;
    }
    Ok(Json(answer))
}

fn stream_of(
    uploader: &Uploader,
    path: Result<Path<StreamInPath>, PathRejection>,
) -> Result<Stream, IngestError> {
    let Path(StreamInPath { source }) =
        path.map_err(|error| IngestError::invalid(error.body_text()))?;
    Stream::of(uploader.session.id(), source)
}

async fn parse(
    encoding: Encoding,
    packed: Vec<u8>,
    mut in_hand: InHand,
    limits: IngestLimits,
) -> Result<(ParsedBatch, InHand), IngestError> {
    if encoding != Encoding::None {
        let possible = packed.len().saturating_mul(limits.batch_ratio);
        let possible = possible.max(IngestLimits::RATIO_FREE_BYTES);
        in_hand.take(possible.min(limits.batch_bytes), limits.bytes_in_hand)?;
    }
    let inline = packed.len() <= INLINE_BYTES_MAX && encoding == Encoding::None;
    let work = move || {
        let body = unpack(encoding, packed, &limits)
            .map_err(|error| IngestError::new(error.code(), error.to_string()))?;
        Ok((parse_batch(&body, &limits)?, in_hand))
    };
    if inline {
        return work();
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| IngestError::internal(&error))?
}

async fn append_batch(
    log: &dyn EventLog,
    stream: StreamName,
    first_version: StreamVersion,
    events: EventBatch,
) -> Result<AppendAnswer, IngestError> {
    let last = first_version.0.checked_add(events.len() as u64 - 1);
    let last = last.map(StreamVersion);
    let append = Append {
        stream: stream.clone(),
        first_version,
        events,
    };
    let appended = match tokio::time::timeout(APPEND_WITHIN, log.append(append)).await {
        Ok(appended) => appended?,
        Err(_) => {
            let message = "the log is busy: send the same again";
            let overloaded = IngestError::new(ErrorCode::Overloaded, message);
            return Err(overloaded.after(Duration::from_secs(5)));
        }
    };
    // The receipt of a repetition is that of the stream's end, which may lie behind the batch.
    let receipt = match last {
        Some(last) if last.plus(1) < appended.next_version => log.receipt(&stream, last).await?,
        _ => appended.receipt,
    };
    let receipt =
        receipt.ok_or_else(|| IngestError::internal(&"no receipt for what was stored"))?;
    Ok(AppendAnswer {
        next_version: appended.next_version,
        position: receipt.position,
        receipt: receipt.to_tlog_proof(),
    })
}
