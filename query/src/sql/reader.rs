//! Files of columns are read where they lie, on the threads that answer questions and do nothing else: a hop to another
//! thread for each column of each file would cost more than the reads.

use std::fmt;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::error::ArrowError;
use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;

/// Opens files below a directory. What is known of a file (its footer) is asked of another factory, which keeps it.
pub(super) struct LocalFiles {
    root: Arc<Path>,
    footers: CachedParquetFileReaderFactory,
}

impl LocalFiles {
    pub(super) fn new(root: Arc<Path>, footers: CachedParquetFileReaderFactory) -> Self {
        Self { root, footers }
    }
}

impl fmt::Debug for LocalFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalFiles").finish_non_exhaustive()
    }
}

impl ParquetFileReaderFactory for LocalFiles {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let path = self.root.join(file.object_meta.location.as_ref());
        let footer = self
            .footers
            .create_reader(partition, file, size_hint, metrics)?;
        Ok(Box::new(LocalFile {
            path,
            file: None,
            footer,
        }))
    }
}

struct LocalFile {
    path: PathBuf,
    file: Option<File>,
    footer: Box<dyn AsyncFileReader + Send>,
}

impl LocalFile {
    fn read(&mut self, range: &Range<u64>) -> Result<Bytes, ParquetError> {
        let failed = |error| ParquetError::from(ArrowError::IoError(String::new(), error));
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path).map_err(failed)?,
        };
        let file = self.file.insert(file);
        // The footer says where columns are: it is ours, and checked against the size of the file.
        let length = range.end.saturating_sub(range.start);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(length)
            .map_err(|error| ParquetError::General(error.to_string()))?;
        bytes.resize(length, 0);
        file.read_exact_at(&mut bytes, range.start)
            .map_err(failed)?;
        Ok(bytes.into())
    }
}

impl AsyncFileReader for LocalFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        ready(self.read(&range)).boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        ready(ranges.iter().map(|range| self.read(range)).collect()).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        self.footer.get_metadata(options)
    }
}
