//! What an auditor does without the data folder: exports with their proof, and the log of a server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use retrace_tests::{Retrace, Server, body, text};
use rusqlite::Connection;
use serde_json::{Value, json};

struct Export {
    /// Somewhere without a log.
    elsewhere: Retrace,
    file: String,
    key: String,
}

/// A session, exported, and carried to another machine with the key.
fn exported() -> (Retrace, Export) {
    let retrace = Retrace::with_samples();
    let session = first_session(&retrace);
    let elsewhere = Retrace::new();
    let file = elsewhere
        .scratch()
        .join("x.ndjson")
        .to_str()
        .unwrap()
        .to_owned();
    retrace.succeed(&["export", &session, "--format", "ndjson", "-o", &file]);
    let key = fs::read_to_string(retrace.data().join("keys/log.pub")).unwrap();
    let key = key.trim().to_owned();
    (
        retrace,
        Export {
            elsewhere,
            file,
            key,
        },
    )
}

fn first_session(retrace: &Retrace) -> String {
    let events = Connection::open(retrace.data().join("log.sqlite")).unwrap();
    let session = "SELECT session FROM streams WHERE session IS NOT NULL ORDER BY stream LIMIT 1";
    events.query_row(session, [], |row| row.get(0)).unwrap()
}

impl Export {
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let all = [&["verify", &self.file], arguments].concat();
        let output = self.elsewhere.run(&all);
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }
}

#[test]
fn an_export_verifies_anywhere_and_its_first_bad_line_is_named() {
    let (_retrace, export) = exported();
    let key = ["--key", &export.key];
    let (status, said, _) = export.verify(&key);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.starts_with("verified: "), "{said}");
    let (_, said, _) = export.verify(&[key.as_slice(), &["--json"]].concat());
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(answer["verified"], json!(true));
    assert_eq!(answer["keyGiven"], json!(true));

    let whole = fs::read_to_string(&export.file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let changed = lines[6].replacen("\"at\":\"20", "\"at\":\"19", 1);
    let cases = [
        (
            [&lines[..6], &[&changed], &lines[7..]].concat(),
            "line: 7: it is not the line that",
        ),
        (
            [&lines[..6], &lines[7..]].concat(),
            "line: 7: it is version 7 of stream",
        ),
        (
            lines[..lines.len() - 1].to_vec(),
            "it is missing: the proof is for",
        ),
        (
            [&lines[..6], &["{}"], &lines[7..]].concat(),
            "line: 7: it is no event",
        ),
    ];
    for (lines, expected) in cases {
        fs::write(&export.file, lines.join("\n") + "\n").unwrap();
        let (status, said, _) = export.verify(&key);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.starts_with("NOT VERIFIED: first bad line: "), "{said}");
        assert!(said.contains(expected), "{said}");
    }
    fs::write(&export.file, whole).unwrap();
    assert_eq!(export.verify(&key).0, Some(0));
}

#[test]
fn the_key_must_be_that_of_the_log_and_one_out_of_the_proof_is_warned_about() {
    let (_retrace, export) = exported();
    let (status, said, warned) = export.verify(&[]);
    assert_eq!(status, Some(0));
    assert!(said.contains("a key that nobody vouched for"), "{said}");
    assert!(
        warned.contains("warning: ") && warned.contains(&export.key),
        "{warned}"
    );

    let other = Retrace::with_samples();
    let key_file = other.data().join("keys/log.pub");
    let (status, said, _) = export.verify(&["--key-file", key_file.to_str().unwrap()]);
    assert_eq!(status, Some(1), "{said}");
    // What is no key at all checks nothing.
    let (status, said, _) = export.verify(&["--key-file", "nowhere"]);
    assert_eq!((status, said.as_str()), (Some(2), ""));
    fs::remove_file(format!("{}.proof", export.file)).unwrap();
    assert_eq!(export.verify(&[]).0, Some(2));
}

