//! The message that says what a connection is for.

use retrace_core::event::{
    EndReason, EventBatch, EventError, MarkerSet, RecordingCommented, SessionEnded,
};
use retrace_core::{SessionId, Timestamp};

use super::elapsed::{Elapsed, wall_time};
use super::facts::Facts;
use super::messages::ClientEvent;
use super::notes;
use super::resume::LogId;
use super::{ProtocolError, resume};

/// What a connection is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// A command is run: its session begins.
    Accepted(Accepted),
    /// Something happened that needs a session of its own, which is over at once.
    Told(Box<Told>),
    /// A recording that broke off goes on.
    Restarted(Restarted),
}

/// A command that was allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// When it was asked for, by the client's clock: the start of the session.
    pub at: Timestamp,
    /// Who, where and what.
    pub facts: Facts,
    /// Whether what it reads and writes will follow. Only then the client waits for commit points.
    pub expects_commits: bool,
}

/// A command that was refused, or an alert outside of any session.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// When it happened, by the client's clock.
    pub at: Timestamp,
    /// Who, where and what.
    pub facts: Facts,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Refused(Vec<u8>),
    Alert(MarkerSet),
}

/// A recording that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// Which.
    pub session: SessionId,
    /// What shows that the client may.
    pub key: resume::ResumeKey,
    /// The commit point that it goes on from.
    pub point: Elapsed,
}

impl Opening {
    /// What the first message after the hello is for. `None` for the hello itself.
    ///
    /// # Errors
    /// When the message can only come later, or a member that is required is missing.
    pub fn of(message: ClientEvent) -> Result<Option<Self>, ProtocolError> {
        match message {
            ClientEvent::Hello(_) => Ok(None),
            ClientEvent::Accept(accept) => {
                const MESSAGE: &str = "AcceptMessage";
                let at = wall_time(MESSAGE, accept.submit_time)?;
                let facts = Facts::of(&accept.info_msgs);
                let missing = |found: &str| ProtocolError::BadMember {
                    message: MESSAGE,
                    found: found.to_owned(),
                    expected: "command and submituser",
                };
                if facts.command.is_empty() {
                    return Err(missing("no command"));
                }
                if facts.submit_user.is_none() {
                    return Err(missing("no submituser"));
                }
                Ok(Some(Self::Accepted(Accepted {
                    at,
                    facts,
                    expects_commits: accept.expect_iobufs,
                })))
            }
            ClientEvent::Reject(reject) => {
                let at = wall_time("RejectMessage", reject.submit_time)?;
                Ok(Some(Self::Told(Box::new(Told {
                    at,
                    facts: Facts::of(&reject.info_msgs),
                    what: What::Refused(reject.reason),
                }))))
            }
            ClientEvent::Alert(alert) => {
                let at = wall_time("AlertMessage", alert.alert_time)?;
                Ok(Some(Self::Told(Box::new(Told {
                    at,
                    facts: Facts::of(&alert.info_msgs),
                    what: What::Alert(notes::alert(&alert.reason, &[])),
                }))))
            }
            ClientEvent::Restart(restart) => {
                let LogId { session, key } =
                    LogId::parse(&restart.log_id).ok_or_else(|| ProtocolError::BadMember {
                        message: "RestartMessage",
                        found: "a log_id that this server never gave".to_owned(),
                        expected: "one that it gave",
                    })?;
                let point = Elapsed::of("RestartMessage", restart.resume_point)?;
                Ok(Some(Self::Restarted(Restarted {
                    session,
                    key,
                    point,
                })))
            }
            other => Err(ProtocolError::Unexpected {
                found: other.name(),
                expected: "AcceptMessage, RejectMessage, AlertMessage or RestartMessage",
            }),
        }
    }
}

impl Told {
    /// The events of the source's stream: what happened, and that the session is over.
    ///
    /// # Errors
    /// When they cannot be written, which limits on texts rule out.
    pub fn events(&self) -> Result<EventBatch, EventError> {
        let at = self.at;
        let mut events = EventBatch::new();
        if !self.facts.others.is_empty() {
            let text = self.facts.others.clone();
            events.push(at, RecordingCommented { text })?;
        }
        let reason = match &self.what {
            What::Refused(reason) => {
                events.push(at, notes::denied(reason, &self.facts))?;
                EndReason::Refused
            }
            What::Alert(alert) => {
                events.push(at, alert.clone())?;
                EndReason::Unknown
            }
        };
        let exit_status = None;
        events.push(
            at,
            SessionEnded {
                exit_status,
                reason,
            },
        )?;
        Ok(events)
    }
}
