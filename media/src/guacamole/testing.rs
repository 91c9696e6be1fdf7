//! What the tests of several modules need.

use std::path::PathBuf;

use super::parser::{Instruction, Limits, Parser};

/// An instruction as it stands in a recording.
pub(super) fn written(elements: &[&str]) -> String {
    let written = elements
        .iter()
        .map(|value| format!("{}.{value}", value.chars().count()));
    written.collect::<Vec<_>>().join(",") + ";"
}

/// Several, from elements with spaces between them; lines and semicolons end an instruction.
pub(super) fn recording(lines: &str) -> String {
    let lines = lines
        .split(['\n', ';'])
        .map(str::trim)
        .filter(|line| !line.is_empty());
    lines
        .map(|line| written(&line.split(' ').collect::<Vec<_>>()))
        .collect()
}

/// Calls `each` with every instruction.
pub(super) fn each(bytes: &[u8], mut each: impl FnMut(&Instruction<'_>)) {
    let mut parser = Parser::new(Limits::default());
    parser.push(bytes);
    while let Some(instruction) = parser.next().unwrap() {
        each(&instruction);
    }
    assert_eq!(parser.unfinished(), 0);
}

/// A real recording of the tests' own.
pub(super) fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// A real recording that is not in the repository; none where there is none.
pub(super) fn shared(name: &str) -> Option<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("RETRACE_RECORDINGS").map(PathBuf::from);
    let near = here
        .ancestors()
        .map(|folder| folder.join("shared/recordings"));
    let found = given
        .into_iter()
        .chain(near)
        .map(|folder| folder.join(name))
        .find(|p| p.exists());
    if found.is_none() {
        eprintln!("skipped: no {name} in shared/recordings");
    }
    found
}
