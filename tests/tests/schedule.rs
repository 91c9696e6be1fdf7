//! Reports that run by themselves: each period once, however many servers there are and however they end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use retrace_tests::nodes::Nodes;
use retrace_tests::{Retrace, Server, wait_for};
use serde_json::{Value, json};

const SCHEDULES: &str = "{ reportSchedules { name every hour zone folder formats setBy lastError
    report { name } next { from to due }
    runs(first: 100) { at from to position rows files } } }";

/// The day that it is in UTC, so many days ago.
fn days_ago(days: i64) -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    now.date()
        .checked_sub(jiff::ToSpan::days(days))
        .unwrap()
        .to_string()
}

fn serve(retrace: &Retrace, exports: &Path) -> Server {
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RETRACE_EXPORT_FOLDER", exports);
    retrace.serve_by(command)
}

fn exports(retrace: &Retrace) -> PathBuf {
    let exports = retrace.scratch().join("exports");
    fs::create_dir_all(&exports).unwrap();
    exports
}

fn schedule(server: &Server, token: &str, name: &str) -> Value {
    let answer = server.graphql(token, SCHEDULES, &json!({}));
    let all = answer["data"]["reportSchedules"].as_array();
    let all = all.unwrap_or_else(|| panic!("{answer}"));
    all.iter()
        .find(|one| one["name"] == name)
        .cloned()
        .unwrap_or_default()
}

fn runs(schedule: &Value) -> &[Value] {
    schedule["runs"].as_array().map_or(&[], Vec::as_slice)
}

fn wait_for_runs(server: &Server, token: &str, name: &str, count: usize) -> Value {
    wait_for("a run", || {
        let found = schedule(server, token, name);
        if runs(&found).len() >= count {
            Ok(found)
        } else {
            Err(found.to_string())
        }
    })
}

