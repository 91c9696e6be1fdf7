//! What readers did.

use serde::{Deserialize, Serialize};

/// Somebody signed in, or used a token. What one token does within an hour from one address is one event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthSucceeded {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When the sign-in of a browser ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<crate::Timestamp>,
    /// The groups that the provider of identities said the user is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// By what: `token` or `oidc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The id of the sign-in of a browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// SHA-256 of the secret of that browser, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The id of the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The user that the provider of identities named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Who.
    pub who: String,
}

/// The sign-in of a browser ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthEnded {
    /// Who ended it: themselves, or an administrator.
    pub by: String,
    /// The id of the sign-in.
    pub session: String,
}

/// Somebody was turned away. The first time in a minute is an event at once, the others of that minute from the same
/// address are one more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthDenied {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How often. Absent, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why.
    pub reason: String,
    /// The id of the token that was shown, which is no secret and need not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Who they said they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// A recording was looked at. Looks that follow soon are counted, and told by one more event with `looks` and `since`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingViewed {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who looked.
    pub by: String,
    /// How many looks followed the first; absent, this is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When the first look was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::Timestamp>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What they looked at: `screen`, `timeline`, `video`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<String>,
}

/// What is redacted in a recording was shown to somebody. Folded as [`RecordingViewed`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedactionRevealed {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who saw it.
    pub by: String,
    /// How many looks followed the first; absent, this is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// Why, in their words.
    pub reason: String,
    /// When the first look was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::Timestamp>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What they looked at: `screen`, `timeline`, `video`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<String>,
}

/// A recording, or a part of it, left the system as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingDownloaded {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who took it.
    pub by: String,
    /// What they took.
    pub object: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Somebody searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchPerformed {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who searched.
    pub by: String,
    /// The conditions beside the text, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// How many hits there were.
    pub hits: u64,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What they searched for.
    pub text: String,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Events left the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventsExported {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who took them.
    pub by: String,
    /// The first position exported.
    pub first_position: u64,
    /// `ndjson`, `ocsf`, …
    pub format: String,
    /// The last position exported.
    pub last_position: u64,
    /// How many reads followed the first; absent, this is the first. They are folded as views of recordings are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// When the first read was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::Timestamp>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Lists were looked at: which sessions there are, settings, tokens. Folded as views of recordings are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordsViewed {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who looked.
    pub by: String,
    /// How many looks followed the first; absent, this is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// When the first look was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::Timestamp>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Of what: `sessions`, `settings`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what: Vec<String>,
}

/// Somebody who is known tried what their grants do not allow. Folded as views are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessDenied {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who tried.
    pub by: String,
    /// How many tries followed the first; absent, this is the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
    /// What they tried to reach.
    pub object: String,
    /// The right that they lack; absent, they may not even know whether there is such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<String>,
    /// When the first try was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::Timestamp>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Somebody asked a question in SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqlRun {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who asked.
    pub by: String,
    /// In which form they were answered: `graphql`, `csv`, `json`, `parquet`, `arrow`, `flight`.
    pub format: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many rows they were given.
    pub rows: u64,
    /// The question.
    pub text: String,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}
