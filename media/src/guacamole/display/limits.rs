//! How much a recording may ask of the display, and what it asked in vain.

use std::collections::BTreeMap;

/// Names of unknown instructions that are kept apart, and how long they may be.
const NAMES: usize = 64;
const NAME_BYTES: usize = 32;

/// How much memory and work a recording may cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Width and height of a layer, in pixels.
    pub side: u32,
    /// Pixels of all layers and buffers together, 4 bytes each.
    pub pixels: u64,
    /// Layers and buffers together.
    pub layers: usize,
    /// Pixels of one image that is drawn.
    pub image_pixels: u64,
    /// Bytes of one encoded image.
    pub image_bytes: usize,
    /// Images whose end has not come.
    pub open_images: usize,
    /// Segments of a path.
    pub path_segments: usize,
    /// States that a layer has pushed.
    pub pushed_states: usize,
}

/// Room for several screens of 3840 x 2160 pixels with their copies; guacd has at most 64 streams.
impl Default for Limits {
    fn default() -> Self {
        Self {
            side: 16_384,
            pixels: 64 << 20,
            layers: 4_160,
            image_pixels: 36 << 20,
            image_bytes: 32 << 20,
            open_images: 64,
            path_segments: 10_000,
            pushed_states: 32,
        }
    }
}

/// What became of the instructions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Instructions that were looked at.
    pub instructions: u64,
    /// Images that were drawn.
    pub images: u64,
    /// Images that are none, or larger than is drawn.
    pub images_refused: u64,
    /// Instructions with arguments that are missing or no numbers, or that ask for more than the
    /// limits.
    pub refused: u64,
    /// Instructions that would show but are not drawn, by name.
    pub unsupported: BTreeMap<String, u64>,
    /// Instructions that no release of Guacamole is known to write, by name; some names only.
    pub unknown: BTreeMap<String, u64>,
    /// Unknown instructions whose names were too many or too long.
    pub unknown_others: u64,
}

impl Counts {
    pub(super) fn count_unsupported(&mut self, name: &str) {
        *self.unsupported.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn count_unknown(&mut self, name: &str) {
        if let Some(count) = self.unknown.get_mut(name) {
            *count += 1;
        } else if self.unknown.len() < NAMES && name.len() <= NAME_BYTES {
            self.unknown.insert(name.to_owned(), 1);
        } else {
            self.unknown_others += 1;
        }
    }
}
