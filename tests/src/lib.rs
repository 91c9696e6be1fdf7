//! What the black-box tests share: the real binary, in a data folder of its own, run as a person
//! would run it.
//!
//! The binary is the one that `cargo build -p retrace-api` made for the same profile, or the one
//! that `RETRACE_BIN` names.

pub mod crash;
pub mod live;
pub mod nodes;
pub mod oidc;
pub mod person;
pub mod receivers;
pub mod sudo;
pub mod upload;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The binary under test.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("RETRACE_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("a test has a path");
    // target/debug/deps/test-1234 → target/debug/retrace
    let path = test
        .ancestors()
        .nth(2)
        .expect("tests run in a target folder")
        .join("retrace");
    assert!(
        path.exists(),
        "{} is missing: run `cargo build -p retrace-api`",
        path.display()
    );
    path
}

/// The recordings that stand in the repository.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

/// A data folder with nothing in it yet.
pub struct Retrace {
    dir: tempfile::TempDir,
}

impl Default for Retrace {
    fn default() -> Self {
        Self::new()
    }
}

impl Retrace {
    /// A fresh data folder.
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A fresh data folder with the sample recordings in it.
    pub fn with_samples() -> Self {
        let retrace = Self::new();
        let samples = samples();
        retrace.succeed(&["import", samples.to_str().expect("a path in UTF-8")]);
        retrace
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A place for other files, that is removed with the data.
    pub fn scratch(&self) -> &Path {
        self.dir.path()
    }

    /// A command on the data folder, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env("RETRACE_DATA", self.data())
            .env_remove("RETRACE_LISTEN");
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Runs a command that must succeed, and answers what it printed.
    pub fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output.stdout)
    }

    /// The lines of JSON that a command prints.
    pub fn json_lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(arguments);
        text(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    /// All events of the log, without what differs from one import to the next: when they were
    /// taken in, and their salts.
    pub fn log_content(&self) -> Vec<Value> {
        self.serve().log_content(&self.token())
    }

    /// A new token.
    pub fn token(&self) -> String {
        self.succeed(&["token", "create", "--name", "tests"])
            .trim()
            .to_owned()
    }

    /// A new token of a recorder.
    pub fn recorder_token(&self) -> String {
        self.succeed(&[
            "token", "create", "--name", "recorder", "--role", "recorder",
        ])
        .trim()
        .to_owned()
    }

    /// Changes a setting, in a process of its own, and waits until a server has heard of it.
    pub fn set(&self, setting: &str, value: &str) {
        self.succeed(&["settings", "set", setting, value]);
        heard();
    }

    /// Starts the server on a free port, and waits until it listens.
    pub fn serve(&self) -> Server {
        self.serve_at("127.0.0.1:0")
    }

    /// Starts the server on an address, and waits until it listens.
    pub fn serve_at(&self, address: &str) -> Server {
        self.serve_by(self.command(&["serve", "--listen", address]))
    }

    /// Starts the server by this command, and waits until it listens.
    pub fn serve_by(&self, mut command: Command) -> Server {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        lines
            .read_line(&mut line)
            .expect("the server says where it listens");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .expect("its address")
            .to_owned();
        Server {
            child,
            url,
            client: Client::new(),
        }
    }
}

/// Waits for something, and answers it. Until it is there, `look` says what is there instead.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) => assert!(
                start.elapsed() < PATIENCE,
                "{what} does not come: {instead}"
            ),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until something is so.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || {
        if is_so() {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    });
}

/// Waits until a server has heard of what another process appended.
pub fn heard() {
    std::thread::sleep(Duration::from_millis(250));
}

/// A running server, killed when the test ends.
pub struct Server {
    child: Child,
    url: String,
    client: Client,
}

impl Server {
    /// Its address: `http://…`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request to a path, without a token.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client
            .get(format!("{}{path}", self.url))
            .timeout(PATIENCE)
    }

    /// A request that sends something to a path, without a token.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .timeout(PATIENCE)
    }

    /// A request of any method to a path, without a token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.client
            .request(method, format!("{}{path}", self.url))
            .timeout(PATIENCE)
    }

    /// Where it listens: host and port.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The most memory that it has had, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
        1024 * kib.and_then(|kib| kib.parse::<u64>().ok()).expect("a size")
    }

    /// All events of the log, without what differs from one import to the next: when they were
    /// taken in, and their salts; and without what is written down about reading them. Nothing is masked.
    pub fn log_content(&self, token: &str) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), Value::Null);
        loop {
            let query = "query($after: Position) { events(after: $after, first: 1000) {
                nodes { stream version type at data }
                pageInfo { hasNextPage endCursor } } }";
            let request = self
                .post("/graphql")
                .bearer_auth(token)
                .header("Retrace-Reveal", "a test of what is kept")
                .json(&json!({"query": query, "variables": {"after": after}}));
            let answer: Value = request
                .send()
                .and_then(Response::json)
                .expect("an answer in JSON");
            let page = &answer["data"]["events"];
            let nodes = page["nodes"].as_array().expect("events").iter();
            events.extend(nodes.filter(|event| !tells_of_reading(event)).cloned());
            if page["pageInfo"]["hasNextPage"] != json!(true) {
                return events;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// Asks a question of the API.
    pub fn graphql(&self, token: &str, query: &str, variables: &Value) -> Value {
        let request = json!({ "query": query, "variables": variables });
        let response = self
            .post("/graphql")
            .bearer_auth(token)
            .json(&request)
            .send();
        response
            .expect("an answer")
            .json()
            .expect("an answer in JSON")
    }

    /// Waits until all read models have applied the whole log.
    pub fn wait_until_caught_up(&self) {
        let start = Instant::now();
        loop {
            let ready: Value = self
                .get("/readyz")
                .send()
                .and_then(Response::json)
                .expect("it is ready");
            let models = ready["projections"].as_array().expect("read models");
            if models
                .iter()
                .all(|model| model["checkpoint"] == model["logSize"])
            {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the read models do not catch up: {ready}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends SIGTERM, and waits for the end.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("the server ends")
    }
}

impl Server {
    /// Ends it as a crash does.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("the server ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that must be UTF-8.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// All that a response says.
pub fn body(response: Response) -> String {
    let mut body = String::new();
    let mut response = response;
    response.read_to_string(&mut body).expect("a body in UTF-8");
    body
}

/// A recording of `seconds` seconds that writes a line each tenth of a second.
pub fn long_recording(seconds: u32) -> String {
    let mut cast = String::from(
        "{\"version\": 2, \"width\": 80, \"height\": 24, \"timestamp\": 1795214559}\n",
    );
    for tenth in 0..seconds * 10 {
        let (whole, part) = (tenth / 10, tenth % 10);
        cast.push_str(&format!(
            "[{whole}.{part}, \"o\", \"line {tenth} of a long recording {}\\r\\n\"]\n",
            tenth.wrapping_mul(2_654_435_761)
        ));
    }
    cast
}

/// Whether an event tells of somebody who read the log.
fn tells_of_reading(event: &Value) -> bool {
    event["stream"] == "access/log" || event["type"] == "redaction.revealed"
}
