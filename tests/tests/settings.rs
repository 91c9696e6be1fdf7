//! `retrace settings`, as an administrator uses it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use retrace_tests::{Retrace, text};
use serde_json::json;

#[test]
fn a_setting_is_listed_changed_and_its_changes_are_remembered() {
    let retrace = Retrace::new();
    retrace.token();
    let listed = retrace.succeed(&["settings", "list"]);
    assert!(listed.contains("ingest.batch_bytes_max"), "{listed}");

    let name = "ingest.batch_bytes_max";
    assert_eq!(retrace.succeed(&["settings", "get", name]).trim(), "8 MiB");
    retrace.succeed(&["settings", "set", name, "16MiB"]);
    assert_eq!(retrace.succeed(&["settings", "get", name]).trim(), "16 MiB");
    let described = &retrace.json_lines(&["settings", "get", name, "--json"])[0];
    assert_eq!(described["value"], json!(16 << 20));
    assert_eq!(described["default"], json!(8 << 20));

    let history = retrace.json_lines(&["settings", "history", name, "--json"]);
    assert_eq!(history.len(), 1);
    assert_eq!(history[0]["old"], json!(8 << 20));
    assert_eq!(history[0]["new"], json!(16 << 20));
    assert!(
        history[0]["by"]
            .as_str()
            .unwrap()
            .ends_with("@command-line")
    );
    retrace.succeed(&["verify"]);
}

#[test]
fn what_is_no_setting_or_no_value_for_it_is_refused_with_what_would_be() {
    let retrace = Retrace::new();
    retrace.token();
    let cases = [
        (
            vec!["set", "ingest.batch_events_max", "0"],
            "`ingest.batch_events_max` is \"0\", expected a number from 1 to 1000000",
        ),
        (
            vec!["set", "policy.record_keys", "yes"],
            "expected true or false",
        ),
        (vec!["get", "nothing"], "there is no setting `nothing`"),
        (vec!["history", "nothing"], "there is no setting `nothing`"),
    ];
    for (arguments, expected) in cases {
        let output = retrace.run(&[vec!["settings"], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains(expected), "{said}");
    }
    // A mistyped setting makes no log.
    let empty = Retrace::new();
    empty.run(&["settings", "set", "nothing", "1"]);
    assert!(!empty.data().exists());
}
