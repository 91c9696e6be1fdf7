//! The terminal as a session's events draw it: what a screen, a keyframe and a line of text are.
//!
//! [`TerminalReplay`] promises:
//! - *pure*: what it shows is a function of the events applied to it, one after the other;
//! - *resumable*: restored from a [`Keyframe`], it shows what the original shows, also when the
//!   keyframe was made inside an escape sequence, until the terminal is resized: only then do lines
//!   that scrolled off the top come back, and a keyframe does not have them
//!   ([`TerminalReplay::resizes`]);
//! - *unbreakable*: no event makes it panic or grow without end. Sizes are clamped
//!   ([`TerminalSize`]), of the lines that scroll off the top at most [`SCROLLBACK_LINES`] are
//!   kept, and if the emulator itself fails on hostile output, it goes on with an empty screen, as
//!   a person would after `reset`.
//!
//! The emulator is `avt`, asciinema's own: a recording looks here as it does in their player.

use std::panic::{AssertUnwindSafe, catch_unwind};

use avt::{Observer, Terminal};
use retrace_core::event::{EventBody, EventType};
pub use retrace_media::terminal::Size as TerminalSize;

/// How many lines that scrolled off the top a terminal with a scrollback keeps. A terminal that
/// grows taller takes as many of them back as it gets rows, so a whole [`TerminalSize::ROWS_MAX`]
/// is enough for any growth; players keep 100 or more, which more rows than a window gets at once
/// would be needed to notice.
pub const SCROLLBACK_LINES: usize = TerminalSize::ROWS_MAX as usize;

/// Where the cursor stands, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The column, below the number of columns.
    pub column: u16,
    /// The row, below the number of rows.
    pub row: u16,
    /// Whether the program lets it be seen.
    pub visible: bool,
}

/// A terminal at rest: enough to go on from there until it is resized, for what has scrolled off
/// the top is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyframe {
    /// Columns and rows.
    pub size: TerminalSize,
    /// The escape sequences that bring an empty terminal of this size into the state, unfinished
    /// sequences and the screen behind an alternate one included.
    pub dump: String,
}

/// Whether an event of this type may have something to say to a terminal; spares reading the others.
pub fn may_draw(kind: &EventType) -> bool {
    [
        EventType::TERMINAL_WRITTEN,
        EventType::TERMINAL_RESIZED,
        EventType::SOURCE_ATTACHED,
    ]
    .contains(kind)
}

/// Whether the event has something to say to a terminal.
pub fn draws(body: &EventBody) -> bool {
    match body {
        EventBody::TerminalWritten(_) | EventBody::TerminalResized(_) => true,
        EventBody::SourceAttached(attached) => attached.columns.or(attached.rows).is_some(),
        _ => false,
    }
}

/// A terminal that shows what the events of one stream drew.
pub struct TerminalReplay {
    terminal: Terminal,
    scrollback: usize,
}

impl TerminalReplay {
    /// An empty terminal without a scrollback: what scrolls off the top is gone, and an observer is
    /// handed it at once. After a resize it may show fewer lines than people saw.
    pub fn new(size: TerminalSize) -> Self {
        Self::keeping(0, size)
    }

    /// An empty terminal that keeps the last [`SCROLLBACK_LINES`] lines that scroll off the top, as
    /// people's terminals do: growing taller or changing its columns brings them back.
    pub fn with_scrollback(size: TerminalSize) -> Self {
        Self::keeping(SCROLLBACK_LINES, size)
    }

    fn keeping(scrollback: usize, size: TerminalSize) -> Self {
        Self {
            terminal: empty(size, scrollback),
            scrollback,
        }
    }

    /// The terminal that the keyframe was made from, as [`Self::with_scrollback`], but without what
    /// had scrolled off by then. It shows what that terminal shows until an event
    /// [resizes](Self::resizes) it, and anew from a source that attaches with a size on.
    pub fn from_keyframe(keyframe: &Keyframe) -> Self {
        let mut replay = Self::with_scrollback(keyframe.size);
        replay.write(&keyframe.dump);
        replay
    }

    /// Whether the event gives the terminal another size but leaves its content: what the screen
    /// shows then depends on the scrollback, which it does at no other time.
    pub fn resizes(&self, body: &EventBody) -> bool {
        match body {
            EventBody::TerminalResized(resized) => {
                TerminalSize::clamped(resized.columns, resized.rows) != self.size()
            }
            _ => false,
        }
    }

