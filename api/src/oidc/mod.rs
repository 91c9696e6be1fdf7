//! Sign-in at a provider of identities, by [OpenID Connect Core 1.0]: the authorization code flow with PKCE (RFC 7636).
//!
//! 1. [`Oidc::begin`] sends the browser to the provider, and gives it a sealed cookie that holds what must come back:
//!    the state, the nonce and the code verifier.
//! 2. The provider sends the browser back with a code. [`Oidc::finish`] compares the state, exchanges the code, and
//!    checks the ID token: signature by the provider's keys (asymmetric algorithms only), issuer, audience, times and
//!    nonce; then it reads the names of user and groups from the claims that the settings name. What the ID token
//!    does not hold is asked for at the provider's UserInfo endpoint, whose answer must be about the same subject.
//!
//! The provider is found by discovery; what was found is kept for [`KEPT_FOR`]. A key that is not among those that are
//! known makes us look again, so that a provider may rotate its keys at any time.
//!
//! [OpenID Connect Core 1.0]: https://openid.net/specs/openid-connect-core-1_0.html

mod claims;
mod http;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim, CoreIdToken,
    CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
};
use retrace_core::Timestamp;
use retrace_core::settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use self::http::Http;

/// For so long what was found out about a provider counts.
const KEPT_FOR: Duration = Duration::from_secs(3_600);
/// Unknown keys make us look again at most so often: anybody could send tokens with such.
const LOOKED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// For so long somebody may take to sign in at the provider.
const FLOW_SECONDS: i64 = 600;

/// Signatures by keys that the provider publishes. Not by the client's secret, which is a password.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 10] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EcdsaP521Sha512,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why somebody could not be signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// No provider is set, or the settings do not fit together. For whoever runs the server.
    #[error("{0}")]
    NotConfigured(&'static str),
    /// The provider does not answer, or not as one. For whoever runs the server.
    #[error("the provider of identities does not answer as one: {0}")]
    Unavailable(String),
    /// The browser came back without what it was sent away with, or too late.
    #[error("the sign-in took too long, or was begun in another browser")]
    Strayed,
    /// The provider says that it did not sign anybody in.
    #[error("the provider of identities did not sign anybody in: {0}")]
    Refused(String),
    /// What the provider sent does not prove who somebody is.
    #[error("what the provider of identities sent is not valid: {0}")]
    Invalid(String),
    /// The provider does not say the user's name.
    #[error("the provider of identities does not tell the claim `{claim}`, or it is no name")]
    NoName {
        /// The claim that the settings name.
        claim: String,
    },
}

/// What a browser keeps while its user is at the provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flow {
    state: String,
    nonce: String,
    verifier: String,
    redirect: String,
    ends: Timestamp,
    /// Where in our pages the user wants to go.
    pub to: String,
}

/// What the provider sends back by way of the browser.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Returned {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Who somebody is, by the word of the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's name.
    pub user: String,
    /// The names of the user's groups.
    pub groups: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AnyClaims(HashMap<String, Value>);

impl AdditionalClaims for AnyClaims {}

/// Sign-in at the provider that the settings name.
pub struct Oidc {
    secret: Option<String>,
    known: Mutex<Option<Arc<Provider>>>,
}

/// What was found out about a provider.
struct Provider {
    issuer: String,
    metadata: CoreProviderMetadata,
    found: Instant,
}

impl Oidc {
    /// `secret` is the client's at the provider. Without one this server is a public client, whose codes are good for
    /// nobody but the browser that asked for them, by PKCE.
    pub fn new(secret: Option<String>) -> Self {
        Self {
            secret,
            known: Mutex::default(),
        }
    }

