//! When to try again.
//!
//! The first tries come within seconds, because a server that restarts is back by then; each
//! further wait is longer by the same factor, so that the last of the quick tries falls at the end
//! of the time they have. After that it goes on slowly, for ever: what is recorded is delivered
//! however long it takes. One success and all is forgotten.

use std::str::FromStr;
use std::time::Duration;

/// How the tries are spread after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// How many quick tries there are.
    pub tries: u32,
    /// The time in which all quick tries are made.
    pub within: Duration,
    /// The wait before the first of them.
    pub first: Duration,
    /// The wait between all tries after them.
    pub slow: Duration,
}

/// A name that is not the name of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not a schedule: expected launcher (5 tries in 1 hour) or agent (6 in 3 hours)"
)]
pub struct UnknownSchedule {
    found: String,
}

impl Schedule {
    const FIRST: Duration = Duration::from_secs(2);
    const SLOW: Duration = Duration::from_secs(600);
    /// The share of a wait that chance may take off, so that a thousand recorders that lost the
    /// same server do not all come back at once.
    const JITTER: f64 = 0.2;

    /// For a person at a terminal: 5 tries in 1 hour.
    pub fn launcher() -> Self {
        Self {
            tries: 5,
            within: Duration::from_secs(3600),
            first: Self::FIRST,
            slow: Self::SLOW,
        }
    }

    /// For a machine that nobody waits for: 6 tries in 3 hours.
    pub fn agent() -> Self {
        Self {
            tries: 6,
            within: Duration::from_secs(3 * 3600),
            first: Self::FIRST,
            slow: Self::SLOW,
        }
    }

    /// How long to wait after `failures` failures in a row, the last one included. `chance` lies in
    /// `[0, 1)` and takes up to a fifth off the wait.
    pub fn wait(&self, failures: u32, chance: f64) -> Duration {
        let full = if failures > self.tries {
            self.slow
        } else {
            let factor = self.factor().powi(failures.saturating_sub(1) as i32);
            self.first.mul_f64(factor).min(self.within)
        };
        full.mul_f64(1.0 - Self::JITTER * chance.clamp(0.0, 1.0))
    }

    /// The factor from one wait to the next with which all waits together take `within`.
    fn factor(&self) -> f64 {
        let wanted = self.within.as_secs_f64() / self.first.as_secs_f64().max(0.001);
        let sum = |factor: f64| (0..self.tries).map(|n| factor.powi(n as i32)).sum::<f64>();
        let (mut low, mut high) = (1.0, wanted.max(1.0));
        // The sum grows with the factor, so halving finds it; 60 halvings are all that an f64 has.
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if sum(middle) < wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl FromStr for Schedule {
    type Err = UnknownSchedule;

    fn from_str(name: &str) -> Result<Self, UnknownSchedule> {
        match name {
            "launcher" => Ok(Self::launcher()),
            "agent" => Ok(Self::agent()),
            _ => Err(UnknownSchedule {
                found: name.to_owned(),
            }),
        }
    }
}

/// A schedule under way.
#[derive(Debug, Clone)]
pub struct Retry {
    schedule: Schedule,
    failures: u32,
}

impl Retry {
    /// Nothing has failed yet.
    pub fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            failures: 0,
        }
    }

    /// Something failed: how long to wait before the next try.
    pub fn failed(&mut self, chance: f64) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.schedule.wait(self.failures, chance)
    }

    /// Something succeeded: the next failure is the first one again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

/// A number in `[0, 1)` to spread tries with.
pub fn chance() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness the tries are merely not spread.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u16::from_le_bytes(bytes)) / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(schedule: &Schedule, count: u32) -> Vec<f64> {
        (1..=count)
            .map(|n| schedule.wait(n, 0.0).as_secs_f64())
            .collect()
    }

    #[test]
    fn the_quick_tries_take_their_time_and_then_it_goes_on_slowly() {
        for (schedule, tries, within) in [
            (Schedule::launcher(), 5, 3_600.0),
            (Schedule::agent(), 6, 10_800.0),
        ] {
            let waits = waits(&schedule, tries + 3);
            let (quick, slow) = waits.split_at(tries as usize);
            assert!((quick[0] - 2.0).abs() < 0.001, "{quick:?}");
            assert!(quick[1] < 15.0, "{quick:?}");
            assert!(quick.is_sorted(), "{quick:?}");
            assert!(
                (quick.iter().sum::<f64>() - within).abs() < 1.0,
                "{quick:?}"
            );
            assert_eq!(slow, [600.0; 3]);
        }
    }

    #[test]
    fn chance_only_shortens_a_wait_and_by_a_fifth_at_most() {
        let schedule = Schedule::launcher();
        for failures in 1..10 {
            let full = schedule.wait(failures, 0.0);
            for chance in [0.0, 0.3, 0.999, 1.0, 7.0] {
                let wait = schedule.wait(failures, chance);
                assert!(
                    wait <= full && wait >= full.mul_f64(0.799),
                    "{failures} {chance}"
                );
            }
        }
    }

    #[test]
    fn a_success_begins_anew() {
        let mut retry = Retry::new(Schedule::agent());
        let first = retry.failed(0.0);
        assert!(retry.failed(0.0) > first);
        retry.succeeded();
        assert_eq!((retry.failed(0.0), retry.failures()), (first, 1));
    }
}
