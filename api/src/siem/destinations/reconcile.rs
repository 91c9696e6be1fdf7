//! What arrived, against what was to arrive: counts by ranges of positions, and what is missing.
//!
//! What arrived is told by lines of any kind that hold the ids of events (`{log}-{position}`), such as the file that a
//! receiver of syslog wrote, or what a SIEM exports; of lines that are leaves the position counts.

use std::io::{self, BufRead};
use std::sync::Arc;

use retrace_core::log::{EventLog, StoreError};
use retrace_core::{LogId, Position};
use retrace_query::Reader;
use tokio::task::spawn_blocking;

use super::definition::Destination;
use super::delivery::is_sent;
use crate::siem::page::{EventPages, PageError};
use crate::siem::sight::{Sieve, SightError};

/// A line is not longer, or its end is not looked at.
const LINE_BYTES_MAX: u64 = 4 << 20;
/// So many positions that are missing are named in each range.
const NAMED_MAX: usize = 20;

/// Why it cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// What arrived cannot be read.
    #[error("what arrived cannot be read: {0}")]
    Received(#[from] io::Error),
    /// The log could not be read.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the destination may see could not be told.
    #[error(transparent)]
    Sight(#[from] SightError),
    /// The process is about to end.
    #[error("this process is about to end")]
    GivenUp,
}

/// How often each event of a stretch of the log arrived.
pub struct Received {
    from: Position,
    /// A byte for each position: more often than 255 times is not told.
    times: Vec<u8>,
    /// Lines without an id of this log.
    pub others: u64,
    /// Events that are not in the stretch.
    pub outside: u64,
}

impl Received {
    /// Nothing of `[from, to)` yet.
    #[must_use]
    pub fn new(from: Position, to: Position) -> Self {
        let length = to.0.saturating_sub(from.0);
        Self {
            from,
            times: vec![0; usize::try_from(length).unwrap_or(0)],
            others: 0,
            outside: 0,
        }
    }

    /// Counts the events of lines. Blocks.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&mut self, mut lines: impl BufRead, log: LogId) -> io::Result<()> {
        let id = format!("{log}-");
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut limited = io::Read::take(&mut lines, LINE_BYTES_MAX);
            if limited.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let position = number_behind(&line, id.as_bytes())
                .or_else(|| number_behind(&line, b"\"position\":"));
            match position {
                Some(position) => self.count(position),
                None => self.others += 1,
            }
        }
    }

    fn count(&mut self, position: u64) {
        let index = position.checked_sub(self.from.0);
        let index = index.and_then(|index| usize::try_from(index).ok());
        match index.and_then(|index| self.times.get_mut(index)) {
            Some(times) => *times = times.saturating_add(1),
            None => self.outside += 1,
        }
    }

    fn of(&self, position: Position) -> u8 {
        let index = position.0.checked_sub(self.from.0);
        let index = index.and_then(|index| usize::try_from(index).ok());
        index
            .and_then(|index| self.times.get(index))
            .copied()
            .unwrap_or(0)
    }
}

/// The number that follows the first place of a text in a line.
fn number_behind(line: &[u8], text: &[u8]) -> Option<u64> {
    let at = line.windows(text.len()).position(|window| window == text)?;
    let digits: Vec<u8> = line[at + text.len()..]
        .iter()
        .copied()
        .take_while(u8::is_ascii_digit)
        .take(21)
        .collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

/// What is to be told of one range of positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    /// The first position.
    pub from: Position,
    /// The position after the last.
    pub to: Position,
    /// How many events were to arrive.
    pub expected: u64,
    /// How many of them did.
    pub received: u64,
    /// How many more of the same arrived.
    pub duplicates: u64,
    /// How many arrived that were not to.
    pub unexpected: u64,
    /// Some of those that did not arrive.
    pub missing: Vec<Position>,
}

/// Compares what arrived of `[from, to)` with what the destination is sent of it, in ranges of `width` positions.
///
/// # Errors
/// When log or read models cannot be read.
pub async fn reconcile(
    log: Arc<dyn EventLog>,
    reader: &Reader,
    destination: &Arc<Destination>,
    received: Received,
    to: Position,
    width: u64,
) -> Result<Vec<Range>, ReconcileError> {
    let (from, width) = (received.from, width.max(1));
    let seen = reader.seen_by(Arc::new(destination.sight()));
    let mut working = Some((Sieve::new(Arc::clone(&log), seen), received));
    let mut pages = EventPages::new(log, from, to);
    let mut ranges = Vec::new();
    let mut range = Range {
        from,
        to: Position(to.0.min(from.0.saturating_add(width))),
        ..Range::default()
    };
    loop {
        let events = pages.next_events().await?;
        if events.is_empty() {
            ranges.push(range);
            return Ok(ranges);
        }
        let Some((mut sieve, received)) = working.take() else {
            return Err(ReconcileError::GivenUp);
        };
        let destination = Arc::clone(destination);
        let work = spawn_blocking(move || {
            let mut expected = Vec::new();
            let mut sent = events.clone();
            sent.retain(|event| is_sent(&destination, event));
            let sifted = sieve.sift(&sent, |shown| expected.push(shown.event.position()));
            let mut expected = expected.into_iter().peekable();
            let told: Vec<(Position, bool, u8)> = events
                .iter()
                .map(|event| {
                    let position = event.position();
                    let is_expected = expected.next_if_eq(&position).is_some();
                    (position, is_expected, received.of(position))
                })
                .collect();
            sifted.map(|()| (sieve, received, told))
        });
        let (sieve, received, told) = work.await.map_err(|_| ReconcileError::GivenUp)??;
        working = Some((sieve, received));
        for (position, is_expected, times) in told {
            if position >= range.to {
                let next = Range {
                    from: range.to,
                    to: Position(to.0.min(range.to.0.saturating_add(width))),
                    ..Range::default()
                };
                ranges.push(std::mem::replace(&mut range, next));
            }
            range.count(position, is_expected, u64::from(times));
        }
    }
}

impl Range {
    fn count(&mut self, position: Position, is_expected: bool, times: u64) {
        if !is_expected {
            self.unexpected += times;
            return;
        }
        self.expected += 1;
        self.received += times.min(1);
        self.duplicates += times.saturating_sub(1);
        if times == 0 && self.missing.len() < NAMED_MAX {
            self.missing.push(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_whatever_a_receiver_writes() {
        let log = LogId::new_random();
        let mut received = Received::new(Position(10), Position(20));
        let lines = format!(
            "<13>1 x [r id=\"{log}-11\"] {{\"uid\":\"{log}-11\"}}\nCEF:0|externalId={log}-12 x=1\n\
             {{\"at\":\"\",\"data\":{{}},\"position\":13,\"salt\":\"\"}}\nnothing\n{log}-11\n{log}-99\n{log}-999999999999999999999999\n"
        );
        received.read(lines.as_bytes(), log).unwrap();
        let times: Vec<u8> = (10..20).map(|at| received.of(Position(at))).collect();
        assert_eq!(times, [0, 2, 1, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!((received.others, received.outside), (2, 1));
    }
}
