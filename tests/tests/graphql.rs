//! The manners of the GraphQL API: pages both ways, ids, persisted queries, limits, errors with codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use retrace_tests::{Retrace, Server};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

struct Asking {
    retrace: Retrace,
    server: Server,
    token: String,
}

fn asking() -> Asking {
    let retrace = Retrace::with_samples();
    let server = retrace.serve();
    let token = retrace.token();
    server.wait_until_caught_up();
    Asking {
        retrace,
        server,
        token,
    }
}

impl Asking {
    fn ask(&self, query: &str) -> Value {
        self.server.graphql(&self.token, query, &json!({}))
    }

    fn code(&self, query: &str) -> String {
        let answer = self.ask(query);
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        code.unwrap_or_else(|| panic!("no error: {answer}"))
            .to_owned()
    }

    fn post(&self, body: &Value) -> Value {
        let request = self
            .server
            .post("/graphql")
            .bearer_auth(&self.token)
            .json(body);
        request.send().unwrap().json().unwrap()
    }
}

#[test]
fn pages_are_read_both_ways() {
    let at = asking();
    let all = at.ask("{ sessions(first: 100) { nodes { id } } }");
    let all = all["data"]["sessions"]["nodes"].as_array().unwrap().clone();
    assert!(all.len() > 4);
    let last = at.ask("{ sessions(last: 2) { edges { cursor node { id } } pageInfo { hasPreviousPage hasNextPage startCursor } } }");
    let page = &last["data"]["sessions"];
    let ids: Vec<&Value> = page["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| &edge["node"])
        .collect();
    assert_eq!(ids, [&all[all.len() - 2], &all[all.len() - 1]]);
    assert_eq!(page["pageInfo"]["hasPreviousPage"], true);
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    let before = page["pageInfo"]["startCursor"].as_str().unwrap();
    let query = format!(
        "{{ sessions(last: 2, before: {before:?}) {{ nodes {{ id }} pageInfo {{ hasNextPage }} }} }}"
    );
    let page = &at.ask(&query)["data"]["sessions"];
    assert_eq!(
        page["nodes"],
        json!([all[all.len() - 4], all[all.len() - 3]])
    );
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let mixed = "{ sessions(first: 2, before: \"x\") { totalCount } }";
    assert_eq!(at.code(mixed), "INVALID_ARGUMENT");
}

#[test]
fn an_id_finds_what_it_names() {
    let at = asking();
    let found = at.ask(
        "{ search(text: \"git\") { nodes { session { id timeline(first: 1) { nodes { id text } } } } }
           events(first: 1) { nodes { id type } } }",
    );
    let session = &found["data"]["search"]["nodes"][0]["session"];
    let moment = &session["timeline"]["nodes"][0];
    let event = &found["data"]["events"]["nodes"][0];
    for (id, fields, want) in [
        (
            &session["id"],
            "... on Session { state }",
            json!({"state": "ENDED"}),
        ),
        (
            &moment["id"],
            "... on Moment { text }",
            json!({"text": moment["text"]}),
        ),
        (
            &event["id"],
            "... on Event { type }",
            json!({"type": event["type"]}),
        ),
    ] {
        let answer = at.ask(&format!("{{ node(id: {id}) {{ {fields} }} }}"));
        assert_eq!(answer["data"]["node"], want, "{id}: {answer}");
    }
    for id in [
        "",
        "7",
        "999999999.0",
        "event:99999999",
        "event:x",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let answer = at.ask(&format!("{{ node(id: {id:?}) {{ id }} }}"));
        assert_eq!(answer, json!({"data": {"node": null}}), "{id}");
    }
}

#[test]
fn a_query_that_is_known_is_asked_by_its_hash() {
    let at = asking();
    let query = "{ sessions { totalCount } }";
    let hash = hex::encode(Sha256::digest(query));
    let known = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash}}});
    let answer = at.post(&known);
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND",
        "{answer}"
    );
    let mut with_query = known.clone();
    with_query["query"] = json!(query);
    assert!(at.post(&with_query)["data"]["sessions"]["totalCount"].is_number());
    assert!(at.post(&known)["data"]["sessions"]["totalCount"].is_number());
    let mut forged = with_query;
    forged["query"] = json!("{ facets { users { value } } }");
    assert!(at.post(&forged)["errors"].is_array());
}

