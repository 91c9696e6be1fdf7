//! A picture in memory.

use super::job::Size;

/// In which order the bytes of a pixel stand. The fourth byte is not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelOrder {
    /// Red first.
    Rgba,
    /// Blue first.
    Bgra,
}

/// A part of a picture, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Rect {
    /// The part of this that lies within `size`; `None` if nothing does.
    pub(super) fn within(self, size: Size) -> Option<Self> {
        let right = self.x.saturating_add(self.width).min(size.width);
        let bottom = self.y.saturating_add(self.height).min(size.height);
        (self.x < right && self.y < bottom).then(|| Self {
            x: self.x,
            y: self.y,
            width: right - self.x,
            height: bottom - self.y,
        })
    }
}

/// The whole screen at one time, four bytes to a pixel.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// When it was shown first, in microseconds from the job's time 0.
    pub time_us: u64,
    /// Pixels from left to right and from top to bottom.
    pub size: Size,
    /// The order of a pixel's bytes.
    pub order: PixelOrder,
    /// Bytes from one row to the next, at least four times the width.
    pub stride: usize,
    /// The rows; the last may be cut after its last pixel.
    pub pixels: &'a [u8],
    /// What is different from the picture before: nothing outside is looked at. `None`: it is not
    /// known. An empty part: nothing is.
    pub changed: Option<Rect>,
}

impl Picture<'_> {
    /// A row's pixels, from column `x` on. Empty if the picture has no such row.
    pub(super) fn row(&self, y: u32, x: u32, width: u32) -> &[u8] {
        let from = (y as usize)
            .saturating_mul(self.stride)
            .saturating_add(x as usize * 4);
        self.pixels
            .get(from..from.saturating_add(width as usize * 4))
            .unwrap_or_default()
    }

    /// Whether there are as many bytes as the size says.
    pub(super) fn is_whole(&self) -> bool {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let row = width.saturating_mul(4);
        width > 0
            && height > 0
            && self.stride >= row
            && (height - 1)
                .checked_mul(self.stride)
                .and_then(|before| before.checked_add(row))
                .is_some_and(|length| length <= self.pixels.len())
    }
}
