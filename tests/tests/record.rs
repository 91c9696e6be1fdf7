//! `retrace record`: what it records arrives once, whole and in order, whatever happens to the
//! server, the recorder and the person in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use retrace_tests::person::Person;
use retrace_tests::{PATIENCE, Retrace, Server, text, wait_until};
use serde_json::{Value, json};

/// A data folder, a recorder's token, a spool, and the address of a server that may be away.
struct Site {
    retrace: Retrace,
    token: String,
    address: String,
}

impl Site {
    fn new() -> Self {
        let retrace = Retrace::new();
        let token = retrace.recorder_token();
        // Free until just now, and nobody else's soon after.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        Self {
            retrace,
            token,
            address,
        }
    }

    fn serve(&self) -> Server {
        self.retrace.serve_at(&self.address)
    }

    fn spool(&self) -> PathBuf {
        self.retrace.scratch().join("spool")
    }

    /// `retrace record`, with nothing of the environment that tests run in.
    fn record(&self, arguments: &[&str]) -> Command {
        let mut command = self.retrace.command(&["record"]);
        command
            .args(arguments)
            .env("RETRACE_SERVER", format!("http://{}", self.address))
            .env("RETRACE_TOKEN", &self.token)
            .env("RETRACE_SPOOL", self.spool())
            .env("PS1", "$ ")
            .env("USER", "mara")
            .env_remove("SUDO_USER")
            .env_remove("ENV")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.record(arguments).output().unwrap()
    }

    fn person(&self, arguments: &[&str]) -> Person {
        let mut command = self.record(arguments);
        command.stdin(Stdio::inherit());
        // Its three streams become the terminal.
        let mut fresh = Command::new(command.get_program());
        fresh.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => fresh.env(name, value),
                None => fresh.env_remove(name),
            };
        }
        Person::start(fresh, 100, 30)
    }

    /// The sessions that lie in the spool.
    fn spooled(&self) -> Vec<PathBuf> {
        let mut sessions: Vec<PathBuf> = fs::read_dir(self.spool())
            .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
            .unwrap_or_default();
        sessions.retain(|path| path.join("session.json").exists());
        sessions
    }

    /// All lines that lie in the spool.
    fn spooled_lines(&self) -> String {
        let parts = self.spooled().into_iter().filter_map(|session| {
            let stream = fs::read_dir(session.join("streams/recorder")).ok()?;
            let parts = stream.map(|part| fs::read_to_string(part.unwrap().path()).unwrap());
            Some(parts.collect::<String>())
        });
        parts.collect()
    }

    /// How many events of the first session in the spool have a receipt.
    fn committed(&self) -> u64 {
        let session = self.spooled().into_iter().next();
        let state = session.map(|session| session.join("streams/recorder/state.json"));
        let state = state
            .and_then(|state| fs::read(state).ok())
            .unwrap_or_default();
        let state: Value = serde_json::from_slice(&state).unwrap_or_default();
        state["committed"].as_u64().unwrap_or(0)
    }

    /// The sessions in the log, oldest first, each with the events of its recorder.
    fn sessions(&self, server: &Server) -> Vec<Recording> {
        let mut recordings: Vec<Recording> = Vec::new();
        for event in server.log_content(&self.retrace.token()) {
            let Some(id) = event["stream"]
                .as_str()
                .and_then(|stream| stream.strip_prefix("session/"))
                .and_then(|stream| stream.strip_suffix("/recorder"))
            else {
                continue;
            };
            match recordings.iter_mut().find(|one| one.id == id) {
                Some(recording) => recording.events.push(event),
                None => recordings.push(Recording {
                    id: id.to_owned(),
                    events: vec![event],
                }),
            }
        }
        for recording in &recordings {
            recording.check();
        }
        recordings
    }

    fn only_session(&self, server: &Server) -> Recording {
        let mut sessions = self.sessions(server);
        assert_eq!(sessions.len(), 1);
        sessions.remove(0)
    }
}

struct Recording {
    id: String,
    events: Vec<Value>,
}

