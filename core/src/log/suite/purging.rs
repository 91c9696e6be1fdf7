//! What every store must do when what was recorded of a session is destroyed.

use std::sync::Arc;

use tokio::task::block_in_place;

use super::{Fresh, append};
use crate::event::{EventBody, EventType, RetentionPurged};
use crate::id::{Position, SessionId, SourceName, StreamName, StreamVersion};
use crate::log::merkle::root_from_inclusion;
use crate::log::{AppendError, EventLog, Purge, PurgeError, StoredLog};
use crate::time::Timestamp;

fn of_session(session: SessionId, source: &str) -> StreamName {
    StreamName::of_session(session, &SourceName::new(source).unwrap())
}

fn purge_of(session: SessionId, control_version: u64) -> Purge {
    Purge {
        session,
        control_version: StreamVersion(control_version),
        at: Timestamp::now(),
        said: RetentionPurged {
            by: "policy".to_owned(),
            reason: "older than a day".to_owned(),
            ..RetentionPurged::default()
        },
    }
}

/// Two sessions with what was recorded of them, what the server wrote about them, and something beside them.
async fn two_sessions(log: &StoredLog) -> [SessionId; 2] {
    let sessions = two_sessions_of(log).await;
    log.append(append("settings/other", 0, &["beside"]))
        .await
        .unwrap();
    sessions
}

/// Two sessions with what was recorded of them, and what the server wrote about them.
async fn two_sessions_of(log: &StoredLog) -> [SessionId; 2] {
    let sessions = [SessionId::launched_now(), SessionId::launched_now()];
    for session in sessions {
        let labels = ["told by the recorder"; 3];
        for name in [
            of_session(session, "agent"),
            StreamName::control_of(session),
        ] {
            log.append(append(name.as_str(), 0, &labels)).await.unwrap();
        }
    }
    sessions
}

pub(in crate::log) async fn a_purge_destroys_what_was_recorded_and_keeps_every_proof(fresh: Fresh) {
    let Fresh { log, other } = fresh;
    let [gone, kept] = two_sessions(&log).await;
    let before = log.read(Position(0), usize::MAX).await.unwrap();
    let (size, root) = {
        let checkpoint = log.head().await.unwrap().checkpoint;
        (checkpoint.size, checkpoint.root)
    };
    // Both nodes have read everything, keys and events.
    assert_eq!(other.read(Position(0), usize::MAX).await.unwrap().len(), 13);

    let purged = log.purge(purge_of(gone, 3)).await.unwrap();
    assert_eq!((purged.events, purged.log_size), (3, Position(14)));
    assert!(log.is_purged(gone).await.unwrap());
    assert!(!log.is_purged(kept).await.unwrap());
    assert!(matches!(
        log.purge(purge_of(gone, 4)).await,
        Err(PurgeError::Purged(_))
    ));
    let nobody = SessionId::launched_now();
    assert!(matches!(
        log.purge(purge_of(nobody, 0)).await,
        Err(PurgeError::NoSession(_))
    ));

    // The other node hears of it as of any event, and has forgotten what it read.
    assert_eq!(other.grown_past(Position(13)).await.unwrap(), Position(14));
    for log in [&log, &other] {
        let after = log.read(Position(0), usize::MAX).await.unwrap();
        assert_eq!(after.len(), 14);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.position(), after.position());
            assert_eq!(
                (before.stream(), before.version()),
                (after.stream(), after.version())
            );
            assert_eq!(before.leaf_hash(), after.leaf_hash());
            let is_gone = *before.stream() == of_session(gone, "agent");
            assert_eq!(after.is_destroyed(), is_gone, "{}", after.position());
            if is_gone {
                assert_eq!(
                    (after.kind(), after.data()),
                    (&EventType::DESTROYED, &b"{}"[..])
                );
                let line = String::from_utf8(after.leaf()).unwrap();
                assert!(line.contains("\"redacted\":true"), "{line}");
                assert!(!line.contains("told by"), "{line}");
            } else {
                assert_eq!(before.leaf(), after.leaf());
            }
        }
        let EventBody::RetentionPurged(said) = after[13].body().unwrap() else {
            panic!("{}", after[13].kind())
        };
        assert_eq!((said.events, &*said.by), (Some(3), "policy"));
        let position = before[1].position();
        let proof = log.inclusion_proof(position, size).await.unwrap().unwrap();
        let leaf = before[1].leaf_hash();
        assert_eq!(
            root_from_inclusion(leaf, position.0, size.0, &proof),
            Some(root)
        );
        let none = log
            .receipt(&of_session(gone, "agent"), StreamVersion(2))
            .await;
        assert!(none.unwrap().is_none());
        let verified = block_in_place(|| log.verify(&[], |_, _| {})).unwrap();
        assert_eq!(
            (verified.checkpoint.size, verified.purged),
            (Position(14), 3)
        );
    }

    // Nothing can be added to what was recorded; what the server says goes on.
    let name = of_session(gone, "agent");
    for refused in [
        append(name.as_str(), 0, &["told by the recorder"; 3]),
        append(name.as_str(), 3, &["late"]),
        append(of_session(gone, "late").as_str(), 0, &["late"]),
    ] {
        let refused = other.append(refused).await;
        assert!(matches!(refused, Err(AppendError::Purged { session }) if session == gone));
    }
    let control = StreamName::control_of(gone);
    other
        .append(append(control.as_str(), 4, &["later"]))
        .await
        .unwrap();
    let said = log
        .read_stream(&control, StreamVersion(0), 9)
        .await
        .unwrap();
    assert_eq!(said.len(), 5);
    assert_eq!(said[4].data(), br#"{"label":"later"}"#);
    block_in_place(|| log.verify(&[], |_, _| {})).unwrap();

    // The rest is opened by a later master key as ever; what is destroyed stays so.
    let keys = crate::seal::keys::MasterKeys::parse(&log.keys().master().to_secret_text());
    let rotated = keys.unwrap().with_fresh_key().unwrap();
    assert_eq!(block_in_place(|| log.rewrap_keys(&rotated)).unwrap(), 2);
    assert!(log.is_purged(gone).await.unwrap());
}

