//! What each instruction does. Their arguments stand in the *Guacamole protocol reference*.
//!
//! A method gives none when the instruction is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::composite::Mode;
use super::decode::decode;
use super::layer::{DEFAULT, Layer};
use super::paint::{self, Paint};
use super::path::{Drawing, Pen, Shape};
use super::rect::Rect;
use super::surface::{Surface, multiply};
use super::{Display, Limits};
use crate::guacamole::parser::Instruction;

/// An image of which parts are still to come.
#[derive(Debug)]
pub(super) struct OpenImage {
    layer: i32,
    mode: Mode,
    x: i32,
    y: i32,
    bytes: Vec<u8>,
    /// It has more bytes than may be.
    refused: bool,
}

impl Display {
    pub(super) fn draw(&mut self, opcode: &str, i: &Instruction<'_>) -> Option<()> {
        match opcode {
            "blob" => self.blob(i),
            "end" => self.end(i),
            "img" => self.img(i),
            "rect" => {
                let rect = Rect::new(i.int(1)?, i.int(2)?, i.int(3)?, i.int(4)?);
                let fits = self.layers.fit(i.int(0)?, &rect, &self.limits);
                self.path(i, |path, limits| path.rect(rect, limits).then_some(()))?;
                fits.then_some(())
            }
            "cfill" => {
                let paint = Paint::Color(color(i, 2)?);
                self.paint(i.int(1)?, &paint, Mode::from_mask(i.int(0)?), Drawing::fill)
            }
            "copy" => self.copy(i, |to, within, at, from, part, mask| {
                paint::picture(to, within, at, from, part, Mode::from_mask(mask))
            }),
            "transfer" => self.copy(i, |to, within, at, from, part, function| {
                let function = u8::try_from(function & 0xF).unwrap_or_default();
                paint::transfer(to, within, at, from, part, function)
            }),
            "size" => self.size(i),
            "move" => {
                let (parent, x, y, z) = (i.int(1)?, i.int(2)?, i.int(3)?, i.int(4)?);
                self.place(i.int(0)?, |layer| {
                    (layer.parent, layer.x, layer.y, layer.z) = (parent, x, y, z);
                })
            }
            "shade" => {
                let opacity = u8::try_from(i.int(1)?.clamp(0, 255)).ok()?;
                self.place(i.int(0)?, |layer| layer.opacity = opacity)
            }
            "dispose" => {
                let number = i.int(0)?;
                if number != DEFAULT {
                    self.damage.add(self.layers.seen_whole(number));
                    self.layers.remove(number);
                }
                Some(())
            }
            "cursor" => self.set_cursor(i),
            "lfill" | "cstroke" | "lstroke" => self.draw_path(opcode, i),
            "start" | "line" | "curve" | "arc" | "close" | "clip" | "push" | "pop" | "reset"
            | "identity" | "transform" => self.extend_path(opcode, i),
            // Releases before 0.9.5: the image within the instruction.
            "png" | "jpeg" => {
                let image = OpenImage::new(i.int(1)?, i.int(0)?, i.int(2)?, i.int(3)?);
                let bytes = STANDARD.decode(i.arg(4)?).unwrap_or_default();
                self.draw_image(&image, &bytes)
            }
            "video" | "distort" | "set" => {
                self.counts.count_unsupported(opcode);
                Some(())
            }
            // Nothing that is seen.
            "ack" | "args" | "argv" | "audio" | "body" | "clipboard" | "connect" | "disconnect"
            | "error" | "file" | "filesystem" | "get" | "key" | "log" | "mimetype" | "msg"
            | "name" | "nest" | "nop" | "pipe" | "put" | "ready" | "required" | "select"
            | "timezone" | "touch" | "undefine" | "usbconnect" => Some(()),
            _ => {
                self.counts.count_unknown(opcode);
                Some(())
            }
        }
    }

    pub(super) fn mouse(&mut self, i: &Instruction<'_>) {
        if let (Some(x), Some(y)) = (i.int(0), i.int(1)) {
            self.damage.add(self.cursor.rect());
            self.cursor.at = Some((x, y));
            self.damage.add(self.cursor.rect());
        }
    }

    fn img(&mut self, i: &Instruction<'_>) -> Option<()> {
        let image = OpenImage::new(i.int(2)?, i.int(1)?, i.int(4)?, i.int(5)?);
        let stream = i.int(0)?;
        if self.images.len() >= self.limits.open_images && !self.images.contains_key(&stream) {
            return None;
        }
        self.images.insert(stream, image);
        Some(())
    }

