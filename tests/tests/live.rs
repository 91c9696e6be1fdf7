//! Following what goes on over WebSocket: nothing is missed and nothing comes twice, whoever is slow,
//! comes back, or loses their token.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use retrace_tests::live::Socket;
use retrace_tests::upload::{AT, Upload, line, markers};
use retrace_tests::{PATIENCE, Retrace, Server};
use serde_json::{Value, json};

const EVENTS: &str = "subscription($after: Position, $fromStart: Boolean!, $filter: EventFilter) {
    events(after: $after, fromStart: $fromStart, filter: $filter) {
        nodes { position stream version type data } readTo isAtEnd } }";

fn from_start(filter: &Value) -> Value {
    json!({"fromStart": true, "filter": filter})
}

fn after(position: &Value, filter: &Value) -> Value {
    json!({"after": position, "fromStart": false, "filter": filter})
}

/// A page of `events`, and up to where it has read.
fn page(socket: &mut Socket, id: &str) -> (Vec<Value>, Value) {
    let data = socket.next(id);
    let page = &data["events"];
    (
        page["nodes"].as_array().unwrap().clone(),
        page["readTo"].clone(),
    )
}

fn position(event: &Value) -> u64 {
    event["position"].as_str().unwrap().parse().unwrap()
}

fn size(server: &Server, token: &str) -> u64 {
    let answer = server.graphql(token, "{ log { size } }", &json!({}));
    answer["data"]["log"]["size"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// Follows until a position was read.
fn read_past(socket: &mut Socket, id: &str, end: u64, seen: &mut Vec<u64>) -> Value {
    loop {
        let (events, read_to) = page(socket, id);
        seen.extend(events.iter().map(position));
        let at: Option<u64> = read_to.as_str().map(|at| at.parse().unwrap());
        if at.is_some_and(|at| at + 1 >= end) {
            return read_to;
        }
    }
}

#[test]
fn the_log_is_followed_through_restarts_with_no_gap_and_nothing_twice() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let mut server = retrace.serve();
    let address = server.address().to_owned();
    let launched = Upload::launch(&server, &recorder, &json!({}));
    let (session, token) = (launched.session.clone(), launched.token.clone());
    let (mut seen, mut read_to) = (Vec::new(), Value::Null);
    for round in 0..4 {
        let mut socket = Socket::of(&server, &admin);
        let variables = match &read_to {
            Value::Null => from_start(&Value::Null),
            read_to => after(read_to, &Value::Null),
        };
        socket.subscribe("log", EVENTS, &variables);
        for batch in 0..5 {
            let upload = Upload::resume(&server, &session, &token);
            let first = (round * 5 + batch) * 100;
            upload.send("agent", first, markers(first, 100)).is_ok();
        }
        // The last of it is not waited for: it comes after the restart.
        let end = (round + 1) * 500 - 150;
        read_to = read_past(&mut socket, "log", end, &mut seen);
        server.kill();
        server = retrace.serve_at(&address);
    }
    let mut socket = Socket::of(&server, &admin);
    socket.subscribe("log", EVENTS, &after(&read_to, &Value::Null));
    // Something is there in any case.
    let upload = Upload::resume(&server, &session, &token);
    upload.send("agent", 2_000, markers(2_000, 1)).is_ok();
    let end = size(&server, &admin);
    read_past(&mut socket, "log", end, &mut seen);
    assert!(end > 2_000);
    let expected: Vec<u64> = (0..seen.len() as u64).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_filter_lets_through_what_it_says_from_any_place_on() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let one = Upload::launch(&server, &recorder, &json!({}));
    let other = Upload::launch(&server, &recorder, &json!({}));
    one.send("agent", 0, markers(0, 50)).is_ok();
    other.send("agent", 0, markers(0, 50)).is_ok();

    let mut socket = Socket::of(&server, &admin);
    let filter = json!({"session": one.session, "types": ["marker.set"]});
    socket.subscribe("all", EVENTS, &from_start(&filter));
    let (events, _) = page(&mut socket, "all");
    assert_eq!(events.len(), 50);
    let after_some = after(&events[19]["position"], &filter);
    socket.subscribe("some", EVENTS, &after_some);
    assert_eq!(page(&mut socket, "some").0, events[20..]);
    socket.subscribe(
        "new",
        EVENTS,
        &json!({"fromStart": false, "filter": filter}),
    );
    // Only what is appended after it was asked for.
    socket.say(&json!({"type": "ping"}));
    thread::sleep(Duration::from_millis(300));
    other.send("agent", 50, markers(50, 5)).is_ok();
    one.send("agent", 50, markers(50, 5)).is_ok();
    for id in ["all", "some", "new"] {
        let (events, _) = page(&mut socket, id);
        let versions: Vec<_> = events
            .iter()
            .map(|event| event["version"].clone())
            .collect();
        assert_eq!(versions, [50, 51, 52, 53, 54].map(Value::from), "{id}");
    }
    // One that was ended is told nothing more; the others are.
    socket.say(&json!({"type": "complete", "id": "some"}));
    one.send("agent", 55, markers(55, 1)).is_ok();
    assert_eq!(page(&mut socket, "all").0.len(), 1);
    assert_eq!(socket.drain("some"), [] as [Value; 0]);

    socket.subscribe("far", EVENTS, &after(&json!("1000000"), &Value::Null));
    let error = socket.message().unwrap();
    assert_eq!(
        (&error["type"], &error["id"]),
        (&json!("error"), &json!("far"))
    );
    assert_eq!(
        error["payload"][0]["extensions"]["code"],
        "INVALID_ARGUMENT"
    );
}

const ACTIVE: &str = "subscription($filter: SessionFilter) {
    activeSessions(filter: $filter) { isComplete changes {
        kind session { id user state lastActivityAt counts { markers } } } } }";

