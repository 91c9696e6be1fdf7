//! Pieces of a dump as events.

use retrace_core::event::{
    ClipboardCopied, Direction, FramesCaptured, PointerClicked, RecordingCommented,
};
use retrace_media::guacamole::events::{Button, Event, Kind};

use super::dump::{Dump, Piece};
use crate::import::{FormatError, Problems, Sink};

/// So much of a text in the clipboard is in its event; all of it is in the dump.
const CLIPBOARD_TEXT_BYTES: usize = 8 << 10;
/// So many kinds of unknown instructions are named.
const NAMED_MAX: usize = 12;

/// The instructions of the protocol.
const KNOWN: &[&str] = &[
    "ack",
    "arc",
    "argv",
    "audio",
    "blob",
    "body",
    "cfill",
    "clip",
    "clipboard",
    "close",
    "connect",
    "copy",
    "cstroke",
    "cursor",
    "curve",
    "disconnect",
    "dispose",
    "distort",
    "end",
    "error",
    "file",
    "filesystem",
    "get",
    "identity",
    "img",
    "jpeg",
    "key",
    "lfill",
    "line",
    "log",
    "lstroke",
    "mouse",
    "move",
    "msg",
    "name",
    "nest",
    "nop",
    "pipe",
    "png",
    "pop",
    "push",
    "put",
    "ready",
    "rect",
    "require",
    "reset",
    "set",
    "shade",
    "size",
    "start",
    "sync",
    "touch",
    "transfer",
    "transform",
    "undefine",
    "usbconnect",
    "usbdata",
    "usbdisconnect",
    "video",
];

/// A piece that is being told.
pub(crate) struct Telling {
    events: std::vec::IntoIter<Event>,
    piece: Option<Piece>,
}

impl Telling {
    /// What happened in the piece is told first, then the piece.
    pub(crate) fn of(mut piece: Piece) -> Self {
        Self {
            events: std::mem::take(&mut piece.events).into_iter(),
            piece: Some(piece),
        }
    }

    /// What happened behind the last piece.
    pub(crate) fn last(events: Vec<Event>) -> Self {
        Self {
            events: events.into_iter(),
            piece: None,
        }
    }

    /// Adds events until the sink is full; answers whether there are more.
    pub(crate) fn tell(&mut self, sink: &mut Sink<'_>) -> Result<bool, FormatError> {
        while !sink.is_full() {
            if let Some(event) = self.events.next() {
                tell(&event, sink)?;
                continue;
            }
            let Some(piece) = self.piece.take() else {
                return Ok(false);
            };
            let blob = sink.blob(&piece.bytes)?;
            let captured = FramesCaptured {
                blob: blob.to_string(),
                bytes: piece.bytes.len() as u64,
                changed_permille: Vec::new(),
                codec: None,
                first_at: sink.at(us(piece.first_ms)),
                frame_count: piece.frames,
                height: piece.size.map(|(_, height)| height),
                last_at: sink.at(us(piece.last_ms)),
                media_type: if piece.is_whole {
                    "application/x-guacamole-recording".to_owned()
                } else {
                    "application/octet-stream".to_owned()
                },
                width: piece.size.map(|(width, _)| width),
            };
            sink.push(us(piece.last_ms), captured)?;
        }
        Ok(true)
    }
}

pub(crate) fn us(ms: u64) -> u64 {
    ms.saturating_mul(1_000)
}

fn tell(event: &Event, sink: &mut Sink<'_>) -> Result<(), FormatError> {
    let at_us = us(event.at_ms);
    let clicked = |button, x, y| PointerClicked { button, x, y };
    match &event.kind {
        Kind::Typed(text) | Kind::Pasted(text) => sink.typed(at_us, text)?,
        Kind::Pressed { button, x, y } => {
            let button = match button {
                Button::Left => 1,
                Button::Middle => 2,
                Button::Right => 3,
                // A wheel that is turned is no button that is pressed.
                Button::WheelUp | Button::WheelDown => return Ok(()),
            };
            sink.push(at_us, clicked(button, *x, *y))?;
        }
        Kind::Touched { x, y } => sink.push(at_us, clicked(1, *x, *y))?,
        Kind::Clipboard {
            media_type, text, ..
        } => {
            let short = |text: &String| {
                let end = text.floor_char_boundary(CLIPBOARD_TEXT_BYTES);
                text[..end].to_owned()
            };
            let copied = ClipboardCopied {
                direction: Direction::In,
                media_type: media_type.clone(),
                text: text.as_ref().map(short),
            };
            sink.push(at_us, copied)?;
        }
        Kind::File {
            name,
            media_type,
            bytes,
            ..
        } => {
            let text = format!("file to the viewer: `{name}` ({media_type}, {bytes} bytes)");
            sink.push(at_us, RecordingCommented { text })?;
        }
        Kind::Sound { .. } | Kind::Resized { .. } | Kind::Frame => {}
    }
    Ok(())
}

/// What is wrong with a dump that is over, in words.
pub(crate) fn problems(dump: &Dump) -> Vec<String> {
    let mut problems: Vec<String> = dump.damage().map(str::to_owned).into_iter().collect();
    let facts = dump.facts();
    let unknown = facts
        .counts
        .iter()
        .filter(|(name, _)| !KNOWN.contains(&name.as_str()));
    let named: Vec<String> = unknown
        .clone()
        .take(NAMED_MAX)
        .map(|(name, count)| format!("`{name}` {count} times"))
        .collect();
    if !named.is_empty() {
        let more = unknown.count() - named.len();
        let more = if more > 0 {
            format!(", and {more} others")
        } else {
            String::new()
        };
        problems.push(format!(
            "instructions that are not known: {}{more}",
            named.join(", ")
        ));
    }
    if facts.refused > 0 {
        let refused = facts.refused;
        problems.push(format!(
            "instructions with other arguments than they should have: {refused}"
        ));
    }
    if dump.clock_jumps() > 0 {
        let jumps = dump.clock_jumps();
        problems.push(format!("times when its clock was set: {jumps}"));
    }
    if facts.counts.contains_key("audio") {
        problems.push("it has sound, which is kept and not played".to_owned());
    }
    problems
}

/// How often each instruction stands in it: a dump has no header that could be told.
pub(crate) fn counts(dump: &Dump) -> String {
    let counts = dump.facts().counts.iter();
    let shown: Vec<String> = counts
        .map(|(name, count)| format!("{name}={count}"))
        .collect();
    shown.join(" ")
}

/// Adds what is wrong with a dump.
pub(crate) fn tell_problems(
    dump: &Dump,
    sink: &mut Sink<'_>,
    noted: &mut Problems,
) -> Result<(), FormatError> {
    for problem in problems(dump) {
        sink.degraded(noted, us(dump.duration_ms()), problem)?;
    }
    Ok(())
}
