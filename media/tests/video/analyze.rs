//! Changes, thumbnails and stills.

use retrace_media::video::{Analyze, ImageKind, Input, Job, Output, Still};

use crate::support::{input, run, segments, shared, ssim};

fn analyze(changes: bool, tile_ms: u32) -> Job {
    Job::Analyze(Analyze {
        changes,
        tile_ms,
        threads: 0,
        folder: None,
    })
}

/// All sixty seconds of the desktop.
fn desktop() -> Option<Vec<Input>> {
    (0..60_u64)
        .map(|n| {
            let path = shared(&format!("video/segments/{n:03}.webm"))?;
            let bytes = std::fs::read(path).unwrap();
            Some(input(n * 1_000, (n + 1) * 1_000, "video/webm", bytes))
        })
        .collect()
}

#[test]
fn seconds_in_which_something_was_done_are_told_from_those_in_which_nothing_was() {
    let Some(inputs) = desktop() else { return };
    let results = run(&analyze(true, 0), inputs);
    let mut permille = [0; 60];
    for output in &results.outputs {
        let Output::Changed(changes) = output else {
            panic!("{output:?}")
        };
        for change in changes {
            permille[change.second as usize] = change.permille;
        }
    }
    // `htop` opens, `less` opens, the screen is cleared.
    for second in [20, 48, 59] {
        let around = permille[second - 1].max(permille[second]);
        assert!(around > 50, "{second}: {permille:?}");
    }
    // A line is typed.
    for second in [16, 43, 57] {
        assert!(
            (1..100).contains(&permille[second]),
            "{second}: {permille:?}"
        );
    }
    assert_eq!(results.done.frame_count, 600);
}

#[test]
fn tiles_have_the_times_of_their_frames() {
    let results = run(&analyze(false, 2_000), segments());
    let [Output::Sheet(sheet, _)] = &results.outputs[..] else {
        panic!("{:?}", results.outputs);
    };
    assert_eq!(sheet.times_us, [0, 2_000_000]);
    assert_eq!(
        (sheet.columns, sheet.tile_width, sheet.tile_height),
        (2, 160, 120)
    );

    let results = run(&analyze(true, 300), segments());
    let sheets = results.outputs.iter().filter_map(|output| match output {
        Output::Sheet(sheet, bytes) => Some((sheet, bytes)),
        _ => None,
    });
    let sheets: Vec<_> = sheets.collect();
    let [(sheet, bytes)] = sheets[..] else {
        panic!("{} sheets", sheets.len())
    };
    let want: Vec<_> = (0..14).map(|n| n * 300_000).collect();
    assert_eq!(sheet.times_us, want);
    assert_eq!(sheet.columns, 10);
    let picture = image::load_from_memory(bytes).unwrap();
    assert_eq!((picture.width(), picture.height()), (1_600, 240));
}

#[test]
fn a_still_is_the_last_frame_at_or_before_its_time() {
    let cases = [
        (0, 0),
        (99_999, 0),
        (100_000, 100_000),
        (1_950_000, 1_900_000),
        (u64::MAX, 3_900_000),
    ];
    for (at_us, want_us) in cases {
        let job = Job::Still(Still {
            at_us,
            image: ImageKind::Webp,
            max_width: 0,
            folder: None,
        });
        let results = run(&job, segments());
        let [Output::Still(still, bytes)] = &results.outputs[..] else {
            panic!("{:?}", results.outputs);
        };
        assert_eq!(still.time_us, want_us, "at {at_us}");
        let picture = image::load_from_memory(bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (800, 600));
    }
}

#[test]
fn a_still_has_the_colors_that_ffmpeg_gives_it() {
    let Some(path) = shared("third-party/uniteai-screencast.webm") else {
        return;
    };
    let inputs = vec![input(0, 1_000, "video/webm", std::fs::read(&path).unwrap())];
    let job = Job::Still(Still {
        at_us: 0,
        image: ImageKind::Png,
        max_width: 0,
        folder: None,
    });
    let folder = tempfile::tempdir().unwrap();
    let ours = &run(&job, inputs).files(folder.path())[0];
    let theirs = folder.path().join("theirs.png");
    let status = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&path)
        .args(["-frames:v", "1"])
        .arg(&theirs)
        .status()
        .unwrap();
    assert!(status.success());
    assert!(ssim(ours, &theirs) > 0.9999);
    let (ours, theirs) = (
        image::open(ours).unwrap().into_rgb8(),
        image::open(theirs).unwrap().into_rgb8(),
    );
    let most = ours
        .as_raw()
        .iter()
        .zip(theirs.as_raw())
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    assert!(most <= Some(2), "{most:?}");
}
