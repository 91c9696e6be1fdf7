//! The master key: where it may be, what is refused, and replacing it while a server runs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use retrace_tests::upload::{Upload, markers};
use retrace_tests::{Retrace, text};
use serde_json::json;

#[test]
fn the_master_key_is_replaced_while_a_server_records() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let key_file = retrace.data().join("keys/master.key");
    let first = fs::read_to_string(&key_file).unwrap();
    let before = Upload::launch(&server, &recorder, &json!({}));
    before.send("agent", 0, markers(0, 10)).is_ok();

    let rotated = retrace.run(&["keys", "rotate"]);
    assert!(rotated.status.success(), "{rotated:?}");
    let said = text(&rotated.stderr);
    assert!(
        said.contains("keys are wrapped with the master key"),
        "{said}"
    );
    let second = fs::read_to_string(&key_file).unwrap();
    assert_eq!(second.lines().count(), 2);
    assert!(
        second.ends_with(&first),
        "the old key stays behind the new one"
    );

    // The server goes on with both sessions, and a third rotation later nothing needs the first key.
    let after = Upload::launch(&server, &recorder, &json!({}));
    after.send("agent", 0, markers(0, 10)).is_ok();
    before.send("agent", 10, markers(10, 10)).is_ok();
    retrace.succeed(&["keys", "rotate"]);
    retrace.succeed(&["keys", "rotate"]);
    let last = fs::read_to_string(&key_file).unwrap();
    assert_eq!(last.lines().count(), 2);
    assert!(!last.contains(first.trim()));
    let mode = fs::metadata(&key_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    before.send("agent", 20, markers(20, 10)).is_ok();
    server.kill();
    let verified = &retrace.json_lines(&["verify", "--json"])[0];
    assert_eq!(verified["verified"], true, "{verified}");
    let changes: Vec<_> = retrace
        .log_content()
        .into_iter()
        .filter(|event| event["data"]["setting"] == "keys.master")
        .collect();
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[1]["data"]["old"], changes[0]["data"]["new"]);
}

#[test]
fn the_master_key_may_be_kept_by_its_operator() {
    let retrace = Retrace::new();
    let key = retrace.succeed(&["keys", "generate"]);
    let mounted = retrace.scratch().join("mounted.key");
    fs::write(&mounted, &key).unwrap();
    let with_file = ["--master-key-file", mounted.to_str().unwrap()];
    let create = ["token", "create", "--name", "a"];
    retrace.succeed(&[create.as_slice(), &with_file].concat());
    assert!(!retrace.data().join("keys/master.key").exists());
    retrace.succeed(&[["verify"].as_slice(), &with_file].concat());

    let missing = retrace.run(&["verify"]);
    assert_eq!(missing.status.code(), Some(2));
    let said = text(&missing.stderr);
    assert!(said.contains("master.key` is missing"), "{said}");
    assert!(said.contains("RETRACE_MASTER_KEY"), "{said}");
    let by_environment = retrace
        .command(&["verify"])
        .env("RETRACE_MASTER_KEY", key.trim())
        .output()
        .unwrap();
    assert!(by_environment.status.success(), "{by_environment:?}");
    let wrong = retrace
        .command(&["verify"])
        .env("RETRACE_MASTER_KEY", "retrace-master-key-1:00:AAAA")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("line 1 is not a master key"));
    let ours_only = retrace.run(&[["keys", "rotate"].as_slice(), &with_file].concat());
    assert!(!ours_only.status.success());
    assert!(text(&ours_only.stderr).contains("retrace keys rewrap"));

    let another = retrace.succeed(&["keys", "generate"]);
    fs::write(&mounted, format!("{another}{key}")).unwrap();
    retrace.succeed(&[["keys", "rewrap"].as_slice(), &with_file].concat());
    fs::write(&mounted, &another).unwrap();
    retrace.succeed(&[["verify"].as_slice(), &with_file].concat());
}
