use std::collections::BTreeMap;

use retrace_core::data_dir::DataDir;
use retrace_core::event::Event;
use retrace_core::settings::{Value, definition};
use serde_json::Value as Json;

use super::*;
use crate::tokens::Viewer;

struct At {
    accesses: Arc<Accesses>,
    log: Arc<dyn EventLog>,
    settings: Arc<SettingsBook>,
    _dir: tempfile::TempDir,
}

async fn at() -> At {
    let dir = tempfile::tempdir().unwrap();
    let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
    let log: Arc<dyn EventLog> = Arc::new(log);
    let settings = Arc::new(SettingsBook::new(Arc::clone(&log)));
    At {
        accesses: Arc::new(Accesses::new(Arc::clone(&log), Arc::clone(&settings))),
        log,
        settings,
        _dir: dir,
    }
}

fn viewer(token: &str) -> Viewer {
    Viewer {
        token_id: token.to_owned(),
        name: format!("who has {token}"),
        expires_at: None,
        sight: Arc::default(),
        address: Some("192.0.2.7".to_owned()),
        reason: None,
        user: None,
        groups: Vec::new(),
        browser: None,
        reveal: None,
    }
}

impl At {
    /// The accesses in the log: type and data.
    async fn written(&self) -> Vec<(String, Json)> {
        let events = self.log.read(Position(0), 1_000).await.unwrap();
        let access = |event: &&Event| event.stream().as_str().contains("access");
        let shown = |event: &Event| {
            let data = serde_json::from_slice(event.data()).unwrap();
            (event.kind().as_str().to_owned(), data)
        };
        events.iter().filter(access).map(shown).collect()
    }

    async fn set(&self, name: &str, text: &str) {
        let value: Value = definition(name).unwrap().parse(text).unwrap();
        self.settings.set(name, &value, "test").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn looks_at_once_are_one_event_and_what_follows_is_counted() {
    let at = at().await;
    let (session, other) = (SessionId::launched_now(), SessionId::launched_now());
    let mut looks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let accesses = Arc::clone(&at.accesses);
        looks.spawn(async move { accesses.viewed(&viewer("a"), session, "screen").await });
    }
    for look in looks.join_all().await {
        look.unwrap();
    }
    at.accesses
        .viewed(&viewer("a"), session, "timeline")
        .await
        .unwrap();
    at.accesses
        .viewed(&viewer("b"), session, "screen")
        .await
        .unwrap();
    at.accesses
        .viewed(&viewer("a"), other, "screen")
        .await
        .unwrap();
    assert_eq!(at.written().await.len(), 3);

    at.accesses.close().await;
    let written = at.written().await;
    assert_eq!(written.len(), 4, "{written:?}");
    let (kind, counted) = &written[3];
    assert_eq!(kind, "recording.viewed");
    assert_eq!(counted["looks"], 20);
    assert_eq!(counted["what"], serde_json::json!(["screen", "timeline"]));
    assert_eq!(counted["address"], "192.0.2.7");
    assert_eq!(written[0].1["what"], serde_json::json!(["screen"]));
    assert!(counted["since"].is_string());
}

#[tokio::test]
async fn a_reason_is_said_once_where_the_policy_wants_one() {
    let at = at().await;
    at.set("access.reason_required", "true").await;
    let session = SessionId::launched_now();
    let without = at.accesses.viewed(&viewer("a"), session, "screen").await;
    assert!(matches!(without, Err(AccessError::ReasonNeeded)));
    let without = at
        .accesses
        .downloaded(&viewer("a"), session, "x.cast")
        .await;
    assert!(matches!(without, Err(AccessError::ReasonNeeded)));

    let with = Viewer {
        reason: Some("ticket 4711".to_owned()),
        ..viewer("a")
    };
    at.accesses.viewed(&with, session, "opened").await.unwrap();
    at.accesses
        .viewed(&viewer("a"), session, "screen")
        .await
        .unwrap();
    at.accesses
        .downloaded(&viewer("a"), session, "x.cast")
        .await
        .unwrap();
    let others = at.accesses.viewed(&viewer("b"), session, "screen").await;
    assert!(matches!(others, Err(AccessError::ReasonNeeded)));
    let written = at.written().await;
    let reasons: Vec<&Json> = written.iter().map(|(_, data)| &data["reason"]).collect();
    assert_eq!(reasons, ["ticket 4711", "ticket 4711"]);
}

#[tokio::test]
async fn another_reason_or_another_address_is_another_look() {
    let at = at().await;
    let session = SessionId::launched_now();
    let mut who = viewer("a");
    at.accesses.viewed(&who, session, "screen").await.unwrap();
    at.accesses.viewed(&who, session, "screen").await.unwrap();
    who.reason = Some("ticket".to_owned());
    at.accesses.viewed(&who, session, "screen").await.unwrap();
    who.address = Some("192.0.2.8".to_owned());
    at.accesses.viewed(&who, session, "screen").await.unwrap();
    let looks: Vec<Json> = at
        .written()
        .await
        .into_iter()
        .map(|(_, data)| data["looks"].clone())
        .collect();
    assert_eq!(looks, [Json::Null, 1.into(), Json::Null, Json::Null]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_searches_at_once_are_an_event_each() {
    let at = at().await;
    let mut searches = tokio::task::JoinSet::new();
    for number in 0..200_u64 {
        let accesses = Arc::clone(&at.accesses);
        searches.spawn(async move {
            let text = format!("word {number}");
            accesses.searched(&viewer("a"), &text, None, number).await
        });
    }
    for search in searches.join_all().await {
        search.unwrap();
    }
    let mut found = BTreeMap::new();
    for (kind, data) in at.written().await {
        assert_eq!(kind, "search.performed");
        found.insert(data["hits"].as_u64().unwrap(), data["text"].clone());
    }
    assert_eq!(found.len(), 200);
}

#[tokio::test]
async fn what_is_not_allowed_is_written_down_once_and_counted() {
    let at = at().await;
    for _ in 0..3 {
        at.accesses
            .denied(&viewer("a"), "session/x", Some(Right::Control))
            .await;
    }
    at.accesses.denied(&viewer("a"), "session/y", None).await;
    at.accesses.close().await;
    let written = at.written().await;
    let counts: Vec<&Json> = written.iter().map(|(_, data)| &data["looks"]).collect();
    assert_eq!(counts, [&Json::Null, &Json::Null, &2.into()]);
    assert_eq!(written[0].1["right"], "control");
    assert!(written.iter().all(|(kind, _)| kind == "access.denied"));
}
