//! Pictures and video, as bytes: nothing here knows of the log, of keys or of the network.
//!
//! | module | holds |
//! |---|---|
//! | [`guacamole`] | session recordings of Apache Guacamole: what is seen, typed and pasted in them |
//! | [`mp4`] | codec, size, frames and times of an MP4 file, without decoding it |
//! | [`terminal`] | terminal sessions drawn: screens as pictures, sessions as GIFs |
//! | [`video`] | pictures to video, video to video, thumbnails, stills |
//! | [`webm`] | where the frames of WebM files stand, and one file over the frames of many |
//!
//! Whatever is read here was made by somebody else's program: sizes, times and counts are checked before
//! they are believed, and nothing read can make it panic. What is decoded by code that is not ours and
//! not memory-safe (FFmpeg) is decoded in a process of its own.

pub mod guacamole;
pub mod mp4;
pub mod terminal;
pub mod video;
pub mod webm;
