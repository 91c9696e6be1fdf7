//! Pixels: RGBA, 8 bits each, colours multiplied by their alpha.

use super::rect::Rect;

pub(super) const PIXEL: usize = 4;

/// A picture in memory. New pixels are transparent.
#[derive(Debug, Default, Clone)]
pub(super) struct Surface {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// Something may have been drawn on it.
    touched: bool,
}

impl Surface {
    /// The caller has checked the size against the limits.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let bytes = width as usize * height as usize * PIXEL;
        Self {
            width,
            height,
            pixels: vec![0; bytes],
            touched: false,
        }
    }

    /// Takes pixels that are there already; none when they do not have that size.
    pub(super) fn from_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Option<Self> {
        let bytes = u64::from(width) * u64::from(height) * PIXEL as u64;
        (pixels.len() as u64 == bytes).then_some(Self {
            width,
            height,
            pixels,
            touched: true,
        })
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    pub(super) fn area(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    pub(super) fn bounds(&self) -> Rect {
        Rect::of_size(self.width, self.height)
    }

    pub(super) fn stride(&self) -> usize {
        self.width as usize * PIXEL
    }

    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Whether it is transparent for certain: nothing was drawn on it.
    pub(super) fn is_untouched(&self) -> bool {
        !self.touched
    }

    /// Another size with the same upper left corner.
    pub(super) fn resize(&mut self, width: u32, height: u32) {
        let mut resized = Self::new(width, height);
        if !self.touched {
            *self = resized;
            return;
        }
        let shared = self.bounds().intersect(&resized.bounds());
        for y in 0..shared.bottom() {
            if let (Some(from), Some(to)) = (
                self.row(y, 0, shared.width()),
                resized.row_mut(y, 0, shared.width()),
            ) {
                to.copy_from_slice(from);
            }
        }
        *self = resized;
    }

    /// Some pixels of a row; none when they are not all within.
    pub(super) fn row(&self, y: i32, x: i32, width: u32) -> Option<&[u8]> {
        let (from, to) = self.span(y, x, width)?;
        self.pixels.get(from..to)
    }

    pub(super) fn row_mut(&mut self, y: i32, x: i32, width: u32) -> Option<&mut [u8]> {
        let (from, to) = self.span(y, x, width)?;
        self.touched = true;
        self.pixels.get_mut(from..to)
    }

    fn span(&self, y: i32, x: i32, width: u32) -> Option<(usize, usize)> {
        let (y, x) = (u32::try_from(y).ok()?, u32::try_from(x).ok()?);
        if y >= self.height || x.checked_add(width)? > self.width {
            return None;
        }
        let from = y as usize * self.stride() + x as usize * PIXEL;
        Some((from, from + width as usize * PIXEL))
    }
}

/// `a * b / 255`, rounded, for 8-bit fractions.
#[inline]
pub(super) fn multiply(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// Multiplies the colours by their alpha.
pub(super) fn premultiply(pixels: &mut [u8]) {
    for pixel in pixels.as_chunks_mut::<PIXEL>().0 {
        let [red, green, blue, alpha] = *pixel;
        if alpha != 255 {
            *pixel = [
                multiply(red, alpha),
                multiply(green, alpha),
                multiply(blue, alpha),
                alpha,
            ];
        }
    }
}

/// Divides the colours by the alpha.
pub(super) fn straight([red, green, blue, alpha]: [u8; 4]) -> [u8; 4] {
    let divide = |colour: u8| match alpha {
        0 => 0,
        255 => colour,
        _ => ((u32::from(colour) * 255 + u32::from(alpha) / 2) / u32::from(alpha)).min(255) as u8,
    };
    [divide(red), divide(green), divide(blue), alpha]
}
