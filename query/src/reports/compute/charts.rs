//! What can be seen of rows at a glance.

use std::collections::{BTreeMap, HashMap};

use super::super::catalogue::{ColumnKind, Definition};
use super::super::{Cell, Chart};
use super::Row;

/// A chart has so many bars; what is beyond them is one.
const BARS_MAX: usize = 10;

/// What can be seen of rows at a glance: how many there are of each value of a column, and on each day.
pub(crate) fn charts(definition: &'static Definition, rows: &[Row]) -> Vec<Chart> {
    let mut charts = Vec::new();
    let place = |name: &str| {
        definition
            .columns
            .iter()
            .position(|column| column.name == name)
    };
    for (title, name) in definition.charts {
        let Some(place) = place(name) else { continue };
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for row in rows {
            let value = match row.get(place) {
                Some(Cell::Text(text)) => text.as_str(),
                _ => "(not told)",
            };
            *counts.entry(value).or_default() += 1;
        }
        let mut bars: Vec<(String, u64)> = counts
            .into_iter()
            .map(|(value, count)| (value.to_owned(), count))
            .collect();
        bars.sort_by(|(one, ones), (other, others)| others.cmp(ones).then_with(|| one.cmp(other)));
        if bars.len() > BARS_MAX {
            let rest = bars.split_off(BARS_MAX - 1);
            let count = rest.iter().map(|(_, count)| count).sum();
            bars.push((format!("{} others", rest.len()), count));
        }
        charts.push(Chart { title, bars });
    }
    let time = definition
        .columns
        .iter()
        .position(|column| column.kind == ColumnKind::Time);
    if let Some(place) = time
        && let Some(bars) = by_time(rows, place)
    {
        charts.push(Chart {
            title: "Over time",
            bars,
        });
    }
    charts.retain(|chart| !chart.bars.is_empty());
    charts
}

/// How many rows there are of each day, month or year: whichever gives few enough bars. None where it gives one.
fn by_time(rows: &[Row], place: usize) -> Option<Vec<(String, u64)>> {
    for characters in [10, 7, 4] {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows {
            if let Some(Cell::Time(at)) = row.get(place) {
                let text = at.to_string();
                let period = text.get(..characters).unwrap_or(&text);
                *counts.entry(period.to_owned()).or_default() += 1;
            }
        }
        if counts.len() <= 31 {
            return (counts.len() > 1).then(|| counts.into_iter().collect());
        }
    }
    None
}
