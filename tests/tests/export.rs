//! What is exported, in the hands of the programs of others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

use retrace_tests::person::Person;
use retrace_tests::{Retrace, samples};

/// asciinema plays what we export: all of its output, as the recording has it.
#[test]
fn asciinema_reads_an_exported_session() {
    let asciinema = Command::new("asciinema").arg("--version").output();
    assert!(
        asciinema.is_ok(),
        "asciinema is not there: scripts/install verifiers"
    );
    let retrace = Retrace::new();
    for (sample, marker) in [
        ("incident-v2.cast", "basaltwing-2963"),
        ("plain.tlog.json", "drystone-4026"),
        ("ops.ttyrec", "rimefall-7203"),
        ("sudo-i", "larkspit-6671"),
    ] {
        let path = samples().join(sample);
        let imported = retrace.json_lines(&["import", "--json", path.to_str().unwrap()]);
        let session = imported[0]["session"].as_str().unwrap();
        let file = retrace.scratch().join(format!("{session}.cast"));
        let name = file.to_str().unwrap();
        retrace.succeed(&["export", session, "--format", "asciicast-v2", "-o", name]);
        // It wants a home of its own for its settings, and a terminal.
        let mut cat = Command::new("asciinema");
        cat.args(["cat", name])
            .env("HOME", retrace.scratch())
            .env("LC_ALL", "C.UTF-8");
        let mut person = Person::start(cat, 120, 40);
        person.sees(marker);
        assert!(person.waits().success(), "{sample}: {}", person.seen());
    }
}
