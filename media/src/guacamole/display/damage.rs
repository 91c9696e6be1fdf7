//! Which parts of the picture must be composed anew.

use super::rect::Rect;

/// More would cost more to look through than composing a little too much.
const MAX_RECTS: usize = 12;

/// A few rectangles that hold everything that was drawn on.
#[derive(Debug, Default)]
pub(super) struct Damage {
    rects: Vec<Rect>,
}

impl Damage {
    pub(super) fn add(&mut self, rect: Rect) {
        if rect.is_empty() || self.rects.iter().any(|held| held.holds(&rect)) {
            return;
        }
        self.rects.retain(|held| !rect.holds(held));
        // Text comes character by character: what touches is joined when that costs little.
        let joined = self
            .rects
            .iter()
            .position(|held| held.union(&rect).area() <= (held.area() + rect.area()) * 5 / 4);
        if let Some(index) = joined {
            let held = self.rects.swap_remove(index);
            self.add(held.union(&rect));
            return;
        }
        self.rects.push(rect);
        if self.rects.len() > MAX_RECTS {
            let all = self
                .rects
                .drain(..)
                .fold(Rect::default(), |all, rect| all.union(&rect));
            self.rects.push(all);
        }
    }

    pub(super) fn take(&mut self) -> Vec<Rect> {
        std::mem::take(&mut self.rects)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rects.is_empty()
    }
}
