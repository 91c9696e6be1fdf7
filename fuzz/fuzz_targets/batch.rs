//! Any body is a batch of events or is refused; what is taken is canonical, of its type's shape, and
//! the same when it is sent again from there.

#![no_main]

use std::fmt::Write;

use libfuzzer_sys::fuzz_target;
use retrace_core::canonical::{canonicalize, is_canonical};
use retrace_core::event::EventBody;
use retrace_ingest::protocol::{IngestLimits, parse_batch};

fuzz_target!(|body: &[u8]| {
    if let Ok(text) = std::str::from_utf8(body) {
        let by_definition = canonicalize(body).is_ok_and(|canonical| canonical == body);
        assert_eq!(is_canonical(text), by_definition);
    }
    // Small, so that the limits are met.
    let limits = IngestLimits {
        batch_bytes: 64 << 10,
        batch_events: 100,
        line_bytes: 8 << 10,
        ..IngestLimits::default()
    };
    let Ok(batch) = parse_batch(body, &limits) else {
        return;
    };
    let mut again = String::new();
    for (at, kind, data) in batch.events.iter_from(0) {
        assert_eq!(canonicalize(data).expect("what is kept is JSON"), data);
        EventBody::from_data(kind, data).expect("what is kept can be read");
        let data = std::str::from_utf8(data).expect("what is kept is UTF-8");
        writeln!(again, "{{\"at\":\"{at}\",\"data\":{data},\"type\":\"{kind}\"}}")
            .expect("a string takes everything");
    }
    let repeated = parse_batch(again.as_bytes(), &IngestLimits::default()).expect("it was good");
    assert!(batch.events.iter_from(0).eq(repeated.events.iter_from(0)));
    assert_eq!(batch.blobs, repeated.blobs);
});
