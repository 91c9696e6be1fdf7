//! What was shown a short while ago.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The same text on the same screen is not worth another moment within this time.
const AGAIN_US: i64 = 30_000_000;
/// How many texts are remembered, at least. Bounds the memory, not the result in any way that
/// depends on anything but the events.
const REMEMBERED: usize = 4096;

/// Remembers texts for [`AGAIN_US`], and the last [`REMEMBERED`] to twice as many of them.
#[derive(Debug, Default)]
pub(super) struct Recent {
    younger: HashMap<u64, i64>,
    older: HashMap<u64, i64>,
}

impl Recent {
    /// Whether the text was not shown within the last 30 s. If so, it counts as shown now.
    pub(super) fn is_new(&mut self, screen: u8, text: &str, now_us: i64) -> bool {
        // Keys are fixed: a rebuild decides alike.
        let mut hasher = DefaultHasher::new();
        (screen, text).hash(&mut hasher);
        let hash = hasher.finish();
        let before = self.younger.get(&hash).or_else(|| self.older.get(&hash));
        if before.is_some_and(|&us| now_us.abs_diff(us) < AGAIN_US.unsigned_abs()) {
            return false;
        }
        if self.younger.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(hash, now_us);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_new_again_after_half_a_minute_or_on_another_screen() {
        let mut recent = Recent::default();
        let cases = [
            (0, "a", 0, true),
            (0, "a", 29_999_999, false),
            (1, "a", 1_000_000, true),
            (0, "b", 1_000_000, true),
            (0, "a", 30_000_000, true), // counted from the last time it was new
            (0, "a", 59_000_000, false),
        ];
        for (screen, text, now_us, want) in cases {
            assert_eq!(
                recent.is_new(screen, text, now_us),
                want,
                "{screen} {text} {now_us}"
            );
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent = Recent::default();
        for n in 0..100_000 {
            assert!(recent.is_new(0, &n.to_string(), 0));
        }
        assert!(recent.younger.len() + recent.older.len() <= 2 * REMEMBERED);
        assert!(!recent.is_new(0, "99999", 0));
    }
}
