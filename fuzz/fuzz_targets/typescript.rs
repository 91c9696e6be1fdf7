//! Any three files are a typescript or are refused: what was written, the timing, and what was typed,
//! parted by a line of five equals signs. Two are what was written and typed in one, and the timing.

#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use retrace_ingest::typescript::{Reader, Streams};

fuzz_target!(|files: &[u8]| {
    let files = reading::files(files);
    let input = |index: usize| files.get(index).and_then(|file| reading::input(file));
    let streams = Streams {
        output: input(0),
        timing: input(1),
        input: input(2),
        together: files.len() == 2,
    };
    if let Ok(mut reader) = Reader::open(streams, &reading::limits()) {
        reading::read(&mut reader);
    }
});
