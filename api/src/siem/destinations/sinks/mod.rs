//! The ways to send events.
//!
//! | kind | module | an event is taken once |
//! |---|---|---|
//! | `syslog-udp` | [`syslog`] | it was sent: nobody says that it arrived |
//! | `syslog-tcp`, `syslog-tls` | [`syslog`] | the connection has stood for `hold_s` since, or was closed by both sides |
//! | `hec` | [`hec`] | Splunk says so; with `ack` once it is indexed |
//! | `webhook` | [`webhook`] | the answer is 2xx |
//! | `file` | [`file`] | it is on the disk |
//! | `nats` | [`nats`] | the stream has stored it |
//!
//! Each wait has an end, so that a receiver that says nothing is a failure like any other.

mod file;
mod hec;
mod http;
mod nats;
mod syslog;
mod tls;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use retrace_core::event::EventType;
use retrace_core::{Position, Timestamp};

use super::definition::{Destination, Kind};
use super::secret::{SecretError, SecretSealer};

/// So long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// So long a receiver may take for a batch.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// An event on its way.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where it stands in the log.
    pub position: Position,
    /// Its id, the same whenever it is sent.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// When the server took it in.
    pub recorded_at: Timestamp,
    /// Its type.
    pub kind: EventType,
    /// How grave it is, as OCSF counts.
    pub severity: u8,
    /// Whether a part was left out, since it would be too long.
    pub truncated: bool,
    /// Its line.
    pub line: Vec<u8>,
}

/// Why events were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// Perhaps they are another time. Some may have been taken: they are all sent again.
    #[error("{why}")]
    Away {
        /// What happened.
        why: String,
        /// The receiver said to wait so long.
        wait: Option<Duration>,
    },
    /// One of them at least is refused whenever it is sent.
    #[error("{why}")]
    Refused {
        /// What the receiver said.
        why: String,
    },
}

impl SinkError {
    fn away(why: impl Into<String>) -> Self {
        Self::Away {
            why: why.into(),
            wait: None,
        }
    }
}

/// A way to one destination. Implementations promise:
/// - *bounded*: `send` ends within about a minute, whatever the other side does;
/// - *honest*: after `Ok` the events are taken, at the latest once [`Self::holds`] has passed without an error;
/// - *whole*: what arrives of an event is all of it.
#[async_trait]
pub trait Sink: Send {
    /// Sends events in their order.
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError>;

    /// How long what was sent may still be lost when the connection breaks.
    fn holds(&self) -> Duration {
        Duration::ZERO
    }

    /// Ends when the connection is seen to be broken, and says why.
    async fn broken(&mut self) -> String {
        std::future::pending().await
    }

    /// Ends the connection, and answers whether all that was sent was taken.
    async fn close(&mut self) -> bool {
        self.holds().is_zero()
    }
}

/// What the ways need to know of the server.
#[derive(Debug, Clone)]
pub struct SinkContext {
    /// Opens secrets.
    pub sealer: SecretSealer,
    /// The folder below which files may be written. Nothing, none may.
    pub folder: Option<PathBuf>,
}

/// Opens the way to a destination.
///
/// # Errors
/// When it cannot be reached now.
pub async fn open(
    destination: &Arc<Destination>,
    context: &SinkContext,
) -> Result<Box<dyn Sink>, SinkError> {
    let secret =
        secret_of(destination, context).map_err(|error| SinkError::away(error.to_string()))?;
    Ok(match destination.kind {
        Kind::SyslogUdp | Kind::SyslogTcp | Kind::SyslogTls => {
            Box::new(syslog::Syslog::open(destination).await?)
        }
        Kind::Hec => Box::new(hec::Hec::open(destination, &secret.unwrap_or_default())?),
        Kind::Webhook => Box::new(webhook::Webhook::open(
            destination,
            &secret.unwrap_or_default(),
        )?),
        Kind::File => Box::new(file::FileSink::open(destination, context.folder.clone()).await?),
        Kind::Nats => Box::new(nats::Nats::open(destination, secret).await?),
    })
}

fn secret_of(
    destination: &Destination,
    context: &SinkContext,
) -> Result<Option<String>, SecretError> {
    let Some(sealed) = &destination.sealed else {
        return Ok(None);
    };
    let (name, kind) = (destination.name.as_str(), destination.kind.name());
    let opened = context.sealer.open(name, kind, &destination.target, sealed);
    opened.map(Some)
}
