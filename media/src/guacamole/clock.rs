//! The times of a recording, kept in order.
//!
//! A recording's timestamps are milliseconds of some clock of guacd's host: the time since it was
//! started (Guacamole 1.1 and later) or since 1970. Offsets count from the first `sync`.
//!
//! - Offsets never go backwards. Instructions of several threads may come a little late; theirs are
//!   raised.
//! - A clock that was set (back by more than [`LATE_MS`], ahead by more than [`GAP_MS`]) goes on
//!   from the offset that had been reached: one wrong number neither stops time nor makes a
//!   recording of years.

/// What may come this much late is raised to the offset before; beyond, the clock was set back.
pub const LATE_MS: i64 = 10_000;
/// Nothing happens for so long only if the clock was set: 24 hours.
pub const GAP_MS: i64 = 24 * 60 * 60 * 1_000;

/// Turns timestamps into offsets.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// The timestamp that is offset 0, once a `sync` gave one.
    origin: Option<i64>,
    /// The last offset.
    now_ms: u64,
    late: u64,
    jumps: u64,
}

impl Clock {
    /// A `sync` was read: gives its offset.
    pub fn sync(&mut self, timestamp: i64) -> u64 {
        self.origin.get_or_insert(timestamp);
        self.at(timestamp)
    }

    /// Something else with a time was read: gives its offset, 0 before the first `sync`.
    pub fn at(&mut self, timestamp: i64) -> u64 {
        let Some(origin) = self.origin else {
            return 0;
        };
        let now = i64::try_from(self.now_ms).unwrap_or(i64::MAX);
        let ahead = timestamp.saturating_sub(origin).saturating_sub(now);
        if !(-LATE_MS..=GAP_MS).contains(&ahead) {
            self.jumps += 1;
            self.origin = Some(timestamp.saturating_sub(now));
        } else if ahead < 0 {
            self.late += 1;
        } else {
            self.now_ms = self.now_ms.saturating_add(ahead.unsigned_abs());
        }
        self.now_ms
    }

    /// The offset of what has no time of its own.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Whether a `sync` has come.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.origin.is_some()
    }

    /// How often a time was raised to the one before it.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// How often the clock was set, ahead or back.
    #[must_use]
    pub fn jumps(&self) -> u64 {
        self.jumps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_never_go_backwards_and_survive_a_clock_that_is_set() {
        let cases: &[(&[i64], &[u64], u64, u64)] = &[
            (&[1_000, 1_500, 1_400, 1_600], &[0, 500, 500, 600], 1, 0),
            // Set back by an hour, and on from there.
            (
                &[9_000_000, 9_001_000, 5_401_000, 5_401_500],
                &[0, 1_000, 1_000, 1_500],
                0,
                1,
            ),
            // Nonsense, and the truth again.
            (&[100, i64::MAX, 200, i64::MIN, 300], &[0, 0, 0, 0, 0], 0, 4),
            (&[i64::MIN, i64::MAX, 0], &[0, 0, 0], 0, 2),
        ];
        for (timestamps, want, late, jumps) in cases {
            let mut clock = Clock::default();
            let offsets: Vec<_> = timestamps.iter().map(|at| clock.sync(*at)).collect();
            assert_eq!(offsets, *want, "{timestamps:?}");
            assert_eq!(
                (clock.late(), clock.jumps()),
                (*late, *jumps),
                "{timestamps:?}"
            );
        }
    }

    #[test]
    fn what_comes_before_the_first_sync_is_at_the_start() {
        let mut clock = Clock::default();
        assert_eq!(clock.at(77), 0);
        assert_eq!(clock.sync(1_000), 0);
        assert_eq!(clock.at(1_250), 250);
        assert_eq!(clock.now_ms(), 250);
    }
}
