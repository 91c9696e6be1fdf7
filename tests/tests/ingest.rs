//! Uploading over HTTP: what `docs/ingest.md` says, and every wrong input with its answer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use retrace_tests::upload::{AT, Answer, Upload, fresh_session, launch, line, markers};
use retrace_tests::{PATIENCE, Retrace, Server, body, heard};
use serde_json::{Value, json};

fn session(server: &Server, token: &str, id: &str) -> Value {
    server.wait_until_caught_up();
    let answer = server.graphql(
        token,
        "query($id: ID!) { session(id: $id) { id title user target host protocol state endReason
            exitStatus startedAt durationMs streams counts { events outputBytes keys }
            terminal { columns rows } screen(atMs: 10000) { lines } asciicastUrl } }",
        &json!({ "id": id }),
    );
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    answer["data"]["session"].clone()
}

fn events(server: &Server, token: &str, stream: &str) -> Vec<Value> {
    let answer = server.graphql(
        token,
        "query($stream: String!) { events(first: 1000, filter: {stream: $stream}) {
            nodes { position version type at recordedAt data leaf } } }",
        &json!({ "stream": stream }),
    );
    let nodes = answer["data"]["events"]["nodes"].as_array();
    nodes.unwrap_or_else(|| panic!("{answer}")).clone()
}

#[test]
fn a_launched_session_shows_up_goes_on_and_ends() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let launched = launch(
        &server,
        &recorder,
        &json!({"at": "2026-11-21T09:29:58Z", "user": "mara", "groups": ["dba"], "target": "db1",
            "host": "db1.example.com", "protocol": "ssh", "launcher": "tests", "secret": "root on db1",
            "folder": "Databases", "command": "psql", "title": "Nightly restore"}),
    );
    assert_eq!(launched.status, 201);
    let answer = launched.is_ok();
    assert_eq!(answer["policy"]["name"], "default");
    assert_eq!(answer["policy"]["recordKeys"], true);
    assert_eq!(
        answer["limits"],
        json!({"batchBytes": 8 << 20, "batchEvents": 10_000, "blobBytes": 64 << 20})
    );
    assert!(
        answer["log"]["verifierKey"]
            .as_str()
            .unwrap()
            .starts_with("retrace/")
    );
    assert!(answer["uploadToken"].as_str().unwrap().starts_with("rtu_"));
    let id = answer["session"].as_str().unwrap().to_owned();
    let upload = Upload::launch(
        &server,
        &recorder,
        &json!({"session": id, "user": "mara", "groups": ["dba"], "target": "db1",
            "host": "db1.example.com", "protocol": "ssh", "launcher": "tests", "secret": "root on db1",
            "folder": "Databases", "command": "psql", "title": "Nightly restore"}),
    );

    let terminal = [
        line(
            "2026-11-21T09:30:00Z",
            "session.source_attached",
            &json!({"columns": 90, "rows": 30}),
        ),
        line(
            "2026-11-21T09:30:01Z",
            "terminal.written",
            &json!({"text": "quillfern $ "}),
        ),
        line(
            "2026-11-21T09:30:02Z",
            "keys.typed",
            &json!({"text": "ls\r"}),
        ),
    ];
    let first = upload.send("terminal", 0, terminal.concat()).is_ok();
    assert_eq!(first["nextVersion"], 3);
    let agent = line(
        "2026-11-21T09:30:01.5Z",
        "process.started",
        &json!({"path": "/bin/ls", "pid": 7}),
    );
    upload.send("agent", 0, agent).is_ok();

    let shown = session(&server, &admin, &id);
    assert_eq!(shown["state"], "ACTIVE");
    assert_eq!(shown["user"], "mara");
    assert_eq!(shown["target"], "db1");
    assert_eq!(shown["title"], "Nightly restore");
    assert_eq!(shown["startedAt"], "2026-11-21T09:29:58.000000Z");
    assert_eq!(shown["durationMs"], 4_000);
    assert_eq!(shown["terminal"], json!({"columns": 90, "rows": 30}));
    let control = format!("session/{id}/control");
    let streams = [
        control.clone(),
        format!("session/{id}/terminal"),
        format!("session/{id}/agent"),
    ];
    assert_eq!(shown["streams"], json!(streams));
    assert_eq!(shown["screen"]["lines"][0], "quillfern $");

    let rest = [
        line(
            "2026-11-21T09:30:03Z",
            "terminal.written",
            &json!({"text": "\r\nbye"}),
        ),
        line(
            "2026-11-21T09:30:04Z",
            "session.ended",
            &json!({"exitStatus": 0, "reason": "user"}),
        ),
    ];
    upload.send("terminal", 3, rest.concat()).is_ok();
    let shown = session(&server, &admin, &id);
    assert_eq!(
        (&shown["state"], &shown["endReason"]),
        (&json!("ENDED"), &json!("USER"))
    );
    assert_eq!(shown["durationMs"], 6_000);
    let listed = server.graphql(
        &admin,
        "{ sessions(filter: {state: ENDED, user: \"mara\"}) { nodes { id } } }",
        &json!({}),
    );
    assert_eq!(
        listed["data"]["sessions"]["nodes"],
        json!([{ "id": id }]),
        "{listed}"
    );

    // The times of the recording are those of the session, so that a moment found is the moment shown.
    let recording = server
        .get(shown["asciicastUrl"].as_str().unwrap())
        .bearer_auth(&admin);
    let recording = body(recording.send().unwrap());
    let mut lines = recording
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    assert_eq!(
        (&header["title"], &header["width"]),
        (&json!("Nightly restore"), &json!(90))
    );
    assert_eq!(lines.next().unwrap(), json!([3.0, "o", "quillfern $ "]));
    let found = server.graphql(
        &admin,
        "{ search(text: \"quillfern\") { nodes { session { id user } offsetMs } } }",
        &json!({}),
    );
    let hit = &found["data"]["search"]["nodes"][0];
    assert_eq!(hit["session"], json!({"id": id, "user": "mara"}), "{found}");
    assert_eq!(hit["offsetMs"], 3_000);

    // The secret of a token stands nowhere in the log.
    let control = events(&server, &admin, &control);
    let types: Vec<&str> = control
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "session.launched",
            "config.changed",
            "token.created",
            "token.created"
        ]
    );
    let secret = upload.token.split('_').nth(2).unwrap();
    assert!(!json!(control).to_string().contains(secret));
    let verified = retrace.run(&["verify"]);
    assert!(verified.status.success(), "{verified:?}");
}

