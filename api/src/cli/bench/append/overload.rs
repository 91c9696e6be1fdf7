//! More than the server takes, for as long as one likes: its memory stays as it is, who comes at a bad
//! moment is told when to come again, and what was acknowledged is there after `kill -9`.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::ensure;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::memory::resident_bytes;
use super::super::{Figure, output};
use super::measure::drive;
use super::ours::{HttpClient, Taken, http_clients};
use super::scratch::{Place, Scratch, Server, Store};

/// How many connections there are, and how many events each sends at once: together more bytes than
/// the server takes in at once, by default.
const CLIENTS: usize = 400;
const BATCH: usize = 4000;
/// How many times what the server takes is offered.
const TIMES: f64 = 2.0;
/// How long it is measured what the server takes.
const PROBED_FOR: Duration = Duration::from_secs(3);
/// So many lines are printed while it runs.
const SAMPLES: u32 = 20;
const FIRST: usize = SAMPLES as usize / 4;

#[derive(Default)]
struct Counts {
    events: AtomicU64,
    /// 429.
    too_fast: AtomicU64,
    /// 503.
    overloaded: AtomicU64,
    /// Connections that the server closed.
    closed: AtomicU64,
}

pub(in super::super) async fn run(time: Duration) -> anyhow::Result<Vec<Figure>> {
    let mut scratch = Scratch::start().await?;
    let mut figures = Vec::new();
    for (store, rate, memory) in [
        (
            Store::Postgres,
            "overload_postgres_events",
            "overload_postgres_memory",
        ),
        (
            Store::Sqlite,
            "overload_sqlite_events",
            "overload_sqlite_memory",
        ),
    ] {
        output::note(format!("overload: {}", store.name()));
        let place = scratch.place(store).await?;
        let outcome = of_store(&place, time).await?;
        scratch.remove(&place).await?;
        figures.push(Figure::new(
            rate,
            "events/s",
            outcome.per_second,
            "eight clients, as fast as answered",
            outcome.probed_per_second,
        ));
        figures.push(Figure::new(
            memory,
            "MB, most",
            outcome.last_bytes as f64 / 1e6,
            "in the first quarter of the time",
            outcome.first_bytes as f64 / 1e6,
        ));
    }
    Ok(figures)
}

struct Outcome {
    per_second: f64,
    probed_per_second: f64,
    /// The most memory in the first quarter of the time, and after it.
    first_bytes: u64,
    last_bytes: u64,
}

async fn of_store(place: &Place, time: Duration) -> anyhow::Result<Outcome> {
    let mut server = Server::start(place)?;
    let probed = drive(http_clients(&server, 8, 1000).await?, PROBED_FOR, &[]).await?;
    let offered = TIMES * probed.per_second;
    let interval = Duration::from_secs_f64((CLIENTS * BATCH) as f64 / offered);
    output::note(format!(
        "it takes {:.0} events/s; {CLIENTS} clients offer {offered:.0} events/s for {time:?}",
        probed.per_second
    ));
    let clients = http_clients(&server, CLIENTS, BATCH).await?;
    let counts = Arc::new(Counts::default());
    let (start, address) = (Instant::now(), server.address);
    let mut running = JoinSet::new();
    for (client, number) in clients.into_iter().zip(0..) {
        let due = start + interval * number / CLIENTS as u32;
        let client = Offering {
            client,
            due,
            interval,
            until: start + time,
            address,
        };
        running.spawn(client.run(Arc::clone(&counts)));
    }
    let (mut memory, mut before) = (Vec::new(), 0);
    for sample in 1..=SAMPLES {
        sleep_until(start + time * sample / SAMPLES).await;
        let bytes = resident_bytes(server.pid()).unwrap_or_default();
        memory.push(bytes);
        let events = counts.events.load(Ordering::Relaxed);
        let rate = (events - before) as f64 / (time / SAMPLES).as_secs_f64();
        before = events;
        output::note(format!(
            "{:>8.1} s  {rate:>9.0} events/s  {:>6} MB  429: {}  503: {}  closed: {}",
            start.elapsed().as_secs_f64(),
            bytes / 1_000_000,
            counts.too_fast.load(Ordering::Relaxed),
            counts.overloaded.load(Ordering::Relaxed),
            counts.closed.load(Ordering::Relaxed),
        ));
    }
    let per_second = before as f64 / start.elapsed().as_secs_f64();
    let clients = running.join_all().await;
    server.kill_and_start(place)?;
    for client in clients {
        let mut client = client?;
        client.reconnect(server.address).await?;
        client.check_nothing_lost().await?;
    }
    server.stop().await?;
    let verified = place.command(&["verify"])?.output()?;
    ensure!(
        verified.status.success(),
        "the log is not what it was: {}",
        String::from_utf8_lossy(&verified.stdout)
    );
    output::note("killed and started again: all that was acknowledged is there, and verified");
    let (first, last) = memory.split_at(FIRST.min(memory.len() - 1));
    Ok(Outcome {
        per_second,
        probed_per_second: probed.per_second,
        first_bytes: first.iter().copied().max().unwrap_or_default(),
        last_bytes: last.iter().copied().max().unwrap_or_default(),
    })
}

/// A client that sends at its times, whatever the server thinks of it.
struct Offering {
    client: HttpClient,
    due: Instant,
    interval: Duration,
    until: Instant,
    address: std::net::SocketAddr,
}

impl Offering {
    async fn run(mut self, counts: Arc<Counts>) -> anyhow::Result<HttpClient> {
        loop {
            sleep_until(self.due.min(self.until)).await;
            self.due += self.interval;
            if Instant::now() >= self.until {
                return Ok(self.client);
            }
            self.client.prepare();
            self.until_taken(&counts).await?;
        }
    }

    /// Sends the same batch again until it is acknowledged, or the time is over.
    async fn until_taken(&mut self, counts: &Counts) -> anyhow::Result<()> {
        while Instant::now() < self.until {
            match self.client.upload().await {
                Ok(Taken::Acknowledged) => {
                    counts.events.fetch_add(BATCH as u64, Ordering::Relaxed);
                    return Ok(());
                }
                Ok(Taken::NotNow { status, seconds }) => {
                    let count = match status {
                        429 => &counts.too_fast,
                        _ => &counts.overloaded,
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_secs(seconds)).await;
                }
                // A refused body is not read to its end for ever.
                Err(error) if error.is::<io::Error>() => {
                    counts.closed.fetch_add(1, Ordering::Relaxed);
                    self.client.reconnect(self.address).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
