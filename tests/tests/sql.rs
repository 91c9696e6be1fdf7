//! Questions in SQL over all surfaces: HTTP, GraphQL, Arrow Flight SQL with a client that we did not write, and the command
//! line. Grants hold on each, and each question is an event before its answer is shown.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use retrace_tests::{Retrace, Server, body, text};
use serde_json::{Value, json};

const BY_USER: &str = "SELECT count(*) AS sessions FROM sessions";

fn asked(server: &Server, token: &str, query: &str, format: &str) -> (u16, String) {
    let request = server
        .post(&format!("/v1/sql?format={format}"))
        .bearer_auth(token)
        .body(query.to_owned());
    let response = request.send().unwrap();
    (response.status().as_u16(), body(response))
}

/// The questions that the log tells of.
fn runs(retrace: &Retrace) -> Vec<Value> {
    let server = retrace.serve();
    let query = "{ events(first: 1000, filter: {types: [\"sql.run\"]}) { nodes { data } } }";
    let answer = server.graphql(&retrace.token(), query, &json!({}));
    answer["data"]["events"]["nodes"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_question_is_answered_in_each_form_and_is_an_event() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let sessions = server.graphql(&token, "{ sessions { totalCount } }", &json!({}));
    let sessions = &sessions["data"]["sessions"]["totalCount"];
    let (status, answer) = asked(&server, &token, BY_USER, "json");
    assert_eq!(
        (status, answer),
        (200, format!("[{{\"sessions\":{sessions}}}]"))
    );
    let (status, answer) = asked(&server, &token, BY_USER, "csv");
    assert_eq!((status, answer), (200, format!("sessions\n{sessions}\n")));
    for (format, begins) in [("parquet", &b"PAR1"[..]), ("arrow", &[0xff; 4])] {
        let request = server
            .post(&format!("/v1/sql?format={format}"))
            .bearer_auth(&token);
        let response = request.json(&json!({"query": BY_USER})).send().unwrap();
        assert_eq!(response.headers()["retrace-rows"], "1");
        assert!(response.bytes().unwrap().starts_with(begins), "{format}");
    }
    let query =
        "query($text: String!) { sql(text: $text) { columns { name type } rows rowCount } }";
    let answer = server.graphql(&token, query, &json!({"text": BY_USER}));
    let want = json!({"columns": [{"name": "sessions", "type": "Int64"}], "rows": [[sessions]], "rowCount": 1});
    assert_eq!(answer["data"]["sql"], want, "{answer}");
    let refused = [
        ("DELETE FROM sessions", 400, "INVALID_ARGUMENT"),
        ("SELECT * FROM '/etc/passwd'", 400, "INVALID_ARGUMENT"),
        ("EXPLAIN SELECT 1", 400, "INVALID_ARGUMENT"),
        (
            "SELECT a.at FROM events a, events b, events c, events d, events e",
            422,
            "LIMIT_EXCEEDED",
        ),
    ];
    for (query, want, code) in refused {
        let (status, answer) = asked(&server, &token, query, "json");
        assert_eq!(status, want, "{query}: {answer}");
        assert!(answer.contains(code), "{query}: {answer}");
    }
    let (status, _) = asked(&server, "none", BY_USER, "json");
    assert_eq!(status, 401);
    let (status, _) = asked(&server, &token, BY_USER, "xlsx");
    assert_eq!(status, 400);
    // The question of the command line is answered while the server runs, and as it is.
    let printed = retrace.succeed(&["sql", "--json", BY_USER]);
    assert_eq!(printed.trim(), format!("[{{\"sessions\":{sessions}}}]"));
    assert!(server.terminate().success());
    let printed = retrace.succeed(&[
        "sql",
        "--format",
        "csv",
        "SELECT sum(events) > 0 AS some FROM sessions",
    ]);
    assert_eq!(printed, "some\ntrue\n");
    let runs = runs(&retrace);
    let formats: Vec<&str> = runs
        .iter()
        .map(|run| run["data"]["format"].as_str().unwrap())
        .collect();
    // Two that were refused were understood so far, and are told of with no rows.
    assert_eq!(
        formats,
        [
            "json", "csv", "parquet", "arrow", "graphql", "json", "json", "json", "csv"
        ]
    );
    assert_eq!(runs[0]["data"]["text"], BY_USER);
    assert_eq!(runs[0]["data"]["rows"], 1);
    assert_eq!(runs[5]["data"]["rows"], 0);
}

#[test]
fn grants_hold_for_a_question() {
    let retrace = Retrace::with_samples();
    let admin = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let make = |role: &str| {
        let mut arguments = vec!["token", "create", "--name", role, "--role", role];
        if role == "own" {
            arguments.extend(["--user", "nobody"]);
        }
        let text = retrace.succeed(&arguments);
        text.lines().last().unwrap().trim().to_owned()
    };
    let (_, all) = asked(&server, &admin, BY_USER, "csv");
    let (_, history) = asked(&server, &make("history"), BY_USER, "csv");
    assert_eq!(all, history);
    let (status, answer) = asked(&server, &make("history"), "SELECT * FROM commands", "csv");
    assert_eq!(status, 403, "{answer}");
    let (_, own) = asked(&server, &make("own"), BY_USER, "csv");
    assert_eq!(own, "sessions\n0\n");
}

/// A client of Arrow Flight SQL in Python: `adbc-driver-flightsql`.
const CLIENT: &str = r#"
import sys, adbc_driver_flightsql.dbapi as flight
from adbc_driver_flightsql import DatabaseOptions as O
address, token = sys.argv[1:]
def tells(what): print(what, flush=True)
with flight.connect(address, db_kwargs={O.AUTHORIZATION_HEADER.value: f"Bearer {token}"}) as connection:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) AS n FROM sessions")
        tells(cursor.fetchone()[0])
        cursor.execute("SELECT session, started, day, duration_us FROM sessions ORDER BY session_number")
        table = cursor.fetch_arrow_table()
        tells([str(field.type) for field in table.schema])
        for bad in ["DROP TABLE sessions", "SELECT * FROM '/etc/passwd'", "SELECT 1/0"]:
            try:
                cursor.execute(bad); cursor.fetchall(); tells("answered")
            except Exception as error:
                tells(type(error).__name__)
    objects = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    tells(sorted(t["table_name"] for c in objects for s in c["catalog_db_schemas"] for t in s["db_schema_tables"]))
