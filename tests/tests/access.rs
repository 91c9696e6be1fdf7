//! Who somebody is and what they were granted: signing in at a provider and with tokens, grants, limits on failures.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use reqwest::Url;
use reqwest::blocking::Response;
use retrace_tests::live::Socket;
use retrace_tests::oidc::{Browser, Provider};
use retrace_tests::{Retrace, Server, body, heard};
use serde_json::{Value, json};

const SIGN_IN: &str = "/v1/sign-in/oidc";
const CALLBACK: &str = "/v1/sign-in/oidc/callback";

/// Asks as the page of a browser does.
fn asks(browser: &mut Browser, server: &Server, query: &str) -> (u16, Value) {
    let request = browser
        .request("POST", &format!("{}/graphql", server.url()))
        .header("x-retrace-client", "web")
        .header("origin", server.url())
        .json(&json!({ "query": query }));
    let response = browser.send(request);
    let status = response.status().as_u16();
    (status, serde_json::from_str(&body(response)).unwrap())
}

fn who(browser: &mut Browser, server: &Server) -> Option<Value> {
    let request = browser.request("GET", &format!("{}/v1/web-session", server.url()));
    let response = browser.send(request);
    (response.status() == 200).then(|| serde_json::from_str(&body(response)).unwrap())
}

fn signs_in_with(browser: &mut Browser, server: &Server, token: &str) -> Response {
    let request = browser
        .request("POST", &format!("{}/v1/web-session", server.url()))
        .json(&json!({ "token": token }));
    browser.send(request)
}

fn give(retrace: &Retrace, to: &str, role: &str, more: &[&str]) -> String {
    let mut arguments = vec!["grant", "give", to, "--role", role];
    arguments.extend(more);
    retrace.succeed(&arguments).trim().to_owned()
}

/// A server with the certified provider, whose users may be in groups.
fn with_provider(retrace: &Retrace, options: &[&str]) -> Option<(Server, Provider)> {
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    if let Some(secret) = options
        .iter()
        .find_map(|option| option.strip_prefix("secret="))
    {
        let file = retrace.scratch().join("client-secret");
        fs::write(&file, format!("{secret}\n")).unwrap();
        command.env("RETRACE_OIDC_CLIENT_SECRET_FILE", file);
    }
    let server = retrace.serve_by(command);
    let callback = format!("{}{CALLBACK}", server.url());
    let mut arguments = vec![callback.as_str()];
    arguments.extend(options);
    let provider = Provider::start("provider.mjs", &arguments)?;
    points_at(retrace, provider.issuer());
    retrace.set("oidc.scopes", "openid profile groups");
    Some((server, provider))
}

fn points_at(retrace: &Retrace, issuer: &str) {
    retrace.succeed(&["settings", "set", "oidc.client_id", "retrace"]);
    retrace.set("oidc.issuer", issuer);
}

/// The word that the page for signing in gets, when somebody was not let in.
fn problem(led_to: &Url) -> Option<String> {
    assert_eq!(led_to.path(), "/sign-in", "{led_to}");
    let mut pairs = led_to.query_pairs();
    pairs.find_map(|(name, value)| (name == "problem").then(|| value.into_owned()))
}

fn events_of(retrace: &Retrace, kind: &str) -> Vec<Value> {
    let answer = retrace.serve().graphql(
        &retrace.token(),
        "query($kind: String!) { events(first: 1000, filter: {types: [$kind]}) { nodes { data } } }",
        &json!({ "kind": kind }),
    );
    let nodes = answer["data"]["events"]["nodes"].as_array();
    nodes.unwrap_or_else(|| panic!("{answer}")).clone()
}

