//! `retrace serve`: what it answers, to whom, and how it stops.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::time::Duration;

use retrace_tests::{Retrace, Server, body, long_recording, samples, text};
use serde_json::{Value, json};

fn sessions(server: &Server, token: &str) -> Vec<Value> {
    let answer = server.graphql(
        token,
        "{ sessions(first: 100) { nodes { id title durationMs asciicastUrl recording { name } } } }",
        &json!({}),
    );
    answer["data"]["sessions"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"))
        .clone()
}

fn session_of(server: &Server, token: &str, file: &str) -> String {
    let all = sessions(server, token);
    let found = all
        .iter()
        .find(|session| session["recording"]["name"] == json!(file));
    found.unwrap_or_else(|| panic!("no {file} in {all:?}"))["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What the whole thing is for: a word that was on the screen in the middle of a recording leads to
/// the moment at which the screen shows it.
#[test]
fn a_word_that_was_on_screen_leads_to_the_screen_that_shows_it() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    // What, in which sample, complete on screen at how many milliseconds.
    for (word, file, truth_ms) in [
        ("marlstone-4417", "deploy-v3.cast", 51_506),
        ("quillfern-8820", "deploy-v3.cast", 117_936),
        ("basaltwing-2963", "incident-v2.cast", 54_738),
        ("tidewrack-5108", "incident-v2.cast", 106_984),
        ("fenlark-1590", "plain.tlog.json", 28_318),
        ("pumicebay-2218", "with-input.tlog.json", 79_802),
        ("larkspit-6671", "sudo-i", 73_860),
        ("slatewren-8143", "two.out", 36_699),
        ("chalkmere-2086", "single.io", 34_379),
        ("rimefall-7203", "ops.ttyrec", 80_393),
    ] {
        let answer = server.graphql(
            &token,
            "query($text: String!) { search(text: $text) { totalCount nodes {
                session { id } kind offsetMs snippet { runs { text match } } } } }",
            &json!({ "text": word }),
        );
        let hits = answer["data"]["search"]["nodes"]
            .as_array()
            .unwrap()
            .clone();
        let id = session_of(&server, &token, file);
        assert!(!hits.is_empty(), "{answer}");
        assert!(
            hits.iter().all(|hit| hit["session"]["id"] == json!(id)),
            "{answer}"
        );
        let nearest = hits
            .iter()
            .map(|hit| (hit["offsetMs"].as_i64().unwrap() - truth_ms).abs())
            .min()
            .unwrap();
        assert!(
            nearest <= 2_000,
            "{word}: {nearest} ms from where it was: {answer}"
        );
        for hit in hits.iter().filter(|hit| hit["kind"] != json!("KEYS")) {
            let shown = server.graphql(
                &token,
                "query($id: ID!, $at: Long!) { session(id: $id) { screen(atMs: $at) { lines } } }",
                &json!({ "id": id, "at": hit["offsetMs"] }),
            );
            let lines = shown["data"]["session"]["screen"]["lines"].to_string();
            assert!(lines.contains(word), "{hit} is not on the screen: {lines}");
        }
    }
}

#[test]
fn nobody_reads_without_a_token() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let id = session_of(&server, &token, "deploy-v3.cast");
    let recording = format!("/v1/sessions/{id}/asciicast");
    let question = json!({ "query": "{ log { size } }" });
    let last = if token.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &token[..token.len() - 1]);

    for (what, wrong) in [
        ("none", None),
        ("mistyped", Some(mistyped.as_str())),
        ("other", Some("x")),
    ] {
        let (mut get, mut post) = (
            server.get(&recording),
            server.post("/graphql").json(&question),
        );
        if let Some(wrong) = wrong {
            (get, post) = (get.bearer_auth(wrong), post.bearer_auth(wrong));
        }
        for response in [get.send().unwrap(), post.send().unwrap()] {
            assert_eq!(response.status(), 401, "{what}");
            let said = body(response);
            assert!(
                said.contains("UNAUTHENTICATED") && !said.contains("size"),
                "{what}: {said}"
            );
        }
    }
    // Another site can make a browser send the cookie, but not the header of our own page.
    let signed_in = server
        .post("/v1/web-session")
        .json(&json!({ "token": token }))
        .send()
        .unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let forged = server
        .post("/graphql")
        .header("cookie", &cookie)
        .json(&question);
    assert_eq!(forged.send().unwrap().status(), 403);
    let own = server
        .post("/graphql")
        .header("cookie", &cookie)
        .header("x-retrace-client", "web");
    assert_eq!(own.json(&question).send().unwrap().status(), 200);
    // A download link is followed with the cookie alone, but not from another site.
    for (site, status) in [
        (None, 200),
        (Some("same-origin"), 200),
        (Some("cross-site"), 403),
    ] {
        let mut link = server.get(&recording).header("cookie", &cookie);
        if let Some(site) = site {
            link = link.header("sec-fetch-site", site);
        }
        assert_eq!(link.send().unwrap().status(), status, "{site:?}");
    }

    let id = token.split('_').nth(1).unwrap();
    retrace.succeed(&["token", "revoke", id]);
    let revoked = server
        .post("/graphql")
        .bearer_auth(&token)
        .json(&question)
        .send()
        .unwrap();
    assert_eq!(revoked.status(), 401);
    assert!(body(revoked).contains("revoked"));
}

