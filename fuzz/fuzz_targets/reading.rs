//! What holds for every reader of recordings.

use std::io::Cursor;

use retrace_core::Timestamp;
use retrace_core::event::EventBatch;
use retrace_ingest::Limits;
use retrace_ingest::import::{Blobs, Input, RecordingReader, Sink};

/// Small, so that the limits are met.
pub fn limits() -> Limits {
    Limits {
        max_bytes: 1 << 20,
        max_line_bytes: 64 << 10,
        max_header_bytes: 1 << 10,
        ..Limits::default()
    }
}

pub fn input(content: &[u8]) -> Option<Input> {
    let input = Input::open(Cursor::new(content.to_vec()), &limits()).ok()?;
    Some(input.keeping_what_is_good())
}

/// Files in one: parted by a line of five equals signs.
#[allow(dead_code, reason = "some formats have one file")]
pub fn files(content: &[u8]) -> Vec<&[u8]> {
    let (mut files, mut from, mut at) = (Vec::new(), 0, 0);
    while at < content.len() {
        if content[at..].starts_with(b"\n=====\n") {
            files.push(&content[from..at]);
            at += 7;
            from = at;
        } else {
            at += 1;
        }
    }
    files.push(&content[from..]);
    files
}

/// Reads a recording to its end, or until it is refused: times do not go backwards, and none is after
/// the end.
pub fn read(reader: &mut dyn RecordingReader) {
    let (mut last, mut more) = (Timestamp::MIN, true);
    let mut blobs = Blobs::named_only();
    while more {
        let mut batch = EventBatch::new();
        let mut sink = Sink::new(Timestamp::MIN, &mut batch, &mut blobs, 64, 64 << 10);
        match reader.read_batch(&mut sink) {
            Ok(has_more) => more = has_more,
            Err(_) => return,
        }
        for (at, _, _) in batch.iter_from(0) {
            assert!(at >= last, "times go backwards");
            last = at;
        }
    }
    let Ok(about) = reader.about() else { return };
    assert!(last.micros_since(Timestamp::MIN) <= about.duration_us as i64);
    for side in [about.columns, about.rows].into_iter().flatten() {
        assert!((1..=10_000).contains(&side));
    }
}
