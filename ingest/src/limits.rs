//! How much of a file is believed.

/// Bounds on what one file may ask for. A file over one of them is refused, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that a file may have once it is decompressed.
    pub max_bytes: u64,
    /// The most decompressed bytes for each compressed byte, checked once
    /// [`Limits::RATIO_FREE_BYTES`] have come out.
    pub max_ratio: u64,
    /// The most bytes in one line.
    pub max_line_bytes: usize,
    /// The most bytes in a header.
    pub max_header_bytes: usize,
    /// The most bytes of a format that can only be read as one piece (asciicast v1), because it
    /// stands in memory while it is read.
    pub max_whole_bytes: usize,
}

impl Limits {
    /// Up to here no expansion ratio is too high: an hour of an idle prompt compresses very well.
    pub const RATIO_FREE_BYTES: u64 = 64 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 30,
            max_ratio: 2_000,
            max_line_bytes: 16 << 20,
            max_header_bytes: 32 << 10,
            max_whole_bytes: 256 << 20,
        }
    }
}
