//! A recorder that does not give up: it sends batches until they are acknowledged, believes no
//! answer that it has not checked, and notices when the server takes back what it once said.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Broken;
use super::http::{Connection, Message};
use super::model::{Heads, Stream};
use super::proof::LogKey;
use super::rng::Rng;
use crate::PATIENCE;

/// The most events that one client sends, so that a fast machine does not spend its time on checking
/// what a fast server took in.
const EVENTS_MAX: u64 = 4_000;

/// What a client is told.
pub(super) struct Orders<'a> {
    /// Decides what it does.
    pub(super) seed: u64,
    /// Its session.
    pub(super) session: String,
    /// The ways to the server: to each node, or to proxies before them.
    pub(super) ways: Vec<SocketAddr>,
    /// A recorder's token.
    pub(super) recorder: &'a str,
    /// The key of the log.
    pub(super) key: &'a LogKey,
    /// Counts what is acknowledged, of all clients.
    pub(super) progress: &'a AtomicU64,
    /// Set when it may end.
    pub(super) enough: &'a AtomicBool,
}

/// What a client has to tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What it sent.
    pub(super) streams: Vec<Stream>,
    /// The heads that it saw.
    pub(super) heads: Heads,
    /// How often it had to ask again.
    pub(super) retries: u64,
    /// How often it was told that the disk is full.
    pub(super) full: u64,
    /// The longest that it tried until something was acknowledged.
    pub(super) longest: Duration,
}

/// Sends until it is enough.
pub(super) fn run(orders: &Orders<'_>) -> Result<Told, Broken> {
    let mut random = Rng::new(orders.seed);
    let streams = (0..random.between(1, 3))
        .map(|number| {
            let source = ["terminal", "agent", "proxy"][number as usize].to_owned();
            Stream::new(&orders.session, source, random.next())
        })
        .collect();
    let mut client = Client {
        way: 0,
        connection: None,
        token: String::new(),
        told: Told {
            streams,
            ..Told::default()
        },
        random,
        orders,
    };
    client.launch()?;
    while !orders.enough.load(Ordering::Relaxed) {
        client.step()?;
        let pause = client.random.between(0, 6);
        std::thread::sleep(Duration::from_millis(pause));
    }
    client.step()?;
    if client.random.percent(30) {
        client.send_and_go();
    }
    Ok(client.told)
}

struct Client<'a> {
    orders: &'a Orders<'a>,
    random: Rng,
    told: Told,
    token: String,
    /// Which of the ways it takes.
    way: usize,
    connection: Option<Connection>,
}

/// A batch on its way: events `[first, end)` of a stream.
#[derive(Clone, Copy)]
struct Batch {
    stream: usize,
    first: u64,
    end: u64,
}

