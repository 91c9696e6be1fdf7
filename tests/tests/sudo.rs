//! sudo records straight into Retrace: what the real sudo of this machine sends arrives once, whole and
//! in order, whatever happens to it, to the server and between them.
//!
//! They need root, for a mount namespace in which sudo has rules and users of its own, and are passed
//! over with a word where that cannot be had.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "what is passed over is said")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use retrace_tests::nodes::Nodes;
use retrace_tests::person::Person;
use retrace_tests::sudo::SudoWorld;
use retrace_tests::{Retrace, Server, text, wait_until};
use serde_json::{Value, json};

/// What an administrator writes to have everything recorded.
const RULES: &str = "ops ALL=(ALL) NOPASSWD: ALL, !/usr/bin/id";
const RECORD: &str = "Defaults log_input, log_output, log_subcmds, log_exit_status";

/// A data folder, the world of a sudo, and the addresses of a server.
struct Site {
    retrace: Retrace,
    world: SudoWorld,
    address: String,
    sudo_address: String,
    token: String,
}

impl Site {
    /// `None` where such a world cannot be had.
    fn new() -> Option<Self> {
        let retrace = Retrace::new();
        let (address, sudo_address) = (free_address(), free_address());
        let rules = format!("{RECORD}\nDefaults log_servers=\"{sudo_address}\"\n{RULES}");
        let world = match SudoWorld::new(&retrace.scratch().join("world"), &rules) {
            Ok(world) => world,
            Err(why) => {
                eprintln!("passed over: {why}");
                return None;
            }
        };
        let token = retrace.token();
        Some(Self {
            retrace,
            world,
            address,
            sudo_address,
            token,
        })
    }

    fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    fn serve_with(&self, more: &[&str]) -> Server {
        let arguments = [
            "serve",
            "--listen",
            &self.address,
            "--sudo-listen",
            &self.sudo_address,
        ];
        self.retrace
            .serve_by(self.retrace.command(&[&arguments[..], more].concat()))
    }

    fn sudo(&self, arguments: &[&str]) -> Output {
        let mut command = self.world.sudo(arguments);
        command.stdin(Stdio::null()).output().unwrap()
    }

    fn person(&self, arguments: &[&str]) -> Person {
        Person::start(self.world.sudo(arguments), 100, 30)
    }

    /// The sessions in the log, oldest first, each checked. All must have ended.
    fn sessions(&self, server: &Server) -> Vec<Session> {
        let sessions = self.sessions_so_far(server);
        for session in &sessions {
            session.check();
        }
        let verified = self.retrace.succeed(&["verify"]);
        assert!(verified.starts_with("verified: "), "{verified}");
        sessions
    }

    fn sessions_so_far(&self, server: &Server) -> Vec<Session> {
        let mut sessions: Vec<Session> = Vec::new();
        for event in server.log_content(&self.token) {
            let stream = event["stream"].as_str().unwrap().to_owned();
            let Some((id, source)) = stream
                .strip_prefix("session/")
                .and_then(|rest| rest.split_once('/'))
            else {
                continue;
            };
            let place = sessions.iter().position(|session| session.id == id);
            let session = match place {
                Some(place) => &mut sessions[place],
                None => {
                    sessions.push(Session {
                        id: id.to_owned(),
                        launch: event["data"].clone(),
                        events: Vec::new(),
                    });
                    continue;
                }
            };
            if source == "sudo" {
                session.events.push(event);
            }
        }
        sessions
    }

    fn only_session(&self, server: &Server) -> Session {
        let mut sessions = self.sessions(server);
        assert_eq!(sessions.len(), 1);
        sessions.remove(0)
    }

    /// Waits until the one session has shown something that stands in the log.
    fn wait_for_output(&self, server: &Server, text: &str) -> Session {
        wait_until(text, || {
            let sessions = self.sessions_so_far(server);
            sessions
                .iter()
                .any(|session| session.output().contains(text))
        });
        self.sessions_so_far(server).remove(0)
    }

    fn wait_for_end(&self, server: &Server) -> Session {
        wait_until("the end", || {
            let sessions = self.sessions_so_far(server);
            sessions
                .iter()
                .all(|session| !session.of("session.ended").is_empty())
        });
        self.only_session(server)
    }

