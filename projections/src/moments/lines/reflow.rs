//! Finding the lines again after the terminal was resized.

use std::collections::VecDeque;

use avt::{Line, Screen, Terminal};

use super::ScreenLines;
use crate::moments::rows::{self, Row};

impl ScreenLines {
    /// Both screens have another size: lines were wrapped anew, some have left at the top. Finds
    /// the lines again by what they say.
    pub(super) fn resized_to(&mut self, terminal: &Terminal) {
        let mut old_lines = VecDeque::new();
        let mut head = self.head.take().map(|head| Row {
            text: head.text,
            wrapped: true,
            start_us: head.start_us,
            changed_us: head.changed_us,
            settled: head.settled,
            ..Row::default()
        });
        // The beginning of the first line is gone already, and leaves again before the others.
        let mut all: Vec<Row> = head.iter().cloned().collect();
        let old = self.primary.make_contiguous();
        let mut start = 0;
        while start < old.len() {
            let end = rows::line_end(old, start);
            let line: Vec<Row> = head
                .take()
                .into_iter()
                .chain(old[start..end].to_vec())
                .collect();
            old_lines.push_back(line);
            start = end;
        }
        all.append(&mut self.reflowed);
        let gone = all.len();
        all.extend(unseen_rows(terminal.primary_screen()));
        adopt(&mut all, &mut old_lines, self.now_us);
        let here = all.split_off(gone);
        for row in all {
            self.row_left(&row, false);
        }
        self.primary = here.into();

        let mut alternate: Vec<Row> = if self.on_alternate {
            unseen_rows(terminal.screen()).collect()
        } else {
            std::iter::repeat_n(Row::blank(), terminal.size().1).collect()
        };
        let mut old_lines = self.alternate.drain(..).map(|row| vec![row]).collect();
        adopt(&mut alternate, &mut old_lines, self.now_us);
        self.alternate = alternate.into();
    }
}

/// The rows of a screen, with their text alone.
fn unseen_rows(screen: Screen<'_>) -> impl Iterator<Item = Row> {
    let lines: Vec<&Line> = screen.visible_lines().collect();
    (0..lines.len()).map(move |index| {
        let mut row = Row::unseen();
        row.look(lines[index], lines.get(index + 1).copied(), 0);
        row
    })
}

/// Gives each line of `rows` the times of the first line of `old` that reads alike.
fn adopt(rows: &mut [Row], old: &mut VecDeque<Vec<Row>>, now_us: i64) {
    let mut start = 0;
    while start < rows.len() {
        let end = rows::line_end(rows, start);
        let line = &mut rows[start..end];
        start = end;
        let text = rows::join(line);
        let found = old
            .iter()
            .position(|old| rows::join(old) == text)
            .filter(|_| !text.is_empty());
        let known = found.and_then(|index| old.drain(..=index).next_back());
        let times = known.as_ref().map(|old| {
            let used = || old.iter().filter(|row| !row.text.is_empty());
            let start_us = used().map(|row| row.start_us).min().unwrap_or(now_us);
            let changed_us = used().map(|row| row.changed_us).max().unwrap_or(now_us);
            (start_us, changed_us, old.iter().all(|row| row.settled))
        });
        for row in line {
            // It was typed into other rows.
            row.growth.clear();
            (row.start_us, row.changed_us, row.settled) =
                times.unwrap_or((now_us, now_us, text.is_empty()));
        }
    }
}
