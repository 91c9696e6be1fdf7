use std::ops::Range;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// The real recordings beside the project, where they are.
fn recordings() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/recordings"))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no `shared/recordings` beside the project");
    }
    found
}

fn scan(bytes: &[u8], piece: usize) -> (Option<Track>, Vec<Frame>, Option<ScanError>) {
    let (mut scanner, mut frames) = (Scanner::new(), Vec::new());
    for part in bytes.chunks(piece.max(1)) {
        let pushed = scanner.push(part);
        frames.extend(scanner.frames());
        if pushed.is_err() {
            break;
        }
    }
    (scanner.track().cloned(), frames, scanner.finish())
}

fn groups(frames: &[Frame]) -> Vec<Group> {
    let mut grouper = Grouper::default();
    let mut groups: Vec<Group> = frames
        .iter()
        .filter_map(|frame| grouper.push(*frame))
        .collect();
    groups.extend(grouper.finish());
    groups
}

fn sizes(groups: &[Group]) -> Vec<GroupSize> {
    let size = |group: &Group| GroupSize {
        time_ms: group.first_us() / 1_000,
        frames: group.frames.len() as u32,
        bytes: group.bytes(),
        key: group.key(),
    };
    groups.iter().map(size).collect()
}

fn read(layout: &Layout, groups: &[Group], file: &[u8], range: Range<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    layout
        .read::<()>(
            range,
            |index| Ok(groups[index].clone()),
            |piece| {
                match piece {
                    Piece::Own(bytes) => out.extend(bytes),
                    Piece::Captured { range, .. } => {
                        out.extend_from_slice(&file[range.start as usize..range.end as usize]);
                    }
                }
                Ok(())
            },
        )
        .unwrap();
    out
}

fn laid_out(file: &[u8]) -> (Layout, Vec<Group>) {
    let (track, frames, _) = scan(file, 4_096);
    let groups = groups(&frames);
    let end_ms = frames.last().map_or(0, |frame| frame.time_us / 1_000);
    (
        Layout::new(&track.unwrap(), &sizes(&groups), end_ms),
        groups,
    )
}

