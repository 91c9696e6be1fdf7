//! What happened to a recording, apart from what it shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A part of the recording is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GapDetected {
    /// What is missing: `frames`, `keys`, `terminal`, `processes`.
    pub channel: String,
    /// Where the gap begins.
    pub from: crate::Timestamp,
    /// Why, as far as it is known.
    pub reason: String,
    /// Where the gap ends.
    pub to: crate::Timestamp,
}

/// The recording goes on, but shows less than it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingDegraded {
    /// What is wrong.
    pub reason: String,
}

/// A comment stood in the recording at this place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingCommented {
    /// The comment, without the sign that begins it.
    pub text: String,
}

/// The recording held an entry of a kind that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeKept {
    /// The code of the entry.
    pub code: String,
    /// Its data.
    pub data: String,
}

/// Something was uploaded that cannot be taken in, and was set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadQuarantined {
    /// SHA-256 of what was set aside, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Why it cannot be taken in.
    pub reason: String,
}

/// All that a recorder has sent for this stream so far stands in the log up to this event, and the
/// recorder is told so. Written by the server for recorders of protocols that count entries and time
/// of their own instead of our versions: from it, and from nothing else, a recorder whose connection
/// broke can go on exactly where the log stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadCommitted {
    /// The recorder's time since the start: what is beyond `elapsed_s`, in nanoseconds.
    pub elapsed_ns: u32,
    /// The recorder's time since the start, in whole seconds.
    pub elapsed_s: u64,
    /// How many entries with a time it has sent.
    pub entries: u64,
    /// How many of them it does not send again when it resumes at the elapsed time.
    pub entries_before: u64,
    /// The beginnings of characters whose rest has not come yet: bytes in hexadecimal, by the
    /// channel that they came on.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, String>,
    /// Which node has the recorder's connection.
    pub node: String,
    /// How many messages that have no place in its time it has sent.
    pub notes: u64,
    /// How many of them it does not send again when it resumes at the elapsed time.
    pub notes_before: u64,
    /// SHA-256 of the key that lets the recorder resume, in hexadecimal; said once, when the
    /// recorder was given the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_key_sha256: Option<String>,
}

/// Somebody asked for a playable video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoRequested {
    /// Who asked.
    pub by: String,
    /// What was asked for: `video/mp4`, `video/webm`.
    pub media_type: String,
}

/// A node began to build something of the recording. While its claim is young, no other node does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoClaimed {
    /// What is built.
    pub media_type: String,
    /// Which node builds it.
    pub node: String,
}

/// A piece of video was made of pictures that were captured: one WebM file that begins with a
/// keyframe and plays alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoEncoded {
    /// SHA-256 of the piece, in hexadecimal.
    pub blob: String,
    /// Size of the piece in bytes.
    pub bytes: u64,
    /// `vp9`, `vp8`, …
    pub codec: String,
    /// Time of its first frame.
    pub first_at: crate::Timestamp,
    /// How many frames it has: those that changed something.
    pub frame_count: u32,
    /// Until when it shows the screen: the time of the last picture that went into it, changed or not.
    pub last_at: crate::Timestamp,
    /// `video/webm`.
    pub media_type: String,
}

/// A part of the footage was looked at, frame by frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoAnalyzed {
    /// Changed share of the screen in each second from `first_at` on, in thousandths.
    pub changed_permille: Vec<u16>,
    /// Where the part begins.
    pub first_at: crate::Timestamp,
    /// Where the part ends.
    pub last_at: crate::Timestamp,
    /// Small pictures of it, side by side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnails: Option<ThumbnailSheet>,
}

/// Small pictures of a recording in one picture: rows of equal tiles, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThumbnailSheet {
    /// SHA-256 of the picture, in hexadecimal.
    pub blob: String,
    /// Size of the picture file in bytes.
    pub bytes: u64,
    /// How many tiles stand side by side.
    pub columns: u32,
    /// `image/webp`, …
    pub media_type: String,
    /// Height of a tile in pixels.
    pub tile_height: u32,
    /// Width of a tile in pixels.
    pub tile_width: u32,
    /// What each tile shows: microseconds after `first_at`. As many as there are tiles.
    pub times_us: Vec<u64>,
}

/// A playable video was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoCompleted {
    /// SHA-256 of the video, in hexadecimal. None when it consists of the pieces that were encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its length in microseconds.
    pub duration_us: u64,
    /// `video/mp4`, `video/webm`.
    pub media_type: String,
}

/// A playable video could not be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoFailed {
    /// What was asked for.
    pub media_type: String,
    /// Why it could not be built.
    pub reason: String,
}
