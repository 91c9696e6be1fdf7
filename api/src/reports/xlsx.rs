//! A spreadsheet: the rows on one sheet, what they are of on another. Texts are texts, whatever they begin with.

use retrace_query::reports::{Cell, Report};
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use super::words;

/// A cell of Excel holds no more characters.
const CELL_CHARACTERS_MAX: usize = 32_000;
/// Excel knows no times before.
const FIRST_TIME_US: i64 = -2_208_988_800_000_000;

pub(super) fn write(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The time of writing would make each file another.
    let fixed = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let properties = DocProperties::new()
        .set_title(report.definition.title)
        .set_author("Retrace")
        .set_creation_datetime(&fixed);
    book.set_properties(&properties);
    rows(report, book.add_worksheet())?;
    about(report, book.add_worksheet())?;
    book.save_to_buffer()
}

fn rows(report: &Report, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let head = Format::new()
        .set_bold()
        .set_background_color(0x00E8_EEFC)
        .set_border_bottom(rust_xlsxwriter::FormatBorder::Thin);
    let time = Format::new()
        .set_num_format("yyyy-mm-dd hh:mm:ss")
        .set_align(FormatAlign::Left);
    let duration = Format::new().set_num_format("[h]:mm:ss");
    sheet.set_name("Rows")?;
    let columns = report.definition.columns;
    for (place, column) in (0..).zip(columns) {
        sheet.write_string_with_format(0, place, column.title, &head)?;
    }
    for (line, row) in (1..).zip(&report.rows) {
        for (place, cell) in (0..).zip(row) {
            match cell {
                Cell::Nothing => {}
                Cell::Time(at) if at.micros() >= FIRST_TIME_US => {
                    let at = ExcelDateTime::from_timestamp(at.micros().div_euclid(1_000_000))?;
                    sheet.write_datetime_with_format(line, place, &at, &time)?;
                }
                Cell::Duration(us) => {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "a spreadsheet counts in floats"
                    )]
                    let days = *us as f64 / 86_400_000_000.0;
                    sheet.write_number_with_format(line, place, days, &duration)?;
                }
                Cell::Count(count) => {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "a spreadsheet counts in floats"
                    )]
                    let count = *count as f64;
                    sheet.write_number(line, place, count)?;
                }
                other => {
                    let text: String = words::cell(other)
                        .chars()
                        .take(CELL_CHARACTERS_MAX)
                        .collect();
                    sheet.write_string(line, place, text)?;
                }
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    let last_column = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    let last_row = u32::try_from(report.rows.len()).unwrap_or(0);
    sheet.autofilter(0, 0, last_row, last_column)?;
    sheet.autofit();
    Ok(())
}

fn about(report: &Report, sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_name("About")?;
    sheet.set_column_width(0, 34)?;
    sheet.set_column_width(1, 100)?;
    let mut lines = vec![
        ("Report".to_owned(), report.definition.title.to_owned()),
        ("Answers".to_owned(), report.definition.answers.to_owned()),
    ];
    lines.extend(words::about(report));
    lines.push(("Checkpoint".to_owned(), report.checkpoint.clone()));
    lines.push(("The same again".to_owned(), words::again(report)));
    for (control, about) in words::controls(report) {
        lines.push((format!("Supports {control}"), about.to_owned()));
    }
    lines.push(("Note".to_owned(), words::SUPPORTS.to_owned()));
    for (line, (name, value)) in (0..).zip(lines) {
        sheet.write_string_with_format(line, 0, name, &bold)?;
        let value: String = value.chars().take(CELL_CHARACTERS_MAX).collect();
        sheet.write_string_with_format(line, 1, value, &wrapped)?;
    }
    Ok(())
}
