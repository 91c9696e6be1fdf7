//! What a schedule is.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use retrace_core::access::{Grant, Role, Scope, Sight};
use retrace_core::event::ReportScheduled;
use retrace_core::id::InvalidName;
use retrace_core::{Position, SourceName, Timestamp};
use retrace_query::reports::catalogue::{Definition, definition};
use retrace_query::reports::{Asked, ReportError};

use super::period::{Every, Period, UnknownPeriod, day_of};
use crate::reports::{ReportFormat, UnknownReportFormat};

const FOLDER_CHARS_MAX: usize = 200;
/// More periods than this are not made up for.
const BEHIND_MAX: usize = 400;

/// Why something is no schedule.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSchedule {
    /// It cannot have that name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// There is no such report, or a parameter is none of it.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// There is no such period.
    #[error(transparent)]
    Every(#[from] UnknownPeriod),
    /// There is no such format.
    #[error(transparent)]
    Format(#[from] UnknownReportFormat),
    /// There is no such hour.
    #[error("`hour` is {0}, expected an hour from 0 to 23")]
    Hour(u8),
    /// There is no such time zone.
    #[error("`zone` is {0:?}, expected a time zone, such as Europe/Berlin")]
    Zone(String),
    /// It names no day.
    #[error("`from` is {0:?}, expected a day, such as 2026-01-01")]
    From(String),
    /// So many periods are over since then.
    #[error("more than {BEHIND_MAX} periods are over since {0}: let it begin later")]
    LongAgo(Date),
    /// It is no path below a folder.
    #[error(
        "`folder` is {0:?}, expected a path below the folder for exports, such as `audits/access`"
    )]
    Folder(String),
    /// There is a folder and no format, or the other way round.
    #[error("files need both: the folder that they are written to, and their formats")]
    HalfOfFiles,
}

/// A report that is run by itself.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: SourceName,
    /// Which report.
    pub report: &'static Definition,
    /// Parameters that are not to have their default.
    pub parameters: BTreeMap<String, String>,
    /// The period that each run is about.
    pub every: Every,
    /// The hour of the day after it at which it is run.
    pub hour: u8,
    /// The time zone that days begin in.
    pub zone: TimeZone,
    /// Its name.
    pub zone_name: String,
    /// Where its files are written, below the folder for exports.
    pub folder: Option<String>,
    /// The formats of its files.
    pub formats: Vec<ReportFormat>,
    /// A day of the first period.
    pub from: Date,
    /// Who set it last.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A period of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Its days.
    pub period: Period,
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// When its report is run.
    pub due: Timestamp,
}

