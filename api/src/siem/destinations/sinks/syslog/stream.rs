//! A connection to a receiver of syslog, plain or over TLS. Somebody always reads from it, only to see that it ends.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::siem::destinations::sinks::{CONNECT_WITHIN, SinkError, TAKEN_WITHIN, tls};

pub(super) struct Connection {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    /// Why it ended, once it has.
    ended: watch::Receiver<Option<String>>,
    reading: JoinHandle<()>,
}

impl Connection {
    pub(super) async fn open(
        host: &str,
        port: u16,
        tls: bool,
        ca: Option<&str>,
    ) -> Result<Self, SinkError> {
        let connected = timeout(CONNECT_WITHIN, TcpStream::connect((host, port))).await;
        let connected = connected.map_err(|_| SinkError::away("it did not answer in time"))?;
        let stream =
            connected.map_err(|error| SinkError::away(format!("it cannot be reached: {error}")))?;
        // Frames are written together: nothing is gained by waiting for more.
        let _ = stream.set_nodelay(true);
        if !tls {
            let (reader, writer) = stream.into_split();
            return Ok(Self::of(reader, Box::new(writer)));
        }
        let (reader, writer) = tokio::io::split(tls::begin(stream, host, ca).await?);
        Ok(Self::of(reader, Box::new(writer)))
    }

    fn of(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: Box<dyn AsyncWrite + Send + Unpin>,
    ) -> Self {
        let (end, ended) = watch::channel(None);
        let reading = tokio::spawn(read_to_end(reader, end));
        Self {
            writer,
            ended,
            reading,
        }
    }

    /// Writes bytes, all of them.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if let Some(why) = self.ended.borrow().clone() {
            return Err(SinkError::away(why));
        }
        let writing = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        let written = timeout(TAKEN_WITHIN, writing).await;
        let written = written.map_err(|_| SinkError::away("it stopped to read"))?;
        written.map_err(|error| SinkError::away(format!("the connection broke: {error}")))
    }

    /// Ends when the connection has, and says why.
    pub(super) async fn broken(&mut self) -> String {
        let ended = self.ended.wait_for(Option::is_some).await;
        let why = ended.ok().and_then(|why| why.clone());
        why.unwrap_or_else(|| "the connection broke".to_owned())
    }

    /// Says that nothing follows, and waits until the other side says so too: then it has read everything.
    pub(super) async fn close(&mut self) -> bool {
        let closing = async {
            // Over TLS this sends close_notify, without which receivers report an error.
            if self.writer.shutdown().await.is_err() {
                return false;
            }
            let ended = self.ended.wait_for(Option::is_some).await;
            ended.is_ok_and(|why| why.as_deref() == Some(CLOSED))
        };
        timeout(CONNECT_WITHIN / 4, closing).await.unwrap_or(false)
    }
}

const CLOSED: &str = "the receiver closed the connection";

impl Drop for Connection {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

async fn read_to_end(
    mut reader: impl AsyncRead + Send + Unpin,
    end: watch::Sender<Option<String>>,
) {
    let mut buffer = [0; 512];
    let why = loop {
        match reader.read(&mut buffer).await {
            Ok(0) => break CLOSED.to_owned(),
            // Receivers have nothing to say.
            Ok(_) => {}
            Err(error) => break format!("the connection broke: {error}"),
        }
    };
    end.send_replace(Some(why));
}
