//! Browsers that are signed in, as the log knows them.
//!
//! A sign-in is an `auth.succeeded` event with the hash of a secret that only the browser has; it ends with its time,
//! or by an `auth.ended` event. No browser stays signed in for longer than [`SIGN_IN_SECONDS_MAX`], so the stream is
//! read from there on and not from its beginning.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use retrace_core::event::{AuthEnded, AuthSucceeded, Event, EventBatch, EventBody};
use retrace_core::log::cursor::StreamCursor;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::settings::SIGN_IN_SECONDS_MAX;
use retrace_core::{StreamName, StreamVersion, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::accesses::{AccessError, append_at_end};
use crate::tokens::{is_of, sha256_hex};

/// Beyond so many, those whose time is over are forgotten.
const KEPT: usize = 10_000;
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// A browser that somebody signed in.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The id of the sign-in.
    pub id: String,
    /// Who: the name of the token, or the user.
    pub who: String,
    /// Who vouched for them.
    pub by: SignedInBy,
    /// Where from.
    pub address: Option<String>,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// When it was ended before its time, if it was.
    pub ended_at: Option<Timestamp>,
    sha256: String,
}

/// Who vouched for somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedInBy {
    /// They had this token: the sign-in can do what the token can, and ends with it.
    Token {
        /// The id of the token.
        id: String,
    },
    /// A provider of identities: the sign-in can do what is granted to the user and their groups.
    Provider {
        /// The name of the user.
        user: String,
        /// The groups of the user when they signed in.
        groups: Vec<String>,
    },
}

impl Browser {
    /// Whether this is the secret of the browser, in a time that does not tell.
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        is_of(secret, &self.sha256)
    }

    /// Whether it is of somebody who signed in by the same token, or is the same user.
    #[must_use]
    pub fn is_of_same(&self, by: &SignedInBy) -> bool {
        match (&self.by, by) {
            (SignedInBy::Token { id }, SignedInBy::Token { id: other }) => id == other,
            (SignedInBy::Provider { user, .. }, SignedInBy::Provider { user: other, .. }) => {
                user == other
            }
            _ => false,
        }
    }
}

/// The browsers of a log, as of the last time somebody looked.
pub(super) struct BrowserBook {
    log: Arc<dyn EventLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cursor: Option<StreamCursor>,
    browsers: HashMap<String, Browser>,
}

impl BrowserBook {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// Signs a browser in, and answers its id and its secret.
    pub(super) async fn open(
        &self,
        who: &str,
        by: SignedInBy,
        address: Option<IpAddr>,
        expires_at: Timestamp,
    ) -> Result<(String, String), AccessError> {
        let [id, secret] = [random::<ID_BYTES>()?, random::<SECRET_BYTES>()?];
        let mut event = AuthSucceeded {
            address: address.map(|address| address.to_string()),
            expires_at: Some(expires_at),
            session: Some(id.clone()),
            sha256: Some(sha256_hex(&secret)),
            who: who.to_owned(),
            ..AuthSucceeded::default()
        };
        match by {
            SignedInBy::Token { id } => {
                event.method = Some("token".to_owned());
                event.token = Some(id);
            }
            SignedInBy::Provider { user, groups } => {
                event.method = Some("oidc".to_owned());
                (event.user, event.groups) = (Some(user), groups);
            }
        }
        let events = EventBatch::of(Timestamp::now(), event)?;
        append_at_end(&*self.log, StreamName::sign_ins(), events).await?;
        Ok((id, secret))
    }

    /// Ends a sign-in before its time.
    pub(super) async fn end(&self, id: &str, by: &str) -> Result<(), AccessError> {
        let ended = AuthEnded {
            by: by.to_owned(),
            session: id.to_owned(),
        };
        let events = EventBatch::of(Timestamp::now(), ended)?;
        append_at_end(&*self.log, StreamName::sign_ins(), events).await?;
        Ok(())
    }

    /// The sign-in of this id, if it was made lately.
    pub(super) async fn find(&self, id: &str) -> Result<Option<Browser>, StoreError> {
        Ok(self.read_on().await?.browsers.get(id).cloned())
    }

    /// All sign-ins whose time is not over, the newest first.
    pub(super) async fn list(&self) -> Result<Vec<Browser>, StoreError> {
        let now = Timestamp::now();
        let state = self.read_on().await?;
        let mut browsers: Vec<Browser> = state
            .browsers
            .values()
            .filter(|browser| browser.ended_at.is_none() && now < browser.expires_at)
            .cloned()
            .collect();
        browsers.sort_by(|a, b| (b.at, &b.id).cmp(&(a.at, &a.id)));
        Ok(browsers)
    }

