//! Messages over a connection, within limits of size and time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use retrace_ingest::sudo_logsrv::ProtocolError;
use retrace_ingest::sudo_logsrv::frame::{Frames, to_bytes};
use retrace_ingest::sudo_logsrv::messages::{ClientEvent, ServerEvent};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// So much is read at once. sudo sends what a terminal shows in pieces of a few KiB.
const READ_BYTES: usize = 16 << 10;
/// A message that misses more than this is large: there is room for few of them at once.
pub(super) const SMALL_BYTES: usize = 64 << 10;
/// A message that has begun must be there after this time, and a large one at this pace.
const MESSAGE_WITHIN: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND_MIN: usize = 32 << 10;
/// So much is read ahead while the log is waited for. What lies in the system's own buffer is lost
/// when a client is killed, what was read is recorded.
const AHEAD_BYTES: usize = 64 << 10;
/// How long a client may leave what it is told unread.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// How long, and how much, is read of a client after it was told to end. Hanging up on bytes that
/// were not read would break the connection before the client has heard why.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 16 << 20;

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("a message did not come to its end in time")]
    TooSlow,
    #[error("the connection broke within a message")]
    CutOff,
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
}

/// A connection to a client.
pub(super) struct Wire<S> {
    stream: S,
    frames: Frames,
    buffer: Box<[u8]>,
    large: Arc<Semaphore>,
    within: Duration,
    /// Its share of the room for large messages.
    room: Option<OwnedSemaphorePermit>,
    /// When the message that has begun must be there.
    due: Option<Instant>,
    /// Nothing more will come, and why, if not because the client hung up.
    over: Option<Option<io::Error>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S, large: Arc<Semaphore>) -> Self {
        Self {
            stream,
            frames: Frames::default(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            large,
            within: MESSAGE_WITHIN,
            room: None,
            due: None,
            over: None,
        }
    }

    /// The next message. `None` when the client has hung up between two. Nothing is lost when this
    /// is dropped before it answers.
    pub(super) async fn next(&mut self) -> Result<Option<ClientEvent>, WireError> {
        loop {
            if let Some(message) = self.frames.next_message()? {
                self.room = None;
                self.due = None;
                return Ok(Some(message));
            }
            if let Some(why) = self.over.take() {
                self.over = Some(None);
                return match why {
                    Some(error) => Err(error.into()),
                    None if self.frames.has_begun() => Err(WireError::CutOff),
                    None => Ok(None),
                };
            }
            let missing = self.frames.missing();
            if self.room.is_none() && missing > SMALL_BYTES {
                let units = u32::try_from(missing).unwrap_or(u32::MAX);
                let room = Arc::clone(&self.large).acquire_many_owned(units).await;
                self.room = room.ok();
                self.due = None;
            }
            let read = self.stream.read(&mut self.buffer);
            let read = if self.frames.has_begun() {
                let paid = Duration::from_secs((missing / BYTES_PER_SECOND_MIN) as u64);
                let due = *self
                    .due
                    .get_or_insert_with(|| Instant::now() + self.within + paid);
                timeout_at(due, read)
                    .await
                    .map_err(|_| WireError::TooSlow)?
            } else {
                read.await
            };
            self.keep(read);
        }
    }

    /// Does something else, and meanwhile goes on reading what the client sends.
    pub(super) async fn reading_on<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        while self.over.is_none() && self.frames.waiting_bytes() < AHEAD_BYTES {
            tokio::select! {
                biased;
                done = &mut work => return done,
                read = self.stream.read(&mut self.buffer) => self.keep(read),
            }
        }
        work.await
    }

    fn keep(&mut self, read: io::Result<usize>) {
        match read {
            Ok(0) => self.over = Some(None),
            Ok(read) => self.frames.push(&self.buffer[..read]),
            Err(error) => self.over = Some(Some(error)),
        }
    }

    /// Forgets that a message is late: nothing was read for a while.
    pub(super) fn forgive(&mut self) {
        self.due = None;
    }

    /// Tells the client something.
    pub(super) async fn send(&mut self, event: ServerEvent) -> Result<(), WireError> {
        let bytes = to_bytes(event);
        let sent = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        match timeout(SENT_WITHIN, sent).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(WireError::TooSlow),
        }
    }

    /// Tells the client the last thing, and hangs up once it has had the time to hear it.
    pub(super) async fn say_last(mut self, event: Option<ServerEvent>) {
        let closed = async {
            if let Some(event) = event {
                self.send(event).await?;
            }
            self.stream.shutdown().await?;
            let mut unread = 0;
            while unread < LINGER_BYTES {
                match self.stream.read(&mut self.buffer).await? {
                    0 => break,
                    read => unread += read,
                }
            }
            Ok::<_, WireError>(())
        };
        // Whatever goes wrong now, the connection is over.
        let _ = timeout(LINGER, closed).await;
    }
}

#[cfg(test)]
mod tests {
    use retrace_ingest::sudo_logsrv::frame::client_to_bytes;
    use retrace_ingest::sudo_logsrv::messages::{IoBuffer, TimeSpec};

    use super::*;

    fn output(bytes: usize) -> ClientEvent {
        ClientEvent::TtyOut(IoBuffer {
            delay: Some(TimeSpec::default()),
            data: vec![b'x'; bytes],
        })
    }

    #[tokio::test]
    async fn large_messages_share_room_and_slow_ones_are_hung_up_on() {
        let large = Arc::new(Semaphore::new(2 << 20));
        let (mut client, server) = tokio::io::duplex(4 << 20);
        let mut wire = Wire::new(server, Arc::clone(&large));
        let message = client_to_bytes(output(1 << 20));
        client.write_all(&message[..1_000]).await.unwrap();
        // Dropped while it waits: what was read is kept.
        let waited = timeout(Duration::from_millis(20), wire.next()).await;
        assert!(waited.is_err());
        assert!(large.available_permits() < (1 << 20) + 1_000);
        client.write_all(&message[1_000..]).await.unwrap();
        assert_eq!(wire.next().await.unwrap(), Some(output(1 << 20)));
        assert_eq!(large.available_permits(), 2 << 20);

        wire.within = Duration::from_millis(20);
        let message = client_to_bytes(output(100));
        client.write_all(&message[..10]).await.unwrap();
        assert!(matches!(wire.next().await, Err(WireError::TooSlow)));
    }

    #[tokio::test]
    async fn what_is_sent_while_something_else_is_done_is_read() {
        let (mut client, server) = tokio::io::duplex(200);
        let mut wire = Wire::new(server, Arc::new(Semaphore::new(0)));
        let sent = async {
            for _ in 0..100 {
                client
                    .write_all(&client_to_bytes(output(100)))
                    .await
                    .unwrap();
            }
            client
        };
        let client = wire.reading_on(sent).await;
        drop(client);
        for _ in 0..100 {
            assert_eq!(wire.next().await.unwrap(), Some(output(100)));
        }
        assert!(matches!(wire.next().await, Ok(None)));
        assert!(matches!(wire.next().await, Ok(None)));
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_within_a_message_is_told_apart() {
        let large = Arc::new(Semaphore::new(0));
        for (bytes, is_clean) in [(0, true), (3, false), (20, false)] {
            let (mut client, server) = tokio::io::duplex(1_000);
            let mut wire = Wire::new(server, Arc::clone(&large));
            let message = client_to_bytes(output(100));
            client.write_all(&message[..bytes]).await.unwrap();
            drop(client);
            let end = wire.next().await;
            assert_eq!(matches!(end, Ok(None)), is_clean, "{bytes}: {end:?}");
        }
    }
}
