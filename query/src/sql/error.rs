//! Why a question in SQL has no answer.

use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

/// The longest message about a question.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// It is none that may be asked: ask another.
    #[error("{0}")]
    Refused(String),
    /// It is not understood, or goes wrong on the way: mend it.
    #[error("{0}")]
    Invalid(String),
    /// It took too long: ask for less.
    #[error("the question took longer than {} s: ask for a shorter time, fewer sessions or fewer tables", .0.as_secs())]
    TimedOut(Duration),
    /// It needed too much memory: ask for less.
    #[error("the question needs more than {} MiB of memory: ask for less at once", .0 >> 20)]
    Memory(usize),
    /// Its answer has too many rows: narrow it.
    #[error("the answer has more than {0} rows: narrow the question, or add LIMIT")]
    TooManyRows(usize),
    /// Its answer is too large: narrow it.
    #[error("the answer is larger than {} MiB: narrow the question, or ask for fewer columns", .0 >> 20)]
    TooLarge(usize),
    /// Others are asking: try again.
    #[error("other questions are being answered: try again in a moment")]
    Busy,
    /// The tables are not there yet, or were replaced meanwhile: try again.
    #[error("the tables cannot be read now: try again in a moment")]
    Unavailable,
}

impl SqlError {
    /// What DataFusion says, as far as callers may know it: what is wrong with files is written to the server's log only.
    pub(super) fn of(error: &DataFusionError, memory_bytes: usize) -> Self {
        let invalid = |error: &dyn std::fmt::Display| Self::Invalid(cut(&error.to_string()));
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory(memory_bytes),
            DataFusionError::SQL(error, _) => invalid(error),
            DataFusionError::SchemaError(error, _) => invalid(error),
            DataFusionError::Plan(message)
            | DataFusionError::NotImplemented(message)
            | DataFusionError::Execution(message)
            | DataFusionError::Configuration(message) => invalid(message),
            DataFusionError::ArrowError(error, _) if !is_of_files(error) => invalid(error),
            DataFusionError::Collection(errors) if !errors.is_empty() => {
                Self::of(&errors[0], memory_bytes)
            }
            error => {
                tracing::warn!(%error, "a question in SQL could not be answered");
                Self::Unavailable
            }
        }
    }
}

fn is_of_files(error: &ArrowError) -> bool {
    matches!(
        error,
        ArrowError::IoError(..) | ArrowError::ExternalError(_) | ArrowError::ParquetError(_)
    )
}

fn cut(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}
