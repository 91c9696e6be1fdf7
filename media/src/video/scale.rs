//! Pictures of one size and format, from pictures of any.

use ffmpeg::format::Pixel;
use ffmpeg::software::scaling::{self, Flags};
use ffmpeg::{color, frame};
use ffmpeg_next as ffmpeg;

use super::decode::MAX_SIDE;
use super::job::{EncoderSettings, Size};
use super::picture::{Picture, Rect};
use super::worker::Fault;

/// The even size in which pictures of this size are encoded: no larger than the settings allow.
pub(super) fn bounded(size: Size, settings: &EncoderSettings) -> Size {
    let limit = |value: u32| {
        if value == 0 {
            MAX_SIDE
        } else {
            value.clamp(16, MAX_SIDE)
        }
    };
    let (width, height) = (limit(settings.max_width), limit(settings.max_height));
    if size.width <= width && size.height <= height {
        return Size {
            width: size.width.next_multiple_of(2),
            height: size.height.next_multiple_of(2),
        };
    }
    fit(
        size,
        Size {
            width: width & !1,
            height: height & !1,
        },
    )
}

/// The largest even size of the same aspect that fits into an even size.
pub(super) fn fit(size: Size, into: Size) -> Size {
    let (width, height) = (u64::from(size.width), u64::from(size.height));
    let (into_width, into_height) = (u64::from(into.width), u64::from(into.height));
    let even = |value: u64, most: u32| (value.next_multiple_of(2).max(2) as u32).min(most);
    if width * into_height >= height * into_width {
        Size {
            width: into.width,
            height: even((height * into_width / width.max(1)) & !1, into.height),
        }
    } else {
        Size {
            width: even((width * into_height / height.max(1)) & !1, into.width),
            height: into.height,
        }
    }
}

/// A frame with room for its pixels.
pub(super) fn frame(format: Pixel, size: Size) -> Result<frame::Video, Fault> {
    let frame = frame::Video::new(format, size.width, size.height);
    if frame.planes() == 0 {
        let errno = ffmpeg::error::ENOMEM;
        return Err(Fault::ffmpeg(
            "making a frame",
            ffmpeg::Error::Other { errno },
        ));
    }
    Ok(frame)
}

/// Scales and converts between two formats and sizes.
pub(super) struct Scaler(scaling::Context);

impl Scaler {
    /// From frames like `source` to frames like `target`.
    pub(super) fn new(source: &frame::Video, target: &frame::Video) -> Result<Self, Fault> {
        let flags = if source.width() > target.width() {
            Flags::AREA
        } else {
            Flags::BICUBIC
        };
        Self::with(source, target, flags)
    }

    pub(super) fn with(
        source: &frame::Video,
        target: &frame::Video,
        flags: Flags,
    ) -> Result<Self, Fault> {
        let context = scaling::Context::get(
            source.format(),
            source.width(),
            source.height(),
            target.format(),
            target.width(),
            target.height(),
            flags,
        );
        context
            .map(Self)
            .map_err(|e| Fault::ffmpeg("scaling a picture", e))
    }

    /// Whether it takes frames like this one.
    pub(super) fn takes(&self, source: &frame::Video) -> bool {
        let input = self.0.input();
        input.format == source.format()
            && input.width == source.width()
            && input.height == source.height()
    }

    pub(super) fn run(
        &mut self,
        source: &frame::Video,
        target: &mut frame::Video,
    ) -> Result<(), Fault> {
        self.0
            .run(source, target)
            .map_err(|e| Fault::ffmpeg("scaling a picture", e))
    }
}

/// Copies a part of a picture into an RGBA frame of the same size.
pub(super) fn copy_rgba(picture: &Picture<'_>, part: Rect, frame: &mut frame::Video) {
    let stride = frame.stride(0);
    let swap = picture.order == super::picture::PixelOrder::Bgra;
    for y in part.y..part.y + part.height {
        let from = y as usize * stride + part.x as usize * 4;
        let row = picture.row(y, part.x, part.width);
        let Some(target) = frame.data_mut(0).get_mut(from..from + row.len()) else {
            return;
        };
        target.copy_from_slice(row);
        if swap {
            for pixel in target.as_chunks_mut::<4>().0 {
                pixel.swap(0, 2);
            }
        }
    }
}

/// Pictures of any size in the middle of a canvas, on black.
pub(super) struct Canvas {
    size: Size,
    canvas: frame::Video,
    scaled: Option<(Scaler, frame::Video)>,
    /// Of what the canvas has been cleared for.
    placed: Option<Size>,
}

