//! Clients of Retrace: over HTTP, as a recorder uploads, and in process.
//!
//! Each client has its share of the streams, and takes them in turn: a batch goes to one stream, as
//! our protocol has it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, bail};
use retrace_core::event::{EventBatch, EventType};
use retrace_core::log::receipt::{Receipt, SentEvent};
use retrace_core::log::{Append, EventLog};
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion};
use retrace_ingest::protocol::{AppendAnswer, BATCH_MEDIA_TYPE};

use super::events::{Lines, STREAMS, TYPE};
use super::http::Connection;
use super::measure::Client;
use super::scratch::Server;

const SOURCE: &str = "agent";
/// Of so many receipts one is verified: signature, proof, and the leaf put together from what was sent.
const VERIFIED_OF: u64 = 100;

/// A stream to upload to.
pub(super) struct Upload {
    path: String,
    token: String,
    name: StreamName,
    pub(super) next_version: u64,
}

/// How the server took a batch.
pub(super) enum Taken {
    Acknowledged,
    /// It has too much to do, and wants it again after so many seconds.
    NotNow {
        status: u16,
        seconds: u64,
    },
}

pub(super) struct HttpClient {
    connection: Connection,
    uploads: Vec<Upload>,
    turn: usize,
    lines: Lines,
    batch: u64,
    kind: EventType,
    verifier_key: Arc<str>,
    answers: u64,
}

/// Launches the sessions, and makes the clients that share them.
pub(super) async fn http_clients(
    server: &Server,
    clients: usize,
    batch: usize,
) -> anyhow::Result<Vec<HttpClient>> {
    let mut made = Vec::new();
    for client in 0..clients {
        let mut connection = Connection::open(server.address).await?;
        let mut uploads = Vec::new();
        let mut verifier_key = String::new();
        for _ in 0..STREAMS.div_ceil(clients) {
            let launched = server.launch(&mut connection).await?;
            let session = launched.session;
            uploads.push(Upload {
                path: format!("/v1/sessions/{session}/streams/{SOURCE}"),
                token: launched.upload_token,
                name: StreamName::of_session(session, &SourceName::new(SOURCE)?),
                next_version: 0,
            });
            verifier_key = launched.log.verifier_key;
        }
        made.push(HttpClient {
            connection,
            uploads,
            turn: 0,
            lines: Lines::new(client as u64, batch),
            batch: batch as u64,
            kind: EventType::new(TYPE)?,
            verifier_key: verifier_key.into(),
            // So that not all clients verify at once.
            answers: client as u64,
        });
    }
    Ok(made)
}

impl HttpClient {
    /// Makes the next batch.
    pub(super) fn prepare(&mut self) {
        self.turn = (self.turn + 1) % self.uploads.len();
        self.lines.next();
    }

    /// Sends the batch that was made last, and checks the receipt.
    pub(super) async fn upload(&mut self) -> anyhow::Result<Taken> {
        let upload = &mut self.uploads[self.turn];
        let path = format!("{}/events?first={}", upload.path, upload.next_version);
        let answer = self
            .connection
            .ask(
                "POST",
                &path,
                &upload.token,
                BATCH_MEDIA_TYPE,
                self.lines.text(),
            )
            .await?;
        match (answer.status, answer.retry_after) {
            (200, _) => {}
            (status @ (429 | 503), Some(seconds)) => return Ok(Taken::NotNow { status, seconds }),
            (status, _) => {
                let said = String::from_utf8_lossy(answer.body);
                bail!("a batch was answered with {status}: {said}");
            }
        }
        let answer: AppendAnswer = serde_json::from_slice(answer.body)?;
        upload.next_version += self.batch;
        if answer.next_version != StreamVersion(upload.next_version) {
            bail!("the stream goes on at {}", answer.next_version);
        }
        self.answers += 1;
        if self.answers.is_multiple_of(VERIFIED_OF) {
            let (at, data) = self.lines.events().next_back().context("an empty batch")?;
            let sent = SentEvent {
                stream: &upload.name,
                version: StreamVersion(upload.next_version - 1),
                at,
                kind: &self.kind,
                data,
            };
            let receipt = Receipt::check(&answer.receipt, &self.verifier_key, sent)?;
            if receipt.position != answer.position {
                bail!("the receipt is for position {}", receipt.position);
            }
        }
        Ok(Taken::Acknowledged)
    }

    /// Opens another connection, to a server that was started anew.
    pub(super) async fn reconnect(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        self.connection = Connection::open(address).await?;
        Ok(())
    }

    /// Asks where each stream goes on. Fails when that is before what was acknowledged.
    pub(super) async fn check_nothing_lost(&mut self) -> anyhow::Result<()> {
        for upload in &self.uploads {
            let answer = self
                .connection
                .ask("GET", &upload.path, &upload.token, BATCH_MEDIA_TYPE, b"")
                .await?;
            let state: serde_json::Value = serde_json::from_slice(answer.body)?;
            let next = state["nextVersion"].as_u64();
            if next.is_none_or(|next| next < upload.next_version) {
                bail!(
                    "`{}` was acknowledged up to {}, and goes on at {state}",
                    upload.name,
                    upload.next_version
                );
            }
        }
        Ok(())
    }
}

impl Client for HttpClient {
    async fn send(&mut self) -> anyhow::Result<u64> {
        self.prepare();
        match self.upload().await? {
            Taken::Acknowledged => Ok(self.batch),
            Taken::NotNow { status, .. } => bail!("the server is overloaded: {status}"),
        }
    }
}

pub(super) struct InProcess {
    log: Arc<dyn EventLog>,
    streams: Vec<(StreamName, u64)>,
    turn: usize,
    lines: Lines,
    batch: u64,
    kind: EventType,
}

pub(super) fn in_process_clients(
    log: &Arc<dyn EventLog>,
    clients: usize,
    batch: usize,
) -> anyhow::Result<Vec<InProcess>> {
    let source = SourceName::new(SOURCE)?;
    let client = |client: usize| {
        let stream = |_| {
            let name = StreamName::of_session(SessionId::launched_now(), &source);
            (name, 0)
        };
        Ok(InProcess {
            log: Arc::clone(log),
            streams: (0..STREAMS.div_ceil(clients)).map(stream).collect(),
            turn: 0,
            lines: Lines::new(client as u64, batch),
            batch: batch as u64,
            kind: EventType::new(TYPE)?,
        })
    };
    (0..clients).map(client).collect()
}

impl Client for InProcess {
    async fn send(&mut self) -> anyhow::Result<u64> {
        self.lines.next();
        let mut events = EventBatch::new();
        for (at, data) in self.lines.events() {
            events.push_canonical(at, self.kind.clone(), |to| to.extend_from_slice(data))?;
        }
        self.turn = (self.turn + 1) % self.streams.len();
        let (stream, next_version) = &mut self.streams[self.turn];
        let append = Append {
            stream: stream.clone(),
            first_version: StreamVersion(*next_version),
            events,
        };
        let appended = self.log.append(append).await?;
        *next_version += self.batch;
        if appended.new_events != self.batch {
            bail!("{} events are new", appended.new_events);
        }
        Ok(self.batch)
    }
}
