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

    /// The steps that matter for a text that was complete at `complete_us`, as bytes and
    /// milliseconds before that.
    pub(super) fn before(&self, complete_us: i64) -> Vec<(u32, u32)> {
        let steps = self.steps.iter().filter_map(|(bytes, us)| {
            let ms = complete_us.checked_sub(*us)? / 1000;
            (ms >= STEP_US / 1000).then_some(())?;
            Some((
                u32::try_from(*bytes).ok()?,
                u32::try_from(ms).unwrap_or(u32::MAX),
            ))
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
            assert_eq!(2_900 - (bytes - 1) * 100, ms);
        }
    }
}
