//! Importing: whole or not at all, and once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retrace_core::log::EventLog;
use retrace_ingest::asciicast::Version;
use retrace_ingest::import::{
    ImportError, ImportOptions, ImportProgress, ImportReport, Imported, NoProgress, Outcome,
    import_all, import_file,
};
use retrace_ingest::sample::{Length, SyntheticCast, Workload};

use crate::support::{events_of, new_log, read, sample, start};

fn no_progress() -> Arc<dyn ImportProgress> {
    Arc::new(NoProgress)
}

async fn import(log: &dyn EventLog, path: &Path) -> Result<Imported, ImportError> {
    import_file(log, path, &ImportOptions::default(), &no_progress()).await
}

async fn size(log: &dyn EventLog) -> u64 {
    log.head().await.unwrap().size.0
}

fn write(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_recording_becomes_a_session() {
    let (_dir, log) = new_log().await;
    let imported = import(&log, &sample("deploy-v3.cast")).await.unwrap();
    assert!(!imported.already);
    assert_eq!(imported.format, "asciicast-v3");
    assert_eq!(imported.duration_us / 1_000, 121_436);
    assert_eq!(imported.log_size, log.head().await.unwrap().size);
    let events = events_of(&log, imported.session).await;
    assert_eq!(events.len() as u64, imported.events);
    assert_eq!(events.len(), 2 + 760 + 694 + 2 + 1);

    let (at, kind, data) = &events[0];
    assert_eq!(
        (at.to_string().as_str(), kind.as_str()),
        ("2026-11-20T22:42:39.000000Z", "session.launched")
    );
    assert_eq!(data, "{\"protocol\":\"terminal\"}");
    let (_, kind, data) = &events[1];
    assert_eq!(kind, "session.source_attached");
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["columns"], &data["rows"]), (&100.into(), &30.into()));
    assert_eq!(data["recording"]["format"], "asciicast-v3");
    assert_eq!(data["recording"]["name"], "deploy-v3.cast");
    assert_eq!(data["recording"]["bytes"], 51_561);
    assert!(
        data["recording"]["header"]
            .as_str()
            .unwrap()
            .starts_with("{\"version\":3,\"term\"")
    );
    let (at, kind, data) = events.last().unwrap();
    assert_eq!(
        (at.to_string().as_str(), kind.as_str()),
        ("2026-11-20T22:44:40.436000Z", "session.ended")
    );
    assert_eq!(data, "{\"exitStatus\":0,\"reason\":\"user\"}");
}

#[tokio::test]
async fn options_come_before_the_header_and_the_header_before_nothing() {
    let (dir, log) = new_log().await;
    let file =
        b"{\"version\": 2, \"width\": 80, \"height\": 24, \"title\": \"T\", \"command\": \"sh\", \
        \"env\": {\"USER\": \"\", \"LOGNAME\": \"ada\", \"HOSTNAME\": \"h1\"}}\n";
    let path = write(dir.path(), "a.cast", file);
    let options = ImportOptions {
        started_at: Some(start()),
        host: Some("h2".to_owned()),
        protocol: Some("ssh".to_owned()),
        ..ImportOptions::default()
    };
    let imported = import_file(&log, &path, &options, &no_progress())
        .await
        .unwrap();
    let events = events_of(&log, imported.session).await;
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].0, start());
    assert_eq!(
        events[0].2,
        "{\"command\":\"sh\",\"host\":\"h2\",\"protocol\":\"ssh\",\"title\":\"T\",\"user\":\"ada\"}"
    );
    assert_eq!(events[2].2, "{\"reason\":\"unknown\"}");
}

