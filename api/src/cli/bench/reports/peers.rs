//! The same reports elsewhere: DuckDB on our files, PostgreSQL with a row for each event.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};
use retrace_scratch_postgres::PostgresServer;
use sqlx::{Connection, PgConnection};

use super::events::MadeUp;

/// Answers each question that it reads with the seconds that it took.
const DUCKDB: &str = r#"
import sys, time, duckdb
folder = sys.argv[1]
c = duckdb.connect()
c.execute("SET threads = 2")
c.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder}/columns/events/*/*.parquet')")
print("ready", flush=True)
for line in sys.stdin:
    begun = time.perf_counter()
    rows = c.execute(line).fetchall()
    took = time.perf_counter() - begun
    assert rows
    print(took, flush=True)
"#;

/// DuckDB in Python, in a process of its own that stays.
pub(super) struct DuckDb {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl DuckDb {
    pub(super) fn start(models: &Path) -> anyhow::Result<Self> {
        let cache = std::env::var_os("RETRACE_CACHE").map(PathBuf::from);
        let python = cache.unwrap_or_default().join("duckdb/bin/python");
        let mut process = Command::new(&python)
            .args(["-c", DUCKDB])
            .arg(models)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("`{}`: scripts/install verifiers", python.display()))?;
        let questions = process.stdin.take().context("no standard input")?;
        let answers = process.stdout.take().context("no standard output")?;
        let mut started = Self {
            process,
            questions,
            answers: BufReader::new(answers),
        };
        started
            .line()
            .context("DuckDB is not there: scripts/install verifiers")?;
        Ok(started)
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("DuckDB ended");
        }
        Ok(line.trim().to_owned())
    }

    pub(super) fn ask(&mut self, question: &str) -> anyhow::Result<f64> {
        writeln!(self.questions, "{question}")?;
        self.questions.flush()?;
        Ok(self.line()?.parse()?)
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) struct Postgres {
    connection: PgConnection,
    _server: PostgresServer,
}

impl Postgres {
    pub(super) async fn build(made: &MadeUp) -> anyhow::Result<Self> {
        let server = PostgresServer::start_with(&[
            "shared_buffers=1GB",
            "work_mem=256MB",
            "max_wal_size=8GB",
            "max_parallel_workers_per_gather=1",
            "jit=off",
        ])
        .map_err(|error| anyhow::anyhow!("it is not there: {error}"))?;
        let mut connection = PgConnection::connect(&server.url()).await?;
        let table = "CREATE UNLOGGED TABLE ev (position bigint, ses_no bigint, usr text, target text, process text, type text, \
                     ts timestamp, bytes int)";
        sqlx::raw_sql(table).execute(&mut connection).await?;
        let mut copy = connection.copy_in_raw("COPY ev FROM STDIN").await?;
        let mut buffer = String::with_capacity(2 << 20);
        for (position, event) in made.events.iter().enumerate() {
            use std::fmt::Write as _;
            let (number, user, target, program) = made.names(event);
            let at = retrace_core::Timestamp::from_micros(event.at_us)?;
            let (kind, bytes) = (MadeUp::kind(event), event.bytes);
            writeln!(
                buffer,
                "{position}\t{number}\t{user}\t{target}\t{program}\t{kind}\t{at}\t{bytes}"
            )?;
            if buffer.len() >= 1 << 20 {
                copy.send(std::mem::take(&mut buffer).into_bytes()).await?;
            }
        }
        copy.send(buffer.into_bytes()).await?;
        copy.finish().await?;
        sqlx::raw_sql("VACUUM ANALYZE ev")
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            _server: server,
        })
    }

    pub(super) async fn ask(&mut self, question: &'static str) -> anyhow::Result<f64> {
        let rows = sqlx::query(question).fetch_all(&mut self.connection);
        super::seconds(async { Ok(rows.await?) }).await
    }
}
