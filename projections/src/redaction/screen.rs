//! Screens with what is redacted masked, and the output that draws them.
//!
//! What is hidden on a screen follows from the screen itself and from what is known of the whole session
//! ([`ScreenSecrets`]), so that a screen looks the same however one comes to it. A secret within a line is hidden
//! character by character, for the columns behind it to stay where they are; one that goes on to the end of its line by
//! a mask that is always as long.

use std::fmt::Write;
use std::sync::Arc;

use avt::{Color, Pen, Terminal};

use super::rules::{KeyBlock, MASK, Rules};
use super::secrets_on_screen;
use crate::terminal::{Cursor, TerminalReplay, TerminalSize};

/// Letters of Base64 in a line of their own that may be the middle of a private key.
const KEY_LINE_MIN: usize = 32;
/// What is shown instead of a screen that is hidden as a whole.
const NOTICE: &str = "[redacted]";

/// What is hidden on the screens of a session.
#[derive(Debug, Clone)]
pub struct ScreenSecrets {
    /// The rules that hold for the session.
    pub rules: Arc<Rules>,
    /// Beginnings of lines behind which secrets were shown.
    pub leads: Vec<String>,
    /// Whether a private key was shown: a screen may begin or end in the middle of it.
    pub private_key: bool,
}

/// A character of a screen, and how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    char: char,
    pen: Pen,
}

/// A screen as it may be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedScreen {
    rows: Vec<Vec<Shown>>,
    cursor: Cursor,
}

impl ScreenSecrets {
    /// Where secrets are in a line of the screen.
    #[must_use]
    pub fn of_line(&self, line: &str) -> Vec<std::ops::Range<usize>> {
        secrets_on_screen(&self.rules, &self.leads, line)
    }

    fn is_in_key(&self, block: &mut KeyBlock, line: &str) -> bool {
        let is_base64 =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let in_block = self.rules.hides_private_keys() && block.hides(line);
        in_block || self.private_key && line.len() >= KEY_LINE_MIN && line.bytes().all(is_base64)
    }
}

impl MaskedScreen {
    /// What may be seen of a terminal.
    #[must_use]
    pub fn of(replay: &TerminalReplay, secrets: &ScreenSecrets) -> Self {
        let terminal = replay.terminal();
        let mut cursor = replay.cursor();
        let mut rows = rows_of(terminal);
        let lines: Vec<&avt::Line> = terminal.screen().visible_lines().collect();
        let mut block = KeyBlock::default();
        let mut start = 0;
        while start < lines.len() {
            let wrapped = lines[start..].iter().take_while(|line| line.is_wrapped());
            let end = (start + wrapped.count() + 1).min(lines.len());
            conceal(
                &mut rows[start..end],
                start,
                secrets,
                &mut block,
                &mut cursor,
            );
            start = end;
        }
        Self { rows, cursor }
    }

    /// A screen of which nothing may be seen.
    #[must_use]
    pub fn hidden(replay: &TerminalReplay) -> Self {
        let pen = blank_pen();
        let mut rows = rows_of(replay.terminal());
        for row in &mut rows {
            row.fill(Shown { char: ' ', pen });
        }
        if let Some(first) = rows.first_mut() {
            for (cell, char) in first.iter_mut().zip(NOTICE.chars()) {
                cell.char = char;
            }
        }
        let cursor = Cursor {
            column: 0,
            row: 0,
            visible: false,
        };
        Self { rows, cursor }
    }

    /// One line of text for each row, trailing spaces cut off.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let text = |row: &Vec<Shown>| {
            let text: String = row
                .iter()
                .map(|cell| cell.char)
                .filter(|c| *c != TAIL)
                .collect();
            text.trim_end_matches(' ').to_owned()
        };
        self.rows.iter().map(text).collect()
    }

    /// Where the cursor stands.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// A terminal that shows nothing else.
    #[must_use]
    pub fn terminal(&self) -> TerminalReplay {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let columns = self.rows.first().map_or(1, Vec::len);
        let size = TerminalSize::clamped(number(columns), number(self.rows.len()));
        let mut replay = TerminalReplay::new(size);
        replay.write(&self.ansi(None));
        replay
    }

    /// The escape sequences that draw it on a terminal of the same size that shows `before`, or anything.
    #[must_use]
    pub fn ansi(&self, before: Option<&Self>) -> String {
        if before == Some(self) {
            return String::new();
        }
        let mut out = String::new();
        if before.is_none_or(|before| before.rows.len() != self.rows.len()) {
            out.push_str("\x1b[0m\x1b[r\x1b[H\x1b[2J");
        }
        for (index, row) in self.rows.iter().enumerate() {
            let known = before.and_then(|before| before.rows.get(index));
            let is_blank = || {
                row.iter()
                    .all(|cell| cell.char == ' ' && cell.pen == blank_pen())
            };
            let same = match known {
                Some(known) => known == row,
                None => is_blank(),
            };
            if !same {
                let _ = write!(out, "\x1b[{};1H", index + 1);
                draw(row, &mut out);
            }
        }
        let Cursor {
            column,
            row,
            visible,
        } = self.cursor;
        let seen = if visible { 'h' } else { 'l' };
        let _ = write!(out, "\x1b[{};{}H\x1b[?25{seen}", row + 1, column + 1);
        out
    }
}

