//! What is drawn on a layer with lines: the current path, and the state that `push` and `pop` keep.
//!
//! Nearly all paths are one rectangle of whole pixels, which is filled as such. For everything else
//! the coverage of each pixel is computed by tiny-skia. The transform applies to paths only.

use tiny_skia::{FillRule, LineCap, LineJoin, Mask, PathBuilder, Stroke, Transform};

use super::limits::Limits;
use super::rect::Rect;

/// Coordinates of a path are kept within this, far outside any picture.
const FAR: f32 = 100_000.0;

/// The state of drawing on one layer.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    segments: Vec<Segment>,
    /// The path was filled or stroked: the next segment begins another.
    done: bool,
    state: State,
    pushed: Vec<State>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    transform: Transform,
    clip: Option<Rect>,
}

#[derive(Debug, Clone, Copy)]
enum Segment {
    /// Where it stands is not transformed.
    Rect(Rect),
    Start(Point),
    Line(Point),
    Curve(Point, Point, Point),
    Close,
}

type Point = (f32, f32);

/// What is to be painted.
pub(super) enum Shape {
    /// All of these pixels.
    Rect(Rect),
    /// The pixels of a rectangle, each as far as it is covered: a byte for each, row by row.
    Covered(Rect, Mask),
}

/// How a line is drawn: `cstroke`'s cap, join and thickness.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) cap: i32,
    pub(super) join: i32,
    pub(super) width: f32,
}

impl Drawing {
    /// Adds a rectangle. Whether there was room; so the others, too.
    pub(super) fn rect(&mut self, rect: Rect, limits: &Limits) -> bool {
        if self.state.transform.is_identity() {
            return self.add(&[Segment::Rect(rect)], limits);
        }
        let (left, top) = (rect.x() as f32, rect.y() as f32);
        let (right, bottom) = (rect.right() as f32, rect.bottom() as f32);
        let corner = |x, y| self.point(x, y);
        let segments = [
            Segment::Start(corner(left, top)),
            Segment::Line(corner(right, top)),
            Segment::Line(corner(right, bottom)),
            Segment::Line(corner(left, bottom)),
            Segment::Close,
        ];
        self.add(&segments, limits)
    }

    pub(super) fn start(&mut self, (x, y): Point, limits: &Limits) -> bool {
        self.add(&[Segment::Start(self.point(x, y))], limits)
    }

    pub(super) fn line(&mut self, (x, y): Point, limits: &Limits) -> bool {
        self.add(&[Segment::Line(self.point(x, y))], limits)
    }

    pub(super) fn curve(&mut self, [a, b, end]: [Point; 3], limits: &Limits) -> bool {
        let point = |(x, y)| self.point(x, y);
        self.add(&[Segment::Curve(point(a), point(b), point(end))], limits)
    }

    /// Angles in radians, clockwise from the right as y goes down.
    pub(super) fn arc(
        &mut self,
        (x, y): Point,
        radius: f32,
        (from, to): (f32, f32),
        backwards: bool,
        limits: &Limits,
    ) -> bool {
        use std::f32::consts::{FRAC_PI_2, TAU};
        let radius = radius.clamp(0.0, FAR);
        let (from, to) = (from % (16.0 * TAU), to % (16.0 * TAU));
        // As a canvas does it: once round at most, in the direction that is asked for.
        let turn = match backwards {
            false if to - from >= TAU => TAU,
            true if from - to >= TAU => -TAU,
            false => (to - from).rem_euclid(TAU),
            true => -(from - to).rem_euclid(TAU),
        };
        let pieces = (turn.abs() / FRAC_PI_2).ceil().max(1.0);
        let step = turn / pieces;
        let reach = 4.0 / 3.0 * (step / 4.0).tan() * radius;
        let on_circle = |angle: f32| (x + radius * angle.cos(), y + radius * angle.sin());
        let begin = on_circle(from);
        let joins = !self.done && !self.segments.is_empty();
        let mut whole = if joins {
            self.line(begin, limits)
        } else {
            self.start(begin, limits)
        };
        for piece in 0..pieces as u8 {
            let (a, b) = (
                from + f32::from(piece) * step,
                from + f32::from(piece + 1) * step,
            );
            let ((ax, ay), (bx, by)) = (on_circle(a), on_circle(b));
            let first = (ax - reach * a.sin(), ay + reach * a.cos());
            let second = (bx + reach * b.sin(), by - reach * b.cos());
            whole &= self.curve([first, second, (bx, by)], limits);
        }
        whole
    }

    pub(super) fn close(&mut self, limits: &Limits) -> bool {
        self.add(&[Segment::Close], limits)
    }

    /// Ends the path: the inside of it is to be painted.
    pub(super) fn fill(&mut self, bounds: &Rect) -> Option<Shape> {
        self.done = true;
        let bounds = self.clipped(bounds);
        if let [Segment::Rect(rect)] = self.segments.as_slice() {
            return Some(Shape::Rect(rect.intersect(&bounds)));
        }
        covered(&self.path()?, &bounds)
    }

