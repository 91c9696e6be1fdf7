//! The log server that sudo records to: `log_servers` of `sudoers(5)`. `docs/sudo.md` tells what
//! becomes what; the protocol itself is [`retrace_ingest::sudo_logsrv`].
//!
//! | module | holds |
//! |---|---|
//! | `listener` | accepting connections: how many, how long they may be silent |
//! | `tls` | certificates |
//! | `wire` | messages over a connection, within limits of size and time |
//! | `connection` | one connection from its hello on: what it is for |
//! | `launch` | a session in its control stream; whether its recording can be promised |
//! | `recording` | a command while it runs: messages in, commit points and orders out |
//! | `append` | pieces of a recording into the log |
//! | `seats` | who holds the connection of which session; which sessions have lost theirs |
//! | `lost` | ending sessions that nobody came back for |
//!
//! Promises:
//! - a client is told a commit point only for what stands in the log;
//! - a message stands in the log once, however often connections break and servers are started anew;
//! - a client that is too fast is read from more slowly, and nothing of it is dropped;
//! - when a recording cannot go on, the client is told an error and hung up on, which ends the
//!   command unless its administrator had sudo ignore that;
//! - whatever anybody sends, memory is bounded: by the number of connections, and for large messages by
//!   [`LARGE_BYTES`] together.

mod append;
mod connection;
mod launch;
mod listener;
mod lost;
mod recording;
mod seats;
mod tls;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use self::seats::Seats;
use super::App;
pub use listener::serve;
pub use lost::end_lost_sessions;
pub use tls::{TlsError, TlsFiles};

/// So many connections are served at once. Each command that sudo runs holds one, so this is the
/// number of commands; a process has a limit on open files as well, which may be lower.
const CONNECTIONS_MAX: usize = 8_192;
/// Bytes of messages larger than [`wire::SMALL_BYTES`] that may be on their way in at once, of all
/// connections together.
const LARGE_BYTES: usize = 64 << 20;
/// How long a client may take for its first message, and for the handshake of TLS before it. sudo
/// sends it at once.
const OPENS_WITHIN: Duration = Duration::from_secs(30);

/// What the connections share.
pub struct SudoServer {
    app: App,
    node: String,
    seats: Arc<Seats>,
    connections: Arc<Semaphore>,
    large: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl SudoServer {
    /// A log server of the node of that name, until `stopping` says so.
    pub fn new(app: App, node: String, stopping: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            app,
            node,
            seats: Arc::default(),
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            large: Arc::new(Semaphore::new(LARGE_BYTES)),
            stopping,
        })
    }
}