/// What has become of each session since the last time: kinds by user.
fn changes(socket: &mut Socket, until: &str) -> BTreeMap<String, Vec<String>> {
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    loop {
        let data = socket.next("active");
        for change in data["activeSessions"]["changes"].as_array().unwrap() {
            let user = text(&change["session"]["user"]);
            told.entry(user).or_default().push(text(&change["kind"]));
        }
        let (user, kind) = until.split_once(' ').unwrap();
        if told
            .get(user)
            .is_some_and(|kinds| kinds.iter().any(|one| one == kind))
        {
            return told;
        }
    }
}

#[test]
fn sessions_are_told_as_they_begin_change_and_end() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let ended = |at: &str| line(at, "session.ended", &json!({"reason": "user"}));
    let ann = Upload::launch(&server, &recorder, &json!({"user": "ann"}));
    let old = Upload::launch(&server, &recorder, &json!({"user": "old"}));
    old.send("agent", 0, ended(AT)).is_ok();
    server.wait_until_caught_up();

    let mut socket = Socket::of(&server, &admin);
    socket.subscribe("active", ACTIVE, &json!({}));
    let first = socket.next("active")["activeSessions"].clone();
    assert_eq!(first["isComplete"], true);
    assert_eq!(first["changes"].as_array().unwrap().len(), 1, "{first}");
    assert_eq!(first["changes"][0]["kind"], "PRESENT");
    assert_eq!(first["changes"][0]["session"]["user"], "ann");

    let bob = Upload::launch(&server, &recorder, &json!({"user": "bob"}));
    changes(&mut socket, "bob BEGAN");
    ann.send("agent", 0, markers(0, 3)).is_ok();
    let told = changes(&mut socket, "ann CHANGED");
    assert!(!told.contains_key("old"), "{told:?}");
    // Much in a short time is told once a second.
    let start = Instant::now();
    for n in 0..30 {
        bob.send("agent", n, markers(n, 1)).is_ok();
        thread::sleep(Duration::from_millis(50));
    }
    let took = start.elapsed().as_secs() as usize;
    bob.send("agent", 30, ended(AT)).is_ok();
    let told = changes(&mut socket, "bob ENDED");
    assert!(told["bob"].len() <= took + 3, "{told:?}");
    // So short that nobody could have seen it go on.
    let cy = Upload::launch(&server, &recorder, &json!({"user": "cy"}));
    cy.send("agent", 0, ended(AT)).is_ok();
    let told = changes(&mut socket, "cy ENDED");
    assert_eq!(told["cy"][0], "BEGAN");

    let mut filtered = Socket::of(&server, &admin);
    filtered.subscribe("active", ACTIVE, &json!({"filter": {"user": "dora"}}));
    let nothing = filtered.next("active")["activeSessions"].clone();
    assert_eq!(nothing, json!({"isComplete": true, "changes": []}));
    for user in ["eve", "dora"] {
        Upload::launch(&server, &recorder, &json!({ "user": user }));
    }
    let told = changes(&mut filtered, "dora BEGAN");
    assert_eq!(told.len(), 1, "{told:?}");
}