/// Its own log, on a disk that is full: what cannot be told must not stop what tells it.
#[test]
fn a_server_that_cannot_write_what_it_tells_goes_on_recording() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    command.env("RETRACE_LOG", "trace").stderr(full);
    let server = retrace.serve_by(command);
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let receipt = upload.send("terminal", 0, markers(0, 10)).is_ok();
    assert_eq!(receipt["nextVersion"], 10);
}

#[test]
fn the_same_launch_may_come_again_and_another_may_not() {
    let retrace = Retrace::with_samples();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let id = fresh_session();
    let facts = json!({"session": id, "at": AT, "user": "mara", "target": "db1"});
    assert_eq!(launch(&server, &recorder, &facts).status, 201);
    let again = launch(&server, &recorder, &facts);
    assert_eq!(again.status, 200);
    let without_time = json!({"session": id, "user": "mara", "target": "db1"});
    assert_eq!(launch(&server, &recorder, &without_time).status, 200);
    for other in [
        json!({"session": id, "at": AT, "user": "root", "target": "db1"}),
        json!({"session": id, "at": AT, "user": "mara"}),
        json!({"session": id, "at": "2026-11-21T09:30:01Z", "user": "mara", "target": "db1"}),
        json!({"session": id, "user": "mara", "target": "db1", "title": "x"}),
    ] {
        launch(&server, &recorder, &other).is_error(409, "SESSION_CONFLICT");
    }
    // Each of its tokens works.
    let again = again.is_ok();
    let upload = Upload::resume(&server, &id, again["uploadToken"].as_str().unwrap());
    assert_eq!(
        upload.send("agent", 0, markers(0, 1)).is_ok()["nextVersion"],
        1
    );

    server.wait_until_caught_up();
    let imported = server.graphql(&admin, "{ sessions { nodes { id protocol } } }", &json!({}));
    let imported = imported["data"]["sessions"]["nodes"].as_array().unwrap();
    let imported = imported
        .iter()
        .find(|session| session["id"] != json!(id))
        .unwrap();
    for (wrong, status, code) in [
        (json!({"session": imported["id"]}), 400, "INVALID_ARGUMENT"),
        (
            json!({"session": "../../etc/passwd"}),
            400,
            "INVALID_ARGUMENT",
        ),
        (
            json!({"session": "6e0a1f3c-9b1d-4c55-8d2a-5f0e6b1c9a33"}),
            400,
            "INVALID_ARGUMENT",
        ),
        (json!({"recordingRequred": true}), 400, "INVALID_ARGUMENT"),
        (json!({"at": "yesterday"}), 400, "INVALID_ARGUMENT"),
        (json!(["a", "list"]), 400, "INVALID_ARGUMENT"),
        (json!({"title": "x".repeat(70_000)}), 413, "TOO_LARGE"),
    ] {
        launch(&server, &recorder, &wrong).is_error(status, code);
    }
    // Whoever sends a lot and must not is told so, and not hung up on.
    let large = "x".repeat(4 << 20);
    for _ in 0..10 {
        let refused = server
            .post("/v1/sessions")
            .bearer_auth("rtr_x")
            .body(large.clone());
        Answer::of(refused.send().unwrap()).is_error(401, "UNAUTHENTICATED");
    }
    let other_method = server.request("PUT", "/v1/sessions").bearer_auth(&recorder);
    Answer::of(other_method.send().unwrap()).is_error(405, "METHOD_NOT_ALLOWED");
}

