//! The painter.

use avt::{Cell, Terminal};

use super::layout::{Layout, TooLarge};
use super::rows::{changed, marks, runs};
use super::{Picture, Rect};
use crate::terminal::Size;
use crate::terminal::font::mask::{FULL, Mask};
use crate::terminal::font::{Font, FontSize, GlyphKey, is_mark};
use crate::terminal::theme::{Rgb, Theme, mix};

/// How far the area outside a screen is from the background towards the foreground, in eighths.
const BORDER_EIGHTHS: u8 = 1;

/// Draws the screens of one terminal, one after the other.
pub struct Painter {
    theme: Theme,
    font: Font,
    layout: Layout,
    picture: Picture,
    /// What the picture shows: a row after the other, `None` where nothing was drawn yet.
    shown: Vec<Option<Cell>>,
    size: Option<Size>,
    cursor: Option<(usize, usize)>,
    rects: Vec<Rect>,
    row: Vec<bool>,
}

impl Painter {
    /// A painter of terminals up to this size.
    ///
    /// # Errors
    /// When the picture would have too many pixels.
    pub fn new(theme: Theme, font_size: FontSize, size: Size) -> Result<Self, TooLarge> {
        let font = Font::new(font_size);
        let layout = Layout::new(font.cell(), size)?;
        Ok(Self {
            theme,
            font,
            picture: Picture::new(layout.width(), layout.height()),
            layout,
            shown: Vec::new(),
            size: None,
            cursor: None,
            rects: Vec::new(),
            row: Vec::new(),
        })
    }

    /// Where cells stand.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The picture as it was last painted.
    pub fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The pixels that the last painting may have changed: from the top, none twice.
    pub(crate) fn changed(&self) -> &[Rect] {
        &self.rects
    }

    /// Paints the terminal as it is now, and answers which pixels may have changed: from the top,
    /// none twice.
    pub fn paint(&mut self, terminal: &Terminal) -> &[Rect] {
        let rows = terminal.size().1;
        self.paint_rows(terminal, 0..rows)
    }

    /// As [`Self::paint`], when the others than these rows, in ascending order, are what they were.
    pub(crate) fn paint_rows(
        &mut self,
        terminal: &Terminal,
        rows: impl IntoIterator<Item = usize>,
    ) -> &[Rect] {
        self.rects.clear();
        let (columns, lines) = terminal.size();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let size = Size::clamped(number(columns), number(lines)).intersection(self.layout.size());
        let whole = self.size != Some(size);
        if whole {
            self.clear(size);
        }
        let (before, cursor) = (self.cursor, cursor_cell(terminal, size));
        self.cursor = cursor;
        let moved = before != cursor;
        let mut is_due = vec![whole; size.rows().into()];
        let with_cursor = [before, cursor].into_iter().flatten();
        let with_cursor = with_cursor.filter(|_| moved).map(|(_, row)| row);
        for row in rows.into_iter().chain(with_cursor) {
            if let Some(due) = is_due.get_mut(row) {
                *due = true;
            }
        }
        let columns = usize::from(size.columns());
        for (row, line) in terminal.screen().visible_lines().enumerate() {
            if !is_due.get(row).is_some_and(|&due| due) {
                continue;
            }
            let cells = line.cells().get(..columns).unwrap_or(line.cells());
            let cursors = [before, cursor].into_iter().flatten();
            let cursors = cursors.filter(|&(_, at)| moved && at == row);
            let shown = &self.shown[row * columns..(row + 1) * columns];
            let mut due = std::mem::take(&mut self.row);
            changed(shown, cells, cursors.map(|(column, _)| column), &mut due);
            for (first, count) in runs(&due) {
                self.paint_cells(cells, row, first, count);
                self.rects.push(self.layout.cells(row, first, count));
            }
            self.row = due;
            for (shown, cell) in self.shown[row * columns..].iter_mut().zip(cells) {
                *shown = Some(*cell);
            }
        }
        if whole {
            self.rects.clear();
            self.rects.push(self.layout.whole());
        }
        &self.rects
    }

