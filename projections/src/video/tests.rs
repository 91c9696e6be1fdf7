use std::path::{Path, PathBuf};

use retrace_core::SessionId;
use retrace_core::blob::BlobDigest;
use retrace_core::event::{
    EndReason, EventBody, FramesCaptured, SessionEnded, VideoClaimed, VideoCompleted,
    VideoRequested,
};
use retrace_media::webm::{Piece, Scanner};

use super::read::{self, Clip, ProductState, Selection};
use super::{SCHEMA, VideoProjection};
use crate::store::Readers;
use crate::testing::{TestLog, content, marked, purged, session, t0};

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

/// Footage that is stored, as the event that names it.
fn captured(
    test: &TestLog,
    session: SessionId,
    bytes: &[u8],
    first_us: i64,
    last_us: i64,
) -> EventBody {
    let digest = BlobDigest::of(bytes);
    test.blobs.put(session, digest, &mut &bytes[..]).unwrap();
    FramesCaptured {
        blob: digest.to_string(),
        bytes: bytes.len() as u64,
        changed_permille: Vec::new(),
        codec: None,
        first_at: t0().saturating_add_micros(first_us),
        frame_count: 1,
        height: None,
        last_at: t0().saturating_add_micros(last_us),
        media_type: "video/webm".to_owned(),
        width: None,
    }
    .into()
}

struct Model {
    test: TestLog,
    readers: Readers,
    projection: VideoProjection,
}

impl Model {
    fn new() -> Self {
        let test = TestLog::new();
        let around = test.around("models");
        let projection = VideoProjection::open(&around).unwrap();
        let model = Self {
            readers: Readers::new(&around.dir, SCHEMA),
            projection,
            test,
        };
        model
            .test
            .append(session(1), "agent", [(0, marked("begin"))]);
        model
    }

    fn catch_up(&mut self) {
        self.test.feed(&mut self.projection, &[1, 7]);
    }

    fn clips(&self) -> Vec<Clip> {
        let read = |connection: &_| read::clips(connection, session(1));
        self.readers.read::<_, rusqlite::Error>(read).unwrap()
    }

    /// The bytes of a file, put together from the blobs.
    fn file(&self, selection: Selection) -> Option<Vec<u8>> {
        let read = |connection: &rusqlite::Connection| {
            let Some(playable) = read::playable(connection, session(1), selection)? else {
                return Ok(None);
            };
            let mut out = Vec::new();
            let group = |index: usize| read::frames_of(connection, &playable.groups[index]);
            playable.layout.read(0..u64::MAX, group, |piece| {
                match piece {
                    Piece::Own(bytes) => out.extend(bytes),
                    Piece::Captured { group, range } => {
                        let run = playable.groups[group].run;
                        for (blob, range) in read::blobs_of_run(connection, run, &range)? {
                            let mut blob = self.test.blobs.open(session(1), blob).unwrap();
                            out.extend(blob.read(range).unwrap());
                        }
                    }
                }
                Ok(())
            })?;
            assert_eq!(out.len() as u64, playable.layout.len());
            Ok(Some(out))
        };
        self.readers.read::<_, rusqlite::Error>(read).unwrap()
    }

    /// The times of the frames of a file, in milliseconds.
    fn times(&self, selection: Selection) -> Vec<u64> {
        let mut scanner = Scanner::new();
        scanner.push(&self.file(selection).unwrap()).unwrap();
        assert_eq!(scanner.finish(), None);
        scanner
            .frames()
            .map(|frame| frame.time_us / 1_000)
            .collect()
    }
}

fn segment(recordings: &Path, number: usize) -> Vec<u8> {
    std::fs::read(recordings.join(format!("video/segments/{number:03}.webm"))).unwrap()
}

#[test]
fn segments_in_any_order_and_twice_make_one_file_in_the_order_of_time() {
    let Some(recordings) = recordings() else {
        return;
    };
    let mut model = Model::new();
    for number in [0, 2, 1, 1, 3] {
        let at = number as i64 * 1_000_000 + 5_000_000;
        let event = captured(
            &model.test,
            session(1),
            &segment(&recordings, number),
            at,
            at + 900_000,
        );
        model.test.append(session(1), "agent", [(at, event)]);
    }
    model.catch_up();
    let clips = model.clips();
    assert_eq!(clips.len(), 1, "{clips:?}");
    assert_eq!(
        (clips[0].first_us, clips[0].last_us, clips[0].frames),
        (5_000_000, 8_900_000, 40)
    );
    assert_eq!(
        (clips[0].width, clips[0].height, &*clips[0].codec),
        (800, 600, "V_VP8")
    );
    let want: Vec<u64> = (0..40).map(|frame| frame * 100).collect();
    assert_eq!(model.times(Selection::ALL), want);
    // Until a moment, which may be in the middle of a segment.
    let until = Selection {
        until_us: Some(7_250_000),
        ..Selection::ALL
    };
    assert_eq!(model.times(until), want[..23]);
    // From the keyframe before a moment: each segment begins with one.
    let around = Selection {
        from_us: Some(7_250_000),
        ..until
    };
    assert_eq!(model.times(around), [0, 100, 200]);
}

