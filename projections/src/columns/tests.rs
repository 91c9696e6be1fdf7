use std::fmt::Write as _;

use arrow::util::pretty::pretty_format_batches;
use proptest::prelude::*;
use retrace_core::StreamName;
use retrace_core::event::{
    EventBatch, EventBody, GapDetected, RecordingViewed, SessionEnded, SessionLaunched,
};

use super::*;
use crate::sessions::{SESSION_COLUMNS, SessionsProjection};
use crate::testing::{TestLog, any_body, purged, session, t0, typed, written};

/// Where a flush dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fails {
    BeforeManifest,
    AfterManifest,
}

impl Fails {
    pub(super) fn here(set: Option<Self>, here: Self) -> Result<(), ProjectionError> {
        if set == Some(here) {
            return Err(ProjectionError::Store("the process dies".into()));
        }
        Ok(())
    }
}

/// All rows of all tables, as text, in the order of their text.
fn content(view: &ColumnsView) -> String {
    let mut text = String::new();
    for table in Table::ALL {
        let mut batches = Vec::new();
        view.each_batch(table, |batch| {
            batches.push(batch.clone());
            Ok(())
        })
        .unwrap();
        // A batch that has lost all its rows shows its head.
        batches.retain(|batch| batch.num_rows() > 0);
        let shown = pretty_format_batches(&batches).unwrap().to_string();
        let mut rows: Vec<&str> = shown.lines().collect();
        rows.sort_unstable();
        // The widths of columns and their heads are no content.
        let squeezed = |row: &str| row.split_whitespace().collect::<Vec<_>>().join(" ");
        let rows = rows.into_iter().filter(|row| !row.starts_with('+'));
        for row in rows.map(squeezed) {
            writeln!(text, "{}: {row}", table.name()).unwrap();
        }
    }
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn view_of(around: &Surroundings) -> Arc<ColumnsView> {
    let reader = ColumnsReader::new(&around.dir, Arc::clone(&around.log));
    reader.view(&around.runtime).unwrap()
}

fn rows_of(view: &ColumnsView, table: Table) -> usize {
    let mut rows = 0;
    view.each_batch(table, |batch| {
        rows += batch.num_rows();
        Ok(())
    })
    .unwrap();
    rows
}

fn launched(user: &str) -> EventBody {
    SessionLaunched {
        user: Some(user.to_owned()),
        target: Some("db01".to_owned()),
        command: Some("mysql -psecret".to_owned()),
        groups: vec!["dba".to_owned()],
        ..SessionLaunched::default()
    }
    .into()
}

fn ended() -> EventBody {
    SessionEnded {
        exit_status: Some(0),
        reason: retrace_core::event::EndReason::User,
    }
    .into()
}

/// What happens to the projection between two events.
#[derive(Debug, Clone, Copy)]
enum Step {
    Apply(usize),
    Settle,
    Die,
    DieIn(Fails),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..9_usize).prop_map(Step::Apply),
        3 => Just(Step::Settle),
        1 => Just(Step::Die),
        1 => Just(Step::DieIn(Fails::BeforeManifest)),
        1 => Just(Step::DieIn(Fails::AfterManifest)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn however_it_is_cut_and_wherever_it_dies_each_event_counts_once(
        events in proptest::collection::vec((0..4_u8, prop_oneof![
            20 => any_body(),
            1 => Just(purged()),
            2 => Just(launched("alice")),
            1 => Just(ended()),
        ]), 1..60),
        steps in proptest::collection::vec(any_step(), 1..24),
    ) {
        let log = TestLog::new();
        for (at, (of, body)) in events.into_iter().enumerate() {
            log.append(session(of), "agent", [(at as i64 * 1_000, body)]);
        }
        let whole = log.around("whole");
        let mut projection = ColumnsProjection::open(&whole).unwrap();
        log.feed(&mut projection, &[10_000]);
        let want = content(&view_of(&whole));
        let cut = log.around("cut");
        let mut projection = ColumnsProjection::open(&cut).unwrap();
        for step in &steps {
            match step {
                Step::Apply(events) => {
                    let read = log.log.read(projection.checkpoint(), *events);
                    let events = log.runtime.block_on(read).unwrap();
                    projection.apply(&events).unwrap();
                }
                Step::Settle => projection.settle().unwrap(),
                Step::Die => {
                    drop(projection);
                    projection = ColumnsProjection::open(&cut).unwrap();
                }
                Step::DieIn(fails) => {
                    projection.fails = Some(*fails);
                    let _ = projection.settle();
                    drop(projection);
                    projection = ColumnsProjection::open(&cut).unwrap();
                }
            }
        }
        log.feed(&mut projection, &[7]);
        prop_assert_eq!(&content(&view_of(&cut)), &want, "as the writer shows it");
        projection.settle().unwrap();
        prop_assert_eq!(&content(&view_of(&cut)), &want, "in files");
        drop(projection);
        prop_assert_eq!(&content(&view_of(&cut)), &want, "as another process reads it");
    }
}

#[test]
fn a_day_has_few_files_and_what_a_dead_process_left_is_removed() {
    let log = TestLog::new();
    let around = log.around("models");
    let mut projection = ColumnsProjection::open(&around).unwrap();
    for round in 0..40 {
        log.append(session(1), "agent", [(round, written("x"))]);
        log.feed(&mut projection, &[100]);
        projection.settle().unwrap();
    }
    let files = |table| view_of(&around).table(table).files.len();
    assert!(files(Table::Events) <= 6, "{}", files(Table::Events));
    assert_eq!(files(Table::Sessions), 1);
    assert_eq!(rows_of(&view_of(&around), Table::Events), 40);
    assert_eq!(rows_of(&view_of(&around), Table::Sessions), 1);
    let on_disk = || {
        let mut found = Vec::new();
        let mut dirs = vec![around.dir.join("columns")];
        while let Some(dir) = dirs.pop() {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        found.len()
    };
    assert_eq!(on_disk(), files(Table::Events) + files(Table::Sessions));
    let held = view_of(&around);
    let path = held.table(Table::Sessions).files[0].path().to_owned();
    log.append(session(1), "agent", [(50, written("x"))]);
    log.feed(&mut projection, &[100]);
    projection.settle().unwrap();
    assert!(path.exists(), "somebody reads it");
    drop(held);
    assert!(!path.exists(), "nobody reads it any more");
    let left = path.with_file_name("4711.parquet");
    std::fs::write(&left, "half of a file").unwrap();
    drop(projection);
    drop(ColumnsProjection::open(&around).unwrap());
    assert!(!left.exists());
}

#[test]
fn sessions_are_as_the_catalogue_has_them_and_secrets_are_masked() {
    let log = TestLog::new();
    for of in 0..5 {
        log.append(
            session(of),
            "agent",
            [(0, launched("alice")), (5, typed("ls\r")), (9, ended())],
        );
    }
    let around = log.around("models");
    let mut projection = ColumnsProjection::open(&around).unwrap();
    log.feed(&mut projection, &[3]);
    projection.settle().unwrap();
    log.append(session(2), "agent", [(12, written("later"))]);
    drop(projection);
    let mut projection = ColumnsProjection::open(&around).unwrap();
    log.feed(&mut projection, &[3]);
    let mut catalogue = SessionsProjection::open(&around.dir, log.log.id()).unwrap();
    log.feed(&mut catalogue, &[100]);
    let mut found = Vec::new();
    view_of(&around)
        .each_session(|number, row| found.push((number, row)))
        .unwrap();
    found.sort_by_key(|(number, _)| *number);
    assert_eq!(found.len(), 5);
    let readers = Readers::new(&around.dir, crate::sessions::SCHEMA);
    let sql = format!("SELECT {SESSION_COLUMNS} FROM sessions ORDER BY first_position");
    let want: Vec<SessionRow> = readers
        .read::<_, rusqlite::Error>(|connection| {
            connection
                .prepare(&sql)?
                .query_map([], SessionRow::from_row)?
                .collect()
        })
        .unwrap();
    for (index, (number, row)) in found.into_iter().enumerate() {
        assert_eq!(number, index as i64 + 1);
        let mut want = want[index].clone();
        assert_eq!(want.command.as_deref(), Some("mysql -psecret"));
        want.command = Some("mysql -p••••••••".to_owned());
        want.kept_from = want.recorded;
        assert_eq!(row, want);
    }
}

#[test]
fn accesses_and_gaps_have_their_rows_and_a_purged_session_none() {
    let log = TestLog::new();
    let at = |seconds: i64| t0().saturating_add_micros(seconds * 1_000_000);
    let gap = GapDetected {
        channel: "frames".to_owned(),
        from: at(3),
        to: at(5),
        reason: "disk full, password=hunter2".to_owned(),
    };
    log.append(
        session(1),
        "agent",
        [(0, launched("alice")), (6_000_000, gap.into())],
    );
    let viewed = RecordingViewed {
        address: Some("192.0.2.1".to_owned()),
        by: "eve".to_owned(),
        looks: None,
        reason: Some("ticket 7".to_owned()),
        since: None,
        token: Some("t1".to_owned()),
        what: vec!["screen".to_owned(), "timeline".to_owned()],
    };
    let looked = EventBatch::of(at(9), viewed).unwrap();
    log.append_to(StreamName::accesses_of(session(1)), looked);
    let around = log.around("models");
    let mut projection = ColumnsProjection::open(&around).unwrap();
    log.feed(&mut projection, &[100]);
    let text = content(&view_of(&around));
    let line = |table: &str| {
        let mut lines = text.lines().filter(|line| line.starts_with(table));
        lines
            .find(|line| line.contains("| 1 |"))
            .unwrap()
            .to_owned()
    };
    assert!(line("accesses").contains("| eve | 192.0.2.1 | t1 | screen, timeline | ticket 7 |"));
    assert!(
        line("coverage").contains("| gap | frames | disk full, password=•••••••• |"),
        "{text}"
    );
    assert!(line("coverage").ends_with("| 2000000 |"), "{text}");
    projection.settle().unwrap();
    log.append(session(1), "agent", [(7, purged())]);
    log.feed(&mut projection, &[100]);
    for view in [view_of(&around), {
        drop(projection);
        view_of(&around)
    }] {
        let counts = Table::ALL.map(|table| rows_of(&view, table));
        // That it was purged stays.
        assert_eq!(counts, [1, 0, 1, 0]);
    }
}

#[test]
fn what_is_written_of_the_tables_is_true() {
    let mut text = String::new();
    for table in Table::ALL {
        writeln!(text, "### `{}`\n\nHolds {}.\n", table.name(), table.says()).unwrap();
        text.push_str("| column | type | says |\n|---|---|---|\n");
        for column in table.columns() {
            let (name, kind) = (column.name, column.kind.sql());
            writeln!(text, "| `{name}` | {kind} | {} |", column.says).unwrap();
        }
        text.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/columns.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- tables -->\n", "<!-- end of tables -->");
    let (before, rest) = found.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let want = format!("{before}{begin}\n{text}{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, want).unwrap();
    } else {
        assert!(
            found == want,
            "`docs/columns.md` is behind: run with UPDATE_DOCS=1"
        );
    }
    assert!(found.contains(&format!("version {}", schema::VERSION)));
}
