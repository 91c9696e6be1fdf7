//! What the person's terminal shows, as far as whoever wants to tell them something must know.
//!
//! What is told goes to the same terminal as what the command shows. [`PersonScreen`] promises that
//! it falls into the middle of no escape sequence and no character of the command, and says whether
//! the command has taken the whole screen (an editor, a pager), where a line that scrolls would
//! leave a mess.

use std::io;
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::tty::Size;
use super::write_all;

/// A terminal that is stopped (Ctrl-S), or a sequence that never ends, holds up what is told for no
/// longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The person's terminal, between the command that writes to it and whoever tells them something.
#[derive(Debug, Default)]
pub struct PersonScreen {
    tracker: Mutex<Tracker>,
    /// Since when something that was told covers a part of a full screen.
    covered: Mutex<Option<Instant>>,
}

/// Where something can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The command has the whole screen: a line that scrolls it would leave a mess.
    pub is_full_screen: bool,
    /// How many columns there are.
    pub columns: u16,
}

impl PersonScreen {
    /// Writes what the command shows.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut tracker = self.tracker.lock().unwrap_or_else(PoisonError::into_inner);
        tracker.feed(bytes);
        write_all(rustix::stdio::stdout(), bytes)
    }

    /// Lets `tell` write to the terminal between two pieces of what the command shows. Blocks, for a
    /// second at most before `tell` is called.
    pub fn tell(&self, tell: impl FnOnce(Place)) {
        let until = Instant::now() + PATIENCE;
        let place = |is_full_screen| Place {
            is_full_screen,
            columns: Size::of_person().columns,
        };
        loop {
            let tracker = match self.tracker.try_lock() {
                Ok(tracker) => Some(tracker),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            let is_late = Instant::now() >= until;
            if let Some(tracker) = &tracker
                && (is_late || tracker.state == State::Ground)
            {
                if tracker.is_alternate {
                    let mut covered = self.covered.lock().unwrap_or_else(PoisonError::into_inner);
                    *covered = Some(Instant::now());
                }
                return tell(place(tracker.is_alternate));
            }
            if is_late {
                return tell(place(false));
            }
            drop(tracker);
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// Whether the person has typed since something covered their full screen: the command may draw
    /// it anew. Answers so once.
    pub(in crate::recorder) fn take_covered(&self, idle: Duration) -> bool {
        let mut covered = self.covered.lock().unwrap_or_else(PoisonError::into_inner);
        covered.take_if(|since| idle < since.elapsed()).is_some()
    }
}

/// Follows what a terminal is sent, by the state machine of ECMA-48 (as in
/// <https://vt100.net/emu/dec_ansi_parser>), as far as needed to know where a sequence ends and
/// which screen is shown.
#[derive(Debug, Default)]
struct Tracker {
    state: State,
    parameters: Vec<u8>,
    is_alternate: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// So many bytes of a character of UTF-8 are to come.
    Character(u8),
    Escape,
    EscapeIntermediate,
    ControlSequence,
    /// An operating system command, a device control string, …
    Text,
    TextEscape,
}

/// Longer parameters are of no sequence that matters here.
const PARAMETERS_MAX: usize = 32;

impl Tracker {
    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.state = self.after(byte);
        }
    }

    fn after(&mut self, byte: u8) -> State {
        match (self.state, byte) {
            (State::Character(left), 0x80..=0xbf) if left > 1 => State::Character(left - 1),
            (State::Character(_), 0x80..=0xbf) => State::Ground,
            // What begins a sequence or cancels one does so anywhere.
            (State::Text, 0x1b) => State::TextEscape,
            (_, 0x1b) => State::Escape,
            (_, 0x18 | 0x1a) | (State::Text, 0x07) | (State::TextEscape, b'\\') => State::Ground,
            (State::Text, _) => State::Text,
            (State::Ground | State::Character(_), _) => match byte {
                0xc2..=0xdf => State::Character(1),
                0xe0..=0xef => State::Character(2),
                0xf0..=0xf4 => State::Character(3),
                _ => State::Ground,
            },
            (State::Escape | State::TextEscape, b'[') => {
                self.parameters.clear();
                State::ControlSequence
            }
            (State::Escape | State::TextEscape, b']' | b'P' | b'X' | b'^' | b'_') => State::Text,
            (State::Escape | State::TextEscape | State::EscapeIntermediate, 0x20..=0x2f) => {
                State::EscapeIntermediate
            }
            (State::Escape, b'c') => {
                self.is_alternate = false;
                State::Ground
            }
            (State::Escape | State::TextEscape | State::EscapeIntermediate, _) => State::Ground,
            (State::ControlSequence, 0x40..=0x7e) => {
                self.end_control_sequence(byte);
                State::Ground
            }
            (State::ControlSequence, _) => {
                if self.parameters.len() < PARAMETERS_MAX {
                    self.parameters.push(byte);
                }
                State::ControlSequence
            }
        }
    }

    /// The modes 47, 1047 and 1049 of xterm show the alternate screen.
    fn end_control_sequence(&mut self, last: u8) {
        if let Some(modes) = self.parameters.strip_prefix(b"?")
            && matches!(last, b'h' | b'l')
            && modes
                .split(|byte| *byte == b';')
                .any(|mode| matches!(mode, b"47" | b"1047" | b"1049"))
        {
            self.is_alternate = last == b'h';
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_of_a_sequence_and_a_full_screen_are_known() {
        // (what is written, whether something can be told after it, whether the screen is full)
        let cases: [(&[u8], bool, bool); 16] = [
            (b"$ ls\r\n", true, false),
            (b"\x1b", false, false),
            (b"\x1b[1;3", false, false),
            (b"\x1b[1;31m", true, false),
            (b"\xc5", false, false),
            (b"\xc5\xbc", true, false),
            (b"\xe2\x82", false, false),
            (b"\x1b]0;title", false, false),
            (b"\x1b]0;title\x07", true, false),
            (b"\x1b]0;title\x1b\\", true, false),
            (b"\x1b(", false, false),
            (b"\x1b(B", true, false),
            (b"\x1b[?1049h", true, true),
            (b"\x1b[?25;47h\x1b[2J", true, true),
            (b"\x1b[?1049h text \x1b[?1049l", true, false),
            (b"\x1b[?1049h\x1bc", true, false),
        ];
        for (written, is_ground, is_alternate) in cases {
            let mut tracker = Tracker::default();
            tracker.feed(written);
            let found = (tracker.state == State::Ground, tracker.is_alternate);
            assert_eq!(
                found,
                (is_ground, is_alternate),
                "{}",
                written.escape_ascii()
            );
        }
    }

    #[test]
    fn what_covers_a_full_screen_is_drawn_over_once_somebody_types() {
        let screen = PersonScreen::default();
        screen.tell(|place| assert!(!place.is_full_screen));
        assert!(!screen.take_covered(Duration::ZERO), "lines scroll away");
        screen.tracker.lock().unwrap().feed(b"\x1b[?1049h");
        screen.tell(|place| assert!(place.is_full_screen));
        assert!(!screen.take_covered(Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(2));
        assert!(screen.take_covered(Duration::ZERO));
        assert!(!screen.take_covered(Duration::ZERO));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_followed_the_same_however_it_is_cut(
            bytes in prop::collection::vec(
                prop::sample::select(b"\x1b[?1049hl;]P\\\x07mAc(\xc5\xbc\x18".to_vec()), 0..40),
            at in any::<prop::sample::Index>(),
        ) {
            let at = at.index(bytes.len() + 1);
            let (mut whole, mut pieces) = (Tracker::default(), Tracker::default());
            whole.feed(&bytes);
            pieces.feed(&bytes[..at]);
            pieces.feed(&bytes[at..]);
            prop_assert_eq!(whole.state, pieces.state);
            prop_assert_eq!(whole.is_alternate, pieces.is_alternate);
            // Nothing that was sent keeps it from finding the end of a sequence again.
            whole.feed(b"\x18 ");
            prop_assert_eq!(whole.state, State::Ground);
        }
    }
}