#[tokio::test]
async fn without_a_time_in_the_header_the_last_entry_is_as_old_as_the_file() {
    let (dir, log) = new_log().await;
    let file = b"{\"version\": 2, \"width\": 80, \"height\": 24}\n[90.25, \"o\", \"a\"]\n";
    let path = write(dir.path(), "a.cast", file);
    let changed = std::time::UNIX_EPOCH + Duration::from_micros(1_795_214_559_700_000);
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(changed)
        .unwrap();
    let imported = import(&log, &path).await.unwrap();
    let events = events_of(&log, imported.session).await;
    assert_eq!(events[0].0.micros(), 1_795_214_469_000_000);
    assert_eq!(events[2].0.micros(), 1_795_214_559_250_000);
}

#[tokio::test]
async fn the_same_recording_is_the_same_session_and_is_added_once() {
    let (dir, log) = new_log().await;
    let content = std::fs::read(sample("incident-v2.cast")).unwrap();
    let first = import(&log, &sample("incident-v2.cast")).await.unwrap();
    let before = size(&log).await;

    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &content).unwrap();
    let copies = [
        write(dir.path(), "renamed", &content),
        write(dir.path(), "a.cast.gz", &gzip.finish().unwrap()),
        write(
            dir.path(),
            "a.cast.zst",
            &zstd::encode_all(&content[..], 3).unwrap(),
        ),
    ];
    let options = ImportOptions {
        started_at: Some(start()),
        ..ImportOptions::default()
    };
    for path in copies {
        let again = import_file(&log, &path, &options, &no_progress())
            .await
            .unwrap();
        assert!(again.already, "{}", path.display());
        assert_eq!((again.session, again.events), (first.session, 0));
    }
    assert_eq!(size(&log).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_imported_at_the_same_time_are_added_once() {
    let (dir, log) = new_log().await;
    let content = std::fs::read(sample("incident-v2.cast")).unwrap();
    for index in 0..12 {
        write(dir.path(), &format!("copies/{index}.cast"), &content);
    }
    let options = ImportOptions {
        threads: std::num::NonZero::new(6),
        ..ImportOptions::default()
    };
    let paths = vec![dir.path().join("copies")];
    let report = import_all(Arc::new(log.clone()), paths, options, no_progress()).await;
    assert_eq!(report.imported().count(), 12);
    assert_eq!(
        report
            .imported()
            .filter(|imported| !imported.already)
            .count(),
        1
    );
    assert_eq!(size(&log).await, 2 + 552 + 521 + 1);
}

/// Remembers what it was told.
#[derive(Default)]
struct Told(Mutex<(usize, u64, u64, Vec<String>)>);

impl ImportProgress for Told {
    fn found(&self, files: usize, bytes: u64) {
        let mut told = self.0.lock().unwrap();
        (told.0, told.1) = (files, bytes);
    }

    fn advanced(&self, bytes: u64) {
        self.0.lock().unwrap().2 += bytes;
    }

    fn finished(&self, path: &Path, _outcome: &Outcome) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        self.0.lock().unwrap().3.push(name);
    }
}

