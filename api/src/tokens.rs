//! Access tokens.
//!
//! A token is text that is shown once: `rtr_{id}_{secret}_{checksum}`. The log holds its SHA-256
//! (`token.created`), which is enough to recognise it and too little to use it: the secret has 256
//! random bits, so no slow hash is needed. The checksum lets a mistyped token, and a scanner that
//! looks for leaked ones, be told apart from a wrong one without asking the log.
//!
//! A token has a role ([`Role`]) over the sessions of a scope: an administrator's opens everything that people do, a
//! recorder's launches sessions and nothing else, in one site or in all. What a recorder uploads with is a third kind,
//! which belongs to its session ([`crate::control`]).
//!
//! [`TokenBook`] is the set of tokens as of the end of the log. It is small, so each process folds
//! the stream in memory and reads on when it has grown.

use std::collections::HashMap;
use std::sync::Arc;

use retrace_core::access::{Grant, Role, Scope, ScopeError, Sight};
use retrace_core::event::{Event, EventBatch, EventBody, TokenCreated, TokenRevoked};
use retrace_core::log::cursor::StreamCursor;
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{StreamName, Timestamp};
use retrace_ingest::protocol::UPLOAD_TOKEN_PREFIX;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

const PREFIX: &str = "rtr";
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;
/// How often to try again when somebody else made or revoked a token in between.
const APPEND_TRIES: usize = 10;

/// Somebody whose token, or sign-in, was checked, and what they may see and do ([`crate::sign_ins`]).
#[derive(Debug, Clone)]
pub struct Viewer {
    /// The id of the token; of somebody who has none and signed in at a provider, that of the sign-in.
    pub token_id: String,
    /// What the token is for, or whose it is; or the name of the user.
    pub name: String,
    /// The user whose sessions are their own.
    pub user: Option<String>,
    /// The groups of the user, as the provider said.
    pub groups: Vec<String>,
    /// When the token, or the sign-in, stops to work.
    pub expires_at: Option<Timestamp>,
    /// The id of the sign-in, if it is a browser that asks.
    pub browser: Option<String>,
    /// What they may see and do.
    pub sight: Arc<Sight>,
    /// Where the request comes from.
    pub address: Option<String>,
    /// Why they look, in their words.
    pub reason: Option<String>,
    /// Why they want to see what is redacted, if they do.
    pub reveal: Option<String>,
}

/// A recorder whose token was checked: the right to launch sessions.
#[derive(Debug, Clone)]
pub struct Recorder {
    /// The id of the token.
    pub token_id: String,
    /// What the token is for, or whose it is.
    pub name: String,
    /// The one site that it may launch in; absent, it may in all.
    pub site: Option<String>,
}

/// A token as the log knows it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Its id: the second part of its text.
    pub id: String,
    /// What it is for, or whose it is.
    pub name: String,
    /// What it opens.
    pub role: Role,
    /// The sessions that it is about.
    pub scope: Scope,
    /// Whose it is: the user whose sessions are the holder's own.
    pub user: Option<String>,
    /// The one site that a recorder's works for; absent, it works for all.
    pub site: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    sha256: String,
}

impl Token {
    /// What its holder may see and do.
    #[must_use]
    pub fn sight(&self) -> Sight {
        let grant = Grant {
            role: self.role,
            scope: self.scope.clone(),
        };
        Sight::new(self.user.iter().cloned().collect(), vec![grant])
    }

    /// How its text begins, by which it is recognised: the rest is secret.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{PREFIX}_{}_", self.id)
    }

    /// Whoever has it.
    pub(crate) fn into_viewer(self) -> Viewer {
        Viewer {
            sight: Arc::new(self.sight()),
            token_id: self.id,
            name: self.name,
            user: self.user,
            groups: Vec::new(),
            expires_at: self.expires_at,
            browser: None,
            address: None,
            reason: None,
            reveal: None,
        }
    }
}

/// Why a token gives no right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token was sent.
    #[error("no token was sent: send it as `Authorization: Bearer …`, or sign in")]
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
    /// The browser is not signed in any more.
    #[error("the sign-in has ended: sign in again")]
    Ended,
    /// Somebody is who they are, and nothing is granted to them.
    #[error(
        "nothing is granted to {user}: an administrator gives grants with `retrace grant give`"
    )]
    NoGrant {
        /// Their name.
        user: String,
    },
    /// It opens something else.
    #[error("{0}")]
    OtherRole(&'static str),
}

const FOR_LAUNCHING: Denied =
    Denied::OtherRole("this token is a recorder's: it launches sessions and opens nothing else");
const FOR_UPLOADING: Denied =
    Denied::OtherRole("this token is for uploading to its session and opens nothing else");
