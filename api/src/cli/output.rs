//! What the commands have in common in speaking to people.

use std::io::{self, Write};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

/// Prints a line on standard output.
///
/// # Errors
/// When standard output is closed or full: what was asked for did not arrive.
pub(super) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Prints a line for people on standard error.
pub(super) fn note(text: impl std::fmt::Display) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error with its causes, and answers the exit status for it.
pub(super) fn fail(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        // `retrace … | head` has got all it wanted.
        return ExitCode::SUCCESS;
    }
    note(format!("error: {}", printable(&with_causes(error))));
    ExitCode::FAILURE
}

/// The error and its causes. Some errors say their cause themselves: it is not said twice.
fn with_causes(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |said, cause| match said.as_str() {
            "" => cause,
            _ if said.contains(&cause) => said,
            _ => format!("{said}: {cause}"),
        })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// A progress bar on standard error, counted in bytes. Not shown when that is no terminal.
pub(super) fn bar_of_bytes(bytes: u64) -> ProgressBar {
    bar(
        bytes,
        "{bar:32} {bytes:>10} / {total_bytes:<10} {binary_bytes_per_sec:>12}  {msg}",
    )
}

/// A progress bar on standard error, counted in events. Not shown when that is no terminal.
pub(super) fn bar_of_events(events: u64) -> ProgressBar {
    bar(
        events,
        "{bar:32} {human_pos:>10} / {human_len:<10} events  {per_sec:>14}  {msg}",
    )
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▓░");
    ProgressBar::new(length).with_style(style)
}

/// Text from a recording or a file name, safe to print on a terminal: control characters are shown,
/// not sent.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            escaped
                .into_iter()
                .flatten()
                .chain((!c.is_control()).then_some(c))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let full = io::Error::other("no space");
        let error = anyhow::Error::new(full)
            .context("`a.cast`: no space")
            .context("export");
        assert_eq!(with_causes(&error), "export: `a.cast`: no space");
    }

    #[test]
    fn escape_sequences_are_shown_and_not_sent() {
        assert_eq!(printable("a\u{1b}[31mé\n"), "a\\u{1b}[31mé\\n");
    }
}
