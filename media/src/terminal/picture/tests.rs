use std::collections::BTreeSet;

use avt::Terminal;
use proptest::prelude::*;

use super::*;
use crate::terminal::Size;
use crate::terminal::font::FontSize;
use crate::terminal::testing::output;
use crate::terminal::theme::{Rgb, Theme, mix};

const SIZE: (u32, u32) = (12, 4);

fn terminal(text: &str) -> Terminal {
    let mut terminal = Terminal::new(SIZE.0 as usize, SIZE.1 as usize).unwrap();
    terminal.feed("\x1b[?25l");
    terminal.feed(text);
    terminal
}

fn painter() -> Painter {
    let size = Size::clamped(SIZE.0, SIZE.1);
    Painter::new(Theme::default(), FontSize::DEFAULT, size).unwrap()
}

/// The colours of a cell, of the screen that shows this text.
fn colours(text: &str, column: usize, row: usize) -> BTreeSet<Rgb> {
    let mut painter = painter();
    painter.paint(&terminal(text));
    let cell = painter.layout().cells(row, column, 1);
    let pixels = painter.picture().part(cell).flatten();
    pixels
        .map(|&[red, green, blue, _]| [red, green, blue])
        .collect()
}

#[test]
fn a_wide_character_is_drawn_in_both_of_its_cells() {
    for text in ["部", "\u{1f680}", "한", "Ａ"] {
        for column in [0, 1] {
            assert!(
                colours(text, column, 0).len() > 1,
                "{text} in column {column}"
            );
        }
        assert_eq!(colours(text, 2, 0).len(), 1, "{text}");
    }
}

#[test]
fn a_wide_character_that_is_cut_off_leaves_background() {
    let mut painter =
        Painter::new(Theme::default(), FontSize::DEFAULT, Size::clamped(1, 1)).unwrap();
    painter.paint(&terminal("部"));
    let background = Theme::default().background;
    let [red, green, blue] = background;
    let is_background = |pixel: &[u8; 4]| *pixel == [red, green, blue, 255];
    assert!(
        painter
            .picture()
            .part(painter.layout().whole())
            .flatten()
            .all(is_background)
    );
}

#[test]
fn colours_are_exact() {
    let theme = Theme::default();
    let (text, paper) = (theme.foreground, theme.background);
    // A full block shows the colour of the character, a space the one behind it.
    let cases = [
        ("█", text),
        (" ", paper),
        ("\x1b[31m█", theme.palette[1]),
        ("\x1b[1;31m█", theme.palette[9]),
        ("\x1b[93m█", theme.palette[11]),
        ("\x1b[44m ", theme.palette[4]),
        ("\x1b[38;5;208m█", [255, 135, 0]),
        ("\x1b[48;5;244m ", [128, 128, 128]),
        ("\x1b[38;2;1;2;3m█", [1, 2, 3]),
        ("\x1b[7m ", text),
        ("\x1b[7;48;2;9;8;7m█", [9, 8, 7]),
        ("\x1b[2m█", mix(text, paper, 1, 2)),
        ("\x1b[5m█", text),
        ("\x1b[?25h\x1b[4;4H\x1b[H", text), // under the cursor
        ("\x1b[?25h█\x1b[H", paper),
    ];
    for (written, want) in cases {
        assert_eq!(
            colours(written, 0, 0),
            BTreeSet::from([want]),
            "{written:?}"
        );
    }
}

#[test]
fn text_has_few_colours_and_all_are_between_its_two() {
    let theme = Theme::default();
    let mut all = BTreeSet::new();
    for (column, _) in "qR&@g".chars().enumerate() {
        all.extend(colours("qR&@g", column, 0));
    }
    assert!(all.len() <= 8, "{all:?}");
    let between = |part: u8| (theme.background[0]..=theme.foreground[0]).contains(&part);
    assert!(all.iter().all(|colour| between(colour[0])), "{all:?}");
}

#[test]
fn lines_join_from_cell_to_cell() {
    let mut painter = painter();
    painter.paint(&terminal("┌──┐\r\n│  │\r\n└──┘"));
    let [red, green, blue] = Theme::default().foreground;
    let is_line = |pixel: &[u8; 4]| *pixel == [red, green, blue, 255];
    let layout = painter.layout();
    let whole_lines = |first: usize, count: usize, row: usize| {
        let cells = layout.cells(row, first, count);
        let rows = painter.picture().part(cells);
        rows.filter(|row| row.iter().all(is_line)).count()
    };
    assert_eq!(whole_lines(1, 2, 0), 1);
    assert_eq!(whole_lines(1, 2, 2), 1);
    let column = layout.cells(0, 0, 1).left + (layout.cell.width as u32 - 1) / 2;
    let from = layout.cells(1, 0, 1).top;
    let down = Rect {
        left: column,
        top: from,
        width: 1,
        height: layout.cell.height as u32,
    };
    assert!(painter.picture().part(down).flatten().all(is_line));
}

