//! By how much a recorder's clock is off. Kept beside its events and never applied to them: what a
//! recorder said stays what it said.

use axum::http::HeaderMap;
use retrace_core::event::{ClockMeasured, EventBatch};
use retrace_core::{SourceName, Timestamp};
use retrace_ingest::protocol::SENT_AT_HEADER;

use super::error::IngestError;
use crate::control::{ControlError, Session};

/// What the recorder's clock and ours showed when a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clocks {
    sent_at: Timestamp,
    received_at: Timestamp,
}

impl Clocks {
    /// The clocks, if the recorder said what its own showed.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, IngestError> {
        let received_at = Timestamp::now();
        let Some(sent_at) = headers.get(SENT_AT_HEADER) else {
            return Ok(None);
        };
        let text = sent_at.to_str().unwrap_or_default();
        match text.parse() {
            Ok(sent_at) => Ok(Some(Self {
                sent_at,
                received_at,
            })),
            Err(error) => Err(IngestError::invalid(format!("`Retrace-Sent-At`: {error}"))),
        }
    }

    /// Writes the skew down when it is news. That it could not be is no reason to refuse events.
    pub(super) async fn note(self, session: &Session, source: &SourceName) {
        let Self {
            sent_at,
            received_at,
        } = self;
        let skew_us = sent_at.micros_since(received_at);
        match session.recent_control().await {
            Ok(control) if !control.is_new_skew(source, skew_us, received_at) => return,
            // What stops it here stops it below, too.
            Ok(_) | Err(_) => {}
        }
        let noted = session
            .append(|control| {
                if !control.is_new_skew(source, skew_us, received_at) {
                    return Ok(None);
                }
                let measured = ClockMeasured {
                    sent_at,
                    skew_us,
                    source: source.clone(),
                };
                Ok::<_, ControlError>(Some(EventBatch::of(received_at, measured)?))
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(session = %session.id(), %error, "a clock's skew was not written down");
        }
    }
}
