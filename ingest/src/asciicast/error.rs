//! Why a recording is refused, by line.

use retrace_core::event::EventError;

use crate::container::ContainerError;
use crate::shown::shown;

/// Why a recording cannot be read. It is refused whole: a recording with a hole that nobody sees
/// is worse than none.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its bytes cannot be had.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// Its text is not what the format says.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        problem: Problem,
    },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Its bytes are not text.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// It is over a limit.
    #[error("longer than {limit} bytes, the most that a {what} may have")]
    TooLong {
        /// What is too long: a line, a header, a file.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The file ends in the middle of it.
    #[error("the file ends within this line")]
    CutOff,
    /// It is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// It is JSON, and says something that the format does not allow.
    #[error("{what} is {found}, expected {expected}")]
    Unexpected {
        /// The field, or the part of the line.
        what: &'static str,
        /// What was found, shortened.
        found: String,
        /// What the format allows.
        expected: &'static str,
    },
    /// It cannot become an event.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl Problem {
    pub(crate) fn at(self, line: u64) -> ReadError {
        ReadError::Line {
            line,
            problem: self,
        }
    }

    /// `found` as it stands in the file, of which up to 60 characters are shown.
    pub(crate) fn unexpected(
        what: &'static str,
        found: impl AsRef<[u8]>,
        expected: &'static str,
    ) -> Self {
        const SHOWN: usize = 60;
        let found = String::from_utf8_lossy(found.as_ref());
        let beginning: String = found.chars().take(SHOWN).collect();
        let mut found_shown = shown(&beginning);
        if found.chars().nth(SHOWN).is_some() {
            found_shown.push('…');
        }
        Self::Unexpected {
            what,
            found: found_shown,
            expected,
        }
    }

    pub(crate) fn missing(what: &'static str, expected: &'static str) -> Self {
        Self::Unexpected {
            what,
            found: "missing".to_owned(),
            expected,
        }
    }

    /// The reason that `serde_json` gives, without its place: the place is the line.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(reason, _)| reason);
        Self::NotJson(reason.to_owned())
    }
}
