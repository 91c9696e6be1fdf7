//! What is redacted is nowhere to be read until somebody reveals it, and all else is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use retrace_tests::{PATIENCE, Retrace, Server, body};
use serde_json::{Value, json};

/// Recordings with what was typed in them: passwords, which no screen shows, and commands.
struct Truth {
    path: &'static str,
    secrets: &'static [&'static str],
    typed: &'static [&'static str],
}

const TRUTHS: &[Truth] = &[
    Truth {
        path: "cast/incident-v2.cast",
        secrets: &["wrong-guess-1", "correct-horse-9"],
        typed: &[
            "cd logs; ls -l",
            "cat /etc/shadow",
            "sudo tail -n 3 /etc/group",
            "sleep 600 &",
            "echo incident basaltwing-2963 opened",
            "sudo -k; grep -o 'timed out' app.log | wc -l",
            "exit",
        ],
    },
    Truth {
        path: "cast/deploy-v3.cast",
        secrets: &[],
        typed: &[
            "git init -q -b main; git status",
            "cat > shop.conf <<EOF",
            "workers = 4",
            "python3 -c \"print('部署 完了 🚀 café', '─'*8)\"",
            "exit",
        ],
    },
    Truth {
        path: "tlog/with-input.tlog.json",
        secrets: &["correct-horse-9", "tk-91-fern"],
        typed: &[
            "mkdir -p review; cd review",
            "sudo head -n 2 /etc/gshadow",
            "read -s -p 'token: ' t; echo got ${#t}",
            "echo finish pumicebay-2218 stored",
            "exit",
        ],
    },
    Truth {
        path: "script/two.timing",
        secrets: &["correct-horse-9"],
        typed: &["sudo id", "echo script slatewren-8143 half", "exit"],
    },
    Truth {
        path: "sudo-iolog/sudo-i",
        secrets: &[],
        typed: &[
            "whoami; pwd",
            "passwd -S ops",
            "echo change larkspit-6671 closed",
        ],
    },
];

/// Where the recordings are, if they are there: `shared/recordings` in a folder above this workspace, or where
/// `RETRACE_RECORDINGS` says.
fn recordings() -> Option<PathBuf> {
    let said = std::env::var_os("RETRACE_RECORDINGS").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let above = here
        .ancestors()
        .map(|folder| folder.join("shared/recordings"));
    let found = said.into_iter().chain(above).find(|folder| folder.is_dir());
    if found.is_none() {
        #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
        {
            println!("skipped: the recordings are not there");
        }
    }
    found
}

