//! What a moment is.

use std::fmt;
use std::str::FromStr;

use retrace_core::{Position, SessionId, Timestamp};

use super::growth::Growth;

/// What kind of thing happened at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MomentKind {
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

impl MomentKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Keys,
        Self::Command,
        Self::Screen,
        Self::Marker,
        Self::Change,
        Self::Process,
        Self::Window,
        Self::Clipboard,
        Self::File,
        Self::Message,
    ];

    /// The number by which the index knows it. Never reused for another kind.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Keys => 1,
            Self::Command => 2,
            Self::Screen => 3,
            Self::Marker => 4,
            Self::Change => 5,
            Self::Process => 6,
            Self::Window => 7,
            Self::Clipboard => 8,
            Self::File => 9,
            Self::Message => 10,
        }
    }

    pub(crate) fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Which moment: the position of the event that brought it to light, and its place among the
/// moments of that event. A rebuild gives each moment the same id again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MomentId {
    /// The event's position in the log.
    pub position: Position,
    /// Its place among the moments of the event, from 0.
    pub ordinal: u32,
}

/// One event's 64 KiB cannot hold more lines than this many bits can count.
const ORDINAL_BITS: u32 = 20;

impl MomentId {
    /// The id as one number that sorts as ids do.
    #[must_use]
    pub fn sequence(self) -> u64 {
        let ordinal = u64::from(self.ordinal).min((1 << ORDINAL_BITS) - 1);
        self.position.0 << ORDINAL_BITS | ordinal
    }

    /// The id that [`Self::sequence`] made the number of.
    #[must_use]
    pub fn from_sequence(sequence: u64) -> Self {
        let ordinal = sequence & ((1 << ORDINAL_BITS) - 1);
        Self {
            position: Position(sequence >> ORDINAL_BITS),
            ordinal: u32::try_from(ordinal).unwrap_or(u32::MAX),
        }
    }
}

impl fmt::Display for MomentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.position, self.ordinal)
    }
}

/// Text that is not the id of a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not the id of a moment: expected `position.ordinal`")]
pub struct InvalidMomentId {
    found: String,
}

impl FromStr for MomentId {
    type Err = InvalidMomentId;

    fn from_str(text: &str) -> Result<Self, InvalidMomentId> {
        let parsed = text.split_once('.').and_then(|(position, ordinal)| {
            let position = Position(position.parse().ok()?);
            let ordinal = ordinal.parse().ok()?;
            Some(Self { position, ordinal })
        });
        parsed.ok_or_else(|| InvalidMomentId {
            found: text.to_owned(),
        })
    }
}

/// Something that was typed, run, seen or marked, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Which moment.
    pub id: MomentId,
    /// The session it happened in.
    pub session: SessionId,
    /// What kind of thing it was.
    pub kind: MomentKind,
    /// Where it began, in microseconds from the start of the session.
    pub start_us: u64,
    /// From where on the whole of it was there, in microseconds from the start of the session; of a
    /// command of several lines its first line.
    pub offset_us: u64,
    /// The same as a point in time, by the clock of the source that began the session.
    pub at: Timestamp,
    /// What was typed, run, seen; the label of a marker.
    pub text: String,
    /// The text with what is redacted in it, where something is; [`Self::text`] is then masked.
    pub revealed: Option<String>,
    /// What else is known of it.
    pub detail: Detail,
    /// Beginnings of the text that were there earlier or later than `offset_us`: bytes, and
    /// milliseconds before it.
    pub(super) grown: Vec<(u32, i32)>,
}

/// What is known of a moment beside its text. Which parts there are depends on its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Detail {
    /// The program it happened in, or that it is about: `vim`, `TaskMgr.exe`.
    pub app: Option<String>,
    /// The directory that a command ran in.
    pub cwd: Option<String>,
    /// With which status a command or process ended, where that was seen.
    pub exit_status: Option<i32>,
    /// How long a command or process ran, in microseconds, where its end was seen.
    pub duration_us: Option<u64>,
}

impl Moment {
    /// A moment that was there all at once, with nothing hidden in it.
    #[must_use]
    pub fn new(
        id: MomentId,
        session: SessionId,
        kind: MomentKind,
        at: Timestamp,
        offset_us: u64,
        text: String,
        detail: Detail,
    ) -> Self {
        Self {
            id,
            session,
            kind,
            start_us: offset_us,
            offset_us,
            at,
            text,
            revealed: None,
            detail,
            grown: Vec::new(),
        }
    }

    /// From where on the first `bytes` bytes of the text were there, in microseconds from the start
    /// of the session: earlier than [`Self::offset_us`] in a line that was typed slowly, and later in
    /// the further lines of a command.
    #[must_use]
    pub fn offset_us_of_first(&self, bytes: usize) -> u64 {
        let step = self
            .grown
            .iter()
            .find(|(length, _)| *length as usize >= bytes);
        let before_us = step.map_or(0, |(_, ms)| i64::from(*ms) * 1000);
        self.offset_us
            .saturating_add_signed(before_us.saturating_neg())
    }
}

/// A moment as a stream's replay finds it: not yet placed in its session and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) kind: MomentKind,
    /// Microseconds after 1970, by the clock of the source.
    pub(super) start_us: i64,
    /// Microseconds after 1970, by the clock of the source.
    pub(super) complete_us: i64,
    pub(super) text: String,
    /// The text with what is redacted in it, where something is.
    pub(super) revealed: Option<String>,
    pub(super) detail: Detail,
    /// Of [`Self::text`].
    pub(super) growth: Growth,
    /// Whether it is the last word on the moment.
    pub(super) stage: Stage,
}

/// Whether more is to come of a moment. The numbers are the stream's own: each is begun once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is as it will stay.
    #[default]
    Whole,
    /// It is there, and later drafts with the same number take its place.
    Begun(u64),
    /// Takes the place of the draft before; more may follow.
    GoesOn(u64),
    /// Takes the place of the draft before for good.
    Ended(u64),
    /// What was begun turned out to be no moment.
    Withdrawn(u64),
}

impl Stage {
    /// Whether the draft is the first of its moment.
    pub(super) fn is_new(self) -> bool {
        matches!(self, Self::Whole | Self::Begun(_))
    }
}

impl Draft {
    /// A moment that is there all at once, with nothing known of it but a text.
    pub(super) fn at(us: i64, kind: MomentKind, text: String) -> Self {
        Self {
            kind,
            start_us: us,
            complete_us: us,
            text,
            revealed: None,
            detail: Detail::default(),
            growth: Growth::default(),
            stage: Stage::Whole,
        }
    }
}

/// The longest text of one moment. A longer line becomes several moments.
pub(super) const MAX_TEXT_CHARS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_as_text_and_as_number() {
        for (position, ordinal) in [(0, 0), (7, 3), (1 << 43, (1 << 20) - 1)] {
            let id = MomentId {
                position: Position(position),
                ordinal,
            };
            assert_eq!(MomentId::from_sequence(id.sequence()), id);
            assert_eq!(id.to_string().parse::<MomentId>(), Ok(id));
        }
        for text in ["", "7", "7.", ".3", "7.3.1", "-1.0", "a.b"] {
            assert!(text.parse::<MomentId>().is_err(), "{text}");
        }
    }
}
