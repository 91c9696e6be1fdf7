//! `commands` and `processes`: moments of these kinds, as a viewer sees them, read from the columns of their index.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use retrace_core::Timestamp;
use retrace_projections::columns::{Rows, Value};
use retrace_projections::moments::{
    MomentId, MomentKind, MomentsView, NamedColumn, SegmentColumns,
};
use tantivy::{BitSet, DocAddress};

use super::SqlTable;

/// Rows are handed on so many at a time.
const BATCH_ROWS: usize = 8_192;

/// The moments of a kind, as a table.
pub(super) struct MomentsTable {
    pub(super) table: SqlTable,
    pub(super) kind: MomentKind,
    pub(super) view: Arc<MomentsView>,
    /// The documents of each segment that the viewer may see: those that lie in each of these; all where there is none.
    pub(super) allowed: Vec<Vec<Arc<BitSet>>>,
}

impl fmt::Debug for MomentsTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MomentsTable")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for MomentsTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.table.columns().len()).collect();
        let wanted: Arc<[usize]> = projection.cloned().unwrap_or_else(all).into();
        let schema = Arc::new(self.table.schema().project(&wanted)?);
        let segments = self.view.searcher.segment_readers().len();
        let part = |segment: usize| -> Option<Arc<dyn PartitionStream>> {
            Some(Arc::new(Segment {
                view: Arc::clone(&self.view),
                segment: u32::try_from(segment).ok()?,
                kind: self.kind,
                allowed: {
                    let of_segment = |of: &Vec<Arc<BitSet>>| of.get(segment).cloned();
                    self.allowed.iter().map(of_segment).collect::<Option<_>>()?
                },
                table: self.table,
                wanted: Arc::clone(&wanted),
                schema: Arc::clone(&schema),
            }))
        };
        let parts = (0..segments).filter_map(part).collect();
        let plan = StreamingTableExec::try_new(Arc::clone(&schema), parts, None, [], false, None)?;
        Ok(Arc::new(plan))
    }
}

/// The rows of one segment.
#[derive(Clone)]
struct Segment {
    view: Arc<MomentsView>,
    segment: u32,
    kind: MomentKind,
    allowed: Vec<Arc<BitSet>>,
    table: SqlTable,
    wanted: Arc<[usize]>,
    schema: SchemaRef,
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("segment", &self.segment)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for Segment {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&self.schema), 2);
        let (sender, segment) = (builder.tx(), self.clone());
        builder.spawn_blocking(move || {
            segment.read(&mut |batch| {
                // Nobody waits for more.
                sender.blocking_send(Ok(batch)).is_ok()
            })
        });
        builder.build()
    }
}

impl Segment {
    /// Shows the rows, batch by batch, for as long as `show` wants more.
    fn read(&self, show: &mut dyn FnMut(RecordBatch) -> bool) -> Result<()> {
        let failed = |error: tantivy::TantivyError| DataFusionError::External(Box::new(error));
        let columns = self.view.columns(self.segment).map_err(failed)?;
        let reader = self.view.searcher.segment_reader(self.segment);
        let alive = reader.alive_bitset();
        let mut rows = Rows::new(self.table.columns());
        let names = Names::of(columns, &|name| self.wants(name));
        for document in 0..columns.documents() {
            let is_shown = columns.kind.first(document) == Some(self.kind.number())
                && alive.is_none_or(|alive| alive.is_alive(document))
                && self
                    .allowed
                    .iter()
                    .all(|allowed| allowed.contains(document));
            if !is_shown {
                continue;
            }
            self.push(columns, &names, document, &mut rows)
                .map_err(failed)?;
            if rows.len() >= BATCH_ROWS {
                let full = std::mem::replace(&mut rows, Rows::new(self.table.columns()));
                if !show(full.finish()?.project(&self.wanted)?) {
                    return Ok(());
                }
            }
        }
        if !rows.is_empty() {
            show(rows.finish()?.project(&self.wanted)?);
        }
        Ok(())
    }

    fn wants(&self, name: &str) -> bool {
        let all = self.table.columns();
        let mut wanted = self.wanted.iter().filter_map(|column| all.get(*column));
        wanted.any(|column| column.name == name)
    }

    /// Adds the row of a document. Columns that are not wanted may be left empty.
    fn push(
        &self,
        columns: &SegmentColumns,
        names: &Names,
        document: u32,
        rows: &mut Rows,
    ) -> Result<(), tantivy::TantivyError> {
        let stored = ["command", "directory", "run_as"];
        let moment = if stored.into_iter().any(|name| self.wants(name)) {
            let address = DocAddress::new(self.segment, document);
            Some(self.view.read(address)?)
        } else {
            None
        };
        let session = self
            .wants("session")
            .then(|| columns.session(document))
            .flatten();
        let session = session.map(|session| session.to_string());
        let position = columns.sequence.first(document);
        let position = position.map(|id| MomentId::from_sequence(id).position.0);
        let at = columns.at_us.first(document);
        let at = at.and_then(|at| Timestamp::from_micros(at).ok());
        let text = moment.as_ref().map(|moment| moment.text.as_str());
        let directory = moment
            .as_ref()
            .and_then(|moment| moment.detail.cwd.as_deref());
        let (text, last) = match self.table {
            // Path and arguments; in a line below them the user.
            SqlTable::Processes => {
                let parts = text.map(|text| {
                    text.rsplit_once('\n')
                        .map_or((text, None), |(a, b)| (a, Some(b)))
                });
                (
                    parts.map(|(text, _)| text),
                    parts.and_then(|(_, user)| user),
                )
            }
            _ => (text, directory),
        };
        rows.push(&[
            position.into(),
            session.as_deref().into(),
            at.into(),
            at.map_or(Value::Null, Value::Day),
            columns.offset_us.first(document).into(),
            names.at(columns, 0, document).into(),
            names.at(columns, 1, document).into(),
            names.at(columns, 2, document).into(),
            names.at(columns, 3, document).into(),
            names.at(columns, 4, document).into(),
            text.into(),
            last.into(),
            columns
                .exit_status
                .first(document)
                .map_or(Value::Null, Value::Int),
            columns.duration_us.first(document).into(),
        ]);
        Ok(())
    }
}

/// The names that a segment's rows are told by, of the columns that are wanted.
struct Names([Vec<String>; 5]);

impl Names {
    const COLUMNS: [(NamedColumn, &str); 5] = [
        (NamedColumn::User, "user_name"),
        (NamedColumn::Target, "target"),
        (NamedColumn::Host, "host"),
        (NamedColumn::Protocol, "protocol"),
        (NamedColumn::App, "program"),
    ];

    fn of(columns: &SegmentColumns, wants: &dyn Fn(&str) -> bool) -> Self {
        Self(Self::COLUMNS.map(|(column, name)| {
            if wants(name) {
                columns.name_list(column)
            } else {
                Vec::new()
            }
        }))
    }

    fn at(&self, columns: &SegmentColumns, index: usize, document: u32) -> Option<&str> {
        let list = self.0.get(index).filter(|list| !list.is_empty())?;
        let (column, _) = Self::COLUMNS.get(index)?;
        let ordinal = columns.names(*column)?.term_ords(document).next()?;
        list.get(usize::try_from(ordinal).ok()?).map(String::as_str)
    }
}
