//! Pictures and video, as bytes: nothing here knows of the log, of keys or of the network.
//!
//! Whatever is read here was made by somebody else's program: sizes, times and counts are checked before
//! they are believed, and nothing read can make it panic. What is decoded by code that is not ours and
//! not memory-safe (FFmpeg) is decoded in a process of its own.
//!
//! [`terminal`] draws terminal sessions: screens as pictures, sessions as GIFs.

pub mod terminal;
pub mod webm;
