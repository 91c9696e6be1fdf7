//! Any bytes, plain or compressed, are a recording of some version or are refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_core::Timestamp;
use retrace_core::event::EventBatch;
use retrace_ingest::Limits;
use retrace_ingest::asciicast::Reader;

fuzz_target!(|file: &[u8]| {
    // Small, so that the limits are met.
    let limits = Limits {
        max_bytes: 1 << 20,
        max_line_bytes: 64 << 10,
        max_header_bytes: 1 << 10,
        max_whole_bytes: 256 << 10,
        ..Limits::default()
    };
    let Ok(mut reader) = Reader::open(file, &limits) else {
        return;
    };
    let mut last = Timestamp::MIN;
    let mut more = true;
    while more {
        let mut batch = EventBatch::new();
        match reader.read_batch(Timestamp::MIN, &mut batch, 64, 64 << 10) {
            Ok(has_more) => more = has_more,
            Err(_) => return,
        }
        for (at, _, _) in batch.iter_from(0) {
            assert!(at >= last, "times go backwards");
            last = at;
        }
    }
    let facts = reader.facts();
    assert!(last.micros_since(Timestamp::MIN) <= facts.duration_us as i64);
});
