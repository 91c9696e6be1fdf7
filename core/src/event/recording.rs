//! What happened to a recording, apart from what it shows.

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

/// Somebody asked for a playable video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoRequested {
    /// Who asked.
    pub by: String,
    /// What was asked for: `video/mp4`, `video/webm`.
    pub media_type: String,
}

/// A playable video was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VideoCompleted {
    /// SHA-256 of the video, in hexadecimal.
    pub blob: String,
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
