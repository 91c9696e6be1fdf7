//! What a program prints, letter by letter, without the escape sequences between.

/// Something that a program wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Printed {
    /// A character.
    Char(char),
    /// The end of a line.
    LineFeed,
    /// The cursor went elsewhere, or something was erased: what follows may be drawn anew.
    Moved,
    /// The alternate screen was switched on or off.
    Alternate(bool),
    /// A line editor waits for a line: bracketed paste was switched on.
    Editing,
}

/// Reads output that may be cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Printing {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    Escape,
    /// `ESC` and a character that says which one follows.
    Charset,
    Csi(String),
    /// OSC, DCS and their like. Whether the last character was an Escape.
    Text(bool),
}

/// The longest parameters that are kept; none that mean something are longer.
const PARAMETERS_MAX: usize = 64;

impl Printing {
    /// Takes the next character.
    pub(super) fn next(&mut self, char: char) -> Option<Printed> {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(char),
            State::Escape => {
                match char {
                    '[' => self.state = State::Csi(String::new()),
                    ']' | 'P' | 'X' | '^' | '_' => self.state = State::Text(false),
                    '(' | ')' | '*' | '+' | '#' | '%' | ' ' => self.state = State::Charset,
                    _ => return Some(Printed::Moved),
                }
                None
            }
            State::Charset => None,
            State::Csi(mut parameters) => match char {
                ' '..='?' => {
                    if parameters.len() < PARAMETERS_MAX {
                        parameters.push(char);
                    }
                    self.state = State::Csi(parameters);
                    None
                }
                '@'..='~' => sequence(char, &parameters),
                _ => self.ground(char),
            },
            State::Text(escaped) => {
                let ended = char == '\u{7}' || char == '\u{9c}' || escaped && char == '\\';
                if !ended {
                    self.state = State::Text(char == '\u{1b}');
                }
                None
            }
        }
    }

    fn ground(&mut self, char: char) -> Option<Printed> {
        match char {
            '\u{1b}' => {
                self.state = State::Escape;
                None
            }
            '\n' | '\u{b}' | '\u{c}' => Some(Printed::LineFeed),
            '\r' | '\u{8}' => Some(Printed::Moved),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => None,
            _ => Some(Printed::Char(char)),
        }
    }
}

fn sequence(last: char, parameters: &str) -> Option<Printed> {
    let modes = parameters.strip_prefix('?');
    let has = |wanted: &str| modes.is_some_and(|modes| modes.split(';').any(|mode| mode == wanted));
    match last {
        'h' | 'l' if has("1049") || has("1047") || has("47") => {
            Some(Printed::Alternate(last == 'h'))
        }
        'h' if has("2004") => Some(Printed::Editing),
        // Colours say nothing of where the cursor is.
        'm' | 'h' | 'l' => None,
        _ => Some(Printed::Moved),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_told_from_how_it_looks_and_where() {
        let text = "a\x1b[1;31mb\x1b[0m\x1b]0;title\x07c\x1b(B\r\n\x1b[?2004h\x1b[2Kd\x1b[?1049h\x1bP1$r\x1b\\e";
        let mut printing = Printing::default();
        let printed: Vec<Printed> = text
            .chars()
            .filter_map(|char| printing.next(char))
            .collect();
        use Printed::{Alternate, Char, Editing, LineFeed, Moved};
        assert_eq!(
            printed,
            [
                Char('a'),
                Char('b'),
                Char('c'),
                Moved,
                LineFeed,
                Editing,
                Moved,
                Char('d'),
                Alternate(true),
                Char('e')
            ]
        );
    }
}
