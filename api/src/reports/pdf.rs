//! Pages to print and file: A4, landscape. Head, charts, rows, controls, checkpoint; on each page the position of the log
//! and its number of so many.
//!
//! Texts are set in DejaVu Sans Condensed, whose glyphs are embedded as far as they are used. Characters that it does not have
//! are shown as a box: the other formats have them.

use ab_glyph::{Font as _, FontRef, ScaleFont};
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use retrace_query::reports::catalogue::ColumnKind;
use retrace_query::reports::{Chart, Report};

use super::words;

const REGULAR: &[u8] = include_bytes!("fonts/DejaVuSansCondensed.ttf");
const BOLD: &[u8] = include_bytes!("fonts/DejaVuSansCondensed-Bold.ttf");

// Points, from the left and from the top.
const WIDTH: f32 = 841.89;
const HEIGHT: f32 = 595.28;
const MARGIN: f32 = 40.0;
const BOTTOM: f32 = HEIGHT - 52.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const BODY: f32 = 8.0;
const LINE: f32 = 10.5;
const GAP: f32 = 8.0;
/// A cell goes on for no more lines than this: a report is to be read.
const CELL_LINES_MAX: usize = 6;
/// More rows than this are no pages that anybody files.
const ROWS_MAX: usize = 5_000;

/// Red, green, blue.
type Rgb = (u8, u8, u8);

const INK: Rgb = (22, 27, 34);
const QUIET: Rgb = (88, 98, 112);
const RULE: Rgb = (205, 211, 219);
const SOFT: Rgb = (240, 242, 245);
const BAR: Rgb = (31, 79, 209);

/// What is drawn somewhere on a page.
enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        bold: bool,
        color: Rgb,
        text: String,
    },
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        color: Rgb,
    },
}

/// How wide texts are.
struct Measure {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

impl Measure {
    fn new() -> Result<Self, String> {
        let font = |bytes: &'static [u8]| {
            FontRef::try_from_slice(bytes).map_err(|error| error.to_string())
        };
        Ok(Self {
            regular: font(REGULAR)?,
            bold: font(BOLD)?,
        })
    }

    fn width(&self, text: &str, size: f32, bold: bool) -> f32 {
        let font = if bold { &self.bold } else { &self.regular };
        // Its scale is the height of a line, ours the size of an em.
        let em = font.units_per_em().unwrap_or(2048.0);
        let font = font.as_scaled(size * font.height_unscaled() / em);
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// The text in lines that fit, broken between words where it can be.
    fn lines(&self, text: &str, size: f32, bold: bool, width: f32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        for word in text.split_inclusive([' ', '/', ',', '-']) {
            let longer = format!("{line}{word}");
            if self.width(longer.trim_end(), size, bold) <= width {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                let longer = format!("{line}{c}");
                if !line.is_empty() && self.width(longer.trim_end(), size, bold) > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
                if lines.len() > most {
                    break;
                }
            }
            if lines.len() > most {
                break;
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                last.push('…');
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
        lines
    }
}

/// Pages, and where on the last one goes on.
struct Pages {
    pages: Vec<Vec<Mark>>,
    y: f32,
    measure: Measure,
}

impl Pages {
    fn text(&mut self, x: f32, y: f32, size: f32, bold: bool, color: Rgb, text: impl Into<String>) {
        let text = text.into();
        if let Some(page) = self.pages.last_mut()
            && !text.trim().is_empty()
        {
            page.push(Mark::Text {
                x,
                y,
                size,
                bold,
                color,
                text,
            });
        }
    }

    fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: Rgb) {
        if let Some(page) = self.pages.last_mut()
            && width > 0.0
        {
            page.push(Mark::Box {
                x,
                y,
                width,
                height,
                color,
            });
        }
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    /// Makes sure of room for so much.
    fn room(&mut self, height: f32) -> bool {
        let turns = self.y + height > BOTTOM;
        if turns {
            self.turn();
        }
        turns
    }

    fn paragraph(&mut self, text: &str, size: f32, bold: bool, color: Rgb) {
        for line in self.measure.lines(text, size, bold, INNER, 60) {
            self.room(size * 1.35);
            self.text(MARGIN, self.y + size, size, bold, color, line.trim_end());
            self.y += size * 1.35;
        }
    }
}

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

fn table(pages: &mut Pages, report: &Report) {
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

fn draw(pages: &Pages, report: &Report) -> Result<Vec<u8>, String> {
    let font = |bytes: &'static [u8]| Font::new(bytes.into(), 0).ok_or("a font cannot be read");
    let (regular, bold) = (font(REGULAR)?, font(BOLD)?);
    let mut document = Document::new();
    let metadata = Metadata::new()
        .title(report.definition.title.to_owned())
        .creator("Retrace".to_owned())
        .language("en".to_owned());
    document.set_metadata(metadata);
    let count = pages.pages.len();
    for (number, marks) in (1..).zip(&pages.pages) {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or("no such page")?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            match mark {
                Mark::Text {
                    x,
                    y,
                    size,
                    bold: is_bold,
                    color,
                    text,
                } => {
                    let font = if *is_bold { &bold } else { &regular };
                    write_text(&mut surface, font, (*x, *y), *size, *color, text);
                }
                Mark::Box {
                    x,
                    y,
                    width,
                    height,
                    color,
                } => fill(&mut surface, *color, (*x, *y, *width, *height)),
            }
        }
        let y = HEIGHT - 28.0;
        fill(&mut surface, RULE, (MARGIN, y - 12.0, INNER, 0.6));
        let left = format!(
            "{} – as of position {} of the log",
            report.definition.title, report.position
        );
        write_text(&mut surface, &regular, (MARGIN, y), 7.0, QUIET, &left);
        let right = format!("{number} of {count}");
        let x = WIDTH - MARGIN - pages.measure.width(&right, 7.0, false);
        write_text(&mut surface, &regular, (x, y), 7.0, QUIET, &right);
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| format!("{error:?}"))
}

fn filled((red, green, blue): Rgb) -> Fill {
    Fill {
        paint: rgb::Color::new(red, green, blue).into(),
        ..Fill::default()
    }
}

fn write_text(
    surface: &mut Surface<'_>,
    font: &Font,
    at: (f32, f32),
    size: f32,
    color: Rgb,
    text: &str,
) {
    surface.set_fill(Some(filled(color)));
    surface.draw_text(
        Point::from_xy(at.0, at.1),
        font.clone(),
        size,
        text,
        false,
        TextDirection::Auto,
    );
}

fn fill(surface: &mut Surface<'_>, color: Rgb, (x, y, width, height): (f32, f32, f32, f32)) {
    let Some(rect) = Rect::from_xywh(x, y, width, height) else {
        return;
    };
    let mut path = PathBuilder::new();
    path.push_rect(rect);
    if let Some(path) = path.finish() {
        surface.set_fill(Some(filled(color)));
        surface.draw_path(&path);
    }
}
