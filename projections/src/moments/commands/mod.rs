//! Command lines, as the screen showed them when they were sent off.
//!
//! So completion, history and editing come out as what was run. A prompt is known by
//!
//! - bracketed paste being turned on on the primary screen: a line editor waits, whatever its
//!   prompt looks like; the line is sent off when it is turned off;
//! - the shells' own marks (OSC 133, OSC 633), where they are sent;
//! - else by its looks (`prompt`): the output stops behind `$ `, `# `, `> `, `% ` or `❯ ` at the end
//!   of the cursor's line, for [`WAIT_US`] or until a key is typed, or stands there as a prompt did
//!   that waited before; the line is sent off by the line feed that leaves it, in a recording with
//!   keys only when Enter was typed. So `>>> ` of Python is a prompt, `Password: ` is none.
//!
//! The command is what stands behind the prompt, over all rows down to the cursor (`text`). Lines
//! that a shell asks for because a command is not complete (here-documents, open quotes, loops) are
//! part of that command; it stands where its first line was sent off. One that was given up with
//! Ctrl-C is none, whole. Nothing on the alternate screen is.
//!
//! A command is there as soon as it is sent off. When its prompt shows again (`running`), it is told
//! once more, with
//!
//! - how long it ran: from Enter to the prompt that shows next, or to the shell's mark;
//! - its exit status, where the shell marks it or the prompt shows it, or the session ended with it;
//! - the directory it ran in: as a sequence or the prompt tells, else followed through `cd` (`cwd`);
//! - its program (`program`), or for a line typed to Python and its like, that.

mod cwd;
mod marks;
pub(super) mod program;
mod prompt;
mod running;
mod sending;
mod text;
mod told;

use std::collections::VecDeque;

use avt::parser::Function;
use avt::{Line, Observation, Observer, Operation, ScreenKind, Terminal};

use super::moment::Draft;
use super::rows;
use prompt::{looks_like_prompt, prompt_at_start};
use running::Running;
use told::Told;

/// Output that goes on sooner than this did not wait for a person.
const WAIT_US: i64 = 30_000;
/// How many prompts are remembered.
const KNOWN_MAX: usize = 4;

/// Finds the commands of one terminal. An [`Observer`] of it.
#[derive(Debug, Default)]
pub(super) struct Commands {
    now_us: i64,
    /// Whether a line editor holds the terminal (bracketed paste is on).
    editing: bool,
    prompt: Option<Prompt>,
    /// Whether the recording has keys.
    has_keys: bool,
    /// Whether a key other than Enter was typed since a command was sent off.
    typed_any: bool,
    enter_us: Option<i64>,
    interrupted: bool,
    /// How many lines the editor may have begun since the prompt was shown.
    feeds: usize,
    /// The last two characters that were written.
    last: (char, char),
    /// Whether keys were typed before the prompt was there: the shell shows them along with it.
    typed_ahead: bool,
    /// The last prompts that waited and are known by their looks alone.
    known: VecDeque<String>,
    running: Running,
    /// Whether a command was sent off since the line editor, or the shell's mark, began to wait.
    sent: bool,
    /// Whether the alternate screen was shown since the line editor began to wait: it is one of a
    /// full-screen program.
    was_alternate: bool,
    /// The command line in the shell's own words.
    marked_line: Option<String>,
    /// What stood before the cursor in its line when it was looked at last.
    line: String,
    /// How many lines were fed since a command was sent off.
    feeds_since_sent: usize,
    /// The prompt that the last command was sent from by a line feed, and the lines of it: some
    /// programs move to the line below to show what would come out, and come back.
    left: Option<(Prompt, usize)>,
    found: Vec<Draft>,
}

#[derive(Debug, Clone)]
struct Prompt {
    /// What stands before the command in its line.
    text: String,
    /// What stands at the right of the line, behind the command.
    right: String,
    shown_us: i64,
    /// Whether it has stood long enough, or was marked, or typed at.
    waits: bool,
    /// Whether the shell marked where it ends.
    marked: bool,
    /// When something was first typed at it.
    typed_us: Option<i64>,
    /// The line above it.
    above: String,
    /// Whether it asks for the rest of a command.
    asks_for_more: bool,
    /// Whether it was told to whoever follows what runs.
    told: bool,
}

impl Commands {
    /// Keys were typed.
    pub(super) fn typed(&mut self, keys: &str, now_us: i64, out: &mut Vec<Draft>) {
        self.has_keys = true;
        self.typed_any |= keys.contains(|key| !matches!(key, '\r' | '\n'));
        if keys.contains(['\r', '\n', '\u{f}']) {
            self.enter_us = Some(now_us);
        }
        self.interrupted = keys.ends_with('\u{3}');
        match &mut self.prompt {
            Some(prompt) => {
                prompt.waits = true;
                prompt.typed_us.get_or_insert(now_us);
            }
            None => self.typed_ahead = true,
        }
        self.tell_prompt();
        out.append(&mut self.found);
    }

    /// Output arrives.
    pub(super) fn output_begins(&mut self, now_us: i64) {
        self.now_us = now_us;
        let Some(prompt) = &mut self.prompt else {
            return;
        };
        if !prompt.waits {
            if now_us - prompt.shown_us >= WAIT_US {
                prompt.waits = true;
                if !self.editing && !self.known.contains(&prompt.text) {
                    self.known.truncate(KNOWN_MAX - 1);
                    self.known.push_front(prompt.text.clone());
                }
            } else if self.known.contains(&prompt.text) {
                prompt.waits = true;
            } else {
                self.prompt = None;
            }
        }
        if let Some(prompt) = self.prompt.as_mut().filter(|prompt| prompt.waits) {
            prompt.typed_us.get_or_insert(now_us);
        }
        self.tell_prompt();
    }

