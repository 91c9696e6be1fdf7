//! Reports as files: what [`retrace_query::reports`] computes, for people and programs to keep.
//!
//! | module | writes |
//! |---|---|
//! | [`words`] | what all have in common: cells and the head of a report as text |
//! | [`json`], [`csv`], [`xlsx`] | for programs and spreadsheets |
//! | [`html`], [`pdf`] | for people |
//! | [`schedule`] | reports that are run by themselves |
//!
//! The same report gives the same bytes: nothing in a file tells when or where it was written. Text of strangers is only ever
//! text: no markup, no formula, no link.

mod csv;
mod html;
mod json;
mod pdf;
pub mod schedule;
#[cfg(test)]
mod tests;
pub mod words;
mod xlsx;

use std::str::FromStr;

use retrace_query::reports::Report;

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// Comma-separated values, the rows alone.
    Csv,
    /// A web page in one file.
    Html,
    /// All that there is.
    Json,
    /// Pages to print and file.
    Pdf,
    /// A spreadsheet.
    Xlsx,
}

/// A name that is not the name of a format.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is not a format of reports: expected csv, html, json, pdf or xlsx")]
pub struct UnknownReportFormat(String);

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written as {format}: {why}")]
pub struct RenderError {
    format: &'static str,
    why: String,
}

impl ReportFormat {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Html, Self::Json, Self::Pdf, Self::Xlsx];

    /// Its name, which is also the ending of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Pdf => "application/pdf",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl FromStr for ReportFormat {
    type Err = UnknownReportFormat;

    fn from_str(name: &str) -> Result<Self, UnknownReportFormat> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| UnknownReportFormat(name.chars().take(60).collect()))
    }
}

/// A report as a file. Blocks for as long as that takes.
///
/// # Errors
/// When the format cannot hold it.
pub fn render(report: &Report, format: ReportFormat) -> Result<Vec<u8>, RenderError> {
    let failed = |why: String| RenderError {
        format: format.name(),
        why,
    };
    match format {
        ReportFormat::Csv => Ok(csv::write(report).into_bytes()),
        ReportFormat::Html => Ok(html::write(report).into_bytes()),
        ReportFormat::Json => json::write(report).map_err(|error| failed(error.to_string())),
        ReportFormat::Pdf => pdf::write(report).map_err(failed),
        ReportFormat::Xlsx => xlsx::write(report).map_err(|error| failed(error.to_string())),
    }
}