#[test]
fn attributes_are_seen() {
    let plain = painted("ab");
    for written in [
        "\x1b[1mab",
        "\x1b[3mab",
        "\x1b[4mab",
        "\x1b[9mab",
        "\x1b[7mab",
        "a\u{301}b",
    ] {
        assert_ne!(painted(written), plain, "{written:?}");
    }
    assert_eq!(painted("\x1b[5mab"), plain, "blinking text stays");
}

fn painted(text: &str) -> Picture {
    let mut painter = painter();
    painter.paint(&terminal(text));
    painter.picture().clone()
}

#[test]
fn a_mark_is_drawn_over_the_character_before_it() {
    let alone = colours("a", 1, 0);
    let mut painter = painter();
    painter.paint(&terminal("e\u{301}"));
    let second = painter.layout().cells(0, 1, 1);
    let pixels = painter.picture().part(second).flatten();
    let colours: BTreeSet<_> = pixels.map(|&[r, g, b, _]| [r, g, b]).collect();
    assert_eq!(colours, alone, "its own cell stays empty");
    // When it goes, so does what is seen of it.
    painter.paint(&terminal("e "));
    assert_eq!(painter.picture(), &painted("e "));
}

#[test]
fn what_no_font_has_is_a_box() {
    assert!(colours("\u{f0001}", 0, 0).len() > 1);
    assert_ne!(painted("\u{f0001}"), painted("\u{f0002}"));
}

#[test]
fn a_smaller_screen_stands_at_the_top_left_with_a_border() {
    let mut painter =
        Painter::new(Theme::default(), FontSize::DEFAULT, Size::clamped(20, 8)).unwrap();
    painter.paint(&terminal("x"));
    let theme = Theme::default();
    let (width, height) = (painter.picture().width(), painter.picture().height());
    assert!(width % 2 == 0 && height % 2 == 0, "{width} x {height}");
    let pixel = |left, top| {
        let at = Rect {
            left,
            top,
            width: 1,
            height: 1,
        };
        painter.picture().part(at).next().unwrap()[0]
    };
    let [r, g, b] = theme.background;
    assert_eq!(pixel(0, 0), [r, g, b, 255]);
    let [r, g, b] = mix(theme.background, theme.foreground, 1, 8);
    assert_eq!(pixel(width - 1, height - 1), [r, g, b, 255]);
}

#[test]
fn a_picture_with_too_many_pixels_is_refused() {
    let paint = |font, columns, rows| {
        Painter::new(
            Theme::default(),
            FontSize::clamped(font),
            Size::clamped(columns, rows),
        )
    };
    assert!(paint(15, 500, 200).is_ok());
    assert_eq!(
        paint(15, 1_000, 500).unwrap().layout().size(),
        Size::clamped(500, 200)
    );
    let refused = paint(64, 500, 200).err().unwrap();
    assert!(
        refused.to_string().contains("choose a smaller font"),
        "{refused}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn painting_what_changed_is_painting_everything(
        steps in prop::collection::vec((output(), prop::option::weighted(0.1, (1..16_usize, 1..6_usize))), 1..12),
    ) {
        use avt::observer::DirtyRows;

        let (mut stepwise, mut compared) = (painter(), painter());
        let mut terminal = Terminal::with_scrollback(12, 4, Some(20)).unwrap();
        let mut observer = DirtyRows::new();
        for (text, size) in steps {
            let mut rows: BTreeSet<usize> = terminal.feed_with(text.as_str(), &mut observer).into_iter().collect();
            if let Some((columns, lines)) = size {
                rows.extend(terminal.resize_with(columns, lines, &mut observer));
            }
            let before = stepwise.picture().clone();
            stepwise.paint_rows(&terminal, rows);
            compared.paint(&terminal);
            let mut whole = painter();
            whole.paint(&terminal);
            prop_assert!(compared.picture() == whole.picture(), "compared, after {text:?}");
            prop_assert!(stepwise.picture() == whole.picture(), "by rows, after {text:?}");
            prop_assert!(outside_is_same(&before, stepwise.picture(), stepwise.changed()));
        }
    }
}

/// Whether two pictures are the same but for these rectangles, of which no two overlap.
fn outside_is_same(before: &Picture, after: &Picture, changed: &[Rect]) -> bool {
    let mut inside = vec![0_u8; (after.width * after.height) as usize];
    for rect in changed {
        for y in rect.top..rect.top + rect.height {
            let start = (y * after.width + rect.left) as usize;
            for pixel in &mut inside[start..start + rect.width as usize] {
                *pixel += 1;
            }
        }
    }
    let pixels = before.rgba.chunks(4).zip(after.rgba.chunks(4));
    pixels
        .zip(inside)
        .all(|((before, after), times)| times <= 1 && (times == 1 || before == after))
}
