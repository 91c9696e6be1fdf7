//! Signing a browser in and out.
//!
//! The cookie is out of reach of scripts (`HttpOnly`) and of other sites (`SameSite=Strict`), over TLS it is sent
//! nowhere else (`Secure`, `__Host-`), and what it holds is sealed: the id of the sign-in, its secret, and when the
//! browser was seen last. All else stands in the log ([`crate::sign_ins`]), so restarting a server signs nobody out, and
//! signing out, revoking and withdrawing hold at once.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use retrace_core::settings::{self, Settings};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

use super::address::{client_address, is_of_own_origin, is_over_tls};
use super::auth::check_own_page;
use super::{App, HttpError};
use crate::accesses::AccessError;
use crate::sign_ins::CookieValue;
use crate::tokens::Viewer;

const COOKIE: &str = "retrace-session";
/// Browsers take a cookie of such a name over TLS only, from this host only, and for all of it.
const COOKIE_OVER_TLS: &str = "__Host-retrace-session";

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
}

/// `POST /v1/web-session`: signs a browser in with a token.
pub(super) async fn sign_in(
    State(app): State<App>,
    parts: Parts,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<Response, HttpError> {
    let settings = current(&app).await?;
    if !is_of_own_origin(&parts.headers, &settings.server) {
        let message = "a page of another site cannot sign a browser in";
        return Err(HttpError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let expected = "a JSON body: {\"token\": \"rtr_…\"}";
    let Json(SignIn { token }) =
        body.map_err(|rejection| HttpError::bad_body(&rejection, expected))?;
    let from = client_address(&parts, &settings.server);
    let signed_in = app.sign_ins.sign_in_with_token(token.trim(), from).await;
    let cookie = signed_in.map_err(|turned| HttpError::turned_away(&turned))?;
    let set = set_cookie(&parts.headers, &settings.server, &cookie)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set)]).into_response())
}

/// `GET /v1/web-session`: who is signed in.
pub(super) async fn who(viewer: Viewer) -> Json<Value> {
    let mut roles: Vec<&str> = Vec::new();
    for grant in viewer.sight.grants() {
        if !roles.contains(&grant.role.as_str()) {
            roles.push(grant.role.as_str());
        }
    }
    Json(json!({
        "name": viewer.name, "user": viewer.user, "groups": viewer.groups, "roles": roles,
        "expiresAt": viewer.expires_at,
    }))
}

/// `DELETE /v1/web-session`: signs a browser out.
pub(super) async fn sign_out(State(app): State<App>, parts: Parts) -> Result<Response, HttpError> {
    let settings = current(&app).await?;
    check_own_page(&parts, &settings.server)?;
    let headers = parts.headers.clone();
    // Who is not signed in any more has nothing to end.
    let viewer = Viewer::from_request_parts(&mut { parts }, &app).await;
    if let Ok(Viewer {
        browser: Some(browser),
        name,
        ..
    }) = viewer
    {
        let ended = app.sign_ins.end(&browser, &name).await;
        ended.map_err(|error: AccessError| HttpError::of_access(&error))?;
    }
    let nothing = CookieValue {
        value: String::new(),
        seconds: 0,
    };
    let set = set_cookie(&headers, &settings.server, &nothing)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set)]).into_response())
}

pub(super) async fn current(app: &App) -> Result<Arc<Settings>, HttpError> {
    let settings = app.settings.recent().await;
    settings.map_err(|error| HttpError::internal(&error))
}

/// The header that gives a browser the cookie.
pub(super) fn set_cookie(
    headers: &HeaderMap,
    settings: &settings::Server,
    CookieValue { value, seconds }: &CookieValue,
) -> Result<HeaderValue, HttpError> {
    let (name, secure) = match is_over_tls(headers, settings) {
        true => (COOKIE_OVER_TLS, "; Secure"),
        false => (COOKIE, ""),
    };
    let text =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).map_err(|error| HttpError::internal(&error))
}

/// The cookie of a browser that is signed in.
pub(super) fn cookie_of(headers: &HeaderMap, settings: &settings::Server) -> Option<String> {
    // Over TLS the other one may have been put there by a page of a neighbour.
    let name = match is_over_tls(headers, settings) {
        true => COOKIE_OVER_TLS,
        false => COOKIE,
    };
    cookie(headers, name)
}

/// The value of a cookie that a browser sent.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let value = pair.trim().strip_prefix(name)?.strip_prefix('=')?;
            Some(value.to_owned())
        })
}
