//! How what is drawn meets what is there: Porter and Duff's operators, as Guacamole's channel
//! masks.
//!
//! A mask has a bit for each of the four parts into which two pixels cut each other (libguac's
//! `guac_composite_mode`): 8 the new where there was nothing, 4 the new where there was something,
//! 2 the old where nothing comes, 1 the old where something comes. guacenc draws masks that have no
//! name as `OVER`.
//!
//! Only pixels that the drawing covers change. (guacenc, by Cairo, clears everything else for `IN`,
//! `OUT`, `RIN` and `RATOP`; guacd relies on neither.)

use super::surface::{PIXEL, multiply};

/// A channel mask that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode(u8);

impl Mode {
    pub(super) const OVER: Self = Self(0xE);
    pub(super) const SRC: Self = Self(0xC);
    const NAMED: [u8; 11] = [0x2, 0x6, 0xA, 0xB, 0xE, 0xF, 0x1, 0x4, 0x8, 0x9, 0xC];

    pub(super) fn from_mask(mask: i32) -> Self {
        u8::try_from(mask)
            .ok()
            .filter(|mask| Self::NAMED.contains(mask))
            .map_or(Self::OVER, Self)
    }

    /// The same for a source without transparency, where that is simpler.
    pub(super) fn for_opaque(self) -> Self {
        if self == Self::OVER { Self::SRC } else { self }
    }
}

/// Draws one row of pixels onto another of the same length.
pub(super) fn row(mode: Mode, to: &mut [u8], from: &[u8]) {
    match mode {
        Mode::SRC => {
            let shared = to.len().min(from.len());
            if let (Some(to), Some(from)) = (to.get_mut(..shared), from.get(..shared)) {
                to.copy_from_slice(from);
            }
        }
        Mode::OVER => row_over(to, from),
        Mode(mask) => {
            let (to, from) = (to.as_chunks_mut::<PIXEL>().0, from.as_chunks::<PIXEL>().0);
            for (to, from) in to.iter_mut().zip(from) {
                *to = any(mask, *to, *from);
            }
        }
    }
}

/// Most of what is drawn is all opaque or all transparent for some pixels on end.
fn row_over(to: &mut [u8], from: &[u8]) {
    const BLOCK: usize = 16 * PIXEL;
    let (to, from) = (to.as_chunks_mut::<BLOCK>(), from.as_chunks::<BLOCK>());
    for (to, from) in to.0.iter_mut().zip(from.0) {
        let (mut all, mut any) = (255, 0);
        for pixel in from.as_chunks::<PIXEL>().0 {
            all &= pixel[3];
            any |= pixel[0] | pixel[1] | pixel[2] | pixel[3];
        }
        if all == 255 {
            *to = *from;
        } else if any != 0 {
            pixels_over(to, from);
        }
    }
    pixels_over(to.1, from.1);
}

fn pixels_over(to: &mut [u8], from: &[u8]) {
    let (to, from) = (to.as_chunks_mut::<PIXEL>().0, from.as_chunks::<PIXEL>().0);
    for (to, from) in to.iter_mut().zip(from) {
        *to = over(*to, *from);
    }
}

/// Draws one row onto another, each pixel as far as it is covered (0 to 255).
pub(super) fn row_covered(mode: Mode, to: &mut [u8], from: &[u8], coverage: &[u8]) {
    let (to, from) = (to.as_chunks_mut::<PIXEL>().0, from.as_chunks::<PIXEL>().0);
    for ((to, from), coverage) in to.iter_mut().zip(from).zip(coverage) {
        if *coverage > 0 {
            let drawn = any(mode.0, *to, *from);
            *to = mix(*to, drawn, *coverage);
        }
    }
}

/// Draws one row over another with an opacity of its own.
pub(super) fn row_faded(to: &mut [u8], from: &[u8], opacity: u8) {
    let (to, from) = (to.as_chunks_mut::<PIXEL>().0, from.as_chunks::<PIXEL>().0);
    for (to, from) in to.iter_mut().zip(from) {
        *to = over(*to, from.map(|channel| multiply(channel, opacity)));
    }
}

