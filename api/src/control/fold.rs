//! What a control stream says, event by event.

use std::collections::{BTreeMap, HashMap};

use retrace_core::access::Role;
use retrace_core::event::{Event, EventBody, HoldPlaced, PolicySet, SessionLaunched};
use retrace_core::{SourceName, StreamVersion, Timestamp};
use retrace_ingest::protocol::Policy;

use super::token::UploadToken;
use super::{POLICY_SETTING, policy};

/// What the control stream of a session says, as of its version [`Control::next_version`].
#[derive(Debug, Default)]
pub struct Control {
    pub(super) next: StreamVersion,
    launch: Option<Launch>,
    policy: Option<Policy>,
    /// What was set for this session, all of it together.
    set: PolicySet,
    /// Requests before this version were answered in this stream.
    answered: StreamVersion,
    asked_to_end: bool,
    pub(super) tokens: HashMap<String, UploadToken>,
    clocks: HashMap<SourceName, Clock>,
    holds: BTreeMap<String, HoldPlaced>,
    purged: bool,
}

/// How a session was launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// When, by the recorder's clock.
    pub at: Timestamp,
    /// Who, where and how.
    pub facts: SessionLaunched,
}

/// By how much a source's clock was off, and when that was found out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) measured_at: Timestamp,
    pub(super) skew_us: i64,
}

impl Control {
    /// The version that the stream's next event will have. A session that was not launched here has such a stream only
    /// where somebody has put it on hold.
    pub fn next_version(&self) -> StreamVersion {
        self.next
    }

    /// How the session was launched, if it was.
    pub fn launch(&self) -> Option<&Launch> {
        self.launch.as_ref()
    }

    /// The policy that the recorder was told last.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()
    }

    /// The policy in force: what the settings say, with what was set for this session.
    pub fn in_force(&self, settings: &Policy) -> Policy {
        settings.with(&self.set)
    }

    /// The legal holds on the session, by what they are for.
    pub fn holds(&self) -> &BTreeMap<String, HoldPlaced> {
        &self.holds
    }

    /// Whether what was recorded of the session is destroyed.
    pub fn is_purged(&self) -> bool {
        self.purged
    }

    /// Whether a request was answered in this very stream: by the server, where it records itself.
    pub fn is_answered(&self, request: StreamVersion) -> bool {
        request < self.answered
    }

    /// Whether somebody asked for the session to be ended.
    pub fn is_asked_to_end(&self) -> bool {
        self.asked_to_end
    }

    /// Whether the skew of a source's clock is news: the first, or more than a second away from the
    /// last, and not the second within a minute, so that a recorder whose clock jumps about does not
    /// fill the stream.
    pub fn is_new_skew(&self, source: &SourceName, skew_us: i64, now: Timestamp) -> bool {
        const SECOND_US: u64 = 1_000_000;
        self.clocks.get(source).is_none_or(|last| {
            last.skew_us.abs_diff(skew_us) > SECOND_US
                && now.micros_since(last.measured_at).unsigned_abs() >= 60 * SECOND_US
        })
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.next = event.version().plus(1);
        match event.body() {
            Ok(EventBody::SessionLaunched(facts)) => {
                let at = event.at();
                self.launch.get_or_insert(Launch { at, facts });
            }
            Ok(EventBody::ConfigChanged(changed)) if changed.setting == POLICY_SETTING => {
                // A policy of a newer version is not one that was told by this one.
                self.policy = serde_json::from_value(changed.new).ok();
            }
            Ok(EventBody::PolicySet(set)) => policy::add(&mut self.set, &set),
            Ok(EventBody::TerminateRequested(_)) => self.asked_to_end = true,
            Ok(EventBody::ControlAnswered(answer)) => {
                let answered = StreamVersion(answer.version.0.saturating_add(1));
                self.answered = self.answered.max(answered);
            }
            Ok(EventBody::TokenCreated(created)) if created.role == Some(Role::Upload) => {
                let token = UploadToken {
                    sha256: created.sha256,
                    expires_at: created.expires_at,
                    revoked_at: None,
                };
                self.tokens.entry(created.id).or_insert(token);
            }
            Ok(EventBody::TokenRevoked(revoked)) => {
                if let Some(token) = self.tokens.get_mut(&revoked.id) {
                    token.revoked_at.get_or_insert(event.at());
                }
            }
            Ok(EventBody::ClockMeasured(measured)) => {
                let clock = Clock {
                    measured_at: event.at(),
                    skew_us: measured.skew_us,
                };
                self.clocks.insert(measured.source, clock);
            }
            Ok(EventBody::HoldPlaced(hold)) => {
                self.holds.insert(hold.matter.clone(), hold);
            }
            Ok(EventBody::HoldReleased(hold)) => {
                self.holds.remove(&hold.matter);
            }
            Ok(EventBody::RetentionPurged(_)) => self.purged = true,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(position = %event.position(), %error, "unreadable control event");
            }
        }
    }
}
