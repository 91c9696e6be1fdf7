use retrace_scratch_postgres::PostgresServer;

use super::*;
use crate::id::LogId;
use crate::log::suite::{Fresh, event_log_suite};
use crate::log::{Append, EventLog, LogKeys, StoredLog};
use crate::{StreamName, StreamVersion};

async fn for_test() -> (Fresh, PostgresServer) {
    let server = PostgresServer::start().unwrap();
    let keys = LogKeys::generate().unwrap();
    // Two nodes that start together on an empty database.
    let (url, again) = (server.url(), keys.again());
    let (log, other) = tokio::join!(
        StoredLog::open_postgres(&url, keys),
        StoredLog::open_postgres(&url, again)
    );
    let fresh = Fresh {
        log: log.unwrap(),
        other: other.unwrap(),
    };
    (fresh, server)
}

event_log_suite!(for_test().await);

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_another_log_is_refused() {
    let (_fresh, server) = for_test().await;
    let other = LogKey::generate(LogId::new_random()).unwrap();
    let refused = PostgresStore::open(&server.url(), &other).await;
    assert!(matches!(refused, Err(StoreError::Damaged(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_the_layout_before_is_taken_on() {
    let server = PostgresServer::start().unwrap();
    let keys = LogKeys::generate().unwrap();
    let url = server.url();
    let open = |keys| StoredLog::open_postgres(&url, keys);
    drop(open(keys.again()).await.unwrap());
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let before = "ALTER TABLE heads DROP COLUMN purges; UPDATE retrace_schema SET version = 1";
    sqlx::raw_sql(before)
        .execute(&mut connection)
        .await
        .unwrap();
    let log = open(keys).await.unwrap();
    assert_eq!(log.head().await.unwrap().size, Position(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again_and_nothing_is_stored_twice() {
    let mut server = PostgresServer::start().unwrap();
    let log = StoredLog::open_postgres(&server.url(), LogKeys::generate().unwrap())
        .await
        .unwrap();
    let append = |version| Append {
        stream: StreamName::new("a").unwrap(),
        first_version: StreamVersion(version),
        events: crate::event::EventBatch::of(
            Timestamp::from_micros(0).unwrap(),
            crate::event::MarkerSet {
                label: format!("{version}"),
            },
        )
        .unwrap(),
    };
    log.append(append(0)).await.unwrap();
    server.kill().unwrap();
    // A process of the server may live on for a moment, and take it.
    let _ = log.append(append(1)).await;
    server.restart().unwrap();
    for version in [0, 1, 2] {
        log.append(append(version)).await.unwrap();
    }
    let next = log.next_version(&append(0).stream).await.unwrap();
    assert_eq!(next, StreamVersion(3));
    tokio::task::block_in_place(|| log.verify(&[], |_, _| {})).unwrap();
}
