//! Frames as a GIF (GIF89a), written while they come.
//!
//! Of a frame only the rectangle around what changed is written, in it what did not change as
//! transparent. Text keeps its exact colours: frames whose colours are those of plain text use the
//! palette of the file, others bring a palette of their own, and only a frame of more than 255 colours
//! has them reduced (`quantize.rs`); nothing is dithered. Times are rounded to the hundredths of a second
//! that GIF knows, each to the nearest, so that errors do not add up. The GIF repeats without end.

mod index;
mod quantize;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use gif::{DisposalMethod, Encoder, EncodingError, Repeat};

use super::frames::{Frame, FrameSink};
use super::picture::Rect;
use super::theme::Theme;
use index::{Indexer, TRANSPARENT};

/// The longest that GIF can show one frame, in hundredths of a second.
const DELAY_MAX: u64 = u16::MAX as u64;

/// Why a GIF could not be written.
#[derive(Debug, thiserror::Error)]
pub enum GifError {
    /// What was written to did not take it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The frames are not of one size, or too large for the format.
    #[error("the frame cannot be in a GIF: {0}")]
    Format(#[source] EncodingError),
}

impl From<EncodingError> for GifError {
    fn from(error: EncodingError) -> Self {
        match error {
            EncodingError::Io(error) => Self::Io(error),
            error => Self::Format(error),
        }
    }
}

/// Writes frames as a GIF.
pub struct GifWriter<W: Write> {
    state: State<W>,
    indexer: Indexer,
    /// The last frame, compressed, which is written once it is known until when it is shown.
    waiting: Option<gif::Frame<'static>>,
    /// Up to when frames have been written, in hundredths of a second.
    written_hundredths: u64,
}

enum State<W: Write> {
    New(W),
    Open(Encoder<W>),
    /// Done, or failed.
    Closed(Option<W>),
}

impl<W: Write> GifWriter<W> {
    /// A GIF of frames in these colours, written to `out` piece by piece: a buffer is of use.
    pub fn new(out: W, theme: &Theme) -> Self {
        Self {
            state: State::New(out),
            indexer: Indexer::new(theme),
            waiting: None,
            written_hundredths: 0,
        }
    }

    /// What was written to, when the GIF is whole.
    pub fn into_inner(self) -> Option<W> {
        match self.state {
            State::Closed(out) => out,
            State::New(_) | State::Open(_) => None,
        }
    }

    /// What was written to so far.
    pub fn get_mut(&mut self) -> Option<&mut W> {
        match &mut self.state {
            State::New(out) | State::Closed(Some(out)) => Some(out),
            State::Open(encoder) => Some(encoder.get_mut()),
            State::Closed(None) => None,
        }
    }

    fn open(&mut self, frame: &Frame<'_>) -> Result<(), GifError> {
        let State::New(_) = self.state else {
            return Ok(());
        };
        let State::New(out) = std::mem::replace(&mut self.state, State::Closed(None)) else {
            return Ok(());
        };
        let (width, height) = (
            extent(frame.picture.width())?,
            extent(frame.picture.height())?,
        );
        let mut encoder = Encoder::new(out, width, height, self.indexer.global_palette())?;
        encoder.set_repeat(Repeat::Infinite)?;
        self.state = State::Open(encoder);
        Ok(())
    }

    /// Writes the frame that waits, which is shown until now.
    fn write_waiting(&mut self, until_us: u64) -> Result<(), GifError> {
        let (Some(mut frame), State::Open(encoder)) = (self.waiting.take(), &mut self.state) else {
            return Ok(());
        };
        let until = until_us.saturating_add(5_000) / 10_000;
        let mut delay = until.saturating_sub(self.written_hundredths);
        self.written_hundredths = until.max(self.written_hundredths);
        let mut take_delay = || {
            let taken = delay.min(DELAY_MAX);
            delay -= taken;
            u16::try_from(taken).unwrap_or(u16::MAX)
        };
        frame.delay = take_delay();
        encoder.write_lzw_pre_encoded_frame(&frame)?;
        loop {
            let delay = take_delay();
            if delay == 0 {
                return Ok(());
            }
            // What is shown longer than GIF can say is followed by a frame that changes nothing.
            encoder.write_frame(&gif::Frame {
                delay,
                dispose: DisposalMethod::Keep,
                transparent: Some(TRANSPARENT),
                width: 1,
                height: 1,
                buffer: vec![TRANSPARENT].into(),
                ..gif::Frame::default()
            })?;
        }
    }
}

impl<W: Write> FrameSink for GifWriter<W> {
    type Error = GifError;

    fn frame(&mut self, frame: Frame<'_>) -> Result<(), GifError> {
        self.open(&frame)?;
        self.write_waiting(frame.time_us)?;
        let Some(around) = Rect::around(frame.changed) else {
            return Ok(());
        };
        let indexed = self.indexer.index(frame.picture, around, frame.changed);
        let mut compressed = gif::Frame {
            dispose: DisposalMethod::Keep,
            transparent: indexed.has_transparent.then_some(TRANSPARENT),
            left: extent(around.left)?,
            top: extent(around.top)?,
            width: extent(around.width)?,
            height: extent(around.height)?,
            palette: indexed.palette,
            buffer: indexed.pixels.into(),
            ..gif::Frame::default()
        };
        compressed.make_lzw_pre_encoded();
        self.waiting = Some(compressed);
        Ok(())
    }

    fn end(&mut self, time_us: u64) -> Result<(), GifError> {
        self.write_waiting(time_us)?;
        if let State::Open(encoder) = std::mem::replace(&mut self.state, State::Closed(None)) {
            let mut out = encoder.into_inner()?;
            out.flush()?;
            self.state = State::Closed(Some(out));
        }
        Ok(())
    }
}

fn extent(pixels: u32) -> Result<u16, GifError> {
    u16::try_from(pixels).map_err(|_| {
        let message = format!("{pixels} pixels, expected at most {}", u16::MAX);
        GifError::Io(io::Error::new(io::ErrorKind::InvalidInput, message))
    })
}
