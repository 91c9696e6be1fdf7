//! Video to one file.

use std::path::Path;

use retrace_media::video::{Codec, EncoderSettings, Input, Job, Output, Size, Transcode};

use crate::support::{data, ffprobe, frame_times_ms, input, run, segments, shared, ssim, stream};

pub(crate) fn job(folder: &Path, codec: Codec, canvas: Option<Size>) -> Job {
    Job::Transcode(Transcode {
        encoder: EncoderSettings {
            codec,
            ..EncoderSettings::default()
        },
        canvas,
        folder: folder.to_owned(),
    })
}

#[test]
fn segments_become_one_file_with_their_times_and_gaps() {
    for (codec, name, canvas) in [
        (Codec::H264, "h264", None),
        (
            Codec::H264,
            "h264",
            Some(Size {
                width: 800,
                height: 600,
            }),
        ),
        (Codec::Vp9, "vp9", None),
    ] {
        let mut inputs = segments();
        // The third never came: what follows keeps its time.
        inputs.remove(2);
        let folder = tempfile::tempdir().unwrap();
        let results = run(&job(folder.path(), codec, canvas), inputs);
        assert_eq!(results.notes, []);
        let [Output::File(path)] = &results.outputs[..] else {
            panic!("{:?}", results.outputs);
        };
        assert_eq!(stream(path), format!("{name},800,600,yuv420p"));
        let want: Vec<_> = (0..20).chain(30..40).map(|n| n * 100).collect();
        assert_eq!(frame_times_ms(path), want);
        assert_eq!(results.done.duration_us, 4_000_000);
        assert_eq!(results.done.frame_count, 30);
        let duration = ffprobe(
            path,
            &["-show_entries", "format=duration", "-of", "csv=p=0"],
        );
        assert_eq!(duration.trim().parse::<f64>().unwrap(), 4.0);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn the_index_of_an_mp4_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let results = run(&job(folder.path(), Codec::H264, None), segments());
    let file = std::fs::read(&results.files(folder.path())[0]).unwrap();
    let at = |name: &[u8]| file.windows(4).position(|w| w == name).unwrap();
    assert!(at(b"moov") < at(b"mdat"));
}

#[test]
fn a_frame_looks_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source.webm");
    std::fs::write(&source, data("003.webm")).unwrap();
    let inputs = vec![input(0, 1_000, "video/webm", data("003.webm"))];
    let results = run(&job(folder.path(), Codec::H264, None), inputs);
    let alike = ssim(&results.files(folder.path())[0], &source);
    assert!(alike >= 0.98, "{alike}");
}

/// The pieces of a recorder's file: only the first has a header.
fn media_recorder() -> Option<Vec<Input>> {
    let bytes = std::fs::read(shared("third-party/mediarecorder-vp8.webm")?).unwrap();
    let list = shared("third-party/mediarecorder-vp8.chunks.jsonl")?;
    let list = std::fs::read_to_string(list).unwrap();
    let mut rest = &bytes[..];
    let mut inputs = Vec::new();
    for line in list.lines() {
        let chunk: serde_json::Value = serde_json::from_str(line).unwrap();
        let size = chunk["bytes"].as_u64().or(chunk["size"].as_u64()).unwrap();
        let (chunk, left) = rest.split_at(size as usize);
        rest = left;
        let ms = inputs.len() as u64 * 1_000;
        inputs.push(input(ms, 119_500, "video/webm;codecs=vp8", chunk.to_vec()));
    }
    assert!(rest.is_empty());
    Some(inputs)
}

#[test]
fn pieces_of_a_recorder_are_read_as_the_one_file_they_are() {
    let Some(inputs) = media_recorder() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let results = run(&job(folder.path(), Codec::H264, None), inputs);
    assert_eq!(results.notes, []);
    let times = frame_times_ms(&results.files(folder.path())[0]);
    assert_eq!(times.len(), 231);
    assert_eq!(times.last(), Some(&119_438));
}

#[test]
fn a_piece_that_is_missing_costs_no_other() {
    let Some(mut inputs) = media_recorder() else {
        return;
    };
    inputs.remove(40);
    let folder = tempfile::tempdir().unwrap();
    let results = run(&job(folder.path(), Codec::H264, None), inputs);
    let times = frame_times_ms(&results.files(folder.path())[0]);
    assert!(times.len() > 220, "{}", times.len());
    assert_eq!(times.last(), Some(&119_438));
}

#[test]
fn other_sizes_codecs_and_formats_stand_on_one_canvas() {
    let Some(path) = shared("third-party/gaultier-screencast.webm") else {
        return;
    };
    let mut inputs = segments();
    inputs.truncate(1);
    // VP9, RGB, of odd height.
    inputs.push(input(
        2_000,
        18_320,
        "video/webm",
        std::fs::read(path).unwrap(),
    ));
    let folder = tempfile::tempdir().unwrap();
    let results = run(&job(folder.path(), Codec::H264, None), inputs);
    assert_eq!(results.notes, []);
    let file = &results.files(folder.path())[0];
    assert_eq!(stream(file), "h264,800,600,yuv420p");
    let times = frame_times_ms(file);
    assert_eq!(times.len(), 10 + 408);
    assert_eq!(
        (times[9], times[10], times[417]),
        (900, 2_000, 2_000 + 407 * 40)
    );
}

#[test]
fn every_frame_of_a_real_screencast_keeps_its_time() {
    let Some(path) = shared("third-party/uniteai-screencast.webm") else {
        return;
    };
    let want: Vec<_> = frame_times_ms(&path).into_iter().map(|ms| ms - 3).collect();
    let inputs = vec![input(
        0,
        124_420,
        "video/webm",
        std::fs::read(path).unwrap(),
    )];
    let folder = tempfile::tempdir().unwrap();
    let results = run(&job(folder.path(), Codec::H264, None), inputs);
    assert_eq!(frame_times_ms(&results.files(folder.path())[0]), want);
    assert_eq!(results.done.encoder.as_deref(), Some("libx264"));
}

#[test]
fn hardware_that_is_not_there_is_done_without() {
    use retrace_media::video::Hardware;
    let folder = tempfile::tempdir().unwrap();
    for hardware in [Hardware::Any, Hardware::Vaapi] {
        let job = Job::Transcode(Transcode {
            encoder: EncoderSettings {
                codec: Codec::H264,
                hardware,
                max_frame_rate: 5,
                ..EncoderSettings::default()
            },
            canvas: None,
            folder: folder.path().to_owned(),
        });
        let results = run(&job, segments());
        assert!(results.done.encoder.is_some());
        assert!((20..=21).contains(&results.done.frame_count));
    }
}
