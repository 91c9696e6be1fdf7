//! Signing a browser in with a token.
//!
//! The cookie holds the token itself, out of reach of scripts (`HttpOnly`) and of other sites
//! (`SameSite=Strict`), so the server keeps no list of browsers, a restart signs nobody out, and
//! revoking the token ends all of its browsers at once.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use retrace_core::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, HttpError};
use crate::tokens::Viewer;

pub(super) const COOKIE: &str = "retrace-token";
/// Browsers forget the cookie after so long, even if the token lives longer: 12 hours.
const COOKIE_SECONDS_MAX: i64 = 12 * 3600;

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
}

pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<impl IntoResponse, HttpError> {
    let expected = "a JSON body: {\"token\": \"rtr_…\"}";
    let Json(SignIn { token }) =
        body.map_err(|rejection| HttpError::bad_body(&rejection, expected))?;
    let token = token.trim();
    let viewer = match app.tokens.check(token).await {
        Ok(Ok(viewer)) => viewer,
        Ok(Err(denied)) => return Err(HttpError::denied(&denied)),
        Err(error) => return Err(HttpError::internal(&error)),
    };
    let seconds = viewer.expires_at.map_or(COOKIE_SECONDS_MAX, |at| {
        (at.micros_since(Timestamp::now()) / 1_000_000).clamp(0, COOKIE_SECONDS_MAX)
    });
    Ok((
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, set_cookie(&headers, token, seconds))],
    ))
}

pub(super) async fn who(viewer: Viewer) -> Json<Value> {
    Json(json!({"name": viewer.name, "expiresAt": viewer.expires_at}))
}

pub(super) async fn sign_out(headers: HeaderMap) -> impl IntoResponse {
    (
        StatusCode::NO_CONTENT,
        [(header::SET_COOKIE, set_cookie(&headers, "", 0))],
    )
}

/// `Secure` where the browser reached us over TLS, which a proxy before us ends and tells us of.
fn set_cookie(headers: &HeaderMap, token: &str, seconds: i64) -> String {
    let over_tls = headers
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == "https");
    let secure = if over_tls { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
