//! Guacamole dumps: real ones against what is known of them, damaged ones, and dumps that are followed while they
//! are written.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use retrace_core::SessionId;
use retrace_ingest::import::{ImportOptions, Outcome, WatchOptions, Watched, watch_folders};
use tokio::sync::watch;

use crate::place::Place;
use crate::support::{events_of, shared};

/// The dump that the blobs of a session are together, and the text that was typed.
async fn contents(place: &Place, session: SessionId) -> (Vec<u8>, String) {
    let (mut dump, mut typed) = (Vec::new(), String::new());
    for (_, frame) in place.events(session, "frames.captured").await {
        let blob = place.blob(session, &frame["blob"]);
        assert_eq!(frame["bytes"], blob.len());
        dump.extend(blob);
    }
    for (_, keys) in place.events(session, "keys.typed").await {
        typed.push_str(keys["text"].as_str().unwrap());
    }
    (dump, typed)
}

#[tokio::test]
async fn real_dumps_have_the_instructions_keys_and_times_that_are_known_of_them() {
    #[rustfmt::skip]
    let cases = [
        ("guac/ssh-ops.guac", "ssh", 76_630, 475, (1_024, 640),
            "blob=387 cfill=656 clipboard=1 copy=27 cursor=1 end=383 img=382 key=934",
            &["echo change cobaltreed-3371 start\r", "ploverwick-2290", "clear; echo END hollyspar-9046 complete\r",
              "correct-horse-9\r", "echo 'été à Zürich 10 € → ok'\r"][..]),
        ("guac/vnc-ops.guac", "vnc", 80_500, 677, (1_024, 768),
            "blob=975 cfill=134 copy=799 cursor=14 dispose=1 end=953 img=953 key=1080 mouse=115 rect=132 size=9 sync=677",
            &["echo TICKET umberlatch-7152 approved\r", "clear; echo FINAL-SCREEN saltmoth-6284; ls\r",
              "sum(i*i for i in range(1000))\r"][..]),
    ];
    for (name, protocol, duration_ms, syncs, (width, height), counts, typed_texts) in cases {
        let Some(path) = shared(name) else { continue };
        let place = Place::new().await;
        let imported = place.one(&path).await;
        assert_eq!(
            (imported.format, imported.problems.first()),
            ("guacamole", &[][..]),
            "{name}"
        );
        assert!(
            imported.duration_us.abs_diff(duration_ms * 1_000) < 20_000,
            "{name}: {}",
            imported.duration_us
        );
        let (dump, typed) = contents(&place, imported.session).await;
        assert!(dump == fs::read(&path).unwrap(), "{name}");
        for text in typed_texts {
            assert!(typed.contains(text), "{name}: {text:?} in {typed:?}");
        }
        let frames = place.events(imported.session, "frames.captured").await;
        let count: u64 = frames
            .iter()
            .map(|(_, frame)| frame["frameCount"].as_u64().unwrap())
            .sum();
        assert_eq!(count, syncs, "{name}");
        assert_eq!(
            (&frames[0].1["width"], &frames[0].1["height"]),
            (&width.into(), &height.into()),
            "{name}"
        );
        let launched = &place.events(imported.session, "session.launched").await[0].1;
        assert_eq!(
            (&launched["protocol"], &launched["title"]),
            (&protocol.into(), &format!("{protocol}-ops").into())
        );
        let attached = place
            .events(imported.session, "session.source_attached")
            .await;
        assert_eq!(attached.len(), 2);
        let file = &attached[1].1["recording"];
        assert!(
            file["header"].as_str().unwrap().starts_with(counts),
            "{name}: {}",
            file["header"]
        );
        assert_eq!(file["bytes"], dump.len());
        let clicks = place.events(imported.session, "pointer.clicked").await;
        let copied = place.events(imported.session, "clipboard.copied").await;
        if protocol == "ssh" {
            assert_eq!(copied[0].1["text"], "echo pasted ploverwick-2290");
        } else {
            assert!(!clicks.is_empty());
        }
        assert!(place.one(&path).await.already, "{name}");
    }
}