    /// Ends the path: the line along it is to be painted.
    pub(super) fn stroke(&mut self, pen: Pen, bounds: &Rect) -> Option<Shape> {
        self.done = true;
        let stroke = Stroke {
            width: pen.width.clamp(0.0, FAR),
            // As a canvas has it.
            miter_limit: 10.0,
            line_cap: match pen.cap {
                1 => LineCap::Round,
                2 => LineCap::Square,
                _ => LineCap::Butt,
            },
            line_join: match pen.join {
                1 => LineJoin::Miter,
                2 => LineJoin::Round,
                _ => LineJoin::Bevel,
            },
            dash: None,
        };
        covered(&self.path()?.stroke(&stroke, 1.0)?, &self.clipped(bounds))
    }

    /// From now on only what is inside the path is drawn. Whether that is exactly so: of what is no
    /// rectangle, the rectangle around it is taken.
    pub(super) fn clip(&mut self) -> bool {
        self.done = true;
        let (inside, exact) = match self.segments.as_slice() {
            [Segment::Rect(rect)] => (*rect, true),
            _ => (
                self.path().map(|path| around(&path)).unwrap_or_default(),
                false,
            ),
        };
        self.state.clip = Some(self.clipped(&inside));
        exact
    }

    /// The part of it that may be drawn on.
    pub(super) fn clipped(&self, rect: &Rect) -> Rect {
        self.state.clip.map_or(*rect, |clip| clip.intersect(rect))
    }

    pub(super) fn push(&mut self, limits: &Limits) -> bool {
        let room = self.pushed.len() < limits.pushed_states;
        if room {
            self.pushed.push(self.state);
        }
        room
    }

    pub(super) fn pop(&mut self) {
        if let Some(state) = self.pushed.pop() {
            self.state = state;
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) fn identity(&mut self) {
        self.state.transform = Transform::identity();
    }

    pub(super) fn transform(&mut self, [a, b, c, d, e, f]: [f32; 6]) {
        let before = self.state.transform;
        let both = before.pre_concat(Transform::from_row(a, b, c, d, e, f));
        if both.is_finite() {
            self.state.transform = both;
        }
    }

    fn add(&mut self, segments: &[Segment], limits: &Limits) -> bool {
        if std::mem::take(&mut self.done) {
            self.segments.clear();
        }
        let room = self.segments.len() + segments.len() <= limits.path_segments;
        if room {
            self.segments.extend_from_slice(segments);
        }
        room
    }

    fn point(&self, x: f32, y: f32) -> Point {
        let mut point = tiny_skia::Point::from_xy(x, y);
        self.state.transform.map_point(&mut point);
        (point.x.clamp(-FAR, FAR), point.y.clamp(-FAR, FAR))
    }

    fn path(&self) -> Option<tiny_skia::Path> {
        let mut path = PathBuilder::new();
        for segment in &self.segments {
            match *segment {
                Segment::Rect(rect) => {
                    let near = |edge: i32| (edge as f32).clamp(-FAR, FAR);
                    let (left, top) = (near(rect.x()), near(rect.y()));
                    let (right, bottom) = (near(rect.right()), near(rect.bottom()));
                    if let Some(rect) = tiny_skia::Rect::from_ltrb(left, top, right, bottom) {
                        path.push_rect(rect);
                    }
                }
                Segment::Start((x, y)) => path.move_to(x, y),
                // A line to nowhere begins there.
                Segment::Line((x, y)) if path.is_empty() => path.move_to(x, y),
                Segment::Line((x, y)) => path.line_to(x, y),
                Segment::Curve((x, y), ..) if path.is_empty() => path.move_to(x, y),
                Segment::Curve(a, b, end) => path.cubic_to(a.0, a.1, b.0, b.1, end.0, end.1),
                Segment::Close => path.close(),
            }
        }
        path.finish()
    }
}

/// The pixels that a path touches.
fn around(path: &tiny_skia::Path) -> Rect {
    let bounds = path.bounds();
    let (left, top) = (bounds.left().floor() as i32, bounds.top().floor() as i32);
    let (right, bottom) = (bounds.right().ceil() as i32, bounds.bottom().ceil() as i32);
    Rect::new(
        left,
        top,
        right.saturating_sub(left),
        bottom.saturating_sub(top),
    )
}

fn covered(path: &tiny_skia::Path, bounds: &Rect) -> Option<Shape> {
    let within = around(path).intersect(bounds);
    let mut mask = Mask::new(within.width(), within.height())?;
    let there = Transform::from_translate(-(within.x() as f32), -(within.y() as f32));
    mask.fill_path(path, FillRule::Winding, true, there);
    Some(Shape::Covered(within, mask))
}