#[test]
fn somebody_signs_in_at_a_provider_and_has_what_is_granted_to_them_and_their_groups() {
    for options in [
        ["secret=of the client", "claims=userinfo"].as_slice(),
        &["claims=id_token"],
    ] {
        let retrace = Retrace::with_samples();
        let Some((server, _provider)) = with_provider(&retrace, options) else {
            return;
        };
        let ways = server.get("/v1/sign-in").send().unwrap();
        let ways: Value = serde_json::from_str(&body(ways)).unwrap();
        assert_eq!(ways["oidc"]["label"], json!("Sign in with single sign-on"));
        let (mut alice, mut bob) = (Browser::new(), Browser::new());
        let here = format!("{}{SIGN_IN}?to=/sessions%3Fx%3D1", server.url());

        // Who they are is known, and nothing is granted to them.
        let led_to = alice.signs_in(&here, "alice");
        assert_eq!(problem(&led_to).as_deref(), Some("no-grant"));
        assert_eq!(who(&mut alice, &server), None);

        let group = give(&retrace, "group:dba", "auditor", &[]);
        let led_to = alice.signs_in(&here, "alice");
        assert_eq!((led_to.path(), led_to.query()), ("/sessions", Some("x=1")));
        let is = who(&mut alice, &server).unwrap();
        assert_eq!(is["user"], json!("alice"));
        assert_eq!(is["groups"], json!(["dba", "linux"]));
        assert_eq!(is["roles"], json!(["auditor"]));
        let (status, answer) = asks(&mut alice, &server, "{ sessions { totalCount } }");
        assert_eq!(status, 200, "{answer}");
        assert!(
            answer["data"]["sessions"]["totalCount"].as_i64() > Some(0),
            "{answer}"
        );
        let led_to = bob.signs_in(&here, "bob");
        assert_eq!(problem(&led_to).as_deref(), Some("no-grant"));

        // What is withdrawn ends for the browser that is signed in, and what is given begins.
        retrace.succeed(&["grant", "withdraw", &group]);
        let (status, answer) = asks(&mut alice, &server, "{ sessions { totalCount } }");
        assert_eq!(status, 401, "{answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("nothing is granted")
        );
        give(&retrace, "user:alice", "history", &[]);
        assert_eq!(
            who(&mut alice, &server).unwrap()["roles"],
            json!(["history"])
        );

        drop(server);
        let denied = events_of(&retrace, "auth.denied");
        assert!(
            denied
                .iter()
                .any(|event| event["data"]["who"] == json!("alice")),
            "{denied:?}"
        );
        let succeeded = events_of(&retrace, "auth.succeeded");
        let signed_in = succeeded
            .iter()
            .find(|event| event["data"]["method"] == json!("oidc"));
        let data = &signed_in.unwrap()["data"];
        assert_eq!(data["user"], json!("alice"));
        assert_eq!(data["groups"], json!(["dba", "linux"]));
        assert_eq!(data["address"], json!("127.0.0.1"));
    }
}

#[test]
fn a_restart_keeps_browsers_signed_in_and_signing_out_does_not() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    let address = server.address().to_owned();
    let (mut one, mut other) = (Browser::new(), Browser::new());
    for browser in [&mut one, &mut other] {
        assert_eq!(signs_in_with(browser, &server, &token).status(), 204);
    }
    let cookie = one.cookie(server.url(), "retrace-session").unwrap();
    assert!(!cookie.contains(&token[4..30]));
    assert!(server.terminate().success());

    let server = retrace.serve_at(&address);
    assert_eq!(who(&mut one, &server).unwrap()["name"], json!("tests"));
    let sign_out = one
        .request("DELETE", &format!("{}/v1/web-session", server.url()))
        .header("x-retrace-client", "web");
    assert_eq!(one.send(sign_out).status(), 204);
    assert_eq!(one.cookie(server.url(), "retrace-session"), None);
    // Whoever kept the cookie has nothing of it.
    one.set_cookie(server.url(), "retrace-session", &cookie);
    assert_eq!(who(&mut one, &server), None);
    assert!(who(&mut other, &server).is_some());

    let id = token.split('_').nth(1).unwrap();
    retrace.succeed(&["token", "revoke", id]);
    assert_eq!(who(&mut other, &server), None);
}

#[test]
fn a_browser_is_signed_out_when_it_was_idle_or_signed_in_for_too_long() {
    let retrace = Retrace::new();
    let token = retrace.token();
    retrace.set("sign_in.idle_s", "2");
    let server = retrace.serve();
    let mut browser = Browser::new();
    signs_in_with(&mut browser, &server, &token);
    for _ in 0..4 {
        std::thread::sleep(std::time::Duration::from_millis(900));
        assert!(who(&mut browser, &server).is_some());
    }
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(who(&mut browser, &server), None);
}

