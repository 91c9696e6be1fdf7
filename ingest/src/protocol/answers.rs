//! What the routes answer.

use retrace_core::{Position, StreamVersion, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The answer to a batch: all of it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppendAnswer {
    /// The version that the stream's next event will have.
    pub next_version: StreamVersion,
    /// The position of the batch's last event.
    pub position: Position,
    /// The proof that the batch's last event stands in the log, a C2SP tlog-proof.
    pub receipt: String,
}

/// Where a stream goes on. Position and receipt are of its last event, so absent when it has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamAnswer {
    /// The version that the stream's next event will have.
    pub next_version: StreamVersion,
    /// The position of its last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The proof that its last event stands in the log, a C2SP tlog-proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// The data of an event of the control channel. Its type is the `event` of the server-sent event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ControlMessage {
    /// When it was said, by the server's clock.
    pub at: Timestamp,
    /// What was said: the data of an event of that type.
    pub data: Box<RawValue>,
}

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// The error.
    pub error: ErrorBody,
}

/// An error: a code for programs, a message for people, and where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What to do about it.
    pub code: ErrorCode,
    /// What was found and what was expected.
    pub message: String,
    /// The line of the batch, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The first version at which another event stands ([`ErrorCode::Conflict`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<StreamVersion>,
    /// The version to send from ([`ErrorCode::Gap`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<StreamVersion>,
    /// The SHA-256 of the blob that is missing ([`ErrorCode::BlobAbsent`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
}

impl ErrorBody {
    /// An error that lies nowhere in particular.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            line: None,
            version: None,
            expected: None,
            blob: None,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident $text:literal $status:literal,)+) => {
        /// What a recorder can do about an error. One for each reaction.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(
                $(#[$doc])+
                #[serde(rename = $text)]
                $name,
            )+
            /// A code of a newer server: go by the status.
            #[serde(other, rename = "OTHER")]
            Other,
        }

        impl ErrorCode {
            /// The code as it is sent.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other => "OTHER",
                }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                    Self::Other => 500,
                }
            }
        }
    };
}

codes! {
    /// A parameter, a header or the body is not what is expected. Mend the recorder.
    InvalidArgument "INVALID_ARGUMENT" 400,
    /// A line of a batch is no event. Mend or quarantine it.
    InvalidEvent "INVALID_EVENT" 400,
    /// No valid token. Launch again for a new one.
    Unauthenticated "UNAUTHENTICATED" 401,
    /// The token is for something else. Use the right one.
    Forbidden "FORBIDDEN" 403,
    /// No such session. Launch it.
    NotFound "NOT_FOUND" 404,
    /// Another method is needed at this path. Mend the recorder.
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405,
    /// The body did not come in time. Send smaller batches.
    TooSlow "TOO_SLOW" 408,
    /// Another event stands at that version. Keep the copy, do not overwrite.
    Conflict "CONFLICT" 409,
    /// Events before these are missing. Send from `expected` on.
    Gap "GAP" 409,
    /// The session was launched with other facts. Make a new id.
    SessionConflict "SESSION_CONFLICT" 409,
    /// The session was purged: what was recorded of it is destroyed, and nothing is added to it any more.
    Purged "PURGED" 410,
    /// The body, what it unpacks to, or the number of its events is over the limit. Cut it.
    TooLarge "TOO_LARGE" 413,
    /// The content encoding or type is not taken. Use one of those named.
    UnsupportedEncoding "UNSUPPORTED_ENCODING" 415,
    /// An event names a blob that is not there. Upload it, then send again.
    BlobAbsent "BLOB_ABSENT" 422,
    /// The bytes are not those of the digest. Send again.
    DigestMismatch "DIGEST_MISMATCH" 422,
    /// The session sends faster than its limit. Wait.
    TooManyRequests "TOO_MANY_REQUESTS" 429,
    /// Something failed on the server. Send the same again later, which is safe.
    Internal "INTERNAL" 500,
    /// The server has as much in hand as it may. Wait.
    Overloaded "OVERLOADED" 503,
    /// A launch that must be recorded cannot be promised to be. Do not start the session.
    RecordingNotPossible "RECORDING_NOT_POSSIBLE" 503,
    /// The server has no space left. Keep the copy, and send it again later.
    StorageFull "STORAGE_FULL" 507,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_newer_server_can_be_read() {
        let text = r#"{"error":{"code":"MOON_PHASE","message":"wait","until":"full"}}"#;
        let answer: ErrorAnswer = serde_json::from_str(text).unwrap();
        assert_eq!(answer.error.code, ErrorCode::Other);
        let gap = r#"{"error":{"code":"GAP","message":"m","expected":7}}"#;
        let answer: ErrorAnswer = serde_json::from_str(gap).unwrap();
        assert_eq!(answer.error.code, ErrorCode::Gap);
        assert_eq!(answer.error.expected, Some(StreamVersion(7)));
        assert_eq!(serde_json::to_string(&answer).unwrap(), gap);
    }
}
