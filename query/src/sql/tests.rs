use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::util::pretty::pretty_format_batches;
use proptest::prelude::*;
use retrace_core::StreamName;
use retrace_core::access::{Grant, Role, Scope, Sight};
use retrace_core::event::{
    EventBatch, EventBody, GapDetected, ProcessStarted, RecordingViewed, SearchPerformed,
    SessionLaunched,
};
use retrace_core::log::Append;
use retrace_projections::columns::ColumnsReader;

use super::*;
use crate::testing::{Fixture, ended, session, t0, typed, written};

const LIMITS: SqlLimits = SqlLimits {
    time: Duration::from_secs(20),
    memory_bytes: 64 << 20,
    rows: 10_000,
    answer_bytes: 16 << 20,
};

async fn ask(reader: &Reader, text: &str) -> Result<String, SqlError> {
    let answer = reader.sql(text, &LIMITS).await?;
    let table = pretty_format_batches(&answer.batches).unwrap().to_string();
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(1);
    let squeezed = |row: &str| {
        let cells = row.trim_matches('|').split('|').map(str::trim);
        cells.collect::<Vec<_>>().join("|")
    };
    Ok(rows.map(squeezed).collect::<Vec<_>>().join(" "))
}

async fn count(reader: &Reader, text: &str) -> i64 {
    let answer = reader.sql(text, &LIMITS).await.unwrap();
    answer.batches[0]
        .column(0)
        .as_primitive::<Int64Type>()
        .value(0)
}

fn launched(user: &str, target: &str) -> EventBody {
    SessionLaunched {
        user: Some(user.to_owned()),
        target: Some(target.to_owned()),
        groups: vec![format!("group of {user}")],
        command: Some("./deploy.sh --password=hunter2".to_owned()),
        ..SessionLaunched::default()
    }
    .into()
}

fn process(path: &str) -> EventBody {
    ProcessStarted {
        arguments: vec![
            path.to_owned(),
            "--token".to_owned(),
            "ghp_0123456789abcdefghijklmnopqrstuvwxyz".to_owned(),
        ],
        parent_pid: None,
        path: path.to_owned(),
        pid: 7,
        user: Some("root".to_owned()),
    }
    .into()
}

/// Two sessions of alice on db01, one of bob on web01; a search by eve, and a look by her at the first session.
async fn filled() -> Fixture {
    let fixture = Fixture::new().await;
    let at = |seconds: i64| t0().saturating_add_micros(seconds * 1_000_000);
    for (number, user, target) in [
        (1, "alice", "db01"),
        (2, "alice", "db01"),
        (3, "bob", "web01"),
    ] {
        let gap = GapDetected {
            channel: "frames".to_owned(),
            from: at(1),
            to: at(2),
            reason: "disk".to_owned(),
        };
        fixture
            .append(
                session(number),
                [
                    (0, launched(user, target)),
                    (10, process("/usr/bin/curl")),
                    (20, written(&format!("secrets of {user}\r\n"))),
                    (30, typed("ls\r")),
                    (40, gap.into()),
                    (3_600_000_000, ended()),
                ],
            )
            .await;
    }
    let append = async |stream: StreamName, body: EventBody| {
        let first_version = fixture.log.next_version(&stream).await.unwrap();
        let events = EventBatch::of(at(9), body).unwrap();
        let append = Append {
            stream,
            first_version,
            events,
        };
        fixture.log.append(append).await.unwrap();
    };
    let viewed = RecordingViewed {
        address: None,
        by: "eve".to_owned(),
        looks: None,
        reason: None,
        since: None,
        token: None,
        what: vec!["screen".to_owned()],
    };
    append(StreamName::accesses_of(session(1)), viewed.into()).await;
    let searched = SearchPerformed {
        address: None,
        by: "eve".to_owned(),
        filter: None,
        hits: 3,
        reason: None,
        text: "shadow".to_owned(),
        token: None,
    };
    append(StreamName::accesses(), searched.into()).await;
    fixture.settle().await;
    fixture
}

fn sight(role: Role, scope: Scope) -> Arc<Sight> {
    Arc::new(Sight::new(
        vec!["bob".to_owned()],
        vec![Grant { role, scope }],
    ))
}

