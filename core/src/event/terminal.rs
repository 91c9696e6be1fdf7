//! What a terminal showed.

use serde::{Deserialize, Serialize};

/// The program wrote to the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalWritten {
    /// The next event of the stream holds the rest of the same write (a leaf has a limit).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
    /// The characters, escape sequences included.
    pub text: String,
}

/// The terminal changed its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalResized {
    /// Columns from now on.
    pub columns: u32,
    /// Rows from now on.
    pub rows: u32,
}

/// A moment was marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkerSet {
    /// What the marker says; may be empty.
    pub label: String,
}
