//! Any bytes, plain or compressed, are a ttyrec or are refused.

#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use retrace_ingest::ttyrec::Reader;

fuzz_target!(|file: &[u8]| {
    let Some(input) = reading::input(file) else { return };
    if let Ok(mut reader) = Reader::open(input, &reading::limits()) {
        reading::read(&mut reader);
    }
});
