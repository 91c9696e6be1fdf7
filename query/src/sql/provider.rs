//! A stored table as one viewer sees it, for DataFusion.
//!
//! What the viewer may not see is left out in a leaf of the plan: no condition of a question is asked of those rows, so no
//! error about a value and no order of evaluation tells of them.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{and, filter_record_batch};
use arrow::datatypes::{Int64Type, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, exec_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{
    FileGroup, FileGroupPartitioner, FileScanConfigBuilder, ParquetSource,
};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::union::UnionExec;
use futures_util::StreamExt;
use retrace_projections::columns::schema::SESSION_NUMBER;
use retrace_projections::columns::{ColumnsView, DataFile, Table};

use super::reader::LocalFiles;
use super::sight::Visible;

/// Where the files are, as DataFusion knows it; what is beside them it cannot name.
pub(super) const STORE: &str = "columns://files";

/// A stored table at one position, as one viewer sees it.
#[derive(Debug)]
pub(super) struct StoredTable {
    pub(super) table: Table,
    pub(super) view: Arc<ColumnsView>,
    /// The rows of all files, if they are few.
    pub(super) decoded: Option<Vec<RecordBatch>>,
    pub(super) visible: Arc<Visible>,
    /// The directory of the files.
    pub(super) root: Arc<Path>,
}

impl StoredTable {
    /// The columns to read for those that are wanted, and where the session's number is among them where it is needed.
    fn wanted(&self, projection: Option<&Vec<usize>>, with_number: bool) -> (Vec<usize>, usize) {
        let schema = self.table.schema();
        let all = || (0..schema.fields().len()).collect();
        let mut wanted = projection.cloned().unwrap_or_else(all);
        let number = schema.index_of(SESSION_NUMBER).unwrap_or(0);
        let at = wanted.iter().position(|column| *column == number);
        let at = at.unwrap_or_else(|| {
            if with_number {
                wanted.push(number);
            }
            wanted.len().saturating_sub(1)
        });
        (wanted, at)
    }

    fn files(
        &self,
        state: &dyn Session,
        wanted: &[usize],
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let files = &self.view.table(self.table).files;
        if files.is_empty() {
            return Ok(None);
        }
        let url = ObjectStoreUrl::parse(STORE)?;
        let runtime = state.runtime_env();
        let store = runtime.object_store(&url)?;
        let mut group = Vec::with_capacity(files.len());
        for file in files {
            group.push(PartitionedFile::new(self.place(file)?, file.bytes()));
        }
        let metadata = runtime.cache_manager.get_file_metadata_cache();
        let schema = self.table.schema();
        let mut source = ParquetSource::new(Arc::clone(&schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(LocalFiles::new(
                Arc::clone(&self.root),
                CachedParquetFileReaderFactory::new(store, metadata),
            )));
        if let Some(filter) = conjunction(filters.to_vec()) {
            let schema = DFSchema::try_from(schema)?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let groups = vec![FileGroup::new(group)];
        let split = FileGroupPartitioner::new()
            .with_target_partitions(state.config().target_partitions())
            .with_repartition_file_min_size(1 << 20)
            .repartition_file_groups(&groups);
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(split.unwrap_or(groups))
            .with_projection_indices(Some(wanted.to_vec()))?
            .with_limit(limit)
            .build();
        Ok(Some(DataSourceExec::from_data_source(config)))
    }

    fn place<'a>(&self, file: &'a DataFile) -> Result<&'a str> {
        let below = file.path().strip_prefix(&self.root).ok();
        let parts = below.and_then(Path::to_str);
        parts.ok_or_else(|| exec_datafusion_err!("a file is not where files are"))
    }

    /// Rows that are in memory, shared out among the threads.
    fn in_memory(
        &self,
        rows: &[RecordBatch],
        wanted: &[usize],
        state: &dyn Session,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let share = rows.len().div_ceil(state.config().target_partitions());
        let shares: Vec<Vec<RecordBatch>> = rows.chunks(share).map(<[_]>::to_vec).collect();
        let plan = MemorySourceConfig::try_new_exec(&shares, self.schema(), Some(wanted.to_vec()))?;
        Ok(Some(plan))
    }
}

#[async_trait]
impl TableProvider for StoredTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // They are only used to pass over files and row groups.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = self.view.table(self.table);
        let is_all = self.visible.is_all();
        let replaced = (!table.replaced.is_empty()).then(|| Arc::clone(&table.replaced));
        let with_number = !is_all || replaced.is_some();
        let (wanted, number_at) = self.wanted(projection, with_number);
        let out = projection.map_or(wanted.len(), Vec::len);
        let limit = limit.filter(|_| !with_number);
        let keep = |replaced| Keep {
            visible: Arc::clone(&self.visible),
            replaced,
            number_at,
            out,
        };
        let mut parts: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        let stored = match &self.decoded {
            Some(rows) => self.in_memory(rows, &wanted, state)?,
            None => self.files(state, &wanted, filters, limit)?,
        };
        if let Some(stored) = stored {
            parts.push(if is_all && replaced.is_none() {
                stored
            } else {
                only(&stored, &keep(replaced))?
            });
        }
        if let Some(tail) = self.in_memory(&table.tail, &wanted, state)? {
            parts.push(if is_all && out == wanted.len() {
                tail
            } else {
                only(&tail, &keep(None))?
            });
        }
        match parts.len() {
            0 => {
                let wanted = projection.cloned().unwrap_or(wanted);
                let schema = Arc::new(self.table.schema().project(&wanted)?);
                Ok(Arc::new(EmptyExec::new(schema)))
            }
            1 => Ok(parts.remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }
}

/// Which rows of a part are kept, and how many of its columns.
#[derive(Debug, Clone)]
struct Keep {
    visible: Arc<Visible>,
    replaced: Option<Arc<HashSet<i64>>>,
    /// The column of the session's number.
    number_at: usize,
    /// The first so many columns are wanted.
    out: usize,
}

impl Keep {
    fn keep(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let numbers = batch.columns().get(self.number_at);
        let numbers = numbers.and_then(|column| column.as_primitive_opt::<Int64Type>());
        let numbers =
            numbers.ok_or_else(|| exec_datafusion_err!("the number of the session is missing"))?;
        let mut mask: Option<BooleanArray> = None;
        if !self.visible.is_all() {
            mask = Some(self.visible.mask(numbers));
        }
        if let Some(replaced) = &self.replaced {
            let stays: BooleanArray = numbers
                .iter()
                .map(|number| Some(number.is_none_or(|number| !replaced.contains(&number))))
                .collect();
            mask = Some(match mask {
                Some(mask) => and(&mask, &stays)?,
                None => stays,
            });
        }
        let kept = match mask {
            Some(mask) if mask.true_count() < mask.len() => filter_record_batch(&batch, &mask)?,
            _ => batch,
        };
        let out: Vec<usize> = (0..self.out).collect();
        Ok(kept.project(&out)?)
    }
}

/// A plan of which only some rows are kept, as a leaf: nothing is pushed below it.
fn only(inner: &Arc<dyn ExecutionPlan>, keep: &Keep) -> Result<Arc<dyn ExecutionPlan>> {
    let out: Vec<usize> = (0..keep.out).collect();
    let schema: SchemaRef = Arc::new(inner.schema().project(&out)?);
    let part = |partition| -> Arc<dyn PartitionStream> {
        Arc::new(Kept {
            inner: Arc::clone(inner),
            partition,
            keep: keep.clone(),
            schema: Arc::clone(&schema),
        })
    };
    let count = inner.properties().partitioning.partition_count();
    let parts = (0..count).map(part).collect();
    let plan = StreamingTableExec::try_new(Arc::clone(&schema), parts, None, [], false, None)?;
    Ok(Arc::new(plan))
}

struct Kept {
    inner: Arc<dyn ExecutionPlan>,
    partition: usize,
    keep: Keep,
    schema: SchemaRef,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

impl PartitionStream for Kept {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let keep = self.keep.clone();
        let schema = Arc::clone(&self.schema);
        match self.inner.execute(self.partition, context) {
            Ok(stream) => {
                let kept = stream.map(move |batch| keep.keep(batch?));
                Box::pin(RecordBatchStreamAdapter::new(schema, kept))
            }
            Err(error) => {
                let failed = futures_util::stream::iter([Err(error)]);
                Box::pin(RecordBatchStreamAdapter::new(schema, failed))
            }
        }
    }
}
