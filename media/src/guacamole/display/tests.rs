//! What is drawn, against small pictures worked out by hand, and against guacenc.

mod against_guacenc;
mod any;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, RgbaImage};

use super::*;
use crate::guacamole::testing::{each, recording, written};

fn drawn_within(limits: Limits, recording: &str) -> Display {
    let mut display = Display::new(limits);
    each(recording.as_bytes(), |i| {
        display.apply(i);
    });
    display
}

fn drawn(lines: &str) -> Display {
    drawn_within(Limits::default(), &recording(lines))
}

/// The picture as letters: the colours that the tests use, `?` for any other.
fn letters(display: &mut Display) -> Vec<String> {
    let picture = display.frame();
    let letter = |pixel: &[u8]| match pixel {
        [0, 0, 0, 255] => '.',
        [255, 0, 0, 255] => 'r',
        [0, 255, 0, 255] => 'g',
        [0, 0, 255, 255] => 'b',
        [255, 255, 255, 255] => 'w',
        _ => '?',
    };
    let rows = picture.pixels.chunks(picture.stride.max(1));
    rows.map(|row| row.chunks(4).map(letter).collect())
        .collect()
}

fn file(image: &RgbaImage, format: ImageFormat) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = DynamicImage::from(image.clone());
    let image = if format == ImageFormat::Jpeg {
        image.into_rgb8().into()
    } else {
        image
    };
    image.write_to(&mut bytes, format).unwrap();
    STANDARD.encode(bytes.into_inner())
}

