//! The server as those see it who run it: settings with their history, what a change would do, who may what, who did what,
//! and how the server is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use retrace_tests::{Retrace, Server};
use serde_json::{Value, json};

struct House {
    retrace: Retrace,
    server: Server,
    token: String,
}

fn house() -> House {
    let retrace = Retrace::with_samples();
    let server = retrace.serve();
    let token = retrace.token();
    server.wait_until_caught_up();
    House {
        retrace,
        server,
        token,
    }
}

impl House {
    /// The answer to a question that is allowed.
    fn asks(&self, query: &str, variables: &Value) -> Value {
        let answer = self.server.graphql(&self.token, query, variables);
        assert!(answer["errors"].is_null(), "{answer}");
        answer["data"].clone()
    }

    fn token_of(&self, role: &str, name: &str) -> String {
        let created = ["token", "create", "--role", role, "--name", name];
        self.retrace.succeed(&created).trim().to_owned()
    }

    /// The audit trail by a filter, each entry as `type by`.
    fn trail(&self, filter: &Value) -> Vec<String> {
        self.server.wait_until_caught_up();
        let query = "query($filter: TrailFilter) { trail(filter: $filter, first: 100) { nodes { type by } } }";
        let found = self.asks(query, &json!({ "filter": filter }));
        let nodes = found["trail"]["nodes"].as_array().unwrap().iter();
        let told = nodes.map(|node| {
            let [kind, by] = ["type", "by"].map(|field| node[field].as_str().unwrap());
            format!("{kind} {by}")
        });
        told.collect()
    }
}

const CHANGE: &str = "mutation($name: String!, $value: String!, $reason: String) {
    changeSetting(name: $name, value: $value, reason: $reason) { value lastChange { by old new reason } } }";

#[test]
fn a_change_of_a_setting_is_told_with_who_when_and_why_and_so_is_its_undo() {
    let house = house();
    let name = "video.frame_rate";
    let change = |value: &str, reason: &str| {
        let variables = json!({"name": name, "value": value, "reason": reason});
        house.asks(CHANGE, &variables)["changeSetting"].clone()
    };
    let changed = change("12", "ticket 4711");
    let expected = json!({"by": changed["lastChange"]["by"], "old": "10", "new": "12", "reason": "ticket 4711"});
    assert_eq!(changed, json!({"value": "12", "lastChange": expected}));
    change("10", "undo");

    let found = house.asks(
        "{ settings(group: \"video\") { name value isChanged group { name help } lastChange { reason } } }",
        &json!({}),
    );
    let settings = found["settings"].as_array().unwrap().clone();
    let its = |name: &str| settings.iter().find(|one| one["name"] == name).unwrap();
    assert_eq!(its(name)["isChanged"], false);
    assert_eq!(its(name)["lastChange"]["reason"], "undo");
    assert_eq!(its("video.queue")["lastChange"], Value::Null);
    assert_eq!(
        its(name)["group"]["help"],
        "What is built of pictures and video."
    );

    let query = "{ settingChanges(name: \"video.frame_rate\") { old new reason } }";
    let history = house.asks(query, &json!({}))["settingChanges"].clone();
    let told = json!([
        {"old": "10", "new": "12", "reason": "ticket 4711"},
        {"old": "12", "new": "10", "reason": "undo"},
    ]);
    assert_eq!(history, told);
    let said = house.retrace.succeed(&["settings", "history", name]);
    assert!(
        said.contains("10 -> 12") && said.contains(": ticket 4711"),
        "{said}"
    );

    house
        .retrace
        .succeed(&["settings", "set", name, "20", "--reason", "by hand"]);
    let history = house.asks(query, &json!({}))["settingChanges"].clone();
    assert_eq!(history[2]["reason"], "by hand");
    let told = house.trail(&json!({"types": ["config.changed"]}));
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|one| !one.ends_with(' ')), "{told:?}");

    let long = "x".repeat(2_001);
    let variables = json!({"name": name, "value": "11", "reason": long});
    let refused = house.server.graphql(&house.token, CHANGE, &variables);
    assert_eq!(
        refused["errors"][0]["extensions"]["code"],
        "INVALID_ARGUMENT"
    );
}

