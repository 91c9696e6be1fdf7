//! Pictures to segments.

use retrace_media::video::pictures::PictureEncoder;
use retrace_media::video::{
    Codec, EncodePictures, EncoderSettings, Input, Job, Output, Picture, PixelOrder, Rect, Segment,
    Size,
};

use crate::support::{data, ffprobe, frame_times_ms, input, run, shared, ssim, stream};

fn screenshots() -> Vec<Input> {
    [
        ("0001.png", 0),
        ("0001.png", 500),
        ("0002.png", 1_003),
        ("0003.png", 2_017),
        ("0006.png", 5_000),
    ]
    .into_iter()
    .map(|(name, ms)| input(ms, ms + 900, "image/png", data(name)))
    .collect()
}

fn segments_of(outputs: &[Output]) -> Vec<&Segment> {
    let segments = outputs.iter().map(|output| match output {
        Output::Segment(segment, _) => segment,
        other => panic!("{other:?}"),
    });
    segments.collect()
}

#[test]
fn each_changed_picture_becomes_a_frame_at_its_time_and_text_stays_sharp() {
    for (codec, name) in [(Codec::Vp9, "vp9"), (Codec::H264, "h264")] {
        let job = Job::EncodePictures(EncodePictures {
            encoder: EncoderSettings {
                codec,
                max_frame_rate: 10,
                ..EncoderSettings::default()
            },
            segment_ms: 2_000,
            after_us: None,
        });
        let results = run(&job, screenshots());
        assert_eq!(results.notes, []);
        let segments = segments_of(&results.outputs);
        let spans: Vec<_> = segments
            .iter()
            .map(|s| (s.first_us / 1_000, s.last_us / 1_000, s.frame_count))
            .collect();
        assert_eq!(
            spans,
            [(0, 1_903, 2), (2_017, 2_917, 1), (5_000, 5_900, 1)],
            "{name}"
        );
        assert_eq!(results.done.duration_us, 5_900_000);
        assert_eq!(results.done.frame_count, 4);

        let folder = tempfile::tempdir().unwrap();
        let files = results.files(folder.path());
        let times: Vec<_> = files.iter().map(|file| frame_times_ms(file)).collect();
        assert_eq!(times, [vec![0, 1_003], vec![2_017], vec![5_000]], "{name}");
        for (file, shot) in [
            (&files[0], "0001.png"),
            (&files[1], "0003.png"),
            (&files[2], "0006.png"),
        ] {
            assert_eq!(stream(file), format!("{name},800,600,yuv420p"));
            let source = folder.path().join(shot);
            std::fs::write(&source, data(shot)).unwrap();
            let alike = ssim(file, &source);
            assert!(alike >= 0.98, "{name}, {shot}: {alike}");
        }
    }
}

#[test]
fn the_same_pictures_give_the_same_bytes() {
    let job = Job::EncodePictures(EncodePictures::default());
    assert_eq!(
        run(&job, screenshots()).outputs,
        run(&job, screenshots()).outputs
    );
}

#[test]
fn encoding_goes_on_after_what_is_encoded_already() {
    for (after_us, want) in [
        (0, vec![1_003, 2_017, 5_000]),
        (1_500_000, vec![2_017, 5_000]),
    ] {
        let job = Job::EncodePictures(EncodePictures {
            after_us: Some(after_us),
            ..EncodePictures::default()
        });
        let results = run(&job, screenshots());
        let folder = tempfile::tempdir().unwrap();
        let files = results.files(folder.path());
        assert_eq!(frame_times_ms(&files[0]), want, "after {after_us}");
    }
}

#[test]
fn large_pictures_are_scaled_down_to_an_even_size() {
    let job = Job::EncodePictures(EncodePictures {
        encoder: EncoderSettings {
            max_width: 401,
            ..EncoderSettings::default()
        },
        ..EncodePictures::default()
    });
    let results = run(&job, screenshots());
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        stream(&results.files(folder.path())[0]),
        "vp9,400,300,yuv420p"
    );
}

#[test]
fn what_is_no_picture_is_named_and_the_others_become_video() {
    let mut inputs = screenshots();
    let mut cut = data("0001.png");
    cut.truncate(20_000);
    let png = "image/png";
    inputs.insert(1, input(100, 200, png, Vec::new()));
    inputs.insert(2, input(200, 300, png, vec![0x5a; 4_096]));
    inputs.insert(3, input(300, 400, png, cut));
    inputs.insert(4, input(350, 400, "text/html", b"<p>".to_vec()));
    let results = run(&Job::EncodePictures(EncodePictures::default()), inputs);
    assert_eq!(results.noted(), [1, 2, 3, 4], "{:?}", results.notes);
    assert_eq!(results.done.frame_count, 4);
}

