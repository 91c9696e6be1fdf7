//! Lines of the screen, as they become stable.
//!
//! Follows every row of both screens through the emulator's operations: a row keeps its text and
//! its times when it is scrolled, and what is written to it is looked at when the event is over. A
//! line (the rows it is wrapped over) becomes a moment
//!
//! - when it has stood still for [`STILL_US`]; a line that was repainted with other numbers again
//!   and again (a clock, the table of `top`) only after [`REPAINTED_STILL_US`];
//! - when it scrolls off the top of the primary screen, however short a time it was there: output
//!   of any length is without gaps;
//! - when it is erased on the primary screen by clearing (`cat secret; clear`), unless the screen
//!   was cleared within the second before: a picture redrawn many times a second is no text;
//! - when the session ends while it is to be seen;
//!
//! but not while the visible cursor of the primary screen stands in it and it is only typed at:
//! then when the cursor leaves it, or when after it stood still other text takes its place or a part
//! of it is taken back. A line without a letter or digit is none, and the same text on the same
//! screen is not taken again within 30 s.
//!
//! Time is that of the stream's events, never of a clock: the last line of a session that says
//! nothing more is found when the next event, or the end, arrives. The moment's time is when the
//! line's text was complete, not when that was known.

mod follow;
mod reflow;

use std::collections::VecDeque;
use std::ops::Range;

use avt::{Line, Terminal};

use super::growth::Growth;
use super::moment::{Detail, Draft, MAX_TEXT_CHARS, MomentKind, Stage};
use super::recent::Recent;
use super::rows::{self, Row};
use follow::Effect;

const STILL_US: i64 = 1_000_000;
const REPAINTED_STILL_US: i64 = 5_000_000;
/// A line is being repainted from this many changes of its numbers on…
const REPAINTS: u8 = 3;
/// … that follow each other within this time.
const REPAINT_WITHIN_US: i64 = 10_000_000;
/// A line that is longer becomes several moments. Leaves room for one more row.
const HEAD_BYTES: usize = MAX_TEXT_CHARS * 3 / 4;
const CLEARED_AGAIN_US: i64 = 1_000_000;

/// The lines of one terminal. An [`Observer`] of it: every write and every resize must pass by.
#[derive(Debug)]
pub(super) struct ScreenLines {
    primary: VecDeque<Row>,
    alternate: VecDeque<Row>,
    on_alternate: bool,
    now_us: i64,
    /// What the operation under way does to whole rows.
    effect: Effect,
    /// Rows that an operation under way has scrolled off, until the emulator hands them out.
    leaving: VecDeque<Row>,
    /// The beginning of a line whose other rows are still on the screen.
    head: Option<Head>,
    /// Rows handed out while the terminal is resized: how they were wrapped has changed.
    reflowed: Vec<Row>,
    resized: bool,
    cleared_us: Option<i64>,
    clearing_counts: bool,
    /// Lines that were cleared by the event that is being applied.
    cleared: Vec<Vec<Row>>,
    recent: Recent,
    next_settle_us: i64,
    found: Vec<Draft>,
}

#[derive(Debug, Default)]
struct Head {
    text: String,
    growth: Growth,
    start_us: i64,
    changed_us: i64,
    settled: bool,
    cleared: bool,
}

impl ScreenLines {
    /// The lines of an empty terminal with so many rows.
    pub(super) fn new(rows: usize) -> Self {
        let blank = || std::iter::repeat_n(Row::blank(), rows).collect();
        Self {
            primary: blank(),
            alternate: blank(),
            on_alternate: false,
            now_us: i64::MIN,
            effect: Effect::Write,
            leaving: VecDeque::new(),
            head: None,
            reflowed: Vec::new(),
            resized: false,
            cleared_us: None,
            clearing_counts: false,
            cleared: Vec::new(),
            recent: Recent::default(),
            next_settle_us: i64::MAX,
            found: Vec::new(),
        }
    }

    /// Forgets the screen but not what was shown, for a terminal that begins anew.
    pub(super) fn restart(&mut self, rows: usize) {
        let recent = std::mem::take(&mut self.recent);
        let found = std::mem::take(&mut self.found);
        *self = Self {
            recent,
            found,
            now_us: self.now_us,
            ..Self::new(rows)
        };
    }

    /// Whether the alternate screen is shown.
    pub(super) fn on_alternate(&self) -> bool {
        self.on_alternate
    }

