use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use retrace_core::event::{Event, EventBody};

use super::*;
use crate::store::Schema;
use crate::testing::{TestLog, any_body, content, purged, session, typed, written};

/// Any event that a read model looks at, the one that takes everything out included.
fn any_body_or_purge() -> impl Strategy<Value = EventBody> {
    prop_oneof![40 => any_body(), 1 => Just(purged())]
}

const SQLITE_MODELS: [Schema; 3] = [sessions::SCHEMA, activity::SCHEMA, screens::SCHEMA];

fn model(name: &str) -> &'static Model {
    MODELS.iter().find(|model| model.name == name).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_model_has_the_same_rows_however_the_log_is_cut_and_whenever_it_was_opened(
        appends in prop::collection::vec(
            (0..3_u8, 0..2_usize, prop::collection::vec((any_body_or_purge(), -2_000_000..9_000_000_i64), 1..30)),
            1..12,
        ),
        cuts in prop::collection::vec(1..40_usize, 1..6),
    ) {
        let test = TestLog::new();
        let mut at_us = 0;
        for (number, source, events) in appends {
            let events = events.into_iter().map(|(body, pause_us)| {
                at_us += pause_us;
                (at_us, body)
            });
            test.append(session(number), ["agent", "proxy"][source], events);
        }
        for schema in SQLITE_MODELS {
            let (whole, cut) = (test.around("whole"), test.around("cut"));
            let mut projection = (model(schema.name).open)(&whole).unwrap();
            test.feed(projection.as_mut(), &[100_000]);
            for size in cuts.iter().cycle() {
                let mut reopened = (model(schema.name).open)(&cut).unwrap();
                let read = test.log.read(reopened.checkpoint(), *size);
                let events = test.runtime.block_on(read).unwrap();
                if events.is_empty() {
                    break;
                }
                reopened.apply(&events).unwrap();
            }
            let (whole, cut) = (content(&whole.dir, &schema), content(&cut.dir, &schema));
            prop_assert_eq!(whole, cut, "{}", schema.name);
        }
    }
}

#[test]
fn a_batch_is_applied_once_and_a_gap_is_refused() {
    let test = TestLog::new();
    test.append(
        session(1),
        "agent",
        (0..10).map(|second| (second * 1_000_000, typed("x"))),
    );
    let events = test
        .runtime
        .block_on(test.log.read(Position(0), 10))
        .unwrap();
    for schema in SQLITE_MODELS {
        let at = test.around("models");
        let mut projection = (model(schema.name).open)(&at).unwrap();
        projection.apply(&events[..6]).unwrap();
        let after_six = content(&at.dir, &schema);
        projection.apply(&events[2..5]).unwrap();
        projection.apply(&[]).unwrap();
        assert_eq!(content(&at.dir, &schema), after_six, "{}", schema.name);
        let gap = projection.apply(&events[8..]);
        assert!(
            matches!(
                gap,
                Err(ProjectionError::Gap {
                    checkpoint: Position(6),
                    found: Position(8)
                })
            ),
            "{}",
            schema.name
        );
        projection.apply(&events[4..]).unwrap();
        assert_eq!(projection.checkpoint(), Position(10), "{}", schema.name);
        let whole = test.around("whole");
        (model(schema.name).open)(&whole)
            .unwrap()
            .apply(&events)
            .unwrap();
        assert_eq!(
            content(&at.dir, &schema),
            content(&whole.dir, &schema),
            "{}",
            schema.name
        );
    }
}

#[test]
fn readers_see_what_was_appended_once_it_is_caught_up_with() {
    let test = TestLog::new();
    let dir = test.models("models");
    test.append(session(1), "agent", [(0, written("one"))]);
    let projections = test
        .runtime
        .block_on(Projections::start(
            Arc::clone(&test.log),
            test.blobs.clone(),
            &dir,
        ))
        .unwrap();
    let size = test.append(session(2), "agent", [(0, written("two"))]);
    test.runtime
        .block_on(projections.caught_up_with(size))
        .unwrap();
    let count = |connection: &rusqlite::Connection| {
        connection.query_row("SELECT count(*) FROM sessions", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    let readers = crate::store::Readers::new(&dir, sessions::SCHEMA);
    assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 2);
    for state in test.runtime.block_on(projections.states()).unwrap() {
        assert_eq!(
            (state.checkpoint, state.log_size),
            (size, size),
            "{}",
            state.name
        );
    }
    test.runtime.block_on(projections.shutdown());

    let size = test.append(session(3), "agent", [(0, written("three"))]);
    let again = test
        .runtime
        .block_on(Projections::start(
            Arc::clone(&test.log),
            test.blobs.clone(),
            &dir,
        ))
        .unwrap();
    test.runtime.block_on(again.caught_up_with(size)).unwrap();
    assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 3);
}

