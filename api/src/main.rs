//! The `retrace` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    retrace_api::cli::run()
}
