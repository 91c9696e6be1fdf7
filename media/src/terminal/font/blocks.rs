//! Block elements, sextants, Braille and the triangles of prompts: drawn to the edges of the cell.
//!
//! Shapes: the Unicode charts "Block Elements", "Braille Patterns", "Symbols for Legacy Computing".

use super::mask::{FULL, Mask};

/// Draws a character of these blocks. False when it is not one.
pub(super) fn draw(character: char, mask: &mut Mask) -> bool {
    let code = u32::from(character);
    match code {
        0x2580..=0x259f => block(code, mask),
        0x2800..=0x28ff => braille(code - 0x2800, mask),
        0x1fb00..=0x1fb3b => sextants(code - 0x1fb00, mask),
        0xe0b0..=0xe0b7 => separator(code, mask),
        _ => return false,
    }
    true
}

fn block(code: u32, mask: &mut Mask) {
    let (width, height) = (mask.width(), mask.height());
    let eighth = |extent: usize, n: u32| (extent * n as usize + 4) / 8;
    let (all_x, all_y) = ((0, width), (0, height));
    match code {
        0x2580 => mask.fill(all_x, (0, eighth(height, 4)), FULL),
        0x2581..=0x2588 => {
            mask.fill(all_x, (eighth(height, 0x2588 - code), height), FULL);
        }
        0x2589..=0x258f => mask.fill((0, eighth(width, 0x2590 - code)), all_y, FULL),
        0x2590 => mask.fill((eighth(width, 4), width), all_y, FULL),
        // A shade is even: a pattern of dots would be of no use at another size.
        0x2591..=0x2593 => {
            let quarters = (code - 0x2590) as u8;
            mask.fill(all_x, all_y, (FULL * quarters + 2) / 4);
        }
        0x2594 => mask.fill(all_x, (0, eighth(height, 1)), FULL),
        0x2595 => mask.fill((eighth(width, 7), width), all_y, FULL),
        _ => {
            // Upper left 1, upper right 2, lower left 4, lower right 8.
            const QUADRANTS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];
            let Some(quadrants) = QUADRANTS.get((code - 0x2596) as usize) else {
                return;
            };
            let (x, y) = (eighth(width, 4), eighth(height, 4));
            let places = [
                ((0, x), (0, y)),
                ((x, width), (0, y)),
                ((0, x), (y, height)),
                ((x, width), (y, height)),
            ];
            for (bit, (columns, rows)) in places.into_iter().enumerate() {
                if quadrants & (1 << bit) != 0 {
                    mask.fill(columns, rows, FULL);
                }
            }
        }
    }
}

/// Two columns and three rows, a bit each. Those that are blocks of other names are left out.
fn sextants(index: u32, mask: &mut Mask) {
    const LEFT_HALF: u32 = 0b01_0101;
    const RIGHT_HALF: u32 = 0b10_1010;
    let mut bits = index + 1;
    bits += u32::from(bits >= LEFT_HALF);
    bits += u32::from(bits >= RIGHT_HALF);
    let (width, height) = (mask.width(), mask.height());
    for bit in (0..6).filter(|bit| bits & (1 << bit) != 0) {
        let (column, row) = (bit % 2, bit / 2);
        mask.fill(
            (column * width / 2, (column + 1) * width / 2),
            (row * height / 3, (row + 1) * height / 3),
            FULL,
        );
    }
}

fn braille(bits: u32, mask: &mut Mask) {
    /// Column and row of the dots 1 to 8.
    const DOTS: [(f32, f32); 8] = [
        (0.0, 0.0),
        (0.0, 1.0),
        (0.0, 2.0),
        (1.0, 0.0),
        (1.0, 1.0),
        (1.0, 2.0),
        (0.0, 3.0),
        (1.0, 3.0),
    ];
    let (wide, high) = (mask.width() as f32 / 2.0, mask.height() as f32 / 4.0);
    let radius = wide.min(high) * 0.36;
    let dots = DOTS.iter().enumerate();
    let dots: Vec<_> = dots
        .filter(|(bit, _)| bits & (1 << bit) != 0)
        .map(|(_, (column, row))| ((column + 0.5) * wide, (row + 0.5) * high))
        .collect();
    mask.shape(|x, y| {
        dots.iter()
            .any(|(dot_x, dot_y)| (x - dot_x).hypot(y - dot_y) <= radius)
    });
}

/// The private-use characters between the parts of a prompt: triangles and half circles.
fn separator(code: u32, mask: &mut Mask) {
    let (width, height) = (mask.width() as f32, mask.height() as f32);
    let to_the_left = code & 2 != 0;
    let outline = code & 1 != 0;
    let round = code >= 0xe0b4;
    // The distance from the straight edge at which the shape ends, at this height.
    let edge = move |y: f32| {
        let from_middle = (2.0 * y / height - 1.0).abs();
        if round {
            width * (1.0 - from_middle * from_middle).max(0.0).sqrt()
        } else {
            width * (1.0 - from_middle)
        }
    };
    let stroke = width / 7.0;
    mask.shape(|x, y| {
        let x = if to_the_left { width - x } else { x };
        x <= edge(y) && (!outline || x >= edge(y) - stroke)
    });
}
