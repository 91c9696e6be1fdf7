//! The files of a recording are kept as blobs of its session, and recordings of several files, or
//! several in one file, are one session each.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use retrace_core::blob::{BlobDigest, BlobStore};
use retrace_core::data_dir::DataDir;
use retrace_core::log::{EventLog, StoredLog};
use retrace_core::{SessionId, StreamVersion};
use retrace_ingest::import::{
    ImportOptions, ImportReport, Imported, NoProgress, Outcome, import_all,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{events_of, sample, shared};

struct Archive {
    _dir: tempfile::TempDir,
    log: StoredLog,
    blobs: BlobStore,
}

impl Archive {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::new(dir.path().join("data"));
        let log = data.open_or_create_log().await.unwrap();
        let blobs = data.blobs_of(&log);
        Self {
            _dir: dir,
            log,
            blobs,
        }
    }

    async fn import(&self, paths: &[&Path]) -> ImportReport {
        let options = ImportOptions {
            blobs: Some(self.blobs.clone()),
            ..ImportOptions::default()
        };
        let paths = paths.iter().map(|path| path.to_path_buf()).collect();
        import_all(
            Arc::new(self.log.clone()),
            paths,
            options,
            Arc::new(NoProgress),
        )
        .await
    }

    async fn import_one(&self, path: &Path) -> Imported {
        let report = self.import(&[path]).await;
        assert_eq!(report.files.len(), 1, "{:?}", report.files);
        report.imported().next().unwrap().clone()
    }

    /// What `session.source_attached` says of the recording.
    async fn recording(&self, session: SessionId) -> Value {
        let events = events_of(&self.log, session).await;
        let data: Value = serde_json::from_str(&events[1].2).unwrap();
        data["recording"].clone()
    }

    fn blob(&self, session: SessionId, digest: &str) -> Vec<u8> {
        let digest = BlobDigest::parse(digest).unwrap();
        let mut blob = self.blobs.open(session, digest).unwrap();
        let length = blob.len();
        blob.read(0..length).unwrap()
    }
}

#[tokio::test]
async fn the_files_are_kept_and_the_digest_follows_from_theirs() {
    let archive = Archive::new().await;
    let folder = sample("script");
    let imported = archive.import_one(&folder.join("two.in")).await;
    let recording = archive.recording(imported.session).await;
    assert_eq!(
        (&recording["format"], &recording["name"]),
        (&"typescript".into(), &"two.out".into())
    );
    let mut lines = Vec::new();
    for part in recording["parts"].as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        let content = fs::read(folder.join(name)).unwrap();
        assert_eq!(part["bytes"], content.len());
        let blob = part["blob"].as_str().unwrap();
        assert_eq!(archive.blob(imported.session, blob), content);
        lines.push(format!(
            "{}  {name}\n",
            hex::encode(Sha256::digest(&content))
        ));
    }
    lines.sort_by_key(|line| line[66..].to_owned());
    assert_eq!(lines.len(), 3);
    let sha256 = Sha256::digest(lines.concat());
    assert_eq!(recording["sha256"], hex::encode(sha256));
    assert_eq!(imported.session, SessionId::of_recording(&sha256.into()));

    // Whichever of its files is named, and with all of them named, it is one recording.
    for name in ["two.out", "two.timing"] {
        let again = archive.import_one(&folder.join(name)).await;
        assert!(again.already && again.session == imported.session);
    }
    let all = ["two.in", "two.out", "two.timing"].map(|name| folder.join(name));
    let report = archive
        .import(&all.each_ref().map(std::path::PathBuf::as_path))
        .await;
    assert_eq!(report.files.len(), 1);
}

#[tokio::test]
async fn in_another_compression_it_is_the_same_session() {
    let archive = Archive::new().await;
    let original = sample("ops.ttyrec");
    let content = fs::read(&original).unwrap();
    let imported = archive.import_one(&original).await;
    let recording = archive.recording(imported.session).await;
    assert_eq!(recording["parts"][0]["name"], "ops.ttyrec");
    assert_eq!(recording["parts"][0]["blob"], recording["sha256"]);
    assert_eq!(
        archive.blob(imported.session, recording["sha256"].as_str().unwrap()),
        content
    );

    let dir = tempfile::tempdir().unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    std::io::Write::write_all(&mut bzip2, &content).unwrap();
    let packed = dir.path().join("b.bz2");
    fs::write(&packed, bzip2.finish().unwrap()).unwrap();
    let again = archive.import_one(&packed).await;
    assert!(again.already && again.session == imported.session);
}

