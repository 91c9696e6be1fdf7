//! The log as a SIEM reads it: `GET /v1/events`.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use retrace_tests::{PATIENCE, Retrace, Server, body};
use serde_json::{Value, json};

struct House {
    retrace: Retrace,
    server: Server,
    /// Of a SIEM: it reads everything, and reveals nothing.
    token: String,
}

fn token(retrace: &Retrace, role: &str) -> String {
    let created = retrace.succeed(&["token", "create", "--name", role, "--role", role]);
    created.trim().to_owned()
}

fn house() -> House {
    let retrace = Retrace::with_samples();
    let server = retrace.serve();
    let token = token(&retrace, "siem");
    server.wait_until_caught_up();
    House {
        retrace,
        server,
        token,
    }
}

impl House {
    fn ask(&self, query: &str) -> Response {
        let path = format!("/v1/events?{query}");
        let request = self.server.get(&path).bearer_auth(&self.token);
        request.send().expect("an answer")
    }

    fn lines(&self, query: &str) -> Vec<String> {
        let answer = self.ask(query);
        assert_eq!(answer.status(), 200, "{query}");
        body(answer).lines().map(str::to_owned).collect()
    }
}

fn header(answer: &Response, name: &str) -> String {
    let value = answer
        .headers()
        .get(name)
        .unwrap_or_else(|| panic!("{name}"));
    value.to_str().expect("text").to_owned()
}

fn json_of(line: &str) -> Value {
    serde_json::from_str(line).expect("a line of JSON")
}

#[test]
fn whoever_follows_the_links_reads_every_position_once() {
    let house = house();
    let (mut positions, mut link) = (Vec::new(), "limit=700".to_owned());
    loop {
        let answer = house.ask(&link);
        let next = header(&answer, "link");
        let size: u64 = header(&answer, "retrace-log-size").parse().expect("a size");
        let after: u64 = header(&answer, "retrace-next-after")
            .parse()
            .expect("a position");
        for line in body(answer).lines() {
            positions.push(json_of(line)["position"].as_u64().expect("a position"));
        }
        assert_eq!(positions.last(), Some(&after));
        let address = next.trim_start_matches("</v1/events?");
        link = address.split('>').next().expect("an address").to_owned();
        if after + 1 >= size {
            break;
        }
    }
    assert!(positions.len() > 2_000, "{}", positions.len());
    assert!(
        positions
            .iter()
            .zip(0..)
            .all(|(found, want)| *found == want)
    );
}

/// What each format has as the id of an event.
fn id_of(format: &str, line: &str) -> String {
    let between = |from: &str, to: char| {
        let (_, rest) = line.split_once(from).expect("an id");
        rest.split(to).next().expect("an id").to_owned()
    };
    match format {
        "ndjson" => json_of(line)["position"].to_string(),
        "ocsf" => json_of(line)["metadata"]["uid"]
            .to_string()
            .replace('"', ""),
        "ecs" => json_of(line)["event"]["id"].to_string().replace('"', ""),
        "cef" => between("externalId=", ' '),
        _ => between("eventId=", '\t'),
    }
}

#[test]
fn all_formats_have_the_same_events_and_ids() {
    let house = house();
    let ids = |format: &str| -> Vec<String> {
        let lines = house.lines(&format!("limit=1500&format={format}"));
        lines.iter().map(|line| id_of(format, line)).collect()
    };
    let ocsf = ids("ocsf");
    assert_eq!(ocsf.len(), 1_500);
    for format in ["ecs", "cef", "leef"] {
        assert_eq!(ids(format), ocsf, "{format}");
    }
    for (id, position) in ocsf.iter().zip(ids("ndjson")) {
        assert!(id.ends_with(&format!("-{position}")), "{id}");
    }
}

