//! Any text is a signed checkpoint, or is refused; so is any key.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use retrace_core::log::checkpoint::{Checkpoint, LogKey};
use retrace_core::log::merkle::empty_root;
use retrace_core::{LogId, Position};

static KEY: LazyLock<LogKey> =
    LazyLock::new(|| LogKey::generate(LogId::new_random()).expect("the system has random bytes"));

fuzz_target!(|text: &str| {
    let _ = LogKey::parse(text);
    let _ = Checkpoint::verify(text, KEY.verifier_key());
    // A checkpoint of ours with something else in the place of its first or last lines.
    let note = KEY
        .sign(Position(text.len() as u64), empty_root())
        .as_note()
        .to_owned();
    assert!(Checkpoint::verify(&note, KEY.verifier_key()).is_ok());
    for (at, _) in note.match_indices('\n') {
        let _ = Checkpoint::verify(&[text, &note[at..]].concat(), KEY.verifier_key());
        let _ = Checkpoint::verify(&[&note[..at], text].concat(), KEY.verifier_key());
    }
    let _ = Checkpoint::verify(&note, text);
});
