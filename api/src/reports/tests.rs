use std::collections::BTreeMap;

use retrace_core::{Position, Timestamp};
use retrace_query::reports::catalogue::definition;
use retrace_query::reports::{Cell, Chart, Report};

use super::*;

/// A report with what strangers would like to do to those who read it.
fn hostile(rows: usize) -> Report {
    let definition = definition("denied-access").unwrap();
    let at: Timestamp = "2026-11-21T09:30:00Z".parse().unwrap();
    let texts = [
        "=HYPERLINK(\"https://evil.example\",\"x\")",
        "<script>alert(1)</script>",
        "\u{202e}gpj.exe\u{1b}[31m",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "部署 完了 café Ж",
    ];
    let row = |number: usize| {
        vec![
            Cell::Time(at),
            Cell::Text(texts[number % texts.len()].to_owned()),
            Cell::Text("sign-in failed".to_owned()),
            Cell::Text(format!(
                "{} {}",
                texts[(number + 1) % texts.len()],
                "long ".repeat(60)
            )),
            Cell::Nothing,
            Cell::Count(3),
            Cell::Position(Position(7)),
        ]
    };
    Report {
        definition,
        from: None,
        to: at,
        is_to_asked: false,
        parameters: BTreeMap::new(),
        rows: (0..rows).map(row).collect(),
        is_cut: false,
        charts: vec![Chart {
            title: "By who",
            bars: vec![(texts[1].to_owned(), 3), (String::new(), 0)],
        }],
        position: Position(7),
        checkpoint: "retrace/x\n7\nAAAA\n\n— retrace/x AAAA\n".to_owned(),
        by: "<b>ann</b>".to_owned(),
        is_partial: true,
    }
}

#[test]
fn each_format_gives_the_same_bytes_for_the_same_report() {
    for format in ReportFormat::ALL {
        for rows in [0, 1, 200] {
            let report = hostile(rows);
            let first = render(&report, format).unwrap();
            assert!(!first.is_empty());
            std::thread::sleep(std::time::Duration::from_millis(1_100 / (rows as u64 + 1)));
            assert!(
                first == render(&report, format).unwrap(),
                "{} with {rows} rows",
                format.name()
            );
        }
    }
}

#[test]
fn no_cell_of_csv_begins_a_formula_and_no_markup_comes_into_a_page() {
    let csv = String::from_utf8(render(&hostile(5), ReportFormat::Csv).unwrap()).unwrap();
    assert_eq!(csv.lines().count(), 6, "{csv}");
    for line in csv.lines().skip(1) {
        for cell in [line, &line.replace("\",\"", "\n")]
            .join("\n")
            .split(['\n', ','])
        {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
        }
    }
    assert!(
        csv.contains("\"'=HYPERLINK(\"\"https://evil.example\"\",\"\"x\"\")\""),
        "{csv}"
    );
    let page = String::from_utf8(render(&hostile(5), ReportFormat::Html).unwrap()).unwrap();
    assert!(
        !page.contains("<script>") && !page.contains("<b>ann"),
        "{page}"
    );
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("does not state that anybody complies"));
}
