//! Pages as they are filled, from the top: how wide texts are, where lines end, what stands where.

use ab_glyph::{Font as _, FontRef, ScaleFont};

use super::{BOLD, REGULAR};

// Points, from the left and from the top.
pub(super) const WIDTH: f32 = 841.89;
pub(super) const HEIGHT: f32 = 595.28;
pub(super) const MARGIN: f32 = 40.0;
pub(super) const BOTTOM: f32 = HEIGHT - 52.0;
pub(super) const INNER: f32 = WIDTH - 2.0 * MARGIN;
pub(super) const BODY: f32 = 8.0;
pub(super) const LINE: f32 = 10.5;
pub(super) const GAP: f32 = 8.0;

/// Red, green, blue.
pub(super) type Rgb = (u8, u8, u8);

pub(super) const INK: Rgb = (22, 27, 34);
pub(super) const QUIET: Rgb = (88, 98, 112);
pub(super) const RULE: Rgb = (205, 211, 219);
pub(super) const SOFT: Rgb = (240, 242, 245);
pub(super) const BAR: Rgb = (31, 79, 209);

/// What is drawn somewhere on a page.
pub(super) enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        color: Rgb,
        text: String,
    },
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        color: Rgb,
    },
}

/// How wide texts are.
pub(super) struct Measure {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Measure {
    pub(super) fn new() -> Result<Self, String> {
        let font = |bytes: &'static [u8]| {
            FontRef::try_from_slice(bytes).map_err(|error| error.to_string())
        };
        Ok(Self {
            regular: font(REGULAR)?,
            bold: font(BOLD)?,
        })
    }

    pub(super) fn width(&self, text: &str, size: f32, bold: bool) -> f32 {
        let font = if bold { &self.bold } else { &self.regular };
        // Its scale is the height of a line, ours the size of an em.
        let em = font.units_per_em().unwrap_or(2048.0);
        let font = font.as_scaled(size * font.height_unscaled() / em);
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// The text in lines that fit, broken between words where it can be.
    pub(super) fn lines(
        &self,
        text: &str,
        size: f32,
        bold: bool,
        width: f32,
        most: usize,
    ) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_inclusive([' ', '/', ',', '-']) {
            let longer = format!("{line}{word}");
            if self.width(longer.trim_end(), size, bold) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                let longer = format!("{line}{c}");
                if !line.is_empty() && self.width(longer.trim_end(), size, bold) > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
                if lines.len() > most {
                    break;
                }
            }
            if lines.len() > most {
                break;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                last.push('…');
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }
}

/// Pages, and where on the last one goes on.
pub(super) struct Pages {
    pub(super) pages: Vec<Vec<Mark>>,
    pub(super) y: f32,
    pub(super) measure: Measure,
}

impl Pages {
    pub(super) fn text(
        &mut self,
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        color: Rgb,
        text: impl Into<String>,
    ) {
        let text = text.into();
        if let Some(page) = self.pages.last_mut()
            && !text.trim().is_empty()
        {
            page.push(Mark::Text {
                x,
                y,
                size,
                bold,
                color,
                text,
            });
        }
    }

    pub(super) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: Rgb) {
        if let Some(page) = self.pages.last_mut()
            && width > 0.0
        {
            page.push(Mark::Box {
                x,
                y,
                width,
                height,
                color,
            });
        }
    }

    pub(super) fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Makes sure of room for so much.
    pub(super) fn room(&mut self, height: f32) -> bool {
        let turns = self.y + height > BOTTOM;
        if turns {
            self.turn();
        }
        turns
    }

    pub(super) fn paragraph(&mut self, text: &str, size: f32, bold: bool, color: Rgb) {
        for line in self.measure.lines(text, size, bold, INNER, 60) {
            self.room(size * 1.35);
            self.text(MARGIN, self.y + size, size, bold, color, line.trim_end());
            self.y += size * 1.35;
        }
    }
}