    /// It is `now_us`: makes moments of the lines that have stood still until now. To be called
    /// before the event of that time is applied.
    pub(super) fn settle(&mut self, terminal: &Terminal, now_us: i64, out: &mut Vec<Draft>) {
        self.now_us = now_us;
        if self.next_settle_us <= now_us {
            for alternate in [false, true] {
                for line in self.lines(alternate) {
                    if !self.is_typed_at(terminal, alternate, &line)
                        && self
                            .settles_at(alternate, &line)
                            .is_some_and(|us| us <= now_us)
                    {
                        self.settle_line(alternate, line);
                    }
                }
            }
            self.plan(terminal);
        }
        out.append(&mut self.found);
    }

    /// The event is applied: looks at what it wrote.
    pub(super) fn look(&mut self, terminal: &Terminal, out: &mut Vec<Draft>) {
        self.look_at_dirty(terminal);
        self.look_for_cleared();
        self.plan(terminal);
        out.append(&mut self.found);
    }

    /// The session ends: what is to be seen was seen.
    pub(super) fn end(&mut self, out: &mut Vec<Draft>) {
        for line in self.lines(false) {
            self.settle_line(false, line);
        }
        if self.on_alternate {
            for line in self.lines(true) {
                self.settle_line(true, line);
            }
        }
        self.next_settle_us = i64::MAX;
        out.append(&mut self.found);
    }

    fn rows(&mut self, alternate: bool) -> &mut VecDeque<Row> {
        if alternate {
            &mut self.alternate
        } else {
            &mut self.primary
        }
    }

    fn active(&mut self) -> &mut VecDeque<Row> {
        self.rows(self.on_alternate)
    }

    /// The lines with something in them that no moment was made of yet.
    fn lines(&mut self, alternate: bool) -> Vec<Range<usize>> {
        let rows = self.rows(alternate).make_contiguous();
        let (mut lines, mut start) = (Vec::new(), 0);
        while start < rows.len() {
            let end = rows::line_end(rows, start);
            if rows[start..end].iter().any(|row| !row.settled) {
                lines.push(start..end);
            }
            start = end;
        }
        lines
    }

    /// Whether the line may be about to be gone on with.
    fn is_typed_at(&self, terminal: &Terminal, alternate: bool, line: &Range<usize>) -> bool {
        let cursor = terminal.cursor();
        !alternate && !self.on_alternate && cursor.visible && line.contains(&cursor.row)
    }

    fn settles_at(&mut self, alternate: bool, line: &Range<usize>) -> Option<i64> {
        let rows = self.rows(alternate).range(line.clone());
        let repainted = rows.clone().any(|row| row.repaints >= REPAINTS);
        let still_us = if repainted {
            REPAINTED_STILL_US
        } else {
            STILL_US
        };
        rows.map(|row| row.changed_us)
            .max()
            .map(|us| us.saturating_add(still_us))
    }

    fn plan(&mut self, terminal: &Terminal) {
        self.next_settle_us = i64::MAX;
        for alternate in [false, true] {
            for line in self.lines(alternate) {
                if !self.is_typed_at(terminal, alternate, &line) {
                    let at_us = self.settles_at(alternate, &line).unwrap_or(i64::MAX);
                    self.next_settle_us = self.next_settle_us.min(at_us);
                }
            }
        }
    }

    /// Makes a moment of a line that is on the screen.
    fn settle_line(&mut self, alternate: bool, line: Range<usize>) {
        let first = line.start == 0;
        let rows = &mut self.rows(alternate).make_contiguous()[line];
        let mut text = rows::join(rows);
        let mut growth = rows::join_growth(rows);
        let used = || rows.iter().filter(|row| !row.text.is_empty());
        let mut start_us = used().map(|row| row.start_us).min().unwrap_or_default();
        let complete_us = used().map(|row| row.changed_us).max().unwrap_or_default();
        for row in rows {
            row.settled = true;
        }
        if let Some(head) = self.head.as_mut().filter(|_| first && !alternate) {
            text.insert_str(0, &head.text);
            start_us = start_us.min(head.start_us);
            head.settled = true;
            growth.clear();
        }
        self.emit(alternate, &text, (start_us, complete_us), growth);
    }

    fn emit(&mut self, alternate: bool, text: &str, times: (i64, i64), mut growth: Growth) {
        let (start_us, complete_us) = times;
        let text = text.trim_end();
        if !text.contains(char::is_alphanumeric)
            || !self.recent.is_new(u8::from(alternate), text, complete_us)
        {
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let cut = rest
                .char_indices()
                .nth(MAX_TEXT_CHARS)
                .map_or(rest.len(), |(at, _)| at);
            let (piece, left) = rest.split_at(cut);
            self.found.push(Draft {
                kind: MomentKind::Screen,
                start_us,
                complete_us,
                text: piece.to_owned(),
                revealed: None,
                detail: Detail::default(),
                growth: std::mem::take(&mut growth),
                stage: Stage::Whole,
            });
            rest = left;
        }
    }

