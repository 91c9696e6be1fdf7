//! What is kept and what is destroyed: legal holds, purging, and what stays provable.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_tests::upload::{Answer, Upload, line};
use retrace_tests::{Retrace, Server, body, text, wait_until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Words that stand in one recording and nowhere else: nobody searches for them, because what was searched for is kept.
const WORDS: [&str; 2] = ["quagmirefjord", "zephyrvault"];
/// One that stands beside them, and is searched for.
const SOUGHT: &str = "obsidianlantern";
/// The same in the recording that stays.
const KEPT: &str = "marzipanorchard";

/// A recording in which a word is written and another typed.
fn cast(written: &str, typed: &str) -> String {
    let mut cast = String::from(
        "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1795214559,\"title\":\"TITLE\"}\n",
    );
    // Read models keep titles as they are, and most else packed.
    cast = cast.replace("TITLE", written);
    for tenth in 0..200 {
        let (whole, part) = (tenth / 10, tenth % 10);
        // What is typed is shown, or it would be taken for a secret.
        cast.push_str(&format!(
            "[{whole}.{part}0, \"i\", \"{typed}\\r\"]\n\
             [{whole}.{part}1, \"o\", \"{typed}\\r\\n{written} {SOUGHT} is written {tenth}\\r\\n$ \"]\n"
        ));
    }
    cast
}

fn import(retrace: &Retrace, name: &str, content: &str) -> String {
    let path = retrace.scratch().join(name);
    fs::write(&path, content).unwrap();
    let told = retrace.json_lines(&["import", "--json", path.to_str().unwrap()]);
    let session = told.iter().find_map(|line| line["session"].as_str());
    session.unwrap_or_else(|| panic!("{told:?}")).to_owned()
}

/// All files of the data folder that hold some bytes.
fn files_with(folder: &Path, word: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, word, found);
        } else {
            let content = fs::read(&path).unwrap();
            let needle = word.as_bytes();
            if content.windows(needle.len()).any(|window| window == needle) {
                found.push(path.display().to_string());
            }
        }
    }
}

fn hits(server: &Server, token: &str, word: &str) -> u64 {
    let query = "query($text: String!) { search(text: $text) { totalCount } }";
    let answer = server.graphql(token, query, &json!({"text": word}));
    answer["data"]["search"]["totalCount"]
        .as_u64()
        .unwrap_or_else(|| panic!("{answer}"))
}

fn purge(server: &Server, token: &str, session: &str) -> Value {
    let query = "mutation($id: ID!) { purgeSession(session: $id, reason: \"erasure 12\") {
        by reason events blobs user target startedAt endedAt } }";
    server.graphql(token, query, &json!({"id": session}))
}

fn message(answer: &Value) -> &str {
    answer["errors"][0]["message"].as_str().unwrap_or_default()
}

/// A session that was recorded over the network, with a second of video, and has ended.
fn recorded<'a>(server: &'a Server, recorder: &str, facts: &Value) -> Upload<'a> {
    let segment = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/segments/000.webm");
    let picture = fs::read(segment).unwrap();
    let upload = Upload::launch(server, recorder, facts);
    let digest = hex::encode(Sha256::digest(&picture));
    let path = format!("blobs/{digest}");
    let put = upload.request("PUT", &path).body(picture.clone());
    assert_eq!(put.send().unwrap().status(), 201);
    let at = "2026-11-21T09:30:00.000000Z";
    let frames = json!({
        "blob": digest, "bytes": picture.len(), "codec": "vp8", "firstAt": at, "frameCount": 10,
        "lastAt": "2026-11-21T09:30:00.900000Z", "mediaType": "video/webm",
    });
    let lines = [
        line(at, "terminal.written", &json!({"text": WORDS[0]})),
        line(at, "frames.captured", &frames),
        line(at, "session.ended", &json!({"reason": "user"})),
    ];
    upload.send("agent", 0, lines.concat()).is_ok();
    upload
}