    /// What the API says of a session.
    fn asked(&self, server: &Server, id: &str) -> Value {
        server.wait_until_caught_up();
        let answer = server.graphql(
            &self.token,
            "query($id: ID!) { session(id: $id) { user host target command protocol state
                endReason exitStatus } }",
            &json!({ "id": id }),
        );
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"]["session"].clone()
    }

    fn search(&self, server: &Server, text: &str) -> Vec<String> {
        server.wait_until_caught_up();
        let answer = server.graphql(
            &self.token,
            "query($text: String!) { search(text: $text) { nodes { session { id } } } }",
            &json!({ "text": text }),
        );
        let nodes = answer["data"]["search"]["nodes"].as_array().unwrap();
        let ids = nodes
            .iter()
            .map(|node| node["session"]["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }
}

fn free_address() -> String {
    // Free until just now, and nobody else's soon after.
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().to_string()
}

struct Session {
    id: String,
    launch: Value,
    events: Vec<Value>,
}

impl Session {
    /// What holds for each: nothing is missing, nothing is twice, time does not run back.
    fn check(&self) {
        for (version, event) in self.events.iter().enumerate() {
            assert_eq!(event["version"], json!(version), "{event}");
        }
        let at = |event: &Value| event["at"].as_str().unwrap().to_owned();
        assert!(self.events.is_sorted_by_key(at));
        assert_eq!(
            self.of("session.ended").len(),
            1,
            "{:?}",
            self.events.last()
        );
        assert_eq!(self.events.last().unwrap()["type"], "session.ended");
    }

    fn of(&self, kind: &str) -> Vec<&Value> {
        let of_kind = self.events.iter().filter(|event| event["type"] == kind);
        of_kind.map(|event| &event["data"]).collect()
    }

    fn joined(&self, kind: &str) -> String {
        let texts = self.of(kind).into_iter();
        texts.map(|data| data["text"].as_str().unwrap()).collect()
    }

    fn output(&self) -> String {
        self.joined("terminal.written")
    }

    fn keys(&self) -> String {
        self.joined("keys.typed")
    }

    fn end(&self) -> &Value {
        self.of("session.ended")[0]
    }

    fn started(&self) -> Vec<String> {
        let started = self.of("process.started").into_iter();
        started
            .map(|process| process["path"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn what_a_person_sees_types_and_resizes_in_a_root_shell_is_recorded() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let mut person = site.person(&["sh"]);
    person.sees("$ ");
    person.types("echo zażółć-$((40 + 2))\r");
    person.sees("zażółć-42");
    person.resizes(90, 20);
    // sudo is told by a signal, which can come after the next key.
    sleep(Duration::from_millis(500));
    person.types("stty size\r");
    person.sees("20 90");
    person.types("exit 3\r");
    assert_eq!(person.waits().code(), Some(3));

    let session = site.only_session(&server);
    assert_eq!(session.output(), person.seen());
    assert_eq!(
        session.keys(),
        "echo zażółć-$((40 + 2))\rstty size\rexit 3\r"
    );
    let attached = json!({"columns": 100, "rows": 30});
    assert_eq!(session.of("session.source_attached"), [&attached]);
    let resized = json!({"columns": 90, "rows": 20});
    assert_eq!(session.of("terminal.resized"), [&resized]);
    assert_eq!(*session.end(), json!({"exitStatus": 3, "reason": "user"}));
    assert_eq!(session.launch["user"], "ops");
    let host = session.launch["host"].as_str().unwrap();
    let asked = site.asked(&server, &session.id);
    assert_eq!(
        asked,
        json!({"user": "ops", "host": host, "target": format!("root@{host}"),
            "command": "/usr/bin/sh", "protocol": "sudo", "state": "ENDED", "endReason": "USER",
            "exitStatus": 3})
    );
    assert!(site.search(&server, "zażółć-42").contains(&session.id));
}

#[test]
fn a_command_without_a_terminal_is_recorded_with_what_it_read_and_wrote() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let script =
        "wc -l; /bin/echo to-stderr >&2; printf 'a\\303'; sleep 0.1; printf '\\274\\377'; exit 7";
    let mut child = site
        .world
        .sudo(&["sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"2\na\xc3\xbc\xff");
    assert_eq!(text(&output.stderr), "to-stderr\n");

    let session = site.only_session(&server);
    assert_eq!(session.keys(), "one\ntwo\n");
    // Two streams, in whichever order sudo read them.
    let shown = session.output();
    assert_eq!(shown.replace("to-stderr\r\n", ""), "2\r\naü\u{fffd}");
    assert!(shown.contains("to-stderr\r\n"), "{shown}");
    assert_eq!(session.end()["exitStatus"], 7);
    // Those that the shell started, with the shell itself before them.
    assert_eq!(
        session.started(),
        ["/usr/bin/sh", "/usr/bin/wc", "/bin/echo", "/usr/bin/sleep"]
    );
}

#[test]
fn a_command_that_is_refused_is_a_session_that_says_so() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let refused = site.sudo(&["id", "-u"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    wait_until("the session", || !site.sessions_so_far(&server).is_empty());
    let session = site.wait_for_end(&server);
    assert_eq!(session.launch["command"], "/usr/bin/id -u");
    let denied = session.of("auth.denied")[0];
    assert_eq!(denied["who"], "ops");
    assert_eq!(denied["reason"], "command not allowed: /usr/bin/id -u");
    assert_eq!(*session.end(), json!({"reason": "refused"}));
    assert_eq!(site.asked(&server, &session.id)["endReason"], "REFUSED");
}

#[test]
fn a_command_that_is_refused_within_a_session_stands_in_that_session() {
    let Some(site) = Site::new() else { return };
    let rules = format!(
        "{RECORD}\nDefaults intercept\nDefaults log_servers=\"{}\"\n{RULES}",
        site.sudo_address
    );
    site.world.set_sudoers(&rules);
    let server = site.serve();
    let output = site.sudo(&["sh", "-c", "/usr/bin/id; /usr/bin/env true; exit 0"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let session = site.only_session(&server);
    let denied = session.of("auth.denied");
    assert_eq!(denied.len(), 1, "{:?}", session.events);
    assert_eq!(denied[0]["reason"], "refused: /usr/bin/id");
    assert!(session.started().contains(&"/usr/bin/env".to_owned()));
}

#[test]
fn the_exit_status_is_that_of_the_command() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let cases: [(&[&str], Option<i64>, &str); 3] = [
        (&["true"], Some(0), ""),
        (&["sh", "-c", "exit 42"], Some(42), ""),
        (
            &["sh", "-c", "kill -KILL $$"],
            Some(137),
            "killed by SIGKILL",
        ),
    ];
    for (command, _, _) in cases {
        site.sudo(command);
    }
    let sessions = site.sessions(&server);
    assert_eq!(sessions.len(), cases.len());
    for (session, (command, status, marker)) in sessions.iter().zip(cases) {
        assert_eq!(session.end()["exitStatus"].as_i64(), status, "{command:?}");
        let markers = session.of("marker.set");
        let label = markers
            .first()
            .map_or("", |marker| marker["label"].as_str().unwrap());
        assert_eq!(label, marker, "{command:?}");
    }
}

#[test]
fn commands_are_known_also_when_their_output_is_not_recorded() {
    let Some(site) = Site::new() else { return };
    let rules = format!("Defaults log_servers=\"{}\"\n{RULES}", site.sudo_address);
    site.world.set_sudoers(&rules);
    let server = site.serve();
    let output = site.sudo(&["/bin/echo", "nobody keeps this"]);
    assert!(output.status.success(), "{output:?}");
    wait_until("the session", || !site.sessions_so_far(&server).is_empty());
    let session = site.wait_for_end(&server);
    assert_eq!(session.launch["command"], "/bin/echo 'nobody keeps this'");
    assert_eq!(session.output(), "");
    assert_ne!(session.end()["reason"], "connection_lost");
}

#[test]
fn keys_are_recorded_only_if_the_policy_says_so() {
    let Some(site) = Site::new() else { return };
    site.retrace.set("policy.record_keys", "false");
    let server = site.serve();
    let mut person = site.person(&["cat"]);
    person.types("typed\r");
    person.sees("typed\r\ntyped\r\n");
    person.types("\u{4}");
    person.waits();
    let session = site.only_session(&server);
    assert!(session.output().contains("typed"));
    assert_eq!(session.keys(), "");
}

#[test]
fn nothing_runs_that_must_be_recorded_and_cannot_be() {
    let Some(site) = Site::new() else { return };
    let ran = site.retrace.scratch().join("ran");
    let command = ["touch", ran.to_str().unwrap()];
    // Nobody is there.
    let refused = site.sudo(&command);
    assert!(!refused.status.success() && !ran.exists(), "{refused:?}");
    // Somebody is there who has no room.
    site.retrace.set("policy.recording_required", "true");
    site.retrace.set("ingest.free_space_min", "1024TiB");
    let server = site.serve();
    let refused = site.sudo(&command);
    assert!(!refused.status.success() && !ran.exists(), "{refused:?}");
    let told = text(&refused.stderr);
    assert!(told.contains("the session cannot be recorded"), "{told}");
    assert!(site.sessions_so_far(&server).is_empty());
    site.retrace.set("policy.recording_required", "false");
    assert!(site.sudo(&command).status.success() && ran.exists());
}

#[test]
fn an_administrator_ends_what_sudo_runs() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let mut person = site.person(&["sh", "-c", "echo begun; sleep 300; echo survived"]);
    person.sees("begun");
    let session = site.wait_for_output(&server, "begun");
    for what in [
        "sendMessage(session: $id, text: \"lunch\")",
        "setPolicy(session: $id, policy: {inactivitySeconds: 3600})",
        "terminateSession(session: $id, reason: \"not now\")",
    ] {
        let query = format!("mutation($id: ID!) {{ {what} {{ type }} }}");
        let answer = server.graphql(&site.token, &query, &json!({ "id": session.id }));
        assert_eq!(answer["errors"], Value::Null, "{answer}");
    }
    assert!(!person.waits().success());
    assert!(
        person.seen().contains("terminated by tests: not now"),
        "{}",
        person.seen()
    );
    assert!(!person.seen().contains("survived"));
    let session = site.wait_for_end(&server);
    assert_eq!(*session.end(), json!({"reason": "terminated"}));
    // The server answers for sudo, which shows no messages.
    server.wait_until_caught_up();
    let answer = server.graphql(
        &site.token,
        "query($id: ID!) { session(id: $id) { controls { kind answer { done source } } } }",
        &json!({ "id": session.id }),
    );
    let answered = |kind: &str, done: bool| json!({"kind": kind, "answer": {"done": done, "source": "control"}});
    let expected = [
        answered("MESSAGE", false),
        answered("POLICY", true),
        answered("TERMINATE", true),
    ];
    assert_eq!(answer["data"]["session"]["controls"], json!(expected));
}

#[test]
fn a_policy_ends_what_takes_too_long_or_is_silent() {
    for (setting, reason) in [
        ("policy.max_length_s", "max_length"),
        ("policy.inactivity_s", "inactivity"),
    ] {
        let Some(site) = Site::new() else { return };
        site.retrace.set(setting, "2s");
        let server = site.serve();
        let mut person = site.person(&["sh", "-c", "echo begun; sleep 300"]);
        assert!(!person.waits().success());
        let session = site.wait_for_end(&server);
        assert_eq!(*session.end(), json!({ "reason": reason }));
    }
}

#[test]
fn a_sudo_that_is_killed_leaves_a_session_that_ends_with_what_it_had_sent() {
    let Some(site) = Site::new() else { return };
    site.retrace.set("sudo.resume_within_s", "1s");
    let server = site.serve();
    let person = site.person(&["sh", "-c", "echo last-words; sleep 300"]);
    person.sees("last-words");
    // `unshare` has become sudo by now: and with it goes the connection.
    let killed = Command::new("kill")
        .args(["-KILL", &person.process().to_string()])
        .status();
    assert!(killed.unwrap().success());
    wait_until("the session", || !site.sessions_so_far(&server).is_empty());
    let session = site.wait_for_end(&server);
    assert!(session.output().contains("last-words"));
    assert_eq!(*session.end(), json!({"reason": "connection_lost"}));
    assert_eq!(session.of("recording.gap_detected").len(), 1);
}

#[test]
fn a_server_that_is_killed_takes_the_command_with_it_and_ends_its_session_when_it_is_back() {
    let Some(site) = Site::new() else { return };
    site.retrace.set("sudo.resume_within_s", "1s");
    let server = site.serve();
    let mut person = site.person(&["sh", "-c", "echo begun; sleep 300; echo survived"]);
    person.sees("begun");
    site.wait_for_output(&server, "begun");
    server.kill();
    assert!(!person.waits().success());
    assert!(!person.seen().contains("survived"));
    let server = site.serve();
    let session = site.wait_for_end(&server);
    assert_eq!(*session.end(), json!({"reason": "connection_lost"}));
    assert!(session.output().contains("begun"));
}

#[test]
fn a_server_that_stops_keeps_what_it_was_sent() {
    let Some(site) = Site::new() else { return };
    site.retrace.set("sudo.resume_within_s", "1s");
    let server = site.serve();
    let mut person = site.person(&[
        "sh",
        "-c",
        "echo just-now; sleep 0.2; echo later; sleep 300",
    ]);
    // A person sees what is written before sudo sends it: what came a while before the last was sent.
    person.sees("later");
    assert!(server.terminate().success());
    assert!(!person.waits().success());
    let server = site.serve();
    let session = site.wait_for_end(&server);
    assert!(session.output().contains("just-now"));
}

#[test]
fn over_tls_sudo_and_server_show_each_other_certificates() {
    let Some(site) = Site::new() else { return };
    let tls_address = free_address();
    let certificates = Certificates::new(&site.retrace.scratch().join("certificates"));
    let path = |name: &str| certificates.path(name);
    let server = site.serve_with(&[
        "--sudo-tls-listen",
        &tls_address,
        "--sudo-tls-cert",
        &path("server.pem"),
        "--sudo-tls-key",
        &path("server.key"),
        "--sudo-tls-client-ca",
        &path("ca.pem"),
    ]);
    // Debian builds sudo without TLS, so that openssl speaks it for sudo here.
    let tunnel = |client: &[&str]| {
        let address = tunnel(&tls_address, &path("ca.pem"), client);
        let servers = format!("Defaults log_servers=\"{address}\"");
        site.world
            .set_sudoers(&format!("{RECORD}\n{servers}\n{RULES}"));
    };
    tunnel(&[]);
    let refused = site.sudo(&["true"]);
    assert!(!refused.status.success(), "{refused:?}");
    tunnel(&["-cert", &path("client.pem"), "-key", &path("client.key")]);
    let output = site.sudo(&["echo", "over TLS"]);
    assert!(output.status.success(), "{output:?}");
    let session = site.only_session(&server);
    assert_eq!(session.output(), "over TLS\r\n");
    let facts = session.joined("recording.commented");
    assert!(facts.contains("client certificate SHA-256: "), "{facts}");
    // Bytes that are no TLS, and a client that has nothing to do with sudo.
    let mut stranger = TcpStream::connect(&tls_address).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(site.sudo(&["true"]).status.success());
}

#[test]
fn a_log_that_broke_off_goes_on_also_after_a_restart_without_a_gap_or_a_repetition() {
    let Some(site) = Site::new() else { return };
    let log = unpacked(&site.retrace.scratch().join("log"));
    let mut server = site.serve();
    let whole = sendlog(&site.sudo_address, &[], &log);
    assert!(whole.status.success(), "{whole:?}");
    // Cut anywhere, also within a message. Every other time the server crashes.
    let cuts = [3_000, 9_001, 12_345, 15_502];
    for (bytes, crashes) in cuts.into_iter().zip([true, false, true, false]) {
        let cutter = Cutter::start(&site.sudo_address, bytes);
        let broken = sendlog(&cutter.address, &[], &log);
        assert!(!broken.status.success(), "{broken:?}");
        let id = after(&text(&broken.stdout), "Remote log ID: ");
        let point = after(&text(&broken.stderr), "commit point received from server [");
        let point = point.trim_end_matches(']').replace(' ', "");
        assert_ne!(point, "0,0");
        if crashes {
            server.kill();
            server = site.serve();
        }
        let resume =
            |id: &str, point: &str| sendlog(&site.sudo_address, &["-i", id, "-r", point], &log);
        // Another's key, and a point that the client was never told.
        let wrong: String = id.chars().rev().collect();
        assert!(!resume(&wrong, &point).status.success());
        assert!(!resume(&id, "0,5927542").status.success());
        let resumed = resume(&id, &point);
        assert!(resumed.status.success(), "{resumed:?}");
        // Its last answer could have been lost: it is given again, and nothing is added.
        let again = resume(&id, &point);
        assert!(again.status.success(), "{again:?}");
    }

    let sessions = site.sessions(&server);
    assert_eq!(sessions.len(), 1 + cuts.len());
    let (whole, broken) = sessions.split_first().unwrap();
    for session in broken {
        assert_eq!(session.output(), whole.output());
        assert_eq!(session.of("keys.typed"), whole.of("keys.typed"));
        assert_eq!(session.of("terminal.resized"), whole.of("terminal.resized"));
        assert_eq!(session.end(), whole.end());
        assert_eq!(session.launch, whole.launch);
    }
    for marker in ["ironmoss-3905", "larkspit-6671"] {
        let found = site.search(&server, marker);
        for session in &sessions {
            assert!(found.contains(&session.id), "{marker}");
        }
    }
}

#[test]
fn a_node_ends_no_session_of_another_and_goes_on_with_a_log_that_broke_off_there() {
    let Some(mut site) = Site::new() else { return };
    let retrace = Retrace::new();
    let Some(nodes) = Nodes::new(&retrace, "one") else {
        eprintln!("passed over: there is no PostgreSQL here");
        return;
    };
    let token = nodes.token();
    nodes.succeed("one", &["settings", "set", "sudo.resume_within_s", "4s"]);
    let serve = |node: &str, sudo: &str| {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--sudo-listen", sudo];
        retrace.serve_by(nodes.command(node, &arguments))
    };
    let other_address = free_address();
    let one = serve("one", &site.sudo_address);
    let quiet = site.person(&["sh", "-c", "echo quiet; sleep 300"]);
    quiet.sees("quiet");
    let two = serve("two", &other_address);
    let cutter = Cutter::start(&site.sudo_address, 9_001);
    let log = unpacked(&retrace.scratch().join("log"));
    let broken = sendlog(&cutter.address, &[], &log);
    let id = after(&text(&broken.stdout), "Remote log ID: ");
    let point = after(&text(&broken.stderr), "commit point received from server [");
    let point = point.trim_end_matches(']').replace(' ', "");

    let resumed = sendlog(&other_address, &["-i", &id, "-r", &point], &log);
    assert!(resumed.status.success(), "{resumed:?}");
    // Longer than the time after which a session that was lost is ended.
    sleep(Duration::from_secs(7));
    site.token = token;
    let sessions = site.sessions_so_far(&two);
    assert_eq!(sessions.len(), 2);
    assert!(sessions[0].output().contains("quiet"));
    assert!(sessions[0].of("session.ended").is_empty());
    sessions[1].check();
    assert_eq!(sessions[1].end()["reason"], "user");
    assert!(sessions[1].output().ends_with("logout\r\n"));
    let nodes = sessions[1].of("upload.committed");
    assert_ne!(nodes[0]["node"], nodes[nodes.len() - 1]["node"]);
    drop((quiet, one, two));
}

#[test]
fn a_session_of_another_recorder_is_left_alone_whatever_it_calls_itself() {
    let Some(site) = Site::new() else { return };
    site.retrace.set("sudo.resume_within_s", "1s");
    let recorder = site.retrace.recorder_token();
    let server = site.serve();
    let launched = server
        .post("/v1/sessions")
        .bearer_auth(&recorder)
        .json(&json!({"protocol": "sudo", "launcher": "sudo"}))
        .send()
        .unwrap();
    assert!(launched.status().is_success());
    server.kill();
    let server = site.serve();
    server.wait_until_caught_up();
    sleep(Duration::from_secs(4));
    let sessions = site.sessions_so_far(&server);
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].events.is_empty());
}

#[test]
fn what_is_no_sudo_does_no_harm() {
    let Some(site) = Site::new() else { return };
    let server = site.serve();
    let mut held = Vec::new();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\xff\xff\xff\xff",
        b"\0\0\0\x02\xff\xff",
        b"\0\x1f\xff\xff beginning of a large message",
        b"\0\0\0\0",
        b"",
    ] {
        let mut stream = TcpStream::connect(&site.sudo_address).unwrap();
        stream.write_all(bytes).unwrap();
        held.push(stream);
    }
    let output = site.sudo(&["echo", "still there"]);
    assert!(output.status.success(), "{output:?}");
    for stream in &mut held[..3] {
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.contains("Retrace"), "{told:?}");
        let says_why = told.contains("expected at most") || told.contains("not a message");
        assert!(says_why, "{told:?}");
    }
    drop(held);
    assert_eq!(site.only_session(&server).output(), "still there\r\n");
}

/// Sends a log of sudo as its own tool does.
fn sendlog(address: &str, arguments: &[&str], log: &Path) -> Output {
    let (host, port) = address.split_once(':').unwrap();
    Command::new("sudo_sendlog")
        .args(["-h", host, "-p", port])
        .args(arguments)
        .arg(log)
        .output()
        .unwrap()
}

/// The log of `tests/data`, not compressed: sudo's tool cannot go on with one that is.
fn unpacked(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sudo-iolog/sudo-i");
    for file in fs::read_dir(packed).unwrap() {
        let file = file.unwrap();
        let bytes = fs::read(file.path()).unwrap();
        let mut plain = Vec::new();
        match flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain) {
            Ok(_) => fs::write(folder.join(file.file_name()), plain).unwrap(),
            Err(_) => fs::write(folder.join(file.file_name()), bytes).unwrap(),
        }
    }
    folder.to_owned()
}

/// The rest of the line after a text.
fn after(text: &str, start: &str) -> String {
    let (_, rest) = text.split_once(start).expect(text);
    rest.lines().next().unwrap().trim().to_owned()
}

/// Takes connections without TLS, and passes them on over TLS, by openssl. Answers its address.
fn tunnel(server: &str, authority: &str, arguments: &[&str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-quiet",
            "-no_ign_eof",
            "-verify_return_error",
            "-verify_ip",
            "127.0.0.1",
        ])
        .args(["-CAfile", authority, "-connect", server])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let mut openssl = command.spawn().unwrap();
            let mut to_server = openssl.stdin.take().unwrap();
            let mut answers = openssl.stdout.take().unwrap();
            let mut from_client = client.try_clone().unwrap();
            std::thread::spawn(move || {
                let mut piece = [0; 4_096];
                while let Ok(read @ 1..) = from_client.read(&mut piece) {
                    if to_server.write_all(&piece[..read]).is_err() {
                        break;
                    }
                }
            });
            std::thread::spawn(move || {
                let mut piece = [0; 4_096];
                while let Ok(read @ 1..) = answers.read(&mut piece) {
                    if (&client).write_all(&piece[..read]).is_err() {
                        break;
                    }
                }
                // The other end may be gone already.
                let _ = client.shutdown(Shutdown::Both);
                openssl.wait().unwrap();
            });
        }
    });
    address
}

