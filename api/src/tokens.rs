//! Access tokens.
//!
//! A token is text that is shown once: `rtr_{id}_{secret}_{checksum}`. The log holds its SHA-256
//! (`token.created`), which is enough to recognise it and too little to use it: the secret has 256
//! random bits, so no slow hash is needed. The checksum lets a mistyped token, and a scanner that
//! looks for leaked ones, be told apart from a wrong one without asking the log.
//!
//! [`TokenBook`] is the set of tokens as of the end of the log. It is small, so each process folds
//! the stream in memory and reads on when it has grown.

use std::collections::HashMap;
use std::sync::Arc;

use retrace_core::event::{EventBatch, EventBody, TokenCreated, TokenRevoked};
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{StreamName, StreamVersion, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

const PREFIX: &str = "rtr";
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;
/// How often to try again when somebody else made or revoked a token in between.
const APPEND_TRIES: usize = 10;

/// Somebody whose token was checked: the right to read.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The id of the token.
    pub token_id: String,
    /// What the token is for, or whose it is.
    pub name: String,
    /// When it stops to work.
    pub expires_at: Option<Timestamp>,
}

/// A token as the log knows it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id: the second part of its text.
    pub id: String,
    /// What it is for, or whose it is.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    sha256: String,
}

/// Why a token gives no right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token was sent.
    #[error("no token was sent: send it as `Authorization: Bearer rtr_…`, or sign in")]
    Missing,
    /// It is not the text of a token: mistyped, or cut off.
    #[error("this is not a token: it is mistyped or cut off (a token has the form `rtr_…_…_…`)")]
    Malformed,
    /// It is not a token of this log.
    #[error("this token is not known here: make one with `retrace token create`")]
    Unknown,
    /// It was revoked.
    #[error("this token was revoked")]
    Revoked,
    /// Its time is over.
    #[error("this token expired at {0}")]
    Expired(Timestamp),
}

/// Why a token could not be made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token.
    #[error("there is no token with the id `{id}`: `retrace token list` shows all")]
    NoSuchToken {
        /// The id that was given.
        id: String,
    },
    /// It was revoked before.
    #[error("the token `{id}` was revoked at {at}")]
    AlreadyRevoked {
        /// The id of the token.
        id: String,
        /// When.
        at: Timestamp,
    },
    /// The name is not one.
    #[error("the name has {found} characters, expected 1 to 100")]
    InvalidName {
        /// How many characters the name has.
        found: usize,
    },
    /// The system has no randomness to give.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] retrace_core::event::EventError),
}

/// All tokens of a log, as of the last time somebody looked.
pub struct TokenBook {
    log: Arc<dyn EventLog>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: StreamVersion,
    tokens: HashMap<String, Token>,
}

impl TokenBook {
    /// The tokens of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            state: Mutex::default(),
        }
    }

    /// Makes a token and answers its text, which nobody can find out again.
    ///
    /// # Errors
    /// When the name is not one, or the log does not take it.
    pub async fn create(
        &self,
        name: &str,
        expires_at: Option<Timestamp>,
        by: &str,
    ) -> Result<String, TokenError> {
        let characters = name.chars().count();
        if !(1..=100).contains(&characters) {
            return Err(TokenError::InvalidName { found: characters });
        }
        let (id, text) = random_token()?;
        let created = TokenCreated {
            by: by.to_owned(),
            expires_at,
            id,
            name: name.to_owned(),
            role: None,
            sha256: sha256_hex(&text),
            site: None,
        };
        self.append(created.into()).await?;
        Ok(text)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// When there is no such token, it was revoked before, or the log does not take it.
    pub async fn revoke(&self, id: &str, by: &str) -> Result<(), TokenError> {
        let tokens = self.list().await?;
        let token = tokens
            .iter()
            .find(|token| token.id == id)
            .ok_or_else(|| TokenError::NoSuchToken { id: id.to_owned() })?;
        if let Some(at) = token.revoked_at {
            return Err(TokenError::AlreadyRevoked {
                id: id.to_owned(),
                at,
            });
        }
        self.append(
            TokenRevoked {
                by: by.to_owned(),
                id: id.to_owned(),
            }
            .into(),
        )
        .await
    }

    async fn append(&self, body: EventBody) -> Result<(), TokenError> {
        let stream = StreamName::tokens();
        let events = EventBatch::of(Timestamp::now(), body)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let first_version = self.log.next_version(&stream).await?;
            let append = Append {
                stream: stream.clone(),
                first_version,
                events: events.clone(),
            };
            match self.log.append(append).await {
                Err(AppendError::Conflict { .. }) if tries < APPEND_TRIES => {}
                outcome => return Ok(outcome.map(|_| ())?),
            }
        }
    }

    /// All tokens, the oldest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn list(&self) -> Result<Vec<Token>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        let mut tokens: Vec<Token> = state.tokens.values().cloned().collect();
        tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(tokens)
    }

    /// Checks the text of a token, against the log as it is now.
    ///
    /// # Errors
    /// When the log cannot be read. A token that gives no right is the inner error.
    pub async fn check(&self, text: &str) -> Result<Result<Viewer, Denied>, StoreError> {
        let Some(id) = well_formed_id(text) else {
            return Ok(Err(Denied::Malformed));
        };
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        let Some(token) = state.tokens.get(id) else {
            return Ok(Err(Denied::Unknown));
        };
        let same: bool = token
            .sha256
            .as_bytes()
            .ct_eq(sha256_hex(text).as_bytes())
            .into();
        Ok(match token {
            _ if !same => Err(Denied::Unknown),
            Token {
                revoked_at: Some(_),
                ..
            } => Err(Denied::Revoked),
            Token {
                expires_at: Some(at),
                ..
            } if *at <= Timestamp::now() => Err(Denied::Expired(*at)),
            token => Ok(Viewer {
                token_id: token.id.clone(),
                name: token.name.clone(),
                expires_at: token.expires_at,
            }),
        })
    }
}

