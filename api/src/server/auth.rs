//! Who asks: the token of a request, from its header, or the cookie of a browser that is signed in.
//!
//! A cookie is sent by a browser whatever page makes it ask, so it counts only for pages of this server:
//! - a request that changes something needs a header that no page of another site can make a browser send, and an
//!   `Origin` that is ours where the browser names one;
//! - so does one that opens a channel (WebSocket), where the `Origin` must be named;
//! - a request that only reads counts unless the browser says that it is made by another site's page: a link that is
//!   followed, such as a download, can carry no header. The cookie's `SameSite=Strict` keeps it from other sites too.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use retrace_core::SessionId;
use retrace_core::access::Right;
use retrace_core::settings;
use retrace_projections::redaction::{self, Veil};
use retrace_query::QueryError;
use tokio::task::spawn_blocking;

use super::address::{client_address, is_of_own_origin};
use super::web_session::{cookie_of, set_cookie};
use super::{App, HttpError, reason};
use crate::tokens::{Denied, Viewer};

/// So long whoever asks waits until a session was looked through for what is to be hidden.
const LOOKED_THROUGH_WITHIN: Duration = Duration::from_secs(5);
/// A page of another site can make a browser send our cookie, but not this header.
const CLIENT_HEADER: &str = "x-retrace-client";

/// A cookie that is to be set by the answer to a request.
#[derive(Clone, Default)]
struct NewCookie(Arc<Mutex<Option<HeaderValue>>>);

impl FromRequestParts<App> for Viewer {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, HttpError> {
        let settings = app.settings.recent().await;
        let settings = settings.map_err(|error| HttpError::internal(&error))?;
        let from = client_address(parts, &settings.server);
        let viewer = if let Some(token) = bearer(&parts.headers) {
            app.sign_ins.by_token(&token, from).await
        } else {
            let cookie = cookie_of(&parts.headers, &settings.server)
                .ok_or_else(|| HttpError::denied(&Denied::Missing))?;
            check_own_page(parts, &settings.server)?;
            let found = app.sign_ins.by_cookie(&cookie, from).await;
            found.map(|(viewer, newer)| {
                let new = parts.extensions.get::<NewCookie>();
                if let (Some(NewCookie(new)), Some(newer)) = (new, newer) {
                    let set = set_cookie(&parts.headers, &settings.server, &newer);
                    *new.lock().unwrap_or_else(PoisonError::into_inner) = set.ok();
                }
                viewer
            })
        };
        let viewer = viewer.map_err(|turned| HttpError::turned_away(&turned))?;
        Ok(Self {
            address: from.map(|address| address.to_string()),
            reason: reason::reason(parts)?,
            reveal: reason::reveal(parts)?,
            ..viewer
        })
    }
}

/// Gives browsers the cookies that they need to stay signed in.
pub(super) async fn renew_cookies(mut request: Request, next: Next) -> Response {
    let new = NewCookie::default();
    request.extensions_mut().insert(new.clone());
    let mut response = next.run(request).await;
    let set = new.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    // Signing out sets one of its own.
    if let Some(set) = set.filter(|_| !response.headers().contains_key(header::SET_COOKIE)) {
        response.headers_mut().insert(header::SET_COOKIE, set);
    }
    response
}

/// Refuses what a page of another site makes a browser ask in the name of whoever is signed in.
pub(super) fn check_own_page(parts: &Parts, settings: &settings::Server) -> Result<(), HttpError> {
    let headers = &parts.headers;
    let opens_channel = headers.contains_key(header::UPGRADE);
    let said_by_page = headers.contains_key(CLIENT_HEADER);
    let of_other_page = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    let allowed = is_of_own_origin(headers, settings)
        && !of_other_page
        && if opens_channel {
            headers.contains_key(header::ORIGIN)
        } else {
            said_by_page || parts.method.is_safe()
        };
    if allowed {
        return Ok(());
    }
    let message = "the cookie of a browser counts only for pages of this server: send the header \
                   `X-Retrace-Client`, from this origin";
    Err(HttpError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message))
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
    /// Whether pictures of a session may be shown, from a time to another, in microseconds from its start.
    ///
    /// # Errors
    /// When a person redacted what was to be seen then, and the viewer does not reveal it.
    pub(super) async fn pictures(
        &mut self,
        session: SessionId,
        what: &'static str,
        times: RangeInclusive<i64>,
    ) -> Result<(), HttpError> {
        let Some(veil) = self.veil(session, what).await? else {
            return Ok(());
        };
        if veil.hand.spans().is_empty() {
            return Ok(());
        }
        let reader = self.app.reader.clone();
        let started_us = spawn_blocking(move || reader.redactions_began(session)).await;
        let started_us = started_us
            .map_err(|error| HttpError::internal(&error))?
            .map_err(|error| HttpError::of_query(&error))?
            .unwrap_or_default();
        let at = |us: i64| started_us.saturating_add(us);
        if !veil.hides_pictures(at(*times.start()), at(*times.end())) {
            return Ok(());
        }
        let message = "a part of what this shows is redacted: ask for other parts of the session, or, with the right to \
             reveal it, say why in the header `Retrace-Reveal`";
        Err(HttpError::new(StatusCode::FORBIDDEN, "REDACTED", message))
    }

    /// What lies over a session of which a part, `what`, is about to be shown. Nothing when the viewer asked to see what is
    /// redacted (`Retrace-Reveal`), which is written down.
    ///
    /// # Errors
    /// When they may not reveal it, or it is not known yet what is hidden.
    pub(super) async fn veil(
        &mut self,
        session: SessionId,
        what: &'static str,
    ) -> Result<Option<Arc<Veil>>, HttpError> {
        let internal = |error: tokio::task::JoinError| HttpError::internal(&error);
        if self.viewer.reveal.is_some() {
            let reader = self.app.reader.clone();
            let may = spawn_blocking(move || reader.may(Right::Reveal, session)).await;
            if let Err(error) = may.map_err(internal)? {
                let object = format!("session/{session}");
                let denied = self
                    .app
                    .accesses
                    .denied(&self.viewer, &object, Some(Right::Reveal));
                denied.await;
                return Err(HttpError::of_query(&error));
            }
            let revealed = self
                .app
                .accesses
                .revealed(&self.viewer, session, what)
                .await;
            revealed.map_err(|error| HttpError::of_access(&error))?;
            self.app.reader = self.app.reader.revealing();
        }
        let head = self.app.log.head().await;
        let size = head.map_err(|error| HttpError::internal(&error))?.size;
        if let Some(mut known) = self.app.projections.follow(redaction::SCHEMA.name) {
            // What is not looked through by then is hidden.
            let known = known.wait_for(|known| *known >= size);
            let _ = tokio::time::timeout(LOOKED_THROUGH_WITHIN, known).await;
        }
        let reader = self.app.reader.clone();
        let veil = spawn_blocking(move || reader.veil(session)).await;
        veil.map_err(internal)?
            .map_err(|error| HttpError::of_query(&error))
    }

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
