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
    let mut sums = vec![[0_u16; 3]; pixels / 2];
    for y in (top..bottom).step_by(2) {
        sums.fill([0; 3]);
        for row in y..y + 2 {
            let source = picture.row(row.min(last_row), left, inside);
            let stride = frame.stride(0);
            let from = row as usize * stride + left as usize;
            let Some(luma) = frame.data_mut(0).get_mut(from..from + pixels) else {
                return;
            };
            match picture.order {
                PixelOrder::Rgba => convert_row::<0, 2>(source, luma, &mut sums),
                PixelOrder::Bgra => convert_row::<2, 0>(source, luma, &mut sums),
            }
        }
        for (plane, [red, green, blue]) in [(1, [-38, -74, 112]), (2, [112, -94, -18])] {
            let stride = frame.stride(plane);
            let from = (y / 2) as usize * stride + (left / 2) as usize;
            let Some(chroma) = frame.data_mut(plane).get_mut(from..from + pixels / 2) else {
                return;
            };
            for (chroma, [r, g, b]) in chroma.iter_mut().zip(&sums) {
                let sum = red * i32::from(*r) + green * i32::from(*g) + blue * i32::from(*b);
                // The sum of four pixels, in 256ths.
                *chroma = (((sum + 512) >> 10) + 128) as u8;
            }
        }
    }
}

/// One row: its luma, and what its pixels add to each pair's sums of red, green and blue.
fn convert_row<const RED: usize, const BLUE: usize>(
    source: &[u8],
    luma: &mut [u8],
    sums: &mut [[u16; 3]],
) {
    let (source, _) = source.as_chunks::<4>();
    for (luma, pixel) in luma.iter_mut().zip(source) {
        let (r, g, b) = (pixel[RED], pixel[1], pixel[BLUE]);
        let y = 66 * u32::from(r) + 129 * u32::from(g) + 25 * u32::from(b);
        *luma = ((y + 128) >> 8) as u8 + 16;
    }
    let (pairs, odd) = source.as_chunks::<2>();
    for (sum, [a, b]) in sums.iter_mut().zip(pairs) {
        sum[0] += u16::from(a[RED]) + u16::from(b[RED]);
        sum[1] += u16::from(a[1]) + u16::from(b[1]);
        sum[2] += u16::from(a[BLUE]) + u16::from(b[BLUE]);
    }
    if let (Some(pixel), Some(sum)) = (odd.first(), sums.get_mut(pairs.len())) {
        sum[0] += 2 * u16::from(pixel[RED]);
        sum[1] += 2 * u16::from(pixel[1]);
        sum[2] += 2 * u16::from(pixel[BLUE]);
        if let Some([.., before, last]) = luma.get_mut(..source.len() + 1) {
            *last = *before;
        }
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
