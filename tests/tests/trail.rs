//! The look is an event: whatever shows evidence, or changes something, leaves one.
//!
//! All fields of the GraphQL schema and all routes of the server stand in the tables below. One that is new and stands in
//! none fails the tests: say what trace it leaves, or why it needs none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use retrace_tests::live::Socket;
use retrace_tests::upload::Upload;
use retrace_tests::{Retrace, Server};
use serde_json::{Value, json};

/// What is left in the log by a field.
enum Trace {
    /// An event of this type, by this query. `$id` is a session with a terminal, `$live` one that goes on, `$other` one that
    /// nothing else is asked of.
    Event(&'static str, &'static str),
    /// Nothing, for this reason.
    Nothing(&'static str),
}

use Trace::{Event, Nothing};

const PUBLIC: Trace = Nothing("hashes and signatures show no content");
const OWN: Trace = Nothing("of the session's own row, which the field that found it has told of");
const ADDRESS: Trace = Nothing("where content is; the routes that give it tell of it");
const MEASURE: Trace = Nothing("how much happened when, not what");

/// The fields of the types from which all others are reached.
fn fields() -> BTreeMap<&'static str, Vec<(&'static str, Trace)>> {
    let query = vec![
        (
            "sessions",
            Event("records.viewed", "{ sessions { totalCount } }"),
        ),
        (
            "session",
            Event("records.viewed", "{ session(id: $id) { id } }"),
        ),
        ("node", Event("records.viewed", "{ node(id: $id) { id } }")),
        (
            "facets",
            Event("records.viewed", "{ facets { users { value } } }"),
        ),
        (
            "search",
            Event("search.performed", "{ search(text: \"a\") { totalCount } }"),
        ),
        (
            "events",
            Event("events.exported", "{ events(first: 1) { nodes { type } } }"),
        ),
        ("log", PUBLIC),
        (
            "searchSessions",
            Event(
                "search.performed",
                "{ searchSessions(text: \"a\") { totalCount } }",
            ),
        ),
        (
            "searchFacets",
            Event(
                "search.performed",
                "{ searchFacets(text: \"a\") { facets { by } } }",
            ),
        ),
        (
            "suggest",
            Event("records.viewed", "{ suggest(text: \"us\") { text } }"),
        ),
        (
            "sql",
            Event("sql.run", "{ sql(text: \"SELECT 1\") { rowCount } }"),
        ),
        (
            "sqlTables",
            Nothing("which tables there are, not what is in them"),
        ),
        ("reports", Nothing("which reports there are")),
        (
            "report",
            Event("report.run", "{ report(name: \"reviews\") { rowCount } }"),
        ),
        ("viewer", Nothing("who asks, and what they may do")),
        ("tokens", Event("records.viewed", "{ tokens { id } }")),
        ("grants", Event("records.viewed", "{ grants { id } }")),
        ("browsers", Event("records.viewed", "{ browsers { id } }")),
        ("roles", Nothing("what roles mean, on every server")),
        (
            "rightsOf",
            Event("records.viewed", "{ rightsOf(user: \"t\") { sessions } }"),
        ),
        (
            "trail",
            Event("records.viewed", "{ trail { nodes { type } } }"),
        ),
        ("trailPeople", Event("records.viewed", "{ trailPeople }")),
        ("health", Event("records.viewed", "{ health { logSize } }")),
        ("settings", Event("records.viewed", "{ settings { name } }")),
        (
            "destinations",
            Event("records.viewed", "{ destinations { name } }"),
        ),
        (
            "reportSchedules",
            Event("records.viewed", "{ reportSchedules { name } }"),
        ),
        (
            "settingChanges",
            Event(
                "records.viewed",
                "{ settingChanges(name: \"access.fold_s\") { by } }",
            ),
        ),
        (
            "settingPreview",
            Event(
                "records.viewed",
                "{ settingPreview(name: \"access.fold_s\", value: \"9m\") { value } }",
            ),
        ),
        (
            "retention",
            Event("records.viewed", "{ retention { due onHold } }"),
        ),
        (
            "purgedSession",
            Event("records.viewed", "{ purgedSession(id: $id) { by } }"),
        ),
        (
            "purgedSessions",
            Event("records.viewed", "{ purgedSessions { nodes { by } } }"),
        ),
    ];
    let mutation = vec![
        (
            "createToken",
            Event(
                "token.created",
                "mutation { createToken(input: {name: \"t\", role: AUDITOR}) { text } }",
            ),
        ),
        (
            "giveGrant",
            Event(
                "grant.given",
                "mutation { giveGrant(input: {to: \"user:t\", role: AUDITOR}) { id } }",
            ),
        ),
        (
            "changeSetting",
            Event(
                "config.changed",
                "mutation { changeSetting(name: \"access.fold_s\", value: \"11m\") { name } }",
            ),
        ),
        (
            "redact",
            Event(
                "redaction.added",
                "mutation { redact(redaction: {session: $id, fromMs: 0, toMs: 1, what: KEYS, reason: \"t\"}) }",
            ),
        ),
        ("liftRedaction", Nothing("`redaction.lifted`: held below")),
        (
            "setDestination",
            Event(
                "destination.set",
                "mutation { setDestination(input: {name: \"t\", kind: \"syslog-udp\", target: \"127.0.0.1:9\"}) { name } }",
            ),
        ),
        (
            "removeDestination",
            Nothing("`destination.removed`: `destinations.rs` holds it"),
        ),
        (
            "replayDestination",
            Nothing("`destination.replayed`: `destinations.rs` holds it"),
        ),
        (
            "scheduleReport",
            Event(
                "report.scheduled",
                "mutation { scheduleReport(input: {name: \"t\", report: \"reviews\", every: DAY}) { name } }",
            ),
        ),
        (
            "unscheduleReport",
            Nothing("`report.unscheduled`: `schedule.rs` holds it"),
        ),
        ("revokeToken", Nothing("`token.revoked`: held below")),
        ("withdrawGrant", Nothing("`grant.withdrawn`: held below")),
        (
            "signOutBrowser",
            Nothing("ends a sign-in: `access.rs` holds it"),
        ),
        (
            "viewRecording",
            Event(
                "recording.viewed",
                "mutation { viewRecording(session: $id, reason: \"t\") }",
            ),
        ),
        (
            "terminateSession",
            Event(
                "session.terminate_requested",
                "mutation { terminateSession(session: $live) { type } }",
            ),
        ),
        (
            "sendMessage",
            Event(
                "session.message_sent",
                "mutation { sendMessage(session: $live, text: \"t\") { type } }",
            ),
        ),
        (
            "setPolicy",
            Event(
                "session.policy_set",
                "mutation { setPolicy(session: $live, policy: {maxLengthSeconds: 3600}) { type } }",
            ),
        ),
        (
            "requestVideo",
            Nothing("`video.requested`: `media.rs` holds it, with footage"),
        ),
        (
            "retryFailedVideos",
            Nothing("`video.requested` for each that failed"),
        ),
        (
            "reviewSession",
            Event(
                "session.reviewed",
                "mutation { reviewSession(session: $id) { id } }",
            ),
        ),
        (
            "reviewSessions",
            Event(
                "session.reviewed",
                "mutation { reviewSessions(sessions: [$id]) { id } }",
            ),
        ),
        (
            "reopenReview",
            Event(
                "session.review_reopened",
                "mutation { reopenReview(session: $id) { id } }",
            ),
        ),
        (
            "commentSession",
            Event(
                "session.commented",
                "mutation { commentSession(session: $id, text: \"t\") { id } }",
            ),
        ),
        (
            "assignSession",
            Event(
                "session.assigned",
                "mutation { assignSession(session: $id, to: \"t\") { id } }",
            ),
        ),
        (
            "holdSessions",
            Event(
                "hold.placed",
                "mutation { holdSessions(sessions: [$other], matter: \"m\", reason: \"t\") { onHold } }",
            ),
        ),
        (
            "releaseSessions",
            Event(
                "hold.released",
                "mutation { releaseSessions(sessions: [$other], matter: \"m\", reason: \"t\") { onHold } }",
            ),
        ),
        (
            "purgeSession",
            Event(
                "retention.purged",
                "mutation { purgeSession(session: $other, reason: \"t\") { id } }",
            ),
        ),
    ];
    let followed = || Nothing("followed over WebSocket: held below");
    let subscription = vec![
        ("activeSessions", followed()),
        ("sessionMoments", followed()),
        ("events", followed()),
    ];
    let of_session = |field: &str| -> &'static str {
        Box::leak(format!("{{ session(id: $id) {{ {field} }} }}").into_boxed_str())
    };
    let mut session = vec![
        (
            "timeline",
            Event(
                "recording.viewed",
                of_session("timeline(first: 1) { nodes { text } }"),
            ),
        ),
        (
            "seekPoints",
            Event(
                "recording.viewed",
                of_session("seekPoints(first: 1) { label }"),
            ),
        ),
        (
            "screen",
            Event(
                "recording.viewed",
                of_session("screen(atMs: 1000) { lines }"),
            ),
        ),
        (
            "momentMap",
            Event("recording.viewed", of_session("momentMap { bucketMs }")),
        ),
        (
            "controls",
            Event("records.viewed", of_session("controls { by }")),
        ),
        (
            "comments",
            Event(
                "recording.viewed",
                of_session("comments { nodes { text } }"),
            ),
        ),
        (
            "accesses",
            Event("records.viewed", of_session("accesses { nodes { by } }")),
        ),
        (
            "recordingGaps",
            Event("records.viewed", of_session("recordingGaps { reason }")),
        ),
        ("activityMap", MEASURE),
        ("idleStretches", MEASURE),
        (
            "redactions",
            Event("recording.viewed", of_session("redactions { id }")),
        ),
        ("media", ADDRESS),
        ("asciicastUrl", ADDRESS),
        ("streams", OWN),
    ];
    let row = [
        "id",
        "title",
        "user",
        "groups",
        "host",
        "command",
        "protocol",
        "target",
        "launcher",
        "secret",
        "folder",
        "site",
        "policy",
        "state",
        "startedAt",
        "endedAt",
        "durationMs",
        "recordedAt",
        "endReason",
        "exitStatus",
        "recording",
        "terminal",
        "counts",
        "gaps",
        "lastActivityAt",
        "policyInForce",
        "review",
        "rights",
        "onHold",
        "holds",
        "keptUntil",
    ];
    session.extend(row.map(|field| (field, OWN)));
    BTreeMap::from([
        ("Query", query),
        ("Mutation", mutation),
        ("Session", session),
        ("Subscription", subscription),
    ])
}

