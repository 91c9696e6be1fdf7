//! Answers that are written while they are sent: what is kept in memory does not grow with them.

use std::error::Error;
use std::io::{self, Write};

use axum::body::{Body, Bytes};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;

/// How many pieces may wait for a reader that is slow.
const PIECES_AHEAD: usize = 4;
const PIECE_BYTES: usize = 256 << 10;

/// Writes go to the client, in pieces of a sensible size. The last is sent by [`Write::flush`].
pub(super) struct Sending {
    send: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
}

/// A body that is written by a thread of its own; `what` it is stands in the server's log when it breaks off.
pub(super) fn written_by<E: Error + Send + Sync + 'static>(
    what: &'static str,
    write: impl FnOnce(Sending) -> Result<(), E> + Send + 'static,
) -> Body {
    let (send, receive) = mpsc::channel(PIECES_AHEAD);
    spawn_blocking(move || {
        let out = Sending {
            send: send.clone(),
            held: Vec::new(),
        };
        if let Err(error) = write(out) {
            // Whoever waits for the rest sees that it broke off.
            tracing::warn!(%error, what, "an answer broke off");
            let _ = send.blocking_send(Err(io::Error::other(error)));
        }
    });
    Body::from_stream(ReceiverStream::new(receive))
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.held));
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        if piece.is_empty() {
            Ok(())
        } else {
            self.send.blocking_send(Ok(piece)).map_err(gone)
        }
    }
}
