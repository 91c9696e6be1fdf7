//! Asking a provider: over TLS, without following it elsewhere, and with an end to time and size.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::http;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

const WITHIN: Duration = Duration::from_secs(10);
/// Discovery documents and keys have some thousand bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why a provider's answer could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("its answer is larger than 1 MiB")]
    TooLarge,
    #[error("its answer is none: {0}")]
    Answer(#[from] http::Error),
}

/// Asks providers.
pub(super) struct Http(reqwest::Client);

impl Http {
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            // A provider that could send us anywhere could make us ask what only we can reach.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(WITHIN)
            .user_agent(concat!("retrace/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self)
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut answer = self.0.execute(request.try_into()?).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        let mut response = http::Response::builder().status(status.as_u16());
        if let Some(own) = response.headers_mut() {
            *own = headers;
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}
