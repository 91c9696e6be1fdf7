//! Pixels onto a surface.

use super::composite::{self, Mode};
use super::path::Shape;
use super::rect::Rect;
use super::surface::{PIXEL, Surface, straight};

/// What is painted with.
pub(super) enum Paint<'a> {
    /// One colour, multiplied by its alpha.
    Color([u8; 4]),
    /// A picture again and again, from the corner of the surface on.
    Pattern(&'a Surface),
}

/// Paints a shape, which is within the surface.
pub(super) fn shape(to: &mut Surface, shape: &Shape, paint: &Paint<'_>, mode: Mode) {
    let (rect, coverage) = match shape {
        Shape::Rect(rect) => (*rect, None),
        Shape::Covered(rect, mask) => (*rect, Some(mask.data())),
    };
    let rect = rect.intersect(&to.bounds());
    let width = rect.width();
    if rect.is_empty() {
        return;
    }
    let (mode, mut source) = match paint {
        Paint::Color(color) => {
            let opaque = color[3] == 255;
            let mode = if opaque { mode.for_opaque() } else { mode };
            (mode, color.repeat(width as usize))
        }
        Paint::Pattern(_) => (mode, Vec::new()),
    };
    for (number, y) in (rect.y()..rect.bottom()).enumerate() {
        if let Paint::Pattern(pattern) = paint {
            pattern_row(pattern, y, &rect, &mut source);
        }
        let Some(row) = to.row_mut(y, rect.x(), width) else {
            continue;
        };
        match coverage {
            None => composite::row(mode, row, &source),
            Some(coverage) => {
                let from = number * width as usize;
                let coverage = coverage.get(from..from + width as usize);
                composite::row_covered(mode, row, &source, coverage.unwrap_or_default());
            }
        }
    }
}

fn pattern_row(pattern: &Surface, y: i32, rect: &Rect, row: &mut Vec<u8>) {
    row.clear();
    let size = (pattern.width(), pattern.height());
    let (Ok(x), Ok(y)) = (u32::try_from(rect.x()), u32::try_from(y)) else {
        return;
    };
    let Some(within) = y.checked_rem(size.1).and_then(|y| i32::try_from(y).ok()) else {
        return;
    };
    let Some(whole) = pattern
        .row(within, 0, size.0)
        .filter(|whole| !whole.is_empty())
    else {
        return;
    };
    let skipped = (x % size.0) as usize * PIXEL;
    let bytes = rect.width() as usize * PIXEL;
    row.extend(whole.iter().cycle().skip(skipped).take(bytes));
}

/// Draws a part of a picture, the corner of which comes to stand at `at`. Gives what was drawn on.
pub(super) fn picture(
    to: &mut Surface,
    within: &Rect,
    at: (i32, i32),
    from: &Surface,
    part: &Rect,
    mode: Mode,
) -> Rect {
    let (by_x, by_y) = (at.0.saturating_sub(part.x()), at.1.saturating_sub(part.y()));
    let target = part
        .moved(by_x, by_y)
        .intersect(within)
        .intersect(&to.bounds());
    if target.is_empty() {
        return target;
    }
    let width = target.width();
    // What the picture does not have is transparent.
    let mut source = Vec::new();
    for y in target.y()..target.bottom() {
        let x = target.x().saturating_sub(by_x);
        let Some(row) = to.row_mut(y, target.x(), width) else {
            continue;
        };
        match from.row(y.saturating_sub(by_y), x, width) {
            Some(source) => composite::row(mode, row, source),
            None => {
                source.resize(row.len(), 0);
                partial_row(from, y.saturating_sub(by_y), x, &mut source);
                composite::row(mode, row, &source);
            }
        }
    }
    target
}

/// A row of a picture of which some is beyond its edges.
fn partial_row(from: &Surface, y: i32, x: i32, row: &mut [u8]) {
    row.fill(0);
    let pixels = i32::try_from(row.len() / PIXEL).unwrap_or(i32::MAX);
    let there = Rect::new(x, y, pixels, 1).intersect(&from.bounds());
    let skipped = there.x().saturating_sub(x).max(0) as usize * PIXEL;
    if let Some(source) = from.row(y, there.x(), there.width())
        && let Some(row) = row
            .get_mut(skipped..)
            .and_then(|row| row.get_mut(..source.len()))
    {
        row.copy_from_slice(source);
    }
}

