//! Box drawing, U+2500 to U+257F: drawn to the edges of the cell, so that lines join.
//!
//! A line has the same thickness and place in every cell. Shapes: the Unicode chart "Box Drawing".

#[cfg(test)]
mod tests;

use super::CellSize;
use super::mask::{FULL, Mask};

/// The arms of each character, up, right, down and left: 0 none, 1 light, 2 heavy, 3 double. `????`
/// has none: dashes, arcs, diagonals.
const ARMS: [&str; 8] = [
    "0101 0202 1010 2020 ???? ???? ???? ???? ???? ???? ???? ???? 0110 0210 0120 0220", // 2500
    "0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120", // 2510
    "2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212", // 2520
    "0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212", // 2530
    "2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 ???? ???? ???? ????", // 2540
    "0303 3030 0310 0130 0330 0013 0031 0033 1300 3100 3300 1003 3001 3003 1310 3130", // 2550
    "3330 1013 3031 3033 0313 0131 0333 1303 3101 3303 1313 3131 3333 ???? ???? ????", // 2560
    "???? ???? ???? ???? 0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010", // 2570
];

/// Draws a character of the block. False when it is not one.
pub(super) fn draw(character: char, cell: CellSize, mask: &mut Mask) -> bool {
    let Some(index) = u32::from(character)
        .checked_sub(0x2500)
        .filter(|&i| i < 0x80)
    else {
        return false;
    };
    let strokes = Strokes::new(cell, mask);
    match character {
        '┄' => strokes.dashes(mask, Axis::Horizontal, 3, Weight::Light),
        '┅' => strokes.dashes(mask, Axis::Horizontal, 3, Weight::Heavy),
        '┆' => strokes.dashes(mask, Axis::Vertical, 3, Weight::Light),
        '┇' => strokes.dashes(mask, Axis::Vertical, 3, Weight::Heavy),
        '┈' => strokes.dashes(mask, Axis::Horizontal, 4, Weight::Light),
        '┉' => strokes.dashes(mask, Axis::Horizontal, 4, Weight::Heavy),
        '┊' => strokes.dashes(mask, Axis::Vertical, 4, Weight::Light),
        '┋' => strokes.dashes(mask, Axis::Vertical, 4, Weight::Heavy),
        '╌' => strokes.dashes(mask, Axis::Horizontal, 2, Weight::Light),
        '╍' => strokes.dashes(mask, Axis::Horizontal, 2, Weight::Heavy),
        '╎' => strokes.dashes(mask, Axis::Vertical, 2, Weight::Light),
        '╏' => strokes.dashes(mask, Axis::Vertical, 2, Weight::Heavy),
        '╭' => strokes.arc(mask, false, false),
        '╮' => strokes.arc(mask, true, false),
        '╯' => strokes.arc(mask, true, true),
        '╰' => strokes.arc(mask, false, true),
        '╱' => strokes.diagonals(mask, true, false),
        '╲' => strokes.diagonals(mask, false, true),
        '╳' => strokes.diagonals(mask, true, true),
        _ => strokes.arms(mask, arms(index)),
    }
    true
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    None,
    Light,
    Heavy,
    Double,
}

#[derive(Clone, Copy)]
enum Axis {
    Horizontal,
    Vertical,
}

fn arms(index: u32) -> [Weight; 4] {
    let (row, column) = (index as usize / 16, index as usize % 16);
    let digits = ARMS[row].as_bytes().iter().skip(5 * column);
    let mut weights = digits.map(|digit| match digit {
        b'1' => Weight::Light,
        b'2' => Weight::Heavy,
        b'3' => Weight::Double,
        _ => Weight::None,
    });
    std::array::from_fn(|_| weights.next().unwrap_or(Weight::None))
}

/// From where to where a line of this thickness lies, across an extent.
fn band(extent: usize, thickness: usize) -> (usize, usize) {
    let begin = extent.saturating_sub(thickness) / 2;
    (begin, begin + thickness)
}

/// Where an arm that comes from an edge ends: before or beyond the band of this thickness in the
/// middle.
#[derive(Clone, Copy)]
enum End {
    Before(usize),
    Beyond(usize),
}

impl End {
    fn up_to(self, extent: usize) -> usize {
        match self {
            Self::Before(thickness) => band(extent, thickness).0,
            Self::Beyond(thickness) => band(extent, thickness).1,
        }
    }

    fn on_from(self, extent: usize) -> usize {
        match self {
            Self::Before(thickness) => band(extent, thickness).1,
            Self::Beyond(thickness) => band(extent, thickness).0,
        }
    }
}

/// Where lines run in a cell of this size.
struct Strokes {
    width: usize,
    height: usize,
    light: usize,
    heavy: usize,
}

