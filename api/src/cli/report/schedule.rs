//! `retrace report schedule`, `schedules`, `unschedule`

use std::sync::Arc;

use clap::Args;
use retrace_core::event::ReportScheduled;
use serde_json::json;

use super::super::{Data, operator, output};
use super::parameter;
use crate::reports::ReportFormat;
use crate::reports::schedule::book::ScheduleBook;
use crate::reports::schedule::definition::Schedule;
use crate::reports::schedule::period::Every;

/// So many runs are listed with a schedule.
const RUNS: usize = 3;

#[derive(Args)]
pub(super) struct Add {
    #[command(flatten)]
    data: Data,
    /// The name of the schedule: 1 to 64 of a-z, 0-9, `-` and `_`, starting with a letter. One that is there is changed
    name: String,
    /// Which report: its name in `retrace report list`
    report: String,
    /// The period that each run is about: day, week, month or quarter
    #[arg(long)]
    every: Every,
    /// The hour of the day after the period at which it is run
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(0..=23))]
    hour: u8,
    /// The time zone that days begin in
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// A day of the first period; without it, today
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// A parameter of the report; may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    set: Vec<(String, String)>,
    /// Write files there: a path below the folder that the server has as --export-folder
    #[arg(long, value_name = "PATH", requires = "format")]
    folder: Option<String>,
    /// csv, html, json, pdf or xlsx; may be given more than once
    #[arg(long, requires = "folder")]
    format: Vec<ReportFormat>,
}

impl Add {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let book = book(&self.data).await?;
        let formats = self.format.iter();
        let told = ReportScheduled {
            by: operator(),
            every: self.every.name().to_owned(),
            folder: self.folder,
            formats: formats.map(|format| format.name().to_owned()).collect(),
            from: self.from,
            hour: self.hour,
            name: self.name,
            parameters: self.set.into_iter().collect(),
            report: self.report,
            zone: self.zone,
        };
        let schedule = book.set(told).await?;
        let last = book.runs(&schedule, 1).await?;
        if let Some(turn) = schedule.next(last.first().map(|run| run.to)) {
            output::note(format!(
                "A server on this log runs {} for {} to {} at {} or soon after.",
                schedule.report.name, turn.from, turn.to, turn.due
            ));
        }
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    /// Print them as JSON, one on a line
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let book = book(&self.data).await?;
        for schedule in book.list().await? {
            if self.json {
                output::line(as_json(&book, &schedule).await?)?;
            } else {
                tell(&book, &schedule).await?;
            }
        }
        Ok(())
    }
}

#[derive(Args)]
pub(super) struct Remove {
    #[command(flatten)]
    data: Data,
    /// Its name
    name: String,
}

impl Remove {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let removed = book(&self.data)
            .await?
            .remove(&self.name, &operator())
            .await?;
        output::note(format!("{} is not run by itself any more.", removed.name));
        Ok(())
    }
}

async fn book(data: &Data) -> anyhow::Result<ScheduleBook> {
    Ok(ScheduleBook::new(Arc::new(data.dir().open_log().await?)))
}

async fn tell(book: &ScheduleBook, schedule: &Schedule) -> anyhow::Result<()> {
    let Schedule {
        name,
        report,
        every,
        hour,
        zone_name,
        by,
        ..
    } = schedule;
    let by = output::printable(by);
    output::line(format!(
        "{name}  {} of each {every}, at {hour}:00 of the day after in {zone_name}; set by {by}",
        report.name
    ))?;
    for (name, value) in &schedule.parameters {
        output::line(format!("  with {name}={}", output::printable(value)))?;
    }
    let runs = book.runs(schedule, RUNS).await?;
    if let Some(turn) = schedule.next(runs.first().map(|run| run.to)) {
        output::line(format!(
            "  next {} to {}, at {}",
            turn.from, turn.to, turn.due
        ))?;
    }
    for run in runs {
        output::line(format!(
            "  ran {} to {} at position {}: {} rows  {}",
            run.from,
            run.to,
            run.told.position.unwrap_or_default(),
            run.told.rows.unwrap_or_default(),
            output::printable(&run.told.files.join("  "))
        ))?;
    }
    Ok(())
}

async fn as_json(book: &ScheduleBook, schedule: &Schedule) -> anyhow::Result<serde_json::Value> {
    let runs = book.runs(schedule, RUNS).await?;
    let next = schedule.next(runs.first().map(|run| run.to));
    let formats = schedule.formats.iter();
    let runs = runs.iter().map(|run| {
        json!({"at": run.at, "from": run.from, "to": run.to, "position": run.told.position,
            "rows": run.told.rows, "files": run.told.files})
    });
    Ok(json!({
        "name": schedule.name.as_str(), "report": schedule.report.name, "parameters": schedule.parameters,
        "every": schedule.every.name(), "hour": schedule.hour, "zone": schedule.zone_name,
        "folder": schedule.folder, "formats": formats.map(|format| format.name()).collect::<Vec<_>>(),
        "setBy": schedule.by, "setAt": schedule.at,
        "next": next.map(|turn| json!({"from": turn.from, "to": turn.to, "due": turn.due})),
        "runs": runs.collect::<Vec<_>>(),
    }))
}
