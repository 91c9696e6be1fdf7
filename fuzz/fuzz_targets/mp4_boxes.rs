//! Any bytes are boxes of an MP4 file up to where they are not; however they are cut, the same is known.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrace_media::mp4::{Facts, ScanError, Scanner};

fn scan(file: &[u8], piece: usize) -> Result<(Facts, Option<ScanError>), ScanError> {
    let mut scanner = Scanner::new();
    for part in file.chunks(piece) {
        if scanner.push(part).is_err() {
            break;
        }
    }
    scanner.finish()
}

fuzz_target!(|input: &[u8]| {
    let [piece, file @ ..] = input else {
        return;
    };
    let known = scan(file, usize::from(*piece).max(1));
    assert_eq!(known, scan(file, usize::MAX));
    if let Ok((facts, _)) = known {
        assert!(facts.frames <= file.len() as u64);
        assert!(facts.first_us <= facts.last_us && facts.last_us <= facts.end_us);
    }
});