    /// Looks at the rows of the shown screen that were written to. What they held until now and
    /// hold no longer becomes a moment if it was to be seen long enough.
    fn look_at_dirty(&mut self, terminal: &Terminal) {
        let (now_us, alternate) = (self.now_us, self.on_alternate);
        if !self.active().iter().any(|row| row.dirty) {
            return;
        }
        let mut shown: Vec<&Line> = terminal.screen().visible_lines().collect();
        let count = self.active().len().min(shown.len());
        shown.truncate(count);
        let mut start = 0;
        while start < count {
            let rows = self.active().make_contiguous();
            let line = start..rows::line_end(rows, start).min(count);
            start = line.end;
            if !rows[line.clone()].iter().any(|row| row.dirty) {
                continue;
            }
            let old = rows[line.clone()].to_vec();
            let mut changed = false;
            for index in line.clone().filter(|&index| old[index - line.start].dirty) {
                let next = shown.get(index + 1).copied();
                changed |= rows[index].look(shown[index], next, now_us);
            }
            if changed {
                self.changed(alternate, line, &old);
            }
        }
    }

    /// The line that held `old` was written to.
    fn changed(&mut self, alternate: bool, line: Range<usize>, old: &[Row]) {
        let now_us = self.now_us;
        let rows = &mut self.rows(alternate).make_contiguous()[line.clone()];
        let (before, after) = (rows::join(old), rows::join(rows));
        if before.is_empty() {
            return;
        }
        if rows::is_edit(&before, &after) {
            let repainted = rows::same_letters(&before, &after);
            if before.starts_with(&after) || !repainted && !after.starts_with(&before) {
                self.replaced(alternate, &before, old);
            }
            let rows = &mut self.rows(alternate).make_contiguous()[line];
            for (row, old) in rows.iter_mut().zip(old) {
                let follows = row.changed_us.saturating_sub(old.changed_us) <= REPAINT_WITHIN_US;
                row.repaints = if repainted && follows {
                    old.repaints
                        .saturating_add(u8::from(row.changed_us != old.changed_us))
                } else {
                    0
                };
            }
            return;
        }
        for row in rows.iter_mut().filter(|row| row.changed_us == now_us) {
            (row.start_us, row.repaints) = (now_us, 0);
        }
        self.replaced(alternate, &before, old);
    }

    /// The rows of a line held `text` until now, or a part of it that was taken back.
    fn replaced(&mut self, alternate: bool, text: &str, old: &[Row]) {
        let complete_us = old
            .iter()
            .map(|row| row.changed_us)
            .max()
            .unwrap_or(self.now_us);
        let stood_still = self.now_us.saturating_sub(complete_us) >= STILL_US;
        if stood_still && old.iter().any(|row| !row.settled) {
            self.emit_rows(alternate, text, old);
        }
    }

    fn emit_rows(&mut self, alternate: bool, text: &str, old: &[Row]) {
        let complete_us = old
            .iter()
            .map(|row| row.changed_us)
            .max()
            .unwrap_or(self.now_us);
        let used = old.iter().filter(|row| !row.text.is_empty());
        let start_us = used.map(|row| row.start_us).min().unwrap_or(complete_us);
        self.emit(
            alternate,
            text,
            (start_us, complete_us),
            rows::join_growth(old),
        );
    }
}

#[cfg(test)]
impl ScreenLines {
    /// Panics when the rows that are followed are not those of the screen.
    pub(super) fn check(&self, terminal: &Terminal) {
        let followed = if self.on_alternate {
            &self.alternate
        } else {
            &self.primary
        };
        let shown: Vec<&Line> = terminal.screen().visible_lines().collect();
        assert_eq!(followed.len(), shown.len());
        assert_eq!(
            self.on_alternate,
            terminal.active_screen_kind() == avt::ScreenKind::Alternate
        );
        for (index, (row, line)) in followed.iter().zip(&shown).enumerate() {
            let mut now = Row::unseen();
            now.look(line, shown.get(index + 1).copied(), 0);
            assert_eq!(
                (&row.text, row.wrapped),
                (&now.text, now.wrapped),
                "row {index}"
            );
        }
        assert!(self.leaving.is_empty() && self.reflowed.is_empty());
    }
}
