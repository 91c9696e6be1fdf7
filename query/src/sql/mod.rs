//! Questions in SQL, over the tables of `docs/columns.md`.
//!
//! Promises:
//! - *only questions*: one `SELECT` (or `WITH`, `VALUES`); nothing that writes, sets or explains, no function that reads files,
//!   no table but those of [`tables`] ([`guard`]);
//! - *only what the viewer may see*: each table leaves out what their grants do not cover before anything else sees its rows,
//!   so that no count, no error and no order tells of the rest ([`sight`], [`provider`]). What is redacted is masked;
//! - *bounded*: in time, in memory, in the rows and bytes of the answer, in how many run at once; on threads of their own with
//!   less priority, so that nobody else waits ([`engine`]);
//! - *as of one moment*: all tables of `docs/columns.md` in files stand at one position of the log.
//!
//! An answer is gathered whole before it is given: how many rows it has is known before it is shown, and is written down.

mod engine;
mod error;
mod format;
mod growth;
mod guard;
mod moments;
mod provider;
mod reader;
mod sight;
mod small;
pub mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

pub use engine::SqlEngine;
pub use error::SqlError;
pub use format::{FormatError, SqlFormat, UnknownFormat};
pub use guard::TEXT_BYTES_MAX;
pub use tables::SqlTable;

use crate::Reader;

/// How much a question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlLimits {
    /// How long it may take, waiting for others included.
    pub time: Duration,
    /// How much memory its operators may hold, in bytes.
    pub memory_bytes: usize,
    /// How many rows its answer may have.
    pub rows: usize,
    /// How large its answer may be in memory, in bytes.
    pub answer_bytes: usize,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            memory_bytes: 256 << 20,
            rows: 1_000_000,
            answer_bytes: 128 << 20,
        }
    }
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct SqlAnswer {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

impl SqlAnswer {
    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

/// The tables that a question names, of those that there are.
///
/// # Errors
/// When it is no question that may be asked.
pub fn tables_of(text: &str) -> Result<BTreeSet<SqlTable>, SqlError> {
    guard::parse(text).map(|question| question.tables)
}

impl Reader {
    /// Answers a question in SQL, as the viewer may see it.
    ///
    /// # Errors
    /// When it is none that may be asked, is not understood, or is over a limit.
    pub async fn sql(&self, text: &str, limits: &SqlLimits) -> Result<SqlAnswer, SqlError> {
        let question = guard::parse(text)?;
        Arc::clone(&self.sql)
            .run(self.clone(), question, *limits)
            .await
    }

    /// The columns of the answer that a question would have; nothing is read for it.
    ///
    /// # Errors
    /// When it is none that may be asked, or is not understood.
    pub async fn sql_schema(&self, text: &str, limits: &SqlLimits) -> Result<SchemaRef, SqlError> {
        let question = guard::parse(text)?.only_planned();
        let answer = Arc::clone(&self.sql)
            .run(self.clone(), question, *limits)
            .await?;
        Ok(answer.schema)
    }
}
