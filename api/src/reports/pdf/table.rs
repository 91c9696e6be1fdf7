//! The rows, on as many pages as they need.

use retrace_query::reports::Report;
use retrace_query::reports::catalogue::ColumnKind;

use super::pages::*;
use crate::reports::words;

/// A cell goes on for no more lines than this: a report is to be read.
const CELL_LINES_MAX: usize = 6;
/// More rows than this are no pages that anybody files.
const ROWS_MAX: usize = 5_000;

/// How wide each column is: as wide as its texts, and all together as wide as the page.
fn widths(report: &Report, cells: &[Vec<String>], measure: &Measure) -> Vec<f32> {
    let columns = report.definition.columns;
    let room = INNER - GAP * columns.len().saturating_sub(1) as f32;
    let natural: Vec<f32> = columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let title = measure.width(column.title, BODY, true);
            // What is seldom long is not to push the others together.
            let mut widths: Vec<f32> = cells
                .iter()
                .take(400)
                .map(|row| measure.width(&row[place], BODY, false))
                .collect();
            widths.sort_by(f32::total_cmp);
            let last = widths.len().saturating_sub(1);
            let place = if column.kind == ColumnKind::Text {
                last * 95 / 100
            } else {
                last
            };
            let wide = widths.get(place).copied();
            wide.unwrap_or(0.0).max(title) + 1.0
        })
        .collect();
    let total: f32 = natural.iter().sum();
    if total <= room {
        // What is left goes to the columns of texts.
        let texts = columns
            .iter()
            .filter(|column| column.kind == ColumnKind::Text)
            .count();
        let more = if texts == 0 {
            0.0
        } else {
            (room - total) / texts as f32
        };
        let grown = natural.iter().zip(columns);
        return grown
            .map(|(width, column)| {
                if column.kind == ColumnKind::Text {
                    width + more
                } else {
                    *width
                }
            })
            .collect();
    }
    // The widest are cut first.
    let (mut low, mut high) = (20.0_f32, room);
    for _ in 0..40 {
        let most = f32::midpoint(low, high);
        let fits = natural.iter().map(|width| width.min(most)).sum::<f32>() <= room;
        if fits { low = most } else { high = most }
    }
    natural.iter().map(|width| width.min(low)).collect()
}

pub(super) fn table(pages: &mut Pages, report: &Report) {
    let columns = report.definition.columns;
    let cells: Vec<Vec<String>> = report
        .rows
        .iter()
        .take(ROWS_MAX)
        .map(|row| row.iter().map(words::cell).collect())
        .collect();
    let widths = widths(report, &cells, &pages.measure);
    let heading = |pages: &mut Pages| {
        pages.fill(MARGIN - 4.0, pages.y, INNER + 8.0, 15.0, SOFT);
        let mut x = MARGIN;
        for (column, width) in columns.iter().zip(&widths) {
            let line = pages
                .measure
                .lines(column.title, BODY, true, *width, 1)
                .concat();
            let shift = if words::is_number(column.kind) {
                width - pages.measure.width(&line, BODY, true)
            } else {
                0.0
            };
            pages.text(x + shift, pages.y + 10.5, BODY, true, INK, line);
            x += width + GAP;
        }
        pages.y += 18.0;
    };
    pages.room(60.0);
    heading(pages);
    if cells.is_empty() {
        pages.paragraph(
            "There is nothing to report in this period.",
            9.0,
            false,
            QUIET,
        );
    }
    for row in &cells {
        let lines: Vec<Vec<String>> = row
            .iter()
            .zip(&widths)
            .map(|(text, width)| {
                pages
                    .measure
                    .lines(text, BODY, false, *width, CELL_LINES_MAX)
            })
            .collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(1) as f32 * LINE + 3.0;
        if pages.room(height) {
            heading(pages);
        }
        let mut x = MARGIN;
        for ((lines, column), width) in lines.iter().zip(columns).zip(&widths) {
            for (number, line) in lines.iter().enumerate() {
                let line = line.trim_end();
                let shift = if words::is_number(column.kind) {
                    width - pages.measure.width(line, BODY, false)
                } else {
                    0.0
                };
                pages.text(
                    x + shift,
                    pages.y + BODY + number as f32 * LINE,
                    BODY,
                    false,
                    INK,
                    line,
                );
            }
            x += width + GAP;
        }
        pages.y += height;
        pages.fill(MARGIN, pages.y - 2.0, INNER, 0.3, RULE);
    }
    if report.rows.len() > ROWS_MAX {
        let text = format!(
            "The first {ROWS_MAX} of {} rows. The other formats have all of them.",
            report.rows.len()
        );
        pages.paragraph(&text, 9.0, true, INK);
    }
}