fn sessions(server: &Server, token: &str) -> Vec<String> {
    let answer = server.graphql(
        token,
        "{ sessions(first: 100) { nodes { id } } }",
        &json!({}),
    );
    let nodes = answer["data"]["sessions"]["nodes"]
        .as_array()
        .expect("sessions");
    nodes
        .iter()
        .map(|node| node["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Asks with a reason to reveal, or without.
fn ask(
    server: &Server,
    token: &str,
    query: &str,
    variables: &Value,
    reveal: Option<&str>,
) -> Value {
    let mut request = server.post("/graphql").bearer_auth(token);
    if let Some(reason) = reveal {
        request = request.header("Retrace-Reveal", reason);
    }
    let asked = json!({"query": query, "variables": variables});
    let answer = request.json(&asked).send().expect("an answer");
    answer.json().expect("JSON")
}

fn fetch(server: &Server, token: &str, path: &str, reveal: Option<&str>) -> String {
    let mut request = server.get(path).bearer_auth(token);
    if let Some(reason) = reveal {
        request = request.header("Retrace-Reveal", reason);
    }
    let response = request.send().expect("an answer");
    assert!(
        response.status().is_success(),
        "{path}: {}",
        response.status()
    );
    body(response)
}

/// Everything that can be read of a session, with what it was read by.
fn everything(
    server: &Server,
    token: &str,
    session: &str,
    reveal: Option<&str>,
) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut after = Value::Null;
    loop {
        let query = "query($id: ID!, $after: String) { session(id: $id) {
            title command
            timeline(first: 100, after: $after) {
                nodes { kind text redacted } pageInfo { hasNextPage endCursor } }
            seekPoints(first: 100) { label }
            redactions { id fromMs toMs what by reason rule } } }";
        let answer = ask(
            server,
            token,
            query,
            &json!({"id": session, "after": after}),
            reveal,
        );
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        all.push(("timeline".to_owned(), answer.to_string()));
        let page = &answer["data"]["session"]["timeline"]["pageInfo"];
        if page["hasNextPage"] != json!(true) {
            break;
        }
        after = page["endCursor"].clone();
    }
    let mut after = Value::Null;
    loop {
        let query = "query($id: ID!, $after: Position) { events(first: 1000, after: $after, filter: {session: $id}) {
            nodes { type data leaf } pageInfo { hasNextPage endCursor } } }";
        let answer = ask(
            server,
            token,
            query,
            &json!({"id": session, "after": after}),
            reveal,
        );
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let nodes = answer["data"]["events"]["nodes"]
            .as_array()
            .expect("events");
        let typed: String = nodes
            .iter()
            .filter(|node| node["type"] == "keys.typed")
            .filter_map(|node| node["data"]["text"].as_str())
            .collect();
        all.push(("typed".to_owned(), typed));
        all.push(("events".to_owned(), answer.to_string()));
        let page = &answer["data"]["events"]["pageInfo"];
        if page["hasNextPage"] != json!(true) {
            break;
        }
        after = page["endCursor"].clone();
    }
    for second in (0..130).step_by(2) {
        let query =
            "query($id: ID!, $at: Long!) { session(id: $id) { screen(atMs: $at) { lines ansi } } }";
        let asked = json!({"id": session, "at": second * 1000});
        let answer = ask(server, token, query, &asked, reveal);
        all.push((format!("screen at {second} s"), answer.to_string()));
    }
    for path in ["asciicast?version=2", "asciicast?version=3", "ndjson"] {
        let file = fetch(
            server,
            token,
            &format!("/v1/sessions/{session}/{path}"),
            reveal,
        );
        let typed: String = file
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|line| match &line {
                Value::Array(event) if event[1] == "i" => event[2].as_str().map(str::to_owned),
                Value::Object(event) if event.get("type") == Some(&json!("keys.typed")) => {
                    event["data"]["text"].as_str().map(str::to_owned)
                }
                _ => None,
            })
            .collect();
        all.push((format!("typed in {path}"), typed));
        all.push((path.to_owned(), file));
    }
    all
}

