//! Bodies: of any size, at any speed, from anybody who has a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use retrace_ingest::protocol::{Encoding, ErrorCode, IngestLimits};
use tokio::time::{Instant, timeout_at};
use tokio_stream::StreamExt;

use super::error::IngestError;

/// Some bytes of the memory that all requests share. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct InHand {
    all: Arc<AtomicUsize>,
    mine: usize,
}

impl InHand {
    pub(super) fn nothing(all: &Arc<AtomicUsize>) -> Self {
        Self {
            all: Arc::clone(all),
            mine: 0,
        }
    }

    /// Takes `bytes` more, if there is room below `limit`. A request that is alone always has room:
    /// a limit below the size of a batch must not stop everything.
    pub(super) fn take(&mut self, bytes: usize, limit: usize) -> Result<(), IngestError> {
        let others_and_mine = |now: usize| {
            let then = now.saturating_add(bytes);
            (then <= limit || now == self.mine).then_some(then)
        };
        let (order, other) = (Ordering::AcqRel, Ordering::Acquire);
        match self.all.fetch_update(order, other, others_and_mine) {
            Ok(_) => {
                self.mine += bytes;
                Ok(())
            }
            Err(_) => {
                let message = "the server has as much in hand as it may: wait and send again";
                let overloaded = IngestError::new(ErrorCode::Overloaded, message);
                Err(overloaded.after(Duration::from_secs(1)))
            }
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.all.fetch_sub(self.mine, Ordering::AcqRel);
    }
}

/// The size that a request says its body has, if it says one and that is not over the limit.
pub(super) fn announced(headers: &HeaderMap, limit: u64) -> Result<Option<u64>, IngestError> {
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    let length = length.ok_or_else(|| IngestError::invalid("`Content-Length` is not a number"))?;
    if length > limit {
        return Err(too_large(&format!("has {length} bytes"), limit));
    }
    Ok(Some(length))
}

pub(super) fn too_large(found: &str, limit: u64) -> IngestError {
    let message = format!("the body {found}, expected at most {limit}: cut it");
    IngestError::new(ErrorCode::TooLarge, message)
}

/// The pieces of a body, as long as they come fast enough and are not too many.
pub(super) struct Pieces {
    stream: axum::body::BodyDataStream,
    begun: Instant,
    received: u64,
    limit: u64,
    within: Duration,
    bytes_per_second_min: u64,
}

impl Pieces {
    pub(super) fn of(body: Body, limit: u64, limits: &IngestLimits) -> Self {
        Self {
            stream: body.into_data_stream(),
            begun: Instant::now(),
            received: 0,
            limit,
            within: limits.body_within,
            bytes_per_second_min: limits.bytes_per_second_min.max(1),
        }
    }

    /// The next piece. `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, IngestError> {
        // What has come so far pays for so much time; the next piece must come before it is over.
        let paid = Duration::from_secs(self.received / self.bytes_per_second_min);
        let allowed = self.within.min(paid.max(IngestLimits::RATE_FREE));
        let piece = match timeout_at(self.begun + allowed, self.stream.next()).await {
            Ok(None) => return Ok(None),
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(error))) => {
                let message = format!("the body broke off after {} bytes: {error}", self.received);
                return Err(IngestError::invalid(message));
            }
            Err(_) => {
                let message = format!(
                    "{} bytes of the body came in {} s, expected all of it within {} s and at \
                     least {} bytes a second: send smaller batches",
                    self.received,
                    allowed.as_secs(),
                    self.within.as_secs(),
                    self.bytes_per_second_min,
                );
                return Err(IngestError::new(ErrorCode::TooSlow, message));
            }
        };
        self.received += piece.len() as u64;
        if self.received > self.limit {
            return Err(too_large("has more bytes than that", self.limit));
        }
        Ok(Some(piece))
    }
}

/// The whole body, which `announced` says the size of, if anybody said it.
pub(super) async fn whole(
    mut pieces: Pieces,
    announced: Option<u64>,
    in_hand: &mut InHand,
    limits: &IngestLimits,
) -> Result<Vec<u8>, IngestError> {
    let known = announced.and_then(|bytes| usize::try_from(bytes).ok());
    let mut reserved = known.unwrap_or(0);
    in_hand.take(reserved, limits.bytes_in_hand)?;
    let mut body = Vec::with_capacity(reserved);
    while let Some(piece) = pieces.next().await? {
        if body.len() + piece.len() > reserved {
            // Grows as `Vec` does.
            let more = (body.len() + piece.len()).max(2 * reserved) - reserved;
            in_hand.take(more, limits.bytes_in_hand)?;
            reserved += more;
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// How the body is packed, by its header.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Encoding, IngestError> {
    let mut all = headers.get_all(header::CONTENT_ENCODING).iter();
    let (first, more) = (all.next(), all.next());
    let name = match first {
        None => return Ok(Encoding::None),
        Some(value) => value.to_str().unwrap_or_default().trim(),
    };
    match name.to_ascii_lowercase().as_str() {
        _ if more.is_some() => Err(unsupported("more than one `Content-Encoding`")),
        "" | "identity" => Ok(Encoding::None),
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(unsupported(&format!("the `Content-Encoding` is {name:?}"))),
    }
}

fn unsupported(found: &str) -> IngestError {
    let message = format!("{found}, expected zstd, gzip or none");
    IngestError::new(ErrorCode::UnsupportedEncoding, message)
}

/// Refuses a media type other than `expected`. None is fine.
pub(super) fn check_media_type(headers: &HeaderMap, expected: &str) -> Result<(), IngestError> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let found = found.to_str().unwrap_or_default();
    let plain = found.split(';').next().unwrap_or_default().trim();
    if plain.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    let message = format!("the `Content-Type` is {found:?}, expected {expected}");
    Err(IngestError::new(ErrorCode::UnsupportedEncoding, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_hand_is_given_back() {
        let all = Arc::default();
        let mut one = InHand::nothing(&all);
        one.take(60, 100).unwrap();
        let mut two = InHand::nothing(&all);
        assert!(two.take(50, 100).is_err());
        two.take(40, 100).unwrap();
        assert!(one.take(1, 100).is_err());
        drop(one);
        two.take(60, 100).unwrap();
        // Alone, it may go over.
        two.take(1_000, 100).unwrap();
        drop(two);
        assert_eq!(all.load(Ordering::Acquire), 0);
    }
}
