//! From keys to the text that they typed.
//!
//! Guacamole records X11 keysyms, pressed and released. The keyboard's layout is in them already;
//! what is done here is what the terminal or the input method behind them does:
//!
//! - Control and a letter are a control character, Alt or Meta put an Escape before it, the keys
//!   that move are the sequences of xterm.
//! - A dead key and a letter are one letter, and so are the keys after Compose.
//! - A key that is held is pressed again and again, and types each time. A release types nothing.
//! - What ends in a paste (Control, Shift and V; Shift and Insert) is told apart: what is pasted is
//!   not among the keys. Control, Shift and C type nothing: terminals copy.
//! - What is pressed with the Super key goes to no program: it is shown as `<Super+r>`.

mod compose;
mod keysym;

use keysym::{Key, Modifiers};

/// What pressing a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stroke {
    /// These characters reached the program, control characters included.
    Text(String),
    /// The clipboard was pasted, as terminals do it.
    Paste,
}

/// The state of a keyboard.
#[derive(Debug, Clone, Default)]
pub struct Keyboard {
    held: Modifiers,
    pending: Pending,
}

/// Keys that type nothing before the next.
#[derive(Debug, Clone, Copy, Default)]
enum Pending {
    #[default]
    Nothing,
    Dead(u32),
    Compose(Option<char>),
}

impl Keyboard {
    /// A key was pressed or released. Gives what that typed, if anything.
    pub fn key(&mut self, keysym: u32, pressed: bool) -> Option<Stroke> {
        if self.held.change(keysym, pressed) || !pressed {
            return None;
        }
        if keysym::is_dead(keysym) {
            return self.dead(keysym);
        }
        let text = match keysym::key(keysym)? {
            Key::Compose => {
                self.pending = Pending::Compose(None);
                return None;
            }
            Key::Char(char) => return self.char(char),
            Key::Insert if self.held.shift() => {
                self.pending = Pending::Nothing;
                return Some(Stroke::Paste);
            }
            key => {
                let pending = std::mem::take(&mut self.pending);
                let takes_back = matches!(key, Key::Backspace | Key::Escape);
                if takes_back && !matches!(pending, Pending::Nothing) {
                    return None;
                }
                self.special(key)
            }
        };
        Some(Stroke::Text(text))
    }

    fn dead(&mut self, keysym: u32) -> Option<Stroke> {
        let Pending::Dead(before) = std::mem::replace(&mut self.pending, Pending::Dead(keysym))
        else {
            return None;
        };
        self.pending = Pending::Nothing;
        let mut text = String::new();
        text.extend(compose::spacing(before));
        // Twice the same is the sign itself.
        if before != keysym {
            text.extend(compose::spacing(keysym));
        }
        (!text.is_empty()).then_some(Stroke::Text(text))
    }

    fn char(&mut self, char: char) -> Option<Stroke> {
        let text = match std::mem::take(&mut self.pending) {
            Pending::Nothing => return self.plain(char),
            Pending::Dead(dead) => compose::with_dead(dead, char),
            Pending::Compose(None) => {
                self.pending = Pending::Compose(Some(char));
                return None;
            }
            Pending::Compose(Some(first)) => compose::pair(first, char)
                .map_or_else(|| String::from_iter([first, char]), String::from),
        };
        Some(Stroke::Text(text))
    }

    fn plain(&mut self, char: char) -> Option<Stroke> {
        let held = self.held;
        if held.super_key() {
            return Some(Stroke::Text(format!("<Super+{char}>")));
        }
        // Windows tells of AltGr as Control and Alt; what they type then is no shortcut.
        let is_alt_gr = held.control() && held.alt() && !char.is_ascii_alphanumeric();
        if held.level3() || is_alt_gr {
            return Some(Stroke::Text(char.to_string()));
        }
        if held.control() && held.shift() && !held.alt() {
            match char {
                'V' | 'v' => return Some(Stroke::Paste),
                'C' | 'c' => return None,
                _ => {}
            }
        }
        let mut text = String::new();
        if held.alt() {
            text.push('\u{1b}');
        }
        text.push(if held.control() { control(char) } else { char });
        Some(Stroke::Text(text))
    }

