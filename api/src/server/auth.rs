//! Who asks: the token of a request, from its header or from the cookie of a signed-in browser.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use retrace_core::SessionId;
use retrace_query::QueryError;
use tokio::task::spawn_blocking;

use super::web_session::COOKIE;
use super::{App, HttpError, address};
use crate::tokens::{Denied, Viewer};

/// A page of another site can make a browser send our cookie, but not this header.
const CLIENT_HEADER: &str = "x-retrace-client";

impl FromRequestParts<App> for Viewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let token = bearer(&parts.headers)
            .or_else(|| cookie_of_own_page(parts))
            .ok_or_else(|| HttpError::denied(&Denied::Missing))?;
        match app.tokens.check(&token).await {
            Ok(Ok(viewer)) => Ok(Self {
                address: address::address(parts),
                reason: address::reason(parts)?,
                ..viewer
            }),
            Ok(Err(denied)) => Err(HttpError::denied(&denied)),
            Err(error) => Err(HttpError::internal(&error)),
        }
    }
}

/// A request of somebody who may read: the app as they may see it.
///
/// Routes that answer with what is in the log or the read models take this, and not the app itself.
pub(super) struct Visit {
    /// Its reader answers as if nothing else were there.
    pub(super) app: App,
    pub(super) viewer: Viewer,
}

impl FromRequestParts<App> for Visit {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let viewer = Viewer::from_request_parts(parts, app).await?;
        Ok(Self {
            app: app.seen_by(&viewer),
            viewer,
        })
    }
}

impl Visit {
    /// The session, if its content may be seen.
    pub(super) async fn recording(&self, id: &str) -> Result<SessionId, HttpError> {
        let no_such = || HttpError::not_found("there is no such session");
        let session: SessionId = id.parse().map_err(|_| no_such())?;
        let reader = self.app.reader.clone();
        let may = spawn_blocking(move || reader.may_view_recording(session)).await;
        let refused = match may.map_err(|error| HttpError::internal(&error))? {
            Ok(true) => return Ok(session),
            Ok(false) => (no_such(), None),
            Err(QueryError::Denied(right)) => {
                (HttpError::of_query(&QueryError::Denied(right)), Some(right))
            }
            Err(error) => return Err(HttpError::of_query(&error)),
        };
        let object = format!("session/{session}");
        let (error, right) = refused;
        self.app.accesses.denied(&self.viewer, &object, right).await;
        Err(error)
    }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned())
}

/// The cookie counts when the page that asks is ours: it says so by a header. A link that the
/// browser follows (a download) cannot, so a request that changes nothing counts unless the browser
/// says that another site's page made it; browsers say so over TLS and on this machine, and without
/// that the cookie's `SameSite=Strict` has kept it from other sites.
fn cookie_of_own_page(parts: &Parts) -> Option<String> {
    let headers = &parts.headers;
    let said_by_page = headers.contains_key(CLIENT_HEADER);
    let of_other_page = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    (said_by_page || (parts.method.is_safe() && !of_other_page)).then_some(())?;
    cookie(headers)
}

pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            Some(
                pair.trim()
                    .strip_prefix(COOKIE)?
                    .strip_prefix('=')?
                    .to_owned(),
            )
        })
}
