//! `retrace bench reports`: five reports over ten million events in our tables, beside DuckDB on the same files and PostgreSQL with
//! a row for each event; and those that the table of sessions answers.
//!
//! The events are made up, the same in each run: as many sessions as a hundredth of them, over ninety days, with lengths, users,
//! targets and programs as they are in practice (some are frequent, most are rare).

mod events;
mod peers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;
use retrace_query::Reader;
use retrace_query::sql::SqlLimits;

use super::{Figure, median, timed};
use crate::cli::output;
use events::MadeUp;
use peers::{DuckDb, Postgres};

/// A question, as each asks it.
struct Report {
    name: &'static str,
    /// Over events.
    ours: &'static str,
    /// The same over sessions, where they tell it.
    sessions: Option<&'static str>,
    duckdb: &'static str,
    postgres: &'static str,
}

const REPORTS: [Report; 5] = [
    Report {
        name: "by user and day",
        ours: "SELECT user_name, day, count(*) AS n FROM events GROUP BY user_name, day",
        sessions: Some(
            "SELECT user_name, day, sum(events) AS n FROM sessions GROUP BY user_name, day",
        ),
        duckdb: "SELECT user_name, day, count(*) n FROM events GROUP BY user_name, day",
        postgres: "SELECT usr, date_trunc('day', ts) d, count(*) n FROM ev GROUP BY usr, d",
    },
    Report {
        name: "sessions by target",
        ours: "SELECT target, count(DISTINCT session_number) AS n FROM events GROUP BY target",
        sessions: Some("SELECT target, count(*) AS n FROM sessions GROUP BY target"),
        duckdb: "SELECT target, count(DISTINCT session_number) n FROM events GROUP BY target",
        postgres: "SELECT target, count(DISTINCT ses_no) n FROM ev GROUP BY target",
    },
    Report {
        name: "top 20 programs",
        ours: "SELECT program, count(*) AS n FROM events WHERE type = 'process.started' GROUP BY program ORDER BY n DESC LIMIT 20",
        sessions: None,
        duckdb: "SELECT program, count(*) n FROM events WHERE type = 'process.started' GROUP BY program ORDER BY n DESC LIMIT 20",
        postgres: "SELECT process, count(*) n FROM ev WHERE type = 'process.started' GROUP BY process ORDER BY n DESC LIMIT 20",
    },
    Report {
        name: "sessions over 8 hours",
        ours: "SELECT session_number, CAST(max(at) AS BIGINT) - CAST(min(at) AS BIGINT) AS us FROM events GROUP BY session_number \
               HAVING CAST(max(at) AS BIGINT) - CAST(min(at) AS BIGINT) > 28800000000",
        sessions: Some(
            "SELECT session_number, duration_us FROM sessions WHERE duration_us > 28800000000",
        ),
        duckdb: "SELECT session_number, max(\"at\") - min(\"at\") l FROM events GROUP BY session_number HAVING max(\"at\") - min(\"at\") > INTERVAL '8 hours'",
        postgres: "SELECT ses_no, max(ts) - min(ts) l FROM ev GROUP BY ses_no HAVING max(ts) - min(ts) > INTERVAL '8 hours'",
    },
    Report {
        name: "percentiles of length",
        ours: "SELECT approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY us), approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY us), \
               approx_percentile_cont(0.99) WITHIN GROUP (ORDER BY us) FROM (SELECT CAST(max(at) AS BIGINT) - CAST(min(at) AS BIGINT) AS us \
               FROM events GROUP BY session_number) AS lengths",
        sessions: Some(
            "SELECT approx_percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_us), approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY duration_us), \
             approx_percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_us) FROM sessions",
        ),
        duckdb: "SELECT quantile_cont(epoch(l), [0.5, 0.9, 0.99]) FROM (SELECT max(\"at\") - min(\"at\") l FROM events GROUP BY session_number) s",
        postgres: "SELECT percentile_cont(array[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM l)) \
                   FROM (SELECT max(ts) - min(ts) l FROM ev GROUP BY ses_no) s",
    },
];

const LIMITS: SqlLimits = SqlLimits {
    time: Duration::from_secs(600),
    memory_bytes: 4 << 30,
    rows: 10_000_000,
    answer_bytes: 1 << 30,
};