#[test]
fn an_exported_recording_is_the_imported_one() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    for (file, version) in [("deploy-v3.cast", "3"), ("incident-v2.cast", "2")] {
        let id = session_of(&server, &token, file);
        let path = format!("/v1/sessions/{id}/asciicast?version={version}&download=1");
        let asked = server.get(&path).bearer_auth(&token);
        // Passwords were typed in it, which are shown only to whoever says why.
        let response = asked.header("Retrace-Reveal", "a test").send().unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-type"],
            "application/x-asciicast"
        );
        let over_http = body(response);
        let original = fs::read_to_string(samples().join(file)).unwrap();
        assert_eq!(entries(&over_http), entries(&original), "{file}");

        let format = format!("asciicast-v{version}");
        let by_command = retrace.succeed(&["export", &id, "--format", &format]);
        assert_eq!(by_command, over_http);
        let lines = retrace.succeed(&["export", &id, "--format", "ndjson"]);
        // With the launch, the source and the end, and that it was revealed, and taken three times.
        assert_eq!(
            lines.lines().count(),
            entries(&original).len() + 6 - usize::from(version == "3")
        );
    }
    let missing = format!("/v1/sessions/{}/asciicast", "0".repeat(36));
    assert_eq!(
        server
            .get(&missing)
            .bearer_auth(&token)
            .send()
            .unwrap()
            .status(),
        404
    );
}

#[test]
fn a_terminal_session_can_be_had_as_pictures() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let id = session_of(&server, &token, "deploy-v3.cast");
    let path = format!("/v1/sessions/{id}/film.gif?download=1");
    let response = server.get(&path).bearer_auth(&token).send().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "image/gif");
    let disposition = format!("attachment; filename=\"{id}.gif\"");
    assert_eq!(response.headers()["content-disposition"], disposition);
    let over_http = response.bytes().unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deploy.gif");
    let by_command = |more: &[&str]| {
        let _ = fs::remove_file(&file);
        let name = file.to_str().unwrap();
        let arguments = ["export", &id, "--format", "gif", "-o", name];
        retrace.succeed(&[arguments.as_slice(), more].concat());
        fs::read(&file).unwrap()
    };
    let written = by_command(&[]);
    assert!(
        written == over_http,
        "the same over HTTP and by the command"
    );
    // 120 columns and 36 rows at the most, with a margin of a column's width.
    assert_eq!(size_of_gif(&written), (120 * 9 + 18, 36 * 20 + 18));
    assert_eq!(written.last(), Some(&b';'));
    let hurried = by_command(&["--speed", "4", "--idle-limit", "1", "--font-size", "10"]);
    assert!(hurried.len() < written.len());
    assert_eq!(size_of_gif(&hurried), (120 * 6 + 12, 36 * 13 + 12));

    for (format, magic) in [("mp4", &b"ftyp"[..]), ("webm", b"\x1a\x45\xdf\xa3")] {
        let file = folder.path().join(format);
        let name = file.to_str().unwrap();
        let arguments = ["export", &id, "--format", format, "--speed", "20"];
        retrace.succeed(&[arguments.as_slice(), &["-o", name]].concat());
        let video = fs::read(&file).unwrap();
        assert!(
            video[..8].windows(4).any(|bytes| bytes == magic),
            "{format}"
        );
        assert!(video.len() > 50_000, "{format}: {} bytes", video.len());
    }

    let missing = format!("/v1/sessions/{}/film.gif", "0".repeat(36));
    let response = server.get(&missing).bearer_auth(&token).send().unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(server.get(&path).send().unwrap().status(), 401);
}

/// Width and height, from the head of a GIF.
fn size_of_gif(bytes: &[u8]) -> (u16, u16) {
    assert!(bytes.starts_with(b"GIF89a"));
    let number = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    (number(6), number(8))
}

/// Time, code and data of each entry; the header may differ in how it is written.
fn entries(cast: &str) -> Vec<(String, Value, Value)> {
    let entry = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let time = format!("{:.6}", entry[0].as_f64().unwrap());
        (time, entry[1].clone(), entry[2].clone())
    };
    cast.lines()
        .skip(1)
        .filter(|line| line.starts_with('['))
        .map(entry)
        .collect()
}