impl Canvas {
    /// An empty canvas of this even size.
    pub(super) fn new(size: Size) -> Result<Self, Fault> {
        Ok(Self {
            size,
            canvas: frame(Pixel::YUV420P, size)?,
            scaled: None,
            placed: None,
        })
    }

    /// The picture on the canvas, made to fit. A picture that is as it should be is itself the result.
    pub(super) fn place(&mut self, picture: &mut frame::Video) -> Result<frame::Video, Fault> {
        let own = Size {
            width: picture.width(),
            height: picture.height(),
        };
        if own == self.size && picture.format() == Pixel::YUV420P {
            return Ok(std::mem::replace(picture, frame::Video::empty()));
        }
        // A side that is odd by one pixel is no reason to resample the other.
        let rounded = Size {
            width: own.width.next_multiple_of(2),
            height: own.height.next_multiple_of(2),
        };
        let fitted = if rounded == self.size {
            rounded
        } else {
            fit(own, self.size)
        };
        let mut small = match self.scaled.take() {
            Some((scaler, small))
                if scaler.takes(picture)
                    && small.width() == fitted.width
                    && small.height() == fitted.height =>
            {
                (scaler, small)
            }
            _ => {
                let small = frame(Pixel::YUV420P, fitted)?;
                (Scaler::new(picture, &small)?, small)
            }
        };
        small.0.run(picture, &mut small.1)?;
        let placed = self.paste(&small.1, fitted)?;
        self.scaled = Some(small);
        Ok(placed)
    }

    fn paste(&mut self, small: &frame::Video, fitted: Size) -> Result<frame::Video, Fault> {
        if self.placed != Some(fitted) {
            self.canvas.data_mut(0).fill(16);
            self.canvas.data_mut(1).fill(128);
            self.canvas.data_mut(2).fill(128);
            self.canvas.set_color_range(color::Range::MPEG);
            self.placed = Some(fitted);
        }
        let left = ((self.size.width - fitted.width) / 2) & !1;
        let top = ((self.size.height - fitted.height) / 2) & !1;
        for plane in 0..3 {
            let shift = u32::from(plane > 0);
            let (left, top) = ((left >> shift) as usize, (top >> shift) as usize);
            let (width, height) = (fitted.width >> shift, fitted.height >> shift);
            let (from_stride, to_stride) = (small.stride(plane), self.canvas.stride(plane));
            let rows = small.data(plane).chunks(from_stride).take(height as usize);
            let to = self.canvas.data_mut(plane).chunks_mut(to_stride).skip(top);
            for (from, to) in rows.zip(to) {
                let width = width as usize;
                if let (Some(from), Some(to)) = (from.get(..width), to.get_mut(left..left + width))
                {
                    to.copy_from_slice(from);
                }
            }
        }
        Ok(self.canvas.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    #[test]
    fn sizes_are_even_and_keep_the_aspect() {
        let cases = [
            ((1024, 768), (0, 0), (1024, 768)),
            ((1023, 767), (0, 0), (1024, 768)),
            ((1920, 1080), (1280, 0), (1280, 720)),
            ((1920, 1080), (0, 720), (1280, 720)),
            ((1080, 1920), (1280, 720), (404, 720)),
            ((16_000, 2), (160, 160), (160, 2)),
            ((1, 1), (0, 0), (2, 2)),
        ];
        for (own, most, want) in cases {
            let settings = EncoderSettings {
                max_width: most.0,
                max_height: most.1,
                ..EncoderSettings::default()
            };
            let got = bounded(size(own.0, own.1), &settings);
            assert_eq!(got, size(want.0, want.1), "{own:?} within {most:?}");
        }
    }

    #[test]
    fn a_smaller_picture_stands_in_the_middle_on_black() {
        let mut canvas = Canvas::new(size(64, 32)).unwrap();
        let mut picture = frame(Pixel::YUV420P, size(16, 16)).unwrap();
        picture.data_mut(0).fill(200);
        picture.data_mut(1).fill(128);
        picture.data_mut(2).fill(128);
        let placed = canvas.place(&mut picture).unwrap();
        let row: Vec<_> = placed.data(0)[..64].iter().map(|y| *y > 100).collect();
        let want: Vec<_> = (0..64).map(|x| (16..48).contains(&x)).collect();
        assert_eq!(row, want);
    }
}
