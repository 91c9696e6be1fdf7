//! Where a recording goes on when a connection broke.
//!
//! Everything that is needed stands in the stream of the recording itself, as `upload.committed`
//! events: so any server of the log can take a client in, also after it was started anew. Each
//! append ends with one, which says how far the client has come, in its own time and in the number of
//! its messages; those are the commit points that a client can go on from.
//!
//! A client that goes on from a commit point sends again what it has after it. The log may be further:
//! the server had appended, and the client was not told any more. So as many messages as stand between
//! the two are dropped. Entries (what has a time: reading, writing, sizes, suspending) and notes (what
//! has none of its own: commands within the session, alerts) are counted apart, because a client that
//! sends a log from files has no notes.
//!
//! A client looks its commit point up by its time, and stops behind the *first* entry that reaches it.
//! Entries that follow at no distance are therefore sent again, too, although they stood in the log
//! before the commit point was told: `entries_before` is the number without them.

use std::collections::BTreeMap;
use std::fmt;

use retrace_core::event::UploadCommitted;
use retrace_core::{SessionId, Timestamp};
use sha2::{Digest, Sha256};

use super::elapsed::Elapsed;

const KEY_BYTES: usize = 16;

/// The id of a log, as the client is told it: the session, and a key that nobody guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogId {
    /// Which session.
    pub session: SessionId,
    /// What shows that the client was given the id.
    pub key: ResumeKey,
}

impl LogId {
    /// The id that stands in these bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (session, key) = text.split_once('.')?;
        let session: SessionId = session.parse().ok()?;
        let mut bytes = [0; KEY_BYTES];
        hex::decode_to_slice(key, &mut bytes).ok()?;
        let id = Self {
            session,
            key: ResumeKey(bytes),
        };
        // One id has one text.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.session, hex::encode(self.key.0))
    }
}

/// Lets a client go on with a recording. The log holds its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct ResumeKey([u8; KEY_BYTES]);

impl ResumeKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What the log holds of it: SHA-256, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }
}

impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeKey(…)")
    }
}

/// How many messages were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// With a time.
    pub entries: u64,
    /// Without one of their own.
    pub notes: u64,
}

impl Sent {
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            entries: self.entries.max(other.entries),
            notes: self.notes.max(other.notes),
        }
    }
}

/// A place in a recording that a client can go on from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommitPoint {
    /// The client's time.
    pub elapsed: Elapsed,
    /// What it had sent.
    pub sent: Sent,
    /// What of that it does not send again when it goes on from here.
    pub before: Sent,
}

impl CommitPoint {
    /// The place that an event tells of. `None` when it claims a time that cannot be.
    pub fn of(event: &UploadCommitted) -> Option<Self> {
        Some(Self {
            elapsed: Elapsed::of_parts(event.elapsed_s, event.elapsed_ns)?,
            sent: Sent {
                entries: event.entries,
                notes: event.notes,
            },
            before: Sent {
                entries: event.entries_before,
                notes: event.notes_before,
            },
        })
    }
}

/// What the log says of a recording that is to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// When it began.
    pub started: Timestamp,
    /// The time of its last event.
    pub last_at: Timestamp,
    /// The commit point that the client goes on from.
    pub from: CommitPoint,
    /// The last one.
    pub last: CommitPoint,
    /// The beginnings of characters that wait for their rest, as the last one has them.
    pub held: BTreeMap<String, String>,
    /// Whether the command has ended: then nothing can be added.
    pub is_complete: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_id_is_read_back_and_none_that_was_not_given_is() {
        let id = LogId {
            session: SessionId::launched_now(),
            key: ResumeKey::random().unwrap(),
        };
        let text = id.to_string();
        assert_eq!(LogId::parse(text.as_bytes()), Some(id.clone()));
        let bad = [
            String::new(),
            text.to_uppercase(),
            text.replace('.', "/"),
            format!("{text}0"),
            text[..text.len() - 2].to_owned(),
            "/var/log/sudo-io/00/00/01".to_owned(),
        ];
        for text in bad {
            assert_eq!(LogId::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(LogId::parse(b"\xff\xfe"), None);
        assert_eq!(format!("{:?}", id.key), "ResumeKey(…)");
    }
}
