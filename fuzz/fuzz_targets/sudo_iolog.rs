//! Any files are an I/O log of sudo or are refused: `log`, `log.json`, `timing` and the streams, parted
//! by a line of five equals signs.

#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use retrace_ingest::sudo_iolog::Reader;

fuzz_target!(|files: &[u8]| {
    let names = [
        "log", "timing", "ttyout", "ttyin", "log.json", "stdin", "stdout", "stderr",
    ];
    let files = names.into_iter().zip(reading::files(files));
    let opened = files.filter_map(|(name, file)| Some((name, reading::input(file)?)));
    if let Ok(mut reader) = Reader::open(opened.collect(), &reading::limits()) {
        reading::read(&mut reader);
    }
});
