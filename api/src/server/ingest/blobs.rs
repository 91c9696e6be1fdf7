//! `PUT` and `HEAD /v1/sessions/{id}/blobs/{sha256}`

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use retrace_core::SessionId;
use retrace_ingest::protocol::batch::{NamedBlob, is_digest};
use retrace_ingest::protocol::{Encoding, ErrorCode};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::body::{InHand, Pieces, announced, encoding};
use super::error::IngestError;
use super::limits;
use super::uploader::Uploader;
use crate::blobs::{Blobs, PutError, Stored};
use crate::server::App;

/// How many pieces may wait for a disk that is slow.
const PIECES_AHEAD: usize = 4;
/// What those pieces take, whatever the size of the blob.
const BYTES_IN_HAND: usize = 1 << 20;

#[derive(Deserialize)]
pub(super) struct BlobInPath {
    sha256: String,
}

/// Whether a blob is there.
pub(super) async fn head(
    State(app): State<App>,
    uploader: Uploader,
    path: Result<Path<BlobInPath>, PathRejection>,
) -> Result<StatusCode, IngestError> {
    let sha256 = digest(path)?;
    let (blobs, session) = (Arc::clone(&app.blobs), uploader.session.id());
    let is_there = spawn_blocking(move || blobs.contains(session, &sha256)).await;
    match is_there.map_err(|error| IngestError::internal(&error))? {
        Ok(true) => Ok(StatusCode::OK),
        Ok(false) => Ok(StatusCode::NOT_FOUND),
        Err(error) => Err(IngestError::internal(&error)),
    }
}

/// Stores a blob while it comes: it is never in memory as a whole.
pub(super) async fn put(
    State(app): State<App>,
    uploader: Uploader,
    path: Result<Path<BlobInPath>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, IngestError> {
    let sha256 = digest(path)?;
    if encoding(&headers)? != Encoding::None {
        let message = "a blob is sent as it is: its digest is that of its bytes";
        return Err(IngestError::new(ErrorCode::UnsupportedEncoding, message));
    }
    let limits = limits(&app).await?;
    announced(&headers, limits.blob_bytes)?;
    let mut in_hand = InHand::nothing(&app.ingest.in_hand);
    in_hand.take(BYTES_IN_HAND, limits.bytes_in_hand)?;
    let mut pieces = Pieces::of(body, limits.blob_bytes, &limits);

    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let (blobs, session) = (Arc::clone(&app.blobs), uploader.session.id());
    let storing = spawn_blocking(move || {
        let mut content = Content {
            receiver,
            piece: Bytes::new(),
            ended: false,
        };
        blobs.put(session, &sha256, &mut content)
    });
    loop {
        match pieces.next().await {
            Ok(Some(piece)) => {
                // Whoever does not want more says why below.
                if sender.send(Piece::Bytes(piece)).await.is_err() {
                    break;
                }
            }
            Ok(None) => {
                let _ = sender.send(Piece::End).await;
                break;
            }
            Err(error) => {
                // Without its end the content is an error there, and nothing is stored.
                drop(sender);
                let _ = storing.await;
                return Err(error);
            }
        }
    }
    match storing
        .await
        .map_err(|error| IngestError::internal(&error))?
    {
        Ok(Stored::New) => Ok(StatusCode::CREATED),
        Ok(Stored::Already) => Ok(StatusCode::OK),
        Err(PutError::OtherDigest { found }) => {
            let message = format!("the bytes have the SHA-256 {found}: send them again");
            Err(IngestError::new(ErrorCode::DigestMismatch, message))
        }
        Err(PutError::Full) => {
            let message = "the server has no space left: keep the blob, and send it again later";
            Err(IngestError::new(ErrorCode::StorageFull, message))
        }
        Err(PutError::Io(error)) => Err(IngestError::internal(&error)),
    }
}

fn digest(path: Result<Path<BlobInPath>, PathRejection>) -> Result<String, IngestError> {
    let Path(BlobInPath { sha256 }) =
        path.map_err(|error| IngestError::invalid(error.body_text()))?;
    if is_digest(&sha256) {
        return Ok(sha256);
    }
    Err(IngestError::invalid(format!(
        "the path names the blob {sha256:?}, expected a SHA-256 in 64 lower-case hexadecimal digits"
    )))
}

/// Refuses a batch one of whose events names a blob that is not there.
pub(super) async fn check_present(
    blobs: &Arc<dyn Blobs>,
    session: SessionId,
    named: Vec<NamedBlob>,
) -> Result<(), IngestError> {
    if named.is_empty() {
        return Ok(());
    }
    let blobs = Arc::clone(blobs);
    let absent = spawn_blocking(move || {
        for blob in named {
            if !blobs.contains(session, &blob.sha256)? {
                return Ok(Some(blob));
            }
        }
        Ok::<_, io::Error>(None)
    });
    match absent
        .await
        .map_err(|error| IngestError::internal(&error))?
    {
        Ok(None) => Ok(()),
        Ok(Some(blob)) => Err(IngestError::blob_absent(blob)),
        Err(error) => Err(IngestError::internal(&error)),
    }
}

enum Piece {
    Bytes(Bytes),
    /// Said aloud: a sender that is gone has broken off.
    End,
}

/// The pieces of a body, for somebody who blocks.
struct Content {
    receiver: mpsc::Receiver<Piece>,
    piece: Bytes,
    ended: bool,
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.receiver.blocking_recv() {
                Some(Piece::Bytes(piece)) => self.piece = piece,
                Some(Piece::End) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}
