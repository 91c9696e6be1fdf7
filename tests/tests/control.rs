//! Ruling over sessions that go on: what is asked of a recorder is done and answered, and limits of
//! time are kept, by the recorder or by the server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use retrace_tests::live::Socket;
use retrace_tests::person::Person;
use retrace_tests::upload::{Upload, line, markers};
use retrace_tests::{PATIENCE, Retrace, Server, text};
use serde_json::{Value, json};

/// A person whose session is recorded.
fn person(retrace: &Retrace, server: &Server, recorder: &str, command: &[&str]) -> Person {
    let mut record = Command::new(retrace_tests::binary());
    record
        .args(["record", "--"])
        .args(command)
        .env("RETRACE_SERVER", server.url())
        .env("RETRACE_TOKEN", recorder)
        .env("RETRACE_SPOOL", retrace.scratch().join("spool"))
        .env("PS1", "$ ")
        .env("USER", "mara")
        .env_remove("SUDO_USER")
        .env_remove("ENV");
    Person::start(record, 100, 30)
}

const EVENTS: &str = "subscription($filter: EventFilter) {
    events(fromStart: true, filter: $filter) { nodes { type stream version data } } }";

/// Follows these types of events from the start of the log.
fn follow(server: &Server, token: &str, types: &[&str]) -> Socket {
    let mut socket = Socket::of(server, token);
    socket.subscribe("log", EVENTS, &json!({"filter": {"types": types}}));
    socket
}

/// The next events, until there are so many.
fn events(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    while found.len() < count {
        let data = socket.next("log");
        found.extend(data["events"]["nodes"].as_array().unwrap().iter().cloned());
    }
    found
}

/// The id of the only session, once the server knows of it.
fn session(server: &Server, token: &str) -> String {
    let start = Instant::now();
    loop {
        let answer = server.graphql(token, "{ sessions { nodes { id } } }", &json!({}));
        if let Some(id) = answer["data"]["sessions"]["nodes"][0]["id"].as_str() {
            return id.to_owned();
        }
        assert!(start.elapsed() < PATIENCE, "no session: {answer}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn ask(server: &Server, token: &str, session: &str, what: &str) -> Value {
    let query = format!("mutation($session: ID!) {{ {what} {{ type version data }} }}");
    server.graphql(token, &query, &json!({ "session": session }))
}

fn controls(server: &Server, token: &str, session: &str) -> Value {
    server.wait_until_caught_up();
    let answer = server.graphql(
        token,
        "query($id: ID!) { session(id: $id) { endReason
            policyInForce { maxLengthSeconds inactivitySeconds idleWarningSeconds recordKeys }
            controls { kind by reason text policy { inactivitySeconds maxLengthSeconds }
                answer { done detail source } } } }",
        &json!({ "id": session }),
    );
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["session"].clone()
}

#[test]
fn what_is_asked_of_a_recorder_is_done_and_answered() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let mut person = person(
        &retrace,
        &server,
        &recorder,
        &["sh", "-c", "echo ready; sleep 100"],
    );
    person.sees("ready");
    let id = session(&server, &admin);
    let mut answers = follow(&server, &admin, &["session.control_answered"]);

    let said = ask(
        &server,
        &admin,
        &id,
        "sendMessage(session: $session, text: \"lunch\", reason: \"ticket 7\")",
    );
    let said = &said["data"]["sendMessage"];
    person.sees("message from tests: lunch");
    let answered = events(&mut answers, 1).remove(0);
    let expected =
        json!({"done": true, "request": "session.message_sent", "version": said["version"]});
    assert_eq!(answered["data"], expected);
    assert_eq!(answered["stream"], json!(format!("session/{id}/recorder")));
    assert!(!person.seen().contains("ticket 7"));

    let set = ask(
        &server,
        &admin,
        &id,
        "setPolicy(session: $session, reason: \"guest\",
            policy: {inactivitySeconds: 600, maxLengthSeconds: 0, recordKeys: false})",
    );
    assert_eq!(set["errors"], Value::Null, "{set}");
    let answered = events(&mut answers, 1).remove(0);
    assert_eq!(answered["data"]["request"], "session.policy_set");
    let ended = ask(
        &server,
        &admin,
        &id,
        "terminateSession(session: $session, reason: \"maintenance\")",
    );
    assert_eq!(ended["errors"], Value::Null, "{ended}");
    person.sees("tests ended this session: maintenance");
    let answered = events(&mut answers, 1).remove(0);
    assert_eq!(answered["data"]["request"], "session.terminate_requested");
    assert_eq!(person.waits().code(), Some(129));

    let done = json!({"done": true, "detail": null, "source": "recorder"});
    let known = controls(&server, &admin, &id);
    assert_eq!(
        known,
        json!({
            "endReason": "TERMINATED",
            "policyInForce": {"maxLengthSeconds": null, "inactivitySeconds": 600,
                "idleWarningSeconds": 300, "recordKeys": false},
            "controls": [
                {"kind": "MESSAGE", "by": "tests", "reason": "ticket 7", "text": "lunch",
                    "policy": null, "answer": done},
                {"kind": "POLICY", "by": "tests", "reason": "guest", "text": null,
                    "policy": {"inactivitySeconds": 600, "maxLengthSeconds": 0}, "answer": done},
                {"kind": "TERMINATE", "by": "tests", "reason": "maintenance", "text": null,
                    "policy": null, "answer": done},
            ],
        })
    );
    let late = ask(
        &server,
        &admin,
        &id,
        "sendMessage(session: $session, text: \"too late\")",
    );
    assert_eq!(late["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT");
}