impl State {
    async fn read_on(&mut self, log: &dyn EventLog) -> Result<(), StoreError> {
        loop {
            let events = log
                .read_stream(&StreamName::tokens(), self.next, 1000)
                .await?;
            let Some(last) = events.last() else {
                return Ok(());
            };
            self.next = last.version().plus(1);
            for event in &events {
                match event.body() {
                    Ok(EventBody::TokenCreated(created)) => {
                        let token = Token {
                            id: created.id.clone(),
                            name: created.name,
                            created_at: event.at(),
                            expires_at: created.expires_at,
                            revoked_at: None,
                            sha256: created.sha256,
                        };
                        self.tokens.entry(created.id).or_insert(token);
                    }
                    Ok(EventBody::TokenRevoked(revoked)) => {
                        if let Some(token) = self.tokens.get_mut(&revoked.id) {
                            token.revoked_at.get_or_insert(event.at());
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(position = %event.position(), %error, "unreadable token event");
                    }
                }
            }
        }
    }
}

fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn random_token() -> Result<(String, String), getrandom::Error> {
    let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
    getrandom::fill(&mut id)?;
    getrandom::fill(&mut secret)?;
    let id = hex::encode(id);
    let body = format!("{PREFIX}_{id}_{}", hex::encode(secret));
    let text = format!("{body}_{}", checksum(&body));
    Ok((id, text))
}

fn checksum(body: &str) -> String {
    hex::encode(&Sha256::digest(body.as_bytes())[..4])
}

/// The id in the text of a token, if the text is whole.
fn well_formed_id(text: &str) -> Option<&str> {
    let (body, sum) = text.rsplit_once('_')?;
    let (id, secret) = body
        .strip_prefix(PREFIX)?
        .strip_prefix('_')?
        .split_once('_')?;
    let lengths = id.len() == 2 * ID_BYTES && secret.len() == 2 * SECRET_BYTES;
    (lengths && checksum(body) == sum).then_some(id)
}

#[cfg(test)]
mod tests {
    use retrace_core::data_dir::DataDir;

    use super::*;

    fn book() -> (TokenBook, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().unwrap();
        (TokenBook::new(Arc::new(log)), dir)
    }

    #[tokio::test]
    async fn a_token_opens_until_it_is_revoked_and_stands_nowhere_in_the_log() {
        let (book, _dir) = book();
        let text = book.create("ops", None, "test").await.unwrap();
        assert_eq!(book.check(&text).await.unwrap().unwrap().name, "ops");

        let events = book.log.read(retrace_core::Position(0), 10).await.unwrap();
        let secret = text.split('_').nth(2).unwrap();
        for event in &events {
            assert!(!String::from_utf8(event.leaf()).unwrap().contains(secret));
        }

        let id = book.list().await.unwrap()[0].id.clone();
        book.revoke(&id, "test").await.unwrap();
        assert_eq!(
            book.check(&text).await.unwrap().unwrap_err(),
            Denied::Revoked
        );
        assert!(matches!(
            book.revoke(&id, "x").await,
            Err(TokenError::AlreadyRevoked { .. })
        ));
        assert!(matches!(
            book.revoke("x", "x").await,
            Err(TokenError::NoSuchToken { .. })
        ));
    }

    #[tokio::test]
    async fn what_is_not_a_valid_token_is_denied_with_its_reason() {
        let (book, _dir) = book();
        let text = book.create("a", None, "test").await.unwrap();
        let (_, stranger) = random_token().unwrap();
        let changed = text.replace(&text[30..31], if &text[30..31] == "0" { "1" } else { "0" });
        let past = Timestamp::now().saturating_add_micros(-1);
        let expired = book.create("b", Some(past), "test").await.unwrap();
        let cases = [
            ("", Denied::Malformed),
            ("rtr__", Denied::Malformed),
            (&text[..text.len() - 1], Denied::Malformed),
            (&changed, Denied::Malformed),
            (&stranger, Denied::Unknown),
            (&expired, Denied::Expired(past)),
        ];
        for (text, expected) in cases {
            assert_eq!(
                book.check(text).await.unwrap().unwrap_err(),
                expected,
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn a_token_made_by_another_process_is_known_at_once() {
        let (book, _dir) = book();
        let other = TokenBook::new(Arc::clone(&book.log));
        assert!(book.list().await.unwrap().is_empty());
        let text = other.create("late", None, "test").await.unwrap();
        assert!(book.check(&text).await.unwrap().is_ok());
    }
}
