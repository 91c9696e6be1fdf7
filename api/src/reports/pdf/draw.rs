//! Pages as PDF.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};
use retrace_query::reports::Report;

use super::pages::*;
use super::{BOLD, REGULAR};

pub(super) fn draw(pages: &Pages, report: &Report) -> Result<Vec<u8>, String> {
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
