//! Text of strangers in lines for programs and terminals.

use std::borrow::Cow;

/// The text with everything shown that is not to be obeyed: control characters as their pictures (`␛`, `␊`), those that
/// turn the direction of writing, and separators of lines, as `�`. It is one line, and no escape sequence.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(picture).collect())
}

fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn picture(character: char) -> char {
    match character {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        other if is_obeyed(other) => '\u{fffd}',
        other => other,
    }
}

/// At most so many characters, with a mark where something was left out.
pub(super) fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(characters) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let cases = [
            ("ls -l", "ls -l"),
            ("é ✓", "é ✓"),
            ("\u{1b}[31mred\r\n", "␛[31mred␍␊"),
            ("a\u{9b}2Jb\u{7f}", "a\u{fffd}2Jb␡"),
            ("a\u{202e}b\u{2028}", "a\u{fffd}b\u{fffd}"),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), want);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("éé", 2), "éé");
        assert_eq!(cut("ééé", 2), "éé…");
    }

    proptest! {
        #[test]
        fn nothing_obeyed_is_left(text: String) {
            prop_assert!(!shown(&text).chars().any(is_obeyed));
        }
    }
}