pub(in crate::log) async fn a_node_that_remembers_the_key_seals_nothing_under_it_any_more(
    fresh: Fresh,
) {
    let Fresh { log, other } = fresh;
    let [gone, kept] = two_sessions(&log).await;
    // The other node has the key, and knows the end of the log.
    let name = of_session(gone, "agent");
    other
        .append(append(name.as_str(), 3, &["before"]))
        .await
        .unwrap();
    other
        .append(append("settings/other", 1, &["before"]))
        .await
        .unwrap();
    log.purge(purge_of(gone, 3)).await.unwrap();
    let late = other.append(append(name.as_str(), 4, &["late"])).await;
    assert!(matches!(late, Err(AppendError::Purged { .. })), "{late:?}");
    let control = StreamName::control_of(gone);
    other
        .append(append(control.as_str(), 4, &["after"]))
        .await
        .unwrap();
    let agent = of_session(kept, "agent");
    other
        .append(append(agent.as_str(), 3, &["after"]))
        .await
        .unwrap();
    for node in [&log, &other] {
        let said = node
            .read_stream(&control, StreamVersion(4), 9)
            .await
            .unwrap();
        assert_eq!(said[0].data(), br#"{"label":"after"}"#);
        block_in_place(|| node.verify(&[], |_, _| {})).unwrap();
    }
}

pub(in crate::log) async fn a_purge_is_refused_when_something_was_said_since(fresh: Fresh) {
    let Fresh { log, other } = fresh;
    let [session, _] = two_sessions(&log).await;
    let control = StreamName::control_of(session);
    other
        .append(append(control.as_str(), 3, &["held"]))
        .await
        .unwrap();
    let size = log.head().await.unwrap().size;
    assert!(matches!(
        log.purge(purge_of(session, 3)).await,
        Err(PurgeError::Conflict(_))
    ));
    assert_eq!(log.head().await.unwrap().size, size);
    assert!(!log.is_purged(session).await.unwrap());
    let events = log.read(Position(0), usize::MAX).await.unwrap();
    assert!(events.iter().all(|event| !event.is_destroyed()));
}

pub(in crate::log) async fn nobody_who_reads_or_appends_minds_a_purge(fresh: Fresh) {
    const SESSIONS: usize = 25;
    let Fresh { log, other } = fresh;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.extend(two_sessions_of(&log).await);
    }
    let (gone, kept) = sessions.split_at(SESSIONS);
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reader = tokio::spawn({
        let (other, done) = (other.clone(), Arc::clone(&done));
        async move {
            let mut reads = 0;
            while !done.load(std::sync::atomic::Ordering::Acquire) || reads == 0 {
                let size = other.head().await.unwrap().size.0;
                let read = other.read(Position(0), size as usize).await.unwrap();
                assert_eq!(read.len() as u64, size);
                reads += 1;
            }
        }
    });
    let appender = tokio::spawn({
        let (other, kept) = (other.clone(), kept.to_vec());
        async move {
            for round in 0..10 {
                for session in &kept {
                    let name = of_session(*session, "agent");
                    other
                        .append(append(name.as_str(), 3 + round, &["more"]))
                        .await
                        .unwrap();
                }
            }
        }
    });
    for session in gone {
        log.purge(purge_of(*session, 3)).await.unwrap();
    }
    appender.await.unwrap();
    done.store(true, std::sync::atomic::Ordering::Release);
    reader.await.unwrap();
    for node in [&log, &other] {
        let verified = block_in_place(|| node.verify(&[], |_, _| {})).unwrap();
        assert_eq!(verified.purged, 3 * SESSIONS as u64);
        for session in kept {
            let name = of_session(*session, "agent");
            let events = node.read_stream(&name, StreamVersion(0), 99).await.unwrap();
            assert!(events.len() == 13 && events.iter().all(|event| !event.is_destroyed()));
        }
    }
}