    /// An empty screen of this size.
    fn clear(&mut self, size: Size) {
        let border = mix(
            self.theme.background,
            self.theme.foreground,
            BORDER_EIGHTHS,
            8,
        );
        let screen = self.layout.screen(size);
        for (rect, colour) in [
            (self.layout.whole(), border),
            (screen, self.theme.background),
        ] {
            for row in self.picture.part_mut(rect) {
                row.fill(opaque(colour));
            }
        }
        let cells = usize::from(size.columns()) * usize::from(size.rows());
        self.shown.clear();
        self.shown.resize(cells, None);
        self.size = Some(size);
        self.cursor = None;
    }

    fn paint_cells(&mut self, cells: &[Cell], row: usize, first: usize, count: usize) {
        let end = first + count;
        let mut column = first;
        while column < end {
            // A wide character that is cut off at the right edge has one cell left.
            let width = usize::from(cells[column].width().max(1)).min(end - column);
            self.paint_cell(cells, row, column, width);
            column += width;
        }
    }

    fn paint_cell(&mut self, cells: &[Cell], row: usize, column: usize, width: usize) {
        let cell = &cells[column];
        let pen = cell.pen();
        let [ink, paper] = self.colours(cell, self.cursor == Some((column, row)));
        let steps: [[u8; 4]; FULL as usize + 1] =
            std::array::from_fn(|level| opaque(mix(paper, ink, level as u8, FULL)));

        let key = |character| GlyphKey {
            character,
            bold: pen.is_bold(),
            italic: pen.is_italic(),
            wide: width == 2,
        };
        let is_cut = usize::from(cell.width()) != width;
        // A mark is drawn with the character before it, where there is one.
        let is_elsewhere = column > 0 && is_mark(cell.char());
        let mut glyph = None;
        if !is_cut && !is_elsewhere {
            glyph = self.font.glyph(key(cell.char()));
            let mut marked: Option<Mask> = None;
            for mark in marks(cells, column) {
                if let Some(mark) = self.font.glyph(key(mark)) {
                    let empty = || Mask::new(mark.width(), mark.height());
                    let base = || glyph.as_deref().cloned().unwrap_or_else(empty);
                    marked.get_or_insert_with(base).add(&mark);
                }
            }
            glyph = marked.map(Into::into).or(glyph);
        }

        let rect = self.layout.cells(row, column, width);
        match &glyph {
            None => {
                for pixels in self.picture.part_mut(rect) {
                    pixels.fill(steps[0]);
                }
            }
            Some(glyph) => {
                for (pixels, levels) in self.picture.part_mut(rect).zip(glyph.rows()) {
                    for (pixel, &level) in pixels.iter_mut().zip(levels) {
                        *pixel = steps[usize::from(level.min(FULL))];
                    }
                }
            }
        }
        let metrics = self.layout.cell;
        let lines = [
            (pen.is_underline(), metrics.baseline + 1),
            (pen.is_strikethrough(), metrics.baseline * 7 / 10),
        ];
        for (_, top) in lines.into_iter().filter(|(is_drawn, _)| *is_drawn) {
            let top = top.min(metrics.height.saturating_sub(metrics.line));
            let line = Rect {
                top: rect.top + top as u32,
                height: metrics.line.min(metrics.height) as u32,
                ..rect
            };
            for pixels in self.picture.part_mut(line) {
                pixels.fill(steps[usize::from(FULL)]);
            }
        }
    }

    /// The colour of the character and the one behind it.
    fn colours(&self, cell: &Cell, is_under_cursor: bool) -> [Rgb; 2] {
        let [mut ink, mut paper] = self.theme.of_pen(cell.pen());
        if is_under_cursor {
            (ink, paper) = (paper, ink);
        }
        [ink, paper]
    }
}

/// The cell that the cursor stands on, if it is seen. One that waits behind the last column to wrap
/// stands in it.
fn cursor_cell(terminal: &Terminal, size: Size) -> Option<(usize, usize)> {
    let (column, row) = terminal.cursor().position()?;
    if row >= usize::from(size.rows()) || column > usize::from(size.columns()) {
        return None;
    }
    let column = column.min(usize::from(size.columns()) - 1);
    let line = terminal.screen().line(row)?;
    let is_tail = line.cells().get(column)?.width() == 0;
    Some((column - usize::from(is_tail && column > 0), row))
}

fn opaque([red, green, blue]: Rgb) -> [u8; 4] {
    [red, green, blue, 0xff]
}