#[test]
fn passwords_are_nowhere_to_be_read_and_commands_everywhere() {
    let Some(folder) = recordings() else { return };
    for truth in TRUTHS {
        let retrace = Retrace::new();
        let path = folder.join(truth.path);
        retrace.succeed(&["import", path.to_str().expect("UTF-8")]);
        let (server, token) = (retrace.serve(), retrace.token());
        server.wait_until_caught_up();
        let [session] = sessions(&server, &token).try_into().expect("one session");
        let all = everything(&server, &token, &session, None);
        for secret in truth.secrets {
            for (what, text) in &all {
                assert!(!text.contains(secret), "{}: {secret} in {what}", truth.path);
            }
            // Neither the word as a whole nor its parts are found.
            for words in [(*secret).to_owned(), format!("\"{secret}\"")] {
                let query = "query($text: String!) { search(text: $text) { totalCount nodes { snippet { text } } } }";
                let answer = ask(&server, &token, query, &json!({"text": words}), None);
                assert_eq!(
                    answer["data"]["search"]["totalCount"], 0,
                    "{words}: {answer}"
                );
            }
        }
        for typed in truth.typed {
            let runs = all.iter().filter(|(what, _)| what == "timeline");
            let escaped = Value::from(*typed).to_string();
            let known = runs
                .clone()
                .any(|(_, text)| text.contains(escaped.trim_matches('"')));
            assert!(known, "{}: {typed} is not in the timeline", truth.path);
        }
        // What was typed and not hidden is the same wherever it is read.
        let typed: HashSet<String> = all
            .iter()
            .filter(|(what, text)| what.starts_with("typed in") && !text.is_empty())
            .map(|(_, text)| text.clone())
            .collect();
        assert_eq!(typed.len(), 1, "{}", truth.path);

        // Who may reveal it, and says why, sees it; and that is written down.
        if let Some(secret) = truth.secrets.first() {
            let revealed = everything(&server, &token, &session, Some("an incident"));
            for what in [
                "timeline",
                "typed",
                "typed in ndjson",
                "typed in asciicast?version=2",
            ] {
                let shown = revealed
                    .iter()
                    .filter(|(of, _)| of == what)
                    .any(|(_, text)| text.contains(secret));
                assert!(shown, "{}: {secret} is not revealed in {what}", truth.path);
            }
            let query = "query($text: String!) { search(text: $text) { totalCount } }";
            let asked = json!({"text": format!("\"{secret}\"")});
            let answer = ask(&server, &token, query, &asked, Some("an incident"));
            assert_ne!(answer["data"]["search"]["totalCount"], 0, "{answer}");
            let query = "{ events(first: 1000, filter: {types: [\"redaction.revealed\"]}) {
                nodes { data } } }";
            let told = ask(&server, &token, query, &json!({}), None);
            let reveals = told["data"]["events"]["nodes"].as_array().expect("events");
            assert!(!reveals.is_empty(), "{told}");
            assert_eq!(reveals[0]["data"]["reason"], "an incident");
        }
    }
}

#[test]
fn what_rules_hide_is_told_once_by_events_and_survives_a_rebuild() {
    let retrace = Retrace::new();
    let sample = retrace_tests::samples().join("incident-v2.cast");
    retrace.succeed(&["import", sample.to_str().expect("UTF-8")]);
    let token = retrace.token();
    let server = retrace.serve();
    let told = |server: &Server| -> Vec<Value> {
        let content = server.log_content(&token).into_iter();
        content
            .filter(|event| event["type"] == "redaction.added")
            .collect()
    };
    let start = Instant::now();
    while told(&server).is_empty() {
        assert!(start.elapsed() < PATIENCE, "nothing is told");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(2_500));
    let first = told(&server);
    let rules: Vec<&str> = first
        .iter()
        .filter_map(|event| event["data"]["rule"].as_str())
        .collect();
    assert_eq!(rules, ["prompt", "prompt"], "{first:?}");
    assert!(server.terminate().success());
    retrace.succeed(&["rebuild", "redactions"]);
    let server = retrace.serve();
    server.wait_until_caught_up();
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(told(&server), first);
}

