//! Streams: what comes in blobs, a piece at a time.
//!
//! Both sides of a connection number their streams on their own, so that an image of the one may
//! have the number of a clipboard of the other: the blobs are then taken for the one that began
//! last.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Kind, Limits, shortened};
use crate::guacamole::parser::Instruction;

/// Those whose end has not come, by number.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<i32, Stream>,
    decoded: Vec<u8>,
}

#[derive(Debug)]
struct Stream {
    holds: Holds,
    media_type: String,
    since_ms: u64,
    bytes: u64,
}

#[derive(Debug)]
enum Holds {
    Clipboard(Vec<u8>),
    Sound,
    File(String),
}

impl Streams {
    /// A stream begins: of a kind that is told of, or of another, which takes the number from it.
    pub(super) fn open(&mut self, i: &Instruction<'_>, now_ms: u64, limits: &Limits) -> Option<()> {
        let number = i.int(0)?;
        let short = |number| Some(shortened(i.arg(number)?, limits.name_bytes));
        let holds = match i.opcode() {
            "clipboard" => Holds::Clipboard(Vec::new()),
            "audio" => Holds::Sound,
            "file" => Holds::File(short(2)?),
            _ => {
                self.open.remove(&number);
                return Some(());
            }
        };
        if self.open.len() >= limits.open_streams && !self.open.contains_key(&number) {
            return None;
        }
        let stream = Stream {
            holds,
            media_type: short(1)?,
            since_ms: now_ms,
            bytes: 0,
        };
        self.open.insert(number, stream);
        Some(())
    }

    pub(super) fn blob(&mut self, i: &Instruction<'_>, limits: &Limits) -> Option<()> {
        let (number, data) = (i.int(0)?, i.arg(1)?);
        let Some(stream) = self.open.get_mut(&number) else {
            return Some(());
        };
        let Holds::Clipboard(text) = &mut stream.holds else {
            // Four characters hold three bytes, less those that only fill up.
            let filling = data.bytes().rev().take_while(|byte| *byte == b'=').count();
            stream.bytes += (data.len() / 4 * 3).saturating_sub(filling) as u64;
            return Some(());
        };
        self.decoded.clear();
        STANDARD.decode_vec(data, &mut self.decoded).ok()?;
        stream.bytes += self.decoded.len() as u64;
        let room = limits.clipboard_bytes.saturating_sub(text.len());
        text.extend(self.decoded.iter().take(room));
        Some(())
    }

    pub(super) fn end(&mut self, number: i32) -> Option<Kind> {
        self.open.remove(&number).map(told)
    }

    pub(super) fn end_all(&mut self) -> Vec<Kind> {
        std::mem::take(&mut self.open)
            .into_values()
            .map(told)
            .collect()
    }
}

fn told(stream: Stream) -> Kind {
    let Stream {
        holds,
        media_type,
        since_ms,
        bytes,
    } = stream;
    match holds {
        Holds::Clipboard(held) => {
            let is_text = media_type.starts_with("text/");
            // Where it was cut off, half a character may stand at the end.
            let whole = held
                .utf8_chunks()
                .map(|chunk| chunk.valid().len())
                .sum::<usize>();
            let cut = bytes > held.len() as u64 && held.len() - whole < 4;
            let held = if cut {
                held.get(..whole).unwrap_or(&held)
            } else {
                &held
            };
            let text = is_text.then(|| String::from_utf8_lossy(held).into_owned());
            Kind::Clipboard {
                media_type,
                text,
                bytes,
            }
        }
        Holds::Sound => Kind::Sound {
            media_type,
            bytes,
            since_ms,
        },
        Holds::File(name) => Kind::File {
            name,
            media_type,
            bytes,
            since_ms,
        },
    }
}
