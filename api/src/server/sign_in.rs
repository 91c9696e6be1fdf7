//! Signing in at a provider of identities ([`crate::oidc`]).
//!
//! The browser leaves with a sealed cookie that says what must come back. It is sent when the provider leads the
//! browser back (`SameSite=Lax`), works for ten minutes and for one return. What goes wrong is told by the page for
//! signing in, which gets a word for it (`?problem=…`): the details are for whoever runs the server.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use retrace_core::settings;
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::{client_address, is_over_tls, public_url};
use super::web_session::{cookie, current, set_cookie};
use super::{App, HttpError};
use crate::oidc::{Flow, OidcError, Returned};
use crate::sign_ins::{Denial, Turned};
use crate::tokens::Denied;

const COOKIE: &str = "retrace-sign-in";
const COOKIE_OVER_TLS: &str = "__Host-retrace-sign-in";
const COOKIE_SECONDS: u32 = 600;
const FLOW: &str = "oidc flow";
const CALLBACK: &str = "/v1/sign-in/oidc/callback";
/// The longest address of a page of ours.
const PATH_MAX: usize = 2_000;

/// `GET /v1/sign-in`: how people can sign in here.
pub(super) async fn ways(State(app): State<App>) -> Result<Json<Value>, HttpError> {
    let settings = current(&app).await?;
    let oidc = &settings.oidc;
    let is_set = !oidc.issuer.is_empty() && !oidc.client_id.is_empty();
    let provider = is_set.then(|| json!({"label": oidc.label}));
    Ok(Json(
        json!({"token": settings.sign_in.with_token, "oidc": provider}),
    ))
}

#[derive(Deserialize)]
pub(super) struct Begin {
    to: Option<String>,
}