const MOMENTS: &str = "subscription($session: ID!, $after: ID, $kinds: [MomentKind!]) {
    sessionMoments(session: $session, after: $after, kinds: $kinds) { id kind text } }";

fn moments(socket: &mut Socket, id: &str, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    while found.len() < count {
        let data = socket.next(id);
        found.extend(data["sessionMoments"].as_array().unwrap().iter().cloned());
    }
    found
}

#[test]
fn moments_are_told_as_they_are_found_and_taken_up_where_they_were_left() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let other = Upload::launch(&server, &recorder, &json!({}));
    upload.send("agent", 0, markers(0, 250)).is_ok();
    server.wait_until_caught_up();

    let mut socket = Socket::of(&server, &admin);
    let of_session = |after: &Value| json!({"session": upload.session, "after": after});
    socket.subscribe("it", MOMENTS, &of_session(&Value::Null));
    let mut seen = moments(&mut socket, "it", 250);
    for n in 0..4 {
        other.send("agent", n * 10, markers(n * 10, 10)).is_ok();
        upload
            .send("agent", 250 + n * 10, markers(250 + n * 10, 10))
            .is_ok();
        seen.extend(moments(&mut socket, "it", 10));
    }
    let labels: Vec<String> = seen
        .iter()
        .map(|moment| moment["text"].as_str().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (0..290).map(|n| format!("number {n}")).collect();
    assert_eq!(labels, expected);
    drop(socket);
    upload.send("agent", 290, markers(290, 3)).is_ok();
    let mut again = Socket::of(&server, &admin);
    again.subscribe("it", MOMENTS, &of_session(&seen[287]["id"]));
    let later = moments(&mut again, "it", 5);
    assert_eq!(later[..2], seen[288..]);
    assert_eq!(later[4]["text"], "number 292");

    let windows = json!({"session": upload.session, "kinds": ["WINDOW"]});
    again.subscribe("windows", MOMENTS, &windows);
    let focused = line(AT, "window.focused", &json!({"title": "Ledger"}));
    upload.send("agent", 293, focused).is_ok();
    assert_eq!(moments(&mut again, "windows", 1)[0]["kind"], "WINDOW");
    for (session, code) in [
        ("0193", "NOT_FOUND"),
        ("01936d2e-4b7a-7cc0-8d2a-000000000000", "NOT_FOUND"),
    ] {
        let mut socket = Socket::of(&server, &admin);
        socket.subscribe("it", MOMENTS, &json!({ "session": session }));
        let error = socket.message().unwrap();
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{error}");
    }
}