#[test]
fn the_schema_is_told_as_the_setting_says() {
    let at = asking();
    let schema = "{ __schema { queryType { name } } }";
    assert_eq!(
        at.ask(schema)["data"]["__schema"]["queryType"]["name"],
        "Query"
    );
    at.retrace.set("api.introspection", "false");
    let hidden = at.ask(schema);
    assert!(hidden["data"]["__schema"].is_null(), "{hidden}");
    assert!(at.ask("{ sessions { totalCount } }")["data"]["sessions"]["totalCount"].is_number());
}

#[test]
fn a_list_is_read_at_once_and_costs_what_it_has() {
    let at = asking();
    let maps = at.ask("{ sessions(first: 100) { nodes { activityMap(buckets: 20) { series { kind values } } } } }");
    let nodes = maps["data"]["sessions"]["nodes"].as_array().unwrap();
    assert!(
        nodes
            .iter()
            .any(|node| !node["activityMap"]["series"].as_array().unwrap().is_empty())
    );
    let dear =
        "{ sessions(first: 100) { nodes { timeline(first: 100) { nodes { text kind } } } } }";
    assert_eq!(at.code(dear), "INVALID_ARGUMENT");
}

#[test]
fn what_was_appended_is_seen_by_whoever_names_its_position() {
    let at = asking();
    let size = at.ask("{ log { size } }")["data"]["log"]["size"].clone();
    let size: u64 = size.to_string().trim_matches('"').parse().unwrap();
    let query = |position: u64| format!("{{ sessions(minPosition: {position}) {{ totalCount }} }}");
    let seen = at.ask(&query(size - 1));
    assert!(seen["data"]["sessions"]["totalCount"].is_number(), "{seen}");
    assert_eq!(at.code(&query(size + 1_000_000)), "INVALID_ARGUMENT");
}