const FOR_PEOPLE: Denied = Denied::OtherRole(
    "this token is not a recorder's: make one with `retrace token create --role recorder`",
);

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
    /// The scope is not one that can be granted.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The name is not one, or the site's is not.
    #[error("the {what} has {found} characters, expected 1 to 100")]
    InvalidName {
        /// Which name.
        what: &'static str,
        /// How many characters it has.
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
    cursor: StreamCursor,
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
    /// When the name or the site is not one, or the log does not take it.
    pub async fn create(&self, token: NewToken<'_>, by: &str) -> Result<String, TokenError> {
        let NewToken {
            name,
            role,
            scope,
            user,
            site,
            expires_at,
        } = token;
        for (what, text) in [("name", Some(name)), ("site", site), ("user", user)] {
            let found = text.map_or(1, |text| text.chars().count());
            if !(1..=100).contains(&found) {
                return Err(TokenError::InvalidName { what, found });
            }
        }
        scope.check()?;
        let (id, text) = random_token()?;
        let created = TokenCreated {
            by: by.to_owned(),
            expires_at,
            id,
            name: name.to_owned(),
            // An administrator's is written as all tokens once were.
            role: Some(role).filter(|role| *role != Role::Admin),
            scope: Some(scope).filter(|scope| !scope.is_everything()),
            sha256: sha256_hex(&text),
            site: site.map(str::to_owned),
            user: user.map(str::to_owned),
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

    /// Checks the token of somebody who wants to read or to rule, against the log as it is now.
    ///
    /// # Errors
    /// When the log cannot be read. A token that gives no right is the inner error.
    pub async fn check(&self, text: &str) -> Result<Result<Viewer, Denied>, StoreError> {
        Ok(match self.find(text).await? {
            Err(denied) => Err(denied),
            Ok(token) if !token.role.reads() => Err(FOR_LAUNCHING),
            Ok(token) => Ok(token.into_viewer()),
        })
    }

    /// Checks the token of somebody who wants to launch a session, against the log as it is now.
    ///
    /// # Errors
    /// When the log cannot be read. A token that gives no right is the inner error.
    pub async fn check_recorder(&self, text: &str) -> Result<Result<Recorder, Denied>, StoreError> {
        Ok(match self.find(text).await? {
            Err(denied) => Err(denied),
            Ok(token) if token.role != Role::Recorder => Err(FOR_PEOPLE),
            Ok(token) => Ok(Recorder {
                token_id: token.id,
                name: token.name,
                site: token.site,
            }),
        })
    }

    /// The token of this id, if it works.
    ///
    /// # Errors
    /// When the log cannot be read. A token that gives no right is the inner error.
    pub(crate) async fn by_id(&self, id: &str) -> Result<Result<Token, Denied>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        Ok(match state.tokens.get(id) {
            Some(token) => works(token.revoked_at, token.expires_at).map(|()| token.clone()),
            None => Err(Denied::Unknown),
        })
    }

    /// What the token of this id is for, whether or not it works.
    pub(crate) async fn name_of(&self, id: &str) -> Result<Option<String>, StoreError> {
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        Ok(state.tokens.get(id).map(|token| token.name.clone()))
    }

    /// A token that is known and works, whatever it opens.
    async fn find(&self, text: &str) -> Result<Result<Token, Denied>, StoreError> {
        if text.starts_with(UPLOAD_TOKEN_PREFIX) {
            return Ok(Err(FOR_UPLOADING));
        }
        let Some(id) = well_formed_id(text) else {
            return Ok(Err(Denied::Malformed));
        };
        let mut state = self.state.lock().await;
        state.read_on(&*self.log).await?;
        let Some(token) = state.tokens.get(id) else {
            return Ok(Err(Denied::Unknown));
        };
        if !is_of(text, &token.sha256) {
            return Ok(Err(Denied::Unknown));
        }
        Ok(works(token.revoked_at, token.expires_at).map(|()| token.clone()))
    }
}

/// A token that is to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// What it is for, or whose it is.
    pub name: &'a str,
    /// What it opens.
    pub role: Role,
    /// The sessions that it is about.
    pub scope: Scope,
    /// Whose it is: the user whose sessions are the holder's own.
    pub user: Option<&'a str>,
    /// The one site that a recorder's works for.
    pub site: Option<&'a str>,
    /// When it stops to work, if ever.
    pub expires_at: Option<Timestamp>,
}

impl<'a> NewToken<'a> {
    /// An administrator's, for ever.
    pub fn admin(name: &'a str) -> Self {
        Self {
            name,
            role: Role::Admin,
            scope: Scope::everything(),
            user: None,
            site: None,
            expires_at: None,
        }
    }
}

/// Whether the text is that of which the log holds this SHA-256, in a time that does not tell.
pub(crate) fn is_of(text: &str, sha256: &str) -> bool {
    sha256.as_bytes().ct_eq(sha256_hex(text).as_bytes()).into()
}

