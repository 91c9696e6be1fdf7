//! Real sessions as pictures and GIFs, and pictures against those that somebody has looked at.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use retrace_media::terminal::Size;
use retrace_media::terminal::font::FontSize;
use retrace_media::terminal::frames::{Animation, Change, Extent, Settings};
use retrace_media::terminal::gif::GifWriter;
use retrace_media::terminal::picture::{Painter, Picture};
use retrace_media::terminal::theme::Theme;
use serde_json::Value;

enum Happened {
    Started(Size),
    Written(String),
    Resized(Size),
}

impl Happened {
    fn change(&self) -> Change<'_> {
        match self {
            Self::Started(size) => Change::Started(*size),
            Self::Written(text) => Change::Written(text),
            Self::Resized(size) => Change::Resized(*size),
        }
    }
}

struct Cast {
    theme: Theme,
    happened: Vec<(u64, Happened)>,
    length_us: u64,
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_u64().unwrap()).unwrap()
}

/// Reads an asciicast of version 2 or 3 that is known to be one.
fn read(path: &Path) -> Cast {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let first = lines.next().unwrap();
    let header: Value = serde_json::from_str(first).unwrap();
    let is_v3 = header["version"] == 3;
    let (columns, rows) = if is_v3 {
        (&header["term"]["cols"], &header["term"]["rows"])
    } else {
        (&header["width"], &header["height"])
    };
    let size = Size::clamped(number(columns), number(rows));
    let mut cast = Cast {
        theme: Theme::of_recording(first).unwrap_or_default(),
        happened: vec![(0, Happened::Started(size))],
        length_us: 0,
    };
    for line in lines.filter(|line| line.starts_with('[')) {
        let entry: Value = serde_json::from_str(line).unwrap();
        let time_us = (entry[0].as_f64().unwrap() * 1e6).round() as u64;
        cast.length_us = if is_v3 {
            cast.length_us + time_us
        } else {
            time_us
        };
        let data = entry[2].as_str().unwrap();
        let happened = match entry[1].as_str().unwrap() {
            "o" => Happened::Written(data.to_owned()),
            "r" => {
                let (columns, rows) = data.split_once('x').unwrap();
                Happened::Resized(Size::clamped(
                    columns.parse().unwrap(),
                    rows.parse().unwrap(),
                ))
            }
            _ => continue,
        };
        cast.happened.push((cast.length_us, happened));
    }
    cast
}

