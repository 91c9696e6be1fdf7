//! One connection from its hello on: what it is for.

use std::sync::Arc;

use retrace_core::StreamVersion;
use retrace_core::event::EventError;
use retrace_core::log::StoreError;
use retrace_ingest::sudo_logsrv::ProtocolError;
use retrace_ingest::sudo_logsrv::history::{self, CannotResume};
use retrace_ingest::sudo_logsrv::messages::{ServerEvent, ServerHello};
use retrace_ingest::sudo_logsrv::opening::{Accepted, Opening, Restarted, Told};
use retrace_ingest::sudo_logsrv::recorder::{Recorder, RecorderError};
use retrace_ingest::sudo_logsrv::resume::{LogId, ResumeKey};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::append::{PieceError, Stream};
use super::launch::{LaunchError, launch, promise};
use super::recording::Recording;
use super::wire::{Wire, WireError};
use super::{OPENS_WITHIN, SudoServer};

/// Why a connection ends early. What is told to the client tells nothing of other people's data.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection is gone: nobody is there to be told.
    #[error(transparent)]
    Wire(WireError),
    /// The client has hung up, and may come back.
    #[error("the client hung up before it said how the command ended")]
    HungUp,
    /// The client is to blame.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Piece(#[from] PieceError),
    #[error(transparent)]
    CannotResume(#[from] CannotResume),
    /// The cause stands in the server's own log.
    #[error("something failed on the server")]
    Internal,
    #[error("the server is stopping")]
    Stopping,
    #[error("the connection before does not leave this log")]
    Busy,
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Protocol(error) => Self::Protocol(error),
            other => Self::Wire(other),
        }
    }
}

impl From<RecorderError> for Fault {
    fn from(error: RecorderError) -> Self {
        match error {
            RecorderError::Protocol(error) => Self::Protocol(error),
            RecorderError::Event(error) => error.into(),
        }
    }
}

impl From<EventError> for Fault {
    fn from(error: EventError) -> Self {
        tracing::error!(%error, "an event of sudo could not be written");
        Self::Internal
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a connection of sudo broke off");
        Self::Internal
    }
}

impl From<getrandom::Error> for Fault {
    fn from(error: getrandom::Error) -> Self {
        tracing::error!(%error, "no randomness");
        Self::Internal
    }
}

impl Fault {
    /// The last message to the client.
    fn last_words(&self) -> Option<ServerEvent> {
        match self {
            Self::Wire(WireError::TooSlow) => Some(ServerEvent::Error(self.to_string())),
            Self::Wire(_) | Self::HungUp => None,
            Self::CannotResume(CannotResume::Terminated) => {
                Some(ServerEvent::Abort(self.to_string()))
            }
            _ => Some(ServerEvent::Error(self.to_string())),
        }
    }
}

