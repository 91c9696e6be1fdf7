//! A web page in one file: without scripts, without anything from elsewhere.

use std::fmt::Write;

use retrace_query::reports::{Chart, Report};

use super::words;

const STYLE: &str = include_str!("report.css");

pub(super) fn write(report: &Report) -> String {
    let mut page = String::new();
    // Writing to a text does not fail.
    let _ = write_page(&mut page, report);
    page
}

fn write_page(page: &mut String, report: &Report) -> std::fmt::Result {
    let definition = report.definition;
    writeln!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{} – Retrace</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>",
        definition.title
    )?;
    writeln!(
        page,
        "<header><p class=\"kicker\">Report of Retrace</p><h1>{}</h1><p>{}</p></header>",
        definition.title, definition.answers
    )?;
    writeln!(page, "<dl>")?;
    for (name, value) in words::about(report) {
        writeln!(
            page,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escaped(&name),
            escaped(&value)
        )?;
    }
    writeln!(page, "</dl>")?;
    if !report.charts.is_empty() {
        writeln!(page, "<div class=\"charts\">")?;
        report
            .charts
            .iter()
            .try_for_each(|chart| write_chart(page, chart))?;
        writeln!(page, "</div>")?;
    }
    write_table(page, report)?;
    writeln!(page, "<h2>Controls</h2>\n<ul>")?;
    for (control, about) in words::controls(report) {
        writeln!(
            page,
            "<li><strong>{}</strong> {}</li>",
            escaped(&control),
            escaped(about)
        )?;
    }
    writeln!(page, "</ul>\n<p class=\"note\">{}</p>", words::SUPPORTS)?;
    writeln!(
        page,
        "<h2>The same again</h2>\n<p class=\"note\">The same report at the same position of the log is the same, to the byte.</p>"
    )?;
    writeln!(page, "<pre>{}</pre>", escaped(&words::again(report)))?;
    writeln!(
        page,
        "<h2>Checkpoint</h2>\n<pre>{}</pre>",
        escaped(&report.checkpoint)
    )?;
    writeln!(page, "</main>\n</body>\n</html>")
}

fn write_chart(page: &mut String, chart: &Chart) -> std::fmt::Result {
    let most = chart
        .bars
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    writeln!(
        page,
        "<figure><figcaption>{}</figcaption><table class=\"bars\">",
        escaped(chart.title)
    )?;
    for (of, count) in &chart.bars {
        let permille = count * 1_000 / most;
        let of = escaped(&words::printable(of));
        writeln!(
            page,
            "<tr><th scope=\"row\">{of}</th><td><svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{permille}\" height=\"10\"/></svg></td><td class=\"number\">{count}</td></tr>"
        )?;
    }
    writeln!(page, "</table></figure>")
}

fn write_table(page: &mut String, report: &Report) -> std::fmt::Result {
    let columns = report.definition.columns;
    writeln!(
        page,
        "<div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"Rows\"><table>\n<thead><tr>"
    )?;
    for column in columns {
        writeln!(page, "<th scope=\"col\">{}</th>", escaped(column.title))?;
    }
    writeln!(page, "</tr></thead>\n<tbody>")?;
    for row in &report.rows {
        write!(page, "<tr>")?;
        for (column, cell) in columns.iter().zip(row) {
            let class = if words::is_number(column.kind) {
                " class=\"number\""
            } else {
                ""
            };
            write!(page, "<td{class}>{}</td>", escaped(&words::cell(cell)))?;
        }
        writeln!(page, "</tr>")?;
    }
    writeln!(page, "</tbody></table></div>")?;
    if report.rows.is_empty() {
        writeln!(
            page,
            "<p class=\"note\">There is nothing to report in this period.</p>"
        )?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
