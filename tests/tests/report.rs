//! Reports, by command line and over HTTP, in the hands of programs that are not ours.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use retrace_tests::{Retrace, Server, text};
use serde_json::{Value, json};

const FORMATS: [&str; 5] = ["csv", "html", "json", "pdf", "xlsx"];

fn run(retrace: &Retrace, name: &str, format: &str, more: &[&str]) -> PathBuf {
    let number = fs::read_dir(retrace.scratch()).unwrap().count();
    let path = retrace.scratch().join(format!("{name}-{number}.{format}"));
    let mut arguments = vec![
        "report",
        "run",
        name,
        "--format",
        format,
        "-o",
        path.to_str().unwrap(),
    ];
    arguments.extend(more);
    retrace.succeed(&arguments);
    path
}

fn names(retrace: &Retrace) -> Vec<String> {
    let listed = retrace.json_lines(&["report", "list", "--json"]);
    listed
        .iter()
        .map(|report| report["name"].as_str().unwrap().to_owned())
        .collect()
}

fn fetch(server: &Server, token: &str, path: &str) -> (u16, Vec<u8>) {
    let response = server.get(path).bearer_auth(token).send().unwrap();
    (
        response.status().as_u16(),
        response.bytes().unwrap().to_vec(),
    )
}

#[test]
fn the_same_report_at_the_same_position_is_the_same_to_the_byte_in_every_format() {
    let retrace = Retrace::with_samples();
    let names = names(&retrace);
    assert_eq!(names.len(), 13);
    let first = run(&retrace, "reviews", "json", &[]);
    let first: Value = serde_json::from_slice(&fs::read(first).unwrap()).unwrap();
    let position = first["position"].to_string();
    assert!(
        first["checkpoint"]
            .as_str()
            .unwrap()
            .contains(&format!("\n{position}\n"))
    );
    let at = ["--at", position.as_str()];
    let before: Vec<_> = FORMATS
        .map(|format| fs::read(run(&retrace, "privileged-access", format, &at)).unwrap())
        .into();
    // The log goes on, and read models are built anew.
    retrace.token();
    retrace.succeed(&["rebuild"]);
    for (format, before) in FORMATS.iter().zip(&before) {
        let after = fs::read(run(&retrace, "privileged-access", format, &at)).unwrap();
        assert!(after == *before, "{format} has other bytes");
    }
    // Each is run, and each run is told.
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    for name in &names {
        let (status, body) = fetch(
            &server,
            &token,
            &format!("/v1/reports/{name}.json?at={position}"),
        );
        assert_eq!(status, 200, "{name}: {}", String::from_utf8_lossy(&body));
        let again = fetch(
            &server,
            &token,
            &format!("/v1/reports/{name}.json?at={position}"),
        )
        .1;
        assert!(again == body, "{name} has other bytes");
        let report: Value = serde_json::from_slice(&body).unwrap();
        assert!(!report["supports"].as_array().unwrap().is_empty());
        if name == "integrity" {
            for row in report["rows"].as_array().unwrap() {
                assert_eq!(row["outcome"], "holds", "{row}");
            }
        }
    }
    let query = "{ events(first: 1000, filter: {types: [\"report.run\"]}) { nodes { data } } }";
    let told = server.graphql(&token, query, &json!({}));
    let told = told["data"]["events"]["nodes"].as_array().unwrap();
    assert_eq!(told.len(), 1 + 5 + 5 + 2 * names.len(), "{told:?}");
    let last = &told[told.len() - 1]["data"];
    assert_eq!(
        (&last["name"], &last["format"]),
        (&json!("integrity"), &json!("json"))
    );
    assert_eq!(last["position"].to_string(), position);
}

