//! How much of each pixel of a cell a glyph covers, in few steps.
//!
//! Few steps keep palettes small: text of one colour on another makes [`FULL`]` + 1` colours at most.

/// A pixel that is covered whole. 0 is one that is not covered.
pub(crate) const FULL: u8 = 7;

/// The coverage of one cell, or of two for a wide character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    width: usize,
    height: usize,
    levels: Vec<u8>,
}

impl Mask {
    /// Nothing covered.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            levels: vec![0; width * height],
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// The rows from the top, `width` levels each.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.levels.chunks_exact(self.width.max(1))
    }

    /// Covers a pixel at least this much. Pixels outside are nobody's.
    pub(crate) fn cover(&mut self, x: i32, y: i32, level: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        if x < self.width && y < self.height {
            let pixel = &mut self.levels[y * self.width + x];
            *pixel = level.min(FULL).max(*pixel);
        }
    }

    /// Covers a pixel at least by this share, 0 to 1.
    pub(crate) fn cover_share(&mut self, x: i32, y: i32, share: f32) {
        self.cover(
            x,
            y,
            (share.clamp(0.0, 1.0) * f32::from(FULL)).round() as u8,
        );
    }

    /// Sets the pixels with `left <= x < right` and `top <= y < bottom`.
    pub(crate) fn fill(&mut self, columns: (usize, usize), rows: (usize, usize), level: u8) {
        let (left, right) = (columns.0.min(self.width), columns.1.min(self.width));
        let (top, bottom) = (rows.0.min(self.height), rows.1.min(self.height));
        if left >= right || top >= bottom {
            return;
        }
        for row in self.levels[top * self.width..bottom * self.width].chunks_exact_mut(self.width) {
            row[left..right].fill(level);
        }
    }

    /// Covers the points for which `inside` holds, in pixels from the top left corner.
    pub(crate) fn shape(&mut self, inside: impl Fn(f32, f32) -> bool) {
        const SAMPLES: i32 = 4;
        let at = |pixel: usize, sample: i32| pixel as f32 + (sample as f32 + 0.5) / SAMPLES as f32;
        for y in 0..self.height {
            for x in 0..self.width {
                let samples = (0..SAMPLES).flat_map(|i| (0..SAMPLES).map(move |j| (i, j)));
                let hits = samples.filter(|&(i, j)| inside(at(x, i), at(y, j))).count();
                let share = hits as f32 / (SAMPLES * SAMPLES) as f32;
                self.cover_share(x as i32, y as i32, share);
            }
        }
    }

    /// Covers what the other covers too.
    pub(crate) fn add(&mut self, other: &Self) {
        for (y, row) in other.rows().enumerate() {
            for (x, &level) in row.iter().enumerate() {
                self.cover(x as i32, y as i32, level);
            }
        }
    }

    /// Whether nothing is covered.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.levels.iter().all(|&level| level == 0)
    }
}
