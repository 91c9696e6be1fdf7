//! What X11's numbers for keys mean (`keysymdef.h`).

use xkeysym::{Keysym, key};

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Compose,
    Return,
    Tab,
    BackTab,
    Backspace,
    Escape,
    Insert,
    /// `ESC [` and this letter.
    Cursor(char),
    /// `ESC O` and this letter.
    Pf(char),
    /// `ESC [`, this number and `~`.
    Number(u8),
}

/// What the key is for, if it types anything.
pub(super) fn key(keysym: u32) -> Option<Key> {
    Some(match keysym {
        key::Multi_key => Key::Compose,
        key::Return | key::KP_Enter | key::Linefeed | key::ISO_Enter => Key::Return,
        key::Tab | key::KP_Tab => Key::Tab,
        key::ISO_Left_Tab => Key::BackTab,
        key::BackSpace => Key::Backspace,
        key::Escape => Key::Escape,
        key::Up | key::KP_Up => Key::Cursor('A'),
        key::Down | key::KP_Down => Key::Cursor('B'),
        key::Right | key::KP_Right => Key::Cursor('C'),
        key::Left | key::KP_Left => Key::Cursor('D'),
        key::Begin | key::KP_Begin => Key::Cursor('E'),
        key::End | key::KP_End => Key::Cursor('F'),
        key::Home | key::KP_Home => Key::Cursor('H'),
        key::Insert | key::KP_Insert => Key::Insert,
        key::Delete | key::KP_Delete => Key::Number(3),
        key::Page_Up | key::KP_Page_Up => Key::Number(5),
        key::Page_Down | key::KP_Page_Down => Key::Number(6),
        key::F1 | key::KP_F1 => Key::Pf('P'),
        key::F2 | key::KP_F2 => Key::Pf('Q'),
        key::F3 | key::KP_F3 => Key::Pf('R'),
        key::F4 | key::KP_F4 => Key::Pf('S'),
        key::F5 => Key::Number(15),
        key::F6..=key::F10 => Key::Number((keysym - key::F6) as u8 + 17),
        key::F11 | key::F12 => Key::Number((keysym - key::F11) as u8 + 23),
        key::F13 | key::F14 => Key::Number((keysym - key::F13) as u8 + 25),
        key::F15 | key::F16 => Key::Number((keysym - key::F15) as u8 + 28),
        key::F17..=key::F20 => Key::Number((keysym - key::F17) as u8 + 31),
        _ => {
            let char = Keysym::new(keysym).key_char()?;
            return (!char.is_control()).then_some(Key::Char(char));
        }
    })
}

pub(super) fn is_dead(keysym: u32) -> bool {
    (key::dead_grave..=key::dead_greek).contains(&keysym)
}

/// Which modifiers are held, a bit for each key.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Modifiers(u32);

const SHIFT: u32 = 0b11;
const CONTROL: u32 = 0b11 << 2;
const META_AND_ALT: u32 = 0b1111 << 6;
const SUPER: u32 = 0b11 << 10;
const LEVEL3: u32 = 0b11 << 14;

impl Modifiers {
    /// Whether the key is a modifier; if so, takes note of it.
    pub(super) fn change(&mut self, keysym: u32, pressed: bool) -> bool {
        let bit = match keysym {
            key::Shift_L..=key::Hyper_R => keysym - key::Shift_L,
            key::ISO_Level3_Shift => 14,
            key::Mode_switch => 15,
            _ => return false,
        };
        if pressed {
            self.0 |= 1 << bit;
        } else {
            self.0 &= !(1 << bit);
        }
        true
    }

    pub(super) fn shift(self) -> bool {
        self.0 & SHIFT != 0
    }

    pub(super) fn control(self) -> bool {
        self.0 & CONTROL != 0
    }

    pub(super) fn alt(self) -> bool {
        self.0 & META_AND_ALT != 0
    }

    pub(super) fn super_key(self) -> bool {
        self.0 & SUPER != 0
    }

    pub(super) fn level3(self) -> bool {
        self.0 & LEVEL3 != 0
    }

    /// As xterm tells of them: 1 for none, and 1, 2 and 4 more for Shift, Alt and Control.
    pub(super) fn xterm(self) -> u8 {
        1 + u8::from(self.shift()) + 2 * u8::from(self.alt()) + 4 * u8::from(self.control())
    }
}
