//! Files of columns: written once, read by many, removed when nobody reads them any more.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::schema::{SESSION_NUMBER, Table, VERSION};
use crate::ProjectionError;

/// Rows that are compressed together.
const ROW_GROUP_ROWS: usize = 1 << 18;
/// A file has at most about so many rows.
pub(super) const FILE_ROWS_MAX: u64 = 1 << 22;
const COMPRESSION_LEVEL: i32 = 3;

/// A file that the manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: i64,
    pub(super) table: Table,
    /// The day on which its rows were recorded: days since 1970.
    pub(super) day: i32,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// The sessions that it has rows of lie between these numbers. 0 stands for rows of none.
    pub(super) numbers: (i64, i64),
}

impl Entry {
    /// The directory of the table's files of a day.
    fn dir(root: &Path, table: Table, day: i32) -> PathBuf {
        let date = crate::sessions::timestamp(i64::from(day).saturating_mul(86_400_000_000));
        let date = String::from_utf8_lossy(&date.to_ascii()[..10]).into_owned();
        root.join(table.name()).join(format!("recorded={date}"))
    }

    pub(super) fn path(&self, root: &Path) -> PathBuf {
        Self::dir(root, self.table, self.day).join(format!("{}.parquet", self.id))
    }

    /// Whether it may have rows of one of these sessions.
    pub(super) fn may_hold(&self, numbers: &HashSet<i64>) -> bool {
        let (first, last) = self.numbers;
        numbers.iter().any(|number| (first..=last).contains(number))
    }
}

/// A file that counts, or did until lately: it stays for as long as somebody reads it.
#[derive(Debug)]
pub struct DataFile {
    pub(super) entry: Entry,
    path: PathBuf,
    obsolete: AtomicBool,
}

impl DataFile {
    pub(super) fn new(entry: Entry, root: &Path) -> Self {
        let path = entry.path(root);
        Self {
            entry,
            path,
            obsolete: AtomicBool::new(false),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entry.bytes
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.entry.rows
    }

    /// It no longer counts: it is removed once nobody holds it any more.
    pub(super) fn retire(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Its rows, batch by batch.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, ProjectionError>>, ProjectionError> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.damaged(&error));
            }
            file => file.map_err(store)?,
        };
        let damaged = |error| self.damaged(&error);
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
        let batches = reader.with_batch_size(8_192).build().map_err(damaged)?;
        Ok(batches.map(|batch| batch.map_err(|error| self.damaged(&error))))
    }

    fn damaged(&self, error: &dyn std::error::Error) -> ProjectionError {
        let path = self.path.display().to_string();
        let error = error.to_string();
        store(DamagedFile { path, error })
    }
}

/// A file of columns is not what was written.
#[derive(Debug, thiserror::Error)]
#[error("the file of columns `{path}`: {error}")]
pub struct DamagedFile {
    path: String,
    error: String,
}

impl Drop for DataFile {
    fn drop(&mut self) {
        if self.obsolete.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = self.path.display().to_string();
            tracing::warn!(path, %error, "a file of columns that no longer counts stays");
        }
    }
}

pub(super) fn store(error: impl std::error::Error + Send + Sync + 'static) -> ProjectionError {
    ProjectionError::Store(Box::new(error))
}

/// The rows of a batch that are of none of these sessions.
pub(super) fn without(
    batch: RecordBatch,
    numbers: &HashSet<i64>,
) -> Result<RecordBatch, ProjectionError> {
    let column = batch.column_by_name(SESSION_NUMBER);
    let Some(column) = column.and_then(|column| column.as_primitive_opt::<Int64Type>()) else {
        return Ok(batch);
    };
    let stays: BooleanArray = column
        .iter()
        .map(|number| Some(number.is_none_or(|number| !numbers.contains(&number))))
        .collect();
    if stays.true_count() == stays.len() {
        return Ok(batch);
    }
    filter_record_batch(&batch, &stays).map_err(store)
}

/// Writes the rows of one table and one day into new files, and makes them durable.
pub(super) struct Writing<'a> {
    root: &'a Path,
    table: Table,
    day: i32,
    next_id: &'a mut i64,
    open: Option<OpenFile>,
    written: Vec<Entry>,
}

struct OpenFile {
    entry: Entry,
    writer: ArrowWriter<File>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(root: &'a Path, table: Table, day: i32, next_id: &'a mut i64) -> Self {
        Self {
            root,
            table,
            day,
            next_id,
            open: None,
            written: Vec::new(),
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ProjectionError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let open = match &mut self.open {
            Some(open) => open,
            None => self
                .open
                .insert(Self::create(self.root, self.table, self.day, self.next_id)?),
        };
        open.writer.write(batch).map_err(store)?;
        open.entry.rows += batch.num_rows() as u64;
        for number in numbers_of(batch) {
            let (first, last) = open.entry.numbers;
            open.entry.numbers = (first.min(number), last.max(number));
        }
        if open.entry.rows >= FILE_ROWS_MAX {
            self.close()?;
        }
        Ok(())
    }

    fn create(
        root: &Path,
        table: Table,
        day: i32,
        next_id: &mut i64,
    ) -> Result<OpenFile, ProjectionError> {
        let entry = Entry {
            id: *next_id,
            table,
            day,
            rows: 0,
            bytes: 0,
            numbers: (i64::MAX, 0),
        };
        *next_id += 1;
        let path = entry.path(root);
        if let Some(dir) = path.parent()
            && !dir.exists()
        {
            std::fs::create_dir_all(dir).map_err(store)?;
            for above in dir.ancestors().skip(1).take(3) {
                sync_dir(above)?;
            }
        }
        let file = File::create(&path).map_err(store)?;
        let level = ZstdLevel::try_new(COMPRESSION_LEVEL).map_err(store)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_created_by(format!("retrace columns {VERSION}"))
            .build();
        let writer = ArrowWriter::try_new(file, table.schema(), Some(properties)).map_err(store)?;
        Ok(OpenFile { entry, writer })
    }

    fn close(&mut self) -> Result<(), ProjectionError> {
        let Some(OpenFile { mut entry, writer }) = self.open.take() else {
            return Ok(());
        };
        let file = writer.into_inner().map_err(store)?;
        file.sync_all().map_err(store)?;
        entry.bytes = file.metadata().map_err(store)?.len();
        if let Some(dir) = entry.path(self.root).parent() {
            sync_dir(dir)?;
        }
        self.written.push(entry);
        Ok(())
    }

    /// The files that were written.
    pub(super) fn finish(mut self) -> Result<Vec<Entry>, ProjectionError> {
        self.close()?;
        Ok(self.written)
    }
}

/// The numbers of the sessions that rows are about, over and over; 0 for rows of none.
fn numbers_of(batch: &RecordBatch) -> impl Iterator<Item = i64> {
    let column = batch.column_by_name(SESSION_NUMBER);
    let column = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    column
        .into_iter()
        .flat_map(|column| column.iter().map(|number| number.unwrap_or(0)))
}

fn sync_dir(dir: &Path) -> Result<(), ProjectionError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(store)
}

/// Removes files below `root` that are none of these: what a process that died had begun.
pub(super) fn remove_leftovers(root: &Path, known: &HashSet<PathBuf>) -> io::Result<()> {
    let entries = match std::fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_leftovers(&path, known)?;
            // Stays if there is something in it.
            let _ = std::fs::remove_dir(&path);
        } else if !known.contains(&path) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
