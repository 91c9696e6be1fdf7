//! Recordings of Apache Guacamole: replayed, and encoded as they would have been seen.

use std::io::{self, Read};

use super::PictureEncoder;
use super::inputs::{Content, Inputs};
use crate::guacamole::display;
use crate::guacamole::frames::{Frame, Frames, FramesError};
use crate::guacamole::parser;
use crate::video::decode::is_reasonable;
use crate::video::job::Size;
use crate::video::output::Input;
use crate::video::picture::{Picture, PixelOrder, Rect};
use crate::video::source::Feed;
use crate::video::worker::{Fault, Sink, note};

/// What recorders and this project call such a recording.
pub(super) const MEDIA_TYPE: &str = "application/x-guacamole-recording";

/// Every picture that a millisecond tells from another: the encoder does the thinning.
const RATE: u32 = 1_000;

/// Replays a recording that begins with this input; those of the same type that follow continue it.
pub(super) fn replay<F: Feed>(
    index: u64,
    first: Input,
    inputs: &mut Inputs<'_, F>,
    encoder: &mut PictureEncoder,
    out: &mut impl Sink,
) -> Result<(), Fault> {
    let first_us = first.head.first_us;
    let mut pieces = Pieces {
        inputs,
        last_us: first.head.last_us,
        bytes: first.bytes,
        offset: 0,
        index,
    };
    let limits = (parser::Limits::default(), display::Limits::default());
    let mut frames = Frames::new(&mut pieces, RATE, limits.0, limits.1);
    let mut unusable = None;
    let error = loop {
        match frames.next() {
            Ok(Some(frame)) => match picture(&frame, first_us) {
                Ok(picture) => {
                    encoder.push(&picture, out)?;
                    out.progress(picture.time_us)?;
                }
                Err(problem) => unusable = Some(problem),
            },
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    encoder.hold(first_us.saturating_add(frames.now_ms().saturating_mul(1_000)));
    let is_cut_off = frames.unfinished() > 0;
    drop(frames);
    encoder.hold(pieces.last_us);
    let index = pieces.index;
    if let Some(problem) = unusable {
        note(out, index, problem)?;
    }
    match error {
        Some(FramesError::Unreadable(error)) => Err(Fault::Pipe(error)),
        Some(error @ FramesError::Damaged(_)) => note(out, index, error.to_string()),
        None if is_cut_off => note(out, index, "it is cut off before its end"),
        None => Ok(()),
    }
}

/// The frame as the encoder takes it, or why it does not.
fn picture<'a>(frame: &Frame<'a>, first_us: u64) -> Result<Picture<'a>, String> {
    let seen = frame.picture;
    if !is_reasonable(seen.width, seen.height) {
        return Err(format!(
            "a picture of {} x {} in it",
            seen.width, seen.height
        ));
    }
    let changed = Rect {
        x: u32::try_from(frame.changed.x()).unwrap_or(0),
        y: u32::try_from(frame.changed.y()).unwrap_or(0),
        width: frame.changed.width(),
        height: frame.changed.height(),
    };
    Ok(Picture {
        time_us: first_us.saturating_add(frame.at_ms.saturating_mul(1_000)),
        size: Size {
            width: seen.width,
            height: seen.height,
        },
        order: PixelOrder::Rgba,
        stride: seen.stride,
        pixels: seen.pixels,
        changed: (!frame.resized).then_some(changed),
    })
}

/// The bytes of a recording that comes in pieces.
struct Pieces<'a, 'f, F> {
    inputs: &'a mut Inputs<'f, F>,
    bytes: Vec<u8>,
    offset: usize,
    index: u64,
    last_us: u64,
}

impl<F: Feed> Read for Pieces<'_, '_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.offset == self.bytes.len() {
            let Some((index, input)) = self.inputs.next()? else {
                return Ok(0);
            };
            if Content::of(&input.head.media_type) != Content::Guacamole {
                self.inputs.put_back(index, input);
                return Ok(0);
            }
            self.index = index;
            self.last_us = self.last_us.max(input.head.last_us);
            self.bytes = input.bytes;
            self.offset = 0;
        }
        let rest = &self.bytes[self.offset..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.offset += count;
        Ok(count)
    }
}
