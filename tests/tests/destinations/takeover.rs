//! A node that is gone does not take its destinations with it.

use std::time::{Duration, Instant};

use retrace_tests::nodes::Nodes;
use retrace_tests::receivers::{Authority, Syslog, SyslogKind, Transport, free_port};
use retrace_tests::{Retrace, Server, samples};
use serde_json::Value;

use crate::house::status;

/// Longer than a node may say nothing until it is taken to be gone.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(180);

fn wait_for(server: &Server, token: &str, what: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let found = status(server, token, "siem");
        if what(&found) {
            return found;
        }
        assert!(started.elapsed() < TAKEN_OVER_WITHIN, "{found}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn another_node_goes_on_for_one_that_was_killed_and_nothing_is_lost() {
    let retrace = Retrace::new();
    let Some(nodes) = Nodes::new(&retrace, "one") else {
        eprintln!("passed over: there is no PostgreSQL here");
        return;
    };
    let token = nodes.token();
    let authority = Authority::new(retrace.scratch());
    let port = free_port();
    let file = retrace.scratch().join("received.log");
    let _receiver = Syslog::start(SyslogKind::Rsyslog, Transport::Tcp, port, &file, &authority);
    let sample = |name: &str| samples().join(name).to_string_lossy().into_owned();
    let one = nodes.serve("one");
    nodes.succeed("one", &["import", &sample("deploy-v3.cast")]);
    let address = format!("127.0.0.1:{port}");
    nodes.succeed(
        "one",
        &[
            "destination",
            "add",
            "siem",
            "--kind",
            "syslog-tcp",
            "--address",
            &address,
            "--format",
            "ndjson",
            "--from-the-start",
        ],
    );
    let is_done = |status: &Value| status["state"] == "idle" && status["lag"] == 0;
    wait_for(&one, &token, |status| {
        is_done(status) && status["delivered"] != 0
    });
    let two = nodes.serve("two");
    wait_for(&two, &token, |status| status["state"] == "elsewhere");
    one.kill();
    nodes.succeed("two", &["import", &sample("incident-v2.cast")]);
    wait_for(&two, &token, |status| {
        is_done(status) && status["delivered"] != 0
    });
    std::thread::sleep(Duration::from_secs(1));
    // Exit status 1 when something is missing.
    let file = file.to_str().expect("a path");
    nodes.succeed(
        "two",
        &["destination", "reconcile", "siem", "--received", file],
    );
}
