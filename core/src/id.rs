//! A type for each kind of id and number, so that two of them cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// One recorded session, from launch to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A fresh id for a session that is launched now. Sorts by time of creation.
    pub fn launched_now() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of a session imported from a recording: a function of the recording's bytes, so that
    /// the same recording always means the same session.
    pub fn of_recording(content_sha256: &[u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(b"retrace session\0")
            .chain_update(content_sha256)
            .finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self(Uuid::new_v8(bytes))
    }

    /// The id as a UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for SessionId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Uuid::try_parse(text)?))
    }
}

/// One log. A site may have its own; every table and every checkpoint names the log it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogId(Uuid);

impl LogId {
    /// A fresh id for a log that is being created.
    pub fn new_random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LogId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(Uuid::try_parse(text)?))
    }
}

/// Where an event stands in the whole log. Gapless, from 0: it is also the index of the event's
/// leaf in the Merkle tree, and a log of size `n` holds the positions `[0, n)`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

/// Where an event stands in its stream. Gapless, from 0. As an *expected version* it is the
/// version that the next event of the stream will have, so 0 means "the stream is empty".
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct StreamVersion(pub u64);

macro_rules! number {
    ($name:ident) => {
        impl $name {
            /// The number `count` places further on.
            #[must_use]
            pub fn plus(self, count: u64) -> Self {
                Self(self.0 + count)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}
number!(Position);
number!(StreamVersion);

/// A name that is not one: what was found, and what a name may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a {what}: expected {expected}")]
pub struct InvalidName {
    what: &'static str,
    found: String,
    expected: &'static str,
}

impl InvalidName {
    pub(crate) fn new(
        what: &'static str,
        found: impl Into<String>,
        expected: &'static str,
    ) -> Self {
        Self {
            what,
            found: found.into(),
            expected,
        }
    }
}

/// Who recorded a stream: `launcher`, `agent`, `proxy`, `gateway`, `recorder`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

impl SourceName {
    const EXPECTED: &str = "1 to 64 of a-z, 0-9, `-` and `_`, starting with a letter";

    /// The name, if it is one: 1 to 64 of `a-z 0-9 - _`, starting with a letter.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        let well_formed = (1..=64).contains(&name.len())
            && name.as_bytes()[0].is_ascii_lowercase()
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
        if well_formed {
            Ok(Self(name))
        } else {
            Err(InvalidName::new("source name", name, Self::EXPECTED))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SourceName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ordered events of one source of one session (`session/{id}/{source}`), or of one settings
/// or access stream (`access/tokens`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

impl StreamName {
    const EXPECTED: &str =
        "`session/{uuid}/{source}`, or 1 to 200 of a-z, 0-9, `-`, `_` in parts divided by `/`";

    /// The stream of one source of one session.
    pub fn of_session(session: SessionId, source: &SourceName) -> Self {
        Self(format!("session/{session}/{source}"))
    }

    /// The stream that only the server writes about a session: its launch, its upload tokens, and
    /// what is said to its recorder.
    pub fn control_of(session: SessionId) -> Self {
        Self(format!("session/{session}/control"))
    }

    /// The stream of what nodes make of a session's recording: videos, thumbnails. Only the server writes
    /// it, and whoever appends at its expected version has the work.
    pub fn video_of(session: SessionId) -> Self {
        Self(format!("session/{session}/video"))
    }

    /// The stream of who looked at a session's recording. Only the server writes it.
    pub fn accesses_of(session: SessionId) -> Self {
        Self(format!("session/{session}/access"))
    }

    /// The stream of what reviewers said about a session. Only the server writes it.
    pub fn review_of(session: SessionId) -> Self {
        Self(format!("session/{session}/review"))
    }

    /// The stream of what is redacted in a session, by rules and by people. Only the server writes it.
    pub fn redactions_of(session: SessionId) -> Self {
        Self(format!("session/{session}/redaction"))
    }

    /// Whether it is one of the streams that only the server writes about a session: what was done about it and with its
    /// recording. They stay when the recording is purged; all other streams of the session, which hold what was recorded
    /// or made of it, go.
    pub fn outlives_recording(&self) -> bool {
        matches!(
            self.source(),
            Some("control" | "access" | "review" | "redaction")
        )
    }

    /// The stream of all tokens ever created and revoked.
    pub fn tokens() -> Self {
        Self("access/tokens".to_owned())
    }

    /// The stream of all grants ever given and withdrawn.
    pub fn grants() -> Self {
        Self("access/grants".to_owned())
    }

    /// The stream of what readers did that concerns no session, or many: sign-ins, searches, denials.
    pub fn accesses() -> Self {
        Self("access/log".to_owned())
    }

    /// The stream of browsers that signed in, and of when they signed out.
    pub fn sign_ins() -> Self {
        Self("access/sign-ins".to_owned())
    }

    /// The stream of when tokens were used.
    pub fn token_uses() -> Self {
        Self("access/token-uses".to_owned())
    }

    /// The stream of all changes of the server's settings.
    pub fn settings() -> Self {
        Self("settings/server".to_owned())
    }

    /// The stream of where events are sent.
    pub fn destinations() -> Self {
        Self("settings/destinations".to_owned())
    }

    /// The stream of how far the sending to a destination has come.
    pub fn delivery_to(destination: &SourceName) -> Self {
        Self(format!("delivery/{destination}"))
    }

    /// The stream of which reports are run by themselves.
    pub fn report_schedules() -> Self {
        Self("settings/reports".to_owned())
    }

    /// The stream of what was run by a schedule.
    pub fn runs_of_schedule(schedule: &SourceName) -> Self {
        Self(format!("schedule/{schedule}"))
    }

    /// The name, if it is one.
    ///
    /// # Errors
    /// When it is longer than 200 bytes, has other characters than `a-z 0-9 - _ /`, an empty part,
    /// or claims to be of a session without naming one.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidName> {
        let name = name.into();
        let characters = (1..=200).contains(&name.len())
            && name
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'/'));
        let parts = name.split('/').all(|part| !part.is_empty());
        let stream = Self(name);
        let session_named =
            !stream.0.starts_with("session/") || stream.session_and_source().is_some();
        if characters && parts && session_named {
            Ok(stream)
        } else {
            Err(InvalidName::new("stream name", stream.0, Self::EXPECTED))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The session that the stream belongs to, if it belongs to one.
    pub fn session(&self) -> Option<SessionId> {
        self.session_and_source().map(|(session, _)| session)
    }

    /// The source that recorded the stream, if it is the stream of a session.
    pub fn source(&self) -> Option<&str> {
        self.session_and_source().map(|(_, source)| source)
    }

    fn session_and_source(&self) -> Option<(SessionId, &str)> {
        let (id, source) = self.0.strip_prefix("session/")?.split_once('/')?;
        // Only the hyphenated form: one session must not have two names.
        (id.len() == 36 && !source.contains('/')).then_some(())?;
        Some((id.parse().ok()?, source))
    }
}

impl TryFrom<String> for StreamName {
    type Error = InvalidName;

    fn try_from(name: String) -> Result<Self, InvalidName> {
        Self::new(name)
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_name_is_refused_when_it_could_be_a_path_or_another_session() {
        let id = SessionId::launched_now();
        let cases = [
            (format!("session/{id}/agent"), true),
            ("access/tokens".to_owned(), true),
            (format!("session/{id}"), false),
            (format!("session/{}/agent", id.uuid().simple()), false),
            (format!("session/{id}/../../x"), false),
            (format!("session/{id}/a/b"), false),
            ("session//agent".to_owned(), false),
            ("/etc/passwd".to_owned(), false),
            (String::new(), false),
            ("Access".to_owned(), false),
            ("a".repeat(201), false),
        ];
        for (name, valid) in cases {
            assert_eq!(StreamName::new(name.clone()).is_ok(), valid, "{name}");
        }
    }

    #[test]
    fn a_session_stream_names_its_session_and_source() {
        let id = SessionId::of_recording(&[7; 32]);
        let stream = StreamName::of_session(id, &SourceName::new("agent").unwrap());
        assert_eq!(stream.session(), Some(id));
        assert_eq!(stream.source(), Some("agent"));
        assert_eq!(StreamName::tokens().session(), None);
    }
}
