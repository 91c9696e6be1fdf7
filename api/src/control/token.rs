//! Upload tokens: `rtu_{session}_{secret}_{checksum}`, the session without its hyphens.
//!
//! The log holds the SHA-256 of each (`token.created`, role `upload`) in the control stream of its
//! session, which the token itself names. Its id is `rtu_{session}_` and the first 12 digits of that
//! SHA-256; it is no secret.

use std::str::FromStr;

use retrace_core::access::Role;
use retrace_core::event::{EventBatch, TokenCreated, TokenRevoked};
use retrace_core::log::StoreError;
use retrace_core::{SessionId, StreamVersion, Timestamp};
use retrace_ingest::protocol::UPLOAD_TOKEN_PREFIX;
use uuid::Uuid;

use super::{Control, ControlBook, ControlError, Session};
use crate::tokens;

const ID_DIGITS: usize = 12;

#[derive(Debug, Clone)]
pub(super) struct UploadToken {
    pub(super) sha256: String,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) revoked_at: Option<Timestamp>,
}

/// An upload token that was just made. Its text is told once.
pub struct NewUploadToken {
    /// The token itself.
    pub text: String,
    /// The event to append to the control stream.
    pub created: TokenCreated,
}

impl NewUploadToken {
    /// A fresh token for a session.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random(
        session: SessionId,
        expires_at: Timestamp,
        by: &str,
    ) -> Result<Self, getrandom::Error> {
        let session = session.uuid().simple().to_string();
        let text = tokens::random_text(UPLOAD_TOKEN_PREFIX, &session)?;
        let created = TokenCreated {
            by: by.to_owned(),
            expires_at: Some(expires_at),
            id: id_of(&session, &text),
            name: "upload".to_owned(),
            role: Some(Role::Upload),
            sha256: tokens::sha256_hex(&text),
            scope: None,
            site: None,
            user: None,
        };
        Ok(Self { text, created })
    }
}

fn id_of(session: &str, text: &str) -> String {
    let digits = &tokens::sha256_hex(text)[..ID_DIGITS];
    format!("{UPLOAD_TOKEN_PREFIX}_{session}_{digits}")
}

/// Why a token gives no right to upload.
#[derive(Debug, thiserror::Error)]
pub enum UploadDenied {
    /// It is no upload token, or none that works: launch again for another.
    #[error("{0}")]
    Token(String),
    /// The session was never launched here.
    #[error("there is no session {0} here: launch it")]
    NoSuchSession(SessionId),
}

impl ControlBook {
    /// The session that an upload token opens, by the log as it was a moment ago at most. What that
    /// does not know is looked for in the log as it is now.
    ///
    /// # Errors
    /// When the log cannot be read. A token that gives no right is the inner error.
    pub async fn check_upload(
        &self,
        text: &str,
    ) -> Result<Result<Session, UploadDenied>, StoreError> {
        let named = tokens::id_in(text, UPLOAD_TOKEN_PREFIX).and_then(session_of);
        let Some(id) = named else {
            let why = "this is not an upload token: it is mistyped or cut off";
            return Ok(Err(UploadDenied::Token(why.to_owned())));
        };
        let session = self.session(id);
        let recent = session.recent_control().await?.check_upload(id, text);
        if recent.is_ok() {
            return Ok(Ok(self.keep(session)));
        }
        let checked = {
            let control = session.control().await?;
            if control.next == StreamVersion(0) {
                return Ok(Err(UploadDenied::NoSuchSession(id)));
            }
            control.check_upload(id, text)
        };
        Ok(checked.map(|()| self.keep(session)))
    }

    /// Revokes upload tokens, and answers how many.
    ///
    /// # Errors
    /// When there are none such that work, or the log does not take it.
    pub async fn revoke_uploads(
        &self,
        which: &UploadTokens,
        by: &str,
    ) -> Result<usize, RevokeError> {
        let (id, one) = match which {
            UploadTokens::OfSession(session) => (*session, None),
            UploadTokens::One { session, id } => (*session, Some(id)),
        };
        let none = || RevokeError::NoSuchToken(which.clone());
        let session = self.launched(id).await.map_err(ControlError::from)?;
        let session = session.ok_or_else(none)?;
        let mut revoked = 0;
        session
            .append(|control| {
                let ids = working(control).filter(|id| one.is_none_or(|one| one == *id));
                let mut events = EventBatch::new();
                for id in ids {
                    let (by, id) = (by.to_owned(), id.to_owned());
                    events
                        .push(Timestamp::now(), TokenRevoked { by, id })
                        .map_err(ControlError::from)?;
                }
                revoked = events.len();
                if revoked == 0 {
                    return Err(none());
                }
                Ok(Some(events))
            })
            .await?;
        Ok(revoked)
    }
}

impl Control {
    /// Checks an upload token of the session `id`, which this is the control stream of.
    ///
    /// # Errors
    /// When the token gives no right.
    pub fn check_upload(&self, id: SessionId, text: &str) -> Result<(), UploadDenied> {
        let simple = id.uuid().simple().to_string();
        let denied = |why: &dyn std::fmt::Display| {
            UploadDenied::Token(format!("{why}: launch again for another"))
        };
        match self.tokens.get(&id_of(&simple, text)) {
            Some(token) if tokens::is_of(text, &token.sha256) => {
                tokens::works(token.revoked_at, token.expires_at).map_err(|why| denied(&why))
            }
            _ => Err(denied(&"this upload token is not known here")),
        }
    }
}

fn working(control: &Control) -> impl Iterator<Item = &str> {
    let mut ids: Vec<&str> = control
        .tokens
        .iter()
        .filter(|(_, token)| tokens::works(token.revoked_at, token.expires_at).is_ok())
        .map(|(id, _)| id.as_str())
        .collect();
    ids.sort_unstable();
    ids.into_iter()
}

/// The session of 32 hexadecimal digits.
fn session_of(text: &str) -> Option<SessionId> {
    let session = SessionId::from(Uuid::try_parse(text).ok()?);
    // One session has one text: no capitals, no hyphens, no braces.
    (session.uuid().simple().to_string() == text).then_some(session)
}

/// The upload tokens that somebody named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadTokens {
    /// All of a session.
    OfSession(SessionId),
    /// One, by its id.
    One {
        /// Its session.
        session: SessionId,
        /// Its id.
        id: String,
    },
}

/// Why no upload token was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There are none that work.
    #[error("there is no upload token that works for {}", match .0 {
        UploadTokens::OfSession(session) => format!("session {session}"),
        UploadTokens::One { id, .. } => format!("the id `{id}`"),
    })]
    NoSuchToken(UploadTokens),
    /// The log failed.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl FromStr for UploadTokens {
    type Err = ();

    /// Reads the id of a session, the id of an upload token, or such a token itself.
    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(session) = text.parse() {
            return Ok(Self::OfSession(session));
        }
        let rest = text
            .strip_prefix(UPLOAD_TOKEN_PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(())?;
        let (simple, digits) = rest.split_once('_').ok_or(())?;
        let session = session_of(simple).ok_or(())?;
        let id = if digits.len() == ID_DIGITS {
            text.to_owned()
        } else {
            id_of(simple, text)
        };
        Ok(Self::One { session, id })
    }
}