    fn blob(&mut self, i: &Instruction<'_>) -> Option<()> {
        let (stream, data) = (i.int(0)?, i.arg(1)?);
        // Or it is of a sound or a file.
        let Some(image) = self.images.get_mut(&stream) else {
            return Some(());
        };
        if image.refused {
            return Some(());
        }
        let whole = STANDARD.decode_vec(data, &mut image.bytes).is_ok();
        if !whole || image.bytes.len() > self.limits.image_bytes {
            image.bytes = Vec::new();
            image.refused = true;
        }
        Some(())
    }

    fn end(&mut self, i: &Instruction<'_>) -> Option<()> {
        if let Some(image) = self.images.remove(&i.int(0)?) {
            self.draw_image(&image, &image.bytes)?;
        }
        Some(())
    }

    fn draw_image(&mut self, image: &OpenImage, bytes: &[u8]) -> Option<()> {
        let decoded = if image.refused {
            None
        } else {
            decode(bytes, &self.limits)
        };
        let Some(decoded) = decoded else {
            self.counts.images_refused += 1;
            return Some(());
        };
        let mode = if decoded.opaque {
            image.mode.for_opaque()
        } else {
            image.mode
        };
        let part = decoded.surface.bounds();
        let target = part.moved(image.x, image.y);
        let fits = self.layers.fit(image.layer, &target, &self.limits);
        let layer = self.layers.get_or_make(image.layer, &self.limits)?;
        let within = layer.drawing.clipped(&target);
        let at = (image.x, image.y);
        let to = &mut layer.surface;
        let drawn = paint::picture(to, &within, at, &decoded.surface, &part, mode);
        self.damage.add(self.layers.seen(image.layer, drawn));
        self.counts.images += 1;
        fits.then_some(())
    }

    /// `copy` and `transfer` differ in how pixels meet only.
    fn copy(
        &mut self,
        i: &Instruction<'_>,
        draw: impl FnOnce(&mut Surface, &Rect, (i32, i32), &Surface, &Rect, i32) -> Rect,
    ) -> Option<()> {
        let (from, to) = (i.int(0)?, i.int(6)?);
        let part = Rect::new(i.int(1)?, i.int(2)?, i.int(3)?, i.int(4)?);
        let (how, at) = (i.int(5)?, (i.int(7)?, i.int(8)?));
        let target = part.moved(at.0.saturating_sub(part.x()), at.1.saturating_sub(part.y()));
        let fits = self.layers.fit(to, &target, &self.limits);
        self.layers.get_or_make(from, &self.limits)?;
        let layer = self.layers.get_or_make(to, &self.limits)?;
        let within = layer.drawing.clipped(&target);
        let mut surface = std::mem::take(&mut layer.surface);
        let drawn = if from == to {
            // What is drawn on must not be read again.
            let there = part.intersect(&surface.bounds());
            let mut copied = Surface::new(there.width(), there.height());
            let all = copied.bounds();
            paint::picture(&mut copied, &all, (0, 0), &surface, &there, Mode::SRC);
            let part = part.moved(-there.x(), -there.y());
            draw(&mut surface, &within, at, &copied, &part, how)
        } else {
            let source = self.layers.get(from)?;
            draw(&mut surface, &within, at, &source.surface, &part, how)
        };
        self.layers.get_or_make(to, &self.limits)?.surface = surface;
        self.damage.add(self.layers.seen(to, drawn));
        fits.then_some(())
    }

    fn size(&mut self, i: &Instruction<'_>) -> Option<()> {
        let number = i.int(0)?;
        let (width, height) = (
            u32::try_from(i.int(1)?).ok()?,
            u32::try_from(i.int(2)?).ok()?,
        );
        self.damage.add(self.layers.seen_whole(number));
        let fits = self.layers.resize(number, width, height, &self.limits);
        self.damage.add(self.layers.seen_whole(number));
        fits.then_some(())
    }

    fn place(&mut self, number: i32, change: impl FnOnce(&mut Layer)) -> Option<()> {
        if number <= DEFAULT {
            return None;
        }
        self.layers.get_or_make(number, &self.limits)?;
        self.damage.add(self.layers.seen_whole(number));
        self.layers.place(number, change);
        self.damage.add(self.layers.seen_whole(number));
        Some(())
    }

    fn set_cursor(&mut self, i: &Instruction<'_>) -> Option<()> {
        let part = Rect::new(i.int(3)?, i.int(4)?, i.int(5)?, i.int(6)?);
        let hotspot = (i.int(0)?, i.int(1)?);
        let side = part.width().max(part.height());
        if side > self.limits.side || part.area() > self.limits.image_pixels {
            return None;
        }
        let source = self.layers.get(i.int(2)?)?;
        let mut surface = Surface::new(part.width(), part.height());
        let all = surface.bounds();
        paint::picture(
            &mut surface,
            &all,
            (0, 0),
            &source.surface,
            &part,
            Mode::SRC,
        );
        self.damage.add(self.cursor.rect());
        (self.cursor.surface, self.cursor.hotspot) = (surface, hotspot);
        self.damage.add(self.cursor.rect());
        Some(())
    }

