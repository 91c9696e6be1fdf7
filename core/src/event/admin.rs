//! What administrators did.

use serde::{Deserialize, Serialize};

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

/// A session was put on legal hold: it must not be purged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldPlaced {
    /// Who placed it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A legal hold was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldReleased {
    /// Who lifted it.
    pub by: String,
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

/// The content of a session was destroyed; its leaf hashes stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionPurged {
    /// Who, or which policy, destroyed it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A span of a session is to be hidden from readers without the right to reveal it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedactionAdded {
    /// Who, or which rule, hides it.
    pub by: String,
    /// Where the span begins.
    pub from: crate::Timestamp,
    /// Why.
    pub reason: String,
    /// Where the span ends.
    pub to: crate::Timestamp,
}
