//! Video over HTTP, from what a recorder uploads to what a browser asks for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::blocking::Response;
use retrace_tests::upload::{Upload, line};
use retrace_tests::{PATIENCE, Retrace, Server};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn segment(number: usize) -> Vec<u8> {
    let name = format!("data/segments/{number:03}.webm");
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Uploads a segment and answers the line that names it: it shows the second `second`.
fn captured(upload: &Upload<'_>, bytes: &[u8], second: usize) -> String {
    let sha256 = hex::encode(Sha256::digest(bytes));
    let put = upload
        .request("PUT", &format!("blobs/{sha256}"))
        .body(bytes.to_vec());
    assert!(put.send().unwrap().status().is_success());
    let at = |ms: &str| format!("2026-11-21T09:30:{second:02}.{ms}Z");
    let data = json!({"blob": sha256, "bytes": bytes.len(), "codec": "vp8", "firstAt": at("000"),
        "frameCount": 10, "lastAt": at("900"), "mediaType": "video/webm"});
    line(&at("900"), "frames.captured", &data)
}

struct Watching<'a> {
    server: &'a Server,
    token: String,
    session: String,
}

impl Watching<'_> {
    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let path = format!("/v1/sessions/{}/media/{path}", self.session);
        let mut request = self.server.get(&path).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().unwrap()
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        let answer = self.get(path, &[]);
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().unwrap().to_vec()
    }

    /// The accesses of the session: type and data.
    fn accesses(&self) -> Vec<(String, Value)> {
        let answer = self.server.graphql(
            &self.token,
            "query($stream: String!) { events(first: 100, filter: {stream: $stream}) { nodes { type data } } }",
            &json!({"stream": format!("session/{}/access", self.session)}),
        );
        let nodes = answer["data"]["events"]["nodes"].as_array().unwrap();
        let pair = |node: &Value| {
            (
                node["type"].as_str().unwrap().to_owned(),
                node["data"].clone(),
            )
        };
        nodes.iter().map(pair).collect()
    }
}

/// What ffprobe says of a file: its errors, its length in seconds, and the times of its frames.
fn probe(file: &Path) -> (String, f64, Vec<f64>) {
    let run = |arguments: &[&str]| {
        let out = Command::new("ffprobe")
            .args(arguments)
            .arg(file)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
        (text(out.stdout), text(out.stderr))
    };
    let (duration, errors) = run(&[
        "-v",
        "error",
        "-show_entries",
        "format=duration",
        "-of",
        "csv=p=0",
    ]);
    let (times, more) = run(&[
        "-v",
        "error",
        "-show_entries",
        "frame=pts_time",
        "-of",
        "csv=p=0",
        "-select_streams",
        "v",
    ]);
    let times = times
        .lines()
        .map(|line| line.trim_end_matches(','))
        .filter(|line| !line.is_empty())
        .map(|line| line.parse().unwrap());
    (errors + &more, duration.parse().unwrap(), times.collect())
}