/// Seconds that a report took, round by round.
#[derive(Default)]
struct Took {
    ours: Vec<f64>,
    sessions: Vec<f64>,
    duckdb: Vec<f64>,
    postgres: Vec<f64>,
}

pub(super) async fn run(rounds: u32, count: u32) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let data = DataDir::new(dir.path().join("data"));
    let log: Arc<dyn EventLog> = Arc::new(data.open_or_create_log().await?);
    let models = data.read_models();
    output::note(format!("reports: making up {count} events"));
    let made = MadeUp::new(count as usize);
    made.write(&models, log.id())?;
    let reader = Reader::open(&models, log);
    let mut duckdb = DuckDb::start(&models)
        .inspect_err(|error| output::note(format!("without DuckDB: {error:#}")))
        .ok();
    output::note("reports: copying them into PostgreSQL");
    let mut postgres = Postgres::build(&made)
        .await
        .inspect_err(|error| output::note(format!("without PostgreSQL: {error:#}")))
        .ok();
    drop(made);
    let mut took: [Took; REPORTS.len()] = Default::default();
    // The first round reads the files into memory, for everybody, and is not counted.
    for round in 0..=rounds {
        for (report, took) in REPORTS.iter().zip(&mut took) {
            let counted = round > 0;
            let note = |into: &mut Vec<f64>, seconds: f64| {
                if counted {
                    into.push(seconds);
                }
            };
            note(&mut took.ours, ask(&reader, report.ours).await?);
            if let Some(sessions) = report.sessions {
                note(&mut took.sessions, ask(&reader, sessions).await?);
            }
            if let Some(duckdb) = &mut duckdb {
                note(&mut took.duckdb, duckdb.ask(report.duckdb)?);
            }
            // It takes long, and does not move much.
            if let Some(postgres) = postgres.as_mut().filter(|_| round <= 2) {
                note(&mut took.postgres, postgres.ask(report.postgres).await?);
            }
        }
    }
    for (report, took) in REPORTS.iter().zip(&took) {
        let shown = |times: &[f64]| match times {
            [] => "-".to_owned(),
            times => format!("{:.4}", median(times)),
        };
        output::note(format!(
            "reports: {:24} ours {} s, from sessions {}, DuckDB {}, PostgreSQL {}",
            report.name,
            shown(&took.ours),
            shown(&took.sessions),
            shown(&took.duckdb),
            shown(&took.postgres),
        ));
    }
    Ok(figures(&took))
}

fn figures(took: &[Took]) -> Vec<Figure> {
    let sum = |of: &dyn Fn(&Took) -> &Vec<f64>, only_sessions: bool| -> f64 {
        let reports = took
            .iter()
            .filter(|took| !only_sessions || !took.sessions.is_empty());
        reports.map(|took| median(of(took))).sum()
    };
    let ours = sum(&|took| &took.ours, false);
    let sessions = sum(&|took| &took.sessions, true);
    let mut figures = Vec::new();
    if took.iter().all(|took| !took.duckdb.is_empty()) {
        let duckdb = sum(&|took| &took.duckdb, false);
        let of_sessions = sum(&|took| &took.duckdb, true);
        let peer = "DuckDB, the same files";
        figures.push(Figure::new("reports_vs_duckdb", "s", ours, peer, duckdb));
        figures.push(Figure::new(
            "session_reports_vs_duckdb",
            "s",
            sessions,
            "DuckDB, from events",
            of_sessions,
        ));
    }
    if took.iter().all(|took| !took.postgres.is_empty()) {
        let postgres = sum(&|took| &took.postgres, false);
        let peer = "PostgreSQL, a row for each event";
        figures.push(Figure::new(
            "reports_vs_postgres",
            "s",
            ours,
            peer,
            postgres,
        ));
    }
    figures
}

/// How long we take, in seconds.
async fn ask(reader: &Reader, question: &str) -> anyhow::Result<f64> {
    let (took, answer) = timed(reader.sql(question, &LIMITS)).await;
    let answer = answer.with_context(|| question.to_owned())?;
    ensure!(answer.rows() > 0, "nothing was found: {question}");
    Ok(took.as_secs_f64())
}

/// How long a peer takes, in seconds.
async fn seconds<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed().as_secs_f64())
}