#[test]
fn each_token_opens_its_own_and_nothing_else() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let berlin = retrace.succeed(&[
        "token", "create", "--name", "b", "--role", "recorder", "--site", "berlin",
    ]);
    let listed = retrace.json_lines(&["token", "list", "--json"]);
    let roles: Vec<_> = listed
        .iter()
        .map(|token| (&token["role"], &token["site"]))
        .collect();
    assert_eq!(
        roles,
        [
            (&json!("admin"), &Value::Null),
            (&json!("recorder"), &Value::Null),
            (&json!("recorder"), &json!("berlin"))
        ]
    );
    assert!(
        !retrace
            .run(&[
                "token", "create", "--name", "x", "--role", "recorder", "--folder", "/a"
            ])
            .status
            .success()
    );

    let server = retrace.serve();
    let mine = Upload::launch(&server, &recorder, &json!({}));
    let other = Upload::launch(&server, &recorder, &json!({}));
    // Nobody reads with a token for writing.
    for token in [&recorder, &mine.token] {
        let asked = server
            .post("/graphql")
            .bearer_auth(token)
            .json(&json!({"query": "{ log { size } }"}));
        Answer::of(asked.send().unwrap()).is_error(403, "FORBIDDEN");
        let path = format!("/v1/sessions/{}/asciicast", mine.session);
        let asked = server.get(&path).bearer_auth(token);
        Answer::of(asked.send().unwrap()).is_error(403, "FORBIDDEN");
        let asked = server
            .post("/v1/web-session")
            .json(&json!({ "token": token }));
        Answer::of(asked.send().unwrap()).is_error(403, "FORBIDDEN");
    }
    for token in [&admin, &mine.token] {
        launch(&server, token, &json!({})).is_error(403, "FORBIDDEN");
    }
    for token in [&admin, &recorder, &other.token] {
        let wrong = Upload::resume(&server, &mine.session, token);
        wrong
            .send("agent", 0, markers(0, 1))
            .is_error(403, "FORBIDDEN");
        wrong.state("agent").is_error(403, "FORBIDDEN");
        Answer::of(wrong.request("GET", "control").send().unwrap()).is_error(403, "FORBIDDEN");
    }
    let nobody = server.post(&format!(
        "/v1/sessions/{}/streams/agent/events?first=0",
        mine.session
    ));
    Answer::of(nobody.send().unwrap()).is_error(401, "UNAUTHENTICATED");
    Answer::of(server.post("/v1/sessions").send().unwrap()).is_error(401, "UNAUTHENTICATED");
    let mistyped = Upload::resume(&server, &mine.session, &mine.token[..mine.token.len() - 1]);
    mistyped
        .send("agent", 0, markers(0, 1))
        .is_error(401, "UNAUTHENTICATED");

    // A site's recorder launches in its site, whether it says so or not.
    let berlin = berlin.trim();
    launch(&server, berlin, &json!({"site": "paris"})).is_error(403, "FORBIDDEN");
    let there = Upload::launch(&server, berlin, &json!({}));
    let control = events(
        &server,
        &admin,
        &format!("session/{}/control", there.session),
    );
    assert_eq!(control[0]["data"]["site"], "berlin");

    // Revoked, by the id of one token or of the session: at once, in another process.
    let control = events(
        &server,
        &admin,
        &format!("session/{}/control", mine.session),
    );
    let created = control
        .iter()
        .find(|event| event["type"] == "token.created")
        .unwrap();
    let id = created["data"]["id"].as_str().unwrap();
    mine.send("agent", 0, markers(0, 1)).is_ok();
    retrace.succeed(&["token", "revoke", id]);
    heard();
    let refused = mine.send("agent", 1, markers(1, 1));
    refused.is_error(401, "UNAUTHENTICATED");
    assert!(refused.body.to_string().contains("revoked"));
    retrace.succeed(&["token", "revoke", &other.session]);
    heard();
    other.state("agent").is_error(401, "UNAUTHENTICATED");
    assert!(
        !retrace
            .run(&["token", "revoke", &other.session])
            .status
            .success()
    );
    let recorder_id = recorder.split('_').nth(1).unwrap();
    retrace.succeed(&["token", "revoke", recorder_id]);
    launch(&server, &recorder, &json!({})).is_error(401, "UNAUTHENTICATED");
}