impl Strokes {
    fn new(cell: CellSize, mask: &Mask) -> Self {
        let light = cell.line;
        Self {
            width: mask.width(),
            height: mask.height(),
            light,
            heavy: light + 2 * (light / 2).max(1),
        }
    }

    fn thickness(&self, weight: Weight) -> usize {
        match weight {
            Weight::None => 0,
            Weight::Light => self.light,
            Weight::Heavy => self.heavy,
            Weight::Double => 3 * self.light,
        }
    }

    /// Double lines first, as broad ones with their middle taken out; then the others over them.
    fn arms(&self, mask: &mut Mask, arms: [Weight; 4]) {
        for (level, double) in [(FULL, true), (0, true), (FULL, false)] {
            for (direction, weight) in arms.into_iter().enumerate() {
                if weight == Weight::None || (weight == Weight::Double) != double {
                    continue;
                }
                let opposite = arms[(direction + 2) % 4];
                let sides = [arms[(direction + 1) % 4], arms[(direction + 3) % 4]];
                let (thickness, end) = if level == 0 {
                    (self.light, self.end_of_gap(sides))
                } else {
                    (self.thickness(weight), self.end(weight, opposite, sides))
                };
                let (width, height) = (self.width, self.height);
                let (columns, rows) = (band(width, thickness), band(height, thickness));
                match direction {
                    0 => mask.fill(columns, (0, end.up_to(height)), level),
                    1 => mask.fill((end.on_from(width), width), rows, level),
                    2 => mask.fill(columns, (end.on_from(height), height), level),
                    _ => mask.fill((0, end.up_to(width)), rows, level),
                }
            }
        }
    }

    fn end(&self, weight: Weight, opposite: Weight, sides: [Weight; 2]) -> End {
        let ends_at_double = sides == [Weight::Double; 2] && opposite == Weight::None;
        if weight != Weight::Double && ends_at_double {
            // At the nearer of the two lines, and the gap between them stays free.
            End::Before(self.light)
        } else {
            End::Beyond(
                sides
                    .map(|side| self.thickness(side))
                    .into_iter()
                    .max()
                    .unwrap_or(0),
            )
        }
    }

    /// Where the gap of a double line ends.
    fn end_of_gap(&self, sides: [Weight; 2]) -> End {
        // A single line that it meets is drawn over it afterwards.
        End::Beyond(if sides.contains(&Weight::Double) {
            self.light
        } else {
            0
        })
    }

    fn dashes(&self, mask: &mut Mask, axis: Axis, count: usize, weight: Weight) {
        let thickness = self.thickness(weight);
        let (along, across) = match axis {
            Axis::Horizontal => (self.width, self.height),
            Axis::Vertical => (self.height, self.width),
        };
        let band = band(across, thickness);
        for dash in 0..count {
            let (begin, end) = (dash * along / count, (dash + 1) * along / count);
            let gap = ((end - begin) / 3).max(1);
            let dash = (begin, end.saturating_sub(gap).max(begin + 1));
            match axis {
                Axis::Horizontal => mask.fill(dash, band, FULL),
                Axis::Vertical => mask.fill(band, dash, FULL),
            }
        }
    }

    /// A quarter circle between the middles of two edges; the one to the right and the bottom,
    /// or mirrored.
    fn arc(&self, mask: &mut Mask, mirror_x: bool, mirror_y: bool) {
        let half = self.light as f32 / 2.0;
        let middle = |extent: usize| band(extent, self.light).0 as f32 + half;
        let (middle_x, middle_y) = (middle(self.width), middle(self.height));
        let (width, height) = (self.width as f32, self.height as f32);
        let room = |at: f32, extent: f32, mirror: bool| if mirror { at } else { extent - at };
        let radius = room(middle_x, width, mirror_x).min(room(middle_y, height, mirror_y));
        mask.shape(|x, y| {
            let x = if mirror_x { middle_x - x } else { x - middle_x };
            let y = if mirror_y { middle_y - y } else { y - middle_y };
            if x >= radius {
                y.abs() <= half
            } else if y >= radius {
                x.abs() <= half
            } else {
                let distance = (x - radius).hypot(y - radius);
                x >= -half && y >= -half && (distance - radius).abs() <= half
            }
        });
    }

    fn diagonals(&self, mask: &mut Mask, rising: bool, falling: bool) {
        let (width, height) = (self.width as f32, self.height as f32);
        let half = self.light as f32 * 0.6;
        let length = width.hypot(height);
        mask.shape(|x, y| {
            let to_falling = (x * height - y * width).abs() / length;
            let to_rising = ((width - x) * height - y * width).abs() / length;
            (falling && to_falling <= half) || (rising && to_rising <= half)
        });
    }
}
