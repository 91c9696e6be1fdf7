//! The layers as one picture, composed anew only where something was drawn.
//!
//! As guacenc does it: each layer is drawn over what is below it in its parent, cut off at the
//! parent's edges, the cursor over everything, and what is transparent then is black. Of two layers
//! in one parent the one with the higher z is above, as in the client (guacenc 1.6.1 has it the
//! other way round).

use super::composite::{self, Mode};
use super::layer::{DEFAULT, Layers, MAX_DEPTH};
use super::paint;
use super::rect::Rect;
use super::surface::{PIXEL, Surface};

/// The picture of the mouse and where it is.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    pub(super) surface: Surface,
    pub(super) hotspot: (i32, i32),
    /// None until the mouse has been moved.
    pub(super) at: Option<(i32, i32)>,
}

impl Cursor {
    pub(super) fn rect(&self) -> Rect {
        let Some((x, y)) = self.at.filter(|(x, y)| *x >= 0 && *y >= 0) else {
            return Rect::default();
        };
        let (left, top) = (
            x.saturating_sub(self.hotspot.0),
            y.saturating_sub(self.hotspot.1),
        );
        self.surface.bounds().moved(left, top)
    }
}

#[derive(Debug, Default)]
pub(super) struct Screen {
    picture: Surface,
    changed: Rect,
}

impl Screen {
    pub(super) fn picture(&self) -> &Surface {
        &self.picture
    }

    /// What is different from when it was last taken.
    pub(super) fn changed(&self) -> Rect {
        self.changed
    }

    pub(super) fn take_changed(&mut self) -> Rect {
        std::mem::take(&mut self.changed)
    }

    /// Composes what is damaged.
    pub(super) fn compose(&mut self, layers: &mut Layers, cursor: &Cursor, damaged: &[Rect]) {
        layers.sort();
        let size = layers
            .get(DEFAULT)
            .map(|layer| layer.surface.bounds())
            .unwrap_or_default();
        let mut rects = damaged;
        if size != self.picture.bounds() {
            self.picture = Surface::new(size.width(), size.height());
            for pixel in 0..size.bottom() {
                if let Some(row) = self.picture.row_mut(pixel, 0, size.width()) {
                    make_opaque(row);
                }
            }
            self.changed = size;
            rects = std::slice::from_ref(&size);
        }
        for rect in rects {
            let rect = rect.intersect(&size);
            if !rect.is_empty() {
                self.compose_rect(layers, cursor, rect);
            }
        }
    }

    fn compose_rect(&mut self, layers: &Layers, cursor: &Cursor, rect: Rect) {
        let mut fresh = Surface::new(rect.width(), rect.height());
        if let Some(base) = layers.get(DEFAULT) {
            let corner = (0, 0);
            paint::picture(
                &mut fresh,
                &whole(&rect),
                corner,
                &base.surface,
                &rect,
                Mode::SRC,
            );
        }
        children(layers, DEFAULT, &mut fresh, rect, 0);
        let pointer = cursor.rect().intersect(&rect);
        if !pointer.is_empty() {
            let at = (pointer.x() - rect.x(), pointer.y() - rect.y());
            let corner = cursor.rect();
            let part = pointer.moved(-corner.x(), -corner.y());
            paint::picture(
                &mut fresh,
                &whole(&rect),
                at,
                &cursor.surface,
                &part,
                Mode::OVER,
            );
        }
        for y in rect.y()..rect.bottom() {
            if let (Some(from), Some(to)) = (
                fresh.row_mut(y - rect.y(), 0, rect.width()),
                self.picture.row_mut(y, rect.x(), rect.width()),
            ) {
                make_opaque(from);
                if from != to {
                    let different = difference(from, to);
                    let row = Rect::new(rect.x(), y, 0, 1);
                    self.changed =
                        self.changed
                            .union(&Rect::new(row.x() + different.0, y, different.1, 1));
                    to.copy_from_slice(from);
                }
            }
        }
    }
}

/// Draws the layers in a layer over `onto`, which shows the part `rect` of that layer.
fn children(layers: &Layers, parent: i32, onto: &mut Surface, rect: Rect, depth: usize) {
    if depth >= MAX_DEPTH {
        return;
    }
    let inside = layers
        .get(parent)
        .map(|layer| layer.surface.bounds())
        .unwrap_or_default();
    for number in layers.children(parent) {
        let Some(layer) = layers.get(*number) else {
            continue;
        };
        let there = layer.surface.bounds().moved(layer.x, layer.y);
        let seen = there.intersect(&rect).intersect(&inside);
        if seen.is_empty() || layer.opacity == 0 {
            continue;
        }
        let at = (seen.x() - rect.x(), seen.y() - rect.y());
        let part = seen.moved(-layer.x, -layer.y);
        let is_leaf = layers.children(*number).is_empty();
        if is_leaf && layer.surface.is_untouched() {
            continue;
        }
        if is_leaf && layer.opacity == 255 {
            let all = onto.bounds();
            paint::picture(onto, &all, at, &layer.surface, &part, Mode::OVER);
            continue;
        }
        let mut group = Surface::new(part.width(), part.height());
        let corner = (0, 0);
        paint::picture(
            &mut group,
            &whole(&part),
            corner,
            &layer.surface,
            &part,
            Mode::SRC,
        );
        children(layers, *number, &mut group, part, depth + 1);
        for y in 0..group.bounds().bottom() {
            if let (Some(from), Some(to)) = (
                group.row(y, 0, part.width()),
                onto.row_mut(at.1 + y, at.0, part.width()),
            ) {
                match layer.opacity {
                    255 => composite::row(Mode::OVER, to, from),
                    opacity => composite::row_faded(to, from, opacity),
                }
            }
        }
    }
}

fn whole(rect: &Rect) -> Rect {
    Rect::of_size(rect.width(), rect.height())
}

fn make_opaque(row: &mut [u8]) {
    for pixel in row.as_chunks_mut::<PIXEL>().0 {
        pixel[3] = 255;
    }
}

/// The first pixel in which two rows differ, and how many there are up to the last.
fn difference(a: &[u8], b: &[u8]) -> (i32, i32) {
    let (a, b) = (a.as_chunks::<PIXEL>().0, b.as_chunks::<PIXEL>().0);
    let differ = |(a, b): (&[u8; PIXEL], &[u8; PIXEL])| a != b;
    let first = a.iter().zip(b).position(differ).unwrap_or(0);
    let last = a.iter().zip(b).rposition(differ).unwrap_or(0);
    let near = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    (near(first), near(last + 1 - first))
}
