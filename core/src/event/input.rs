//! What a person typed, clicked and copied.

use serde::{Deserialize, Serialize};

/// Keys were typed, in the characters that reached the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysTyped {
    /// They did not come from a terminal but from a file or another program, which no terminal shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub piped: bool,
    /// The characters, control characters included.
    pub text: String,
}

impl KeysTyped {
    /// Keys that came from a terminal.
    #[must_use]
    pub fn typed(text: String) -> Self {
        Self { piped: false, text }
    }

    /// What came from a file or another program.
    #[must_use]
    pub fn piped(text: String) -> Self {
        Self { piped: true, text }
    }
}

/// A pointer button was pressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointerClicked {
    /// 1 left, 2 middle, 3 right.
    pub button: u8,
    /// Pixels from the left.
    pub x: i32,
    /// Pixels from the top.
    pub y: i32,
}

/// Something was copied through the clipboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClipboardCopied {
    /// Into the session or out of it.
    pub direction: Direction,
    /// `text/plain`, …
    pub media_type: String,
    /// The text, where it was text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Which way something moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the session.
    In,
    /// Out of the session.
    Out,
}
