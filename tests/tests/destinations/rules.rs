//! What is sent, to whom, and who may say so.

use std::fs;
use std::time::Duration;

use retrace_tests::receivers::{Http, JetStream};
use serde_json::{Value, json};

use crate::house::{SECRET, house};

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
