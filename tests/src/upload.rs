//! A recorder, as simple as one can be: it launches, and sends lines.

use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::blocking::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::Server;

/// The time of most events here.
pub const AT: &str = "2026-11-21T09:30:00.000000Z";

/// The id of a session that nobody has launched yet (a UUID of version 7).
pub fn fresh_session() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!(
        "01936d2e-4b7a-7cc0-8d2a-{:04x}{number:08x}",
        std::process::id() & 0xffff
    )
}

/// A launched session with its upload token.
pub struct Upload<'a> {
    server: &'a Server,
    /// The session.
    pub session: String,
    /// The upload token.
    pub token: String,
}

/// An answer: its status, and what it says.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The seconds of `Retry-After`.
    pub retry_after: Option<u64>,
    /// The body, in JSON.
    pub body: Value,
}

impl Answer {
    /// Reads an answer to its end.
    pub fn of(response: Response) -> Self {
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|seconds| {
            let seconds = seconds.to_str().expect("a text");
            seconds.parse().expect("a number of seconds")
        });
        Self {
            status: response.status().as_u16(),
            retry_after,
            body: response.json().expect("a body in JSON"),
        }
    }

    /// The code of the error.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// Fails unless it is this error.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        let message = self.body["error"]["message"].as_str();
        assert!(
            message.is_some_and(|message| !message.is_empty()),
            "{}",
            self.body
        );
        self
    }

    /// Fails unless all is well.
    #[track_caller]
    pub fn is_ok(self) -> Value {
        assert!(
            matches!(self.status, 200 | 201),
            "{}: {}",
            self.status,
            self.body
        );
        self.body
    }
}

/// Asks for a launch.
pub fn launch(server: &Server, recorder: &str, request: &Value) -> Answer {
    let asked = server
        .post("/v1/sessions")
        .bearer_auth(recorder)
        .json(request);
    Answer::of(asked.send().expect("an answer"))
}

impl<'a> Upload<'a> {
    /// Launches a session.
    pub fn launch(server: &'a Server, recorder: &str, request: &Value) -> Self {
        let launched = launch(server, recorder, request).is_ok();
        let text = |member: &str| launched[member].as_str().expect("a text").to_owned();
        Self {
            server,
            session: text("session"),
            token: text("uploadToken"),
        }
    }

    /// Goes on with a session that was launched before.
    pub fn resume(server: &'a Server, session: &str, token: &str) -> Self {
        let (session, token) = (session.to_owned(), token.to_owned());
        Self {
            server,
            session,
            token,
        }
    }

    /// A request to a path of the session, with its token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let path = format!("/v1/sessions/{}/{path}", self.session);
        self.server.request(method, &path).bearer_auth(&self.token)
    }

    /// A batch on its way.
    pub fn batch(&self, source: &str, first: u64, body: impl Into<Vec<u8>>) -> RequestBuilder {
        self.request("POST", &format!("streams/{source}/events?first={first}"))
            .header("content-type", "application/x-ndjson")
            .body(body.into())
    }

    /// Sends a batch.
    pub fn send(&self, source: &str, first: u64, body: impl Into<Vec<u8>>) -> Answer {
        let sent = self.batch(source, first, body).send();
        Answer::of(sent.expect("an answer"))
    }

    /// Where a stream goes on.
    pub fn state(&self, source: &str) -> Answer {
        let asked = self.request("GET", &format!("streams/{source}")).send();
        Answer::of(asked.expect("an answer"))
    }

    /// Opens the control channel.
    pub fn listen(&self, last_event_id: Option<&str>) -> Channel {
        let mut asked = self.request("GET", "control");
        if let Some(id) = last_event_id {
            asked = asked.header("last-event-id", id);
        }
        let response = asked.send().expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Channel {
            lines: BufReader::new(response),
        }
    }
}

/// An open control channel.
pub struct Channel {
    lines: BufReader<Response>,
}

impl Channel {
    /// The next message: its id, its type, and its data. `None` when the server has ended it.
    pub fn message(&mut self) -> Option<(String, String, Value)> {
        let (mut id, mut kind, mut data) = (String::new(), String::new(), Value::Null);
        loop {
            let line = self.line()?;
            match line.split_once(": ") {
                Some(("id", text)) => id = text.to_owned(),
                Some(("event", text)) => kind = text.to_owned(),
                Some(("data", text)) => data = serde_json::from_str(text).expect("JSON"),
                _ if line.is_empty() && !kind.is_empty() => return Some((id, kind, data)),
                _ => {}
            }
        }
    }

    /// The next line, whatever it is.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

/// A line of a batch.
pub fn line(at: &str, kind: &str, data: &Value) -> String {
    format!("{{\"at\":\"{at}\",\"data\":{data},\"type\":\"{kind}\"}}\n")
}

/// So many lines, each of them another.
pub fn markers(from: u64, count: u64) -> String {
    (from..from + count)
        .map(|number| {
            line(
                AT,
                "marker.set",
                &json!({"label": format!("number {number}")}),
            )
        })
        .collect()
}
