//! Work on recordings that is done once for all nodes, and whose results are events: pictures become video, video
//! becomes thumbnails and a measure of how much the screen changed, and, when somebody asks, an MP4.
//!
//! [`Processing`] promises:
//! - *once*: the expected version of a session's stream ([`StreamName::video_of`]) is the lock. Whoever appends
//!   `video.claimed` there has the work for as long as it goes on saying so; a node that stops saying so for
//!   [`CLAIM_LASTS`] has lost it, and a node that starts again goes on with what it had;
//! - *resumed*: each piece of video that is encoded is an event, and what was encoded is not encoded again;
//! - *while it happens*: pictures of a session that goes on become video every [`LIVE_PIECE_US`];
//! - *apart*: decoding and encoding is done in processes of their own ([`retrace_media::video`]): what crashes or
//!   hangs on a file takes down nothing else, and is told as `video.failed` with its reason;
//! - *asked for again*: what failed is tried again when somebody requests it.
//!
//! [`StreamName::video_of`]: retrace_core::StreamName::video_of

mod claim;
mod job;
mod need;
mod service;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use retrace_core::SessionId;
use retrace_media::video::Worker;

pub use service::{Processing, Workshop};

/// A claim that was not renewed for so long is over.
pub const CLAIM_LASTS: Duration = Duration::from_secs(300);
/// How often a claim is renewed.
const CLAIM_RENEWED: Duration = Duration::from_secs(120);
/// Of a session that goes on, so much is gathered before it is encoded, in microseconds.
pub const LIVE_PIECE_US: i64 = 10_000_000;
/// The media type that stands for thumbnails and the measure of changes.
pub const THUMBNAILS: &str = "image/webp";
/// The media type of pieces that are encoded of pictures.
pub const WEBM: &str = "video/webm";
/// The media type of the video for all browsers.
pub const MP4: &str = "video/mp4";
/// The media type of what guacd writes.
pub const GUACAMOLE: &str = "application/x-guacamole-recording";

/// The worker for pictures and video: this program, started again. A system that does not say where
/// that is finds it by its name.
pub fn media_worker() -> Worker {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("retrace"));
    Worker::new(program, &["media-worker"])
}

/// How far the work of this node is, in thousandths. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct ProgressBook {
    known: Arc<Mutex<HashMap<(SessionId, String), u32>>>,
}

impl ProgressBook {
    /// How far something is, if this node works on it.
    pub fn permille(&self, session: SessionId, media_type: &str) -> Option<u32> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(session, media_type.to_owned())).copied()
    }

    fn set(&self, session: SessionId, media_type: &str, permille: u32) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((session, media_type.to_owned()), permille);
    }

    fn remove(&self, session: SessionId, media_type: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(session, media_type.to_owned()));
    }
}