/// Stands in the second column of a wide character.
const TAIL: char = '\0';

fn blank_pen() -> Pen {
    *avt::Cell::default().pen()
}

fn rows_of(terminal: &Terminal) -> Vec<Vec<Shown>> {
    let shown = |cell: &avt::Cell| Shown {
        char: if cell.width() == 0 { TAIL } else { cell.char() },
        pen: *cell.pen(),
    };
    terminal
        .screen()
        .visible_lines()
        .map(|line| line.cells().iter().map(shown).collect())
        .collect()
}

/// Hides the secrets in the rows that one line is wrapped over.
fn conceal(
    rows: &mut [Vec<Shown>],
    first_row: usize,
    secrets: &ScreenSecrets,
    block: &mut KeyBlock,
    cursor: &mut Cursor,
) {
    let (mut line, mut places) = (String::new(), Vec::new());
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            if cell.char != TAIL {
                places.push((line.len(), row, column));
                line.push(cell.char);
            }
        }
    }
    line.truncate(line.trim_end().len());
    let hidden = if secrets.is_in_key(block, &line) {
        std::iter::once(0..line.len()).collect()
    } else {
        secrets.of_line(&line)
    };
    for range in hidden {
        let to_end = range.end >= line.len();
        let mask_length = MASK.chars().count();
        let within = places
            .iter()
            .filter(|(at, _, _)| *at >= range.start && (to_end || *at < range.end));
        let mut last = None;
        for (index, (_, row, column)) in within.enumerate() {
            let shown = !to_end || index < mask_length;
            rows[*row][*column].char = if shown { '•' } else { ' ' };
            if let Some(tail) = rows[*row]
                .get_mut(column + 1)
                .filter(|cell| cell.char == TAIL)
            {
                tail.char = ' ';
            }
            let here = (first_row + row, *column);
            if shown {
                last = Some(here);
            }
        }
        // Where the cursor waits behind a secret would tell how long that is.
        let stands = (usize::from(cursor.row), usize::from(cursor.column));
        let from = places.iter().find(|(at, _, _)| *at >= range.start);
        if let (true, Some(last), Some((_, row, column))) = (to_end, last, from)
            && stands >= (first_row + row, *column)
            && stands.0 < first_row + rows.len()
        {
            cursor.row = u16::try_from(last.0).unwrap_or(cursor.row);
            cursor.column = u16::try_from(last.1).unwrap_or(cursor.column);
        }
    }
}

fn draw(row: &[Shown], out: &mut String) {
    let end = row
        .iter()
        .rposition(|cell| cell.char != ' ' || cell.pen != blank_pen())
        .map_or(0, |last| last + 1);
    out.push_str("\x1b[0m");
    let mut pen = blank_pen();
    for cell in &row[..end] {
        if cell.char == TAIL {
            continue;
        }
        if cell.pen != pen {
            pen = cell.pen;
            set_pen(&pen, out);
        }
        out.push(cell.char);
    }
    out.push_str("\x1b[0m");
    if end < row.len() {
        out.push_str("\x1b[K");
    }
}

fn set_pen(pen: &Pen, out: &mut String) {
    out.push_str("\x1b[0");
    for (is_set, code) in [
        (pen.is_bold(), 1),
        (pen.is_faint(), 2),
        (pen.is_italic(), 3),
        (pen.is_underline(), 4),
        (pen.is_blink(), 5),
        (pen.is_inverse(), 7),
        (pen.is_strikethrough(), 9),
    ] {
        if is_set {
            let _ = write!(out, ";{code}");
        }
    }
    for (color, code) in [(pen.foreground(), 38), (pen.background(), 48)] {
        let _ = match color {
            Some(Color::Indexed(index)) => write!(out, ";{code};5;{index}"),
            Some(Color::RGB(rgb)) => write!(out, ";{code};2;{};{};{}", rgb.r, rgb.g, rgb.b),
            None => Ok(()),
        };
    }
    out.push('m');
}
