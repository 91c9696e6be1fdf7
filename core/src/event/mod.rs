//! The vocabulary: everything that can happen, as typed data.
//!
//! One module per group of types. In every struct the fields stand in the order of their JSON
//! names and all numbers are integers, so that serialising it gives canonical JSON at once
//! ([`crate::canonical`]). A type that is not known here is kept as it came
//! ([`EventBody::Unknown`]): stored, proved, shown and exported like any other.

mod access;
mod admin;
mod batch;
mod destination;
mod frames;
mod input;
mod kind;
mod process;
mod recorded;
mod recording;
mod report;
mod review;
mod session;
mod terminal;

pub use access::*;
pub use admin::*;
pub use batch::{EventBatch, EventError, MAX_DATA_BYTES};
pub use destination::*;
pub use frames::*;
pub use input::*;
pub use kind::EventType;
pub use process::*;
pub(crate) use recorded::{Commit, Leaf, StoredItem, salt};
pub use recorded::{Event, MAX_LEAF_BYTES};
pub use recording::*;
pub use report::*;
pub use review::*;
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
    "session.policy_set" POLICY_SET PolicySet,
    "session.control_answered" CONTROL_ANSWERED ControlAnswered,
    "session.idle_warned" IDLE_WARNED IdleWarned,
    "session.clock_measured" CLOCK_MEASURED ClockMeasured,
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
    "upload.committed" UPLOAD_COMMITTED UploadCommitted,
    "video.requested" VIDEO_REQUESTED VideoRequested,
    "video.claimed" VIDEO_CLAIMED VideoClaimed,
    "video.encoded" VIDEO_ENCODED VideoEncoded,
    "video.analyzed" VIDEO_ANALYZED VideoAnalyzed,
    "video.completed" VIDEO_COMPLETED VideoCompleted,
    "video.failed" VIDEO_FAILED VideoFailed,
    "auth.succeeded" AUTH_SUCCEEDED AuthSucceeded,
    "auth.denied" AUTH_DENIED AuthDenied,
    "auth.ended" AUTH_ENDED AuthEnded,
    "recording.viewed" RECORDING_VIEWED RecordingViewed,
    "recording.downloaded" RECORDING_DOWNLOADED RecordingDownloaded,
    "search.performed" SEARCH_PERFORMED SearchPerformed,
    "events.exported" EVENTS_EXPORTED EventsExported,
    "records.viewed" RECORDS_VIEWED RecordsViewed,
    "access.denied" ACCESS_DENIED AccessDenied,
    "report.run" REPORT_RUN ReportRun,
    "report.scheduled" REPORT_SCHEDULED ReportScheduled,
    "report.unscheduled" REPORT_UNSCHEDULED ReportUnscheduled,
    "sql.run" SQL_RUN SqlRun,
    "session.reviewed" SESSION_REVIEWED SessionReviewed,
    "session.review_reopened" REVIEW_REOPENED ReviewReopened,
    "session.commented" SESSION_COMMENTED SessionCommented,
    "session.assigned" SESSION_ASSIGNED SessionAssigned,
    "config.changed" CONFIG_CHANGED ConfigChanged,
    "token.created" TOKEN_CREATED TokenCreated,
    "token.revoked" TOKEN_REVOKED TokenRevoked,
    "grant.given" GRANT_GIVEN GrantGiven,
    "grant.withdrawn" GRANT_WITHDRAWN GrantWithdrawn,
    "hold.placed" HOLD_PLACED HoldPlaced,
    "hold.released" HOLD_RELEASED HoldReleased,
    "retention.archived" RETENTION_ARCHIVED RetentionArchived,
    "retention.purged" RETENTION_PURGED RetentionPurged,
    "redaction.added" REDACTION_ADDED RedactionAdded,
    "redaction.lifted" REDACTION_LIFTED RedactionLifted,
    "redaction.revealed" REDACTION_REVEALED RedactionRevealed,
    "destination.set" DESTINATION_SET DestinationSet,
    "destination.removed" DESTINATION_REMOVED DestinationRemoved,
    "destination.replayed" DESTINATION_REPLAYED DestinationReplayed,
    "destination.progressed" DESTINATION_PROGRESSED DestinationProgressed,
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::Timestamp;
    use crate::canonical::canonicalize;

    #[derive(Deserialize)]
    struct Example {
        data: Box<RawValue>,
        r#type: EventType,
    }

    /// `examples.ndjson` has one example of each type, with every field that it can have.
    #[test]
    fn every_type_is_read_and_written_again_as_canonical_json() {
        let examples: Vec<Example> = include_str!("examples.ndjson")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let types: Vec<EventType> = examples
            .iter()
            .map(|example| example.r#type.clone())
            .collect();
        assert_eq!(types, EventType::ALL);
        for Example { data, r#type } in examples {
            let body = EventBody::from_data(&r#type, data.get().as_bytes()).unwrap();
            assert!(!matches!(body, EventBody::Unknown { .. }), "{}", r#type);
            let batch = EventBatch::of(Timestamp::now(), body).unwrap();
            let (_, kind, written) = batch.iter_from(0).next().unwrap();
            assert_eq!(*kind, r#type);
            let expected = canonicalize(data.get().as_bytes()).unwrap();
            assert_eq!(
                String::from_utf8_lossy(written),
                String::from_utf8_lossy(&expected)
            );
        }
    }

    #[test]
    fn a_type_that_is_not_known_is_kept_as_it_came() {
        let kind = EventType::new("camera.moved").unwrap();
        let body = EventBody::from_data(&kind, r#"{"pan":1.5,"by":"é"}"#.as_bytes()).unwrap();
        let batch = EventBatch::of(Timestamp::now(), body).unwrap();
        let (_, written_kind, written) = batch.iter_from(0).next().unwrap();
        assert_eq!(*written_kind, kind);
        assert_eq!(written, r#"{"by":"é","pan":1.5}"#.as_bytes());
        for name in [
            "",
            "camera",
            "Camera.moved",
            "camera.",
            "a.b.c",
            "camera moved.x",
        ] {
            assert!(EventType::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_into_a_leaf_is_refused_and_the_batch_stays_as_it_was() {
        let mut batch = EventBatch::new();
        batch
            .push(Timestamp::now(), KeysTyped::typed("a".to_owned()))
            .unwrap();
        let large = KeysTyped::typed("x".repeat(MAX_DATA_BYTES));
        assert!(matches!(
            batch.push(Timestamp::now(), large),
            Err(EventError::TooLarge { .. })
        ));
        assert_eq!(
            (batch.len(), batch.data_bytes()),
            (1, r#"{"text":"a"}"#.len())
        );
    }
}
