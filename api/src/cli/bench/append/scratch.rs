//! Where the log and the peers' tables are while they are measured: a PostgreSQL server of our own,
//! and `retrace serve` as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use retrace_ingest::protocol::LaunchAnswer;
use retrace_scratch_postgres::PostgresServer;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tempfile::TempDir;

use super::http::Connection as Http;

/// As the peers' report has it; everything else is the default, so fsync is on.
const SETTINGS: [&str; 2] = ["max_wal_size=16GB", "min_wal_size=8GB"];
/// With less memory than this, the server's share is smaller.
const MEMORY_FOR_2_GB: u64 = 6 << 30;
/// So many segments of the write-ahead log are made before anything is measured: making them takes
/// longer than writing into those that are there, and whoever comes first would pay.
const SEGMENTS_MADE: usize = 64;
const STOPS_WITHIN: Duration = Duration::from_secs(20);

/// What goes away when the benchmark ends.
pub(super) struct Scratch {
    pub(super) folder: TempDir,
    postgres: PostgresServer,
    made: usize,
}

/// Where our log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Sqlite,
    Postgres,
}

impl Store {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

impl Scratch {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let memory = available_memory().unwrap_or_default();
        let buffers = match memory >= MEMORY_FOR_2_GB {
            true => "shared_buffers=2GB",
            false => "shared_buffers=512MB",
        };
        let settings = [&SETTINGS[..], &[buffers]].concat();
        let scratch = Self {
            folder: tempfile::Builder::new()
                .prefix("retrace-bench-")
                .tempdir()?,
            postgres: PostgresServer::start_with(&settings)?,
            made: 0,
        };
        let mut connection = scratch.connect("postgres").await?;
        for _ in 0..SEGMENTS_MADE {
            sqlx::raw_sql("SELECT pg_logical_emit_message(false, '', ''); SELECT pg_switch_wal()")
                .execute(&mut connection)
                .await?;
        }
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        connection.close().await?;
        Ok(scratch)
    }

    pub(super) fn postgres_pid(&self) -> anyhow::Result<u32> {
        self.postgres.pid().context("PostgreSQL is not running")
    }

    /// The folder of its socket.
    pub(super) fn postgres_host(&self) -> &Path {
        self.postgres.folder()
    }

    pub(super) fn url_of(&self, database: &str) -> String {
        let host = self.postgres.folder().display();
        format!("postgres:///{database}?user=postgres&host={host}")
    }

    pub(super) async fn connect(&self, database: &str) -> anyhow::Result<PgConnection> {
        let options = PgConnectOptions::from_str(&self.url_of(database))?;
        Ok(options.disable_statement_logging().connect().await?)
    }

    fn next_name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}_{}", self.made)
    }

    /// An empty database, and its name.
    pub(super) async fn database(&mut self) -> anyhow::Result<String> {
        let name = self.next_name("bench");
        let mut connection = self.connect("postgres").await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(name)
    }

    /// Drops a database, whoever still uses it, and puts the server in order for the next case.
    pub(super) async fn drop_database(&self, name: &str) -> anyhow::Result<()> {
        let mut connection = self.connect("postgres").await?;
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut connection)
            .await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// How many bytes a database has on disk, all of it written.
    pub(super) async fn database_bytes(&self, name: &str) -> anyhow::Result<u64> {
        let mut connection = self.connect(name).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        let bytes: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(bytes as u64)
    }

    /// A place for a log.
    pub(super) async fn place(&mut self, store: Store) -> anyhow::Result<Place> {
        let name = self.next_name("data");
        let data = self.folder.path().join(name);
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(self.database().await?),
        };
        let url = database.as_deref().map(|name| self.url_of(name));
        Ok(Place {
            data,
            database,
            url,
        })
    }

    /// How many bytes a log has on disk, once nobody has it open.
    pub(super) async fn bytes_of(&self, place: &Place) -> anyhow::Result<u64> {
        if let Some(database) = &place.database {
            return self.database_bytes(database).await;
        }
        let file = place.data.join("log.sqlite");
        let log = rusqlite::Connection::open(&file)?;
        log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(fs::metadata(file)?.len())
    }

    pub(super) async fn remove(&self, place: &Place) -> anyhow::Result<()> {
        if let Some(database) = &place.database {
            self.drop_database(database).await?;
        }
        match fs::remove_dir_all(&place.data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn available_memory() -> Option<u64> {
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let line = memory
        .lines()
        .find(|line| line.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes << 10)
}

/// The data folder of a log, and its database if it has one.
pub(super) struct Place {
    pub(super) data: PathBuf,
    database: Option<String>,
    pub(super) url: Option<String>,
}

impl Place {
    /// This program with the log of this place.
    pub(super) fn command(&self, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        // What is set for the log of whoever measures is not for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RETRACE_") && name != "RETRACE_LOG" {
                command.env_remove(name);
            }
        }
        command.args(args).arg("--data").arg(&self.data);
        if let Some(url) = &self.url {
            command.args(["--database-url", url]);
        }
        Ok(command)
    }
}

/// `retrace serve` in a process of its own. Killed when it is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
    recorder_token: String,
}

impl Server {
    pub(super) fn start(place: &Place) -> anyhow::Result<Self> {
        let token = ["token", "create", "--name", "bench", "--role", "recorder"];
        let output = place.command(&token)?.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "no token could be made: {said}");
        let recorder_token = String::from_utf8(output.stdout)?.trim().to_owned();
        let (child, address) = serve(place)?;
        Ok(Self {
            child,
            address,
            recorder_token,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Launches a session.
    pub(super) async fn launch(&self, http: &mut Http) -> anyhow::Result<LaunchAnswer> {
        let facts = json!({"user": "bench", "target": "db1", "launcher": "retrace bench"});
        let body = facts.to_string();
        let answer = http
            .ask(
                "POST",
                "/v1/sessions",
                &self.recorder_token,
                "application/json",
                body.as_bytes(),
            )
            .await?;
        if answer.status != 201 {
            bail!(
                "a launch was answered with {}: {}",
                answer.status,
                String::from_utf8_lossy(answer.body)
            );
        }
        Ok(serde_json::from_slice(answer.body)?)
    }

    /// Stops it as an operator does.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let asked = std::time::Instant::now();
        while asked.elapsed() < STOPS_WITHIN {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the server did not stop");
    }

    /// Kills it as a loss of power does, and starts another on what it left.
    pub(super) fn kill_and_start(&mut self, place: &Place) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        (self.child, self.address) = serve(place)?;
        Ok(())
    }
}

fn serve(place: &Place) -> anyhow::Result<(Child, SocketAddr)> {
    let errors = place.data.join("serve.txt");
    let mut child = place
        .command(&["serve", "--listen", "127.0.0.1:0"])?
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&errors)?)
        .spawn()?;
    let output = child.stdout.take().context("its output is piped")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let Some(address) = line.trim().strip_prefix("listening on http://") else {
        child.kill()?;
        child.wait()?;
        let said = fs::read_to_string(&errors)?;
        bail!("the server did not start: {said}");
    };
    let address = address.parse()?;
    Ok((child, address))
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