#[test]
fn instructions_draw_what_the_protocol_says() {
    let red = "cfill 14 0 255 0 0 255";
    let cases: &[(&str, String, &[&str])] = &[
        (
            "a rectangle, cut off at the edges",
            format!("rect 0 1 1 9 9; {red}"),
            &["...", ".rr", ".rr"],
        ),
        (
            "two at once",
            format!("rect 0 0 0 1 1; rect 0 2 2 1 1; {red}"),
            &["r..", "...", "..r"],
        ),
        (
            "the path is done",
            format!("rect 0 0 0 1 1; {red}; rect 0 2 2 1 1; cfill 14 0 0 255 0 255"),
            &["r..", "...", "..g"],
        ),
        (
            "a triangle of lines",
            format!("start 0 0 0; line 0 5 0; line 0 0 5; close 0; {red}"),
            &["rrr", "rrr", "rr?"],
        ),
        (
            "a stroke",
            "start 0 0 1.5; line 0 3 1.5; cstroke 14 0 0 0 1 0 255 0 255".into(),
            &["...", "ggg", "..."],
        ),
        (
            "a full arc",
            format!("arc 0 1 1 9 0 6.2831855 0; {red}"),
            &["rrr", "rrr", "rrr"],
        ),
        (
            "nothing there",
            format!("rect 0 0 0 0 3; {red}"),
            &["...", "...", "..."],
        ),
        (
            "a copy",
            format!("rect 0 0 0 1 3; {red}; copy 0 0 0 1 2 14 0 2 1"),
            &["r..", "r.r", "r.r"],
        ),
        (
            "a copy onto itself",
            format!("rect 0 0 0 1 1; {red}; copy 0 0 0 2 3 12 0 1 0"),
            &["rr.", "...", "..."],
        ),
        (
            "a copy by way of a buffer",
            String::from("rect -1 0 0 2 1; cfill 14 -1 0 0 255 255; copy -1 0 0 2 1 14 0 1 2"),
            &["...", "...", ".bb"],
        ),
        (
            "a clip",
            format!(
                "push 0; rect 0 0 0 1 3; clip 0; rect 0 0 0 3 1; {red}; pop 0; \
         rect 0 2 2 1 1; {red}"
            ),
            &["r..", "...", "..r"],
        ),
        (
            "moved by a transform",
            format!(
                "transform 0 1 0 0 1 2 1; rect 0 0 0 1 1; {red}; identity 0; \
         rect 0 0 0 1 1; {red}"
            ),
            &["r..", "..r", "..."],
        ),
        (
            "a pattern",
            "rect -1 0 0 1 1; cfill 14 -1 0 0 255 255; size -1 2 1; rect 0 0 0 3 2; \
         lfill 14 0 -1"
                .into(),
            &["b.b", "b.b", "..."],
        ),
        (
            "erased",
            format!("rect 0 0 0 3 3; {red}; rect 0 1 1 1 1; cfill 2 0 0 0 0 255"),
            &["rrr", "r.r", "rrr"],
        ),
        (
            "transfer xor",
            format!(
                "rect 0 0 0 2 1; {red}; rect -1 0 0 3 1; cfill 14 -1 255 255 255 255; \
         transfer 0 0 0 2 1 6 -1 0 0; rect 0 0 0 3 3; cfill 12 0 0 0 0 255; \
         copy -1 0 0 3 1 14 0 0 0"
            ),
            &["??w", "...", "..."],
        ),
        (
            "a layer above",
            String::from("size 1 2 2; move 1 0 1 1 0; rect 1 0 0 2 2; cfill 14 1 0 255 0 255"),
            &["...", ".gg", ".gg"],
        ),
        (
            "the higher is above",
            "size 1 3 1; rect 1 0 0 3 1; cfill 14 1 0 255 0 255; size 2 2 1; \
         rect 2 0 0 2 1; cfill 14 2 0 0 255 255; move 1 0 0 0 5"
                .into(),
            &["ggg", "...", "..."],
        ),
        (
            "of equals the later is above",
            "size 1 3 1; rect 1 0 0 3 1; cfill 14 1 0 255 0 255; size 2 2 1; \
         rect 2 0 0 2 1; cfill 14 2 0 0 255 255"
                .into(),
            &["bbg", "...", "..."],
        ),
        (
            "cut off at the parent's edge",
            "size 1 2 2; size 2 3 3; move 2 1 1 1 0; rect 2 0 0 3 3; \
         cfill 14 2 0 255 0 255"
                .into(),
            &["...", ".g.", "..."],
        ),
        (
            "not seen",
            "size 1 3 3; rect 1 0 0 3 3; cfill 14 1 0 255 0 255; shade 1 0".into(),
            &["...", "...", "..."],
        ),
        (
            "half seen with what is in it",
            "size 1 3 1; size 2 3 1; move 2 1 0 0 0; rect 2 0 0 2 1; \
         cfill 14 2 0 255 0 255; shade 1 128"
                .into(),
            &["??.", "...", "..."],
        ),
        (
            "gone",
            "size 1 3 3; rect 1 0 0 3 3; cfill 14 1 0 255 0 255; dispose 1".into(),
            &["...", "...", "..."],
        ),
        (
            "gone with what was in it",
            "size 1 3 3; size 2 3 3; move 2 1 0 0 0; rect 2 0 0 3 3; \
         cfill 14 2 0 255 0 255; dispose 1"
                .into(),
            &["...", "...", "..."],
        ),
        (
            "each in the other",
            "size 1 3 3; size 2 3 3; move 2 1 0 0 0; move 1 2 0 0 0; \
         rect 2 0 0 3 3; cfill 14 2 0 255 0 255"
                .into(),
            &["...", "...", "..."],
        ),
        (
            "the cursor, by its hotspot",
            "rect -1 0 0 2 1; cfill 14 -1 255 255 255 255; cursor 1 0 -1 0 0 2 1; \
         mouse 2 2 0"
                .into(),
            &["...", "...", ".ww"],
        ),
        (
            "smaller",
            format!("rect 0 0 0 3 3; {red}; size 0 2 1"),
            &["rr"],
        ),
        (
            "larger",
            format!("rect 0 0 0 3 3; {red}; size 0 4 1"),
            &["rrr."],
        ),
    ];
    for (name, lines, want) in cases {
        let lines = format!("size 0 3 3; {lines}");
        let mut display = drawn(&lines);
        assert_eq!(letters(&mut display), *want, "{name}");
        assert_eq!(display.counts().refused, 0, "{name}");
        // As well when it is composed after each instruction.
        let mut display = Display::new(Limits::default());
        each(recording(&lines).as_bytes(), |i| {
            display.apply(i);
            display.frame();
        });
        assert_eq!(
            letters(&mut display),
            *want,
            "{name}, composed piece by piece"
        );
    }
}

