//! MP4 pieces to one MP4.

use std::path::Path;
use std::process::Command;

use retrace_media::video::{Input, Job, JoinMp4, Output, WorkerError};

use crate::support::{data, frame_times_ms, input, run, segments, stream, try_run, worker};

/// The segments as H.264, each a file of its own.
fn pieces(folder: &Path, arguments: &[&str]) -> Vec<Input> {
    (0..4_u64)
        .map(|n| {
            let source = folder.join("source.webm");
            let target = folder.join("target.mp4");
            std::fs::write(&source, data(&format!("00{n}.webm"))).unwrap();
            let status = Command::new("ffmpeg")
                .args(["-v", "error", "-y", "-i"])
                .arg(source)
                .args(["-c:v", "libx264", "-preset", "veryfast", "-vsync", "vfr"])
                .args(arguments)
                .arg(&target)
                .status()
                .unwrap();
            assert!(status.success());
            let bytes = std::fs::read(target).unwrap();
            input(n * 1_000, (n + 1) * 1_000, "video/mp4", bytes)
        })
        .collect()
}

#[test]
fn pieces_are_joined_at_their_times_and_nothing_is_encoded_again() {
    let fragmented = ["-movflags", "frag_keyframe+empty_moov+default_base_moof"];
    let front = ["-movflags", "faststart"];
    let cases: [(&str, &[&str]); 3] = [
        ("index at the end", &[]),
        ("index in front", &front),
        ("fragmented", &fragmented),
    ];
    for (name, arguments) in cases {
        let folder = tempfile::tempdir().unwrap();
        let mut inputs = pieces(folder.path(), arguments);
        let size: usize = inputs.iter().map(|i| i.bytes.len()).sum();
        inputs.remove(1);
        let job = Job::JoinMp4(JoinMp4 {
            folder: folder.path().to_owned(),
        });
        let results = run(&job, inputs);
        assert_eq!(results.notes, [], "{name}");
        let [Output::File(path)] = &results.outputs[..] else {
            panic!("{name}: {:?}", results.outputs);
        };
        assert_eq!(stream(path), "h264,800,600,yuv420p", "{name}");
        let want: Vec<_> = (0..10).chain(20..40).map(|n| n * 100).collect();
        assert_eq!(frame_times_ms(path), want, "{name}");
        assert!(
            std::fs::metadata(path).unwrap().len() < size as u64,
            "{name}"
        );
    }
}

#[test]
fn what_cannot_be_joined_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut inputs = pieces(folder.path(), &[]);
    let other = pieces(folder.path(), &["-vf", "scale=400:300"]);
    inputs[1] = other[1].clone();
    inputs[2] = segments()[2].clone();
    let job = Job::JoinMp4(JoinMp4 {
        folder: folder.path().to_owned(),
    });
    let results = run(&job, inputs.clone());
    assert_eq!(results.noted(), [1, 2], "{:?}", results.notes);
    let times = frame_times_ms(&results.files(folder.path())[0]);
    let want: Vec<_> = (0..10).chain(30..40).map(|n| n * 100).collect();
    assert_eq!(times, want);

    let nothing = try_run(&worker(), &job, segments());
    assert!(
        matches!(nothing, Err(WorkerError::Failed { .. })),
        "{nothing:?}"
    );
}