    /// The terminal as it is now.
    pub fn keyframe(&self) -> Keyframe {
        Keyframe {
            size: self.size(),
            dump: self.terminal.dump(),
        }
    }

    /// Applies one event of the stream and answers whether it [`draws`].
    ///
    /// A source that attaches with a size begins with an empty terminal of that size.
    pub fn apply(&mut self, body: &EventBody) -> bool {
        match body {
            EventBody::SourceAttached(attached) if draws(body) => {
                let default = TerminalSize::DEFAULT;
                let size = TerminalSize::clamped(
                    attached.columns.unwrap_or(default.columns().into()),
                    attached.rows.unwrap_or(default.rows().into()),
                );
                *self = Self::keeping(self.scrollback, size);
            }
            EventBody::TerminalWritten(written) => self.write(&written.text),
            EventBody::TerminalResized(resized) => {
                self.resize(TerminalSize::clamped(resized.columns, resized.rows));
            }
            _ => return false,
        }
        true
    }

    /// The program wrote `text`, which may begin or end inside an escape sequence.
    pub fn write(&mut self, text: &str) {
        self.write_with(text, ());
    }

    /// As [`Self::write`], with an observer of the emulator's; answers what the observer reports,
    /// or nothing when the emulator failed and the screen was emptied.
    pub fn write_with<O: Observer>(&mut self, text: &str, observer: O) -> Option<O::Output> {
        self.guarded(|terminal| terminal.feed_with(text, observer))
    }

    /// The terminal got another size.
    pub fn resize(&mut self, size: TerminalSize) {
        self.resize_with(size, ());
    }

    /// As [`Self::resize`], with an observer of the emulator's; answers as [`Self::write_with`].
    pub fn resize_with<O: Observer>(
        &mut self,
        size: TerminalSize,
        observer: O,
    ) -> Option<O::Output> {
        let (columns, rows) = (size.columns().into(), size.rows().into());
        self.guarded(|terminal| terminal.resize_with(columns, rows, observer))
    }

    /// Columns and rows.
    pub fn size(&self) -> TerminalSize {
        let (columns, rows) = self.terminal.size();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        TerminalSize::clamped(number(columns), number(rows))
    }

    /// How many characters the emulator holds, a measure for its memory: those of the screen, of the
    /// screen behind an alternate one, and of the scrollback.
    pub fn cells(&self) -> usize {
        let size = self.size();
        let primary = self.terminal.primary_screen().all_lines().count();
        usize::from(size.columns()) * (usize::from(size.rows()) + primary)
    }

    /// One line of text for each row, trailing spaces cut off.
    pub fn lines(&self) -> Vec<String> {
        let screen = self.terminal.screen();
        screen
            .visible_lines()
            .map(|line| line.text().trim_end_matches(' ').to_owned())
            .collect()
    }

    /// Where the cursor stands. A cursor that waits behind the last column to wrap is shown in it.
    pub fn cursor(&self) -> Cursor {
        let (size, cursor) = (self.size(), self.terminal.cursor());
        let within = |n: usize, count: u16| u16::try_from(n).unwrap_or(u16::MAX).min(count - 1);
        Cursor {
            column: within(cursor.col, size.columns()),
            row: within(cursor.row, size.rows()),
            visible: cursor.visible,
        }
    }

    /// The escape sequences that draw this screen on an empty terminal of the same size. The
    /// stream's next events may be written behind them.
    pub fn ansi(&self) -> String {
        self.terminal.dump()
    }

    /// The emulator, for readers that need more than text: wrapped lines, colours, which screen.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Lets the emulator work. Should it panic, the terminal is emptied and keeps its size: one
    /// hostile recording must not stop the projection of all others.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Terminal) -> T) -> Option<T> {
        let size = self.size();
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut self.terminal)));
        outcome.ok().or_else(|| {
            tracing::warn!(
                "the terminal emulator failed on recorded output; its screen is emptied"
            );
            self.terminal = empty(size, self.scrollback);
            None
        })
    }
}

