//! Tables of rows that somebody made up, as the projection would write them: to measure questions about many.

use std::path::Path;

use arrow::array::RecordBatch;
use retrace_core::{LogId, Position, Timestamp};

use super::files::Writing;
use super::manifest::{Change, SCHEMA, root};
use super::rows::day_of;
use super::schema::Table;
use crate::ProjectionError;
use crate::store::Store;

/// The rows of a table that were recorded on one day.
pub struct DayOfRows<'a, E> {
    /// The table.
    pub table: Table,
    /// A time of that day.
    pub recorded: Timestamp,
    /// The rows, or why they cannot be made: nothing is written then.
    pub batches: Box<dyn Iterator<Item = Result<RecordBatch, E>> + 'a>,
}

/// Writes tables for an empty log into a directory that has none.
///
/// # Errors
/// When they cannot be made or written.
pub fn write_made_up<'a, E: From<ProjectionError>>(
    dir: &Path,
    log: LogId,
    days: impl Iterator<Item = DayOfRows<'a, E>>,
) -> Result<(), E> {
    let mut manifest = Store::open(dir, &SCHEMA, log)?.durable()?;
    let root = root(dir);
    let mut change = Change::default();
    let mut next_file = 1;
    for day in days {
        let mut writing = Writing::new(&root, day.table, day_of(day.recorded), &mut next_file);
        for batch in day.batches {
            writing.write(&batch?)?;
        }
        change.added.extend(writing.finish()?);
    }
    manifest.write(Position(0), |transaction| Ok(change.write(transaction)?))?;
    Ok(())
}
