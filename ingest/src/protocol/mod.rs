//! What a recorder and the server say to each other: the types of `docs/ingest.md`, used by both
//! sides.
//!
//! | module | holds |
//! |---|---|
//! | [`launch`] | the request and the answer of a launch, the policy in force |
//! | [`answers`] | what the other routes answer, errors included |
//! | [`batch`] | batches of events, taken apart |
//! | [`packed`] | bodies that are compressed, unpacked within limits |
//! | [`limits`] | how much the server takes from one recorder, and from all together |
//!
//! Requests are strict: a member that is not known is refused, because a mistyped
//! `recordingRequired` must not start a session that is not recorded. Answers are lenient: a recorder
//! passes over members and error codes that a newer server has added.

pub mod answers;
pub mod batch;
pub mod launch;
pub mod limits;
pub mod packed;

pub use answers::{AppendAnswer, ControlMessage, ErrorAnswer, ErrorBody, ErrorCode, StreamAnswer};
pub use batch::{BatchError, ParsedBatch, parse_batch};
pub use launch::{LaunchAnswer, LaunchRequest, LogFacts, Policy, UploadLimits};
pub use limits::IngestLimits;
pub use packed::{Encoding, UnpackError, unpack};

/// The media type of a batch of events: a line of JSON for each.
pub const BATCH_MEDIA_TYPE: &str = "application/x-ndjson";
/// The header with the recorder's clock at sending, as RFC 3339.
pub const SENT_AT_HEADER: &str = "retrace-sent-at";
/// The sources that only the server writes: the launch, the upload tokens and the control channel; what
/// is built of the recording; who looked at it.
pub const SERVER_SOURCES: [&str; 5] = ["control", "video", "access", "review", "redaction"];
/// What an upload token begins with. A recorder's own token begins with `rtr_`.
pub const UPLOAD_TOKEN_PREFIX: &str = "rtu";