#[test]
fn versions_decide_what_is_new_what_is_repeated_and_what_is_wrong() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    assert_eq!(upload.state("agent").is_ok(), json!({"nextVersion": 0}));

    let gap = upload.send("agent", 5, markers(5, 2));
    assert_eq!(gap.is_error(409, "GAP").body["error"]["expected"], 0);
    let first = upload.send("agent", 0, markers(0, 5)).is_ok();
    assert_eq!(first["nextVersion"], 5);
    // Again, with more behind it; and from the middle on.
    assert_eq!(
        upload.send("agent", 0, markers(0, 5)).is_ok()["position"],
        first["position"]
    );
    assert_eq!(
        upload.send("agent", 0, markers(0, 7)).is_ok()["nextVersion"],
        7
    );
    let middle = upload.send("agent", 3, markers(3, 2)).is_ok();
    assert_eq!(
        (&middle["position"], &middle["nextVersion"]),
        (&first["position"], &json!(7))
    );
    let conflict = upload.send("agent", 3, markers(4, 1));
    assert_eq!(
        conflict.is_error(409, "CONFLICT").body["error"]["version"],
        3
    );
    let conflict = upload.send("agent", 6, markers(6, 1).replace("09:30:00", "09:30:01"));
    assert_eq!(
        conflict.is_error(409, "CONFLICT").body["error"]["version"],
        6
    );
    let gap = upload.send("agent", 8, markers(8, 1));
    assert_eq!(gap.is_error(409, "GAP").body["error"]["expected"], 7);
    upload
        .send("agent", u64::MAX, markers(0, 2))
        .is_error(409, "GAP");

    // The receipt is of the leaf that the log shows.
    let state = upload.state("agent").is_ok();
    assert_eq!(state["nextVersion"], 7);
    let stored = events(
        &server,
        &admin,
        &format!("session/{}/agent", upload.session),
    );
    assert_eq!(stored.len(), 7);
    assert_eq!(stored[6]["position"], state["position"].to_string());
    let receipt = state["receipt"].as_str().unwrap();
    let index = format!("\nindex {}\n", stored[6]["position"].as_str().unwrap());
    assert!(
        receipt.starts_with("c2sp.org/tlog-proof@v1\nextra ") && receipt.contains(&index),
        "{receipt}"
    );

    for (query, wrong) in [
        ("", "no `first`"),
        ("?first=-1", "negative"),
        ("?first=x", "no number"),
    ] {
        let path = format!("streams/agent/events{query}");
        let sent = upload
            .request("POST", &path)
            .body(markers(7, 1))
            .send()
            .unwrap();
        let answer = Answer::of(sent);
        assert_eq!(
            answer.code(),
            "INVALID_ARGUMENT",
            "{wrong}: {}",
            answer.body
        );
    }
}

