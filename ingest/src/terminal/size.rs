//! The size of a terminal, from what was written to it, for recordings that do not tell it.
//!
//! Programs know how large the terminal is, and what they write shows it:
//!
//! | seen | tells |
//! |---|---|
//! | the cursor is put into a row (`CSI r;c H`, `f`, `d`), or a region scrolls (`CSI t;b r`) | at least so many rows: full-screen programs have a line at the very bottom |
//! | the cursor is put into a column (`CSI r;c H`, `f`, `G`, `` ` ``) | at least so many columns |
//! | a line is drawn and then drawn over (a carriage return without a line feed) | at least as many columns as it is long, for one that wraps cannot be drawn over; a blank at its end is the one by which shells go to the next line |
//! | `CSI 8;r;c t` | the size from here on |
//!
//! A row above 300 and a column above 500 tell nothing: programs go to 999 to find out where they
//! get. Lines that are only written tell nothing either, because they wrap. The size is 80x24 where
//! nothing contradicts; else as many rows as were used, and the next common number of columns (a
//! multiple of ten, or 132).

use unicode_width::UnicodeWidthChar;

const MAX_ROW: u32 = 300;
const MAX_COLUMN: u32 = 500;
const MAX_PARAMETERS: usize = 8;

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
}

impl Size {
    /// Where nothing contradicts.
    pub(crate) const USUAL: Self = Self {
        columns: 80,
        rows: 24,
    };

    /// The size, if a terminal can have it.
    pub(crate) fn new(columns: u32, rows: u32) -> Option<Self> {
        let sane = 1..=crate::asciicast::MAX_SIDE;
        (sane.contains(&columns) && sane.contains(&rows)).then_some(Self { columns, rows })
    }
}

/// Watches what is written to a terminal.
#[derive(Debug, Default)]
pub(crate) struct SizeFinder {
    state: State,
    parameters: [u32; MAX_PARAMETERS],
    /// The parameter that is being read.
    parameter: usize,
    /// How many columns the line takes up to the cursor, as far as is known.
    column: u32,
    /// The last character was a blank.
    after_blank: bool,
    /// How long the line was when the cursor went back to its beginning.
    returned: Option<u32>,
    used_columns: u32,
    used_rows: u32,
    written: bool,
    /// Set before anything was written.
    first: Option<Size>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// One more character belongs to an escape sequence.
    Charset,
    Csi,
    /// A sequence that says nothing about size: private, or with other signs in it.
    OtherCsi,
    /// Text for the terminal itself, such as a title.
    Command,
    CommandEscape,
}

impl SizeFinder {
    /// Watches a text. Answers the size that it set last, if it set one.
    pub(crate) fn watch(&mut self, text: &str) -> Option<Size> {
        let mut set = None;
        for c in text.chars() {
            if let Some(size) = self.take(c) {
                set = Some(size);
                if !self.written {
                    self.first = set;
                }
            }
        }
        set
    }

    /// The size at the beginning.
    pub(crate) fn size(&self) -> Size {
        if let Some(first) = self.first {
            return first;
        }
        let columns = match self.used_columns {
            0..=80 => 80,
            131 | 132 => 132,
            used => used.div_ceil(10) * 10,
        };
        Size {
            columns,
            rows: self.used_rows.max(Size::USUAL.rows),
        }
    }

    fn take(&mut self, c: char) -> Option<Size> {
        match (self.state, c) {
            (State::Command, '\u{7}') => self.state = State::Text,
            (State::Command, '\u{1b}') => self.state = State::CommandEscape,
            (State::Command, _) => {}
            (State::CommandEscape, '\\') => self.state = State::Text,
            (_, '\u{1b}') => self.state = State::Escape,
            (State::Escape | State::CommandEscape, _) => self.after_escape(c),
            (State::Charset, _) => self.state = State::Text,
            (State::Csi | State::OtherCsi, '\u{40}'..='\u{7e}') => {
                let known = self.state == State::Csi;
                self.state = State::Text;
                return if known { self.sequence(c) } else { None };
            }
            (State::Csi, '0'..='9') => {
                let digit = c.to_digit(10).unwrap_or(0);
                let parameter = &mut self.parameters[self.parameter];
                *parameter = parameter.saturating_mul(10).saturating_add(digit);
            }
            (State::Csi, ';') if self.parameter + 1 < MAX_PARAMETERS => self.parameter += 1,
            (State::Csi, ' '..) => self.state = State::OtherCsi,
            (State::OtherCsi, ' '..) => {}
            _ => self.written(c),
        }
        None
    }

