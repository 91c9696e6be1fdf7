//! GNU Unifont: a bitmap for nearly every character, for those that the main face does not have.
//!
//! The file is zstd over: the number of runs; for each run its first character, its number of
//! characters, and how many columns each takes (1 or 2), all 32-bit little-endian; then the bitmaps
//! in the order of the runs, [`ROWS`] rows from the top of one byte (two for two columns), the
//! leftmost pixel in the highest bit. It is unpacked when a character is first looked for.

use std::sync::LazyLock;

use super::mask::Mask;

/// Rows of a bitmap.
const ROWS: usize = 16;
/// Columns of a bitmap that takes one column of the terminal.
const NARROW: usize = 8;
/// More than the file unpacks to.
const UNPACKED_MAX: usize = 8 << 20;

static FONT: LazyLock<Fallback> = LazyLock::new(|| {
    let packed = include_bytes!("data/unifont.zst");
    let unpacked = zstd::bulk::decompress(packed, UNPACKED_MAX);
    unpacked.ok().and_then(Fallback::parse).unwrap_or_default()
});

#[derive(Default)]
struct Fallback {
    runs: Vec<Run>,
    bytes: Vec<u8>,
}

struct Run {
    first: u32,
    count: u32,
    columns: usize,
    /// Where its bitmaps begin.
    offset: usize,
}

impl Fallback {
    fn parse(bytes: Vec<u8>) -> Option<Self> {
        let number = |index: usize| {
            let at = bytes.get(4 * index..4 * index + 4)?;
            Some(u32::from_le_bytes(at.try_into().ok()?))
        };
        let count = number(0)? as usize;
        let mut offset = 4 + 12 * count;
        let mut runs = Vec::new();
        for run in 0..count {
            let columns = number(3 * run + 3).filter(|columns| (1..=2).contains(columns))? as usize;
            let count = number(3 * run + 2)?;
            runs.push(Run {
                first: number(3 * run + 1)?,
                count,
                columns,
                offset,
            });
            offset += ROWS * columns * count as usize;
        }
        (offset <= bytes.len()).then_some(Self { runs, bytes })
    }

    /// The bitmap of a character with the columns that it takes.
    fn bitmap(&self, character: char) -> Option<(&[u8], usize)> {
        let code = u32::from(character);
        let after = self.runs.partition_point(|run| run.first <= code);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let index = code.checked_sub(run.first).filter(|&i| i < run.count)?;
        let length = ROWS * run.columns;
        let begin = run.offset + length * index as usize;
        Some((self.bytes.get(begin..begin + length)?, run.columns))
    }
}

/// Draws a character into the middle of a mask, as large as fits; with whole pixels where that takes
/// little from its size. False when the font does not have it.
pub(super) fn draw(character: char, bold: bool, mask: &mut Mask) -> bool {
    let Some((bitmap, columns)) = FONT.bitmap(character) else {
        return false;
    };
    let width = NARROW * columns;
    let is_set = |x: usize, y: usize| bitmap[y * columns + x / 8] & (0x80 >> (x % 8)) != 0;
    let is_set = |x: usize, y: usize| is_set(x, y) || (bold && x > 0 && is_set(x - 1, y));

    let fits = (mask.width() as f32 / width as f32).min(mask.height() as f32 / ROWS as f32);
    let whole = fits.floor();
    let scale = if whole >= 1.0 && fits - whole < 0.5 * whole {
        whole
    } else {
        fits
    };
    let left = ((mask.width() as f32 - scale * width as f32) / 2.0).floor();
    let top = ((mask.height() as f32 - scale * ROWS as f32) / 2.0).floor();
    for y in 0..mask.height() {
        let rows = sources(y as f32 - top, scale, ROWS);
        for x in 0..mask.width() {
            let share: f32 = sources(x as f32 - left, scale, width)
                .flat_map(|(column, wide)| {
                    rows.clone()
                        .filter(move |&(row, _)| is_set(column, row))
                        .map(move |(_, high)| wide * high)
                })
                .sum();
            mask.cover_share(x as i32, y as i32, share);
        }
    }
    true
}

/// The pixels of the bitmap that lie under a pixel of the mask, each with its share of it.
fn sources(at: f32, scale: f32, count: usize) -> impl Iterator<Item = (usize, f32)> + Clone {
    let (begin, end) = (at / scale, (at + 1.0) / scale);
    let first = begin.floor().max(0.0) as usize;
    let last = (end.ceil().max(0.0) as usize).min(count);
    (first..last).filter_map(move |index| {
        let (low, high) = (begin.max(index as f32), end.min(index as f32 + 1.0));
        (high > low).then_some((index, (high - low) * scale))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::font::mask::FULL;

    #[test]
    fn most_of_what_people_write_is_there() {
        for character in [
            '部', '署', '了', '한', 'ก', 'ا', 'א', '☃', '✓', '→', '🚀', '😀', '⣿', '￮',
        ] {
            let mut mask = Mask::new(18, 20);
            assert!(draw(character, false, &mut mask), "{character}");
            assert!(!mask.is_empty(), "{character}");
        }
        assert!(!draw('\u{10ffff}', false, &mut Mask::new(9, 20)));
    }

    #[test]
    fn pixels_stay_whole_where_they_fit() {
        for (width, height, whole) in [(18, 20, true), (36, 40, true), (14, 14, false)] {
            let mut mask = Mask::new(width, height);
            draw('部', false, &mut mask);
            let only_whole = mask
                .rows()
                .flatten()
                .all(|&level| level == 0 || level == FULL);
            assert_eq!(only_whole, whole, "{width} by {height}");
        }
    }

    #[test]
    fn a_damaged_file_is_a_font_without_characters() {
        for bytes in [&[][..], &[1, 0, 0, 0], &[0xff; 64]] {
            assert!(Fallback::parse(bytes.to_vec()).is_none(), "{bytes:?}");
        }
    }
}
