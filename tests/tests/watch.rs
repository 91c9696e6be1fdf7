//! `retrace import --watch`: a recording that guacd is still writing is a live session, through kills and restarts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use retrace_tests::{PATIENCE, Retrace};
use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::{Value, json};

/// A dump of the tests of another crate: 76 s of a shell over SSH.
fn dump() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../media/tests/data/ssh-ops.guac");
    fs::read(path).unwrap()
}

/// A running watcher, killed when the test ends.
struct Watcher {
    child: Child,
    lines: Receiver<Value>,
    said: Vec<Value>,
}

impl Watcher {
    fn start(retrace: &Retrace, folder: &Path, idle: &str) -> Self {
        let folder = folder.to_str().unwrap();
        let arguments = [
            "import", "--json", "--watch", "--idle", idle, "--user", "mara", folder,
        ];
        let mut child = retrace
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Waits for what is said of a file, if it was not said before.
    fn until(&mut self, outcome: &str, name: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let is_it = |line: &Value| {
            line["outcome"] == json!(outcome) && line["file"].as_str().unwrap().ends_with(name)
        };
        loop {
            if let Some(line) = self.said.iter().find(|line| is_it(line)) {
                return line.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let said = &mut self.said;
            said.push(line.unwrap_or_else(|_| panic!("`{outcome}` of `{name}`")));
        }
    }

    fn terminate(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("it did not stop");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes a file as guacd does: a little now and a little then.
fn write_slowly(path: PathBuf, content: Vec<u8>) -> thread::JoinHandle<()> {
    let mut file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(path)
        .unwrap();
    thread::spawn(move || {
        for piece in content.chunks(7_919) {
            file.write_all(piece).unwrap();
            thread::sleep(Duration::from_millis(150));
        }
    })
}

fn texts(events: &[Value], session: &Value) -> String {
    let of_session = |event: &&Value| {
        event["stream"]
            .as_str()
            .unwrap()
            .contains(session.as_str().unwrap())
    };
    let typed = events
        .iter()
        .filter(of_session)
        .filter(|event| event["type"] == json!("keys.typed"));
    typed
        .map(|event| event["data"]["text"].as_str().unwrap())
        .collect()
}

#[test]
fn a_session_that_is_being_written_arrives_once_and_whole_through_kills_and_restarts() {
    let retrace = Retrace::new();
    let folder = retrace.scratch().join("recordings");
    fs::create_dir(&folder).unwrap();
    let dump = dump();
    let writing = write_slowly(folder.join("ssh-live"), dump.clone());

    let mut first = Watcher::start(&retrace, &folder, "3s");
    let live = first.until("live", "ssh-live");
    thread::sleep(Duration::from_millis(1_200));
    // Killed in the middle of whatever it does.
    drop(first);
    let mut second = Watcher::start(&retrace, &folder, "3s");
    assert_eq!(second.until("live", "ssh-live")["session"], live["session"]);
    thread::sleep(Duration::from_millis(1_500));
    second.terminate();
    writing.join().unwrap();
    let cast = "{\"version\": 2, \"width\": 80, \"height\": 24}\n[0.5, \"o\", \"hello\\r\\n\"]\n";
    fs::write(folder.join("done.cast"), cast).unwrap();
    let mut third = Watcher::start(&retrace, &folder, "3s");
    assert_eq!(third.until("ended", "ssh-live")["session"], live["session"]);
    third.until("imported", "done.cast");
    third.terminate();

    // The finished file is the same session, and all of it is there.
    let file = folder.join("ssh-live");
    let lines = retrace.json_lines(&["import", "--json", file.to_str().unwrap()]);
    assert_eq!(
        (&lines[0]["outcome"], &lines[0]["session"]),
        (&json!("already"), &live["session"])
    );
    let events = retrace.log_content();
    let session = live["session"].as_str().unwrap();
    let of_session: Vec<&Value> = events
        .iter()
        .filter(|event| event["stream"].as_str().unwrap().contains(session))
        .collect();
    let bytes: u64 = of_session
        .iter()
        .filter(|event| event["type"] == json!("frames.captured"))
        .map(|event| event["data"]["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(bytes, dump.len() as u64);
    let frames = |event: &&&Value| event["type"] == json!("frames.captured");
    assert!(of_session.iter().filter(frames).count() > 3);
    let live_text = texts(&events, &live["session"]);
    assert!(
        live_text.contains("echo change cobaltreed-3371 start\r"),
        "{live_text}"
    );
    assert!(
        live_text.contains("clear; echo END hollyspar-9046 complete\r"),
        "{live_text}"
    );

    // What another log gets of the finished file in one go says the same.
    let other = Retrace::new();
    let lines = other.json_lines(&["import", "--json", file.to_str().unwrap()]);
    assert_eq!(lines[0]["session"], live["session"]);
    assert_eq!(texts(&other.log_content(), &live["session"]), live_text);
    assert!(retrace.run(&["verify"]).status.success());
}

#[test]
fn a_session_ends_when_its_writer_lets_go_of_the_file_however_long_nothing_was_written() {
    let retrace = Retrace::new();
    let folder = retrace.scratch().join("recordings");
    fs::create_dir(&folder).unwrap();
    let dump = dump();
    let mut file = fs::File::create(folder.join("ssh-locked")).unwrap();
    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    file.write_all(&dump[..200_000]).unwrap();
    let mut watcher = Watcher::start(&retrace, &folder, "2s");
    let live = watcher.until("live", "ssh-locked");
    // Longer than what would be the end without the lock.
    thread::sleep(Duration::from_secs(4));
    assert!(watcher.lines.try_recv().is_err());
    file.write_all(&dump[200_000..]).unwrap();
    drop(file);
    let ended = Instant::now();
    assert_eq!(
        watcher.until("ended", "ssh-locked")["session"],
        live["session"]
    );
    assert!(ended.elapsed() < Duration::from_secs(20));
    watcher.terminate();
    assert!(texts(&retrace.log_content(), &live["session"]).contains("END hollyspar-9046"));
}

#[test]
fn only_folders_are_watched() {
    let retrace = Retrace::new();
    let output = retrace.run(&["import", "--watch", "/dev/null"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("only folders can be watched"));
}
