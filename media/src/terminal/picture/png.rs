//! One screen as a file.

use std::io::Cursor;

use avt::Terminal;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError};

use super::{Painter, TooLarge};
use crate::terminal::Size;
use crate::terminal::font::FontSize;
use crate::terminal::theme::Theme;

/// Why there is no picture of a screen.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It would have too many pixels.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// It could not be encoded.
    #[error("the picture cannot be encoded: {0}")]
    Encode(#[from] ImageError),
}

/// The screen of a terminal as a PNG file.
///
/// # Errors
/// When the picture would have too many pixels, or cannot be encoded.
pub fn png(
    terminal: &Terminal,
    theme: Theme,
    font_size: FontSize,
) -> Result<Vec<u8>, PictureError> {
    let (columns, rows) = terminal.size();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut painter = Painter::new(
        theme,
        font_size,
        Size::clamped(number(columns), number(rows)),
    )?;
    painter.paint(terminal);
    let picture = painter.picture();
    let mut file = Cursor::new(Vec::new());
    PngEncoder::new(&mut file).write_image(
        picture.rgba(),
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgba8,
    )?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_becomes_a_file_that_holds_its_pixels() {
        let mut terminal = Terminal::new(20, 3).unwrap();
        terminal.feed("\u{1b}[31mred\u{1b}[0m $ ls");
        let file = png(&terminal, Theme::default(), FontSize::DEFAULT).unwrap();
        let read = image::load_from_memory(&file).unwrap().into_rgba8();
        let mut painter =
            Painter::new(Theme::default(), FontSize::DEFAULT, Size::clamped(20, 3)).unwrap();
        painter.paint(&terminal);
        assert_eq!(
            read.dimensions(),
            (painter.picture().width(), painter.picture().height())
        );
        assert_eq!(read.as_raw().as_slice(), painter.picture().rgba());
    }
}
