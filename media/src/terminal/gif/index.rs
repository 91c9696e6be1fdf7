//! Colours to the numbers of a palette.

use super::quantize::{Reduction, reduce};
use crate::terminal::font::mask::FULL;
use crate::terminal::picture::{Picture, Rect};
use crate::terminal::theme::{Rgb, Theme, mix};

/// The number that stands for no colour, in every palette.
pub(super) const TRANSPARENT: u8 = 0;
/// How many colours a palette has beside it.
pub(super) const COLOURS_MAX: usize = 255;
/// A power of two well above [`COLOURS_MAX`], so that a colour is found in a step or two.
const SLOTS: usize = 1_024;

/// The pixels of a rectangle as numbers of a palette.
pub(super) struct Indexed {
    /// Three bytes a colour; `None` for the palette of the file.
    pub(super) palette: Option<Vec<u8>>,
    pub(super) pixels: Vec<u8>,
    pub(super) has_transparent: bool,
}

/// Colours with their numbers, from 1 on.
struct Numbers {
    slots: Vec<Option<(Rgb, u8)>>,
    colours: Vec<Rgb>,
}

impl Numbers {
    fn new() -> Self {
        Self {
            slots: vec![None; SLOTS],
            colours: Vec::with_capacity(COLOURS_MAX),
        }
    }

    fn clear(&mut self) {
        self.slots.fill(None);
        self.colours.clear();
    }

    /// The number of the colour, or the slot for it.
    fn find(&self, colour: Rgb) -> Result<u8, usize> {
        let [red, green, blue] = colour;
        let key = u32::from_be_bytes([0, red, green, blue]);
        let mut slot = (key.wrapping_mul(0x9e37_79b1) >> 22) as usize;
        loop {
            match self.slots[slot] {
                Some((there, number)) if there == colour => return Ok(number),
                Some(_) => slot = (slot + 1) % SLOTS,
                None => return Err(slot),
            }
        }
    }

    /// The number of the colour, which it gets if it has none. `None` when there are no more numbers.
    fn number(&mut self, colour: Rgb) -> Option<u8> {
        match self.find(colour) {
            Ok(number) => Some(number),
            Err(_) if self.colours.len() >= COLOURS_MAX => None,
            Err(slot) => {
                self.colours.push(colour);
                let number = self.colours.len() as u8;
                self.slots[slot] = Some((colour, number));
                Some(number)
            }
        }
    }

    fn palette(&self) -> Vec<u8> {
        palette(&self.colours)
    }
}

/// A palette whose first colour is nobody's.
fn palette(colours: &[Rgb]) -> Vec<u8> {
    let unused = [[0; 3]];
    unused.iter().chain(colours).flatten().copied().collect()
}

/// Turns pixels into numbers.
pub(super) struct Indexer {
    global: Numbers,
    global_palette: Vec<u8>,
    local: Numbers,
}

impl Indexer {
    /// The palette of the file has what plain text needs: each colour of the theme on the background,
    /// and the cursor.
    pub(super) fn new(theme: &Theme) -> Self {
        let mut global = Numbers::new();
        let paper = theme.background;
        let inks = std::iter::once(theme.foreground).chain(theme.palette);
        let on_paper = inks.map(|ink| (paper, ink));
        for (paper, ink) in on_paper.chain([(theme.foreground, paper)]) {
            for level in 0..=FULL {
                global.number(mix(paper, ink, level, FULL));
            }
        }
        Self {
            global_palette: global.palette(),
            global,
            local: Numbers::new(),
        }
    }

    pub(super) fn global_palette(&self) -> &[u8] {
        &self.global_palette
    }

    /// The rectangle `around` all `parts` of a picture; what lies in none of them is transparent.
    pub(super) fn index(&mut self, picture: &Picture, around: Rect, parts: &[Rect]) -> Indexed {
        let area = |rect: &Rect| u64::from(rect.width) * u64::from(rect.height);
        let has_transparent = parts.iter().map(area).sum::<u64>() < area(&around);
        let mut pixels = vec![TRANSPARENT; around.width as usize * around.height as usize];

        let global = &self.global;
        if fill(&mut pixels, picture, around, parts, |colour| {
            global.find(colour).ok()
        }) {
            return Indexed {
                palette: None,
                pixels,
                has_transparent,
            };
        }
        let local = &mut self.local;
        local.clear();
        if fill(&mut pixels, picture, around, parts, |colour| {
            local.number(colour)
        }) {
            return Indexed {
                palette: Some(local.palette()),
                pixels,
                has_transparent,
            };
        }
        let Reduction { colours, numbers } = reduce(picture, parts);
        let mut number = |colour| Some(numbers.number(colour));
        fill(&mut pixels, picture, around, parts, &mut number);
        Indexed {
            palette: Some(palette(&colours)),
            pixels,
            has_transparent,
        }
    }
}

/// Writes the number of each pixel of the parts. False when a colour has none.
fn fill(
    pixels: &mut [u8],
    picture: &Picture,
    around: Rect,
    parts: &[Rect],
    mut number: impl FnMut(Rgb) -> Option<u8>,
) -> bool {
    let stride = around.width as usize;
    let mut last = None;
    for part in parts {
        let left = (part.left - around.left) as usize;
        let top = (part.top - around.top) as usize;
        let rows = pixels.chunks_exact_mut(stride).skip(top);
        for (to, from) in rows.zip(picture.part(*part)) {
            for (to, &pixel) in to[left..].iter_mut().zip(from) {
                // Most pixels are as the one before.
                *to = match last {
                    Some((there, number)) if there == pixel => number,
                    _ => {
                        let [red, green, blue, _] = pixel;
                        let Some(number) = number([red, green, blue]) else {
                            return false;
                        };
                        last = Some((pixel, number));
                        number
                    }
                };
            }
        }
    }
    true
}
