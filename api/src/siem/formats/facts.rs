//! What an event says of who, what and where, whatever its type.

use std::borrow::Cow;
use std::net::IpAddr;

use retrace_core::event::{Direction, EndReason, EventBody};

use super::SessionFacts;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
}

/// What was done something to: which kind of thing, and which one.
#[derive(Debug, Clone)]
pub(super) struct Object<'a> {
    pub(super) kind: &'static str,
    /// Nothing, when it is the session that the event is about.
    pub(super) name: Option<Cow<'a, str>>,
}

/// A process that started or stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Process<'a> {
    pub(super) pid: u32,
    pub(super) parent: Option<u32>,
    pub(super) path: Option<&'a str>,
    pub(super) arguments: &'a [String],
    pub(super) user: Option<&'a str>,
    pub(super) exit: Option<i32>,
}

/// A file that was moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<&'a str>,
    pub(super) direction: Direction,
}

/// What an event says.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts<'a> {
    /// Who did it.
    pub(super) actor: Option<&'a str>,
    /// To which user, if it was done to one.
    pub(super) target_user: Option<Cow<'a, str>>,
    /// From where.
    pub(super) address: Option<IpAddr>,
    /// The id of the token, or of the browser's session.
    pub(super) credential: Option<&'a str>,
    pub(super) object: Option<Object<'a>>,
    pub(super) outcome: Option<Outcome>,
    /// Why, in somebody's words.
    pub(super) reason: Option<Cow<'a, str>>,
    pub(super) process: Option<Process<'a>>,
    pub(super) file: Option<File<'a>>,
    /// The role that is given.
    pub(super) role: Option<&'static str>,
    /// For how many like it the event stands.
    pub(super) count: Option<u64>,
    /// What is particular about it, for people.
    pub(super) detail: Option<Cow<'a, str>>,
    /// Whether the session was not allowed to begin.
    pub(super) refused: bool,
    pub(super) session: Option<&'a SessionFacts>,
}

impl<'a> Facts<'a> {
    /// What a body says; nothing is known of one that cannot be read.
    pub(super) fn of(body: Option<&'a EventBody>, session: Option<&'a SessionFacts>) -> Self {
        let mut facts = Self {
            session,
            ..Self::default()
        };
        if let Some(body) = body {
            facts.take(body);
        }
        facts
    }

    fn from(&mut self, by: &'a str, address: Option<&'a str>, credential: Option<&'a str>) {
        self.actor = Some(by);
        self.address = address.and_then(|address| address.parse().ok());
        self.credential = credential;
    }

    fn of_thing(&mut self, kind: &'static str, name: impl Into<Cow<'a, str>>) {
        self.object = Some(Object {
            kind,
            name: Some(name.into()),
        });
    }

    fn of_session(&mut self, kind: &'static str) {
        self.object = Some(Object { kind, name: None });
    }

    fn because(&mut self, reason: Option<&'a str>) {
        self.reason = reason.map(Cow::Borrowed);
    }

    fn detail(&mut self, detail: impl Into<Cow<'a, str>>) {
        self.detail = Some(detail.into());
    }