/// Questions that were made to hurt. Each is refused with a code, soon.
#[test]
fn bombs_are_refused_at_once() {
    let at = asking();
    let deep = format!(
        "{}id{}",
        "{ sessions { nodes ".repeat(20),
        " } }".repeat(20)
    );
    let nested = format!("{}{}", "{ a".repeat(5_000), "}".repeat(5_000));
    let aliases: String = (0..500)
        .map(|n| format!("a{n}: search(text: \"a\") {{ totalCount }} "))
        .collect();
    let spread = "query { ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    let list = vec!["KEYS"; 5_000].join(",");
    let cases = [
        ("deep", deep),
        ("nested", nested),
        ("aliases", format!("{{ {aliases} }}")),
        ("circle", spread.to_owned()),
        (
            "large page",
            "{ sessions(first: 2147483647) { totalCount } }".to_owned(),
        ),
        (
            "negative page",
            "{ sessions(first: -1) { totalCount } }".to_owned(),
        ),
        (
            "list",
            format!("{{ search(text: \"\", filter: {{kinds: [{list}]}}) {{ totalCount }} }}"),
        ),
        (
            "cursor",
            "{ sessions(after: \"WyJzZXNzaW9ucyIsMV0\") { totalCount } }".to_owned(),
        ),
        (
            "long cursor",
            format!(
                "{{ sessions(after: {:?}) {{ totalCount }} }}",
                "A".repeat(50_000)
            ),
        ),
        (
            "thousand words",
            format!(
                "{{ search(text: {:?}) {{ totalCount }} }}",
                "word ".repeat(1_000)
            ),
        ),
        (
            "no time",
            "{ sessions(filter: {startedFrom: \"2026-02-30T25:00:00+99:99\"}) { totalCount } }"
                .to_owned(),
        ),
        ("not GraphQL", "{".repeat(60_000)),
        (
            "no session",
            "mutation { reviewSession(session: \"x\") { id } }".to_owned(),
        ),
    ];
    for (what, query) in cases {
        let begun = Instant::now();
        let answer = at.ask(&query);
        let took = begun.elapsed();
        assert!(
            answer["errors"][0]["extensions"]["code"].is_string(),
            "{what}: {answer}"
        );
        // A hundred milliseconds are the aim; a test machine may be busy.
        assert!(took < Duration::from_secs(2), "{what}: {took:?}");
    }
    let session = at.ask("{ sessions(first: 1) { nodes { id } } }");
    let id = session["data"]["sessions"]["nodes"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for field in [
        "screen(atMs: 9223372036854775807) { lines }",
        "timeline(fromMs: 9223372036854775807) { nodes { id } }",
        "seekPoints(nearMs: 9223372036854775807) { label }",
    ] {
        let answer = at.ask(&format!("{{ session(id: {id:?}) {{ {field} }} }}"));
        assert!(answer["errors"].is_null(), "{field}: {answer}");
    }
}

/// schemathesis, which we did not write, asks what our schema allows, and what it does not.
#[test]
fn a_fuzzer_of_others_finds_no_failure() {
    let cache = std::env::var("RETRACE_CACHE").ok().map(PathBuf::from);
    let home = std::env::var("HOME").map(|home| Path::new(&home).join(".cache/retrace"));
    let cache = cache.or(home.ok()).unwrap();
    let schemathesis = cache.join("schemathesis/bin/schemathesis");
    assert!(
        schemathesis.is_file(),
        "schemathesis is not there: scripts/install verifiers"
    );
    let at = asking();
    let sessions = at.ask("{ sessions(first: 20) { nodes { id } } }");
    let nodes = sessions["data"]["sessions"]["nodes"]
        .as_array()
        .unwrap()
        .iter();
    let ids: Vec<&str> = nodes.map(|node| node["id"].as_str().unwrap()).collect();
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis/hooks.py");
    let fuzzed = Command::new(schemathesis)
        .current_dir(at.retrace.scratch())
        .env("SCHEMATHESIS_HOOKS", hooks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("RETRACE_IDS", ids.join(" "))
        .args(["run", &format!("{}/graphql", at.server.url())])
        .args(["--header", &format!("Authorization: Bearer {}", at.token)])
        .args(["--checks", "errors_tell_what_to_do", "--max-examples", "40"])
        .args([
            "--suppress-health-check",
            "all",
            "--generation-deterministic",
        ])
        .output()
        .unwrap();
    let said = retrace_tests::text(&fuzzed.stdout);
    assert!(fuzzed.status.success(), "{said}");
    assert!(said.contains("passed"), "{said}");
}

/// The questions of `docs/graphql.md` run as they stand there.
#[test]
fn the_ten_questions_of_the_documentation_have_answers() {
    let at = asking();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/graphql.md");
    let docs = fs::read_to_string(docs).unwrap();
    let (_, questions) = docs.split_once("## Ten questions").unwrap();
    let (questions, _) = questions.split_once("\n## ").unwrap();
    let blocks = questions.split("```graphql\n").skip(1);
    let blocks: Vec<&str> = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 10);
    let found = at.ask("{ search(text: \"shadow\", filter: {kinds: [COMMAND]}) { nodes { offsetMs session { id } } } }");
    let hit = &found["data"]["search"]["nodes"][0];
    let all = json!({
        "session": hit["session"]["id"], "atMs": hit["offsetMs"], "position": "3", "event": "event:3",
    });
    for (number, query) in (1..).zip(blocks) {
        let declared = |name: &&String| query.contains(&format!("${name}:"));
        let names = all.as_object().unwrap().keys().filter(declared);
        let variables: serde_json::Map<String, Value> = names
            .map(|name| (name.clone(), all[name].clone()))
            .collect();
        let answer = at
            .server
            .graphql(&at.token, query, &Value::Object(variables));
        assert!(answer["errors"].is_null(), "question {number}: {answer}");
        let data = answer["data"].as_object().unwrap();
        assert!(
            data.values().all(|value| !value.is_null()),
            "question {number}: {answer}"
        );
        match number {
            1 => assert!(
                data["search"]["totalCount"].as_u64().unwrap() > 0,
                "{answer}"
            ),
            2 => assert!(answer.to_string().contains("shadow"), "{answer}"),
            3 => assert!(
                !data["session"]["timeline"]["nodes"]
                    .as_array()
                    .unwrap()
                    .is_empty()
            ),
            6 => assert!(
                !data["session"]["accesses"]["nodes"]
                    .as_array()
                    .unwrap()
                    .is_empty()
            ),
            9 => assert!(answer.to_string().contains("token.created"), "{answer}"),
            10 => assert!(
                data["log"]["tlogProof"]
                    .as_str()
                    .unwrap()
                    .contains("tlog-proof")
            ),
            _ => {}
        }
    }
}