#[test]
fn a_second_process_is_told_what_to_do() {
    let test = TestLog::new();
    let dir = test.models("models");
    let start = || {
        test.runtime.block_on(Projections::start(
            Arc::clone(&test.log),
            test.blobs.clone(),
            &dir,
        ))
    };
    let first = start().unwrap();
    let error = start().err().unwrap();
    assert!(matches!(error, RunnerError::InUse { .. }), "{error}");
    let rebuild = catch_up(Arc::clone(&test.log), test.blobs.clone(), &dir, &[], |_| ());
    let error = test.runtime.block_on(rebuild).unwrap_err();
    assert!(error.to_string().contains("stop it"), "{error}");
    test.runtime.block_on(first.shutdown());
    test.runtime.block_on(start().unwrap().shutdown());
}

#[test]
fn a_rebuilt_model_has_the_same_rows_and_shows_its_progress() {
    let test = TestLog::new();
    let at = test.around("models");
    for number in 0..5 {
        let text = "line\r\n".repeat(200);
        let events = (0..40).map(|second| (second * 1_000_000, written(&text)));
        test.append(session(number), "agent", events);
    }
    let rebuild = |names: &[String]| {
        let steps = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&steps);
        let progress = move |step: Progress| seen.lock().unwrap().push(step);
        let done = test.runtime.block_on(catch_up(
            Arc::clone(&test.log),
            test.blobs.clone(),
            &at.dir,
            names,
            progress,
        ));
        done.map(|()| std::mem::take(&mut *steps.lock().unwrap()))
    };
    rebuild(&[]).unwrap();
    let before = SQLITE_MODELS.map(|schema| content(&at.dir, &schema));
    let steps = rebuild(&["screens".to_owned()]).unwrap();
    assert_eq!(
        steps.first(),
        Some(&Progress {
            name: "screens",
            done: 0,
            total: 200
        })
    );
    assert_eq!(
        steps.last(),
        Some(&Progress {
            name: "screens",
            done: 200,
            total: 200
        })
    );
    assert_eq!(
        SQLITE_MODELS.map(|schema| content(&at.dir, &schema)),
        before
    );
    let unknown = rebuild(&["scenes".to_owned()]);
    assert!(
        matches!(unknown, Err(RunnerError::UnknownModel { .. })),
        "{unknown:?}"
    );
}

#[test]
fn a_model_that_is_ahead_of_its_log_is_rebuilt() {
    let test = TestLog::new();
    let at = test.around("models");
    test.append(
        session(1),
        "agent",
        [(0, written("one")), (1, written("two"))],
    );
    let mut projection = (model("sessions").open)(&at).unwrap();
    test.feed(projection.as_mut(), &[10]);
    drop(projection);
    let reopened = open(model("sessions"), &at, Position(1)).unwrap();
    assert_eq!(reopened.checkpoint(), Position(0));
}

/// How often [`Flaky`] is still to fail.
static FAILURES: AtomicU32 = AtomicU32::new(3);

/// Fails, then panics, then works.
struct Flaky(sessions::SessionsProjection);

impl Projection for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn checkpoint(&self) -> Position {
        self.0.checkpoint()
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        let left = FAILURES.try_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        match left {
            Ok(1) => panic!("a defect"),
            Ok(_) => Err(ProjectionError::Store("no space left".into())),
            Err(_) => self.0.apply(events),
        }
    }
}

#[test]
fn a_model_that_fails_is_tried_again_and_misses_nothing() {
    static MODEL: Model = Model {
        name: "flaky",
        open: |at| {
            Ok(Box::new(Flaky(sessions::SessionsProjection::open(
                &at.dir,
                at.log.id(),
            )?)))
        },
        remove: |_| Ok(()),
    };
    let test = TestLog::new();
    let size = test.append(
        session(1),
        "agent",
        [(0, written("one")), (1, written("two"))],
    );
    let around = test.around("models");
    let (stop, stopped) = watch::channel(false);
    let (reached, mut checkpoint) = watch::channel(Position(0));
    let (troubled, mut problem) = watch::channel(None);
    let lock = Arc::new(lock(&around.dir).unwrap());
    let batch_events = BATCH_EVENTS_MAX;
    let first = (MODEL.open)(&around).unwrap();
    let worker = Worker {
        model: &MODEL,
        around,
        stopped,
        reached,
        troubled,
        batch_events,
        applied_at: Instant::now(),
        was_little: false,
        _lock: lock,
    };
    let thread = std::thread::spawn(move || worker.run(first));
    // Said while it is tried again, and taken back once it goes on.
    let said = test.runtime.block_on(problem.wait_for(Option::is_some));
    let said = said.unwrap().clone().unwrap();
    assert!(said.contains("no space left"), "{said}");
    test.runtime
        .block_on(problem.wait_for(Option::is_none))
        .unwrap();
    test.runtime
        .block_on(checkpoint.wait_for(|reached| *reached == size))
        .unwrap();
    stop.send_replace(true);
    thread.join().unwrap();
    assert_eq!(FAILURES.load(Ordering::SeqCst), 0);
}

