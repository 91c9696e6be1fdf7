//! How a command line is sent off.

use avt::{Line, ScreenKind, Terminal};

use super::text::Place;
use super::told::Told;
use super::{Commands, Prompt};
use crate::moments::moment::{Draft, MAX_TEXT_CHARS, MomentKind};
use crate::moments::rows;

impl Commands {
    /// Whether the cursor stands in the line of the prompt, behind it, or in one that the command
    /// goes on in.
    pub(super) fn stands_at_prompt(&self, lines: &[&Line], (column, row): (usize, usize)) -> bool {
        let Some(prompt) = &self.prompt else {
            return false;
        };
        let text = prompt.text.trim_end();
        let (line, start) = rows::read_line(lines, row, None);
        if line.starts_with(text) {
            let before = || rows::read_line(lines, row, Some(column)).0;
            return line.len() > text.len() || before().starts_with(&prompt.text);
        }
        self.begins_above(lines, start)
    }

    /// Whether one of the lines above the row, as many as the command may have, begins with the
    /// prompt.
    fn begins_above(&self, lines: &[&Line], row: usize) -> bool {
        let Some(text) = self.prompt.as_ref().map(|prompt| prompt.text.trim_end()) else {
            return false;
        };
        let mut row = row;
        for _ in 0..self.feeds {
            let Some(above) = row.checked_sub(1) else {
                return false;
            };
            let (line, start) = rows::read_line(lines, above, None);
            if line.starts_with(text) {
                return true;
            }
            row = start;
        }
        false
    }

    /// The output is about to leave the cursor's line, and no line editor says what that means.
    pub(super) fn line_feed(&mut self, terminal: &Terminal) {
        if terminal.active_screen_kind() == ScreenKind::Alternate {
            return;
        }
        let Some(prompt) = self.prompt.clone() else {
            return;
        };
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let cursor = terminal.cursor();
        let row = cursor.row;
        let (line, start) = rows::read_line(&lines, row, None);
        let text = prompt.text.trim_end();
        let here =
            line.starts_with(text) && line.len() > text.len() || self.begins_above(&lines, start);
        if prompt.waits && here {
            // A line editor that moves about in what it shows, or wraps it on its own.
            let entered = !self.has_keys || self.enter_us.is_some_and(|us| us >= prompt.shown_us);
            let wraps = !self.has_keys && lines.get(row).is_some_and(|line| is_full(line));
            if !entered && !prompt.asks_for_more || wraps {
                self.feeds = self.feeds.saturating_add(1);
                return;
            }
        }
        let entered = !self.has_keys || self.enter_us.is_some_and(|us| us >= prompt.shown_us);
        let more = prompt.asks_for_more;
        let given_up = self.interrupted || self.last == ('^', 'C');
        if prompt.waits && (entered && (here || more) || more && given_up) {
            self.sent_off(terminal);
            self.left = Some((prompt, self.feeds));
        }
        self.prompt = None;
    }

    /// The output is about to move the cursor up: back to a prompt that it seemed to have left?
    pub(super) fn moved_up(&mut self, terminal: &Terminal, rows: usize) {
        if self.editing || self.prompt.is_some() {
            return;
        }
        let Some((prompt, feeds)) = self.left.take() else {
            return;
        };
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let row = terminal.cursor().row.saturating_sub(rows.max(1));
        let (line, _) = rows::read_line(&lines, row, None);
        let text = prompt.text.trim_end();
        if line.starts_with(text) && line.len() > text.len() && !prompt.asks_for_more {
            self.running.given_up(&mut self.found);
            self.feeds = feeds.saturating_add(1);
            self.typed_any = true;
            self.prompt = Some(Prompt {
                told: true,
                ..prompt
            });
        } else {
            self.left = Some((prompt, feeds));
        }
    }

    pub(super) fn sent_off(&mut self, terminal: &Terminal) {
        let editing = self.editing && !self.was_alternate;
        if self.prompt.is_none() && !editing && self.marked_line.is_none() {
            return;
        }
        self.tell_prompt_now();
        let prompt = self.prompt.take();
        // Ctrl-C shows itself where the cursor stood, in the middle of the line perhaps.
        let interrupted = std::mem::take(&mut self.interrupted) || self.last == ('^', 'C');
        self.typed_ahead = false;
        self.sent = true;
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let cursor = terminal.cursor();
        let place = Place {
            lines: &lines,
            cursor: (cursor.col, cursor.row),
            prompt: prompt.as_ref().map_or("", |prompt| &prompt.text),
            right: prompt.as_ref().map_or("", |prompt| &prompt.right),
            several: (self.editing || self.feeds > 0).then_some(self.feeds),
            edited: self.editing,
        };
        let (shape, shown) = place.command().unwrap_or_default();
        // What a line of a here-document begins with is part of it.
        let shown = match prompt.as_ref().is_some_and(|prompt| prompt.asks_for_more) {
            true => shown,
            false => shown.trim_start().to_owned(),
        };
        let shown = Some(shown).filter(|text| !text.is_empty());
        let text = shown
            .or_else(|| self.marked_line.take())
            .unwrap_or_default();
        if prompt.is_none() && !shape.is_empty() {
            // Prompt and command came at once.
            let told = Told::by(&shape, "", "");
            self.running
                .prompted(told, "", self.now_us, &mut self.found);
        }
        let asks_for_more = prompt.as_ref().is_some_and(|prompt| prompt.asks_for_more);
        if interrupted || text.ends_with("^C") {
            if asks_for_more {
                self.running.given_up(&mut self.found);
            }
            return;
        }
        let shown_us = prompt
            .as_ref()
            .map_or(self.now_us, |prompt| prompt.shown_us);
        let enter_us = self.enter_us.filter(|&us| us >= shown_us);
        let complete_us = enter_us.unwrap_or(self.now_us);
        self.feeds_since_sent = 0;
        if asks_for_more {
            self.running.sent_more(&text, complete_us, &mut self.found);
            return;
        }
        // What another program wrote behind the prompt was not typed.
        let typed = std::mem::take(&mut self.typed_any) || !self.has_keys;
        if text.is_empty() || !typed {
            return;
        }
        let text = text.chars().take(MAX_TEXT_CHARS).collect();
        let mut draft = Draft::at(complete_us, MomentKind::Command, text);
        let typed_us = prompt.and_then(|prompt| prompt.typed_us);
        draft.start_us = typed_us.unwrap_or(complete_us).min(complete_us);
        self.running.sent(draft, &mut self.found);
    }
}

/// Whether a row has no blank at its end, so that what is below may belong to it.
pub(super) fn is_full(line: &Line) -> bool {
    line.cells().last().is_some_and(|cell| cell.char() != ' ')
}