#[test]
fn real_files_are_scanned_and_laid_out_again() {
    let Some(recordings) = recordings() else {
        return;
    };
    // file, codec, width, height, frames, keyframes, last time in ms
    let cases = [
        ("video/segments/000.webm", "V_VP8", 800, 600, 10, 1, 900),
        ("video/segments/059.webm", "V_VP8", 800, 600, 10, 1, 59_900),
        (
            "third-party/mediarecorder-vp8.webm",
            "V_VP8",
            952,
            512,
            231,
            3,
            119_438,
        ),
        (
            "third-party/uniteai-screencast.webm",
            "V_VP8",
            826,
            590,
            1_511,
            0,
            0,
        ),
        (
            "third-party/gaultier-screencast.webm",
            "V_VP9",
            452,
            491,
            408,
            0,
            0,
        ),
    ];
    for (name, codec, width, height, frames, keys, last_ms) in cases {
        let Ok(file) = std::fs::read(recordings.join(name)) else {
            eprintln!("skipped: {name} is not there");
            continue;
        };
        let (track, found, problem) = scan(&file, 1_000);
        assert_eq!(problem, None, "{name}");
        let track = track.unwrap();
        assert_eq!(
            (&*track.codec_id, track.width, track.height),
            (codec, width, height),
            "{name}"
        );
        assert_eq!(found.len(), frames, "{name}");
        let found_keys = found.iter().filter(|frame| frame.key).count();
        assert!(
            keys == 0 || keys == found_keys,
            "{name}: {found_keys} keyframes"
        );
        let found_last = found.last().unwrap().time_us / 1_000;
        assert!(
            last_ms == 0 || last_ms == found_last,
            "{name}: {found_last} ms"
        );

        let (layout, groups) = laid_out(&file);
        let whole = read(&layout, &groups, &file, 0..u64::MAX);
        assert_eq!(whole.len() as u64, layout.len(), "{name}");
        let (again, frames_again, problem) = scan(&whole, 777);
        assert_eq!((again, problem), (Some(track), None), "{name}");
        assert_eq!(frames_again.len(), found.len(), "{name}");
        for (before, after) in found.iter().zip(&frames_again) {
            assert_eq!(
                (before.time_us / 1_000, before.key),
                (after.time_us / 1_000, after.key)
            );
            let data = |file: &[u8], frame: &Frame| {
                file[frame.start as usize..frame.end() as usize].to_vec()
            };
            assert!(data(&file, before) == data(&whole, after), "{name}");
        }
        for range in [0..10, 100..5_000, 5_000..5_001, layout.len() - 7..u64::MAX] {
            let end = range.end.min(layout.len());
            let part = read(&layout, &groups, &file, range.clone());
            assert!(
                part == whole[range.start as usize..end as usize],
                "{name} {range:?}"
            );
        }
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_gives_the_frames_before() {
    let Some(recordings) = recordings() else {
        return;
    };
    let file = std::fs::read(recordings.join("video/segments/000.webm")).unwrap();
    let (_, all, _) = scan(&file, 4_096);
    let mut most = 0;
    for end in 0..file.len() {
        let (_, frames, problem) = scan(&file[..end], 512);
        assert!(
            frames.len() >= most && frames == all[..frames.len()],
            "cut at {end}"
        );
        assert!(
            frames.iter().all(|frame| frame.end() <= end as u64),
            "cut at {end}"
        );
        most = frames.len();
        if most < all.len() && end < 200 {
            assert!(problem.is_some(), "cut at {end}");
        }
    }
    assert_eq!(most, all.len());
}

#[test]
fn passing_over_frames_finds_the_same() {
    let Some(recordings) = recordings() else {
        return;
    };
    let file = std::fs::read(recordings.join("video/segments/005.webm")).unwrap();
    let (_, all, _) = scan(&file, usize::MAX);
    let (mut scanner, mut frames, mut at, mut given) = (Scanner::new(), Vec::new(), 0, 0);
    while at < file.len() {
        let skip = (scanner.skippable() as usize).min(file.len() - at);
        scanner.skip(skip as u64);
        at += skip;
        let end = (at + 64).min(file.len());
        scanner.push(&file[at..end]).unwrap();
        given += end - at;
        at = end;
        frames.extend(scanner.frames());
    }
    frames.extend(scanner.frames());
    assert_eq!(frames, all);
    assert!(
        given < file.len() / 10,
        "{given} of {} bytes were read",
        file.len()
    );
}

#[test]
fn a_keyframe_begins_a_group_and_no_group_is_long() {
    let frame = |time_us, key| Frame {
        time_us,
        start: time_us,
        bytes: 10,
        key,
    };
    let frames: Vec<Frame> = (0..100)
        .map(|second| frame(second * 1_000_000, second == 0 || second == 40))
        .collect();
    let groups = groups(&frames);
    let firsts: Vec<_> = groups
        .iter()
        .map(|group| (group.first_us() / 1_000_000, group.key()))
        .collect();
    assert_eq!(firsts, [(0, true), (31, false), (40, true), (71, false)]);
    assert_eq!(
        groups.iter().map(|group| group.frames.len()).sum::<usize>(),
        100
    );
}

proptest! {
    #[test]
    fn groups_are_unpacked_as_they_were_packed(
        frames in proptest::collection::vec((any::<u32>(), 0..u64::MAX / 4, any::<u32>(), any::<bool>()), 0..40)
    ) {
        let frames = frames.into_iter().map(|(time, start, bytes, key)| Frame {
            time_us: time.into(), start, bytes, key,
        });
        let group = Group { frames: frames.collect() };
        prop_assert_eq!(Group::unpack(&group.pack()).unwrap(), group);
    }

    #[test]
    fn no_bytes_make_a_scan_panic_and_cutting_changes_nothing(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..600), piece in 1..50_usize
    ) {
        let _ = Group::unpack(&bytes);
        let header = b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x1f\x43\xb6\x75\xff";
        bytes.splice(0..0, header.iter().copied());
        prop_assert_eq!(scan(&bytes, piece), scan(&bytes, usize::MAX));
    }
}
