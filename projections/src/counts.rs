//! What one event adds to the counts of its session. Shared by the catalogue and the activity map,
//! so that their sums agree.

use retrace_core::event::{Event, EventBody, EventType};

/// How much of each kind: of an event, of a second, of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes written to the terminal, as UTF-8.
    pub output_bytes: u64,
    /// Keys, as far as characters tell: one for each character, and one for an escape sequence
    /// (an arrow key reaches the program as three characters).
    pub keys: u64,
    /// Changes of the terminal's size.
    pub resizes: u64,
    /// Markers.
    pub markers: u64,
    /// Processes that were started.
    pub processes: u64,
    /// Frames of video.
    pub frames: u64,
}

impl Counts {
    /// What the event adds, where it is of a kind that counts.
    pub fn of(body: &EventBody) -> Option<Self> {
        let none = Self::default();
        match body {
            EventBody::TerminalWritten(written) => Some(Self {
                output_bytes: written.text.len() as u64,
                ..none
            }),
            EventBody::KeysTyped(typed) => Some(Self {
                keys: keys_in(&typed.text),
                ..none
            }),
            EventBody::TerminalResized(_) => Some(Self { resizes: 1, ..none }),
            EventBody::MarkerSet(_) => Some(Self { markers: 1, ..none }),
            EventBody::ProcessStarted(_) => Some(Self {
                processes: 1,
                ..none
            }),
            EventBody::FramesCaptured(captured) => Some(Self {
                frames: captured.frame_count.into(),
                ..none
            }),
            _ => None,
        }
    }

    /// Adds `other`; stops at the largest number.
    pub fn add(&mut self, other: &Self) {
        let Self {
            output_bytes,
            keys,
            resizes,
            markers,
            processes,
            frames,
        } = other;
        self.output_bytes = self.output_bytes.saturating_add(*output_bytes);
        self.keys = self.keys.saturating_add(*keys);
        self.resizes = self.resizes.saturating_add(*resizes);
        self.markers = self.markers.saturating_add(*markers);
        self.processes = self.processes.saturating_add(*processes);
        self.frames = self.frames.saturating_add(*frames);
    }
}

/// The event's body. One whose data is not of its type's shape is passed over, with a warning.
pub(crate) fn readable_body(event: &Event, model: &'static str) -> Option<EventBody> {
    event
        .body()
        .inspect_err(|error| {
            let position = event.position().0;
            tracing::warn!(model, position, kind = %event.kind(), %error, "event passed over");
        })
        .ok()
}

/// Whether the event happened in the session, and not to its recording afterwards: who viewed it,
/// which video was built of it, that it was purged. Types that are not known count as happening.
pub(crate) fn happens_in_session(kind: &EventType) -> bool {
    let afterwards = [
        // By the server's clock, and maybe days later: a recorder uploads when it can.
        EventType::CLOCK_MEASURED,
        EventType::SESSION_REVIEWED,
        EventType::REVIEW_REOPENED,
        EventType::SESSION_COMMENTED,
        EventType::SESSION_ASSIGNED,
        EventType::RECORDING_VIEWED,
        EventType::RECORDING_DOWNLOADED,
    ];
    let noun = kind.as_str().split('.').next().unwrap_or_default();
    let about_recordings = [
        "access",
        "auth",
        "config",
        "events",
        "grant",
        "hold",
        "records",
        "redaction",
        "report",
        "retention",
        "search",
        "sql",
        "token",
        "upload",
        "video",
    ];
    !afterwards.contains(kind) && !about_recordings.contains(&noun)
}

/// Counts the keys of what was typed; see [`Counts::keys`]. An escape sequence that is torn in two
/// by the recorder counts by its parts.
fn keys_in(text: &str) -> u64 {
    let mut keys = 0;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        keys += 1;
        if character != '\x1b' {
            continue;
        }
        // CSI: parameters up to a final character. SS3: one more. Else Alt was held with a key.
        match characters.next() {
            Some('[') => {
                while characters
                    .next()
                    .is_some_and(|next| !('@'..='~').contains(&next))
                {}
            }
            Some('O') => drop(characters.next()),
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_characters_and_whole_sequences() {
        let cases = [
            ("", 0),
            ("ls\r", 3),
            ("é部🚀", 3),
            ("\x1b[A", 1),         // up
            ("\x1b[1;5Cx", 2),     // Ctrl-Right, x
            ("\x1bOP\x1b[15~", 2), // F1, F5
            ("\x1bb", 1),          // Alt-b
            ("\x1b", 1),
            ("\x1b[", 1),
            ("\x1b[12", 1),
        ];
        for (text, want) in cases {
            assert_eq!(keys_in(text), want, "{text:?}");
        }
    }

    #[test]
    fn what_is_done_with_a_recording_does_not_happen_in_the_session() {
        let cases = [
            ("terminal.written", true),
            ("session.ended", true),
            ("session.reviewed", false),
            ("session.clock_measured", false),
            ("recording.gap_detected", true),
            ("recording.viewed", false),
            ("video.completed", false),
            ("brain.scanned", true),
        ];
        for (kind, want) in cases {
            assert_eq!(
                happens_in_session(&EventType::new(kind).unwrap()),
                want,
                "{kind}"
            );
        }
    }
}