fn empty(size: TerminalSize, scrollback: usize) -> Terminal {
    Terminal::with_scrollback(size.columns().into(), size.rows().into(), Some(scrollback))
        .expect("a clamped size is at least 1 by 1")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use retrace_core::event::SourceAttached;

    use super::*;
    use crate::testing::{output, resized, written};

    fn replay(columns: u32, rows: u32, text: &str) -> TerminalReplay {
        let mut replay = TerminalReplay::new(TerminalSize::clamped(columns, rows));
        replay.write(text);
        replay
    }

    #[test]
    fn sizes_are_clamped() {
        let cases = [
            ((80, 24), (80, 24)),
            ((0, 0), (1, 1)),
            ((1_000, 500), (1_000, 500)),
            ((1_001, 501), (1_000, 500)),
            ((u32::MAX, u32::MAX), (1_000, 500)),
        ];
        for ((columns, rows), want) in cases {
            let size = TerminalSize::clamped(columns, rows);
            assert_eq!((size.columns(), size.rows()), want, "{columns} by {rows}");
        }
    }

    #[test]
    fn a_screen_is_lines_and_a_cursor() {
        let cases = [
            ("", vec!["", ""], (0, 0, true)),
            ("ab  ", vec!["ab", ""], (4, 0, true)),
            ("12345678", vec!["12345678", ""], (7, 0, true)), // waits behind the last column
            ("123456789", vec!["12345678", "9"], (1, 1, true)),
            ("a\r\nb\r\nc", vec!["b", "c"], (1, 1, true)),
            ("部署", vec!["部署", ""], (4, 0, true)),
            ("x\x1b[?25l", vec!["x", ""], (1, 0, false)),
            ("main\x1b[?1049h\x1b[Halt", vec!["alt", ""], (3, 0, true)),
        ];
        for (text, lines, (column, row, visible)) in cases {
            let shown = replay(8, 2, text);
            assert_eq!(shown.lines(), lines, "{text:?}");
            assert_eq!(
                shown.cursor(),
                Cursor {
                    column,
                    row,
                    visible
                },
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_source_that_attaches_begins_with_an_empty_terminal() {
        let mut shown = replay(80, 24, "before");
        let attached = |columns, rows| {
            EventBody::from(SourceAttached {
                columns,
                recording: None,
                rows,
            })
        };
        assert!(!shown.apply(&attached(None, None)));
        assert_eq!(shown.lines()[0], "before");
        assert!(shown.apply(&attached(Some(100), None)));
        assert_eq!(shown.size(), TerminalSize::clamped(100, 24));
        assert_eq!(shown.lines()[0], "");
    }

    #[test]
    fn a_terminal_that_grows_takes_lines_back_from_the_scrollback() {
        let text = "1\r\n2\r\n3\r\n4";
        let taller = resized(8, 4);
        let mut forgetful = replay(8, 2, text);
        let mut shown = TerminalReplay::with_scrollback(TerminalSize::clamped(8, 2));
        shown.write(text);
        let mut restored = TerminalReplay::from_keyframe(&shown.keyframe());
        assert!(shown.resizes(&taller) && !shown.resizes(&resized(8, 2)));
        for replay in [&mut forgetful, &mut shown, &mut restored] {
            assert_eq!(replay.lines(), ["3", "4"]);
            replay.apply(&taller);
        }
        assert_eq!(shown.lines(), ["1", "2", "3", "4"]);
        assert_eq!(forgetful.lines(), ["3", "4", "", ""]);
        assert_eq!(restored.lines(), forgetful.lines(), "a keyframe has none");
    }

    #[test]
    fn a_scrollback_has_an_end() {
        let mut shown = TerminalReplay::with_scrollback(TerminalSize::clamped(10, 5));
        shown.write(&"x\r\n".repeat(3 * SCROLLBACK_LINES));
        assert_eq!(shown.cells(), 10 * (5 + 5 + SCROLLBACK_LINES));
    }

    fn terminal_event() -> impl Strategy<Value = EventBody> {
        let size = (0..40_u32, 0..20_u32);
        prop_oneof![
            12 => output().prop_map(|text| written(&text)),
            1 => size.prop_map(|(columns, rows)| resized(columns, rows)),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_restored_terminal_goes_on_as_the_original_does_until_it_is_resized(
            before in prop::collection::vec(terminal_event(), 0..40),
            after in prop::collection::vec(terminal_event(), 0..20),
        ) {
            let mut original = TerminalReplay::with_scrollback(TerminalSize::clamped(20, 6));
            for body in &before {
                original.apply(body);
            }
            let mut restored = TerminalReplay::from_keyframe(&original.keyframe());
            for body in after.iter().filter(|body| !matches!(body, EventBody::TerminalResized(_))) {
                original.apply(body);
                restored.apply(body);
                prop_assert_eq!(original.lines(), restored.lines());
                prop_assert_eq!(original.cursor(), restored.cursor());
            }
            prop_assert_eq!(original.keyframe(), restored.keyframe());
        }
    }
}
