//! Bytes into text, piece by piece.

/// Makes text of bytes that come in pieces. A character that is cut in two by a piece's end waits
/// for its rest; what is not UTF-8 becomes U+FFFD, as terminals and other recorders show it.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The beginning of a character: at most three bytes.
    rest: Vec<u8>,
}

impl Decoder {
    /// Appends the text of the next piece.
    pub(crate) fn push(&mut self, piece: &[u8], text: &mut String) {
        let joined;
        let mut bytes = if self.rest.is_empty() {
            piece
        } else {
            joined = [std::mem::take(&mut self.rest).as_slice(), piece].concat();
            &joined
        };
        while let Err(error) = std::str::from_utf8(bytes) {
            let (valid, after) = bytes.split_at(error.valid_up_to());
            text.push_str(&String::from_utf8_lossy(valid));
            let Some(invalid) = error.error_len() else {
                self.rest = after.to_vec();
                return;
            };
            text.push(char::REPLACEMENT_CHARACTER);
            bytes = &after[invalid..];
        }
        text.push_str(&String::from_utf8_lossy(bytes));
    }

    /// The beginning of a character that waits for its rest; mostly empty.
    pub(crate) fn held(&self) -> &[u8] {
        &self.rest
    }

    /// One that goes on where another stood that held these bytes. What cannot be the beginning of a
    /// character is none.
    pub(crate) fn holding(bytes: &[u8]) -> Self {
        let mut decoder = Self::default();
        decoder.push(bytes, &mut String::new());
        decoder
    }

    /// Nothing follows: a character that waits for its rest will not get it.
    pub(crate) fn finish(&mut self, text: &mut String) {
        if !std::mem::take(&mut self.rest).is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> String {
        let (mut decoder, mut text) = (Decoder::default(), String::new());
        for piece in pieces {
            decoder.push(piece, &mut text);
            assert!(decoder.rest.len() <= 3);
        }
        decoder.finish(&mut text);
        text
    }

    #[test]
    fn a_character_that_arrives_in_pieces_is_one() {
        let cases: [(&[u8], &str); 5] = [
            ("żółć 🚀".as_bytes(), "żółć 🚀"),
            (b"a\xffb", "a\u{fffd}b"),
            (b"\xf0\x9f\x9a", "\u{fffd}"),
            (b"\xe2\x82a", "\u{fffd}a"),
            (b"", ""),
        ];
        for (bytes, want) in cases {
            assert_eq!(decoded(bytes.chunks(1)), want);
            assert_eq!(decoded(std::iter::once(bytes)), want);
        }
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_does_not_show(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0x80..0xc0_u8], 0..80),
            size in 1..9_usize,
        ) {
            prop_assert_eq!(decoded(bytes.chunks(size)), String::from_utf8_lossy(&bytes));
        }
    }
}
