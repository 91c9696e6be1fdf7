//! The messages of `graphql-transport-ws`.

use std::borrow::Cow;

use async_graphql::{Request, Response, Value};
use axum::extract::ws::{CloseFrame, Message};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// What a client says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Json>,
    },
    Ping {
        #[serde(default)]
        payload: Option<Json>,
    },
    Pong {},
    Subscribe {
        id: String,
        payload: Box<Request>,
    },
    Complete {
        id: String,
    },
}

/// The end of a connection, and what the client is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: Cow<'static, str>,
}

impl Close {
    /// The server stops.
    pub(super) const GOING_AWAY: u16 = 1001;
    /// Something failed here.
    pub(super) const INTERNAL: u16 = 1011;
    /// There is no seat for this viewer now.
    pub(super) const TRY_AGAIN_LATER: u16 = 1013;
    /// What was sent is no message of the protocol.
    pub(super) const BAD_REQUEST: u16 = 4400;
    /// Something was asked before the connection was acknowledged.
    pub(super) const UNAUTHORIZED: u16 = 4401;
    /// The token gives no right, or none any more.
    pub(super) const FORBIDDEN: u16 = 4403;
    /// Nothing was said for too long.
    pub(super) const TIMEOUT: u16 = 4408;
    /// The id of a subscription that goes on.
    pub(super) const ID_IN_USE: u16 = 4409;
    /// A second `connection_init`.
    pub(super) const TOO_MANY_INITS: u16 = 4429;

    pub(super) fn new(code: u16, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// A frame holds at most 125 bytes, two of them the code.
    pub(super) fn into_message(self) -> Message {
        let reason = &self.reason[..self.reason.floor_char_boundary(123)];
        Message::Close(Some(CloseFrame {
            code: self.code,
            reason: reason.into(),
        }))
    }
}

/// Takes a message apart; what is none closes the connection.
pub(super) fn parse(text: &str) -> Result<ClientMessage, Close> {
    serde_json::from_str(text)
        .map_err(|error| Close::new(Close::BAD_REQUEST, format!("no message: {error}")))
}

pub(super) fn ack() -> Message {
    message(&json!({"type": "connection_ack"}))
}

pub(super) fn pong(payload: Option<Json>) -> Message {
    match payload {
        Some(payload) => message(&json!({"type": "pong", "payload": payload})),
        None => message(&json!({"type": "pong"})),
    }
}

pub(super) fn complete(id: &str) -> Message {
    message(&json!({"type": "complete", "id": id}))
}

/// The subscription never began.
pub(super) fn error(id: &str, errors: &Json) -> Message {
    message(&json!({"type": "error", "id": id, "payload": errors}))
}

/// What an execution answers: `true` when nothing comes after it, because it never began.
pub(super) fn answer(id: &str, response: &Response, is_first: bool) -> (Message, bool) {
    if is_first && response.data == Value::Null && !response.errors.is_empty() {
        let errors = serde_json::to_value(&response.errors).unwrap_or_default();
        return (error(id, &errors), true);
    }
    let payload = serde_json::value::to_raw_value(response);
    let text = match payload {
        Ok(payload) => {
            let id = Json::from(id);
            format!("{{\"type\":\"next\",\"id\":{id},\"payload\":{payload}}}")
        }
        Err(cause) => {
            tracing::error!(%cause, "an answer could not be written");
            return (
                error(id, &json!([{"message": "the answer cannot be written"}])),
                true,
            );
        }
    };
    (Message::text(text), false)
}

fn message(json: &Json) -> Message {
    Message::text(json.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_message_closes_the_connection() {
        let subscribe = r#"{"type":"subscribe","id":"1","payload":{"query":"{ log { size } }"}}"#;
        for (text, is_message) in [
            (r#"{"type":"connection_init"}"#, true),
            (
                r#"{"type":"connection_init","payload":{"token":"rtr_"}}"#,
                true,
            ),
            (r#"{"type":"ping"}"#, true),
            (r#"{"type":"pong","payload":{}}"#, true),
            (subscribe, true),
            (r#"{"type":"complete","id":"1"}"#, true),
            (
                r#"{"type":"start","id":"1","payload":{"query":"{x}"}}"#,
                false,
            ),
            (
                r#"{"type":"subscribe","id":1,"payload":{"query":"{x}"}}"#,
                false,
            ),
            (r#"{"type":"subscribe","payload":{"query":"{x}"}}"#, false),
            (r#"{"type":"subscribe","id":"1"}"#, false),
            ("[]", false),
            ("", false),
        ] {
            let code = parse(text).err().map(|close| close.code);
            assert_eq!(code, (!is_message).then_some(Close::BAD_REQUEST), "{text}");
        }
    }

    #[test]
    fn a_reason_is_cut_to_what_a_frame_holds() {
        let close = Close::new(Close::FORBIDDEN, "ż".repeat(100));
        let Message::Close(Some(frame)) = close.into_message() else {
            panic!("no close frame");
        };
        assert_eq!(frame.reason.as_str().len(), 122);
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_makes_it_fail(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
