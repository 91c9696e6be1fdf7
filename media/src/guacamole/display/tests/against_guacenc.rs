//! The pictures of real recordings against those that guacenc 1.6.1 makes of them.

use std::fs::File;
use std::path::Path;

use crate::guacamole::display::Limits;
use crate::guacamole::frames::Frames;
use crate::guacamole::parser;
use crate::guacamole::testing::{data, shared};

/// Brightness, row by row.
struct Luma {
    width: usize,
    pixels: Vec<f64>,
}

impl Luma {
    fn new(width: u32, bytes: &[u8], channels: usize) -> Self {
        let luma = |pixel: &[u8]| {
            0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2])
        };
        Self {
            width: width as usize,
            pixels: bytes.chunks_exact(channels).map(luma).collect(),
        }
    }

    fn window(&self, x: usize, y: usize) -> impl Iterator<Item = f64> {
        let rows = (y..y + 8).map(move |y| &self.pixels[y * self.width + x..][..8]);
        rows.flatten().copied()
    }
}

/// Structural similarity (Wang and others, 2004) over windows of 8 x 8 pixels, side by side: the
/// mean and the worst.
fn ssim(a: &Luma, b: &Luma) -> (f64, f64) {
    let (c1, c2) = ((0.01_f64 * 255.0).powi(2), (0.03_f64 * 255.0).powi(2));
    let height = a.pixels.len() / a.width;
    let (mut sum, mut count, mut worst) = (0.0, 0.0, 1.0_f64);
    for y in (0..height - 7).step_by(8) {
        for x in (0..a.width - 7).step_by(8) {
            let mean = |luma: &Luma| luma.window(x, y).sum::<f64>() / 64.0;
            let (mean_a, mean_b) = (mean(a), mean(b));
            let (mut var_a, mut var_b, mut both) = (0.0, 0.0, 0.0);
            for (pa, pb) in a.window(x, y).zip(b.window(x, y)) {
                var_a += (pa - mean_a).powi(2) / 63.0;
                var_b += (pb - mean_b).powi(2) / 63.0;
                both += (pa - mean_a) * (pb - mean_b) / 63.0;
            }
            let one = (2.0 * mean_a * mean_b + c1) * (2.0 * both + c2)
                / ((mean_a.powi(2) + mean_b.powi(2) + c1) * (var_a + var_b + c2));
            (sum, count, worst) = (sum + one, count + 1.0, worst.min(one));
        }
    }
    (sum / count, worst)
}

fn compare(recording: &Path, references: &Path) {
    for seconds in [5, 20, 40, 60] {
        let limits = Limits::default();
        let file = File::open(recording).unwrap();
        let mut frames = Frames::new(file, 25, parser::Limits::default(), limits);
        let mut shown = None;
        while let Some(frame) = frames.next().unwrap() {
            if frame.at_ms > seconds * 1_000 {
                break;
            }
            let picture = frame.picture;
            shown = Some((picture.width, picture.height, picture.pixels.to_vec()));
        }
        let (width, height, pixels) = shown.unwrap();
        let name = references.join(format!("{seconds:03}s.png"));
        let reference = image::open(&name).unwrap().into_rgb8();
        // guacenc was asked for the size of the display, so nothing was scaled.
        assert_eq!(
            (width, height),
            reference.dimensions(),
            "{}",
            name.display()
        );
        let ours = Luma::new(width, &pixels, 4);
        let theirs = Luma::new(width, reference.as_raw(), 3);
        let (mean, worst) = ssim(&ours, &theirs);
        println!("{}: {mean:.4}, worst window {worst:.3}", name.display());
        assert!(
            mean >= 0.98,
            "{}: {mean}, worst window {worst}",
            name.display()
        );
    }
}

#[test]
fn pictures_of_a_terminal_are_those_of_guacenc() {
    let Some(references) = shared("guac/ssh-ops.frames") else {
        return;
    };
    compare(&data("ssh-ops.guac"), &references);
}

#[test]
fn pictures_of_a_desktop_are_those_of_guacenc() {
    let (recording, references) = (shared("guac/vnc-ops.guac"), shared("guac/vnc-ops.frames"));
    let (Some(recording), Some(references)) = (recording, references) else {
        return;
    };
    compare(&recording, &references);
}

#[test]
fn nothing_in_real_recordings_is_left_out() {
    let real = [Some(data("ssh-ops.guac")), shared("guac/vnc-ops.guac")];
    for recording in real.into_iter().flatten() {
        let file = File::open(&recording).unwrap();
        let limits = Limits::default();
        let mut frames = Frames::new(file, 25, parser::Limits::default(), limits);
        while frames.next().unwrap().is_some() {}
        let counts = frames.counts();
        assert_eq!((counts.refused, counts.images_refused), (0, 0));
        assert!(counts.unknown.is_empty() && counts.unsupported.is_empty());
        assert_eq!(frames.unfinished(), 0);
    }
}