#[tokio::test]
async fn an_import_that_stopped_before_its_blobs_is_taken_up() {
    let whole = Archive::new().await;
    let path = sample("ops.ttyrec");
    let imported = whole.import_one(&path).await;
    let expected = events_of(&whole.log, imported.session).await;

    // Without the blobs that its beginning names, and without the rest of its events.
    let archive = Archive::new().await;
    let recorder = retrace_core::SourceName::new("recorder").unwrap();
    let stream = retrace_core::StreamName::of_session(imported.session, &recorder);
    let stored = whole
        .log
        .read_stream(&stream, StreamVersion(0), 100)
        .await
        .unwrap();
    let mut events = retrace_core::event::EventBatch::new();
    for event in &stored {
        events.push(event.at(), event.body().unwrap()).unwrap();
    }
    let append = retrace_core::log::Append {
        stream,
        first_version: StreamVersion(0),
        events,
    };
    archive.log.append(append).await.unwrap();

    let taken_up = archive.import_one(&path).await;
    assert_eq!(taken_up.session, imported.session);
    assert_eq!(taken_up.events, expected.len() as u64 - 100);
    assert!(events_of(&archive.log, imported.session).await == expected);
    let recording = archive.recording(imported.session).await;
    let blob = archive.blob(imported.session, recording["sha256"].as_str().unwrap());
    assert_eq!(blob, fs::read(&path).unwrap());
}