#[test]
fn another_size_begins_another_segment() {
    let mut sink = Keep::default();
    let mut encoder = PictureEncoder::new(EncodePictures::default());
    let sizes = [(64, 48), (64, 48), (33, 21), (64, 48)];
    for (n, (width, height)) in sizes.into_iter().enumerate() {
        let pixels = vec![n as u8 * 60; width as usize * height as usize * 4];
        let picture = Picture {
            time_us: n as u64 * 1_000_000,
            size: Size { width, height },
            order: PixelOrder::Bgra,
            stride: width as usize * 4,
            pixels: &pixels,
            changed: None,
        };
        encoder.push(&picture, &mut sink).unwrap();
    }
    let done = encoder.finish(&mut sink).unwrap();
    assert_eq!((done.frame_count, done.duration_us), (4, 3_000_000));
    let got: Vec<_> = segments_of(&sink.0)
        .iter()
        .map(|s| (s.width, s.height, s.frame_count, s.first_us, s.last_us))
        .collect();
    let want = [
        (64, 48, 2, 0, 1_000_000),
        (34, 22, 1, 2_000_000, 2_000_000),
        (64, 48, 1, 3_000_000, 3_000_000),
    ];
    assert_eq!(got, want);
    let folder = tempfile::tempdir().unwrap();
    for (n, output) in sink.0.iter().enumerate() {
        let Output::Segment(_, bytes) = output else {
            continue;
        };
        let path = folder.path().join(format!("{n}.webm"));
        std::fs::write(&path, bytes).unwrap();
        let flags = ffprobe(&path, &["-show_entries", "packet=flags", "-of", "csv=p=0"]);
        assert!(flags.starts_with('K'), "{flags}");
    }
}

#[test]
fn pictures_that_come_too_fast_are_thinned_and_a_picture_that_lies_is_refused() {
    let mut sink = Keep::default();
    let mut encoder = PictureEncoder::new(EncodePictures::default());
    let size = Size {
        width: 32,
        height: 32,
    };
    let mut pixels = vec![0; 32 * 32 * 4];
    for n in 0..100_u64 {
        pixels[n as usize * 4] = 255;
        let mut picture = Picture {
            time_us: n * 20_000,
            size,
            order: PixelOrder::Rgba,
            stride: 128,
            pixels: &pixels,
            changed: Some(Rect {
                x: n as u32 % 32,
                y: n as u32 / 32,
                width: 1,
                height: 1,
            }),
        };
        encoder.push(&picture, &mut sink).unwrap();
        picture.pixels = &pixels[1..];
        assert!(encoder.push(&picture, &mut sink).is_err());
    }
    let done = encoder.finish(&mut sink).unwrap();
    assert!(
        (20..=22).contains(&done.frame_count),
        "{}",
        done.frame_count
    );
    assert_eq!(done.duration_us, 1_980_000);
}

#[test]
fn a_guacamole_recording_is_replayed_in_whatever_pieces_it_comes() {
    for (name, end_ms) in [("ssh-ops", 76_630), ("vnc-ops", 80_500)] {
        let Some(path) = shared(&format!("guac/{name}.guac")) else {
            return;
        };
        let recording = std::fs::read(path).unwrap();
        let media_type = "application/x-guacamole-recording";
        let pieces = |size: usize| {
            let pieces = recording.chunks(size);
            let inputs = pieces.map(|piece| input(1_000, 1_000, media_type, piece.to_vec()));
            inputs.collect::<Vec<_>>()
        };
        let job = Job::EncodePictures(EncodePictures::default());
        let results = run(&job, pieces(100_000));
        assert_eq!(results.notes, []);
        let duration_ms = results.done.duration_us / 1_000 - 1_000;
        assert!(duration_ms.abs_diff(end_ms) < 10, "{name}: {duration_ms}");
        assert_eq!(run(&job, pieces(recording.len())).outputs, results.outputs);

        // What guacenc shows at these times.
        let folder = tempfile::tempdir().unwrap();
        let files = results.files(folder.path());
        let segments = segments_of(&results.outputs);
        for second in [5, 20, 40, 60] {
            let at_us = (second + 1) * 1_000_000;
            let n = segments.iter().rposition(|s| s.first_us <= at_us).unwrap();
            let Output::Segment(segment, bytes) = &results.outputs[n] else {
                panic!()
            };
            let whole = input(
                segment.first_us / 1_000,
                segment.last_us / 1_000,
                "video/webm",
                bytes.clone(),
            );
            let still = Job::Still(retrace_media::video::Still {
                at_us,
                image: retrace_media::video::ImageKind::Png,
                max_width: 0,
                folder: None,
            });
            let still = run(&still, vec![whole]).files(folder.path()).remove(0);
            let theirs = shared(&format!("guac/{name}.frames/{second:03}s.png")).unwrap();
            let alike = ssim(&still, &theirs);
            assert!(alike >= 0.98, "{name} at {second} s: {alike}");
        }
        let times = frame_times_ms(&files[0]);
        assert_eq!(times[0], 1_000, "{name}");

        let mut cut = pieces(recording.len());
        cut[0].bytes.truncate(recording.len() / 2 + 1);
        let results = run(&job, cut);
        assert_eq!(results.noted(), [0]);
        assert!(
            results.done.frame_count > 50,
            "{}",
            results.done.frame_count
        );
    }
}

#[derive(Default)]
struct Keep(Vec<Output>);

impl retrace_media::video::worker::Sink for Keep {
    fn send(&mut self, output: Output) -> Result<(), retrace_media::video::worker::Fault> {
        self.0.push(output);
        Ok(())
    }

    fn progress(&mut self, _: u64) -> Result<(), retrace_media::video::worker::Fault> {
        Ok(())
    }
}