impl Client<'_> {
    fn launch(&mut self) -> Result<(), Broken> {
        let facts = json!({"session": self.orders.session, "at": "2026-11-21T09:00:00Z",
            "user": "mara", "target": "db1", "launcher": "crash suite"});
        let authorization = format!("Bearer {}", self.orders.recorder);
        let headers = [
            ("authorization", &*authorization),
            ("content-type", "application/json"),
        ];
        let body = facts.to_string().into_bytes();
        let request = Message::request("POST", "/v1/sessions", &headers, body).bytes();
        self.until_done("the launch", |client| {
            let Some(answer) = client.ask(&request) else {
                return Ok(false);
            };
            let (200 | 201, launched) = client.read(&answer)? else {
                return Ok(false);
            };
            launched["uploadToken"]
                .as_str()
                .ok_or_else(|| Broken::new("a launch without an upload token"))?
                .clone_into(&mut client.token);
            Ok(true)
        })
    }

    /// Appends once, in one of the ways in which recorders do, and ends when it is acknowledged.
    fn step(&mut self) -> Result<(), Broken> {
        let stream = self.random.next() as usize % self.told.streams.len();
        let (next, sent) = {
            let stream = &self.told.streams[stream];
            (stream.acknowledged, stream.sent)
        };
        let all: u64 = self.told.streams.iter().map(|s| s.sent).sum();
        let count = match self.random.between(0, 99) {
            _ if all > EVENTS_MAX => 1,
            0 => self.random.between(300, 1_200),
            1..=15 => self.random.between(20, 120),
            _ => self.random.between(1, 12),
        };
        // Beyond what was sent before, so that it does end there.
        let end = (next + count).max(sent);
        let whole = |first, end| Batch { stream, first, end };
        match self.random.between(0, 99) {
            0..=2 if next > 0 => self.contradict(stream, next),
            3..=11 if next > 0 => {
                let back = self.random.between(1, next.min(40));
                self.append(&[whole(next - back, end)])
            }
            12..=15 if next > 0 => {
                let first = self.random.between(0, next - 1);
                let end = self.random.between(first + 1, next.min(first + 300));
                self.append(&[whole(first, end)])
            }
            16..=23 => self.append(&[whole(next, end); 2]),
            24..=29 => {
                let more = end + self.random.between(1, 30);
                self.append(&[whole(next, end), whole(end, more)])
            }
            _ => self.append(&[whole(next, end)]),
        }
    }

    /// Sends batches, all at once, until the last of them is acknowledged.
    fn append(&mut self, batches: &[Batch]) -> Result<(), Broken> {
        let mut batches = batches.to_vec();
        self.until_done("a batch", |client| {
            let requests: Vec<Vec<u8>> = batches.iter().map(|b| client.request(*b)).collect();
            let mut open = true;
            let answers = client.ask_all(&requests);
            for (batch, answer) in batches.iter().zip(&answers) {
                open = !client.take(*batch, answer)?;
            }
            if open && client.random.percent(40) {
                client.resume(batches[0].stream)?;
            }
            if open {
                client.cut_anew(&mut batches);
            }
            Ok(!open)
        })
    }

    /// What is sent again need not be cut as it was: part of it may be there by now, and more may
    /// have been recorded since.
    fn cut_anew(&mut self, batches: &mut Vec<Batch>) {
        let Some(last) = batches.last().copied() else {
            return;
        };
        let next = self.told.streams[last.stream].acknowledged;
        if next < last.end && self.random.percent(30) {
            let (first, mut end) = (next.min(last.first), last.end);
            if self.random.percent(50) {
                end += self.random.between(1, 20);
            }
            *batches = vec![Batch { first, end, ..last }];
        } else if batches.iter().any(|batch| batch.first > next) {
            *batches = vec![Batch {
                first: next.min(last.first),
                ..last
            }];
        }
    }

    /// Sends something else as what was acknowledged: that must never be taken in.
    fn contradict(&mut self, stream: usize, next: u64) -> Result<(), Broken> {
        let version = self.random.between(0, next - 1);
        let other = "{\"at\":\"2026-11-21T09:30:00.000000Z\",\"data\":{\"label\":\"other\"},\
                     \"type\":\"marker.set\"}\n";
        let request = self.post(stream, version, other.as_bytes().to_vec(), false);
        let Some(answer) = self.ask(&request) else {
            return Ok(());
        };
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        match answer.status() {
            409 if body["error"]["code"] == "CONFLICT" => Ok(()),
            429 | 500..=599 => Ok(()),
            status => Err(Broken::new(format!(
                "another event at version {version} of `{}` was answered with {status}: {body}",
                self.told.streams[stream].name
            ))),
        }
    }

    /// Sends a batch, and does not wait to hear what became of it.
    fn send_and_go(&mut self) {
        let (next, sent) = (self.told.streams[0].acknowledged, self.told.streams[0].sent);
        let end = (next + self.random.between(1, 40)).max(sent);
        let request = self.request(Batch {
            stream: 0,
            first: next,
            end,
        });
        if let Ok(mut connection) = Connection::open(self.orders.ways[self.way]) {
            // Nobody waits for it.
            let _ = connection.send(&request);
        }
    }

    /// Asks where a stream goes on.
    fn resume(&mut self, stream: usize) -> Result<(), Broken> {
        let target = format!(
            "/v1/sessions/{}/streams/{}",
            self.orders.session, self.told.streams[stream].source
        );
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", &*authorization)];
        let request = Message::request("GET", &target, &headers, Vec::new()).bytes();
        let Some(answer) = self.ask(&request) else {
            return Ok(());
        };
        if let (200, state) = self.read(&answer)? {
            let next = state["nextVersion"].as_u64();
            let next = next.ok_or_else(|| Broken::new(format!("no `nextVersion`: {state}")))?;
            self.told.streams[stream].goes_on_at(next)?;
            if next > 0 {
                self.check_receipt(stream, next - 1, &state)?;
            }
        }
        Ok(())
    }

    /// Takes the answer to a batch. Answers whether the batch is acknowledged.
    fn take(&mut self, batch: Batch, answer: &Option<Message>) -> Result<bool, Broken> {
        let Some(answer) = answer else {
            return Ok(false);
        };
        let (status, body) = self.read(answer)?;
        if status == 409 {
            let expected = body["error"]["expected"].as_u64();
            if let Some(expected) = expected {
                self.told.streams[batch.stream].goes_on_at(expected)?;
            }
            return Ok(false);
        }
        if status != 200 {
            return Ok(false);
        }
        let next = body["nextVersion"].as_u64().unwrap_or(0);
        if next < batch.end {
            return Err(Broken::new(format!(
                "a batch up to {} was acknowledged up to {next}",
                batch.end
            )));
        }
        self.told.streams[batch.stream].goes_on_at(next)?;
        self.check_receipt(batch.stream, batch.end - 1, &body)?;
        self.orders.progress.fetch_add(1, Ordering::Relaxed);
        Ok(true)
    }

    fn check_receipt(&mut self, stream: usize, version: u64, body: &Value) -> Result<(), Broken> {
        let stream = &mut self.told.streams[stream];
        let text = body["receipt"].as_str().unwrap_or_default();
        let receipt = self
            .orders
            .key
            .check_receipt(text, |position, recorded_at, salt| {
                stream.leaf(version, (position, recorded_at, salt))
            })
            .map_err(|broken| {
                Broken::new(format!("version {version} of `{}`: {broken}", stream.name))
            })?;
        if body["position"].as_u64() != Some(receipt.position) {
            return Err(Broken::new(format!("another position in {body}")));
        }
        stream.keep(version, receipt);
        self.told.heads.keep(receipt.head)
    }

    /// Status and body of an answer. Anything that does not mean `later` or `from elsewhere on`
    /// is wrong: failures may not turn into refusals.
    fn read(&mut self, answer: &Message) -> Result<(u16, Value), Broken> {
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let code = body["error"]["code"].as_str().unwrap_or_default();
        match answer.status() {
            status @ (200 | 201 | 408 | 429 | 500..=599) => {
                self.told.full += u64::from(code == "STORAGE_FULL");
                Ok((status, body))
            }
            409 if code == "GAP" => Ok((409, body)),
            status => Err(Broken::new(format!("{status}: {body}"))),
        }
    }

    fn request(&mut self, batch: Batch) -> Vec<u8> {
        let body = self.told.streams[batch.stream].batch(batch.first, batch.end);
        let packed = self.random.percent(25);
        self.post(batch.stream, batch.first, body, packed)
    }

    fn post(&self, stream: usize, first: u64, body: Vec<u8>, packed: bool) -> Vec<u8> {
        let target = format!(
            "/v1/sessions/{}/streams/{}/events?first={first}",
            self.orders.session, self.told.streams[stream].source
        );
        let authorization = format!("Bearer {}", self.token);
        let mut headers = vec![
            ("authorization", &*authorization),
            ("content-type", "application/x-ndjson"),
        ];
        let mut sent = body;
        if packed && let Ok(smaller) = zstd::bulk::compress(&sent, 1) {
            headers.push(("content-encoding", "zstd"));
            sent = smaller;
        }
        Message::request("POST", &target, &headers, sent).bytes()
    }

    fn ask(&mut self, request: &[u8]) -> Option<Message> {
        self.ask_all(&[request.to_vec()]).pop().flatten()
    }

    /// Sends requests without waiting in between, then reads their answers. What is `None` was
    /// lost, and may or may not have been done.
    fn ask_all(&mut self, requests: &[Vec<u8>]) -> Vec<Option<Message>> {
        if self.orders.ways.len() > 1 && self.random.percent(20) {
            self.take_another_way();
        }
        let mut answers = Vec::new();
        if self.connection.is_none() {
            self.connection = Connection::open(self.orders.ways[self.way]).ok();
        }
        if let Some(connection) = &mut self.connection
            && connection.send(&requests.concat()).is_ok()
        {
            while answers.len() < requests.len()
                && let Ok(Some(answer)) = connection.receive()
            {
                let closes = answer.closes();
                answers.push(Some(answer));
                if closes {
                    break;
                }
            }
        }
        if answers.len() < requests.len() {
            self.take_another_way();
            answers.resize_with(requests.len(), || None);
        }
        answers
    }

    fn take_another_way(&mut self) {
        self.connection = None;
        self.way = (self.way + 1) % self.orders.ways.len();
    }

    /// Tries until it is done, for as long as anybody would.
    fn until_done(
        &mut self,
        what: &str,
        mut attempt: impl FnMut(&mut Self) -> Result<bool, Broken>,
    ) -> Result<(), Broken> {
        let start = Instant::now();
        while !attempt(self)? {
            if start.elapsed() > PATIENCE {
                return Err(Broken::new(format!(
                    "{what} of session {} was not acknowledged within {PATIENCE:?}",
                    self.orders.session
                )));
            }
            self.told.retries += 1;
            let pause = self.random.between(1, 30);
            std::thread::sleep(Duration::from_millis(pause));
        }
        self.told.longest = self.told.longest.max(start.elapsed());
        Ok(())
    }
}