/// Serves a connection to its end. `peer` says who is at its other end, as far as that is known.
pub(super) async fn serve<S>(server: Arc<SudoServer>, stream: S, peer: Vec<(&'static str, String)>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut wire = Wire::new(stream, Arc::clone(&server.large));
    let last_words = match converse(&server, &mut wire, &peer).await {
        Ok(last_words) => last_words,
        Err(fault) => {
            tracing::warn!(?peer, %fault, "a connection of sudo ended early");
            fault.last_words()
        }
    };
    wire.say_last(last_words).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    server: &SudoServer,
    wire: &mut Wire<S>,
    peer: &[(&'static str, String)],
) -> Result<Option<ServerEvent>, Fault> {
    promise(server).await?;
    let hello = ServerHello {
        server_id: concat!("Retrace ", env!("CARGO_PKG_VERSION")).to_owned(),
        subcommands: true,
        ..ServerHello::default()
    };
    wire.send(ServerEvent::Hello(hello)).await?;
    let Some(opening) = opening(server, wire).await? else {
        return Ok(None);
    };
    match opening {
        Opening::Accepted(mut accepted) => {
            accepted.facts.add(peer);
            record(server, wire, &accepted).await
        }
        Opening::Told(mut told) => {
            told.facts.add(peer);
            tell(server, &told).await?;
            Ok(None)
        }
        Opening::Restarted(restarted) => resume(server, wire, &restarted).await,
    }
}

/// What the connection is for. `None` when the client leaves without having said it.
async fn opening<S: AsyncRead + AsyncWrite + Unpin>(
    server: &SudoServer,
    wire: &mut Wire<S>,
) -> Result<Option<Opening>, Fault> {
    let until = Instant::now() + OPENS_WITHIN;
    let mut stopping = server.stopping.clone();
    loop {
        let message = tokio::select! {
            message = timeout_at(until, wire.next()) => message.map_err(|_| WireError::TooSlow)??,
            _ = stopping.wait_for(|stop| *stop) => return Err(Fault::Stopping),
        };
        let Some(message) = message else {
            return Ok(None);
        };
        if let Some(opening) = Opening::of(message)? {
            return Ok(Some(opening));
        }
    }
}

async fn record<S: AsyncRead + AsyncWrite + Unpin>(
    server: &SudoServer,
    wire: &mut Wire<S>,
    accepted: &Accepted,
) -> Result<Option<ServerEvent>, Fault> {
    let launched = async {
        promise(server).await?;
        launch(server, &accepted.facts, accepted.at).await
    };
    let (session, policy) = wire.reading_on(launched).await?;
    let id = session.id();
    let seat = server.seats.take(id).await.ok_or(Fault::Busy)?;
    let key = ResumeKey::random()?;
    let recorder = Recorder::begin(accepted, Some(&key), policy.record_keys, &server.node)?;
    let stream = Stream::of(Arc::clone(&server.app.log), id, StreamVersion(0));
    let mut recording = Recording::new(server, wire, seat, session, stream, recorder);
    recording.set_expects_commits(accepted.expects_commits);
    recording.cut().await?;
    if accepted.expects_commits {
        let log_id = LogId { session: id, key }.to_string();
        recording.send(ServerEvent::LogId(log_id)).await?;
    }
    recording.run().await
}

async fn tell(server: &SudoServer, told: &Told) -> Result<(), Fault> {
    let (session, _) = launch(server, &told.facts, told.at).await?;
    let log = Arc::clone(&server.app.log);
    let mut stream = Stream::of(log, session.id(), StreamVersion(0));
    Ok(stream.append(told.events()?).await?)
}

async fn resume<S: AsyncRead + AsyncWrite + Unpin>(
    server: &SudoServer,
    wire: &mut Wire<S>,
    restarted: &Restarted,
) -> Result<Option<ServerEvent>, Fault> {
    let log = &server.app.log;
    // Before anybody is sent away: only who has the key may do that.
    history::stored(&**log, restarted).await??;
    let id = restarted.session;
    let mut seat = server.seats.take(id).await.ok_or(Fault::Busy)?;
    let (stored, next) = history::stored(&**log, restarted)
        .await?
        .inspect_err(|cannot| match cannot {
            CannotResume::NoSuchLog | CannotResume::NoSuchPoint(_) => {}
            CannotResume::Terminated | CannotResume::Ended => seat.set_ended(),
        })?;
    let session = server.app.control.launched(id).await?;
    let session = session.ok_or(CannotResume::NoSuchLog)?;
    if stored.is_complete {
        seat.set_ended();
    }
    let settings = server.app.ingest.policy(&server.app.settings).await?;
    let policy = session.recent_control().await?.in_force(&settings);
    let recorder = Recorder::resume(&stored, policy.record_keys, &server.node);
    let stream = Stream::of(Arc::clone(log), id, next);
    let mut recording = Recording::new(server, wire, seat, session, stream, recorder);
    recording.set_expects_commits(true);
    // The recording is this connection's from here on: who was before cannot append any more.
    recording.cut().await?;
    recording.run().await
}