/// What comes in while the server runs appears in it, and SIGTERM in the middle loses nothing.
#[test]
fn stopped_in_the_middle_of_an_import_nothing_is_lost() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    let file = retrace.scratch().join("long.cast");
    fs::write(&file, long_recording(6_000)).unwrap();
    let mut import = retrace
        .command(&["import", file.to_str().unwrap()])
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(150));
    assert!(server.terminate().success());
    assert!(import.wait().unwrap().success());

    let server = retrace.serve();
    server.wait_until_caught_up();
    let id = session_of(&server, &token, "long.cast");
    let answer = server.graphql(
        &token,
        "query($id: ID!) { session(id: $id) { counts { events } screen(atMs: 599900) { lines } } }",
        &json!({ "id": id }),
    );
    let session = &answer["data"]["session"];
    assert_eq!(session["counts"]["events"], json!(60_003), "{answer}");
    assert!(
        session["screen"]["lines"]
            .to_string()
            .contains("line 5999 of a long recording")
    );
    assert!(server.terminate().success());
    retrace.succeed(&["verify"]);
}

#[test]
fn rebuilt_read_models_answer_the_same() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let question =
        "{ sessions(first: 20) { nodes { id title user host startedAt durationMs counts {
            events outputBytes keys markers }
        activityMap(buckets: 50) { bucketMs series { kind values } }
        timeline(first: 100) { nodes { kind offsetMs startMs text } }
        screen(atMs: 40000) { lines ansi cursor { column row } } } } }";
    let ask = || {
        let server = retrace.serve();
        server.wait_until_caught_up();
        let answer = server.graphql(&token, question, &json!({}));
        assert!(answer["errors"].is_null(), "{answer}");
        let busy = retrace.run(&["rebuild"]);
        assert!(text(&busy.stderr).contains("another process"), "{busy:?}");
        assert!(server.terminate().success());
        answer
    };
    let before = ask();
    retrace.succeed(&["rebuild"]);
    assert_eq!(ask(), before);
    retrace.succeed(&["rebuild", "moments"]);
    assert_eq!(ask(), before);
    let unknown = retrace.run(&["rebuild", "nothing"]);
    assert!(
        text(&unknown.stderr).contains("expected one of"),
        "{unknown:?}"
    );
}

#[test]
fn a_question_that_cannot_be_answered_says_so() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let deep = format!(
        "{{ sessions {} }}",
        "{ nodes { timeline ".repeat(30) + &"} }".repeat(30)
    );
    let wide = format!(
        "{{ {} }}",
        (0..2_000)
            .map(|i| format!("a{i}: log {{ size }} "))
            .collect::<String>()
    );
    let cases = [
        ("syntax", "{ sessions"),
        ("unknown field", "{ nonsense }"),
        ("first", "{ sessions(first: 0) { nodes { id } } }"),
        ("first", "{ sessions(first: 100000) { nodes { id } } }"),
        (
            "cursor",
            "{ sessions(after: \"made up\") { nodes { id } } }",
        ),
        ("empty search", "{ search(text: \"  \") { totalCount } }"),
        (
            "buckets",
            "{ sessions { nodes { activityMap(buckets: 0) { bucketMs } } } }",
        ),
        (
            "time",
            "{ sessions(filter: {startedFrom: \"yesterday\"}) { nodes { id } } }",
        ),
        (
            "proof",
            "{ log { inclusionProof(position: \"99999999\") } }",
        ),
        ("depth", deep.as_str()),
        ("width", wide.as_str()),
    ];
    for (what, query) in cases {
        let answer = server.graphql(&token, query, &json!({}));
        assert_eq!(
            answer["errors"][0]["extensions"]["code"],
            json!("INVALID_ARGUMENT"),
            "{what}: {answer}"
        );
    }
    let missing = server.graphql(&token, "{ session(id: \"nobody\") { id } }", &json!({}));
    assert_eq!(missing["data"]["session"], Value::Null);

    let large = json!({ "query": "x".repeat(100_000) });
    let refused = server
        .post("/graphql")
        .bearer_auth(&token)
        .json(&large)
        .send()
        .unwrap();
    assert_eq!(refused.status(), 413);
    assert!(body(refused).contains("INVALID_ARGUMENT"));
    let no_json = server
        .post("/graphql")
        .bearer_auth(&token)
        .body("lol")
        .send()
        .unwrap();
    assert!(no_json.status().is_client_error());
    assert!(body(no_json).contains("expected a JSON body"));
    let nowhere = server
        .get("/v1/nothing")
        .bearer_auth(&token)
        .send()
        .unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[test]
fn the_pages_of_the_ui_are_served_with_a_strict_policy() {
    let retrace = Retrace::new();
    let server = retrace.serve();
    for path in ["/", "/sessions", "/sessions/some-id?t=1000"] {
        let response = server.get(path).send().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline"));
        assert!(body(response).contains("<div id=\"root\""), "{path}");
    }
    assert_eq!(
        server.get("/assets/missing.js").send().unwrap().status(),
        404
    );
    assert_eq!(server.get("/healthz").send().unwrap().status(), 200);
}

#[test]
fn a_taken_address_is_said_with_what_to_do() {
    let retrace = Retrace::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = retrace.run(&["serve", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--listen"), "{output:?}");
}
