//! The clocks of a session's sources, brought to one.
//!
//! Each source of a session stamps its events by its own clock, and the server writes down by how
//! much that is ahead of its own (`session.clock_measured`). What several sources recorded is
//! merged in the time of the source that began the session, whose events say when it started:
//!
//! - The source that began the session is the first that the log has an event of, or a measurement.
//!   The control stream is the server's, and its clock is not off; but when a session was launched
//!   is said by the source's clock.
//! - An event of source `s` happened at `at - (skew of s - skew of the first source)`. A difference
//!   below [`SAME_US`] is none: it is within what a transfer takes. A source that was never measured
//!   is not corrected.
//! - The skew that counts for an event is the last that was measured before it in the log, or the
//!   first one measured, for what was uploaded before that. So a clock that is set while the session
//!   goes on is off for what it stamped, and for that only.
//! - The time of the transfer makes a skew look smaller, never larger: a measurement that is lower
//!   than the one before by less than [`SLOW_US`] is that of a slow transfer, and does not count.

use std::collections::BTreeMap;

use retrace_core::event::ClockMeasured;
use retrace_core::{Position, SessionId, StreamName};

/// Clocks that are closer together than this are the same.
const SAME_US: u64 = 1_000_000;
/// A clock is rarely set back by less, and a request rarely takes longer.
const SLOW_US: i64 = 60_000_000;
/// So many measurements of a source are kept. The server writes down one a minute at most.
const MEASURED_MAX: usize = 4_096;

/// What was measured in a session, as far as it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks {
    measured: BTreeMap<String, Vec<(Position, i64)>>,
    /// The source that began the session.
    first: Option<String>,
}

/// The source that stamped the events of a stream; none if that was the server.
pub(super) fn source_of(stream: &StreamName, session: SessionId) -> Option<&str> {
    let servers = [
        StreamName::control_of(session),
        StreamName::video_of(session),
        StreamName::accesses_of(session),
    ];
    stream.source().filter(|_| !servers.contains(stream))
}

impl Clocks {
    /// An event of the source comes. The first source that says anything began the session.
    pub(super) fn heard_of(&mut self, source: &str) {
        if self.first.is_none() {
            self.first = Some(source.to_owned());
        }
    }

    /// Whether the source's clock was ever measured.
    pub(super) fn knows(&self, source: &str) -> bool {
        self.measured.contains_key(source)
    }

    /// Takes over a measurement that stands at `position`, in the order of the log.
    pub(super) fn measured(&mut self, position: Position, measured: &ClockMeasured) {
        let skews = self
            .measured
            .entry(measured.source.to_string())
            .or_default();
        if skews.last().is_some_and(|(known, _)| *known >= position) || skews.len() >= MEASURED_MAX
        {
            return;
        }
        let slow = skews.last().is_some_and(|(_, before)| {
            let lower_by = before.saturating_sub(measured.skew_us);
            (0..SLOW_US).contains(&lower_by)
        });
        if !slow {
            skews.push((position, measured.skew_us));
        }
    }

    /// By how much an event of the source at `position` is stamped too late, in microseconds.
    /// `None` is the server.
    pub(super) fn ahead_us(&self, source: Option<&str>, position: Position) -> i64 {
        let skew = |source| self.skew_us(source, position);
        let own = match source {
            Some(source) => skew(source),
            None => Some(0),
        };
        let first = self.first.as_deref().and_then(skew).unwrap_or(0);
        let ahead_us = own.map_or(0, |own| own.saturating_sub(first));
        if ahead_us.unsigned_abs() < SAME_US {
            0
        } else {
            ahead_us
        }
    }

    fn skew_us(&self, source: &str, position: Position) -> Option<i64> {
        let skews = self.measured.get(source)?;
        let known = skews.partition_point(|(measured, _)| *measured <= position);
        let (_, skew_us) = skews.get(known.saturating_sub(1))?;
        Some(*skew_us)
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::{SourceName, Timestamp};

    use super::*;

    const S: i64 = 1_000_000;

    #[test]
    fn a_clock_is_as_far_off_as_was_measured_last_and_slow_transfers_do_not_count() {
        let mut clocks = Clocks::default();
        clocks.heard_of("agent");
        for (position, name, skew_us) in [
            (10, "proxy", 3_600 * S),
            (20, "proxy", 3_595 * S), // took five seconds
            (30, "proxy", 3_601 * S),
            (40, "proxy", 0), // was set
            (50, "agent", 500_000),
            (60, "slow", -900_000),
        ] {
            let measured = ClockMeasured {
                sent_at: Timestamp::MIN,
                skew_us,
                source: SourceName::new(name).unwrap(),
            };
            clocks.measured(Position(position), &measured);
        }
        let cases = [
            (Some("agent"), 5, 0),
            (Some("proxy"), 5, 3_600 * S - 500_000), // before it was ever measured
            (Some("proxy"), 25, 3_600 * S - 500_000),
            (Some("proxy"), 35, 3_601 * S - 500_000),
            (Some("proxy"), 45, 0),
            (Some("never"), 45, 0),
            (Some("slow"), 70, -1_400_000),
            (None, 70, 0),
        ];
        for (name, position, want) in cases {
            let ahead_us = clocks.ahead_us(name, Position(position));
            assert_eq!(ahead_us, want, "{name:?} at {position}");
        }
    }
}
