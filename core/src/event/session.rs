//! The life of a session.

use serde::{Deserialize, Serialize};

/// A session was opened. Everything that is known of who, where and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionLaunched {
    /// The command line that was run, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The folder that holds the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The groups of the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The machine the session is on, or is connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What opened the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launcher: Option<String>,
    /// The recording policy in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// `terminal`, `ssh`, `rdp`, `vnc`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The secret whose account is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// The site that recorded the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The account or resource that is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The person or service that acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A source began to record the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceAttached {
    /// Columns of the terminal at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<u32>,
    /// The file that was imported, if the source is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingFile>,
    /// Rows of the terminal at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
}

/// A recording that was imported from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingFile {
    /// Size of the content in bytes, decompressed.
    pub bytes: u64,
    /// `asciicast-v2`, `ttyrec`, `typescript`, `tlog`, `sudo-iolog`, `guacamole`, `webm`, `screenshots`, …
    pub format: String,
    /// The header of the recording, letter for letter.
    pub header: String,
    /// Pauses longer than this are to be shown as this long, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_limit_us: Option<u64>,
    /// The file name, without folders; of a folder the name of the folder.
    pub name: String,
    /// The files of the recording as they were, decompressed, kept as blobs, where its events do not hold
    /// every byte of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<RecordingPart>,
    /// SHA-256 of the content, decompressed, in hexadecimal. Of a recording of several files the SHA-256
    /// of a line for each: the SHA-256 in hexadecimal, two spaces, the name (as `sha256sum` prints).
    pub sha256: String,
}

/// One file of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordingPart {
    /// SHA-256 of the file, decompressed, in hexadecimal: its blob.
    pub blob: String,
    /// Its size in bytes, decompressed.
    pub bytes: u64,
    /// Its name, within the folder of the recording, without the ending of a compression.
    pub name: String,
}

/// The session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionEnded {
    /// The exit status of the command, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Why it ended.
    pub reason: EndReason,
}

/// Somebody asked for the session to be ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminateRequested {
    /// Who asked.
    pub by: String,
    /// The reason that the session ends with, where it is not [`EndReason::Terminated`]: the limit
    /// that it is over, when it is the server that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<EndReason>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Somebody sent a message to the person in the session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageSent {
    /// Who sent it.
    pub by: String,
    /// Why, in their words. Not shown to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The message.
    pub text: String,
}

/// Somebody changed the policy of one session that goes on. What is not named stays as it is; what
/// is named holds for this session whatever the settings say. Times are seconds, 0 is never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicySet {
    /// Who changed it.
    pub by: String,
    /// The session ends itself when the server was out of reach for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_when_unreachable_s: Option<u32>,
    /// The person is warned so long before the session ends for inactivity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_warning_s: Option<u32>,
    /// The session ends when nothing was typed for so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity_s: Option<u32>,
    /// The session ends after so long, counted from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length_s: Option<u32>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether what is typed is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_keys: Option<bool>,
}

/// A recorder answered what was asked of it in the control stream: to end the session, to show a
/// message, to follow another policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlAnswered {
    /// How it was done, or why it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Whether it was done.
    pub done: bool,
    /// The type of the event that asked.
    pub request: super::EventType,
    /// The version of the event that asked, in the control stream.
    pub version: crate::StreamVersion,
}

/// The person in the session was warned that it will end for inactivity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdleWarned {
    /// Seconds until it ends.
    pub ends_in_s: u32,
}

/// The clock of a source was compared with the server's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockMeasured {
    /// What the source's clock showed when it sent.
    pub sent_at: crate::Timestamp,
    /// By how many microseconds the source's clock is ahead of the server's, the time of the
    /// transfer not taken off; negative when it is behind.
    pub skew_us: i64,
    /// Which source.
    pub source: crate::SourceName,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The person, or their program, ended it.
    User,
    /// An administrator ended it.
    Terminated,
    /// Nothing was done in it for too long.
    Inactivity,
    /// It reached the longest time that is allowed.
    MaxLength,
    /// The connection to the target was lost.
    ConnectionLost,
    /// The recorder could not reach the server.
    ServerUnreachable,
    /// It was not allowed, and never began.
    Refused,
    /// The recording ends here and does not say why.
    Unknown,
}