fn files_in(folder: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap();
    names
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn what_became_due_is_run_once_and_is_the_same_report_again() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let exports = exports(&retrace);
    // Of the days before today three are over; today's is due tomorrow.
    let from = days_ago(3);
    retrace.succeed(&[
        "report",
        "schedule",
        "daily",
        "privileged-access",
        "--every",
        "day",
        "--hour",
        "0",
        "--from",
        &from,
        "--folder",
        "audits/access",
        "--format",
        "json",
        "--format",
        "pdf",
    ]);
    let server = serve(&retrace, &exports);
    let found = wait_for_runs(&server, &token, "daily", 3);
    assert_eq!(runs(&found).len(), 3);
    let midnight = |days| format!("{}T00:00:00.000000Z", days_ago(days));
    for (days, run) in (1..).zip(runs(&found)) {
        assert_eq!(run["from"], midnight(days).as_str());
        assert_eq!(run["to"], midnight(days - 1).as_str());
    }
    assert_eq!(found["next"]["due"], midnight(-1).as_str());
    assert_eq!(found["lastError"], Value::Null);

    let told: BTreeSet<String> = runs(&found)
        .iter()
        .flat_map(|run| run["files"].as_array().unwrap())
        .map(|file| {
            file.as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(told.len(), 6);
    wait_for("what is told", || {
        let found = files_in(&exports.join("audits/access"));
        if found == told {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    });
    // Whoever has the event runs the same report again.
    let run = &runs(&found)[0];
    let file = run["files"][0].as_str().unwrap();
    let filed: Value = serde_json::from_slice(&fs::read(exports.join(file)).unwrap()).unwrap();
    let text_of = |name: &str| run[name].as_str().unwrap();
    let path = format!(
        "/v1/reports/privileged-access.json?from={}&to={}&at={}",
        text_of("from"),
        text_of("to"),
        text_of("position"),
    );
    let again: Value = server
        .get(&path)
        .bearer_auth(&token)
        .send()
        .unwrap()
        .json()
        .unwrap();
    for field in ["rows", "position", "checkpoint", "from", "to", "parameters"] {
        assert_eq!(filed[field], again[field], "{field}");
    }

    // A file that has not got its name because the server was killed gets it from the next one.
    server.kill();
    let whole = exports.join(file);
    let (folder, name) = (
        whole.parent().unwrap(),
        whole.file_name().unwrap().to_string_lossy(),
    );
    let node = fs::read_to_string(retrace.data().join("node")).unwrap();
    let partial = folder.join(format!(".{name}.{}.partial", node.trim()));
    fs::rename(&whole, &partial).unwrap();
    let server = serve(&retrace, &exports);
    wait_for("the whole file", || match whole.exists() {
        true => Ok(()),
        false => Err(format!("{:?}", files_in(folder))),
    });
    // What was run is not run again, neither by another server nor because the schedule is set again.
    retrace.succeed(&[
        "report",
        "schedule",
        "daily",
        "privileged-access",
        "--every",
        "day",
        "--hour",
        "0",
        "--from",
        &from,
    ]);
    retrace_tests::heard();
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(runs(&schedule(&server, &token, "daily")).len(), 3);
    assert_eq!(schedule(&server, &token, "daily")["folder"], Value::Null);

    let listed = retrace.succeed(&["report", "schedules"]);
    assert!(
        listed.contains("daily  privileged-access of each day"),
        "{listed}"
    );
    retrace.succeed(&["report", "unschedule", "daily"]);
    assert_eq!(retrace.succeed(&["report", "schedules"]), "");
    let gone = server.graphql(
        &token,
        "mutation { unscheduleReport(name: \"daily\") { name } }",
        &json!({}),
    );
    assert_eq!(
        gone["errors"][0]["extensions"]["code"], "NOT_FOUND",
        "{gone}"
    );
    let events =
        "{ events(first: 100, filter: {types: [\"report.unscheduled\"]}) { nodes { data } } }";
    let events = server.graphql(&token, events, &json!({}));
    assert_eq!(
        events["data"]["events"]["nodes"].as_array().unwrap().len(),
        1,
        "{events}"
    );
}

#[test]
fn what_cannot_be_run_says_why_and_is_tried_again() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    // This server has no folder for exports.
    let server = retrace.serve();
    let mutation =
        "mutation($input: ReportScheduleInput!) { scheduleReport(input: $input) { name } }";
    let input = json!({"input": {"name": "filed", "report": "reviews", "every": "DAY", "hour": 0,
        "from": days_ago(1), "folder": "audits", "formats": ["csv"]}});
    let set = server.graphql(&token, mutation, &input);
    assert_eq!(set["data"]["scheduleReport"]["name"], "filed", "{set}");
    let failed = wait_for("the error", || {
        let found = schedule(&server, &token, "filed");
        match found["lastError"].is_string() {
            true => Ok(found),
            false => Err(found.to_string()),
        }
    });
    let error = failed["lastError"].as_str().unwrap();
    assert!(error.contains("--export-folder"), "{error}");
    assert!(runs(&failed).is_empty());
    drop(server);
    let exports = exports(&retrace);
    let server = serve(&retrace, &exports);
    wait_for_runs(&server, &token, "filed", 1);

    let cases = [
        (
            json!({"folder": "../etc", "formats": ["csv"]}),
            "`folder` is",
        ),
        (json!({"hour": 24}), "`hour` is 24"),
        (json!({"zone": "Nowhere"}), "`zone` is"),
        (json!({"report": "nothing"}), "there is no report"),
        (json!({"from": "1000-01-01"}), "more than 400 periods"),
        (
            json!({"parameters": [{"name": "days", "value": "x"}]}),
            "no parameter",
        ),
    ];
    for (change, expected) in cases {
        let mut input = json!({"name": "bad", "report": "reviews", "every": "DAY"});
        input
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = server.graphql(&token, mutation, &json!({ "input": input }));
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "INVALID_ARGUMENT", "{answer}");
        assert!(
            error["message"].as_str().unwrap().contains(expected),
            "{answer}"
        );
    }
    // An auditor sees what is scheduled, and schedules nothing.
    let auditor = retrace.succeed(&["token", "create", "--name", "auditor", "--role", "auditor"]);
    let auditor = auditor.trim();
    assert_eq!(schedule(&server, auditor, "filed")["name"], "filed");
    let refused = server.graphql(auditor, mutation, &input);
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
        "{refused}"
    );
}

#[test]
fn of_two_nodes_one_runs_each_period() {
    let retrace = Retrace::with_samples();
    let Some(nodes) = Nodes::new(&retrace, "one") else {
        eprintln!("passed over: there is no PostgreSQL here");
        return;
    };
    let token = nodes.token();
    let (one, two) = (nodes.serve("one"), nodes.serve("two"));
    let from = days_ago(30);
    nodes.succeed(
        "one",
        &[
            "report", "schedule", "daily", "changes", "--every", "day", "--hour", "0", "--from",
            &from, "--folder", "audits", "--format", "csv",
        ],
    );
    let found = wait_for_runs(&one, &token, "daily", 30);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let also = schedule(&two, &token, "daily");
    assert_eq!(runs(&also).len(), 30);
    let days: BTreeSet<&str> = runs(&found)
        .iter()
        .map(|run| run["from"].as_str().unwrap())
        .collect();
    assert_eq!(days.len(), 30);
    // No file is left by the one that came late.
    assert_eq!(files_in(&nodes.exports().join("audits")).len(), 30);
}
