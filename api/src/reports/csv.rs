//! Comma-separated values (RFC 4180): a line of names, and a line for each row.
//!
//! Spreadsheets take a cell that begins with `=`, `+`, `-`, `@`, a tab or a line end for a formula: such a cell gets an
//! apostrophe before it, as [OWASP](https://owasp.org/www-community/attacks/CSV_Injection) says.

use retrace_query::reports::{Cell, Report};

use super::words;

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let columns = report.definition.columns;
    line(
        &mut text,
        columns.iter().map(|column| column.name.to_owned()),
    );
    for row in &report.rows {
        line(&mut text, row.iter().map(value));
    }
    text
}

/// What programs read: times in RFC 3339, durations in seconds.
fn value(cell: &Cell) -> String {
    match cell {
        Cell::Time(at) => at.to_string(),
        Cell::Duration(us) => format!("{}.{:06}", us / 1_000_000, us % 1_000_000),
        other => words::cell(other),
    }
}

fn line(text: &mut String, values: impl Iterator<Item = String>) {
    for (number, value) in values.enumerate() {
        if number > 0 {
            text.push(',');
        }
        let is_formula = value.starts_with([
            '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
        ]);
        let value = if is_formula {
            format!("'{value}")
        } else {
            value
        };
        if value.contains([',', '"', '\n', '\r', '\'']) {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&value);
        }
    }
    text.push_str("\r\n");
}
