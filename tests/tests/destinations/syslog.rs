//! rsyslog and syslog-ng, over TCP, TLS and UDP.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use retrace_tests::PATIENCE;
use retrace_tests::receivers::{Authority, Syslog, SyslogKind, Transport, free_port};
use serde_json::Value;

use crate::house::house;

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
        Transport::Udp => unreachable!("a datagram may be lost"),
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

/// Nobody confirms datagrams, so few enough are sent that a machine of its own loses none.
#[test]
fn datagrams_arrive_whole_and_are_never_longer_than_a_datagram() {
    let house = house();
    let authority = Authority::new(house.retrace.scratch());
    let port = free_port();
    let file = house.retrace.scratch().join("received.log");
    let _receiver = Syslog::start(SyslogKind::Rsyslog, Transport::Udp, port, &file, &authority);
    let address = format!("127.0.0.1:{port}");
    house.add(
        "siem",
        &[
            "--kind",
            "syslog-udp",
            "--address",
            &address,
            "--format",
            "ecs",
            "--types",
            "session.launched, session.ended",
            "--from-the-start",
        ],
    );
    let status = house.wait_until_idle("siem");
    let sent = status["delivered"].as_u64().expect("a count");
    assert!(sent > 10, "{status}");
    let arrived = || {
        if file.exists() {
            by_id(&file).len() as u64
        } else {
            0
        }
    };
    let started = Instant::now();
    while arrived() != sent {
        assert!(started.elapsed() < PATIENCE, "{} of {sent}", arrived());
        std::thread::sleep(Duration::from_millis(100));
    }
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