#[test]
fn what_a_provider_sends_must_prove_who_somebody_is() {
    let retrace = Retrace::new();
    give(&retrace, "user:mallory", "admin", &[]);
    give(&retrace, "user:admin", "admin", &[]);
    let mut command = retrace.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("RETRACE_OIDC_CLIENT_SECRET", "client secret");
    let server = retrace.serve_by(command);
    let Some(provider) = Provider::start("faulty.mjs", &[]) else {
        return;
    };
    retrace.succeed(&["settings", "set", "sign_in.failures_max", "0"]);
    points_at(&retrace, provider.issuer());
    let here = format!("{}{SIGN_IN}", server.url());
    for (fault, expected) in [
        ("none", None),
        ("state", Some("strayed")),
        ("mixed-up", Some("invalid")),
        ("refuses", Some("refused")),
        ("nonce", Some("invalid")),
        ("no-nonce", Some("invalid")),
        ("issuer", Some("invalid")),
        ("audience", Some("invalid")),
        ("audiences", Some("invalid")),
        ("expired", Some("invalid")),
        ("unsigned", Some("invalid")),
        ("secret", Some("invalid")),
        ("stranger", Some("invalid")),
        ("changed", Some("invalid")),
        // Its UserInfo endpoint tells of somebody else.
        ("name", Some("unavailable")),
        ("none", None),
    ] {
        provider.does_wrong(fault);
        let mut browser = Browser::new();
        let (led_to, _) = browser.open(&here);
        match expected {
            None => {
                assert_eq!(led_to.path(), "/", "{fault}: {led_to}");
                assert_eq!(
                    who(&mut browser, &server).unwrap()["user"],
                    json!("mallory")
                );
            }
            Some(word) => {
                assert_eq!(problem(&led_to).as_deref(), Some(word), "{fault}: {led_to}");
                assert_eq!(who(&mut browser, &server), None, "{fault}");
            }
        }
    }

    // A browser that was sent away cannot be answered for by another, nor twice.
    provider.does_wrong("none");
    let (mut one, mut other) = (Browser::new(), Browser::new());
    let away = one.send(one.request("GET", &here));
    let provider_page = away.headers()["location"].to_str().unwrap().to_owned();
    let back = one.send(one.request("GET", &provider_page));
    let back = back.headers()["location"].to_str().unwrap().to_owned();
    let (led_to, _) = other.open(&back);
    assert_eq!(problem(&led_to).as_deref(), Some("strayed"));
    let (led_to, _) = one.open(&back);
    assert_eq!(led_to.path(), "/");
    let (led_to, _) = one.open(&back);
    assert_eq!(problem(&led_to).as_deref(), Some("strayed"));
}

#[test]
fn a_provider_may_rotate_its_keys() {
    let retrace = Retrace::new();
    give(&retrace, "user:mallory", "admin", &[]);
    let server = retrace.serve();
    let Some(provider) = Provider::start("faulty.mjs", &[]) else {
        return;
    };
    points_at(&retrace, provider.issuer());
    let here = format!("{}{SIGN_IN}", server.url());
    let mut browser = Browser::new();
    assert_eq!(browser.open(&here).0.path(), "/");
    // Unknown keys make the server look again, but not at once after it looked.
    std::thread::sleep(std::time::Duration::from_secs(11));
    provider.does_wrong("rotated");
    assert_eq!(browser.open(&here).0.path(), "/");
}

