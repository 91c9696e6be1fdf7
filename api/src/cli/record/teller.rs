//! Telling the person at the terminal something while a command has it.
//!
//! What is told never holds up the recorder: a terminal that is stopped (Ctrl-S) takes nothing, and a
//! session must be ended all the same. So a thread of its own writes it, one after the other.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use retrace_ingest::recorder::notice::Tell;
use retrace_ingest::recorder::{PersonScreen, Place};

use super::{say, text_of};
use crate::cli::output;

/// So long what is left to tell is waited for at the end.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);
/// What is longer than so many rows of a full screen is cut.
const ROWS_MAX: usize = 3;

/// The thread that tells.
pub(super) struct Teller {
    texts: Sender<String>,
    ended: Receiver<()>,
}

impl Teller {
    pub(super) fn start(screen: Arc<PersonScreen>) -> io::Result<Self> {
        let (texts, heard) = mpsc::channel::<String>();
        let (tell_ended, ended) = mpsc::channel();
        std::thread::Builder::new()
            .name("tell".to_owned())
            .spawn(move || {
                for text in heard {
                    screen.tell(|place| tell_at(place, &text));
                }
                // Nobody waits any more when the terminal was stopped for long.
                let _ = tell_ended.send(());
            })?;
        Ok(Self { texts, ended })
    }

    /// What recorders tell by.
    pub(super) fn tell(&self) -> Tell {
        let texts = self.texts.clone();
        Arc::new(move |notice| {
            // The thread ends last.
            let _ = texts.send(text_of(notice));
        })
    }

    /// Waits until all is told, if the terminal takes it.
    pub(super) fn finish(self) {
        drop(self.texts);
        let _ = self.ended.recv_timeout(LAST_WORDS_WITHIN);
    }
}

fn tell_at(place: Place, text: &str) {
    if !place.is_full_screen || !io::stderr().is_terminal() {
        return say(text);
    }
    let drawn = over_a_full_screen(text, usize::from(place.columns.max(1)));
    // Nobody is left to tell when standard error is closed.
    let _ = io::stderr().lock().write_all(drawn.as_bytes());
}

/// The text over the first rows of a screen that a program has for itself: what the program knows of
/// the cursor, its place and its colours, stays true (DECSC, DECRC).
fn over_a_full_screen(text: &str, columns: usize) -> String {
    let text: Vec<char> = format!(" retrace: {} ", output::printable(text))
        .chars()
        .collect();
    let mut drawn = String::from("\x1b7");
    for (row, line) in (1..).zip(text.chunks(columns)).take(ROWS_MAX) {
        let line: String = line.iter().collect();
        drawn.push_str(&format!("\x1b[{row};1H\x1b[0;7m{line}\x1b[0m\x1b[K"));
    }
    drawn.push_str("\x1b8\x07");
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_full_screen_no_row_is_scrolled_and_the_cursor_comes_back() {
        let drawn = over_a_full_screen("stop\x1b[2J", 20);
        assert_eq!(
            drawn,
            "\x1b7\x1b[1;1H\x1b[0;7m retrace: stop\\u{1b}\x1b[0m\x1b[K\
             \x1b[2;1H\x1b[0;7m[2J \x1b[0m\x1b[K\x1b8\x07"
        );
        let long = over_a_full_screen(&"x".repeat(10_000), 80);
        assert_eq!(long.matches("\x1b[K").count(), ROWS_MAX);
        assert!(!long.contains('\n'));
    }
}
