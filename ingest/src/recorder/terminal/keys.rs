//! What of the typed is recorded.

use crate::utf8::Decoder;

/// What stands in the recording for a line that was typed unseen. Always the same: neither the
/// length of a password nor the rhythm in which it was typed is recorded.
pub(crate) const MASK: &str = "••••••••";

/// Turns what is typed into what is recorded. While the terminal reads a line and does not echo it,
/// which is how programs ask for passwords, the line is masked.
#[derive(Debug, Default)]
pub(crate) struct KeyMask {
    decoder: Decoder,
    /// Something of the line was typed unseen.
    unseen: bool,
}

impl KeyMask {
    /// The text to record for bytes that were typed; empty when nothing is to be recorded yet.
    pub(crate) fn take(&mut self, bytes: &[u8], is_unseen: bool) -> String {
        let mut typed = String::new();
        self.decoder.push(bytes, &mut typed);
        let mut recorded = String::new();
        if !is_unseen {
            self.show_mask(&mut recorded);
            recorded.push_str(&typed);
            return recorded;
        }
        for c in typed.chars() {
            match c {
                // Backspace, delete, and what erases a word or a line: the line goes on.
                '\u{8}' | '\u{7f}' | '\u{15}' | '\u{17}' => {}
                // Enter, Ctrl-C, Ctrl-D, …: the line ends.
                c if c.is_control() => {
                    self.show_mask(&mut recorded);
                    recorded.push(c);
                }
                _ => self.unseen = true,
            }
        }
        recorded
    }

    /// The text to record when nothing more will be typed.
    pub(crate) fn finish(&mut self) -> String {
        let mut recorded = String::new();
        self.show_mask(&mut recorded);
        self.decoder.finish(&mut recorded);
        recorded
    }

    fn show_mask(&mut self, recorded: &mut String) {
        if std::mem::take(&mut self.unseen) {
            recorded.push_str(MASK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_unseen_is_masked_as_a_line() {
        // (what is typed, whether it is unseen, what is recorded at once)
        let cases = [
            ("sudo -s\r", false, "sudo -s\r"),
            ("h", true, ""),
            ("unter2", true, ""),
            ("\u{7f}", true, ""),
            ("\r", true, "••••••••\r"),
            ("\r", true, "\r"),
            ("secret\rls", true, "••••••••\r"),
            ("\r", false, "••••••••\r"),
            ("żółć", false, "żółć"),
            ("x\u{3}", true, "••••••••\u{3}"),
        ];
        let mut mask = KeyMask::default();
        for (typed, is_unseen, want) in cases {
            assert_eq!(mask.take(typed.as_bytes(), is_unseen), want, "{typed:?}");
        }
        assert_eq!(mask.take(b"half", true), "");
        assert_eq!(mask.finish(), MASK);
        assert_eq!(mask.finish(), "");
    }

    #[test]
    fn a_character_that_arrives_in_pieces_is_one() {
        let mut mask = KeyMask::default();
        assert_eq!(mask.take(b"\xc3", false), "");
        assert_eq!(mask.take(b"\xa9", false), "é");
        assert_eq!(mask.take(b"\xc3", true), "");
        assert_eq!(mask.finish(), "\u{fffd}");
    }
}
