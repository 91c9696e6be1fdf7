//! Events are sent to receivers that others made, which die, stall and refuse, and all of them arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use retrace_tests::receivers::{
    Authority, Http, JetStream, Syslog, SyslogKind, Transport, free_port,
};
use retrace_tests::{PATIENCE, Retrace, Server, long_recording};
use serde_json::{Value, json};

const SECRET: &str = "s3cret-of-the-receiver";

struct House {
    retrace: Retrace,
    server: Server,
    token: String,
}

fn serve(retrace: &Retrace) -> Server {
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    let folder = retrace.scratch().join("exports");
    fs::create_dir_all(&folder).expect("a folder");
    command.env("RETRACE_EXPORT_FOLDER", folder);
    retrace.serve_by(command)
}

fn house() -> House {
    let retrace = Retrace::with_samples();
    let server = serve(&retrace);
    let token = retrace.token();
    House {
        retrace,
        server,
        token,
    }
}

impl House {
    fn add(&self, name: &str, arguments: &[&str]) {
        let mut command = self.retrace.command(&["destination", "add", name]);
        command
            .args(arguments)
            .env("RETRACE_DESTINATION_SECRET", SECRET);
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{output:?}");
    }

    fn status(&self, name: &str) -> Value {
        let query = "{ destinations { name state lag delivered failed deadLetters lastError cursor hasSecret } }";
        let answer = self.server.graphql(&self.token, query, &json!({}));
        let all = answer["data"]["destinations"].as_array();
        let all = all.unwrap_or_else(|| panic!("{answer}"));
        let found = all.iter().find(|one| one["name"] == name);
        found.cloned().unwrap_or_default()
    }

