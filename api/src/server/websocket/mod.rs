//! `/graphql` over WebSocket, by the protocol
//! [`graphql-transport-ws`](https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md):
//! subscriptions, and questions as well.
//!
//! | module | holds |
//! |---|---|
//! | `protocol` | the messages, and the codes with which a connection is closed |
//! | `connection` | one connection, from its `connection_init` to its end |
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

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::auth::{bearer, cookie};
use super::{App, BODY_BYTES_MAX, GRAPHQL_BODY, HttpError, address};
use crate::live::NoSeat;
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
    let token = bearer(headers).or_else(|| cookie(headers).filter(|_| is_of_own_page(headers)));
    let whence = Whence {
        address: address::address(&parts),
        reason: address::reason(&parts)?,
    };
    let (seat, credential) = match token {
        None => (app.seats.for_stranger(), None),
        Some(token) => match Credential::of(&app, token, &whence).await {
            Ok(Ok(credential)) => {
                let settings = app.settings.recent().await;
                let settings = settings.map_err(|error| HttpError::internal(&error))?;
                let seat = app
                    .seats
                    .for_viewer(&credential.viewer().token_id, &settings.live);
                (seat, Some(credential))
            }
            Ok(Err(denied)) => return Err(HttpError::denied(&denied)),
            Err(error) => return Err(HttpError::internal(&error)),
        },
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

/// Whether the page that connects came from where it connects to. Browsers let any page connect
/// anywhere, and send the cookies along; but they say which page it is.
fn is_of_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else {
        return false;
    };
    let (origin, port) = match origin.split_once("://") {
        Some(("https", origin)) => (origin, ":443"),
        Some(("http", origin)) => (origin, ":80"),
        _ => return false,
    };
    let without_port = |host: &str| host.strip_suffix(port).unwrap_or(host).to_owned();
    without_port(origin).eq_ignore_ascii_case(&without_port(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_from_here_connects_by_its_cookie() {
        let cases = [
            (
                Some("https://retrace.example.com"),
                "retrace.example.com",
                true,
            ),
            (
                Some("https://Retrace.example.com"),
                "retrace.example.com:443",
                true,
            ),
            (Some("http://127.0.0.1:8080"), "127.0.0.1:8080", true),
            (Some("http://[::1]:8080"), "[::1]:8080", true),
            (Some("http://127.0.0.1:8081"), "127.0.0.1:8080", false),
            (Some("https://evil.example"), "retrace.example.com", false),
            (
                Some("https://retrace.example.com.evil.example"),
                "retrace.example.com",
                false,
            ),
            (
                Some("https://evil.example/retrace.example.com"),
                "retrace.example.com",
                false,
            ),
            (
                Some("https://retrace.example.com@evil.example"),
                "retrace.example.com",
                false,
            ),
            (Some("null"), "retrace.example.com", false),
            (
                Some("file://retrace.example.com"),
                "retrace.example.com",
                false,
            ),
            (None, "retrace.example.com", false),
        ];
        for (origin, host, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_of_own_page(&headers), expected, "{origin:?} to {host}");
        }
    }
}
