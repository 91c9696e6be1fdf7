//! Moments: what can be found and jumped to.

use async_graphql::{ComplexObject, Enum, ID, SimpleObject};
use retrace_projections::moments;
use retrace_query as query;

use super::scalar::{DateTime, Long};

/// What kind of thing happened at a moment.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "moments::MomentKind")]
pub(super) enum MomentKind {
    /// A run of keys, as typed.
    Keys,
    /// A command line, as the screen showed it when it was sent off.
    Command,
    /// A line of the screen, once it stood still.
    Screen,
    /// A marker that was set.
    Marker,
    /// A large part of a recorded screen changed at once. Has no text.
    Change,
    /// A process that was started: its path and arguments.
    Process,
    /// A window that came to the front: its title.
    Window,
    /// A text that was copied into or out of the session.
    Clipboard,
    /// A file that was transferred: its name.
    File,
    /// A message that was sent to the person in the session.
    Message,
}

/// Something that was typed, run, seen or marked.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct Moment {
    #[graphql(skip)]
    id: ID,
    /// What kind of thing it is.
    kind: MomentKind,
    /// The whole of it was there from here on, in milliseconds from the start of the session.
    offset_ms: Long,
    /// Where it began.
    start_ms: Long,
    /// `offsetMs` as a point in time.
    at: DateTime,
    /// What was typed, run, seen. What is redacted in it is masked, unless it is revealed.
    text: String,
    /// Whether something in it is redacted.
    redacted: bool,
    /// The program it happened in, or that it is about.
    app: Option<String>,
    /// The directory that a command ran in.
    cwd: Option<String>,
    /// With which status a command or process ended, where that was seen.
    exit_status: Option<i32>,
    /// How long a command or process ran, where its end was seen.
    duration_ms: Option<Long>,
}

#[ComplexObject]
impl Moment {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        self.id.clone()
    }
}

impl From<moments::Moment> for Moment {
    fn from(moment: moments::Moment) -> Self {
        Self {
            id: moment.id.to_string().into(),
            kind: moment.kind.into(),
            // Rounded up, so that at this millisecond the whole of it is there.
            offset_ms: moment.offset_us.div_ceil(1000).into(),
            start_ms: (moment.start_us / 1000).into(),
            at: DateTime(moment.at),
            redacted: moment.revealed.is_some(),
            text: moment.text,
            app: moment.detail.app,
            cwd: moment.detail.cwd,
            exit_status: moment.detail.exit_status,
            duration_ms: moment.detail.duration_us.map(|us| (us / 1000).into()),
        }
    }
}

/// A moment to jump to.
#[derive(SimpleObject)]
pub(super) struct SeekPoint {
    /// In milliseconds from the start of the session.
    offset_ms: Long,
    /// `offsetMs` as a point in time.
    at: DateTime,
    /// What kind of moment is there.
    kind: MomentKind,
    /// What is there, in a few words.
    label: String,
}

impl From<query::SeekPoint> for SeekPoint {
    fn from(point: query::SeekPoint) -> Self {
        Self {
            offset_ms: point.offset_ms.into(),
            at: DateTime(point.at),
            kind: point.kind.into(),
            label: point.label,
        }
    }
}
