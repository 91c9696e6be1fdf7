//! The schedules as the log knows them, and their runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::event::{
    Event, EventBatch, EventBody, EventError, ReportRun, ReportScheduled, ReportUnscheduled,
};
use retrace_core::log::cursor::Folded;
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, StreamName, StreamVersion, Timestamp};
use serde::Deserialize;

use super::definition::{InvalidSchedule, Schedule};
use crate::accesses::{AccessError, append_at_end};

/// The most schedules of one log.
const SCHEDULES_MAX: usize = 100;
/// The most runs that are answered at once.
const RUNS_MAX: usize = 100;

/// Why a schedule could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// No report can be run by it.
    #[error(transparent)]
    Invalid(#[from] InvalidSchedule),
    /// There is none of that name.
    #[error("there is no schedule `{name}`: `retrace report schedules` shows all")]
    NoSuchSchedule {
        /// The name.
        name: String,
    },
    /// There are too many.
    #[error("there are {SCHEDULES_MAX} schedules, which is the most")]
    TooMany,
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AccessError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// A report that was run by a schedule.
#[derive(Debug, Clone)]
pub struct Run {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The beginning of its period.
    pub from: Timestamp,
    /// The end of its period.
    pub to: Timestamp,
    /// What was run.
    pub told: ReportRun,
}

/// The last run of a schedule, and where the next one stands in its stream.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) next: StreamVersion,
    pub(super) last: Option<Run>,
}

/// All schedules of a log, as of the last time somebody looked.
pub struct ScheduleBook {
    log: Arc<dyn EventLog>,
    schedules: Folded<BTreeMap<String, Arc<Schedule>>>,
    failures: Mutex<BTreeMap<String, String>>,
}

impl ScheduleBook {
    /// The schedules of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        let schedules = Folded::new(Arc::clone(&log), StreamName::report_schedules(), apply);
        Self {
            log,
            schedules,
            failures: Mutex::default(),
        }
    }

    /// All schedules, by name.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn list(&self) -> Result<Vec<Arc<Schedule>>, StoreError> {
        Ok(self.schedules.heard().await?.values().cloned().collect())
    }

    /// One schedule.
    ///
    /// # Errors
    /// When there is none of that name, or the log cannot be read.
    pub async fn find(&self, name: &str) -> Result<Arc<Schedule>, ScheduleError> {
        let found = self.schedules.heard().await?.get(name).cloned();
        found.ok_or_else(|| ScheduleError::NoSuchSchedule {
            name: name.chars().take(80).collect(),
        })
    }

    /// Runs a report by itself from now on, or changes how. A period that was run is not run again.
    ///
    /// # Errors
    /// When it is none, or the log does not take it.
    pub async fn set(&self, told: ReportScheduled) -> Result<Arc<Schedule>, ScheduleError> {
        let now = Timestamp::now();
        Schedule::of(&told, now)?;
        let all = self.list().await?;
        let is_new = all.iter().all(|one| one.name.as_str() != told.name);
        if is_new && all.len() >= SCHEDULES_MAX {
            return Err(ScheduleError::TooMany);
        }
        let name = told.name.clone();
        self.append(EventBatch::of(now, told)?).await?;
        self.find(&name).await
    }

    /// Does not run it any more. What it has run stays.
    ///
    /// # Errors
    /// When there is none of that name, or the log does not take it.
    pub async fn remove(&self, name: &str, by: &str) -> Result<Arc<Schedule>, ScheduleError> {
        let found = self.find(name).await?;
        let told = ReportUnscheduled {
            by: by.to_owned(),
            name: name.to_owned(),
        };
        self.append(EventBatch::of(Timestamp::now(), told)?).await?;
        self.report_failure(name, None);
        Ok(found)
    }

    /// Its last runs, at most 100, the newest first.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn runs(&self, schedule: &Schedule, count: usize) -> Result<Vec<Run>, StoreError> {
        let stream = StreamName::runs_of_schedule(&schedule.name);
        let next = self.log.next_version(&stream).await?;
        let count = count.min(RUNS_MAX);
        let first = StreamVersion(next.0.saturating_sub(count as u64));
        let events = self.log.read_stream(&stream, first, count).await?;
        Ok(events.iter().rev().filter_map(Run::of).collect())
    }

    /// Why its last period could not be run on this node, if it could not.
    pub fn failure(&self, name: &str) -> Option<String> {
        let failures = self.failures.lock();
        let failures = failures.unwrap_or_else(PoisonError::into_inner);
        failures.get(name).cloned()
    }

    pub(super) fn report_failure(&self, name: &str, why: Option<String>) {
        let failures = self.failures.lock();
        let mut failures = failures.unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => failures.insert(name.to_owned(), why),
            None => failures.remove(name),
        };
    }

    /// The end of its stream of runs.
    pub(super) async fn end(&self, schedule: &Schedule) -> Result<End, StoreError> {
        let stream = StreamName::runs_of_schedule(&schedule.name);
        let next = self.log.next_version(&stream).await?;
        let last = StreamVersion(next.0.saturating_sub(1));
        let events = self.log.read_stream(&stream, last, 1).await?;
        let last = events.last().and_then(Run::of);
        Ok(End { next, last })
    }

    async fn append(&self, events: EventBatch) -> Result<Position, AccessError> {
        append_at_end(&*self.log, StreamName::report_schedules(), events).await
    }
}

/// What a run says of its period, beside its parameters.
#[derive(Deserialize)]
struct Told {
    from: Timestamp,
    to: Timestamp,
}

impl Run {
    fn of(event: &Event) -> Option<Self> {
        let Ok(EventBody::ReportRun(told)) = event.body() else {
            return None;
        };
        let period: Told = serde_json::from_str(told.parameters.as_deref()?).ok()?;
        Some(Self {
            at: event.recorded_at(),
            from: period.from,
            to: period.to,
            told,
        })
    }
}

fn apply(schedules: &mut BTreeMap<String, Arc<Schedule>>, event: &Event) {
    match event.body() {
        Ok(EventBody::ReportScheduled(told)) => {
            match Schedule::of(&told, event.recorded_at()) {
                Ok(schedule) => {
                    schedules.insert(told.name, Arc::new(schedule));
                }
                // Another version allowed it.
                Err(error) => {
                    tracing::warn!(position = %event.position(), %error, "a schedule is not in force");
                }
            }
        }
        Ok(EventBody::ReportUnscheduled(told)) => {
            schedules.remove(&told.name);
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(position = %event.position(), %error, "unreadable schedule");
        }
    }
}
