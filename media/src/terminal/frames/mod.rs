//! A session as frames: pictures with the moments at which they are shown.
//!
//! An [`Animation`] is fed what happened in the order in which it happened, and hands frames to a
//! [`FrameSink`]. It promises:
//! - at most the given number of frames a second, and a frame only when something is to be seen that
//!   was not; what happens in between is in the frame after it, at most one frame late;
//! - times that never run backwards, whatever the recording says;
//! - frames that are all of one size: that of the largest terminal of the session, for which the
//!   session is read twice, the first time by [`Extent::note`]. A smaller screen stands at the top
//!   left, with a neutral border.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::Size;
use super::font::FontSize;
use super::picture::{Layout, Painter, Picture, Rect, TooLarge, largest};
use super::screen::Screen;
use super::theme::Theme;

/// Something that happened to a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<'a> {
    /// A terminal of this size began, empty.
    Started(Size),
    /// The program wrote this, which may begin or end inside an escape sequence.
    Written(&'a str),
    /// It got this size.
    Resized(Size),
}

/// How large the terminals of a session are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    largest: Option<Size>,
}

/// A terminal too large for a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the terminal has {columns} columns and {rows} rows: only the first {} columns and {} rows are drawn",
    Layout::SIZE_MAX.0,
    Layout::SIZE_MAX.1
)]
pub struct Clipped {
    /// The most columns that it has.
    pub columns: u16,
    /// The most rows that it has.
    pub rows: u16,
}

impl Extent {
    /// Takes note of something that happened.
    pub fn note(&mut self, change: Change<'_>) {
        let size = match change {
            Change::Started(size) | Change::Resized(size) => size,
            // What is written first makes the default terminal.
            Change::Written(_) if self.largest.is_none() => Size::DEFAULT,
            Change::Written(_) => return,
        };
        self.largest = Some(self.largest.map_or(size, |largest| largest.union(size)));
    }

    /// The size that holds all of them.
    pub fn size(&self) -> Size {
        self.largest.unwrap_or(Size::DEFAULT)
    }

    /// What is not drawn, if anything.
    pub fn clipped(&self) -> Option<Clipped> {
        let size = self.size();
        (size != size.intersection(largest())).then_some(Clipped {
            columns: size.columns(),
            rows: size.rows(),
        })
    }
}

/// How a session is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// Size of the letters.
    pub font_size: FontSize,
    /// The most frames in a second of what is shown: 1 to 50, clamped.
    pub frames_per_second: u32,
    /// Pauses of the recording that are longer are shown as this long.
    pub idle_limit: Option<Duration>,
    /// How many times faster than recorded: 0.01 to 1,000, clamped.
    pub speed: f64,
    /// For how long the last screen is shown, counted from the end of the recording.
    pub last_frame: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            font_size: FontSize::DEFAULT,
            frames_per_second: 30,
            idle_limit: None,
            speed: 1.0,
            last_frame: Duration::from_secs(2),
        }
    }
}

/// A picture, and when it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// From when on, in microseconds from the first frame. It is shown until the next, or the end.
    pub time_us: u64,
    /// All of it. Its width and height are even, and the same in all frames.
    pub picture: &'a Picture,
    /// The pixels that may differ from the frame before, from the top, none twice. Never empty.
    pub changed: &'a [Rect],
}

/// Who takes frames: a file format, an encoder.
pub trait FrameSink {
    /// Why a frame could not be taken.
    type Error;

    /// Takes the next frame. The first is at 0, each later than the one before.
    ///
    /// # Errors
    /// When it cannot be taken; nothing follows.
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Self::Error>;

    /// The last frame is shown until now, in microseconds from the first frame.
    ///
    /// # Errors
    /// When what was taken cannot be finished.
    fn end(&mut self, time_us: u64) -> Result<(), Self::Error>;
}

/// No pause is shown longer: a recording that claims years between two letters must not fill a file.
const PAUSE_MAX_US: u64 = 24 * 3_600 * 1_000_000;

/// From the time of the recording to the time of what is shown.
struct Clock {
    pause_max_us: u64,
    speed: f64,
    offset_us: u64,
    elapsed_us: u64,
}

