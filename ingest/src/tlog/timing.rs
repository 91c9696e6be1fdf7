//! `timing`: when what of a message's text came.

use super::message::Message;
use crate::asciicast::decimal::MAX_US;
use crate::terminal::Size;

/// A piece of a message. Its time is that of the message and the delays up to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Since `pos`.
    pub(super) after_us: u64,
    pub(super) what: What<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'a> {
    Written(&'a [u8]),
    Typed(&'a [u8]),
    Size(Size),
}

/// A message's text, cut by its timing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
    /// All delays together.
    pub(super) span_us: u64,
    /// The timing leaves something over: it belongs to the end.
    pub(super) left_over: bool,
}

/// What was not taken yet of an input or an output.
struct Rest<'a> {
    text: &'a str,
    bytes: &'a [u8],
}

impl<'a> Rest<'a> {
    fn take_text(&mut self, characters: u64) -> Option<&'a str> {
        let characters = usize::try_from(characters).ok()?;
        let mut ends = self.text.char_indices().map(|(at, _)| at);
        let at = ends
            .nth(characters)
            .or_else(|| (self.text.chars().count() == characters).then_some(self.text.len()))?;
        let (taken, rest) = self.text.split_at(at);
        self.text = rest;
        Some(taken)
    }

    fn take_bytes(&mut self, replaced: u64, count: u64) -> Option<&'a [u8]> {
        self.take_text(replaced)?;
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(count).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }
}

/// Cuts the text of a message into pieces. The error says what is wrong with its timing.
pub(super) fn cut(message: &Message) -> Result<Cut<'_>, String> {
    let mut input = Rest {
        text: &message.in_txt,
        bytes: &message.in_bin,
    };
    let mut output = Rest {
        text: &message.out_txt,
        bytes: &message.out_bin,
    };
    let mut cut = Cut::default();
    let mut timing = message.timing.as_bytes();
    while let Some((&sign, mut rest)) = timing.split_first() {
        let at = message.timing.len() - timing.len();
        let bad = || format!("character {} of `timing` is wrong", at + 1);
        let first = number(&mut rest).ok_or_else(bad)?;
        let mut second = |by: u8| {
            rest = rest.strip_prefix(&[by])?;
            number(&mut rest)
        };
        let less = || format!("`timing` takes more at character {} than there is", at + 1);
        let what = match sign {
            b'+' => {
                let sum = first
                    .checked_mul(1_000)
                    .and_then(|us| us.checked_add(cut.span_us));
                cut.span_us = sum.filter(|us| *us <= MAX_US).ok_or_else(bad)?;
                None
            }
            b'=' => {
                let rows = second(b'x').ok_or_else(bad)?;
                let sides = u32::try_from(first).ok().zip(u32::try_from(rows).ok());
                let size = sides.and_then(|(columns, rows)| Size::new(columns, rows));
                // A terminal without a size says 0x0.
                size.map(What::Size)
            }
            b'<' => Some(What::Typed(
                input.take_text(first).ok_or_else(less)?.as_bytes(),
            )),
            b'>' => Some(What::Written(
                output.take_text(first).ok_or_else(less)?.as_bytes(),
            )),
            b'[' => {
                let count = second(b'/').ok_or_else(bad)?;
                Some(What::Typed(
                    input.take_bytes(first, count).ok_or_else(less)?,
                ))
            }
            b']' => {
                let count = second(b'/').ok_or_else(bad)?;
                Some(What::Written(
                    output.take_bytes(first, count).ok_or_else(less)?,
                ))
            }
            _ => return Err(bad()),
        };
        let after_us = cut.span_us;
        cut.pieces.extend(what.map(|what| Piece { after_us, what }));
        timing = rest;
    }
    let rests = [
        What::Typed(input.text.as_bytes()),
        What::Written(output.text.as_bytes()),
    ];
    for what in rests {
        if !matches!(what, What::Typed(b"") | What::Written(b"")) {
            cut.left_over = true;
            let after_us = cut.span_us;
            cut.pieces.push(Piece { after_us, what });
        }
    }
    Ok(cut)
}

/// Takes a number off the front of a text.
fn number(text: &mut &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at(digits);
    *text = rest;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(timing: &str, in_txt: &str, out_txt: &str, out_bin: &[u8]) -> Message {
        let json = serde_json::json!({"ver": "2.3", "rec": "a", "id": 1, "pos": 0, "timing": timing,
            "in_txt": in_txt, "out_txt": out_txt, "in_bin": [], "out_bin": out_bin});
        Message::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_message_is_cut_by_its_timing() {
        let message = message(
            "=80x24<5+1>6+3]2/3>2",
            "date\r",
            "d漢字e\r\n\u{fffd}\u{fffd}ok",
            b"\xe6\xbc\xa2",
        );
        let cut = cut(&message).unwrap();
        let piece = |after_us, what| Piece { after_us, what };
        let want = [
            piece(0, What::Size(Size::USUAL)),
            piece(0, What::Typed(b"date\r")),
            piece(1_000, What::Written("d漢字e\r\n".as_bytes())),
            piece(4_000, What::Written(b"\xe6\xbc\xa2")),
            piece(4_000, What::Written(b"ok")),
        ];
        assert_eq!(cut.pieces, want);
        assert!(!cut.left_over);
    }

    #[test]
    fn timing_that_does_not_fit_is_told() {
        let cases = [
            ("x", "character 1 of `timing` is wrong"),
            (">", "character 1 of `timing` is wrong"),
            (">1+", "character 3 of `timing` is wrong"),
            (">4", "`timing` takes more at character 1 than there is"),
            ("]1/1", "`timing` takes more at character 1 than there is"),
            ("]1", "character 1 of `timing` is wrong"),
            ("=80", "character 1 of `timing` is wrong"),
            (
                ">99999999999999999999999",
                "character 1 of `timing` is wrong",
            ),
            (
                "+18446744073709551615>3",
                "character 1 of `timing` is wrong",
            ),
        ];
        for (timing, want) in cases {
            assert_eq!(
                cut(&message(timing, "", "abc", b"")).unwrap_err(),
                want,
                "{timing}"
            );
        }
        let message = message(">1+5", "", "abc", b"");
        let left_over = cut(&message).unwrap();
        assert!(left_over.left_over);
        assert_eq!(left_over.pieces[1].what, What::Written(b"bc"));
    }

    proptest! {
        #[test]
        fn every_character_is_in_one_piece(
            timing in "([<>+\\[\\]=][0-9]{1,2}([/x][0-9]{1,2})?){0,8}",
            text in "\\PC{0,30}",
        ) {
            let message = message(&timing, "", &text, b"");
            if let Ok(cut) = cut(&message) {
                let mut all = Vec::new();
                for piece in &cut.pieces {
                    if let What::Written(bytes) = piece.what {
                        all.extend_from_slice(bytes);
                    }
                }
                prop_assert!(all.len() <= text.len());
                prop_assert!(timing.contains(']') || all == text.as_bytes());
            }
        }
    }
}