    fn wait_for(&self, name: &str, what: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let status = self.status(name);
            if what(&status) {
                return status;
            }
            assert!(started.elapsed() < PATIENCE * 2, "{name}: {status}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until everything that there is has arrived.
    fn wait_until_idle(&self, name: &str) -> Value {
        self.wait_for(name, |status| {
            status["state"] == "idle" && status["lag"] == 0 && status["delivered"] != 0
        })
    }

    /// Holds what a receiver has against the log.
    fn reconcile(&self, name: &str, file: &Path) -> Value {
        let file = file.to_str().expect("a path");
        let arguments = [
            "destination",
            "reconcile",
            name,
            "--received",
            file,
            "--json",
            "--width",
            "1000000000",
        ];
        let output = self.retrace.run(&arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let range: Value =
            serde_json::from_str(text.trim()).unwrap_or_else(|_| panic!("{output:?}"));
        assert!(output.status.success(), "{range}");
        assert_eq!(range["missing"], json!([]), "{range}");
        assert_eq!(range["unexpected"], 0, "{range}");
        assert!(range["expected"].as_u64() > Some(100), "{range}");
        range
    }

    fn import(&self, number: u32, seconds: u32) {
        let path = self.retrace.scratch().join(format!("long-{number}.cast"));
        let text = long_recording(seconds).replace("of a long", &format!("of {number}, a long"));
        fs::write(&path, text).expect("it is written");
        self.retrace
            .succeed(&["import", path.to_str().expect("a path")]);
    }
}

/// Lines by the id in them: those of an id must be the same. A receiver that is killed while it writes leaves half a line,
/// and goes on behind it: that is its own, and the event came again.
fn by_id(file: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in fs::read_to_string(file).expect("it was written").lines() {
        let Some((_, rest)) = line.split_once("retrace@32473 id=\"") else {
            panic!("a line without an id: {line}");
        };
        if rest.contains("retrace@32473 id=\"") || !line.trim_end().ends_with('}') {
            continue;
        }
        let (id, _) = rest.split_once('"').expect("an end");
        lines
            .entry(id.to_owned())
            .or_default()
            .insert(line.to_owned());
    }
    lines
}

/// A receiver of syslog is killed in the middle, and again, and nothing is lost; what comes twice is the same.
fn nothing_is_lost(kind: SyslogKind, transport: Transport) {
    let house = house();
    let authority = Authority::new(house.retrace.scratch());
    let port = free_port();
    let file = house.retrace.scratch().join("received.log");
    let start = || Syslog::start(kind, transport, port, &file, &authority);
    let receiver = start();
    let address = format!("127.0.0.1:{port}");
    let ca = authority.certificate();
    let mut arguments = vec![
        "--address",
        &address,
        "--from-the-start",
        "--option",
        "hold_s=3",
    ];
    match transport {
        Transport::Tcp => arguments.extend(["--kind", "syslog-tcp", "--format", "ndjson"]),
        Transport::Tls => {
            let ca = ca.to_str().expect("a path");
            arguments.extend(["--kind", "syslog-tls", "--format", "ocsf", "--ca", ca]);
        }
    }
    house.add("siem", &arguments);
    house.wait_for("siem", |status| status["delivered"].as_u64() > Some(500));
    receiver.kill();
    house.import(1, 200);
    house.wait_for("siem", |status| status["failed"].as_u64() > Some(0));
    let receiver = start();
    house.import(2, 200);
    house.wait_for("siem", |status| status["state"] != "retrying");
    receiver.kill();
    std::thread::sleep(Duration::from_millis(300));
    let _receiver = start();
    house.wait_until_idle("siem");
    let range = house.reconcile("siem", &file);
    let lines = by_id(&file);
    assert!(lines.len() as u64 >= range["received"].as_u64().expect("a count"));
    for (id, lines) in lines {
        assert_eq!(lines.len(), 1, "{id}: {lines:?}");
    }
}

#[test]
fn nothing_is_lost_when_rsyslog_is_killed_over_tcp() {
    nothing_is_lost(SyslogKind::Rsyslog, Transport::Tcp);
}

#[test]
fn nothing_is_lost_when_rsyslog_is_killed_over_tls() {
    nothing_is_lost(SyslogKind::Rsyslog, Transport::Tls);
}

#[test]
fn nothing_is_lost_when_syslog_ng_is_killed_over_tcp() {
    nothing_is_lost(SyslogKind::SyslogNg, Transport::Tcp);
}

#[test]
fn nothing_is_lost_when_syslog_ng_is_killed_over_tls() {
    nothing_is_lost(SyslogKind::SyslogNg, Transport::Tls);
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_and_shown() {
    let house = house();
    let authority = Authority::new(house.retrace.scratch());
    let other = house.retrace.scratch().join("other");
    fs::create_dir(&other).expect("a folder");
    let other = Authority::new(&other);
    let port = free_port();
    let file = house.retrace.scratch().join("received.log");
    let _receiver = Syslog::start(SyslogKind::Rsyslog, Transport::Tls, port, &file, &authority);
    let (address, ca) = (format!("127.0.0.1:{port}"), other.certificate());
    let ca = ca.to_str().expect("a path");
    house.add(
        "siem",
        &[
            "--kind",
            "syslog-tls",
            "--address",
            &address,
            "--ca",
            ca,
            "--from-the-start",
        ],
    );
    let status = house.wait_for("siem", |status| status["state"] == "retrying");
    let error = status["lastError"].as_str().expect("an error");
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(status["delivered"], 0);
    assert!(fs::read_to_string(&file).unwrap_or_default().is_empty());
}

#[test]
fn a_long_event_is_cut_to_a_frame_and_says_where_the_whole_is() {
    let house = house();
    let port = free_port();
    let file = house.retrace.scratch().join("received.log");
    let authority = Authority::new(house.retrace.scratch());
    let _receiver = Syslog::start(SyslogKind::Rsyslog, Transport::Tcp, port, &file, &authority);
    let path = house.retrace.scratch().join("wide.cast");
    let text = format!(
        "{{\"version\":2,\"width\":80,\"height\":24}}\n[0.1,\"o\",\"{}\"]\n",
        "x".repeat(30_000)
    );
    fs::write(&path, text).expect("it is written");
    house
        .retrace
        .succeed(&["import", path.to_str().expect("a path")]);
    let address = format!("127.0.0.1:{port}");
    house.add(
        "siem",
        &[
            "--kind",
            "syslog-tcp",
            "--address",
            &address,
            "--from-the-start",
            "--option",
            "hold_s=0",
        ],
    );
    house.wait_until_idle("siem");
    std::thread::sleep(Duration::from_secs(1));
    house.reconcile("siem", &file);
    let text = fs::read_to_string(&file).expect("it was written");
    let cut = text
        .lines()
        .find(|line| line.contains("truncated=\"true\""));
    let cut = cut.expect("a line that was cut");
    let (_, event) = cut.split_once("] ").expect("an event");
    let event: Value = serde_json::from_str(event.trim()).expect("whole JSON");
    let link = event["unmapped"]["data"]["link"].as_str().expect("a link");
    let whole = house
        .server
        .get(link)
        .bearer_auth(&house.token)
        .send()
        .expect("an answer");
    assert!(whole.text().expect("a body").contains(&"x".repeat(30_000)));
}

#[test]
fn a_webhook_that_fails_and_refuses_gets_all_but_what_it_refuses() {
    let house = house();
    // Of the first requests some fail; an event of one kind is refused whenever it comes.
    let hook = Http::start(|number, request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        match number {
            0 => (503, "busy".to_owned()),
            2 => (429, "slower".to_owned()),
            _ if body.contains("\"terminal.resized\"") => (422, "no sizes, please".to_owned()),
            _ => (200, "{}".to_owned()),
        }
    });
    let address = format!("http://127.0.0.1:{}/hook", hook.port);
    house.add(
        "hook",
        &[
            "--kind",
            "webhook",
            "--address",
            &address,
            "--format",
            "ndjson",
            "--from-the-start",
            "--option",
            "batch_events=50",
        ],
    );
    let status = house.wait_until_idle("hook");
    assert!(status["failed"].as_u64() >= Some(2), "{status}");
    let taken = hook.taken();
    let mut lines = BTreeMap::new();
    for request in &taken {
        let text = String::from_utf8(request.body.clone()).expect("text");
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).expect("JSON");
            *lines
                .entry(event["position"].as_u64().expect("a position"))
                .or_insert(0) += 1;
        }
        assert_eq!(request.header("content-type"), "application/x-ndjson");
        check_signature(
            &request.header("retrace-signature"),
            &request.body,
            house.retrace.scratch(),
        );
    }
    let resized = house.server.log_content(&house.token);
    let resized = resized
        .iter()
        .filter(|event| event["type"] == "terminal.resized")
        .count() as u64;
    assert!(resized > 0);
    assert_eq!(status["deadLetters"], resized, "{status}");
    assert_eq!(status["delivered"], lines.len() as u64, "{status}");
    let letters = house
        .retrace
        .succeed(&["destination", "dead-letters", "hook"]);
    assert_eq!(letters.lines().count() as u64, resized);
    assert!(letters.contains("no sizes, please"));
}

/// As whoever receives would check it, with openssl.
fn check_signature(signature: &str, body: &[u8], scratch: &Path) {
    let (time, hash) = signature.split_once(",v1=").expect("a signature");
    let time = time.strip_prefix("t=").expect("a time");
    let mut text = format!("{time}.").into_bytes();
    text.extend_from_slice(body);
    let file = scratch.join("signed");
    fs::write(&file, text).expect("it is written");
    let output = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", SECRET])
        .arg(&file)
        .output()
        .expect("openssl runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said.trim().rsplit(' ').next(), Some(hash));
}

#[test]
fn splunk_is_asked_until_it_has_indexed() {
    let house = house();
    let hec = Http::start(|number, request| {
        assert_eq!(request.header("authorization"), format!("Splunk {SECRET}"));
        assert!(!request.header("x-splunk-request-channel").is_empty());
        let acks = request.path.ends_with("/ack");
        match (number, acks) {
            (0, false) => (503, "{\"text\":\"Server is busy\",\"code\":9}".to_owned()),
            (_, false) => (
                200,
                format!("{{\"text\":\"Success\",\"code\":0,\"ackId\":{number}}}"),
            ),
            (_, true) => {
                let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
                let id = asked["acks"][0].as_u64().expect("an id");
                // Not at once.
                (
                    200,
                    format!("{{\"acks\":{{\"{id}\":{}}}}}", number > id + 1),
                )
            }
        }
    });
    let address = format!("http://127.0.0.1:{}", hec.port);
    house.add(
        "splunk",
        &[
            "--kind",
            "hec",
            "--address",
            &address,
            "--from-the-start",
            "--option",
            "ack=1",
            "--option",
            "index=audit",
            "--option",
            "batch_events=1000",
        ],
    );
    let status = house.wait_until_idle("splunk");
    let mut ids = BTreeSet::new();
    for request in hec
        .taken()
        .iter()
        .filter(|request| request.path.ends_with("/event"))
    {
        let events = serde_json::Deserializer::from_slice(&request.body).into_iter::<Value>();
        for event in events {
            let event = event.expect("JSON");
            assert_eq!(event["index"], "audit");
            assert_eq!(event["sourcetype"], "retrace:ocsf");
            assert_eq!(
                event["event"]["metadata"]["uid"],
                event["fields"]["retrace_id"]
            );
            assert!(
                event["time"]
                    .as_str()
                    .expect("a time")
                    .parse::<f64>()
                    .is_ok()
            );
            ids.insert(event["fields"]["retrace_id"].to_string());
        }
    }
    assert_eq!(status["delivered"], ids.len() as u64, "{status}");
    assert_eq!(status["deadLetters"], 0);
}

#[test]
fn a_file_is_whole_lines_also_when_the_server_is_killed() {
    let House {
        retrace,
        server,
        token,
    } = house();
    let house = House {
        retrace,
        server,
        token,
    };
    house.add(
        "archive",
        &[
            "--kind",
            "file",
            "--address",
            "siem/events.ndjson",
            "--format",
            "ndjson",
            "--from-the-start",
            "--option",
            "batch_events=20",
        ],
    );
    house.wait_for("archive", |status| status["delivered"].as_u64() > Some(100));
    let House {
        retrace,
        server,
        token,
    } = house;
    server.kill();
    let file = retrace.scratch().join("exports/siem/events.ndjson");
    fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"half\":"))
        .expect("it is written");
    let server = serve(&retrace);
    let house = House {
        retrace,
        server,
        token,
    };
    house.import(1, 30);
    house.wait_until_idle("archive");
    house.reconcile("archive", &file);
    for line in fs::read_to_string(&file).expect("it was written").lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
    for target in ["../outside", "/tmp/outside", ".hidden"] {
        let arguments = [
            "destination",
            "add",
            "bad",
            "--kind",
            "file",
            "--address",
            target,
        ];
        assert!(!house.retrace.run(&arguments).status.success(), "{target}");
    }
}

