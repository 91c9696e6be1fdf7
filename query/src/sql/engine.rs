//! Answers questions, within limits, on threads of their own.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::object_store::local::LocalFileSystem;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures_util::StreamExt;
use retrace_projections::columns::ColumnsReader;
use retrace_projections::moments::MomentKind;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::growth;
use super::guard::Question;
use super::moments::MomentsTable;
use super::provider::{STORE, StoredTable};
use super::sight::Seen;
use super::small::SmallTables;
use super::{SqlAnswer, SqlError, SqlLimits, SqlTable};
use crate::Reader;

/// So many questions are answered at once; others wait.
const AT_ONCE: usize = 2;
/// So many threads work on questions.
const THREADS: usize = 2;
/// Plans of nested questions are walked down.
const STACK_BYTES: usize = 16 << 20;
/// What is known of files is kept, up to so many bytes.
const METADATA_BYTES: usize = 32 << 20;
/// Functions that make long texts out of short ones, which no pool of memory counts.
const NOT_OFFERED: [&str; 9] = [
    "repeat",
    "lpad",
    "rpad",
    "space",
    "string_agg",
    "range",
    "generate_series",
    "array_repeat",
    "array_resize",
];

/// Answers questions in SQL. Shared by all readers of a directory.
pub struct SqlEngine {
    columns: ColumnsReader,
    root: Arc<Path>,
    small: Arc<SmallTables>,
    places: Arc<Semaphore>,
    started: OnceLock<Result<Started, SqlError>>,
}

/// What the first question starts.
struct Started {
    runtime: Option<Runtime>,
    environment: RuntimeEnv,
}

/// Work is stopped, not waited for: it may be dropped where nothing may block.
impl Drop for Started {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Started {
    fn new(root: &Path) -> Result<Self, SqlError> {
        let unavailable = |error: &dyn std::error::Error| {
            tracing::error!(%error, "questions in SQL cannot be answered");
            SqlError::Unavailable
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_stack_size(STACK_BYTES)
            .thread_name("sql")
            .on_thread_start(|| {
                // Whoever records or plays goes first.
                let thread = rustix::thread::gettid();
                let _ = rustix::process::setpriority_process(Some(thread), 5);
            })
            .enable_all()
            .build()
            .map_err(|error| unavailable(&error))?;
        std::fs::create_dir_all(root).map_err(|error| unavailable(&error))?;
        let files = LocalFileSystem::new_with_prefix(root).map_err(|error| unavailable(&error))?;
        let nowhere = DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled);
        let environment = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(nowhere)
            .with_metadata_cache_limit(METADATA_BYTES)
            .build()
            .map_err(|error| unavailable(&error))?;
        let url = ObjectStoreUrl::parse(STORE).map_err(|error| unavailable(&error))?;
        environment.register_object_store(url.as_ref(), Arc::new(files));
        Ok(Self {
            runtime: Some(runtime),
            environment,
        })
    }
}

/// Stops a task when its answer is no longer wanted.
struct Stops(AbortHandle);

impl Drop for Stops {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl SqlEngine {
    /// Answers from the tables of a directory of read models. Starts nothing yet.
    pub(crate) fn new(dir: &Path, columns: ColumnsReader) -> Self {
        Self {
            columns,
            root: dir.join("columns").into(),
            small: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            started: OnceLock::new(),
        }
    }

    /// The same, but that nothing of the files is kept in memory.
    #[cfg(test)]
    pub(super) fn reading_files(self) -> Self {
        Self {
            small: Arc::new(SmallTables::up_to(0)),
            ..self
        }
    }

    /// Answers a question, as a reader may see it.
    pub(super) async fn run(
        self: Arc<Self>,
        reader: Reader,
        question: Question,
        limits: SqlLimits,
    ) -> Result<SqlAnswer, SqlError> {
        let answered = tokio::time::timeout(limits.time, async {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(|_| SqlError::Busy)?;
            let caller = Handle::current();
            let engine = Arc::clone(&self);
            let runtime = self.started()?.runtime.as_ref().ok_or(SqlError::Busy)?;
            let task = runtime.spawn(async move {
                // Given back when the work has ended, whether or not somebody waited for it.
                let _place = place;
                engine.answer(reader, question, limits, caller).await
            });
            let _stops = Stops(task.abort_handle());
            task.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a question in SQL went wrong");
                Err(SqlError::Unavailable)
            })
        });
        answered
            .await
            .unwrap_or(Err(SqlError::TimedOut(limits.time)))
    }

    fn started(&self) -> Result<&Started, SqlError> {
        let started = self.started.get_or_init(|| Started::new(&self.root));
        started.as_ref().map_err(Clone::clone)
    }

