//! Everything that decodes or encodes video, done in a process of its own.
//!
//! FFmpeg reads what strangers made and is not memory-safe: a crash, a hang or a bomb in one file must
//! take down the process that reads it and no other. So a program calls [`Worker::run`] with a [`Job`],
//! and the same program, started again as the worker, calls [`worker::run`]. They speak length-prefixed
//! frames over stdin and stdout ([`protocol`]). Promised of every job:
//!
//! - Times are microseconds of the session, counted from the job's time 0; those of frames written are
//!   right to a millisecond.
//! - Inputs are read one by one, outputs are sent as they are ready: memory does not grow with the length.
//! - An input that is damaged is passed over as far as it is damaged, and named in an [`Output::Note`].
//! - Sound is not read: it appears in no output.
//!
//! | job                     | from                                   | to                                |
//! |-------------------------|----------------------------------------|-----------------------------------|
//! | [`Job::EncodePictures`] | pictures, Guacamole recordings         | WebM segments                     |
//! | [`Job::FilmTerminal`]   | what happened to a terminal            | one MP4 (H.264) or WebM (VP9)     |
//! | [`Job::Transcode`]      | WebM or MP4, whole or in pieces        | one MP4 (H.264) or WebM (VP9)     |
//! | [`Job::JoinMp4`]        | MP4 (H.264) of the same parameters     | one MP4, nothing encoded again    |
//! | [`Job::Analyze`]        | as `Transcode`                         | changes by second, thumbnails     |
//! | [`Job::Still`]          | as `Transcode`, from a keyframe on     | the picture at one time           |

mod analyze;
mod container;
mod convert;
mod decode;
mod encode;
mod film;
mod job;
mod join;
mod limits;
mod mux;
mod output;
mod pace;
mod parent;
mod picture;
pub mod pictures;
pub mod protocol;
mod scale;
mod source;
mod still;
mod transcode;
pub mod worker;

pub use job::{
    Analyze, Codec, EncodePictures, EncoderSettings, FilmTerminal, Hardware, ImageKind, Job,
    JoinMp4, Limits, Size, Still, Transcode,
};
pub use output::{Change, Done, Input, InputHead, Note, Output, Segment, Sheet, StillPicture};
pub use parent::{Worker, WorkerError};
pub use picture::{Picture, PixelOrder, Rect};
