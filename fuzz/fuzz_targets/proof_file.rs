//! Any file is a proof, or is refused; any lines hold by it, or do not.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use retrace_core::log::checkpoint::LogKey;
use retrace_core::log::lines::{LinesCheck, ProofFile};
use retrace_core::log::merkle::empty_root;
use retrace_core::{LogId, Position};

static KEY: LazyLock<LogKey> =
    LazyLock::new(|| LogKey::generate(LogId::new_random()).expect("the system has random bytes"));

fuzz_target!(|input: (&str, u64, &[u8])| {
    let (text, size, lines) = input;
    if let Ok(proof) = ProofFile::parse(text) {
        let written = match &proof {
            ProofFile::Lines(proof) => proof.to_string(),
            ProofFile::Event(proof) => proof.to_string(),
        };
        assert_eq!(written, text);
    }
    // The beginning of a file before a checkpoint that is signed, so that the lines are looked at.
    let head = text.split("\n\n").next().unwrap_or_default();
    let head = head.trim_end_matches('\n');
    let signed = KEY.sign(Position(size), empty_root());
    let Ok(proof) = ProofFile::parse(&format!("{head}\n\n{}", signed.as_note())) else {
        return;
    };
    let mut check = LinesCheck::new(&proof, KEY.verifier_key()).expect("our own signature holds");
    for line in lines.split(|byte| *byte == b'\n') {
        if check.line(line).is_err() {
            return;
        }
    }
    // A root of SHA-256 over nothing is that of no leaf.
    assert!(check.finish().is_err() || size == 0);
});