    /// Forgets the screen, which begins anew.
    pub(super) fn restart(&mut self, out: &mut Vec<Draft>) {
        let mut running = std::mem::take(&mut self.running);
        running.restart(out);
        *self = Self {
            running,
            now_us: self.now_us,
            ..Self::default()
        };
    }

    /// The session ends, at `at_us` and with `status` where these are of what ran in it.
    pub(super) fn end(&mut self, at_us: Option<i64>, status: Option<i32>, out: &mut Vec<Draft>) {
        if self.editing || self.prompt.as_ref().is_some_and(|prompt| prompt.waits) {
            self.tell_prompt_now();
        }
        out.append(&mut self.found);
        self.running.end(at_us, status, out);
    }

    /// Tells of a prompt that waits, once: what ran before it has ended.
    fn tell_prompt(&mut self) {
        if self.prompt.as_ref().is_some_and(|prompt| prompt.waits) {
            self.tell_prompt_now();
        }
    }

    fn tell_prompt_now(&mut self) {
        let Some(prompt) = self.prompt.as_mut().filter(|prompt| !prompt.told) else {
            return;
        };
        prompt.told = true;
        let near = self.feeds_since_sent <= 1;
        prompt.asks_for_more = near && self.running.asks_for_more(&prompt.text);
        if !prompt.asks_for_more {
            let told = Told::by(&prompt.text, &prompt.right, &prompt.above);
            let (above, shown_us) = (&prompt.above, prompt.shown_us);
            self.running
                .prompted(told, above, shown_us, &mut self.found);
        }
    }

    /// The output switched bracketed paste.
    pub(super) fn paste_mode(&mut self, on: bool, terminal: &Terminal) {
        let primary = terminal.active_screen_kind() == ScreenKind::Primary;
        if on && primary {
            if !self.prompt.as_ref().is_some_and(|prompt| prompt.marked) {
                self.prompt = None;
            }
            (self.editing, self.sent, self.interrupted) = (true, false, false);
            self.was_alternate = false;
        } else if !on {
            if primary && self.editing && !self.sent {
                self.sent_off(terminal);
            }
            self.editing = false;
        }
    }

    /// All of the output arrived: is there a prompt now?
    pub(super) fn output_ended(&mut self, terminal: &Terminal, out: &mut Vec<Draft>) {
        out.append(&mut self.found);
        if terminal.active_screen_kind() == ScreenKind::Alternate {
            (self.prompt, self.was_alternate) = (None, true);
            return;
        }
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let cursor = terminal.cursor();
        if self.prompt.as_ref().is_some_and(|prompt| prompt.waits)
            && (self.editing
                || self.prompt.as_ref().is_some_and(|prompt| prompt.marked)
                || self.stands_at_prompt(&lines, (cursor.col, cursor.row)))
        {
            return;
        }
        let (before, _) = rows::read_line(&lines, cursor.row, Some(cursor.col));
        let (line, start) = rows::read_line(&lines, cursor.row, None);
        let above = || above(&lines, start);
        let after = line.get(before.len()..).unwrap_or_default().trim();
        let known = self.known.iter().find(|known| line.starts_with(*known));
        if let Some(text) = known.filter(|_| !self.editing).cloned() {
            // It waited before, and here something was typed at it at once.
            self.show_prompt(text, String::new(), above(), true);
            self.tell_prompt();
            return;
        }
        let was = std::mem::replace(&mut self.line, before.clone());
        let added = before.strip_prefix(was.as_str()).unwrap_or(&before);
        // A person types `=> ` letter by letter; a prompt is written at once.
        let is_typed = !was.trim().is_empty() && added.chars().count() == 1;
        let looks = looks_like_prompt(&before) && !is_typed;
        let text = if self.editing && !self.typed_ahead && !before.trim().is_empty() {
            before
        } else if looks || self.editing {
            // Behind the sign may stand what was typed ahead, or a comment: `$ # `.
            match prompt_at_start(&before) {
                Some(prompt) => prompt.to_owned(),
                None if before.trim().is_empty() => return,
                None => before,
            }
        } else {
            self.prompt = None;
            return;
        };
        if !self.editing && (!after.is_empty() || !cursor.visible) {
            self.prompt = None;
            return;
        }
        self.show_prompt(text, after.to_owned(), above(), false);
    }

    fn show_prompt(&mut self, text: String, right: String, above: String, waits: bool) {
        self.feeds = 0;
        self.left = None;
        self.prompt = Some(Prompt {
            text,
            right,
            shown_us: self.now_us,
            waits,
            marked: false,
            typed_us: None,
            above,
            asks_for_more: false,
            told: false,
        });
    }
}

/// The line that ends in the row above.
fn above(lines: &[&Line], row: usize) -> String {
    match row.checked_sub(1) {
        Some(above) => rows::read_line(lines, above, None).0,
        None => String::new(),
    }
}

impl Observer for Commands {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let Operation::Function(function) = operation else {
            return;
        };
        match function {
            Function::Print(char) => self.last = (self.last.1, *char),
            Function::Lf | Function::Nel => {
                if self.editing {
                    self.feeds = self.feeds.saturating_add(1);
                } else if self.prompt.is_some() {
                    self.line_feed(context.terminal());
                }
                self.line.clear();
                self.feeds_since_sent = self.feeds_since_sent.saturating_add(1);
            }
            Function::Cuu(rows) => self.moved_up(context.terminal(), (*rows).into()),
            _ => {}
        }
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}
