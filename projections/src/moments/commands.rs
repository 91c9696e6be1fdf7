//! Command lines, as the screen showed them when they were sent off.
//!
//! So completion, history and editing come out as what was run. A prompt is known by
//!
//! - bracketed paste being turned on on the primary screen: a line editor waits, whatever its
//!   prompt looks like; the line is sent off when it is turned off;
//! - OSC 133, the shells' own marks, where they are sent;
//! - else by its looks: the output stops behind `$ `, `# `, `> `, `% ` or `❯ ` at the end of the
//!   cursor's line, for [`WAIT_US`] or until a key is typed, or stands there as a prompt did that
//!   waited before; the line is sent off by the line feed
//!   that leaves it, in a recording with keys only when Enter was typed. So `>>> ` of Python and
//!   `> ` of a here-document are prompts, `Password: ` is none.
//!
//! The command is what stands behind the prompt, over all rows down to the cursor. One that was
//! given up with Ctrl-C is none. Nothing on the alternate screen is.

use std::collections::VecDeque;

use avt::parser::{Function, Osc, ShellIntegration};
use avt::{Line, Observation, Observer, Operation, ScreenKind, Terminal};

use super::growth::Growth;
use super::moment::{Detail, Draft, MAX_TEXT_CHARS, MomentKind};
use super::rows;

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
    found: Vec<Draft>,
}

#[derive(Debug)]
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
}

impl Commands {
    /// Keys were typed.
    pub(super) fn typed(&mut self, keys: &str, now_us: i64) {
        self.has_keys = true;
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
    }

    /// The output switched bracketed paste.
    pub(super) fn paste_mode(&mut self, on: bool, terminal: &Terminal) {
        let primary = terminal.active_screen_kind() == ScreenKind::Primary;
        if on && primary {
            (self.editing, self.prompt) = (true, None);
            self.interrupted = false;
        } else if !on {
            if primary && self.editing {
                self.sent_off(terminal);
            }
            self.editing = false;
        }
    }

    /// All of the output arrived: is there a prompt now?
    pub(super) fn output_ended(&mut self, terminal: &Terminal, out: &mut Vec<Draft>) {
        out.append(&mut self.found);
        if terminal.active_screen_kind() == ScreenKind::Alternate {
            self.prompt = None;
            return;
        }
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let cursor = terminal.cursor();
        if self.prompt.as_ref().is_some_and(|prompt| prompt.waits)
            && (self.editing
                || self.prompt.as_ref().is_some_and(|prompt| prompt.marked)
                || self.stands_at_prompt(&lines, cursor.row))
        {
            return;
        }
        let (before, _) = rows::read_line(&lines, cursor.row, Some(cursor.col));
        let (line, _) = rows::read_line(&lines, cursor.row, None);
        let after = line.get(before.len()..).unwrap_or_default().trim();
        let known = self.known.iter().find(|known| line.starts_with(*known));
        if let Some(text) = known.filter(|_| !self.editing).cloned() {
            // It waited before, and here something was typed at it at once.
            self.show_prompt(text, String::new(), true);
            return;
        }
        let looks = looks_like_prompt(&before);
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
        self.show_prompt(text, after.to_owned(), false);
    }

    fn show_prompt(&mut self, text: String, right: String, waits: bool) {
        self.feeds = 0;
        self.prompt = Some(Prompt {
            text,
            right,
            shown_us: self.now_us,
            waits,
            marked: false,
            typed_us: None,
        });
    }

    fn stands_at_prompt(&self, lines: &[&Line], row: usize) -> bool {
        let (line, _) = rows::read_line(lines, row, None);
        let prompt = self.prompt.as_ref().map(|prompt| prompt.text.trim_end());
        prompt.is_some_and(|prompt| line.len() > prompt.len() && line.starts_with(prompt))
    }

    /// The output is about to leave the cursor's line, and no line editor says what that means.
    fn line_feed(&mut self, terminal: &Terminal) {
        if terminal.active_screen_kind() == ScreenKind::Alternate {
            return;
        }
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let waits = self.prompt.as_ref().is_some_and(|prompt| prompt.waits);
        let shown_us = self
            .prompt
            .as_ref()
            .map_or(i64::MAX, |prompt| prompt.shown_us);
        let entered = !self.has_keys || self.enter_us.is_some_and(|us| us >= shown_us);
        if waits && entered && self.stands_at_prompt(&lines, terminal.cursor().row) {
            self.sent_off(terminal);
        }
        self.prompt = None;
    }

    fn sent_off(&mut self, terminal: &Terminal) {
        let Some(prompt) = self.prompt.take() else {
            return;
        };
        // Ctrl-C shows itself where the cursor stood, in the middle of the line perhaps.
        let interrupted = std::mem::take(&mut self.interrupted) || self.last == ('^', 'C');
        self.typed_ahead = false;
        let lines: Vec<&Line> = terminal.primary_screen().visible_lines().collect();
        let cursor = terminal.cursor();
        let place = (cursor.col, cursor.row);
        let several = self.editing.then_some(self.feeds);
        let Some(text) = command_text(&lines, &prompt, place, several) else {
            return;
        };
        if interrupted || text.ends_with("^C") || text.is_empty() {
            return;
        }
        let enter_us = self.enter_us.filter(|&us| us >= prompt.shown_us);
        let complete_us = enter_us.unwrap_or(self.now_us);
        self.found.push(Draft {
            kind: MomentKind::Command,
            start_us: prompt.typed_us.unwrap_or(complete_us).min(complete_us),
            complete_us,
            text: text.chars().take(MAX_TEXT_CHARS).collect(),
            detail: Detail::default(),
            growth: Growth::default(),
        });
    }
}

