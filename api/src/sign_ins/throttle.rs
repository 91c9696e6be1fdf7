//! How often somebody may fail before they have to wait.
//!
//! Failures are counted in memory, by each node for itself, in windows that begin with the first failure. What is
//! counted is kept bounded: when too many fail at once, those who failed least recently are forgotten.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many are counted. An attacker with more addresses meets the limit by token id, or none but the strength of
/// the secrets.
const COUNTED_MAX: usize = 20_000;

/// Who failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Somebody at an address, at signing in.
    SignIn(Network),
    /// Somebody at an address, with a token.
    Token(Network),
    /// Anybody with a token of this id.
    TokenId(String),
}

/// An address, or for IPv6 the network that one customer has: 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Network(Option<IpAddr>);

impl Network {
    pub(super) fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => {
                let bits = u128::from(address) >> 64 << 64;
                IpAddr::V6(bits.into())
            }
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// How many failures are too many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    /// How many may be in a window; 0 is any number.
    pub(super) failures: u64,
    /// The length of the window.
    pub(super) window: Duration,
}

#[derive(Default)]
pub(super) struct Throttle {
    counted: Mutex<HashMap<Who, Window>>,
}

struct Window {
    began: Instant,
    failures: u64,
}

impl Throttle {
    /// For how long somebody has to wait, if they failed too often.
    pub(super) fn wait(&self, who: &Who, limit: Limit) -> Option<Duration> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let window = counted.get(who)?;
        let rest = limit.window.checked_sub(window.began.elapsed())?;
        (limit.failures > 0 && window.failures >= limit.failures).then_some(rest)
    }

    /// Counts a failure, and answers for how long they have to wait if they had failed too often before.
    pub(super) fn failed(&self, who: Who, limit: Limit) -> Option<Duration> {
        let wait = self.wait(&who, limit);
        let now = Instant::now();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= COUNTED_MAX && !counted.contains_key(&who) {
            counted.retain(|_, window| now.duration_since(window.began) < limit.window);
            let oldest = counted.iter().min_by_key(|(_, window)| window.began);
            if let Some(oldest) = oldest.map(|(who, _)| who.clone())
                && counted.len() >= COUNTED_MAX
            {
                counted.remove(&oldest);
            }
        }
        let window = counted.entry(who).or_insert(Window {
            began: now,
            failures: 0,
        });
        if now.duration_since(window.began) >= limit.window {
            *window = Window {
                began: now,
                failures: 0,
            };
        }
        window.failures = window.failures.saturating_add(1);
        wait
    }

    /// Forgets the failures of somebody who succeeded.
    pub(super) fn succeeded(&self, who: &Who) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Who {
        Who::SignIn(Network::of(Some(address.parse().unwrap())))
    }

    #[test]
    fn who_fails_too_often_waits_until_the_window_is_over_and_others_do_not() {
        let throttle = Throttle::default();
        let limit = Limit {
            failures: 3,
            window: Duration::from_millis(200),
        };
        for _ in 0..3 {
            assert_eq!(throttle.failed(at("192.0.2.1"), limit), None);
        }
        let wait = throttle.wait(&at("192.0.2.1"), limit).unwrap();
        assert!(wait <= limit.window);
        assert!(throttle.failed(at("::ffff:192.0.2.1"), limit).is_some());
        assert_eq!(throttle.wait(&at("192.0.2.2"), limit), None);
        let unlimited = Limit {
            failures: 0,
            ..limit
        };
        assert_eq!(throttle.wait(&at("192.0.2.1"), unlimited), None);
        std::thread::sleep(limit.window);
        assert_eq!(throttle.wait(&at("192.0.2.1"), limit), None);
        assert_eq!(throttle.failed(at("192.0.2.1"), limit), None);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let limit = Limit {
            failures: 1,
            window: Duration::from_secs(60),
        };
        throttle.failed(at("2001:db8::1"), limit);
        assert!(throttle.wait(&at("2001:db8::ffff"), limit).is_some());
        assert!(throttle.wait(&at("2001:db8:0:1::1"), limit).is_none());
        throttle.succeeded(&at("2001:db8::2"));
        assert!(throttle.wait(&at("2001:db8::1"), limit).is_none());
        for number in 0..COUNTED_MAX + 100 {
            throttle.failed(Who::TokenId(number.to_string()), limit);
        }
        assert_eq!(throttle.counted.lock().unwrap().len(), COUNTED_MAX);
    }
}
