//! Video: real recordings, against facts that were established apart from this code, and what becomes of
//! damaged ones.

use std::fs;
use std::path::{Path, PathBuf};

use retrace_ingest::import::{ImportOptions, Outcome};
use serde_json::Value;

use crate::place::Place;
use crate::support::{events_of, shared, start};

/// Milliseconds from the start of the session.
fn ms(time: &Value) -> i64 {
    let time: retrace_core::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.micros_since(start()) / 1_000
}

fn copy_of(place: &Place, folder: &str, to: &str) -> Option<PathBuf> {
    let from = shared(folder)?;
    let to = place.path(to);
    fs::create_dir_all(&to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    Some(to)
}

#[tokio::test]
async fn real_video_files_have_the_frames_and_times_that_are_known_of_them() {
    let place = Place::new().await;
    #[rustfmt::skip]
    let cases = [
        ("video/desktop-vp9-1fps.webm", "vp9", 800, 600, 60, 59_064),
        ("third-party/uniteai-screencast.webm", "vp8", 826, 590, 1_511, 124_413),
        ("third-party/gaultier-screencast.webm", "vp9", 452, 491, 408, 16_280),
        ("third-party/mediarecorder-vp8.webm", "vp8", 952, 512, 231, 119_438),
    ];
    for (name, codec, width, height, frames, last_ms) in cases {
        let Some(path) = shared(name) else { continue };
        let imported = place.one(&path).await;
        assert_eq!(
            (imported.format, imported.problems.count()),
            ("webm", 0),
            "{name}"
        );
        let captured = place.events(imported.session, "frames.captured").await;
        let [(at, frame)] = &captured[..] else {
            panic!("{name}: {captured:?}")
        };
        assert_eq!(frame["codec"], codec, "{name}");
        assert_eq!(
            (&frame["width"], &frame["height"]),
            (&width.into(), &height.into()),
            "{name}"
        );
        assert_eq!(frame["frameCount"], frames, "{name}");
        assert_eq!(frame["mediaType"], "video/webm");
        assert!(
            (*at - last_ms).abs() <= 100,
            "{name}: the last frame is at {at} ms"
        );
        assert_eq!(
            (ms(&frame["firstAt"]), ms(&frame["lastAt"])),
            (0, *at),
            "{name}"
        );
        assert!(
            place.blob(imported.session, &frame["blob"]) == fs::read(&path).unwrap(),
            "{name}"
        );
        let launched = place.events(imported.session, "session.launched").await;
        assert_eq!(launched[0].1["protocol"], "desktop");
        assert!(place.one(&path).await.already);
    }
}

#[tokio::test]
async fn a_file_that_says_when_it_was_made_began_then() {
    let Some(path) = shared("third-party/uniteai-screencast.webm") else {
        return;
    };
    let place = Place::new().await;
    let outcomes = place.import_with(&path, ImportOptions::default()).await;
    let [(_, Outcome::Imported(imported))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    let events = events_of(&place.log, imported.session).await;
    assert_eq!(events[0].0.to_string(), "2023-07-12T19:23:56.036350Z");
}

#[tokio::test]
async fn a_folder_of_segments_is_one_session() {
    let Some(folder) = shared("video/segments") else {
        return;
    };
    let place = Place::new().await;
    let imported = place.one(&folder).await;
    assert_eq!(
        (imported.format, imported.problems.count()),
        ("webm-segments", 0)
    );
    assert_eq!(imported.parts.len(), 61);
    let captured = place.events(imported.session, "frames.captured").await;
    assert_eq!(captured.len(), 60);
    for (number, (at, frame)) in captured.iter().enumerate() {
        let second = number as i64 * 1_000;
        assert_eq!(
            (ms(&frame["firstAt"]), ms(&frame["lastAt"])),
            (second, second + 900),
            "{number}"
        );
        assert_eq!(
            (*at, &frame["frameCount"]),
            (second + 900, &10.into()),
            "{number}"
        );
        let file = fs::read(folder.join(format!("{number:03}.webm"))).unwrap();
        assert!(
            place.blob(imported.session, &frame["blob"]) == file,
            "{number}"
        );
    }
    // Naming one file of it names all of it.
    assert!(place.one(&folder.join("007.webm")).await.already);
}

#[tokio::test]
async fn what_is_wrong_with_segments_is_said_and_the_rest_goes_on() {
    let place = Place::new().await;
    type Harm = fn(&Path);
    #[rustfmt::skip]
    let cases: [(&str, Harm, usize, &str, i64); 9] = [
        ("missing", |f| fs::remove_file(f.join("020.webm")).unwrap(), 59, "segment 20 is missing", 59_900),
        ("three missing", |f| for n in ["000", "031", "032"] { fs::remove_file(f.join(format!("{n}.webm"))).unwrap(); },
            57, "segments 31 to 32 are missing", 58_900),
        ("truncated", |f| {
            let file = fs::read(f.join("030.webm")).unwrap();
            fs::write(f.join("030.webm"), &file[..file.len() / 2]).unwrap();
        }, 60, "`030.webm`: damaged at byte", 59_900),
        ("empty", |f| fs::write(f.join("059.webm"), "").unwrap(), 59, "`059.webm`: it is empty", 58_900),
        ("random", |f| fs::write(f.join("040.webm"), [0x5A; 5_000]).unwrap(), 60, "`040.webm`: neither WebM nor MP4", 59_900),
        ("swapped", |f| {
            fs::rename(f.join("003.webm"), f.join("x")).unwrap();
            fs::rename(f.join("004.webm"), f.join("003.webm")).unwrap();
            fs::rename(f.join("x"), f.join("004.webm")).unwrap();
        }, 60, "by its times `003.webm` comes after `004.webm`", 59_900),
        ("twice", |f| { fs::copy(f.join("010.webm"), f.join("060.webm")).unwrap(); },
            60, "`060.webm` holds the same as `010.webm`", 59_900),
        ("no list", |f| fs::remove_file(f.join("segments.csv")).unwrap(), 60, "", 59_900),
        ("bad list", |f| fs::write(f.join("segments.csv"), "000.webm,0,1\n001.webm,x,2\n").unwrap(),
            60, "`segments.csv`, line 2: expected a name", 59_900),
    ];
    for (name, harm, captured, problem, end_ms) in cases {
        let Some(folder) = copy_of(&place, "video/segments", name) else {
            return;
        };
        harm(&folder);
        let imported = place.one(&folder).await;
        let problems = imported.problems.first();
        assert_eq!(
            problems.is_empty(),
            problem.is_empty(),
            "{name}: {problems:?}"
        );
        assert!(
            problem.is_empty() || problems.iter().any(|said| said.starts_with(problem)),
            "{name}: {problems:?}"
        );
        let frames = place.events(imported.session, "frames.captured").await;
        assert_eq!(frames.len(), captured, "{name}");
        assert_eq!(imported.duration_us / 1_000, end_ms as u64, "{name}");
        let mut told = place.events(imported.session, "recording.degraded").await;
        told.extend(
            place
                .events(imported.session, "recording.gap_detected")
                .await,
        );
        assert_eq!(told.len() as u64, imported.problems.count(), "{name}");
        if name == "missing" {
            let (at, gap) = &told[0];
            assert_eq!((*at, &gap["channel"]), (21_000, &"frames".into()));
            assert_eq!((ms(&gap["from"]), ms(&gap["to"])), (20_000, 21_000));
        }
        assert!(place.one(&folder).await.already, "{name}");
    }
}

#[tokio::test]
async fn segments_without_times_of_their_own_have_those_of_the_list() {
    let (Some(first), place) = (shared("video/segments/000.webm"), Place::new().await) else {
        return;
    };
    let second =
        fs::read(shared("third-party/gaultier-screencast.webm").unwrap_or(first.clone())).unwrap();
    let first = fs::read(first).unwrap();
    // Both begin at 0 by themselves, and the sizes differ.
    place.write("listed/a-1.webm", &first);
    place.write("listed/a-2.webm", &second);
    place.write(
        "listed/list.csv",
        b"a-1.webm,100,101\na-2.webm,130.5,146.8\na-3.webm,146.8,150\n",
    );
    let imported = place.one(&place.path("listed")).await;
    let captured = place.events(imported.session, "frames.captured").await;
    let starts: Vec<i64> = captured
        .iter()
        .map(|(_, frame)| ms(&frame["firstAt"]))
        .collect();
    assert_eq!(starts, [0, 30_500]);
    let gaps = place
        .events(imported.session, "recording.gap_detected")
        .await;
    assert_eq!(
        (gaps.len(), ms(&gaps[0].1["from"]), ms(&gaps[0].1["to"])),
        (1, 46_800, 50_000)
    );

    // Without a list they are two recordings, because they differ; alike they are one.
    place.write("apart/a-1.webm", &first);
    place.write("apart/a-2.webm", &second);
    assert_eq!(place.import(&place.path("apart")).await.len(), 2);
    let mut other = first.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    place.write("after/a-1.webm", &first);
    place.write("after/a-3.webm", &other);
    let imported = place.one(&place.path("after")).await;
    let captured = place.events(imported.session, "frames.captured").await;
    let starts: Vec<i64> = captured
        .iter()
        .map(|(_, frame)| ms(&frame["firstAt"]))
        .collect();
    assert_eq!(starts, [0, 2_000]);
    assert_eq!(imported.problems.first(), ["segment 2 is missing"]);
}

#[tokio::test]
async fn a_video_file_is_kept_as_far_as_it_is_good_and_refused_where_it_is_none() {
    let Some(path) = shared("video/desktop-vp9-1fps.webm") else {
        return;
    };
    let (place, file) = (Place::new().await, fs::read(path).unwrap());
    let cut = place.write("cut.webm", &file[..file.len() / 2]);
    let imported = place.one(&cut).await;
    assert_eq!(imported.problems.count(), 1);
    assert!(imported.problems.first()[0].contains("the file ends within an element"));
    let captured = place.events(imported.session, "frames.captured").await;
    let frames = captured[0].1["frameCount"].as_u64().unwrap();
    assert!((10..60).contains(&frames), "{frames} frames");

    let cases: [(&str, &[u8], &str); 6] = [
        ("empty.webm", b"", "it is empty"),
        (
            "random.webm",
            &[0x5A; 4_000],
            "neither WebM nor MP4: it begins like neither",
        ),
        (
            "header.webm",
            &file[..200],
            "damaged at byte 200: the file ends within an element",
        ),
        ("empty.mp4", b"", "it is empty"),
        (
            "unfinished.mp4",
            b"\0\0\0\x10ftypisom\0\0\0\0\0\0\x10\0mdatxxxx",
            "damaged at byte 28: the file ends within a box",
        ),
        (
            "only.mov",
            b"\0\0\0\x10ftypqt  \0\0\0\0",
            "it has no description of its tracks (`moov`): the recorder was stopped before it wrote one",
        ),
    ];
    for (name, content, want) in cases {
        let path = place.write(name, content);
        let said = place.refusal(&path).await;
        assert!(
            said.ends_with(&format!("not a recording that can be read: {want}")),
            "{name}: {said}"
        );
    }
}

#[tokio::test]
async fn mp4_is_read_whole_fragmented_and_with_its_description_in_front() {
    let place = Place::new().await;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/video");
    #[rustfmt::skip]
    let cases = [
        ("at-end.mp4", "h264", 20, 1_900, "2026-11-21T08:00:00.000000Z"),
        ("in-front.mp4", "h264", 20, 1_900, "2026-11-21T08:00:00.000000Z"),
        ("fragmented.mp4", "h264", 20, 1_900, "2026-11-21T08:00:00.000000Z"),
        ("quicktime.mov", "h264", 20, 1_900, "2026-11-21T08:00:00.000000Z"),
    ];
    for (name, codec, frames, last_ms, began) in cases {
        let outcomes = place
            .import_with(&data.join(name), ImportOptions::default())
            .await;
        let [(_, Outcome::Imported(imported))] = &outcomes[..] else {
            panic!("{name}: {outcomes:?}")
        };
        assert_eq!(
            (imported.format, imported.problems.first()),
            ("mp4", &[][..]),
            "{name}"
        );
        let captured = place.events(imported.session, "frames.captured").await;
        let (at, frame) = &captured[0];
        assert_eq!(
            (&frame["codec"], &frame["mediaType"]),
            (&codec.into(), &"video/mp4".into()),
            "{name}"
        );
        assert_eq!(
            (&frame["width"], &frame["height"]),
            (&160.into(), &120.into()),
            "{name}"
        );
        assert_eq!(
            (&frame["frameCount"], *at),
            (&frames.into(), last_ms),
            "{name}"
        );
        assert_eq!(
            events_of(&place.log, imported.session).await[0]
                .0
                .to_string(),
            began,
            "{name}"
        );
    }
}
