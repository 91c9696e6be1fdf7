//! Rights, and the roles that bundle them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One thing that somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See that sessions took place: who, when, where, how long; and who looked at them.
    ViewSessions,
    /// See what happened in them: play, read, search, download.
    ViewRecordings,
    /// See what is redacted in them, on request.
    Reveal,
    /// Terminate them, send messages into them, change the policy in force.
    Control,
    /// Mark them as reviewed, comment on them, assign them.
    Review,
    /// Redact spans of them.
    Redact,
    /// Put them on legal hold, and lift it.
    Hold,
    /// Purge them: destroy what was recorded.
    Purge,
    /// Read the log as a whole: exports, streams for a SIEM.
    ReadLog,
    /// See settings, tokens, grants and what was done with them.
    ViewSettings,
    /// Change settings.
    ChangeSettings,
    /// Make and revoke tokens and grants.
    ManageAccess,
}

impl Right {
    /// Its name, as it stands in events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ViewSessions => "view_sessions",
            Self::ViewRecordings => "view_recordings",
            Self::Reveal => "reveal",
            Self::Control => "control",
            Self::Review => "review",
            Self::Redact => "redact",
            Self::Hold => "hold",
            Self::Purge => "purge",
            Self::ReadLog => "read_log",
            Self::ViewSettings => "view_settings",
            Self::ChangeSettings => "change_settings",
            Self::ManageAccess => "manage_access",
        }
    }
}

/// What a token or a grant is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything that people do.
    #[default]
    Admin,
    /// Looks at sessions and recordings, reviews them, puts them on legal hold, and sees how the server is set up.
    Auditor,
    /// Sees which sessions there are, and rules over those that go on. Sees no recordings.
    Operator,
    /// Sees which sessions took place, and no recordings.
    History,
    /// Sees their own sessions, and the recordings of them.
    Own,
    /// Shows what is redacted, to somebody who may see the rest.
    Revealer,
    /// Reads the log as a whole, for a SIEM.
    Siem,
    /// Launches sessions, and nothing else.
    Recorder,
    /// Uploads to one session, and nothing else.
    Upload,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 9] = [
        Self::Admin,
        Self::Auditor,
        Self::Operator,
        Self::History,
        Self::Own,
        Self::Revealer,
        Self::Siem,
        Self::Recorder,
        Self::Upload,
    ];

    /// Whether it is for people and programs that read, not for recorders.
    #[must_use]
    pub fn reads(self) -> bool {
        !self.rights().is_empty()
    }

    /// What it allows.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        use Right::{
            ChangeSettings, Control, Hold, ManageAccess, Purge, ReadLog, Redact, Reveal, Review,
            ViewRecordings, ViewSessions, ViewSettings,
        };
        match self {
            Self::Admin => &[
                ViewSessions,
                ViewRecordings,
                Reveal,
                Control,
                Review,
                Redact,
                Hold,
                Purge,
                ReadLog,
                ViewSettings,
                ChangeSettings,
                ManageAccess,
            ],
            Self::Auditor => &[ViewSessions, ViewRecordings, Review, Hold, ViewSettings],
            Self::Operator => &[ViewSessions, Control],
            Self::History => &[ViewSessions],
            Self::Own => &[ViewSessions, ViewRecordings],
            Self::Revealer => &[Reveal],
            Self::Siem => &[ViewSessions, ViewRecordings, ReadLog, ViewSettings],
            Self::Recorder | Self::Upload => &[],
        }
    }

    /// Its name, as it stands in events and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::History => "history",
            Self::Own => "own",
            Self::Revealer => "revealer",
            Self::Siem => "siem",
            Self::Recorder => "recorder",
            Self::Upload => "upload",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no role, expected admin, auditor, operator, history, own, revealer, siem or recorder"
)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let named = Self::ALL.into_iter().find(|role| role.as_str() == text);
        named.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_as_it_is_named() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>(), Ok(role));
            let written = serde_json::to_value(role).unwrap();
            assert_eq!(written, role.as_str());
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn who_sees_content_sees_that_it_is_there() {
        for role in Role::ALL {
            let has = |right| role.rights().contains(&right);
            assert!(
                !has(Right::ViewRecordings) || has(Right::ViewSessions),
                "{role}"
            );
        }
    }
}
