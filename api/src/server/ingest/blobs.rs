//! `PUT` and `HEAD /v1/sessions/{id}/blobs/{sha256}`

use std::io::{self, Read};

use axum::body::{Body, Bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use retrace_core::SessionId;
use retrace_core::blob::{BlobDigest, BlobError, BlobStore};
use retrace_ingest::protocol::batch::NamedBlob;
use retrace_ingest::protocol::{Encoding, ErrorCode};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::body::{InHand, Pieces, announced, encoding};
use super::error::IngestError;
use super::limits;
use super::uploader::Uploader;
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
    let digest = digest(path)?;
    let (blobs, session) = (app.blobs.clone(), uploader.session.id());
    let is_there = spawn_blocking(move || blobs.contains(session, digest)).await;
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
    let digest = digest(path)?;
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
    let (blobs, session) = (app.blobs.clone(), uploader.session.id());
    let storing = spawn_blocking(move || {
        let mut content = Content {
            receiver,
            piece: Bytes::new(),
            ended: false,
        };
        blobs.put(session, digest, &mut content)
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
        Ok(true) => Ok(StatusCode::CREATED),
        Ok(false) => Ok(StatusCode::OK),
        Err(BlobError::DigestMismatch { found, .. }) => {
            let message = format!("the bytes have the SHA-256 {found}: send them again");
            Err(IngestError::new(ErrorCode::DigestMismatch, message))
        }
        Err(BlobError::Full(_)) => {
            let message = "the server has no space left: keep the blob, and send it again later";
            Err(IngestError::new(ErrorCode::StorageFull, message))
        }
        Err(error @ BlobError::Purged { .. }) => {
            Err(IngestError::new(ErrorCode::Purged, error.to_string()))
        }
        Err(error) => Err(IngestError::internal(&error)),
    }
}

fn digest(path: Result<Path<BlobInPath>, PathRejection>) -> Result<BlobDigest, IngestError> {
    let Path(BlobInPath { sha256 }) =
        path.map_err(|error| IngestError::invalid(error.body_text()))?;
    BlobDigest::parse(&sha256).ok_or_else(|| {
        IngestError::invalid(format!(
            "the path names the blob {sha256:?}, expected a SHA-256 in 64 lower-case hexadecimal \
             digits"
        ))
    })
}

/// Refuses a batch one of whose events names a blob that is not there.
pub(super) async fn check_present(
    blobs: &BlobStore,
    session: SessionId,
    named: Vec<NamedBlob>,
) -> Result<(), IngestError> {
    if named.is_empty() {
        return Ok(());
    }
    let blobs = blobs.clone();
    let absent = spawn_blocking(move || {
        for blob in named {
            let digest = BlobDigest::parse(&blob.sha256);
            if !matches!(digest, Some(digest) if blobs.contains(session, digest)?) {
                return Ok(Some(blob));
            }
        }
        Ok::<_, BlobError>(None)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::http::{Method, Request};
    use retrace_core::Timestamp;
    use retrace_core::data_dir::DataDir;
    use retrace_core::log::EventLog;
    use retrace_core::settings::{SettingsBook, Value};
    use retrace_projections::runner::Projections;
    use retrace_query::Reader;
    use serde_json::json;
    use sha2::{Digest, Sha256};
    use tower::ServiceExt;

    use super::*;
    use crate::server::router;
    use crate::tokens::NewToken;

    struct Client {
        router: Router,
        session: String,
        token: String,
    }

    impl Client {
        async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> StatusCode {
            let request = Request::builder()
                .method(method)
                .uri(format!("/v1/sessions/{}/{path}", self.session))
                .header("authorization", format!("Bearer {}", self.token))
                .body(body.into())
                .unwrap();
            self.router.clone().oneshot(request).await.unwrap().status()
        }
    }

    async fn client(dir: &std::path::Path) -> (Client, BlobStore) {
        let data = DataDir::new(dir);
        let stored = data.open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let projections = Projections::start(
            Arc::clone(&log),
            data.blobs_of(&stored),
            &data.read_models(),
        )
        .await;
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        let app = App::new(&data, stored, reader, Arc::new(projections.unwrap())).unwrap();
        let blobs = app.blobs.clone();
        let settings = SettingsBook::new(log);
        let limit = Value::Number(64 << 10);
        settings
            .set("ingest.blob_bytes_max", &limit, "test")
            .await
            .unwrap();

        let recorder = NewToken {
            role: retrace_core::access::Role::Recorder,
            ..NewToken::admin("recorder")
        };
        let recorder = app.tokens.create(recorder, "test").await.unwrap();
        let router = router(app);
        let launch = Request::post("/v1/sessions")
            .header("authorization", format!("Bearer {recorder}"))
            .body(Body::from("{}"))
            .unwrap();
        let launched = router.clone().oneshot(launch).await.unwrap();
        let launched = axum::body::to_bytes(launched.into_body(), 1 << 20)
            .await
            .unwrap();
        let launched: serde_json::Value = serde_json::from_slice(&launched).unwrap();
        let text = |member: &str| launched[member].as_str().unwrap().to_owned();
        let client = Client {
            router,
            session: text("session"),
            token: text("uploadToken"),
        };
        (client, blobs)
    }

    #[tokio::test]
    async fn a_blob_is_stored_whole_and_under_its_own_digest_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let (client, blobs) = client(dir.path()).await;
        let content = vec![7; 60_000];
        let digest = hex::encode(Sha256::digest(&content));
        let path = format!("blobs/{digest}");
        let (put, head) = (Method::PUT, Method::HEAD);
        let ask = |method: &Method, path: &str, body: Vec<u8>| {
            let (method, path) = (method.clone(), path.to_owned());
            let client = &client;
            async move { client.ask(method, &path, body).await }
        };

        assert_eq!(ask(&head, &path, Vec::new()).await, 404);
        let at = Timestamp::now();
        let frames = json!({"blob": digest, "bytes": 60_000, "firstAt": at, "frameCount": 1,
            "lastAt": at, "mediaType": "image/png"});
        let line = json!({"at": at, "data": frames, "type": "frames.captured"}).to_string();
        let events = "streams/agent/events?first=0";
        assert_eq!(ask(&Method::POST, events, line.clone().into()).await, 422);

        assert_eq!(ask(&put, &path, content[1..].to_vec()).await, 422);
        assert_eq!(ask(&put, &path, vec![7; 70_000]).await, 413);
        assert_eq!(ask(&put, "blobs/..%2Fx", content.clone()).await, 400);
        assert_eq!(ask(&put, &path.to_uppercase(), content.clone()).await, 404);
        let upper = format!("blobs/{}", digest.to_uppercase());
        assert_eq!(ask(&put, &upper, content.clone()).await, 400);
        // Broken off in the middle.
        let pieces = [
            Ok(Bytes::from(content[..9].to_vec())),
            Err(io::ErrorKind::BrokenPipe.into()),
        ];
        let broken = Body::from_stream(tokio_stream::iter::<[io::Result<Bytes>; 2]>(pieces));
        assert_eq!(client.ask(put.clone(), &path, broken).await, 400);
        let session = client.session.parse().unwrap();
        let stored = BlobDigest::parse(&digest).unwrap();
        assert!(!blobs.contains(session, stored).unwrap());

        assert_eq!(ask(&put, &path, content.clone()).await, 201);
        assert_eq!(ask(&put, &path, content.clone()).await, 200);
        assert_eq!(ask(&head, &path, Vec::new()).await, 200);
        let mut blob = blobs.open(session, stored).unwrap();
        assert_eq!(blob.read(0..blob.len()).unwrap(), content);
        assert_eq!(ask(&Method::POST, events, line.into()).await, 200);
    }
}
