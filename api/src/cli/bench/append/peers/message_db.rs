//! message-db, an event store in PostgreSQL's own language: called as its clients call it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::events::{Random, STREAMS, payload, vary};
use super::super::measure::Client;

const PACKAGE: &str = "@eventide/message-db@1.3.1";
const WRITE: &str = "SELECT message_store.write_message($1, $2, 'bench.event', $3::text::jsonb)";
/// Many messages in one transaction, and in one round trip.
const WRITE_MANY: &str = "SELECT count(message_store.write_message(m.id, m.stream, 'bench.event',
    m.data::jsonb)) FROM unnest($1::text[], $2::text[], $3::text[]) AS m (id, stream, data)";

/// Its files, from npm.
pub(in super::super) fn fetch(folder: &Path) -> anyhow::Result<PathBuf> {
    let run = |command: &mut Command| {
        let output = command
            .current_dir(folder)
            .output()
            .with_context(|| format!("{command:?} cannot be run"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?} failed: {said}");
        anyhow::Ok(String::from_utf8(output.stdout)?)
    };
    let file = run(Command::new("npm").args(["pack", "--silent", PACKAGE]))?;
    run(Command::new("tar").args(["xzf", file.trim()]))?;
    Ok(folder.join("package/database"))
}

/// Installs it into an empty database.
pub(in super::super) fn install(files: &Path, host: &Path, database: &str) -> anyhow::Result<()> {
    let output = Command::new("bash")
        .arg(files.join("install.sh"))
        .env("PGHOST", host)
        .env("PGUSER", "postgres")
        .env("DATABASE_NAME", database)
        .env("CREATE_DATABASE", "off")
        .output()
        .context("its install.sh cannot be run")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "its install.sh failed: {said}");
    Ok(())
}

pub(in super::super) struct MessageDbClient {
    connection: PgConnection,
    random: Random,
    batch: usize,
    categories: u64,
}

impl MessageDbClient {
    /// Its lock is on the category: appends to one of them wait for each other.
    pub(in super::super) async fn new(
        mut connection: PgConnection,
        client: usize,
        batch: usize,
        categories: u64,
    ) -> anyhow::Result<Self> {
        sqlx::raw_sql("SET search_path TO message_store, public")
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            random: Random::new(client as u64),
            batch,
            categories,
        })
    }
}

impl Client for MessageDbClient {
    async fn send(&mut self) -> anyhow::Result<u64> {
        let mut payload = payload();
        let mut messages = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.batch {
            vary(&mut payload, self.random.next());
            let stream = self.random.next() % STREAMS as u64;
            let category = stream % self.categories;
            messages.0.push(Uuid::new_v4().to_string());
            messages.1.push(format!("bench{category}-{stream}"));
            messages.2.push(str::from_utf8(&payload)?.to_owned());
        }
        if let ([id], [stream], [data]) = (&*messages.0, &*messages.1, &*messages.2) {
            sqlx::query(WRITE)
                .bind(id)
                .bind(stream)
                .bind(data)
                .execute(&mut self.connection)
                .await?;
        } else {
            sqlx::query(WRITE_MANY)
                .bind(messages.0)
                .bind(messages.1)
                .bind(messages.2)
                .execute(&mut self.connection)
                .await?;
        }
        Ok(self.batch as u64)
    }
}
