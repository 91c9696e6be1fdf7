//! What reviewers said about sessions.

use serde::{Deserialize, Serialize};

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

/// A session that was reviewed is to be reviewed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewReopened {
    /// Who wants it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody said something about a session, or about a moment of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCommented {
    /// Who said it.
    pub by: String,
    /// About which moment: milliseconds from the start of the session. Absent, about all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_ms: Option<u64>,
    /// What they said.
    pub text: String,
}

/// A session was given to somebody to review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionAssigned {
    /// Who gave it.
    pub by: String,
    /// To whom. Absent, to nobody any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}
