//! What several tests need.

use proptest::prelude::*;

use super::frames::{Frame, FrameSink};

/// What a program may write: text of all widths, and escape sequences, whole or not.
pub(crate) fn output() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z#]{1,8}",
        2 => prop::sample::select(vec!["部署", "🚀", "e\u{301}", "\u{308}", "─┼╬", "▀▗", "\u{200d}", "\u{f0001}"])
            .prop_map(str::to_owned),
        3 => prop::sample::select(vec!["\r", "\n", "\r\n", "\x08", "\t", "\x1bM", "\x1bD", "\x1b7", "\x1b8", "\x1bc"])
            .prop_map(str::to_owned),
        4 => (prop::collection::vec(0..110_u8, 0..4)).prop_map(|codes| {
            let codes: Vec<String> = codes.iter().map(u8::to_string).collect();
            format!("\x1b[{}m", codes.join(";"))
        }),
        1 => (any::<[u8; 3]>()).prop_map(|[r, g, b]| format!("\x1b[38;2;{r};{g};{b};48;5;{g}m")),
        4 => (0..14_u8, 0..14_u8, prop::sample::select(b"HABCDEFGJKLMPSTX@drf`".to_vec()))
            .prop_map(|(a, b, end)| format!("\x1b[{a};{b}{}", char::from(end))),
        2 => (prop::sample::select(vec![4, 6, 7, 25, 47, 1047, 1049]), any::<bool>())
            .prop_map(|(mode, on)| format!("\x1b[?{mode}{}", if on { 'h' } else { 'l' })),
        1 => "\\PC{0,4}",
        1 => Just("\x1b[".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// What a frame was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) time_us: u64,
    pub(crate) rgba: Vec<u8>,
}

/// Keeps all frames.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) frames: Vec<Shown>,
    pub(crate) end_us: Option<u64>,
}

impl Kept {
    pub(crate) fn times(&self) -> Vec<u64> {
        self.frames.iter().map(|frame| frame.time_us).collect()
    }
}

impl FrameSink for Kept {
    type Error = std::convert::Infallible;

    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Self::Error> {
        self.frames.push(Shown {
            time_us: frame.time_us,
            rgba: frame.picture.rgba().to_vec(),
        });
        Ok(())
    }

    fn end(&mut self, time_us: u64) -> Result<(), Self::Error> {
        self.end_us = Some(time_us);
        Ok(())
    }
}
