//! Following the rows through the emulator's operations.
//!
//! The emulator says which rows it wrote to, not which it moved. What moved is known from the
//! operation: so a row keeps its text and times when it is scrolled, inside a region too.

use std::ops::Range;

use avt::parser::{DecMode, EdScope, Function};
use avt::{Line, Observation, Observer, Operation, ScreenKind, Terminal};

use super::{CLEARED_AGAIN_US, HEAD_BYTES, Head, STILL_US, ScreenLines};
use crate::moments::rows::{self, Row};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Changes what stands in the rows it names.
    Write,
    /// A range of more than one row, or any range after a line feed, was scrolled up by one.
    PrintOrFeed {
        feed: bool,
    },
    Up(usize),
    Down(usize),
    /// Whole rows change their place in a way that is sorted out afterwards.
    Other,
}

impl ScreenLines {
    /// A row has left the primary screen at the top, for good.
    pub(super) fn row_left(&mut self, row: &Row, cleared: bool) {
        let head = self.head.get_or_insert_with(|| Head {
            start_us: row.start_us,
            changed_us: row.changed_us,
            settled: true,
            ..Head::default()
        });
        head.growth.append(head.text.len(), &row.growth);
        head.text.push_str(&row.text);
        head.start_us = head.start_us.min(row.start_us);
        head.changed_us = head.changed_us.max(row.changed_us);
        head.settled &= row.settled;
        head.cleared |= cleared;
        if (!row.wrapped || head.text.len() >= HEAD_BYTES)
            && let Some(head) = self.head.take()
            && !head.settled
        {
            let stood_still = self.now_us.saturating_sub(head.changed_us) >= STILL_US;
            if !head.cleared || stood_still || self.clearing_counts {
                let times = (head.start_us, head.changed_us);
                self.emit(false, &head.text, times, head.growth);
            }
        }
    }

    /// A part of the primary screen is about to be erased. What stands there may have been written
    /// by the same event, to be seen by nobody.
    fn erasing(&mut self, terminal: &Terminal, scope: &EdScope) {
        let row = terminal.cursor().row;
        let erased = match scope {
            EdScope::Below => row..usize::MAX,
            EdScope::Above => 0..row + 1,
            // All of the screen is handed out by the emulator.
            EdScope::All => 0..0,
            EdScope::SavedLines => return,
        };
        self.clearing();
        self.look_at_dirty(terminal);
        if self.clearing_counts {
            for line in self.lines(false) {
                if erased.contains(&line.start) {
                    self.cleared
                        .push(self.primary.range(line).cloned().collect());
                }
            }
        }
    }

    /// Makes moments of the lines that were cleared and not written anew at once.
    pub(super) fn look_for_cleared(&mut self) {
        for old in std::mem::take(&mut self.cleared) {
            let text = rows::join(&old);
            let here = self.lines(false).into_iter().any(|line| {
                rows::is_edit(&text, &rows::join(&self.primary.make_contiguous()[line]))
            });
            if !here {
                self.emit_rows(false, &text, &old);
            }
        }
    }

    /// The screen is being cleared, or a part of it.
    fn clearing(&mut self) {
        if self.cleared_us != Some(self.now_us) {
            let since_us = self.cleared_us.map(|us| self.now_us.saturating_sub(us));
            self.clearing_counts = since_us.is_none_or(|us| us >= CLEARED_AGAIN_US);
            self.cleared_us = Some(self.now_us);
        }
    }

    /// What stands in the rows may have changed. In the row above, too, though the emulator does
    /// not say so: whether it is wrapped.
    fn mark(&mut self, range: Range<usize>) {
        let rows = self.active();
        // Once for each character that is written: nearly always of a row that is known to be.
        if range.len() == 1 && rows.get(range.start).is_some_and(|row| row.dirty) {
            if let Some(above) = range.start.checked_sub(1).and_then(|row| rows.get_mut(row)) {
                above.dirty = true;
            }
            return;
        }
        let end = range.end.min(rows.len());
        for row in rows.range_mut(range.start.saturating_sub(1).min(end)..end) {
            row.dirty = true;
        }
    }

    fn scroll_up(&mut self, range: &Range<usize>, count: usize) {
        let evicts = !self.on_alternate && range.start == 0;
        let count = count.min(range.len());
        for _ in 0..count {
            let rows = self.active();
            let Some(row) = rows.remove(range.start) else {
                return;
            };
            rows.insert((range.end - 1).min(rows.len()), Row::blank());
            if evicts {
                self.leaving.push_back(row);
            }
        }
        // Lines that were wrapped across the edges of the range no longer are.
        self.mark(range.start..range.start);
        self.mark(range.end - count..range.end - count);
        self.mark(range.end..range.end);
    }

