//! NATS JetStream: each event is a message to a subject that a stream of the server keeps; it is taken once the stream says
//! that it has stored it. `Nats-Msg-Id` is the id of the event, by which the stream tells one that comes again.
//!
//! The [protocol](https://docs.nats.io/reference/reference-protocols/nats-protocol) is lines: a message with a header is
//! `HPUB subject reply header-bytes bytes`, and the stream answers to `reply`. What is needed of it is here: the client of
//! NATS for Rust brings a second implementation of certificates, and switches a part of tokio that is made for tests on.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use super::{CONNECT_WITHIN, Outgoing, Sink, SinkError, TAKEN_WITHIN, tls};
use crate::siem::destinations::definition::Destination;

const SUBJECT: &str = "retrace.events";
const PORT: u16 = 4222;
/// A line of the protocol, and an answer of a stream, are not longer.
const LINE_BYTES_MAX: u64 = 64 << 10;

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

pub(super) struct Nats {
    reader: Reader,
    writer: Writer,
    subject: String,
    inbox: String,
    max_payload: usize,
    /// What was sent so far, counted: the number stands in where the answer goes.
    sent: u64,
}

/// What a server says.
enum Said {
    Pong,
    Ping,
    Other,
    /// The answer to a message, by its number.
    Answer {
        number: u64,
        body: Vec<u8>,
    },
}

impl Nats {
    pub(super) async fn open(
        destination: &Arc<Destination>,
        secret: Option<String>,
    ) -> Result<Self, SinkError> {
        let opening = timeout(CONNECT_WITHIN * 2, Self::begin(destination, secret)).await;
        opening.map_err(|_| SinkError::away("it did not answer in time"))?
    }

    async fn begin(destination: &Destination, secret: Option<String>) -> Result<Self, SinkError> {
        let url = Url::parse(&destination.target)
            .map_err(|error| SinkError::away(format!("its address: {error}")))?;
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port().unwrap_or(PORT);
        let mut stream = TcpStream::connect((host, port))
            .await
            .map_err(|error| SinkError::away(format!("it cannot be reached: {error}")))?;
        let _ = stream.set_nodelay(true);
        let info = read_info(&mut stream).await?;
        let (reader, writer): (Reader, Writer) =
            if url.scheme() == "tls" || info["tls_required"] == true {
                let stream = tls::begin(stream, host, destination.ca.as_deref()).await?;
                let (reader, writer) = tokio::io::split(stream);
                (boxed(reader), Box::new(writer))
            } else {
                let (reader, writer) = stream.into_split();
                (boxed(reader), Box::new(writer))
            };
        let max_payload = info["max_payload"].as_u64().unwrap_or(1 << 20);
        let mut nats = Self {
            reader,
            writer,
            subject: destination.text("subject").unwrap_or(SUBJECT).to_owned(),
            inbox: format!("_INBOX.{}", Uuid::new_v4().simple()),
            max_payload: usize::try_from(max_payload).unwrap_or(usize::MAX),
            sent: 0,
        };
        let mut connect = json!({
            "verbose": false, "pedantic": false, "headers": true, "no_responders": true, "lang": "rust",
            "name": "retrace", "version": env!("CARGO_PKG_VERSION"), "protocol": 1,
        });
        match (destination.text("user"), secret) {
            (Some(user), Some(secret)) => {
                connect["user"] = user.into();
                connect["pass"] = secret.into();
            }
            (None, Some(secret)) => connect["auth_token"] = secret.into(),
            (_, None) => {}
        }
        let hello = format!("CONNECT {connect}\r\nSUB {}.* 1\r\nPING\r\n", nats.inbox);
        write(&mut nats.writer, hello.as_bytes()).await?;
        while !matches!(nats.hear().await?, Said::Pong) {}
        Ok(nats)
    }

    async fn hear(&mut self) -> Result<Said, SinkError> {
        hear(&mut self.reader).await
    }

