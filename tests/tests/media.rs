//! Video over HTTP, from what a recorder uploads to what a browser asks for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::Command;

use reqwest::blocking::Response;
use retrace_tests::upload::{Upload, line};
use retrace_tests::{Retrace, Server};
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
        .map(|line| line.trim_end_matches(',').parse().unwrap());
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