#[test]
fn a_reason_is_asked_for_where_the_settings_say_so() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    retrace.set("policy.reason_required", "true");
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    server.wait_until_caught_up();
    let code = |what: &str| {
        let answer = ask(&server, &admin, &upload.session, what);
        answer["errors"][0]["extensions"]["code"].clone()
    };
    let too_long = "x".repeat(2_001);
    let cases = [
        (
            "terminateSession(session: $session)",
            json!("REASON_REQUIRED"),
        ),
        (
            "sendMessage(session: $session, text: \"x\")",
            json!("REASON_REQUIRED"),
        ),
        (
            "setPolicy(session: $session, policy: {inactivitySeconds: 60})",
            json!("REASON_REQUIRED"),
        ),
        (
            "terminateSession(session: $session, reason: \" \")",
            json!("INVALID_ARGUMENT"),
        ),
        (
            "setPolicy(session: $session, policy: {}, reason: \"x\")",
            json!("INVALID_ARGUMENT"),
        ),
        (
            "setPolicy(session: $session, policy: {inactivitySeconds: -1}, reason: \"x\")",
            json!("INVALID_ARGUMENT"),
        ),
        (
            &format!("terminateSession(session: $session, reason: \"{too_long}\")"),
            json!("INVALID_ARGUMENT"),
        ),
        (
            "sendMessage(session: $session, text: \"x\", reason: \"why\")",
            Value::Null,
        ),
    ];
    for (what, expected) in cases {
        assert_eq!(code(what), expected, "{what}");
    }
}

#[test]
fn who_is_idle_is_warned_goes_on_with_a_key_and_is_ended_without() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    retrace.set("policy.inactivity_s", "6s");
    retrace.set("policy.idle_warning_s", "3s");
    let server = retrace.serve();
    let mut person = person(&retrace, &server, &recorder, &["cat"]);
    let start = Instant::now();
    person.sees("this session ends in 2 s, unless a key is pressed");
    assert!(
        start.elapsed() >= Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    person.types("still here\r");
    person.sees("still here\r\nstill here\r\n");
    thread::sleep(Duration::from_secs(4));
    assert_eq!(person.seen().matches("unless a key is pressed").count(), 2);
    assert!(
        !person.seen().contains("is being ended"),
        "{}",
        person.seen()
    );
    person.sees("nothing was typed for 6 s");
    assert_eq!(person.waits().code(), Some(129));
    let mut log = follow(&server, &admin, &["session.idle_warned", "session.ended"]);
    let told: Vec<Value> = events(&mut log, 3)
        .into_iter()
        .map(|event| event["data"].clone())
        .collect();
    let warned = json!({"endsInS": 2});
    let ended = json!({"exitStatus": 129, "reason": "inactivity"});
    assert_eq!(told, [warned.clone(), warned, ended]);
}

