use std::time::Duration;

use gif::{ColorOutput, DecodeOptions};
use proptest::prelude::*;

use super::*;
use crate::terminal::Size;
use crate::terminal::frames::{Animation, Change, Extent, Settings};
use crate::terminal::testing::{Kept, Shown, output};

fn feed<S: FrameSink>(sink: S, settings: &Settings, changes: &[(u64, Change<'_>)]) -> S
where
    S::Error: std::fmt::Debug,
{
    let mut extent = Extent::default();
    changes.iter().for_each(|(_, change)| extent.note(*change));
    let mut animation = Animation::new(extent, settings, sink).unwrap();
    for &(offset_us, change) in changes {
        animation.apply(offset_us, change).unwrap();
    }
    animation.finish().unwrap()
}

fn written(settings: &Settings, changes: &[(u64, Change<'_>)]) -> Vec<u8> {
    let writer = GifWriter::new(Vec::new(), &settings.theme);
    feed(writer, settings, changes).into_inner().unwrap()
}

/// The pictures of a GIF with their times, as a viewer shows them; those that change nothing left out.
fn read(bytes: &[u8]) -> Kept {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes).unwrap();
    let (width, height) = (usize::from(decoder.width()), usize::from(decoder.height()));
    let mut canvas = vec![0; 4 * width * height];
    let mut kept = Kept::default();
    let mut time_us = 0;
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let wide = usize::from(frame.width);
        for (y, row) in frame.buffer.chunks(4 * wide).enumerate() {
            let start = 4 * ((usize::from(frame.top) + y) * width + usize::from(frame.left));
            for (to, from) in canvas[start..start + 4 * wide]
                .chunks_mut(4)
                .zip(row.chunks(4))
            {
                if from[3] != 0 {
                    to.copy_from_slice(from);
                }
            }
        }
        if kept
            .frames
            .last()
            .is_none_or(|last: &Shown| last.rgba != canvas)
        {
            kept.frames.push(Shown {
                time_us,
                rgba: canvas.clone(),
            });
        }
        time_us += u64::from(frame.delay) * 10_000;
    }
    kept.end_us = Some(time_us);
    kept
}

fn hundredths(time_us: u64) -> u64 {
    (time_us + 5_000) / 10_000
}

/// The GIF must show what the frames show, when they show it.
fn assert_same(gif: &Kept, frames: &Kept) {
    let times = |kept: &Kept| -> Vec<u64> { kept.times().into_iter().map(hundredths).collect() };
    assert_eq!(times(gif), times(frames));
    for (number, (gif, frame)) in gif.frames.iter().zip(&frames.frames).enumerate() {
        assert!(gif.rgba == frame.rgba, "frame {number}");
    }
    assert_eq!(gif.end_us.map(hundredths), frames.end_us.map(hundredths));
}

const SECOND: u64 = 1_000_000;

#[test]
fn a_gif_shows_the_frames() {
    let size = Size::clamped(20, 5);
    let rainbow: String = (0..20)
        .map(|n| format!("\x1b[38;2;{};{};99m▞\x1b[0m", 12 * n, 250 - 7 * n))
        .collect();
    let changes = [
        (0, Change::Started(size)),
        (0, Change::Written("$ ")),
        (SECOND / 3, Change::Written("l")),
        (SECOND / 2, Change::Written("s\r\n")),
        (SECOND, Change::Written(&rainbow)),
        (
            SECOND + 77_777,
            Change::Written("\x1b[41mred\x1b[0m\x1b[H部署"),
        ),
        (3 * SECOND, Change::Resized(Size::clamped(10, 5))),
        (4 * SECOND, Change::Resized(size)),
    ];
    let settings = Settings::default();
    let frames = feed(Kept::default(), &settings, &changes);
    assert_same(&read(&written(&settings, &changes)), &frames);
    assert_eq!(frames.frames.len(), 7);
}

#[test]
fn rounding_errors_do_not_add_up() {
    let changes: Vec<_> = (0..300)
        .map(|n| (n * 33_334, Change::Written("x")))
        .collect();
    let settings = Settings::default();
    let gif = read(&written(&settings, &changes));
    assert_eq!(gif.frames.len(), 300);
    for (frame, (offset_us, _)) in gif.frames.iter().zip(&changes) {
        assert!(
            frame.time_us.abs_diff(*offset_us) <= 5_000,
            "{} {offset_us}",
            frame.time_us
        );
    }
}

#[test]
fn a_pause_longer_than_gif_knows_is_kept() {
    let changes = [
        (0, Change::Written("a")),
        (3_000 * SECOND, Change::Written("b")),
    ];
    let settings = Settings {
        last_frame: Duration::from_secs(700),
        ..Settings::default()
    };
    let gif = read(&written(&settings, &changes));
    assert_eq!(gif.times(), [0, 3_000 * SECOND]);
    assert_eq!(gif.end_us, Some(3_700 * SECOND));
}

#[test]
fn a_frame_of_too_many_colours_keeps_those_that_are_frequent() {
    let size = Size::clamped(100, 20);
    let mut text = String::from("plain text");
    for n in 0..1_900 {
        let (red, green, blue) = (n % 250, n / 8, n * 7 % 256);
        text += &format!("\x1b[48;2;{red};{green};{blue}m ");
    }
    let changes = [(0, Change::Started(size)), (0, Change::Written(&text))];
    let settings = Settings::default();
    let frames = feed(Kept::default(), &settings, &changes);
    let gif = read(&written(&settings, &changes));
    let (want, got) = (&frames.frames[0].rgba, &gif.frames[0].rgba);
    let furthest = want
        .iter()
        .zip(got)
        .map(|(want, got)| want.abs_diff(*got))
        .max();
    assert!(furthest <= Some(60), "{furthest:?}");
    let background = settings.theme.background;
    assert_eq!(got[..3], background);
    let sum: u64 = want
        .iter()
        .zip(got)
        .map(|(want, got)| u64::from(want.abs_diff(*got)))
        .sum();
    assert!(sum / (want.len() as u64) < 8, "{}", sum / want.len() as u64);
}

#[test]
fn a_session_in_which_nothing_happens_is_one_picture() {
    let gif = read(&written(&Settings::default(), &[]));
    assert_eq!((gif.times(), gif.end_us), (vec![0], Some(2 * SECOND)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_gif_shows_its_frames(steps in prop::collection::vec((0..400_000_u64, output()), 0..12)) {
        let mut offset = 0;
        let mut changes = vec![(0, Change::Started(Size::clamped(12, 4)))];
        for (pause, text) in &steps {
            offset += pause;
            changes.push((offset, Change::Written(text)));
        }
        let settings = Settings::default();
        let mut frames = feed(Kept::default(), &settings, &changes);
        // What differs and looks the same is no frame to a reader.
        frames.frames.dedup_by(|b, a| a.rgba == b.rgba);
        assert_same(&read(&written(&settings, &changes)), &frames);
    }
}
