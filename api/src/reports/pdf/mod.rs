//! Pages to print and file: A4, landscape. Head, charts, rows, controls, checkpoint; on each page the position of the log
//! and its number of so many.
//!
//! Texts are set in DejaVu Sans Condensed, whose glyphs are embedded as far as they are used. Characters that it does not have
//! are shown as a box: the other formats have them.
//!
//! | module | holds |
//! |---|---|
//! | [`pages`] | pages as they are filled: widths of texts, lines, what stands where |
//! | [`table`] | the rows |
//! | [`draw`] | pages as PDF |

mod draw;
mod pages;
mod table;

use retrace_query::reports::{Chart, Report};

use super::words;
use draw::draw;
use pages::*;
use table::table;

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSansCondensed-Bold.ttf");

pub(super) fn write(report: &Report) -> Result<Vec<u8>, String> {
    let mut pages = Pages {
        pages: vec![Vec::new()],
        y: MARGIN,
        measure: Measure::new()?,
    };
    head(&mut pages, report);
    charts(&mut pages, &report.charts);
    table(&mut pages, report);
    foot(&mut pages, report);
    draw(&pages, report)
}

fn head(pages: &mut Pages, report: &Report) {
    pages.paragraph("Report of Retrace", BODY, false, QUIET);
    pages.paragraph(report.definition.title, 18.0, true, INK);
    pages.paragraph(report.definition.answers, 10.0, false, QUIET);
    pages.y += 8.0;
    pages.fill(MARGIN, pages.y, INNER, 0.6, RULE);
    pages.y += 6.0;
    let about = words::about(report);
    let half = INNER / 2.0;
    for pair in about.chunks(2) {
        let lines: Vec<Vec<String>> = pair
            .iter()
            .map(|(_, value)| pages.measure.lines(value, BODY, false, half - 120.0, 4))
            .collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(1) as f32 * LINE;
        pages.room(height);
        for (column, ((name, _), lines)) in pair.iter().zip(&lines).enumerate() {
            let x = MARGIN + column as f32 * half;
            pages.text(x, pages.y + BODY, BODY, false, QUIET, name.as_str());
            for (number, line) in lines.iter().enumerate() {
                let y = pages.y + BODY + number as f32 * LINE;
                pages.text(x + 110.0, y, BODY, false, INK, line.trim_end());
            }
        }
        pages.y += height + 2.0;
    }
    pages.y += 4.0;
    pages.fill(MARGIN, pages.y, INNER, 0.6, RULE);
    pages.y += 10.0;
}

fn charts(pages: &mut Pages, charts: &[Chart]) {
    let third = (INNER - 2.0 * 20.0) / 3.0;
    for row in charts.chunks(3) {
        let bars = row.iter().map(|chart| chart.bars.len()).max().unwrap_or(0);
        pages.room(18.0 + bars as f32 * LINE);
        let top = pages.y;
        for (column, chart) in row.iter().enumerate() {
            let x = MARGIN + column as f32 * (third + 20.0);
            pages.text(x, top + BODY, BODY, true, INK, chart.title);
            let most = chart
                .bars
                .iter()
                .map(|(_, count)| *count)
                .max()
                .unwrap_or(1)
                .max(1);
            for (number, (of, count)) in chart.bars.iter().enumerate() {
                let y = top + 14.0 + number as f32 * LINE;
                if y + LINE > BOTTOM {
                    break;
                }
                let name = pages
                    .measure
                    .lines(&words::printable(of), 7.0, false, third * 0.42, 1);
                pages.text(x, y + 7.0, 7.0, false, INK, name.concat());
                let room = third * 0.44;
                let width = (*count as f32 / most as f32 * room).max(0.8);
                pages.fill(x + third * 0.45, y + 1.5, width, 6.0, BAR);
                let label = count.to_string();
                pages.text(
                    x + third * 0.45 + width + 4.0,
                    y + 7.0,
                    7.0,
                    false,
                    QUIET,
                    label,
                );
            }
        }
        pages.y = top + 18.0 + bars as f32 * LINE + 6.0;
    }
}

fn foot(pages: &mut Pages, report: &Report) {
    pages.y += 12.0;
    pages.room(80.0);
    pages.paragraph("Controls that this report supports", 10.0, true, INK);
    for (control, about) in words::controls(report) {
        pages.paragraph(&format!("{control}: {about}"), BODY, false, INK);
    }
    pages.y += 4.0;
    pages.paragraph(words::SUPPORTS, BODY, false, QUIET);
    pages.y += 8.0;
    pages.room(90.0);
    pages.paragraph("The same again", 10.0, true, INK);
    pages.paragraph(
        "The same report at the same position of the log is the same, to the byte:",
        BODY,
        false,
        QUIET,
    );
    pages.paragraph(&words::again(report), BODY, false, INK);
    pages.y += 8.0;
    pages.paragraph("Checkpoint of the log at this position", 10.0, true, INK);
    for line in report.checkpoint.lines().filter(|line| !line.is_empty()) {
        pages.paragraph(line, BODY, false, INK);
    }
}
