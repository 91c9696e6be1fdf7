//! Whatever a client of sudo's protocol sends: it is taken or refused, the events fit into leaves, times
//! never run backwards, and however the bytes arrive and whenever the recording is cut, it says the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_core::Timestamp;
use retrace_core::event::EventBody;
use retrace_ingest::sudo_logsrv::frame::Frames;
use retrace_ingest::sudo_logsrv::opening::Opening;
use retrace_ingest::sudo_logsrv::recorder::Recorder;

/// What a recording says, however it was cut.
#[derive(Debug, Default, PartialEq)]
struct Said {
    output: String,
    keys: String,
    others: Vec<String>,
    refused: bool,
}

fuzz_target!(|input: &[u8]| {
    let Some((&pace, input)) = input.split_first() else {
        return;
    };
    // Half of the inputs are cut into messages here, so that their sizes need not be guessed.
    let bytes = if pace % 2 == 0 {
        input.to_vec()
    } else {
        framed(input)
    };
    let whole = converse(&bytes, bytes.len().max(1), usize::MAX);
    let pieces = converse(&bytes, usize::from(pace) + 1, usize::from(pace % 7) + 1);
    assert_eq!(whole, pieces);
});

/// Messages of the sizes that stand before them in one byte.
fn framed(mut input: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((&size, rest)) = input.split_first() {
        let (message, rest) = rest.split_at(rest.len().min(usize::from(size)));
        bytes.extend_from_slice(&(message.len() as u32).to_be_bytes());
        bytes.extend_from_slice(message);
        input = rest;
    }
    bytes
}

fn converse(bytes: &[u8], piece: usize, cut_every: usize) -> Said {
    let (mut said, mut frames, mut recorder) = (Said::default(), Frames::default(), None);
    let (mut last_at, mut taken) = (Timestamp::MIN, 0);
    'read: for piece in bytes.chunks(piece) {
        frames.push(piece);
        loop {
            let message = match frames.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(_) => {
                    said.refused = true;
                    break 'read;
                }
            };
            let Some(recorder) = &mut recorder else {
                match Opening::of(message) {
                    Ok(None) => {}
                    Ok(Some(Opening::Accepted(accepted))) => {
                        let begun = Recorder::begin(&accepted, None, true, "node");
                        recorder = Some(begun.expect("it fits into leaves"));
                    }
                    Ok(Some(Opening::Told(told))) => {
                        told.events().expect("they fit into leaves");
                        return said;
                    }
                    Ok(Some(Opening::Restarted(_))) => return said,
                    Err(_) => {
                        said.refused = true;
                        return said;
                    }
                }
                continue;
            };
            if recorder.take(message).is_err() {
                said.refused = true;
                break 'read;
            }
            taken += 1;
            if taken % cut_every == 0 {
                cut(recorder, &mut said, &mut last_at);
            }
        }
    }
    if let Some(recorder) = &mut recorder {
        cut(recorder, &mut said, &mut last_at);
    }
    said
}

fn cut(recorder: &mut Recorder, said: &mut Said, last_at: &mut Timestamp) {
    let piece = recorder.cut().expect("it fits into leaves");
    for (at, kind, data) in piece.events.iter_from(0) {
        assert!(at >= *last_at);
        *last_at = at;
        match EventBody::from_data(kind, data).expect("what is written can be read") {
            EventBody::TerminalWritten(written) => said.output.push_str(&written.text),
            EventBody::KeysTyped(typed) => said.keys.push_str(&typed.text),
            EventBody::UploadCommitted(_) => {}
            other => said.others.push(format!("{other:?}")),
        }
    }
    assert!(!recorder.is_waiting());
}
