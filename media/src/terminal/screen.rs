//! The emulator, and which of its rows have changed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use avt::Terminal;
use avt::observer::DirtyRows;

use super::Size;

/// How many lines that scrolled off the top are kept: a terminal that grows takes them back.
const SCROLLBACK_LINES: usize = Size::ROWS_MAX as usize;

/// A terminal that notes what has changed. No text makes it panic or grow without end.
pub(crate) struct Screen {
    terminal: Terminal,
    observer: DirtyRows,
    /// For each row whether it may look different than when it was last asked.
    dirty: Vec<bool>,
}

impl Screen {
    pub(crate) fn new(size: Size) -> Self {
        Self {
            terminal: empty(size),
            observer: DirtyRows::new(),
            dirty: vec![true; usize::from(size.rows())],
        }
    }

    pub(crate) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// The program wrote `text`, which may begin or end inside an escape sequence.
    pub(crate) fn write(&mut self, text: &str) {
        self.guarded(|terminal, observer| terminal.feed_with(text, observer));
    }

    pub(crate) fn resize(&mut self, size: Size) {
        let (columns, rows) = (size.columns().into(), size.rows().into());
        self.guarded(|terminal, observer| terminal.resize_with(columns, rows, observer));
        self.dirty = vec![true; self.terminal.size().1];
    }

    /// The rows that may have changed since the last time.
    pub(crate) fn take_dirty(&mut self) -> Vec<usize> {
        let rows = self.dirty.iter().enumerate();
        let dirty = rows
            .filter_map(|(row, &dirty)| dirty.then_some(row))
            .collect();
        self.dirty.fill(false);
        dirty
    }

    /// Lets the emulator work. Should it panic, the terminal is emptied and keeps its size: one
    /// hostile recording must not stop whatever else this process does.
    fn guarded(&mut self, work: impl FnOnce(&mut Terminal, &mut DirtyRows) -> Vec<usize>) {
        let (columns, rows) = self.terminal.size();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            work(&mut self.terminal, &mut self.observer)
        }));
        match outcome {
            Ok(changed) => {
                for row in changed {
                    if let Some(dirty) = self.dirty.get_mut(row) {
                        *dirty = true;
                    }
                }
            }
            Err(_) => {
                tracing::warn!(
                    "the terminal emulator failed on recorded output; its screen is emptied"
                );
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                *self = Self::new(Size::clamped(number(columns), number(rows)));
            }
        }
    }
}

fn empty(size: Size) -> Terminal {
    Terminal::with_scrollback(
        size.columns().into(),
        size.rows().into(),
        Some(SCROLLBACK_LINES),
    )
    .expect("a clamped size is at least 1 by 1")
}