#[inline]
fn over(to: [u8; 4], from: [u8; 4]) -> [u8; 4] {
    let kept = 255 - from[3];
    zip(to, from, |to, from| from.saturating_add(multiply(to, kept)))
}

#[inline]
fn any(mask: u8, to: [u8; 4], from: [u8; 4]) -> [u8; 4] {
    let part = |bit: u8, fraction: u8| if mask & bit == 0 { 0 } else { fraction };
    let (old, new) = (to[3], from[3]);
    // Never above 255: both bits together are the whole.
    let of_new = part(8, 255 - old).saturating_add(part(4, old));
    let of_old = part(2, 255 - new).saturating_add(part(1, new));
    zip(to, from, |to, from| {
        multiply(from, of_new).saturating_add(multiply(to, of_old))
    })
}

#[inline]
fn mix(from: [u8; 4], to: [u8; 4], amount: u8) -> [u8; 4] {
    zip(from, to, |from, to| {
        multiply(from, 255 - amount).saturating_add(multiply(to, amount))
    })
}

#[inline]
fn zip(a: [u8; 4], b: [u8; 4], f: impl Fn(u8, u8) -> u8) -> [u8; 4] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const HALF_BLUE: [u8; 4] = [0, 0, 128, 128];
    const NOTHING: [u8; 4] = [0; 4];

    #[test]
    fn each_mask_is_its_operator() {
        // (mask, half-transparent blue onto red, red onto nothing)
        let cases: [(i32, [u8; 4], [u8; 4]); 12] = [
            (0x2, [127, 0, 0, 127], NOTHING),   // ROUT
            (0x6, [127, 0, 128, 255], NOTHING), // ATOP
            (0xA, [127, 0, 0, 127], RED),       // XOR
            (0xB, RED, RED),                    // ROVER
            (0xE, [127, 0, 128, 255], RED),     // OVER
            (0xF, [255, 0, 128, 255], RED),     // PLUS
            (0x1, [128, 0, 0, 128], NOTHING),   // RIN
            (0x4, [0, 0, 128, 128], NOTHING),   // IN
            (0x8, NOTHING, RED),                // OUT
            (0x9, [128, 0, 0, 128], RED),       // RATOP
            (0xC, HALF_BLUE, RED),              // SRC
            (0x7, [127, 0, 128, 255], RED),     // without a name: OVER
        ];
        for (mask, onto_red, onto_nothing) in cases {
            let mode = Mode::from_mask(mask);
            for (before, new, want) in [(RED, HALF_BLUE, onto_red), (NOTHING, RED, onto_nothing)] {
                let mut pixel = before;
                row(mode, &mut pixel, &new);
                assert_eq!(pixel, want, "mask {mask:#x}, {new:?} onto {before:?}");
                let mut pixel = before;
                row_covered(mode, &mut pixel, &new, &[255]);
                assert_eq!(
                    pixel, want,
                    "mask {mask:#x}, covered, {new:?} onto {before:?}"
                );
            }
        }
    }

    #[test]
    fn a_long_row_is_drawn_as_its_pixels() {
        let pixel = |number: usize| match number / 20 {
            0 => RED,
            1 => NOTHING,
            2 => HALF_BLUE,
            _ => [RED, NOTHING, HALF_BLUE][number % 3],
        };
        let from: Vec<u8> = (0..90).flat_map(pixel).collect();
        let mut to = [9, 8, 7, 255].repeat(90);
        row(Mode::OVER, &mut to, &from);
        for (number, got) in to.chunks(PIXEL).enumerate() {
            let want = any(0xE, [9, 8, 7, 255], pixel(number));
            assert_eq!(got, want, "pixel {number}");
        }
    }

    #[test]
    fn coverage_and_opacity_are_fractions() {
        let mut pixel = NOTHING;
        row_covered(Mode::OVER, &mut pixel, &RED, &[128]);
        assert_eq!(pixel, [128, 0, 0, 128]);
        let mut pixel = [0, 0, 255, 255];
        row_faded(&mut pixel, &RED, 64);
        assert_eq!(pixel, [64, 0, 191, 255]);
    }
}
