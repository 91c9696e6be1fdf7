//! Terminal sessions as pictures: fonts, one screen drawn, a session as frames, and those as a GIF.
//!
//! ```text
//! what the program wrote, resizes ──▶ frames: emulator, clock ──▶ picture: what changed is drawn
//!                                                                     │
//!                                         gif, or crate::video::film ◀┘ frames::FrameSink
//! ```
//!
//! - Drawing is a function of what was written: the same session gives the same pixels on any
//!   machine, for the fonts are carried along ([`font`]).
//! - Memory is bounded whatever the session: one emulator, one picture, the glyphs in use, and one
//!   compressed frame.
//! - Nothing that a session contains makes it panic. A terminal larger than a picture can show is cut
//!   off at the right and the bottom, and [`frames::Extent::clipped`] says so.

pub mod changes;
pub mod font;
pub mod frames;
pub mod gif;
pub mod html;
pub mod picture;
mod screen;
mod size;
#[cfg(test)]
pub(crate) mod testing;
pub mod theme;

pub use size::Size;
