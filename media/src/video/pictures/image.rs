//! Pictures from files, and what changed from one to the next.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbaImage};

use crate::video::decode::is_reasonable;
use crate::video::job::Size;
use crate::video::output::Input;
use crate::video::picture::{Picture, PixelOrder, Rect};

/// What decoding one picture may take, in bytes, beside the picture.
const MAX_ALLOCATION: u64 = 256 << 20;

/// Reads pictures, each compared with the one before it.
#[derive(Default)]
pub(super) struct Images {
    latest: Option<RgbaImage>,
}

impl Images {
    /// The picture in an input, or what is wrong with it.
    pub(super) fn read(&mut self, input: &Input) -> Result<Picture<'_>, String> {
        if input.bytes.is_empty() {
            return Err("it is empty".to_owned());
        }
        let image = decode(&input.bytes)?;
        let size = Size {
            width: image.width(),
            height: image.height(),
        };
        let changed = self
            .latest
            .as_ref()
            .and_then(|before| difference(before, &image));
        let image = self.latest.insert(image);
        Ok(Picture {
            time_us: input.head.first_us,
            size,
            order: PixelOrder::Rgba,
            stride: size.width as usize * 4,
            pixels: image.as_raw(),
            changed,
        })
    }
}

fn decode(bytes: &[u8]) -> Result<RgbaImage, String> {
    let mut decoder = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|e| e.to_string())?
        .into_decoder()
        .map_err(|e| format!("it is no picture that is read: {e}"))?;
    // The header alone decides: nothing has been made room for yet.
    let (width, height) = decoder.dimensions();
    if !is_reasonable(width, height) {
        return Err(format!("a picture of {width} x {height}"));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_ALLOCATION);
    decoder
        .set_limits(limits)
        .and_then(|()| DynamicImage::from_decoder(decoder))
        .map(DynamicImage::into_rgba8)
        .map_err(|e| format!("the picture cannot be decoded: {e}"))
}

/// The smallest part outside of which the two are the same. `None`: they differ in size.
fn difference(before: &RgbaImage, after: &RgbaImage) -> Option<Rect> {
    if before.dimensions() != after.dimensions() {
        return None;
    }
    let (width, height) = after.dimensions();
    let stride = width as usize * 4;
    let rows = || {
        let before = before.as_raw().chunks_exact(stride);
        before.zip(after.as_raw().chunks_exact(stride)).enumerate()
    };
    let nothing = Rect {
        x: 0,
        y: 0,
        width: 0,
        height: 0,
    };
    let Some((top, _)) = rows().find(|(_, (a, b))| a != b) else {
        return Some(nothing);
    };
    let bottom = rows()
        .rev()
        .find(|(_, (a, b))| a != b)
        .map_or(height as usize, |(y, _)| y + 1);
    let (mut left, mut right) = (stride, 0);
    for (_, (a, b)) in rows().take(bottom).skip(top) {
        if a[..left] != b[..left] {
            left = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(left);
        }
        if a[right..] != b[right..] {
            let last = a.iter().zip(b).rposition(|(a, b)| a != b);
            right = last.map_or(right, |last| last + 1);
        }
    }
    let (left, right) = (left as u32 / 4, (right as u32).div_ceil(4));
    Some(Rect {
        x: left,
        y: top as u32,
        width: right - left,
        height: (bottom - top) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_the_smallest_part_that_holds_all_changes() {
        let rect = |x, y, width, height| {
            Some(Rect {
                x,
                y,
                width,
                height,
            })
        };
        let cases = [
            (vec![], rect(0, 0, 0, 0)),
            (vec![(3, 2)], rect(3, 2, 1, 1)),
            (vec![(0, 0), (6, 4)], rect(0, 0, 7, 5)),
            (vec![(5, 1), (2, 3)], rect(2, 1, 4, 3)),
            (vec![(2, 1), (5, 3)], rect(2, 1, 4, 3)),
        ];
        for (points, want) in cases {
            let before = RgbaImage::new(7, 5);
            let mut after = before.clone();
            for &(x, y) in &points {
                after.get_pixel_mut(x, y)[2] = 1;
            }
            assert_eq!(difference(&before, &after), want, "{points:?}");
        }
        assert_eq!(
            difference(&RgbaImage::new(7, 5), &RgbaImage::new(5, 7)),
            None
        );
    }

    #[test]
    fn a_bomb_is_refused_by_its_header() {
        // A PNG whose header says 100,000 x 100,000, with its checksum.
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0, 8, 2, 0, 0, 0]);
        png.extend_from_slice(&crc32(&png[12..]).to_be_bytes());
        png.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
        assert_eq!(decode(&png).unwrap_err(), "a picture of 100000 x 100000");
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 {
                    crc >> 1 ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }
}
