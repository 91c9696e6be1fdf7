//! The screen at any moment of a one-hour recording: from the nearest keyframe and the tail, against
//! replaying the recording from its start, both out of the log.

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use retrace_core::data_dir::DataDir;
use retrace_core::log::EventLog;
use retrace_core::{StreamName, StreamVersion, Timestamp};
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{ImportOptions, ImportProgress, NoProgress, import_file};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};
use retrace_projections::runner;
use retrace_projections::terminal::{TerminalReplay, TerminalSize};
use retrace_query::Reader;

use super::{Chance, Figure, median, millis, output, quantile, timed};

const HOUR: Duration = Duration::from_secs(3600);
const MOMENTS_A_ROUND: u64 = 40;
/// Replaying from the start takes long: a few moments a round are enough for a median.
const REPLAYS_A_ROUND: u64 = 4;
const PEER: &str = "replay from the start";

pub(super) async fn run(rounds: u32) -> anyhow::Result<Vec<Figure>> {
    let dir = tempfile::tempdir()?;
    let cast = dir.path().join("hour.cast");
    let recording = SyntheticCast {
        seed: 2,
        version: Version::V3,
        workload: Workload::Output,
        length: Length::Lasting(HOUR),
    };
    let bytes = recording.write_to(&mut File::create(&cast)?)?;
    let data = DataDir::new(dir.path().join("data"));
    let stored = data.open_or_create_log().await?;
    let blobs = data.blobs_of(&stored);
    let log: Arc<dyn EventLog> = Arc::new(stored);
    let progress: Arc<dyn ImportProgress> = Arc::new(NoProgress);
    let imported = import_file(&*log, &cast, &ImportOptions::default(), &progress).await?;
    output::note(format!(
        "screen: one hour, {} events, {} MB; {rounds} rounds",
        imported.events,
        bytes / 1_000_000
    ));
    let start = Instant::now();
    runner::catch_up(Arc::clone(&log), blobs, &data.read_models(), &[], |_| {}).await?;
    output::note(format!(
        "read models built in {:.1} s",
        start.elapsed().as_secs_f64()
    ));

    let reader = Reader::open(&data.read_models(), Arc::clone(&log));
    let streams = log.session_streams(imported.session).await?;
    let stream = streams.first().context("the session has a stream")?;
    let mut chance = Chance(42);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for turn in 0..MOMENTS_A_ROUND {
            let at_ms = chance.below(imported.duration_us / 1000);
            let (took, screen) = timed(reader.screen(imported.session, at_ms)).await;
            let screen = screen?.context("the session has a terminal")?;
            ours.push(millis(took));
            if turn < REPLAYS_A_ROUND {
                let (took, lines) = timed(replayed(&*log, stream, at_ms)).await;
                theirs.push(millis(took));
                ensure!(
                    screen.lines == lines?,
                    "the two screens at {at_ms} ms differ"
                );
            }
        }
    }
    Ok(vec![
        Figure::new("screen_median", "ms", median(&ours), PEER, median(&theirs)),
        Figure::new(
            "screen_p99",
            "ms",
            quantile(&ours, 0.99),
            PEER,
            quantile(&theirs, 0.99),
        ),
    ])
}

async fn replayed(
    log: &dyn EventLog,
    stream: &StreamName,
    at_ms: u64,
) -> anyhow::Result<Vec<String>> {
    let mut terminal = TerminalReplay::with_scrollback(TerminalSize::DEFAULT);
    let mut next = StreamVersion(0);
    let mut until: Option<Timestamp> = None;
    loop {
        let events = log.read_stream(stream, next, 8_192).await?;
        for event in &events {
            let limit_us = i64::try_from(at_ms)?
                .saturating_mul(1000)
                .saturating_add(999);
            let until = *until.get_or_insert_with(|| event.at().saturating_add_micros(limit_us));
            if event.at() > until {
                return Ok(terminal.lines());
            }
            terminal.apply(&event.body()?);
        }
        let Some(last) = events.last() else {
            return Ok(terminal.lines());
        };
        next = last.version().plus(1);
    }
}
