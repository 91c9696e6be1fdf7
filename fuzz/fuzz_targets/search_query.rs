//! Any text is a question, or is refused at a place in it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = retrace_query::check_query(text) {
        assert!(error.at + error.length <= text.chars().count());
        assert!(!error.expected.is_empty());
    }
});
