//! What readers did.

use serde::{Deserialize, Serialize};

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthSucceeded {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who.
    pub who: String,
}

/// Somebody was turned away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthDenied {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why.
    pub reason: String,
    /// Who they said they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
}

/// A recording was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingViewed {
    /// Who played it.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A recording, or a part of it, left the system as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingDownloaded {
    /// Who took it.
    pub by: String,
    /// What they took.
    pub object: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchPerformed {
    /// Who searched.
    pub by: String,
    /// How many hits there were.
    pub hits: u64,
    /// What they searched for.
    pub text: String,
}

/// Events left the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventsExported {
    /// Who took them.
    pub by: String,
    /// The first position exported.
    pub first_position: u64,
    /// `ndjson`, `ocsf`, …
    pub format: String,
    /// The last position exported.
    pub last_position: u64,
}

/// A report was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRun {
    /// Who ran it.
    pub by: String,
    /// Which report.
    pub name: String,
}

/// A session was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionReviewed {
    /// Who reviewed it.
    pub by: String,
    /// What they found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}
