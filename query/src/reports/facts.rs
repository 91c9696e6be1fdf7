//! What the log says of sessions, and of what people did: folded in one pass, as of a position.
//!
//! Kept in memory are a row for each session and one for each event that somebody caused; what was typed, shown and filmed is
//! only counted.

use std::collections::{BTreeMap, HashMap};

use retrace_core::access::SessionTraits;
use retrace_core::event::{Event, EventBody, EventType, RetentionPurged, SessionLaunched};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, Timestamp};

use super::PAGE_EVENTS;

/// More gaps and faults of one session than this are counted, and not told one by one.
const FAULTS_MAX: usize = 100;

/// What is known of a session.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// Which.
    pub id: SessionId,
    /// The position of its first event.
    pub began: Position,
    /// When it started.
    pub started: Timestamp,
    /// When it ended, and why.
    pub ended: Option<(Timestamp, String)>,
    /// The person or service that acted.
    pub user: Option<String>,
    /// Their groups.
    pub groups: Vec<String>,
    /// The secret whose account was used.
    pub secret: Option<String>,
    /// The folder of the secret.
    pub folder: Option<String>,
    /// The account or resource that was reached.
    pub target: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The protocol.
    pub protocol: Option<String>,
    /// The site.
    pub site: Option<String>,
    /// Whether anything was recorded of it.
    pub recorded: bool,
    /// What is missing of it, or wrong with it.
    pub faults: Vec<Fault>,
    /// The longest time in which nothing happened, and from when on.
    pub idle: Option<(u64, Timestamp)>,
    last_activity: Option<Timestamp>,
    /// Who reviewed it last, when, and what they said.
    pub reviewed: Option<(String, Timestamp, Option<String>)>,
    /// Who has it to review.
    pub assigned: Option<String>,
    /// Who holds it, and why, by what for.
    pub held: BTreeMap<String, (String, String)>,
    /// Where it was archived.
    pub archived: Option<String>,
    /// Who destroyed its content, and why.
    pub purged: Option<(String, String)>,
}

/// Something that is missing of a recording, or wrong with it.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What kind: `gap`, `degraded`, `upload failed`, `video failed`.
    pub kind: &'static str,
    /// For how long, in microseconds, where that is known.
    pub missing_us: Option<u64>,
    /// What is known of it.
    pub detail: String,
}

/// Something that somebody did.
#[derive(Debug, Clone)]
pub struct Act {
    /// Where its event stands.
    pub position: Position,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// With which session, if with one.
    pub session: Option<SessionId>,
    /// What.
    pub body: EventBody,
}

/// What the log says below a position.
#[derive(Default)]
pub struct Facts {
    position: Position,
    last_recorded: Option<Timestamp>,
    sessions: HashMap<SessionId, SessionFacts>,
    acts: Vec<Act>,
}

impl SessionFacts {
    fn new(id: SessionId, event: &Event) -> Self {
        Self {
            id,
            began: event.position(),
            started: event.at(),
            ended: None,
            user: None,
            groups: Vec::new(),
            secret: None,
            folder: None,
            target: None,
            host: None,
            protocol: None,
            site: None,
            recorded: false,
            faults: Vec::new(),
            idle: None,
            last_activity: None,
            reviewed: None,
            assigned: None,
            held: BTreeMap::new(),
            archived: None,
            purged: None,
        }
    }

    /// What scopes are about.
    pub fn traits(&self) -> SessionTraits<'_> {
        SessionTraits {
            started: self.started,
            user: self.user.as_deref(),
            groups: &self.groups,
            site: self.site.as_deref(),
            folder: self.folder.as_deref(),
            target: self.target.as_deref(),
        }
    }

    /// From its start to its end, or to what happened last.
    pub fn lasted_us(&self) -> u64 {
        let end = self
            .ended
            .as_ref()
            .map(|(at, _)| *at)
            .or(self.last_activity);
        end.map_or(0, |end| {
            u64::try_from(end.micros_since(self.started)).unwrap_or(0)
        })
    }

    /// The account or, where none is told, the machine that was reached.
    pub fn place(&self) -> Option<&str> {
        self.target.as_deref().or(self.host.as_deref())
    }

    fn active(&mut self, at: Timestamp) {
        self.recorded = true;
        let since = self.last_activity.unwrap_or(self.started);
        let paused = u64::try_from(at.micros_since(since)).unwrap_or(0);
        if self.idle.is_none_or(|(longest, _)| paused > longest) {
            self.idle = Some((paused, since));
        }
        self.last_activity = Some(at.max(since));
    }

    fn fault(&mut self, kind: &'static str, missing_us: Option<u64>, detail: String) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault {
                kind,
                missing_us,
                detail,
            });
        }
    }

    fn take(&mut self, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::SessionLaunched(told) => self.launched(told),
            EventBody::SessionEnded(told) => {
                let reason = serde_json::to_value(told.reason).unwrap_or_default();
                self.ended = Some((at, reason.as_str().unwrap_or_default().to_owned()));
            }
            EventBody::GapDetected(gap) => {
                let missing = u64::try_from(gap.to.micros_since(gap.from)).ok();
                self.fault("gap", missing, format!("{}: {}", gap.channel, gap.reason));
            }
            EventBody::RecordingDegraded(told) => self.fault("degraded", None, told.reason.clone()),
            EventBody::UploadQuarantined(told) => {
                self.fault("upload failed", None, told.reason.clone());
            }
            EventBody::VideoFailed(told) => {
                self.fault(
                    "video failed",
                    None,
                    format!("{}: {}", told.media_type, told.reason),
                );
            }
            EventBody::SessionReviewed(told) => {
                self.reviewed = Some((told.by.clone(), at, told.comment.clone()));
            }
            EventBody::ReviewReopened(_) => self.reviewed = None,
            EventBody::SessionAssigned(told) => self.assigned.clone_from(&told.to),
            EventBody::HoldPlaced(told) => {
                let hold = (told.by.clone(), told.reason.clone());
                self.held.insert(told.matter.clone(), hold);
            }
            EventBody::HoldReleased(told) => {
                self.held.remove(&told.matter);
            }
            EventBody::RetentionArchived(told) => self.archived = Some(told.location.clone()),
            EventBody::RetentionPurged(told) => {
                self.purged = Some((told.by.clone(), told.reason.clone()));
                self.forget_recording(told);
            }
            _ => {}
        }
    }

    fn launched(&mut self, told: &SessionLaunched) {
        self.user.clone_from(&told.user);
        self.groups.clone_from(&told.groups);
        self.secret.clone_from(&told.secret);
        self.folder.clone_from(&told.folder);
        self.target.clone_from(&told.target);
        self.host.clone_from(&told.host);
        self.protocol.clone_from(&told.protocol);
        self.site.clone_from(&told.site);
    }

    /// What was recorded is gone from the log: whoever reads it anew knows only what the purge says.
    fn forget_recording(&mut self, told: &RetentionPurged) {
        self.launched(&told.session.clone().unwrap_or_default());
        self.started = told.started_at.unwrap_or(self.started);
        self.ended = told.ended_at.map(|at| (at, String::new()));
        self.recorded = false;
        self.faults.clear();
        (self.idle, self.last_activity) = (None, None);
    }
}

