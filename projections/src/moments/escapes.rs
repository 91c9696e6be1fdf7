//! What output says beside text: sequences that the emulator has no use for, and does not report.
//!
//! - Bracketed paste (`ESC [ ? 2004 h` and `l`): line editors (readline, zle, fish) ask for it while
//!   they wait for a line, and give it back when the line is sent off: the best sign there is of a
//!   prompt.
//! - Operating system commands (`ESC ] … BEL` or `ESC ] … ESC \`): titles (0, 2), the directory a
//!   shell is in (7; 9;9; 633;P;Cwd; 1337;CurrentDir), and the marks of shells (133, 633).

/// An operating system command that is longer is none that matters here.
const OSC_BYTES_MAX: usize = 8_192;

/// Finds sequences in output that is cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Escapes {
    state: State,
    /// The operating system command under way.
    command: Vec<u8>,
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
    Osc,
    /// Behind an Escape within an operating system command.
    OscEscape,
}

/// A sequence that is of use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Bracketed paste is switched on or off.
    PasteMode(bool),
    /// An operating system command, without what begins and ends it.
    Osc(String),
}

/// A part of the output, up to and including a sequence if one follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) sequence: Option<Sequence>,
}

impl Escapes {
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
            // Continuation bytes of UTF-8 end a sequence, or are part of an operating system
            // command, so that `at` is a boundary in `Text`.
            let sequence = self.step(bytes[at]);
            at += 1;
            if sequence.is_some() {
                let (piece, rest) = text.split_at(at);
                return (
                    Piece {
                        text: piece,
                        sequence,
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
                sequence: None,
            },
            "",
        )
    }

    fn step(&mut self, byte: u8) -> Option<Sequence> {
        let (state, sequence) = match (self.state, byte) {
            (State::Osc, 0x07) | (State::OscEscape, b'\\') => (State::Text, self.osc()),
            (State::Osc, 0x1b) => (State::OscEscape, None),
            // CAN and SUB cancel it.
            (State::Osc, 0x18 | 0x1a) => (State::Text, None),
            (State::Osc, _) => {
                if self.command.len() <= OSC_BYTES_MAX {
                    self.command.push(byte);
                }
                (State::Osc, None)
            }
            (_, 0x1b) => (State::Escape, None),
            (State::Escape | State::OscEscape, b'[') => (State::Csi, None),
            (State::Escape | State::OscEscape, b']') => {
                self.command.clear();
                (State::Osc, None)
            }
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
                (found || parameter == 2004).then_some(Sequence::PasteMode(byte == b'h')),
            ),
            _ => (State::Text, None),
        };
        self.state = state;
        sequence
    }

    /// The operating system command that has ended.
    fn osc(&mut self) -> Option<Sequence> {
        let command = std::mem::take(&mut self.command);
        if command.len() > OSC_BYTES_MAX {
            return None;
        }
        String::from_utf8(command).ok().map(Sequence::Osc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pieces: &[&str]) -> Vec<(String, Sequence)> {
        let mut escapes = Escapes::default();
        let (mut seen, mut found) = (String::new(), Vec::new());
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (piece, left) = escapes.next_piece(rest);
                seen.push_str(piece.text);
                if let Some(sequence) = piece.sequence {
                    found.push((std::mem::take(&mut seen), sequence));
                }
                rest = left;
            }
        }
        found
    }

    #[test]
    fn sequences_are_found_wherever_the_output_is_cut() {
        let output = "é\x1b[?2004h$ \x1b[31m部ls\x1b[?12;2004;25l\x1b[?25h\x1b[2004h\x1bé\x1b[?é2004h\
                      \x1b]0;café\x07x\x1b]7;file://h/é\x1b\\.\x1b]2;no\x18\x1b]2;\x1b[?2004h";
        let osc = |text: &str| Sequence::Osc(text.to_owned());
        let want = vec![
            ("é\x1b[?2004h".to_owned(), Sequence::PasteMode(true)),
            (
                "$ \x1b[31m部ls\x1b[?12;2004;25l".to_owned(),
                Sequence::PasteMode(false),
            ),
            (
                "\x1b[?25h\x1b[2004h\x1bé\x1b[?é2004h\x1b]0;café\x07".to_owned(),
                osc("0;café"),
            ),
            ("x\x1b]7;file://h/é\x1b\\".to_owned(), osc("7;file://h/é")),
            (
                ".\x1b]2;no\x18\x1b]2;\x1b[?2004h".to_owned(),
                Sequence::PasteMode(true),
            ),
        ];
        assert_eq!(found(&[output]), want);
        for (cut, _) in output.char_indices() {
            assert_eq!(
                found(&[&output[..cut], &output[cut..]]),
                want,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn an_endless_command_is_none() {
        let endless = format!("\x1b]0;{}", "x".repeat(100_000));
        assert_eq!(found(&[&endless, "\x07\x1b]0;a\x07"]).len(), 1);
    }
}
