//! The screen of a terminal as a picture.
//!
//! A [`Painter`] keeps the picture and what it shows, and draws only the cells that differ: painting
//! step by step gives the same pixels as painting the last screen alone. A cell is drawn from itself
//! and the marks behind it; nothing of it leaves its place.
//!
//! Drawn are the sixteen, 256 and true colours (bold text in one of the first eight takes its bright
//! one), bold, faint, italic, underlined, struck through, inverse, wide characters, and the cursor as
//! a block. Blinking text stays.

mod layout;
mod paint;
mod png;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use layout::largest;
pub use layout::{Layout, TooLarge};
pub use paint::Painter;
pub use png::{PictureError, png};

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// The first column.
    pub left: u32,
    /// The first row.
    pub top: u32,
    /// Number of columns.
    pub width: u32,
    /// Number of rows.
    pub height: u32,
}

impl Rect {
    /// The smallest rectangle that holds all of these. `None` when there are none.
    pub fn around(rects: &[Self]) -> Option<Self> {
        let left = rects.iter().map(|rect| rect.left).min()?;
        let top = rects.iter().map(|rect| rect.top).min()?;
        let right = rects.iter().map(|rect| rect.left + rect.width).max()?;
        let bottom = rects.iter().map(|rect| rect.top + rect.height).max()?;
        Some(Self {
            left,
            top,
            width: right - left,
            height: bottom - top,
        })
    }
}

/// Pixels, row by row from the top left: red, green, blue, and 255 for opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Picture {
    fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            rgba: vec![0xff; 4 * width as usize * height as usize],
        }
    }

    /// Pixels in a row; even.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Number of rows; even.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// All pixels, four bytes each, without gaps between the rows.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// The rows of a part of it, four bytes a pixel.
    pub fn part(&self, rect: Rect) -> impl Iterator<Item = &[[u8; 4]]> {
        let (left, width) = (rect.left as usize, rect.width as usize);
        let rows = self.rgba.chunks_exact(4 * self.width.max(1) as usize);
        rows.skip(rect.top as usize)
            .take(rect.height as usize)
            .map(move |row| {
                let pixels = row.as_chunks().0;
                pixels.get(left..left + width).unwrap_or_default()
            })
    }

    /// The rows of a part of it, to be drawn on.
    fn part_mut(&mut self, rect: Rect) -> impl Iterator<Item = &mut [[u8; 4]]> {
        let (left, width) = (rect.left as usize, rect.width as usize);
        let rows = self.rgba.chunks_exact_mut(4 * self.width.max(1) as usize);
        rows.skip(rect.top as usize)
            .take(rect.height as usize)
            .map(move |row| {
                let pixels = row.as_chunks_mut().0;
                pixels.get_mut(left..left + width).unwrap_or_default()
            })
    }
}
