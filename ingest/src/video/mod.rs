//! Recordings that are video: a file, or a folder of segments.
//!
//! | what | the session |
//! |---|---|
//! | a WebM, Matroska, MP4 or QuickTime file, known by its content | one `frames.captured`, its blob is the file |
//! | files with numbered names in one folder (`seg-0001.webm`), of one codec and size, or listed in a `.csv` as FFmpeg's `segment` writes it | one `frames.captured` for each, in their order |
//!
//! Nothing is decoded: where frames stand and when is read from the container ([`retrace_media::webm`],
//! [`retrace_media::mp4`]). A recording begins when the file says it was made (the first file of several), where it
//! does.
//!
//! Segments have the times that they say themselves, if these run on from one to the next; else those of
//! the list; else one comes after the other. What is missing by its number is a `recording.gap_detected` of
//! the frames. Of a damaged file the good part is told of, and the blob is all of it, so that nothing of
//! the recording is lost; what is wrong is a `recording.degraded` that names the file.

mod clip;
mod format;
mod layout;
mod list;
pub(crate) mod names;
mod reader;
mod segments;
#[cfg(test)]
mod tests;

pub(crate) use format::Video;
