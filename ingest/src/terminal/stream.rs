//! One stream of a terminal's bytes, as events.

use retrace_core::event::{EventError, TerminalResized};

use super::{Size, SizeFinder};
use crate::import::{FormatError, Input, Sink};
use crate::utf8::Decoder;

/// How much is one event at most.
const PIECE: u64 = 32 << 10;

/// What was written to a terminal, or typed into it, piece by piece. A character that is cut in two
/// by a piece's end belongs to the second; what is not UTF-8 is U+FFFD.
#[derive(Debug)]
pub(crate) struct Stream {
    kind: Kind,
    decoder: Decoder,
    text: String,
    /// Where the recording does not tell the size.
    finder: Option<SizeFinder>,
    ended_in_return: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Written,
    /// Not by a terminal: a line feed does not come with a carriage return.
    Piped,
    Typed,
    /// Input that no terminal sent.
    Fed,
}

impl Stream {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            decoder: Decoder::default(),
            text: String::new(),
            finder: None,
            ended_in_return: false,
        }
    }

    /// What was written to a terminal.
    pub(crate) fn written() -> Self {
        Self::new(Kind::Written)
    }

    /// What was written to a terminal whose size has to be found.
    pub(crate) fn written_finding_size() -> Self {
        Self {
            finder: Some(SizeFinder::default()),
            ..Self::written()
        }
    }

    /// What was written into a pipe or a file, shown as a terminal would show it: each line feed
    /// begins a new line.
    pub(crate) fn piped() -> Self {
        Self::new(Kind::Piped)
    }

    /// What was typed.
    pub(crate) fn typed() -> Self {
        Self::new(Kind::Typed)
    }

    /// Input that came from a file or another program.
    pub(crate) fn fed() -> Self {
        Self::new(Kind::Fed)
    }

    /// Adds the next piece. `continued` when the next one belongs to the same write.
    pub(crate) fn push(
        &mut self,
        sink: &mut Sink<'_>,
        offset_us: u64,
        bytes: &[u8],
        continued: bool,
    ) -> Result<(), EventError> {
        self.text.clear();
        self.decoder.push(bytes, &mut self.text);
        self.give(sink, offset_us, continued)
    }

    /// Adds up to `count` of the next bytes of `input`: as many as one event takes. Answers how many;
    /// 0 when there are no more.
    pub(crate) fn take(
        &mut self,
        input: &mut Input,
        sink: &mut Sink<'_>,
        offset_us: u64,
        count: u64,
    ) -> Result<u64, FormatError> {
        let wanted = count.min(PIECE) as usize;
        let bytes = input.peek(wanted)?;
        let taken = bytes.len();
        let continued = taken == wanted && count > PIECE;
        self.push(sink, offset_us, bytes, continued)?;
        input.skip(taken);
        Ok(taken as u64)
    }

    /// Nothing follows.
    pub(crate) fn finish(&mut self, sink: &mut Sink<'_>, offset_us: u64) -> Result<(), EventError> {
        self.text.clear();
        self.decoder.finish(&mut self.text);
        self.give(sink, offset_us, false)
    }

    fn give(
        &mut self,
        sink: &mut Sink<'_>,
        offset_us: u64,
        continued: bool,
    ) -> Result<(), EventError> {
        match self.kind {
            Kind::Typed => return sink.typed(offset_us, &self.text),
            Kind::Fed => return sink.piped(offset_us, &self.text),
            Kind::Piped => self.return_at_line_feeds(),
            Kind::Written => {}
        }
        sink.written(offset_us, &self.text, continued)?;
        let finder = self.finder.as_mut();
        match finder.and_then(|finder| finder.watch(&self.text)) {
            Some(Size { columns, rows }) => sink.push(offset_us, TerminalResized { columns, rows }),
            None => Ok(()),
        }
    }

    fn return_at_line_feeds(&mut self) {
        let mut returned = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            if c == '\n' && !self.ended_in_return {
                returned.push('\r');
            }
            self.ended_in_return = c == '\r';
            returned.push(c);
        }
        self.text = returned;
    }

    /// The size that was found, if it had to be.
    pub(crate) fn size(&self) -> Option<Size> {
        self.finder.as_ref().map(SizeFinder::size)
    }
}
