//! The vocabulary: everything that can happen, as typed data.
//!
//! One module per group of types. In every struct the fields stand in the order of their JSON
//! names and all numbers are integers, so that serialising it gives canonical JSON at once
//! ([`crate::canonical`]). A type that is not known here is kept as it came
//! ([`EventBody::Unknown`]): stored, proved, shown and exported like any other.

mod access;
mod admin;
mod batch;
mod frames;
mod input;
mod kind;
mod process;
mod recorded;
mod recording;
mod session;
mod terminal;

pub use access::*;
pub use admin::*;
pub use batch::{EventBatch, EventError, MAX_DATA_BYTES};
pub use frames::*;
pub use input::*;
pub use kind::EventType;
pub use process::*;
pub(crate) use recorded::{Commit, LeafEnvelope, StoredItem};
pub use recorded::{Event, MAX_LEAF_BYTES};
pub use recording::*;
pub use session::*;
pub use terminal::*;

use serde_json::value::RawValue;

macro_rules! vocabulary {
    ($($name:literal $constant:ident $body:ident),+ $(,)?) => {
        impl EventType {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self::known($name);
            )+
            /// All types that this version knows, in the order of the vocabulary.
            pub const ALL: &[Self] = &[$(Self::$constant),+];
        }

        /// What happened. The name of the type and the data, without when, where and in which
        /// order: those belong to the [`Event`].
        #[derive(Debug, Clone)]
        pub enum EventBody {
            $(
                #[doc = concat!("`", $name, "`")]
                $body($body),
            )+
            /// A type that this version does not know, from a newer recorder.
            Unknown {
                /// The type's name.
                kind: EventType,
                /// The data, as it came.
                data: Box<RawValue>,
            },
        }

        impl EventBody {
            /// The name of the type.
            pub fn kind(&self) -> EventType {
                match self {
                    $(Self::$body(_) => EventType::$constant,)+
                    Self::Unknown { kind, .. } => kind.clone(),
                }
            }

            /// Reads the data of an event of type `kind`.
            ///
            /// # Errors
            /// When the type is known and the data is not of its shape.
            pub fn from_data(kind: &EventType, data: &[u8]) -> Result<Self, serde_json::Error> {
                match kind.as_str() {
                    $($name => serde_json::from_slice(data).map(Self::$body),)+
                    _ => Ok(Self::Unknown { kind: kind.clone(), data: serde_json::from_slice(data)? }),
                }
            }

            /// Appends the data as canonical JSON.
            fn write_data(&self, out: &mut Vec<u8>) -> Result<(), EventError> {
                // Its values are of any shape, so they may hold fractions and any names.
                if let Self::ConfigChanged(body) = self {
                    let value = serde_json::to_value(body)?;
                    out.extend_from_slice(&crate::canonical::to_canonical(&value)?);
                    return Ok(());
                }
                match self {
                    $(Self::$body(body) => serde_json::to_writer(out, body)?,)+
                    Self::Unknown { data, .. } => {
                        out.extend_from_slice(&crate::canonical::canonicalize(data.get().as_bytes())?);
                    }
                }
                Ok(())
            }
        }

        $(
            impl From<$body> for EventBody {
                fn from(body: $body) -> Self {
                    Self::$body(body)
                }
            }
        )+
    };
}

vocabulary! {
    "session.launched" SESSION_LAUNCHED SessionLaunched,
    "session.source_attached" SOURCE_ATTACHED SourceAttached,
    "session.ended" SESSION_ENDED SessionEnded,
    "session.terminate_requested" TERMINATE_REQUESTED TerminateRequested,
    "session.message_sent" MESSAGE_SENT MessageSent,
    "session.idle_warned" IDLE_WARNED IdleWarned,
    "frames.captured" FRAMES_CAPTURED FramesCaptured,
    "keys.typed" KEYS_TYPED KeysTyped,
    "pointer.clicked" POINTER_CLICKED PointerClicked,
    "clipboard.copied" CLIPBOARD_COPIED ClipboardCopied,
    "terminal.written" TERMINAL_WRITTEN TerminalWritten,
    "terminal.resized" TERMINAL_RESIZED TerminalResized,
    "marker.set" MARKER_SET MarkerSet,
    "process.started" PROCESS_STARTED ProcessStarted,
    "process.stopped" PROCESS_STOPPED ProcessStopped,
    "window.focused" WINDOW_FOCUSED WindowFocused,
    "file.transferred" FILE_TRANSFERRED FileTransferred,
    "recording.gap_detected" GAP_DETECTED GapDetected,
    "recording.degraded" RECORDING_DEGRADED RecordingDegraded,
    "recording.commented" RECORDING_COMMENTED RecordingCommented,
    "recording.code_kept" CODE_KEPT CodeKept,
    "upload.quarantined" UPLOAD_QUARANTINED UploadQuarantined,
    "video.requested" VIDEO_REQUESTED VideoRequested,
    "video.completed" VIDEO_COMPLETED VideoCompleted,
    "video.failed" VIDEO_FAILED VideoFailed,
    "auth.succeeded" AUTH_SUCCEEDED AuthSucceeded,
    "auth.denied" AUTH_DENIED AuthDenied,
    "recording.viewed" RECORDING_VIEWED RecordingViewed,
    "recording.downloaded" RECORDING_DOWNLOADED RecordingDownloaded,
    "search.performed" SEARCH_PERFORMED SearchPerformed,
    "events.exported" EVENTS_EXPORTED EventsExported,
    "report.run" REPORT_RUN ReportRun,
    "session.reviewed" SESSION_REVIEWED SessionReviewed,
    "config.changed" CONFIG_CHANGED ConfigChanged,
    "token.created" TOKEN_CREATED TokenCreated,
    "token.revoked" TOKEN_REVOKED TokenRevoked,
    "hold.placed" HOLD_PLACED HoldPlaced,
    "hold.released" HOLD_RELEASED HoldReleased,
    "retention.archived" RETENTION_ARCHIVED RetentionArchived,
    "retention.purged" RETENTION_PURGED RetentionPurged,
    "redaction.added" REDACTION_ADDED RedactionAdded,
}