#[test]
fn one_bad_line_refuses_the_whole_batch_and_is_named() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let (before, after) = (markers(0, 7_345), markers(0, 2_654));
    for bad in [
        "lol\n".to_owned(),
        "\n".to_owned(),
        line(AT, "keys.typed", &json!({"letters": "x"})),
        line(AT, "keys.typed", &json!({"text": "x".repeat(65_000)})),
        line("once", "keys.typed", &json!({"text": "x"})),
        line(AT, "Keys", &json!({"text": "x"})),
        line(AT, "retention.purged", &json!({"by": "x", "reason": "x"})),
        line(AT, "token.created", &json!({})),
    ] {
        let refused = upload.send("agent", 0, [before.as_str(), &bad, &after].concat());
        assert_eq!(
            refused.is_error(400, "INVALID_EVENT").body["error"]["line"],
            7_346
        );
    }
    assert_eq!(upload.state("agent").is_ok()["nextVersion"], 0);
    for empty in ["", "\n"] {
        upload
            .send("agent", 0, empty)
            .is_error(400, "INVALID_ARGUMENT");
    }
    upload
        .send("agent", 0, markers(0, 10_001))
        .is_error(413, "TOO_LARGE");
    assert_eq!(
        upload.send("agent", 0, markers(0, 10_000)).is_ok()["nextVersion"],
        10_000
    );
    assert!(
        events(
            &server,
            &admin,
            &format!("session/{}/agent", upload.session)
        )
        .len()
            == 1_000
    );
}

#[test]
fn what_is_not_known_and_clocks_that_are_wrong_are_kept() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let lines = [
        line("2999-01-01T00:00:00Z", "brain.scanned", &json!({"depth": 1.5, "by": "é"})),
        line("0001-01-01T00:00:00Z", "keys.typed", &json!({"layout": "de", "text": "x"})),
        "{\"type\":\"keys.typed\", \"data\": {\"text\":\"\\u0041\"}, \"at\":\"2026-11-21T10:30:00+01:00\"}\r\n".to_owned(),
    ];
    let sent_at = "2031-01-01T00:00:00Z";
    let batch = upload
        .batch("agent", 0, lines.concat())
        .header("retrace-sent-at", sent_at);
    Answer::of(batch.send().unwrap()).is_ok();
    let stored = events(
        &server,
        &admin,
        &format!("session/{}/agent", upload.session),
    );
    let kept: Vec<_> = stored
        .iter()
        .map(|e| {
            (
                e["type"].as_str().unwrap(),
                e["at"].as_str().unwrap(),
                &e["data"],
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            (
                "brain.scanned",
                "2999-01-01T00:00:00.000000Z",
                &json!({"depth": 1.5, "by": "é"})
            ),
            (
                "keys.typed",
                "0001-01-01T00:00:00.000000Z",
                &json!({"layout": "de", "text": "x"})
            ),
            (
                "keys.typed",
                "2026-11-21T09:30:00.000000Z",
                &json!({"text": "A"})
            ),
        ]
    );
    // How far the clock is off is known once, and again only when it has changed much.
    for first in 3..6 {
        let batch = upload
            .batch("agent", first, markers(first, 1))
            .header("retrace-sent-at", sent_at);
        Answer::of(batch.send().unwrap()).is_ok();
    }
    let control = events(
        &server,
        &admin,
        &format!("session/{}/control", upload.session),
    );
    let measured: Vec<_> = control
        .iter()
        .filter(|e| e["type"] == "session.clock_measured")
        .collect();
    assert_eq!(measured.len(), 1);
    assert_eq!(measured[0]["data"]["source"], "agent");
    assert!(measured[0]["data"]["skewUs"].as_i64().unwrap() > 0);
    let nonsense = upload
        .batch("agent", 6, markers(6, 1))
        .header("retrace-sent-at", "now");
    Answer::of(nonsense.send().unwrap()).is_error(400, "INVALID_ARGUMENT");
    server.wait_until_caught_up();
}

#[test]
fn paths_and_names_lead_nowhere_else() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    for source in [
        "control",
        "Agent",
        "1st",
        "a%2Fb",
        "..%2F..%2Fetc",
        "%00",
        "a%20b",
        "%C3%A9",
        "%FF",
    ] {
        upload
            .send(source, 0, markers(0, 1))
            .is_error(400, "INVALID_ARGUMENT");
        upload.state(source).is_error(400, "INVALID_ARGUMENT");
    }
    upload
        .send(&"a".repeat(65), 0, markers(0, 1))
        .is_error(400, "INVALID_ARGUMENT");
    upload.send(&"a".repeat(64), 0, markers(0, 1)).is_ok();
    let id = &upload.session;
    for other in [
        id.to_uppercase(),
        id.replace('-', ""),
        format!("%7B{id}%7D"),
        format!("urn:uuid:{id}"),
        "..".to_owned(),
    ] {
        let wrong = Upload::resume(&server, &other, &upload.token);
        let status = wrong
            .batch("agent", 0, markers(0, 1))
            .send()
            .unwrap()
            .status();
        assert!(status.is_client_error(), "{}: {status}", wrong.session);
    }
    // Nothing of it has come into being anywhere.
    assert_eq!(upload.state("agent").is_ok()["nextVersion"], 0);
}

