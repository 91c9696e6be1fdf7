//! Finding and indexing moments: the whole projection, from the log to a committed index, against
//! the terminal emulator alone, which it cannot do without.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;
use retrace_core::{Position, StreamVersion};
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, ImportProgress, NoProgress, import_file};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};
use retrace_projections::runner;
use retrace_projections::terminal::{TerminalReplay, TerminalSize};

use super::{Figure, median, output, timed};

const BYTES: u64 = 24 << 20;
const PEER: &str = "the terminal emulator alone";

pub(super) async fn run(rounds: u32) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let cast = dir.path().join("output.cast");
    let recording = SyntheticCast {
        seed: 3,
        version: Version::V3,
        workload: Workload::Output,
        length: Length::Bytes(BYTES),
    };
    recording.write_to(&mut File::create(&cast)?)?;
    let data = DataDir::new(dir.path().join("data"));
    let stored = data.open_or_create_log().await?;
    let blobs = data.blobs_of(&stored);
    let log: Arc<dyn EventLog> = Arc::new(stored);
    let progress: Arc<dyn ImportProgress> = Arc::new(NoProgress);
    let imported = import_file(&*log, &cast, &ImportOptions::default(), &progress).await?;
    output::note(format!(
        "index: {} MB, {} events",
        imported.bytes / 1_000_000,
        imported.events
    ));

    let (read_models, moments) = (data.read_models(), ["moments".to_owned()]);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (log_again, blobs) = (Arc::clone(&log), blobs.clone());
        let rebuilt = runner::catch_up(log_again, blobs, &read_models, &moments, |_| {});
        let (took, outcome) = timed(rebuilt).await;
        outcome?;
        ours.push(rate(imported.bytes, took));
        let (took, outcome) = timed(emulate(&*log, imported.log_size)).await;
        outcome?;
        theirs.push(rate(imported.bytes, took));
    }
    Ok(vec![Figure::new(
        "index_output",
        "MB/s",
        median(&ours),
        PEER,
        median(&theirs),
    )])
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}

/// Reads the log as a projection does, and lets the emulator draw everything.
async fn emulate(log: &dyn EventLog, size: Position) -> anyhow::Result<()> {
    let mut terminal = TerminalReplay::with_scrollback(TerminalSize::DEFAULT);
    let first = log.read(Position(0), 1).await?;
    let stream = first
        .first()
        .context("the log has events")?
        .stream()
        .clone();
    let mut next = StreamVersion(0);
    while next.0 < size.0 {
        let events = log.read_stream(&stream, next, 8_192).await?;
        let Some(last) = events.last() else { break };
        next = last.version().plus(1);
        for event in &events {
            terminal.apply(&event.body()?);
        }
    }
    Ok(())
}
