//! How fast it is: `cargo test --release -p retrace-media --test video -- --ignored --nocapture measure`,
//! with the examples built the same way. Prints; asserts only what holds on any machine.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use retrace_media::video::{
    Analyze, Codec, EncodePictures, EncoderSettings, ImageKind, Job, Output, Size, Still, Transcode,
};

use crate::support::{input, run, shared};

/// The least of three.
fn least(once: impl FnMut()) -> Duration {
    let started = Instant::now();
    least_by(|| started.elapsed(), once)
}

fn least_by(clock: impl Fn() -> Duration, mut once: impl FnMut()) -> Duration {
    let times = (0..3).map(|_| {
        let started = clock();
        once();
        clock() - started
    });
    times.min().unwrap_or_default()
}

/// What this thread has used of a processor.
fn thread_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

#[test]
#[ignore = "a measurement"]
fn transcoding_against_the_command_line() {
    for (name, end_ms) in [
        ("third-party/uniteai-screencast.webm", 124_420),
        ("third-party/mediarecorder-vp8.webm", 119_438),
        ("third-party/gaultier-screencast.webm", 16_320),
    ] {
        let Some(path) = shared(name) else { continue };
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("theirs.mp4");
        let command = || {
            // As humble as a worker is.
            let status = Command::new("nice")
                .args(["-n", "10", "ffmpeg", "-v", "error", "-y", "-i"])
                .arg(&path)
                .args([
                    "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23",
                ])
                .args(["-profile:v", "high", "-pix_fmt", "yuv420p", "-vsync", "vfr"])
                .args([
                    "-vf",
                    "crop=trunc(iw/2)*2:trunc(ih/2)*2",
                    "-movflags",
                    "+faststart",
                ])
                .arg(&theirs)
                .status()
                .unwrap();
            assert!(status.success());
        };
        let mut ours_size = 0;
        let ours = |canvas: Option<Size>, size: &mut u64| {
            let inputs = vec![input(
                0,
                end_ms,
                "video/webm",
                std::fs::read(&path).unwrap(),
            )];
            let job = Job::Transcode(Transcode {
                encoder: EncoderSettings {
                    codec: Codec::H264,
                    ..EncoderSettings::default()
                },
                canvas,
                folder: folder.path().to_owned(),
            });
            let results = run(&job, inputs);
            *size = std::fs::metadata(&results.files(folder.path())[0])
                .unwrap()
                .len();
        };
        let own = crate::support::stream(&path);
        let mut sides = own
            .split(',')
            .skip(1)
            .map(|side| side.parse::<u32>().unwrap());
        let canvas = Size {
            width: sides.next().unwrap(),
            height: sides.next().unwrap() & !1,
        };
        // One after the other, so that a busy machine is busy for all.
        let mut times = [Duration::MAX; 3];
        for _ in 0..3 {
            times[0] = times[0].min(least_of_one(command));
            times[1] = times[1].min(least_of_one(|| ours(Some(canvas), &mut ours_size)));
            times[2] = times[2].min(least_of_one(|| ours(None, &mut ours_size)));
        }
        println!(
            "{name}: ffmpeg {:?}, {} bytes; ours {:?} with the size known, {:?} without, {ours_size} bytes",
            times[0],
            std::fs::metadata(&theirs).unwrap().len(),
            times[1],
            times[2],
        );
    }
}

fn least_of_one(once: impl FnOnce()) -> Duration {
    let started = Instant::now();
    once();
    started.elapsed()
}

#[test]
#[ignore = "a measurement"]
fn analysis_and_stills() {
    let Some(path) = shared("third-party/uniteai-screencast.webm") else {
        return;
    };
    let bytes = std::fs::read(path).unwrap();
    for (name, changes, tile_ms) in [
        ("changes and tiles", true, 1_000),
        ("tiles alone", false, 1_000),
    ] {
        let job = Job::Analyze(Analyze {
            changes,
            tile_ms,
            threads: 0,
            folder: None,
        });
        let time = least(|| {
            let results = run(&job, vec![input(0, 124_420, "video/webm", bytes.clone())]);
            assert_eq!(results.notes, []);
        });
        println!(
            "{name}: {time:?} for 124 s, {:.0} x",
            124.4 / time.as_secs_f64()
        );
    }
    let Some(path) = shared("video/desktop-vp9-1fps.webm") else {
        return;
    };
    let desktop = std::fs::read(path).unwrap();
    for (name, bytes, at_us) in [
        ("826 x 590, VP8, 100 frames on", &bytes, 8_000_000),
        ("800 x 600, VP9, 30 frames on", &desktop, 29_000_000),
    ] {
        let job = Job::Still(Still {
            at_us,
            image: ImageKind::Png,
            max_width: 0,
            folder: None,
        });
        let time = least(|| {
            run(&job, vec![input(0, 124_420, "video/webm", bytes.clone())]);
        });
        println!("a still, {name}: {time:?}");
    }
}

/// Give a folder of PNG, one for each changed frame, 100 ms apart, in `RETRACE_FRAMES`.
#[test]
#[ignore = "a measurement"]
fn encoding_pictures() {
    let Some(folder) = std::env::var_os("RETRACE_FRAMES") else {
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    let pictures: Vec<_> = paths.iter().map(|path| decode(path)).collect();
    for codec in [Codec::Vp9, Codec::H264] {
        let mut size = 0;
        // Processor time: everything happens on this thread.
        let time = least_by(thread_time, || {
            use retrace_media::video::pictures::PictureEncoder;
            use retrace_media::video::{Picture, PixelOrder};
            let mut sink = Total(0);
            let mut settings = EncodePictures::default();
            settings.encoder.codec = codec;
            settings.encoder.threads = 1;
            let mut encoder = PictureEncoder::new(settings);
            for (n, pixels) in pictures.iter().enumerate() {
                let picture = Picture {
                    time_us: n as u64 * 100_000,
                    size: Size {
                        width: pixels.width(),
                        height: pixels.height(),
                    },
                    order: PixelOrder::Rgba,
                    stride: pixels.width() as usize * 4,
                    pixels: pixels.as_raw(),
                    changed: None,
                };
                encoder.push(&picture, &mut sink).unwrap();
            }
            encoder.finish(&mut sink).unwrap();
            size = sink.0;
        });
        println!(
            "{} pictures, {codec:?}: {time:?}, {size} bytes",
            pictures.len()
        );
    }
}

fn decode(path: &Path) -> image::RgbaImage {
    image::open(path).unwrap().into_rgba8()
}

struct Total(usize);

impl retrace_media::video::worker::Sink for Total {
    fn send(&mut self, output: Output) -> Result<(), retrace_media::video::worker::Fault> {
        if let Output::Segment(_, bytes) = output {
            self.0 += bytes.len();
        }
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<(), retrace_media::video::worker::Fault> {
        Ok(())
    }
}
