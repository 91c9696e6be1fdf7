//! Tables that are small enough are kept in memory, decoded: of a file for each day with a few hundred rows, most of the time
//! would go into opening files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use retrace_projections::ProjectionError;
use retrace_projections::columns::{DataFile, Table};

/// Tables with more rows in files than this are read from their files: about 40 MB in memory.
const ROWS_MAX: u64 = 200_000;

type Decoded = Arc<[RecordBatch]>;

/// The files of small tables, decoded. Files never change; those that no longer count are let go with the next question.
pub(super) struct SmallTables {
    rows_max: u64,
    tables: Mutex<HashMap<Table, HashMap<PathBuf, Decoded>>>,
}

impl Default for SmallTables {
    fn default() -> Self {
        Self::up_to(ROWS_MAX)
    }
}

impl SmallTables {
    /// Keeps tables with so many rows.
    pub(super) fn up_to(rows_max: u64) -> Self {
        Self {
            rows_max,
            tables: Mutex::default(),
        }
    }

    /// All rows in the files of a table, if they are few.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn rows(
        &self,
        table: Table,
        files: &[Arc<DataFile>],
    ) -> Result<Option<Vec<RecordBatch>>, ProjectionError> {
        if files.iter().map(|file| file.rows()).sum::<u64>() > self.rows_max {
            self.keep(table, HashMap::new());
            return Ok(None);
        }
        let known = self.known(table);
        let mut decoded = HashMap::with_capacity(files.len());
        let mut rows = Vec::new();
        for file in files {
            let batches = match known.get(file.path()) {
                Some(batches) => Arc::clone(batches),
                None => file.read()?.collect::<Result<_, _>>()?,
            };
            rows.extend(batches.iter().cloned());
            decoded.insert(file.path().to_owned(), batches);
        }
        self.keep(table, decoded);
        Ok(Some(rows))
    }

    fn known(&self, table: Table) -> HashMap<PathBuf, Decoded> {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.get(&table).cloned().unwrap_or_default()
    }

    fn keep(&self, table: Table, files: HashMap<PathBuf, Decoded>) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.insert(table, files);
    }
}
