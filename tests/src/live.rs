//! Somebody who follows what goes on: a client of `graphql-transport-ws`.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use crate::{PATIENCE, Server};

/// How long one look for a message may take.
const LOOK: Duration = Duration::from_millis(50);

/// A connection.
pub struct Socket {
    socket: WebSocket<TcpStream>,
    /// What has come for each subscription, and was not asked for yet.
    waiting: HashMap<String, VecDeque<Value>>,
    closed: Option<(u16, String)>,
}

impl Socket {
    /// Opens a connection with these headers. The status of the answer is the error.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn open(server: &Server, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let url = format!("ws://{}/graphql", server.address());
        let mut request = url.into_client_request().expect("a request");
        let mut add = |name: &str, value: &str| {
            let name: HeaderName = name.parse().expect("a name");
            let value = HeaderValue::from_str(value).expect("a value");
            request.headers_mut().insert(name, value);
        };
        add("sec-websocket-protocol", "graphql-transport-ws");
        for (name, value) in headers {
            add(name, value);
        }
        let stream = TcpStream::connect(server.address()).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => {
                let stream = socket.get_ref();
                stream.set_read_timeout(Some(LOOK)).expect("a socket");
                Ok(Self {
                    socket,
                    waiting: HashMap::new(),
                    closed: None,
                })
            }
            Err(HandshakeError::Failure(Error::Http(response))) => Err(response.status().as_u16()),
            Err(error) => panic!("no handshake: {error}"),
        }
    }

    /// Opens a connection with a token, and begins.
    pub fn of(server: &Server, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        let mut socket = Self::open(server, &[("authorization", &bearer)]).expect("it is taken");
        socket.begin(&Value::Null);
        socket
    }

    /// Says who it is, and waits until that is acknowledged.
    pub fn begin(&mut self, payload: &Value) {
        self.say(&json!({"type": "connection_init", "payload": payload}));
        let answer = self.message();
        assert_eq!(
            answer,
            Some(json!({"type": "connection_ack"})),
            "{:?}",
            self.closed
        );
    }

    /// Sends a message.
    pub fn say(&mut self, message: &Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .expect("it is there");
    }

    /// Begins to follow.
    pub fn subscribe(&mut self, id: &str, query: &str, variables: &Value) {
        let payload = json!({"query": query, "variables": variables});
        self.say(&json!({"type": "subscribe", "id": id, "payload": payload}));
    }

    /// The next message of any kind, waiting no longer than a moment.
    pub fn look(&mut self) -> Option<Value> {
        if self.closed.is_some() {
            return None;
        }
        match self.socket.read() {
            Ok(Message::Text(text)) => Some(serde_json::from_str(&text).expect("JSON")),
            Ok(Message::Close(frame)) => {
                let closed = frame.map(|frame| (frame.code.into(), frame.reason.to_string()));
                self.closed = Some(closed.unwrap_or_default());
                None
            }
            Ok(_) => None,
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                None
            }
            Err(_) => {
                self.closed = Some((1006, "broken off".to_owned()));
                None
            }
        }
    }

    /// The next message of any kind. `None` when the connection has ended.
    pub fn message(&mut self) -> Option<Value> {
        let start = Instant::now();
        while self.closed.is_none() {
            if let Some(message) = self.look() {
                return Some(message);
            }
            assert!(start.elapsed() < PATIENCE, "no message");
        }
        None
    }

    /// What a subscription is told next: the `data`, or `null` when it is complete.
    ///
    /// # Panics
    /// When it is told of an error.
    pub fn next(&mut self, id: &str) -> Value {
        let start = Instant::now();
        loop {
            if let Some(data) = self.waiting.get_mut(id).and_then(VecDeque::pop_front) {
                return data;
            }
            assert!(
                start.elapsed() < PATIENCE && self.closed.is_none(),
                "nothing for {id}: {:?}",
                self.closed
            );
            if let Some(message) = self.look() {
                self.sort(&message);
            }
        }
    }

    /// All that has come for a subscription and what comes within a moment.
    pub fn drain(&mut self, id: &str) -> Vec<Value> {
        while let Some(message) = self.look() {
            self.sort(&message);
        }
        self.waiting.remove(id).unwrap_or_default().into()
    }

    fn sort(&mut self, message: &Value) {
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        let data = match message["type"].as_str() {
            Some("next") => {
                let payload = &message["payload"];
                assert_eq!(payload["errors"], Value::Null, "{message}");
                payload["data"].clone()
            }
            Some("complete") => Value::Null,
            Some("pong") => return,
            _ => panic!("{message}"),
        };
        self.waiting.entry(id).or_default().push_back(data);
    }

    /// Waits until the server has ended the connection, and answers its code and reason.
    pub fn closed(&mut self) -> (u16, String) {
        let start = Instant::now();
        loop {
            if let Some(closed) = &self.closed {
                return closed.clone();
            }
            assert!(start.elapsed() < PATIENCE, "it stays open");
            self.look();
        }
    }
}
