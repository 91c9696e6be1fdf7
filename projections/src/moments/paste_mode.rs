//! Where the output turns bracketed paste on and off.
//!
//! Line editors (readline, zle, fish) ask for bracketed paste (`ESC [ ? 2004 h`) while they wait
//! for a line, and give it back (`… l`) when the line is sent off: the best sign there is of a
//! prompt. The emulator has no use for the mode and does not report it.

/// Finds the switches in output that is cut anywhere.
#[derive(Debug, Default)]
pub(super) struct PasteModeScanner {
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    Csi,
    /// Inside `ESC [ ?`: the parameter so far, and whether one before was 2004.
    Private {
        parameter: u32,
        found: bool,
    },
}

/// A part of the output, up to and including a switch if one follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) switched: Option<bool>,
}

impl PasteModeScanner {
    /// The first piece of the text, and the rest.
    pub(super) fn next_piece<'a>(&mut self, text: &'a str) -> (Piece<'a>, &'a str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if self.state == State::Text {
                match text[at..].find('\u{1b}') {
                    Some(skip) => at += skip + 1,
                    None => break,
                }
                self.state = State::Escape;
                continue;
            }
            // Continuation bytes of UTF-8 end a sequence, so that `at` is a boundary in `Text`.
            let switched = self.step(bytes[at]);
            at += 1;
            if switched.is_some() {
                let (piece, rest) = text.split_at(at);
                return (
                    Piece {
                        text: piece,
                        switched,
                    },
                    rest,
                );
            }
            while self.state == State::Text && !text.is_char_boundary(at) {
                at += 1;
            }
        }
        (
            Piece {
                text,
                switched: None,
            },
            "",
        )
    }

    fn step(&mut self, byte: u8) -> Option<bool> {
        let (state, switched) = match (self.state, byte) {
            (_, 0x1b) => (State::Escape, None),
            (State::Escape, b'[') => (State::Csi, None),
            (State::Csi, b'?') => (
                State::Private {
                    parameter: 0,
                    found: false,
                },
                None,
            ),
            (State::Private { parameter, found }, b'0'..=b'9') => {
                let parameter = parameter
                    .saturating_mul(10)
                    .saturating_add(u32::from(byte - b'0'));
                (State::Private { parameter, found }, None)
            }
            (State::Private { parameter, found }, b';') => (
                State::Private {
                    parameter: 0,
                    found: found || parameter == 2004,
                },
                None,
            ),
            (State::Private { parameter, found }, b'h' | b'l') => (
                State::Text,
                (found || parameter == 2004).then_some(byte == b'h'),
            ),
            _ => (State::Text, None),
        };
        self.state = state;
        switched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switches(pieces: &[&str]) -> Vec<(String, bool)> {
        let mut scanner = PasteModeScanner::default();
        let (mut seen, mut found) = (String::new(), Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (piece, left) = scanner.next_piece(rest);
                seen.push_str(piece.text);
                if let Some(on) = piece.switched {
                    found.push((std::mem::take(&mut seen), on));
                }
                rest = left;
            }
        }
        found
    }

    #[test]
    fn switches_are_found_wherever_the_output_is_cut() {
        let output =
            "é\x1b[?2004h$ \x1b[31m部ls\x1b[?12;2004;25l\x1b[?25h\x1b[2004h\x1bé\x1b[?é2004h.";
        let want = vec![
            ("é\x1b[?2004h".to_owned(), true),
            ("$ \x1b[31m部ls\x1b[?12;2004;25l".to_owned(), false),
        ];
        assert_eq!(switches(&[output]), want);
        for (cut, _) in output.char_indices() {
            assert_eq!(
                switches(&[&output[..cut], &output[cut..]]),
                want,
                "cut at {cut}"
            );
        }
    }
}
