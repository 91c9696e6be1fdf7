//! How a text came to be, where it was typed or written bit by bit.
//!
//! A line that is typed for ten seconds is complete at their end, but its first word could be read
//! long before: a search for that word should lead to when it could first be read.

/// Steps closer together than this are one.
const STEP_US: i64 = 500_000;

/// Beginnings of a text, by their bytes, and when each was there. Both grow from step to step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Growth {
    steps: Vec<(usize, i64)>,
}

impl Growth {
    /// The first `bytes` of the text are there at `us`, as everything before them was.
    pub(super) fn grown_to(&mut self, bytes: usize, us: i64) {
        if let [.., (_, before_us), last] = &mut self.steps[..]
            && us - *before_us < STEP_US
        {
            *last = (bytes, us);
        } else {
            self.steps.push((bytes, us));
        }
    }

    /// What stood behind the first `bytes` is gone.
    pub(super) fn cut_to(&mut self, bytes: usize) {
        self.steps.retain(|(length, _)| *length <= bytes);
    }

    /// Nothing is known of how the text came to be.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
    }

    /// Goes on with the steps of a text that follows behind `bytes`.
    pub(super) fn append(&mut self, bytes: usize, following: &Self) {
        for (length, us) in &following.steps {
            let last_us = self.steps.last().map_or(*us, |(_, us)| *us);
            self.steps.push((bytes + length, last_us.max(*us)));
        }
    }

    /// The steps that matter for a text that stands at `at_us`, as bytes and milliseconds before
    /// that. What was there later, as the further lines of a command, is so many below 0.
    pub(super) fn before(&self, at_us: i64) -> Vec<(u32, i32)> {
        let step_ms = STEP_US / 1000;
        let is_later = |us: i64| us.saturating_sub(at_us) / 1000 >= step_ms;
        let any_later = self.steps.last().is_some_and(|(_, us)| is_later(*us));
        let steps = self.steps.iter().filter_map(|(bytes, us)| {
            let ms = at_us.checked_sub(*us)? / 1000;
            (ms >= step_ms || any_later).then_some(())?;
            let limits = (i64::from(i32::MIN), i64::from(i32::MAX));
            let ms = i32::try_from(ms.clamp(limits.0, limits.1)).ok()?;
            Some((u32::try_from(*bytes).ok()?, ms))
        });
        steps.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_half_a_second_apart_and_the_last_ones_do_not_matter() {
        let mut growth = Growth::default();
        for (bytes, us) in (1..).zip((0..3_000_000).step_by(100_000)) {
            growth.grown_to(bytes, us);
        }
        let before = growth.before(2_900_000);
        assert!((5..=12).contains(&before.len()), "{before:?}");
        for (bytes, ms) in before {
            assert_eq!(2_900 - (bytes as i32 - 1) * 100, ms);
        }
    }

    #[test]
    fn what_comes_later_is_told_with_all_that_was_there_before() {
        let mut growth = Growth::default();
        growth.grown_to(5, 1_000_000);
        growth.grown_to(9, 4_000_000);
        assert_eq!(growth.before(1_000_000), [(5, 0), (9, -3_000)]);
        assert_eq!(growth.before(4_000_000), [(5, 3_000)]);
    }
}