/// The schema of OCSF, over every event of the samples.
#[test]
fn the_samples_are_ocsf() {
    let house = house();
    let text = body(house.ask("limit=1000000&format=ocsf"));
    let cache = std::env::var("RETRACE_CACHE").expect("RETRACE_CACHE, as make sets it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = script.join("../api/tests/data/siem/validate_ocsf.py");
    let mut python = Command::new(Path::new(&cache).join("ocsf/bin/python"))
        .arg(script)
        .arg("1.8.0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is installed: scripts/install verifiers");
    let mut input = python.stdin.take().expect("its input");
    let events = text.lines().count() as u64;
    let writing = std::thread::spawn(move || {
        std::io::Write::write_all(&mut input, text.as_bytes()).expect("it reads");
    });
    let mut output = String::new();
    let mut printed = python.stdout.take().expect("its output");
    printed.read_to_string(&mut output).expect("text");
    writing.join().expect("it was written");
    assert!(python.wait().expect("it ends").success());
    let counts = json_of(&output);
    let all = counts.as_object().expect("counts").values();
    assert_eq!(all.filter_map(Value::as_u64).sum::<u64>(), events);
    assert!(counts["1008"].as_u64() > Some(3), "{counts}");
}

#[test]
fn a_filter_gives_what_it_names_and_says_how_far_it_has_read() {
    let house = house();
    let types = |query: &str| -> BTreeSet<String> {
        let lines = house.lines(&format!("limit=1000000&{query}"));
        let kinds = lines.iter().map(|line| json_of(line)["type"].clone());
        kinds
            .map(|kind| kind.as_str().expect("a type").to_owned())
            .collect()
    };
    assert_eq!(types("types=keys.typed"), ["keys.typed".to_owned()].into());
    let of_sessions = types("types=session.*,-session.ended");
    assert!(of_sessions.iter().all(|kind| kind.starts_with("session.")));
    assert!(of_sessions.contains("session.launched") && !of_sessions.contains("session.ended"));
    assert!(!types("types=-terminal.*").contains("terminal.written"));

    let first = json_of(&house.lines("limit=1")[0]);
    let stream = first["stream"].as_str().expect("a stream");
    let session = stream.split('/').nth(1).expect("a session");
    let lines = house.lines(&format!("limit=1000000&session={session}"));
    assert!(lines.len() > 10);
    assert!(lines.iter().all(|line| line.contains(session)));

    // Nothing was found, and it is known how far.
    let answer = house.ask("limit=50&types=camera.moved");
    assert_eq!(header(&answer, "retrace-next-after"), "49");
    assert_eq!(body(answer), "");
}

#[test]
fn a_question_that_cannot_be_answered_is_refused_and_says_why() {
    let house = house();
    for (query, said) in [
        ("after=x", "`after`"),
        ("after=-1", "`after`"),
        ("after=18446744073709551615", "`after`"),
        ("after=999999999", "the log has"),
        ("limit=0", "from 1 to 1000000"),
        ("limit=1000001", "from 1 to 1000000"),
        ("wait=26", "from 0 to 25"),
        ("format=xml", "ndjson, ocsf, ecs, cef or leef"),
        ("types=keys", "`keys` names no event types"),
        ("session=../x", "expected a UUID"),
        ("cursor=7", "unknown field `cursor`"),
    ] {
        let answer = house.ask(query);
        assert_eq!(answer.status(), 400, "{query}");
        let error = json_of(&body(answer))["error"].clone();
        assert_eq!(error["code"], "INVALID_ARGUMENT", "{query}");
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(said), "{query}: {message}");
    }
    let auditor = token(&house.retrace, "auditor");
    let path = "/v1/events";
    let refused = house.server.get(path).bearer_auth(auditor).send();
    assert_eq!(refused.expect("an answer").status(), 403);
    let unknown = house.server.get(path).send().expect("an answer");
    assert_eq!(unknown.status(), 401);
}

#[test]
fn who_waits_is_answered_when_something_happens() {
    let house = house();
    let size = header(&house.ask("limit=1"), "retrace-log-size");
    let size: u64 = size.parse().expect("a size");
    // The first read of this token tells of itself.
    let after = size;
    let started = Instant::now();
    let query = format!("after={after}&wait=20&types=token.created");
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| house.lines(&query));
        std::thread::sleep(Duration::from_millis(500));
        token(&house.retrace, "history");
        waiting.join().expect("an answer")
    });
    assert_eq!(waiting.len(), 1);
    assert_eq!(json_of(&waiting[0])["data"]["name"], "history");
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn who_waits_for_nothing_is_told_where_to_go_on_also_when_the_server_stops() {
    let house = house();
    let query = "after=10&limit=1000000&wait=2&types=camera.moved";
    let started = Instant::now();
    let answer = house.ask(query);
    assert!(started.elapsed() >= Duration::from_secs(2));
    let size: u64 = header(&answer, "retrace-log-size").parse().expect("a size");
    assert_eq!(
        header(&answer, "retrace-next-after"),
        (size - 1).to_string()
    );

    let House { server, token, .. } = house;
    let address = format!(
        "{}/v1/events?{}",
        server.url(),
        query.replace("wait=2", "wait=25")
    );
    let waiting = std::thread::spawn(move || {
        let client = reqwest::blocking::Client::new();
        client.get(address).bearer_auth(token).send()
    });
    std::thread::sleep(Duration::from_millis(700));
    let started = Instant::now();
    assert!(server.terminate().success());
    assert!(started.elapsed() < Duration::from_secs(9));
    assert_eq!(
        waiting
            .join()
            .expect("it ends")
            .expect("an answer")
            .status(),
        200
    );
}