#[test]
fn who_connects_says_who_they_are() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let signed_in = server
        .post("/v1/web-session")
        .json(&json!({ "token": admin }))
        .send()
        .unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let own = format!("http://{}", server.address());
    let is_taken = |headers: &[(&str, &str)], payload: Value| match Socket::open(&server, headers) {
        Err(status) => Err(status),
        Ok(mut socket) => {
            socket.say(&json!({"type": "connection_init", "payload": payload}));
            match socket.message() {
                Some(_) => Ok(()),
                None => Err(socket.closed().0),
            }
        }
    };
    let bearer = |token: &str| format!("Bearer {token}");
    let (good, bad) = (bearer(&admin), bearer("rtr_nobody"));
    let of_recorder = bearer(&recorder);
    // What it says in headers and with connection_init, and the code with which it is sent away.
    type Case<'a> = (&'a [(&'a str, &'a str)], Value, Result<(), u16>);
    let cases: [Case<'_>; 11] = [
        (&[("authorization", &good)], Value::Null, Ok(())),
        (&[("authorization", &bad)], Value::Null, Err(401)),
        (&[("authorization", &of_recorder)], Value::Null, Err(403)),
        (&[], json!({"token": admin}), Ok(())),
        (&[], json!({"token": admin, "reason": "audit 7"}), Ok(())),
        (&[], json!({"token": "rtr_nobody"}), Err(4403)),
        (&[], json!({"token": recorder}), Err(4403)),
        (&[], Value::Null, Err(4403)),
        (
            &[("cookie", &cookie), ("origin", &own)],
            Value::Null,
            Ok(()),
        ),
        (
            &[("cookie", &cookie), ("origin", "https://evil.example")],
            Value::Null,
            Err(403),
        ),
        (&[("cookie", &cookie)], Value::Null, Err(403)),
    ];
    for (headers, payload, expected) in cases {
        let found = is_taken(headers, payload.clone());
        assert_eq!(found, expected, "{headers:?} {payload}");
    }
    let other_protocol = [
        ("authorization", good.as_str()),
        ("sec-websocket-protocol", "graphql-ws"),
    ];
    assert_eq!(Socket::open(&server, &other_protocol).err(), Some(400));

    // The rules of the protocol.
    let says = |messages: &[Value]| {
        let mut socket = Socket::open(&server, &[("authorization", &good)]).unwrap();
        messages.iter().for_each(|message| socket.say(message));
        socket.closed().0
    };
    let init = json!({"type": "connection_init"});
    let subscribe = json!({"type": "subscribe", "id": "1", "payload":
        {"query": "subscription { activeSessions { isComplete } }"}});
    assert_eq!(says(std::slice::from_ref(&subscribe)), 4401);
    assert_eq!(says(&[init.clone(), init.clone()]), 4429);
    assert_eq!(says(&[init.clone(), subscribe.clone(), subscribe]), 4409);
    assert_eq!(says(&[json!({"type": "moon"})]), 4400);
    // Who says nothing.
    let start = Instant::now();
    assert_eq!(says(&[]), 4408);
    assert!(start.elapsed() < Duration::from_secs(15));

    // Questions are answered as well, and errors of the question are errors.
    let mut socket = Socket::of(&server, &admin);
    socket.subscribe("q", "{ log { size } }", &json!({}));
    assert!(socket.next("q")["log"]["size"].is_string());
    assert_eq!(socket.next("q"), Value::Null, "complete");
    socket.subscribe("e", "subscription { moon }", &json!({}));
    let error = socket.message().unwrap();
    assert_eq!(error["type"], "error", "{error}");
}

