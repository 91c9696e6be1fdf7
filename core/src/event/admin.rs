//! What administrators did.

use serde::{Deserialize, Serialize};

use super::SessionLaunched;
use crate::access::{Role, Scope};

/// A setting was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChanged {
    /// Who changed it.
    pub by: String,
    /// Its value from now on.
    pub new: serde_json::Value,
    /// Its value until now.
    pub old: serde_json::Value,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Which setting.
    pub setting: String,
}

/// An access token was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenCreated {
    /// Who made it.
    pub by: String,
    /// When it stops to work, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<crate::Timestamp>,
    /// The id of the token, which is a part of its text and no secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it opens. Absent, it is an administrator's, as all tokens once were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The sessions that it is about; absent, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// SHA-256 of the whole token, in hexadecimal: the token itself is shown once and kept nowhere.
    pub sha256: String,
    /// The one site that a recorder's works for; absent, it works for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// Whose it is: the user whose sessions are the holder's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// An access token was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRevoked {
    /// Who revoked it.
    pub by: String,
    /// Which token.
    pub id: String,
}

/// Somebody was given the rights of a role over some sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantGiven {
    /// Who gave it.
    pub by: String,
    /// When it ends, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<crate::Timestamp>,
    /// The id of the grant.
    pub id: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What may be done.
    pub role: Role,
    /// With which sessions.
    #[serde(default, skip_serializing_if = "Scope::is_everything")]
    pub scope: Scope,
    /// To whom: `user:{name}` or `group:{name}`, by the names that the sign-in gives them.
    pub to: String,
}

/// A grant was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantWithdrawn {
    /// Who took it back.
    pub by: String,
    /// Which grant.
    pub id: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A session was put on legal hold: it must not be purged until every hold on it is lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldPlaced {
    /// Who placed it.
    pub by: String,
    /// What it is for: a case, a matter. A session may be held for several, each with a hold of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub matter: String,
    /// Why.
    pub reason: String,
}

/// A legal hold was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldReleased {
    /// Who lifted it.
    pub by: String,
    /// What it was for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub matter: String,
    /// Why.
    pub reason: String,
}

/// A session was moved to the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionArchived {
    /// Where it is now.
    pub location: String,
}

/// What was recorded of a session was destroyed; its leaf hashes stay, and so does what the server wrote about the session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionPurged {
    /// How many blobs (segments, screenshots) went, if that was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blobs: Option<u64>,
    /// Who, or which policy, destroyed it.
    pub by: String,
    /// How many bytes the blobs took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// When the session ended, by the clock of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<crate::Timestamp>,
    /// How many events went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Why.
    pub reason: String,
    /// What stays known of the session: who, where and how, without its title and its command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionLaunched>,
    /// When the session began, by the clock of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<crate::Timestamp>,
}

/// A span of a session is hidden from readers who do not reveal it. What was recorded stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedactionAdded {
    /// Who hides it; `retrace` where a rule does.
    pub by: String,
    /// Where the span begins.
    pub from: crate::Timestamp,
    /// The id of the span within its session. Absent, it is the event's own version in its stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why.
    pub reason: String,
    /// The rule that found it: `unechoed`, `prompt`, `pattern`. Absent, a person redacted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where the span ends.
    pub to: crate::Timestamp,
    /// What is hidden.
    #[serde(default, skip_serializing_if = "Concealed::is_all")]
    pub what: Concealed,
}

/// What of a span is hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concealed {
    /// What was typed.
    Keys,
    /// What was to be seen, on terminals and in video.
    Screen,
    /// Everything.
    #[default]
    All,
}

impl Concealed {
    /// Whether it is everything.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether what was typed is hidden.
    #[must_use]
    pub fn hides_keys(self) -> bool {
        self != Self::Screen
    }

    /// Whether what was to be seen is hidden.
    #[must_use]
    pub fn hides_screen(self) -> bool {
        self != Self::Keys
    }

    /// Its name, as it stands in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Screen => "screen",
            Self::All => "all",
        }
    }
}

/// A span that a person redacted is shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedactionLifted {
    /// Who shows it again.
    pub by: String,
    /// The id of the span.
    pub id: String,
    /// Why.
    pub reason: String,
}
