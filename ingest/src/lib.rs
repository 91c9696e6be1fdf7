//! Recordings in and out, in the formats of others.
//!
//! - [`container`]: what a file is wrapped in (nothing, gzip, bzip2, zstd), within [`Limits`].
//! - [`asciicast`]: the format of asciinema, read in versions 1, 2 and 3, written in 2 and 3.
//! - [`ttyrec`], [`typescript`], [`sudo_iolog`], [`tlog`]: recordings of other tools, read only.
//! - [`protocol`]: what recorders and the server say to each other over the network.
//! - [`import`]: files and folders of recordings into the log, each whole or not at all.
//! - [`recorder`]: recording a command, and bringing what was recorded to the server.
//! - [`sudo_logsrv`]: what sudo says to a log server, and the events that it becomes.
//! - [`sample`]: recordings of any length, made up from a seed, for tests and benchmarks.
//!
//! Whatever is read here was written by somebody else: sizes, times, text and paths are checked
//! before they are believed, nothing read can make it panic, and what is refused is refused with
//! the file, the line and the reason.

pub mod asciicast;
pub mod container;
mod guacamole;
pub mod import;
mod limits;
pub mod protocol;
pub mod recorder;
pub mod sample;
mod screenshots;
mod shown;
pub mod sudo_iolog;
pub mod sudo_logsrv;
mod terminal;
pub mod tlog;
pub mod ttyrec;
pub mod typescript;
mod utf8;
mod video;
mod written;

pub use limits::Limits;
