//! A list is read at once: the stores are not asked again for each of its items.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use retrace_core::data_dir::DataDir;
use retrace_core::event::{
    EndReason, EventBatch, EventBody, MarkerSet, SessionEnded, SessionLaunched,
};
use retrace_core::log::{Append, EventLog};
use retrace_core::{SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::server::{App, router};
use crate::tokens::NewToken;

/// What lists of the web UI ask for.
const QUESTIONS: [(&str, &str); 3] = [
    (
        "sessions",
        "query($first: Int!) { sessions(first: $first) { nodes { id title user state counts { events }
            review { reviewedAt assignee } gaps activityMap(buckets: 60) { bucketMs } } } }",
    ),
    (
        "search",
        "query($first: Int!) { search(text: \"checkpoint\", first: $first) { totalCount
            nodes { offsetMs session { id title user } snippet { runs { text match } } } } }",
    ),
    (
        "searchSessions",
        "query($first: Int!) { searchSessions(text: \"checkpoint\", first: $first, hits: 2) {
            nodes { hitCount session { id title user activityMap(buckets: 60) { bucketMs } }
                hits { offsetMs } } } }",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_many_is_read_about_as_often_as_a_list_of_few() {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::new(dir.path());
    let stored = data.open_or_create_log().await.unwrap();
    let log: Arc<dyn EventLog> = Arc::new(stored.clone());
    for _ in 0..60 {
        append(&*log).await;
    }
    let blobs = data.blobs_of(&stored);
    let models = data.read_models();
    let projections = Projections::start(Arc::clone(&log), blobs, &models).await;
    let projections = projections.unwrap();
    let size = log.head().await.unwrap().size;
    projections.caught_up_with(size).await.unwrap();
    let reader = Reader::open(&models, Arc::clone(&log));
    let app = App::new(&data, stored, reader.clone(), Arc::new(projections)).unwrap();
    let token = app.tokens.create(NewToken::admin("test"), "test").await;
    let token = token.unwrap();
    let router = router(app);
    for (list, query) in QUESTIONS {
        let mut reads = Vec::new();
        for first in [3, 50] {
            let before = reader.store_reads();
            let body = json!({"query": query, "variables": {"first": first}}).to_string();
            let request = Request::post("/graphql")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json")
                .body(Body::from(body))
                .unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let answer = to_bytes(response.into_body(), 64 << 20).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert_eq!(answer["errors"], Value::Null, "{list}");
            let nodes = answer["data"][list]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), first, "{list}");
            reads.push(reader.store_reads() - before);
        }
        // A loader gathers for a millisecond: on a busy machine one list makes a few batches.
        assert!(reads[1] <= reads[0] + 10, "{list}: {reads:?}");
    }
}

/// A session with a few events.
async fn append(log: &dyn EventLog) {
    let session = SessionId::launched_now();
    let mut events = EventBatch::new();
    let launched = SessionLaunched {
        user: Some("ops".to_owned()),
        ..SessionLaunched::default()
    };
    let marker = |n: u8| MarkerSet {
        label: format!("checkpoint {n}"),
    };
    let ended = SessionEnded {
        reason: EndReason::User,
        exit_status: Some(0),
    };
    let bodies: [EventBody; 4] = [
        launched.into(),
        marker(1).into(),
        marker(2).into(),
        ended.into(),
    ];
    for body in bodies {
        events.push(Timestamp::now(), body).unwrap();
    }
    let append = Append {
        stream: StreamName::of_session(session, &SourceName::new("agent").unwrap()),
        first_version: StreamVersion(0),
        events,
    };
    log.append(append).await.unwrap();
}