/// Whether a token that is known still works.
pub(crate) fn works(
    revoked_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> Result<(), Denied> {
    match (revoked_at, expires_at) {
        (Some(_), _) => Err(Denied::Revoked),
        (None, Some(at)) if at <= Timestamp::now() => Err(Denied::Expired(at)),
        _ => Ok(()),
    }
}

impl State {
    async fn read_on(&mut self, log: &dyn EventLog) -> Result<(), StoreError> {
        let Self { cursor, tokens } = self;
        let apply = |event: &Event| match event.body() {
            Ok(EventBody::TokenCreated(created)) => {
                let token = Token {
                    id: created.id.clone(),
                    name: created.name,
                    role: created.role.unwrap_or_default(),
                    scope: created.scope.unwrap_or_default(),
                    user: created.user,
                    site: created.site,
                    created_by: created.by,
                    created_at: event.at(),
                    expires_at: created.expires_at,
                    revoked_at: None,
                    sha256: created.sha256,
                };
                tokens.entry(created.id).or_insert(token);
            }
            Ok(EventBody::TokenRevoked(revoked)) => {
                if let Some(token) = tokens.get_mut(&revoked.id) {
                    token.revoked_at.get_or_insert(event.at());
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(position = %event.position(), %error, "unreadable token event");
            }
        };
        cursor.read_on(log, &StreamName::tokens(), apply).await?;
        Ok(())
    }
}

pub(crate) fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn random_token() -> Result<(String, String), getrandom::Error> {
    let mut id = [0; ID_BYTES];
    getrandom::fill(&mut id)?;
    let id = hex::encode(id);
    let text = random_text(PREFIX, &id)?;
    Ok((id, text))
}

/// `{prefix}_{id}_{secret}_{checksum}`, with a fresh secret.
pub(crate) fn random_text(prefix: &str, id: &str) -> Result<String, getrandom::Error> {
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret)?;
    let body = format!("{prefix}_{id}_{}", hex::encode(secret));
    Ok(format!("{body}_{}", checksum(&body)))
}

fn checksum(body: &str) -> String {
    hex::encode(&Sha256::digest(body.as_bytes())[..4])
}

/// The id in the text of a token of whatever kind, if the text is whole.
pub(crate) fn id_of(text: &str) -> Option<&str> {
    well_formed_id(text).or_else(|| id_in(text, UPLOAD_TOKEN_PREFIX.trim_end_matches('_')))
}

/// The id in the text of a token, if the text is whole.
fn well_formed_id(text: &str) -> Option<&str> {
    id_in(text, PREFIX).filter(|id| id.len() == 2 * ID_BYTES)
}

/// The id in the text of a token with this prefix, if the text is whole.
pub(crate) fn id_in<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (body, sum) = text.rsplit_once('_')?;
    let (id, secret) = body
        .strip_prefix(prefix)?
        .strip_prefix('_')?
        .split_once('_')?;
    (secret.len() == 2 * SECRET_BYTES && checksum(body) == sum).then_some(id)
}

#[cfg(test)]
mod tests {
    use retrace_core::data_dir::DataDir;

    use super::*;

    async fn book() -> (TokenBook, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let log = DataDir::new(dir.path()).open_or_create_log().await.unwrap();
        (TokenBook::new(Arc::new(log)), dir)
    }

    #[tokio::test]
    async fn a_token_opens_until_it_is_revoked_and_stands_nowhere_in_the_log() {
        let (book, _dir) = book().await;
        let text = book.create(NewToken::admin("ops"), "test").await.unwrap();
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
        let (book, _dir) = book().await;
        let text = book.create(NewToken::admin("a"), "test").await.unwrap();
        let (_, stranger) = random_token().unwrap();
        let changed = text.replace(&text[30..31], if &text[30..31] == "0" { "1" } else { "0" });
        let past = Timestamp::now().saturating_add_micros(-1);
        let late = NewToken {
            expires_at: Some(past),
            ..NewToken::admin("b")
        };
        let expired = book.create(late, "test").await.unwrap();
        let recorder = NewToken {
            role: Role::Recorder,
            scope: Scope::everything(),
            user: None,
            site: Some("berlin"),
            ..NewToken::admin("c")
        };
        let recorder = book.create(recorder, "test").await.unwrap();
        let known = book.check_recorder(&recorder).await.unwrap().unwrap();
        assert_eq!(
            (known.name.as_str(), known.site.as_deref()),
            ("c", Some("berlin"))
        );
        assert_eq!(
            book.check_recorder(&text).await.unwrap().unwrap_err(),
            FOR_PEOPLE
        );
        let cases = [
            ("", Denied::Malformed),
            ("rtr__", Denied::Malformed),
            (&text[..text.len() - 1], Denied::Malformed),
            (&changed, Denied::Malformed),
            (&stranger, Denied::Unknown),
            (&expired, Denied::Expired(past)),
            (&recorder, FOR_LAUNCHING),
            ("rtu_x", FOR_UPLOADING),
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
        let (book, _dir) = book().await;
        let other = TokenBook::new(Arc::clone(&book.log));
        assert!(book.list().await.unwrap().is_empty());
        let text = other.create(NewToken::admin("late"), "test").await.unwrap();
        assert!(book.check(&text).await.unwrap().is_ok());
    }
}
