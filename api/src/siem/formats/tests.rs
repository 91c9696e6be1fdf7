//! Every event type in every format, against the schemas and parsers of others.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, KeysTyped, SessionLaunched};
use retrace_core::log::{Append, EventLog};
use retrace_core::{Position, SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use serde_json::Value;

use super::*;

/// One event of each type that there is, with all that it can say, in sessions over three protocols and in none.
async fn one_of_each() -> (Arc<dyn EventLog>, Vec<Event>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
    let append = async |stream: StreamName, version: u64, body: EventBody| {
        let append = Append {
            stream,
            first_version: StreamVersion(version),
            events: EventBatch::of(Timestamp::now(), body).unwrap(),
        };
        log.append(append).await.unwrap();
    };
    let mut server_version = 0;
    for (number, protocol) in (1..).zip([Some("ssh"), Some("rdp"), Some("terminal"), None]) {
        let session = SessionId::of_recording(&[number; 32]);
        let stream = StreamName::of_session(session, &SourceName::new("agent").unwrap());
        let launched = SessionLaunched {
            host: protocol.map(|_| "db-1".to_owned()),
            protocol: protocol.map(str::to_owned),
            target: protocol.map(|_| "root@db-1".to_owned()),
            user: protocol.map(|_| "alice".to_owned()),
            ..SessionLaunched::default()
        };
        append(stream.clone(), 0, launched.into()).await;
        let examples = include_str!("../../../../core/src/event/examples.ndjson");
        for (index, line) in (0..).zip(examples.lines()) {
            let example: Value = serde_json::from_str(line).unwrap();
            let kind = EventType::new(example["type"].as_str().unwrap()).unwrap();
            let data = serde_json::to_vec(&example["data"]).unwrap();
            let body = EventBody::from_data(&kind, &data).unwrap();
            append(stream.clone(), index + 1, body.clone()).await;
            append(StreamName::accesses(), server_version, body).await;
            server_version += 1;
        }
    }
    let log: Arc<dyn EventLog> = Arc::new(log);
    let events = log.read(Position(0), 100_000).await.unwrap();
    (log, events, dir)
}

/// The lines of events, each with its session's launch and without.
fn lines(log: &dyn EventLog, events: &[Event], format: Format) -> Vec<String> {
    let writer = LineWriter::new(format, log.id());
    let mut facts = BTreeMap::new();
    let mut lines = Vec::new();
    for event in events {
        if event.version() == StreamVersion(0) {
            facts.insert(event.stream().clone(), SessionFacts::of(event));
        }
        let session = facts.get(event.stream()).and_then(Option::as_ref);
        let masked = event.masked(b"{}".to_vec());
        for (session, masked) in [(session, None), (None, None), (session, Some(&masked))] {
            let mut line = Vec::new();
            let shown = Shown {
                event,
                masked,
                session,
            };
            writer.push(shown, &mut line);
            lines.push(String::from_utf8(line).unwrap());
        }
    }
    lines
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/siem")
        .join(name)
}

/// What a program answers to lines.
fn piped(mut command: Command, lines: &[String]) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is installed: scripts/install verifiers");
    let mut input = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn ocsf_is_what_its_schema_says() {
    let (log, events, _dir) = one_of_each().await;
    let lines = lines(&*log, &events, Format::Ocsf);
    let cache = std::env::var("RETRACE_CACHE").expect("RETRACE_CACHE, as make sets it");
    let mut validate = Command::new(Path::new(&cache).join("ocsf/bin/python"));
    validate.arg(data("validate_ocsf.py")).arg(OCSF_VERSION);
    let counts: BTreeMap<String, u64> = serde_json::from_str(&piped(validate, &lines)).unwrap();
    let classes: Vec<&str> = counts.keys().map(String::as_str).collect();
    let all = [
        "0", "1001", "1007", "1008", "3002", "3004", "3005", "4005", "4007", "6003",
    ];
    assert_eq!(classes, all);
}

/// Every field of an object, with dots in its name.
fn flat(prefix: &str, value: &Value, fields: &mut Vec<(String, Value)>) {
    let Value::Object(object) = value else {
        fields.push((prefix.to_owned(), value.clone()));
        return;
    };
    for (name, value) in object {
        let name = match prefix {
            "" => name.clone(),
            _ => format!("{prefix}.{name}"),
        };
        flat(&name, value, fields);
    }
}

#[tokio::test]
async fn ecs_has_no_other_fields_than_its_schema_and_no_other_types() {
    let (log, events, _dir) = one_of_each().await;
    let list = std::fs::read_to_string(data("ecs-fields.tsv")).unwrap();
    let known: BTreeMap<&str, Vec<&str>> = list
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t');
            (columns.next().unwrap(), columns.collect())
        })
        .collect();
    for line in lines(&*log, &events, Format::Ecs) {
        let mut fields = Vec::new();
        flat("", &serde_json::from_str(&line).unwrap(), &mut fields);
        for (name, value) in fields {
            if name.starts_with("labels.") {
                assert!(value.is_string(), "{name}: {value}");
                continue;
            }
            let column = known.get(name.as_str());
            let [kind, normalize, allowed] = column.map(Vec::as_slice).unwrap_or_default() else {
                panic!("{name} is no field of ECS");
            };
            assert_eq!(value.is_array(), *normalize == "array", "{name}: {value}");
            let values = match value {
                Value::Array(values) => values,
                one => vec![one],
            };
            for value in values {
                let right = match *kind {
                    "keyword" | "wildcard" | "match_only_text" => value.is_string(),
                    "date" => value.as_str().unwrap().parse::<Timestamp>().is_ok(),
                    "ip" => value.as_str().unwrap().parse::<std::net::IpAddr>().is_ok(),
                    "long" => value.is_i64() || value.is_u64(),
                    other => panic!("{name} is of type {other}"),
                };
                assert!(right, "{name} is a {kind}: {value}");
                let mut allowed = allowed.split(',').filter(|allowed| !allowed.is_empty());
                if allowed.clone().next().is_some() {
                    let value = value.as_str().unwrap();
                    assert!(allowed.any(|allowed| allowed == value), "{name}: {value}");
                }
            }
        }
    }
}

