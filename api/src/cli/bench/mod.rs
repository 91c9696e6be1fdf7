//! `retrace bench`
//!
//! Each benchmark runs in a temporary folder, in turn with its peer in the same run, for some
//! rounds; a figure is the median of its rounds. Only ratios within one run mean much: absolute
//! figures move with the machine and the hour.

mod append;
mod export;
mod import;
mod index;
mod live;
mod load;
mod memory;
mod reports;
mod screen;
mod search;
mod video;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::output;

/// Measure what Retrace does, beside a peer, on this machine
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace bench import
  retrace bench search --moments 200000
  retrace bench append
  retrace bench append --only \"HTTP, SQLite\" --time 10s --rounds 1
  retrace bench overload --for 10m
  retrace bench all --json > figures.json")]
pub(super) struct Bench {
    /// What to measure
    name: Name,
    /// How often each figure is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Search: over so many made-up moments
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u32).range(1_000..=50_000_000))]
    moments: u32,
    /// Export: a log of so many events
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(20_000..=100_000_000))]
    events: u64,
    /// Reports: over so many made-up events
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=100_000_000))]
    report_events: u32,
    /// Video: dumps and casts from there instead of `samples`
    #[arg(long, value_name = "FOLDER")]
    recordings: Option<PathBuf>,
    /// Append, live, load: for how long in each round
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    time: Duration,
    /// Append: all numbers of clients with all sizes of batches, which takes an hour
    #[arg(long)]
    full: bool,
    /// Append: only the cases that have this in their names
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Overload: for how long, on each store
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = duration)]
    overload_for: Duration,
    /// Print the figures as a list in JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// Appending over HTTP and in process, beside rows in the same database and message-db
    Append,
    /// Twice what the server takes: is its memory flat, and is anything lost?
    Overload,
    /// The log as NDJSON, as OCSF and over TLS to rsyslog, beside PostgreSQL and DuckDB that write JSON
    Export,
    /// Importing asciicast into the SQLite log, beside a row per event
    Import,
    /// The screen at any moment of a one-hour recording, beside replaying it from its start
    Screen,
    /// Finding and indexing moments, beside the terminal emulator alone
    Index,
    /// Searching millions of moments, beside PostgreSQL, SQLite FTS5 and tantivy called directly
    Search,
    /// Reports over ten million events, beside DuckDB on the same files and PostgreSQL
    Reports,
    /// 200 who follow the log, beside a loop for each
    Live,
    /// 200 who search and 200 who follow while 5,000 events a second come in
    Load,
    /// Joining, transcoding, stills, Guacamole dumps and GIFs, beside FFmpeg, guacenc and agg
    Video,
    /// All of them but `overload`
    All,
}

/// One figure, beside its peer's.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    peer: &'static str,
    peer_value: f64,
    /// `value / peer_value`.
    ratio: f64,
}

impl Figure {
    fn new(
        name: &'static str,
        unit: &'static str,
        value: f64,
        peer: &'static str,
        peer_value: f64,
    ) -> Self {
        Self {
            name,
            value,
            unit,
            peer,
            peer_value,
            ratio: value / peer_value,
        }
    }
}

impl Bench {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let wanted = |name| self.name == name || self.name == Name::All;
        let mut figures = Vec::new();
        if wanted(Name::Append) {
            figures.extend(
                append::run(&append::Options {
                    rounds: self.rounds,
                    full: self.full,
                    only: self.only.clone(),
                    time: self.time,
                })
                .await?,
            );
        }
        if self.name == Name::Overload {
            figures.extend(append::overload::run(self.overload_for).await?);
        }
        if wanted(Name::Export) {
            figures.extend(export::run(self.rounds, self.events).await?);
        }
        if wanted(Name::Import) {
            figures.extend(import::run(self.rounds).await?);
        }
        if wanted(Name::Screen) {
            figures.extend(screen::run(self.rounds).await?);
        }
        if wanted(Name::Index) {
            figures.extend(index::run(self.rounds).await?);
        }
        if wanted(Name::Search) {
            figures.extend(search::run(self.rounds, self.moments).await?);
        }
        if wanted(Name::Reports) {
            figures.extend(reports::run(self.rounds, self.report_events).await?);
        }
        if wanted(Name::Live) {
            figures.extend(live::run(self.rounds, self.time).await?);
        }
        if wanted(Name::Load) {
            figures.extend(load::run(self.time).await?);
        }
        if wanted(Name::Video) {
            figures.extend(video::run(self.rounds, self.recordings.as_deref()).await?);
        }
        if self.json {
            output::line(serde_json::to_string_pretty(&figures)?)?;
        } else {
            output::line(format!(
                "{:42} {:>12} {:10} {:>12}  {:36} {:>8}",
                "figure", "retrace", "", "peer", "", "ratio"
            ))?;
            for figure in &figures {
                let Figure {
                    name,
                    value,
                    unit,
                    peer,
                    peer_value,
                    ratio,
                } = figure;
                output::line(format!(
                    "{name:42} {value:>12.3} {unit:10} {peer_value:>12.3}  {peer:36} {ratio:>8.3}"
                ))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A time such as `90`, `90s`, `10m` or `2h`.
pub(super) fn duration(text: &str) -> anyhow::Result<Duration> {
    let wanted = "expected a number with s, m or h, as in 10m";
    let (number, seconds) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1.0),
        Some(b'm') => (&text[..text.len() - 1], 60.0),
        Some(b'h') => (&text[..text.len() - 1], 3600.0),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().context(wanted)?;
    let duration = Duration::try_from_secs_f64(number * seconds).context(wanted)?;
    anyhow::ensure!(!duration.is_zero(), wanted);
    Ok(duration)
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that the share `q` of the values lies below.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted
        .get((last as f64 * q).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// How long `work` takes, with its answer.
async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let answer = work.await;
    (start.elapsed(), answer)
}

/// Numbers that look random and are the same in each run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % limit.max(1)
    }
}