#[test]
fn connections_and_subscriptions_are_limited() {
    let retrace = Retrace::new();
    let (admin, other) = (retrace.token(), retrace.token());
    retrace.set("live.connections_per_viewer", "1");
    retrace.set("live.subscriptions_max", "1");
    let server = retrace.serve();
    let mut socket = Socket::of(&server, &admin);
    let bearer = |token: &str| format!("Bearer {token}");
    let open = |token: &str| Socket::open(&server, &[("authorization", &bearer(token))]);
    assert_eq!(open(&admin).err(), Some(429));
    assert!(open(&other).is_ok());
    socket.subscribe("one", ACTIVE, &json!({}));
    assert!(socket.next("one").is_object());
    socket.subscribe("two", ACTIVE, &json!({}));
    let error = socket.message().unwrap();
    assert_eq!(
        error["payload"][0]["extensions"]["code"],
        "TOO_MANY_REQUESTS"
    );
    socket.say(&json!({"type": "complete", "id": "one"}));
    socket.subscribe("two", ACTIVE, &json!({}));
    assert!(socket.next("two").is_object());
    // What goes away makes room.
    drop(socket);
    let start = Instant::now();
    while open(&admin).is_err() {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_token_that_is_revoked_or_expires_ends_its_connections_within_seconds() {
    let retrace = Retrace::new();
    let admin = retrace.token();
    let listed = retrace.json_lines(&["token", "list", "--json"]);
    let listed = listed[0].as_array().unwrap_or(&listed)[0].clone();
    let id = listed["id"].as_str().unwrap();
    let server = retrace.serve();
    let short = retrace.succeed(&["token", "create", "--name", "short", "--expires-in", "5s"]);
    let mut expiring = Socket::of(&server, short.trim());
    let mut revoked = Socket::of(&server, &admin);
    let mut by_payload = Socket::open(&server, &[]).unwrap();
    by_payload.begin(&json!({ "token": admin }));
    revoked.subscribe("active", ACTIVE, &json!({}));
    revoked.next("active");

    let start = Instant::now();
    retrace.succeed(&["token", "revoke", id]);
    for socket in [&mut revoked, &mut by_payload] {
        let (code, reason) = socket.closed();
        assert_eq!(code, 4403);
        assert!(reason.contains("revoked"), "{reason}");
    }
    assert!(start.elapsed() < Duration::from_secs(8));
    let (code, reason) = expiring.closed();
    assert_eq!(code, 4403);
    assert!(reason.contains("expired"), "{reason}");
}

#[test]
fn a_server_that_stops_says_so_and_does_not_wait_for_who_follows() {
    let retrace = Retrace::new();
    let admin = retrace.token();
    let server = retrace.serve();
    let mut socket = Socket::of(&server, &admin);
    socket.subscribe("active", ACTIVE, &json!({}));
    socket.next("active");
    let start = Instant::now();
    assert!(server.terminate().success());
    assert!(start.elapsed() < Duration::from_secs(8));
    assert_eq!(socket.closed().0, 1001);
}

#[test]
fn each_sees_what_their_grants_let_them_see() {
    let retrace = Retrace::new();
    let recorder = retrace.recorder_token();
    let create = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["token", "create", "--name", "x"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        retrace.succeed(&arguments).trim().to_owned()
    };
    let own = create(&["--role", "own", "--user", "ann"]);
    let history = create(&["--role", "history"]);
    let server = retrace.serve();
    let ann = Upload::launch(&server, &recorder, &json!({"user": "ann"}));
    let bob = Upload::launch(&server, &recorder, &json!({"user": "bob"}));

    let mut socket = Socket::of(&server, &own);
    socket.subscribe("active", ACTIVE, &json!({}));
    socket.subscribe("log", EVENTS, &from_start(&Value::Null));
    for n in 0..5 {
        bob.send("agent", n, markers(n, 1)).is_ok();
        ann.send("agent", n, markers(n, 1)).is_ok();
        let stream = format!("session/{}/agent", ann.session);
        loop {
            let (events, _) = page(&mut socket, "log");
            let of_ann = format!("session/{}/", ann.session);
            for event in &events {
                assert!(
                    event["stream"].as_str().unwrap().starts_with(&of_ann),
                    "{event}"
                );
            }
            if events
                .iter()
                .any(|event| event["stream"] == stream && event["version"] == n)
            {
                break;
            }
        }
    }
    for data in socket.drain("active") {
        for change in data["activeSessions"]["changes"].as_array().unwrap() {
            assert_eq!(change["session"]["user"], "ann", "{change}");
        }
    }
    for (token, session, code) in [
        (&own, &bob.session, "NOT_FOUND"),
        (&history, &bob.session, "FORBIDDEN"),
    ] {
        let mut socket = Socket::of(&server, token);
        socket.subscribe("it", MOMENTS, &json!({ "session": session }));
        let error = socket.message().unwrap();
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{error}");
    }
}

/// 200 follow one of 40 sessions each, or all of them, while 5,000 things happen every second: of each ten
/// eight follow the log, one the moments of a session, one the sessions that go on.
#[test]
fn two_hundred_follow_while_five_thousand_events_come_in_every_second() {
    const SESSIONS: usize = 40;
    const CONNECTIONS: usize = 10;
    const EACH: usize = 20;
    const ROUNDS: u64 = 30;
    const BATCH: u64 = 25;
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let uploads: Vec<Upload<'_>> = (0..SESSIONS)
        .map(|_| Upload::launch(&server, &recorder, &json!({})))
        .collect();
    server.wait_until_caught_up();
    let before = server.peak_memory();
    let start = Instant::now();
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (server, admin, uploads) = (&server, &admin, &uploads);
            scope.spawn(move || {
                let mut socket = Socket::of(server, admin);
                for n in 0..EACH {
                    let session = &uploads[(connection * EACH + n) % SESSIONS].session;
                    let filter = json!({"session": session, "types": ["marker.set"]});
                    let (query, variables) = match n % 10 {
                        8 => (MOMENTS, json!({ "session": session })),
                        9 => (ACTIVE, json!({})),
                        _ => (EVENTS, from_start(&filter)),
                    };
                    socket.subscribe(&n.to_string(), query, &variables);
                }
                for n in 0..EACH {
                    let id = n.to_string();
                    if n % 10 == 8 {
                        let found = moments(&mut socket, &id, (ROUNDS * BATCH) as usize);
                        let labels = found.iter().map(|moment| moment["text"].clone());
                        let expected = (0..ROUNDS * BATCH).map(|n| json!(format!("number {n}")));
                        assert!(labels.eq(expected));
                        continue;
                    }
                    if n % 10 == 9 {
                        // Until each has been told with all that happened in it.
                        let mut markers: BTreeMap<String, Value> = BTreeMap::new();
                        let all = json!(ROUNDS * BATCH);
                        while markers.len() < SESSIONS || markers.values().any(|n| *n != all) {
                            let data = socket.next(&id);
                            for change in data["activeSessions"]["changes"].as_array().unwrap() {
                                let session = &change["session"];
                                let id = session["id"].as_str().unwrap().to_owned();
                                markers.insert(id, session["counts"]["markers"].clone());
                            }
                        }
                        continue;
                    }
                    let mut versions = Vec::new();
                    while (versions.len() as u64) < ROUNDS * BATCH {
                        let (events, _) = page(&mut socket, &n.to_string());
                        versions.extend(events.iter().map(|event| event["version"].clone()));
                    }
                    let expected: Vec<Value> = (0..ROUNDS * BATCH).map(Value::from).collect();
                    assert_eq!(versions, expected);
                }
            });
        }
        // 40 sessions, 25 events five times a second: 5,000 a second.
        for uploads in uploads.chunks(SESSIONS / 4) {
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let due = start + Duration::from_millis(200) * u32::try_from(round).unwrap();
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    for upload in uploads {
                        upload
                            .send("agent", round * BATCH, markers(round * BATCH, BATCH))
                            .is_ok();
                    }
                }
            });
        }
    });
    let took = start.elapsed();
    let grown = server.peak_memory().saturating_sub(before) >> 20;
    assert!(grown < 400, "memory grew by {grown} MiB");
    assert!(took < PATIENCE);
}

