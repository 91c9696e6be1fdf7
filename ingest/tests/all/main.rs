//! Tests of the crate through its public interface.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod damage;
mod format;
mod guacamole;
mod import;
mod kept;
mod place;
mod recordings;
mod replay;
mod round_trip;
mod screenshots;
mod support;
mod terminals;
mod video;
