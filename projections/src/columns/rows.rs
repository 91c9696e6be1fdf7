//! Rows, and the columns that are made of them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Int64Builder, RecordBatch, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::error::ArrowError;
use retrace_core::Timestamp;

use super::schema::{Column, ColumnType, schema_of};

/// A value of a row.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// None.
    Null,
    /// A number.
    Int(i64),
    /// Text.
    Text(&'a str),
    /// A point in time.
    Time(Timestamp),
    /// The day of a point in time.
    Day(Timestamp),
}

impl From<u64> for Value<'_> {
    /// Numbers that a column cannot hold stop at its largest.
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The day of a time: days since 1970.
pub(super) fn day_of(time: Timestamp) -> i32 {
    i32::try_from(time.micros().div_euclid(86_400_000_000)).unwrap_or(0)
}

enum Builder {
    Int(Int64Builder),
    Text(StringViewBuilder),
    Time(TimestampMicrosecondBuilder),
    Day(Date32Builder),
}

/// Rows of a table on their way into columns.
pub struct Rows {
    columns: &'static [Column],
    builders: Vec<Builder>,
    len: usize,
}

impl Rows {
    /// No rows yet, of a table with these columns.
    #[must_use]
    pub fn new(columns: &'static [Column]) -> Self {
        let builder = |column: &Column| match column.kind {
            ColumnType::Int => Builder::Int(Int64Builder::new()),
            // Names are said over and over: each is kept once.
            ColumnType::Text => Builder::Text(StringViewBuilder::new().with_deduplicate_strings()),
            ColumnType::Time => {
                Builder::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            ColumnType::Day => Builder::Day(Date32Builder::new()),
        };
        Self {
            columns,
            builders: columns.iter().map(builder).collect(),
            len: 0,
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a row: a value for each column, in their order. What is not of a column's type, or not there, is null.
    pub fn push(&mut self, row: &[Value<'_>]) {
        debug_assert_eq!(row.len(), self.builders.len());
        for (index, builder) in self.builders.iter_mut().enumerate() {
            let value = row.get(index).copied().unwrap_or(Value::Null);
            match (builder, value) {
                (Builder::Int(column), Value::Int(number)) => column.append_value(number),
                (Builder::Int(column), _) => column.append_null(),
                (Builder::Text(column), Value::Text(text)) => column.append_value(text),
                (Builder::Text(column), _) => column.append_null(),
                (Builder::Time(column), Value::Time(time)) => column.append_value(time.micros()),
                (Builder::Time(column), _) => column.append_null(),
                (Builder::Day(column), Value::Day(time)) => column.append_value(day_of(time)),
                (Builder::Day(column), _) => column.append_null(),
            }
        }
        self.len += 1;
    }

    /// The columns of the rows.
    ///
    /// # Errors
    /// When they are too large for Arrow.
    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let finish = |builder: &mut Builder| -> ArrayRef {
            match builder {
                Builder::Int(column) => Arc::new(column.finish()),
                Builder::Text(column) => Arc::new(column.finish()),
                Builder::Time(column) => Arc::new(column.finish()),
                Builder::Day(column) => Arc::new(column.finish()),
            }
        };
        let arrays = self.builders.iter_mut().map(finish).collect();
        RecordBatch::try_new(schema_of(self.columns), arrays)
    }
}
