//! What a run of clients did: events, times, and the processors' time of who served them.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::super::quantile;

/// The kernel counts processors' time in hundredths of a second, on every Linux.
const TICK: f64 = 0.01;
const IDLE_WITHIN: Duration = Duration::from_secs(8);
const IDLE_WINDOW: Duration = Duration::from_millis(200);
const IDLE_SHARE: f64 = 0.9;

/// Somebody who appends a batch at a time.
pub(super) trait Client: Send + 'static {
    /// Appends the next batch, and waits until it is durable. Answers how many events it had.
    fn send(&mut self) -> impl Future<Output = anyhow::Result<u64>> + Send;
}

/// What one run of one case gave.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    pub(super) events: u64,
    pub(super) per_second: f64,
    /// Until a batch was acknowledged, in milliseconds.
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Microseconds of processor for each event, of server and database together.
    pub(super) server_cpu: f64,
    /// The same of this process, where the clients are.
    pub(super) client_cpu: f64,
    /// Bytes on disk for each event. Not each case looks.
    pub(super) bytes: Option<f64>,
}

/// Lets all clients send for a time. `servers` are the processes that serve them, children included.
pub(super) async fn drive<C: Client>(
    clients: Vec<C>,
    time: Duration,
    servers: &[u32],
) -> anyhow::Result<Sample> {
    let barrier = Arc::new(Barrier::new(clients.len() + 1));
    let mut running = JoinSet::new();
    for mut client in clients {
        let barrier = Arc::clone(&barrier);
        running.spawn(async move {
            // The first one opens what is to be opened: statements, connections, keys.
            client.send().await?;
            barrier.wait().await;
            barrier.wait().await;
            let start = Instant::now();
            let (mut events, mut latencies) = (0, Vec::new());
            while start.elapsed() < time {
                let sent = Instant::now();
                events += client.send().await?;
                latencies.push(sent.elapsed().as_secs_f64() * 1e3);
            }
            anyhow::Ok((events, latencies))
        });
    }
    // A client that failed before never comes to the barrier.
    let failed = async {
        while let Some(done) = running.join_next().await {
            done??;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        _ = barrier.wait() => {}
        failed = failed => {
            failed?;
            anyhow::bail!("the clients ended before they began");
        }
    }
    let before = (cpu_of(servers)?, cpu_of_this_process()?);
    let start = Instant::now();
    barrier.wait().await;
    let (mut events, mut latencies) = (0, Vec::new());
    while let Some(done) = running.join_next().await {
        let (sent, took) = done??;
        events += sent;
        latencies.extend(took);
    }
    let took = start.elapsed().as_secs_f64();
    let after = (cpu_of(servers)?, cpu_of_this_process()?);
    let per_event = |seconds: f64| seconds * 1e6 / events as f64;
    Ok(Sample {
        events,
        per_second: events as f64 / took,
        p50: quantile(&latencies, 0.5),
        p99: quantile(&latencies, 0.99),
        server_cpu: per_event(after.0 - before.0),
        client_cpu: per_event(after.1 - before.1),
        bytes: None,
    })
}

/// One line of `/proc/<pid>/stat`.
struct Process {
    parent: u32,
    own_ticks: u64,
    ended_children_ticks: u64,
}

impl Process {
    fn read(pid: &str) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold anything, and ends at the last parenthesis.
        let (_, fields) = stat.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own_ticks: ticks(11)? + ticks(12)?,
            ended_children_ticks: ticks(13)? + ticks(14)?,
        })
    }
}

/// The processors' time in seconds of some processes and of all that they started.
pub(super) fn cpu_of(roots: &[u32]) -> anyhow::Result<f64> {
    let mut processes = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some((name, pid)) = name
            .to_str()
            .and_then(|n| Some((n, n.parse::<u32>().ok()?)))
        else {
            continue;
        };
        if let Some(process) = Process::read(name) {
            processes.insert(pid, process);
        }
    }
    let is_of = |mut pid: u32| {
        while let Some(process) = processes.get(&pid) {
            if roots.contains(&pid) {
                return true;
            }
            pid = process.parent;
        }
        false
    };
    let ticks: u64 = processes
        .iter()
        .filter(|(pid, _)| is_of(**pid))
        .map(|(_, process)| process.own_ticks + process.ended_children_ticks)
        .sum();
    Ok(ticks as f64 * TICK)
}

fn cpu_of_this_process() -> anyhow::Result<f64> {
    let process = Process::read("self").context("/proc/self/stat cannot be read")?;
    Ok(process.own_ticks as f64 * TICK)
}

/// Waits until the processors have nothing else to do, though not for ever.
pub(super) async fn wait_until_idle() {
    let started = Instant::now();
    let mut before = idle_and_all();
    while started.elapsed() < IDLE_WITHIN {
        tokio::time::sleep(IDLE_WINDOW).await;
        let now = idle_and_all();
        if let (Some(before), Some(now)) = (before, now) {
            let (idle, all) = (now.0 - before.0, now.1 - before.1);
            if all > 0 && idle as f64 / all as f64 >= IDLE_SHARE {
                return;
            }
        }
        before = now;
    }
}

fn idle_and_all() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    Some((ticks.get(3)? + ticks.get(4)?, ticks.iter().sum()))
}
