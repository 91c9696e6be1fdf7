//! The terminal of the person, if there is one.

use std::os::fd::BorrowedFd;

use rustix::stdio;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// Columns and rows of a terminal when nobody says otherwise.
const DEFAULT_SIZE: Size = Size {
    columns: 80,
    rows: 24,
};

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u16,
    pub(crate) rows: u16,
}

impl Size {
    /// The size of the person's terminal now; the usual one when there is none.
    pub(crate) fn of_person() -> Self {
        [stdio::stdin(), stdio::stdout(), stdio::stderr()]
            .into_iter()
            .find_map(size_of)
            .unwrap_or(DEFAULT_SIZE)
    }
}

fn size_of(fd: BorrowedFd<'_>) -> Option<Size> {
    let size = tcgetwinsize(fd).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size {
        columns: size.ws_col,
        rows: size.ws_row,
    })
}

/// Whether a person types: standard input is a terminal.
pub(crate) fn is_interactive() -> bool {
    isatty(stdio::stdin())
}

/// The person's terminal in raw mode: every key goes to the command, and is echoed by the
/// command's terminal. Dropped, it is as it was before.
#[derive(Debug)]
pub(crate) struct RawMode {
    before: Termios,
}

impl RawMode {
    /// Sets raw mode. `None` when standard input is no terminal.
    pub(crate) fn enter() -> Option<Self> {
        let before = tcgetattr(stdio::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdio::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }

    /// How the terminal was before.
    pub(crate) fn before(&self) -> &Termios {
        &self.before
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // When the terminal is gone there is nothing to put back.
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.before);
    }
}