    fn take(&mut self, body: &'a EventBody) {
        const RECORDING: &str = "session_recording";
        const VIDEO: &str = "session_video";
        let text = |text: &'a Option<String>| text.as_deref();
        match body {
            EventBody::SessionLaunched(it) => {
                self.actor = text(&it.user);
                self.outcome = Some(Outcome::Success);
                self.detail = text(&it.title).or(text(&it.command)).map(Cow::Borrowed);
            }
            EventBody::SourceAttached(it) => {
                if let Some(file) = &it.recording {
                    self.detail(format!("{} ({})", file.name, file.format));
                }
            }
            EventBody::SessionEnded(it) => {
                self.refused = it.reason == EndReason::Refused;
                self.outcome = Some(match it.reason {
                    EndReason::Refused | EndReason::ConnectionLost => Outcome::Failure,
                    _ => Outcome::Success,
                });
                self.reason = Some(Cow::Borrowed(end(it.reason)));
            }
            EventBody::TerminateRequested(it) => {
                self.actor = Some(&it.by);
                self.of_session("session");
                self.because(text(&it.reason));
            }
            EventBody::MessageSent(it) => {
                self.actor = Some(&it.by);
                self.of_session("session");
                self.because(text(&it.reason));
                self.detail(it.text.as_str());
            }
            EventBody::PolicySet(it) => {
                self.actor = Some(&it.by);
                self.of_session("session_policy");
                self.because(text(&it.reason));
            }
            EventBody::ControlAnswered(it) => {
                self.of_session("session");
                self.outcome = Some(outcome(it.done));
                self.because(text(&it.detail));
                self.detail(it.request.as_str());
            }
            EventBody::IdleWarned(it) => self.detail(format!("it ends in {} s", it.ends_in_s)),
            EventBody::ClockMeasured(it) => {
                self.detail(format!("{} is ahead by {} µs", it.source, it.skew_us));
            }
            EventBody::FramesCaptured(it) => {
                self.detail(format!("{} frames, {}", it.frame_count, it.media_type));
            }
            EventBody::KeysTyped(it) => self.detail(it.text.as_str()),
            EventBody::PointerClicked(it) => {
                self.detail(format!("button {} at {},{}", it.button, it.x, it.y));
            }
            EventBody::ClipboardCopied(it) => {
                let way = match it.direction {
                    Direction::In => "into the session",
                    Direction::Out => "out of the session",
                };
                self.detail(format!(
                    "{way}: {}",
                    it.text.as_deref().unwrap_or(&it.media_type)
                ));
            }
            EventBody::TerminalWritten(it) => self.detail(it.text.as_str()),
            EventBody::TerminalResized(it) => {
                self.detail(format!("{} x {}", it.columns, it.rows));
            }
            EventBody::MarkerSet(it) => self.detail(it.label.as_str()),
            EventBody::ProcessStarted(it) => {
                self.process = Some(Process {
                    pid: it.pid,
                    parent: it.parent_pid,
                    path: Some(&it.path),
                    arguments: &it.arguments,
                    user: text(&it.user),
                    exit: None,
                });
                self.detail(it.path.as_str());
            }
            EventBody::ProcessStopped(it) => {
                self.process = Some(Process {
                    pid: it.pid,
                    parent: None,
                    path: text(&it.path),
                    arguments: &[],
                    user: None,
                    exit: it.exit_status,
                });
                self.detail = text(&it.path).map(Cow::Borrowed);
            }
            EventBody::WindowFocused(it) => self.detail(it.title.as_str()),
            EventBody::FileTransferred(it) => {
                self.file = Some(File {
                    path: &it.path,
                    bytes: it.bytes,
                    sha256: text(&it.sha256),
                    direction: it.direction,
                });
                self.detail(it.path.as_str());
            }
            EventBody::GapDetected(it) => {
                self.outcome = Some(Outcome::Failure);
                self.reason = Some(Cow::Borrowed(&it.reason));
                self.detail(format!("{} from {} to {}", it.channel, it.from, it.to));
            }
            EventBody::RecordingDegraded(it) => {
                self.outcome = Some(Outcome::Failure);
                self.reason = Some(Cow::Borrowed(&it.reason));
            }
            EventBody::RecordingCommented(it) => self.detail(it.text.as_str()),
            EventBody::CodeKept(it) => self.detail(it.code.as_str()),
            EventBody::UploadQuarantined(it) => {
                self.outcome = Some(Outcome::Failure);
                self.reason = Some(Cow::Borrowed(&it.reason));
            }
            EventBody::UploadCommitted(it) => self.detail(format!("{} entries", it.entries)),
            EventBody::VideoRequested(it) => {
                self.actor = Some(&it.by);
                self.of_session(VIDEO);
                self.detail(it.media_type.as_str());
            }
            EventBody::VideoClaimed(it) => {
                self.of_session(VIDEO);
                self.detail(it.media_type.as_str());
            }
            EventBody::VideoEncoded(it) => {
                self.of_session(VIDEO);
                self.detail(it.media_type.as_str());
            }
            EventBody::VideoAnalyzed(_) => self.of_session(VIDEO),
            EventBody::VideoCompleted(it) => {
                self.of_session(VIDEO);
                self.outcome = Some(Outcome::Success);
                self.detail(it.media_type.as_str());
            }
            EventBody::VideoFailed(it) => {
                self.of_session(VIDEO);
                self.outcome = Some(Outcome::Failure);
                self.reason = Some(Cow::Borrowed(&it.reason));
            }
            EventBody::AuthSucceeded(it) => {
                let credential = text(&it.session).or(text(&it.token));
                self.from(&it.who, text(&it.address), credential);
                self.outcome = Some(Outcome::Success);
                self.target_user = Some(Cow::Borrowed(&it.who));
                self.detail = text(&it.method).map(Cow::Borrowed);
            }
            EventBody::AuthDenied(it) => {
                let who = text(&it.who).or(text(&it.token)).unwrap_or("unknown");
                self.from(who, text(&it.address), text(&it.token));
                self.outcome = Some(Outcome::Failure);
                self.target_user = Some(Cow::Borrowed(who));
                self.reason = Some(Cow::Borrowed(&it.reason));
                self.count = it.count;
            }
            EventBody::AuthEnded(it) => {
                self.from(&it.by, None, Some(&it.session));
                self.target_user = Some(Cow::Borrowed(&it.by));
                self.outcome = Some(Outcome::Success);
            }
            EventBody::RecordingViewed(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_session(RECORDING);
                self.because(text(&it.reason));
                self.count = it.looks;
                self.detail(it.what.join(", "));
            }
            EventBody::RedactionRevealed(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_session(RECORDING);
                self.reason = Some(Cow::Borrowed(&it.reason));
                self.count = it.looks;
                self.detail(it.what.join(", "));
            }
            EventBody::RecordingDownloaded(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_session(RECORDING);
                self.because(text(&it.reason));
                self.detail(it.object.as_str());
            }
            EventBody::SearchPerformed(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("search", it.text.as_str());
                self.because(text(&it.reason));
                self.detail(format!("{} ({} hits)", it.text, it.hits));
            }
            EventBody::EventsExported(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("log", it.format.as_str());
                self.count = it.looks;
                let (first, last) = (it.first_position, it.last_position);
                self.detail(format!("{} from {first} to {last}", it.format));
            }
            EventBody::RecordsViewed(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("records", it.what.join(", "));
                self.count = it.looks;
                self.detail(it.what.join(", "));
            }
            EventBody::AccessDenied(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("access", it.object.as_str());
                self.outcome = Some(Outcome::Failure);
                self.because(text(&it.right));
                self.count = it.looks;
                self.detail(it.object.as_str());
            }
            EventBody::ReportRun(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("report", it.name.as_str());
                self.detail(it.name.as_str());
            }
            EventBody::ReportScheduled(it) => {
                self.actor = Some(&it.by);
                self.of_thing("schedule", it.name.as_str());
                self.detail(format!("{} of each {}", it.report, it.every));
            }
            EventBody::ReportUnscheduled(it) => {
                self.actor = Some(&it.by);
                self.of_thing("schedule", it.name.as_str());
                self.detail(it.name.as_str());
            }
            EventBody::SqlRun(it) => {
                self.from(&it.by, text(&it.address), text(&it.token));
                self.of_thing("sql", it.text.as_str());
                self.because(text(&it.reason));
                self.detail(format!("{} ({} rows)", it.text, it.rows));
            }
            EventBody::SessionReviewed(it) => {
                self.actor = Some(&it.by);
                self.of_session(RECORDING);
                self.detail = text(&it.comment).map(Cow::Borrowed);
            }
            EventBody::ReviewReopened(it) => {
                self.actor = Some(&it.by);
                self.of_session(RECORDING);
                self.because(text(&it.reason));
            }
            EventBody::SessionCommented(it) => {
                self.actor = Some(&it.by);
                self.of_session(RECORDING);
                self.detail(it.text.as_str());
            }
            EventBody::SessionAssigned(it) => {
                self.actor = Some(&it.by);
                self.of_session(RECORDING);
                self.target_user = text(&it.to).map(Cow::Borrowed);
                self.detail = text(&it.to).map(Cow::Borrowed);
            }
            EventBody::ConfigChanged(it) => {
                self.actor = Some(&it.by);
                self.of_thing("setting", it.setting.as_str());
                self.detail(format!("{} is {}, was {}", it.setting, it.new, it.old));
            }
            EventBody::TokenCreated(it) => {
                self.actor = Some(&it.by);
                self.of_thing("access_token", it.id.as_str());
                self.target_user = Some(Cow::Borrowed(it.user.as_deref().unwrap_or(&it.name)));
                self.role = Some(it.role.unwrap_or_default().as_str());
                self.detail(it.name.as_str());
            }
            EventBody::TokenRevoked(it) => {
                self.actor = Some(&it.by);
                self.of_thing("access_token", it.id.as_str());
                self.detail(it.id.as_str());
            }
            EventBody::GrantGiven(it) => {
                self.actor = Some(&it.by);
                self.of_thing("grant", it.id.as_str());
                self.target_user = Some(Cow::Borrowed(&it.to));
                self.role = Some(it.role.as_str());
                self.because(text(&it.reason));
                self.detail(format!("{} to {}", it.role, it.to));
            }
            EventBody::GrantWithdrawn(it) => {
                self.actor = Some(&it.by);
                self.of_thing("grant", it.id.as_str());
                self.because(text(&it.reason));
                self.detail(it.id.as_str());
            }
            EventBody::HoldPlaced(it) => {
                self.actor = Some(&it.by);
                self.of_session("legal_hold");
                self.reason = Some(Cow::Borrowed(&it.reason));
                if !it.matter.is_empty() {
                    self.detail(it.matter.as_str());
                }
            }
            EventBody::HoldReleased(it) => {
                self.actor = Some(&it.by);
                self.of_session("legal_hold");
                self.reason = Some(Cow::Borrowed(&it.reason));
                if !it.matter.is_empty() {
                    self.detail(it.matter.as_str());
                }
            }
            EventBody::RetentionArchived(it) => {
                self.of_session(RECORDING);
                self.detail(it.location.as_str());
            }
            EventBody::RetentionPurged(it) => {
                self.actor = Some(&it.by);
                self.of_session(RECORDING);
                self.reason = Some(Cow::Borrowed(&it.reason));
            }
            EventBody::RedactionAdded(it) => {
                self.actor = Some(&it.by);
                self.of_session("redaction");
                self.reason = Some(Cow::Borrowed(&it.reason));
                self.detail = text(&it.rule).map(Cow::Borrowed);
            }
            EventBody::RedactionLifted(it) => {
                self.actor = Some(&it.by);
                self.of_session("redaction");
                self.reason = Some(Cow::Borrowed(&it.reason));
            }
            EventBody::DestinationSet(it) => {
                self.actor = Some(&it.by);
                self.of_thing("destination", it.name.as_str());
                self.detail(format!("{} ({} to {})", it.name, it.kind, it.target));
            }
            EventBody::DestinationRemoved(it) => {
                self.actor = Some(&it.by);
                self.of_thing("destination", it.name.as_str());
                self.detail(it.name.as_str());
            }
            EventBody::DestinationReplayed(it) => {
                self.actor = Some(&it.by);
                self.of_thing("destination", it.name.as_str());
                self.detail(format!("{} from {}", it.name, it.from));
            }
            EventBody::DestinationProgressed(it) => {
                self.of_thing("destination", it.name.as_str());
                self.detail(format!("{}: {} events", it.name, it.delivered));
            }
            // What is new says what its meaning and its data say.
            _ => {}
        }
    }

    /// Who did it, or whose session it is.
    pub(super) fn who(&self) -> Option<&'a str> {
        self.actor.or_else(|| self.session?.user.as_deref())
    }

    /// The machine that the session is on, or is connected to.
    pub(super) fn host(&self) -> Option<&'a str> {
        self.session?.host.as_deref()
    }
}

fn outcome(done: bool) -> Outcome {
    if done {
        Outcome::Success
    } else {
        Outcome::Failure
    }
}

fn end(reason: EndReason) -> &'static str {
    match reason {
        EndReason::User => "user",
        EndReason::Terminated => "terminated",
        EndReason::Inactivity => "inactivity",
        EndReason::MaxLength => "max_length",
        EndReason::ConnectionLost => "connection_lost",
        EndReason::ServerUnreachable => "server_unreachable",
        EndReason::Refused => "refused",
        EndReason::Unknown => "unknown",
    }
}
