//! Following the log: 200 who follow one of 40 sessions each while 5,000 events come in every second, by the
//! shared end of the log, against a loop for each that reads the log every 50 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use retrace_core::data_dir::DataDir;
use retrace_core::event::{Event, EventBatch, KeysTyped};
use retrace_core::log::{Append, EventLog};
use retrace_core::{Position, SessionId, SourceName, StreamName, StreamVersion, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Figure, median, output, quantile};
use crate::live::LogTail;

const FOLLOWERS: usize = 200;
const SESSIONS: usize = 40;
/// Each session gets so many events five times a second.
const BATCH: u64 = 25;
const BATCH_EVERY: Duration = Duration::from_millis(200);
const PEER: &str = "a loop for each, every 50 ms";
const PEER_EVERY: Duration = Duration::from_millis(50);
const PEER_PAGE: usize = 4_096;
/// Shorter runs say little.
const TIME_MIN: Duration = Duration::from_secs(3);

pub(super) async fn run(rounds: u32, time: Duration) -> anyhow::Result<Vec<Figure>> {
    let time = time.max(TIME_MIN);
    output::note(format!(
        "live: {FOLLOWERS} followers, 5,000 events/s; {rounds} rounds of twice {time:?}"
    ));
    let (mut ours, mut theirs) = (Measured::default(), Measured::default());
    for _ in 0..rounds {
        ours.add(measure(time, true).await?);
        theirs.add(measure(time, false).await?);
    }
    let figure = |name, unit, of: fn(&Measured) -> f64| {
        Figure::new(name, unit, of(&ours), PEER, of(&theirs))
    };
    Ok(vec![
        figure("live_200_followers_cpu", "% core", |m| median(&m.cpu)),
        figure("live_200_followers_delay_median", "ms", |m| {
            median(&m.delays)
        }),
        figure("live_200_followers_delay_p99", "ms", |m| {
            quantile(&m.delays, 0.99)
        }),
    ])
}

/// What was measured in some rounds.
#[derive(Default)]
struct Measured {
    /// Of one core, appends included.
    cpu: Vec<f64>,
    /// From when an event was taken in until a follower had it, in milliseconds.
    delays: Vec<f64>,
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.cpu.extend(other.cpu);
        self.delays.extend(other.delays);
    }
}

async fn measure(time: Duration, is_shared: bool) -> anyhow::Result<Measured> {
    let dir = tempfile::tempdir()?;
    let stored = DataDir::new(dir.path()).open_or_create_log().await?;
    let log: Arc<dyn EventLog> = Arc::new(stored);
    let tail = Arc::new(LogTail::new(Arc::clone(&log)));
    let rounds = (time.as_millis() / BATCH_EVERY.as_millis()) as u64;
    let sessions: Vec<SessionId> = (0..SESSIONS).map(|_| SessionId::launched_now()).collect();
    let over = Arc::new(AtomicBool::new(false));
    let mut followers = JoinSet::new();
    for number in 0..FOLLOWERS {
        let session = sessions[number % SESSIONS];
        if is_shared {
            let tail = Arc::clone(&tail);
            followers.spawn(async move { shared(&tail, session, rounds * BATCH).await });
        } else {
            let (log, over) = (Arc::clone(&log), Arc::clone(&over));
            followers.spawn(async move { alone(&*log, session, rounds * BATCH, &over).await });
        }
    }
    let (start, cpu) = (Instant::now(), cpu_time()?);
    for round in 0..rounds {
        tokio::time::sleep_until(start + BATCH_EVERY * u32::try_from(round)?).await;
        let appends = sessions
            .iter()
            .map(|session| append(&*log, *session, round));
        for append in futures_util::future::join_all(appends).await {
            append?;
        }
    }
    let mut measured = Measured::default();
    while let Some(seen) = followers.join_next().await {
        measured.delays.extend(seen??);
    }
    over.store(true, Ordering::Relaxed);
    let used = cpu_time()?.saturating_sub(cpu).as_secs_f64();
    measured.cpu = vec![100.0 * used / start.elapsed().as_secs_f64()];
    Ok(measured)
}

async fn append(log: &dyn EventLog, session: SessionId, round: u64) -> anyhow::Result<()> {
    let mut events = EventBatch::new();
    for n in 0..BATCH {
        let text = format!("{n} of what somebody types, or what is shown to them");
        events.push(Timestamp::now(), KeysTyped::typed(text))?;
    }
    let append = Append {
        stream: StreamName::of_session(session, &SourceName::new("recorder")?),
        first_version: StreamVersion(round * BATCH),
        events,
    };
    log.append(append).await?;
    Ok(())
}

fn delay(event: &Event) -> f64 {
    Timestamp::now().micros_since(event.recorded_at()) as f64 / 1e3
}

async fn shared(tail: &Arc<LogTail>, session: SessionId, wanted: u64) -> anyhow::Result<Vec<f64>> {
    let (mut follower, mut seen, mut delays) = (tail.follow(Position(0)), 0, Vec::new());
    while seen < wanted {
        let of_it = |event: &Event| event.session() == Some(session);
        let page = follower.page(Some(session), of_it).await?;
        delays.extend(page.events.iter().map(delay));
        seen += page.events.len() as u64;
    }
    ensure!(seen == wanted, "{seen} events were seen, expected {wanted}");
    Ok(delays)
}

async fn alone(
    log: &dyn EventLog,
    session: SessionId,
    wanted: u64,
    over: &AtomicBool,
) -> anyhow::Result<Vec<f64>> {
    let (mut next, mut seen, mut delays) = (Position(0), 0, Vec::new());
    while seen < wanted && !over.load(Ordering::Relaxed) {
        let events = log.read(next, PEER_PAGE).await?;
        let Some(last) = events.last() else {
            tokio::time::sleep(PEER_EVERY).await;
            continue;
        };
        next = last.position().plus(1);
        for event in events
            .iter()
            .filter(|event| event.session() == Some(session))
        {
            delays.push(delay(event));
            seen += 1;
        }
    }
    Ok(delays)
}

/// The time that this process has had of all cores.
fn cpu_time() -> anyhow::Result<Duration> {
    // Fields 14 and 15 of proc_pid_stat(5), in ticks of a hundredth of a second.
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("no name of a process")?;
    let ticks: Result<Vec<u64>, _> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect();
    Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
}
