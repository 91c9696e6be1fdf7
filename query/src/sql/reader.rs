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
        let size = file.object_meta.size;
        let footer = self
            .footers
            .create_reader(partition, file, size_hint, metrics)?;
        Ok(Box::new(LocalFile {
            path,
            size,
            file: None,
            footer,
        }))
    }
}

struct LocalFile {
    path: PathBuf,
    /// Its size in bytes, as the manifest says.
    size: u64,
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
        // A damaged footer says anything: nothing is made room for that is not in the file.
        let length = range.end.checked_sub(range.start);
        let length = length.filter(|_| range.end <= self.size);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let length = length.ok_or_else(|| {
            let (path, size) = (self.path.display(), self.size);
            ParquetError::General(format!(
                "bytes {range:?} of `{path}` are asked for, which has {size}"
            ))
        })?;
        let mut bytes = vec![0; length];
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

#[cfg(test)]
mod tests {
    use super::*;

    struct NoFooter;

    impl AsyncFileReader for NoFooter {
        fn get_bytes(&mut self, _: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
            unreachable!("nothing but footers is asked of it")
        }

        fn get_metadata<'a>(
            &'a mut self,
            _: Option<&'a ArrowReaderOptions>,
        ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
            unreachable!("no footer is asked for")
        }
    }

    #[tokio::test]
    async fn what_is_in_the_file_is_read_and_what_a_damaged_footer_claims_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rows.parquet");
        std::fs::write(&path, "0123456789").unwrap();
        let mut file = LocalFile {
            path,
            size: 10,
            file: None,
            footer: Box::new(NoFooter),
        };
        let read = file.get_byte_ranges(vec![7..10, 0..2]).await.unwrap();
        assert_eq!(read, ["789", "01"].map(Bytes::from));
        let reversed = Range { start: 5, end: 4 };
        for range in [0..11, u64::MAX - 1..u64::MAX, 0..u64::MAX, reversed] {
            let error = file.get_bytes(range).await.unwrap_err().to_string();
            assert!(error.contains("which has 10"), "{error}");
        }
    }
}