/// `GET /v1/sign-in/oidc`: sends the browser to the provider.
pub(super) async fn begin(
    State(app): State<App>,
    Query(Begin { to }): Query<Begin>,
    parts: Parts,
) -> Result<Response, HttpError> {
    let settings = current(&app).await?;
    let from = client_address(&parts, &settings.server);
    if let Err(turned) = app.sign_ins.may_try(from).await {
        return Ok(problem(&word_for(&turned)));
    }
    let Some(here) = public_url(&parts.headers, &settings.server) else {
        let error = OidcError::NotConfigured(
            "where browsers find this server is not set: `server.public_url`",
        );
        return Ok(problem_of(&error));
    };
    let to = to.filter(|to| is_own_page(to));
    let to = to.unwrap_or_else(|| "/".to_owned());
    let begun = app
        .oidc
        .begin(&settings.oidc, format!("{here}{CALLBACK}"), to)
        .await;
    let (url, flow) = match begun {
        Ok(begun) => begun,
        Err(error) => return Ok(problem_of(&error)),
    };
    let sealed = app.cookies.seal(FLOW, &flow);
    let sealed = sealed.map_err(|error| HttpError::internal(&error))?;
    let set = flow_cookie(&parts.headers, &settings.server, &sealed, COOKIE_SECONDS)?;
    let url = HeaderValue::try_from(url).map_err(|error| HttpError::internal(&error))?;
    let headers = [(header::LOCATION, url), (header::SET_COOKIE, set)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// `GET /v1/sign-in/oidc/callback`: where the provider sends the browser back.
pub(super) async fn finish(
    State(app): State<App>,
    Query(returned): Query<Returned>,
    parts: Parts,
) -> Result<Response, HttpError> {
    let settings = current(&app).await?;
    let from = client_address(&parts, &settings.server);
    let name = match is_over_tls(&parts.headers, &settings.server) {
        true => COOKIE_OVER_TLS,
        false => COOKIE,
    };
    let flow = cookie(&parts.headers, name);
    let flow = flow.and_then(|value| app.cookies.open::<Flow>(FLOW, &value));
    // It is good for one return, whatever comes of it.
    let no_flow = flow_cookie(&parts.headers, &settings.server, "", 0)?;
    let forget_flow = AppendHeaders([(header::SET_COOKIE, no_flow)]);
    if let Err(turned) = app.sign_ins.may_try(from).await {
        return Ok((forget_flow, problem(&word_for(&turned))).into_response());
    }
    let identity = match flow {
        Some(flow) => {
            let to = flow.to.clone();
            let finished = app.oidc.finish(&settings.oidc, flow, returned).await;
            finished.map(|identity| (identity, to))
        }
        None => Err(OidcError::Strayed),
    };
    let (identity, to) = match identity {
        Ok(identity) => identity,
        Err(error) => {
            if !matches!(
                error,
                OidcError::NotConfigured(_) | OidcError::Unavailable(_)
            ) {
                let counted = app.sign_ins.failed(from).await;
                counted.map_err(|error| HttpError::internal(&error))?;
                app.sign_ins
                    .deny(Denial {
                        address: from,
                        reason: error.to_string(),
                        ..Denial::default()
                    })
                    .await;
            }
            return Ok((forget_flow, problem_of(&error)).into_response());
        }
    };
    let signed_in = app
        .sign_ins
        .sign_in_as(&identity.user, identity.groups, from)
        .await;
    let value = match signed_in {
        Ok(value) => value,
        Err(Turned::Failed(error)) => return Err(HttpError::of_access(&error)),
        Err(turned) => {
            return Ok((forget_flow, problem(&word_for(&turned))).into_response());
        }
    };
    let set = set_cookie(&parts.headers, &settings.server, &value)?;
    let location = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = AppendHeaders([(header::LOCATION, location), (header::SET_COOKIE, set)]);
    Ok((StatusCode::SEE_OTHER, forget_flow, headers).into_response())
}

/// The header that makes a browser keep what must come back from the provider.
fn flow_cookie(
    headers: &HeaderMap,
    settings: &settings::Server,
    value: &str,
    seconds: u32,
) -> Result<HeaderValue, HttpError> {
    let (name, secure) = match is_over_tls(headers, settings) {
        true => (COOKIE_OVER_TLS, "; Secure"),
        false => (COOKIE, ""),
    };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).map_err(|error| HttpError::internal(&error))
}

/// Whether an address leads to a page of this server and nowhere else.
fn is_own_page(to: &str) -> bool {
    let characters = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    to.len() <= PATH_MAX
        && to.starts_with('/')
        && !to.starts_with("//")
        && !to.starts_with("/v1/")
        && to.bytes().all(characters)
}

fn word_for(turned: &Turned) -> String {
    match turned {
        Turned::TooOften { wait } => format!("too-often&wait={}", wait.as_secs() + 1),
        Turned::Denied(Denied::NoGrant { .. }) => "no-grant".to_owned(),
        Turned::Denied(_) => "refused".to_owned(),
        Turned::Failed(_) => "failed".to_owned(),
    }
}

fn problem_of(error: &OidcError) -> Response {
    let word = match error {
        OidcError::NotConfigured(_) => "not-configured",
        OidcError::Unavailable(_) => "unavailable",
        OidcError::Strayed => "strayed",
        OidcError::Refused(_) => "refused",
        OidcError::Invalid(_) => "invalid",
        OidcError::NoName { .. } => "no-name",
    };
    match error {
        OidcError::Strayed | OidcError::Refused(_) => {
            tracing::info!(%error, "a sign-in was not finished");
        }
        _ => tracing::error!(%error, "nobody can be signed in"),
    }
    problem(word)
}

/// Leads the browser to the page for signing in, which says what is wrong.
fn problem(word: &str) -> Response {
    let location = HeaderValue::try_from(format!("/sign-in?problem={word}"));
    let location = location.unwrap_or(HeaderValue::from_static("/sign-in"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_this_server() {
        let cases = [
            ("/", true),
            ("/sessions/1?t=2#x", true),
            ("/sign-in", true),
            ("//evil.test", false),
            ("/\\evil.test", false),
            ("https://evil.test", false),
            ("evil", false),
            ("", false),
            ("/a\r\nSet-Cookie: x", false),
            ("/v1/sign-in/oidc", false),
        ];
        for (to, want) in cases {
            assert_eq!(is_own_page(to), want, "{to:?}");
        }
        assert!(!is_own_page(&format!("/{}", "x".repeat(PATH_MAX))));
    }
}
