//! A round: clients append, something fails again and again, and then the log is held against what
//! they sent and what they were told.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use reqwest::blocking::{Client as Http, Response};
use retrace_scratch_postgres::PostgresServer;
use serde_json::{Value, json};

use super::Broken;
use super::client::{self, Orders, Told};
use super::http::{Connection, Message};
use super::model::{Heads, Stream, check};
use super::node::{Node, SmallDisk};
use super::proof::{Head, LogKey};
use super::proxy::{Done, Proxy};
use super::rng::Rng;
use crate::PATIENCE;

/// How many leaves the server gives out at once.
const BUNDLE: u64 = 256;
/// So long a fault waits for clients that get on.
const LOAD_WITHIN: Duration = Duration::from_secs(10);
/// After a crash PostgreSQL makes sure that all its files are on the disk: in one go, instead of one
/// by one, which takes seconds. It is as durable as by default.
const PG_SYNC: &str = "recovery_init_sync_method=syncfs";

/// Where the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In a file in the data folder.
    Sqlite,
    /// In a PostgreSQL database.
    Postgres,
}

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The server is killed.
    Server,
    /// The database, or one process of it, is killed; the server stays, and must not need anything.
    Database,
    /// Server and database are killed.
    Both,
    /// The network cuts, delays and repeats.
    Network,
    /// The disk is full for a while.
    Disk,
    /// One of two nodes on one database is killed, while clients change from one to the other.
    Nodes,
    /// The network as above, while servers and database are killed; with PostgreSQL two nodes.
    Everything,
}

impl Store {
    /// What can fail with it.
    pub fn faults(self) -> &'static [Fault] {
        match self {
            Self::Sqlite => &[
                Fault::Server,
                Fault::Network,
                Fault::Disk,
                Fault::Everything,
            ],
            Self::Postgres => &[
                Fault::Server,
                Fault::Database,
                Fault::Both,
                Fault::Network,
                Fault::Nodes,
                Fault::Everything,
            ],
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Server => "server killed",
            Self::Database => "database killed",
            Self::Both => "both killed",
            Self::Network => "bad network",
            Self::Disk => "disk full",
            Self::Nodes => "one of two nodes killed",
            Self::Everything => "network, and all killed",
        })
    }
}

/// What happened in one round, or in many.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// How many rounds.
    pub rounds: u64,
    /// Servers that were killed.
    pub server_kills: u64,
    /// Databases that were killed.
    pub database_kills: u64,
    /// Disks that were filled up.
    pub full_disks: u64,
    /// Connections that were cut.
    pub cuts: u64,
    /// Requests that were delivered twice, or late.
    pub duplicates: u64,
    /// Times that a client had to try again.
    pub retries: u64,
    /// Times that a client was told that the disk is full.
    pub told_full: u64,
    /// Events that were acknowledged, all of which are in the logs.
    pub acknowledged: u64,
    /// Events that were sent and are in the logs, but whose answer was lost.
    pub beyond: u64,
    /// Receipts that were checked when they came, and against the log in the end.
    pub receipts: u64,
    /// The longest that a client tried until something was acknowledged.
    pub longest: Duration,
    /// How long it took.
    pub time: Duration,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.server_kills += other.server_kills;
        self.database_kills += other.database_kills;
        self.full_disks += other.full_disks;
        self.cuts += other.cuts;
        self.duplicates += other.duplicates;
        self.retries += other.retries;
        self.told_full += other.told_full;
        self.acknowledged += other.acknowledged;
        self.beyond += other.beyond;
        self.receipts += other.receipts;
        self.longest = self.longest.max(other.longest);
        self.time += other.time;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rounds,
            server_kills,
            database_kills,
            full_disks,
            told_full,
            cuts,
            duplicates,
            retries,
            acknowledged,
            beyond,
            receipts,
            ..
        } = self;
        write!(
            f,
            "{rounds:>6} {server_kills:>7} {database_kills:>8} {full_disks:>5} {told_full:>9} {cuts:>6} \
             {duplicates:>10} {retries:>8} {acknowledged:>12} {beyond:>10} {receipts:>9} {:>7.1} {:>7.1}",
            self.longest.as_secs_f64(),
            self.time.as_secs_f64()
        )
    }
}