impl Cast {
    fn gif(&self, path: &Path) {
        let settings = Settings {
            theme: self.theme.clone(),
            ..Settings::default()
        };
        let mut extent = Extent::default();
        let changes = || {
            self.happened
                .iter()
                .map(|(at, happened)| (*at, happened.change()))
        };
        changes().for_each(|(_, change)| extent.note(change));
        let out = fs::File::create(path).unwrap();
        let writer = GifWriter::new(std::io::BufWriter::new(out), &self.theme);
        let mut animation = Animation::new(extent, &settings, writer).unwrap();
        for (at, change) in changes() {
            animation.apply(at, change).unwrap();
        }
        animation.advance_to(self.length_us).unwrap();
        animation.finish().unwrap();
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Recordings of others, which are not part of the project.
fn third_party() -> Option<PathBuf> {
    let root = workspace().canonicalize().unwrap();
    let found = root
        .ancestors()
        .map(|folder| folder.join("shared/recordings/third-party"));
    let from_environment = std::env::var_os("RETRACE_RECORDINGS")
        .map(|folder| PathBuf::from(folder).join("third-party"));
    from_environment
        .into_iter()
        .chain(found)
        .find(|folder| folder.is_dir())
}

/// Width, height, number of frames, and seconds, as ffprobe reads them.
fn probe(gif: &Path) -> (u32, u32, usize, f64) {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-of", "default=nk=1:nw=1"])
        .args([
            "-show_entries",
            "stream=width,height,nb_read_frames:format=duration",
        ])
        .arg(gif)
        .output()
        .unwrap();
    assert!(
        out.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let out = String::from_utf8(out.stdout).unwrap();
    let values: Vec<&str> = out.lines().collect();
    (
        values[0].parse().unwrap(),
        values[1].parse().unwrap(),
        values[2].parse().unwrap(),
        values[3].parse().unwrap(),
    )
}

/// Frames and hundredths of a second, as the `gif` crate reads them.
fn decode(gif: &Path) -> (usize, u64) {
    let file = std::io::BufReader::new(fs::File::open(gif).unwrap());
    let mut decoder = gif::DecodeOptions::new().read_info(file).unwrap();
    let (mut frames, mut hundredths) = (0, 0);
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        frames += 1;
        hundredths += u64::from(frame.delay);
    }
    (frames, hundredths)
}

fn is_a_gif_of(path: &Path, width: u32, height: u32) {
    let folder = tempfile::tempdir().unwrap();
    let gif = folder.path().join("session.gif");
    let cast = read(path);
    cast.gif(&gif);
    let name = path.display();
    let want = cast.length_us as f64 / 1e6 + Settings::default().last_frame.as_secs_f64();
    let (probed_width, probed_height, frames, seconds) = probe(&gif);
    assert_eq!((probed_width, probed_height), (width, height), "{name}");
    assert!(
        (seconds - want).abs() <= 0.02,
        "{name}: {seconds} s, expected {want} s"
    );
    let (decoded, hundredths) = decode(&gif);
    assert_eq!(decoded, frames, "{name}");
    assert!((hundredths as f64 / 100.0 - want).abs() <= 0.02, "{name}");
}

#[test]
fn sessions_are_gifs_of_their_length_and_size() {
    let samples = workspace().join("samples");
    is_a_gif_of(&samples.join("deploy-v3.cast"), 1_098, 738);
    is_a_gif_of(&samples.join("incident-v2.cast"), 1_008, 658);
}

#[test]
fn sessions_of_others_are_gifs_of_their_length_and_size() {
    let Some(folder) = third_party() else {
        eprintln!("skipped: there is no folder of recordings of others");
        return;
    };
    for (name, width, height) in [
        ("borg2-demo.cast", 918, 618),
        ("zellij-leap-demo.cast", 1_270, 698),
        ("server-welcome.cast", 748, 418),
    ] {
        is_a_gif_of(&folder.join(name), width, height);
    }
}

/// The picture must be the one that was looked at, but for how floating-point numbers round on
/// another machine.
fn assert_looks_like(picture: &Picture, name: &str) {
    let path = workspace().join("media/tests/data/terminal").join(name);
    let (width, height) = (picture.width(), picture.height());
    let want = image::open(&path).map(image::DynamicImage::into_rgba8);
    let is_same = want.is_ok_and(|want| {
        let differs = |(got, want): (&u8, &u8)| got != want;
        let pairs = || picture.rgba().iter().zip(want.as_raw());
        want.dimensions() == (width, height)
            && pairs().filter(|&pair| differs(pair)).count() * 100 < want.as_raw().len()
            && pairs().all(|(got, want)| got.abs_diff(*want) <= 40)
    });
    if !is_same {
        let got = std::env::temp_dir().join(name);
        let rgba = image::ColorType::Rgba8;
        image::save_buffer(&got, picture.rgba(), width, height, rgba).unwrap();
        panic!("{} differs from {}", got.display(), path.display());
    }
}

#[test]
fn what_a_terminal_can_show_looks_as_it_did_when_it_was_looked_at() {
    let lines = [
        "plain \x1b[1mbold\x1b[0m \x1b[3mitalic\x1b[0m \x1b[1;3mboth\x1b[0m \x1b[2mfaint\x1b[0m",
        "\x1b[4munderlined\x1b[0m \x1b[9mstruck out\x1b[0m \x1b[7minverse\x1b[0m",
        "部署 完了 🚀 café \x1b[7m한국\x1b[0m e\u{301}a\u{308}",
        "┌─┬┄┐╔═╦═╗┏━┳┅┓╭─╮╱╲ ░▒▓█▞▚",
        "├─┼─┤╠═╬═╣┣━╋━┫│ │╲╱ ▁▂▃▄▅▆▇█",
        "└─┴─┘╚═╩═╝┗━┻━┛╰─╯╞╪╡⣀⣤⣶⣿⠿⠛ 🬗🬤",
        "\x1b[31mred \x1b[92mgreen \x1b[38;5;208morange \x1b[38;2;90;160;255mblue\x1b[0m \u{e0b0}\u{e0b6}\u{e0b1}",
        "\x1b[41m 1 \x1b[42m 2 \x1b[48;5;61m 3 \x1b[48;2;90;20;90m 4 \x1b[0m \u{f0001}\u{e123} →✓λ",
    ];
    let mut terminal = avt::Terminal::new(34, lines.len()).unwrap();
    terminal.feed(lines.join("\r\n"));
    let size = Size::clamped(34, 8);
    for (pixels, name) in [(15, "sheet-15.png"), (28, "sheet-28.png")] {
        let mut painter = Painter::new(Theme::default(), FontSize::clamped(pixels), size).unwrap();
        painter.paint(&terminal);
        assert_looks_like(painter.picture(), name);
    }
}