impl Recording {
    /// What holds for each recording: nothing is missing, nothing is twice, time does not run back.
    fn check(&self) {
        for (version, event) in self.events.iter().enumerate() {
            assert_eq!(event["version"], json!(version), "{event}");
        }
        assert!(
            self.events
                .is_sorted_by_key(|event| event["at"].as_str().unwrap())
        );
        let ends = self.of("session.ended").len();
        assert_eq!(ends, 1, "{:?}", self.events.last());
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
}

#[test]
fn what_a_person_sees_types_and_resizes_is_recorded_and_a_password_is_masked() {
    let site = Site::new();
    let server = site.serve();
    let mut person = site.person(&["--title", "Restore", "--target", "db1", "--", "sh"]);
    person.sees("$ ");
    person.types("echo zażółć-$((40 + 2))\r");
    person.sees("zażółć-42");
    person.resizes(90, 20);
    // The recorder is told by a signal, which can come after the next key.
    std::thread::sleep(Duration::from_millis(500));
    person.types("stty size\r");
    person.sees("20 90");
    person.types("stty -echo; echo Password:; read secret; stty echo; echo tak''en\r");
    person.sees("Password:\r\n");
    person.types("hunter2\r");
    person.sees("taken\r\n");
    let shown = {
        person.types("exit 3\r");
        person.sees("recorded: ");
        person.seen()
    };
    assert_eq!(person.waits().code(), Some(3));

    let recording = site.only_session(&server);
    let (terminal, _) = shown.split_once("\r\r\nretrace: recorded").unwrap();
    assert_eq!(recording.output(), terminal);
    let keys = recording.keys();
    assert!(
        keys.starts_with("echo zażółć-$((40 + 2))\rstty size\r"),
        "{keys}"
    );
    assert!(keys.ends_with("echo tak''en\r••••••••\rexit 3\r"), "{keys}");
    let attached = json!({"columns": 100, "rows": 30});
    assert_eq!(recording.of("session.source_attached"), [&attached]);
    let resized = json!({"columns": 90, "rows": 20});
    assert_eq!(recording.of("terminal.resized"), [&resized]);
    assert_eq!(*recording.end(), json!({"exitStatus": 3, "reason": "user"}));
    let events: String = recording.events.iter().map(Value::to_string).collect();
    assert!(!events.contains("hunter2"));

    server.wait_until_caught_up();
    let answer = server.graphql(
        &site.retrace.token(),
        "query($id: ID!) { session(id: $id) { title user target exitStatus
            terminal { columns rows } } }",
        &json!({ "id": recording.id }),
    );
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    assert_eq!(
        answer["data"]["session"],
        json!({"title": "Restore", "user": "mara", "target": "db1", "exitStatus": 3,
            "terminal": {"columns": 100, "rows": 30}})
    );
    assert_eq!(site.spooled(), [] as [PathBuf; 0]);
    let receipt = site
        .spool()
        .join(format!("receipts/{}.recorder.tlog-proof", recording.id));
    assert!(
        fs::read_to_string(receipt)
            .unwrap()
            .starts_with("c2sp.org/tlog-proof@v1\n")
    );
}

#[test]
fn without_keys_only_what_is_shown_is_recorded() {
    let site = Site::new();
    let server = site.serve();
    let mut person = site.person(&["--no-keys", "--", "sh"]);
    person.sees("$ ");
    person.types("echo a-$((1 + 1)); exit\r");
    person.waits();
    let recording = site.only_session(&server);
    assert!(recording.output().contains("a-2"));
    assert_eq!(recording.keys(), "");
}

#[test]
fn the_policy_decides_about_keys_also_while_the_server_is_away() {
    let site = Site::new();
    site.retrace.set("policy.record_keys", "false");
    let server = site.serve();
    let mut person = site.person(&["--", "cat"]);
    person.types("typed\r");
    person.sees("typed\r\ntyped\r\n");
    person.types("\u{4}");
    person.waits();
    server.kill();
    let mut person = site.person(&["--no-background", "--", "cat"]);
    person.sees("the server is away");
    person.types("typed alone\r");
    person.sees("typed alone\r\ntyped alone\r\n");
    person.types("\u{4}");
    person.waits();
    let server = site.serve();
    assert!(site.run(&["--upload"]).status.success());
    let sessions = site.sessions(&server);
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        assert!(session.output().contains("typed"));
        assert_eq!(session.keys(), "");
    }
}

