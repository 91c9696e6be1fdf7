//! The control channel: what the server says to a recorder while its session goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{self, KeepAlive, KeepAliveStream, Sse};
use retrace_core::StreamVersion;
use retrace_core::event::{Event, EventType};
use retrace_ingest::protocol::ErrorCode;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::error::IngestError;
use super::uploader::Uploader;
use crate::control::{ControlError, Session, tell_policy};
use crate::server::App;

/// What is told. The rest of the control stream (the launch, tokens, clocks) is not for recorders.
const TOLD: [EventType; 4] = [
    EventType::TERMINATE_REQUESTED,
    EventType::MESSAGE_SENT,
    EventType::POLICY_SET,
    EventType::CONFIG_CHANGED,
];
/// A recorder that hears nothing for twice as long knows that the server is gone.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// What this process appends is told at once, what others append after this time at the latest.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A session may have several recorders, each with a connection and one that is just being lost.
const LISTENERS_MAX: usize = 16;
const PAGE_EVENTS: usize = 100;

/// `GET /v1/sessions/{id}/control`
pub(super) async fn channel(
    State(app): State<App>,
    uploader: Uploader,
    headers: HeaderMap,
) -> Result<Sse<KeepAliveStream<ReceiverStream<Result<sse::Event, Infallible>>>>, IngestError> {
    let next = next_version(&headers)?;
    let listening = Listening::begin(uploader.session.listeners())?;
    let (sender, receiver) = mpsc::channel(PAGE_EVENTS);
    let channel = Channel {
        app,
        session: uploader.session,
        token: uploader.token,
        next,
        sender,
        _listening: listening,
    };
    tokio::spawn(async move {
        let session = channel.session.id();
        if let Err(error) = channel.run().await {
            // The recorder comes back, and goes on where it was.
            tracing::warn!(%session, %error, "a control channel broke off");
        }
    });
    let keep_alive = KeepAlive::new().interval(SIGN_OF_LIFE);
    Ok(Sse::new(ReceiverStream::new(receiver)).keep_alive(keep_alive))
}

/// The version after the one that the recorder has heard last.
fn next_version(headers: &HeaderMap) -> Result<StreamVersion, IngestError> {
    let Some(last) = headers.get("last-event-id") else {
        return Ok(StreamVersion(0));
    };
    let last: Option<u64> = last.to_str().ok().and_then(|text| text.parse().ok());
    last.and_then(|last| last.checked_add(1))
        .map(StreamVersion)
        .ok_or_else(|| IngestError::invalid("`Last-Event-ID` is no id that this channel sent"))
}

/// One of the listeners of a session, until it is dropped.
struct Listening(Arc<AtomicUsize>);

impl Listening {
    fn begin(listeners: &Arc<AtomicUsize>) -> Result<Self, IngestError> {
        let one = Self(Arc::clone(listeners));
        if one.0.fetch_add(1, Ordering::AcqRel) < LISTENERS_MAX {
            return Ok(one);
        }
        let message = format!("{LISTENERS_MAX} control channels of this session are open already");
        let too_many = IngestError::new(ErrorCode::TooManyRequests, message);
        Err(too_many.after(SIGN_OF_LIFE))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Channel {
    app: App,
    session: Session,
    token: String,
    next: StreamVersion,
    sender: Sender<Result<sse::Event, Infallible>>,
    _listening: Listening,
}

impl Channel {
    /// Until the recorder hangs up, its token no longer works, or the server stops.
    async fn run(mut self) -> Result<(), ControlError> {
        let hello = sse::Event::default().comment("retrace");
        if self.sender.send(Ok(hello)).await.is_err() {
            return Ok(());
        }
        // It says itself what it has heard.
        self.session.tell(self.next);
        let mut growth = self.session.growth();
        let mut stopping = self.app.ingest.stopping.subscribe();
        loop {
            growth.mark_unchanged();
            let settings = self.app.ingest.policy(&self.app.settings).await?;
            let (policy_is_told, is_behind) = {
                let control = self.session.recent_control().await?;
                // A revoked token ends the channel; coming back tells why.
                if control
                    .check_upload(self.session.id(), &self.token)
                    .is_err()
                {
                    return Ok(());
                }
                let is_told = control.policy() == Some(&control.in_force(&settings));
                (is_told, control.next_version() > self.next)
            };
            if !policy_is_told {
                tell_policy(&self.session, &settings).await?;
            }
            if (is_behind || !policy_is_told) && !self.tell_on().await? {
                return Ok(());
            }
            tokio::select! {
                _ = growth.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.sender.closed() => return Ok(()),
                _ = stopping.wait_for(|stop| *stop) => return Ok(()),
            }
        }
    }

    /// Tells what was said and not told yet. Answers whether the recorder still listens.
    async fn tell_on(&mut self) -> Result<bool, ControlError> {
        loop {
            let events = self.session.events(self.next, PAGE_EVENTS).await?;
            let Some(last) = events.last() else {
                return Ok(true);
            };
            self.next = last.version().plus(1);
            for event in events.iter().filter(|event| TOLD.contains(event.kind())) {
                if self.sender.send(Ok(message(event))).await.is_err() {
                    return Ok(false);
                }
            }
            self.session.tell(self.next);
        }
    }
}

fn message(event: &Event) -> sse::Event {
    // Canonical JSON has no line ends, which would end the message.
    let data = String::from_utf8_lossy(event.data());
    sse::Event::default()
        .id(event.version().to_string())
        .event(event.kind().as_str())
        .data(format!("{{\"at\":\"{}\",\"data\":{data}}}", event.at()))
}
