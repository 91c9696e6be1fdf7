//! Reports.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, InputObject, Json, Result, SimpleObject};
use retrace_core::log::EventLog;
use retrace_query::QueryError;
use retrace_query::reports::catalogue::{Definition, REPORTS};
use retrace_query::reports::{Asked, ReportBook, ReportError};

use super::error::{ErrorCode, of_access, of_query, of_store};
use super::look;
use super::scalar::{DateTime, LogPosition, Long};
use crate::reports::words;

/// So many rows are answered at once; files have all of them.
const ROWS_MAX: usize = 1_000;

/// A report that can be run.
#[derive(SimpleObject)]
pub(super) struct ReportDefinition {
    /// Its name, by which it is run.
    name: &'static str,
    /// Its title.
    title: &'static str,
    /// The question that it answers.
    answers: &'static str,
    /// What can be set.
    parameters: Vec<ReportParameter>,
    /// Its columns.
    columns: Vec<ReportColumn>,
    /// The controls that it supports: it shows what was recorded, to somebody who judges.
    supports: Vec<ReportControl>,
    /// Whether the caller may run it.
    allowed: bool,
}

/// Something that can be set in a report.
#[derive(SimpleObject)]
struct ReportParameter {
    /// Its name.
    name: &'static str,
    /// What it says, for people.
    title: &'static str,
    /// What it may be.
    expected: String,
    /// What it is when nobody says otherwise.
    default: &'static str,
}

/// A column of a report.
#[derive(SimpleObject)]
struct ReportColumn {
    /// Its name in JSON.
    name: &'static str,
    /// Its heading.
    title: &'static str,
    /// Whether numbers stand in it.
    numeric: bool,
}

/// A control that a report supports.
#[derive(SimpleObject)]
struct ReportControl {
    /// The framework.
    framework: &'static str,
    /// The number that the control has there.
    id: &'static str,
    /// What it is about.
    about: &'static str,
}

/// A report that was run.
#[derive(SimpleObject)]
pub(super) struct Report {
    /// Which.
    definition: ReportDefinition,
    /// From when on, if that was asked.
    from: Option<DateTime>,
    /// Until when: as asked, or to the last event.
    to: DateTime,
    /// All parameters with their values, as an object.
    parameters: Json<BTreeMap<String, String>>,
    /// The first 1,000 rows: a text for each column.
    rows: Vec<Vec<String>>,
    /// How many rows there are.
    row_count: Long,
    /// What can be seen at a glance.
    charts: Vec<ReportChart>,
    /// The position of the log that it is as of: the same report there is the same again.
    position: LogPosition,
    /// The signed checkpoint of that position.
    checkpoint: String,
    /// Whether rows may be missing of sessions that the caller does not see.
    partial: bool,
}

/// Bars of one length each.
#[derive(SimpleObject)]
struct ReportChart {
    /// What is counted.
    title: &'static str,
    /// How many of what.
    bars: Vec<ReportBar>,
}

/// A bar of a chart.
#[derive(SimpleObject)]
struct ReportBar {
    /// What it is of.
    of: String,
    /// How many.
    count: Long,
}

/// A parameter with its value.
#[derive(InputObject)]
pub(super) struct ReportParameterInput {
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: String,
}

/// What is asked of a report.
#[derive(InputObject, Default)]
pub(super) struct ReportInput {
    /// What happened at this time or later; without it, from the beginning.
    from: Option<DateTime>,
    /// What happened before this time; without it, to the last event.
    to: Option<DateTime>,
    /// As of this position of the log; without it, as of now.
    at: Option<LogPosition>,
    /// Parameters that are not to have their default.
    parameters: Option<Vec<ReportParameterInput>>,
}

/// What a report is, for whoever asks.
pub(super) fn of_definition(
    ctx: &Context<'_>,
    report: &'static Definition,
) -> Result<ReportDefinition> {
    let viewer = look::viewer(ctx)?;
    let parameters = report.parameters.iter().map(|parameter| ReportParameter {
        name: parameter.name,
        title: parameter.title,
        expected: parameter.kind.expected(),
        default: parameter.default,
    });
    let columns = report.columns.iter().map(|column| ReportColumn {
        name: column.name,
        title: column.title,
        numeric: words::is_number(column.kind),
    });
    let supports = report.controls.iter().map(|control| ReportControl {
        framework: control.framework,
        id: control.id,
        about: control.about,
    });
    Ok(ReportDefinition {
        name: report.name,
        title: report.title,
        answers: report.answers,
        parameters: parameters.collect(),
        columns: columns.collect(),
        supports: supports.collect(),
        allowed: report
            .needs
            .iter()
            .all(|right| viewer.sight.may_everywhere(*right)),
    })
}

/// All reports.
pub(super) fn list(ctx: &Context<'_>) -> Result<Vec<ReportDefinition>> {
    REPORTS
        .iter()
        .map(|report| of_definition(ctx, report))
        .collect()
}

/// Runs one, and writes down that it was run.
pub(super) async fn run(ctx: &Context<'_>, name: String, input: ReportInput) -> Result<Report> {
    let viewer = look::viewer(ctx)?;
    let head = ctx
        .data::<Arc<dyn EventLog>>()?
        .head()
        .await
        .map_err(of_store)?;
    let at = input.at.map_or(head.size, |LogPosition(at)| at);
    look::seen_up_to(ctx, at.min(head.size)).await?;
    let parameters = input.parameters.unwrap_or_default().into_iter();
    let asked = Asked {
        name,
        from: input.from.map(|time| time.0),
        to: input.to.map(|time| time.0),
        at: Some(at),
        by: viewer.name.clone(),
        parameters: parameters
            .map(|parameter| (parameter.name, parameter.value))
            .collect(),
    };
    let reader = look::reader(ctx)?;
    let report = match ctx.data::<Arc<ReportBook>>()?.run(&reader, &asked).await {
        Ok(report) => report,
        Err(ReportError::Query(error)) => {
            if let QueryError::Denied(right) = &error {
                let object = format!("report/{}", asked.name);
                look::accesses(ctx)?
                    .denied(viewer, &object, Some(*right))
                    .await;
            }
            return Err(of_query(error));
        }
        Err(ReportError::Store(error)) => return Err(of_store(error)),
        Err(error) => return Err(ErrorCode::InvalidArgument.error(error.to_string())),
    };
    let written = look::accesses(ctx)?.report_run(viewer, &report, None);
    written.await.map_err(of_access)?;
    let charts = report.charts.iter().map(|chart| ReportChart {
        title: chart.title,
        bars: chart
            .bars
            .iter()
            .map(|(of, count)| ReportBar {
                of: words::printable(of),
                count: (*count).into(),
            })
            .collect(),
    });
    let rows = report.rows.iter().take(ROWS_MAX);
    let parameters = report.parameters.iter();
    Ok(Report {
        definition: of_definition(ctx, report.definition)?,
        from: report.from.map(DateTime),
        to: DateTime(report.to),
        parameters: Json(
            parameters
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        ),
        rows: rows
            .map(|row| row.iter().map(words::cell).collect())
            .collect(),
        row_count: (report.rows.len() as u64).into(),
        charts: charts.collect(),
        position: LogPosition(report.position),
        checkpoint: report.checkpoint,
        partial: report.is_partial,
    })
}
