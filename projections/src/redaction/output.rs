//! Which of a program's output has secrets in it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::printed::{Printed, Printing};
use super::rules::KeyBlock;
use super::screen::ScreenSecrets;
use crate::terminal::TerminalReplay;

/// Longer lines are looked through in pieces.
const LINE_BYTES: usize = 16 << 10;

/// Looks through the output of one stream: as it was written, and as the screen shows it.
#[derive(Debug, Default)]
pub(super) struct OutputScan {
    printing: Printing,
    line: String,
    /// The version of the event that began the line.
    line_from: u64,
    block: KeyBlock,
    rows: Vec<u64>,
}

/// What of the output is to be hidden: events from a version on, up to the one that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HiddenOutput {
    pub(super) from_version: u64,
    /// It is a part of a private key.
    pub(super) is_private_key: bool,
}

impl OutputScan {
    /// Takes what event `version` wrote. `replay` shows it already.
    pub(super) fn written(
        &mut self,
        version: u64,
        text: &str,
        replay: &TerminalReplay,
        secrets: &ScreenSecrets,
    ) -> Option<HiddenOutput> {
        let mut found = self.lines(version, text, secrets);
        if self.changed_rows_have_secrets(replay, secrets) {
            found.get_or_insert(HiddenOutput {
                from_version: version,
                is_private_key: false,
            });
        }
        found
    }

    fn lines(&mut self, version: u64, text: &str, secrets: &ScreenSecrets) -> Option<HiddenOutput> {
        let mut found: Option<HiddenOutput> = None;
        for char in text.chars() {
            match self.printing.next(char) {
                Some(Printed::Char(char)) => {
                    if self.line.is_empty() {
                        self.line_from = version;
                    }
                    self.line.push(char);
                    if self.line.len() < LINE_BYTES {
                        continue;
                    }
                }
                Some(Printed::LineFeed | Printed::Moved) => {}
                Some(Printed::Alternate(_) | Printed::Editing) | None => continue,
            }
            if self.line.is_empty() {
                continue;
            }
            let in_key = secrets.rules.hides_private_keys() && self.block.hides(&self.line);
            if in_key || !secrets.of_line(&self.line).is_empty() {
                let before = found.map_or(self.line_from, |found| found.from_version);
                found = Some(HiddenOutput {
                    from_version: before.min(self.line_from),
                    is_private_key: in_key || found.is_some_and(|found| found.is_private_key),
                });
            }
            self.line.clear();
        }
        found
    }

    fn changed_rows_have_secrets(
        &mut self,
        replay: &TerminalReplay,
        secrets: &ScreenSecrets,
    ) -> bool {
        let lines: Vec<&avt::Line> = replay.terminal().screen().visible_lines().collect();
        self.rows.resize(lines.len(), 0);
        let (mut text, mut changed, mut found) = (String::new(), false, false);
        for (line, before) in lines.iter().zip(&mut self.rows) {
            let mut hasher = DefaultHasher::new();
            for cell in line.cells() {
                cell.char().hash(&mut hasher);
            }
            let hash = hasher.finish();
            changed |= *before != hash;
            *before = hash;
            text.extend(
                line.cells()
                    .iter()
                    .filter(|cell| cell.width() > 0)
                    .map(avt::Cell::char),
            );
            if !line.is_wrapped() {
                found = found || changed && !secrets.of_line(text.trim_end()).is_empty();
                text.clear();
                changed = false;
            }
        }
        found
    }
}