#[test]
fn bodies_may_be_packed_but_not_to_do_harm() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let send = |source: &str, encoding: &str, body: Vec<u8>| {
        let sent = upload
            .batch(source, 0, body)
            .header("content-encoding", encoding);
        Answer::of(sent.send().unwrap())
    };
    let lines = markers(0, 5_000);
    let zstd = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(lines.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(
        send("a", "zstd", zstd.clone()).is_ok()["nextVersion"],
        5_000
    );
    assert_eq!(
        send("b", "gzip", gzip.clone()).is_ok()["nextVersion"],
        5_000
    );
    assert_eq!(
        send("c", "identity", lines.clone().into()).is_ok()["nextVersion"],
        5_000
    );
    for (encoding, wrong) in [
        ("zstd", &gzip),
        ("gzip", &zstd),
        ("zstd", &zstd[..zstd.len() / 2].to_vec()),
    ] {
        send("d", encoding, wrong.clone()).is_error(400, "INVALID_ARGUMENT");
    }
    send("d", "br", zstd.clone()).is_error(415, "UNSUPPORTED_ENCODING");
    send("d", "zstd, gzip", zstd).is_error(415, "UNSUPPORTED_ENCODING");
    let form = upload
        .request("POST", "streams/d/events?first=0")
        .header("content-type", "text/csv");
    Answer::of(form.body(lines).send().unwrap()).is_error(415, "UNSUPPORTED_ENCODING");

    // 4 GiB in a few hundred kilobytes, in both ways, again and again.
    let before = server.peak_memory();
    let zeros = std::io::repeat(b' ');
    let bomb = zstd::encode_all(zeros.take(4 << 30), 1).unwrap();
    let mut gzip_bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    for _ in 0..256 {
        gzip_bomb.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let gzip_bomb = gzip_bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20 && gzip_bomb.len() < 2 << 20);
    for _ in 0..5 {
        send("d", "zstd", bomb.clone()).is_error(413, "TOO_LARGE");
        send("d", "gzip", gzip_bomb.clone()).is_error(413, "TOO_LARGE");
    }
    // What was sent before is indexed meanwhile; a bomb that went off would take gigabytes.
    let grown = server.peak_memory().saturating_sub(before);
    assert!(grown < 192 << 20, "{} MiB", grown >> 20);
}

/// Sends bytes as they are, and answers all that comes back.
fn raw(server: &Server, request: &[u8], slowly: &[&[u8]]) -> String {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    connection.write_all(request).unwrap();
    for piece in slowly {
        std::thread::sleep(Duration::from_millis(300));
        // The server may have answered and hung up.
        let _ = connection.write_all(piece);
    }
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(upload: &Upload<'_>, more: &str) -> Vec<u8> {
    format!(
        "POST /v1/sessions/{}/streams/agent/events?first=0 HTTP/1.1\r\nHost: x\r\n\
         Authorization: Bearer {}\r\nConnection: close\r\n{more}\r\n\r\n",
        upload.session, upload.token
    )
    .into()
}

#[test]
fn a_body_that_is_too_large_or_too_slow_is_not_waited_for() {
    let retrace = Retrace::new();
    retrace.set("ingest.body_seconds_max", "2s");
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    // A gigabyte that is announced, and one that is not.
    let start = Instant::now();
    let answer = raw(&server, &head(&upload, "Content-Length: 1073741824"), &[]);
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("TOO_LARGE"),
        "{answer}"
    );
    assert!(start.elapsed() < Duration::from_secs(2));
    let before = server.peak_memory();
    let chunk = [b"100000\r\n".as_slice(), &vec![b'x'; 1 << 20], b"\r\n"].concat();
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection
        .write_all(&head(&upload, "Transfer-Encoding: chunked"))
        .unwrap();
    let sent = (0..1024)
        .take_while(|_| connection.write_all(&chunk).is_ok())
        .count();
    assert!(sent < 64, "{sent} MiB were taken");
    assert!(server.peak_memory() - before < 64 << 20);

    // One byte now and then.
    let start = Instant::now();
    let drops: Vec<&[u8]> = vec![b"{"; 20];
    let answer = raw(&server, &head(&upload, "Content-Length: 1000"), &drops);
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("TOO_SLOW"),
        "{answer}"
    );
    assert!(start.elapsed() < PATIENCE);
    let launch = format!(
        "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {recorder}\r\n\
         Connection: close\r\nContent-Length: 1000\r\n\r\n"
    );
    let answer = raw(&server, launch.as_bytes(), &drops);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Cut off in the middle: nothing of it is stored.
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection
        .write_all(&head(&upload, "Content-Length: 100000"))
        .unwrap();
    connection.write_all(markers(0, 100).as_bytes()).unwrap();
    drop(connection);
    assert_eq!(upload.state("agent").is_ok()["nextVersion"], 0);
}