    fn scroll_down(&mut self, range: &Range<usize>, count: usize) {
        let count = count.min(range.len());
        for _ in 0..count {
            let rows = self.active();
            if rows.remove(range.end - 1).is_none() {
                return;
            }
            rows.insert(range.start.min(rows.len()), Row::blank());
        }
        self.mark(range.start..range.start);
        self.mark(range.end..range.end);
    }
}

impl Observer for ScreenLines {
    type Output = ();

    fn before(&mut self, context: &mut Observation<'_>, operation: &Operation) {
        self.effect = match operation {
            Operation::Function(Function::Print(_) | Function::Rep(_)) => {
                Effect::PrintOrFeed { feed: false }
            }
            Operation::Function(Function::Lf | Function::Nel) => Effect::PrintOrFeed { feed: true },
            Operation::Function(Function::Su(n) | Function::Dl(n)) => Effect::Up(count(*n)),
            Operation::Function(Function::Sd(n) | Function::Il(n)) => Effect::Down(count(*n)),
            Operation::Function(Function::Ri) => Effect::Down(1),
            Operation::Function(Function::Ed(scope)) => {
                if !self.on_alternate {
                    self.erasing(context.terminal(), scope);
                }
                Effect::Write
            }
            Operation::Function(Function::Ris) => {
                // The emulator begins anew and hands nothing out: what is there leaves now.
                self.look_at_dirty(context.terminal());
                self.clearing();
                for row in std::mem::take(&mut self.primary) {
                    self.row_left(&row, true);
                }
                let rows = context.terminal().size().1;
                let (cleared_us, clearing_counts) = (self.cleared_us, self.clearing_counts);
                self.restart(rows);
                (self.cleared_us, self.clearing_counts) = (cleared_us, clearing_counts);
                Effect::Other
            }
            Operation::Function(Function::Decset(modes) | Function::Decrst(modes)) => {
                let switches = |mode: &DecMode| {
                    matches!(
                        mode,
                        DecMode::AltScreenBuffer | DecMode::SaveCursorAltScreenBuffer
                    )
                };
                if modes.as_slice().iter().any(switches) {
                    self.look_at_dirty(context.terminal());
                }
                Effect::Other
            }
            Operation::Resize { .. } => Effect::Other,
            Operation::Function(_) => Effect::Write,
        };
    }

    fn dirty(&mut self, range: Range<usize>) {
        match self.effect {
            Effect::PrintOrFeed { feed } if feed || range.len() > 1 => self.scroll_up(&range, 1),
            Effect::Up(count) => self.scroll_up(&range, count),
            Effect::Down(count) => self.scroll_down(&range, count),
            Effect::Write | Effect::PrintOrFeed { .. } => self.mark(range),
            Effect::Other => {}
        }
    }

    fn after(&mut self, context: &mut Observation<'_>, _: &Operation) {
        if self.effect != Effect::Other {
            return;
        }
        let alternate = context.terminal().active_screen_kind() == ScreenKind::Alternate;
        if alternate != self.on_alternate {
            // It is empty when a program takes it, and out of sight when the program leaves.
            let rows = context.terminal().size().1;
            self.alternate = std::iter::repeat_n(Row::blank(), rows).collect();
        }
        self.on_alternate = alternate;
    }

    fn resized(&mut self, _: usize, _: usize) {
        self.resized = true;
    }

    fn evicted(&mut self, context: &mut Observation<'_>, line: &Line) {
        let next = context.terminal().primary_screen().all_lines().next();
        if self.effect == Effect::Other {
            let mut row = Row::unseen();
            row.look(line, next, self.now_us);
            self.reflowed.push(row);
            return;
        }
        let scrolled = self.leaving.pop_front();
        let cleared = scrolled.is_none() && self.effect == Effect::Write;
        let mut row = scrolled.unwrap_or_else(|| {
            self.primary.push_back(Row::unseen());
            self.primary.pop_front().unwrap_or_else(Row::unseen)
        });
        if row.dirty || row.wrapped != line.is_wrapped() {
            let old = row.text.clone();
            if row.look(line, next, self.now_us) && !rows::is_edit(&old, &row.text) {
                row.start_us = self.now_us;
            }
        }
        self.row_left(&row, cleared);
    }

    fn end(&mut self, context: &mut Observation<'_>) {
        if std::mem::take(&mut self.resized) {
            self.resized_to(context.terminal());
        }
    }
}

fn count(number: u16) -> usize {
    usize::from(number.max(1))
}
