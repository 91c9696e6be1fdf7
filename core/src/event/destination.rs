//! Where events are sent: destinations outside, such as a SIEM.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::Scope;

/// Events are sent there from now on. One of the same name that was there before is replaced, and goes on where it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationSet {
    /// Who set it.
    pub by: String,
    /// The authorities whose certificates count, as PEM, in the place of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// `ndjson`, `ocsf`, …
    pub format: String,
    /// `syslog-tls`, `webhook`, …
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What else is said about how to send, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Whether what is redacted is sent as it was recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reveal: bool,
    /// The sessions whose events are sent; everything when it is not narrowed.
    #[serde(default, skip_serializing_if = "Scope::is_everything")]
    pub scope: Scope,
    /// Its secret, sealed under a key that follows from the key of the log, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Where: host and port, an address, a path.
    pub target: String,
    /// Which types are wanted; empty for all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub types: String,
}

/// Nothing is sent there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationRemoved {
    /// Who removed it.
    pub by: String,
    /// Its name.
    pub name: String,
}

/// Events are sent there again, from a position on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationReplayed {
    /// Who wants it.
    pub by: String,
    /// The first position that is sent.
    pub from: u64,
    /// Its name.
    pub name: String,
}

/// How far a node has come with sending. What was sent since the last time is told together; while it is young, no
/// other node sends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DestinationProgressed {
    /// How many events it has refused since it was set, and will not be sent again.
    pub dead: u64,
    /// How many events it has taken since it was set.
    pub delivered: u64,
    /// Its name.
    pub name: String,
    /// All that is to be sent below this position was taken.
    pub next: u64,
    /// Which node sends.
    pub node: String,
    /// How many times it was set or told to begin again, as far as the node has heard.
    pub revision: u64,
}
