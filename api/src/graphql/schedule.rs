//! Reports that are run by themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Json, Object, Result, SimpleObject};
use retrace_core::Position;
use retrace_core::access::Right;
use retrace_core::event::ReportScheduled;

use super::error::{ErrorCode, internal, of_access, of_store};
use super::look;
use super::report::{ReportDefinition, ReportParameterInput, of_definition};
use super::scalar::{DateTime, LogPosition, Long};
use crate::reports::schedule::book::{Run, ScheduleBook, ScheduleError};
use crate::reports::schedule::definition::Schedule;
use crate::reports::schedule::period::Every;

/// What a question about schedules costs.
const COST: usize = 10;
/// What their runs cost: a read of the log.
const RUNS_COST: usize = 20;
/// When a report is run unless somebody says otherwise: recorders have uploaded what waited by then.
const HOUR: u8 = 6;

/// How long a period is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "Every")]
pub(super) enum ReportPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months: from January, April, July or October on.
    Quarter,
}

/// A report that is run by itself when a period is over.
pub(super) struct ReportSchedule(Arc<Schedule>);

/// A report that was run by a schedule. The same report at this position, with this period, has the same rows again.
#[derive(SimpleObject)]
pub(super) struct ReportScheduleRun {
    /// When.
    at: DateTime,
    /// The beginning of its period.
    from: DateTime,
    /// The end of its period.
    to: DateTime,
    /// The position of the log that it is as of.
    position: LogPosition,
    /// How many rows it had.
    rows: Long,
    /// Its files, below the folder for exports.
    files: Vec<String>,
}

/// A period of a schedule.
#[derive(SimpleObject)]
pub(super) struct ReportTurn {
    /// When it begins.
    from: DateTime,
    /// When it ends.
    to: DateTime,
    /// When its report is run.
    due: DateTime,
}

/// A schedule that is to be.
#[derive(InputObject)]
pub(super) struct ReportScheduleInput {
    /// Its name: 1 to 64 of `a-z 0-9 - _`, starting with a letter. One that is there is changed.
    name: String,
    /// Which report.
    report: String,
    /// The period that each run is about.
    every: ReportPeriod,
    /// The hour of the day after the period at which it is run: 0 to 23, 6 when it is not said.
    hour: Option<u8>,
    /// The time zone that days begin in, such as `Europe/Berlin`; UTC when it is not said.
    zone: Option<String>,
    /// Parameters of the report that are not to have their default.
    parameters: Option<Vec<ReportParameterInput>>,
    /// A day of the first period, such as `2026-01-01`; today when it is not said.
    from: Option<String>,
    /// Where its files are written: a path below the folder that the server allows for exports. Without it, none are.
    folder: Option<String>,
    /// The formats of its files: `pdf`, `csv`, `xlsx`, `json`, `html`.
    formats: Option<Vec<String>>,
}

/// A report that is run by itself when a period is over.
#[Object]
impl ReportSchedule {
    /// Its name.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Which report.
    async fn report(&self, ctx: &Context<'_>) -> Result<ReportDefinition> {
        of_definition(ctx, self.0.report)
    }

    /// Parameters that do not have their default, as an object.
    async fn parameters(&self) -> Json<BTreeMap<String, String>> {
        Json(self.0.parameters.clone())
    }

    /// The period that each run is about.
    async fn every(&self) -> ReportPeriod {
        self.0.every.into()
    }

    /// The hour of the day after the period at which it is run.
    async fn hour(&self) -> u8 {
        self.0.hour
    }

    /// The time zone that days begin in.
    async fn zone(&self) -> &str {
        &self.0.zone_name
    }

    /// Where its files are written, below the folder for exports.
    async fn folder(&self) -> Option<&str> {
        self.0.folder.as_deref()
    }

    /// The formats of its files.
    async fn formats(&self) -> Vec<&str> {
        self.0.formats.iter().map(|format| format.name()).collect()
    }

    /// Who set it last.
    async fn set_by(&self) -> &str {
        &self.0.by
    }

