//! Any bytes hold messages of tlog, whatever stands around them, or are refused.

#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use retrace_ingest::tlog::{Reader, Source};

fuzz_target!(|file: &[u8]| {
    let Some(input) = reading::input(file) else { return };
    let Ok(source) = Source::open(input, 0, u64::MAX, 64 << 10) else { return };
    if let Ok(mut reader) = Reader::open(source, None) {
        reading::read(&mut reader);
    }
});
