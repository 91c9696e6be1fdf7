//! The lines of `timing`.

use retrace_core::event::TerminalResized;

use crate::asciicast::decimal;
use crate::terminal::Size;

/// The most bytes of a line: a delay and two numbers, or the name of a signal.
pub(super) const MAX_LINE: usize = 1 << 10;

/// The streams, by their number in a record.
pub(super) const STREAMS: [&str; 5] = ["stdin", "stdout", "stderr", "ttyin", "ttyout"];

/// A line of `timing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// Since the line before.
    pub(super) delay_us: u64,
    pub(super) what: What<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// So many bytes of a stream.
    Bytes {
        stream: usize,
        count: u64,
    },
    Resized(TerminalResized),
    /// The command was stopped by a signal, or goes on.
    Suspended(&'a str),
}

impl<'a> Record<'a> {
    /// Reads a line. `None` when it is none.
    pub(super) fn read(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        let mut words = line.split_ascii_whitespace();
        let (kind, delay) = (words.next()?, words.next()?);
        let (first, second) = (words.next()?, words.next());
        // The seconds have nine digits after the point, or, of some versions, a comma.
        let delay = delay.replace(',', ".");
        let plain = delay.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let delay_us =
            decimal::to_us(delay.as_bytes()).filter(|us| plain && *us <= decimal::MAX_US)?;
        let bytes = |stream| {
            Some(What::Bytes {
                stream,
                count: first.parse().ok()?,
            })
        };
        let what = match kind {
            "0" => bytes(0),
            "1" => bytes(1),
            "2" => bytes(2),
            "3" => bytes(3),
            // sudo 1.8.7 wrote a 6 for what is a 4.
            "4" | "6" => bytes(4),
            "5" => {
                let Size { columns, rows } = Size::new(second?.parse().ok()?, first.parse().ok()?)?;
                Some(What::Resized(TerminalResized { columns, rows }))
            }
            "7" => Some(What::Suspended(first)),
            _ => None,
        };
        Some(Self {
            delay_us,
            what: what?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_record_is_read() {
        let record = |delay_us, what| Some(Record { delay_us, what });
        let bytes = |stream, count| What::Bytes { stream, count };
        let cases = [
            ("4 0.011067584 18", record(11_068, bytes(4, 18))),
            ("6 0.011067584 18", record(11_068, bytes(4, 18))),
            ("3 2,011011243 1", record(2_011_011, bytes(3, 1))),
            ("0 0 0", record(0, bytes(0, 0))),
            (
                "5 2.044683180 38 120",
                record(
                    2_044_683,
                    What::Resized(TerminalResized {
                        columns: 120,
                        rows: 38,
                    }),
                ),
            ),
            ("7 1.0 TSTP", record(1_000_000, What::Suspended("TSTP"))),
            ("5 2.0 0 120", None),
            ("5 2.0 38", None),
            ("8 1.0 5", None),
            ("4 -1.0 5", None),
            ("4 1.0 -5", None),
            ("4 1.0", None),
            ("4 nan 5", None),
            ("", None),
        ];
        for (line, want) in cases {
            assert_eq!(Record::read(line.as_bytes()), want, "{line}");
        }
    }
}
