//! Answers as files: CSV, JSON, Parquet, Arrow.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use arrow::util::pretty::pretty_format_batches_with_schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::SqlAnswer;

/// In which form an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SqlFormat {
    /// A list of objects, one for each row; a value that is null is left out of its object.
    #[default]
    Json,
    /// An object in each line.
    Ndjson,
    /// Comma-separated values with a head (RFC 4180). A text that a spreadsheet would take for a formula has `'` before it.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// A stream of Apache Arrow (IPC).
    Arrow,
}

/// Text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format, expected json, ndjson, csv, parquet or arrow")]
pub struct UnknownFormat(String);

/// An answer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Where it was to be written to failed, or its columns cannot be written in this form.
    #[error("the answer cannot be written: {0}")]
    Arrow(#[from] ArrowError),
    /// The same, for Parquet.
    #[error("the answer cannot be written: {0}")]
    Parquet(#[from] ParquetError),
}

impl SqlFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [
        Self::Json,
        Self::Ndjson,
        Self::Csv,
        Self::Parquet,
        Self::Arrow,
    ];

    /// Its name, which is also the ending of a file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    /// The format of a media type, without its parameters.
    #[must_use]
    pub fn of_media_type(name: &str) -> Option<Self> {
        let essence = |name: &str| {
            name.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase()
        };
        let wanted = essence(name);
        Self::ALL
            .into_iter()
            .find(|format| essence(format.media_type()) == wanted)
    }
}

impl fmt::Display for SqlFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for SqlFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let named = Self::ALL.into_iter().find(|format| format.as_str() == text);
        named.ok_or_else(|| UnknownFormat(text.chars().take(40).collect()))
    }
}

impl SqlAnswer {
    /// Writes the answer.
    ///
    /// # Errors
    /// When `out` cannot be written, or the format has no place for a column.
    pub fn write(&self, format: SqlFormat, out: impl Write + Send) -> Result<(), FormatError> {
        match format {
            SqlFormat::Json => {
                let mut writer = arrow::json::ArrayWriter::new(out);
                self.batches
                    .iter()
                    .try_for_each(|batch| writer.write(batch))?;
                writer.finish()?;
            }
            SqlFormat::Ndjson => {
                let mut writer = arrow::json::LineDelimitedWriter::new(out);
                self.batches
                    .iter()
                    .try_for_each(|batch| writer.write(batch))?;
                writer.finish()?;
            }
            SqlFormat::Csv => self.write_csv(out)?,
            SqlFormat::Arrow => {
                let mut writer = StreamWriter::try_new(out, &self.schema)?;
                self.batches
                    .iter()
                    .try_for_each(|batch| writer.write(batch))?;
                writer.finish()?;
            }
            SqlFormat::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .build();
                let schema = Arc::clone(&self.schema);
                let mut writer = ArrowWriter::try_new(out, schema, Some(properties))?;
                for batch in &self.batches {
                    writer.write(batch)?;
                }
                writer.close()?;
            }
        }
        Ok(())
    }

    /// The rows as values of JSON, one for each column.
    ///
    /// # Errors
    /// When a column has no form in JSON.
    pub fn json_rows(&self) -> Result<Vec<Vec<serde_json::Value>>, FormatError> {
        // Two columns may have one name: in an object they would be one.
        let number = |(index, field): (usize, &Arc<Field>)| {
            field.as_ref().clone().with_name(index.to_string())
        };
        let fields = self.schema.fields().iter().enumerate().map(number);
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut lines = Vec::new();
        let mut writer = arrow::json::LineDelimitedWriter::new(&mut lines);
        for batch in &self.batches {
            let columns = batch.columns().to_vec();
            writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
        }
        writer.finish()?;
        drop(writer);
        let row = |line: &[u8]| {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(line)
                    .map_err(|error| ArrowError::JsonError(error.to_string()))?;
            let value = |index: usize| object.get(&index.to_string()).cloned().unwrap_or_default();
            Ok((0..schema.fields().len()).map(value).collect())
        };
        let lines = lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines.map(row).collect()
    }

    /// The answer as a table for people, without anything that a terminal would take for a command.
    ///
    /// # Errors
    /// When a column cannot be shown.
    pub fn table(&self) -> Result<String, FormatError> {
        let shown = |batch: &RecordBatch| {
            let columns = batch.columns().iter().map(shown_controls).collect();
            RecordBatch::try_new(batch.schema(), columns)
        };
        let batches = self.batches.iter().map(shown);
        let batches = batches.collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::clone(&self.schema);
        let table = pretty_format_batches_with_schema(schema, &batches)?;
        Ok(table.to_string())
    }

    fn write_csv(&self, out: impl Write) -> Result<(), FormatError> {
        let mut writer = arrow::csv::WriterBuilder::new()
            .with_header(true)
            .build(out);
        if self.batches.is_empty() {
            writer.write(&RecordBatch::new_empty(Arc::clone(&self.schema)))?;
        }
        for batch in &self.batches {
            let columns = batch.columns().iter().map(without_formulas).collect();
            writer.write(&RecordBatch::try_new(batch.schema(), columns)?)?;
        }
        Ok(())
    }
}

/// Texts with control characters shown, not sent.
fn shown_controls(column: &ArrayRef) -> ArrayRef {
    if *column.data_type() != DataType::Utf8 {
        return Arc::clone(column);
    }
    let shown = |text: &str| -> String {
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_control() {
                shown.extend(c.escape_default());
            } else {
                shown.push(c);
            }
        }
        shown
    };
    let texts = column.as_string::<i32>().iter();
    let texts: StringArray = texts.map(|text| text.map(shown)).collect();
    Arc::new(texts)
}

/// Texts that a spreadsheet would take for a formula, with a sign before them that says they are text.
fn without_formulas(column: &ArrayRef) -> ArrayRef {
    if *column.data_type() != DataType::Utf8 {
        return Arc::clone(column);
    }
    let texts = column.as_string::<i32>().iter();
    let safe: StringArray = texts.map(|text| text.map(without_formula)).collect();
    Arc::new(safe)
}

/// As advised for CSV by OWASP ("CSV Injection").
fn without_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}
