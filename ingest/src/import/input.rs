//! One file of a recording, being read: decompressed, within limits, from its first byte to its last.
//!
//! A parser looks at some bytes ([`Input::peek`]) and steps over those it has understood
//! ([`Input::skip`]), or takes line after line. How much is asked for may come from the file: memory
//! grows with what is there, not with what was asked for.
//!
//! Compressed data that is cut off or damaged is an error, or, where it is wanted
//! ([`Input::keeping_what_is_good`]), an end of the file, and [`Input::damage`] tells why: recorders are
//! stopped in the middle of a file, and what they wrote before is good. The reader has to say so
//! ([`super::Sink::ended`]).

use std::io::{self, Read};

use super::format::FormatError;
use crate::Limits;
use crate::container::{Compression, ContainerError, Content};

const BLOCK: usize = 64 << 10;

/// What is known of a file once it is read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentFacts {
    /// Its size in bytes, decompressed.
    pub bytes: u64,
    /// The SHA-256 of these bytes.
    pub sha256: [u8; 32],
}

/// One file of a recording, being read.
pub struct Input {
    /// Its name in messages, where a recording has several files.
    name: Option<String>,
    content: Content<Box<dyn Read + Send>>,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    position: u64,
    line: u64,
    keep_good: bool,
    damage: Option<ContainerError>,
}

impl Input {
    /// Looks at the first bytes of `file`, and prepares to decompress it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(file: impl Read + Send + 'static, limits: &Limits) -> Result<Self, ContainerError> {
        let file: Box<dyn Read + Send> = Box::new(file);
        Ok(Self {
            name: None,
            content: Content::open(file, limits)?,
            buffer: Vec::new(),
            start: 0,
            at_end: false,
            position: 0,
            line: 0,
            keep_good: false,
            damage: None,
        })
    }

    /// The same file, named in messages.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// The same file, ending where its compressed data is cut off or damaged.
    #[must_use]
    pub fn keeping_what_is_good(mut self) -> Self {
        self.keep_good = true;
        self
    }

    /// Why the file ended before its end.
    pub fn damage(&self) -> Option<&ContainerError> {
        self.damage.as_ref()
    }

    /// How the file is compressed.
    pub fn compression(&self) -> Compression {
        self.content.compression()
    }

    /// How many bytes were stepped over.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Counts bytes and lines from here.
    pub(super) fn begin_here(&mut self) {
        (self.position, self.line) = (0, 0);
    }

    /// The number of the line that was taken last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn read_block(&mut self) -> Result<(), FormatError> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let filled = self.buffer.len();
        self.buffer.resize(filled + BLOCK.max(filled), 0);
        let read = self.content.read(&mut self.buffer[filled..]);
        let count = match read {
            Err(damage @ ContainerError::Damaged { .. }) if self.keep_good => {
                self.damage = Some(damage);
                Ok(0)
            }
            read => read,
        };
        self.buffer
            .truncate(filled + count.as_ref().map_or(0, |count| *count));
        self.at_end = count.map_err(|source| self.container(source))? == 0;
        Ok(())
    }

    /// The next `count` bytes, or fewer where the file ends before.
    ///
    /// # Errors
    /// When the file cannot be read, or goes over a limit.
    pub fn peek(&mut self, count: usize) -> Result<&[u8], FormatError> {
        while !self.at_end && self.buffer.len() - self.start < count {
            self.read_block()?;
        }
        let end = self.buffer.len().min(self.start.saturating_add(count));
        Ok(&self.buffer[self.start..end])
    }

    /// Steps over `count` bytes that were looked at.
    pub fn skip(&mut self, count: usize) {
        let count = count.min(self.buffer.len() - self.start);
        self.start += count;
        self.position += count as u64;
    }

    /// Puts the next line into `line`, without its line end (LF or CR LF). Answers whether there
    /// was one. Whether it had a line end, [`Self::line_ended`] says.
    ///
    /// # Errors
    /// As for [`Self::peek`], and when the line has more than `max_bytes`.
    pub fn read_line(&mut self, line: &mut Vec<u8>, max_bytes: usize) -> Result<bool, FormatError> {
        line.clear();
        let mut looked_at = 0;
        let length = loop {
            let rest = &self.buffer[self.start..];
            if let Some(at) = memchr::memchr(b'\n', &rest[looked_at..]) {
                break looked_at + at;
            }
            looked_at = rest.len();
            if looked_at > max_bytes || self.at_end {
                break looked_at;
            }
            self.read_block()?;
        };
        if length > max_bytes {
            self.line += 1;
            return Err(self.at_line(format!("longer than {max_bytes} bytes")));
        }
        let end = (length + 1).min(self.buffer.len() - self.start);
        if end == 0 {
            return Ok(false);
        }
        let bytes = &self.buffer[self.start..self.start + length];
        line.extend_from_slice(bytes.strip_suffix(b"\r").unwrap_or(bytes));
        self.skip(end);
        self.line += 1;
        Ok(true)
    }

    /// Reads what is left, so that all of the file is in its digest.
    ///
    /// # Errors
    /// As for [`Self::peek`].
    pub fn read_to_end(&mut self) -> Result<(), FormatError> {
        while !self.at_end {
            let left = self.buffer.len() - self.start;
            self.skip(left);
            self.read_block()?;
        }
        Ok(())
    }

    /// What is known of all that was read of the file.
    pub fn facts(&self) -> ContentFacts {
        ContentFacts {
            bytes: self.content.bytes(),
            sha256: self.content.sha256(),
        }
    }

    /// What is wrong, at the line that was taken last.
    pub fn at_line(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Line {
            file: self.name.clone(),
            line: self.line,
            problem: problem.into(),
        }
    }

    /// What is wrong, at the byte that comes next.
    pub fn at_byte(&self, problem: impl Into<String>) -> FormatError {
        FormatError::Byte {
            file: self.name.clone(),
            byte: self.position,
            problem: problem.into(),
        }
    }

    /// The file ends where something else is expected.
    #[must_use]
    pub fn ends(&mut self, expected: &str) -> FormatError {
        match self.damage.take() {
            Some(damage) => self.container(damage),
            None => self.at_byte(format!("the file ends, expected {expected}")),
        }
    }

    fn container(&self, source: ContainerError) -> FormatError {
        FormatError::Container {
            file: self.name.clone(),
            source,
        }
    }
}

