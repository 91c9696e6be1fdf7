//! The HTTP Event Collector of Splunk: `POST /services/collector/event`, many events in one request.
//!
//! With the option `ack` a batch counts as taken once Splunk has indexed it: `POST /services/collector/ack` is asked until it
//! says so, and the batch is sent again when it does not in time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Url};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::http::{Answer, client};
use super::{Outgoing, Sink, SinkError};
use crate::siem::destinations::definition::Destination;

/// So long it may take until a batch is indexed.
const INDEXED_WITHIN: Duration = Duration::from_secs(60);
const ASKED_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Hec {
    client: Client,
    destination: Arc<Destination>,
    events: Url,
    acks: Url,
    authorization: String,
    /// Names this sender for acknowledgements.
    channel: String,
}

impl Hec {
    pub(super) fn open(destination: &Arc<Destination>, token: &str) -> Result<Self, SinkError> {
        let base = destination.target.trim_end_matches('/');
        let base = base
            .strip_suffix("/services/collector/event")
            .unwrap_or(base);
        let url = |path: &str| {
            let url = Url::parse(&format!("{base}/services/collector/{path}"));
            url.map_err(|error| SinkError::away(format!("its address: {error}")))
        };
        Ok(Self {
            client: client(destination)?,
            destination: Arc::clone(destination),
            events: url("event")?,
            acks: url("ack")?,
            authorization: format!("Splunk {token}"),
            channel: Uuid::new_v4().to_string(),
        })
    }

    fn body(&self, events: &[Outgoing]) -> Vec<u8> {
        let destination = &self.destination;
        let sourcetype = destination.text("sourcetype").map(str::to_owned);
        let sourcetype = sourcetype.unwrap_or_else(|| format!("retrace:{}", destination.format));
        let mut body = Vec::new();
        for event in events {
            let line = String::from_utf8_lossy(&event.line);
            let raw = destination
                .format
                .is_json()
                .then(|| serde_json::from_str::<&RawValue>(&line).ok())
                .flatten();
            let micros = event.at.micros();
            let mut wrapped = json!({
                "time": format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000)),
                "source": "retrace",
                "sourcetype": sourcetype,
                "fields": {"retrace_id": event.id, "retrace_type": event.kind.as_str()},
            });
            for option in ["host", "index"] {
                if let Some(value) = destination.text(option) {
                    wrapped[option] = value.into();
                }
            }
            // The line goes in as it is, whatever its numbers.
            let wrapped = wrapped.to_string();
            body.extend_from_slice(wrapped.strip_suffix('}').unwrap_or(&wrapped).as_bytes());
            body.extend_from_slice(b",\"event\":");
            match raw {
                Some(raw) => body.extend_from_slice(raw.get().as_bytes()),
                None => body.extend_from_slice(Value::from(line.as_ref()).to_string().as_bytes()),
            }
            body.push(b'}');
        }
        body
    }

    async fn indexed(&self, ack: u64) -> Result<(), SinkError> {
        let deadline = Instant::now() + INDEXED_WITHIN;
        loop {
            let request = self
                .client
                .post(self.acks.clone())
                .header(AUTHORIZATION, &self.authorization)
                .header("X-Splunk-Request-Channel", &self.channel)
                .json(&json!({"acks": [ack]}));
            let answer = Answer::of(request.send().await).await?;
            if let Err(error) = answer.check() {
                return Err(SinkError::away(error.to_string()));
            }
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if said["acks"][ack.to_string()] == true {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(SinkError::away("it did not index a batch in time"));
            }
            sleep(ASKED_EVERY).await;
        }
    }
}

#[async_trait]
impl Sink for Hec {
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError> {
        let wants_ack = self.destination.number("ack", 0) == 1;
        let mut request = self
            .client
            .post(self.events.clone())
            .header(AUTHORIZATION, &self.authorization);
        if wants_ack {
            request = request.header("X-Splunk-Request-Channel", &self.channel);
        }
        let answer = Answer::of(request.body(self.body(events)).send().await).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Err(error) = answer.check() {
            // Code 7: the index does not exist; 10, 11: no channel. These are about the destination, not the events.
            let about_us = matches!(said["code"].as_u64(), Some(7 | 10 | 11 | 14));
            return Err(match error {
                SinkError::Refused { why } if about_us => SinkError::away(why),
                error => error,
            });
        }
        match said["ackId"].as_u64() {
            Some(ack) if wants_ack => self.indexed(ack).await,
            None if wants_ack => Err(SinkError::away(
                "it gives no ids for acknowledgements: switch them on for its token, or `ack` off",
            )),
            _ => Ok(()),
        }
    }
}
