//! At most so many frames a second, without losing what is on the screen when they stop coming.

/// Lets frames through that come at least an interval after the last that went through. Of those
/// that come sooner the latest is held back, and goes through, at its own time, as soon as it is
/// known that no other takes its place within the interval.
#[derive(Debug)]
pub(super) struct Pace<T> {
    interval_us: u64,
    due_us: u64,
    held: Option<(u64, T)>,
}

impl<T> Pace<T> {
    /// At most `frame_rate` frames a second; 0 is no bound.
    pub(super) fn new(frame_rate: u32) -> Self {
        let interval_us = if frame_rate == 0 {
            0
        } else {
            // A millisecond less: times of recorders are rounded to that.
            (1_000_000 / u64::from(frame_rate)).saturating_sub(1_000)
        };
        Self {
            interval_us,
            due_us: 0,
            held: None,
        }
    }

    /// The frame held back, if its time has come now that the next is shown at `time_us`.
    pub(super) fn release(&mut self, time_us: u64) -> Option<(u64, T)> {
        if time_us < self.due_us {
            return None;
        }
        let (held_us, frame) = self.held.take()?;
        // From when it was due, not from its own time: each interval has one frame.
        self.due_us = self.due_us.saturating_add(self.interval_us);
        Some((held_us, frame))
    }

    /// Takes the next frame, after [`Pace::release`]; gives it back if it may go through now.
    pub(super) fn offer(&mut self, time_us: u64, frame: T) -> Option<(u64, T)> {
        if time_us < self.due_us {
            self.held = Some((time_us, frame));
            return None;
        }
        self.due_us = time_us.saturating_add(self.interval_us);
        Some((time_us, frame))
    }

    /// The frame held back, at the end.
    pub(super) fn finish(&mut self) -> Option<(u64, T)> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paced(frame_rate: u32, times_ms: &[u64]) -> Vec<u64> {
        let mut pace = Pace::new(frame_rate);
        let mut out = Vec::new();
        for &ms in times_ms {
            out.extend(pace.release(ms * 1_000));
            out.extend(pace.offer(ms * 1_000, ()));
        }
        out.extend(pace.finish());
        out.into_iter().map(|(us, ())| us / 1_000).collect()
    }

    #[test]
    fn the_last_picture_before_a_pause_is_never_lost() {
        let cases: [(u32, &[u64], &[u64]); 6] = [
            (0, &[0, 1, 2], &[0, 1, 2]),
            (10, &[0, 100, 200], &[0, 100, 200]),
            (10, &[0, 30, 60, 500], &[0, 60, 500]),
            (10, &[0, 30, 60], &[0, 60]),
            (10, &[0, 50, 100, 150, 200], &[0, 50, 150, 200]),
            (10, &[], &[]),
        ];
        for (rate, given, want) in cases {
            assert_eq!(paced(rate, given), want, "{rate} a second of {given:?}");
        }
    }
}