impl Clock {
    fn new(settings: &Settings) -> Self {
        let limit = settings.idle_limit.unwrap_or(Duration::MAX).as_micros();
        let speed = if settings.speed.is_nan() {
            1.0
        } else {
            settings.speed
        };
        Self {
            pause_max_us: u64::try_from(limit).unwrap_or(u64::MAX).min(PAUSE_MAX_US),
            speed: speed.clamp(0.01, 1_000.0),
            offset_us: 0,
            elapsed_us: 0,
        }
    }

    /// The time at which something is shown that happened at this offset.
    fn advance_to(&mut self, offset_us: u64) -> u64 {
        let pause = offset_us
            .saturating_sub(self.offset_us)
            .min(self.pause_max_us);
        self.offset_us = self.offset_us.max(offset_us);
        self.elapsed_us = self.elapsed_us.saturating_add(pause);
        (self.elapsed_us as f64 / self.speed).round() as u64
    }
}

/// A session on its way to frames.
pub struct Animation<S> {
    screen: Screen,
    painter: Painter,
    clock: Clock,
    interval_us: u64,
    last_frame_us: u64,
    now_us: u64,
    shown_us: Option<u64>,
    /// When the next frame is due, if anything has changed since the last.
    due_us: Option<u64>,
    sink: S,
}

impl<S: FrameSink> Animation<S> {
    /// The beginning of a session whose terminals have this extent.
    ///
    /// # Errors
    /// When a picture would have too many pixels.
    pub fn new(extent: Extent, settings: &Settings, sink: S) -> Result<Self, TooLarge> {
        let painter = Painter::new(settings.theme.clone(), settings.font_size, extent.size())?;
        let last_frame = u64::try_from(settings.last_frame.as_micros()).unwrap_or(u64::MAX);
        Ok(Self {
            screen: Screen::new(Size::DEFAULT),
            painter,
            clock: Clock::new(settings),
            interval_us: 1_000_000 / u64::from(settings.frames_per_second.clamp(1, 50)),
            last_frame_us: last_frame.min(PAUSE_MAX_US),
            now_us: 0,
            shown_us: None,
            due_us: Some(0),
            sink,
        })
    }

    /// Something happened, `offset_us` microseconds from the start of the session.
    ///
    /// # Errors
    /// When a frame cannot be taken.
    pub fn apply(&mut self, offset_us: u64, change: Change<'_>) -> Result<(), S::Error> {
        self.advance_to(offset_us)?;
        match change {
            Change::Started(size) => self.screen = Screen::new(size),
            Change::Written(text) => self.screen.write(text),
            Change::Resized(size) => self.screen.resize(size),
        }
        if self.due_us.is_none() {
            let earliest = self.shown_us.map_or(0, |shown| shown + self.interval_us);
            self.due_us = Some(self.now_us.max(earliest));
        }
        Ok(())
    }

    /// Time passed, and nothing happened that is to be seen.
    ///
    /// # Errors
    /// When a frame cannot be taken.
    pub fn advance_to(&mut self, offset_us: u64) -> Result<(), S::Error> {
        self.now_us = self.clock.advance_to(offset_us);
        match self.due_us {
            Some(due) if due < self.now_us => self.show(due),
            _ => Ok(()),
        }
    }

    /// The time up to which it has come, in microseconds of what is shown.
    pub fn now_us(&self) -> u64 {
        self.now_us
    }

    /// The session is over. Answers the sink, which has been told.
    ///
    /// # Errors
    /// When the last frame cannot be taken, or what was taken cannot be finished.
    pub fn finish(mut self) -> Result<S, S::Error> {
        let mut end_us = self.now_us.saturating_add(self.last_frame_us);
        if let Some(due) = self.due_us {
            self.show(due)?;
            end_us = end_us.max(due.saturating_add(self.interval_us));
        }
        self.sink.end(end_us)?;
        Ok(self.sink)
    }

    fn show(&mut self, time_us: u64) -> Result<(), S::Error> {
        self.due_us = None;
        let rows = self.screen.take_dirty();
        self.painter.paint_rows(self.screen.terminal(), rows);
        let (picture, changed) = (self.painter.picture(), self.painter.changed());
        if changed.is_empty() {
            return Ok(());
        }
        self.shown_us = Some(time_us);
        self.sink.frame(Frame {
            time_us,
            picture,
            changed,
        })
    }
}
