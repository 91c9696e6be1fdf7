//! The log and its proofs, checked by programs that are not ours: Go's `sumdb`, see `verify-go/`, and what
//! `docs/verifying.md` does by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use retrace_tests::{Retrace, text};
use rusqlite::Connection;
use serde_json::json;

/// Builds the program, without network: its library is a Debian package.
fn verifier(folder: &Path) -> PathBuf {
    let program = folder.join("verify-go");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify-go");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, Path::new("main.go")])
        .current_dir(source)
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", folder.join("go-cache"))
        .output()
        .expect("Go is installed: scripts/install verifiers");
    assert!(built.status.success(), "{built:?}");
    program
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

#[test]
fn another_implementation_verifies_a_running_server_and_an_exported_event() {
    let retrace = Retrace::with_samples();
    let program = verifier(retrace.scratch());
    let path = |name: &str| retrace.scratch().join(name).to_str().unwrap().to_owned();
    let key = retrace.data().join("keys/log.pub");
    let key = key.to_str().unwrap();
    let old = path("old-checkpoint");
    let checkpoint = retrace.json_lines(&["verify", "--json"])[0]["checkpoint"].clone();
    std::fs::write(&old, checkpoint.as_str().unwrap()).unwrap();

    // The log grows after the old checkpoint.
    let token = retrace.token();
    let server = retrace.serve();
    let output = run(&program, &["live", server.url(), &token, key, &old]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        text(&output.stdout).matches("ok: ").count(),
        8,
        "{output:?}"
    );

    // A checkpoint of another log is none of this one's past.
    let other = Retrace::with_samples();
    let of_other = other.json_lines(&["verify", "--json"])[0]["checkpoint"].clone();
    let of_other_file = path("other-checkpoint");
    std::fs::write(&of_other_file, of_other.as_str().unwrap()).unwrap();
    let output = run(
        &program,
        &["live", server.url(), &token, key, &of_other_file],
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");

    let event = path("event.json");
    let proof = format!("{event}.tlog-proof");
    retrace.succeed(&["export", "--event", "321", "-o", &event]);
    let output = run(&program, &["offline", key, &event, &proof]);
    assert!(output.status.success(), "{output:?}");

    // The same from GraphQL, as a client of the API gets it.
    let answer = server.graphql(
        &token,
        "{ log { tlogProof(position: 321) inclusionProof(position: 321) verifierKey }
           events(after: 320, first: 1) { nodes { leaf } } }",
        &json!({}),
    );
    let of_api = path("of-api.json");
    let of_api_proof = path("of-api.tlog-proof");
    let of_api_key = path("of-api.pub");
    let found = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let data = &answer["data"];
    std::fs::write(&of_api, found(&data["events"]["nodes"][0]["leaf"])).unwrap();
    std::fs::write(&of_api_proof, found(&data["log"]["tlogProof"])).unwrap();
    std::fs::write(&of_api_key, found(&data["log"]["verifierKey"])).unwrap();
    let output = run(&program, &["offline", &of_api_key, &of_api, &of_api_proof]);
    assert!(output.status.success(), "{output:?}");

    let hashes = data["log"]["inclusionProof"].as_array().unwrap();
    let hashes: Vec<String> = hashes.iter().map(found).collect();
    let in_file = format!("index 321\n{}\n\n", hashes.join("\n"));
    assert!(found(&data["log"]["tlogProof"]).contains(&in_file));

    let line = std::fs::read_to_string(&event).unwrap();
    std::fs::write(&event, line.replace("\"version\":", "\"version\":1")).unwrap();
    let output = run(&program, &["offline", key, &event, &proof]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

/// The code of `docs/verifying.md` after the line that opens its block.
fn documented(opening: &str) -> String {
    let page = include_str!("../../docs/verifying.md");
    let (_, block) = page.split_once(opening).expect("the block is there");
    let (code, _) = block.split_once("\n```").expect("the block ends");
    code.to_owned()
}

#[test]
fn what_the_documentation_does_by_hand_holds() {
    let retrace = Retrace::with_samples();
    let folder = retrace.scratch();
    let sessions = Connection::open(retrace.data().join("log.sqlite")).unwrap();
    let session: String = sessions
        .query_row("SELECT max(session) FROM streams", [], |row| row.get(0))
        .unwrap();
    let file = folder.join("x.ndjson");
    let output = file.to_str().unwrap();
    retrace.succeed(&["export", &session, "--format", "ndjson", "-o", output]);
    std::fs::copy(retrace.data().join("keys/log.pub"), folder.join("log.pub")).unwrap();

    let signature = documented("```sh signature\n");
    let openssl = || {
        let output = Command::new("sh")
            .args(["-e", "-c", &signature])
            .current_dir(folder)
            .output()
            .unwrap();
        output.status.success()
    };
    assert!(openssl());
    let proof = std::fs::read_to_string(folder.join("x.ndjson.proof")).unwrap();
    let (head, note) = proof.split_once("\n\n").unwrap();
    let size = note.lines().nth(1).unwrap();
    let larger = note.replacen(size, &format!("1{size}"), 1);
    std::fs::write(folder.join("x.ndjson.proof"), format!("{head}\n\n{larger}")).unwrap();
    assert!(!openssl());
    std::fs::write(folder.join("x.ndjson.proof"), &proof).unwrap();

    std::fs::write(folder.join("check.py"), documented("```python check.py\n")).unwrap();
    let python = || {
        Command::new("python3")
            .args(["check.py", "x.ndjson", "x.ndjson.proof"])
            .current_dir(folder)
            .output()
            .unwrap()
    };
    let checked = python();
    assert!(checked.status.success(), "{checked:?}");
    assert!(
        text(&checked.stdout).starts_with("these lines are among"),
        "{checked:?}"
    );
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, lines.replacen("\"at\":\"20", "\"at\":\"19", 1)).unwrap();
    assert!(!python().status.success());
}
