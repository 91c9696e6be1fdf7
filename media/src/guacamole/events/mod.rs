//! What happened in a recording, apart from its pictures.
//!
//! - Each event has its offset in milliseconds since the first `sync`; offsets do not go backwards.
//!   An instruction without a time has the offset of the last that had one.
//! - What keys typed comes key by key, a paste of the clipboard by its keys ([`Kind::Pasted`]) as
//!   the text that was pasted.
//! - guacd 1.6 records the clipboard that comes from the viewer's side, to be pasted into the
//!   session; what the session put into the clipboard it sends to each viewer apart, and does not
//!   record. An instruction says nothing of its direction.
//! - Streams (clipboard, sound, files) are told of when they end, or at the end of the recording,
//!   with the offset of their beginning in [`Kind`] where it matters.
//! - Memory is bounded by [`Limits`]: of what is larger the beginning is kept, and that is said.

mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::clock::Clock;
use super::keyboard::{Keyboard, Stroke};
use super::parser::Instruction;
use streams::Streams;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a text in the clipboard.
    pub clipboard_bytes: usize,
    /// Streams whose end has not come.
    pub open_streams: usize,
    /// Names of instructions that are counted apart, and bytes of each.
    pub names: usize,
    /// Bytes of the names of media types, files and the connection.
    pub name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clipboard_bytes: 1 << 20,
            open_streams: 64,
            names: 128,
            name_bytes: 256,
        }
    }
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since the first `sync`.
    pub at_ms: u64,
    /// What.
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A key typed these characters, control characters included.
    Typed(String),
    /// Keys that paste in a terminal were pressed while the clipboard held this text.
    Pasted(String),
    /// A button of the mouse went down.
    Pressed {
        /// Which, and where.
        button: Button,
        /// In pixels from the left edge.
        x: i32,
        /// In pixels from the upper edge.
        y: i32,
    },
    /// A finger went down.
    Touched {
        /// In pixels from the left edge.
        x: i32,
        /// In pixels from the upper edge.
        y: i32,
    },
    /// The clipboard was given something.
    Clipboard {
        /// As the recording names it, `text/plain` for instance.
        media_type: String,
        /// What it holds, if that is text; what is not UTF-8 is replaced.
        text: Option<String>,
        /// How much it holds. More than there is of `text` when that was cut off.
        bytes: u64,
    },
    /// Sound was played.
    Sound {
        /// As the recording names it, `audio/L16;rate=44100,channels=2` for instance.
        media_type: String,
        /// Of its data.
        bytes: u64,
        /// When it began, in milliseconds since the first `sync`.
        since_ms: u64,
    },
    /// A file was transferred to the viewer.
    File {
        /// What the recording calls it: not to be trusted as a path.
        name: String,
        /// As the recording names it.
        media_type: String,
        /// Of its data.
        bytes: u64,
        /// When it began, in milliseconds since the first `sync`.
        since_ms: u64,
    },
    /// The screen has another size, in pixels.
    Resized {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// A frame is complete.
    Frame,
}

/// A button of the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// The first.
    Left,
    /// The second, or the wheel pressed.
    Middle,
    /// The third.
    Right,
    /// The wheel turned away from the person.
    WheelUp,
    /// The wheel turned towards the person.
    WheelDown,
}

/// The bits of `mouse`'s mask.
const BUTTONS: [(u32, Button); 5] = [
    (1, Button::Left),
    (2, Button::Middle),
    (4, Button::Right),
    (8, Button::WheelUp),
    (16, Button::WheelDown),
];

/// What is known of the recording as a whole, so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The first `sync`'s timestamp, in milliseconds of an unknown clock.
    pub first_sync: Option<i64>,
    /// The last `sync`'s timestamp.
    pub last_sync: Option<i64>,
    /// What the connection is called, if the recording says so.
    pub name: Option<String>,
    /// Instructions by opcode; names beyond the limits are left out.
    pub counts: BTreeMap<String, u64>,
    /// All instructions.
    pub instructions: u64,
    /// Instructions of those that are looked at here that lack arguments, or have others than they
    /// should.
    pub refused: u64,
}

/// Turns instructions into events.
#[derive(Debug)]
pub struct Events {
    limits: Limits,
    clock: Clock,
    keyboard: Keyboard,
    streams: Streams,
    /// The text in the clipboard.
    clipboard: Option<String>,
    buttons: u32,
    touches: Vec<i32>,
    facts: Facts,
}