/// The names of what a [`Tally`] prints.
pub const COLUMNS: &str = "rounds servers databases disks told full   cuts duplicates  retries acknowledged \
                           unanswered  receipts longest seconds";

/// What rounds need beside the binary.
pub struct Ground {
    /// For all rounds on PostgreSQL: each has a database of its own in it.
    pub postgres: Option<PostgresServer>,
    /// Whether a small disk could not be mounted.
    pub no_disk: bool,
}

impl Ground {
    /// What rounds on a store need.
    pub fn new(store: Store) -> Self {
        let postgres = (store == Store::Postgres).then(|| {
            PostgresServer::start_with(&[PG_SYNC]).expect("PostgreSQL is installed and starts")
        });
        Self {
            postgres,
            no_disk: false,
        }
    }

    /// Runs a round.
    ///
    /// # Errors
    /// When a promise was not kept.
    pub fn round(&mut self, fault: Fault, seed: u64) -> Result<Tally, Broken> {
        let start = Instant::now();
        let folder = tempfile::tempdir().map_err(|error| failed("a folder", &error))?;
        let database = format!("round_{seed:016x}");
        let url = match &self.postgres {
            Some(postgres) => {
                let url = postgres.create_database(&database);
                Some(url.map_err(|error| failed("a database", &error))?)
            }
            None => None,
        };
        let disk = if fault == Fault::Disk {
            let disk = SmallDisk::mount(folder.path().join("disk"));
            self.no_disk |= disk.is_none();
            disk
        } else {
            None
        };
        let mut round = Round {
            random: Rng::new(seed),
            fault,
            tally: Tally::default(),
            nodes: Vec::new(),
            postgres: self.postgres.as_mut(),
            disk,
        };
        let played = round.play(folder.path(), url.as_deref());
        let Round {
            mut tally, nodes, ..
        } = round;
        let words: Vec<String> = nodes.iter().map(Node::last_words).collect();
        drop(nodes);
        played.map_err(|broken| {
            Broken::new(format!("{broken}\nThe server said:\n{}", words.join("\n")))
        })?;
        if let Some(postgres) = &self.postgres {
            let dropped = postgres.drop_database(&database);
            dropped.map_err(|error| failed("dropping the database", &error))?;
        }
        (tally.rounds, tally.time) = (1, start.elapsed());
        Ok(tally)
    }
}

fn failed(what: &str, error: &dyn fmt::Display) -> Broken {
    Broken::new(format!("the test cannot go on: {what}: {error}"))
}

struct Round<'a> {
    random: Rng,
    fault: Fault,
    tally: Tally,
    nodes: Vec<Node>,
    postgres: Option<&'a mut PostgresServer>,
    disk: Option<SmallDisk>,
}

/// What is known of a log before the first client comes.
struct Facts {
    key: LogKey,
    recorder: String,
    admin: String,
}

