//! Folders of screenshots, one session each.
//!
//! Pictures (PNG, JPEG, WebP) of one folder belong together when their names differ in nothing but
//!
//! - a time (`2026-11-21T08-00-00.png`, `screenshot-1763712000123.png`): each was taken then, in UTC;
//! - or a number (`0001.png`), with more numbers there than missing: they were taken one after the other, a second
//!   apart or as far as is said. A number that is missing is a `recording.gap_detected` of the frames.
//!
//! Each is one `frames.captured`, its blob the file. Pictures are not decoded: their size is read from
//! their header, and one that has none, or is larger than any screen, or is cut off is named in a
//! `recording.degraded`; of these only what is cut off is kept.

mod format;
mod names;
mod picture;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use format::Screenshots;