/// liblognorm, which rsyslog reads CEF with.
#[tokio::test]
async fn cef_is_read_by_the_parser_of_rsyslog() {
    let (log, mut events, _dir) = one_of_each().await;
    let session = SessionId::of_recording(&[77; 32]);
    let text = "a=b|c\\d\n\u{1b}[2J \\n =".to_owned();
    let append = Append {
        stream: StreamName::of_session(session, &SourceName::new("agent").unwrap()),
        first_version: StreamVersion(0),
        events: EventBatch::of(Timestamp::now(), KeysTyped { piped: false, text }).unwrap(),
    };
    log.append(append).await.unwrap();
    let position = log.head().await.unwrap().size.0 - 1;
    events.extend(log.read(Position(position), 1).await.unwrap());
    let lines = lines(&*log, &events, Format::Cef);
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("cef.rulebase");
    std::fs::write(&rules, "version=2\nrule=:%f:cef%\n").unwrap();
    let mut normalize = Command::new("lognormalizer");
    normalize.arg("-r").arg(&rules).arg("-e").arg("json");
    let parsed = piped(normalize, &lines);
    let parsed: Vec<Value> = parsed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(parsed.len(), lines.len());
    for (line, parsed) in lines.iter().zip(&parsed) {
        let cef = &parsed["f"];
        assert_eq!(cef["DeviceVendor"], VENDOR, "{line}: {parsed}");
        let kind = cef["SignatureID"].as_str().unwrap();
        assert!(EventType::new(kind).is_ok(), "{line}");
        let id = cef["Extensions"]["externalId"].as_str().unwrap();
        assert!(line.contains(id));
    }
    let last = &parsed[parsed.len() - 3]["f"]["Extensions"];
    assert_eq!(last["msg"], "Keys typed: a=b|c\\d␊␛[2J \\n =", "{last}");
}

#[tokio::test]
async fn a_line_is_one_line_and_never_an_escape_sequence() {
    let (log, events, _dir) = one_of_each().await;
    for format in Format::ALL {
        for line in lines(&*log, &events, format) {
            let obeyed = line.chars().find(|character| {
                character.is_control() && !(format == Format::Leef && *character == '\t')
            });
            assert_eq!(obeyed, None, "{format}: {line}");
            if format.is_json() {
                serde_json::from_str::<Value>(&line).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn leef_says_its_delimiter_and_keeps_to_it() {
    let (log, events, _dir) = one_of_each().await;
    for line in lines(&*log, &events, Format::Leef) {
        let header: Vec<&str> = line.splitn(7, '|').collect();
        assert_eq!(header[..3], ["LEEF:2.0", VENDOR, PRODUCT], "{line}");
        assert_eq!(header[5], "x09");
        let mut keys = Vec::new();
        for attribute in header[6].split('\t') {
            let (key, _) = attribute.split_once('=').unwrap();
            assert!(
                key.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{line}"
            );
            assert!(!keys.contains(&key), "{key} twice: {line}");
            keys.push(key);
        }
    }
}
