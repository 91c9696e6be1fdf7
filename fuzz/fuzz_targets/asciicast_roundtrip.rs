//! A recording that can be read is written in versions 2 and 3, and read again with equal entries.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_core::Timestamp;
use retrace_core::event::{EndReason, EventBatch, EventType, SessionEnded, SourceAttached};
use retrace_ingest::Limits;
use retrace_ingest::asciicast::{Facts, ReadError, Reader, Version, Writer};

fn read(file: &[u8], start: Timestamp) -> Result<(EventBatch, Facts), ReadError> {
    let mut reader = Reader::open(file, &Limits::default())?;
    let mut batch = EventBatch::new();
    reader.read_batch(start, &mut batch, usize::MAX, usize::MAX)?;
    Ok((batch, reader.facts()))
}

/// The events of a batch that a version has a place for.
fn held(batch: &EventBatch, version: Version) -> Vec<(Timestamp, &EventType, &[u8])> {
    let comments = version == Version::V3;
    batch
        .iter_from(0)
        .filter(|(_, kind, _)| comments || **kind != EventType::RECORDING_COMMENTED)
        .collect()
}

fuzz_target!(|file: &[u8]| {
    let start = Timestamp::from_micros(1_000_000).expect("a second after 1970 is a time");
    let Ok((events, facts)) = read(file, start) else {
        return;
    };

    let mut session = EventBatch::new();
    let attached = SourceAttached {
        columns: None,
        recording: None,
        rows: None,
    };
    session.push(start, attached).expect("small");
    let mut ending = EventBatch::new();
    let exit_status = facts.exit_status;
    let ended = SessionEnded {
        exit_status,
        reason: EndReason::Unknown,
    };
    let end = start.saturating_add_micros(facts.duration_us as i64);
    ending.push(end, ended).expect("small");

    for version in [Version::V2, Version::V3] {
        let mut writer = Writer::new(Vec::new(), version).expect("both are written");
        for batch in [&session, &events, &ending] {
            for (at, kind, data) in batch.iter_from(0) {
                writer
                    .write(at, kind, data)
                    .expect("events from a reader are well formed");
            }
        }
        let written = writer.finish().expect("memory takes everything");
        match read(&written, start) {
            Ok((again, again_facts)) => {
                assert_eq!(held(&again, version), held(&events, version), "{version}");
                assert_eq!(again_facts.exit_status, exit_status, "{version}");
            }
            Err(error) => panic!("{version}: {error}\n{}", String::from_utf8_lossy(&written)),
        }
    }
});
