//! From bytes that come in pieces of any size to instructions.
//!
//! An instruction is a list of elements, `LENGTH.VALUE`, with commas between them and a semicolon
//! behind the last; the length counts Unicode code points (*The Guacamole protocol*, "Design", in
//! the manual).
//!
//! - However the bytes are cut into pieces, the instructions are the same.
//! - Memory is bounded by [`Limits::instruction_bytes`] and the size of the largest piece.
//! - What is not an instruction is an error that names its byte; nothing is skipped to find the
//!   next one. All instructions before it have been given.
//! - No byte is looked at more than a few times, whatever the pieces.

mod instruction;
#[cfg(test)]
mod tests;

pub use instruction::Instruction;

/// A length has at most this many digits; more would be longer than any instruction may be.
const LENGTH_DIGITS: usize = 10;

/// How large what is read may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one instruction, semicolon included.
    pub instruction_bytes: usize,
    /// Code points of one element's value.
    pub element_chars: usize,
    /// Elements of one instruction, opcode included.
    pub elements: usize,
}

/// guacd itself takes no more than 8 KB and 128 elements; recordings of older releases hold whole
/// pictures and sounds in one instruction.
impl Default for Limits {
    fn default() -> Self {
        Self {
            instruction_bytes: 32 << 20,
            element_chars: 32 << 20,
            elements: 1_024,
        }
    }
}

/// The recording is damaged from this byte on, or is none. What came before it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is something else where a length should be.
    #[error("byte {offset}: expected the length of an element, found byte {found:#04x}")]
    Length {
        /// Of the byte.
        offset: u64,
        /// The byte.
        found: u8,
    },
    /// A value does not end where its length says.
    #[error("byte {offset}: expected `,` or `;` behind the value, found byte {found:#04x}")]
    Terminator {
        /// Of the byte.
        offset: u64,
        /// The byte.
        found: u8,
    },
    /// A value is not text.
    #[error("byte {offset}: the instruction is not UTF-8")]
    Utf8 {
        /// Of the first byte that is wrong.
        offset: u64,
    },
    /// An element, an instruction or the number of elements is larger than is taken.
    #[error("byte {offset}: the instruction has more than {limit} {unit}")]
    TooLarge {
        /// Of the instruction.
        offset: u64,
        /// How many may be.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
}

/// Where in an element the next byte stands.
#[derive(Debug, Clone, Copy)]
enum Within {
    /// In the digits of the length.
    Length { value: usize, digits: usize },
    /// In the value, of which this many code points have not begun yet.
    Value { from: usize, chars_left: usize },
}

const LENGTH: Within = Within::Length {
    value: 0,
    digits: 0,
};

/// Takes bytes, gives instructions.
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    bytes: Vec<u8>,
    /// Where the instruction begins in `bytes`; what stands before was given.
    begin: usize,
    /// The next byte to look at.
    at: usize,
    within: Within,
    /// Of the instruction so far, from `begin` on.
    elements: Vec<(usize, usize)>,
    /// Byte offset of `begin` in the recording.
    offset: u64,
    failed: Option<ParseError>,
}

