//! A report in JSON, with all that it is of.

use retrace_query::reports::{Cell, Report};
use serde_json::{Map, Value, json};

use super::words;

pub(super) fn write(report: &Report) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(&value(report))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn value(report: &Report) -> Value {
    let columns = report.definition.columns;
    let rows = report.rows.iter().map(|row| {
        let named = columns.iter().zip(row);
        named
            .map(|(column, cell)| (column.name.to_owned(), cell_value(cell)))
            .collect::<Map<_, _>>()
    });
    let controls = report.definition.controls.iter().map(
        |control| json!({"framework": control.framework, "id": control.id, "about": control.about}),
    );
    json!({
        "report": report.definition.name,
        "title": report.definition.title,
        "answers": report.definition.answers,
        "from": report.from,
        "to": report.to,
        "parameters": report.parameters,
        "by": report.by,
        "position": report.position,
        "checkpoint": report.checkpoint,
        "onlySessionsInSight": report.is_partial,
        "rowsCut": report.is_cut,
        "columns": columns.iter().map(|column| json!({"name": column.name, "title": column.title})).collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "charts": report.charts.iter().map(|chart| json!({
            "title": chart.title,
            "bars": chart.bars.iter().map(|(of, count)| json!({"of": of, "count": count})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "supports": controls.collect::<Vec<_>>(),
        "note": words::SUPPORTS,
    })
}

/// Times in RFC 3339, durations in microseconds.
fn cell_value(cell: &Cell) -> Value {
    match cell {
        Cell::Nothing => Value::Null,
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Time(at) => json!(at),
        Cell::Duration(us) => Value::from(*us),
        Cell::Count(count) => Value::from(*count),
        Cell::Session(session) => json!(session),
        Cell::Position(position) => json!(position),
    }
}
