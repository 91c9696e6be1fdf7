//! RGB to YUV 4:2:0 (BT.601, limited range), for a part of a picture: only what changed is converted.

use ffmpeg::frame;
use ffmpeg_next as ffmpeg;

use super::picture::{Picture, PixelOrder, Rect};

/// Converts a part of the picture into the same part of the frame, which is `YUV420P` of the picture's
/// size rounded up to even sides; the last column and row are repeated into what was rounded up.
pub(super) fn convert(picture: &Picture<'_>, part: Rect, frame: &mut frame::Video) {
    let Some(part) = part.within(picture.size) else {
        return;
    };
    // Whole blocks of two by two pixels.
    let (left, top) = (part.x & !1, part.y & !1);
    let right = (part.x + part.width).next_multiple_of(2).min(frame.width());
    let bottom = (part.y + part.height)
        .next_multiple_of(2)
        .min(frame.height());
    let inside = right.min(picture.size.width) - left;
    let last_row = picture.size.height - 1;
    let pixels = (right - left) as usize;
    // Room for a row that ends in the middle of a block.
    let mut rounded_up = [Vec::new(), Vec::new()];
    for y in (top..bottom).step_by(2) {
        let mut rows = [y, y + 1].map(|y| picture.row(y.min(last_row), left, inside));
        if rows.iter().any(|row| row.len() != pixels * 4) {
            for (row, longer) in rows.iter_mut().zip(&mut rounded_up) {
                longer.clear();
                longer.extend_from_slice(row);
                longer.extend_from_slice(row.last_chunk::<4>().unwrap_or(&[0; 4]));
                *row = longer;
            }
        }
        for (y, row) in [y, y + 1].into_iter().zip(rows) {
            let from = y as usize * frame.stride(0) + left as usize;
            let Some(luma) = frame.data_mut(0).get_mut(from..from + pixels) else {
                return;
            };
            match picture.order {
                PixelOrder::Rgba => convert_luma::<0, 16>(row, luma),
                PixelOrder::Bgra => convert_luma::<16, 0>(row, luma),
            }
        }
        for plane in [1, 2] {
            let from = (y / 2) as usize * frame.stride(plane) + (left / 2) as usize;
            let Some(chroma) = frame.data_mut(plane).get_mut(from..from + pixels / 2) else {
                return;
            };
            match (plane, picture.order) {
                (1, PixelOrder::Rgba) => convert_chroma::<-38, -74, 112>(rows, chroma),
                (1, PixelOrder::Bgra) => convert_chroma::<112, -74, -38>(rows, chroma),
                (_, PixelOrder::Rgba) => convert_chroma::<112, -94, -18>(rows, chroma),
                (_, PixelOrder::Bgra) => convert_chroma::<-18, -94, 112>(rows, chroma),
            }
        }
    }
}

/// The brightness of each pixel; `RED` and `BLUE` are where they stand in it, in bits. Written with
/// whole pixels in 32 bits, which compilers make several of at once.
fn convert_luma<const RED: u32, const BLUE: u32>(row: &[u8], luma: &mut [u8]) {
    let (pixels, _) = row.as_chunks::<4>();
    for (luma, pixel) in luma.iter_mut().zip(pixels) {
        let pixel = u32::from_le_bytes(*pixel);
        let (r, g, b) = (
            (pixel >> RED) & 255,
            (pixel >> 8) & 255,
            (pixel >> BLUE) & 255,
        );
        *luma = ((66 * r + 129 * g + 25 * b + 128 + (16 << 8)) >> 8) as u8;
    }
}

/// One of the two differences of color, for each block of two rows; the weights are those of a pixel's
/// first three bytes, in 256ths.
fn convert_chroma<const FIRST: i32, const SECOND: i32, const THIRD: i32>(
    [upper, lower]: [&[u8]; 2],
    chroma: &mut [u8],
) {
    const APART: u64 = 0x00ff_00ff_00ff_00ff;
    let (upper, _) = upper.as_chunks::<8>();
    let (lower, _) = lower.as_chunks::<8>();
    for ((upper, lower), chroma) in upper.iter().zip(lower).zip(chroma) {
        let (upper, lower) = (u64::from_le_bytes(*upper), u64::from_le_bytes(*lower));
        // Two sums of sixteen bits side by side in each half, then the halves: four pixels in all.
        let odd = (upper & APART) + (lower & APART);
        let even = ((upper >> 8) & APART) + ((lower >> 8) & APART);
        let odd = (odd as u32) + ((odd >> 32) as u32);
        let even = (even as u32) + ((even >> 32) as u32);
        let (first, third) = ((odd & 0xffff) as i32, (odd >> 16) as i32);
        let second = (even & 0xffff) as i32;
        let sum = FIRST * first + SECOND * second + THIRD * third;
        *chroma = ((sum + 512 + (128 << 10)) >> 10) as u8;
    }
}

#[cfg(test)]
mod tests {
    use ffmpeg::format::Pixel;

    use super::*;
    use crate::video::job::Size;

    fn picture(size: Size, order: PixelOrder, pixels: &[u8]) -> Picture<'_> {
        Picture {
            time_us: 0,
            size,
            order,
            stride: size.width as usize * 4,
            pixels,
            changed: None,
        }
    }

    #[test]
    fn colors_are_those_of_bt_601() {
        // Values by the standard's formula.
        let cases = [
            ("black", [0, 0, 0], [16, 128, 128]),
            ("white", [255, 255, 255], [235, 128, 128]),
            ("red", [255, 0, 0], [82, 90, 240]),
            ("green", [0, 255, 0], [145, 54, 34]),
            ("blue", [0, 0, 255], [41, 240, 110]),
        ];
        for (name, [r, g, b], want) in cases {
            for (order, pixel) in [
                (PixelOrder::Rgba, [r, g, b, 0]),
                (PixelOrder::Bgra, [b, g, r, 0]),
            ] {
                // Odd in both: what is rounded up repeats the last.
                let size = Size {
                    width: 3,
                    height: 3,
                };
                let pixels = pixel.repeat(9);
                let mut frame = frame::Video::new(Pixel::YUV420P, 4, 4);
                for plane in 0..3 {
                    frame.data_mut(plane).fill(7);
                }
                let whole = Rect {
                    x: 0,
                    y: 0,
                    width: 3,
                    height: 3,
                };
                convert(&picture(size, order, &pixels), whole, &mut frame);
                for (plane, side) in [(0, 4), (1, 2), (2, 2)] {
                    for y in 0..side {
                        let from = y * frame.stride(plane);
                        for got in &frame.data(plane)[from..from + side] {
                            assert!(got.abs_diff(want[plane]) <= 1, "{name}, {plane}: {got}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn only_the_part_that_changed_is_written() {
        let size = Size {
            width: 8,
            height: 8,
        };
        let pixels = [255; 256];
        let mut frame = frame::Video::new(Pixel::YUV420P, 8, 8);
        frame.data_mut(0).fill(7);
        let part = Rect {
            x: 3,
            y: 3,
            width: 2,
            height: 100,
        };
        convert(&picture(size, PixelOrder::Rgba, &pixels), part, &mut frame);
        for y in 0..8 {
            for x in 0..8 {
                let changed = (2..6).contains(&x) && y >= 2;
                let want = if changed { 235 } else { 7 };
                assert_eq!(frame.data(0)[y * frame.stride(0) + x], want, "{x}, {y}");
            }
        }
    }
}
