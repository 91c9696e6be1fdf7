//! How fast a session sends.

use std::time::{Duration, Instant};

/// A budget of events that fills at a rate and is spent by what was sent. What is sent is never cut:
/// a large batch puts the budget into debt, and the next one waits until that is paid off. So on
/// average the rate holds, and a batch of any size goes through.
#[derive(Debug, Default)]
pub struct Pace {
    debt: f64,
    as_of: Option<Instant>,
}

impl Pace {
    /// So long nothing more may be sent: zero when the session is in time.
    pub fn wait(&mut self, rate: u64, now: Instant) -> Duration {
        if rate == 0 {
            self.debt = 0.0;
            return Duration::ZERO;
        }
        if let Some(as_of) = self.as_of {
            let paid = now.saturating_duration_since(as_of).as_secs_f64() * rate as f64;
            self.debt = (self.debt - paid).max(0.0);
        }
        self.as_of = Some(now);
        Duration::from_secs_f64((self.debt / rate as f64).min(3_600.0))
    }

    /// Counts what was sent.
    pub fn spend(&mut self, events: usize) {
        self.debt += events as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_average_the_rate_holds() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(pace.wait(100, start), Duration::ZERO);
        pace.spend(1_000);
        assert_eq!(pace.wait(100, start), Duration::from_secs(10));
        assert_eq!(pace.wait(100, after(4)), Duration::from_secs(6));
        assert_eq!(pace.wait(100, after(60)), Duration::ZERO);
        // Time in which nothing was sent is not saved up.
        pace.spend(100);
        assert_eq!(pace.wait(100, after(60)), Duration::from_secs(1));
        assert_eq!(pace.wait(0, after(60)), Duration::ZERO);
    }
}
