//! Pictures to segments.

use retrace_media::video::pictures::PictureEncoder;
use retrace_media::video::{
    Codec, EncodePictures, EncoderSettings, Input, Job, Output, Picture, PixelOrder, Rect, Segment,
    Size,
};

use crate::support::{data, ffprobe, frame_times_ms, input, run, ssim, stream};

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