impl Parser {
    /// A parser at the beginning of a recording.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: Vec::new(),
            begin: 0,
            at: 0,
            within: LENGTH,
            elements: Vec::new(),
            offset: 0,
            failed: None,
        }
    }

    /// Takes the next bytes of the recording. Call [`Parser::next`] until it gives none before the
    /// next piece, or memory grows with what was not asked for.
    pub fn push(&mut self, piece: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if self.begin == self.bytes.len() {
            self.bytes.clear();
        } else {
            self.bytes.drain(..self.begin);
        }
        self.at -= self.begin;
        self.begin = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole instruction; none when more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are no instruction, once and for all: it fails the same way from then on.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed")]
    pub fn next(&mut self) -> Result<Option<Instruction<'_>>, ParseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        match self.scan() {
            Ok(None) => Ok(None),
            Ok(Some((from, to))) => match std::str::from_utf8(&self.bytes[from..to]) {
                Ok(text) => {
                    let start = self.offset;
                    self.offset += text.len() as u64;
                    Ok(Some(Instruction::new(text, &self.elements, start)))
                }
                Err(error) => Err(*self.failed.insert(ParseError::Utf8 {
                    offset: self.offset + error.valid_up_to() as u64,
                })),
            },
            Err(error) => Err(*self.failed.insert(error)),
        }
    }

    /// Byte offset behind the last instruction that was given.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of an instruction whose end has not come. When there are no more bytes and this is not
    /// 0, the recording was cut off [there](Parser::offset).
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.bytes.len() - self.begin
    }

    /// Goes on to the end of the instruction: gives where it stands.
    fn scan(&mut self) -> Result<Option<(usize, usize)>, ParseError> {
        if matches!(self.within, Within::Length { digits: 0, .. }) && self.at == self.begin {
            self.elements.clear();
        }
        loop {
            match self.within {
                Within::Length { value, digits } => {
                    if !self.length(value, digits)? {
                        return Ok(None);
                    }
                }
                Within::Value { from, chars_left } => {
                    let Some(end) = self.value(from, chars_left)? else {
                        return Ok(None);
                    };
                    self.check_bytes(end)?;
                    let Some(&terminator) = self.bytes.get(end) else {
                        return Ok(None);
                    };
                    if self.elements.len() == self.limits.elements {
                        return Err(self.too_large(self.limits.elements, "elements"));
                    }
                    self.elements.push((from, end - self.begin));
                    self.at = end + 1;
                    self.within = LENGTH;
                    match terminator {
                        b',' => {}
                        b';' => {
                            let from = std::mem::replace(&mut self.begin, self.at);
                            return Ok(Some((from, self.at)));
                        }
                        found => {
                            let offset = self.offset + (end - self.begin) as u64;
                            return Err(ParseError::Terminator { offset, found });
                        }
                    }
                }
            }
        }
    }

    /// Reads digits up to the dot. Whether it came.
    fn length(&mut self, mut value: usize, mut digits: usize) -> Result<bool, ParseError> {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.check_bytes(self.at)?;
            match byte {
                b'0'..=b'9' if digits < LENGTH_DIGITS => {
                    value = value
                        .saturating_mul(10)
                        .saturating_add((byte - b'0').into());
                    digits += 1;
                    self.at += 1;
                    if value > self.limits.element_chars {
                        return Err(self.too_large(self.limits.element_chars, "characters"));
                    }
                }
                b'.' if digits > 0 => {
                    self.at += 1;
                    self.within = Within::Value {
                        from: self.at - self.begin,
                        chars_left: value,
                    };
                    return Ok(true);
                }
                found => {
                    let offset = self.offset + (self.at - self.begin) as u64;
                    return Err(ParseError::Length { offset, found });
                }
            }
        }
        self.within = Within::Length { value, digits };
        Ok(false)
    }

    /// Looks for the end of the value; remembers how far it came when that is not there yet.
    fn value(&mut self, from: usize, mut chars_left: usize) -> Result<Option<usize>, ParseError> {
        // A code point has at least one byte and begins with one that continues none, so this many
        // bytes are needed in any case, and only those that begin a code point bring the end
        // nearer.
        while chars_left > 0 {
            let end = self.at.saturating_add(chars_left);
            self.check_bytes(end)?;
            let Some(ahead) = self.bytes.get(self.at..end) else {
                self.within = Within::Value { from, chars_left };
                return Ok(None);
            };
            self.at = end;
            chars_left = if ahead.is_ascii() {
                0
            } else {
                ahead.iter().filter(|byte| continues(**byte)).count()
            };
        }
        self.within = Within::Value {
            from,
            chars_left: 0,
        };
        while self.bytes.get(self.at).is_some_and(|byte| continues(*byte)) {
            self.check_bytes(self.at)?;
            self.at += 1;
        }
        Ok(Some(self.at))
    }

    /// Whether the instruction may have a byte there. What is found does not depend on the pieces.
    fn check_bytes(&self, at: usize) -> Result<(), ParseError> {
        if at - self.begin < self.limits.instruction_bytes {
            return Ok(());
        }
        Err(self.too_large(self.limits.instruction_bytes, "bytes"))
    }

    fn too_large(&self, limit: usize, unit: &'static str) -> ParseError {
        ParseError::TooLarge {
            offset: self.offset,
            limit,
            unit,
        }
    }
}

/// Whether the byte is a further one of a code point in UTF-8.
fn continues(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}