fn at_target(target: &str) -> Scope {
    Scope {
        targets: vec![target.to_owned()],
        ..Scope::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_from_all_tables() {
    let fixture = filled().await;
    let cases = [
        ("SELECT count(*) FROM events", "20"),
        (
            "SELECT user_name, count(*) FROM sessions GROUP BY user_name ORDER BY 1",
            "alice|2 bob|1",
        ),
        (
            "SELECT target, count(DISTINCT session_number) FROM events WHERE target IS NOT NULL GROUP BY target ORDER BY target",
            "db01|2 web01|1",
        ),
        (
            "SELECT count(*) FROM sessions WHERE duration_us > 8 * 3600 * 1000000::bigint",
            "0",
        ),
        (
            "SELECT day, count(*) FROM sessions GROUP BY day",
            "2026-03-01|3",
        ),
        (
            "SELECT who, type, what FROM accesses ORDER BY position",
            "eve|recording.viewed|screen eve|search.performed|shadow",
        ),
        ("SELECT sum(missing_us) FROM coverage", "3000000"),
        (
            "SELECT command FROM sessions WHERE session_number = 1",
            "./deploy.sh --password=••••••••",
        ),
        (
            "SELECT command, run_as, program FROM processes LIMIT 1",
            "/usr/bin/curl --token ••••••••|root|curl",
        ),
        (
            "SELECT DISTINCT command FROM commands",
            "./deploy.sh --password=••••••••",
        ),
        (
            "WITH long AS (SELECT session FROM sessions WHERE keys > 0) SELECT count(*) FROM events e JOIN long USING (session)",
            "19",
        ),
        (
            "SELECT at FROM events WHERE type = 'session.ended' AND at >= TIMESTAMP '2026-03-01 08:30:00' LIMIT 1",
            "2026-03-01T09:00:00Z",
        ),
        ("VALUES (1), (2)", "1 2"),
    ];
    for (text, want) in cases {
        assert_eq!(
            ask(&fixture.reader, text).await.as_deref(),
            Ok(want),
            "{text}"
        );
    }
    for table in SqlTable::ALL {
        for column in table.columns() {
            let text = format!("SELECT {} FROM {} LIMIT 1", column.name, table.name());
            let answer = fixture.reader.sql(&text, &LIMITS).await.unwrap();
            assert_eq!(answer.rows(), 1, "{text}");
        }
    }
    let schema = fixture
        .reader
        .sql_schema("SELECT day, 1 AS one FROM sessions", &LIMITS)
        .await
        .unwrap();
    assert_eq!(schema.fields()[1].name(), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_answer_as_what_is_kept_of_them_in_memory() {
    let (kept, dir) = filled().await.put_down().await;
    let models = dir.path().join("read-models");
    let files = walk(&models.join("columns"));
    assert!(files > 3, "{files} files");
    let columns = ColumnsReader::new(&models, Arc::clone(&kept.log));
    let read = Reader {
        sql: Arc::new(SqlEngine::new(&models, columns).reading_files()),
        ..kept.clone()
    };
    let questions = [
        "SELECT type, count(*), min(at), max(position) FROM events GROUP BY type ORDER BY type",
        "SELECT user_name, target, events, duration_us FROM sessions ORDER BY user_name, started, session",
        "SELECT * FROM sessions WHERE target = 'db01' ORDER BY session",
        "SELECT who, what, type FROM accesses WHERE at > TIMESTAMP '2020-01-01' ORDER BY position",
        "SELECT kind, reason FROM coverage ORDER BY position",
        "SELECT count(DISTINCT e.session) FROM events e JOIN sessions s ON e.session_number = s.session_number",
    ];
    let sights = [
        Arc::new(Sight::everything()),
        sight(Role::Auditor, at_target("web01")),
    ];
    for sight in sights {
        let (kept, read) = (kept.seen_by(Arc::clone(&sight)), read.seen_by(sight));
        for question in questions {
            // The second time, all that is kept is there.
            for _ in 0..2 {
                let (one, other) = (ask(&kept, question).await, ask(&read, question).await);
                assert_eq!(one.unwrap(), other.unwrap(), "{question}");
            }
        }
    }
}

/// How many files of columns there are.
fn walk(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let count = |entry: std::fs::DirEntry| {
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path())
        } else {
            usize::from(entry.path().extension().is_some_and(|end| end == "parquet"))
        }
    };
    entries.map(count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_question_may_be_asked() {
    let fixture = filled().await;
    let file = fixture.dir.path().join("secret.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let file = file.display();
    let nested = format!("SELECT {}1{}", "(".repeat(200), ")".repeat(200));
    let chained = format!("SELECT 1{}", "+1".repeat(3_000));
    let levels = (0..30).fold("SELECT 1 AS x".to_owned(), |inner, _| {
        format!("SELECT x FROM ({inner})")
    });
    let doubled = (0..24).fold(
        "SELECT user_name AS x FROM sessions".to_owned(),
        |inner, _| format!("SELECT x || x AS x FROM ({inner}) AS inside"),
    );
    let cases = [
        "",
        ";",
        "SELECT 1; SELECT 2",
        "DELETE FROM sessions",
        "INSERT INTO sessions (title) VALUES ('x')",
        "UPDATE sessions SET title = 'x'",
        "DROP TABLE sessions",
        "CREATE TABLE t AS SELECT 1",
        &format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{file}'"),
        &format!("COPY (SELECT 1) TO '{file}.out'"),
        "SET datafusion.execution.target_partitions = 64",
        "SHOW TABLES",
        "SHOW ALL",
        "EXPLAIN SELECT * FROM sessions",
        "EXPLAIN ANALYZE SELECT * FROM sessions",
        "DESCRIBE sessions",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        &format!("SELECT * FROM '{file}'"),
        &format!("SELECT * FROM \"{file}\""),
        &format!("SELECT * FROM read_csv('{file}')"),
        &format!("SELECT * FROM read_parquet('{file}')"),
        "SELECT * FROM generate_series(1, 10)",
        "SELECT * FROM parquet_metadata('x')",
        "SELECT * FROM information_schema.df_settings",
        "SELECT * FROM no_such_table",
        "SELECT no_such_column FROM sessions",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT repeat('x', 1000000000)",
        "SELECT lpad('x', 1000000000)",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
        "SELECT * INTO t FROM sessions",
        "SELECT 1 / 0",
        "SELECT CAST(user_name AS INT) FROM sessions",
        "SELECT",
        "\0",
        &nested,
        &chained,
        &levels,
        &doubled,
        "SELECT replace(command, '', command) FROM commands",
        &format!("SELECT '{}'", "x".repeat(TEXT_BYTES_MAX)),
    ];
    for text in cases {
        let answer = ask(&fixture.reader, text).await;
        let told: String = text.chars().take(80).collect();
        match answer {
            Err(SqlError::Refused(message) | SqlError::Invalid(message)) => {
                assert!(!message.contains("read-models"), "{told}: {message}");
                assert!(message.len() < 5_000, "{told}: {message}");
            }
            other => panic!("{told}: {other:?}"),
        }
    }
    assert!(!fixture.dir.path().join("secret.csv.out").exists());
    assert_eq!(
        count(&fixture.reader, "SELECT count(*) FROM sessions").await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_shows_what_the_grants_cover_and_nothing_else() {
    let fixture = filled().await;
    // sessions, events of sessions, events of none, accesses, coverage, commands, processes
    let everything = Scope::everything();
    let cases = [
        (
            "admin",
            sight(Role::Admin, everything.clone()),
            [3, 19, 1, 2, 3, 3, 3],
        ),
        (
            "auditor",
            sight(Role::Auditor, everything.clone()),
            [3, 19, 1, 2, 3, 3, 3],
        ),
        (
            "auditor of db01",
            sight(Role::Auditor, at_target("db01")),
            [2, 13, 0, 1, 2, 2, 2],
        ),
        (
            "auditor of web01",
            sight(Role::Auditor, at_target("web01")),
            [1, 6, 0, 0, 1, 1, 1],
        ),
        (
            "bob himself",
            sight(Role::Own, everything.clone()),
            [1, 6, 0, 0, 1, 1, 1],
        ),
        (
            "history",
            sight(Role::History, everything.clone()),
            [3, 0, 0, 1, 3, 0, 0],
        ),
        (
            "history of db01",
            sight(Role::History, at_target("db01")),
            [2, 0, 0, 1, 2, 0, 0],
        ),
        (
            "revealer",
            sight(Role::Revealer, everything.clone()),
            [0; 7],
        ),
        ("recorder", sight(Role::Recorder, everything), [0; 7]),
        ("nobody", Arc::new(Sight::default()), [0; 7]),
    ];
    for (who, sight, want) in cases {
        let reader = fixture.reader.seen_by(sight);
        let mut found = Vec::new();
        for from in [
            "sessions",
            "events WHERE session IS NOT NULL",
            "events WHERE session IS NULL",
            "accesses",
            "coverage",
            "commands",
            "processes",
        ] {
            found.push(count(&reader, &format!("SELECT count(*) FROM {from}")).await);
        }
        assert_eq!(found, want, "{who}");
    }
    // No error tells of a row that is not seen.
    let reader = fixture
        .reader
        .seen_by(sight(Role::Auditor, at_target("web01")));
    let text =
        "SELECT count(*) FROM events WHERE target = 'db01' AND CAST(user_name AS BIGINT) = 1";
    assert_eq!(count(&reader, text).await, 0);
    let text = "SELECT CAST(user_name AS BIGINT) FROM sessions";
    let error = ask(&reader, text).await.unwrap_err().to_string();
    assert!(error.contains("bob") && !error.contains("alice"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_costs_too_much_ends_and_holds_up_nobody() {
    let fixture = filled().await;
    let numbers = (0..10)
        .map(|n| format!("({n})"))
        .collect::<Vec<_>>()
        .join(", ");
    let all = format!("WITH n AS (SELECT * FROM (VALUES {numbers}) AS v(i)) ");
    // The smaller side of each is kept in memory, the larger one flows.
    let cross = |times: usize| {
        let last = format!("n AS t{} CROSS JOIN n AS t{}", times - 2, times - 1);
        (0..times - 2)
            .rev()
            .fold(last, |inner, t| format!("n AS t{t} CROSS JOIN ({inner})"))
    };
    let short = SqlLimits {
        time: Duration::from_millis(800),
        ..LIMITS
    };
    let endless = format!("{all} SELECT sum(t0.i * t1.i + t9.i) FROM {}", cross(10));
    let begun = Instant::now();
    let reader = fixture.reader.clone();
    let slow = tokio::spawn(async move { reader.sql(&endless, &short).await });
    let quick = count(&fixture.reader, "SELECT count(*) FROM sessions").await;
    assert_eq!(quick, 3);
    assert_eq!(
        slow.await.unwrap().unwrap_err(),
        SqlError::TimedOut(short.time)
    );
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    let few = SqlLimits {
        rows: 500,
        ..LIMITS
    };
    let small = SqlLimits {
        memory_bytes: 16 << 10,
        ..LIMITS
    };
    let short = SqlLimits {
        answer_bytes: 1 << 20,
        ..LIMITS
    };
    let cases = [
        (
            format!("{all} SELECT t0.i FROM {}", cross(3)),
            few,
            SqlError::TooManyRows(few.rows),
        ),
        (
            format!(
                "{all} SELECT DISTINCT concat(t0.i, '-', t1.i, '-', t2.i) FROM {}",
                cross(3)
            ),
            small,
            SqlError::Memory(small.memory_bytes),
        ),
        (
            format!(
                "{all} SELECT concat(t0.i, '{}') FROM {}",
                "x".repeat(9_000),
                cross(3)
            ),
            short,
            SqlError::TooLarge(short.answer_bytes),
        ),
    ];
    for (text, limits, want) in cases {
        let told: String = text.chars().skip(100).take(80).collect();
        assert_eq!(
            fixture.reader.sql(&text, &limits).await.unwrap_err(),
            want,
            "{told}"
        );
    }
    assert_eq!(
        count(&fixture.reader, "SELECT count(*) FROM sessions").await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_written_in_each_form() {
    let fixture = filled().await;
    let text = "SELECT user_name, '=1+1' AS formula, NULL AS nothing, 7 AS n FROM sessions ORDER BY session_number LIMIT 2";
    let answer = fixture.reader.sql(text, &LIMITS).await.unwrap();
    let written = |answer: &SqlAnswer, format| {
        let mut out = Vec::new();
        answer.write(format, &mut out).unwrap();
        out
    };
    let as_text = |format| String::from_utf8(written(&answer, format)).unwrap();
    assert_eq!(
        as_text(SqlFormat::Csv),
        "user_name,formula,nothing,n\nalice,'=1+1,,7\nalice,'=1+1,,7\n"
    );
    assert_eq!(
        as_text(SqlFormat::Json),
        r#"[{"user_name":"alice","formula":"=1+1","n":7},{"user_name":"alice","formula":"=1+1","n":7}]"#
    );
    assert_eq!(as_text(SqlFormat::Ndjson).lines().count(), 2);
    let stream = written(&answer, SqlFormat::Arrow);
    let read = arrow::ipc::reader::StreamReader::try_new(stream.as_slice(), None).unwrap();
    assert_eq!(
        read.map(|batch| batch.unwrap().num_rows()).sum::<usize>(),
        2
    );
    let file = written(&answer, SqlFormat::Parquet);
    assert_eq!(&file[..4], b"PAR1");
    let none = fixture
        .reader
        .sql("SELECT user_name FROM sessions WHERE FALSE", &LIMITS)
        .await
        .unwrap();
    for format in SqlFormat::ALL {
        let out = written(&none, format);
        let shown = String::from_utf8_lossy(&out).into_owned();
        match format {
            SqlFormat::Json => assert_eq!(shown, "[]"),
            SqlFormat::Ndjson => assert_eq!(shown, ""),
            SqlFormat::Csv => assert_eq!(shown, "user_name\n"),
            SqlFormat::Parquet | SqlFormat::Arrow => assert!(!out.is_empty()),
        }
    }
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let some = |names: &'static [&'static str]| {
        proptest::collection::vec(proptest::sample::select(names), 0..2)
            .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    (
        some(&["db01", "web01"]),
        some(&["group of alice", "group of bob"]),
        any::<bool>(),
    )
        .prop_map(|(targets, groups, own)| Scope {
            targets,
            groups,
            own,
            ..Scope::default()
        })
}

/// The sessions that a question counts are those that the catalogue shows, whatever the grants.
#[test]
fn a_question_counts_the_sessions_that_the_catalogue_shows() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(filled());
    let grants = proptest::collection::vec(
        (proptest::sample::select(&Role::ALL[..]), any_scope()),
        0..4,
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(40));
    let same = |grants: Vec<(Role, Scope)>| {
        let grants = grants
            .into_iter()
            .map(|(role, scope)| Grant { role, scope });
        let sight = Arc::new(Sight::new(vec!["bob".to_owned()], grants.collect()));
        let reader = fixture.reader.seen_by(sight);
        let shown = (1..=3).filter(|number| {
            let row = reader.session(session(*number)).unwrap();
            row.is_some()
        });
        let want = shown.count() as i64;
        let found = runtime.block_on(count(&reader, "SELECT count(*) FROM sessions"));
        prop_assert_eq!(found, want);
        let viewed = (1..=3)
            .filter(|number| matches!(reader.may_view_recording(session(*number)), Ok(true)));
        let want = viewed.count() as i64;
        let text = "SELECT count(DISTINCT session) FROM events WHERE session IS NOT NULL";
        prop_assert_eq!(runtime.block_on(count(&reader, text)), want);
        let text = "SELECT count(DISTINCT session) FROM commands";
        prop_assert_eq!(runtime.block_on(count(&reader, text)), want);
        Ok(())
    };
    runner.run(&grants, same).unwrap();
}

/// `UPDATE_DOCS=1 cargo test -p retrace-query documentation` writes the tables of `docs/sql.md` anew.
#[test]
fn the_documentation_has_each_column_of_what_is_found_on_screens() {
    use std::fmt::Write as _;
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql.md");
    let mut found = std::fs::read_to_string(&path).unwrap();
    let before = found.clone();
    for table in [SqlTable::Commands, SqlTable::Processes] {
        let name = table.name();
        let mut rows = format!("| `{name}` | type | says |\n|---|---|---|\n<!-- {name} -->\n");
        let (head, rest) = found.split_once(rows.as_str()).unwrap();
        let (_, tail) = rest.split_once(&format!("<!-- end of {name} -->")).unwrap();
        for column in table.columns() {
            writeln!(
                rows,
                "| `{}` | {} | {} |",
                column.name,
                column.kind.sql(),
                column.says
            )
            .unwrap();
        }
        found = format!("{head}{rows}<!-- end of {name} -->{tail}");
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, found).unwrap();
    } else {
        assert!(
            found == before,
            "`docs/sql.md` is behind: run with UPDATE_DOCS=1"
        );
    }
}