    /// Waits until streams have stored the messages from `first` up to what was sent.
    async fn stored(&mut self, first: u64) -> Result<(), SinkError> {
        let mut waiting = self.sent - first;
        while waiting > 0 {
            match self.hear().await? {
                Said::Ping => write(&mut self.writer, b"PONG\r\n").await?,
                Said::Answer { number, body } if number >= first => {
                    check(&body)?;
                    waiting -= 1;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn boxed(reader: impl AsyncRead + Send + Unpin + 'static) -> Reader {
    Box::new(BufReader::new(reader))
}

/// The first line of a server, read byte by byte: TLS may begin right behind it.
async fn read_info(stream: &mut TcpStream) -> Result<Value, SinkError> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let byte = stream.read_u8().await;
        line.push(byte.map_err(|error| SinkError::away(format!("it said nothing: {error}")))?);
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(SinkError::away("it does not speak the protocol of NATS"));
        }
    }
    let info = line.strip_prefix(b"INFO ");
    let info = info.and_then(|info| serde_json::from_slice(info).ok());
    info.ok_or_else(|| SinkError::away("it does not speak the protocol of NATS"))
}

async fn write(writer: &mut Writer, bytes: &[u8]) -> Result<(), SinkError> {
    let written = match writer.write_all(bytes).await {
        Ok(()) => writer.flush().await,
        failed => failed,
    };
    written.map_err(|error| SinkError::away(format!("the connection broke: {error}")))
}

async fn hear(reader: &mut Reader) -> Result<Said, SinkError> {
    let broke = |error: std::io::Error| SinkError::away(format!("the connection broke: {error}"));
    let mut line = Vec::new();
    let mut limited = reader.take(LINE_BYTES_MAX);
    limited.read_until(b'\n', &mut line).await.map_err(broke)?;
    if !line.ends_with(b"\n") {
        return Err(SinkError::away("the receiver closed the connection"));
    }
    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
    let mut words = line.split_ascii_whitespace();
    match words.next().map(str::to_ascii_uppercase).as_deref() {
        Some("PONG") => return Ok(Said::Pong),
        Some("PING") => return Ok(Said::Ping),
        Some("-ERR") => return Err(SinkError::away(format!("it said {line}"))),
        Some("MSG" | "HMSG") => {}
        _ => return Ok(Said::Other),
    }
    let number = words
        .next()
        .and_then(|subject| subject.rsplit('.').next()?.parse().ok());
    let length = words
        .next_back()
        .and_then(|length| length.parse::<u64>().ok());
    let (Some(number), Some(length)) = (number, length.filter(|it| *it <= LINE_BYTES_MAX)) else {
        return Err(SinkError::away("it does not speak the protocol of NATS"));
    };
    // The body, and its line end.
    let mut body = vec![0; length as usize + 2];
    reader.read_exact(&mut body).await.map_err(broke)?;
    body.truncate(length as usize);
    Ok(Said::Answer { number, body })
}

/// What a stream says of a message: `{"stream": "audit", "seq": 7}`. A header comes when no stream keeps the subject.
fn check(body: &[u8]) -> Result<(), SinkError> {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    if said["stream"].is_string() && said["error"].is_null() {
        return Ok(());
    }
    let why = said["error"]["description"].as_str();
    let why = why.unwrap_or("no stream keeps the subject");
    Err(SinkError::away(why.chars().take(200).collect::<String>()))
}

#[async_trait]
impl Sink for Nats {
    async fn send(&mut self, events: &[Outgoing]) -> Result<(), SinkError> {
        let first = self.sent;
        let mut bytes = Vec::new();
        for event in events {
            if event.line.len() > self.max_payload {
                let why = format!("it takes {} bytes at most", self.max_payload);
                return Err(SinkError::Refused { why });
            }
            let (id, kind) = (&event.id, &event.kind);
            let header = format!("NATS/1.0\r\nNats-Msg-Id: {id}\r\nRetrace-Type: {kind}\r\n\r\n");
            let head = format!(
                "HPUB {} {}.{} {} {}\r\n{header}",
                self.subject,
                self.inbox,
                self.sent,
                header.len(),
                header.len() + event.line.len()
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(&event.line);
            bytes.extend_from_slice(b"\r\n");
            self.sent += 1;
        }
        let sending = async {
            write(&mut self.writer, &bytes).await?;
            self.stored(first).await
        };
        let sent = timeout(TAKEN_WITHIN, sending).await;
        sent.map_err(|_| SinkError::away("no stream has stored the events in time"))?
    }

    async fn close(&mut self) -> bool {
        let _ = timeout(CONNECT_WITHIN / 4, self.writer.shutdown()).await;
        true
    }
}
