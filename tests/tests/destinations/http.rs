//! A webhook and Splunk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use retrace_tests::receivers::Http;
use serde_json::Value;

use crate::house::{SECRET, house};

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
