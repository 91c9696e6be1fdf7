//! A character that no face has: a box with its number in hexadecimal, two digits in a line.

use super::CellSize;
use super::mask::{FULL, Mask};

/// The digits, 3 by 5, each row's leftmost pixel in the highest of three bits.
const DIGITS: [[u8; 5]; 16] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 3, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
    [2, 5, 7, 5, 5],
    [6, 5, 6, 5, 6],
    [3, 4, 4, 4, 3],
    [6, 5, 5, 5, 6],
    [7, 4, 6, 4, 7],
    [7, 4, 6, 4, 4],
];
const DIGIT: (usize, usize) = (3, 5);

pub(super) fn draw(character: char, cell: CellSize, mask: &mut Mask) {
    let (width, height) = (mask.width(), mask.height());
    mask.fill((0, width), (0, height), FULL);
    let line = cell.line;
    mask.fill(
        (line, width.saturating_sub(line)),
        (line, height.saturating_sub(line)),
        0,
    );

    let code = u32::from(character);
    let lines: &[u32] = if code > 0xffff { &[16, 8, 0] } else { &[8, 0] };
    let (wide, high) = (2 * DIGIT.0 + 1, lines.len() * (DIGIT.1 + 1) - 1);
    let scale =
        ((width - (2 * line).min(width)) / wide).min((height - (2 * line).min(height)) / high);
    if scale == 0 {
        // Too small to be read: the box alone.
        return;
    }
    let left = (width - scale * wide) / 2;
    let top = (height - scale * high) / 2;
    for (number, shift) in lines.iter().enumerate() {
        for (place, shift) in [shift + 4, *shift].into_iter().enumerate() {
            let digit = DIGITS[(code >> shift & 0xf) as usize];
            let left = left + place * scale * (DIGIT.0 + 1);
            let top = top + number * scale * (DIGIT.1 + 1);
            for (y, row) in digit.into_iter().enumerate() {
                for x in (0..DIGIT.0).filter(|x| row & (4 >> x) != 0) {
                    let (x, y) = (left + scale * x, top + scale * y);
                    mask.fill((x, x + scale), (y, y + scale), FULL);
                }
            }
        }
    }
}
