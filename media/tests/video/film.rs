//! Terminal sessions to one file.

use std::path::Path;

use retrace_media::terminal::changes::write_line;
use retrace_media::terminal::frames::{Animation, Change, Extent, Frame, FrameSink, Settings};
use retrace_media::terminal::{self, picture::Picture};
use retrace_media::video::{Codec, EncoderSettings, FilmTerminal, Job, Output};

use crate::support::{ffprobe, frame_times_ms, input, run, stream};

const SECOND: u64 = 1_000_000;

fn size() -> terminal::Size {
    terminal::Size::clamped(40, 10)
}

fn changes() -> Vec<(u64, Option<Change<'static>>)> {
    vec![
        (0, Some(Change::Started(size()))),
        (0, Some(Change::Written("$ "))),
        (SECOND / 2, Some(Change::Written("ls\r\n"))),
        (
            2 * SECOND,
            Some(Change::Written("\x1b[44;97m blue \x1b[0m 部署")),
        ),
        (
            3 * SECOND,
            Some(Change::Resized(terminal::Size::clamped(20, 5))),
        ),
        (5 * SECOND, None),
    ]
}

fn job(folder: &Path, codec: Codec) -> Job {
    let encoder = EncoderSettings {
        codec,
        ..EncoderSettings::default()
    };
    let settings = Settings::default();
    Job::FilmTerminal(FilmTerminal::new(
        encoder,
        size(),
        &settings,
        folder.to_owned(),
    ))
}

/// Keeps the last picture.
struct Last(Option<Picture>);

impl FrameSink for Last {
    type Error = ();

    fn frame(&mut self, frame: Frame<'_>) -> Result<(), ()> {
        self.0 = Some(frame.picture.clone());
        Ok(())
    }

    fn end(&mut self, _: u64) -> Result<(), ()> {
        Ok(())
    }
}

#[test]
fn a_terminal_session_becomes_one_file_with_its_times() {
    let mut extent = Extent::default();
    extent.note(Change::Started(size()));
    let mut animation = Animation::new(extent, &Settings::default(), Last(None)).unwrap();
    for (at, change) in changes() {
        match change {
            Some(change) => animation.apply(at, change).unwrap(),
            None => animation.advance_to(at).unwrap(),
        }
    }
    let last = animation.finish().unwrap().0.unwrap();

    for (codec, name) in [(Codec::H264, "h264"), (Codec::Vp9, "vp9")] {
        let folder = tempfile::tempdir().unwrap();
        let mut inputs = vec![input(0, 0, "text/plain", b"[1,2]\n".to_vec())];
        for (at, change) in changes() {
            let mut lines = Vec::new();
            write_line(&mut lines, at, change);
            inputs.push(input(0, 0, "text/plain", lines));
        }
        let results = run(&job(folder.path(), codec), inputs);
        assert_eq!(results.notes.len(), 1, "what is no change is named");
        assert_eq!(results.notes[0].input_index, 0);
        let [Output::File(path)] = &results.outputs[..] else {
            panic!("{:?}", results.outputs);
        };
        let (width, height) = (last.width(), last.height());
        assert_eq!(stream(path), format!("{name},{width},{height},yuv420p"));
        assert_eq!(frame_times_ms(path), [0, 500, 2_000, 3_000], "{name}");
        assert_eq!(results.done.duration_us, 7 * SECOND);
        let seconds: f64 = ffprobe(
            path,
            &["-show_entries", "format=duration", "-of", "csv=p=0"],
        )
        .trim()
        .parse()
        .unwrap();
        assert!((seconds - 7.0).abs() <= 0.02, "{name}: {seconds} s");
        looks_like(path, &last);
    }
}

/// The last frame of the file, against the picture.
fn looks_like(path: &Path, want: &Picture) {
    let out = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-ss", "3", "-i"])
        .arg(path)
        .args(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "-"])
        .output()
        .unwrap();
    assert_eq!(out.stdout.len(), want.rgba().len());
    let off: u64 = want
        .rgba()
        .iter()
        .zip(&out.stdout)
        .map(|(want, got)| u64::from(want.abs_diff(*got)))
        .sum();
    let mean = off as f64 / want.rgba().len() as f64;
    assert!(mean < 4.0, "{}: off by {mean} on average", path.display());
}
