use retrace_core::access::{Grant, Role, Scope, Sight};
use retrace_core::data_dir::DataDir;
use retrace_core::event::{
    AuthDenied, ConfigChanged, EndReason, EventBatch, GapDetected, KeysTyped, RecordingViewed,
    SessionEnded, SessionLaunched, SessionReviewed,
};
use retrace_core::log::Append;
use retrace_core::{SourceName, StreamName};

use super::catalogue::REPORTS;
use super::*;

struct House {
    log: Arc<dyn EventLog>,
    reader: Reader,
    book: ReportBook,
    _dir: tempfile::TempDir,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl House {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let reader = Reader::open(dir.path(), Arc::clone(&log));
        let book = ReportBook::new(Arc::clone(&log));
        let house = Self {
            log,
            reader,
            book,
            _dir: dir,
        };
        house.fill().await;
        house
    }

    async fn append(&self, stream: StreamName, events: EventBatch) {
        let first_version = self.log.next_version(&stream).await.unwrap();
        let append = Append {
            stream,
            first_version,
            events,
        };
        self.log.append(append).await.unwrap();
    }

    /// A session of Friday noon in Berlin, and one of Saturday without a recording.
    async fn fill(&self) {
        let agent = SourceName::new("agent").unwrap();
        for (number, user, site, started, keys) in [
            (1, "ann", "berlin", "2026-11-20T11:00:00Z", true),
            (2, "=HYPERLINK(1)", "oslo", "2026-11-21T03:00:00Z", false),
        ] {
            let session = SessionId::of_recording(&[number; 32]);
            let launched = SessionLaunched {
                user: Some(user.to_owned()),
                secret: Some("root".to_owned()),
                target: Some("db1".to_owned()),
                site: Some(site.to_owned()),
                ..SessionLaunched::default()
            };
            let started = at(started);
            let mut events = EventBatch::of(started, launched).unwrap();
            if keys {
                for minutes in [1, 50] {
                    let when = started.saturating_add_micros(minutes * 60_000_000);
                    events
                        .push(
                            when,
                            KeysTyped {
                                piped: false,
                                text: "x".to_owned(),
                            },
                        )
                        .unwrap();
                }
                let gap = GapDetected {
                    channel: "keys".to_owned(),
                    from: started,
                    reason: "lost".to_owned(),
                    to: started.saturating_add_micros(5_000_000),
                };
                events.push(started, gap).unwrap();
            }
            let ended = started.saturating_add_micros(9 * 3_600_000_000);
            let reason = EndReason::User;
            events
                .push(
                    ended,
                    SessionEnded {
                        exit_status: None,
                        reason,
                    },
                )
                .unwrap();
            self.append(StreamName::of_session(session, &agent), events)
                .await;
            let viewed = RecordingViewed {
                address: None,
                by: "eve".to_owned(),
                looks: None,
                reason: None,
                since: None,
                token: None,
                what: vec!["screen".to_owned()],
            };
            let viewed = EventBatch::of(ended, viewed).unwrap();
            self.append(StreamName::accesses_of(session), viewed).await;
        }
        let reviewed = SessionReviewed {
            by: "eve".to_owned(),
            comment: None,
        };
        let first = StreamName::review_of(SessionId::of_recording(&[1; 32]));
        self.append(
            first,
            EventBatch::of(at("2026-11-21T00:00:00Z"), reviewed).unwrap(),
        )
        .await;
        let denied = AuthDenied {
            reason: "no such token".to_owned(),
            count: Some(7),
            ..AuthDenied::default()
        };
        self.append(
            StreamName::accesses(),
            EventBatch::of(Timestamp::now(), denied).unwrap(),
        )
        .await;
        let changed = ConfigChanged {
            by: "ann".to_owned(),
            new: 9.into(),
            old: 8.into(),
            reason: None,
            setting: "policy.max_length_s".to_owned(),
        };
        self.append(
            StreamName::settings(),
            EventBatch::of(Timestamp::now(), changed).unwrap(),
        )
        .await;
    }

    async fn run(&self, name: &str, parameters: &[(&str, &str)]) -> Report {
        let asked = Asked {
            name: name.to_owned(),
            by: "ann".to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Asked::default()
        };
        self.book.run(&self.reader, &asked).await.unwrap()
    }
}

