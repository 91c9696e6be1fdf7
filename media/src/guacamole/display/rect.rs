//! Rectangles of whole pixels.

/// Coordinates from a file are kept within this, so that sums of some of them fit 32 bits.
const FAR: i64 = 1 << 24;

/// A rectangle of whole pixels; x to the right, y down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
}

impl Rect {
    /// From its upper left corner, its width and its height. What is far outside any picture is cut
    /// off; what has no or a negative size is empty.
    #[must_use]
    pub fn new(x: i32, y: i32, width: i32, height: i32) -> Self {
        let near = |value: i64| value.clamp(-FAR, FAR) as i32;
        Self {
            left: near(x.into()),
            top: near(y.into()),
            right: near(i64::from(x) + i64::from(width)),
            bottom: near(i64::from(y) + i64::from(height)),
        }
    }

    /// A whole picture of this size.
    #[must_use]
    pub fn of_size(width: u32, height: u32) -> Self {
        let near = |side: u32| i64::from(side).min(FAR) as i32;
        Self::new(0, 0, near(width), near(height))
    }

    /// Of the left edge.
    #[must_use]
    pub fn x(&self) -> i32 {
        self.left
    }

    /// Of the upper edge.
    #[must_use]
    pub fn y(&self) -> i32 {
        self.top
    }

    /// In pixels, 0 when empty.
    #[must_use]
    pub fn width(&self) -> u32 {
        (self.right - self.left).max(0).unsigned_abs()
    }

    /// In pixels, 0 when empty.
    #[must_use]
    pub fn height(&self) -> u32 {
        (self.bottom - self.top).max(0).unsigned_abs()
    }

    /// One behind the last column.
    #[must_use]
    pub fn right(&self) -> i32 {
        self.right
    }

    /// One behind the last row.
    #[must_use]
    pub fn bottom(&self) -> i32 {
        self.bottom
    }

    /// In pixels.
    #[must_use]
    pub fn area(&self) -> u64 {
        u64::from(self.width()) * u64::from(self.height())
    }

    /// Whether it holds no pixel.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.right <= self.left || self.bottom <= self.top
    }

    /// What both hold.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// The smallest that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => *other,
            (_, true) => *self,
            _ => Self {
                left: self.left.min(other.left),
                top: self.top.min(other.top),
                right: self.right.max(other.right),
                bottom: self.bottom.max(other.bottom),
            },
        }
    }

    /// The same, elsewhere.
    #[must_use]
    pub fn moved(&self, by_x: i32, by_y: i32) -> Self {
        let near = |edge: i32, by: i32| (i64::from(edge) + i64::from(by)).clamp(-FAR, FAR) as i32;
        Self {
            left: near(self.left, by_x),
            top: near(self.top, by_y),
            right: near(self.right, by_x),
            bottom: near(self.bottom, by_y),
        }
    }

    /// Whether all of the other is within.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.intersect(other) == *other
    }
}
