//! Canonical JSON string literals: the one way in which RFC 8785 writes a text.
//!
//! `"` and `\` are escaped by a backslash; backspace, tab, line feed, form feed and carriage
//! return as `\b \t \n \f \r`; the other control characters below U+0020 as `\u00xx` in lower
//! case; everything else stands as it is. Recorders write mostly this very form, so a literal that
//! has it already is copied and never taken apart.

/// The index of the quote that ends the literal whose inside starts at `start`, if the inside is
/// canonical (valid UTF-8 is taken for granted). `None` when it is not, or does not end.
pub(crate) fn canonical_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at = skip_plain(bytes, at);
        match *bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += escape_length(&bytes[at..])?,
            _ => return None,
        }
    }
}

/// The index of the first byte from `at` on that is a quote, a backslash or a control character.
fn skip_plain(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    while let Some(&eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(eight);
        // Eight bytes at once. A borrow can mark a byte wrongly, but only above one that is rightly
        // marked, and the lowest is the one that is used.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHS;
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        let marked = below(word, 0x20) | below(quote, 1) | below(backslash, 1);
        if marked != 0 {
            return at + (marked.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&b| b < 0x20 || b == b'"' || b == b'\\')
        .unwrap_or(rest.len())
}

/// The length of the escape that `bytes` begins with, if it is a canonical one.
fn escape_length(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r' => Some(2),
        b'u' => match bytes.get(2..6)? {
            // U+0008, 9, a, c and d have escapes of their own.
            [b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f'] => Some(6),
            [b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f'] => Some(6),
            _ => None,
        },
        _ => None,
    }
}

/// The largest index up to `limit` at which the inside of a canonical literal can be cut: between
/// two characters, never within an escape.
pub(crate) fn cut_at(inside: &[u8], limit: usize) -> usize {
    let mut at = 0;
    while at < inside.len() {
        let length = match inside[at] {
            b'\\' => escape_length(&inside[at..]).unwrap_or(1),
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            _ => 1,
        };
        if at + length > limit {
            break;
        }
        at += length;
    }
    at
}

/// Puts `text` into `literal` as a canonical literal, with its quotes.
pub(crate) fn encode(text: &str, literal: &mut Vec<u8>) {
    literal.clear();
    serde_json::to_writer(literal, text).expect("text can be written into memory as JSON");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_canonical(text in any::<String>(), tail in "[\"x]{0,12}") {
            let mut literal = Vec::new();
            encode(&text, &mut literal);
            prop_assert_eq!(retrace_core::canonical::canonicalize(&literal).unwrap(), literal.clone());
            let end = literal.len() - 1;
            literal.extend_from_slice(tail.as_bytes());
            prop_assert_eq!(canonical_end(&literal, 1), Some(end));
        }

        #[test]
        fn what_is_taken_for_canonical_is(inside in "([ -~é🚀\\x00-\\x1f]|\\\\[\"\\\\/bfnrtux]|\\\\u00[0-2][0-9a-fA-F]|\\\\ud83d){0,12}") {
            let literal = format!("\"{inside}\"");
            if canonical_end(literal.as_bytes(), 1) == Some(literal.len() - 1) {
                let canonical = retrace_core::canonical::canonicalize(literal.as_bytes()).unwrap();
                prop_assert_eq!(canonical, literal.into_bytes());
            }
        }

        #[test]
        fn a_cut_leaves_two_literals(text in any::<String>(), limit in 6_usize..40) {
            let mut literal = Vec::new();
            encode(&text, &mut literal);
            let inside = &literal[1..literal.len() - 1];
            let cut = cut_at(inside, limit);
            prop_assert!(cut <= limit && (cut + 6 > limit || cut == inside.len()));
            let part = |bytes: &[u8]| -> String {
                serde_json::from_slice(&[b"\"", bytes, b"\""].concat()).unwrap()
            };
            prop_assert_eq!(part(&inside[..cut]) + &part(&inside[cut..]), text);
        }
    }
}
