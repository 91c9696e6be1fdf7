//! What the server says to a running session.

use std::sync::Arc;
use std::time::Duration;

use retrace_core::event::{ConfigChanged, EventType, MessageSent, PolicySet, TerminateRequested};
use retrace_core::{SourceName, StreamVersion};
use tokio::sync::mpsc::UnboundedSender;

use super::client::{CallError, Client};
use super::reach::Reach;
use super::spool::SessionSpool;
use super::upload;
use crate::protocol::{ControlMessage, ErrorCode, Policy};

/// The server says something every 5 seconds. After a longer silence the channel is opened anew,
/// which tells at once whether the server is there.
const SILENCE_MAX: Duration = Duration::from_secs(7);
/// How soon the channel is opened again. It is what tells that the server is back, so it does not
/// wait long, whatever the schedule for uploads is.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(3);
/// How often it is looked whether a sign of life is due, and how long one is waited for at least.
const PROBE_EVERY: Duration = Duration::from_millis(500);
const PROBE_WITHIN: Duration = Duration::from_secs(2);
/// An event of the channel that is longer than this is none.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// Something that the server wants of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// The version of the event that says so, in the control stream.
    pub(super) version: StreamVersion,
    pub(super) wish: Wish,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    Terminate(TerminateRequested),
    Message(MessageSent),
    /// Another policy for this session: what somebody set.
    PolicySet(PolicySet),
    /// Another policy: the whole of it, from the server.
    Policy(Box<Policy>),
}

/// Listens to the control channel of a session until nobody wants to hear its orders any more.
pub(super) async fn listen(
    client: Client,
    session: Arc<SessionSpool>,
    reach: Arc<Reach>,
    orders: UnboundedSender<Order>,
) {
    let mut last_id: Option<String> = None;
    let mut again_after = AGAIN_AFTER;
    while !orders.is_closed() {
        if let Some(launched) = session.launched() {
            let token = &launched.upload_token;
            let opened = client
                .control(session.id(), token, last_id.as_deref())
                .await;
            match opened {
                Ok(mut response) => {
                    reach.came_back();
                    again_after = AGAIN_AFTER;
                    let mut parser = Parser::default();
                    while let Ok(Ok(Some(piece))) =
                        tokio::time::timeout(SILENCE_MAX, response.chunk()).await
                    {
                        reach.heard();
                        for event in parser.push(&piece) {
                            if let Some(order) = order(&event) {
                                // Checked by the outer loop.
                                let _ = orders.send(order);
                            }
                            last_id = event.id.or(last_id);
                        }
                    }
                }
                Err(error) => {
                    if error.code().is_some() {
                        reach.heard();
                    }
                    if is_of_token(&error) {
                        // A failure comes again with the next try.
                        let _ = upload::launch(&client, &session, &reach).await;
                    }
                }
            }
        }
        tokio::time::sleep(again_after).await;
        again_after = (again_after * 2).min(AGAIN_AFTER_MAX);
    }
}