#[test]
fn the_exit_status_is_that_of_the_command_with_and_without_a_terminal() {
    let site = Site::new();
    let server = site.serve();
    let cases: [(&[&str], i32); 5] = [
        (&["--", "true"], 0),
        (&["--", "sh", "-c", "exit 7"], 7),
        (&["--", "sh", "-c", "kill -TERM $$"], 143),
        (&["--", "no-such-program"], 127),
        (&["--", "/etc/passwd"], 126),
    ];
    for (arguments, want) in cases {
        assert_eq!(
            site.run(arguments).status.code(),
            Some(want),
            "{arguments:?}"
        );
        let mut person = site.person(arguments);
        assert_eq!(person.waits().code(), Some(want), "{arguments:?}");
    }
    let ends: Vec<i64> = site
        .sessions(&server)
        .iter()
        .map(|session| session.end()["exitStatus"].as_i64().unwrap())
        .collect();
    assert_eq!(ends, [0, 0, 7, 7, 143, 143, 127, 127, 126, 126]);
}

#[test]
fn a_pipe_is_read_to_its_end_and_output_goes_where_it_would() {
    let site = Site::new();
    let server = site.serve();
    let input = site.retrace.scratch().join("input");
    fs::write(&input, "one\ntwo\nno line end").unwrap();
    let mut command = site.record(&["--", "cat"]);
    let output = command
        .stdin(fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    assert_eq!(text(&output.stdout), "one\r\ntwo\r\nno line end");
    assert!(text(&output.stderr).contains("recorded: http://"));
    let recording = site.only_session(&server);
    assert_eq!(recording.output(), "one\r\ntwo\r\nno line end");
    assert_eq!(recording.keys(), "one\ntwo\nno line end");
}

#[test]
fn a_server_that_is_killed_and_started_again_misses_nothing_and_has_nothing_twice() {
    let site = Site::new();
    let server = site.serve();
    let script = "for i in $(seq 1 500); do echo line $i; sleep 0.01; done";
    let mut person = site.person(&["--", "sh", "-c", script]);
    person.sees("line 50\r\n");
    server.kill();
    person.sees("line 150\r\n");
    let server = site.serve();
    person.sees("line 300\r\n");
    server.kill();
    let server = site.serve();
    assert_eq!(person.waits().code(), Some(0));
    let want: String = (1..=500).map(|n| format!("line {n}\r\n")).collect();
    assert_eq!(site.only_session(&server).output(), want);
    assert!(!person.seen().contains("not sent yet"), "{}", person.seen());
}

#[test]
fn while_the_server_is_away_the_recording_waits_in_the_spool() {
    let site = Site::new();
    let output = site.run(&["--no-background", "--", "echo", "recorded alone"]);
    assert_eq!(output.status.code(), Some(0));
    let told = text(&output.stderr);
    assert_eq!(told.matches("the server is away").count(), 1, "{told}");
    assert!(told.contains("3 events not sent yet, kept in"), "{told}");
    assert_eq!(site.spooled().len(), 1);

    let still_away = site.run(&["--upload"]);
    assert_eq!(still_away.status.code(), Some(1));
    assert!(text(&still_away.stdout).contains("3 events of 1 session not sent yet"));

    let server = site.serve();
    let uploaded = site.run(&["--upload"]);
    assert!(uploaded.status.success(), "{uploaded:?}");
    assert_eq!(text(&uploaded.stdout), "1 session uploaded\n");
    assert_eq!(site.only_session(&server).output(), "recorded alone\r\n");
    assert_eq!(site.spooled().len(), 0);
    assert_eq!(
        text(&site.run(&["--upload"]).stdout),
        "0 sessions uploaded\n"
    );
}

#[test]
fn the_uploader_that_stays_behind_uploads_when_the_server_is_back_and_ends() {
    let site = Site::new();
    let mut person = site.person(&["--", "echo", "left behind"]);
    person.waits();
    person.sees("an uploader stays behind");
    drop(person);
    let server = site.serve();
    wait_until("the spool is empty", || site.spooled().is_empty());
    assert_eq!(site.only_session(&server).output(), "left behind\r\n");
    let is_held = || {
        let lock = fs::File::open(site.spool().join("uploader.lock")).unwrap();
        lock.try_lock().is_err()
    };
    wait_until("it has ended", || !is_held());
}

#[test]
fn a_session_that_must_be_recorded_does_not_start_when_that_is_not_promised() {
    let site = Site::new();
    let mark = site.retrace.scratch().join("it ran");
    let mark = mark.to_str().unwrap();
    let away = site.run(&["--require-server", "--", "touch", mark]);
    assert!(
        text(&away.stderr).contains("cannot be promised"),
        "{away:?}"
    );

    let server = site.serve();
    let mut command = site.record(&["--", "touch", mark]);
    let refused = command
        .env("RETRACE_TOKEN", site.retrace.token())
        .output()
        .unwrap();
    assert!(
        text(&refused.stderr).contains("refuses to record it"),
        "{refused:?}"
    );
    let full = site.run(&["--spool-limit", "0", "--", "touch", mark]);
    assert!(!full.status.success());
    for output in [away, refused] {
        assert_eq!(output.status.code(), Some(1));
    }
    assert!(!fs::exists(mark).unwrap());
    assert_eq!(site.spooled().len(), 0);
    assert_eq!(site.sessions(&server).len(), 0);
}

/// Waits until the session that goes on is known, and answers its id.
fn running_session(server: &Server, token: &str) -> String {
    let start = Instant::now();
    loop {
        server.wait_until_caught_up();
        let answer = server.graphql(token, "{ sessions(first: 1) { nodes { id } } }", &json!({}));
        if let Some(id) = answer["data"]["sessions"]["nodes"][0]["id"].as_str() {
            return id.to_owned();
        }
        assert!(start.elapsed() < PATIENCE, "no session: {answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_server_can_speak_to_the_person_and_end_the_session_however_stubborn_the_command_is() {
    for (script, want) in [
        ("echo ready; sleep 100", 129),
        (
            "trap '' HUP TERM; echo ready; while :; do sleep 1; done",
            137,
        ),
    ] {
        let site = Site::new();
        let server = site.serve();
        let token = site.retrace.token();
        let mut person = site.person(&["--", "sh", "-c", script]);
        person.sees("ready");
        let id = running_session(&server, &token);
        let variables = json!({ "session": id });
        let said = server.graphql(
            &token,
            "mutation($session: ID!) { sendMessage(session: $session, text: \"please \\u001b[2J stop\") { position } }",
            &variables,
        );
        assert_eq!(said["errors"], Value::Null, "{said}");
        person.sees("message from tests: please \\u{1b}[2J stop");
        let asked = server.graphql(
            &token,
            "mutation($session: ID!) { terminateSession(session: $session, reason: \"maintenance\") { position } }",
            &variables,
        );
        assert_eq!(asked["errors"], Value::Null, "{asked}");
        person.sees("tests ended this session: maintenance");
        assert_eq!(person.waits().code(), Some(want));
        let recording = site.only_session(&server);
        assert_eq!(
            *recording.end(),
            json!({"exitStatus": want, "reason": "terminated"})
        );
        // What the recorder says to the person is not what the command has shown.
        assert!(!recording.output().contains("maintenance"));
    }
}

#[test]
fn a_session_ends_itself_when_the_policy_says_so_and_keeps_what_it_recorded() {
    let site = Site::new();
    site.retrace.set("policy.end_when_unreachable_s", "3s");
    let server = site.serve();
    let mut person = site.person(&["--no-background", "--", "sh", "-c", "echo ready; sleep 100"]);
    person.sees("ready");
    // The server says something every 5 seconds: it is asked before that is taken for silence.
    std::thread::sleep(Duration::from_secs(6));
    assert!(!person.seen().contains("out of reach"), "{}", person.seen());
    server.kill();
    let start = Instant::now();
    person.sees("the server was out of reach for more than 3 s");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(person.waits().code(), Some(129));
    let server = site.serve();
    assert!(site.run(&["--upload"]).status.success());
    let recording = site.only_session(&server);
    assert_eq!(recording.end()["reason"], "server_unreachable");
    assert_eq!(recording.output(), "ready\r\n");
}

#[test]
fn limits_of_time_warn_and_end_a_session() {
    for (setting, reason, told) in [
        (
            "policy.max_length_s",
            "max_length",
            "the longest time allowed",
        ),
        (
            "policy.inactivity_s",
            "inactivity",
            "nothing was typed for 2 s",
        ),
    ] {
        let site = Site::new();
        site.retrace.set(setting, "2s");
        let server = site.serve();
        let mut person = site.person(&["--", "sleep", "100"]);
        person.sees(told);
        person.waits();
        let recording = site.only_session(&server);
        assert_eq!(recording.end()["reason"], reason);
        let warned = recording.of("session.idle_warned").len();
        assert_eq!(warned, usize::from(reason == "inactivity"));
    }
}

#[test]
fn several_recorders_share_a_spool_and_what_was_left_in_it() {
    let site = Site::new();
    let left = site.run(&["--no-background", "--", "echo", "left"]);
    assert!(left.status.success());
    let server = site.serve();
    let people: Vec<Person> = (0..3)
        .map(|n| {
            let script = format!("echo person {n}; sleep 2; echo bye {n}");
            site.person(&["--", "sh", "-c", &script])
        })
        .collect();
    for mut person in people {
        assert_eq!(person.waits().code(), Some(0));
    }
    wait_until("the spool is empty", || site.spooled().is_empty());
    let mut outputs: Vec<String> = site
        .sessions(&server)
        .iter()
        .map(Recording::output)
        .collect();
    outputs.sort();
    let mut want = vec!["left\r\n".to_owned()];
    want.extend((0..3).map(|n| format!("person {n}\r\nbye {n}\r\n")));
    assert_eq!(outputs, want);
}

#[test]
fn what_a_killed_recorder_left_is_uploaded_by_the_next_one_and_says_that_it_was_cut_off() {
    let site = Site::new();
    for server_was_there in [true, false] {
        let server = server_was_there.then(|| site.serve());
        let mut person = site.person(&["--", "sh", "-c", "echo before; sleep 100"]);
        person.sees("before");
        if server_was_there {
            wait_until("a receipt for it is there", || site.committed() == 2);
        } else {
            // The last part of the other one stays until the session is complete.
            let recorded = || site.spooled_lines().matches("before").count();
            wait_until("the output is recorded", || recorded() == 2);
            person.sees("was cut off");
        }
        let pid = person.process().to_string();
        assert!(
            Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
        person.waits();
        drop(server);
    }
    let server = site.serve();
    let next = site.run(&["--", "sleep", "2"]);
    assert!(next.status.success(), "{next:?}");
    // The first one was found by the second already.
    assert_eq!(
        text(&next.stderr).matches("was cut off").count(),
        1,
        "{next:?}"
    );
    let sessions = site.sessions(&server);
    assert_eq!(sessions.len(), 3);
    for session in sessions.iter().filter(|session| session.output() != "") {
        assert_eq!(session.output(), "before\r\n");
        assert_eq!(session.of("recording.gap_detected").len(), 1);
        assert_eq!(*session.end(), json!({"reason": "unknown"}));
    }
    assert_eq!(site.spooled().len(), 0);
}

#[test]
fn a_full_spool_ends_the_session_or_leaves_a_gap_that_is_told() {
    for (when_full, reason, code) in [("end", "server_unreachable", 129), ("gap", "user", 0)] {
        let site = Site::new();
        // Each line is new to compression, and the spool takes 1 MiB.
        let script = "for i in $(seq 1 30); do seq $i 7 200000 | head -c 65536; done; echo end";
        let arguments = [
            "--no-background",
            "--spool-limit",
            "1",
            "--when-full",
            when_full,
            "--",
            "sh",
            "-c",
            script,
        ];
        let output = site.run(&arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains("the spool is full"), "{told}");
        assert!(
            told.contains("not recorded, because there was no room"),
            "{told}"
        );
        let server = site.serve();
        assert!(site.run(&["--upload"]).status.success());
        let recording = site.only_session(&server);
        assert_eq!(recording.end()["reason"], reason);
        let gaps = recording.of("recording.gap_detected");
        assert!(gaps.iter().all(|gap| gap["channel"] == "terminal"));
        // What is there is the beginning, up to the first gap; smaller events may fit after it.
        let is_gap = |event: &&Value| event["type"] == "recording.gap_detected";
        let before = recording.events.iter().take_while(|event| !is_gap(event));
        let kept: String = before
            .filter_map(|event| event["data"]["text"].as_str())
            .collect();
        let shown = text(&output.stdout);
        assert!(!gaps.is_empty() && kept.len() > 500_000, "{}", kept.len());
        assert!(shown.starts_with(&kept));
    }
}

#[test]
fn the_command_knows_its_session_and_not_the_token() {
    let site = Site::new();
    let server = site.serve();
    let script = "echo $RETRACE_SESSION; echo token=$RETRACE_TOKEN.";
    assert!(site.run(&["--", "sh", "-c", script]).status.success());
    let recording = site.only_session(&server);
    let want = format!("{}\r\ntoken=.\r\n", recording.id);
    assert_eq!(recording.output(), want);
}

#[test]
fn a_session_whose_upload_token_is_refused_is_launched_again() {
    let site = Site::new();
    let server = site.serve();
    let mut person = site.person(&["--", "sh", "-c", "echo before; sleep 100"]);
    person.sees("before");
    wait_until("it is recorded", || site.spooled_lines().contains("before"));
    let launched = site.spooled()[0].join("launched.json");
    let pid = person.process().to_string();
    Command::new("kill").args(["-9", &pid]).status().unwrap();
    person.waits();
    let mut answer: Value = serde_json::from_slice(&fs::read(&launched).unwrap()).unwrap();
    answer["uploadToken"] = json!("rtu_of_another_day");
    fs::write(&launched, answer.to_string()).unwrap();

    let mut without = site.record(&["--upload"]);
    let refused = without.env_remove("RETRACE_TOKEN").output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(
        text(&refused.stdout).contains("no recorder's token"),
        "{refused:?}"
    );
    let uploaded = site.run(&["--upload"]);
    assert!(uploaded.status.success(), "{uploaded:?}");
    assert_eq!(site.only_session(&server).output(), "before\r\n");
}

#[test]
fn what_the_server_refuses_for_good_is_kept_and_does_not_keep_the_rest_from_going_on() {
    let site = Site::new();
    for text in ["one", "two"] {
        let output = site.run(&["--no-background", "--", "echo", text]);
        assert!(output.status.success());
    }
    let server = site.serve();
    // Somebody else is quicker with the first session, and says something else in its name.
    let mut sessions = site.spooled();
    sessions.sort();
    let facts = fs::read(sessions[0].join("session.json")).unwrap();
    let facts: Value = serde_json::from_slice(&facts).unwrap();
    let launched: Value = server
        .post("/v1/sessions")
        .bearer_auth(&site.token)
        .json(&facts["launch"])
        .send()
        .and_then(reqwest::blocking::Response::json)
        .unwrap();
    let id = launched["session"].as_str().unwrap();
    let other = "{\"at\":\"2026-11-21T09:30:00.000000Z\",\"data\":{\"label\":\"other\"},\
                 \"type\":\"marker.set\"}\n";
    let appended = server
        .post(&format!(
            "/v1/sessions/{id}/streams/recorder/events?first=0"
        ))
        .bearer_auth(launched["uploadToken"].as_str().unwrap())
        .header("content-type", "application/x-ndjson")
        .body(other)
        .send()
        .unwrap();
    assert_eq!(appended.status(), 200);

    let output = site.run(&["--upload"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stdout);
    assert_eq!(
        said,
        "1 session uploaded; 1 refused by the server, and kept\n"
    );
    assert!(
        text(&output.stderr).contains("the server refused `recorder` of"),
        "{output:?}"
    );
    assert_eq!(site.spooled(), [sessions[0].clone()]);
    assert!(site.spooled_lines().contains("one"));

    let events = server.log_content(&site.retrace.token());
    let told = events
        .iter()
        .find(|event| event["type"] == "upload.quarantined")
        .unwrap();
    let stream = format!("session/{id}/recorder-quarantine");
    assert_eq!(told["stream"], json!(stream));
    let count = |word: &str| {
        let holds = |event: &&Value| event["data"]["text"].as_str() == Some(word);
        events.iter().filter(holds).count()
    };
    assert_eq!((count("one\r\n"), count("two\r\n")), (0, 1));
    // It is not sent again.
    assert_eq!(
        text(&site.run(&["--upload"]).stdout),
        "0 sessions uploaded; 1 refused by the server, and kept\n"
    );
}