#[test]
fn purging_takes_the_content_of_one_session_out() {
    let test = TestLog::new();
    let at = test.around("models");
    for number in [1, 2] {
        let events = (0..20).map(|second| (second * 1_000_000, written("secret")));
        test.append(session(number), "agent", events);
    }
    test.append(session(1), "retention", [(60_000_000, purged())]);
    for (schema, rows_of_one) in SQLITE_MODELS.into_iter().zip([
        "SELECT count(*) FROM sessions",
        "SELECT count(DISTINCT session) FROM seconds",
        "SELECT count(DISTINCT terminal) FROM keyframes",
    ]) {
        let mut projection = (model(schema.name).open)(&at).unwrap();
        test.feed(projection.as_mut(), &[100]);
        let count = |connection: &rusqlite::Connection| {
            connection.query_row(rows_of_one, [], |row| row.get::<_, i64>(0))
        };
        let readers = crate::store::Readers::new(&at.dir, schema);
        let found = readers.read::<_, rusqlite::Error>(count).unwrap();
        assert_eq!(found, 1, "{}", schema.name);
    }
}

#[test]
fn a_model_whose_file_is_damaged_is_rebuilt() {
    let test = TestLog::new();
    let dir = test.models("models");
    let start = || {
        test.runtime
            .block_on(Projections::start(
                Arc::clone(&test.log),
                test.blobs.clone(),
                &dir,
            ))
            .unwrap()
    };
    for number in 0..100 {
        test.append(session(number), "agent", [(0, written("one"))]);
    }
    let size = test.append(session(1), "agent", [(0, written("two"))]);
    let projections = start();
    test.runtime
        .block_on(projections.caught_up_with(size))
        .unwrap();
    test.runtime.block_on(projections.shutdown());
    // The head of the file, where the checkpoint stands, is left as it is.
    let path = sessions::SCHEMA.path(&dir);
    let _ = std::fs::remove_file(path.with_extension("sqlite-wal"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8_192..].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    let size = test.append(session(1), "agent", [(0, written("three"))]);
    let projections = start();
    let caught_up = projections.caught_up_with(size);
    let limit = Duration::from_secs(20);
    let in_time = test
        .runtime
        .block_on(async { tokio::time::timeout(limit, caught_up).await });
    in_time.unwrap().unwrap();
    let count = |connection: &rusqlite::Connection| {
        connection.query_row("SELECT count(*) FROM sessions", [], |row| {
            row.get::<_, i64>(0)
        })
    };
    let readers = crate::store::Readers::new(&dir, sessions::SCHEMA);
    assert_eq!(readers.read::<_, rusqlite::Error>(count).unwrap(), 100);
}

/// What was recorded is destroyed in the log itself: what is built before that and what is built after it is the same.
#[test]
fn what_is_built_after_a_purge_is_what_was_left_by_it() {
    let test = TestLog::new();
    let schemas = [
        sessions::SCHEMA,
        activity::SCHEMA,
        screens::SCHEMA,
        video::SCHEMA,
        redaction::SCHEMA,
        trail::SCHEMA,
    ];
    for number in [1, 2, 3] {
        let events = (0..20).map(|second| (second * 1_000_000, written("secret")));
        test.append(session(number), "agent", events);
        let held = retrace_core::event::HoldPlaced {
            by: "mara".to_owned(),
            matter: "case 7".to_owned(),
            reason: "asked by the court".to_owned(),
        };
        test.append(session(number), "control", [(30_000_000, held.into())]);
    }
    let during = test.around("during");
    let feed = |around: &Surroundings| {
        for schema in &schemas {
            let mut projection = (model(schema.name).open)(around).unwrap();
            test.feed(projection.as_mut(), &[7, 100]);
        }
    };
    feed(&during);
    let EventBody::RetentionPurged(said) = purged() else {
        unreachable!()
    };
    let purge = retrace_core::log::Purge {
        // The last one, so that the numbers of what other sessions have do not move.
        session: session(3),
        control_version: retrace_core::StreamVersion(1),
        at: crate::testing::t0(),
        said,
    };
    let done = test.runtime.block_on(test.stored.purge(purge)).unwrap();
    assert_eq!(done.events, 20);
    test.append(session(2), "agent", [(90_000_000, written("after"))]);
    feed(&during);
    let after = test.around("after");
    feed(&after);
    for schema in &schemas {
        let (during, after) = (content(&during.dir, schema), content(&after.dir, schema));
        assert_eq!(during, after, "{}", schema.name);
    }
}
