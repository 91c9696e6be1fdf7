//! The pictures of a recording, at their times.
//!
//! - A picture is given when it differs from the one before, and no more than one for each interval
//!   of `1 / rate`: the last of those that fall into it, at its own time. An interval begins with
//!   the first change after the one before. The first picture is that of the first `sync`.
//! - The state at the last `sync` is always given, whatever its interval.
//! - Times are milliseconds since the first `sync` and do not go backwards (see [`Clock`]).
//! - A damaged recording gives all pictures up to the damage, then the error.

use std::io::Read;

use super::clock::Clock;
use super::display::{self, Counts, Display, Outcome, Picture, Rect};
use super::parser::{self, ParseError, Parser};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;

/// One picture of the recording.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Milliseconds since the first `sync`.
    pub at_ms: u64,
    /// What is seen from then on.
    pub picture: Picture<'a>,
    /// A rectangle around what differs from the picture before; all of it when the size is another.
    pub changed: Rect,
    /// Whether the picture has another size than the one before, or is the first.
    pub resized: bool,
}

/// No more pictures follow.
#[derive(Debug, thiserror::Error)]
pub enum FramesError {
    /// The recording is damaged. What came before holds.
    #[error(transparent)]
    Damaged(#[from] ParseError),
    /// The recording could not be read.
    #[error("the recording could not be read")]
    Unreadable(#[from] std::io::Error),
}

/// Draws a recording and gives its pictures, one after the other.
#[derive(Debug)]
pub struct Frames<R> {
    recording: R,
    piece: Vec<u8>,
    parser: Parser,
    display: Display,
    clock: Clock,
    interval_us: u64,
    /// A composed picture that has not been given.
    waiting: Option<Waiting>,
    /// A frame has ended at this offset and is not composed yet.
    ended_ms: Option<u64>,
    /// Of the last picture; none before the first.
    size: Option<(u32, u32)>,
    end: bool,
    failed: Option<FramesError>,
}

#[derive(Debug)]
struct Waiting {
    at_ms: u64,
    /// When its interval ends.
    until_us: u64,
    changed: Rect,
}

impl<R: Read> Frames<R> {
    /// The pictures of a recording, at most `rate` a second (1 to 1,000).
    pub fn new(recording: R, rate: u32, parser: parser::Limits, display: display::Limits) -> Self {
        Self {
            recording,
            piece: vec![0; PIECE],
            parser: Parser::new(parser),
            display: Display::new(display),
            clock: Clock::default(),
            interval_us: 1_000_000 / u64::from(rate.clamp(1, 1_000)),
            waiting: None,
            ended_ms: None,
            size: None,
            end: false,
            failed: None,
        }
    }

    /// The next picture; none at the end.
    ///
    /// # Errors When the recording is damaged or cannot be read on, after all pictures before that.
    /// Asked again, it gives none.
    #[expect(clippy::should_implement_trait, reason = "what it gives is borrowed")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, FramesError> {
        loop {
            if let Some(at_ms) = self.ended_ms.take() {
                self.compose(at_ms);
            }
            if self.end {
                break;
            }
            if let Some(at_ms) = self.read_frame() {
                self.ended_ms = Some(at_ms);
                // The picture that waits is still as it was: what was drawn since is not composed.
                let over = |waiting: &Waiting| at_ms.saturating_mul(1_000) >= waiting.until_us;
                if self.waiting.as_ref().is_some_and(over) {
                    break;
                }
            }
        }
        match (self.waiting.take(), self.failed.take()) {
            (Some(waiting), failed) => {
                self.failed = failed;
                Ok(Some(self.give(&waiting)))
            }
            (None, Some(failed)) => Err(failed),
            (None, None) => Ok(None),
        }
    }

    /// The offset of the last `sync` so far; after the last picture, how long the recording is.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The times, and how often they were wrong.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What became of the instructions so far.
    pub fn counts(&self) -> &Counts {
        self.display.counts()
    }

    /// Bytes of an instruction whose end never came; 0 in a whole recording.
    pub fn unfinished(&self) -> usize {
        self.parser.unfinished()
    }

    /// Draws up to the end of a frame, and gives its offset; none at the end of the recording.
    fn read_frame(&mut self) -> Option<u64> {
        loop {
            match self.parser.next() {
                Ok(Some(instruction)) => {
                    let is_sync = instruction.opcode() == "sync";
                    if let Outcome::Frame { timestamp } = self.display.apply(&instruction) {
                        if is_sync {
                            return Some(self.clock.sync(timestamp));
                        } else if self.clock.is_running() {
                            return Some(self.clock.at(timestamp));
                        }
                    }
                }
                Ok(None) => match self.recording.read(&mut self.piece) {
                    Ok(0) => {
                        self.end = true;
                        return None;
                    }
                    Ok(bytes) => self
                        .parser
                        .push(self.piece.get(..bytes).unwrap_or_default()),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return self.fail(error.into()),
                },
                Err(error) => return self.fail(error.into()),
            }
        }
    }

    fn fail(&mut self, error: FramesError) -> Option<u64> {
        self.end = true;
        self.failed = Some(error);
        None
    }

    /// A frame ended: its picture waits for the end of its interval, if it is another.
    fn compose(&mut self, at_ms: u64) {
        let Some(changed) = self.display.take_changed() else {
            return;
        };
        let changed = match self.waiting.take() {
            Some(before) => {
                let changed = before.changed.union(&changed);
                self.waiting = Some(Waiting {
                    at_ms,
                    changed,
                    ..before
                });
                return;
            }
            None => changed,
        };
        // The first is given as it is, so that a video begins at 0.
        let interval_us = if self.size.is_some() {
            self.interval_us
        } else {
            1
        };
        let until_us = at_ms.saturating_mul(1_000).saturating_add(interval_us);
        self.waiting = Some(Waiting {
            at_ms,
            until_us,
            changed,
        });
    }

    fn give(&mut self, waiting: &Waiting) -> Frame<'_> {
        let picture = self.display.composed();
        let size = (picture.width, picture.height);
        let resized = self.size.replace(size) != Some(size);
        let all = Rect::of_size(size.0, size.1);
        Frame {
            at_ms: waiting.at_ms,
            picture,
            changed: if resized {
                all
            } else {
                waiting.changed.intersect(&all)
            },
            resized,
        }
    }
}
