//! Pictures of a screen.

use serde::{Deserialize, Serialize};

/// One batch of captured frames: a piece of video or a screenshot, in a blob beside the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FramesCaptured {
    /// SHA-256 of the blob, in hexadecimal.
    pub blob: String,
    /// Size of the blob in bytes.
    pub bytes: u64,
    /// Changed share of the screen in each second of the batch, in thousandths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_permille: Vec<u16>,
    /// `vp8`, `vp9`, `av1`, `h264`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Time of the first frame.
    pub first_at: crate::Timestamp,
    /// How many frames the blob holds.
    pub frame_count: u32,
    /// Height of the first frame in pixels, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Time of the last frame.
    pub last_at: crate::Timestamp,
    /// `video/webm`, `image/png`, `application/x-guacamole-recording`, …
    pub media_type: String,
    /// Width of the first frame in pixels, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
}