with flight.connect(address, db_kwargs={"username": "auditor", "password": token}) as connection:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        tells(cursor.fetchone()[0])
try:
    with flight.connect(address, db_kwargs={O.AUTHORIZATION_HEADER.value: "Bearer nonsense"}) as connection:
        connection.cursor().execute("SELECT 7"); tells("let in")
except Exception as error:
    tells("Unauthenticated" in str(error) or "unauthenticated" in str(error).lower())
"#;

#[test]
fn a_client_of_flight_sql_is_answered() {
    let cache = std::env::var_os("RETRACE_CACHE").map(PathBuf::from);
    let python = cache.unwrap_or_default().join("adbc/bin/python");
    if !python.is_file() {
        eprintln!(
            "skipped: the client of Arrow Flight SQL is not there: scripts/install verifiers"
        );
        return;
    }
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let mut command = retrace.command(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--flight-listen",
        "127.0.0.1:0",
    ]);
    command.stderr(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let address = lines
        .find_map(|line| Some(line.ok()?.split_once("grpc://")?.1.trim().to_owned()))
        .unwrap();
    std::thread::spawn(move || lines.for_each(drop));
    let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
    let url = out
        .find_map(|line| Some(line.ok()?.split_once("listening on ")?.1.trim().to_owned()))
        .unwrap();
    wait_until_caught_up(&url);
    let asked = Command::new(python)
        .args(["-c", CLIENT, &format!("grpc://{address}"), &token])
        .output()
        .unwrap();
    let told = text(&asked.stdout);
    let sessions = retrace.succeed(&["sql", "--format", "csv", BY_USER]);
    let sessions = sessions.lines().last().unwrap();
    let want = format!(
        "{sessions}\n['string', 'timestamp[us, tz=UTC]', 'date32[day]', 'int64']\nProgrammingError\nProgrammingError\nProgrammingError\n\
         ['accesses', 'commands', 'coverage', 'events', 'processes', 'sessions']\n7\nTrue\n"
    );
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(told, want, "{}", text(&asked.stderr));
    let runs = runs(&retrace);
    let flights = runs.iter().filter(|run| run["data"]["format"] == "flight");
    assert_eq!(
        flights.count(),
        4,
        "those that were planned, also the one that went wrong"
    );
}

fn wait_until_caught_up(url: &str) {
    for _ in 0..600 {
        let ready = reqwest::blocking::get(format!("{url}/readyz")).unwrap();
        let ready: Value = serde_json::from_str(&body(ready)).unwrap();
        let models = ready["projections"].as_array().unwrap();
        if models
            .iter()
            .all(|model| model["checkpoint"] == model["logSize"])
        {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the read models do not catch up");
}