#[tokio::test]
async fn each_recording_of_a_journal_is_a_session_and_the_same_as_from_a_file() {
    let archive = Archive::new().await;
    let alone = [sample("plain.tlog.json"), sample("with-input.tlog.json")];
    let mut expected = Vec::new();
    for path in &alone {
        expected.push(archive.import_one(path).await.session);
    }
    let contents = alone
        .each_ref()
        .map(|path| fs::read_to_string(path).unwrap());
    // Their messages in turn, between entries of others.
    let mut journal = String::from("__CURSOR=s=0\n__REALTIME_TIMESTAMP=1\nMESSAGE=Starting up\n\n");
    let mut lines = contents.each_ref().map(|content| content.lines());
    for turn in 0.. {
        let Some(line) = lines[turn % 2]
            .next()
            .or_else(|| lines[(turn + 1) % 2].next())
        else {
            break;
        };
        journal += &format!(
            "__CURSOR=s={turn}\n__REALTIME_TIMESTAMP=1795214400000000\nMESSAGE={line}\n\n"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.txt");
    for content in [
        journal.clone().into_bytes(),
        zstd::encode_all(journal.as_bytes(), 1).unwrap(),
    ] {
        fs::write(&path, content).unwrap();
        let report = archive.import(&[&path]).await;
        let sessions: Vec<_> = report.imported().map(|imported| imported.session).collect();
        assert_eq!(sessions, expected);
        assert!(report.imported().all(|imported| imported.already));
    }
    // From the journal alone, what is kept are its messages.
    let other = Archive::new().await;
    let report = other.import(&[&path]).await;
    for (imported, content) in report.imported().zip(&contents) {
        let recording = other.recording(imported.session).await;
        let blob = recording["parts"][0]["blob"].as_str().unwrap();
        assert_eq!(other.blob(imported.session, blob), content.as_bytes());
        assert_eq!(recording["name"], "journal.txt");
    }
}

#[tokio::test]
async fn a_file_whose_first_message_is_broken_is_kept_whole() {
    let archive = Archive::new().await;
    let content = fs::read_to_string(sample("plain.tlog.json")).unwrap();
    let broken = content.replacen("\"id\":1,", "\"id\":x,", 1);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.tlog.json");
    fs::write(&path, &broken).unwrap();
    let imported = archive.import_one(&path).await;
    assert_eq!(
        imported.problems.first(),
        ["the message at byte 0 is passed over: not a message: expected value"]
    );
    let recording = archive.recording(imported.session).await;
    let blob = archive.blob(imported.session, recording["sha256"].as_str().unwrap());
    assert_eq!(blob, broken.as_bytes());
}

#[tokio::test]
async fn a_tree_of_sudo_logs_is_imported_folder_by_folder() {
    let archive = Archive::new().await;
    let dir = tempfile::tempdir().unwrap();
    for (sequence, user) in [("00/00/01", "ada"), ("00/00/0A", "bob")] {
        let folder = dir.path().join(sequence);
        fs::create_dir_all(&folder).unwrap();
        let log = format!("1795214412:{user}:root::/dev/pts/2\n/home\n/usr/bin/id\n");
        for (name, content) in [
            ("log", log.as_str()),
            ("timing", "1 0.011 3\n7 0.1 TSTP\n"),
            ("stdout", "a\nb"),
            ("stderr", ""),
        ] {
            fs::write(folder.join(name), content).unwrap();
        }
    }
    fs::write(dir.path().join("seq"), "00000B\n").unwrap();
    let report = archive.import(&[dir.path()]).await;
    let outcomes: Vec<_> = report
        .files
        .iter()
        .map(|(path, outcome)| {
            let name = path.strip_prefix(dir.path()).unwrap().display().to_string();
            let format = match outcome {
                Outcome::Imported(imported) => imported.format,
                other => return format!("{name} {other:?}"),
            };
            format!("{name} {format}")
        })
        .collect();
    assert_eq!(
        outcomes,
        ["00/00/01 sudo-iolog", "00/00/0A sudo-iolog", "seq Skipped"]
    );
    let session = report.imported().next().unwrap().session;
    let events = events_of(&archive.log, session).await;
    let data: Vec<&str> = events.iter().map(|(_, _, data)| data.as_str()).collect();
    assert_eq!(
        data[0],
        "{\"command\":\"/usr/bin/id\",\"protocol\":\"terminal\",\"target\":\"root\",\"user\":\"ada\"}"
    );
    assert_eq!(data[2], "{\"text\":\"a\\r\\nb\"}");
    assert_eq!(data[3], "{\"code\":\"7\",\"data\":\"TSTP\"}");
}

#[tokio::test]
async fn of_the_real_folder_every_terminal_recording_is_taken_and_what_is_invalid_refused() {
    let Some(folder) = shared("INDEX.md").and_then(|index| index.parent().map(Path::to_path_buf))
    else {
        return;
    };
    let archive = Archive::new().await;
    let report = archive.import(&[&folder]).await;
    let formats = report.imported().map(|imported| imported.format);
    let terminals = [
        "asciicast-v1",
        "asciicast-v2",
        "asciicast-v3",
        "ttyrec",
        "typescript",
        "tlog",
    ];
    let count = formats
        .filter(|format| terminals.contains(format) || *format == "sudo-iolog")
        .count();
    assert_eq!(count, 8 + 3 + 3 + 3 + 2);
    let refused: Vec<String> = report.refused().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(
        refused.iter().all(|reason| reason.contains("/invalid/")),
        "{refused:?}"
    );
    let skipped: Vec<_> = report
        .files
        .iter()
        .filter(|(_, outcome)| matches!(outcome, Outcome::Skipped))
        .filter_map(|(path, _)| path.file_name()?.to_str())
        .collect();
    assert!(skipped.contains(&"INDEX.md"));
    assert!(skipped.contains(&"rdp_interactive_taskmanager_lsass_dump.process.ndjson"));
    for part in [
        "two.timing",
        "two.in",
        "ssh-ops.timing",
        "ttyout",
        "log.json",
    ] {
        assert!(!skipped.contains(&part), "{part} is part of a recording");
    }
    let before = archive.log.head().await.unwrap().size;
    let again = archive.import(&[&folder]).await;
    assert!(again.imported().all(|imported| imported.already));
    assert_eq!(archive.log.head().await.unwrap().size, before);
}