    fn after_escape(&mut self, c: char) {
        self.state = match c {
            '[' => {
                (self.parameters, self.parameter) = ([0; MAX_PARAMETERS], 0);
                State::Csi
            }
            ']' | 'P' | '_' | '^' | 'X' => State::Command,
            '(' | ')' | '*' | '+' | '#' | '%' | ' ' => State::Charset,
            _ => State::Text,
        };
    }

    /// A control sequence, by its last character.
    fn sequence(&mut self, last: char) -> Option<Size> {
        let [first, second, third, ..] = self.parameters;
        match last {
            'H' | 'f' => {
                self.uses_row(first);
                self.goes_to(second.max(1));
            }
            'd' => self.uses_row(first),
            'r' => self.uses_row(second),
            'G' | '`' => self.goes_to(first.max(1)),
            'C' => self.column = self.column.saturating_add(first.max(1)).min(MAX_COLUMN),
            'D' => self.column = self.column.saturating_sub(first.max(1)),
            't' if first == 8 => return Size::new(third, second),
            _ => {}
        }
        self.after_blank = false;
        None
    }

    fn uses_row(&mut self, row: u32) {
        if row <= MAX_ROW {
            self.used_rows = self.used_rows.max(row);
        }
    }

    fn uses_columns(&mut self, columns: u32) {
        if columns <= MAX_COLUMN {
            self.used_columns = self.used_columns.max(columns);
        }
    }

    fn goes_to(&mut self, column: u32) {
        self.uses_columns(column);
        self.column = column - 1;
    }

    fn written(&mut self, c: char) {
        let returned = self.returned.take();
        match c {
            '\r' => {
                let blank = u32::from(self.after_blank);
                self.returned = Some(self.column.saturating_sub(blank));
                self.column = 0;
            }
            // The end of a line, which may have wrapped.
            '\n' => {}
            '\u{8}' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = self.column.saturating_add(8) / 8 * 8,
            c => {
                let width = c.width().unwrap_or(0);
                self.column = self.column.saturating_add(width as u32);
                self.written |= width > 0;
                if width > 0
                    && let Some(drawn_over) = returned
                {
                    self.uses_columns(drawn_over);
                }
            }
        }
        self.after_blank = c == ' ';
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size_of(text: &str) -> (u32, u32) {
        let mut finder = SizeFinder::default();
        finder.watch(text);
        let Size { columns, rows } = finder.size();
        (columns, rows)
    }

    #[test]
    fn what_is_written_shows_the_size() {
        let long = "x".repeat(97);
        let cases = [
            (String::new(), (80, 24)),
            (format!("{long}\r\nnext"), (80, 24)), // it wraps
            (format!("{long}\rnext"), (100, 24)),
            (
                format!("{} \rrest of a command", "x".repeat(100)),
                (100, 24),
            ), // a shell wraps
            ("\u{1b}[1;30r".to_owned(), (80, 30)),
            (
                "\u{1b}[36;1H-- INSERT --\u{1b}[36;103H".to_owned(),
                (110, 36),
            ),
            ("\u{1b}[131G".to_owned(), (132, 24)),
            ("\u{1b}[40d\u{1b}[999;999H\u{1b}[6n".to_owned(), (80, 40)),
            ("\u{1b}[8;50;160tHello\u{1b}[60;1H".to_owned(), (160, 50)),
            ("Hello\u{1b}[8;50;160t".to_owned(), (80, 24)), // not at the beginning
            ("\u{1b}]0;a title\rof [50;1H\u{7}".to_owned(), (80, 24)),
            ("\u{1b}[?50;1H\u{1b}[38:2:50H\u{1b}(0".to_owned(), (80, 24)),
            ("部".repeat(45) + "\rx", (90, 24)),
        ];
        for (text, want) in cases {
            assert_eq!(size_of(&text), want, "{text:?}");
        }
    }

    #[test]
    fn a_size_that_is_set_is_told() {
        let mut finder = SizeFinder::default();
        assert_eq!(finder.watch("a\u{1b}[8;50"), None);
        assert_eq!(finder.watch(";160tb"), Size::new(160, 50));
        assert_eq!(finder.watch("\u{1b}[8;0;99999t"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_written_there_is_a_size(text in "(\\PC|\u{1b}|\u{1b}\\[[0-9;]{0,30}[HfGdrtCD]|[\r\n\t\u{8}]){0,60}") {
            let (columns, rows) = size_of(&text);
            prop_assert!(Size::new(columns, rows).is_some());
        }
    }
}