#[test]
fn what_was_typed_is_found_by_the_watch_list_and_what_is_redacted_is_not() {
    let retrace = Retrace::with_samples();
    let report = run(&retrace, "watched-commands", "json", &[]);
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let commands: Vec<&str> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["command"].as_str().unwrap())
        .collect();
    for typed in ["cat /etc/shadow", "sudo tail -n 3 /etc/group"] {
        assert!(commands.contains(&typed), "{commands:?}");
    }
    let all = run(&retrace, "watched-commands", "csv", &["--set", "pattern=."]);
    let all = fs::read_to_string(all).unwrap();
    assert!(
        all.contains("grep -c ERROR app.log") && !all.contains("correct-horse-9"),
        "{all}"
    );
}

#[test]
fn a_spreadsheet_and_a_pdf_are_read_by_programs_of_others() {
    let retrace = Retrace::with_samples();
    let sheet = run(&retrace, "privileged-access", "xlsx", &[]);
    let script = "import sys, openpyxl\n\
        book = openpyxl.load_workbook(sys.argv[1])\n\
        rows = book['Rows']\n\
        print([c.value for c in rows[1]])\n\
        print(rows.max_row, rows['A2'].data_type, rows['G2'].number_format)\n\
        print(any(c.data_type == 'f' for r in rows.iter_rows() for c in r))\n\
        print(dict((r[0].value, r[1].value) for r in book['About'].iter_rows()))\n";
    let output = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .arg(&sheet)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "scripts/install verifiers: {output:?}"
    );
    let said = text(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("['Started', 'User', 'Account', 'Target'"),
        "{said}"
    );
    assert_eq!(lines[1], "12 d [h]:mm:ss", "{said}");
    assert_eq!(lines[2], "False", "{said}");
    assert!(
        lines[3].contains("Position of the log") && lines[3].contains("Supports PCI DSS 4.0 10.2"),
        "{said}"
    );

    for name in names(&retrace) {
        let pdf = run(&retrace, &name, "pdf", &[]);
        let output = Command::new("pdftotext")
            .args(["-layout"])
            .arg(&pdf)
            .arg("-")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "scripts/install verifiers: {output:?}"
        );
        let said = text(&output.stdout);
        for expected in [
            "Report of Retrace",
            "Position of the log",
            "does not state that anybody complies",
            "1 of ",
        ] {
            assert!(
                said.contains(expected),
                "{name}: {expected} is not in {said}"
            );
        }
    }
}

#[test]
fn who_sees_no_settings_gets_no_report_of_the_server_and_that_is_told() {
    let retrace = Retrace::with_samples();
    let clerk = retrace.succeed(&["token", "create", "--name", "clerk", "--role", "history"]);
    let clerk = clerk.trim();
    let admin = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    for (path, status) in [
        ("reviews.csv", 200),
        ("watched-commands.csv", 200),
        ("changes.csv", 403),
        ("denied-access.pdf", 403),
        ("integrity.json", 403),
        ("nothing.csv", 404),
        ("reviews.docx", 400),
        ("reviews", 400),
        ("idle-sessions.csv?minutes=x", 400),
        ("reviews.csv?from=yesterday", 400),
        ("reviews.csv?at=99999999", 400),
        ("reviews.csv?from=1026-01-01&to=2026-01-01", 200),
    ] {
        let (found, body) = fetch(&server, clerk, &format!("/v1/reports/{path}"));
        assert_eq!(found, status, "{path}: {}", String::from_utf8_lossy(&body));
        if path.starts_with("watched") {
            // They see that sessions took place, and not what happened in them.
            assert_eq!(String::from_utf8_lossy(&body).lines().count(), 1);
        }
    }
    let query = "{ report(name: \"privileged-access\") { rowCount partial charts { title } definition { allowed } } }";
    let answer = server.graphql(&admin, query, &json!({}));
    assert_eq!(answer["data"]["report"]["rowCount"], 11, "{answer}");
    let query = "{ events(first: 1000, filter: {types: [\"access.denied\"]}) { nodes { data } } }";
    let told = server.graphql(&admin, query, &json!({}));
    assert!(told.to_string().contains("report/changes"), "{told}");
}