#[test]
fn what_a_change_would_break_is_told_before_it_is_made() {
    let house = house();
    let query = "query($name: String!, $value: String!) {
        settingPreview(name: $name, value: $value) { value isOther warnings } }";
    let preview = |name: &str, value: &str| {
        let found = house.asks(query, &json!({"name": name, "value": value}));
        found["settingPreview"].clone()
    };
    let cases = [
        (
            "sign_in.with_token",
            "false",
            Some("Nobody could sign a browser in any more"),
        ),
        ("sign_in.with_token", "true", None),
        (
            "ingest.free_space_min",
            "1000 TiB",
            Some("no session that is launched from now on"),
        ),
        ("ingest.free_space_min", "64 KiB", None),
        ("policy.record_keys", "false", Some("would not be recorded")),
        ("redaction.unechoed", "false", Some("as passwords are")),
        ("redaction.prompts", "", Some("prompts for secrets")),
        ("video.queue", "2", None),
    ];
    for (name, value, warning) in cases {
        let found = preview(name, value);
        let warnings = found["warnings"].as_array().unwrap();
        assert_eq!(
            warnings.len(),
            usize::from(warning.is_some()),
            "{name}: {found}"
        );
        if let Some(warning) = warning {
            assert!(warnings[0].as_str().unwrap().contains(warning), "{found}");
        }
    }
    assert_eq!(preview("video.queue", "1")["isOther"], false);
    let variables = json!({"name": "video.queue", "value": "none"});
    let refused = house.server.graphql(&house.token, query, &variables);
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("expected a number from 1 to 64"),
        "{message}"
    );
    // Nothing of that was changed.
    assert_eq!(house.trail(&json!({"types": ["config.changed"]})), [""; 0]);
}

#[test]
fn the_trail_tells_who_did_what_and_only_to_those_who_see_settings() {
    let house = house();
    let reader = house.token_of("auditor", "ines");
    let search = "{ search(text: \"marlstone\") { totalCount } }";
    house.server.graphql(&reader, search, &json!({}));
    let operator = house.token_of("operator", "olaf");
    for query in [
        "{ trail { nodes { by } } }",
        "{ trailPeople }",
        "{ health { logSize } }",
        "{ rightsOf(user: \"x\") { sessions } }",
    ] {
        let refused = house.server.graphql(&operator, query, &json!({}));
        assert_eq!(
            refused["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{query}"
        );
    }
    let told = house.trail(&json!({"by": ["ines"], "types": ["search.performed"]}));
    assert_eq!(told, ["search.performed ines"]);
    let told = house.trail(&json!({"by": ["olaf"], "types": ["access.denied"]}));
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(house.trail(&json!({"to": "2020-01-01T00:00:00Z"})), [""; 0]);

    let people = house.asks("{ trailPeople }", &json!({}))["trailPeople"].clone();
    assert!(
        people.as_array().unwrap().contains(&json!("olaf")),
        "{people}"
    );

    // What they said is in the event itself.
    let query = "{ trail(filter: {by: [\"ines\"], types: [\"search.performed\"]}) {
        nodes { at position event { type data } session { id } } } }";
    let found = house.asks(query, &json!({}))["trail"]["nodes"][0].clone();
    assert_eq!(found["event"]["data"]["text"], "marlstone");
    assert_eq!(found["session"], Value::Null);

    // Pages follow each other without a gap.
    let page = "query($after: String) { trail(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { position } } }";
    let (mut positions, mut after) = (Vec::new(), Value::Null);
    loop {
        let found = house.asks(page, &json!({"after": after}))["trail"].clone();
        let nodes = found["nodes"].as_array().unwrap().iter();
        positions
            .extend(nodes.map(|node| node["position"].as_str().unwrap().parse::<u64>().unwrap()));
        if found["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = found["pageInfo"]["endCursor"].clone();
    }
    assert!(
        positions.is_sorted_by(|one, next| one > next),
        "{positions:?}"
    );
    assert!(positions.len() >= 6, "{positions:?}");
}

