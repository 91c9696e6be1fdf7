//! Where cells stand in the picture.

use super::Rect;
use crate::terminal::Size;
use crate::terminal::font::CellSize;

/// The most pixels of a picture: those of the largest terminal that is drawn, in the default font,
/// and half as many again.
const PIXELS_MAX: u64 = 28_000_000;

/// A picture that would have too many pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the picture would have {width} x {height} pixels, expected at most {PIXELS_MAX} in all: \
     choose a smaller font"
)]
pub struct TooLarge {
    /// Pixels in a row.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
}

/// Where cells stand in the picture: from the top left, with a margin around.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub(super) cell: CellSize,
    margin: u32,
    size: Size,
    width: u32,
    height: u32,
}

impl Layout {
    /// The largest terminal that is drawn: 500 columns and 200 rows. Of a larger one the rest is cut off.
    pub const SIZE_MAX: (u16, u16) = (500, 200);

    /// The layout for terminals up to this size.
    ///
    /// # Errors
    /// When the picture would have too many pixels.
    pub(crate) fn new(cell: CellSize, size: Size) -> Result<Self, TooLarge> {
        let size = size.intersection(largest());
        let margin = cell.width as u32;
        // Encoders of video want even numbers.
        let extent = |cells: u16, pixels: usize| {
            (u32::from(cells) * pixels as u32 + 2 * margin).next_multiple_of(2)
        };
        let width = extent(size.columns(), cell.width);
        let height = extent(size.rows(), cell.height);
        if u64::from(width) * u64::from(height) > PIXELS_MAX {
            return Err(TooLarge { width, height });
        }
        Ok(Self {
            cell,
            margin,
            size,
            width,
            height,
        })
    }

    /// The largest terminal that this picture shows whole.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Pixels in a row of the picture.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The whole picture.
    pub(super) fn whole(&self) -> Rect {
        Rect {
            left: 0,
            top: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// A screen of this size with its margin.
    pub(super) fn screen(&self, size: Size) -> Rect {
        let extent = |cells: u16, all: u16, pixels: usize, end: u32| {
            if cells >= all {
                end
            } else {
                u32::from(cells) * pixels as u32 + 2 * self.margin
            }
        };
        let (columns, rows) = (self.size.columns(), self.size.rows());
        Rect {
            left: 0,
            top: 0,
            width: extent(size.columns(), columns, self.cell.width, self.width),
            height: extent(size.rows(), rows, self.cell.height, self.height),
        }
    }

    /// Some cells of one row.
    pub(super) fn cells(&self, row: usize, first: usize, count: usize) -> Rect {
        Rect {
            left: self.margin + (first * self.cell.width) as u32,
            top: self.margin + (row * self.cell.height) as u32,
            width: (count * self.cell.width) as u32,
            height: self.cell.height as u32,
        }
    }
}

/// The largest terminal that is drawn.
pub(crate) fn largest() -> Size {
    let (columns, rows) = Layout::SIZE_MAX;
    Size::clamped(columns.into(), rows.into())
}
