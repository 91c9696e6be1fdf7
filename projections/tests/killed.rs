//! The index of moments after `kill -9`: what was committed is there, with its checkpoint, and nothing else.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use retrace_core::{LogId, Position, SessionId, Timestamp};
use retrace_projections::moments::{
    Detail, Moment, MomentId, MomentKind, MomentWriter, MomentsReader, SessionFacts,
};
use tantivy::collector::Count;
use tantivy::query::AllQuery;

const FOLDER: &str = "RETRACE_TEST_INDEX_OF_A_KILLED_WRITER";
const COMMIT_EVERY: u64 = 200;

fn log() -> LogId {
    let id = "01234567-89ab-4cde-8123-456789abcdef";
    id.parse().expect("it is an id")
}

/// Writes until it is killed: the moment of each position says which one it is.
#[test]
fn a_writer_that_others_kill() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let mut writer = MomentWriter::open(Path::new(&folder), log()).unwrap();
    let started: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
    let session = SessionId::of_recording(&[7; 32]);
    let facts = SessionFacts::begun(session, started);
    for number in writer.checkpoint().0.. {
        let id = MomentId {
            position: Position(number),
            ordinal: 0,
        };
        let at = started.saturating_add_micros(i64::try_from(number).unwrap());
        let text = format!("moment {number}");
        let moment = Moment::new(
            id,
            session,
            MomentKind::Screen,
            at,
            number,
            text,
            Detail::default(),
        );
        writer.add(&moment, &facts).unwrap();
        if (number + 1) % COMMIT_EVERY == 0 {
            writer.commit(Position(number + 1)).unwrap();
        }
    }
}

#[test]
fn a_killed_writer_leaves_what_it_committed() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..5_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_writer_that_others_kill", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let reader = MomentsReader::new(folder.path());
        let begun = Instant::now();
        // Until it has committed some more, and then in the middle of something.
        while reader.view().map_or(0, |view| view.checkpoint.0) < before + 10 * COMMIT_EVERY {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "nothing is committed"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let view = MomentsReader::new(folder.path()).view().unwrap();
        let there = view.searcher.search(&AllQuery, &Count).unwrap() as u64;
        assert_eq!((view.checkpoint.0, there % COMMIT_EVERY), (there, 0));
        assert!(there >= before + 10 * COMMIT_EVERY);
        before = there;
    }
}
