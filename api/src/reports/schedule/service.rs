//! Runs what is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{EventBatch, ReportRun};
use retrace_core::log::{Append, AppendError, EventLog};
use retrace_core::{StreamName, Timestamp};
use retrace_projections::runner::Projections;
use retrace_query::Reader;
use retrace_query::reports::{Report, ReportBook};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::book::{End, ScheduleBook};
use super::definition::{Schedule, Turn};
use super::files::{Files, Written};
use crate::accesses::report_run;
use crate::export_folder::NO_FOLDER;

/// How often it is looked whether something is due. That asks the store for nothing while nothing is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What could not be run is tried again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// So long the read models may take to see what a report is as of.
const SEEN_WITHIN: Duration = Duration::from_secs(600);

/// What running reports needs of the server.
pub struct Parts {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The schedules.
    pub book: Arc<ScheduleBook>,
    /// What reports are computed from.
    pub reports: Arc<ReportBook>,
    /// The read models.
    pub reader: Reader,
    /// How far these are.
    pub projections: Arc<Projections>,
    /// Where files are written, if they may be.
    pub files: Option<Files>,
}

/// Runs reports as they become due, until it is told to stop.
pub struct Schedules {
    task: JoinHandle<()>,
}

/// What is known of a schedule between two looks.
struct Waiting {
    set_at: Timestamp,
    turn: Option<Turn>,
    not_before: Option<Instant>,
}

impl Schedules {
    /// Begins.
    pub fn start(parts: Parts, mut stopped: watch::Receiver<bool>) -> Self {
        let parts = Arc::new(parts);
        let task = tokio::spawn(async move {
            let mut waiting = HashMap::new();
            loop {
                tokio::select! {
                    () = parts.look(&mut waiting) => {}
                    _ = stopped.wait_for(|stop| *stop) => break,
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    // An error means that the sender is gone, which is a reason to stop too.
                    _ = stopped.wait_for(|stop| *stop) => break,
                }
            }
        });
        Self { task }
    }

    /// Waits until it has stopped.
    pub async fn shutdown(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what runs reports was not waited for");
        }
    }
}

impl Parts {
    async fn look(&self, waiting: &mut HashMap<String, Waiting>) {
        let schedules = match self.book.list().await {
            Ok(schedules) => schedules,
            Err(error) => {
                tracing::warn!(%error, "the schedules of reports cannot be read");
                return;
            }
        };
        waiting.retain(|name, _| schedules.iter().any(|one| one.name.as_str() == name));
        for schedule in schedules {
            let name = schedule.name.as_str();
            let known = waiting.get(name).filter(|one| one.set_at == schedule.at);
            let is_due = known.is_none_or(|known| {
                let may = known.not_before.is_none_or(|at| at <= Instant::now());
                let due = known.turn.is_some_and(|turn| turn.due <= Timestamp::now());
                may && (due || known.not_before.is_some())
            });
            if !is_due {
                continue;
            }
            let outcome = self.catch_up(&schedule).await;
            let (turn, why) = match outcome {
                Ok(turn) => (turn, None),
                Err(error) => {
                    let why = format!("{error:#}");
                    tracing::warn!(schedule = name, why, "a report could not be run");
                    (None, Some(why))
                }
            };
            let not_before = why.as_ref().map(|_| Instant::now() + AGAIN_AFTER);
            self.book.report_failure(name, why);
            let known = Waiting {
                set_at: schedule.at,
                turn,
                not_before,
            };
            waiting.insert(name.to_owned(), known);
        }
    }

    /// Runs all that is due of a schedule. Answers what is next.
    async fn catch_up(&self, schedule: &Arc<Schedule>) -> anyhow::Result<Option<Turn>> {
        loop {
            let end = self.book.end(schedule).await?;
            if let (Some(last), Some(files)) = (&end.last, &self.files) {
                let (files, paths) = (files.clone(), last.told.files.clone());
                spawn_blocking(move || files.place(&paths)).await??;
            }
            let turn = schedule.next(end.last.as_ref().map(|run| run.to));
            match turn {
                Some(turn) if turn.due <= Timestamp::now() => self.run(schedule, turn, end).await?,
                turn => return Ok(turn),
            }
        }
    }

    async fn run(&self, schedule: &Arc<Schedule>, turn: Turn, end: End) -> anyhow::Result<()> {
        let report = self.report(schedule, &turn).await?;
        let told = ReportRun {
            schedule: Some(schedule.name.to_string()),
            ..report_run(&report, None)
        };
        let mut written = self.write(schedule, turn, report).await?;
        let told = ReportRun {
            files: written
                .as_ref()
                .map_or_else(Vec::new, |written| written.paths.clone()),
            ..told
        };
        if let Some(written) = &mut written {
            written.set_wanted(true);
        }
        let append = Append {
            stream: StreamName::runs_of_schedule(&schedule.name),
            first_version: end.next,
            events: EventBatch::of(Timestamp::now(), told)?,
        };
        match self.log.append(append).await {
            Ok(_) => {}
            // Another node has run it meanwhile.
            Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) => {
                if let Some(written) = &mut written {
                    written.set_wanted(false);
                }
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        if let Some(written) = written {
            spawn_blocking(move || written.place()).await??;
        }
        Ok(())
    }

    async fn report(&self, schedule: &Schedule, turn: &Turn) -> anyhow::Result<Report> {
        let position = self.log.head().await?.size;
        let seen = self.projections.caught_up_with(position);
        tokio::time::timeout(SEEN_WITHIN, seen).await??;
        let reader = self.reader.seen_by(Arc::new(Schedule::sight()));
        let asked = schedule.asked(turn, position);
        Ok(self.reports.run(&reader, &asked).await?)
    }

    async fn write(
        &self,
        schedule: &Arc<Schedule>,
        turn: Turn,
        report: Report,
    ) -> anyhow::Result<Option<Written>> {
        let Some(folder) = schedule.folder.clone() else {
            return Ok(None);
        };
        let Some(files) = self.files.clone() else {
            anyhow::bail!(NO_FOLDER);
        };
        let schedule = Arc::clone(schedule);
        let write = move || files.write(&folder, &schedule, &turn, &report);
        Ok(Some(spawn_blocking(write).await??))
    }
}