#[test]
fn images_of_all_kinds_are_drawn() {
    let green = RgbaImage::from_pixel(2, 2, image::Rgba([0, 255, 0, 255]));
    let half = RgbaImage::from_pixel(2, 2, image::Rgba([255, 255, 255, 0]));
    let end = written(&["end", "1"]);
    let size = recording("size 0 3 2");
    let png = file(&green, ImageFormat::Png);
    let img = |kind| written(&["img", "1", "14", "0", kind, "1", "0"]);
    let blob = |data: &str| written(&["blob", "1", data]);
    let (first, second) = png.split_at(40);
    let cases = [
        (
            "png",
            format!("{size}{}{}{end}", img("image/png"), blob(&png)),
        ),
        (
            "in two pieces",
            format!(
                "{size}{}{}{}{end}",
                img("image/png"),
                blob(first),
                blob(second)
            ),
        ),
        (
            "webp",
            format!(
                "{size}{}{}{end}",
                img("image/webp"),
                blob(&file(&green, ImageFormat::WebP))
            ),
        ),
        (
            "named wrongly",
            format!("{size}{}{}{end}", img("image/jpeg"), blob(&png)),
        ),
        (
            "old",
            format!("{size}{}", written(&["png", "14", "0", "1", "0", &png])),
        ),
        (
            "transparent above",
            format!(
                "{size}{}{}{end}{}{}{end}",
                img("image/png"),
                blob(&png),
                img("image/png"),
                blob(&file(&half, ImageFormat::Png))
            ),
        ),
    ];
    for (name, recording) in cases {
        let mut display = drawn_within(Limits::default(), &recording);
        assert_eq!(letters(&mut display), [".gg", ".gg"], "{name}");
        assert_eq!(display.counts().images_refused, 0, "{name}");
    }
    let jpeg = file(
        &RgbaImage::from_pixel(16, 16, image::Rgba([0, 200, 0, 255])),
        ImageFormat::Jpeg,
    );
    let recording = format!("{size}{}{}{end}", img("image/jpeg"), blob(&jpeg));
    let mut display = drawn_within(Limits::default(), &recording);
    let [red, green, blue, _] = display.frame().pixels[4..8] else {
        panic!()
    };
    assert!(
        red < 4 && green.abs_diff(200) < 4 && blue < 4,
        "{red} {green} {blue}"
    );
}

#[test]
fn what_is_too_much_or_broken_is_counted_and_the_rest_is_drawn() {
    let limits = Limits {
        side: 100,
        pixels: 2_000,
        layers: 4,
        image_pixels: 50,
        image_bytes: 200,
        open_images: 2,
        path_segments: 3,
        pushed_states: 1,
    };
    let large = file(&RgbaImage::new(60, 60), ImageFormat::Png);
    let image = |data: &str| {
        let img = written(&["img", "1", "14", "0", "image/png", "0", "0"]);
        format!(
            "{img}{}{}",
            written(&["blob", "1", data]),
            written(&["end", "1"])
        )
    };
    // A PNG of which the header says 100,000 x 100,000.
    let mut bomb = STANDARD
        .decode(file(&RgbaImage::new(1, 1), ImageFormat::Png))
        .unwrap();
    bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let cases = [
        ("too many pixels", image(&large), 0, 1),
        ("a bomb", image(&STANDARD.encode(bomb)), 0, 1),
        ("too many bytes", image(&"AAAA".repeat(100)), 0, 1),
        ("no image", image("AAAA"), 0, 1),
        ("no base64", image("?"), 0, 1),
        ("too wide", recording("size 1 101 1"), 1, 0),
        (
            "too many pixels in all",
            recording("size 1 40 40; size 2 40 40"),
            1,
            0,
        ),
        (
            "too many layers",
            recording("size 1 1 1; size 2 1 1; size 3 1 1; size 4 1 1"),
            1,
            0,
        ),
        (
            "a buffer that grows too far",
            recording("rect -1 0 0 200 200"),
            1,
            0,
        ),
        ("a negative size", recording("size 1 -1 5"), 1, 0),
        ("no number", recording("size 1 x 5"), 1, 0),
        ("too few", recording("copy 1"), 1, 0),
        (
            "too many open",
            recording("img 1 14 0 a 0 0; img 2 14 0 a 0 0; img 3 14 0 a 0 0"),
            1,
            0,
        ),
        (
            "too long a path",
            recording("start 0 1 1; line 0 2 2; line 0 2 3; line 0 3 4"),
            1,
            0,
        ),
        ("too many states", recording("push 0; push 0"), 1, 0),
        ("infinite", recording("line 0 inf 2"), 1, 0),
    ];
    for (name, what, refused, images_refused) in cases {
        let size = recording("size 0 3 1");
        let rest = recording("reset 0; rect 0 0 0 3 1; cfill 14 0 255 0 0 255");
        let mut display = drawn_within(limits, &format!("{size}{what}{rest}"));
        assert_eq!(letters(&mut display), ["rrr"], "{name}");
        let counts = display.counts();
        assert_eq!(
            (counts.refused, counts.images_refused),
            (refused, images_refused),
            "{name}"
        );
    }
    let counts = drawn("distort 0 1 0 0 1 0 0; huh 1; huh 2; key 97 1 5")
        .counts()
        .clone();
    assert_eq!(counts.unsupported, [("distort".to_owned(), 1)].into());
    assert_eq!(counts.unknown, [("huh".to_owned(), 2)].into());
    assert_eq!(counts.instructions, 4);
}

