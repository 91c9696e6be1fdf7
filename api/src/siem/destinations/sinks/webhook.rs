//! HTTP requests with a batch of lines each, signed: `Retrace-Signature: t={seconds},v1={hex}`, where `hex` is HMAC-SHA-256 of
//! `{seconds}.{body}` under the secret of the destination.
//!
//! `Idempotency-Key` names the log and the positions of a batch, so that a receiver can tell one that comes again.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use retrace_core::Timestamp;

use super::http::{Answer, client};
use super::{Outgoing, Sink, SinkError};
use crate::siem::destinations::definition::Destination;

pub(super) struct Webhook {
    client: Client,
    destination: Arc<Destination>,
    key: hmac::Key,
}

impl Webhook {
    pub(super) fn open(destination: &Arc<Destination>, secret: &str) -> Result<Self, SinkError> {
        Ok(Self {
            client: client(destination)?,
            destination: Arc::clone(destination),
            key: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
        })
    }
}

/// The signature of a body that is sent at a time.
fn signature(key: &hmac::Key, seconds: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", hex::encode(context.sign()))
}

#[async_trait]
impl Sink for Webhook {
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else {
            return Ok(());
        };
        let mut body = Vec::new();
        for event in events {
            body.extend_from_slice(&event.line);
            body.push(b'\n');
        }
        let seconds = Timestamp::now().micros().div_euclid(1_000_000);
        let request = self
            .client
            .post(&self.destination.target)
            .header(CONTENT_TYPE, self.destination.format.media_type())
            .header("Idempotency-Key", format!("{}-{}", first.id, last.position))
            .header("Retrace-Count", events.len())
            .header("Retrace-Signature", signature(&self.key, seconds, &body))
            .body(body);
        Answer::of(request.send().await).await?.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '1700000000.{"a":1}\n' | openssl dgst -sha256 -hmac secret`, with the line end in the text.
    #[test]
    fn a_signature_is_that_of_openssl() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let said = signature(&key, 1_700_000_000, b"{\"a\":1}\n");
        assert!(said.starts_with("t=1700000000,v1="), "{said}");
        assert_eq!(said.len(), 16 + 64);
    }
}