#[test]
fn segments_that_were_uploaded_play_as_one_file_also_while_the_session_goes_on() {
    let retrace = Retrace::new();
    let (admin, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let launched = json!({"at": "2026-11-21T09:30:00Z", "user": "mara", "protocol": "rdp"});
    let upload = Upload::launch(&server, &recorder, &launched);
    let batch: String = (0..3)
        .map(|second| captured(&upload, &segment(second), second))
        .collect();
    upload.send("agent", 0, batch).is_ok();
    server.wait_until_caught_up();

    let watching = Watching {
        server: &server,
        token: admin,
        session: upload.session.clone(),
    };
    let first = watching.get("video.webm", &[]);
    assert_eq!(first.headers()["content-type"], "video/webm");
    assert_eq!(first.headers()["accept-ranges"], "bytes");
    let first_etag = first.headers()["etag"].to_str().unwrap().to_owned();
    let until = watching.bytes("video.webm?until_ms=1450");

    // It goes on: a segment is missing, and one comes.
    upload
        .send("agent", 3, captured(&upload, &segment(4), 4))
        .is_ok();
    server.wait_until_caught_up();
    assert!(
        watching.bytes("video.webm?until_ms=1450") == until,
        "what was until then has changed"
    );
    let file = retrace.scratch().join("until.webm");
    fs::write(&file, until).unwrap();
    let (errors, _, times) = probe(&file);
    assert_eq!((&*errors, times.len(), times[14]), ("", 15, 1.4));

    let whole = watching.bytes("video.webm");
    fs::write(&file, &whole).unwrap();
    let (errors, duration, times) = probe(&file);
    assert_eq!(errors, "");
    assert!((4.8..=5.0).contains(&duration), "{duration} s");
    let want: Vec<f64> = (0..30)
        .chain(40..50)
        .map(|frame| f64::from(frame) / 10.0)
        .collect();
    assert_eq!(times, want, "the missing second is a gap");

    // Ranges, and what the client has already.
    let part = watching.get("video.webm", &[("range", "bytes=1000-2999")]);
    assert_eq!(part.status(), 206);
    let etag = part.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(
        part.headers()["content-range"],
        format!("bytes 1000-2999/{}", whole.len())
    );
    assert!(part.bytes().unwrap()[..] == whole[1_000..3_000]);
    assert_ne!(etag, first_etag);
    assert_eq!(
        watching
            .get("video.webm", &[("if-none-match", &etag)])
            .status(),
        304
    );
    let stale = watching.get(
        "video.webm",
        &[("range", "bytes=5-9"), ("if-range", &first_etag)],
    );
    assert_eq!(stale.status(), 200);
    let beyond = format!("bytes={}-", whole.len());
    assert_eq!(
        watching.get("video.webm", &[("range", &beyond)]).status(),
        416
    );

    // Clips, all clips, and what was captured.
    assert!(watching.bytes("video.webm?clip=1").len() == whole.len());
    assert_eq!(watching.get("video.webm?clip=2", &[]).status(), 404);
    assert_eq!(watching.get("video.mp4", &[]).status(), 404);
    let zipped = watching.bytes("clips.zip");
    let mut zip = zip::ZipArchive::new(Cursor::new(zipped)).unwrap();
    assert_eq!(zip.file_names().collect::<Vec<_>>(), ["clip-001.webm"]);
    let mut clip = Vec::new();
    zip.by_index(0).unwrap().read_to_end(&mut clip).unwrap();
    assert!(clip == whole);
    let sha256 = hex::encode(Sha256::digest(segment(2)));
    let captured = watching.get(&format!("footage/{sha256}?download=1"), &[]);
    assert!(
        captured.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .contains("attachment")
    );
    assert!(captured.bytes().unwrap()[..] == segment(2)[..]);
    assert_eq!(
        watching
            .get(&format!("footage/{}", "0".repeat(64)), &[])
            .status(),
        404
    );

    // Many looks are one view; each download is an event.
    let accesses = watching.accesses();
    let types: Vec<&str> = accesses.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        types,
        [
            "recording.viewed",
            "recording.downloaded",
            "recording.downloaded"
        ],
        "{accesses:?}"
    );
    let object = accesses[1].1["object"].as_str().unwrap();
    assert!(object.ends_with("-clips.zip"), "{object}");

    // Nobody else sees anything, and the bytes on the disk are sealed.
    for token in ["", &upload.token, &recorder] {
        let path = format!("/v1/sessions/{}/media/video.webm", upload.session);
        let status = server
            .get(&path)
            .bearer_auth(token)
            .send()
            .unwrap()
            .status();
        assert!(matches!(status.as_u16(), 401 | 403), "{status}");
    }
    let blobs = retrace.data().join("blobs").join(&upload.session);
    for blob in fs::read_dir(blobs).unwrap() {
        let stored = fs::read(blob.unwrap().path()).unwrap();
        assert!(!stored.windows(5).any(|window| window == b"V_VP8"));
    }
}