/// The bytes of the file, for what takes any reader.
impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = {
            let next = self.peek(1).map_err(io::Error::other)?;
            if next.is_empty() {
                return Ok(0);
            }
            let rest = &self.buffer[self.start..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        };
        self.skip(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(bytes: &[u8]) -> Input {
        Input::open(io::Cursor::new(bytes.to_vec()), &Limits::default()).unwrap()
    }

    #[test]
    fn lines_come_without_their_ends() {
        let mut input = input(b"one\r\n\nthree");
        let (mut line, mut lines) = (Vec::new(), Vec::new());
        while input.read_line(&mut line, 5).unwrap() {
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        assert_eq!(lines, ["one", "", "three"]);
        assert_eq!((input.line(), input.position()), (3, 11));
    }

    #[test]
    fn a_line_that_is_too_long_is_named() {
        let text = format!("one\n{}", "x".repeat(200_000));
        let mut input = input(text.as_bytes()).named("two.timing");
        let mut line = Vec::new();
        assert!(input.read_line(&mut line, 100).unwrap());
        let error = input.read_line(&mut line, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`two.timing`, line 2: longer than 100 bytes"
        );
    }

    #[test]
    fn asking_for_more_than_there_is_takes_no_memory() {
        let mut input = input(&[7; 100_000]);
        assert_eq!(input.peek(usize::MAX).unwrap().len(), 100_000);
        assert!(input.buffer.capacity() < 1 << 20);
        input.skip(60_000);
        assert_eq!(input.peek(3).unwrap(), [7, 7, 7]);
        input.read_to_end().unwrap();
        assert_eq!(input.facts().bytes, 100_000);
    }

    #[test]
    fn damaged_compression_is_an_end_with_a_reason() {
        let mut packed = zstd::encode_all(&vec![b'x'; 300_000][..], 1).unwrap();
        let mut whole = input(&packed).keeping_what_is_good();
        whole.read_to_end().unwrap();
        assert!(whole.damage().is_none());
        packed.truncate(packed.len() - 3);
        assert!(input(&packed).read_to_end().is_err());
        let mut cut = input(&packed).keeping_what_is_good();
        cut.read_to_end().unwrap();
        assert!(cut.damage().is_some());
        assert!(
            cut.ends("a frame")
                .to_string()
                .starts_with("damaged or cut off zstd")
        );
    }
}
