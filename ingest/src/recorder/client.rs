//! Requests of `docs/ingest.md`, and what their answers mean to a recorder.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode};
use retrace_core::{SessionId, SourceName, StreamVersion, Timestamp};
use serde::de::DeserializeOwned;

use super::spool::Batch;
use crate::protocol::{
    AppendAnswer, BATCH_MEDIA_TYPE, ErrorAnswer, ErrorBody, ErrorCode, LaunchAnswer, LaunchRequest,
    SENT_AT_HEADER, StreamAnswer,
};

/// A batch smaller than this is sent as it is.
const PACK_FROM_BYTES: usize = 1 << 10;
const ZSTD_LEVEL: i32 = 3;
/// The longest that the beginning of an answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How the server is reached.
#[derive(Debug, Clone, Default)]
pub struct ServerSettings {
    /// Its address: `https://retrace.example.com`.
    pub url: String,
    /// The recorder's token, which launches sessions.
    pub token: Option<String>,
    /// A file of certificates in PEM that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
}

/// What is wrong with how the server is to be reached.
#[derive(Debug, thiserror::Error)]
pub enum ServerSettingsError {
    /// The address is none.
    #[error("{found:?} is not the address of a server: expected `http://…` or `https://…`")]
    Address {
        /// What was given.
        found: String,
    },
    /// The file of certificates is none.
    #[error("`{}`: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No connections can be made at all.
    #[error("no connections can be made: {0}")]
    Client(String),
}

/// Why a request did not do what it was to do.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum CallError {
    /// No answer, or one that is not of a Retrace server.
    #[error("{0}")]
    Unreachable(String),
    /// The server said no.
    #[error("{} ({})", body.message, body.code.as_str())]
    Refused {
        body: Box<ErrorBody>,
        retry_after: Option<Duration>,
    },
    /// There is no recorder's token to launch with.
    #[error("no recorder's token for {server} is given: set RETRACE_SERVER and RETRACE_TOKEN")]
    NoToken {
        /// The server that the session is to be launched at.
        server: String,
    },
}

impl CallError {
    /// The code that the server answered with.
    pub(super) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { body, .. } => Some(body.code),
            Self::Unreachable(_) | Self::NoToken { .. } => None,
        }
    }
}