#[test]
fn a_view_of_a_recording_is_in_the_trail_with_its_session() {
    let house = house();
    let session = house.asks("{ sessions(first: 1) { nodes { id } } }", &json!({}));
    let session = session["sessions"]["nodes"][0]["id"].clone();
    let view = "mutation($id: ID!) { viewRecording(session: $id, reason: \"a test\") }";
    house.asks(view, &json!({"id": session}));
    house.server.wait_until_caught_up();
    let query = "query($id: ID!) { trail(filter: {session: $id}) { nodes { type session { id } event { data } } } }";
    let found = house.asks(query, &json!({"id": session}))["trail"]["nodes"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["type"], "recording.viewed");
    assert_eq!(found[0]["session"]["id"], session);
    assert_eq!(found[0]["event"]["data"]["reason"], "a test");
}

#[test]
fn health_tells_of_log_read_models_videos_and_disk() {
    let house = house();
    let query = "{ health { at version logSize checkpointAt freeSpaceMin
        projections { name checkpoint lag lagSeconds problem } videos { requested working failed }
        disk { free total log blobs readModels } } }";
    house.asks(query, &json!({}));
    house.server.wait_until_caught_up();
    let health = house.asks(query, &json!({}))["health"].clone();
    let size: u64 = health["logSize"].as_str().unwrap().parse().unwrap();
    assert!(size > 100);
    assert!(health["checkpointAt"].as_str().unwrap() <= health["at"].as_str().unwrap());
    let models = health["projections"].as_array().unwrap();
    assert!(models.iter().any(|model| model["name"] == "trail"));
    for model in models {
        assert_eq!(model["checkpoint"], health["logSize"], "{model}");
        assert_eq!(
            (&model["lag"], &model["lagSeconds"]),
            (&json!(0), &json!(0))
        );
        assert_eq!(model["problem"], Value::Null);
    }
    let disk = &health["disk"];
    assert!(disk["free"].as_u64().unwrap() <= disk["total"].as_u64().unwrap());
    assert!(disk["log"].as_u64().unwrap() > 4_096);
    assert!(disk["readModels"].as_u64().unwrap() > 4_096);
    assert_eq!(health["freeSpaceMin"], 500_000_000);
    assert_eq!(health["videos"]["failed"], 0);
}

#[test]
fn what_a_user_may_see_follows_from_their_grants() {
    let house = house();
    let query =
        "{ rightsOf(user: \"ines\", groups: [\"dba\"]) { sessions rights grants { role } } }";
    let nothing = json!({"sessions": 0, "rights": [], "grants": []});
    assert_eq!(house.asks(query, &json!({}))["rightsOf"], nothing);
    house
        .retrace
        .succeed(&["grant", "give", "group:dba", "--role", "history"]);
    let all =
        house.asks("{ sessions { totalCount } }", &json!({}))["sessions"]["totalCount"].clone();
    let expected =
        json!({"sessions": all, "rights": ["VIEW_SESSIONS"], "grants": [{"role": "HISTORY"}]});
    assert_eq!(house.asks(query, &json!({}))["rightsOf"], expected);
    house.retrace.succeed(&[
        "grant",
        "give",
        "user:ines",
        "--role",
        "auditor",
        "--site",
        "nowhere",
    ]);
    let found = house.asks(query, &json!({}))["rightsOf"].clone();
    assert_eq!(found["sessions"], all);
    assert_eq!(found["grants"].as_array().unwrap().len(), 2);

    let roles = house.asks("{ roles { role rights isForPeople } }", &json!({}))["roles"].clone();
    let recorder = json!({"role": "RECORDER", "rights": [], "isForPeople": false});
    assert!(roles.as_array().unwrap().contains(&recorder), "{roles}");
    let tokens = house.asks("{ tokens { createdBy } }", &json!({}))["tokens"].clone();
    assert!(
        tokens
            .as_array()
            .unwrap()
            .iter()
            .all(|token| token["createdBy"] != "")
    );
}