#[test]
fn a_purged_recording_is_gone_everywhere_and_every_proof_of_before_and_after_holds() {
    let retrace = Retrace::new();
    let gone = import(&retrace, "zephyrvault.cast", &cast(WORDS[0], WORDS[1]));
    let kept = import(&retrace, "kept.cast", &cast(KEPT, "ls"));
    let server = retrace.serve();
    let token = retrace.token();
    server.wait_until_caught_up();
    assert!(hits(&server, &token, &format!("{SOUGHT} session:{gone}")) > 0);

    // What somebody took away before, with its proof.
    let proof_of = |session: &str, name: &str| {
        let file = retrace.scratch().join(name);
        let path = file.to_str().unwrap().to_owned();
        retrace.succeed(&["export", session, "--format", "ndjson", "-o", &path]);
        path
    };
    let taken = proof_of(&gone, "taken.ndjson");
    let checkpoint = body(server.get("/checkpoint").send().unwrap());
    let checkpoint_file = retrace.scratch().join("checkpoint");
    fs::write(&checkpoint_file, checkpoint).unwrap();

    let answer = purge(&server, &token, &gone);
    let purged = &answer["data"]["purgeSession"];
    assert_eq!(purged["reason"], "erasure 12", "{answer}");
    assert!(purged["events"].as_u64().unwrap() > 400, "{answer}");
    assert!(
        !purged["startedAt"].is_null() && !purged["endedAt"].is_null(),
        "{answer}"
    );
    assert!(message(&purge(&server, &token, &gone)).contains("no such session"));

    // Nothing answers with it any more, and what is told of it says that it is gone.
    let left = hits(&server, &token, SOUGHT);
    assert_eq!(
        left,
        hits(&server, &token, &format!("{SOUGHT} session:{kept}"))
    );
    assert!(left > 0);
    let query = "query($id: ID!) { session(id: $id) { id } purgedSession(id: $id) { by events }
        sessions { totalCount } purgedSessions { nodes { id } } }";
    let answer = server.graphql(&token, query, &json!({"id": gone}));
    let data = &answer["data"];
    assert!(data["session"].is_null(), "{answer}");
    assert_eq!(data["purgedSession"]["events"], purged["events"]);
    assert_eq!(data["sessions"]["totalCount"], 1);
    assert_eq!(data["purgedSessions"]["nodes"], json!([{"id": gone}]));
    let ask = |path: &str| {
        let path = format!("/v1/sessions/{gone}/{path}");
        server.get(&path).bearer_auth(&token).send().unwrap()
    };
    for path in ["asciicast", "film.gif"] {
        assert_eq!(ask(path).status(), 404, "{path}");
    }
    // What stays of it can still be had, with its proof.
    let stays = body(ask("ndjson"));
    assert!(
        stays.contains("retention.purged") && !stays.contains(WORDS[0]),
        "{stays}"
    );
    let sql = "{ sql(text: \"SELECT session FROM sessions\") { rowCount } }";
    let rows = server.graphql(&token, sql, &json!({}));
    assert_eq!(rows["data"]["sql"]["rowCount"], 1, "{rows}");
    let bundle = retrace.scratch().join("stays.zip");
    fs::write(&bundle, ask("bundle").bytes().unwrap()).unwrap();

    // An export of the log has a line for each position: those of what is gone say so, with their hashes.
    let all = server.get("/v1/events?format=ndjson&limit=10000");
    let all = body(all.bearer_auth(&token).send().unwrap());
    let lines: Vec<Value> = all
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of_gone: Vec<&Value> = lines
        .iter()
        .filter(|line| line["type"] == "retention.destroyed")
        .collect();
    assert_eq!(of_gone.len() as u64, purged["events"].as_u64().unwrap());
    for line in &of_gone {
        assert_eq!(
            (&line["redacted"], &line["data"]),
            (&json!(true), &json!({}))
        );
        let hash = BASE64_STANDARD
            .decode(line["leafHash"].as_str().unwrap())
            .unwrap();
        assert_eq!(hash.len(), 32);
    }
    assert!(!all.contains(WORDS[0]) && !all.contains(WORDS[1]));
    // In the words of a SIEM it is no news.
    let ecs = server.get("/v1/events?format=ecs&limit=10000");
    let ecs = body(ecs.bearer_auth(&token).send().unwrap());
    assert!(ecs.contains("retention.purged") && !ecs.contains("retention.destroyed"));

    // From outside, with a reader's token: all is there but what was purged, and that says so.
    let outside = retrace.run(&["verify", "--url", server.url(), "--token", &token, "--json"]);
    let outside: Value = serde_json::from_slice(&outside.stdout).unwrap();
    assert_eq!(outside["verified"], true, "{outside}");
    assert_eq!(outside["purged"], purged["events"], "{outside}");

    // It cannot come back.
    let again = retrace.run(&[
        "import",
        retrace.scratch().join("zephyrvault.cast").to_str().unwrap(),
    ]);
    assert!(!again.status.success());
    let said = text(&again.stderr);
    assert!(said.contains("was purged"), "{said}");

    // What was taken away before still proves, and so does what is taken away now.
    let key = retrace.data().join("keys/log.pub");
    let key = key.to_str().unwrap();
    retrace.succeed(&["verify", &taken, "--key-file", key]);
    retrace.succeed(&["verify", bundle.to_str().unwrap(), "--key-file", key]);
    let now = proof_of(&kept, "now.ndjson");
    retrace.succeed(&["verify", &now, "--key-file", key]);
    assert!(server.terminate().success());
    let checkpoint = checkpoint_file.to_str().unwrap();
    let verified = retrace.succeed(&["verify", "--checkpoint", checkpoint]);
    let expected = format!(
        "{} of them are purged, and their hashes hold",
        purged["events"]
    );
    assert!(verified.contains(&expected), "{verified}");

    // No file of the data folder has it, neither before nor after the read models are built anew.
    let nothing_left = || {
        for word in WORDS {
            let mut found = Vec::new();
            files_with(&retrace.data(), word, &mut found);
            assert_eq!(found, Vec::<String>::new(), "{word}");
        }
    };
    nothing_left();
    let mut found = Vec::new();
    files_with(&retrace.data(), KEPT, &mut found);
    assert!(
        !found.is_empty(),
        "the search for what is left finds nothing at all"
    );
    retrace.succeed(&["rebuild"]);
    nothing_left();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let answer = server.graphql(&token, query, &json!({"id": gone}));
    assert_eq!(answer["data"]["purgedSession"]["events"], purged["events"]);
    assert!(answer["data"]["session"].is_null());
}