/// A server, as a recorder sees it.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    /// A client for a server, which is not asked for anything yet.
    ///
    /// # Errors
    /// When the settings are none.
    pub fn new(settings: ServerSettings) -> Result<Self, ServerSettingsError> {
        let url = settings.url.trim_end_matches('/').to_owned();
        let secure = url.starts_with("https://");
        let address = reqwest::Url::parse(&url)
            .ok()
            .filter(|url| (secure || url.scheme() == "http") && url.has_host());
        if address.is_none() {
            return Err(ServerSettingsError::Address {
                found: settings.url,
            });
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            // A token is for this server: it does not follow where another address points to.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("retrace-recorder/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = settings.ca_file {
            let failed = |reason: String| ServerSettingsError::CaFile {
                path: path.clone(),
                reason,
            };
            let pem = std::fs::read(&path).map_err(|error| failed(error.to_string()))?;
            let certificates = Certificate::from_pem_bundle(&pem)
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| failed("no certificate in PEM is in it".to_owned()))?;
            builder = builder.tls_certs_merge(certificates);
        } else if !secure {
            // Without TLS the system's certificates are not needed, and need not be there.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| ServerSettingsError::Client(with_causes(&error)))?;
        Ok(Self {
            http,
            url,
            token: settings.token,
        })
    }

    /// The address of the server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where people look at a session.
    pub fn session_url(&self, session: SessionId) -> String {
        format!("{}/sessions/{session}", self.url)
    }

    /// The same, for the server that a session of the spool was to go to. The recorder's token is
    /// for one server, and is shown to no other.
    pub(super) fn for_server(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: self.token.clone().filter(|_| self.url == url),
            ..self.clone()
        }
    }

    pub(super) async fn launch(&self, launch: &LaunchRequest) -> Result<LaunchAnswer, CallError> {
        let token = self.token.as_deref().ok_or_else(|| CallError::NoToken {
            server: self.url.clone(),
        })?;
        let request = self
            .request(Method::POST, "/v1/sessions", token)
            .json(launch);
        answer(request).await
    }

    pub(super) async fn stream(
        &self,
        session: SessionId,
        source: &SourceName,
        token: &str,
    ) -> Result<StreamAnswer, CallError> {
        let path = format!("/v1/sessions/{session}/streams/{source}");
        answer(self.request(Method::GET, &path, token)).await
    }

    pub(super) async fn append(
        &self,
        session: SessionId,
        source: &SourceName,
        token: &str,
        batch: &Batch,
    ) -> Result<AppendAnswer, CallError> {
        let StreamVersion(first) = batch.first;
        let path = format!("/v1/sessions/{session}/streams/{source}/events?first={first}");
        let request = self
            .request(Method::POST, &path, token)
            .header(CONTENT_TYPE, BATCH_MEDIA_TYPE)
            .header(SENT_AT_HEADER, Timestamp::now().to_string());
        let packed = (batch.lines.len() >= PACK_FROM_BYTES)
            .then(|| zstd::encode_all(batch.lines.as_slice(), ZSTD_LEVEL).ok())
            .flatten();
        answer(match packed {
            Some(packed) => request.header(CONTENT_ENCODING, "zstd").body(packed),
            None => request.body(batch.lines.clone()),
        })
        .await
    }

    pub(super) async fn put_blob(
        &self,
        session: SessionId,
        digest: &str,
        token: &str,
        bytes: Vec<u8>,
    ) -> Result<(), CallError> {
        let path = format!("/v1/sessions/{session}/blobs/{digest}");
        send(self.request(Method::PUT, &path, token).body(bytes))
            .await
            .map(|_| ())
    }

    /// Opens the control channel after an event of it, or from its beginning.
    pub(super) async fn control(
        &self,
        session: SessionId,
        token: &str,
        after: Option<&str>,
    ) -> Result<Response, CallError> {
        let path = format!("/v1/sessions/{session}/control");
        let mut request = self
            .request(Method::GET, &path, token)
            .header(ACCEPT, "text/event-stream");
        if let Some(after) = after {
            request = request.header(HeaderName::from_static("last-event-id"), after);
        }
        send(request).await
    }

    fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http.request(method, url).bearer_auth(token)
    }
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, CallError> {
    let response = send(request).await?;
    let body = tokio::time::timeout(ANSWER_WITHIN, response.bytes())
        .await
        .map_err(|_| CallError::Unreachable("the answer does not end".to_owned()))?
        .map_err(|error| CallError::Unreachable(with_causes(&error)))?;
    serde_json::from_slice(&body).map_err(|error| {
        CallError::Unreachable(format!(
            "the answer is not one of a Retrace server: {error}"
        ))
    })
}

async fn send(request: RequestBuilder) -> Result<Response, CallError> {
    let response = tokio::time::timeout(ANSWER_WITHIN, request.send())
        .await
        .map_err(|_| CallError::Unreachable("no answer came in time".to_owned()))?
        .map_err(|error| CallError::Unreachable(with_causes(&error)))?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = response.bytes().await.unwrap_or_default();
    Err(refusal(status, &body, retry_after))
}

/// What an answer that is an error means. Without a body of ours it comes from something between
/// here and the server, so the server was not reached.
fn refusal(status: StatusCode, body: &[u8], retry_after: Option<Duration>) -> CallError {
    match serde_json::from_slice::<ErrorAnswer>(body) {
        Ok(answer) => CallError::Refused {
            body: Box::new(answer.error),
            retry_after,
        },
        Err(_) => CallError::Unreachable(format!(
            "answered with status {status}, which is not an answer of a Retrace server"
        )),
    }
}

/// An error and its causes; what the connection said stands in the innermost one.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !said.contains(&text) {
            said = format!("{said}: {text}");
        }
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_refused() {
        for (url, valid) in [
            ("http://127.0.0.1:8080", true),
            ("https://retrace.example.com/", true),
            ("retrace.example.com", false),
            ("ftp://retrace.example.com", false),
            ("http://", false),
            ("", false),
        ] {
            let settings = ServerSettings {
                url: url.to_owned(),
                ..ServerSettings::default()
            };
            assert_eq!(Client::new(settings).is_ok(), valid, "{url}");
        }
    }

    #[test]
    fn an_error_that_is_not_ours_means_that_the_server_was_not_reached() {
        let ours = br#"{"error":{"code":"GAP","message":"m","expected":3}}"#;
        let status = StatusCode::CONFLICT;
        assert_eq!(refusal(status, ours, None).code(), Some(ErrorCode::Gap));
        let proxy = refusal(StatusCode::BAD_GATEWAY, b"<html>", None);
        assert!(matches!(proxy, CallError::Unreachable(_)));
    }
}