    async fn read_on(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let stream = StreamName::sign_ins();
        let mut state = self.state.lock().await;
        let State { cursor, browsers } = &mut *state;
        let cursor = match cursor {
            Some(cursor) => cursor,
            none => {
                let from = first_that_counts(&*self.log, &stream).await?;
                none.insert(StreamCursor::from_version(from))
            }
        };
        let apply = |event: &Event| apply(browsers, event);
        let grown = cursor.read_on(&*self.log, &stream, apply).await?;
        if grown && browsers.len() > KEPT {
            let now = Timestamp::now();
            browsers.retain(|_, browser| now < browser.expires_at);
        }
        Ok(state)
    }
}

fn apply(browsers: &mut HashMap<String, Browser>, event: &Event) {
    match event.body() {
        Ok(EventBody::AuthSucceeded(succeeded)) => {
            let AuthSucceeded {
                address,
                expires_at: Some(expires_at),
                groups,
                session: Some(id),
                sha256: Some(sha256),
                token,
                user,
                who,
                ..
            } = succeeded
            else {
                return;
            };
            let by = match (token, user) {
                (Some(id), None) => SignedInBy::Token { id },
                (None, Some(user)) => SignedInBy::Provider { user, groups },
                _ => return,
            };
            let browser = Browser {
                id: id.clone(),
                who,
                by,
                address,
                at: event.recorded_at(),
                expires_at,
                ended_at: None,
                sha256,
            };
            browsers.entry(id).or_insert(browser);
        }
        Ok(EventBody::AuthEnded(ended)) => {
            if let Some(browser) = browsers.get_mut(&ended.session) {
                browser.ended_at.get_or_insert(event.recorded_at());
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(position = %event.position(), %error, "unreadable sign-in");
        }
    }
}

/// The first version of the stream at which a browser signed in that may still be. Times are the server's, so they
/// grow along the stream but for steps of the clock, which a day of slack covers.
async fn first_that_counts(
    log: &dyn EventLog,
    stream: &StreamName,
) -> Result<StreamVersion, StoreError> {
    const SLACK_SECONDS: u64 = 86_400;
    let back = i64::try_from(SIGN_IN_SECONDS_MAX + SLACK_SECONDS).unwrap_or(i64::MAX);
    let since = Timestamp::now().saturating_add_micros(back.saturating_mul(-1_000_000));
    let (mut low, mut high) = (0, log.next_version(stream).await?.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = log.read_stream(stream, StreamVersion(middle), 1).await?;
        match found.first() {
            Some(event) if event.recorded_at() < since => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(StreamVersion(low))
}

fn random<const BYTES: usize>() -> Result<String, AccessError> {
    let mut bytes = [0; BYTES];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| StoreError::Failed(Box::new(error)))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use retrace_core::data_dir::DataDir;

    use super::*;

    #[tokio::test]
    async fn a_browser_is_signed_in_for_all_processes_until_it_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        let log: Arc<dyn EventLog> = Arc::new(log);
        let [here, there] = [0, 1].map(|_| BrowserBook::new(Arc::clone(&log)));
        let by = SignedInBy::Provider {
            user: "alice".to_owned(),
            groups: vec!["dba".to_owned()],
        };
        let end = Timestamp::now().saturating_add_micros(60_000_000);
        let (id, secret) = here.open("alice", by.clone(), None, end).await.unwrap();
        let known = there.find(&id).await.unwrap().unwrap();
        assert!(known.has_secret(&secret) && !known.has_secret(&secret[1..]));
        assert!(known.is_of_same(&by));
        assert_eq!((known.by, known.expires_at), (by, end));
        for event in log.read(retrace_core::Position(0), 10).await.unwrap() {
            assert!(!String::from_utf8(event.leaf()).unwrap().contains(&secret));
        }

        let token = SignedInBy::Token { id: "t".to_owned() };
        let (other, _) = there.open("ops", token, None, end).await.unwrap();
        assert_eq!(here.list().await.unwrap().len(), 2);
        there.end(&id, "alice").await.unwrap();
        let left = here.list().await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].id, other);
        assert!(here.find(&id).await.unwrap().unwrap().ended_at.is_some());
    }
}
