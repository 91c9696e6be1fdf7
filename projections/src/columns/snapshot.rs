//! The tables as they stand at one position, for readers: files, and the rows that are in memory only.
//!
//! The writer of a process publishes them after each batch; readers of the same process find it by its directory.
//! Readers of another process take the manifest and replay what the log has beyond it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock, Weak};

use arrow::array::RecordBatch;
use retrace_core::Position;
use retrace_core::log::EventLog;
use tokio::runtime::Handle;

use super::files::{DataFile, without};
use super::schema::Table;
use super::{ColumnsProjection, sessions};
use crate::ProjectionError;
use crate::sessions::SessionRow;

/// One table at one position.
#[derive(Debug, Clone, Default)]
pub struct TableView {
    /// Its files.
    pub files: Vec<Arc<DataFile>>,
    /// Its rows that are in no file yet.
    pub tail: Vec<RecordBatch>,
    /// Rows of these sessions in the files count no more: they were purged, or the tail has newer ones.
    pub replaced: Arc<HashSet<i64>>,
}

/// All tables at one position.
#[derive(Debug, Clone, Default)]
pub struct ColumnsView {
    /// They hold what was appended below this.
    pub checkpoint: Position,
    pub(super) tables: [TableView; 4],
}

impl ColumnsView {
    /// A table.
    #[must_use]
    pub fn table(&self, table: Table) -> &TableView {
        &self.tables[table as usize]
    }

    /// Shows all rows of a table, batch by batch: in no particular order.
    ///
    /// # Errors
    /// As `show` says, or when a file cannot be read.
    pub fn each_batch(
        &self,
        table: Table,
        mut show: impl FnMut(&RecordBatch) -> Result<(), ProjectionError>,
    ) -> Result<(), ProjectionError> {
        let table = self.table(table);
        for file in &table.files {
            for batch in file.read()? {
                show(&without(batch?, &table.replaced)?)?;
            }
        }
        table.tail.iter().try_for_each(show)
    }

    /// Shows all sessions, each with its number.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn each_session(
        &self,
        mut show: impl FnMut(i64, SessionRow),
    ) -> Result<(), ProjectionError> {
        self.each_batch(Table::Sessions, |batch| {
            for index in 0..batch.num_rows() {
                if let Some((number, row)) = sessions::session_at(batch, index) {
                    show(number, row);
                }
            }
            Ok(())
        })
    }
}

/// What the writer of this process shows.
#[derive(Debug, Default)]
pub(super) struct Live {
    view: RwLock<Arc<ColumnsView>>,
}

static LIVE: LazyLock<Mutex<HashMap<PathBuf, Weak<Live>>>> = LazyLock::new(Mutex::default);

fn place(dir: &Path) -> PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
}

impl Live {
    /// The one writer in `dir` shows its tables through this, from now on.
    pub(super) fn begin(dir: &Path) -> Arc<Self> {
        let live = Arc::new(Self::default());
        let mut all = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, live| live.strong_count() > 0);
        all.insert(place(dir), Arc::downgrade(&live));
        live
    }

    pub(super) fn show(&self, view: ColumnsView) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
    }

    fn find(dir: &Path) -> Option<Arc<ColumnsView>> {
        let all = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let live = all.get(&place(dir))?.upgrade()?;
        let view = live.view.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&view))
    }
}

/// Reads the tables of a log.
#[derive(Clone)]
pub struct ColumnsReader {
    dir: PathBuf,
    log: Arc<dyn EventLog>,
}

impl ColumnsReader {
    /// Reads the tables of `log` in the directory of the read models. Opens nothing yet.
    #[must_use]
    pub fn new(dir: &Path, log: Arc<dyn EventLog>) -> Self {
        Self {
            dir: dir.to_owned(),
            log,
        }
    }

    /// The tables as they are now. Blocks, and waits on `runtime` for the log where another process keeps them, or none
    /// does.
    ///
    /// # Errors
    /// When they are not there, cannot be read, or are so far behind the log that they are to be built first.
    pub fn view(&self, runtime: &Handle) -> Result<Arc<ColumnsView>, ProjectionError> {
        if let Some(view) = Live::find(&self.dir) {
            return Ok(view);
        }
        let mut reading =
            ColumnsProjection::reading(&self.dir, Arc::clone(&self.log), runtime.clone())?;
        reading.catch_up_in_memory()?;
        Ok(Arc::new(reading.view()?))
    }
}
