//! Importing: the whole path (reading, checking, hashing, tree, packing, commit) against writing
//! the same entries as a row each, with the same durability, in one transaction.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use retrace_core::data_dir::DataDir;
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, ImportProgress, NoProgress, import_file};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};

use super::{Figure, median, output};

const PEER: &str = "SQLite, a row for each entry";

pub(super) async fn run(rounds: u32) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let mut figures = Vec::new();
    for (name, size_name, workload, megabytes) in [
        (
            "import_output",
            "import_output_log_bytes",
            Workload::Output,
            64,
        ),
        (
            "import_keystrokes",
            "import_keystrokes_log_bytes",
            Workload::Keystrokes,
            16,
        ),
    ] {
        let cast = dir.path().join(format!("{name}.cast"));
        let recording = SyntheticCast {
            seed: 1,
            version: Version::V3,
            workload,
            length: Length::Bytes(megabytes << 20),
        };
        let bytes = recording.write_to(&mut File::create(&cast)?)?;
        output::note(format!("{name}: {} MB, {rounds} rounds", bytes / 1_000_000));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut our_bytes, mut their_bytes) = (0, 0);
        for round in 0..rounds {
            let data = dir.path().join(format!("{name}-{round}"));
            ours.push(rate(bytes, import(&data, &cast).await?));
            our_bytes = fs::metadata(data.join("log.sqlite"))?.len();
            fs::remove_dir_all(&data)?;
            let rows = dir.path().join(format!("{name}-{round}.sqlite"));
            theirs.push(rate(bytes, rows_of_entries(&rows, &cast)?));
            their_bytes = fs::metadata(&rows)?.len();
            fs::remove_file(&rows)?;
        }
        figures.push(Figure::new(
            name,
            "MB/s",
            median(&ours),
            PEER,
            median(&theirs),
        ));
        let (ours, theirs) = (our_bytes as f64 / 1e6, their_bytes as f64 / 1e6);
        figures.push(Figure::new(size_name, "MB", ours, PEER, theirs));
    }
    Ok(figures)
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

async fn import(data: &Path, cast: &Path) -> anyhow::Result<Duration> {
    let log = DataDir::new(data).open_or_create_log().await?;
    let progress: Arc<dyn ImportProgress> = Arc::new(NoProgress);
    let start = Instant::now();
    import_file(&log, cast, &ImportOptions::default(), &progress).await?;
    Ok(start.elapsed())
}

fn rows_of_entries(path: &Path, cast: &Path) -> anyhow::Result<Duration> {
    let mut rows = rusqlite::Connection::open(path)?;
    rows.pragma_update(None, "journal_mode", "WAL")?;
    rows.pragma_update(None, "synchronous", "FULL")?;
    rows.execute_batch(
        "CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL,
             version INTEGER NOT NULL, at REAL NOT NULL, code TEXT NOT NULL, data TEXT NOT NULL,
             UNIQUE (stream, version)) STRICT",
    )?;
    let start = Instant::now();
    let transaction = rows.transaction()?;
    {
        let mut insert =
            transaction.prepare("INSERT INTO events VALUES (?1, ?2, ?1, ?3, ?4, ?5)")?;
        let mut at = 0.0;
        for (position, line) in BufReader::new(File::open(cast)?)
            .lines()
            .enumerate()
            .skip(1)
        {
            let line = line?;
            if line.starts_with('#') {
                continue;
            }
            let (interval, code, data): (f64, String, String) =
                serde_json::from_str(&line).with_context(|| line.clone())?;
            at += interval;
            insert.execute((position as i64, "session/1/recorder", at, code, data))?;
        }
    }
    transaction.commit()?;
    Ok(start.elapsed())
}
