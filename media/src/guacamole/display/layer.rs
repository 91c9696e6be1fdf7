//! Layers, which are seen, and buffers, which are only copied from: one numbering, buffers below 0.

use std::collections::BTreeMap;

use super::limits::Limits;
use super::path::Drawing;
use super::rect::Rect;
use super::surface::Surface;

/// The number of the default layer: all others are seen within it.
pub(super) const DEFAULT: i32 = 0;
/// Layers within layers beyond this are not seen.
pub(super) const MAX_DEPTH: usize = 64;

#[derive(Debug)]
pub(super) struct Layer {
    pub(super) surface: Surface,
    /// The layer in which this one is seen.
    pub(super) parent: i32,
    pub(super) x: i32,
    pub(super) y: i32,
    /// Among the layers of one parent, the higher cover the lower.
    pub(super) z: i32,
    pub(super) opacity: u8,
    pub(super) drawing: Drawing,
}

impl Default for Layer {
    fn default() -> Self {
        Self {
            surface: Surface::default(),
            parent: DEFAULT,
            x: 0,
            y: 0,
            z: 0,
            opacity: 255,
            drawing: Drawing::default(),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Layers {
    by_number: BTreeMap<i32, Layer>,
    /// Pixels of all of them.
    pixels: u64,
    /// Of each layer that has some, the layers that are seen in it, lowest first; made when asked
    /// for.
    children: Option<BTreeMap<i32, Vec<i32>>>,
}

impl Layers {
    pub(super) fn get(&self, number: i32) -> Option<&Layer> {
        self.by_number.get(&number)
    }

    /// The layer, made if there was none; none when there are too many.
    pub(super) fn get_or_make(&mut self, number: i32, limits: &Limits) -> Option<&mut Layer> {
        if !self.by_number.contains_key(&number) {
            if self.by_number.len() >= limits.layers {
                return None;
            }
            self.children = None;
            self.by_number.insert(number, Layer::default());
        }
        self.by_number.get_mut(&number)
    }

    /// Changes where or how a layer is seen.
    pub(super) fn place(&mut self, number: i32, change: impl FnOnce(&mut Layer)) {
        if let Some(layer) = self.by_number.get_mut(&number) {
            change(layer);
            self.children = None;
        }
    }

    pub(super) fn remove(&mut self, number: i32) {
        if let Some(layer) = self.by_number.remove(&number) {
            self.pixels -= layer.surface.area();
            self.children = None;
        }
    }

    /// Gives a layer a size, if the limits allow it. Whether they do.
    pub(super) fn resize(&mut self, number: i32, width: u32, height: u32, limits: &Limits) -> bool {
        let others = self.pixels - self.get(number).map_or(0, |layer| layer.surface.area());
        let area = u64::from(width) * u64::from(height);
        if width > limits.side || height > limits.side || others + area > limits.pixels {
            return false;
        }
        let Some(layer) = self.get_or_make(number, limits) else {
            return false;
        };
        if (layer.surface.width(), layer.surface.height()) != (width, height) {
            layer.surface.resize(width, height);
            self.pixels = others + area;
        }
        true
    }

    /// Makes room in a buffer for what is about to be drawn there; layers keep their size.
    pub(super) fn fit(&mut self, number: i32, rect: &Rect, limits: &Limits) -> bool {
        let Some(layer) = self.get_or_make(number, limits) else {
            return false;
        };
        let bounds = layer.surface.bounds();
        if number >= DEFAULT || rect.is_empty() {
            return true;
        }
        let right = rect.right().max(bounds.right()).unsigned_abs();
        let bottom = rect.bottom().max(bounds.bottom()).unsigned_abs();
        self.resize(number, right, bottom, limits)
    }

    /// Where a part of a layer is seen in the default layer; empty where it is not seen at all.
    pub(super) fn seen(&self, number: i32, part: Rect) -> Rect {
        let (mut number, mut part) = (number, part);
        for _ in 0..MAX_DEPTH {
            let Some(layer) = self.get(number) else {
                break;
            };
            part = part.intersect(&layer.surface.bounds());
            if number == DEFAULT {
                return part;
            }
            if layer.opacity == 0 || part.is_empty() {
                break;
            }
            part = part.moved(layer.x, layer.y);
            number = layer.parent;
        }
        Rect::default()
    }

    /// Where all of a layer is seen.
    pub(super) fn seen_whole(&self, number: i32) -> Rect {
        let bounds = self.get(number).map(|layer| layer.surface.bounds());
        self.seen(number, bounds.unwrap_or_default())
    }

    /// The layers that are seen in this one, lowest first.
    pub(super) fn children(&self, number: i32) -> &[i32] {
        let children = self.children.as_ref();
        children
            .and_then(|by_parent| by_parent.get(&number))
            .map_or(&[], Vec::as_slice)
    }

    /// Sorts the layers, if they were changed. Call it before [`Layers::children`].
    pub(super) fn sort(&mut self) {
        if self.children.is_some() {
            return;
        }
        let mut by_parent: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (number, layer) in self.by_number.range(DEFAULT + 1..) {
            by_parent.entry(layer.parent).or_default().push(*number);
        }
        for numbers in by_parent.values_mut() {
            numbers.sort_by_key(|number| self.get(*number).map(|layer| layer.z));
        }
        self.children = Some(by_parent);
    }
}
