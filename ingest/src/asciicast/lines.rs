//! Content cut into lines, without copying them.
//!
//! Reads big blocks. Each whole line of a block is known to be UTF-8 before it is given out, the
//! check running over all lines of the block at once. Promises that no line is longer than
//! [`Limits::max_line_bytes`], and never holds more than one line and one block in memory.

use std::io::Read;
use std::ops::Range;

use super::error::{Problem, ReadError};
use crate::Limits;
use crate::container::Content;

const BLOCK: usize = 256 << 10;

/// The lines of a file, from first to last.
pub(crate) struct Lines<R: Read> {
    content: Content<R>,
    buffer: Vec<u8>,
    /// What is read and not yet given out.
    unread: Range<usize>,
    /// Up to here there are only whole lines of valid UTF-8.
    checked: usize,
    /// After the checked lines comes one that is not UTF-8.
    not_utf8: bool,
    at_end: bool,
    line: u64,
    max_line_bytes: usize,
}

/// Where a line stands in the buffer. The line is [`Lines::bytes`] of it, until the next is asked for.
#[derive(Clone)]
pub(crate) struct Line {
    range: Range<usize>,
    /// The file ends with this line, and not with a line end.
    pub(crate) cut: bool,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(content: Content<R>, limits: &Limits) -> Self {
        Self {
            content,
            buffer: vec![0; BLOCK],
            unread: 0..0,
            checked: 0,
            not_utf8: false,
            at_end: false,
            line: 0,
            max_line_bytes: limits.max_line_bytes,
        }
    }

    /// The number of the line given out last, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    pub(crate) fn content(&self) -> &Content<R> {
        &self.content
    }

    pub(crate) fn bytes(&self, line: &Line) -> &[u8] {
        &self.buffer[line.range.clone()]
    }

    /// The next line, without its line end (LF or CR LF). `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, ReadError> {
        while self.unread.start == self.checked {
            if self.not_utf8 {
                return Err(Problem::NotUtf8.at(self.line + 1));
            }
            if self.at_end {
                return Ok(None);
            }
            self.read_block()?;
        }
        let start = self.unread.start;
        let rest = &self.buffer[start..self.checked];
        let (length, cut) =
            memchr::memchr(b'\n', rest).map_or((rest.len(), true), |at| (at, false));
        self.line += 1;
        self.check_length(length, self.line)?;
        let end = start + length;
        self.unread.start = if cut { end } else { end + 1 };
        let carriage_return = usize::from(self.buffer[start..end].ends_with(b"\r"));
        Ok(Some(Line {
            range: start..end - carriage_return,
            cut,
        }))
    }

    /// Everything that was not given out yet, with `given` (the line given out last) before it, as
    /// one text of at most `limit` bytes.
    pub(crate) fn rest_from(&mut self, given: &Line, limit: usize) -> Result<Vec<u8>, ReadError> {
        let mut all = self.buffer[given.range.start..self.unread.end].to_vec();
        self.unread.start = self.unread.end;
        self.checked = self.unread.end;
        let too_long = Problem::TooLong {
            what: "recording in one piece",
            limit,
        };
        while all.len() <= limit {
            match self.content.read(&mut self.buffer)? {
                0 => {
                    self.at_end = true;
                    return Ok(all);
                }
                count => all.extend_from_slice(&self.buffer[..count]),
            }
        }
        Err(too_long.at(self.line))
    }

    fn check_length(&self, length: usize, line: u64) -> Result<(), ReadError> {
        if length > self.max_line_bytes {
            let problem = Problem::TooLong {
                what: "line",
                limit: self.max_line_bytes,
            };
            return Err(problem.at(line));
        }
        Ok(())
    }

    fn read_block(&mut self) -> Result<(), ReadError> {
        // Only part of one line is left: it moves to the front, to make room for the rest of it.
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        self.checked = 0;
        self.check_length(self.unread.len(), self.line + 1)?;
        if self.buffer.len() - self.unread.end < BLOCK / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let count = self.content.read(&mut self.buffer[self.unread.end..])?;
        let fresh = self.unread.end..self.unread.end + count;
        self.unread.end = fresh.end;
        self.at_end = count == 0;
        let whole = if self.at_end {
            fresh.end
        } else {
            match memchr::memrchr(b'\n', &self.buffer[fresh.clone()]) {
                Some(at) => fresh.start + at + 1,
                None => return Ok(()),
            }
        };
        self.check_utf8(whole);
        Ok(())
    }

    fn check_utf8(&mut self, whole: usize) {
        let lines = &self.buffer[..whole];
        if simdutf8::basic::from_utf8(lines).is_ok() {
            self.checked = whole;
            return;
        }
        // The lines before the bad one are given out first: they may have errors of their own.
        let valid = match std::str::from_utf8(lines) {
            Ok(_) => whole,
            Err(error) => error.valid_up_to(),
        };
        self.checked = memchr::memrchr(b'\n', &lines[..valid]).map_or(0, |at| at + 1);
        self.not_utf8 = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, as a pipe may.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    fn lines_of(text: &[u8], step: usize) -> Result<Vec<String>, String> {
        let limits = Limits {
            max_line_bytes: 600_000,
            ..Limits::default()
        };
        let content = Content::open(Trickle(text, step), &limits).unwrap();
        let mut lines = Lines::new(content, &limits);
        let mut all = Vec::new();
        while let Some(line) = lines.next().map_err(|e| e.to_string())? {
            all.push(String::from_utf8(lines.bytes(&line).to_vec()).unwrap());
            assert_eq!(lines.line(), all.len() as u64);
        }
        Ok(all)
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let long = "é".repeat(290_000);
        let text = format!("one\r\n\ntwo\n{long}\nlast");
        for step in [1 << 20, 70_000, 4_096] {
            let lines = lines_of(text.as_bytes(), step).unwrap();
            assert_eq!(lines, ["one", "", "two", &long, "last"], "{step}");
        }
        for step in [1, 2, 3] {
            assert_eq!(lines_of(b"a\nb\r\n", step).unwrap(), ["a", "b"]);
            assert_eq!(lines_of(b"", step).unwrap(), Vec::<String>::new());
        }
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = "line 3: not valid UTF-8";
        for step in [1, 1 << 20] {
            assert_eq!(
                lines_of(b"one\ntwo\nth\xffree\nfour", step).unwrap_err(),
                error
            );
            assert_eq!(lines_of(b"one\ntwo\nth\xe2\x82", step).unwrap_err(), error);
        }
        let long = [&b"one\n"[..], &[b'x'; 600_001]].concat();
        let error = lines_of(&long, 1 << 20).unwrap_err();
        assert_eq!(
            error,
            "line 2: longer than 600000 bytes, the most that a line may have"
        );
    }
}
