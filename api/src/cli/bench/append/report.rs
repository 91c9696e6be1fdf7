//! What is printed: a line for each case, and the figures that goals are set for.

use super::super::{Figure, median, output};
use super::case::{Case, Way};
use super::measure::Sample;
use super::scratch::Store;
use super::verify::Verified;
use super::{COPY, COPY_ADJACENT, case};

/// A case with all its rounds.
pub(super) struct Result {
    pub(super) case: Case,
    pub(super) samples: Vec<Sample>,
}

impl Result {
    pub(super) fn of(case: Case) -> Self {
        Self {
            case,
            samples: Vec::new(),
        }
    }

    fn median(&self, of: fn(&Sample) -> f64) -> f64 {
        median(&self.samples.iter().map(of).collect::<Vec<_>>())
    }

    fn per_second(&self) -> f64 {
        self.median(|sample| sample.per_second)
    }

    fn bytes(&self) -> f64 {
        self.median(|sample| sample.bytes.unwrap_or(f64::NAN))
    }

    fn cpu(&self) -> f64 {
        self.median(|sample| sample.server_cpu)
    }
}

/// On standard error, for people: the figures go to standard output.
pub(super) fn print(results: &[Result]) {
    output::note(format!(
        "\n{:50} {:>9} {:>8} {:>8} {:>9} {:>9} {:>7}",
        "clients x events in a batch",
        "events/s",
        "p50 ms",
        "p99 ms",
        "CPU us",
        "client us",
        "bytes"
    ));
    for result in results {
        let bytes = match result.bytes() {
            bytes if bytes.is_nan() => String::new(),
            bytes => format!("{bytes:.0}"),
        };
        output::note(format!(
            "{:50} {:>9.0} {:>8.2} {:>8.2} {:>9.2} {:>9.2} {:>7}",
            result.case.to_string(),
            result.per_second(),
            result.median(|sample| sample.p50),
            result.median(|sample| sample.p99),
            result.cpu(),
            result.median(|sample| sample.client_cpu),
            bytes,
        ));
    }
    output::note("");
}

const PG: Way = Way::Http(Store::Postgres);
const SQLITE: Way = Way::Http(Store::Sqlite);
const EMBEDDED: Way = Way::InProcess(Store::Postgres);

/// Name, ours, what the peer is called, and the peer.
type Pair = (&'static str, Case, &'static str, Case);

const RATES: &[Pair] = &[
    (
        "http_postgres_batch_1000_vs_copy",
        case(PG, 1000, 8),
        "rows by COPY, one connection",
        case(COPY, 1000, 1),
    ),
    (
        "http_postgres_batch_1000_vs_copy_adjacent",
        case(PG, 1000, 8),
        "the same, a stream a batch",
        case(COPY_ADJACENT, 1000, 1),
    ),
    (
        "http_postgres_batch_1000_vs_copy_two",
        case(PG, 1000, 8),
        "rows by COPY, two connections",
        case(COPY, 1000, 2),
    ),
    (
        "http_postgres_batch_100_vs_copy",
        case(PG, 100, 8),
        "rows by COPY, one connection",
        case(COPY, 100, 1),
    ),
    (
        "http_postgres_batch_100_vs_copy_two",
        case(PG, 100, 8),
        "rows by COPY, two connections",
        case(COPY, 100, 2),
    ),
    (
        "http_sqlite_batch_1000_vs_postgres",
        case(SQLITE, 1000, 8),
        "ours on PostgreSQL",
        case(PG, 1000, 8),
    ),
    (
        "http_64_single_vs_postgres_single",
        case(PG, 1, 64),
        "rows by INSERT, 32 connections",
        case(Way::Insert, 1, 32),
    ),
    (
        "http_sqlite_64_single_vs_postgres_single",
        case(SQLITE, 1, 64),
        "rows by INSERT, 32 connections",
        case(Way::Insert, 1, 32),
    ),
    (
        "in_process_batch_1000_vs_copy",
        case(EMBEDDED, 1000, 8),
        "rows by COPY, one connection",
        case(COPY, 1000, 1),
    ),
    (
        "in_process_batch_100_vs_copy",
        case(EMBEDDED, 100, 8),
        "rows by COPY, one connection",
        case(COPY, 100, 1),
    ),
];

/// The figures of the cases that were run.
pub(super) fn figures(results: &[Result], verified: Option<&Verified>) -> Vec<Figure> {
    let of = |case: Case| results.iter().find(|result| result.case == case);
    let mut figures = Vec::new();
    for (name, ours, peer_name, peer) in RATES {
        if let (Some(ours), Some(peer)) = (of(*ours), of(*peer)) {
            let (ours, peer) = (ours.per_second(), peer.per_second());
            figures.push(Figure::new(name, "events/s", ours, peer_name, peer));
        }
    }
    let ours = of(case(PG, 1000, 8));
    let best_message_db = |batch: usize| {
        results
            .iter()
            .filter(|result| matches!(result.case.way, Way::MessageDb { .. }))
            .filter(|result| batch == 0 || result.case.batch == batch)
            .map(Result::per_second)
            .max_by(f64::total_cmp)
    };
    if let (Some(ours), Some(peer)) = (ours, best_message_db(0)) {
        figures.push(Figure::new(
            "http_postgres_batch_1000_vs_message_db",
            "events/s",
            ours.per_second(),
            "message-db at its best",
            peer,
        ));
    }
    if let (Some(ours), Some(peer)) = (of(case(PG, 1, 64)), best_message_db(1)) {
        figures.push(Figure::new(
            "http_64_single_vs_message_db_single",
            "events/s",
            ours.per_second(),
            "message-db at its best, of one",
            peer,
        ));
    }
    if let (Some(ours), Some(rows)) = (ours, of(case(COPY, 1000, 1))) {
        let row = "a row with its indexes";
        let bytes = (ours.bytes(), rows.bytes());
        figures.push(Figure::new(
            "bytes_per_event_vs_row",
            "bytes",
            bytes.0,
            row,
            bytes.1,
        ));
        let cpu = (ours.cpu(), rows.cpu());
        figures.push(Figure::new(
            "http_postgres_batch_1000_cpu_vs_copy",
            "us/event",
            cpu.0,
            "rows by COPY, one connection",
            cpu.1,
        ));
    }
    if let Some(verified) = verified {
        figures.push(Figure::new(
            "verify_vs_openssl",
            "events/s",
            median(&verified.ours),
            "hashing alone, openssl speed",
            median(&verified.openssl),
        ));
    }
    figures
}
