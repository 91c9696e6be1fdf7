//! What the header of a picture says.

use std::io::Cursor;

use image::{ImageFormat, ImageReader};

use crate::import::{ContentFacts, FormatError, Input};

/// The header stands within so many bytes; cameras put a preview before it.
const HEADER_BYTES: usize = 256 << 10;
/// No screen is longer on a side.
const SIDE_MAX: u32 = 16_384;
/// Nor has more pixels than four screens of 8K.
const PIXELS_MAX: u64 = 4 * 7_680 * 4_320;
/// What a file is remembered to end with.
const TAIL_BYTES: usize = 16;

/// A picture, as far as its header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) content: ContentFacts,
    /// What it is, with width and height in pixels, or why it is no picture.
    pub(super) header: Result<Header, String>,
    /// It ends too early.
    pub(super) is_cut: bool,
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) media_type: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The kind of picture that a file begins like.
pub(super) fn kind(beginning: &[u8]) -> Option<ImageFormat> {
    let kind = image::guess_format(beginning).ok()?;
    matches!(
        kind,
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP
    )
    .then_some(kind)
}

/// Reads the header that stands in the first bytes of a file.
fn header(beginning: &[u8]) -> Result<Header, String> {
    let kind = kind(beginning).ok_or_else(|| match beginning {
        [] => "it is empty".to_owned(),
        _ => "neither PNG, JPEG nor WebP: it begins like none of them".to_owned(),
    })?;
    let reader = ImageReader::with_format(Cursor::new(beginning), kind);
    let (width, height) = reader
        .into_dimensions()
        .map_err(|error| format!("its header is damaged: {error}"))?;
    let pixels = u64::from(width) * u64::from(height);
    if width > SIDE_MAX || height > SIDE_MAX || pixels > PIXELS_MAX {
        return Err(format!("it is {width}x{height}, larger than any screen"));
    }
    Ok(Header {
        media_type: kind.to_mime_type(),
        width,
        height,
    })
}

impl Picture {
    /// Reads a file to its end. What it holds may be anything.
    pub(super) fn read(input: &mut Input) -> Result<Self, FormatError> {
        let beginning = input.peek(HEADER_BYTES)?;
        let (header, kind) = (header(beginning), kind(beginning));
        let riff_size = beginning
            .get(4..8)
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u32::from_le_bytes);
        let tail = read_tail(input)?;
        let content = input.facts();
        let is_whole = match kind {
            Some(ImageFormat::Png) => tail.windows(4).any(|four| four == b"IEND"),
            Some(ImageFormat::Jpeg) => tail.windows(2).any(|two| two == [0xFF, 0xD9]),
            Some(ImageFormat::WebP) => content.bytes >= u64::from(riff_size).saturating_add(8),
            _ => true,
        };
        Ok(Self {
            content,
            header,
            is_cut: !is_whole,
        })
    }
}

/// Reads what is left, and answers its last bytes.
fn read_tail(input: &mut Input) -> Result<Vec<u8>, FormatError> {
    let mut tail = Vec::new();
    loop {
        let piece = input.peek(64 << 10)?;
        if piece.is_empty() {
            return Ok(tail);
        }
        tail.extend_from_slice(&piece[piece.len().saturating_sub(TAIL_BYTES)..]);
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
        let count = piece.len();
        input.skip(count);
    }
}
