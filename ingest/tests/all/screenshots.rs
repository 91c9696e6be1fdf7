//! Folders of screenshots: a real one, its damaged copies, and folders that are none.

use std::fs;

use retrace_ingest::import::{ImportOptions, Outcome};

use crate::place::Place;
use crate::support::{events_of, shared, start};

#[tokio::test]
async fn a_folder_of_screenshots_is_one_session_a_second_apart() {
    let Some(folder) = shared("video/screenshots") else {
        return;
    };
    let place = Place::new().await;
    let imported = place.one(&folder).await;
    assert_eq!(
        (imported.format, imported.problems.count()),
        ("screenshots", 0)
    );
    let captured = place.events(imported.session, "frames.captured").await;
    assert_eq!(captured.len(), 30);
    for (number, (at, frame)) in captured.iter().enumerate() {
        assert_eq!(*at, number as i64 * 1_000);
        assert_eq!(
            (&frame["width"], &frame["height"]),
            (&800.into(), &600.into())
        );
        assert_eq!(
            (&frame["mediaType"], &frame["frameCount"]),
            (&"image/png".into(), &1.into())
        );
        let file = fs::read(folder.join(format!("{:04}.png", number + 1))).unwrap();
        assert!(place.blob(imported.session, &frame["blob"]) == file);
    }
}

#[tokio::test]
async fn screenshots_have_the_times_of_their_names_and_bad_ones_are_named() {
    let Some(folder) = shared("video/screenshots") else {
        return;
    };
    let place = Place::new().await;
    let picture = |number: u32| fs::read(folder.join(format!("{number:04}.png"))).unwrap();
    for (name, number) in [("08-00-00", 1), ("08-00-07", 2), ("08-01-00.500", 3)] {
        place.write(&format!("timed/2026-11-21T{name}.png"), &picture(number));
    }
    let outcomes = place
        .import_with(&place.path("timed"), ImportOptions::default())
        .await;
    let [(_, Outcome::Imported(imported))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    let captured = place.events(imported.session, "frames.captured").await;
    let times: Vec<i64> = captured.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 7_000, 60_500]);
    let events = events_of(&place.log, imported.session).await;
    assert_eq!(events[0].0.to_string(), "2026-11-21T08:00:00.000000Z");

    let mut bomb = picture(1);
    // Width and height of the header, and its checksum.
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let checksum = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&checksum);
    place.write("bad/s1.png", &picture(1));
    place.write("bad/s2.png", &bomb);
    place.write("bad/s3.png", b"");
    place.write("bad/s4.png", &picture(4)[..20_000]);
    place.write("bad/s5.png", b"not a picture");
    place.write("bad/s8.png", &picture(8));
    let options = ImportOptions {
        started_at: Some(start()),
        picture_interval: Some(std::time::Duration::from_millis(500)),
        ..ImportOptions::default()
    };
    let outcomes = place.import_with(&place.path("bad"), options).await;
    let [(_, Outcome::Imported(imported))] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(
        imported.problems.first(),
        [
            "`s2.png` is passed over: it is 65536x65536, larger than any screen",
            "`s3.png` is passed over: it is empty",
            "`s4.png` is cut off",
            "`s5.png` is passed over: neither PNG, JPEG nor WebP: it begins like none of them",
            "pictures 6 to 7 are missing",
        ]
    );
    let captured = place.events(imported.session, "frames.captured").await;
    let times: Vec<i64> = captured.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 1_500, 3_500]);
}

/// As PNG computes it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[tokio::test]
async fn pictures_that_are_no_recording_are_passed_over() {
    let Some(folder) = shared("video/screenshots") else {
        return;
    };
    let place = Place::new().await;
    let picture = fs::read(folder.join("0001.png")).unwrap();
    for name in [
        "frames/005s.png",
        "frames/020s.png",
        "icons/icon16.png",
        "icons/icon32.png",
        "alone/1.png",
    ] {
        place.write(&format!("pictures/{name}"), &picture);
    }
    place.write("pictures/text/1.png", b"no picture");
    place.write("pictures/text/2.png", b"no picture either");
    let outcomes = place.import(&place.path("pictures")).await;
    assert_eq!(outcomes.len(), 7);
    assert!(
        outcomes
            .iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Skipped)),
        "{outcomes:?}"
    );
}