#[test]
fn the_answer_is_compressed_for_whoever_takes_it() {
    let house = house();
    let plain = house.lines("limit=2000&format=ocsf").join("\n") + "\n";
    for coding in ["gzip", "zstd"] {
        // One that leaves the answer as it came.
        let client = reqwest::blocking::Client::builder().no_gzip().build();
        let address = format!("{}/v1/events?limit=2000&format=ocsf", house.server.url());
        let request = client.expect("a client").get(address);
        let request = request.header("Accept-Encoding", coding);
        let mut answer = request.bearer_auth(&house.token).send().expect("an answer");
        let said = answer.headers().get("content-encoding").cloned();
        let mut packed = Vec::new();
        answer.read_to_end(&mut packed).expect("a body");
        let mut text = String::new();
        match coding {
            "gzip" => flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text),
            _ => zstd::Decoder::new(&packed[..]).and_then(|mut it| it.read_to_string(&mut text)),
        }
        .unwrap_or_else(|error| panic!("{coding}, {said:?}: {error}"));
        assert_eq!(text, plain, "{coding}");
        assert!(packed.len() < plain.len() / 3, "{coding}");
    }
}

#[test]
fn what_is_redacted_is_in_no_format_until_it_is_revealed() {
    let house = house();
    let admin = house.retrace.token();
    let read = |token: &str, format: &str, reveal: bool| -> String {
        let path = format!("/v1/events?limit=1000000&format={format}");
        let mut request = house.server.get(&path).bearer_auth(token);
        if reveal {
            request = request.header("Retrace-Reveal", "a test");
        }
        body(request.send().expect("an answer"))
    };
    // Keys come one by one in recordings: the password is looked for in what was typed, put together.
    let typed = |lines: &str| -> String {
        let keys = lines.lines().map(json_of);
        let keys = keys.filter(|event| event["type"] == "keys.typed");
        keys.filter_map(|event| event["data"]["text"].as_str().map(str::to_owned))
            .collect()
    };
    let secret = "correct-horse-9";
    assert!(!typed(&read(&house.token, "ndjson", false)).contains(secret));
    // A SIEM has no right to reveal: asking for it changes nothing.
    assert!(!typed(&read(&house.token, "ndjson", true)).contains(secret));
    assert!(!typed(&read(&admin, "ndjson", false)).contains(secret));
    assert!(typed(&read(&admin, "ndjson", true)).contains(secret));
    for format in ["ocsf", "ecs", "cef", "leef"] {
        let text = read(&house.token, format, false);
        assert!(!text.contains(secret), "{format}");
        assert!(text.contains("••••••••"), "{format}");
    }
    let answer = house.server.graphql(
        &admin,
        "{ events(first: 1000, after: \"0\", filter: {types: [\"redaction.revealed\"]}) { nodes { data } } }",
        &json!({}),
    );
    let told = answer["data"]["events"]["nodes"]
        .as_array()
        .expect("events");
    assert!(!told.is_empty(), "{answer}");
}

/// A SIEM that reads on for ever makes no event for each that it reads.
#[test]
fn reading_does_not_feed_itself() {
    let house = house();
    let mut after = 0;
    let mut sizes = Vec::new();
    for _ in 0..20 {
        let answer = house.ask(&format!("after={after}&limit=1000000"));
        after = header(&answer, "retrace-next-after")
            .parse::<u64>()
            .expect("a position");
        sizes.push(
            header(&answer, "retrace-log-size")
                .parse::<u64>()
                .expect("a size"),
        );
        body(answer);
    }
    let grown = sizes[19] - sizes[0];
    assert!(grown <= 3, "{sizes:?}");
}