/// Combines the bits of two pictures, as `transfer` does: the function has a bit for what comes of
/// 0 and 0 (8), 0 and 1 (4), 1 and 0 (2), 1 and 1 (1), where the first bit is of what is
/// transferred. Only the two functions that know nothing of what was there (3 and 12) change the
/// alpha, as in the client.
pub(super) fn transfer(
    to: &mut Surface,
    within: &Rect,
    at: (i32, i32),
    from: &Surface,
    part: &Rect,
    function: u8,
) -> Rect {
    let (by_x, by_y) = (at.0.saturating_sub(part.x()), at.1.saturating_sub(part.y()));
    let part = part.intersect(&from.bounds());
    let target = part
        .moved(by_x, by_y)
        .intersect(within)
        .intersect(&to.bounds());
    if target.is_empty() {
        return target;
    }
    let width = target.width();
    for y in target.y()..target.bottom() {
        let source = from.row(
            y.saturating_sub(by_y),
            target.x().saturating_sub(by_x),
            width,
        );
        let (Some(source), Some(row)) = (source, to.row_mut(y, target.x(), width)) else {
            continue;
        };
        let (row, source) = (
            row.as_chunks_mut::<PIXEL>().0,
            source.as_chunks::<PIXEL>().0,
        );
        for (to, from) in row.iter_mut().zip(source) {
            *to = transferred(function, *to, *from);
        }
    }
    target
}

fn transferred(function: u8, to: [u8; 4], from: [u8; 4]) -> [u8; 4] {
    let (to, from) = (straight(to), straight(from));
    let part = |bit: u8, bits: u8| if function & bit == 0 { 0 } else { bits };
    let bits = |s: u8, d: u8| part(8, !s & !d) | part(4, !s & d) | part(2, s & !d) | part(1, s & d);
    let alpha = if matches!(function, 3 | 12) {
        from[3]
    } else {
        to[3]
    };
    let mut pixel = [
        bits(from[0], to[0]),
        bits(from[1], to[1]),
        bits(from[2], to[2]),
        alpha,
    ];
    super::surface::premultiply(&mut pixel);
    pixel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_function_is_its_table() {
        let (s, d) = ([0b1100, 0, 0, 255], [0b1010, 0, 0, 255]);
        let cases = [
            (0x0, 0b0000), // black
            (0xF, 0b1111), // white
            (0x3, 0b1100), // source
            (0x5, 0b1010), // destination
            (0xC, 0b0011), // not source
            (0xA, 0b0101), // not destination
            (0x1, 0b1000), // and
            (0xE, 0b0111), // nand
            (0x7, 0b1110), // or
            (0x8, 0b0001), // nor
            (0x6, 0b0110), // xor
            (0x9, 0b1001), // xnor
            (0x4, 0b0010), // not source, and
            (0xB, 0b1101), // not source, nand
            (0xD, 0b1011), // not source, or
            (0x2, 0b0100), // not source, nor
        ];
        for (function, want) in cases {
            let got = transferred(function, d, s)[0] & 0b1111;
            assert_eq!(got, want, "function {function:#x}");
        }
    }

    #[test]
    fn a_part_beyond_the_edge_of_the_source_is_transparent() {
        let source = Surface::from_pixels(1, 1, vec![9, 9, 9, 255]).unwrap();
        for (mode, want) in [(Mode::OVER, 7), (Mode::SRC, 0)] {
            let mut to = Surface::from_pixels(3, 1, [7, 7, 7, 255].repeat(3)).unwrap();
            let all = Rect::of_size(3, 1);
            let part = Rect::new(-1, 0, 3, 1);
            picture(&mut to, &all, (0, 0), &source, &part, mode);
            let reds: Vec<_> = to.pixels().iter().step_by(4).copied().collect();
            assert_eq!(reds, [want, 9, want]);
        }
    }
}
