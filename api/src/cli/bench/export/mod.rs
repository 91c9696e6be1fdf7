//! Exporting the log: as the lines that are proved, as OCSF, and over TLS to rsyslog, beside PostgreSQL that writes rows
//! of the same content as JSON, and DuckDB that writes them from Parquet.
//!
//! What is measured of ours is what `GET /v1/events` does for a SIEM, but for HTTP: reading, unsealing, masking, writing.

mod peers;
mod receiver;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use retrace_core::access::{Grant, Role, Scope, Sight};
use retrace_core::data_dir::DataDir;
use retrace_core::event::{EventBatch, KeysTyped, SessionLaunched, TerminalWritten};
use retrace_core::log::{Append, EventLog};
use retrace_core::{Position, SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use retrace_projections::runner;
use retrace_query::Reader;

use super::memory::peak_bytes;
use super::{Chance, Figure, median, output, timed};
use crate::siem::formats::{Format, LineWriter};
use crate::siem::page::{EventPages, LinePages, Wanted};
use crate::siem::sight::Sieve;

const SESSIONS: u8 = 20;
const BATCH: u64 = 1_000;
const ROW_TO_JSON: &str = "PostgreSQL COPY row_to_json";

/// The log that is exported, with the read model that says what is hidden.
struct House {
    log: Arc<dyn EventLog>,
    reader: Reader,
    size: Position,
    folder: tempfile::TempDir,
}

pub(super) async fn run(rounds: u32, events: u64) -> anyhow::Result<Vec<Figure>> {
    let house = House::build(events).await?;
    let lines = house.folder.path().join("lines.ndjson");
    let bytes = house.write(Format::Ndjson, Some(&lines)).await?;
    output::note(format!(
        "export: {} events, {} bytes each",
        house.size,
        bytes / house.size.0.max(1)
    ));
    let postgres = peers::Postgres::start(&lines).await?;
    let duckdb = peers::DuckDb::prepare(house.folder.path(), &lines)?;
    let rate = |took: Duration| house.size.0 as f64 / took.as_secs_f64();
    let (mut ndjson, mut ocsf, mut rows, mut parquet) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let (took, written) = timed(house.write(Format::Ndjson, None)).await;
        written?;
        ndjson.push(rate(took));
        let (took, written) = timed(postgres.copy()).await;
        let found = written?;
        ensure!(found == house.size.0, "PostgreSQL wrote {found} rows");
        rows.push(rate(took));
        parquet.push(rate(duckdb.write()?));
        let (took, written) = timed(house.write(Format::Ocsf, None)).await;
        written?;
        ocsf.push(rate(took));
    }
    // In memory are some pages, however many events: what the process has had at most, before and after twice as many.
    let before = peak_bytes(std::process::id())?;
    house.write(Format::Ocsf, None).await?;
    house.write(Format::Ndjson, None).await?;
    let after = peak_bytes(std::process::id())?;
    let syslog = receiver::over_tls(&house).await?;
    let (ndjson, rows) = (median(&ndjson), median(&rows));
    let per_second = "events/s";
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Ok(vec![
        Figure::new(
            "ndjson_vs_postgres_copy_json",
            per_second,
            ndjson,
            ROW_TO_JSON,
            rows,
        ),
        Figure::new(
            "ndjson_vs_duckdb",
            per_second,
            ndjson,
            "DuckDB, Parquet to JSON, one thread",
            median(&parquet),
        ),
        Figure::new("ocsf_rate", per_second, median(&ocsf), ROW_TO_JSON, rows),
        Figure::new("syslog_tls_rate", per_second, syslog, "the goal", 50_000.0),
        Figure::new(
            "export_peak_memory",
            "MiB",
            mib(after),
            "the same, once less",
            mib(before),
        ),
    ])
}

impl House {
    async fn build(events: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("retrace-bench-")
            .tempdir()?;
        let data = DataDir::new(folder.path().join("data"));
        let stored = data.open_or_create_log().await?;
        let blobs = data.blobs_of(&stored);
        let log: Arc<dyn EventLog> = Arc::new(stored);
        let mut chance = Chance(7);
        for number in 0..SESSIONS {
            let session = SessionId::of_recording(&[number; 32]);
            let stream = StreamName::of_session(session, &SourceName::new("agent")?);
            let mut version = 0;
            while version < events / u64::from(SESSIONS) {
                let batch = batch(version, &mut chance)?;
                let count = batch.len() as u64;
                let append = Append {
                    stream: stream.clone(),
                    first_version: StreamVersion(version),
                    events: batch,
                };
                log.append(append).await?;
                version += count;
            }
        }
        let size = log.head().await?.size;
        let names = ["sessions", "redactions"].map(str::to_owned);
        runner::catch_up(Arc::clone(&log), blobs, &data.read_models(), &names, |_| {}).await?;
        let sight = Sight::new(
            Vec::new(),
            vec![Grant {
                role: Role::Siem,
                scope: Scope::everything(),
            }],
        );
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        Ok(Self {
            log,
            reader: reader.seen_by(Arc::new(sight)),
            size,
            folder,
        })
    }

    /// Writes the whole log, and answers how many bytes that was.
    async fn write(&self, format: Format, file: Option<&Path>) -> anyhow::Result<u64> {
        let mut file = match file {
            Some(path) => Some(tokio::fs::File::create(path).await?),
            None => None,
        };
        let mut pages = LinePages::new(
            EventPages::new(Arc::clone(&self.log), Position(0), self.size),
            Wanted::default(),
            Sieve::new(Arc::clone(&self.log), self.reader.clone()),
            LineWriter::new(format, self.log.id()),
        );
        let (mut bytes, mut count) = (0, 0);
        while let Some(page) = pages.next_page().await? {
            bytes += page.lines.len() as u64;
            count += page.count;
            if let Some(file) = &mut file {
                tokio::io::AsyncWriteExt::write_all(file, &page.lines).await?;
            }
        }
        if let Some(mut file) = file {
            tokio::io::AsyncWriteExt::flush(&mut file).await?;
        }
        ensure!(
            count == self.size.0,
            "{count} of {} events were written",
            self.size
        );
        Ok(bytes)
    }
}

fn batch(version: u64, chance: &mut Chance) -> anyhow::Result<EventBatch> {
    let mut batch = EventBatch::new();
    let now = Timestamp::now();
    if version == 0 {
        let launched = SessionLaunched {
            host: Some("db-1".to_owned()),
            protocol: Some("ssh".to_owned()),
            user: Some("alice".to_owned()),
            ..SessionLaunched::default()
        };
        batch.push(now, launched)?;
    }
    while (batch.len() as u64) < BATCH {
        let at =
            now.saturating_add_micros(i64::try_from(version).unwrap_or(0) + batch.len() as i64);
        if chance.below(10) == 0 {
            batch.push(at, KeysTyped::typed("ls\r".to_owned()))?;
            continue;
        }
        let number = chance.below(1_000_000_000);
        let written = TerminalWritten {
            continued: false,
            text: format!("-rw-r--r-- 1 root root {number} Nov 21 09:30 backup-{number}.tar\r\n"),
        };
        batch.push(at, written)?;
    }
    Ok(batch)
}

/// The cache of what tests and benchmarks install.
fn cache() -> anyhow::Result<std::path::PathBuf> {
    let cache = std::env::var_os("RETRACE_CACHE")
        .map(std::path::PathBuf::from)
        .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache/retrace")));
    cache.context("no folder of what is installed: set RETRACE_CACHE")
}
