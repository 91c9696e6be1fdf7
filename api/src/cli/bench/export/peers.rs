//! Rows of the same content as the lines: in PostgreSQL, and in Parquet for DuckDB.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use futures_util::TryStreamExt;
use retrace_scratch_postgres::PostgresServer;
use sqlx::postgres::PgPoolCopyExt;
use sqlx::{PgPool, Row};

const TABLE: &str = "CREATE TABLE lines (line jsonb);
    CREATE TABLE events (at timestamptz, data jsonb, position bigint, \"recordedAt\" timestamptz, salt text,
        stream text, type text, version int)";
const FILL: &str = "INSERT INTO events SELECT (line->>'at')::timestamptz, line->'data', (line->>'position')::bigint,
    (line->>'recordedAt')::timestamptz, line->>'salt', line->>'stream', line->>'type', (line->>'version')::int FROM lines";
const READ: &str = "COPY (SELECT row_to_json(e) FROM events e) TO STDOUT";
/// Characters that the text format of COPY would read as its own are none in what follows.
const LOAD: &str = "COPY lines FROM STDIN (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')";

pub(super) struct Postgres {
    pool: PgPool,
    _server: PostgresServer,
}

impl Postgres {
    pub(super) async fn start(lines: &Path) -> anyhow::Result<Self> {
        let server = PostgresServer::start()?;
        let url = server.create_database("export")?;
        let pool = PgPool::connect(&url).await?;
        sqlx::raw_sql(TABLE).execute(&pool).await?;
        let mut load = pool.copy_in_raw(LOAD).await?;
        load.read_from(tokio::fs::File::open(lines).await?).await?;
        load.finish().await?;
        sqlx::raw_sql(FILL).execute(&pool).await?;
        // Each by itself: what is sent together is one transaction, in which nothing can be vacuumed.
        for statement in ["DROP TABLE lines", "VACUUM ANALYZE events"] {
            sqlx::raw_sql(statement).execute(&pool).await?;
        }
        let count: i64 = sqlx::query("SELECT count(*) FROM events")
            .fetch_one(&pool)
            .await?
            .get(0);
        ensure!(count > 0, "PostgreSQL has no rows");
        Ok(Self {
            pool,
            _server: server,
        })
    }

    /// Reads all rows as JSON, and answers how many there were.
    pub(super) async fn copy(&self) -> anyhow::Result<u64> {
        let mut pieces = self.pool.copy_out_raw(READ).await?;
        let mut lines = 0;
        while let Some(piece) = pieces.try_next().await? {
            lines += u64::from(piece.last() == Some(&b'\n'));
        }
        Ok(lines)
    }
}

pub(super) struct DuckDb {
    python: PathBuf,
    parquet: PathBuf,
    out: PathBuf,
}

impl DuckDb {
    pub(super) fn prepare(folder: &Path, lines: &Path) -> anyhow::Result<Self> {
        let python = super::cache()?.join("duckdb/bin/python");
        ensure!(
            python.is_file(),
            "DuckDB is not there: scripts/install verifiers"
        );
        let duckdb = Self {
            python,
            parquet: folder.join("events.parquet"),
            out: folder.join("events.json"),
        };
        duckdb.run(&format!(
            "COPY (SELECT * FROM read_json('{}', format='newline_delimited', columns={{\"at\": 'TIMESTAMP', data: \
             'STRUCT(text VARCHAR, host VARCHAR, protocol VARCHAR, \"user\" VARCHAR)', position: 'BIGINT', recordedAt: \
             'TIMESTAMP', salt: 'VARCHAR', stream: 'VARCHAR', type: 'VARCHAR', version: 'BIGINT'}})) TO '{}'",
            lines.display(),
            duckdb.parquet.display()
        ))?;
        Ok(duckdb)
    }

    /// How long it takes to write all rows as JSON, on one thread.
    pub(super) fn write(&self) -> anyhow::Result<Duration> {
        self.run(&format!(
            "COPY (SELECT * FROM '{}') TO '{}' (FORMAT json)",
            self.parquet.display(),
            self.out.display()
        ))
    }

    fn run(&self, statement: &str) -> anyhow::Result<Duration> {
        let program = "import sys, time, duckdb\n\
             c = duckdb.connect(config={'threads': 1})\n\
             t = time.perf_counter()\n\
             c.execute(sys.argv[1])\n\
             print(time.perf_counter() - t)";
        let output = Command::new(&self.python)
            .args(["-c", program, statement])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "DuckDB failed: {said}");
        let seconds = String::from_utf8(output.stdout)?;
        let seconds = seconds.trim().parse().context("the time of DuckDB")?;
        Ok(Duration::from_secs_f64(seconds))
    }
}