#[test]
fn one_event_is_exported_with_a_proof_of_its_own() {
    let (retrace, export) = exported();
    let file = export.elsewhere.scratch().join("event.json");
    let file = file.to_str().unwrap();
    retrace.succeed(&["export", "--event", "17", "-o", file]);
    export
        .elsewhere
        .succeed(&["verify", file, "--key", &export.key]);
    let line = fs::read_to_string(file).unwrap();
    fs::write(file, line.replace("\"at\":\"20", "\"at\":\"19")).unwrap();
    let output = export
        .elsewhere
        .run(&["verify", file, "--key", &export.key]);
    assert_eq!(output.status.code(), Some(1));
    let output = retrace.run(&["export", "--event", "999999", "-o", "nowhere.json"]);
    assert!(text(&output.stderr).contains("there is no event at position 999999"));
}

#[test]
fn an_export_over_http_and_its_proof_are_of_one_moment() {
    let (retrace, export) = exported();
    let token = retrace.token();
    let server = retrace.serve();
    let session = first_session(&retrace);
    let get = |path: &str| server.get(path).bearer_auth(&token).send().unwrap();
    let lines = get(&format!("/v1/sessions/{session}/ndjson"));
    let size = lines.headers()["retrace-log-size"]
        .to_str()
        .unwrap()
        .to_owned();
    let lines = body(lines);
    // The log grows in between.
    retrace.token();
    let proof = body(get(&format!(
        "/v1/sessions/{session}/ndjson.proof?size={size}"
    )));
    fs::write(&export.file, lines).unwrap();
    fs::write(format!("{}.proof", export.file), proof).unwrap();
    let (status, said, _) = export.verify(&["--key", &export.key]);
    assert_eq!(status, Some(0), "{said}");

    let path = format!("/v1/sessions/{session}/ndjson");
    assert_eq!(server.get(&path).send().unwrap().status(), 401);
    assert_eq!(get(&format!("{path}?size=99999999")).status(), 400);
    assert_eq!(get(&format!("{path}?size=0")).status(), 404);
}

fn verify_url(from: &Retrace, server: &Server, arguments: &[&str]) -> (Option<i32>, Value) {
    let all = [&["verify", "--url", server.url(), "--json"], arguments].concat();
    let output = from.run(&all);
    let said = serde_json::from_slice(&output.stdout);
    (output.status.code(), said.unwrap_or(Value::Null))
}

#[test]
fn a_server_is_verified_from_outside_and_a_kept_checkpoint_makes_a_witness() {
    let (retrace, export) = exported();
    let token = retrace.token();
    let server = retrace.serve();
    let elsewhere = &export.elsewhere;
    let kept = elsewhere.scratch().join("kept.txt");
    let kept = kept.to_str().unwrap();
    let witness = ["--key", &export.key, "--save", kept, "--only-new"];
    // The first use of a token is an event, further ones within the hour are none.
    server.graphql(&token, "{ log { size } }", &json!({}));

    let (status, answer) = verify_url(elsewhere, &server, &witness);
    assert_eq!(
        (status, &answer["verified"]),
        (Some(0), &json!(true)),
        "{answer}"
    );
    assert_eq!(answer["from"], json!(0));
    let first = answer["events"].as_u64().unwrap();
    let with_token = ["--key", &export.key, "--token", &token];
    let (status, answer) = verify_url(elsewhere, &server, &with_token);
    assert_eq!(
        (status, &answer["eventsRead"]),
        (Some(0), &json!(first)),
        "{answer}"
    );

    retrace.token();
    let (status, answer) = verify_url(elsewhere, &server, &witness);
    assert_eq!(status, Some(0), "{answer}");
    assert_eq!(answer["from"], json!(first));
    // The token, and that events were read with the first one.
    assert_eq!(answer["events"], json!(first + 2));
    assert!(answer["tiles"].as_u64().unwrap() < 6, "{answer}");
    let (status, answer) = verify_url(
        elsewhere,
        &server,
        &["--key", &export.key, "--checkpoint", kept],
    );
    assert_eq!(
        (status, &answer["pastCheckpoints"]),
        (Some(0), &json!(1)),
        "{answer}"
    );

    // The whole log exchanged for another one, with the same key: another past.
    drop(server);
    let other = Retrace::new();
    fs::create_dir_all(other.data()).unwrap();
    let keys = other.data().join("keys");
    fs::create_dir(&keys).unwrap();
    for name in ["log.key", "log.pub", "master.key"] {
        fs::copy(retrace.data().join("keys").join(name), keys.join(name)).unwrap();
    }
    let server = other.serve();
    let (status, answer) = verify_url(elsewhere, &server, &witness);
    assert_eq!(status, Some(1), "{answer}");
    assert!(
        answer["reason"].as_str().unwrap().contains("older state"),
        "{answer}"
    );
    // What was kept is kept.
    assert!(
        fs::read_to_string(kept)
            .unwrap()
            .contains(&format!("\n{}\n", first + 2))
    );
}

