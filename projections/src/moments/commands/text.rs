//! The command in the rows of the screen.

use avt::Line;

use super::prompt::prompt_at_start;
use super::sending::is_full;
use crate::moments::moment::MAX_TEXT_CHARS;
use crate::moments::rows;

/// Where a command is looked for.
pub(super) struct Place<'a> {
    pub(super) lines: &'a [&'a Line],
    /// Column and row of the cursor.
    pub(super) cursor: (usize, usize),
    /// What stands before the command.
    pub(super) prompt: &'a str,
    /// What stands at the right of its line.
    pub(super) right: &'a str,
    /// How many lines above the cursor's may belong to it, where a line editor knows of more than
    /// one.
    pub(super) several: Option<usize>,
    /// Whether a line editor holds the terminal: it leaves the cursor in the row below.
    pub(super) edited: bool,
}

impl Place<'_> {
    /// What stands behind the prompt in the line nearest above the cursor that begins with it. A
    /// shell may have cleared the screen or put its prompt elsewhere since, or show it in another
    /// form once the line is sent off: then anything that looks like a prompt will do. Answers the
    /// prompt and the command.
    pub(super) fn command(&self) -> Option<(String, String)> {
        let lines = self.lines;
        let (column, row) = self.cursor;
        let below = self.edited && column == 0 && row > 0;
        let last = if below { row - 1 } else { row };
        let known = self.prompt.trim_end();
        let mut above = last;
        let mut other_form = None;
        for _ in 0..=self.several.unwrap_or(0) {
            let (line, start) = rows::read_line(lines, above.min(lines.len() - 1), None);
            let behind = line
                .strip_prefix(self.prompt)
                .or_else(|| line.strip_prefix(known));
            if let Some(command) = behind.filter(|_| !known.is_empty()) {
                let command = self.with_rows_below(command, above, last);
                return Some((self.prompt.to_owned(), command));
            }
            if other_form.is_none()
                && let Some(shape) = prompt_at_start(&line)
            {
                let command = &line[shape.len()..];
                let command = self.with_rows_below(command, above, last);
                other_form = Some((shape.to_owned(), command));
            }
            if start == 0 {
                break;
            }
            above = start - 1;
        }
        other_form
    }

    /// The command with the rows that follow its first line down to row `last`.
    fn with_rows_below(&self, command: &str, first: usize, last: usize) -> String {
        let lines = self.lines;
        let command = command.trim_end();
        let mut text = match command.strip_suffix(self.right) {
            Some(rest) if !self.right.is_empty() => rest.trim_end().to_owned(),
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
            if !is_full(lines[row - 1]) {
                text.push('\n');
            }
            // fish puts what follows below the command, not below the prompt.
            let indent = self.prompt.chars().count();
            let blanks = line.bytes().take_while(|byte| *byte == b' ').count();
            text.push_str(&line[if blanks >= indent { indent } else { 0 }..]);
        }
    }
}
