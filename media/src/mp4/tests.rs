use proptest::prelude::*;

use super::*;

fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend_from_slice(kind);
    out.extend_from_slice(content);
    out
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A track of 640x480 with a thousand units in a second.
fn track(handler: &[u8; 4], durations: &[(u32, u32)]) -> Vec<u8> {
    let mut entry = vec![0; 24];
    entry.extend([640_u16, 480].iter().flat_map(|n| n.to_be_bytes()));
    entry.extend([0; 50]);
    let stsd = [numbers(&[0, 1]), boxed(b"avc1", &entry)].concat();
    let mut stts = numbers(&[0, durations.len() as u32]);
    stts.extend(durations.iter().flat_map(|(n, d)| numbers(&[*n, *d])));
    let table = [boxed(b"stsd", &stsd), boxed(b"stts", &stts)].concat();
    let hdlr = [&numbers(&[0, 0]), &handler[..], &[0; 12]].concat();
    let media = [
        boxed(b"mdhd", &numbers(&[0, 0, 0, 1_000, 0, 0])),
        boxed(b"hdlr", &hdlr),
        boxed(b"minf", &boxed(b"stbl", &table)),
    ];
    let tkhd = boxed(b"tkhd", &numbers(&[0, 0, 0, 7, 0]));
    boxed(b"trak", &[tkhd, boxed(b"mdia", &media.concat())].concat())
}

fn moov(tracks: &[Vec<u8>], more: &[u8]) -> Vec<u8> {
    // 2026-11-21T08:00:00Z, counted from 1904.
    let mvhd = boxed(
        b"mvhd",
        &numbers(&[0, 1_795_248_000 + 2_082_844_800, 0, 1_000, 0]),
    );
    boxed(b"moov", &[mvhd, tracks.concat(), more.to_vec()].concat())
}

fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\0\0")
}

fn scan(file: &[u8], piece: usize) -> Result<(Facts, Option<ScanError>), ScanError> {
    let mut scanner = Scanner::new();
    for part in file.chunks(piece.max(1)) {
        if scanner.push(part).is_err() {
            break;
        }
    }
    scanner.finish()
}

#[test]
fn the_video_track_is_described_wherever_its_description_stands() {
    let sound = track(b"soun", &[(1_000, 1)]);
    let video = track(b"vide", &[(20, 40), (5, 100)]);
    let described = moov(&[sound, video], &[]);
    let pictures = boxed(b"mdat", &[7; 5_000]);
    let files = [
        [ftyp(), described.clone(), pictures.clone()].concat(),
        [ftyp(), pictures, described].concat(),
    ];
    for file in files {
        assert!(looks_like(&file));
        for piece in [1, 13, 4_096, usize::MAX] {
            let (facts, damage) = scan(&file, piece).unwrap();
            assert_eq!(damage, None);
            assert_eq!(
                (
                    facts.track.codec.as_str(),
                    facts.track.width,
                    facts.track.height
                ),
                ("avc1", 640, 480)
            );
            assert_eq!(
                (facts.frames, facts.first_us, facts.last_us, facts.end_us),
                (25, 0, 1_200_000, 1_300_000)
            );
            assert_eq!(facts.created_s, Some(1_795_248_000));
        }
    }
}

#[test]
fn fragments_count_whether_they_say_how_long_a_frame_is_or_not() {
    let extends = boxed(b"mvex", &boxed(b"trex", &numbers(&[0, 7, 1, 50, 0, 0])));
    let fragment = |time: u32, run: &[u8]| {
        let traf = [
            boxed(b"tfhd", &numbers(&[0, 7])),
            boxed(b"tfdt", &numbers(&[0, time])),
            boxed(b"trun", run),
        ];
        [
            boxed(b"moof", &boxed(b"traf", &traf.concat())),
            boxed(b"mdat", &[7; 100]),
        ]
        .concat()
    };
    let file = [
        ftyp(),
        moov(&[track(b"vide", &[])], &extends),
        fragment(500, &numbers(&[0, 10])),
        fragment(1_000, &numbers(&[0x300, 2, 30, 99, 70, 99])),
    ]
    .concat();
    let (facts, damage) = scan(&file, 64).unwrap();
    assert_eq!(
        (facts.frames, facts.first_us, facts.last_us, facts.end_us),
        (12, 500_000, 1_030_000, 1_100_000)
    );
    assert_eq!(damage, None);
    let (facts, damage) = scan(&file[..file.len() - 250], 64).unwrap();
    assert_eq!(facts.frames, 10);
    assert!(damage.is_some());
}

#[test]
fn what_is_no_video_or_lies_about_its_size_is_told() {
    let endless = boxed(
        b"moov",
        &[
            boxed(b"mvhd", &[0; 8]),
            numbers(&[u32::MAX]),
            b"trak".to_vec(),
        ]
        .concat(),
    );
    let many = moov(
        &[track(b"vide", &[(u32::MAX, u32::MAX), (u32::MAX, 1)])],
        &[],
    );
    let refused = [
        (Vec::new(), "no MP4: expected a box at byte 0"),
        (vec![0; 100], "no MP4: expected a box at byte 0"),
        (
            ftyp(),
            "it has no description of its tracks (`moov`): the recorder was stopped before it wrote one",
        ),
        (
            [ftyp(), moov(&[track(b"soun", &[])], &[])].concat(),
            "there is no video track",
        ),
        ([ftyp(), endless].concat(), "there is no video track"),
        (
            [ftyp(), numbers(&[u32::MAX]), b"moov".to_vec(), vec![0; 999]].concat(),
            "damaged at byte 16: a description of more than 64 MiB",
        ),
        (
            [ftyp(), numbers(&[3]), b"moov".to_vec(), vec![0; 999]].concat(),
            "damaged at byte 16: no box begins here",
        ),
    ];
    for (file, want) in refused {
        assert_eq!(scan(&file, 100).unwrap_err().to_string(), want);
    }
    // No more frames than bytes.
    let file = [ftyp(), many].concat();
    assert_eq!(scan(&file, 100).unwrap().0.frames, file.len() as u64);
}

#[test]
fn pictures_and_sounds_in_the_same_boxes_are_not_taken() {
    assert!(looks_like(&boxed(b"ftyp", b"qt  \0\0\0\0")));
    for brand in [b"heic", b"avif", b"M4A "] {
        assert!(!looks_like(&boxed(b"ftyp", brand)));
    }
    assert!(!looks_like(b"\0\0\0"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_pieces_change_nothing(
        begin in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..400),
        at in 0_usize..600,
        piece in 1_usize..50,
    ) {
        let mut file = [ftyp(), moov(&[track(b"vide", &[(3, 40)])], &[]), boxed(b"mdat", &[1; 50])].concat();
        let at = if begin { 0 } else { at.min(file.len()) };
        let end = file.len().min(at + noise.len());
        file.splice(at..end, noise);
        prop_assert_eq!(scan(&file, piece), scan(&file, usize::MAX));
    }
}