#[test]
fn what_changed_is_known_to_the_pixel() {
    let mut display = drawn("size 0 20 10");
    assert_eq!(display.take_changed(), Some(Rect::of_size(20, 10)));
    assert_eq!(display.take_changed(), None);
    let cases = [
        (
            "rect 0 2 3 4 5; cfill 14 0 255 0 0 255",
            Some(Rect::new(2, 3, 4, 5)),
        ),
        ("rect 0 2 3 4 5; cfill 14 0 255 0 0 255", None),
        (
            "rect 0 0 3 7 5; cfill 14 0 255 0 0 255",
            Some(Rect::new(0, 3, 7, 5)),
        ),
        ("size 1 2 2; move 1 0 10 0 0", None),
        (
            "rect 1 1 1 5 5; cfill 14 1 0 255 0 255",
            Some(Rect::new(11, 1, 1, 1)),
        ),
        ("move 1 0 12 0 0", Some(Rect::new(11, 1, 3, 1))),
        ("shade 1 0", Some(Rect::new(13, 1, 1, 1))),
        ("rect 1 0 0 2 2; cfill 14 1 0 255 0 255", None),
        ("shade 1 255", Some(Rect::new(12, 0, 2, 2))),
        ("dispose 1", Some(Rect::new(12, 0, 2, 2))),
        ("rect -1 0 0 1 1; cfill 14 -1 9 9 9 255", None),
        ("cursor 0 0 -1 0 0 1 1", None),
        ("mouse 15 5 0 1", Some(Rect::new(15, 5, 1, 1))),
        ("mouse 17 6 0 1", Some(Rect::new(15, 5, 3, 2))),
        ("size 0 5 5", Some(Rect::of_size(5, 5))),
    ];
    for (lines, want) in cases {
        each(recording(lines).as_bytes(), |i| {
            display.apply(i);
        });
        assert_eq!(display.changed(), want, "{lines}");
        assert_eq!(display.take_changed(), want, "{lines}");
    }
}

#[test]
fn sync_and_the_mouse_end_frames() {
    let cases = [
        (
            "sync 7349192 0",
            Outcome::Frame {
                timestamp: 7_349_192,
            },
        ),
        ("sync -5", Outcome::Frame { timestamp: -5 }),
        ("mouse 1 2 0 99", Outcome::Frame { timestamp: 99 }),
        ("mouse 1 2 0", Outcome::Continue),
        ("sync x", Outcome::Continue),
        ("sync 99999999999999999999", Outcome::Continue),
        ("key 97 1 99", Outcome::Continue),
    ];
    for (line, want) in cases {
        let mut display = Display::new(Limits::default());
        each(recording(line).as_bytes(), |i| {
            assert_eq!(display.apply(i), want, "{line}");
        });
    }
}
