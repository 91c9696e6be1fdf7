//! Launching a session.

use retrace_core::event::{PolicySet, SessionLaunched};
use retrace_core::{LogId, SessionId, Timestamp, settings};
use serde::{Deserialize, Serialize};

/// `POST /v1/sessions`: what is known of the session that is about to start. All of it is
/// optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LaunchRequest {
    /// The id that the recorder made (UUID, version 7), so that it can record before it reaches the
    /// server and launch again when an answer was lost. Without it, the server makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The recorder's clock at the launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The command line that is run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The folder that holds the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The groups of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The machine the session is on, or is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What opens the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<String>,
    /// `terminal`, `ssh`, `rdp`, `vnc`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Whether the session must not start unless its recording can be promised. The policy can
    /// require it too; the request cannot take that back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recording_required: bool,
    /// The secret whose account is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The site that records the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The account or resource that is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The person or service that acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl LaunchRequest {
    /// The event that stands for the launch, under the policy of that name.
    pub fn to_event(&self, policy: &str) -> SessionLaunched {
        let Self {
            session: _,
            at: _,
            command,
            folder,
            groups,
            host,
            launcher,
            protocol,
            recording_required: _,
            secret,
            site,
            target,
            title,
            user,
        } = self.clone();
        SessionLaunched {
            command,
            folder,
            groups,
            host,
            launcher,
            policy: Some(policy.to_owned()),
            protocol,
            secret,
            site,
            target,
            title,
            user,
        }
    }
}

/// The answer to a launch: the promise that the session will be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LaunchAnswer {
    /// The session.
    pub session: SessionId,
    /// The token to upload with. It is told this once.
    pub upload_token: String,
    /// When the token stops to work. Launch again for another.
    pub upload_token_expires_at: Timestamp,
    /// The policy in force.
    pub policy: Policy,
    /// The log that the session's events will stand in.
    pub log: LogFacts,
    /// How much one request may hold.
    pub limits: UploadLimits,
}

/// What a policy asks of a recorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Whether what is typed is recorded, beside what is shown.
    pub record_keys: bool,
    /// Whether a session must not start unless its recording can be promised.
    pub recording_required: bool,
    /// End the session when the server was out of reach for so many seconds.
    pub end_when_unreachable_after_s: Option<u32>,
    /// End the session after so many seconds.
    pub max_length_s: Option<u32>,
    /// End the session when nothing was typed for so many seconds.
    pub inactivity_s: Option<u32>,
    /// Warn so many seconds before it is ended for inactivity.
    pub idle_warning_s: Option<u32>,
}

impl Policy {
    /// The policy that the settings say.
    pub fn of(settings: &settings::Policy) -> Self {
        // In settings, 0 is never.
        let seconds = |seconds: u64| {
            let capped = u32::try_from(seconds).unwrap_or(u32::MAX);
            (capped > 0).then_some(capped)
        };
        Self {
            name: "default".to_owned(),
            record_keys: settings.record_keys,
            recording_required: settings.recording_required,
            end_when_unreachable_after_s: seconds(settings.end_when_unreachable_s),
            max_length_s: seconds(settings.max_length_s),
            inactivity_s: seconds(settings.inactivity_s),
            idle_warning_s: seconds(settings.idle_warning_s),
        }
    }
}

impl Policy {
    /// A policy that ends nothing: what holds where none was told.
    #[must_use]
    pub fn without_limits() -> Self {
        Self {
            name: "default".to_owned(),
            record_keys: true,
            recording_required: false,
            end_when_unreachable_after_s: None,
            max_length_s: None,
            inactivity_s: None,
            idle_warning_s: None,
        }
    }

    /// The policy with what was set for one session in the place of what the settings say.
    #[must_use]
    pub fn with(&self, set: &PolicySet) -> Self {
        // 0 is never, as in settings.
        let seconds = |set: Option<u32>, before: Option<u32>| match set {
            Some(seconds) => (seconds > 0).then_some(seconds),
            None => before,
        };
        Self {
            name: self.name.clone(),
            record_keys: set.record_keys.unwrap_or(self.record_keys),
            recording_required: self.recording_required,
            end_when_unreachable_after_s: seconds(
                set.end_when_unreachable_s,
                self.end_when_unreachable_after_s,
            ),
            max_length_s: seconds(set.max_length_s, self.max_length_s),
            inactivity_s: seconds(set.inactivity_s, self.inactivity_s),
            idle_warning_s: seconds(set.idle_warning_s, self.idle_warning_s),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::of(&settings::Policy::default())
    }
}

/// The log that holds the session, and the key with which its receipts are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogFacts {
    /// Which log.
    pub id: LogId,
    /// The C2SP verifier key of its checkpoints. A recorder that keeps the first one it was told
    /// notices when the server has changed its mind.
    pub verifier_key: String,
}

/// How much one request may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadLimits {
    /// Bytes of a batch, unpacked.
    pub batch_bytes: u64,
    /// Events of a batch.
    pub batch_events: u64,
    /// Bytes of a blob.
    pub blob_bytes: u64,
}