/// What stands behind the prompt in the line nearest above the cursor that begins with it. A shell
/// may have cleared the screen or put its prompt elsewhere since, or show it in another form once
/// the line is sent off: then anything that looks like a prompt will do. `several` is how many lines
/// above the cursor's may belong to the command, where a line editor knows of more than one.
fn command_text(
    lines: &[&Line],
    prompt: &Prompt,
    (column, row): (usize, usize),
    several: Option<usize>,
) -> Option<String> {
    // Line editors leave the cursor at the beginning of the row below.
    let below = several.is_some() && column == 0 && row > 0;
    let last = if below { row - 1 } else { row };
    let known = prompt.text.trim_end();
    let mut above = last;
    let mut other_form = None;
    for _ in 0..=several.unwrap_or(0) {
        let (line, start) = rows::read_line(lines, above.min(lines.len() - 1), None);
        if let Some(command) = line.strip_prefix(known).filter(|_| !known.is_empty()) {
            return Some(with_rows_below(lines, command, &prompt.right, above, last));
        }
        if other_form.is_none()
            && let Some(shape) = prompt_at_start(&line)
        {
            let command = &line[shape.len()..];
            other_form = Some(with_rows_below(lines, command, &prompt.right, above, last));
        }
        if start == 0 {
            break;
        }
        above = start - 1;
    }
    other_form
}

/// The command with the rows that follow its first line down to row `last`.
fn with_rows_below(
    lines: &[&Line],
    command: &str,
    right: &str,
    first: usize,
    last: usize,
) -> String {
    let command = command.trim();
    let mut text = match command.strip_suffix(right) {
        Some(rest) if !right.is_empty() => rest.trim_end().to_owned(),
        _ => command.to_owned(),
    };
    let mut row = first;
    loop {
        row += lines[row..]
            .iter()
            .position(|line| !line.is_wrapped())
            .map_or(1, |n| n + 1);
        if row > last || row >= lines.len() || text.len() > 4 * MAX_TEXT_CHARS {
            return text.trim_end().to_owned();
        }
        let (line, _) = rows::read_line(lines, row, None);
        text.push('\n');
        text.push_str(&line);
    }
}

/// Whether a program that wrote this, and waits now, waits for a command.
fn looks_like_prompt(line: &str) -> bool {
    let Some(sign) = line.strip_suffix(' ') else {
        return false;
    };
    let mut chars = sign.chars().rev();
    match chars.next() {
        Some('$' | '#' | '>' | '❯' | '»' | '➜' | 'λ') => true,
        // `100% ` is a share, not a prompt.
        Some('%') => chars.next().is_none_or(|before| !before.is_ascii_digit()),
        _ => false,
    }
}

/// The first part of the line that looks like a prompt.
fn prompt_at_start(line: &str) -> Option<&str> {
    let blanks = line.match_indices(' ').map(|(at, _)| &line[..=at]);
    blanks.into_iter().find(|start| looks_like_prompt(start))
}

impl Observer for Commands {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        let Operation::Function(function) = operation else {
            return;
        };
        match function {
            Function::Print(char) => self.last = (self.last.1, *char),
            Function::Lf | Function::Nel if self.editing => self.feeds += 1,
            Function::Lf | Function::Nel if self.prompt.is_some() => {
                self.line_feed(context.terminal());
            }
            Function::Osc(Osc::ShellIntegration(mark))
                if context.terminal().active_screen_kind() == ScreenKind::Primary =>
            {
                match mark {
                    ShellIntegration::CommandStart => {
                        let screen = context.terminal().primary_screen();
                        let lines: Vec<&Line> = screen.visible_lines().collect();
                        let cursor = context.terminal().cursor();
                        let (text, _) = rows::read_line(&lines, cursor.row, Some(cursor.col));
                        self.show_prompt(text, String::new(), true);
                        if let Some(prompt) = &mut self.prompt {
                            prompt.marked = true;
                        }
                    }
                    ShellIntegration::CommandExecuted => self.sent_off(context.terminal()),
                    ShellIntegration::PromptStart | ShellIntegration::CommandFinished { .. } => {}
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, _: &mut Observation<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_known_by_its_looks() {
        let cases = [
            ("ops@bastion-1:~$ ", true),
            ("# ", true),
            (">>> ", true),
            ("host% ", true),
            (" ~//zellij-leap 19s ❯ ", true),
            ("100% ", false),
            ("[sudo] password for ops: ", false),
            ("$", false),
            ("", false),
        ];
        for (line, want) in cases {
            assert_eq!(looks_like_prompt(line), want, "{line:?}");
        }
        assert_eq!(prompt_at_start("ops@h:~$ echo a > b"), Some("ops@h:~$ "));
    }
}