/// Certificates that openssl made: of an authority, a server and a client.
struct Certificates(PathBuf);

impl Certificates {
    fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let openssl = |arguments: &[&str]| {
            let made = Command::new("openssl")
                .args(arguments)
                .current_dir(folder)
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
        };
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ];
        openssl(
            &[
                &[
                    "req",
                    "-x509",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=tests",
                    "-keyout",
                    "ca.key",
                    "-out",
                    "ca.pem",
                ],
                &key[..],
            ]
            .concat(),
        );
        fs::write(
            folder.join("extensions"),
            "subjectAltName=IP:127.0.0.1,DNS:localhost",
        )
        .unwrap();
        for name in ["server", "client"] {
            let (request, private) = (format!("{name}.csr"), format!("{name}.key"));
            let (subject, public) = (format!("/CN={name}"), format!("{name}.pem"));
            openssl(
                &[
                    &[
                        "req", "-new", "-subj", &subject, "-keyout", &private, "-out", &request,
                    ],
                    &key[..],
                ]
                .concat(),
            );
            openssl(&[
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                &request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-extfile",
                "extensions",
                "-out",
                &public,
            ]);
        }
        Self(folder.to_owned())
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

/// A connection that breaks: passes on so many bytes of the client, waits until the server has
/// committed them, and hangs up.
struct Cutter {
    address: String,
}

impl Cutter {
    fn start(server: &str, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = server.to_owned();
        std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let server = TcpStream::connect(server).unwrap();
            let mut answers = server.try_clone().unwrap();
            let mut to_client = client.try_clone().unwrap();
            std::thread::spawn(move || std::io::copy(&mut answers, &mut to_client));
            let (mut from_client, mut to_server) =
                (client.try_clone().unwrap().take(bytes), &server);
            std::io::copy(&mut from_client, &mut to_server).unwrap();
            sleep(Duration::from_millis(1_500));
            // The other end may be gone already.
            let _ = server.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
        });
        Self { address }
    }
}
