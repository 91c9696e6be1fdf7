//! What goes into a worker beside its job, and what comes out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What an input is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InputHead {
    /// When its first picture was shown, in microseconds from the job's time 0.
    pub first_us: u64,
    /// Until when its last picture was shown, in microseconds from the job's time 0.
    pub last_us: u64,
    /// As the recorder named it, such as `image/png` or `video/webm`.
    pub media_type: String,
}

/// One file, or one piece of a file, in order of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What it is.
    pub head: InputHead,
    /// At most [`MAX_BYTES`](super::protocol::MAX_BYTES) of them.
    pub bytes: Vec<u8>,
}

/// What a worker sends back, in order, with the bytes that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A piece of video that plays alone.
    Segment(Segment, Vec<u8>),
    /// How much of the screen changed, for some seconds; seconds without change are left out.
    Changed(Vec<Change>),
    /// Thumbnails, in one picture.
    Sheet(Sheet, Vec<u8>),
    /// The one picture that was asked for.
    Still(StillPicture, Vec<u8>),
    /// A finished file in the job's folder. The caller moves or removes it.
    File(PathBuf),
    /// The job has come to this time. Sent at least once a second while it gets on.
    Progress {
        /// Microseconds from the job's time 0.
        us: u64,
    },
    /// Something in an input could not be used.
    Note(Note),
}

/// A video file that begins with a keyframe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// When its first frame is shown, in microseconds; the times inside it are counted from the job's
    /// time 0 too, in milliseconds.
    pub first_us: u64,
    /// Until when its last frame is known to be shown, in microseconds.
    pub last_us: u64,
    /// Frames in it.
    pub frame_count: u64,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// `vp9` or `h264`.
    pub codec: String,
    /// `video/webm` for VP9, `video/x-matroska` for H.264.
    pub media_type: String,
}

/// How much changed in one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Which second, from the job's time 0.
    pub second: u64,
    /// The share of the screen that changed at any time in it, in thousandths, 1 to 1,000.
    pub permille: u16,
}

/// Thumbnails in rows, from left to right and top to bottom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    /// Tiles in a row.
    pub columns: u32,
    /// Pixels of a tile from left to right.
    pub tile_width: u32,
    /// Pixels of a tile from top to bottom.
    pub tile_height: u32,
    /// `image/webp`, or `image/jpeg` where FFmpeg was built without libwebp.
    pub media_type: String,
    /// When the frame in each tile was shown first, in microseconds from the job's time 0.
    pub times_us: Vec<u64>,
}

/// The picture that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StillPicture {
    /// When it was shown first, in microseconds from the job's time 0.
    pub time_us: u64,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// `image/png` or `image/webp`.
    pub media_type: String,
}

/// What is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Which, from 0, in the order they were sent.
    pub input_index: u64,
    /// What was found, for a person to read.
    pub problem: String,
}

/// How the job ended well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Until when the last picture was shown, in microseconds from the job's time 0.
    pub duration_us: u64,
    /// Frames written or looked at.
    pub frame_count: u64,
    /// The encoder that was used, as FFmpeg calls it; absent where nothing was encoded.
    pub encoder: Option<String>,
}
