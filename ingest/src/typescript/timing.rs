//! The lines of a timing.

use retrace_core::event::TerminalResized;

use crate::asciicast::decimal;
use crate::terminal::Size;

/// The most bytes that a line is believed to have: a header line holds a path or a command.
pub(super) const MAX_LINE: usize = 128 << 10;

/// A line of a timing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Since the line before.
    pub(super) delay_us: u64,
    pub(super) what: What<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// So many bytes were written.
    Written(u64),
    /// So many bytes were typed.
    Typed(u64),
    Resized(TerminalResized),
    /// Another signal, with what is told of it.
    Signal(&'a str),
    /// A fact about the recording.
    Fact {
        name: &'a str,
        value: &'a str,
    },
}

impl<'a> Record<'a> {
    /// Reads a line of either kind. `None` when it is none.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let (first, rest) = line.split_once(' ')?;
        let (delay, what) = match first {
            "O" | "I" | "S" | "H" => rest.split_once(' ').unwrap_or((rest, "")),
            delay => (delay, rest),
        };
        let count = || {
            let plain = !what.is_empty() && what.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| what.parse::<u64>().ok()).flatten()
        };
        Some(Self {
            delay_us: delay_us(delay)?,
            what: match first {
                "I" => What::Typed(count()?),
                "S" => resized(what).map_or(What::Signal(what), What::Resized),
                "H" => {
                    let (name, value) = what.split_once(' ').unwrap_or((what, ""));
                    What::Fact { name, value }
                }
                _ => What::Written(count()?),
            },
        })
    }
}

/// Seconds with a point, or, of older versions in some languages, with a comma. A clock that was set
/// back makes a delay negative: then no time passed.
fn delay_us(text: &str) -> Option<u64> {
    let text = text.replace(',', ".");
    let (text, back) = match text.strip_prefix('-') {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let us = decimal::to_us(text.as_bytes()).filter(|us| plain && *us <= decimal::MAX_US)?;
    Some(if back { 0 } else { us })
}

/// `SIGWINCH ROWS=36 COLS=120`
fn resized(signal: &str) -> Option<TerminalResized> {
    let mut words = signal.split_ascii_whitespace();
    if words.next() != Some("SIGWINCH") {
        return None;
    }
    let (mut rows, mut columns) = (None, None);
    for word in words {
        match word.split_once('=') {
            Some(("ROWS", value)) => rows = value.parse().ok(),
            Some(("COLS", value)) => columns = value.parse().ok(),
            _ => {}
        }
    }
    let Size { columns, rows } = Size::new(columns?, rows?)?;
    Some(TerminalResized { columns, rows })
}

/// What kind of timing a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Classic,
    Streams,
}

/// The kind of timing that a file is that begins so: its first line is one, and so are twice as many of
/// the others as are not.
pub(super) fn kind_of(beginning: &[u8], is_all: bool) -> Option<Kind> {
    const LINES: usize = 100;
    let mut lines: Vec<&[u8]> = beginning.split(|&b| b == b'\n').take(LINES + 1).collect();
    // The last one may be cut.
    let cut = lines.pop().filter(|last| is_all && !last.is_empty());
    if lines.is_empty() {
        lines.extend(cut);
    }
    let (mut classic, mut streams, mut others) = (0, 0, 0);
    for line in lines {
        match kind_of_line(line.strip_suffix(b"\r").unwrap_or(line)) {
            Some(Kind::Classic) => classic += 1,
            Some(Kind::Streams) => streams += 1,
            None if classic + streams == 0 => return None,
            None => others += 1,
        }
    }
    match (classic, streams) {
        (0, 1..) if others * 2 <= streams => Some(Kind::Streams),
        (1.., 0) if others * 2 <= classic => Some(Kind::Classic),
        _ => None,
    }
}

fn kind_of_line(line: &[u8]) -> Option<Kind> {
    Record::read(line)?;
    if matches!(line[0], b'O' | b'I' | b'S' | b'H') {
        return Some(Kind::Streams);
    }
    // Many tables have two columns of numbers; a delay has a point and six digits.
    let delay = line.split(|&b| b == b' ').next()?;
    let decimals = delay.rsplit(|&b| b == b'.' || b == b',').next()?;
    (decimals.len() == 6 && delay.len() > 7).then_some(Kind::Classic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_either_kind_is_read() {
        let record = |delay_us, what| Some(Record { delay_us, what });
        let cases = [
            ("0.128000 6", record(128_000, What::Written(6))),
            ("0,128000 6", record(128_000, What::Written(6))),
            ("-0.5 6", record(0, What::Written(6))),
            ("O 0.001544 25", record(1_544, What::Written(25))),
            ("I 1.537588 1", record(1_537_588, What::Typed(1))),
            (
                "S 0.918865 SIGWINCH ROWS=36 COLS=120",
                record(
                    918_865,
                    What::Resized(TerminalResized {
                        columns: 120,
                        rows: 36,
                    }),
                ),
            ),
            (
                "S 0.1 SIGWINCH ROWS=0 COLS=120",
                record(100_000, What::Signal("SIGWINCH ROWS=0 COLS=120")),
            ),
            ("S 0.1 SIGTERM", record(100_000, What::Signal("SIGTERM"))),
            (
                "H 0.000000 START_TIME 2026-11-20 22:42:40+00:00",
                record(
                    0,
                    What::Fact {
                        name: "START_TIME",
                        value: "2026-11-20 22:42:40+00:00",
                    },
                ),
            ),
            ("", None),
            ("0.1", None),
            ("0.1 -5", None),
            ("0.1 +5", None),
            ("1e3 5", None),
            ("inf 5", None),
            ("0.1 99999999999999999999", None),
            ("400000000.0 1", None),
            ("O 0.1", None),
            ("4 0.011067584 18", None),
        ];
        for (line, want) in cases {
            assert_eq!(Record::read(line.as_bytes()), want, "{line}");
        }
    }

    #[test]
    fn a_timing_is_told_from_other_files() {
        let cases = [
            ("0.128000 6\n0.015000 25\n2.345", true, Some(Kind::Classic)),
            ("0.128000 6", true, Some(Kind::Classic)),
            ("0.128000 6", false, None),
            (
                "H 0.000000 TERM xterm\nO 0.001544 25\n",
                true,
                Some(Kind::Streams),
            ),
            ("0.128000 6\nO 0.001544 25\n", true, None),
            ("1.5 6\n2.5 7\n", true, None),
            ("0.128000 6\nx\n0.015000 25\n", true, Some(Kind::Classic)),
            ("0.128000 6\nx\n", true, None),
            ("4 0.011067584 18\n", true, None),
            ("hello world\n", true, None),
            ("\n", true, None),
            ("", true, None),
        ];
        for (beginning, is_all, want) in cases {
            assert_eq!(kind_of(beginning.as_bytes(), is_all), want, "{beginning:?}");
        }
    }
}