    /// When.
    async fn set_at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Its last runs, the newest first.
    #[graphql(complexity = "RUNS_COST + first as usize * child_complexity")]
    async fn runs(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 10, desc = "At most so many, up to 100.")] first: u8,
    ) -> Result<Vec<ReportScheduleRun>> {
        let runs = book(ctx)?.runs(&self.0, usize::from(first)).await;
        let runs = runs.map_err(of_store)?;
        Ok(runs.into_iter().map(ReportScheduleRun::of).collect())
    }

    /// The period that is run next.
    #[graphql(complexity = "RUNS_COST + child_complexity")]
    async fn next(&self, ctx: &Context<'_>) -> Result<Option<ReportTurn>> {
        let last = book(ctx)?.runs(&self.0, 1).await.map_err(of_store)?;
        let next = self.0.next(last.first().map(|run| run.to));
        Ok(next.map(|turn| ReportTurn {
            from: DateTime(turn.from),
            to: DateTime(turn.to),
            due: DateTime(turn.due),
        }))
    }

    /// Why the node that answers could not run it the last time. It tries again.
    async fn last_error(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(book(ctx)?.failure(self.0.name.as_str()))
    }
}

impl ReportScheduleRun {
    fn of(run: Run) -> Self {
        Self {
            at: DateTime(run.at),
            from: DateTime(run.from),
            to: DateTime(run.to),
            position: LogPosition(Position(run.told.position.unwrap_or_default())),
            rows: run.told.rows.unwrap_or_default().into(),
            files: run.told.files,
        }
    }
}

/// Questions about schedules.
#[derive(Default)]
pub(super) struct ScheduleQuery;

#[Object]
impl ScheduleQuery {
    /// The reports that are run by themselves, by name. Needs the right to see settings.
    #[graphql(complexity = "COST + 20 * child_complexity")]
    async fn report_schedules(&self, ctx: &Context<'_>) -> Result<Vec<ReportSchedule>> {
        look::needs(ctx, Right::ViewSettings, "report schedules").await?;
        look::list(ctx, "report schedules").await?;
        let all = book(ctx)?.list().await.map_err(of_store)?;
        Ok(all.into_iter().map(ReportSchedule).collect())
    }
}

/// Changes of schedules.
#[derive(Default)]
pub(super) struct ScheduleMutation;

#[Object]
impl ScheduleMutation {
    /// Runs a report by itself from now on, when a period is over, or changes how. Its runs see all sessions and the log, so
    /// this needs the rights to change settings and to read the log, everywhere.
    async fn schedule_report(
        &self,
        ctx: &Context<'_>,
        input: ReportScheduleInput,
    ) -> Result<ReportSchedule> {
        look::needs(ctx, Right::ChangeSettings, "report schedules").await?;
        look::needs(ctx, Right::ReadLog, "report schedules").await?;
        let parameters = input.parameters.unwrap_or_default().into_iter();
        let told = ReportScheduled {
            by: look::viewer(ctx)?.name.clone(),
            every: Every::from(input.every).name().to_owned(),
            folder: input.folder,
            formats: input.formats.unwrap_or_default(),
            from: input.from,
            hour: input.hour.unwrap_or(HOUR),
            name: input.name,
            parameters: parameters
                .map(|parameter| (parameter.name, parameter.value))
                .collect(),
            report: input.report,
            zone: input.zone.unwrap_or_else(|| "UTC".to_owned()),
        };
        let set = book(ctx)?.set(told).await;
        Ok(ReportSchedule(set.map_err(of_schedule)?))
    }

    /// Does not run it by itself any more; what it has run stays. Answers what it was. Needs the right to change settings
    /// everywhere.
    async fn unschedule_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its name.")] name: String,
    ) -> Result<ReportSchedule> {
        look::needs(ctx, Right::ChangeSettings, "report schedules").await?;
        let by = look::viewer(ctx)?.name.clone();
        let removed = book(ctx)?.remove(&name, &by).await;
        Ok(ReportSchedule(removed.map_err(of_schedule)?))
    }
}

fn book<'a>(ctx: &Context<'a>) -> Result<&'a Arc<ScheduleBook>> {
    ctx.data::<Arc<ScheduleBook>>()
}

fn of_schedule(error: ScheduleError) -> async_graphql::Error {
    match error {
        ScheduleError::NoSuchSchedule { .. } => ErrorCode::NotFound.error(error.to_string()),
        ScheduleError::Invalid(_) | ScheduleError::TooMany => {
            ErrorCode::InvalidArgument.error(error.to_string())
        }
        ScheduleError::Append(error) => of_access(error),
        ScheduleError::Store(error) => of_store(error),
        ScheduleError::Event(error) => internal(&error),
    }
}
