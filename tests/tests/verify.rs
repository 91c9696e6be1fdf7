//! `retrace verify` on real data: it passes, and it names what was changed behind its back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use retrace_tests::{Retrace, text};
use rusqlite::Connection;
use serde_json::json;

#[test]
fn an_untouched_log_verifies() {
    let retrace = Retrace::with_samples();
    let answer = &retrace.json_lines(&["verify", "--json"])[0];
    assert_eq!(answer["verified"], json!(true));
    assert!(answer["events"].as_u64().unwrap() > 2_000, "{answer}");
    let printed = retrace.succeed(&["verify"]);
    assert!(printed.starts_with("verified: "), "{printed}");
}

/// One character of one keystroke, deep inside a packed commit, exchanged by somebody who knows the
/// format.
#[test]
fn one_byte_of_one_event_changed_in_the_database_is_named() {
    let retrace = Retrace::with_samples();
    let log = Connection::open(retrace.data().join("log.sqlite")).unwrap();
    let (row, first_position, payload): (i64, i64, Vec<u8>) = log
        .query_row(
            "SELECT rowid, first_position, payload FROM commits ORDER BY length(payload) DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let mut changed = payload.clone();
    let place = changed.len() / 2;
    changed[place] ^= 1;
    log.execute(
        "UPDATE commits SET payload = ?2 WHERE rowid = ?1",
        (row, changed),
    )
    .unwrap();
    drop(log);

    let output = retrace.run(&["verify"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = text(&output.stdout);
    assert!(
        said.starts_with("NOT VERIFIED: first bad event: position "),
        "{said}"
    );
    let answer = &retrace.json_lines(&["verify", "--json"])[0];
    assert!(
        answer["position"].as_i64().unwrap() >= first_position,
        "{answer}"
    );

    // What was put back as it was verifies again.
    let log = Connection::open(retrace.data().join("log.sqlite")).unwrap();
    log.execute(
        "UPDATE commits SET payload = ?2 WHERE rowid = ?1",
        (row, payload),
    )
    .unwrap();
    drop(log);
    retrace.succeed(&["verify"]);
}

#[test]
fn any_single_byte_flipped_in_a_payload_is_found() {
    let retrace = Retrace::with_samples();
    for step in 0..24 {
        let log = Connection::open(retrace.data().join("log.sqlite")).unwrap();
        let (row, payload): (i64, Vec<u8>) = log
            .query_row(
                "SELECT rowid, payload FROM commits ORDER BY length(payload) DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        let mut changed = payload.clone();
        let place = changed.len() * step / 24;
        changed[place] ^= 1;
        let update = "UPDATE commits SET payload = ?2 WHERE rowid = ?1";
        log.execute(update, (row, changed)).unwrap();
        let output = retrace.run(&["verify"]);
        assert_eq!(output.status.code(), Some(1), "byte {place}: {output:?}");
        log.execute(update, (row, payload)).unwrap();
    }
    retrace.succeed(&["verify"]);
}

#[test]
fn a_log_put_back_to_an_older_state_is_found_with_a_checkpoint_kept_elsewhere() {
    let retrace = Retrace::with_samples();
    let older = retrace.scratch().join("older.sqlite");
    std::fs::copy(retrace.data().join("log.sqlite"), &older).unwrap();
    retrace.token();
    let checkpoint = retrace.json_lines(&["verify", "--json"])[0]["checkpoint"].clone();
    let kept = retrace.scratch().join("checkpoint.txt");
    std::fs::write(&kept, checkpoint.as_str().unwrap()).unwrap();
    let kept = kept.to_str().unwrap();
    retrace.succeed(&["verify", "--checkpoint", kept]);

    std::fs::copy(&older, retrace.data().join("log.sqlite")).unwrap();
    retrace.succeed(&["verify"]);
    let output = retrace.run(&["verify", "--checkpoint", kept]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("older state"), "{output:?}");
}

#[test]
fn what_cannot_be_checked_is_not_called_changed() {
    let retrace = Retrace::new();
    let output = retrace.run(&["verify"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no log in"), "{output:?}");
}