#[test]
fn a_hold_keeps_a_session_until_the_last_one_is_lifted() {
    let retrace = Retrace::new();
    let session = import(&retrace, "held.cast", &cast(WORDS[0], "ls"));
    let server = retrace.serve();
    let token = retrace.token();
    let auditor = retrace.succeed(&["token", "create", "--name", "ines", "--role", "auditor"]);
    let operator = retrace.succeed(&["token", "create", "--name", "ole", "--role", "operator"]);
    let (auditor, operator) = (auditor.trim(), operator.trim());
    server.wait_until_caught_up();
    let hold = "mutation($id: ID!) { holdSessions(sessions: [$id], matter: \"case 7\", reason: \"asked by counsel\") {
        onHold holds { matter by reason } } }";
    let id = json!({"id": session});

    // An auditor holds and does not purge; an operator does neither.
    assert_eq!(
        server.graphql(operator, hold, &id)["errors"][0]["extensions"]["code"],
        "FORBIDDEN"
    );
    let held = server.graphql(auditor, hold, &id);
    let told = json!([{"onHold": true, "holds": [{"matter": "case 7", "by": "ines", "reason": "asked by counsel"}]}]);
    assert_eq!(held["data"]["holdSessions"], told, "{held}");
    assert_eq!(
        purge(&server, auditor, &session)["errors"][0]["extensions"]["code"],
        "FORBIDDEN"
    );
    retrace.succeed(&[
        "hold",
        "place",
        &session,
        "--matter",
        "case 8",
        "--reason",
        "the police",
    ]);
    server.wait_until_caught_up();
    let listed = retrace.json_lines(&["hold", "list", "--json"]);
    let matters: Vec<&str> = listed
        .iter()
        .filter_map(|hold| hold["matter"].as_str())
        .collect();
    assert_eq!(matters, ["case 7", "case 8"]);
    let count = "{ sessions(filter: {onHold: true}) { totalCount } }";
    let counted = server.graphql(&token, count, &json!({}));
    assert_eq!(counted["data"]["sessions"]["totalCount"], 1);

    let refused = purge(&server, &token, &session);
    assert!(
        message(&refused).contains("on legal hold (case 7, case 8)"),
        "{refused}"
    );
    let reason = ["--reason", "tired of it"];
    let by_command = [&["retention", "purge", &session], &reason[..]].concat();
    let refused = retrace.run(&by_command);
    assert!(!refused.status.success());
    assert!(
        text(&refused.stderr).contains("on legal hold"),
        "{refused:?}"
    );

    let release = |matter| {
        retrace.succeed(&[
            "hold", "release", &session, "--matter", matter, "--reason", "closed",
        ]);
        server.wait_until_caught_up();
    };
    release("case 7");
    assert!(message(&purge(&server, &token, &session)).contains("on legal hold (case 8)"));
    release("case 8");
    let answer = purge(&server, &token, &session);
    assert_eq!(answer["data"]["purgeSession"]["by"], "tests", "{answer}");

    // There is nothing to hold any more, and the report tells all of it.
    let late = retrace.run(&["hold", "place", &session, "--reason", "late"]);
    assert!(text(&late.stderr).contains("was purged"), "{late:?}");
    let nobody = "0199d5a0-0000-7000-8000-000000000000";
    let nobody = retrace.run(&["hold", "place", nobody, "--reason", "x"]);
    assert!(
        text(&nobody.stderr).contains("there is no session"),
        "{nobody:?}"
    );
    let report = server.get("/v1/reports/retention.csv").bearer_auth(&token);
    let report = body(report.send().unwrap());
    assert!(
        report.contains("destroyed") && report.contains("erasure 12"),
        "{report}"
    );
}

