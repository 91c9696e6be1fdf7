//! One connection, from its `connection_init` to its end.
//!
//! The next page of a subscription is taken only when the one before has been sent, so what a client
//! does not read is not made. Subscriptions take turns.

use std::time::Duration;

use async_graphql::Request;
use axum::extract::ws::{Message, WebSocket};
use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout_at};
use tokio_stream::{StreamExt, StreamMap};

use super::credential::{Credential, Over, Whence};
use super::protocol::{self, ClientMessage, Close};
use super::subscription::{Item, Subscription};
use crate::graphql;
use crate::live::Seat;
use crate::server::{App, checked_reason};
use crate::sign_ins::Turned;

/// Who does not say who they are within this time is sent away.
const INIT_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether the token still works, and the client is still there.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A client that says nothing is asked whether it is there. Proxies take a connection down that is
/// silent for a minute or so.
const PING_EVERY: Duration = Duration::from_secs(20);
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A client that takes nothing for so long is sent away. It comes back, and goes on where it was.
const SENT_WITHIN: Duration = Duration::from_secs(60);
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);
/// The longest id of a subscription.
const ID_BYTES_MAX: usize = 128;

/// Why a connection ends.
enum End {
    /// Nobody is there any more.
    Gone,
    /// The client is told.
    Close(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Gone
    }
}

pub(super) struct Connection {
    app: App,
    socket: WebSocket,
    /// Given back when the connection ends.
    seat: Seat,
    credential: Option<Credential>,
    whence: Whence,
    subscriptions: StreamMap<String, Subscription>,
    stopping: watch::Receiver<bool>,
    look: Interval,
    heard_at: Instant,
    asked_at: Instant,
}