/// What stands in a column, as text.
fn texts(report: &Report, column: &str) -> Vec<String> {
    let place = report
        .definition
        .columns
        .iter()
        .position(|known| known.name == column)
        .unwrap();
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    report.rows.iter().map(|row| text(&row[place])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_report_answers_its_question() {
    let house = House::new().await;
    type Case = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static [&'static str],
    );
    let cases: &[Case] = &[
        ("privileged-access", &[], "user", &["ann", "=HYPERLINK(1)"]),
        (
            "outside-hours",
            &[("zone", "Europe/Berlin")],
            "user",
            &["=HYPERLINK(1)"],
        ),
        (
            "outside-hours",
            &[("start", "13"), ("zone", "Europe/Berlin")],
            "localTime",
            &["Fri 2026-11-20 12:00", "Sat 2026-11-21 04:00"],
        ),
        ("long-sessions", &[], "user", &["ann", "=HYPERLINK(1)"]),
        ("long-sessions", &[("hours", "9")], "user", &[]),
        ("idle-sessions", &[], "idle", &["Duration(2940000000)"]),
        ("idle-sessions", &[("minutes", "50")], "user", &[]),
        ("denied-access", &[], "what", &["no such token"]),
        ("recording-access", &[], "who", &["eve", "eve"]),
        ("changes", &[], "new", &["9"]),
        (
            "recording-coverage",
            &[],
            "problem",
            &["gap", "no recording"],
        ),
        ("retention", &[], "state", &["kept", "kept"]),
        ("reviews", &[], "state", &["reviewed", "not reviewed"]),
        ("integrity", &[], "outcome", &["holds", "holds", "holds"]),
    ];
    for (name, parameters, column, expected) in cases {
        let report = house.run(name, parameters).await;
        assert_eq!(texts(&report, column), *expected, "{name} {parameters:?}");
        for row in &report.rows {
            assert_eq!(row.len(), report.definition.columns.len(), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_at_the_same_position_is_the_same_whatever_came_after() {
    let house = House::new().await;
    let size = house.log.head().await.unwrap().size;
    let run = async |at: Option<Position>| {
        let asked = Asked {
            name: "privileged-access".to_owned(),
            at,
            by: "ann".to_owned(),
            ..Asked::default()
        };
        let report = house.book.run(&house.reader, &asked).await.unwrap();
        format!(
            "{:?} {:?} {:?}",
            report.rows,
            report.charts,
            (report.to, report.checkpoint, report.position)
        )
    };
    let first = run(None).await;
    house.fill_more().await;
    assert_ne!(run(None).await, first);
    assert_eq!(run(Some(size)).await, first);
}

impl House {
    async fn fill_more(&self) {
        let session = SessionId::of_recording(&[3; 32]);
        let launched = SessionLaunched {
            user: Some("bob".to_owned()),
            ..SessionLaunched::default()
        };
        let agent = SourceName::new("agent").unwrap();
        let events = EventBatch::of(at("2026-11-21T05:00:00Z"), launched).unwrap();
        self.append(StreamName::of_session(session, &agent), events)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_those_of_sessions_in_sight_and_the_server_is_for_those_who_see_its_settings() {
    let house = House::new().await;
    let scope = Scope {
        sites: vec!["berlin".to_owned()],
        ..Scope::default()
    };
    let grant = Grant {
        role: Role::Auditor,
        scope,
    };
    let sight = Arc::new(Sight::new(vec!["eve".to_owned()], vec![grant]));
    let reader = house.reader.seen_by(sight);
    let asked = |name: &str| Asked {
        name: name.to_owned(),
        by: "eve".to_owned(),
        ..Asked::default()
    };
    for (name, column, expected) in [
        ("privileged-access", "user", &["ann"][..]),
        ("recording-access", "who", &["eve"]),
        ("recording-coverage", "problem", &["gap"]),
        ("reviews", "state", &["reviewed"]),
    ] {
        let report = house.book.run(&reader, &asked(name)).await.unwrap();
        assert_eq!(texts(&report, column), expected, "{name}");
        assert!(report.is_partial, "{name}");
    }
    for name in ["changes", "denied-access", "integrity"] {
        let refused = house.book.run(&reader, &asked(name)).await;
        assert!(
            matches!(refused, Err(ReportError::Query(QueryError::Denied(_)))),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_what_can() {
    let house = House::new().await;
    let run = async |name: &str,
                     parameter: Option<(&str, &str)>,
                     from: Option<&str>,
                     to: Option<&str>| {
        let parameters = parameter
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let asked = Asked {
            name: name.to_owned(),
            parameters: parameters.collect(),
            from: from.map(at),
            to: to.map(at),
            ..Asked::default()
        };
        house
            .book
            .run(&house.reader, &asked)
            .await
            .map(|report| report.rows.len())
            .map_err(|error| error.to_string())
    };
    let none = run("nothing", None, None, None).await.unwrap_err();
    assert!(
        none.starts_with("there is no report `nothing`: expected one of privileged-access, "),
        "{none}"
    );
    let refused = run("idle-sessions", Some(("minutes", "0")), None, None)
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        "`minutes` is \"0\", expected a whole number from 1 to 100000"
    );
    let refused = run("watched-commands", Some(("pattern", "(")), None, None)
        .await
        .unwrap_err();
    assert!(
        refused.contains("expected a regular expression"),
        "{refused}"
    );
    let refused = run("outside-hours", Some(("zone", "Mars")), None, None)
        .await
        .unwrap_err();
    assert!(refused.contains("a time zone"), "{refused}");
    let refused = run("reviews", Some(("x", "1")), None, None)
        .await
        .unwrap_err();
    assert!(refused.contains("this report has none"), "{refused}");
    let refused = run("reviews", None, Some("2026-01-02"), Some("2026-01-01"))
        .await
        .unwrap_err();
    assert!(refused.contains("expected a time up to"), "{refused}");
    // A thousand years are a range like any other.
    assert_eq!(
        run("reviews", None, Some("1526-01-01"), Some("2526-01-01")).await,
        Ok(2)
    );
    assert_eq!(
        run("reviews", None, Some("3026-01-01"), Some("4026-01-01")).await,
        Ok(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_dormant_as_of_the_end_of_the_range() {
    let house = House::new().await;
    for (to, expected) in [
        ("2026-11-25", &[][..]),
        ("2027-02-18T12:00:00Z", &["ann"]),
        ("2027-06-01", &["root on db1", "=HYPERLINK(1)", "ann"]),
    ] {
        let asked = Asked {
            name: "dormant-accounts".to_owned(),
            to: Some(at(to)),
            ..Asked::default()
        };
        let report = house.book.run(&house.reader, &asked).await.unwrap();
        assert_eq!(texts(&report, "name"), expected, "{to}");
    }
}

#[test]
fn the_catalogue_is_whole() {
    for report in REPORTS {
        assert!(!report.controls.is_empty(), "{}", report.name);
        for (_, column) in report.charts {
            assert!(
                report.columns.iter().any(|known| known.name == *column),
                "{}: {column}",
                report.name
            );
        }
        for parameter in report.parameters {
            assert!(
                parameter.kind.allows(parameter.default),
                "{}: {}",
                report.name,
                parameter.name
            );
        }
    }
}