#[test]
fn who_sends_too_much_is_told_to_wait() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    retrace.set("ingest.session_events_per_second", "100");
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    upload.send("agent", 0, markers(0, 1_000)).is_ok();
    let refused = upload.send("agent", 1_000, markers(1_000, 1));
    let wait = refused
        .is_error(429, "TOO_MANY_REQUESTS")
        .retry_after
        .unwrap();
    assert!((8..=10).contains(&wait), "{wait}");
    // Another session is not held up, and a limit that is lifted holds no more.
    let other = Upload::launch(&server, &recorder, &json!({}));
    other.send("agent", 0, markers(0, 1)).is_ok();
    retrace.set("ingest.session_events_per_second", "0");
    upload.send("agent", 1_000, markers(1_000, 1)).is_ok();

    retrace.set("ingest.bytes_in_flight_max", "1MiB");
    let mut slow = TcpStream::connect(server.address()).unwrap();
    slow.write_all(&head(&other, "Content-Length: 1000000"))
        .unwrap();
    slow.set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    // It is waited for, and so in hand.
    assert!(slow.read(&mut [0]).is_err());
    let start = Instant::now();
    let refused = loop {
        let answer = upload.send("agent", 1_001, markers(1_001, 2_000));
        if answer.status != 200 || start.elapsed() > PATIENCE {
            break answer;
        }
    };
    assert!(refused.is_error(503, "OVERLOADED").retry_after.is_some());
    drop(slow);
    let start = Instant::now();
    while upload.send("agent", 1_001, markers(1_001, 2_000)).status != 200 {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_session_starts_that_must_be_recorded_and_cannot_be() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let running = json!({"session": fresh_session(), "recordingRequired": true});
    assert_eq!(launch(&server, &recorder, &running).status, 201);
    retrace.set("ingest.free_space_min", "1000TB");
    let required = json!({"recordingRequired": true});
    let refused = launch(&server, &recorder, &required);
    refused.is_error(503, "RECORDING_NOT_POSSIBLE");
    assert!(refused.body.to_string().contains("free_space_min"));
    assert_eq!(launch(&server, &recorder, &json!({})).status, 201);
    retrace.set("policy.recording_required", "true");
    launch(&server, &recorder, &json!({})).is_error(503, "RECORDING_NOT_POSSIBLE");
    // What runs goes on: it gets its token, and its events are taken.
    let upload = Upload::launch(&server, &recorder, &running);
    upload.send("agent", 0, markers(0, 1)).is_ok();
    retrace.set("ingest.free_space_min", "0");
    assert_eq!(launch(&server, &recorder, &required).status, 201);
}

#[test]
fn a_recorder_goes_on_where_it_was_after_the_server_was_started_again() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    upload.send("agent", 0, markers(0, 3)).is_ok();
    upload.send("terminal", 0, markers(0, 2)).is_ok();
    let listening = upload.listen(None);
    let (session, token) = (upload.session.clone(), upload.token.clone());
    let start = Instant::now();
    server.terminate();
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "a control channel held it up"
    );
    drop(listening);

    let server = retrace.serve();
    let upload = Upload::resume(&server, &session, &token);
    let state = upload.state("agent").is_ok();
    assert_eq!(state["nextVersion"], 3);
    // Its answer was lost: the same again, and on.
    assert_eq!(
        upload.send("agent", 1, markers(1, 4)).is_ok()["nextVersion"],
        5
    );
    assert_eq!(upload.state("terminal").is_ok()["nextVersion"], 2);
}