#[test]
fn a_leaf_hash_changed_in_the_database_is_found_from_outside() {
    let (retrace, export) = exported();
    let log = Connection::open(retrace.data().join("log.sqlite")).unwrap();
    let (row, mut hashes): (i64, Vec<u8>) = log
        .query_row(
            "SELECT rowid, leaf_hashes FROM commits ORDER BY length(leaf_hashes) DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    hashes[40] ^= 1;
    let update = "UPDATE commits SET leaf_hashes = ?2 WHERE rowid = ?1";
    log.execute(update, (row, hashes)).unwrap();
    drop(log);
    let server = retrace.serve();
    let (status, answer) = verify_url(&export.elsewhere, &server, &["--key", &export.key]);
    assert_eq!(status, Some(1), "{answer}");
}

#[test]
fn tiles_are_as_the_specification_says_and_content_needs_a_token() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    let get = |path: &str| server.get(path).send().unwrap();
    let header = |path: &str, name: &str| {
        let value = get(path).headers().get(name).cloned();
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let checkpoint = body(get("/checkpoint"));
    let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(
        header("/checkpoint", "content-type").unwrap(),
        "text/plain; charset=utf-8"
    );
    assert_eq!(header("/checkpoint", "cache-control").unwrap(), "no-store");
    assert_eq!(
        header("/tile/0/000", "content-type").unwrap(),
        "application/octet-stream"
    );
    assert!(
        header("/tile/0/000", "cache-control")
            .unwrap()
            .contains("immutable")
    );

    let (full, rest) = (size / 256, size % 256);
    let cases = [
        ("/tile/0/000".to_owned(), 200),
        (format!("/tile/0/{full:03}.p/{rest}"), 200),
        (format!("/tile/0/{full:03}.p/{}", rest + 1), 404),
        (format!("/tile/0/{full:03}"), 404),
        (format!("/tile/1/000.p/{full}"), 200),
        ("/tile/2/000.p/1".to_owned(), 404),
        ("/tile/0/0".to_owned(), 404),
        ("/tile/0/x000/000".to_owned(), 404),
        ("/tile/0/x999/x999/x999/x999/x999/999".to_owned(), 404),
        ("/tile/7/000.p/255".to_owned(), 404),
        ("/tile/0/%2e%2e/000".to_owned(), 404),
        ("/tile/entries/000".to_owned(), 401),
    ];
    for (path, status) in cases {
        assert_eq!(get(&path).status(), status, "{path}");
    }
    let bundle = server
        .get("/tile/entries/000")
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(bundle.status(), 200);
    assert_eq!(bundle.headers()["cache-control"], "no-store");

    // A setting holds at once.
    retrace.succeed(&["settings", "set", "proofs.public", "false"]);
    for path in ["/checkpoint", "/verifier-key", "/tile/0/000"] {
        assert_eq!(get(path).status(), 401, "{path}");
        let with_token = server.get(path).bearer_auth(&token).send().unwrap();
        assert_eq!(with_token.status(), 200, "{path}");
        let caching = with_token.headers()["cache-control"].to_str().unwrap();
        assert!(!caching.contains("public"), "{path}: {caching}");
    }
}