#[test]
fn a_recorder_of_a_purged_session_is_told_so_and_its_pictures_are_gone() {
    let retrace = Retrace::new();
    let server = retrace.serve();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    let facts = json!({"user": "ops", "target": "db01", "command": "psql prod"});
    let upload = recorded(&server, &recorder, &facts);
    server.wait_until_caught_up();
    let blobs = retrace.data().join("blobs").join(&upload.session);
    assert!(fs::read_dir(&blobs).unwrap().count() >= 1);

    let answer = purge(&server, &token, &upload.session);
    let purged = &answer["data"]["purgeSession"];
    assert_eq!(
        (&purged["user"], &purged["target"]),
        (&json!("ops"), &json!("db01")),
        "{answer}"
    );
    // And perhaps what the server was about to make of it.
    assert!(purged["events"].as_u64().unwrap() >= 3, "{answer}");
    assert!(purged["blobs"].as_u64().unwrap() >= 1, "{answer}");
    assert!(!blobs.exists());

    let more = line(
        "2026-11-21T09:31:00.000000Z",
        "marker.set",
        &json!({"label": "late"}),
    );
    upload
        .send("agent", 3, more.clone())
        .is_error(410, "PURGED");
    upload.send("other", 0, more).is_error(410, "PURGED");
    let path = format!("blobs/{}", hex::encode(Sha256::digest(b"late")));
    let put = upload.request("PUT", &path).body("late").send().unwrap();
    Answer::of(put).is_error(410, "PURGED");
    let again = server
        .post("/v1/sessions")
        .bearer_auth(&recorder)
        .json(&json!({
            "session": upload.session, "user": "ops", "target": "db01", "command": "psql prod",
        }));
    Answer::of(again.send().unwrap()).is_error(410, "PURGED");

    // One that goes on is not purged.
    let live = Upload::launch(&server, &recorder, &json!({"user": "ops"}));
    server.wait_until_caught_up();
    assert!(message(&purge(&server, &token, &live.session)).contains("goes on"));
}