impl Events {
    /// At the beginning of a recording.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            clock: Clock::default(),
            keyboard: Keyboard::default(),
            streams: Streams::default(),
            clipboard: None,
            buttons: 0,
            touches: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Takes an instruction; adds what happened to `out`.
    pub fn apply(&mut self, instruction: &Instruction<'_>, out: &mut Vec<Event>) {
        self.count(instruction.opcode());
        let i = instruction;
        let whole = match i.opcode() {
            "sync" => self.sync(i, out),
            "key" => self.key(i, out),
            "mouse" => self.mouse(i, out),
            "touch" => self.touch(i, out),
            "size" => self.size(i, out),
            "name" => i.arg(0).map(|name| {
                self.facts.name = Some(shortened(name, self.limits.name_bytes));
            }),
            "clipboard" | "audio" | "file" | "img" | "video" | "pipe" | "argv" | "body" => {
                self.streams.open(i, self.clock.now_ms(), &self.limits)
            }
            "blob" => self.streams.blob(i, &self.limits),
            "end" => i.int(0).map(|number| {
                let ended = self.streams.end(number);
                out.extend(ended.map(|kind| self.ended(kind)));
            }),
            _ => Some(()),
        };
        if whole.is_none() {
            self.facts.refused += 1;
        }
    }

    /// The recording is over: tells of the streams whose end never came.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        for kind in self.streams.end_all() {
            let event = self.ended(kind);
            out.push(event);
        }
    }

    /// What is known of the recording so far.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The times so far, and how often they were wrong.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn sync(&mut self, i: &Instruction<'_>, out: &mut Vec<Event>) -> Option<()> {
        let timestamp = i.long(0)?;
        self.facts.first_sync.get_or_insert(timestamp);
        self.facts.last_sync = Some(timestamp);
        let at_ms = self.clock.sync(timestamp);
        out.push(Event {
            at_ms,
            kind: Kind::Frame,
        });
        Some(())
    }

    fn key(&mut self, i: &Instruction<'_>, out: &mut Vec<Event>) -> Option<()> {
        let keysym = u32::try_from(i.long(0)?).ok()?;
        let pressed = i.int(1)? != 0;
        let at_ms = self.time(i, 2);
        match self.keyboard.key(keysym, pressed) {
            Some(Stroke::Text(text)) => out.push(Event {
                at_ms,
                kind: Kind::Typed(text),
            }),
            Some(Stroke::Paste) => {
                let text = self.clipboard.clone().filter(|text| !text.is_empty());
                out.extend(text.map(|text| Event {
                    at_ms,
                    kind: Kind::Pasted(text),
                }));
            }
            None => {}
        }
        Some(())
    }

    fn mouse(&mut self, i: &Instruction<'_>, out: &mut Vec<Event>) -> Option<()> {
        let (x, y) = (i.int(0)?, i.int(1)?);
        let at_ms = self.time(i, 3);
        let down = u32::try_from(i.int(2)?).ok()?;
        let before = std::mem::replace(&mut self.buttons, down);
        let pressed = BUTTONS.iter().filter(|(bit, _)| down & !before & bit != 0);
        out.extend(pressed.map(|(_, button)| {
            let kind = Kind::Pressed {
                button: *button,
                x,
                y,
            };
            Event { at_ms, kind }
        }));
        Some(())
    }

    fn touch(&mut self, i: &Instruction<'_>, out: &mut Vec<Event>) -> Option<()> {
        let (finger, x, y) = (i.int(0)?, i.int(1)?, i.int(2)?);
        let force = i.float(6)?;
        let at_ms = self.time(i, 7);
        let known = self.touches.iter().position(|held| *held == finger);
        match known {
            Some(index) if force <= 0.0 => {
                self.touches.swap_remove(index);
            }
            // Nobody has more fingers than that.
            None if force > 0.0 && self.touches.len() < 32 => {
                self.touches.push(finger);
                out.push(Event {
                    at_ms,
                    kind: Kind::Touched { x, y },
                });
            }
            _ => {}
        }
        Some(())
    }

    fn size(&mut self, i: &Instruction<'_>, out: &mut Vec<Event>) -> Option<()> {
        if i.int(0)? == 0 {
            let (width, height) = (i.int(1)?, i.int(2)?);
            let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
            let kind = Kind::Resized { width, height };
            out.push(Event {
                at_ms: self.clock.now_ms(),
                kind,
            });
        }
        Some(())
    }

    /// The offset of an instruction that may have a timestamp of its own.
    fn time(&mut self, i: &Instruction<'_>, number: usize) -> u64 {
        match i.long(number) {
            Some(timestamp) => self.clock.at(timestamp),
            None => self.clock.now_ms(),
        }
    }

    fn ended(&mut self, kind: Kind) -> Event {
        if let Kind::Clipboard { text, .. } = &kind {
            self.clipboard.clone_from(text);
        }
        Event {
            at_ms: self.clock.now_ms(),
            kind,
        }
    }

    fn count(&mut self, opcode: &str) {
        self.facts.instructions += 1;
        if let Some(count) = self.facts.counts.get_mut(opcode) {
            *count += 1;
        } else if self.facts.counts.len() < self.limits.names
            && opcode.len() <= self.limits.name_bytes
        {
            self.facts.counts.insert(opcode.to_owned(), 1);
        }
    }
}

/// As many whole characters as fit.
fn shortened(text: &str, bytes: usize) -> String {
    text.get(..text.floor_char_boundary(bytes))
        .unwrap_or_default()
        .to_owned()
}