    async fn answer(
        &self,
        reader: Reader,
        question: Question,
        limits: SqlLimits,
        caller: Handle,
    ) -> Result<SqlAnswer, SqlError> {
        let of = |error: DataFusionError| SqlError::of(&error, limits.memory_bytes);
        let context = self.context(&limits)?;
        let tables = question.tables.clone();
        let columns = self.columns.clone();
        let (root, small) = (Arc::clone(&self.root), Arc::clone(&self.small));
        let registered = tokio::task::spawn_blocking(move || {
            let view = columns.view(&caller)?;
            let seen = Seen::of(reader.sight(), tables.iter().copied(), &view)?;
            for table in tables {
                let unavailable = |error: crate::QueryError| {
                    retrace_projections::ProjectionError::Store(Box::new(error))
                };
                let provider: Arc<dyn datafusion::catalog::TableProvider> = match table {
                    SqlTable::Stored(stored) => Arc::new(StoredTable {
                        table: stored,
                        decoded: small.rows(stored, &view.table(stored).files)?,
                        view: Arc::clone(&view),
                        visible: seen.visible(table),
                        root: Arc::clone(&root),
                    }),
                    SqlTable::Commands | SqlTable::Processes => {
                        let kind = if table == SqlTable::Commands {
                            MomentKind::Command
                        } else {
                            MomentKind::Process
                        };
                        Arc::new(moments(&reader, table, kind).map_err(unavailable)?)
                    }
                };
                let registered = context.register_table(table.name(), provider);
                registered.map_err(|error| {
                    retrace_projections::ProjectionError::Store(Box::new(error))
                })?;
            }
            // Files that are replaced meanwhile stay for as long as the view is held.
            Ok::<_, retrace_projections::ProjectionError>((context, view))
        });
        let (context, view) = match registered.await {
            Ok(Ok(registered)) => registered,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the tables cannot be read");
                return Err(SqlError::Unavailable);
            }
            Err(error) => {
                tracing::error!(%error, "the tables cannot be read");
                return Err(SqlError::Unavailable);
            }
        };
        let state = context.state();
        let plan = state.statement_to_plan(question.statement).await;
        let plan = plan.map_err(of)?;
        SQLOptions::new()
            .with_allow_ddl(false)
            .with_allow_dml(false)
            .with_allow_statements(false)
            .verify_plan(&plan)
            .map_err(of)?;
        growth::check(&plan)?;
        let mut batches = Vec::new();
        if question.only_planned {
            // Types are settled on the way to the plan that is run.
            let plan = state.create_physical_plan(&plan).await;
            let schema = plain_schema(&plan.map_err(of)?.schema());
            return Ok(SqlAnswer { schema, batches });
        }
        let frame = context.execute_logical_plan(plan).await.map_err(of)?;
        let mut stream = frame.execute_stream().await.map_err(of)?;
        let schema = plain_schema(&stream.schema());
        let (mut rows, mut bytes) = (0_usize, 0_usize);
        while let Some(batch) = stream.next().await {
            let batch = plain(&batch.map_err(of)?, &schema).map_err(of)?;
            if batch.num_rows() == 0 {
                continue;
            }
            rows = rows.saturating_add(batch.num_rows());
            bytes = bytes.saturating_add(batch.get_array_memory_size());
            if rows > limits.rows {
                return Err(SqlError::TooManyRows(limits.rows));
            }
            if bytes > limits.answer_bytes {
                return Err(SqlError::TooLarge(limits.answer_bytes));
            }
            batches.push(batch);
        }
        drop(view);
        Ok(SqlAnswer { schema, batches })
    }

    /// A context with the functions that are offered, and no table.
    fn context(&self, limits: &SqlLimits) -> Result<SessionContext, SqlError> {
        let environment = RuntimeEnv {
            memory_pool: Arc::new(GreedyMemoryPool::new(limits.memory_bytes)),
            ..self.started()?.environment.clone()
        };
        let config = SessionConfig::new()
            .with_target_partitions(THREADS)
            .with_default_catalog_and_schema("retrace", "public")
            .with_information_schema(false)
            .set_bool("datafusion.execution.enable_recursive_ctes", false)
            .set_bool("datafusion.execution.parquet.pushdown_filters", false)
            // Row groups are small, and rows in them in the order of time: their own bounds are enough.
            .set_bool("datafusion.execution.parquet.enable_page_index", false);
        let offered = |function: &Arc<ScalarUDF>| !NOT_OFFERED.contains(&function.name());
        let scalars = SessionStateDefaults::default_scalar_functions();
        let aggregates = SessionStateDefaults::default_aggregate_functions();
        let aggregates = aggregates
            .into_iter()
            .filter(|function| !NOT_OFFERED.contains(&function.name()));
        let state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::new(environment))
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_scalar_functions(scalars.into_iter().filter(offered).collect())
            .with_aggregate_functions(aggregates.collect())
            .with_window_functions(SessionStateDefaults::default_window_functions())
            .build();
        Ok(SessionContext::new_with_state(state))
    }
}

fn moments(
    reader: &Reader,
    table: SqlTable,
    kind: MomentKind,
) -> Result<MomentsTable, crate::QueryError> {
    let view = reader.moments_view()?;
    let sight = reader.sight();
    let known = sight.extent(retrace_core::access::Right::ViewSessions);
    let shown = sight.extent(table.right());
    let mut allowed = Vec::new();
    for extent in [known, shown] {
        allowed.extend(reader.allowed(&view, &extent)?.map(|allowed| allowed.0));
    }
    Ok(MomentsTable {
        table,
        kind,
        view: Arc::new(view),
        allowed,
    })
}

/// The schema with types that every reader of Arrow knows.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let kind = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            DataType::Dictionary(_, of) => of.as_ref().clone(),
            other => other.clone(),
        };
        Field::new(field.name(), kind, true)
    };
    Arc::new(Schema::new(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &rows,
    )?)
}
