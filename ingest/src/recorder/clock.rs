//! The recorder's clock: times that never run backwards.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use retrace_core::Timestamp;

/// How far the wall clock may be ahead before it is believed. Smaller differences are the two
/// clocks drifting apart; larger ones are a machine that slept, or a clock that was set.
const JUMP: Duration = Duration::from_secs(2);

/// Tells the time of events. Goes with the monotonic clock, so that a wall clock that is set back
/// neither turns the order of events around nor stops them; follows the wall clock when that jumps
/// ahead, as after a sleep of the machine.
#[derive(Debug)]
pub struct Clock {
    base: Mutex<(Timestamp, Instant)>,
}

impl Clock {
    /// A clock that begins with the wall clock's time.
    pub fn start() -> Self {
        Self {
            base: Mutex::new((Timestamp::now(), Instant::now())),
        }
    }

    /// The time, never before one that was told earlier.
    pub fn now(&self) -> Timestamp {
        self.at(Timestamp::now(), Instant::now())
    }

    fn at(&self, wall: Timestamp, now: Instant) -> Timestamp {
        let mut base = self.base.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(base.1);
        let micros = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let steady = base.0.saturating_add_micros(micros);
        if wall.micros_since(steady) > JUMP.as_micros() as i64 {
            *base = (wall, now);
            return wall;
        }
        steady
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_is_not_followed_and_one_that_jumps_ahead_is() {
        let clock = Clock::start();
        let (wall, start) = *clock.base.lock().unwrap();
        let second = Duration::from_secs(1);
        let later = |seconds: i64| wall.saturating_add_micros(seconds * 1_000_000);
        // (what the wall clock says, seconds since the start, what the clock says)
        let cases = [
            (later(1), 1, later(1)),
            (later(-3_600), 2, later(2)),
            (later(4), 3, later(3)),
            (later(7_200), 4, later(7_200)),
            (later(5), 5, later(7_201)),
        ];
        for (wall_says, seconds, want) in cases {
            assert_eq!(clock.at(wall_says, start + second * seconds), want);
        }
    }
}
