//! Fewer colours, for the frames that have too many.
//!
//! The most frequent colours stay exact, so that text and backgrounds do not change; the others are
//! put into boxes by median cut (Heckbert, "Color image quantization for frame buffer display",
//! 1982), and each takes the mean of its box.

use std::collections::HashMap;

use super::index::COLOURS_MAX;
use crate::terminal::picture::{Picture, Rect};
use crate::terminal::theme::Rgb;

/// How many colours stay exact at most.
const EXACT_MAX: usize = 160;
/// A colour of one pixel in so many, or more, stays exact.
const FREQUENT: u64 = 2 * COLOURS_MAX as u64;
/// Above so many colours, those that differ only in their lowest three bits count as one.
const DISTINCT_MAX: usize = 16_384;
/// What is kept of a colour then.
const COARSE: u8 = 0xf8;

/// Colours of a picture, reduced.
pub(super) struct Reduction {
    /// At most [`COLOURS_MAX`].
    pub(super) colours: Vec<Rgb>,
    pub(super) numbers: ReducedNumbers,
}

/// Each colour of the picture with the number of the one that takes its place.
pub(super) struct ReducedNumbers {
    mask: u8,
    numbers: HashMap<Rgb, u8>,
}

impl ReducedNumbers {
    /// The number of a colour that is in the picture.
    pub(super) fn number(&self, colour: Rgb) -> u8 {
        let masked = colour.map(|part| part & self.mask);
        self.numbers.get(&masked).copied().unwrap_or(1)
    }
}

type Counted = (Rgb, u64);

/// Reduces the colours of these parts of a picture.
pub(super) fn reduce(picture: &Picture, parts: &[Rect]) -> Reduction {
    let (mask, counts) = match count(picture, parts, 0xff) {
        Some(counts) => (0xff, counts),
        None => (COARSE, count(picture, parts, COARSE).unwrap_or_default()),
    };
    let mut counted: Vec<Counted> = counts.into_iter().collect();
    // By colour too, so that the same picture gives the same palette.
    counted.sort_unstable_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));

    let mut reduction = Reduction {
        colours: Vec::with_capacity(COLOURS_MAX),
        numbers: ReducedNumbers {
            mask,
            numbers: HashMap::with_capacity(counted.len()),
        },
    };
    let pixels = weight(&counted);
    let is_frequent = |&(_, count): &Counted| count.saturating_mul(FREQUENT) >= pixels;
    let frequent = match counted.len() {
        all @ 0..=COLOURS_MAX => all,
        _ => counted.partition_point(is_frequent).min(EXACT_MAX),
    };
    let rare = counted.split_off(frequent);
    let boxes = boxes(rare, COLOURS_MAX - frequent);
    for same in counted.into_iter().map(|exact| vec![exact]).chain(boxes) {
        reduction.colours.push(mean(&same));
        let number = reduction.colours.len() as u8;
        let numbers = same.into_iter().map(|(colour, _)| (colour, number));
        reduction.numbers.numbers.extend(numbers);
    }
    reduction
}

/// How often each colour is there. `None` when there are too many of them, unless they are coarse.
fn count(picture: &Picture, parts: &[Rect], mask: u8) -> Option<HashMap<Rgb, u64>> {
    let mut counts: HashMap<Rgb, u64> = HashMap::new();
    for row in parts.iter().flat_map(|&part| picture.part(part)) {
        for same in row.chunk_by(|a, b| a == b) {
            let [red, green, blue, _] = same[0];
            let colour = [red, green, blue].map(|part| part & mask);
            *counts.entry(colour).or_default() += same.len() as u64;
        }
        if mask != COARSE && counts.len() > DISTINCT_MAX {
            return None;
        }
    }
    Some(counts)
}

/// Puts the colours into at most so many boxes.
fn boxes(colours: Vec<Counted>, boxes_max: usize) -> Vec<Vec<Counted>> {
    let mut boxes: Vec<Vec<Counted>> = Vec::new();
    if colours.is_empty() {
        return boxes;
    }
    boxes.push(colours);
    while boxes.len() < boxes_max {
        // The one whose colours differ most is cut; ones that are seen a lot count for more.
        let worst = boxes.iter().enumerate().max_by_key(|(_, colours)| {
            let (_, range) = widest(colours);
            u64::from(range) * weight(colours).isqrt()
        });
        let Some((index, colours)) = worst else { break };
        let (axis, range) = widest(colours);
        if range == 0 {
            break;
        }
        let (lower, upper) = cut(boxes.swap_remove(index), axis);
        boxes.push(lower);
        boxes.push(upper);
    }
    boxes
}

fn weight(colours: &[Counted]) -> u64 {
    colours.iter().map(|(_, count)| count).sum()
}

/// The part, red, green or blue, in which the colours differ most, and by how much.
fn widest(colours: &[Counted]) -> (usize, u8) {
    let range = |axis: usize| {
        let parts = colours.iter().map(|(colour, _)| colour[axis]);
        let (low, high) = parts.fold((u8::MAX, 0), |(low, high), part| {
            (low.min(part), high.max(part))
        });
        high.saturating_sub(low)
    };
    let ranges = (0..3).map(|axis| (axis, range(axis)));
    ranges.max_by_key(|&(_, range)| range).unwrap_or((0, 0))
}

/// Two boxes with half of the pixels each, as nearly as whole colours allow; none is empty.
fn cut(mut colours: Vec<Counted>, axis: usize) -> (Vec<Counted>, Vec<Counted>) {
    colours.sort_unstable_by_key(|(colour, _)| (colour[axis], *colour));
    let half = weight(&colours) / 2;
    let mut below = 0;
    let middle = colours.iter().position(|(_, count)| {
        below += count;
        below > half
    });
    let last = colours.len().saturating_sub(1);
    let upper = colours.split_off(middle.unwrap_or(0).clamp(1, last.max(1)));
    (colours, upper)
}

fn mean(colours: &[Counted]) -> Rgb {
    let weight = weight(colours).max(1);
    std::array::from_fn(|axis| {
        let sum: u64 = colours
            .iter()
            .map(|(colour, count)| u64::from(colour[axis]) * count)
            .sum();
        ((sum + weight / 2) / weight) as u8
    })
}