impl Schedule {
    /// What an event says that was taken in at a time.
    ///
    /// # Errors
    /// When no report can be run by it: everything that is said is checked.
    pub fn of(told: &ReportScheduled, at: Timestamp) -> Result<Self, InvalidSchedule> {
        let report = definition(&told.report)?;
        report.parameters_of(&told.parameters)?;
        if told.hour > 23 {
            return Err(InvalidSchedule::Hour(told.hour));
        }
        let zone = TimeZone::get(&told.zone)
            .map_err(|_| InvalidSchedule::Zone(told.zone.chars().take(80).collect()))?;
        let from = match &told.from {
            Some(text) => text
                .parse()
                .map_err(|_| InvalidSchedule::From(text.chars().take(40).collect()))?,
            None => day_of(at, &zone).ok_or_else(|| InvalidSchedule::From(at.to_string()))?,
        };
        let mut formats = Vec::new();
        for format in &told.formats {
            let format = format.parse()?;
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        if told.folder.is_some() == formats.is_empty() {
            return Err(InvalidSchedule::HalfOfFiles);
        }
        if let Some(folder) = told.folder.as_ref().filter(|folder| !is_below(folder)) {
            return Err(InvalidSchedule::Folder(folder.chars().take(80).collect()));
        }
        let schedule = Self {
            name: SourceName::new(told.name.clone())?,
            report,
            parameters: told.parameters.clone(),
            every: told.every.parse()?,
            hour: told.hour,
            zone,
            zone_name: told.zone.clone(),
            folder: told.folder.clone(),
            formats,
            from,
            by: told.by.clone(),
            at,
        };
        schedule.check_begin(at)?;
        Ok(schedule)
    }

    /// The period to run next, after one that ended at a time.
    #[must_use]
    pub fn next(&self, after: Option<Timestamp>) -> Option<Turn> {
        let done = after.and_then(|after| day_of(after, &self.zone));
        self.turn(done.map_or(self.from, |day| day.max(self.from)))
    }

    /// What is asked for a period, as of a position of the log.
    #[must_use]
    pub fn asked(&self, turn: &Turn, at: Position) -> Asked {
        Asked {
            name: self.report.name.to_owned(),
            from: Some(turn.from),
            to: Some(turn.to),
            parameters: self.parameters.clone(),
            at: Some(at),
            by: self.by.clone(),
        }
    }

    /// What its runs see: all sessions and the log, nothing that is redacted. Whoever schedules has the right to all of it.
    #[must_use]
    pub fn sight() -> Sight {
        let grant = Grant {
            role: Role::Siem,
            scope: Scope::default(),
        };
        Sight::new(Vec::new(), vec![grant])
    }

    fn turn(&self, day: Date) -> Option<Turn> {
        let period = self.every.period_of(day)?;
        let (from, to) = period.times(&self.zone)?;
        let due = period.due(self.hour, &self.zone)?;
        Some(Turn {
            period,
            from,
            to,
            due,
        })
    }

    fn check_begin(&self, now: Timestamp) -> Result<(), InvalidSchedule> {
        let mut day = self.from;
        for _ in 0..=BEHIND_MAX {
            match self.turn(day) {
                Some(turn) if turn.due <= now => day = turn.period.after,
                Some(_) => return Ok(()),
                None => break,
            }
        }
        Err(InvalidSchedule::LongAgo(self.from))
    }
}

/// Whether a path leads below the folder that it is joined to, whatever there is.
fn is_below(folder: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."));
    let fits = !folder.is_empty()
        && folder.chars().count() <= FOLDER_CHARS_MAX
        && !folder.chars().any(char::is_control);
    fits && Path::new(folder).components().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monthly() -> ReportScheduled {
        ReportScheduled {
            by: "an admin".to_owned(),
            every: "month".to_owned(),
            hour: 6,
            name: "monthly".to_owned(),
            report: "reviews".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            ..ReportScheduled::default()
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn one_period_follows_the_other_from_the_one_it_was_scheduled_in() {
        // It is the first of November already, in Berlin.
        let schedule = Schedule::of(&monthly(), at("2026-10-31T23:30:00Z")).unwrap();
        let first = schedule.next(None).unwrap();
        assert_eq!(first.from, at("2026-10-31T23:00:00Z"));
        assert_eq!(first.to, at("2026-11-30T23:00:00Z"));
        assert_eq!(first.due, at("2026-12-01T05:00:00Z"));
        let second = schedule.next(Some(first.to)).unwrap();
        assert_eq!(second.from, first.to);
        // What ran before it began anew does not hold it up.
        let long_ago = at("2020-01-01T00:00:00Z");
        assert_eq!(schedule.next(Some(long_ago)), Some(first));
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_its_reason() {
        type Change = fn(&mut ReportScheduled);
        let cases: [(Change, &str); 12] = [
            (|told| told.name = "A b".to_owned(), "name"),
            (
                |told| told.report = "nothing".to_owned(),
                "there is no report `nothing`",
            ),
            (
                |told| drop(told.parameters.insert("days".to_owned(), "1".to_owned())),
                "no parameter",
            ),
            (
                |told| told.every = "year".to_owned(),
                "\"year\" is no period",
            ),
            (|told| told.hour = 24, "`hour` is 24"),
            (
                |told| told.zone = "Mars/Base".to_owned(),
                "`zone` is \"Mars/Base\"",
            ),
            (
                |told| told.from = Some("today".to_owned()),
                "`from` is \"today\"",
            ),
            (
                |told| told.from = Some("1066-10-14".to_owned()),
                "more than 400 periods",
            ),
            (
                |told| told.formats = vec!["pdf".to_owned()],
                "files need both",
            ),
            (
                |told| told.folder = Some("audits".to_owned()),
                "files need both",
            ),
            (
                |told| {
                    told.folder = Some("audits/../..".to_owned());
                    told.formats = vec!["pdf".to_owned()];
                },
                "`folder` is",
            ),
            (
                |told| {
                    told.folder = Some("audits".to_owned());
                    told.formats = vec!["docx".to_owned()];
                },
                "\"docx\" is not a format",
            ),
        ];
        for (change, expected) in cases {
            let mut told = monthly();
            change(&mut told);
            let error = Schedule::of(&told, at("2026-11-21T00:00:00Z")).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
