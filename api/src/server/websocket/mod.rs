//! `/graphql` over WebSocket, by the protocol
//! [`graphql-transport-ws`](https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md):
//! subscriptions, and questions as well.
//!
//! | module | holds |
//! |---|---|
//! | `protocol` | the messages, and the codes with which a connection is closed |
//! | `connection` | one connection, from its `connection_init` to its end |
//! | `subscription` | one subscription of a connection |
//! | `credential` | whose it is, and for how long |
//!
//! Whoever connects says who they are as for any other request: by `Authorization: Bearer …`; by the
//! cookie of a signed-in browser, if the page that connects is ours, which its `Origin` tells; or,
//! since browsers set no headers here, by `{"token": "rtr_…"}` as the payload of `connection_init`. That
//! payload may also hold the `reason` that the header `Retrace-Reason` gives elsewhere.
//!
//! async-graphql brings this protocol as well. It is not used, because it asks subscriptions in turn and
//! goes back to the first after each message, so that a busy one silences the others; because it
//! replaces a subscription whose id is used twice; and because it does not know our codes.

mod connection;
mod credential;
mod protocol;
mod subscription;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::address::client_address;
use super::auth::bearer;
use super::web_session::cookie_of;
use super::{App, BODY_BYTES_MAX, GRAPHQL_BODY, HttpError, reason};
use crate::live::NoSeat;
use crate::tokens::Viewer;
use connection::Connection;
use credential::{Credential, Whence};

const PROTOCOL: &str = "graphql-transport-ws";

/// `GET /graphql`
pub(super) async fn open(
    State(app): State<App>,
    parts: Parts,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    let Ok(upgrade) = upgrade else {
        return Err(HttpError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            format!("send the query as POST with {GRAPHQL_BODY}, or open a WebSocket"),
        ));
    };
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(BODY_BYTES_MAX)
        .max_frame_size(BODY_BYTES_MAX);
    if upgrade.selected_protocol().is_none() {
        let message = format!("expected the protocol {PROTOCOL} in Sec-WebSocket-Protocol");
        return Err(HttpError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            message,
        ));
    }
    let headers = &parts.headers;
    let settings = app.settings.recent().await;
    let settings = settings.map_err(|error| HttpError::internal(&error))?;
    let is_known = bearer(headers).is_some() || cookie_of(headers, &settings.server).is_some();
    let whence = Whence {
        address: client_address(&parts, &settings.server),
        reason: reason::reason(&parts)?,
    };
    let (seat, credential) = if is_known {
        let heard = credential::heard(&app);
        let viewer = Viewer::from_request_parts(&mut { parts }, &app).await?;
        let seat = app.seats.for_viewer(&viewer.token_id, &settings.live);
        (seat, Some(Credential::of(viewer, heard)))
    } else {
        (app.seats.for_stranger(), None)
    };
    let seat = seat.map_err(no_seat)?;
    Ok(upgrade.on_upgrade(async move |socket| {
        Connection::new(app, socket, seat, credential, whence)
            .run()
            .await;
    }))
}

fn no_seat(why: NoSeat) -> HttpError {
    let (status, code) = match why {
        NoSeat::OfViewer(_) => (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS"),
        NoSeat::InAll(_) | NoSeat::Strangers => (StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED"),
    };
    HttpError::new(status, code, why.to_string())
}