impl Watching<'_> {
    /// What is built of the session: kind, state and reason.
    fn products(&self) -> Vec<(String, String, Value)> {
        let answer = self.server.graphql(
            &self.token,
            "query($id: ID!) { session(id: $id) { media { products { kind state reason } } } }",
            &json!({"id": self.session}),
        );
        let products = answer["data"]["session"]["media"]["products"].as_array();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        products.map_or_else(Vec::new, |products| {
            let row = |product: &Value| {
                (
                    text(&product["kind"]),
                    text(&product["state"]),
                    product["reason"].clone(),
                )
            };
            products.iter().map(row).collect()
        })
    }

    /// Waits until something is built, or could not be built.
    #[track_caller]
    fn waits_for(&self, kind: &str, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let products = self.products();
            if let Some((_, _, reason)) = products
                .iter()
                .find(|(found, is, _)| found == kind && is == state)
            {
                return reason.clone();
            }
            assert!(
                begun.elapsed() < PATIENCE * 4,
                "{kind} is not {state}: {products:?}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn ask_for(&self, kind: &str) -> Value {
        let answer = self.server.graphql(
            &self.token,
            "mutation($id: ID!, $kind: VideoKind!) { requestVideo(session: $id, kind: $kind) }",
            &json!({"id": self.session, "kind": kind}),
        );
        answer["data"]["requestVideo"].clone()
    }
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

#[test]
fn imported_segments_get_thumbnails_and_an_mp4_when_somebody_asks() {
    let retrace = Retrace::new();
    let token = retrace.token();
    retrace.succeed(&["import", data("segments").to_str().unwrap()]);
    let server = retrace.serve();
    server.wait_until_caught_up();
    let sessions = server.graphql(&token, "{ sessions { nodes { id } } }", &json!({}));
    let session = sessions["data"]["sessions"]["nodes"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let watching = Watching {
        server: &server,
        token,
        session,
    };
    watching.waits_for("THUMBNAILS", "COMPLETED");
    assert!(
        !watching.products().iter().any(|(kind, ..)| kind == "MP4"),
        "on demand"
    );

    let vtt = String::from_utf8(watching.bytes("thumbnails.vtt")).unwrap();
    assert!(
        vtt.starts_with("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nthumbnails/"),
        "{vtt}"
    );
    let sheet = vtt
        .lines()
        .find(|line| line.starts_with("thumbnails/"))
        .unwrap();
    let sheet = watching.get(sheet.split('#').next().unwrap(), &[]);
    assert_eq!(sheet.headers()["content-type"], "image/webp");
    assert_eq!(sheet.bytes().unwrap()[8..12], *b"WEBP");

    assert_eq!(watching.ask_for("MP4"), true);
    watching.waits_for("MP4", "COMPLETED");
    assert_eq!(watching.ask_for("MP4"), false, "it is there");
    let file = retrace.scratch().join("video.mp4");
    let mp4 = watching.bytes("video.mp4");
    let (moov, mdat) = (find(&mp4, b"moov"), find(&mp4, b"mdat"));
    assert!(moov < mdat, "what a player needs first comes first");
    fs::write(&file, mp4).unwrap();
    let (errors, duration, times) = probe(&file);
    assert_eq!((&*errors, times.len()), ("", 50));
    assert!((4.9..=5.1).contains(&duration), "{duration} s");

    // The picture at a moment is the last one before it.
    let still = watching.get("still?at_ms=3250", &[]);
    assert_eq!(still.headers()["retrace-at-ms"], "3200");
    assert_eq!(still.bytes().unwrap()[..8], *b"\x89PNG\r\n\x1a\n");
    let small = watching.bytes("still?at_ms=0&width=200");
    assert_eq!(u32::from_be_bytes(small[16..20].try_into().unwrap()), 200);

    let answer = server.graphql(
        &watching.token,
        "query($id: ID!) { session(id: $id) { activityMap(buckets: 5) { series { kind max } }
            media { video { durationMs } keyframesMs clips { frames codec } } } }",
        &json!({"id": watching.session}),
    );
    let found = &answer["data"]["session"];
    let kinds: Vec<&Value> = found["activityMap"]["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["kind"])
        .collect();
    assert_eq!(kinds, ["SCREEN"], "{answer}");
    assert_eq!(
        found["media"]["clips"],
        json!([{"frames": 50, "codec": "vp8"}])
    );
    assert_eq!(
        found["media"]["keyframesMs"],
        json!([0, 1000, 2000, 3000, 4000])
    );
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes
        .windows(what.len())
        .position(|window| window == what)
        .unwrap()
}

#[test]
fn screenshots_become_video_while_they_come_and_once_only_though_the_server_is_killed() {
    let retrace = Retrace::new();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    let picture = |number: usize| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../media/tests/data/video");
        fs::read(folder.join(["0001.png", "0002.png", "0003.png", "0006.png"][number % 4])).unwrap()
    };
    let send = |upload: &Upload<'_>, seconds: std::ops::Range<usize>| {
        let first = seconds.start as u64;
        let lines: String = seconds
            .map(|second| {
                // The same picture for three seconds, then another.
                let bytes = picture(second / 3);
                let sha256 = hex::encode(Sha256::digest(&bytes));
                let put = upload.request("PUT", &format!("blobs/{sha256}")).body(bytes.clone());
                assert!(put.send().unwrap().status().is_success());
                let at = format!("2026-11-21T09:30:{second:02}Z");
                let data = json!({"blob": sha256, "bytes": bytes.len(), "firstAt": at, "frameCount": 1,
                    "lastAt": at, "mediaType": "image/png"});
                line(&at, "frames.captured", &data)
            })
            .collect();
        upload.send("agent", first, lines).is_ok();
    };
    let server = retrace.serve();
    let launched = json!({"at": "2026-11-21T09:30:00Z", "user": "mara", "protocol": "rdp"});
    let upload = Upload::launch(&server, &recorder, &launched);
    let (session, upload_token) = (upload.session.clone(), upload.token.clone());
    send(&upload, 0..13);
    {
        // While it goes on, what has come plays.
        let watching = Watching {
            server: &server,
            token: token.clone(),
            session: session.clone(),
        };
        watching.waits_for("VIDEO", "WORKING");
        let begun = Instant::now();
        while watching.get("video.webm", &[]).status() != 200 {
            assert!(begun.elapsed() < PATIENCE * 4);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    send(&upload, 13..26);
    server.kill();

    let server = retrace.serve();
    let upload = Upload::resume(&server, &session, &upload_token);
    send(&upload, 26..30);
    let ended = line(
        "2026-11-21T09:30:30Z",
        "session.ended",
        &json!({"reason": "user"}),
    );
    upload.send("agent", 30, ended).is_ok();
    let watching = Watching {
        server: &server,
        token,
        session,
    };
    watching.waits_for("VIDEO", "COMPLETED");
    watching.waits_for("THUMBNAILS", "COMPLETED");
    let file = retrace.scratch().join("screenshots.webm");
    fs::write(&file, watching.bytes("video.webm")).unwrap();
    let (errors, duration, times) = probe(&file);
    assert_eq!(errors, "");
    assert!((28.9..=30.1).contains(&duration), "{duration} s");
    // A frame for each change, and one where a piece begins.
    assert!((10..=15).contains(&times.len()), "{times:?}");
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    for second in (0..30).step_by(3) {
        assert!(
            times.contains(&f64::from(second)),
            "second {second} is not in {times:?}"
        );
    }
}

#[test]
fn what_cannot_be_decoded_is_told_with_its_reason_and_tried_again_when_somebody_asks() {
    let retrace = Retrace::new();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    let server = retrace.serve();
    let upload = Upload::launch(&server, &recorder, &json!({"at": "2026-11-21T09:30:00Z"}));
    let bytes = b"\0\0\0\x18ftypisom\0\0\0\0isomavc1 and then nothing of an MP4".to_vec();
    let named = captured(&upload, &bytes, 0).replace("video/webm", "video/mp4");
    let ended = line(
        "2026-11-21T09:30:05Z",
        "session.ended",
        &json!({"reason": "user"}),
    );
    upload.send("agent", 0, named + &ended).is_ok();
    let watching = Watching {
        server: &server,
        token,
        session: upload.session.clone(),
    };
    let reason = watching.waits_for("MP4", "FAILED");
    assert!(
        reason.as_str().is_some_and(|reason| !reason.is_empty()),
        "{reason}"
    );
    let retried = server.graphql(
        &watching.token,
        "mutation { retryFailedVideos }",
        &json!({}),
    );
    assert!(
        retried["data"]["retryFailedVideos"].as_i64().unwrap() >= 1,
        "{retried}"
    );
    let begun = Instant::now();
    let failures = |watching: &Watching<'_>| {
        let answer = server.graphql(
            &watching.token,
            "query($stream: String!) { events(first: 100, filter: {stream: $stream}) { nodes { type data } } }",
            &json!({"stream": format!("session/{}/video", watching.session)}),
        );
        let nodes = answer["data"]["events"]["nodes"]
            .as_array()
            .unwrap()
            .clone();
        let failed = |node: &&Value| {
            node["type"] == "video.failed" && node["data"]["mediaType"] == "video/mp4"
        };
        nodes.iter().filter(failed).count()
    };
    while failures(&watching) < 2 {
        assert!(begun.elapsed() < PATIENCE * 4, "{:?}", watching.products());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(watching.get("video.mp4", &[]).status(), 404);
}