#[tokio::test]
async fn a_dump_is_kept_as_far_as_it_is_good_and_refused_where_it_is_none() {
    let Some(path) = shared("guac/ssh-ops.guac") else {
        return;
    };
    let whole = fs::read(path).unwrap();
    let place = Place::new().await;
    let damaged = [
        &whole[..whole.len() / 2],
        b"4.nonsense;",
        &whole[whole.len() / 2..],
    ]
    .concat();
    let unknown = [&whole[..], b"5.dance,1.1;5.dance,1.2;4.sync,1.x;"].concat();
    let absolute = b"4.size,1.0,2.10,2.10;4.sync,13.1795248000000;3.key,2.97,1.1,13.1795248000500;4.sync,13.1795248001000;";
    #[rustfmt::skip]
    let cases: [(&str, &[u8], &[&str]); 4] = [
        ("cut.guac", &whole[..whole.len() - 3], &["cut off in the middle of an instruction"]),
        ("damaged.guac", &damaged, &["damaged at byte "]),
        ("unknown.guac", &unknown, &["instructions that are not known: `dance` 2 times",
            "instructions with other arguments than they should have: 1"]),
        ("absolute.guac", absolute, &[]),
    ];
    for (name, content, problems) in cases {
        // Each of them opens alike, and is a session of its own.
        let place = Place::new().await;
        let path = place.write(name, content);
        let outcomes = place.import_with(&path, ImportOptions::default()).await;
        let [(_, Outcome::Imported(imported))] = &outcomes[..] else {
            panic!("{name}: {outcomes:?}")
        };
        let said = imported.problems.first();
        assert_eq!(said.len(), problems.len(), "{name}: {said:?}");
        for (said, want) in said.iter().zip(problems) {
            assert!(said.starts_with(want), "{name}: {said}");
        }
        let (dump, typed) = contents(&place, imported.session).await;
        assert!(dump == content, "{name}");
        if name == "absolute.guac" {
            let events = events_of(&place.log, imported.session).await;
            assert_eq!(events[0].0.to_string(), "2026-11-21T08:00:00.000000Z");
            assert_eq!((typed.as_str(), imported.duration_us), ("a", 1_000_000));
        }
    }

    let endless = [b"4.size,9999999.".to_vec(), vec![b'x'; 3_000_000]].concat();
    let cases: [(&str, &[u8], &str); 3] = [
        ("empty.guac", b"", "it is empty"),
        (
            "random.guac",
            &[0x5A; 4_000],
            "expected an instruction of the Guacamole protocol",
        ),
        (
            "endless.guac",
            &endless,
            "expected an instruction of the Guacamole protocol",
        ),
    ];
    for (name, content, want) in cases {
        let path = place.write(name, content);
        let said = place.refusal(&path).await;
        assert!(said.ends_with(want), "{name}: {said}");
    }
}

#[tokio::test]
async fn another_dump_that_opens_alike_is_refused() {
    let Some(path) = shared("guac/ssh-ops.guac") else {
        return;
    };
    let place = Place::new().await;
    let whole = fs::read(path).unwrap();
    place.one(&place.write("first.guac", &whole)).await;
    let shorter = place.write("shorter.guac", &whole[..whole.len() - 2_000]);
    let said = place.refusal(&shorter).await;
    assert!(said.contains("begins alike and has ended"), "{said}");
}

/// What a watcher told: what, and the file's name.
type Told = Arc<Mutex<Vec<String>>>;

struct Watcher {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    told: Told,
}