#[test]
fn the_settings_purge_what_they_let_go_and_nothing_that_is_held_or_excepted() {
    let retrace = Retrace::new();
    let server = retrace.serve();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    let session = |facts: Value| recorded(&server, &recorder, &facts).session;
    let old = session(json!({"user": "ops", "site": "berlin"}));
    let held = session(json!({"user": "ops", "site": "berlin"}));
    let lab = session(json!({"user": "ops", "site": "lab", "folder": "PCI/Cards/Old"}));
    retrace.succeed(&["hold", "place", &held, "--reason", "case 7"]);
    server.wait_until_caught_up();

    // Told before it is done, by both ways, and nothing is done by telling.
    let preview = "query($value: String!) { settingPreview(name: \"retention.keep_s\", value: $value) { warnings purges } }";
    let exception = "0 folder:PCI/Cards; 300d user:nobody";
    retrace.set("retention.exceptions", exception);
    std::thread::sleep(Duration::from_millis(1_100));
    let told = server.graphql(&token, preview, &json!({"value": "1s"}));
    let told = &told["data"]["settingPreview"];
    assert_eq!(told["purges"], 1, "{told}");
    let warning = told["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("This would delete 1 recording of 2")
            && warning.contains(" for ever, in 1d."),
        "{warning}"
    );
    assert!(
        warning.ends_with("1 more is on legal hold and stays."),
        "{warning}"
    );
    let told = server.graphql(&token, preview, &json!({"value": "90d"}));
    assert_eq!(told["data"]["settingPreview"]["purges"], 0, "{told}");
    let due = retrace.json_lines(&["retention", "due", "--keep", "1s", "--json"]);
    let mut named: Vec<(&str, bool)> = due
        .iter()
        .map(|one| (one["session"].as_str().unwrap(), one["onHold"] == true))
        .collect();
    named.sort_unstable();
    let mut expected = [(&*old, false), (&*held, true)];
    expected.sort_unstable();
    assert_eq!(named, expected);

    // With a day of grace a changed setting can be undone: nothing goes.
    let there = |id: &str| {
        let query = "query($id: ID!) { session(id: $id) { id keptUntil } }";
        let answer = server.graphql(&token, query, &json!({"id": id}));
        answer["data"]["session"].clone()
    };
    retrace.set("retention.keep_s", "1s");
    std::thread::sleep(Duration::from_secs(6));
    assert!(there(&old)["keptUntil"].is_string());
    assert!(there(&lab)["keptUntil"].is_null());

    // Without it, what may go is gone within seconds.
    retrace.set("retention.grace_s", "0");
    wait_until("the purge", || !there(&old).is_object());
    let query = "query($id: ID!) { purgedSession(id: $id) { by reason user site } }";
    let purged = server.graphql(&token, query, &json!({"id": old}));
    let purged = &purged["data"]["purgedSession"];
    assert_eq!(
        (&purged["by"], &purged["site"]),
        (&json!("retention"), &json!("berlin"))
    );
    let reason = purged["reason"].as_str().unwrap();
    assert!(reason.starts_with("kept for 1s from 2"), "{reason}");
    assert!(there(&held).is_object() && there(&lab).is_object());
    let status = "{ retention(withinDays: 1) { keepSeconds due soon dueOnHold onHold trouble } }";
    let status = server.graphql(&token, status, &json!({}));
    let expected = json!({"keepSeconds": 1, "due": 0, "soon": 0, "dueOnHold": 1, "onHold": 1, "trouble": null});
    assert_eq!(status["data"]["retention"], expected);

    // With the hold the last reason to keep it is gone.
    retrace.succeed(&["hold", "release", &held, "--reason", "case closed"]);
    retrace.set("retention.keep_s", "2s");
    wait_until("the purge", || !there(&held).is_object());
    assert!(there(&lab).is_object());
    let sweeps = retrace.data().join("blobs");
    assert_eq!(fs::read_dir(sweeps).unwrap().count(), 1);
}

#[test]
fn what_a_crash_leaves_of_a_purge_is_swept_up() {
    let retrace = Retrace::new();
    let (token, recorder);
    let session = {
        let server = retrace.serve();
        (token, recorder) = (retrace.token(), retrace.recorder_token());
        let session = recorded(&server, &recorder, &json!({"user": "ops"})).session;
        server.wait_until_caught_up();
        let blobs = retrace.data().join("blobs").join(&session);
        let copy = fs::read_dir(&blobs)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let (name, content) = (
            copy.file_name().unwrap().to_owned(),
            fs::read(&copy).unwrap(),
        );
        assert!(purge(&server, &token, &session)["errors"].is_null());
        // As if it had been killed between the log and the folder.
        fs::create_dir_all(&blobs).unwrap();
        fs::write(blobs.join(name), content).unwrap();
        session
    };
    let server = retrace.serve();
    let left = retrace.data().join("blobs").join(&session);
    wait_until("the sweep", || !left.exists());
    drop(server);
}