impl Connection {
    pub(super) fn new(
        app: App,
        socket: WebSocket,
        seat: Seat,
        credential: Option<Credential>,
        whence: Whence,
    ) -> Self {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stopping: app.seats.stopping(),
            app,
            socket,
            seat,
            credential,
            whence,
            subscriptions: StreamMap::new(),
            look,
            heard_at: Instant::now(),
            asked_at: Instant::now(),
        }
    }

    /// To its end.
    pub(super) async fn run(mut self) {
        let end = match self.begin().await {
            Ok(()) => self.serve().await,
            Err(end) => end,
        };
        self.subscriptions.clear();
        if let End::Close(close) = end {
            // A client that takes nothing is not told.
            let until = Instant::now() + LAST_WORDS_WITHIN;
            let _ = timeout_at(until, self.socket.send(close.into_message())).await;
        }
    }

    /// Until the connection is acknowledged.
    async fn begin(&mut self) -> Result<(), End> {
        let until = Instant::now() + INIT_WITHIN;
        let mut stopping = self.stopping.clone();
        let payload = tokio::select! {
            payload = timeout_at(until, self.init()) => payload.map_err(|_| {
                Close::new(Close::TIMEOUT, "no connection_init came in time")
            })??,
            () = told_to_stop(&mut stopping) => return Err(stopped()),
        };
        let token = payload.as_ref().and_then(|payload| payload.get("token"));
        if let Some(token) = token {
            let Some(token) = token.as_str() else {
                let close = Close::new(Close::BAD_REQUEST, "`token` is no text");
                return Err(close.into());
            };
            let token = token.trim().to_owned();
            let checked = Credential::of_token(&self.app, &token, &self.whence).await;
            let credential = checked.map_err(|turned| match turned {
                Turned::Failed(error) => failed(&error),
                Turned::TooOften { .. } => Close::new(Close::TRY_AGAIN_LATER, turned.to_string()),
                Turned::Denied(denied) => Close::new(Close::FORBIDDEN, denied.to_string()),
            })?;
            let settings = self.app.settings.recent().await;
            let settings = settings.map_err(|error| failed(&error))?;
            let viewer = &credential.viewer().token_id;
            let seat = self.app.seats.for_viewer(viewer, &settings.live);
            self.seat = seat.map_err(|why| Close::new(Close::TRY_AGAIN_LATER, why.to_string()))?;
            self.credential = Some(credential);
        }
        let reason = payload.as_ref().and_then(|payload| payload.get("reason"));
        if let (Some(reason), Some(credential)) = (reason, &mut self.credential) {
            let reason = checked_reason(reason.as_str().unwrap_or_default())
                .map_err(|error| Close::new(Close::BAD_REQUEST, error.to_string()))?;
            credential.set_reason(reason);
        }
        if self.credential.is_none() {
            let reason = "no token was sent: send {\"token\": \"rtr_…\"} with connection_init";
            return Err(Close::new(Close::FORBIDDEN, reason).into());
        }
        self.send(protocol::ack()).await
    }

    /// Waits for `connection_init`, and answers its payload.
    async fn init(&mut self) -> Result<Option<Json>, End> {
        loop {
            match self.socket.recv().await.ok_or(End::Gone)?? {
                Message::Text(text) => match protocol::parse(&text)? {
                    ClientMessage::ConnectionInit { payload } => return Ok(payload),
                    ClientMessage::Ping { payload } => {
                        self.socket.send(protocol::pong(payload)).await?;
                    }
                    ClientMessage::Pong {} => {}
                    ClientMessage::Subscribe { .. } | ClientMessage::Complete { .. } => {
                        let close = Close::new(Close::UNAUTHORIZED, "connection_init comes first");
                        return Err(close.into());
                    }
                },
                Message::Binary(_) => return Err(not_text()),
                Message::Close(_) => return Err(End::Gone),
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    /// Until somebody ends it.
    async fn serve(&mut self) -> End {
        loop {
            if let Err(end) = self.step().await {
                return end;
            }
        }
    }

    async fn step(&mut self) -> Result<(), End> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            message = self.socket.recv() => {
                self.heard_at = Instant::now();
                self.on_message(message.ok_or(End::Gone)??).await
            }
            Some((id, item)) = self.subscriptions.next(), if !self.subscriptions.is_empty() => {
                self.on_item(&id, item).await
            }
            _ = self.look.tick() => self.on_look().await,
            () = told_to_stop(&mut stopping) => Err(stopped()),
        }
    }

    async fn on_message(&mut self, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(not_text()),
            Message::Close(_) => return Err(End::Gone),
            // Answered by the WebSocket itself.
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        match protocol::parse(&text)? {
            ClientMessage::ConnectionInit { .. } => {
                Err(Close::new(Close::TOO_MANY_INITS, "connection_init came before").into())
            }
            ClientMessage::Ping { payload } => self.send(protocol::pong(payload)).await,
            ClientMessage::Pong {} => Ok(()),
            ClientMessage::Subscribe { id, payload } => self.subscribe(id, *payload).await,
            ClientMessage::Complete { id } => {
                self.subscriptions.remove(&id);
                Ok(())
            }
        }
    }

    async fn subscribe(&mut self, id: String, mut request: Request) -> Result<(), End> {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            let reason = format!(
                "the id has {} bytes, expected 1 to {ID_BYTES_MAX}",
                id.len()
            );
            return Err(Close::new(Close::BAD_REQUEST, reason).into());
        }
        if self.subscriptions.contains_key(&id) {
            let close = Close::new(Close::ID_IN_USE, "a subscription with this id goes on");
            return Err(close.into());
        }
        let settings = self.app.settings.recent().await;
        let settings = settings.map_err(|error| failed(&error))?;
        if !settings.api.introspection {
            request = request.disable_introspection();
        }
        let limit = settings.live.subscriptions_max;
        if self.subscriptions.len() as u64 >= limit {
            let message = format!("{limit} subscriptions go on here: end one of them first");
            let errors = json!([{"message": message, "extensions": {"code": "TOO_MANY_REQUESTS"}}]);
            return self.send(protocol::error(&id, &errors)).await;
        }
        let Some(credential) = &self.credential else {
            return Err(Close::new(Close::UNAUTHORIZED, "no token was sent").into());
        };
        let responses = self.app.execute_stream(credential.viewer(), request);
        self.subscriptions
            .insert(id, Subscription::begin(responses));
        Ok(())
    }

    async fn on_item(&mut self, id: &str, item: Item) -> Result<(), End> {
        let message = match item {
            Item::Response { response, is_first } => {
                let response = graphql::shortened(*response);
                let (message, is_over) = protocol::answer(id, &response, is_first);
                if is_over {
                    self.subscriptions.remove(id);
                }
                message
            }
            Item::End => protocol::complete(id),
        };
        self.send(message).await
    }

    async fn on_look(&mut self) -> Result<(), End> {
        check(&self.app, &mut self.credential).await?;
        let silence = self.heard_at.elapsed();
        if silence > SILENCE_MAX {
            return Err(Close::new(Close::TIMEOUT, "nothing was heard for a minute").into());
        }
        if silence > PING_EVERY && self.asked_at.elapsed() > PING_EVERY {
            self.asked_at = Instant::now();
            self.send(Message::Ping(axum::body::Bytes::new())).await?;
        }
        Ok(())
    }

    /// Sends a message. Meanwhile it is looked whether the connection may go on: a client that reads
    /// slowly keeps nothing open.
    async fn send(&mut self, message: Message) -> Result<(), End> {
        let Self {
            app,
            socket,
            credential,
            stopping,
            look,
            ..
        } = self;
        let begun = Instant::now();
        let mut sent = std::pin::pin!(socket.send(message));
        loop {
            tokio::select! {
                sent = &mut sent => {
                    sent?;
                    break;
                }
                _ = look.tick() => check(app, credential).await?,
                () = sleep_until(begun + SENT_WITHIN) => return Err(End::Gone),
                () = told_to_stop(stopping) => return Err(End::Gone),
            }
        }
        if begun.elapsed() > LOOK_EVERY {
            // It takes what it is sent, so it is there, although nobody listened to it meanwhile.
            self.heard_at = Instant::now();
        }
        Ok(())
    }
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // Without anybody who could say so, it is over as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Whether the token of a connection still works.
async fn check(app: &App, credential: &mut Option<Credential>) -> Result<(), End> {
    let Some(credential) = credential else {
        return Ok(());
    };
    match credential.still_works(app).await {
        Ok(()) => Ok(()),
        // A log that does not answer for a moment is no reason: it is asked again.
        Err(Over::Turned(Turned::Failed(error))) => {
            tracing::warn!(%error, "a token could not be checked");
            Ok(())
        }
        Err(over) => Err(Close::new(Close::FORBIDDEN, over.to_string()).into()),
    }
}

fn failed(cause: &dyn std::fmt::Display) -> Close {
    tracing::error!(%cause, "a connection failed");
    Close::new(Close::INTERNAL, "something failed on the server")
}

fn stopped() -> End {
    Close::new(Close::GOING_AWAY, "the server is stopping").into()
}

fn not_text() -> End {
    Close::new(Close::BAD_REQUEST, "expected messages of text").into()
}