#[test]
fn a_missing_segment_is_a_gap_and_a_long_one_begins_a_clip() {
    let Some(recordings) = recordings() else {
        return;
    };
    let mut model = Model::new();
    for (number, at) in [(0, 0), (2, 2_000_000), (5, 100_000_000)] {
        let event = captured(
            &model.test,
            session(1),
            &segment(&recordings, number),
            at,
            at + 900_000,
        );
        model.test.append(session(1), "agent", [(at, event)]);
    }
    // A segment of which the second half is missing, and one that is none.
    let cut = segment(&recordings, 6);
    let cut = captured(
        &model.test,
        session(1),
        &cut[..cut.len() - 100],
        103_000_000,
        103_900_000,
    );
    let random = captured(
        &model.test,
        session(1),
        b"this is no video at all",
        101_000_000,
        101_900_000,
    );
    let empty = captured(&model.test, session(1), b"", 102_000_000, 102_900_000);
    model
        .test
        .append(session(1), "agent", [(1, random), (2, empty), (3, cut)]);
    model.catch_up();
    let clips = model.clips();
    let firsts: Vec<_> = clips
        .iter()
        .map(|clip| (clip.number, clip.first_us))
        .collect();
    assert_eq!(firsts, [(1, 0), (2, 100_000_000)]);
    assert_eq!(clips[1].frames, 19, "{clips:?}");
    let times = model.times(Selection::clip(1));
    assert_eq!((times.len(), times[9], times[10]), (20, 900, 2_000));
    assert!(model.file(Selection::clip(3)).is_none());
    let footage = |connection: &_| read::footage(connection, session(1), i64::MIN);
    let footage = model.readers.read::<_, rusqlite::Error>(footage).unwrap();
    let problems: Vec<_> = footage
        .iter()
        .filter_map(|piece| piece.problem.as_deref())
        .collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems
            .iter()
            .all(|problem| problem.contains("damaged at byte")),
        "{problems:?}"
    );
}

#[test]
fn the_pieces_of_a_browsers_recorder_are_one_file_also_after_a_restart() {
    let Some(recordings) = recordings() else {
        return;
    };
    let Ok(file) = std::fs::read(recordings.join("third-party/mediarecorder-vp8.webm")) else {
        eprintln!("skipped: the recording of a browser is not there");
        return;
    };
    let list =
        std::fs::read_to_string(recordings.join("third-party/mediarecorder-vp8.chunks.jsonl"));
    let mut model = Model::new();
    let mut rest = &file[..];
    let mut first_ms = None;
    for line in list.unwrap().lines() {
        let chunk: serde_json::Value = serde_json::from_str(line).unwrap();
        let ms = chunk["t"].as_i64().unwrap();
        let at = (ms - *first_ms.get_or_insert(ms)) * 1_000;
        let (piece, after) = rest.split_at(chunk["bytes"].as_u64().unwrap() as usize);
        rest = after;
        let event = captured(&model.test, session(1), piece, at, at);
        model.test.append(session(1), "agent", [(at, event)]);
        if chunk["n"].as_u64().unwrap() % 20 == 7 {
            model.catch_up();
            // What is in memory goes.
            model.projection = VideoProjection::open(&model.test.around("models")).unwrap();
        }
    }
    assert!(rest.is_empty());
    model.catch_up();
    let clips = model.clips();
    assert_eq!((clips.len(), clips[0].frames), (1, 231), "{clips:?}");
    let times = model.times(Selection::ALL);
    assert_eq!(
        *times.last().unwrap(),
        119_438 - (119_438 - times.last().unwrap())
    );
    assert!(times.is_sorted());

    // A model that is built at once has the same content.
    let again = model.test.around("again");
    model
        .test
        .feed(&mut VideoProjection::open(&again).unwrap(), &[10_000]);
    let models = model.test.models("models");
    assert_eq!(content(&models, &SCHEMA), content(&again.dir, &SCHEMA));
}

#[test]
fn work_is_followed_from_the_request_to_its_end_and_a_purge_takes_all() {
    let mut model = Model::new();
    let media_type = "video/mp4".to_owned();
    let requested = VideoRequested {
        by: "ann".to_owned(),
        media_type: media_type.clone(),
    };
    let claimed = VideoClaimed {
        media_type: media_type.clone(),
        node: "one".to_owned(),
    };
    let completed = VideoCompleted {
        blob: Some(BlobDigest::of(b"x").to_string()),
        bytes: 1,
        duration_us: 5,
        media_type,
    };
    let steps: [(EventBody, ProductState); 3] = [
        (requested.into(), ProductState::Requested),
        (claimed.into(), ProductState::Working),
        (completed.into(), ProductState::Completed),
    ];
    for (event, want) in steps {
        model.test.append(session(1), "video", [(0, event.clone())]);
        // Nobody but the server says so.
        model.test.append(session(1), "agent", [(0, event)]);
        model.catch_up();
        let read = |connection: &_| read::products(connection, session(1));
        let products = model.readers.read::<_, rusqlite::Error>(read).unwrap();
        assert_eq!(products.len(), 1);
        assert_eq!(
            (products[0].state, products[0].by.as_deref()),
            (want, Some("ann"))
        );
    }
    let piece = captured(&model.test, session(1), b"x", 0, 0);
    let ended = SessionEnded {
        exit_status: None,
        reason: EndReason::User,
    };
    model
        .test
        .append(session(1), "agent", [(0, piece), (1, ended.into())]);
    model.catch_up();
    let touched = |connection: &_| read::touched(connection, retrace_core::Position(0), 10);
    let found = model.readers.read::<_, rusqlite::Error>(touched).unwrap();
    assert_eq!(
        (found.len(), found[0].ended, found[0].next_version),
        (1, true, 3)
    );
    model.test.append(session(1), "control", [(9, purged())]);
    model.catch_up();
    assert_eq!(
        model.readers.read::<_, rusqlite::Error>(touched).unwrap(),
        []
    );
    assert_eq!(model.clips(), []);
}