/// Asks the server for a sign of life whenever it is due: a policy that ends the session when the
/// server is out of reach can be quicker than the signs that come by themselves.
pub(super) async fn probe(
    client: Client,
    session: Arc<SessionSpool>,
    source: SourceName,
    reach: Arc<Reach>,
) {
    loop {
        tokio::time::sleep(PROBE_EVERY).await;
        let Some(launched) = session.launched() else {
            continue;
        };
        let Some(limit) = reach.silence_limit() else {
            continue;
        };
        if reach.silence() < limit / 2 {
            continue;
        }
        let asked = client.stream(session.id(), &source, &launched.upload_token);
        match tokio::time::timeout(limit.max(PROBE_WITHIN), asked).await {
            Ok(Ok(_)) => reach.heard(),
            Ok(Err(error)) if error.code().is_some() => reach.heard(),
            // No sign of life.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

fn is_of_token(error: &CallError) -> bool {
    matches!(
        error.code(),
        Some(ErrorCode::Unauthenticated | ErrorCode::NotFound)
    )
}

/// What an event of the channel wants; nothing, if its type is not known here.
fn order(event: &Event) -> Option<Order> {
    let message: ControlMessage = serde_json::from_str(&event.data).ok()?;
    let data = message.data.get();
    let kind = EventType::new(&event.kind).ok()?;
    let wish = if kind == EventType::TERMINATE_REQUESTED {
        Wish::Terminate(serde_json::from_str(data).ok()?)
    } else if kind == EventType::MESSAGE_SENT {
        Wish::Message(serde_json::from_str(data).ok()?)
    } else if kind == EventType::POLICY_SET {
        Wish::PolicySet(serde_json::from_str(data).ok()?)
    } else if kind == EventType::CONFIG_CHANGED {
        let changed: ConfigChanged = serde_json::from_str(data).ok()?;
        Wish::Policy(Box::new(serde_json::from_value(changed.new).ok()?))
    } else {
        return None;
    };
    let version = StreamVersion(event.id.as_ref()?.parse().ok()?);
    Some(Order { version, wish })
}

/// An event of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Event {
    id: Option<String>,
    kind: String,
    data: String,
}

/// Takes a `text/event-stream` apart, as it arrives.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    event: Event,
}

impl Parser {
    fn push(&mut self, piece: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in piece {
            if byte != b'\n' {
                // What is too long is no event of ours: its rest is passed over.
                if self.line.len() < EVENT_BYTES_MAX {
                    self.line.push(byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches('\r');
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if !event.data.is_empty() {
                    events.push(event);
                }
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "id" => self.event.id = Some(value.to_owned()),
                "event" => value.clone_into(&mut self.event.kind),
                "data" if self.event.data.len() + value.len() < EVENT_BYTES_MAX => {
                    if !self.event.data.is_empty() {
                        self.event.data.push('\n');
                    }
                    self.event.data.push_str(value);
                }
                // A comment, or a field that is not known.
                _ => {}
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ": hello\n\nid: 3\nevent: session.message_sent\ndata: {\"at\":\"2026-11-21T09:30:00Z\",\ndata: \"data\":{\"by\":\"ann\",\"text\":\"é\"}}\r\n\r\n:\n\nretry: 5\nid: 4\nevent: session.terminate_requested\ndata:{\"at\":\"2026-11-21T09:30:00Z\",\"data\":{\"by\":\"ann\"}}\n\nid: 5\nevent: moon.risen\ndata: {\"at\":\"2026-11-21T09:30:00Z\",\"data\":1}\n\n";

    #[test]
    fn events_are_the_same_however_they_arrive() {
        for size in [1, 2, 7, 1_000] {
            let mut parser = Parser::default();
            let events: Vec<Event> = STREAM
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| parser.push(piece))
                .collect();
            let ids: Vec<_> = events.iter().filter_map(|e| e.id.as_deref()).collect();
            assert_eq!(ids, ["3", "4", "5"], "{size}");
            let orders: Vec<_> = events.iter().filter_map(order).collect();
            let message = Wish::Message(MessageSent {
                by: "ann".to_owned(),
                reason: None,
                text: "é".to_owned(),
            });
            let terminate = Wish::Terminate(TerminateRequested {
                by: "ann".to_owned(),
                cause: None,
                reason: None,
            });
            let expected = [(3, message), (4, terminate)].map(|(version, wish)| Order {
                version: StreamVersion(version),
                wish,
            });
            assert_eq!(orders, expected);
        }
    }

    #[test]
    fn a_change_of_the_policy_is_an_order() {
        let policy = serde_json::to_string(&Policy::default()).unwrap();
        let event = Event {
            id: Some("7".to_owned()),
            kind: "config.changed".to_owned(),
            data: format!(
                "{{\"at\":\"2026-11-21T09:30:00Z\",\"data\":{{\"by\":\"ann\",\"new\":{policy},\
                 \"old\":null,\"setting\":\"policy\"}}}}"
            ),
        };
        let order = order(&event).unwrap();
        assert_eq!(order.wish, Wish::Policy(Box::default()));
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_makes_it_fail(bytes in any::<Vec<u8>>()) {
            for event in Parser::default().push(&bytes) {
                order(&event);
            }
        }
    }
}
