//! How far a stream has got.

use std::fs;
use std::io;
use std::path::Path;

use retrace_core::{StreamVersion, Timestamp};
use serde::{Deserialize, Serialize};

use super::SpoolError;
use super::files::{InFile, replace};

/// How far a stream has got. Versions are those that come next: all below them are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamState {
    /// All events below stand in the log, by a receipt that was verified.
    pub committed: StreamVersion,
    /// All events below were given to the server.
    pub sent: StreamVersion,
    /// From here on the server refuses the stream for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined: Option<Quarantine>,
}

/// Why a stream is kept here and not sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// When it was set aside.
    pub at: Timestamp,
    /// The first version that is meant.
    pub from: StreamVersion,
    /// What the server said.
    pub reason: String,
}

/// Where an event of the spool is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// On the disk, not sent.
    Queued,
    /// Sent; no receipt for it was verified.
    Sent,
    /// In the log, by a verified receipt.
    Committed,
    /// Refused for good, and kept.
    Quarantined,
}

impl StreamState {
    /// Where the event of a version is on its way.
    pub fn of(&self, version: StreamVersion) -> EventState {
        if version < self.committed {
            EventState::Committed
        } else if self.quarantined.as_ref().is_some_and(|q| version >= q.from) {
            EventState::Quarantined
        } else if version < self.sent {
            EventState::Sent
        } else {
            EventState::Queued
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self, SpoolError> {
        match fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| SpoolError::Damaged {
                path: path.to_path_buf(),
                reason: error.to_string(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).in_file(path),
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), SpoolError> {
        let text = serde_json::to_vec(self).map_err(|error| SpoolError::Damaged {
            path: path.to_path_buf(),
            reason: error.to_string(),
        })?;
        replace(path, &text)
    }
}
