//! Appending: the whole path of an upload (HTTP, parsing, checks, hashing, tree, compression, sealing,
//! commit, signed receipt), and the log alone, on both stores, beside what others do with the same
//! events in the same database.
//!
//! | module | holds |
//! |---|---|
//! | `case` | what is measured, and one run of it |
//! | `events` | the events, the same for everybody |
//! | `ours`, `http` | clients of Retrace |
//! | `peers` | clients of the others |
//! | `scratch` | the PostgreSQL server, `retrace serve` in a process of its own |
//! | `measure` | letting clients send for a time, and what it took |
//! | `verify`, `openssl` | verifying a log, beside its hashing alone |
//! | `report` | the table and the figures |
//! | `overload` | `retrace bench overload` |

mod case;
mod events;
mod http;
mod measure;
mod openssl;
mod ours;
pub(super) mod overload;
mod peers;
mod report;
mod scratch;
mod verify;

use std::time::Duration;

use self::case::{Bench, Case, Way};
use self::measure::wait_until_idle;
use self::peers::rows::Order;
use self::report::Result;
use self::scratch::{Scratch, Store};
use self::verify::Verified;
use super::{Figure, output};

/// What is to be measured, and for how long.
pub(super) struct Options {
    pub(super) rounds: u32,
    pub(super) full: bool,
    /// Only cases that have this in their names.
    pub(super) only: Option<String>,
    pub(super) time: Duration,
}

const fn case(way: Way, batch: usize, clients: usize) -> Case {
    Case {
        way,
        batch,
        clients,
    }
}

const PG: Store = Store::Postgres;
const COPY: Way = Way::Copy(Order::Interleaved);
const COPY_ADJACENT: Way = Way::Copy(Order::Adjacent);
const MESSAGE_DB: Way = Way::MessageDb { categories: 1 };

/// In the order in which they are run. Ours and the peers that they are held against are neighbours.
const CASES: &[Case] = &[
    case(Way::Http(PG), 1000, 8),
    case(COPY, 1000, 1),
    case(COPY_ADJACENT, 1000, 1),
    case(COPY, 1000, 2),
    case(Way::Http(Store::Sqlite), 1000, 8),
    case(Way::InProcess(PG), 1000, 8),
    case(Way::Http(PG), 100, 8),
    case(COPY, 100, 1),
    case(COPY, 100, 2),
    case(Way::Http(Store::Sqlite), 100, 8),
    case(Way::InProcess(PG), 100, 8),
    case(Way::Http(PG), 1, 64),
    case(Way::Insert, 1, 32),
    case(Way::Http(Store::Sqlite), 1, 64),
    case(Way::InProcess(PG), 1, 64),
    case(Way::Http(PG), 1, 1),
    case(Way::Http(PG), 10, 32),
    case(MESSAGE_DB, 1, 8),
    case(MESSAGE_DB, 1, 32),
    case(Way::MessageDb { categories: 32 }, 1, 32),
    case(MESSAGE_DB, 100, 1),
];

/// All of ours that make sense.
fn full() -> Vec<Case> {
    let mut cases = CASES.to_vec();
    for store in [PG, Store::Sqlite] {
        for way in [Way::Http(store), Way::InProcess(store)] {
            for batch in [1, 10, 100, 1000] {
                for clients in [1, 8, 32, 64] {
                    cases.push(case(way, batch, clients));
                }
            }
        }
    }
    cases.extend([1, 8].map(|clients| case(Way::Insert, 1, clients)));
    cases.extend([
        case(COPY_ADJACENT, 1000, 2),
        case(COPY_ADJACENT, 100, 1),
        case(MESSAGE_DB, 1, 1),
    ]);
    let mut seen = Vec::new();
    cases.retain(|case| {
        !seen.contains(case) && {
            seen.push(*case);
            true
        }
    });
    cases
}

pub(super) async fn run(options: &Options) -> anyhow::Result<Vec<Figure>> {
    let mut cases = if options.full { full() } else { CASES.to_vec() };
    if let Some(only) = &options.only {
        cases.retain(|case| case.to_string().contains(only.as_str()));
    }
    let mut bench = Bench {
        scratch: Scratch::start().await?,
        time: options.time,
        message_db: None,
    };
    if cases
        .iter()
        .any(|case| matches!(case.way, Way::MessageDb { .. }))
    {
        match bench.fetch_message_db() {
            Ok(()) => {}
            Err(error) => {
                output::note(format!("append: without message-db: {error:#}"));
                cases.retain(|case| !matches!(case.way, Way::MessageDb { .. }));
            }
        }
    }
    let mut verified = match options.only {
        None => Some(Verified::fill(&mut bench.scratch).await?),
        Some(_) => None,
    };
    output::note(format!(
        "append: {} cases, {} rounds of {:?} each",
        cases.len(),
        options.rounds,
        options.time
    ));
    let mut results: Vec<Result> = cases.into_iter().map(Result::of).collect();
    for _ in 0..options.rounds {
        for result in &mut results {
            wait_until_idle().await;
            result.samples.push(bench.run(result.case).await?);
        }
        if let Some(verified) = &mut verified {
            wait_until_idle().await;
            verified.round()?;
        }
    }
    report::print(&results);
    Ok(report::figures(&results, verified.as_ref()))
}
