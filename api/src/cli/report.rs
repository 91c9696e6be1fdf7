//! `retrace report`

mod schedule;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use retrace_core::event::EventBatch;
use retrace_core::log::EventLog;
use retrace_core::{Position, StreamName, Timestamp};
use retrace_query::Reader;
use retrace_query::reports::catalogue::REPORTS;
use retrace_query::reports::{Asked, ReportBook};
use serde_json::json;

use super::export::{NewFile, named};
use super::{Data, operator, output};
use crate::accesses::{append_at_end, report_run};
use crate::reports::{ReportFormat, render};

/// Run reports for auditors: access, denials, changes, coverage, reviews, integrity
#[derive(Args)]
#[command(after_long_help = "Examples:
  retrace report list
  retrace report run privileged-access --from 2026-01-01 --to 2026-04-01 --format pdf -o access.pdf
  retrace report run outside-hours --set zone=Europe/Berlin --set start=8 --format xlsx -o nights.xlsx
  retrace report run integrity --at 4712 --format json
  retrace report schedule monthly privileged-access --every month --zone Europe/Berlin --folder audits --format pdf
  retrace report schedules

The same report at the same position of the log is the same, to the byte. docs/reports.md tells what
each answers, and which controls it supports.")]
pub(super) struct Report {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the reports: what each answers, and what can be set
    List {
        /// Print them as JSON, one on a line
        #[arg(long)]
        json: bool,
    },
    /// Run a report
    Run(Run),
    /// Let a server run a report by itself, whenever a day, week, month or quarter is over
    #[command(after_long_help = "Examples:
  retrace report schedule monthly privileged-access --every month --zone Europe/Berlin --folder audits --format pdf --format csv
  retrace report schedule nights outside-hours --every week --set start=8 --set zone=Europe/Berlin
  retrace report schedule year reviews --every quarter --from 2026-01-01

Each run is an event in the log, with its position: the same report is run again from that at any time. Files are written by
a server that runs with --export-folder. What became due while none ran is run at the next start.")]
    Schedule(Box<schedule::Add>),
    /// List what is run by itself, and the last runs
    #[command(after_long_help = "Examples:
  retrace report schedules
  retrace report schedules --json")]
    Schedules(schedule::List),
    /// Do not run it by itself any more
    #[command(after_long_help = "Examples:
  retrace report unschedule monthly")]
    Unschedule(schedule::Remove),
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    data: Data,
    /// Which report: its name in `retrace report list`
    name: String,
    /// What happened at this time or later: a day, or a time in RFC 3339. Without it, from the beginning
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// What happened before this time. Without it, to the last event
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// As of this position of the log; without it, as of now
    #[arg(long, value_name = "POSITION")]
    at: Option<u64>,
    /// A parameter of the report; may be given more than once
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    set: Vec<(String, String)>,
    /// csv, html, json, pdf or xlsx
    #[arg(long, default_value = "csv")]
    format: ReportFormat,
    /// The file to write, which must not exist yet; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Report {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List { json } => list(json)?,
            Command::Run(run) => run.run().await?,
            Command::Schedule(add) => add.run().await?,
            Command::Schedules(list) => list.run().await?,
            Command::Unschedule(remove) => remove.run().await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(as_json: bool) -> io::Result<()> {
    for report in REPORTS {
        let controls = report.controls.iter();
        let controls: Vec<String> = controls
            .map(|control| format!("{} {}", control.framework, control.id))
            .collect();
        if as_json {
            let parameters = report.parameters.iter().map(|parameter| {
                json!({"name": parameter.name, "title": parameter.title, "default": parameter.default,
                    "expected": parameter.kind.expected()})
            });
            output::line(json!({
                "name": report.name, "title": report.title, "answers": report.answers,
                "parameters": parameters.collect::<Vec<_>>(), "supports": controls,
            }))?;
            continue;
        }
        output::line(format!("{}\n  {}", report.name, report.answers))?;
        for parameter in report.parameters {
            output::line(format!(
                "  --set {}=…  {}; {} unless set",
                parameter.name, parameter.title, parameter.default
            ))?;
        }
        output::line(format!("  supports {}\n", controls.join(", ")))?;
    }
    Ok(())
}

impl Run {
    async fn run(self) -> anyhow::Result<()> {
        let data = self.data.dir();
        let stored = data.open_log().await?;
        let log: Arc<dyn EventLog> = Arc::new(stored.clone());
        let reader = Reader::open(&data.read_models(), Arc::clone(&log));
        let position = match self.at {
            Some(at) => Position(at),
            None => log.head().await?.size,
        };
        // Only the one about commands asks them.
        let kept = if self.name == "watched-commands" && position <= log.head().await?.size {
            super::export::read_models(&data, &stored, &reader, position).await?
        } else {
            None
        };
        let asked = Asked {
            name: self.name,
            from: self.from,
            to: self.to,
            parameters: self.set.into_iter().collect::<BTreeMap<_, _>>(),
            at: Some(position),
            by: operator(),
        };
        let file = self.output.as_deref().map(NewFile::create).transpose()?;
        let report = ReportBook::new(Arc::clone(&log)).run(&reader, &asked).await;
        if let Some(kept) = kept {
            kept.shutdown().await;
        }
        let report = report?;
        let event = report_run(&report, Some(self.format.name()));
        let events = EventBatch::of(Timestamp::now(), event)?;
        append_at_end(&*log, StreamName::accesses(), events).await?;
        let bytes = render(&report, self.format)?;
        match (file, &self.output) {
            (Some(mut file), Some(path)) => {
                file.write_all(&bytes).with_context(|| named(path))?;
                file.finish()?;
            }
            _ => io::stdout().lock().write_all(&bytes)?,
        }
        Ok(())
    }
}
