//! What the files of a report have in common.

use retrace_core::Timestamp;
use retrace_query::reports::catalogue::ColumnKind;
use retrace_query::reports::{Cell, ROWS_MAX, Report};

/// What a report says of the controls that it lists.
pub const SUPPORTS: &str = "This report supports the controls listed above: it shows what the log recorded, for somebody \
    who judges it. It does not state that anybody complies with them.";

/// A cell as text. Times are in UTC, durations in hours, minutes and seconds.
#[must_use]
pub fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => printable(text),
        Cell::Time(at) => time(*at),
        Cell::Duration(us) => duration(*us),
        Cell::Count(count) => count.to_string(),
        Cell::Session(session) => session.to_string(),
        Cell::Position(position) => position.to_string(),
    }
}

/// Without characters that do something instead of standing there: control characters, and those that turn the order of
/// others around.
#[must_use]
pub fn printable(text: &str) -> String {
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if acts(c) { ' ' } else { c })
        .collect()
}

/// `2026-11-21 09:30:00 UTC`
#[must_use]
pub fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..19)) {
        (Some(day), Some(clock)) => format!("{day} {clock} UTC"),
        _ => text,
    }
}

/// `1 d 2:03:04`, `2:03:04`
#[must_use]
pub fn duration(us: u64) -> String {
    let seconds = us / 1_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (hours, minutes, seconds) = (rest / 3_600, rest % 3_600 / 60, rest % 60);
    let clock = format!("{hours}:{minutes:02}:{seconds:02}");
    if days > 0 {
        format!("{days} d {clock}")
    } else {
        clock
    }
}

/// Whether what is in a column stands on the right.
#[must_use]
pub fn is_number(kind: ColumnKind) -> bool {
    matches!(
        kind,
        ColumnKind::Duration | ColumnKind::Count | ColumnKind::Position
    )
}

/// The head of a report: what it is of, line by line.
#[must_use]
pub fn about(report: &Report) -> Vec<(String, String)> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let from = report.from.map_or_else(|| "the beginning".to_owned(), time);
    let mut about = vec![row("Period", format!("{from} to {}", time(report.to)))];
    for parameter in report.definition.parameters {
        if let Some(value) = report.parameters.get(parameter.name) {
            about.push(row(parameter.title, printable(value)));
        }
    }
    about.push(row("Run by", printable(&report.by)));
    about.push(row("Rows", rows(report)));
    let position = format!("{}: all events below it", report.position);
    about.push(row("Position of the log", position));
    if report.is_partial {
        let what = "only sessions that whoever ran it may see";
        about.push(row("Sessions", what.to_owned()));
    }
    about
}

fn rows(report: &Report) -> String {
    let count = report.rows.len();
    if report.is_cut {
        format!("the first {ROWS_MAX}; there are more: choose a shorter period")
    } else {
        count.to_string()
    }
}

/// The controls that it supports: `PCI DSS 4.0 10.2: …`.
#[must_use]
pub fn controls(report: &Report) -> Vec<(String, &'static str)> {
    let controls = report.definition.controls.iter();
    controls
        .map(|control| {
            (
                format!("{} {}", control.framework, control.id),
                control.about,
            )
        })
        .collect()
}

/// How to run the same report again.
#[must_use]
pub fn again(report: &Report) -> String {
    let mut command = format!(
        "retrace report run {} --at {}",
        report.definition.name, report.position
    );
    if let Some(from) = report.from {
        command.push_str(&format!(" --from {from}"));
    }
    if report.is_to_asked {
        command.push_str(&format!(" --to {}", report.to));
    }
    for (name, value) in &report.parameters {
        command.push_str(&format!(" --set '{name}={}'", value.replace('\'', "'\\''")));
    }
    command
}
