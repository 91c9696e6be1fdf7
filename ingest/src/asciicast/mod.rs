//! asciicast, the format of asciinema: versions 1, 2 and 3 are read, 2 and 3 are written.
//!
//! | entry | event |
//! |---|---|
//! | `o` output | `terminal.written`; cut into several with `continued` where a leaf would overflow |
//! | `i` input | `keys.typed`; cut into several where a leaf would overflow |
//! | `m` marker | `marker.set` |
//! | `r` resize | `terminal.resized` |
//! | `x` exit status | the status of `session.ended`, when it is the last entry (comments may follow) |
//! | `#` comment (version 3) | `recording.commented`, at the time of the entry before it |
//! | anything else | `recording.code_kept`; data that is not text is kept as its JSON text |
//!
//! Times are kept as they are, to the microsecond: an idle limit is a fact about the recording and
//! changes none of them. A recording that breaks the format anywhere is refused whole, with the
//! line. [`Reader`] reads, [`Writer`] writes.

pub(crate) mod decimal;
mod entry;
mod error;
mod header;
mod import;
mod lines;
pub(crate) mod literal;
mod reader;
mod v1;
mod v2;
mod v3;
mod write;

pub(crate) use entry::MAX_SIDE;
pub use error::{Problem, ReadError};
pub use header::Header;
pub(crate) use import::Asciicast;
pub use reader::{Counts, Facts, Reader};
pub use write::{WriteError, Writer};

use std::fmt;
use std::str::FromStr;

/// A version of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// One JSON object, from before 2018.
    V1,
    /// Lines with absolute times; understood by the most tools.
    V2,
    /// Lines with intervals.
    V3,
}

impl Version {
    fn of_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::V1),
            2 => Some(Self::V2),
            3 => Some(Self::V3),
            _ => None,
        }
    }

    /// The name of the format: `asciicast-v2`.
    pub fn format(self) -> &'static str {
        match self {
            Self::V1 => "asciicast-v1",
            Self::V2 => "asciicast-v2",
            Self::V3 => "asciicast-v3",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format())
    }
}

/// A name that is not the name of a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a format: expected asciicast-v1, asciicast-v2 or asciicast-v3")]
pub struct UnknownVersion {
    found: String,
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(name: &str) -> Result<Self, UnknownVersion> {
        [Self::V1, Self::V2, Self::V3]
            .into_iter()
            .find(|version| version.format() == name)
            .ok_or_else(|| UnknownVersion {
                found: name.to_owned(),
            })
    }
}

/// Whether `beginning`, the first decompressed bytes of a file, looks like that of an asciicast: a
/// JSON object with a `version` that is known and the size of a terminal. Many other files are JSON
/// objects with a `version`.
pub fn looks_like(beginning: &[u8]) -> bool {
    let names = |name: &str| memchr::memmem::find(beginning, name.as_bytes()).is_some();
    let known_version = |at: usize| {
        let value = beginning[at + VERSION.len()..].trim_ascii_start();
        let value = value
            .strip_prefix(b":")
            .unwrap_or_default()
            .trim_ascii_start();
        matches!(
            value,
            [b'1'..=b'3', b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n', ..]
        )
    };
    const VERSION: &str = "\"version\"";
    beginning.trim_ascii_start().starts_with(b"{")
        && memchr::memmem::find_iter(beginning, VERSION).any(known_version)
        && (names("\"width\"") || names("\"term\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_recording_is_told_from_other_json() {
        let cases = [
            (r#"{"version": 2, "width": 80"#, true),
            ("{\n  \"width\" : 80,\n  \"version\" : 1\n", true),
            (r#"{"version":3,"term":{"cols":80}}"#, true),
            (r#"{"name": "shop", "version": "2.0.1", "width": 1}"#, false),
            (r#"{"version": 20, "width": 80}"#, false),
            (r#"{"version": 2, "packages": []}"#, false),
            (r#"["version", 2, "width"]"#, false),
            ("", false),
        ];
        for (beginning, want) in cases {
            assert_eq!(looks_like(beginning.as_bytes()), want, "{beginning}");
        }
    }
}
