//! The worker as a process, over real footage.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on fails"
)]

mod analyze;
mod damage;
mod film;
mod join;
mod measure;
mod pictures;
mod support;
mod transcode;
mod worker;
