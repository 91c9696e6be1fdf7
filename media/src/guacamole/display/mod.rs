//! Draws the instructions of a recording.
//!
//! - The picture is what guacenc 1.6.1 shows at the same `sync`; where Guacamole's client can draw
//!   what guacenc leaves out (lines, arcs, patterns, `transfer`), it is drawn as in the client.
//! - Nothing that a recording asks for takes more memory than [`Limits`] allow. What asks for more,
//!   or cannot be read, is counted and left out; everything else goes on.
//! - The picture is composed anew only where something was drawn, and [`Display::changed`] holds
//!   the pixels that are different, and only a rectangle around them.
//!
//! `distort` and video in the recording are not drawn, a `transform` moves paths only and a `clip`
//! that is no rectangle is taken for the one around it: [`Counts::unsupported`] tells of each.

mod composite;
mod damage;
mod decode;
mod draw;
mod layer;
mod limits;
mod paint;
mod path;
mod rect;
mod screen;
mod surface;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use limits::{Counts, Limits};
pub use rect::Rect;

use super::parser::Instruction;
use damage::Damage;
use draw::OpenImage;
use layer::Layers;
use screen::{Cursor, Screen};

/// What an instruction was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Something to draw, or nothing to the display.
    Continue,
    /// The end of a frame: what was drawn up to here belongs together.
    Frame {
        /// As in the recording, in milliseconds of an unknown clock.
        timestamp: i64,
    },
}

/// A picture without transparency.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// In pixels; 0 before the recording gave a size.
    pub width: u32,
    /// In pixels; 0 before the recording gave a size.
    pub height: u32,
    /// From one row to the next, in bytes.
    pub stride: usize,
    /// Row by row from above, each pixel as red, green, blue and 255.
    pub pixels: &'a [u8],
}

/// The screen of a recording.
#[derive(Debug)]
pub struct Display {
    limits: Limits,
    layers: Layers,
    images: BTreeMap<i32, OpenImage>,
    cursor: Cursor,
    damage: Damage,
    screen: Screen,
    counts: Counts,
}

impl Display {
    /// A display without a size.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            layers: Layers::default(),
            images: BTreeMap::new(),
            cursor: Cursor::default(),
            damage: Damage::default(),
            screen: Screen::default(),
            counts: Counts::default(),
        }
    }

    /// Draws an instruction.
    pub fn apply(&mut self, instruction: &Instruction<'_>) -> Outcome {
        self.counts.instructions += 1;
        let timestamp = match instruction.opcode() {
            "sync" => instruction.long(0),
            // The mouse moves between what the other side sends: each move is a frame.
            "mouse" => {
                self.mouse(instruction);
                instruction.long(3)
            }
            opcode => {
                if self.draw(opcode, instruction).is_none() {
                    self.counts.refused += 1;
                }
                return Outcome::Continue;
            }
        };
        timestamp.map_or(Outcome::Continue, |timestamp| Outcome::Frame { timestamp })
    }

    /// The picture as it is now.
    pub fn frame(&mut self) -> Picture<'_> {
        self.compose();
        self.composed()
    }

    /// The picture as it was when it was last asked for.
    #[must_use]
    pub fn composed(&self) -> Picture<'_> {
        let picture = self.screen.picture();
        Picture {
            width: picture.width(),
            height: picture.height(),
            stride: picture.stride(),
            pixels: picture.pixels(),
        }
    }

    /// A rectangle around all pixels of the picture that are different from when this was last
    /// taken; none when there are none.
    pub fn take_changed(&mut self) -> Option<Rect> {
        self.compose();
        let changed = self.screen.take_changed();
        (!changed.is_empty()).then_some(changed)
    }

    /// The same, without taking it.
    pub fn changed(&mut self) -> Option<Rect> {
        self.compose();
        let changed = self.screen.changed();
        (!changed.is_empty()).then_some(changed)
    }

    /// What became of the instructions so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    fn compose(&mut self) {
        let size = self
            .layers
            .get(layer::DEFAULT)
            .map(|layer| layer.surface.bounds());
        if self.damage.is_empty() && size.unwrap_or_default() == self.screen.picture().bounds() {
            return;
        }
        let damaged = self.damage.take();
        self.screen
            .compose(&mut self.layers, &self.cursor, &damaged);
    }
}