/// A server with sample recordings, and a session that goes on.
struct House {
    retrace: Retrace,
    server: Server,
    token: String,
    recorded: String,
    live: String,
    other: String,
}

fn house() -> House {
    let retrace = Retrace::with_samples();
    let server = retrace.serve();
    let token = retrace.token();
    let upload = Upload::launch(&server, &retrace.recorder_token(), &json!({"user": "ops"}));
    let live = upload.session.clone();
    server.wait_until_caught_up();
    let query = "{ sessions(first: 100) { nodes { id terminal { rows } } } }";
    let answer = server.graphql(&token, query, &json!({}));
    let nodes = answer["data"]["sessions"]["nodes"].as_array().unwrap();
    let recorded = nodes
        .iter()
        .find(|node| node["terminal"].is_object())
        .unwrap();
    let recorded = recorded["id"].as_str().unwrap().to_owned();
    let other = nodes.iter().filter_map(|node| node["id"].as_str());
    let mut other = other.filter(|id| **id != *recorded && **id != *live);
    let other = other.next().unwrap().to_owned();
    House {
        retrace,
        server,
        token,
        recorded,
        live,
        other,
    }
}

impl House {
    /// A token of a name that nobody else has.
    fn token_named(&self, name: &str) -> String {
        let created = self.retrace.succeed(&["token", "create", "--name", name]);
        created.trim().to_owned()
    }