impl Round<'_> {
    fn play(&mut self, folder: &Path, url: Option<&str>) -> Result<(), Broken> {
        let facts = self.set_up(folder, url)?;
        let done = Arc::new(Done::default());
        let proxies = self.proxies(&done)?;
        let ways: Vec<SocketAddr> = if proxies.is_empty() {
            self.nodes.iter().map(Node::address).collect()
        } else {
            proxies.iter().map(Proxy::address).collect()
        };
        let (enough, progress) = (AtomicBool::new(false), AtomicU64::new(0));
        let orders: Vec<Orders<'_>> = (0..self.random.between(3, 5))
            .map(|_| Orders {
                seed: self.random.next(),
                session: session_id(&mut self.random),
                ways: ways.clone(),
                recorder: &facts.recorder,
                key: &facts.key,
                progress: &progress,
                enough: &enough,
            })
            .collect();
        let nodes: Vec<SocketAddr> = self.nodes.iter().map(Node::address).collect();
        let (played, told, watched) = std::thread::scope(|scope| {
            let clients: Vec<_> = orders
                .iter()
                .map(|orders| scope.spawn(|| client::run(orders)))
                .collect();
            let watcher = scope.spawn(|| watch(&nodes, &facts.key, &enough));
            let played = self.make_trouble(&clients, &progress);
            enough.store(true, Ordering::Relaxed);
            let told: Vec<_> = clients.into_iter().map(ScopedJoinHandle::join).collect();
            (played, told, watcher.join())
        });
        played?;
        // The last late request is delivered before the log is looked at.
        drop(proxies);
        let panicked = |_| Broken::new("a client panicked");
        let mut heads = watched.map_err(panicked)??;
        let mut streams = Vec::new();
        for client in told {
            let told: Told = client.map_err(panicked)??;
            self.tally.retries += told.retries;
            self.tally.told_full += told.full;
            self.tally.longest = self.tally.longest.max(told.longest);
            heads.add(told.heads)?;
            streams.extend(told.streams);
        }
        self.tally.cuts = done.cuts.load(Ordering::Relaxed);
        self.tally.duplicates = done.duplicates.load(Ordering::Relaxed);
        self.check_all(&facts, &streams, &heads)
    }

    fn set_up(&mut self, folder: &Path, url: Option<&str>) -> Result<Facts, Broken> {
        let data = match &self.disk {
            Some(_) => folder.join("disk").join("data"),
            None => folder.join("data"),
        };
        let mut first = Node::new(data, url.map(str::to_owned));
        first.start()?;
        let read = |node: &Node| std::fs::read_to_string(node.data().join("keys/log.pub"));
        let key = read(&first).map_err(|error| failed("the log's key", &error))?;
        let token = |role: &str| {
            let made = first.succeed(&["token", "create", "--name", "crash", "--role", role])?;
            Ok(made.trim().to_owned())
        };
        let facts = Facts {
            key: LogKey::parse(&key)?,
            recorder: token("recorder")?,
            admin: token("admin")?,
        };
        let several = match self.fault {
            Fault::Nodes => true,
            Fault::Everything => url.is_some(),
            _ => false,
        };
        if several {
            let data = folder.join("other");
            copy_keys(first.data(), &data).map_err(|error| failed("copying keys", &error))?;
            let mut second = Node::new(data, url.map(str::to_owned));
            second.start()?;
            self.nodes = vec![first, second];
        } else {
            self.nodes = vec![first];
        }
        Ok(facts)
    }

    fn proxies(&mut self, done: &Arc<Done>) -> Result<Vec<Proxy>, Broken> {
        if !matches!(self.fault, Fault::Network | Fault::Everything) {
            return Ok(Vec::new());
        }
        let random = &mut self.random;
        self.nodes
            .iter()
            .map(|node| {
                let proxy = Proxy::start(node.address(), random.next(), done);
                proxy.map_err(|error| failed("a proxy", &error))
            })
            .collect()
    }

    /// Lets things fail while clients append. Ends early when a client has found something.
    fn make_trouble<T>(
        &mut self,
        clients: &[ScopedJoinHandle<'_, T>],
        progress: &AtomicU64,
    ) -> Result<(), Broken> {
        for _ in 0..self.random.between(1, 3) {
            wait_for_load(progress);
            self.pause(30, 300);
            if clients.iter().any(ScopedJoinHandle::is_finished) {
                return Ok(());
            }
            for node in &mut self.nodes {
                node.check_alive()?;
            }
            match self.fault {
                Fault::Server => {
                    self.kill_node(0);
                    self.pause(0, 50);
                }
                Fault::Database if self.random.percent(40) => self.kill_part_of_database(),
                Fault::Database => self.restart_database()?,
                Fault::Both => {
                    if self.random.percent(50) {
                        self.kill_node(0);
                        self.restart_database()?;
                    } else {
                        self.kill_database()?;
                        self.pause(0, 30);
                        self.kill_node(0);
                        self.restart_database()?;
                    }
                }
                Fault::Network => self.pause(100, 300),
                Fault::Disk => self.fill_disk()?,
                Fault::Nodes => {
                    let which = self.random.next() as usize % self.nodes.len();
                    self.kill_node(which);
                    self.pause(0, 200);
                }
                Fault::Everything => {
                    for which in 0..self.nodes.len() {
                        if self.random.percent(60) {
                            self.kill_node(which);
                        }
                    }
                    if self.postgres.is_some() && self.random.percent(60) {
                        self.restart_database()?;
                    }
                    self.pause(0, 50);
                }
            }
            self.start_nodes()?;
        }
        self.pause(30, 300);
        Ok(())
    }

    fn pause(&mut self, from: u64, to: u64) {
        std::thread::sleep(Duration::from_millis(self.random.between(from, to)));
    }

    fn kill_node(&mut self, which: usize) {
        self.nodes[which].kill();
        self.tally.server_kills += 1;
    }

    fn start_nodes(&mut self) -> Result<(), Broken> {
        for node in &mut self.nodes {
            node.start_if_killed()?;
        }
        Ok(())
    }

    fn kill_database(&mut self) -> Result<(), Broken> {
        if let Some(postgres) = &mut self.postgres {
            let killed = postgres.kill();
            killed.map_err(|error| failed("killing PostgreSQL", &error))?;
            self.tally.database_kills += 1;
        }
        Ok(())
    }

    /// Kills one process of the database: then it ends all others by itself, and recovers.
    fn kill_part_of_database(&mut self) {
        let pid = self.postgres.as_ref().and_then(|postgres| postgres.pid());
        let children = pid.and_then(|pid| {
            let children = format!("/proc/{pid}/task/{pid}/children");
            std::fs::read_to_string(children).ok()
        });
        let children: Vec<&str> = children.iter().flat_map(|c| c.split_whitespace()).collect();
        if !children.is_empty() {
            let child = children[self.random.next() as usize % children.len()];
            let killed = Command::new("kill").args(["-9", child]).status();
            self.tally.database_kills += u64::from(killed.is_ok_and(|killed| killed.success()));
        }
    }

    fn restart_database(&mut self) -> Result<(), Broken> {
        if self.postgres.as_ref().is_some_and(|p| p.pid().is_some()) {
            self.kill_database()?;
        }
        self.pause(0, 100);
        match &mut self.postgres {
            Some(postgres) => postgres
                .restart()
                .map_err(|error| failed("starting PostgreSQL", &error)),
            None => Ok(()),
        }
    }

    fn fill_disk(&mut self) -> Result<(), Broken> {
        let leave = self.random.between(0, 200_000);
        let Some(disk) = &self.disk else {
            return Ok(());
        };
        let filled = disk.fill(leave);
        filled.map_err(|error| failed("filling the disk", &error))?;
        self.tally.full_disks += 1;
        self.pause(50, 400);
        if self.random.percent(30) {
            self.kill_node(0);
        }
        let freed = self.disk.as_ref().map_or(Ok(()), SmallDisk::free);
        freed.map_err(|error| failed("freeing the disk", &error))
    }

    fn check_all(
        &mut self,
        facts: &Facts,
        streams: &[Stream],
        heads: &Heads,
    ) -> Result<(), Broken> {
        for node in &mut self.nodes {
            node.check_alive()?;
        }
        let streams: Vec<&Stream> = streams.iter().collect();
        let reader = Reader::new(facts);
        for node in &self.nodes {
            let found = reader.settled(node, |head, leaves| {
                let found = check(leaves, head, &streams, heads)?;
                let shown = reader.check_read_models(node, head, &found.sessions);
                Ok((found, shown))
            })?;
            self.tally.acknowledged = found.acknowledged;
            self.tally.beyond = found.beyond;
            self.tally.receipts = found.receipts;
        }
        let node = &self.nodes[0];
        let url = format!("http://{}", node.address());
        let key = node.data().join("keys/log.pub");
        let key = key.to_string_lossy();
        // What is stored, and what outsiders are shown.
        for command in [
            ["verify", "--json"].as_slice(),
            &["verify", "--json", "--url", &url, "--key-file", &key],
        ] {
            let said = node.succeed(command)?;
            let said: Value = serde_json::from_str(&said).unwrap_or_default();
            if said["verified"] != json!(true) {
                return Err(Broken::new(format!("{command:?}: {said}")));
            }
        }
        Ok(())
    }
}

