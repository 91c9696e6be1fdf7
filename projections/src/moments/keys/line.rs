//! A line as the keys leave it: what line editors make of Backspace, the arrows and Ctrl-W.
//!
//! The keys are those of readline as it comes (Emacs), which zsh, fish and most others share. Where
//! a key brings text that is not among the keys (history, completion, undo), what the line says is
//! not known any more.

use crate::moments::growth::Growth;
use crate::moments::moment::MAX_TEXT_CHARS;

/// Stands for a letter that is hidden. A word may have it.
const HIDDEN: char = '•';

#[derive(Debug, Default)]
pub(super) struct EditedLine {
    chars: Vec<char>,
    cursor: usize,
    /// What Ctrl-K, Ctrl-U and Ctrl-W took last: Ctrl-Y brings it back.
    killed: Vec<char>,
    unknown: bool,
    /// How long the line is in UTF-8.
    bytes: usize,
    growth: Growth,
}

/// What a key does to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    Insert(char),
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    WordLeft,
    WordRight,
    /// Up to the blank before.
    KillBlankLeft,
    KillWordLeft,
    KillWordRight,
    KillLeft,
    KillRight,
    Yank,
    Transpose,
    Nothing,
    /// Something that the keys do not tell.
    Unknown,
}

impl EditedLine {
    /// The line and how it came to be; none if that is not known.
    pub(super) fn take(&mut self) -> Option<(String, Growth)> {
        let line = std::mem::take(self);
        (!line.unknown).then(|| (line.chars.iter().collect(), line.growth))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chars.is_empty() && !self.unknown
    }

    pub(super) fn apply(&mut self, edit: Edit, now_us: i64) {
        let count = self.chars.len();
        match edit {
            // Ctrl-Y could make it grow without end.
            Edit::Insert(_) if count >= MAX_TEXT_CHARS => self.unknown = true,
            Edit::Insert(char) => {
                self.chars.insert(self.cursor, char);
                self.cursor += 1;
                self.bytes += char.len_utf8();
                if self.cursor == self.chars.len() {
                    self.growth.grown_to(self.bytes, now_us);
                } else {
                    self.changed_from(self.cursor - 1);
                }
            }
            Edit::Backspace => self.remove(self.cursor.saturating_sub(1), self.cursor),
            Edit::Delete => self.remove(self.cursor, (self.cursor + 1).min(count)),
            Edit::Left => self.cursor = self.cursor.saturating_sub(1),
            Edit::Right => self.cursor = (self.cursor + 1).min(count),
            Edit::Home => self.cursor = 0,
            Edit::End => self.cursor = count,
            Edit::WordLeft => self.cursor = self.word_left(),
            Edit::WordRight => self.cursor = self.word_right(),
            Edit::KillBlankLeft => self.kill(self.blank_left(), self.cursor),
            Edit::KillWordLeft => self.kill(self.word_left(), self.cursor),
            Edit::KillWordRight => self.kill(self.cursor, self.word_right()),
            Edit::KillLeft => self.kill(0, self.cursor),
            Edit::KillRight => self.kill(self.cursor, count),
            Edit::Yank => {
                for char in self.killed.clone() {
                    self.apply(Edit::Insert(char), now_us);
                }
            }
            Edit::Transpose => {
                // At the end the last two change places.
                let right = self.cursor.min(count.saturating_sub(1));
                if self.cursor > 0 && right > 0 {
                    self.chars.swap(right - 1, right);
                    self.changed_from(right - 1);
                    self.cursor = right + 1;
                }
            }
            Edit::Nothing => {}
            Edit::Unknown => self.unknown = true,
        }
    }

    fn bytes_before(&self, index: usize) -> usize {
        self.chars[..index].iter().map(|char| char.len_utf8()).sum()
    }

    fn changed_from(&mut self, index: usize) {
        let bytes = self.bytes_before(index);
        self.growth.cut_to(bytes);
    }

    fn remove(&mut self, from: usize, to: usize) {
        let gone: usize = self.chars.drain(from..to).map(char::len_utf8).sum();
        self.bytes -= gone;
        self.cursor = from;
        if from == self.chars.len() {
            self.growth.cut_to(self.bytes);
        } else {
            self.changed_from(from);
        }
    }

    fn kill(&mut self, from: usize, to: usize) {
        if from < to {
            self.killed = self.chars[from..to].to_vec();
            self.remove(from, to);
        }
    }

    fn word_left(&self) -> usize {
        let before = &self.chars[..self.cursor];
        let end = before.iter().rposition(|char| is_of_word(*char));
        end.map_or(0, |end| {
            let start = before[..end].iter().rposition(|char| !is_of_word(*char));
            start.map_or(0, |start| start + 1)
        })
    }

    fn word_right(&self) -> usize {
        let behind = self.chars[self.cursor..].iter();
        let word = behind.clone().skip_while(|char| !is_of_word(**char));
        self.chars.len() - word.skip_while(|char| is_of_word(**char)).count()
    }

    fn blank_left(&self) -> usize {
        let before = &self.chars[..self.cursor];
        let end = before.iter().rposition(|char| !char.is_whitespace());
        end.map_or(0, |end| {
            let start = before[..end].iter().rposition(|char| char.is_whitespace());
            start.map_or(0, |start| start + 1)
        })
    }
}

fn is_of_word(char: char) -> bool {
    char.is_alphanumeric() || char == HIDDEN
}
