//! When tokens were used last.
//!
//! What one token does within [`FOLDED_FOR`] from one address is one `auth.succeeded` event. This process knows the
//! last use to the moment; of what others did, and before it started, it knows what the events say.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{AuthSucceeded, Event, EventBatch, EventBody};
use retrace_core::log::cursor::StreamCursor;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{StreamName, StreamVersion, Timestamp};
use tokio::sync::Mutex;

use crate::accesses::{AccessError, append_at_end};

/// For so long further uses from the same address are the same event.
pub(super) const FOLDED_FOR: Duration = Duration::from_secs(3_600);
/// So many uses back is looked for the last one of a token. What was used before counts as not used.
const LOOKED_BACK: u64 = 20_000;
/// So many uses are kept in mind. Others are written down again.
const KEPT_MAX: usize = 10_000;

/// The last use of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// When; of what another process saw, the beginning of the hour in which it was used last.
    pub at: Timestamp,
    /// Where from.
    pub address: Option<String>,
}

pub(super) struct TokenUses {
    log: Arc<dyn EventLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `None` until somebody asks for what the events say.
    cursor: Option<StreamCursor>,
    last: HashMap<String, LastUse>,
    told: HashMap<(String, Option<IpAddr>), Instant>,
}

impl TokenUses {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// Somebody used a token. That the log does not take it is told to the server's own log: an administrator must be
    /// able to look at a log that is full.
    pub(super) async fn note(&self, token: &str, name: &str, address: Option<IpAddr>) {
        let at = Timestamp::now();
        let key = (token.to_owned(), address);
        let is_told = {
            let mut state = self.state.lock().await;
            let last = LastUse {
                at,
                address: address.map(|address| address.to_string()),
            };
            state.last.insert(token.to_owned(), last);
            let now = Instant::now();
            let is_recent = |told: &Instant| now.duration_since(*told) < FOLDED_FOR;
            if state.told.len() >= KEPT_MAX {
                state.told.retain(|_, told| is_recent(told));
                if state.told.len() >= KEPT_MAX {
                    state.told.clear();
                }
            }
            let is_told = state.told.get(&key).is_some_and(is_recent);
            if !is_told {
                state.told.insert(key.clone(), now);
            }
            is_told
        };
        if is_told {
            return;
        }
        let used = AuthSucceeded {
            address: address.map(|address| address.to_string()),
            method: Some("token".to_owned()),
            token: Some(token.to_owned()),
            who: name.to_owned(),
            ..AuthSucceeded::default()
        };
        let appended = async {
            let events = EventBatch::of(at, used).map_err(AccessError::from)?;
            append_at_end(&*self.log, StreamName::token_uses(), events).await
        };
        if let Err(error) = appended.await {
            tracing::error!(%error, token, "a token was used, which could not be written down");
            self.state.lock().await.told.remove(&key);
        }
    }

    /// The last use of each token that was used lately.
    pub(super) async fn last(&self) -> Result<HashMap<String, LastUse>, StoreError> {
        let stream = StreamName::token_uses();
        let mut state = self.state.lock().await;
        let State { cursor, last, .. } = &mut *state;
        let cursor = match cursor {
            Some(cursor) => cursor,
            none => {
                let end = self.log.next_version(&stream).await?;
                let from = StreamVersion(end.0.saturating_sub(LOOKED_BACK));
                none.insert(StreamCursor::from_version(from))
            }
        };
        let apply = |event: &Event| {
            if let Ok(EventBody::AuthSucceeded(used)) = event.body()
                && let Some(token) = used.token
            {
                let at = event.recorded_at();
                let known = last.get(&token);
                if known.is_none_or(|known| known.at < at) {
                    let address = used.address;
                    last.insert(token, LastUse { at, address });
                }
            }
        };
        cursor.read_on(&*self.log, &stream, apply).await?;
        Ok(last.clone())
    }
}

#[cfg(test)]
mod tests {
    use retrace_core::Position;
    use retrace_core::data_dir::DataDir;

    use super::*;

    #[tokio::test]
    async fn many_uses_are_one_event_for_each_address_and_other_processes_know_of_them() {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let (here, there) = (
            TokenUses::new(Arc::clone(&log)),
            TokenUses::new(Arc::clone(&log)),
        );
        let address = |text: &str| Some(text.parse().unwrap());
        for _ in 0..100 {
            here.note("a", "ops", address("192.0.2.1")).await;
        }
        here.note("a", "ops", address("192.0.2.2")).await;
        here.note("b", "siem", None).await;
        assert_eq!(log.head().await.unwrap().size, Position(3));
        let [known, told] = [here.last().await.unwrap(), there.last().await.unwrap()];
        assert_eq!(known.len(), 2);
        assert_eq!(known["a"].address.as_deref(), Some("192.0.2.2"));
        assert_eq!(told["a"].address.as_deref(), Some("192.0.2.2"));
        assert_eq!(told["b"].address, None);
    }
}