#[test]
fn what_is_said_to_a_session_arrives() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({"user": "mara"}));
    upload.send("agent", 0, markers(0, 1)).is_ok();
    server.wait_until_caught_up();
    let say = |what: &str| {
        let query = format!("mutation($id: ID!) {{ {what} {{ type version data }} }}");
        server.graphql(&admin, &query, &json!({ "id": upload.session }))
    };
    let said = say("sendMessage(session: $id, text: \"lunch\\nsoon\")");
    assert_eq!(
        said["data"]["sendMessage"]["data"],
        json!({"by": "tests", "text": "lunch\nsoon"}),
        "{said}"
    );

    // What was said before is told first, the policy of the launch included.
    let mut channel = upload.listen(None);
    let (_, kind, policy) = channel.message().unwrap();
    assert_eq!(
        (kind.as_str(), &policy["data"]["new"]["name"]),
        ("config.changed", &json!("default"))
    );
    let (message_id, kind, message) = channel.message().unwrap();
    assert_eq!(
        (kind.as_str(), &message["data"]["text"]),
        ("session.message_sent", &json!("lunch\nsoon"))
    );

    let start = Instant::now();
    say("terminateSession(session: $id, reason: \"maintenance\")");
    let (_, kind, terminate) = channel.message().unwrap();
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(kind, "session.terminate_requested");
    assert_eq!(
        terminate["data"],
        json!({"by": "tests", "reason": "maintenance"})
    );
    assert!(terminate["at"].is_string());

    // After an interruption, only what came since.
    let mut resumed = upload.listen(Some(&message_id));
    assert_eq!(resumed.message().unwrap().1, "session.terminate_requested");
    // Another policy, by another process.
    let start = Instant::now();
    retrace.set("policy.inactivity_s", "15m");
    let (_, kind, changed) = resumed.message().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(kind, "config.changed");
    assert_eq!(changed["data"]["setting"], "policy");
    assert_eq!(changed["data"]["new"]["inactivityS"], 900);
    assert_eq!(changed["data"]["old"]["inactivityS"], Value::Null);
    assert_eq!(channel.message().unwrap().1, "config.changed");

    // A sign of life within 10 seconds.
    let start = Instant::now();
    while !resumed.line().unwrap().starts_with(':') {}
    assert!(start.elapsed() < Duration::from_secs(10));
    for id in ["x", "-1", "18446744073709551615"] {
        let wrong = upload.request("GET", "control").header("last-event-id", id);
        Answer::of(wrong.send().unwrap()).is_error(400, "INVALID_ARGUMENT");
    }
    // A token that is revoked hears no more.
    retrace.succeed(&["token", "revoke", &upload.session]);
    assert_eq!(resumed.message(), None);

    for (wrong, code) in [
        ("sendMessage(session: $id, text: \"\")", "INVALID_ARGUMENT"),
        (
            "sendMessage(session: \"x\", text: \"a\")",
            "INVALID_ARGUMENT",
        ),
        (
            "sendMessage(session: \"01936d2e-4b7a-7cc0-8d2a-ffffffffffff\", text: \"a\")",
            "NOT_FOUND",
        ),
    ] {
        let query = format!(
            "mutation {{ {} {{ version }} }}",
            wrong.replace("$id", &format!("{:?}", upload.session))
        );
        let refused = server.graphql(&admin, &query, &json!({}));
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], code,
            "{wrong}: {refused}"
        );
    }
    // Nobody hears what is said to a session that has ended, or was never launched.
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let ended = line(AT, "session.ended", &json!({"reason": "terminated"}));
    upload.send("agent", 0, ended).is_ok();
    server.wait_until_caught_up();
    let query = "mutation($id: ID!) { terminateSession(session: $id) { version } }";
    let refused = server.graphql(&admin, query, &json!({ "id": upload.session }));
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "INVALID_ARGUMENT",
        "{refused}"
    );
}

#[test]
fn an_event_does_not_name_a_blob_that_is_absent() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let absent = "ab".repeat(32);
    let frames = line(
        AT,
        "frames.captured",
        &json!({"blob": absent, "bytes": 1, "firstAt": AT,
        "frameCount": 1, "lastAt": AT, "mediaType": "image/png"}),
    );
    let refused = upload.send("agent", 0, markers(0, 3) + &frames);
    let error = &refused.is_error(422, "BLOB_ABSENT").body["error"];
    assert_eq!(
        (&error["line"], &error["blob"]),
        (&json!(4), &json!(absent))
    );
    assert_eq!(upload.state("agent").is_ok()["nextVersion"], 0);
}
