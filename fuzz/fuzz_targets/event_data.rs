//! Data that an event type takes is written as canonical JSON, and is the same when it is read
//! from there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_core::Timestamp;
use retrace_core::canonical::canonicalize;
use retrace_core::event::{EventBatch, EventBody, EventType};

fuzz_target!(|input: (u8, &str)| {
    let (index, data) = input;
    let kind = &EventType::ALL[usize::from(index) % EventType::ALL.len()];
    let Ok(body) = EventBody::from_data(kind, data.as_bytes()) else {
        return;
    };
    let Ok(batch) = EventBatch::of(Timestamp::MIN, body) else {
        return;
    };
    for (_, kind, data) in batch.iter_from(0) {
        assert_eq!(
            canonicalize(data).expect("what is written is JSON"),
            data,
            "{kind}"
        );
        let again = EventBody::from_data(kind, data).expect("what is written can be read");
        let again = EventBatch::of(Timestamp::MIN, again).expect("it fitted before");
        assert!(
            again.iter_from(0).all(|(_, _, written)| written == data),
            "{kind}"
        );
    }
});