/// Each file's name and what became of it.
fn outcomes(report: &ImportReport) -> Vec<String> {
    let show = |(path, outcome): &(PathBuf, Outcome)| {
        let name = path.file_name().unwrap().to_string_lossy();
        match outcome {
            Outcome::Imported(imported) => format!("{name}: {} events", imported.events),
            Outcome::Skipped => format!("{name}: skipped"),
            Outcome::Refused(error) => {
                let error = error.to_string();
                format!("{name}: {}", error.split_once("`: ").unwrap().1)
            }
        }
    };
    report.files.iter().map(show).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_does_not_stop_the_others() {
    let (dir, log) = new_log().await;
    let good = |text: &str| {
        format!(
            "{{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1}}\n[1,\"o\",\"{text}\"]\n"
        )
    };
    write(dir.path(), "in/a.cast", good("a").as_bytes());
    write(dir.path(), "in/b.cast", good("b\\q").as_bytes());
    write(dir.path(), "in/c.txt", b"notes");
    write(dir.path(), "in/d/e", good("e").as_bytes());
    let named = write(dir.path(), "f.txt", b"notes");
    let told = Arc::new(Told::default());
    let report = import_all(
        Arc::new(log.clone()),
        vec![named, dir.path().join("in"), dir.path().join("absent")],
        ImportOptions::default(),
        Arc::clone(&told) as _,
    )
    .await;
    let mut outcomes = outcomes(&report);
    // The formats are told behind it.
    let known = outcomes[0].find(" (").unwrap_or_default();
    outcomes[0].truncate(known);
    assert_eq!(
        outcomes,
        [
            "f.txt: not a recording that can be read: in none of the formats that are read",
            "a.cast: 4 events",
            "b.cast: not a recording that can be read: line 2: not JSON: invalid escape",
            "c.txt: skipped",
            "e: 4 events",
            "absent: No such file or directory (os error 2)",
        ]
    );
    assert_eq!(report.refused().count(), 3);
    let told = told.0.lock().unwrap();
    assert_eq!((told.0, told.3.len()), (3, 6));
    assert_eq!(told.1, told.2, "all bytes are reported");
}

#[tokio::test]
async fn a_recording_too_large_to_keep_is_read_twice_and_is_the_same() {
    let (dir, log) = new_log().await;
    let length = Length::Bytes(30 << 20);
    let cast = SyntheticCast {
        seed: 5,
        version: Version::V3,
        workload: Workload::Keystrokes,
        length,
    };
    let mut content = Vec::new();
    cast.write_to(&mut content).unwrap();
    let path = write(
        dir.path(),
        "large.cast.zst",
        &zstd::encode_all(&content[..], 1).unwrap(),
    );
    // With so many threads each file may keep little.
    let options = ImportOptions {
        threads: std::num::NonZero::new(1_000),
        ..ImportOptions::default()
    };
    let told = Arc::new(Told::default());
    let imported = import_file(&log, &path, &options, &(Arc::clone(&told) as _))
        .await
        .unwrap();
    let expected = read(content.as_slice()).unwrap();
    assert_eq!(imported.events, expected.events.len() as u64 + 3);
    let stored = events_of(&log, imported.session).await;
    let shift = stored[0].0.micros_since(start());
    for (stored, expected) in stored[2..].iter().zip(&expected.events) {
        assert_eq!((&stored.1, &stored.2), (&expected.1, &expected.2));
        assert_eq!(stored.0, expected.0.saturating_add_micros(shift));
    }
    let told = told.0.lock().unwrap();
    assert_eq!(told.1, told.2, "all bytes are reported");
}

#[tokio::test]
async fn an_import_that_is_dropped_half_way_is_taken_up_where_it_stopped() {
    let length = Length::Bytes(30 << 20);
    let cast = SyntheticCast {
        seed: 6,
        version: Version::V2,
        workload: Workload::Keystrokes,
        length,
    };
    let mut content = Vec::new();
    cast.write_to(&mut content).unwrap();
    let (whole_dir, whole) = new_log().await;
    let path = write(whole_dir.path(), "large.cast", &content);
    let imported = import(&whole, &path).await.unwrap();
    let expected = events_of(&whole, imported.session).await;
    let (_dir, log) = new_log().await;
    for wait_ms in [20, 200, 400, 600, 800, 1_200] {
        let import = import(&log, &path);
        let stopped = tokio::time::timeout(Duration::from_millis(wait_ms), import).await;
        if stopped.is_ok() {
            break;
        }
    }
    let taken_up = import(&log, &path).await.unwrap();
    assert_eq!(taken_up.session, imported.session);
    assert!(events_of(&log, imported.session).await == expected);
    assert_eq!(size(&log).await, expected.len() as u64);
    assert!(import(&log, &path).await.unwrap().already);
}

#[tokio::test]
async fn what_is_not_a_file_is_refused() {
    let (dir, log) = new_log().await;
    let error = import(&log, dir.path()).await.unwrap_err();
    assert!(matches!(error, ImportError::Unreadable { .. }), "{error}");
    let error = import(&log, Path::new("/dev/zero")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/dev/zero`: neither a file nor a folder"
    );
}