#[test]
fn a_receiver_that_reads_nothing_delays_no_other_and_removal_ends_it() {
    let house = house();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("{}", silent.local_addr().expect("an address"));
    house.add(
        "silent",
        &[
            "--kind",
            "syslog-tcp",
            "--address",
            &address,
            "--from-the-start",
        ],
    );
    house.add(
        "archive",
        &["--kind", "file", "--address", "events", "--from-the-start"],
    );
    house.import(1, 600);
    house.wait_until_idle("archive");
    let metrics = house
        .server
        .get("/metrics")
        .bearer_auth(&house.token)
        .send()
        .expect("an answer");
    let metrics = metrics.text().expect("text");
    assert!(
        metrics.contains("retrace_destination_state{destination=\"archive\",state=\"idle\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("retrace_destination_lag_positions{destination=\"silent\"}"));
    assert_eq!(
        house
            .server
            .get("/metrics")
            .send()
            .expect("an answer")
            .status(),
        401
    );
    house.retrace.succeed(&["destination", "remove", "silent"]);
    house.wait_for("silent", Value::is_null);
}

#[test]
fn what_was_sent_is_sent_again_from_a_position_and_the_secret_is_nowhere_shown() {
    let house = house();
    let hook = Http::start(|_, _| (204, String::new()));
    let address = format!("http://127.0.0.1:{}/", hook.port);
    house.add(
        "hook",
        &[
            "--kind",
            "webhook",
            "--address",
            &address,
            "--types",
            "session.*,destination.*",
        ],
    );
    house.import(1, 2);
    let before = house.wait_until_idle("hook");
    assert_eq!(before["hasSecret"], true);
    house.retrace.succeed(&["destination", "replay", "hook"]);
    house.wait_for("hook", |status| {
        status["delivered"].as_u64() > before["delivered"].as_u64().map(|count| count + 10)
    });
    house.wait_until_idle("hook");
    let all = house
        .server
        .get("/v1/events?limit=1000000")
        .bearer_auth(&house.token);
    let all = all
        .send()
        .and_then(reqwest::blocking::Response::text)
        .expect("the log");
    assert!(all.contains("\"destination.set\"") && all.contains("\"destination.replayed\""));
    assert!(!all.contains(SECRET));
    let listed = house.retrace.succeed(&["destination", "list", "--json"]);
    assert!(!listed.contains(SECRET) && listed.contains("\"hasSecret\":true"));
    let log = house.retrace.data().join("log.sqlite");
    let bytes = fs::read(log).expect("the log");
    assert!(
        !bytes
            .windows(SECRET.len())
            .any(|window| window == SECRET.as_bytes())
    );
    for request in hook.taken() {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        assert!(
            !text.contains(SECRET) && !text.contains("destination.progressed"),
            "{text}"
        );
    }
}

#[test]
fn what_is_redacted_is_sent_masked() {
    let house = house();
    house.server.wait_until_caught_up();
    house.add(
        "archive",
        &[
            "--kind",
            "file",
            "--address",
            "masked",
            "--format",
            "ndjson",
            "--from-the-start",
        ],
    );
    house.add(
        "vault",
        &[
            "--kind",
            "file",
            "--address",
            "whole",
            "--format",
            "ndjson",
            "--from-the-start",
            "--reveal",
        ],
    );
    house.wait_until_idle("archive");
    house.wait_until_idle("vault");
    let typed = |file: &str| -> String {
        let path = house.retrace.scratch().join("exports").join(file);
        let text = fs::read_to_string(path).expect("it was written");
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let keys = events.filter(|event| event["type"] == "keys.typed");
        keys.filter_map(|event| event["data"]["text"].as_str().map(str::to_owned))
            .collect()
    };
    assert!(!typed("masked").contains("correct-horse-9"));
    assert!(typed("whole").contains("correct-horse-9"));
}

/// Sending makes no events without end: what tells of it is told now and then, and sent nowhere.
#[test]
fn sending_does_not_feed_itself() {
    let house = house();
    house.add(
        "one",
        &["--kind", "file", "--address", "one", "--from-the-start"],
    );
    house.add(
        "two",
        &["--kind", "file", "--address", "two", "--from-the-start"],
    );
    house.wait_until_idle("one");
    house.wait_until_idle("two");
    // Not all events: what rules hide is told half a minute after it was noticed, whoever is sent anything.
    let told = || {
        let path = "/v1/events?limit=1000000&types=destination.progressed";
        let answer = house.server.get(path).bearer_auth(&house.token).send();
        let text = answer.and_then(reqwest::blocking::Response::text);
        text.expect("the log").lines().count()
    };
    let before = told();
    std::thread::sleep(Duration::from_secs(70));
    let told = told() - before;
    // A first time, and once more for what was sent after that, of each.
    assert!(told <= 4, "{told}");
}

#[test]
fn a_stream_of_nats_stores_each_event_once() {
    let house = house();
    let nats = JetStream::start(house.retrace.scratch());
    nats.create_stream("audit", "retrace.events");
    let address = format!("nats://127.0.0.1:{}", nats.port);
    let arguments = ["--kind", "nats", "--address", &address, "--from-the-start"];
    let mut command = house.retrace.command(&["destination", "add", "bus"]);
    assert!(
        command
            .args(arguments)
            .status()
            .expect("it starts")
            .success()
    );
    let status = house.wait_until_idle("bus");
    let stored = nats.messages("audit");
    assert_eq!(status["delivered"], stored);
    // The same again: the stream tells them by their ids.
    house.retrace.succeed(&["destination", "replay", "bus"]);
    house.wait_for("bus", |status| {
        status["delivered"].as_u64() >= Some(2 * stored)
    });
    house.wait_until_idle("bus");
    assert!(nats.messages("audit") < stored + 20);
}

#[test]
fn destinations_are_changed_over_graphql_by_whoever_may_and_each_change_is_an_event() {
    let house = house();
    let ask = |token: &str, query: &str| house.server.graphql(token, query, &json!({}));
    let set = "mutation { setDestination(input: {name: \"hook\", kind: \"webhook\", target: \"http://127.0.0.1:9/\",
        format: \"ndjson\", types: \"session.*\", secret: \"s3cret\", options: [{name: \"batch_events\", value: \"10\"}]}) {
        name kind target format types hasSecret state options { name value } } }";
    let answer = ask(&house.token, set);
    let made = &answer["data"]["setDestination"];
    assert_eq!(made["hasSecret"], true, "{answer}");
    assert_eq!(
        made["options"],
        json!([{"name": "batch_events", "value": "10"}])
    );
    let replayed = ask(
        &house.token,
        "mutation { replayDestination(name: \"hook\", from: 7) { cursor } }",
    );
    assert!(replayed["errors"].is_null(), "{replayed}");
    house.wait_for("hook", |status| status["state"] == "retrying");
    let removed = ask(
        &house.token,
        "mutation { removeDestination(name: \"hook\") { name } }",
    );
    assert_eq!(removed["data"]["removeDestination"]["name"], "hook");

    for (query, code) in [
        (
            "mutation { removeDestination(name: \"hook\") { name } }",
            "NOT_FOUND",
        ),
        (
            "mutation { setDestination(input: {name: \"x\", kind: \"webhook\", target: \"file:///etc/passwd\", secret: \"s\"}) { name } }",
            "INVALID_ARGUMENT",
        ),
        (
            "mutation { setDestination(input: {name: \"../x\", kind: \"syslog-udp\", target: \"a:1\"}) { name } }",
            "INVALID_ARGUMENT",
        ),
        (
            "mutation { setDestination(input: {name: \"x\", kind: \"hec\", target: \"https://a\"}) { name } }",
            "INVALID_ARGUMENT",
        ),
    ] {
        let answer = ask(&house.token, query);
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], code,
            "{query}: {answer}"
        );
    }
    let create = ["token", "create", "--name", "auditor", "--role", "auditor"];
    let auditor = house.retrace.succeed(&create).trim().to_owned();
    let refused = ask(&auditor, set);
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
    let log = house
        .server
        .get("/v1/events?limit=1000000&types=destination.*")
        .bearer_auth(&house.token);
    let log = log
        .send()
        .and_then(reqwest::blocking::Response::text)
        .expect("the log");
    for kind in [
        "destination.set",
        "destination.replayed",
        "destination.removed",
    ] {
        let told = log
            .lines()
            .filter(|line| line.contains(&format!("\"{kind}\"")));
        assert_eq!(told.count(), 1, "{kind}: {log}");
    }
}

