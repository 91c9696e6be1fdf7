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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guacamole::testing::{data, recording};

    /// Gives what is wanted a few bytes at a time, then fails if asked to.
    struct Slow<'a>(&'a [u8], bool);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() && self.1 {
                return Err(std::io::Error::other("gone"));
            }
            let (piece, rest) = self.0.split_at(self.0.len().min(7));
            into[..piece.len()].copy_from_slice(piece);
            self.0 = rest;
            Ok(piece.len())
        }
    }

    fn frames(recording: Slow<'_>, rate: u32) -> Frames<Slow<'_>> {
        let (parser, display) = (parser::Limits::default(), display::Limits::default());
        Frames::new(recording, rate, parser, display)
    }

    /// The offset of each picture, the red of its first pixel, and its width when that is another.
    fn seen(lines: &str, rate: u32) -> Vec<(u64, u8, Option<u32>)> {
        let recording = recording(lines);
        let mut frames = frames(Slow(recording.as_bytes(), false), rate);
        let mut seen = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            let width = frame.resized.then_some(frame.picture.width);
            let red = frame.picture.pixels.first().copied().unwrap_or_default();
            seen.push((frame.at_ms, red, width));
        }
        seen
    }

    /// A recording that fills the screen with each red, and ends the frame at the time with it.
    fn reds(frames: &[(i64, u8)]) -> String {
        let fill = |(at, red): &(i64, u8)| {
            format!(
                "rect 0 0 0 4 4; cfill 14 0 {red} 0 0 255; sync {}",
                1_000 + at
            )
        };
        let frames: Vec<_> = frames.iter().map(fill).collect();
        format!("size 0 4 4; {}", frames.join("; "))
    }

    #[test]
    fn there_is_one_picture_in_an_interval_and_the_last_state_is_among_them() {
        type Case = (&'static [(i64, u8)], &'static [(u64, u8)]);
        // At 10 a second.
        let cases: [Case; 8] = [
            (&[(0, 1)], &[(0, 1)]),
            (&[(0, 1), (500, 2), (900, 3)], &[(0, 1), (500, 2), (900, 3)]),
            // The last in an interval wins, at its own time.
            (
                &[(0, 1), (10, 2), (50, 3), (90, 4), (200, 5)],
                &[(0, 1), (90, 4), (200, 5)],
            ),
            (
                &[(0, 1), (50, 2), (149, 3), (150, 4)],
                &[(0, 1), (149, 3), (150, 4)],
            ),
            // What does not change is not given.
            (&[(0, 1), (500, 1), (900, 1), (990, 2)], &[(0, 1), (990, 2)]),
            // Two at one time are one.
            (&[(0, 1), (0, 2), (700, 3), (700, 4)], &[(0, 2), (700, 4)]),
            // The end comes within an interval.
            (&[(0, 1), (500, 2), (501, 3)], &[(0, 1), (501, 3)]),
            // Times that go backwards.
            (
                &[(0, 1), (500, 2), (400, 3), (700, 4)],
                &[(0, 1), (500, 3), (700, 4)],
            ),
        ];
        for (given, want) in cases {
            let seen = seen(&reds(given), 10);
            let got: Vec<_> = seen.iter().map(|(at, red, _)| (*at, *red)).collect();
            assert_eq!(got, want, "{given:?}");
        }
    }

    #[test]
    fn a_picture_is_that_of_its_frame_though_more_was_drawn() {
        let lines = reds(&[(0, 1), (500, 2)]) + "; rect 0 0 0 4 4; cfill 14 0 9 0 0 255";
        assert_eq!(seen(&lines, 10), [(0, 1, Some(4)), (500, 2, None)]);
        let lines = reds(&[(0, 1)]) + "; size 0 2 2; sync 1500; size 0 3 2; sync 2500";
        assert_eq!(
            seen(&lines, 10),
            [(0, 1, Some(4)), (500, 1, Some(2)), (1_500, 1, Some(3))]
        );
        // The mouse is a frame of its own, once there is a `sync`.
        let cursor = "rect -1 0 0 1 1; cfill 14 -1 7 7 7 255; cursor 0 0 -1 0 0 1 1; mouse 3 3 0 5";
        let lines = format!("{cursor}; {}; mouse 0 0 0 1300; sync 2000", reds(&[(0, 1)]));
        assert_eq!(seen(&lines, 10), [(0, 1, Some(4)), (300, 7, None)]);
    }

    #[test]
    fn damage_comes_after_the_pictures_before_it() {
        let good = recording(&reds(&[(0, 1), (500, 2), (520, 3)]));
        let damaged = good.clone() + "4.sync,x";
        let mut frames = frames(Slow(damaged.as_bytes(), false), 10);
        let mut count = 0;
        let error = loop {
            match frames.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => panic!("no error"),
                Err(error) => break error.to_string(),
            }
        };
        let at = good.len() + 7;
        let want = format!("byte {at}: expected the length of an element, found byte 0x78");
        assert_eq!((count, error), (2, want));
        assert!(matches!(frames.next(), Ok(None)));
    }

    #[test]
    fn what_cannot_be_read_and_what_is_cut_off_is_told() {
        let whole = recording(&reds(&[(0, 1)]));
        let mut unreadable = frames(Slow(whole.as_bytes(), true), 10);
        assert!(matches!(unreadable.next(), Ok(Some(_))));
        assert!(matches!(unreadable.next(), Err(FramesError::Unreadable(_))));
        let mut cut = frames(Slow(&whole.as_bytes()[..whole.len() - 3], false), 10);
        assert!(matches!(cut.next(), Ok(None)));
        assert_eq!(cut.unfinished(), "4.sync,4.1000;".len() - 3);
    }

    #[test]
    fn a_real_recording_keeps_to_the_rate() {
        for rate in [1, 5, 25] {
            let file = std::fs::File::open(data("ssh-ops.guac")).unwrap();
            let (parser, display) = (parser::Limits::default(), display::Limits::default());
            let mut frames = Frames::new(file, rate, parser, display);
            let (mut last, mut count) = (None, 0);
            while let Some(frame) = frames.next().unwrap() {
                assert!(last < Some(frame.at_ms));
                assert!(!frame.changed.is_empty());
                assert_eq!(frame.resized, last.is_none());
                last = Some(frame.at_ms);
                count += 1;
            }
            assert_eq!(frames.now_ms(), 76_629);
            assert!(count <= 77 * rate, "{count} pictures at {rate} a second");
        }
    }
}
