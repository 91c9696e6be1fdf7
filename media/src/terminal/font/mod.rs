//! The fonts, and glyphs as coverage of cells.
//!
//! A glyph is looked for in this order: lines, blocks and Braille are drawn by rule, so that they
//! join; then JetBrains Mono, Regular or Bold, slanted for italics; then the bitmaps of GNU Unifont;
//! at last a box with the number of the character. Nothing of a glyph leaves its cell.

mod blocks;
mod fallback;
mod lines;
pub(crate) mod mask;
mod unknown;

use std::collections::HashMap;
use std::sync::Arc;

use ab_glyph::{Font as _, FontRef, Outline, OutlineCurve, OutlinedGlyph, Point, PxScale, point};
use unicode_width::UnicodeWidthChar;

use mask::Mask;

/// How many glyphs are kept. All of them are drawn anew when more are used: a recording of every
/// character there is must not fill the memory.
const GLYPHS_MAX: usize = 4_096;
/// How far the top of an italic letter leans, as a share of its height.
const SLANT: f32 = 0.2;

/// The size of the letters: the em in pixels, 8 to 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FontSize(u16);

impl FontSize {
    /// What is easy to read and gives cells of 9 by 20 pixels.
    pub const DEFAULT: Self = Self(15);
    /// The smallest.
    pub const MIN: u16 = 8;
    /// The largest.
    pub const MAX: u16 = 64;

    /// The nearest size that there is.
    pub fn clamped(pixels: u32) -> Self {
        let pixels = u16::try_from(pixels).unwrap_or(u16::MAX);
        Self(pixels.clamp(Self::MIN, Self::MAX))
    }

    /// The em in pixels.
    pub fn pixels(self) -> u16 {
        self.0
    }
}

impl Default for FontSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The cell of a character, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CellSize {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// The row below the feet of letters.
    pub(crate) baseline: usize,
    /// The thickness of a line.
    pub(crate) line: usize,
}

/// What a glyph is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GlyphKey {
    pub(crate) character: char,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    /// Whether it has two cells.
    pub(crate) wide: bool,
}

/// The fonts at one size, with the glyphs used so far.
pub(crate) struct Font {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
    scale: PxScale,
    cell: CellSize,
    glyphs: HashMap<GlyphKey, Arc<Mask>>,
}

impl Font {
    pub(crate) fn new(size: FontSize) -> Self {
        let face = |bytes| FontRef::try_from_slice(bytes).expect("the bundled font is whole");
        let regular = face(include_bytes!("data/JetBrainsMono-Regular.ttf"));
        let bold = face(include_bytes!("data/JetBrainsMono-Bold.ttf"));
        let em = f32::from(size.0);
        let units = regular.units_per_em().unwrap_or(1_000.0);
        let advance = regular.h_advance_unscaled(regular.glyph_id('0')) * em / units;
        let ascent = regular.ascent_unscaled() * em / units;
        let height = regular.height_unscaled() * em / units;
        Self {
            scale: PxScale::from(height),
            cell: CellSize {
                width: (advance.round() as usize).max(1),
                height: (height.round() as usize).max(1),
                baseline: ascent.round() as usize,
                line: ((em / 15.0).round() as usize).max(1),
            },
            regular,
            bold,
            glyphs: HashMap::new(),
        }
    }

    pub(crate) fn cell(&self) -> CellSize {
        self.cell
    }

    /// The glyph of a character. `None` when there is nothing to draw.
    pub(crate) fn glyph(&mut self, key: GlyphKey) -> Option<Arc<Mask>> {
        if is_blank(key.character) {
            return None;
        }
        if let Some(glyph) = self.glyphs.get(&key) {
            return Some(Arc::clone(glyph));
        }
        if self.glyphs.len() >= GLYPHS_MAX {
            self.glyphs.clear();
        }
        let glyph = Arc::new(self.draw(key));
        self.glyphs.insert(key, Arc::clone(&glyph));
        Some(glyph)
    }

    fn draw(&self, key: GlyphKey) -> Mask {
        let width = self.cell.width * if key.wide { 2 } else { 1 };
        let mut mask = Mask::new(width, self.cell.height);
        let drawn = lines::draw(key.character, self.cell, &mut mask)
            || blocks::draw(key.character, &mut mask)
            || self.outline(key, &mut mask)
            || fallback::draw(key.character, key.bold, &mut mask);
        if !drawn {
            unknown::draw(key.character, self.cell, &mut mask);
        }
        mask
    }

    /// Draws the outline that the main face has for the character, if it has one.
    fn outline(&self, key: GlyphKey, mask: &mut Mask) -> bool {
        let face = if key.bold { &self.bold } else { &self.regular };
        let id = face.glyph_id(key.character);
        if id.0 == 0 {
            return false;
        }
        let Some(mut outline) = face.outline(id) else {
            // The face has it, and it is empty.
            return true;
        };
        let factor = ab_glyph::PxScaleFactor {
            horizontal: self.scale.x / face.height_unscaled(),
            vertical: self.scale.y / face.height_unscaled(),
        };
        if key.italic {
            slant(&mut outline, face.ascent_unscaled() / 3.0);
        }
        let left = if is_mark(key.character) {
            // A mark belongs over the middle of whatever it marks, wherever its face has it.
            let middle = (outline.bounds.min.x + outline.bounds.max.x) / 2.0;
            mask.width() as f32 / 2.0 - middle * factor.horizontal
        } else {
            (mask.width() as f32 - face.h_advance_unscaled(id) * factor.horizontal) / 2.0
        };
        let position = point(left, self.cell.baseline as f32);
        let glyph = id.with_scale_and_position(self.scale, position);
        let outlined = OutlinedGlyph::new(glyph, outline, factor);
        let corner = outlined.px_bounds().min;
        let (left, top) = (corner.x as i32, corner.y as i32);
        outlined.draw(|x, y, share| mask.cover_share(left + x as i32, top + y as i32, share));
        true
    }
}

/// Leans an outline to the right, around the height that stays where it is.
fn slant(outline: &mut Outline, around: f32) {
    let lean = |point: &mut Point| point.x += SLANT * (point.y - around);
    for curve in &mut outline.curves {
        match curve {
            OutlineCurve::Line(a, b) => [a, b].into_iter().for_each(lean),
            OutlineCurve::Quad(a, b, c) => [a, b, c].into_iter().for_each(lean),
            OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d].into_iter().for_each(lean),
        }
    }
    let bounds = &mut outline.bounds;
    let (low, high) = (
        bounds.min.y.min(bounds.max.y),
        bounds.min.y.max(bounds.max.y),
    );
    bounds.min.x += SLANT * (low - around);
    bounds.max.x += SLANT * (high - around);
}

/// Whether the character is drawn over the one before it.
pub(crate) fn is_mark(character: char) -> bool {
    // Nearly all text is below the first mark.
    character >= '\u{300}' && character.width() == Some(0) && !is_blank(character)
}

/// Whether nothing is to be seen of the character: spaces, controls, and what only steers the drawing
/// of others.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            u32::from(character),
            0xad | 0x34f
                | 0x061c
                | 0x115f
                | 0x1160
                | 0x180b..=0x180f
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0x3164
                | 0xfe00..=0xfe0f
                | 0xfeff
                | 0xffa0
                | 0xe0000..=0xe0fff
        )
}
