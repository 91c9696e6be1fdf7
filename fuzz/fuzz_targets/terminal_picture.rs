//! Any text, cut anywhere, with any sizes in between: what is drawn piece by piece is what is drawn at
//! once, and the GIF of it can be read.

#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use retrace_media::terminal::Size;
use retrace_media::terminal::font::FontSize;
use retrace_media::terminal::frames::{Animation, Change, Extent, Frame, FrameSink, Settings};
use retrace_media::terminal::gif::GifWriter;

/// Between pieces: then come columns, rows and a pause.
const CUT: u8 = 0xff;

#[derive(Default)]
struct Last {
    rgba: Vec<u8>,
    time_us: Option<u64>,
}

impl FrameSink for Last {
    type Error = Infallible;

    fn frame(&mut self, frame: Frame<'_>) -> Result<(), Infallible> {
        assert!(self.time_us < Some(frame.time_us), "times stand still");
        self.time_us = Some(frame.time_us);
        self.rgba = frame.picture.rgba().to_vec();
        Ok(())
    }

    fn end(&mut self, time_us: u64) -> Result<(), Infallible> {
        assert!(self.time_us <= Some(time_us));
        Ok(())
    }
}

fn feed<S: FrameSink>(sink: S, changes: &[(u64, Change<'_>)], at_once: bool) -> S
where
    S::Error: std::fmt::Debug,
{
    let settings = Settings {
        font_size: FontSize::clamped(8),
        ..Settings::default()
    };
    let mut extent = Extent::default();
    extent.note(Change::Started(Size::clamped(20, 6)));
    let mut animation = Animation::new(extent, &settings, sink).unwrap();
    for &(offset_us, change) in changes {
        let offset_us = if at_once { 0 } else { offset_us };
        animation.apply(offset_us, change).unwrap();
    }
    animation.finish().unwrap()
}

fuzz_target!(|bytes: &[u8]| {
    let pieces: Vec<(u64, Size, String)> = bytes
        .split(|&byte| byte == CUT)
        .map(|piece| {
            let (head, text) = piece.split_at(piece.len().min(3));
            let head: [u8; 3] = std::array::from_fn(|i| head.get(i).copied().unwrap_or(0));
            let size = Size::clamped(u32::from(head[0]) % 40, u32::from(head[1]) % 12);
            let text = String::from_utf8_lossy(text).into_owned();
            (u64::from(head[2]) * 1_000, size, text)
        })
        .collect();
    let mut offset_us = 0;
    let mut changes = Vec::new();
    for (pause_us, size, text) in &pieces {
        offset_us += pause_us;
        changes.push((offset_us, Change::Resized(*size)));
        changes.push((offset_us, Change::Written(text)));
    }

    let stepwise = feed(Last::default(), &changes, false);
    let at_once = feed(Last::default(), &changes, true);
    assert!(stepwise.rgba == at_once.rgba, "the pictures differ");

    let writer = GifWriter::new(Vec::new(), &Settings::default().theme);
    let gif = feed(writer, &changes, false).into_inner().unwrap();
    let mut decoder = gif::DecodeOptions::new().read_info(gif.as_slice()).unwrap();
    while decoder.read_next_frame().unwrap().is_some() {}
});