#[test]
fn a_person_redacts_a_span_and_lifts_it_again() {
    let retrace = Retrace::new();
    let sample = retrace_tests::samples().join("incident-v2.cast");
    retrace.succeed(&["import", sample.to_str().expect("UTF-8")]);
    let (server, token) = (retrace.serve(), retrace.token());
    server.wait_until_caught_up();
    let [session] = sessions(&server, &token).try_into().expect("one session");
    let marker = "basaltwing-2963";
    let hits = |reveal| {
        let query = "query($text: String!) { search(text: $text) { totalCount } }";
        let asked = json!({"text": format!("\"{marker}\"")});
        ask(&server, &token, query, &asked, reveal)["data"]["search"]["totalCount"].clone()
    };
    let screen = |at_ms: u64, reveal| {
        let query =
            "query($id: ID!, $at: Long!) { session(id: $id) { screen(atMs: $at) { lines ansi } } }";
        ask(
            &server,
            &token,
            query,
            &json!({"id": session, "at": at_ms}),
            reveal,
        )
        .to_string()
    };
    let before = hits(None);
    assert_ne!(before, 0);
    let redact = "mutation($session: ID!) { redact(redaction: {session: $session, fromMs: 50500, toMs: 60000,
        what: ALL, reason: \"a customer's name\"}) }";
    let answer = ask(&server, &token, redact, &json!({"session": session}), None);
    let id = answer["data"]["redact"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned();
    assert_eq!(hits(None), 0);
    assert!(!screen(55_000, None).contains(marker));
    let cast = fetch(
        &server,
        &token,
        &format!("/v1/sessions/{session}/asciicast"),
        None,
    );
    let typed: String = cast
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line.is_array() && line[1] == "i")
        .filter_map(|line| line[2].as_str().map(str::to_owned))
        .collect();
    assert!(
        !typed.contains("incident") && typed.contains("closing tidewrack"),
        "{typed}"
    );
    // To somebody who reveals it, it is there.
    assert_eq!(hits(Some("review")), before);
    assert!(screen(55_000, Some("review")).contains(marker));
    // Who may not reveal is told so.
    let auditor = retrace.succeed(&["token", "create", "--name", "a", "--role", "auditor"]);
    let path = format!("/v1/sessions/{session}/asciicast");
    let refused = server
        .get(&path)
        .bearer_auth(auditor.trim())
        .header("Retrace-Reveal", "curious")
        .send()
        .expect("an answer");
    assert_eq!(refused.status(), 403);
    // An address that can send no header says it itself.
    let revealed = format!("{path}?reveal=a%20link");
    let refused = server.get(&revealed).bearer_auth(auditor.trim()).send();
    assert_eq!(refused.expect("an answer").status(), 403);
    let linked = fetch(&server, &token, &revealed, None);
    assert_eq!(linked, fetch(&server, &token, &path, Some("review")));
    assert_ne!(linked, fetch(&server, &token, &path, None));

    let lift = "mutation($session: ID!, $id: ID!) { liftRedaction(session: $session, id: $id, reason: \"a mistake\") }";
    let asked = json!({"session": session, "id": id});
    let answer = ask(&server, &token, lift, &asked, None);
    assert_eq!(answer["data"]["liftRedaction"], true, "{answer}");
    assert_eq!(hits(None), before);
    assert!(screen(55_000, None).contains(marker));
}

#[test]
fn a_masked_export_verifies() {
    let retrace = Retrace::new();
    let sample = retrace_tests::samples().join("incident-v2.cast");
    retrace.succeed(&["import", sample.to_str().expect("UTF-8")]);
    let (server, token) = (retrace.serve(), retrace.token());
    server.wait_until_caught_up();
    let [session] = sessions(&server, &token).try_into().expect("one session");
    let path = format!("/v1/sessions/{session}/ndjson");
    let response = server.get(&path).bearer_auth(&token).send().expect("lines");
    let size = response.headers()["retrace-log-size"]
        .to_str()
        .expect("a size")
        .to_owned();
    let lines = body(response);
    let redacted = lines
        .lines()
        .filter(|line| line.contains("\"redacted\":true"));
    assert!(redacted.clone().count() >= 28, "each key of two passwords");
    assert!(redacted.clone().all(|line| !line.contains("\"salt\"")));
    let proof = fetch(&server, &token, &format!("{path}.proof?size={size}"), None);
    let file = retrace.scratch().join("masked.ndjson");
    std::fs::write(&file, &lines).expect("a file");
    std::fs::write(retrace.scratch().join("masked.ndjson.proof"), proof).expect("a file");
    let said = retrace.succeed(&["verify", file.to_str().expect("UTF-8")]);
    assert!(said.contains("are redacted"), "{said}");
    // A line that is made to say something else of an event that is not redacted is found out.
    let first = lines.lines().next().expect("a line");
    std::fs::write(
        &file,
        lines.replacen(first, &first.replace("\"at\":\"2", "\"at\":\"1"), 1),
    )
    .expect("a file");
    assert!(
        !retrace
            .run(&["verify", file.to_str().expect("UTF-8")])
            .status
            .success()
    );
}