    fn special(&self, key: Key) -> String {
        let held = self.held;
        let escape = if held.alt() { "\u{1b}" } else { "" };
        let modified = held.xterm();
        match key {
            Key::Return => format!("{escape}\r"),
            Key::Tab if held.shift() => "\u{1b}[Z".to_owned(),
            Key::BackTab => "\u{1b}[Z".to_owned(),
            Key::Tab => format!("{escape}\t"),
            Key::Backspace if held.control() => format!("{escape}\u{8}"),
            Key::Backspace => format!("{escape}\u{7f}"),
            Key::Escape => format!("{escape}\u{1b}"),
            Key::Cursor(last) if modified == 1 => format!("\u{1b}[{last}"),
            Key::Cursor(last) => format!("\u{1b}[1;{modified}{last}"),
            Key::Pf(last) if modified == 1 => format!("\u{1b}O{last}"),
            Key::Pf(last) => format!("\u{1b}[1;{modified}{last}"),
            Key::Insert => "\u{1b}[2~".to_owned(),
            Key::Number(number) if modified == 1 => format!("\u{1b}[{number}~"),
            Key::Number(number) => format!("\u{1b}[{number};{modified}~"),
            Key::Char(_) | Key::Compose => String::new(),
        }
    }
}

/// What a terminal sends for Control and a character.
fn control(char: char) -> char {
    match char {
        '@'..='_' | 'a'..='z' => char::from(char as u8 & 0x1f),
        ' ' | '2' => '\0',
        '3'..='7' => char::from(char as u8 - b'3' + 0x1b),
        '/' => '\u{1f}',
        '8' | '?' => '\u{7f}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIFT: u32 = 0xffe1;
    const CONTROL: u32 = 0xffe3;
    const ALT: u32 = 0xffe9;
    const SUPER: u32 = 0xffeb;
    const ALT_GR: u32 = 0xfe03;
    const MULTI: u32 = 0xff20;
    const ACUTE: u32 = 0xfe51;

    /// Presses the keys in order, holding those before the last; then releases all.
    fn chord(keyboard: &mut Keyboard, keys: &[u32]) -> String {
        let mut typed = String::new();
        for key in keys {
            match keyboard.key(*key, true) {
                Some(Stroke::Text(text)) => typed.push_str(&text),
                Some(Stroke::Paste) => typed.push_str("(paste)"),
                None => {}
            }
        }
        for key in keys.iter().rev() {
            assert_eq!(keyboard.key(*key, false), None, "release of {key:#x}");
        }
        typed
    }

    #[test]
    fn keys_type_what_they_type_in_a_terminal() {
        let key = u32::from;
        let cases: &[(&[&[u32]], &str)] = &[
            (&[&[0x61], &[SHIFT, 0x41], &[0xe9], &[0x20]], "aAé "),
            (
                &[&[0x20ac], &[0x0100_20ac], &[0x0100_2192], &[0x0101_f680]],
                "€€→🚀",
            ),
            // Polish, Cyrillic, Greek, Latin 9 by their old numbers.
            (
                &[&[0x1b3], &[0x6c1], &[0x7e1], &[0x13bd], &[0x4b1]],
                "łаαœア",
            ),
            (
                &[&[0xff0d], &[0xff8d], &[0xff09], &[0xff08], &[0xff1b]],
                "\r\r\t\u{7f}\u{1b}",
            ),
            (
                &[&[0xffb1], &[0xffae], &[0xffab], &[0xffbd], &[0xff80]],
                "1.+= ",
            ),
            (
                &[
                    &[CONTROL, key('c')],
                    &[CONTROL, key('[')],
                    &[CONTROL, key(' ')],
                ],
                "\u{3}\u{1b}\0",
            ),
            (
                &[&[CONTROL, key('/')], &[CONTROL, SHIFT, key('R')]],
                "\u{1f}\u{12}",
            ),
            (
                &[&[ALT, key('x')], &[ALT, CONTROL, key('a')]],
                "\u{1b}x\u{1b}\u{1}",
            ),
            (
                &[
                    &[ALT_GR, key('@')],
                    &[CONTROL, ALT, key('€')],
                    &[0xffe4, 0xffea, key('{')],
                ],
                "@€{",
            ),
            (
                &[
                    &[CONTROL, SHIFT, key('V')],
                    &[SHIFT, 0xff63],
                    &[CONTROL, key('v')],
                ],
                "(paste)(paste)\u{16}",
            ),
            (
                &[&[CONTROL, SHIFT, key('C')], &[SUPER, key('r')]],
                "<Super+r>",
            ),
            (
                &[
                    &[0xff52],
                    &[0xff50],
                    &[0xff57],
                    &[0xffff],
                    &[0xff55],
                    &[0xff56],
                ],
                "\u{1b}[A\u{1b}[H\u{1b}[F\u{1b}[3~\u{1b}[5~\u{1b}[6~",
            ),
            (
                &[&[0xff97], &[0xff9f], &[0xff63]],
                "\u{1b}[A\u{1b}[3~\u{1b}[2~",
            ),
            (
                &[
                    &[CONTROL, 0xff53],
                    &[SHIFT, ALT, 0xff51],
                    &[CONTROL, 0xffff],
                ],
                "\u{1b}[1;5C\u{1b}[1;4D\u{1b}[3;5~",
            ),
            (
                &[&[0xffbe], &[0xffc2], &[0xffc9], &[SHIFT, 0xffbe]],
                "\u{1b}OP\u{1b}[15~\u{1b}[24~\u{1b}[1;2P",
            ),
            (&[&[SHIFT, 0xff09], &[0xfe20]], "\u{1b}[Z\u{1b}[Z"),
            (
                &[
                    &[ACUTE],
                    &[key('e')],
                    &[0xfe57],
                    &[SHIFT, key('U')],
                    &[0xfe52],
                    &[key('o')],
                ],
                "éÜô",
            ),
            (
                &[
                    &[ACUTE],
                    &[ACUTE],
                    &[ACUTE],
                    &[key(' ')],
                    &[ACUTE],
                    &[key('x')],
                ],
                "´'´x",
            ),
            (
                &[&[ACUTE], &[0xff08], &[key('e')], &[ACUTE], &[0xff0d]],
                "e\r",
            ),
            (
                &[
                    &[MULTI],
                    &[key('\'')],
                    &[key('e')],
                    &[MULTI],
                    &[key('=')],
                    &[key('e')],
                ],
                "é€",
            ),
            (
                &[
                    &[MULTI],
                    &[key('e')],
                    &[key('=')],
                    &[MULTI],
                    &[key('s')],
                    &[key('s')],
                ],
                "€ß",
            ),
            (
                &[
                    &[MULTI],
                    &[key('q')],
                    &[key('7')],
                    &[MULTI],
                    &[0xff1b],
                    &[key('a')],
                ],
                "q7a",
            ),
            // Lock keys, print, keys nobody knows, numbers that are no characters.
            (
                &[
                    &[0xffe5],
                    &[0xff7f],
                    &[0xff61],
                    &[0x1234_5678],
                    &[0x0100_d800],
                    &[0],
                    &[u32::MAX],
                ],
                "",
            ),
        ];
        for (chords, want) in cases {
            let mut keyboard = Keyboard::default();
            let typed: String = chords
                .iter()
                .map(|keys| chord(&mut keyboard, keys))
                .collect();
            assert_eq!(typed, *want, "{chords:x?}");
        }
    }

    #[test]
    fn a_held_key_types_again_and_a_release_alone_does_nothing() {
        let mut keyboard = Keyboard::default();
        let text = |text: &str| Some(Stroke::Text(text.to_owned()));
        assert_eq!(keyboard.key(0x61, false), None);
        assert_eq!(keyboard.key(CONTROL, false), None);
        assert_eq!(keyboard.key(0x61, true), text("a"));
        assert_eq!(keyboard.key(0x61, true), text("a"));
        // The next key goes down before the one before comes up.
        assert_eq!(keyboard.key(0x62, true), text("b"));
        assert_eq!(keyboard.key(0x61, false), None);
        // One of two Control keys is still held.
        keyboard.key(0xffe3, true);
        keyboard.key(0xffe4, true);
        keyboard.key(0xffe3, false);
        assert_eq!(keyboard.key(0x63, true), text("\u{3}"));
        keyboard.key(0xffe4, false);
        assert_eq!(keyboard.key(0x63, true), text("c"));
    }
}