    fn draw_path(&mut self, opcode: &str, i: &Instruction<'_>) -> Option<()> {
        let (mode, number) = (Mode::from_mask(i.int(0)?), i.int(1)?);
        let pen = |i: &Instruction<'_>| {
            Some(Pen {
                cap: i.int(2)?,
                join: i.int(3)?,
                width: i.float(4)?,
            })
        };
        if opcode == "cstroke" {
            let (pen, paint) = (pen(i)?, Paint::Color(color(i, 5)?));
            return self.paint(number, &paint, mode, |path, bounds| {
                path.stroke(pen, bounds)
            });
        }
        let (from, pen) = if opcode == "lfill" {
            (i.int(2)?, None)
        } else {
            (i.int(5)?, Some(pen(i)?))
        };
        let pattern = self.layers.get(from)?.surface.clone();
        self.paint(
            number,
            &Paint::Pattern(&pattern),
            mode,
            |path, bounds| match pen {
                Some(pen) => path.stroke(pen, bounds),
                None => path.fill(bounds),
            },
        )
    }

    fn extend_path(&mut self, opcode: &str, i: &Instruction<'_>) -> Option<()> {
        let point = |number| Some((i.float(number)?, i.float(number + 1)?));
        let done = |whole: bool| whole.then_some(());
        let mut exact = true;
        self.path(i, |path, limits| match opcode {
            "start" => done(path.start(point(1)?, limits)),
            "line" => done(path.line(point(1)?, limits)),
            "curve" => done(path.curve([point(1)?, point(3)?, point(5)?], limits)),
            "arc" => {
                let (radius, angles) = (i.float(3)?, point(4)?);
                done(path.arc(point(1)?, radius, angles, i.int(6)? != 0, limits))
            }
            "close" => done(path.close(limits)),
            "clip" => {
                exact = path.clip();
                Some(())
            }
            "push" => done(path.push(limits)),
            "pop" => {
                path.pop();
                Some(())
            }
            "reset" => {
                path.reset();
                Some(())
            }
            "identity" => {
                path.identity();
                Some(())
            }
            "transform" => {
                let mut matrix = [0.0; 6];
                for (number, value) in matrix.iter_mut().enumerate() {
                    *value = i.float(number + 1)?;
                }
                exact = matrix == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];
                path.transform(matrix);
                Some(())
            }
            _ => None,
        })?;
        if !exact {
            self.counts.count_unsupported(opcode);
        }
        Some(())
    }

    /// Changes the path or the state of the layer that the first argument names.
    fn path(
        &mut self,
        i: &Instruction<'_>,
        change: impl FnOnce(&mut Drawing, &Limits) -> Option<()>,
    ) -> Option<()> {
        let layer = self.layers.get_or_make(i.int(0)?, &self.limits)?;
        change(&mut layer.drawing, &self.limits)
    }

    /// Paints the shape that is made of a layer's path.
    fn paint(
        &mut self,
        number: i32,
        paint: &Paint<'_>,
        mode: Mode,
        shape: impl FnOnce(&mut Drawing, &Rect) -> Option<Shape>,
    ) -> Option<()> {
        let layer = self.layers.get_or_make(number, &self.limits)?;
        let bounds = layer.surface.bounds();
        if let Some(shape) = shape(&mut layer.drawing, &bounds) {
            paint::shape(&mut layer.surface, &shape, paint, mode);
            let (Shape::Rect(drawn) | Shape::Covered(drawn, _)) = shape;
            self.damage.add(self.layers.seen(number, drawn));
        }
        Some(())
    }
}

impl OpenImage {
    fn new(layer: i32, mask: i32, x: i32, y: i32) -> Self {
        Self {
            layer,
            mode: Mode::from_mask(mask),
            x,
            y,
            bytes: Vec::new(),
            refused: false,
        }
    }
}

/// Four arguments as a colour multiplied by its alpha.
fn color(i: &Instruction<'_>, from: usize) -> Option<[u8; 4]> {
    let channel = |number| u8::try_from(i.int(number)?.clamp(0, 255)).ok();
    let alpha = channel(from + 3)?;
    let part = |number| Some(multiply(channel(number)?, alpha));
    Some([part(from)?, part(from + 1)?, part(from + 2)?, alpha])
}
