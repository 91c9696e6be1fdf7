//! Reports: run by somebody, or by themselves when a period is over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A report was run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportRun {
    /// Where from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who ran it.
    pub by: String,
    /// The files that a schedule writes of it: paths below the folder for exports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What it was given out as: `pdf`, `csv`, … Absent, it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Which report.
    pub name: String,
    /// Its range of time and its parameters, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    /// The position of the log that it is as of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// How many rows it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// The schedule by which it was run, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The id of the token, or of the browser's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A report is run by itself from now on. A schedule of the same name that was there before is replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportScheduled {
    /// Who wants it.
    pub by: String,
    /// The period that each run is about: `day`, `week`, `month`, `quarter`.
    pub every: String,
    /// Where its files are written, below the folder for exports. Absent, none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The formats of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// A day of the first period that it is run for. Absent, the day on which it was scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The hour of the day after the period at which it is run.
    pub hour: u8,
    /// The name of the schedule.
    pub name: String,
    /// Parameters of the report that are not to have their default.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Which report.
    pub report: String,
    /// The time zone that days begin in: `Europe/Berlin`.
    pub zone: String,
}

/// A report is not run by itself any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportUnscheduled {
    /// Who wants that.
    pub by: String,
    /// The name of the schedule.
    pub name: String,
}