    /// The types of the events that tell of somebody.
    fn told_of(&self, name: &str) -> Vec<String> {
        let (mut types, mut after) = (Vec::new(), Value::Null);
        loop {
            let query = "query($after: Position) { events(first: 1000, after: $after) {
                nodes { type data } pageInfo { hasNextPage endCursor } } }";
            let answer = self
                .server
                .graphql(&self.token, query, &json!({"after": after}));
            let page = &answer["data"]["events"];
            let nodes = page["nodes"].as_array().unwrap().iter();
            let told = nodes.filter(|node| node["data"]["by"] == name);
            types.extend(told.map(|node| node["type"].as_str().unwrap().to_owned()));
            if page["pageInfo"]["hasNextPage"] != json!(true) {
                return types;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    fn fill(&self, text: &str) -> String {
        let quoted = |id: &str| format!("{id:?}");
        text.replace("$id", &quoted(&self.recorded))
            .replace("$live", &quoted(&self.live))
            .replace("$other", &quoted(&self.other))
    }
}

#[test]
fn each_field_that_shows_evidence_or_changes_something_leaves_an_event() {
    let house = house();
    let names = "{ __schema { types { name fields { name } } } }";
    let schema = house.server.graphql(&house.token, names, &json!({}));
    let types = schema["data"]["__schema"]["types"].as_array().unwrap();
    let mut number = 0;
    for (name, fields) in fields() {
        let of_schema = types.iter().find(|one| one["name"] == name).unwrap();
        let of_schema: BTreeSet<&str> = of_schema["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["name"].as_str().unwrap())
            .collect();
        let known: BTreeSet<&str> = fields.iter().map(|(field, _)| *field).collect();
        assert_eq!(
            of_schema, known,
            "{name}: say in tests/tests/trail.rs what trace a new field leaves"
        );
        for (field, trace) in fields {
            let (kind, query) = match trace {
                Event(kind, query) => (kind, query),
                Nothing(why) => {
                    assert!(!why.is_empty(), "{name}.{field}");
                    continue;
                }
            };
            number += 1;
            let who = format!("reader {number}");
            let token = house.token_named(&who);
            let answer = house.server.graphql(&token, &house.fill(query), &json!({}));
            assert!(answer["errors"].is_null(), "{name}.{field}: {answer}");
            let told = house.told_of(&who);
            assert!(
                told.iter().any(|one| one == kind),
                "{name}.{field}: {told:?}"
            );
        }
    }
}

/// What each route leaves; `{id}` is a session with a terminal.
fn routes() -> Vec<(&'static str, Trace)> {
    let recorder = Nothing("a recorder's: what it sends are events");
    let viewed = |path| Event("recording.viewed", path);
    vec![
        ("/graphql", Nothing("its fields do")),
        (
            "/v1/sessions/{id}/asciicast",
            viewed("/v1/sessions/{id}/asciicast"),
        ),
        (
            "/v1/sessions/{id}/film.gif",
            viewed("/v1/sessions/{id}/film.gif"),
        ),
        (
            "/v1/sessions/{id}/film.mp4",
            Event(
                "recording.downloaded",
                "/v1/sessions/{id}/film.mp4?download=1",
            ),
        ),
        ("/v1/sessions/{id}/film.webm", Nothing("as `film.mp4`")),
        (
            "/v1/sessions/{id}/ndjson",
            Event("recording.downloaded", "/v1/sessions/{id}/ndjson"),
        ),
        (
            "/v1/reports/{file}",
            Event("report.run", "/v1/reports/reviews.csv"),
        ),
        ("/v1/sessions/{id}/ndjson.proof", PUBLIC),
        (
            "/v1/sessions/{id}/bundle",
            Event("recording.downloaded", "/v1/sessions/{id}/bundle"),
        ),
        (
            "/v1/sessions/{id}/media/video.webm",
            Nothing("`media.rs` holds it, with footage"),
        ),
        (
            "/v1/sessions/{id}/media/video.mp4",
            Nothing("`media.rs` holds it, with footage"),
        ),
        (
            "/v1/sessions/{id}/media/clips.zip",
            Nothing("`media.rs` holds it, with footage"),
        ),
        (
            "/v1/sessions/{id}/media/thumbnails.vtt",
            viewed("/v1/sessions/{id}/media/thumbnails.vtt"),
        ),
        (
            "/v1/sessions/{id}/media/thumbnails/{sha256}",
            Nothing("`media.rs` holds it, with footage"),
        ),
        (
            "/v1/sessions/{id}/media/still",
            viewed("/v1/sessions/{id}/media/still?at_ms=1"),
        ),
        (
            "/v1/sessions/{id}/media/footage/{sha256}",
            Nothing("`media.rs` holds it, with footage"),
        ),
        ("/v1/sql", Nothing("`sql.run`: `sql.rs` holds it")),
        ("/v1/sessions", recorder),
        (
            "/v1/sessions/{id}/streams/{source}",
            Nothing("a recorder asks how far it is"),
        ),
        (
            "/v1/sessions/{id}/streams/{source}/events",
            Nothing("a recorder's: what it sends are events"),
        ),
        (
            "/v1/sessions/{id}/blobs/{sha256}",
            Nothing("a recorder's: an event names it"),
        ),
        ("/v1/sessions/{id}/control", Nothing("a recorder's")),
        (
            "/v1/events",
            Event("events.exported", "/v1/events?limit=1&format=ocsf"),
        ),
        ("/checkpoint", PUBLIC),
        ("/verifier-key", PUBLIC),
        (
            "/tile/{*address}",
            Event("events.exported", "/tile/entries/000.p/1"),
        ),
        ("/v1/sign-in", Nothing("how one can sign in")),
        (
            "/v1/sign-in/oidc",
            Nothing("leads to the provider of identities"),
        ),
        (
            "/v1/sign-in/oidc/callback",
            Nothing("`auth.succeeded` or `auth.denied`: `access.rs` holds it"),
        ),
        (
            "/v1/web-session",
            Nothing("signing in, out, and who one is"),
        ),
        ("/v1/{*rest}", Nothing("there is nothing")),
        (
            "/metrics",
            Nothing("how much was sent, and how fast; nothing of it"),
        ),
        ("/healthz", Nothing("whether the process is alive")),
        ("/readyz", Nothing("how far the read models are")),
    ]
}

/// The paths that the server's source gives to routes.
fn paths_of_source(folder: &Path, paths: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths_of_source(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for route in text.split(".route(").skip(1) {
                if let Some(literal) = route.trim_start().strip_prefix('"') {
                    paths.insert(literal.split('"').next().unwrap().to_owned());
                }
            }
        }
    }
}

#[test]
fn each_route_that_shows_evidence_leaves_an_event() {
    let mut of_source = BTreeSet::new();
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/src/server");
    paths_of_source(&server, &mut of_source);
    let known: BTreeSet<String> = routes()
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .collect();
    assert_eq!(
        of_source, known,
        "say in tests/tests/trail.rs what trace a new route leaves"
    );

    let house = house();
    for (number, (path, trace)) in (0..).zip(routes()) {
        let Event(kind, asked) = trace else { continue };
        let who = format!("visitor {number}");
        let token = house.token_named(&who);
        let asked = asked.replace("{id}", &house.recorded);
        let answer = house.server.get(&asked).bearer_auth(&token).send().unwrap();
        let status = answer.status();
        answer.bytes().unwrap();
        let told = house.told_of(&who);
        assert!(
            told.iter().any(|one| one == kind),
            "{path}, {status}: {told:?}"
        );
    }
}

#[test]
fn what_is_not_allowed_is_refused_and_told() {
    let house = house();
    let create = ["token", "create", "--name", "clerk", "--role", "history"];
    let clerk = house.retrace.succeed(&create).trim().to_owned();
    let ask = |query: &str| house.server.graphql(&clerk, &house.fill(query), &json!({}));
    let sessions = ask("{ sessions { totalCount } }");
    assert!(sessions["data"]["sessions"]["totalCount"].as_u64().unwrap() > 0);
    for query in [
        "{ session(id: $id) { timeline { nodes { text } } } }",
        "{ session(id: $id) { screen(atMs: 0) { lines } } }",
        "mutation { terminateSession(session: $live) { type } }",
        "mutation { reviewSession(session: $id) { id } }",
        "{ log { projections { name } } }",
    ] {
        let answer = ask(query);
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "FORBIDDEN",
            "{query}: {answer}"
        );
    }
    let found = ask("{ search(text: \"ls\") { totalCount } }");
    assert_eq!(found["data"]["search"]["totalCount"], 0);
    let events = ask("{ events { nodes { type } } }");
    assert_eq!(events["data"]["events"]["nodes"], json!([]));
    let cast = format!("/v1/sessions/{}/asciicast", house.recorded);
    for (path, status) in [(cast.as_str(), 403), ("/tile/entries/000.p/1", 403)] {
        let answer = house.server.get(path).bearer_auth(&clerk).send().unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    let told = house.told_of("clerk");
    let denials = told.iter().filter(|one| *one == "access.denied").count();
    assert!(denials >= 4, "{told:?}");
}

#[test]
fn what_is_taken_back_leaves_an_event() {
    let house = house();
    let clerk = house.token_named("clerk");
    let ask = |query: &str| {
        let answer = house.server.graphql(&clerk, &house.fill(query), &json!({}));
        assert!(answer["errors"].is_null(), "{query}: {answer}");
        answer["data"].clone()
    };
    ask("mutation { createToken(input: {name: \"spare\", role: AUDITOR}) { text } }");
    let tokens = ask("{ tokens { id name } }");
    let tokens = tokens["tokens"].as_array().unwrap();
    let spare = tokens
        .iter()
        .find(|token| token["name"] == "spare")
        .unwrap();
    ask(&format!(
        "mutation {{ revokeToken(id: {}) {{ id }} }}",
        spare["id"]
    ));
    let given = ask("mutation { giveGrant(input: {to: \"user:t\", role: AUDITOR}) { id } }");
    let grant = &given["giveGrant"]["id"];
    ask(&format!(
        "mutation {{ withdrawGrant(id: {grant}) {{ id }} }}"
    ));
    let redacted = ask(
        "mutation { redact(redaction: {session: $id, fromMs: 0, toMs: 1, what: KEYS, reason: \"t\"}) }",
    );
    let span = &redacted["redact"];
    ask(&format!(
        "mutation {{ liftRedaction(session: $id, id: {span}, reason: \"t\") }}"
    ));
    let told = house.told_of("clerk");
    for kind in ["token.revoked", "grant.withdrawn", "redaction.lifted"] {
        assert!(told.iter().any(|one| one == kind), "{kind}: {told:?}");
    }
}

#[test]
fn who_follows_leaves_an_event() {
    let house = house();
    for (kind, query) in [
        (
            "records.viewed",
            "subscription { activeSessions { changes { kind } } }",
        ),
        (
            "recording.viewed",
            "subscription { sessionMoments(session: $id) { text } }",
        ),
        (
            "events.exported",
            "subscription { events(fromStart: true) { nodes { type } } }",
        ),
        (
            "recording.viewed",
            "subscription { events(fromStart: true, filter: {session: $id}) { nodes { type } } }",
        ),
    ] {
        let who = format!("follower of {kind}");
        let token = house.token_named(&who);
        let mut socket = Socket::of(&house.server, &token);
        socket.subscribe("it", &house.fill(query), &json!({}));
        socket.next("it");
        let told = house.told_of(&who);
        assert!(told.iter().any(|one| one == kind), "{kind}: {told:?}");
    }
}