/// Waits until something is acknowledged again: a fault while all still wait for the end of the last
/// one shows nothing new. That it ever comes is for the clients to find out.
fn wait_for_load(progress: &AtomicU64) {
    let (start, before) = (Instant::now(), progress.load(Ordering::Relaxed));
    while progress.load(Ordering::Relaxed) == before && start.elapsed() < LOAD_WITHIN {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Keeps the heads that nodes show, which never go back, until it is enough.
fn watch(nodes: &[SocketAddr], key: &LogKey, enough: &AtomicBool) -> Result<Heads, Broken> {
    let mut heads = Heads::default();
    let mut sizes = vec![0; nodes.len()];
    let request = Message::request("GET", "/checkpoint", &[], Vec::new()).bytes();
    while !enough.load(Ordering::Relaxed) {
        for (node, size) in nodes.iter().zip(&mut sizes) {
            let answer = Connection::open(*node).and_then(|mut node| node.ask(&request));
            if let Ok(answer) = answer
                && answer.status() == 200
            {
                let head = key.open(&String::from_utf8_lossy(answer.body()))?;
                if head.size < *size {
                    return Err(Broken::new(format!(
                        "LOST: {node} showed a head of {size} events, and then one of {}",
                        head.size
                    )));
                }
                *size = head.size;
                heads.keep(head)?;
            }
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    Ok(heads)
}

/// Reads logs as an administrator does.
struct Reader<'a> {
    facts: &'a Facts,
    http: Http,
}

impl<'a> Reader<'a> {
    fn new(facts: &'a Facts) -> Self {
        let http = Http::builder().timeout(PATIENCE).no_gzip().build();
        Self {
            facts,
            http: http.expect("a client"),
        }
    }

    /// Checks a node once nobody appends any more: what a client sent and did not wait for may still
    /// be on its way. What is true of a log that goes on growing is the first of the two answers; the
    /// second counts only if it did not grow meanwhile.
    fn settled<T>(
        &self,
        node: &Node,
        check: impl Fn(Head, &[Vec<u8>]) -> Result<(T, Result<(), Broken>), Broken>,
    ) -> Result<T, Broken> {
        loop {
            let head = self.head(node)?;
            let leaves = self.leaves(node, head.size)?;
            let (checked, of_this_size) = check(head, &leaves)?;
            if self.head(node)? == head {
                return of_this_size.map(|()| checked);
            }
        }
    }

    fn head(&self, node: &Node) -> Result<Head, Broken> {
        let note = self.get(node, "/checkpoint")?;
        self.facts.key.open(&String::from_utf8_lossy(&note))
    }

    fn leaves(&self, node: &Node, size: u64) -> Result<Vec<Vec<u8>>, Broken> {
        let mut leaves = Vec::new();
        for index in 0..size.div_ceil(BUNDLE) {
            let width = (size - index * BUNDLE).min(BUNDLE);
            let mut address = if index < 1_000 {
                format!("/tile/entries/{index:03}")
            } else {
                format!("/tile/entries/x{:03}/{:03}", index / 1_000, index % 1_000)
            };
            if width < BUNDLE {
                address.push_str(&format!(".p/{width}"));
            }
            let bundle = self.get(node, &address)?;
            let mut rest = &*bundle;
            while let Some((length, after)) = rest.split_first_chunk() {
                let length = usize::from(u16::from_be_bytes(*length));
                if after.len() < length {
                    return Err(Broken::new(format!("{address} is cut off")));
                }
                let (leaf, after) = after.split_at(length);
                leaves.push(leaf.to_vec());
                rest = after;
            }
            if leaves.len() as u64 != index * BUNDLE + width {
                return Err(Broken::new(format!("{address} has not {width} leaves")));
            }
        }
        Ok(leaves)
    }

    /// The read models must have caught up by themselves, and count the sessions as the log does.
    fn check_read_models(
        &self,
        node: &Node,
        head: Head,
        sessions: &BTreeMap<String, u64>,
    ) -> Result<(), Broken> {
        let start = Instant::now();
        loop {
            let ready = self.get(node, "/readyz")?;
            let ready: Value = serde_json::from_slice(&ready).unwrap_or_default();
            let models = ready["projections"].as_array();
            let caught_up = models.is_some_and(|models| {
                let behind = |model: &Value| model["checkpoint"].as_u64() < Some(head.size);
                !models.is_empty() && !models.iter().any(behind)
            });
            if caught_up {
                break;
            }
            if start.elapsed() > PATIENCE {
                return Err(Broken::new(format!("the read models stay behind: {ready}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let question = "{ sessions(first: 100) { totalCount nodes { id counts { events } } } }";
        let answer = self
            .http
            .post(format!("http://{}/graphql", node.address()))
            .bearer_auth(&self.facts.admin)
            .json(&json!({ "query": question }))
            .send()
            .and_then(Response::json::<Value>);
        let answer = answer.map_err(|error| Broken::new(format!("GraphQL: {error}")))?;
        let shown = &answer["data"]["sessions"];
        let counted: Option<BTreeMap<String, u64>> = shown["nodes"].as_array().and_then(|nodes| {
            nodes
                .iter()
                .map(|node| {
                    let id = node["id"].as_str()?.to_owned();
                    Some((id, node["counts"]["events"].as_u64()?))
                })
                .collect()
        });
        if shown["totalCount"] != json!(sessions.len()) || counted.as_ref() != Some(sessions) {
            return Err(Broken::new(format!(
                "the read models say {answer}, and the log has {sessions:?}"
            )));
        }
        Ok(())
    }

    fn get(&self, node: &Node, path: &str) -> Result<Vec<u8>, Broken> {
        let start = Instant::now();
        loop {
            let answer = self
                .http
                .get(format!("http://{}{path}", node.address()))
                .bearer_auth(&self.facts.admin)
                .send();
            let problem = match answer {
                Ok(answer) if answer.status() == 200 => match answer.bytes() {
                    Ok(bytes) => return Ok(bytes.to_vec()),
                    Err(error) => error.to_string(),
                },
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.to_string(),
            };
            if start.elapsed() > PATIENCE {
                return Err(Broken::new(format!("GET {path}: {problem}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A UUID of version 7.
fn session_id(random: &mut Rng) -> String {
    let (a, b) = (random.next(), random.next());
    format!(
        "01936d2e-{:04x}-7{:03x}-8{:03x}-{:012x}",
        a & 0xffff,
        a >> 16 & 0xfff,
        a >> 28 & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

fn copy_keys(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    // Not file by file: with their modes.
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from.join("keys"))
        .arg(to)
        .status()?;
    if copied.success() {
        Ok(())
    } else {
        Err(io::ErrorKind::Other.into())
    }
}