/// Unmounts what was mounted, however the test ends.
struct Disk(std::path::PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not be mounted.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A disk of 256 KiB for exports: a tmpfs, so this one needs root.
#[test]
fn a_full_disk_is_said_and_waited_for_and_no_line_is_cut() {
    let retrace = Retrace::with_samples();
    let folder = retrace.scratch().join("exports");
    fs::create_dir_all(&folder).expect("a folder");
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&folder);
        command.output().is_ok_and(|output| output.status.success())
    };
    if !mount("size=256k") {
        let mut stderr = std::io::stderr();
        std::io::Write::write_all(&mut stderr, b"skipped: a tmpfs cannot be mounted here\n")
            .expect("it is open");
        return;
    }
    let _disk = Disk(folder.clone());
    let server = serve(&retrace);
    let token = retrace.token();
    let house = House {
        retrace,
        server,
        token,
    };
    house.add(
        "archive",
        &[
            "--kind",
            "file",
            "--address",
            "events",
            "--format",
            "ocsf",
            "--from-the-start",
        ],
    );
    let status = house.wait_for("archive", |status| status["state"] == "retrying");
    let error = status["lastError"].as_str().expect("an error");
    assert!(error.contains("cannot be written"), "{error}");
    for line in fs::read_to_string(folder.join("events"))
        .expect("it is there")
        .lines()
    {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
    assert!(mount("remount,size=64m"));
    house.wait_until_idle("archive");
    house.reconcile("archive", &folder.join("events"));
}