impl Facts {
    /// Reads on, or anew, until all events below a position were taken in.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn read_up_to(
        &mut self,
        log: &dyn EventLog,
        position: Position,
    ) -> Result<(), StoreError> {
        if position < self.position {
            *self = Self::default();
        }
        while self.position < position {
            let left = usize::try_from(position.0 - self.position.0).unwrap_or(usize::MAX);
            let events = log.read(self.position, left.min(PAGE_EVENTS)).await?;
            let Some(last) = events.last() else { break };
            let end = last.position().plus(1);
            events.iter().for_each(|event| self.take(event));
            self.position = end;
        }
        Ok(())
    }

    /// When the last event below the position was taken in.
    pub fn last_recorded(&self) -> Option<Timestamp> {
        self.last_recorded
    }

    /// The sessions, in the order in which they began in the log.
    pub fn sessions(&self) -> Vec<&SessionFacts> {
        let mut sessions: Vec<&SessionFacts> = self.sessions.values().collect();
        sessions.sort_by_key(|session| session.began);
        sessions
    }

    /// One of them.
    pub fn session(&self, id: SessionId) -> Option<&SessionFacts> {
        self.sessions.get(&id)
    }

    /// What people did, in the order of the log.
    pub fn acts(&self) -> &[Act] {
        &self.acts
    }

    fn take(&mut self, event: &Event) {
        self.last_recorded = self.last_recorded.max(Some(event.recorded_at()));
        let kind = event.kind();
        let session = event.session();
        if let Some(id) = session {
            let facts = self
                .sessions
                .entry(id)
                .or_insert_with(|| SessionFacts::new(id, event));
            if is_activity(kind) {
                facts.active(event.at());
                return;
            }
        } else if is_activity(kind) {
            return;
        }
        if !concerns(kind) {
            return;
        }
        // What cannot be read says nothing; read models log it.
        let Ok(body) = event.body() else { return };
        if let Some(facts) = session.and_then(|id| self.sessions.get_mut(&id)) {
            facts.take(event.at(), &body);
        }
        if is_act(kind) {
            self.acts.push(Act {
                position: event.position(),
                at: event.recorded_at(),
                session,
                body,
            });
        }
    }
}

fn is_activity(kind: &EventType) -> bool {
    const ACTIVITY: &[EventType] = &[
        EventType::TERMINAL_WRITTEN,
        EventType::KEYS_TYPED,
        EventType::FRAMES_CAPTURED,
        EventType::POINTER_CLICKED,
        EventType::CLIPBOARD_COPIED,
    ];
    ACTIVITY.contains(kind)
}

fn concerns(kind: &EventType) -> bool {
    const OF_SESSIONS: &[EventType] = &[
        EventType::SESSION_LAUNCHED,
        EventType::SESSION_ENDED,
        EventType::GAP_DETECTED,
        EventType::RECORDING_DEGRADED,
        EventType::UPLOAD_QUARANTINED,
        EventType::VIDEO_FAILED,
        EventType::SESSION_REVIEWED,
        EventType::REVIEW_REOPENED,
        EventType::SESSION_ASSIGNED,
    ];
    OF_SESSIONS.contains(kind) || is_act(kind)
}

fn is_act(kind: &EventType) -> bool {
    const ACTS: &[EventType] = &[
        EventType::RECORDING_VIEWED,
        EventType::RECORDING_DOWNLOADED,
        EventType::REDACTION_REVEALED,
        EventType::AUTH_DENIED,
        EventType::ACCESS_DENIED,
        EventType::CONFIG_CHANGED,
        EventType::TOKEN_CREATED,
        EventType::TOKEN_REVOKED,
        EventType::GRANT_GIVEN,
        EventType::GRANT_WITHDRAWN,
        EventType::HOLD_PLACED,
        EventType::HOLD_RELEASED,
        EventType::RETENTION_ARCHIVED,
        EventType::RETENTION_PURGED,
    ];
    ACTS.contains(kind)
}
