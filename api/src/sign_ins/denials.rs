//! Who was turned away, as `auth.denied` events in the stream of accesses.
//!
//! The first denial of an address in a minute is an event at once. What follows from there within that minute is
//! counted and told at its end, as one event with the last reason. When too many addresses fail in one minute, the
//! rest of them are counted together, without an address: an attack must not fill the log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use retrace_core::event::{AuthDenied, EventBatch};
use retrace_core::log::EventLog;
use retrace_core::{StreamName, Timestamp};

use crate::accesses::{AccessError, append_at_end};

const FOLDED_FOR: Duration = Duration::from_secs(60);
/// So many addresses are told apart in a minute.
const ADDRESSES_MAX: usize = 200;
/// The most characters of what somebody said of themselves.
const TEXT_MAX: usize = 200;

/// Somebody who is turned away.
#[derive(Debug, Clone, Default)]
pub struct Denial {
    /// Where from.
    pub address: Option<IpAddr>,
    /// Why.
    pub reason: String,
    /// The id of the token that was shown.
    pub token: Option<String>,
    /// Who they said, or are known, to be.
    pub who: Option<String>,
}

impl Denial {
    fn event(self, count: u64) -> AuthDenied {
        let shortened = |text: String| text.chars().take(TEXT_MAX).collect();
        AuthDenied {
            address: self.address.map(|address| address.to_string()),
            count: (count > 1).then_some(count),
            reason: shortened(self.reason),
            token: self.token.map(shortened),
            who: self.who.map(shortened),
        }
    }
}

struct Window {
    began: Instant,
    /// Those after the first, and the last of them.
    counted: Option<(u64, Denial)>,
}

/// Cheap to clone; clones share everything.
#[derive(Clone)]
pub(super) struct Denials {
    log: Arc<dyn EventLog>,
    windows: Arc<Mutex<HashMap<Option<IpAddr>, Window>>>,
}

impl Denials {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            windows: Arc::default(),
        }
    }

    /// Writes a denial down, or counts it. That the log does not take it is told to the server's own log: somebody is
    /// turned away whether or not it can be written.
    pub(super) async fn note(&self, mut denial: Denial) {
        let (key, is_first) = {
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            let key = denial
                .address
                .filter(|_| windows.contains_key(&denial.address) || windows.len() < ADDRESSES_MAX);
            if key != denial.address {
                denial.address = None;
            }
            match windows.get_mut(&key) {
                Some(window) => {
                    let counted = window.counted.as_ref().map_or(0, |(count, _)| *count);
                    window.counted = Some((counted + 1, denial.clone()));
                    (key, false)
                }
                None => {
                    let window = Window {
                        began: Instant::now(),
                        counted: None,
                    };
                    windows.insert(key, window);
                    (key, true)
                }
            }
        };
        if is_first {
            let of_window = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(FOLDED_FOR).await;
                of_window.close(key).await;
            });
            self.append(denial.event(1)).await;
        }
    }

    /// Writes down what was counted so far.
    pub(super) async fn flush(&self) {
        let keys: Vec<Option<IpAddr>> = {
            let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            windows.keys().copied().collect()
        };
        for key in keys {
            self.tell(key, |_| true).await;
        }
    }

    async fn close(&self, key: Option<IpAddr>) {
        // After a flush another window of the same address may have begun: its own end will come.
        self.tell(key, |window| window.began.elapsed() >= FOLDED_FOR)
            .await;
    }

    async fn tell(&self, key: Option<IpAddr>, is_over: impl Fn(&Window) -> bool) {
        let window = {
            let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
            match windows.get(&key) {
                Some(window) if is_over(window) => windows.remove(&key),
                _ => None,
            }
        };
        if let Some((count, denial)) = window.and_then(|window| window.counted) {
            self.append(denial.event(count)).await;
        }
    }

    async fn append(&self, denied: AuthDenied) {
        let appended = async {
            let events = EventBatch::of(Timestamp::now(), denied).map_err(AccessError::from)?;
            append_at_end(&*self.log, StreamName::accesses(), events).await
        };
        if let Err(error) = appended.await {
            tracing::error!(%error, "somebody was turned away, which could not be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::data_dir::DataDir;
    use retrace_core::event::EventBody;
    use retrace_core::{Position, StreamVersion};

    use super::*;

    #[tokio::test]
    async fn many_denials_of_one_address_are_two_events_and_many_addresses_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let denials = Denials::new(Arc::clone(&log));
        let from = |address: &str, reason: &str| Denial {
            address: Some(address.parse().unwrap()),
            reason: reason.to_owned(),
            ..Denial::default()
        };
        for number in 0..500 {
            denials
                .note(from("192.0.2.1", &format!("wrong {number}")))
                .await;
        }
        denials.note(from("192.0.2.2", "wrong")).await;
        denials.flush().await;
        denials.flush().await;
        let stream = StreamName::accesses();
        let events = log.read_stream(&stream, StreamVersion(0), 1_000).await;
        let told: Vec<(Option<u64>, String)> = events
            .unwrap()
            .iter()
            .map(|event| match event.body().unwrap() {
                EventBody::AuthDenied(denied) => (denied.count, denied.reason),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [(None, "wrong 0"), (None, "wrong"), (Some(499), "wrong 499")];
        assert_eq!(
            told,
            expected.map(|(count, reason)| (count, reason.to_owned()))
        );

        for number in 0..2_000_u32 {
            let address = std::net::Ipv4Addr::from(number).to_string();
            denials.note(from(&address, "flood")).await;
        }
        denials.flush().await;
        let size = log.head().await.unwrap().size;
        assert!(size <= Position(3 + ADDRESSES_MAX as u64 + 2), "{size}");
    }
}
