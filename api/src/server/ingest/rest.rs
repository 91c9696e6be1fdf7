//! What is left of a body that was refused.
//!
//! Most senders look at the answer only once they have sent everything, and take it for a broken
//! connection when they cannot. So a refusal waits until the rest of the body has come, as long as
//! that is little and soon: a recorder that was told `UNAUTHENTICATED` must not try for ever because
//! it could not hear it. What is left after that is cut off, and the answer says so.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::{Stream, StreamExt};

/// More than this is not waited for.
const REST_BYTES_MAX: u64 = 32 << 20;
const REST_WITHIN: Duration = Duration::from_secs(5);
/// Whoever is silent for so long waits for the answer.
const SILENCE_MAX: Duration = Duration::from_millis(300);

/// A body that is read in one place, and to its end in another.
#[derive(Clone)]
struct Shared(Arc<Mutex<Option<BodyDataStream>>>);

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Nothing between locking and unlocking can fail half-way.
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = body.as_mut() else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(stream).poll_next(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            *body = None;
        }
        polled
    }
}

pub(super) async fn read_before_refusal(request: Request, next: Next) -> Response {
    let is_small = announced(request.headers()).is_none_or(|bytes| bytes <= REST_BYTES_MAX);
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(Some(body.into_data_stream()))));
    let body = Body::from_stream(shared.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if refused && !(is_small && is_read(shared).await) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads the rest, and answers whether it came to its end.
async fn is_read(mut body: Shared) -> bool {
    let until = Instant::now() + REST_WITHIN;
    let read = async {
        let mut bytes = 0;
        while let Ok(piece) = timeout(SILENCE_MAX, body.next()).await {
            match piece {
                None => return true,
                Some(Ok(piece)) => bytes += piece.len() as u64,
                Some(Err(_)) => return false,
            }
            if bytes > REST_BYTES_MAX {
                return false;
            }
        }
        false
    };
    timeout_at(until, read).await.unwrap_or(false)
}