impl Watcher {
    fn start(place: &Place, folder: PathBuf, idle: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let told = Told::default();
        let telling = Arc::clone(&told);
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        let tell = move |watched: Watched<'_>| {
            telling.lock().unwrap().push(match watched {
                Watched::Live { path, .. } => format!("live {}", name(path)),
                Watched::Ended { path, .. } => format!("ended {}", name(path)),
                Watched::Done { path, outcome } => match outcome {
                    Outcome::Imported(imported) if imported.already => {
                        format!("already {}", name(path))
                    }
                    Outcome::Imported(_) => format!("imported {}", name(path)),
                    Outcome::Skipped => format!("skipped {}", name(path)),
                    Outcome::Refused(error) => format!("refused {}: {error}", name(path)),
                },
                Watched::Failed { error, .. } => format!("failed {error}"),
            });
        };
        let options = ImportOptions {
            blobs: Some(place.blobs.clone()),
            ..ImportOptions::default()
        };
        let how = WatchOptions {
            every: Duration::from_millis(20),
            idle,
        };
        let log = Arc::new(place.log.clone());
        let task = tokio::spawn(watch_folders(
            log,
            vec![folder],
            options,
            how,
            stopped,
            tell,
        ));
        Self { stop, task, told }
    }

    async fn until(&self, wanted: &str) {
        for _ in 0..500 {
            if self.told.lock().unwrap().iter().any(|told| told == wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{wanted} among {:?}", self.told.lock().unwrap());
    }

    async fn stop(self) -> Vec<String> {
        self.stop.send_replace(true);
        self.task.await.unwrap();
        self.told.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_that_is_being_written_is_a_live_session_through_any_restart() {
    let Some(path) = shared("guac/vnc-ops.guac") else {
        return;
    };
    let whole = fs::read(path).unwrap();
    let place = Place::new().await;
    let folder = place.path("recordings");
    fs::create_dir(&folder).unwrap();
    let file = folder.join("vnc-ops");
    let mut writer = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(&file)
        .unwrap();
    let idle = Duration::from_secs(2);
    let mut chunks = whole.chunks(40_000);
    // Three watchers, one after the other, none of which sees the end of what it begins.
    for round in 0..3 {
        let watcher = Watcher::start(&place, folder.clone(), idle);
        for chunk in chunks.by_ref().take(8) {
            writer.write_all(chunk).unwrap();
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        watcher.until("live vnc-ops").await;
        let told = watcher.stop().await;
        assert_eq!(told, ["live vnc-ops"], "round {round}");
    }
    for chunk in chunks {
        writer.write_all(chunk).unwrap();
    }
    drop(writer);
    fs::write(
        folder.join("other.cast"),
        "{\"version\": 2, \"width\": 80, \"height\": 24}\n[0.5, \"o\", \"a\"]\n",
    )
    .unwrap();
    fs::write(folder.join("notes.txt"), "nothing that could be imported").unwrap();
    let watcher = Watcher::start(&place, folder.clone(), idle);
    watcher.until("ended vnc-ops").await;
    watcher.until("imported other.cast").await;
    watcher.until("skipped notes.txt").await;
    watcher.stop().await;

    let imported = place.one(&file).await;
    assert!(imported.already);
    let (dump, typed) = contents(&place, imported.session).await;
    assert!(dump == whole);
    let frames = place.events(imported.session, "frames.captured").await;
    assert!(frames.len() > 5, "{} pieces", frames.len());
    // The same as of an import of the finished file, but for where pieces are cut.
    let other = Place::new().await;
    let at_once = other.one(&file).await;
    assert_eq!(at_once.session, imported.session);
    assert_eq!(contents(&other, at_once.session).await.1, typed);
    for kind in ["session.ended", "pointer.clicked", "keys.typed"] {
        let (live, once) = (
            place.events(imported.session, kind).await,
            other.events(imported.session, kind).await,
        );
        assert_eq!(live, once, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_a_watcher_stopped() {
    let Some(path) = shared("guac/ssh-ops.guac") else {
        return;
    };
    let whole = fs::read(path).unwrap();
    let place = Place::new().await;
    let folder = place.path("recordings");
    let file = place.write("recordings/ssh-ops.guac", &whole[..200_000]);
    let watcher = Watcher::start(&place, folder, Duration::from_secs(60));
    watcher.until("live ssh-ops.guac").await;
    watcher.stop().await;
    OpenOptions::new()
        .append(true)
        .open(&file)
        .unwrap()
        .write_all(&whole[200_000..])
        .unwrap();
    let imported = place.one(&file).await;
    assert!(!imported.already);
    let (dump, typed) = contents(&place, imported.session).await;
    assert!(dump == whole);
    assert!(typed.contains("echo END hollyspar-9046 complete\r"));
    let ended = place.events(imported.session, "session.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(place.one(&file).await.already);
}
