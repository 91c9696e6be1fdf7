//! What the ways over HTTP have in common.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, Client, Response, StatusCode};

use super::{CONNECT_WITHIN, SinkError, TAKEN_WITHIN};
use crate::siem::destinations::definition::Destination;

/// What a receiver says beyond it is not read.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// A receiver that says to wait longer is asked earlier.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// A client that trusts the destination's authorities alone, if it names some.
pub(super) fn client(destination: &Destination) -> Result<Client, SinkError> {
    let unusable = |error: reqwest::Error| SinkError::away(with_causes(&error));
    let mut builder = Client::builder()
        // Events go where they were to go, and nowhere else.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_WITHIN)
        .timeout(TAKEN_WITHIN)
        .user_agent(concat!("retrace/", env!("CARGO_PKG_VERSION")));
    if let Some(ca) = &destination.ca {
        let authorities = Certificate::from_pem_bundle(ca.as_bytes()).map_err(unusable)?;
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(unusable)
}

/// What a receiver answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    wait: Option<Duration>,
}

impl Answer {
    /// The answer to a request.
    pub(super) async fn of(sent: Result<Response, reqwest::Error>) -> Result<Self, SinkError> {
        let away = |error: reqwest::Error| SinkError::away(with_causes(&error));
        let mut response = sent.map_err(away)?;
        let status = response.status();
        let wait = response.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.parse().ok());
        let wait = wait.map(|seconds| Duration::from_secs(seconds).min(WAIT_MAX));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(away)? {
            let room = ANSWER_BYTES_MAX.saturating_sub(body.len());
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                break;
            }
        }
        Ok(Self { status, body, wait })
    }

    /// Nothing when it was taken.
    pub(super) fn check(&self) -> Result<(), SinkError> {
        if self.status.is_success() {
            return Ok(());
        }
        let said: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(200)
            .collect();
        let why = format!("it answered {}: {}", self.status, said.trim());
        match self.status {
            // What is said of the events themselves; all else is about who sends, or about the receiver.
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Err(SinkError::Refused { why }),
            _ => Err(SinkError::Away {
                why,
                wait: self.wait,
            }),
        }
    }
}

/// The error and its causes, without the address, which may hold a secret.
fn with_causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "it did not answer in time".to_owned()
    } else if error.is_connect() {
        "it cannot be reached".to_owned()
    } else {
        "the request failed".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}