/// Whoever does not read costs no memory, and reads all of it later.
#[test]
fn who_reads_slowly_costs_no_memory_and_misses_nothing() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({}));
    let filter = json!({"session": upload.session, "types": ["marker.set"]});
    let mut slow: Vec<Socket> = (0..5)
        .map(|_| {
            let mut socket = Socket::of(&server, &admin);
            socket.subscribe("log", EVENTS, &from_start(&filter));
            socket
        })
        .collect();
    let label = "x".repeat(1_000);
    let lines = |first: u64| -> String {
        let line = |n| line(AT, "marker.set", &json!({"label": format!("{n} {label}")}));
        (first..first + 500).map(line).collect()
    };
    upload.send("agent", 0, lines(0)).is_ok();
    server.wait_until_caught_up();
    let before = server.peak_memory();
    for batch in 1..60 {
        upload
            .send("agent", batch * 500, lines(batch * 500))
            .is_ok();
    }
    server.wait_until_caught_up();
    let grown = server.peak_memory().saturating_sub(before) >> 20;
    // 30 MB for each of five, in text twice as much, if anything were kept for them.
    assert!(grown < 150, "memory grew by {grown} MiB");
    for socket in &mut slow {
        let mut next = 0;
        while next < 30_000 {
            for event in page(socket, "log").0 {
                assert_eq!(event["version"], next);
                next += 1;
            }
        }
    }
}
