//! One instruction, borrowed from the bytes that the parser holds.

/// An opcode and its arguments, as they stand in the recording.
#[derive(Debug, Clone, Copy)]
pub struct Instruction<'a> {
    /// From the first length to the semicolon.
    text: &'a str,
    /// Where the elements' values stand in `text`; the first is the opcode.
    elements: &'a [(usize, usize)],
    start: u64,
}

impl<'a> Instruction<'a> {
    pub(super) fn new(text: &'a str, elements: &'a [(usize, usize)], start: u64) -> Self {
        Self {
            text,
            elements,
            start,
        }
    }

    /// What is to be done, as `size` or `blob`.
    #[must_use]
    pub fn opcode(&self) -> &'a str {
        self.element(0).unwrap_or_default()
    }

    /// The argument with this number, from 0.
    #[must_use]
    pub fn arg(&self, number: usize) -> Option<&'a str> {
        self.element(number.checked_add(1)?)
    }

    /// How many arguments follow the opcode.
    #[must_use]
    pub fn arg_count(&self) -> usize {
        self.elements.len().saturating_sub(1)
    }

    /// The arguments, in order.
    pub fn args(&self) -> impl Iterator<Item = &'a str> {
        let text = self.text;
        let values = self.elements.iter().skip(1);
        values.map(move |&(from, to)| text.get(from..to).unwrap_or_default())
    }

    /// The argument as a whole number, if it is one.
    #[must_use]
    pub fn int(&self, number: usize) -> Option<i32> {
        self.arg(number)?.parse().ok()
    }

    /// The argument as a time or another large whole number, if it is one.
    #[must_use]
    pub fn long(&self, number: usize) -> Option<i64> {
        self.arg(number)?.parse().ok()
    }

    /// The argument as a finite number, if it is one.
    #[must_use]
    pub fn float(&self, number: usize) -> Option<f32> {
        let value: f32 = self.arg(number)?.parse().ok()?;
        value.is_finite().then_some(value)
    }

    /// Byte offset of the instruction's first byte in the recording.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Byte offset behind the instruction's semicolon: the recording may be cut here.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.text.len() as u64
    }

    /// The instruction as it stands in the recording, semicolon included.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    fn element(&self, number: usize) -> Option<&'a str> {
        let &(from, to) = self.elements.get(number)?;
        self.text.get(from..to)
    }
}
