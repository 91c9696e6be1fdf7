//! Any bytes are a Guacamole recording up to where they are not; however they are cut, the same is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_media::guacamole::display;
use retrace_media::guacamole::events::{self, Events};
use retrace_media::guacamole::frames::Frames;
use retrace_media::guacamole::parser::{self, Parser};

fuzz_target!(|input: &[u8]| {
    // Small, so that the limits are met.
    let parser = parser::Limits {
        instruction_bytes: 4 << 10,
        element_chars: 4 << 10,
        elements: 16,
    };
    let display = display::Limits {
        side: 64,
        pixels: 16 << 10,
        layers: 16,
        image_pixels: 4 << 10,
        image_bytes: 4 << 10,
        open_images: 4,
        path_segments: 64,
        pushed_states: 4,
    };
    let (&[piece, ref recording @ ..], true) = (input, input.len() > 1) else {
        return;
    };

    let mut instructions = Parser::new(parser);
    let mut events = Events::new(events::Limits::default());
    let (mut out, mut end) = (Vec::new(), 0);
    'pieces: for piece in recording.chunks(usize::from(piece).max(1)) {
        instructions.push(piece);
        loop {
            match instructions.next() {
                Ok(Some(instruction)) => {
                    assert_eq!(instruction.start(), end, "nothing is skipped");
                    end = instruction.end();
                    events.apply(&instruction, &mut out);
                }
                Ok(None) => break,
                Err(_) => break 'pieces,
            }
        }
    }
    events.finish(&mut out);
    assert!(
        out.is_sorted_by_key(|event| event.at_ms),
        "times go backwards"
    );

    let mut frames = Frames::new(recording, 25, parser, display);
    let mut last = None;
    while let Ok(Some(frame)) = frames.next() {
        assert!(last < Some(frame.at_ms), "two pictures at one time");
        assert!(frame.picture.width <= 64 && frame.picture.height <= 64);
        last = Some(frame.at_ms);
    }
});