#[test]
fn a_program_that_has_the_whole_screen_is_not_disturbed() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    // An editor: it takes the screen, and draws it anew when it is told that the window has changed.
    let script = "trap 'printf drawn-anew' WINCH; printf '\\033[?1049h\\033[5;5Htext'; \
                  stty -echo; while read -r line; do :; done";
    let person = person(&retrace, &server, &recorder, &["sh", "-c", script]);
    person.sees("text");
    let id = session(&server, &admin);
    ask(
        &server,
        &admin,
        &id,
        "sendMessage(session: $session, text: \"lunch\")",
    );
    person
        .sees("\x1b7\x1b[1;1H\x1b[0;7m retrace: message from tests: lunch \x1b[0m\x1b[K\x1b8\x07");
    assert!(!person.seen().contains("drawn-anew"));
    person.types("x");
    let start = Instant::now();
    // The shell acts on the signal once the line is read.
    while !person.seen().contains("drawn-anew") {
        assert!(start.elapsed() < PATIENCE, "{}", person.seen());
        thread::sleep(Duration::from_millis(300));
        person.types("\r");
    }
    let mut log = follow(&server, &admin, &["terminal.written"]);
    let shown: String = events(&mut log, 1)
        .iter()
        .map(|event| event["data"]["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(!shown.contains("lunch"), "{shown}");
}

#[test]
fn a_policy_that_is_set_live_ends_the_session_when_its_time_is_over() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let mut person = person(
        &retrace,
        &server,
        &recorder,
        &["sh", "-c", "echo ready; sleep 100"],
    );
    person.sees("ready");
    let id = session(&server, &admin);
    let set = ask(
        &server,
        &admin,
        &id,
        "setPolicy(session: $session, policy: {maxLengthSeconds: 3})",
    );
    assert_eq!(set["errors"], Value::Null, "{set}");
    person.sees("it has reached the longest time allowed, 3 s");
    assert_eq!(person.waits().code(), Some(129));
    let known = controls(&server, &admin, &id);
    assert_eq!(known["endReason"], "MAX_LENGTH", "{known}");
    // The settings may say what they want.
    retrace.set("policy.max_length_s", "8h");
    assert_eq!(
        controls(&server, &admin, &id)["policyInForce"]["maxLengthSeconds"],
        3
    );
}

#[test]
fn the_server_asks_for_the_end_where_a_recorder_does_not_keep_to_limits() {
    for (setting, cause, why) in [
        (
            "policy.max_length_s",
            "max_length",
            "the longest time allowed, 1 s",
        ),
        (
            "policy.inactivity_s",
            "inactivity",
            "nothing was typed for 1 s",
        ),
    ] {
        let retrace = Retrace::new();
        let recorder = retrace.recorder_token();
        retrace.set("policy.enforce_after_s", "2s");
        retrace.set(setting, "1s");
        let server = retrace.serve();
        let upload = Upload::launch(&server, &recorder, &json!({}));
        upload.send("agent", 0, markers(0, 1)).is_ok();
        let mut channel = upload.listen(None);
        let start = Instant::now();
        let asked = loop {
            let (id, kind, message) = channel.message().unwrap();
            if kind == "session.terminate_requested" {
                break (id, message);
            }
        };
        assert!(
            start.elapsed() >= Duration::from_secs(2),
            "its recorder has time to do so itself"
        );
        let (version, asked) = asked;
        let data = &asked["data"];
        assert_eq!(
            (&data["by"], &data["cause"]),
            (&json!("server"), &json!(cause))
        );
        assert!(data["reason"].as_str().unwrap().contains(why), "{data}");
        // Asked once, and answered by whatever recorder it is.
        let at = asked["at"].as_str().unwrap();
        let answer = json!({"done": true, "request": "session.terminate_requested",
            "version": version.parse::<u64>().unwrap()});
        upload
            .send("agent", 1, line(at, "session.control_answered", &answer))
            .is_ok();
        thread::sleep(Duration::from_secs(5));
        let admin = retrace.token();
        let known = controls(&server, &admin, &upload.session);
        let controls = known["controls"].as_array().unwrap();
        assert_eq!(controls.len(), 1, "{known}");
        assert_eq!(controls[0]["answer"]["done"], true, "{known}");
        assert_eq!(controls[0]["answer"]["source"], "agent");
    }
}

#[test]
fn a_recorder_cannot_set_its_own_policy_nor_ask_for_anything() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    for (kind, data) in [
        ("session.policy_set", json!({"by": "me"})),
        ("session.terminate_requested", json!({"by": "me"})),
        ("session.message_sent", json!({"by": "me", "text": "x"})),
    ] {
        let sent = upload.send("agent", 0, line(retrace_tests::upload::AT, kind, &data));
        sent.is_error(400, "INVALID_EVENT");
    }
}

#[test]
fn a_recording_without_a_person_is_told_on_standard_error() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let child = Command::new(retrace_tests::binary())
        .args(["record", "--", "sh", "-c", "sleep 100"])
        .env("RETRACE_SERVER", server.url())
        .env("RETRACE_TOKEN", &recorder)
        .env("RETRACE_SPOOL", retrace.scratch().join("spool"))
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = session(&server, &admin);
    ask(
        &server,
        &admin,
        &id,
        "sendMessage(session: $session, text: \"lunch\")",
    );
    ask(&server, &admin, &id, "terminateSession(session: $session)");
    let output = child.wait_with_output().unwrap();
    assert!(
        text(&output.stderr).contains("message from tests: lunch"),
        "{output:?}"
    );
    let known = controls(&server, &admin, &id);
    let answer = &known["controls"][0]["answer"];
    assert_eq!(answer["done"], true, "{known}");
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("standard error"),
        "{known}"
    );
}