    /// The address to send a browser to, and what it keeps meanwhile. `redirect` is where the provider sends it back.
    ///
    /// # Errors
    /// When no provider is set, or it does not answer.
    pub async fn begin(
        &self,
        settings: &settings::Oidc,
        redirect: String,
        to: String,
    ) -> Result<(String, Flow), OidcError> {
        let http = Http::new().map_err(|error| unavailable(&error))?;
        let provider = self.provider(&http, settings, KEPT_FOR).await?;
        let client = self.client(&provider, settings, &redirect)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge);
        for scope in settings.scopes.split_whitespace() {
            // It is asked for by itself.
            if scope != "openid" {
                request = request.add_scope(Scope::new(scope.to_owned()));
            }
        }
        let (url, state, nonce) = request.url();
        let flow = Flow {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            redirect,
            ends: Timestamp::now().saturating_add_micros(FLOW_SECONDS * 1_000_000),
            to,
        };
        Ok((url.into(), flow))
    }

    /// Who somebody is who comes back from the provider.
    ///
    /// # Errors
    /// When that is not proved.
    pub async fn finish(
        &self,
        settings: &settings::Oidc,
        flow: Flow,
        returned: Returned,
    ) -> Result<Identity, OidcError> {
        let same_state = returned.state.as_deref().is_some_and(|state| {
            let same = state.as_bytes().ct_eq(flow.state.as_bytes());
            same.into()
        });
        if !same_state || flow.ends <= Timestamp::now() {
            return Err(OidcError::Strayed);
        }
        // RFC 9207: an answer that another provider was asked for.
        if returned.iss.is_some_and(|iss| iss != *settings.issuer) {
            return Err(OidcError::Invalid("it is of another issuer".to_owned()));
        }
        if let Some(error) = returned.error {
            let described = returned.error_description.unwrap_or_default();
            return Err(OidcError::Refused(format!("{error} {described}")));
        }
        let code = returned
            .code
            .ok_or_else(|| OidcError::Invalid("it holds no code".to_owned()))?;

        let http = Http::new().map_err(|error| unavailable(&error))?;
        let provider = self.provider(&http, settings, KEPT_FOR).await?;
        let client = self.client(&provider, settings, &flow.redirect)?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| unavailable(&error))?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier))
            .request_async(&http)
            .await;
        let answer = answer.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(said) => {
                OidcError::Invalid(format!("the code was not taken: {said}"))
            }
            openidconnect::RequestTokenError::Request(error) => unavailable(&error),
            other => unavailable(&other),
        })?;
        let id_token = answer
            .id_token()
            .ok_or_else(|| OidcError::Invalid("there is no ID token".to_owned()))?;
        let nonce = Nonce::new(flow.nonce);
        let subject = match verified(&client, id_token, &nonce) {
            // The keys may have been rotated since we looked.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let provider = self.provider(&http, settings, LOOKED_AGAIN_AFTER).await?;
                let client = self.client(&provider, settings, &flow.redirect)?;
                verified(&client, id_token, &nonce)
            }
            outcome => outcome,
        };
        let subject = subject.map_err(|error| OidcError::Invalid(error_chain(&error)))?;
        let told = payload(id_token)
            .ok_or_else(|| OidcError::Invalid("the ID token has no content".to_owned()))?;

        let (user_claim, groups_claim) = (&settings.user_claim, &settings.groups_claim);
        let mut user = claims::user(&told, user_claim);
        let mut groups = claims::groups(&told, groups_claim);
        if (user.is_none() || groups.is_none())
            && let Ok(request) = client.user_info(answer.access_token().clone(), Some(subject))
        {
            let answer: Result<UserInfoClaims<AnyClaims, CoreGenderClaim>, _> =
                request.request_async(&http).await;
            let answer = answer.map_err(|error| unavailable(&error))?;
            let told = serde_json::to_value(&answer).unwrap_or_default();
            user = user.or_else(|| claims::user(&told, user_claim));
            groups = groups.or_else(|| claims::groups(&told, groups_claim));
        }
        Ok(Identity {
            user: user.ok_or_else(|| OidcError::NoName {
                claim: user_claim.clone().into_owned(),
            })?,
            groups: groups.unwrap_or_default(),
        })
    }

    /// The provider, as it was found at most so long ago.
    async fn provider(
        &self,
        http: &Http,
        settings: &settings::Oidc,
        at_most: Duration,
    ) -> Result<Arc<Provider>, OidcError> {
        if settings.issuer.is_empty() || settings.client_id.is_empty() {
            return Err(OidcError::NotConfigured(
                "no provider of identities is set: `oidc.issuer` and `oidc.client_id`",
            ));
        }
        // Held while it is found: many who sign in at once need one answer.
        let mut known = self.known.lock().await;
        if let Some(provider) = &*known
            && provider.issuer == settings.issuer
            && provider.found.elapsed() < at_most
        {
            return Ok(Arc::clone(provider));
        }
        let issuer = IssuerUrl::new(settings.issuer.clone().into_owned());
        let issuer = issuer.map_err(|_| OidcError::NotConfigured("`oidc.issuer` is no address"))?;
        let metadata = CoreProviderMetadata::discover_async(issuer, http).await;
        let provider = Arc::new(Provider {
            issuer: settings.issuer.clone().into_owned(),
            metadata: metadata.map_err(|error| unavailable(&error))?,
            found: Instant::now(),
        });
        *known = Some(Arc::clone(&provider));
        Ok(provider)
    }

    fn client(
        &self,
        provider: &Provider,
        settings: &settings::Oidc,
        redirect: &str,
    ) -> Result<Client, OidcError> {
        let redirect = RedirectUrl::new(redirect.to_owned())
            .map_err(|_| OidcError::NotConfigured("`server.public_url` is no address"))?;
        let metadata = provider.metadata.clone();
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes_basic = methods.is_none_or(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretBasic) || methods.is_empty()
        });
        let auth_type = if takes_basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        };
        let id = ClientId::new(settings.client_id.clone().into_owned());
        let secret = self.secret.clone().map(ClientSecret::new);
        let client = CoreClient::from_provider_metadata(metadata, id, secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type))
    }
}

/// Checks an ID token, and answers whom it is about.
fn verified(
    client: &Client,
    id_token: &CoreIdToken,
    nonce: &Nonce,
) -> Result<SubjectIdentifier, ClaimsVerificationError> {
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let claims = id_token.claims(&verifier, nonce)?;
    Ok(claims.subject().clone())
}

/// What an ID token that was checked says.
fn payload(id_token: &CoreIdToken) -> Option<Value> {
    let text = id_token.to_string();
    let payload = text.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn unavailable(error: &dyn std::error::Error) -> OidcError {
    OidcError::Unavailable(error_chain(error))
}

/// An error with its causes, which name hosts and keys, and no secrets.
fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