#[test]
fn a_page_of_another_site_cannot_act_for_whoever_is_signed_in() {
    let retrace = Retrace::with_samples();
    let token = retrace.token();
    let server = retrace.serve();
    let mut browser = Browser::new();
    signs_in_with(&mut browser, &server, &token);
    let url = format!("{}/graphql", server.url());
    let question = json!({ "query": "{ log { size } }" });
    let own = server.url().to_owned();
    for (headers, status) in [
        (vec![], 403),
        (vec![("x-retrace-client", "web")], 200),
        (
            vec![("x-retrace-client", "web"), ("origin", own.as_str())],
            200,
        ),
        (
            vec![("x-retrace-client", "web"), ("origin", "https://evil.test")],
            403,
        ),
        (vec![("x-retrace-client", "web"), ("origin", "null")], 403),
        (
            vec![("x-retrace-client", "web"), ("sec-fetch-site", "same-site")],
            403,
        ),
        (
            vec![("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
            403,
        ),
    ] {
        let mut request = browser.request("POST", &url).json(&question);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(browser.send(request).status(), status, "{headers:?}");
    }
    // Nor sign it out, nor sign it in as somebody else.
    let session = format!("{}/v1/web-session", server.url());
    let out = browser.request("DELETE", &session);
    assert_eq!(browser.send(out).status(), 403);
    let other = browser
        .request("POST", &session)
        .header("origin", "https://evil.test")
        .json(&json!({ "token": token }));
    assert_eq!(browser.send(other).status(), 403);
    assert!(who(&mut browser, &server).is_some());
    // A channel is opened by our own pages only.
    let channel = |origin: Option<&str>| {
        let request = browser
            .request("GET", &session)
            .header("connection", "upgrade")
            .header("upgrade", "websocket");
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    for (origin, status) in [
        (None, 403),
        (Some("https://evil.test"), 403),
        (Some(own.as_str()), 200),
    ] {
        let response = channel(origin).send().unwrap();
        assert_eq!(response.status(), status, "{origin:?}");
    }
}

#[test]
fn over_tls_the_cookie_goes_nowhere_else() {
    let retrace = Retrace::new();
    let token = retrace.token();
    let server = retrace.serve();
    let mut browser = Browser::new();
    let response = browser
        .request("POST", &format!("{}/v1/web-session", server.url()))
        .header("x-forwarded-proto", "https")
        .json(&json!({ "token": token }))
        .send()
        .unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    for part in [
        "__Host-retrace-session=",
        "; Secure",
        "; HttpOnly",
        "; SameSite=Strict",
        "; Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    // What a neighbour's page put there for plain HTTP does not count over TLS.
    signs_in_with(&mut browser, &server, &token);
    let request = browser
        .request("GET", &format!("{}/v1/web-session", server.url()))
        .header("x-forwarded-proto", "https");
    assert_eq!(browser.send(request).status(), 401);
}

#[test]
fn whoever_fails_too_often_waits_and_a_token_that_works_does_not() {
    let retrace = Retrace::new();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    retrace.set("sign_in.failures_max", "3");
    retrace.set("sign_in.token_failures_max", "5");
    retrace.set("server.trusted_proxies", "127.0.0.0/8");
    let server = retrace.serve();
    let from = |address: &str, token: &str| {
        let request = server
            .post("/v1/web-session")
            .header("x-forwarded-for", address);
        request.json(&json!({ "token": token })).send().unwrap()
    };
    for _ in 0..3 {
        assert_eq!(from("192.0.2.1", "rtr_wrong").status(), 401);
    }
    let refused = from("192.0.2.1", &token);
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    assert_eq!(from("192.0.2.2", &token).status(), 204);

    // Tokens of programs: what fails waits, what works is answered.
    let question = json!({ "query": "{ log { size } }" });
    let ask = |token: &str| {
        let request = server.post("/graphql").bearer_auth(token);
        let request = request.header("x-forwarded-for", "192.0.2.7");
        request.json(&question).send().unwrap().status().as_u16()
    };
    let statuses: Vec<u16> = (0..7).map(|_| ask("rtr_nonsense")).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(ask(&token), 200);
    let launch = server
        .post("/v1/sessions")
        .bearer_auth(&recorder)
        .header("x-forwarded-for", "192.0.2.7")
        .json(&json!({}));
    assert_eq!(launch.send().unwrap().status(), 201);

    // One id, tried from many addresses.
    let guess = |number: usize| {
        let id = token.split('_').nth(1).unwrap();
        let made = text_with_checksum(&format!("rtr_{id}_{number:064x}"));
        let request = server.post("/graphql").bearer_auth(made);
        let request = request.header("x-forwarded-for", format!("198.51.100.{number}"));
        request.json(&question).send().unwrap().status().as_u16()
    };
    let statuses: Vec<u16> = (1..8).map(guess).collect();
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);

    assert!(server.terminate().success());
    let denied = events_of(&retrace, "auth.denied");
    let of = |address: &str| -> Vec<&Value> {
        let all = denied.iter().map(|event| &event["data"]);
        all.filter(|data| data["address"] == json!(address))
            .collect()
    };
    let many = of("192.0.2.7");
    assert_eq!(many.len(), 2, "{many:?}");
    assert_eq!(
        (&many[0]["count"], &many[1]["count"]),
        (&Value::Null, &json!(6))
    );
    assert_eq!(
        of("198.51.100.3")[0]["token"],
        json!(token.split('_').nth(1))
    );
}

fn text_with_checksum(body: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(body.as_bytes());
    format!("{body}_{}", hex::encode(&digest[..4]))
}

#[test]
fn a_scope_narrows_every_route() {
    let retrace = Retrace::with_samples();
    let admin = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let answer = server.graphql(
        &admin,
        "{ sessions(first: 100) { nodes { id user } } }",
        &json!({}),
    );
    let nodes = answer["data"]["sessions"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    let user = nodes
        .iter()
        .find_map(|node| node["user"].as_str())
        .unwrap()
        .to_owned();
    let (own, others): (Vec<&Value>, Vec<&Value>) =
        nodes.iter().partition(|node| node["user"] == json!(user));
    assert!(!own.is_empty() && !others.is_empty());
    let token = retrace.succeed(&[
        "token", "create", "--name", "own", "--role", "own", "--user", &user,
    ]);
    let token = token.trim();
    let answer = server.graphql(
        token,
        "{ sessions(first: 100) { totalCount nodes { id } } }",
        &json!({}),
    );
    assert_eq!(
        answer["data"]["sessions"]["totalCount"],
        json!(own.len()),
        "{answer}"
    );
    for (sessions, status) in [(&own, 200), (&others, 404)] {
        let id = sessions[0]["id"].as_str().unwrap();
        for path in ["asciicast", "ndjson"] {
            let path = format!("/v1/sessions/{id}/{path}");
            let response = server.get(&path).bearer_auth(token).send().unwrap();
            assert_eq!(response.status(), status, "{path}");
        }
        let path = format!("/v1/sessions/{id}/media/video.webm");
        let response = server.get(&path).bearer_auth(token).send().unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let answer = server.graphql(
            token,
            "query($id: ID!) { session(id: $id) { id } }",
            &json!({ "id": id }),
        );
        assert_eq!(
            answer["data"]["session"].is_null(),
            status == 404,
            "{answer}"
        );
    }
}

#[test]
fn grants_are_listed_as_of_any_time_and_tokens_with_their_last_use() {
    let retrace = Retrace::new();
    let first = give(
        &retrace,
        "user:alice",
        "admin",
        &["--reason", "she runs it"],
    );
    let second = give(
        &retrace,
        "group:dba",
        "auditor",
        &["--site", "berlin", "--expires-in", "1d"],
    );
    let all = retrace.json_lines(&["grant", "list", "--json"]);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["reason"], json!("she runs it"));
    assert_eq!(all[1]["scope"], json!({"sites": ["berlin"]}));
    retrace.succeed(&["grant", "withdraw", &first, "--reason", "left"]);
    let ids = |arguments: &[&str]| -> Vec<Value> {
        let grants = retrace.json_lines(arguments);
        grants.iter().map(|grant| grant["id"].clone()).collect()
    };
    assert_eq!(ids(&["grant", "list", "--json"]), [json!(second)]);
    let at = all[1]["givenAt"].as_str().unwrap();
    assert_eq!(
        ids(&["grant", "list", "--json", "--as-of", at]),
        [json!(first), json!(second)]
    );
    assert_eq!(
        ids(&["grant", "list", "--json", "--as-of-position", "0"]),
        [json!(first)]
    );
    assert_eq!(ids(&["grant", "list", "--json", "--all"]).len(), 2);
    for wrong in [
        ["grant", "give", "alice", "--role", "admin"],
        ["grant", "give", "user:a", "--role", "recorder"],
    ] {
        assert!(!retrace.run(&wrong).status.success(), "{wrong:?}");
    }

    let token = retrace.token();
    let listed = retrace.json_lines(&["token", "list", "--json"]);
    assert_eq!(listed[0]["lastUsedAt"], Value::Null);
    let server = retrace.serve();
    for _ in 0..5 {
        server.graphql(&token, "{ log { size } }", &json!({}));
    }
    heard();
    let listed = retrace.json_lines(&["token", "list", "--json"]);
    assert!(listed[0]["lastUsedAt"].is_string(), "{listed:?}");
    assert_eq!(listed[0]["lastUsedFrom"], json!("127.0.0.1"));
    assert!(token.starts_with(listed[0]["prefix"].as_str().unwrap()));
    drop(server);
    let uses = events_of(&retrace, "auth.succeeded");
    let of_token = |event: &&Value| event["data"]["token"] == listed[0]["id"];
    assert_eq!(uses.iter().filter(of_token).count(), 1);
}

/// The code of the first error of an answer.
fn code(answer: &Value) -> &str {
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn administrators_give_what_they_have_and_no_more() {
    let retrace = Retrace::new();
    let admin = retrace.token();
    let create = |more: &[&str]| {
        let mut arguments = vec!["token", "create", "--name", "x"];
        arguments.extend(more);
        retrace.succeed(&arguments).trim().to_owned()
    };
    let of_berlin = create(&["--site", "berlin"]);
    let for_a_day = create(&["--expires-in", "1d"]);
    let auditor = create(&["--role", "auditor"]);
    let history = create(&["--role", "history"]);
    let server = retrace.serve();
    let ask = |token: &str, question: &str| server.graphql(token, question, &json!({}));

    let me = ask(
        &of_berlin,
        "{ viewer { name user groups roles rights everywhere: rights(everywhere: true)
            grants { role scope { sites } } } }",
    );
    let me = &me["data"]["viewer"];
    assert_eq!(me["roles"], json!(["ADMIN"]), "{me}");
    assert_eq!(me["everywhere"], json!([]));
    assert_eq!(me["rights"].as_array().unwrap().len(), 12);
    assert_eq!(me["grants"][0]["scope"]["sites"], json!(["berlin"]));

    let give = |role: &str, more: &str| {
        format!(
            r#"mutation {{ giveGrant(input: {{to: "group:dba", role: {role}{more}}}) {{ id to role position }} }}"#
        )
    };
    let make = |role: &str, more: &str| {
        format!(
            r#"mutation {{ createToken(input: {{name: "made", role: {role}{more}}}) {{ text token {{ id prefix lastUsedAt }} }} }}"#
        )
    };
    let berlin = r#", scope: {sites: ["berlin"]}"#;
    let far = r#", expiresAt: "2100-01-01T00:00:00Z""#;
    let soon = "2026-01-01T00:00:00Z";
    for (token, question, expected) in [
        (&admin, give("ADMIN", ""), None),
        (&admin, make("SIEM", far), None),
        (&of_berlin, give("AUDITOR", berlin), None),
        (&of_berlin, give("AUDITOR", ""), Some("FORBIDDEN")),
        (
            &of_berlin,
            give("AUDITOR", r#", scope: {sites: ["paris"]}"#),
            Some("FORBIDDEN"),
        ),
        (&of_berlin, make("ADMIN", ""), Some("FORBIDDEN")),
        (&of_berlin, make("ADMIN", berlin), None),
        (&of_berlin, make("RECORDER", ""), Some("FORBIDDEN")),
        (&of_berlin, make("RECORDER", r#", site: "berlin""#), None),
        (&for_a_day, give("HISTORY", ""), Some("FORBIDDEN")),
        (&for_a_day, make("HISTORY", far), Some("FORBIDDEN")),
        (&auditor, give("HISTORY", ""), Some("FORBIDDEN")),
        (&auditor, make("HISTORY", ""), Some("FORBIDDEN")),
        (&admin, make("OWN", ""), Some("INVALID_ARGUMENT")),
        (&admin, make("UPLOAD", ""), Some("INVALID_ARGUMENT")),
        (&admin, give("RECORDER", ""), Some("INVALID_ARGUMENT")),
        (
            &admin,
            give("ADMIN", &format!(r#", expiresAt: "{soon}""#)),
            Some("INVALID_ARGUMENT"),
        ),
    ] {
        let answer = ask(token, &question);
        match expected {
            None => assert!(answer["errors"].is_null(), "{question}: {answer}"),
            Some(expected) => assert_eq!(code(&answer), expected, "{question}: {answer}"),
        }
    }

    // What is listed is what they could have given; auditors see all, others nothing.
    let list = "{ tokens { id name role lastUsedAt } grants { id role } }";
    let count = |token: &str| {
        let answer = ask(token, list);
        ["tokens", "grants"].map(|name| answer["data"][name].as_array().map(Vec::len))
    };
    assert_eq!(count(&admin), [Some(8), Some(2)]);
    assert_eq!(count(&auditor), [Some(8), Some(2)]);
    assert_eq!(count(&of_berlin), [Some(3), Some(1)]);
    assert_eq!(code(&ask(&history, list)), "FORBIDDEN");
    assert_eq!(code(&ask(&history, "{ settings { name } }")), "FORBIDDEN");

    // What was made works, until it is revoked.
    let made = ask(&admin, &make("AUDITOR", ""));
    let made = &made["data"]["createToken"];
    let text = made["text"].as_str().unwrap();
    assert_eq!(count(text)[1], Some(2));
    let id = made["token"]["id"].as_str().unwrap();
    let revoke = format!(r#"mutation {{ revokeToken(id: "{id}") {{ revokedAt }} }}"#);
    assert_eq!(code(&ask(&of_berlin, &revoke)), "NOT_FOUND");
    assert!(ask(&admin, &revoke)["data"]["revokeToken"]["revokedAt"].is_string());
    let after = server
        .post("/graphql")
        .bearer_auth(text)
        .json(&json!({ "query": list }));
    assert_eq!(after.send().unwrap().status(), 401);

    // A grant, before and after it was withdrawn.
    let grants = ask(&admin, "{ grants { id role position } }");
    let unscoped = &grants["data"]["grants"][0];
    let withdraw = format!(
        r#"mutation {{ withdrawGrant(id: {}, reason: "done") {{ withdrawnBy withdrawnFor }} }}"#,
        unscoped["id"]
    );
    assert_eq!(code(&ask(&of_berlin, &withdraw)), "NOT_FOUND");
    let withdrawn = ask(&admin, &withdraw);
    assert_eq!(
        withdrawn["data"]["withdrawGrant"]["withdrawnFor"],
        json!("done"),
        "{withdrawn}"
    );
    let as_of = format!("{{ grants(asOf: {}) {{ id }} }}", unscoped["position"]);
    assert_eq!(
        ask(&admin, &as_of)["data"]["grants"][0]["id"],
        unscoped["id"]
    );
    assert_eq!(count(&admin)[1], Some(1));
}

#[test]
fn settings_are_listed_and_changed_by_those_who_may() {
    let retrace = Retrace::new();
    let admin = retrace.token();
    let auditor = retrace.succeed(&["token", "create", "--name", "eve", "--role", "auditor"]);
    let auditor = auditor.trim();
    let server = retrace.serve();
    let ask = |token: &str, question: &str| server.graphql(token, question, &json!({}));
    let change =
        r#"mutation { changeSetting(name: "sign_in.length_s", value: "8h") { value isChanged } }"#;
    assert_eq!(code(&ask(auditor, change)), "FORBIDDEN");
    let changed = ask(&admin, change);
    assert_eq!(
        changed["data"]["changeSetting"],
        json!({"value": "8h", "isChanged": true})
    );
    for (name, value) in [
        ("sign_in.length_s", "soon"),
        ("nothing.here", "1"),
        ("oidc.issuer", "http://id.example.com"),
    ] {
        let question = format!(
            r#"mutation {{ changeSetting(name: "{name}", value: "{value}") {{ value }} }}"#
        );
        assert_eq!(code(&ask(&admin, &question)), "INVALID_ARGUMENT");
    }
    let listed = ask(
        auditor,
        r#"{ settings(group: "sign_in") { name value defaultValue kind expected help }
        settingChanges(name: "sign_in.length_s") { by old new } }"#,
    );
    let settings = listed["data"]["settings"].as_array().unwrap();
    assert!(settings.len() >= 6, "{listed}");
    assert_eq!(
        listed["data"]["settingChanges"],
        json!([{"by": "tests", "old": "12h", "new": "8h"}])
    );
}

#[test]
fn people_see_and_end_their_own_browsers_and_administrators_those_of_all() {
    let retrace = Retrace::new();
    let token = retrace.token();
    let other = retrace.succeed(&["token", "create", "--name", "eve", "--role", "history"]);
    let server = retrace.serve();
    let (mut one, mut two, mut eve) = (Browser::new(), Browser::new(), Browser::new());
    signs_in_with(&mut one, &server, &token);
    signs_in_with(&mut two, &server, &token);
    signs_in_with(&mut eve, &server, other.trim());
    let own = "{ viewer { browsers { id who isThis address } } }";
    let browsers = |browser: &mut Browser| {
        let (_, answer) = asks(browser, &server, own);
        answer["data"]["viewer"]["browsers"]
            .as_array()
            .unwrap()
            .clone()
    };
    let of_one = browsers(&mut one);
    assert_eq!(of_one.len(), 2);
    assert_eq!(
        of_one
            .iter()
            .filter(|browser| browser["isThis"] == json!(true))
            .count(),
        1
    );
    assert_eq!(of_one[0]["address"], json!("127.0.0.1"));
    let id_of_two = of_one
        .iter()
        .find(|browser| browser["isThis"] == json!(false))
        .unwrap()["id"]
        .clone();
    let end = |id: &Value| format!("mutation {{ signOutBrowser(id: {id}) }}");

    let (_, answer) = asks(&mut eve, &server, &end(&id_of_two));
    assert_eq!(code(&answer), "FORBIDDEN");
    assert!(who(&mut two, &server).is_some());
    let (_, answer) = asks(&mut one, &server, &end(&id_of_two));
    assert_eq!(answer["data"]["signOutBrowser"], json!(true), "{answer}");
    assert_eq!(who(&mut two, &server), None);
    let (_, answer) = asks(&mut one, &server, &end(&id_of_two));
    assert_eq!(answer["data"]["signOutBrowser"], json!(false), "{answer}");

    let of_eve = browsers(&mut eve)[0]["id"].clone();
    let (_, answer) = asks(&mut eve, &server, "{ browsers { id } }");
    assert_eq!(code(&answer), "FORBIDDEN");
    let (_, answer) = asks(&mut one, &server, "{ browsers { id who } }");
    assert_eq!(answer["data"]["browsers"].as_array().unwrap().len(), 2);
    let (_, answer) = asks(&mut one, &server, &end(&of_eve));
    assert_eq!(answer["data"]["signOutBrowser"], json!(true), "{answer}");
    assert_eq!(who(&mut eve, &server), None);
}

#[test]
fn what_is_withdrawn_ends_connections_that_are_open() {
    let retrace = Retrace::new();
    let grant = give(&retrace, "group:evil", "auditor", &[]);
    let server = retrace.serve();
    let Some(provider) = Provider::start("faulty.mjs", &[]) else {
        return;
    };
    points_at(&retrace, provider.issuer());
    let mut browser = Browser::new();
    browser.open(&format!("{}{SIGN_IN}", server.url()));
    let cookie = browser.cookie(server.url(), "retrace-session").unwrap();
    let cookie = format!("retrace-session={cookie}");
    let headers = [("cookie", cookie.as_str()), ("origin", server.url())];
    let connected = || {
        let mut socket = Socket::open(&server, &headers).unwrap();
        socket.say(&json!({ "type": "connection_init" }));
        assert_eq!(socket.message().unwrap()["type"], json!("connection_ack"));
        socket
    };
    let mut socket = connected();
    // More is another sight: whoever connects again has it.
    let more = give(&retrace, "user:mallory", "operator", &[]);
    assert!(socket.closed().1.contains("changed"));
    let mut socket = connected();
    retrace.succeed(&["grant", "withdraw", &more]);
    assert!(socket.closed().1.contains("changed"));
    let mut socket = connected();
    retrace.succeed(&["grant", "withdraw", &grant]);
    let (code, reason) = socket.closed();
    assert_eq!(code, 4403);
    assert!(reason.contains("nothing is granted"), "{reason}");
}
