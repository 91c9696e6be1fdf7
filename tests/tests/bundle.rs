//! Evidence bundles: the same position gives the same bytes, and no byte can be changed unseen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use retrace_tests::upload::{AT, Upload, line};
use retrace_tests::{Retrace, Server, samples, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

const PASSWORD: &str = "correct-horse-9";

/// A data folder with one recording, and its session.
fn recorded(file: &Path) -> (Retrace, String) {
    let retrace = Retrace::new();
    let imported = retrace.json_lines(&["import", "--json", file.to_str().unwrap()]);
    let session = imported[0]["session"].as_str().unwrap().to_owned();
    (retrace, session)
}

fn incident() -> (Retrace, String) {
    recorded(&samples().join("incident-v2.cast"))
}

fn desktop() -> (Retrace, String) {
    recorded(&samples().join("../samples-desktop/desktop-vp9-1fps.webm"))
}

/// Exports a bundle, and answers where it is.
fn export(retrace: &Retrace, session: &str, name: &str, more: &[&str]) -> PathBuf {
    let path = retrace.scratch().join(name);
    let mut arguments = vec!["export", session, "--bundle", "-o", path.to_str().unwrap()];
    arguments.extend(more);
    retrace.succeed(&arguments);
    path
}

fn verify(retrace: &Retrace, bundle: &Path) -> Output {
    let key = retrace.data().join("keys/log.pub");
    let (bundle, key) = (bundle.to_str().unwrap(), key.to_str().unwrap());
    // No data folder: nothing but the bundle and the key is needed.
    let mut command = retrace.command(&["verify", bundle, "--key-file", key, "--json"]);
    command.env("RETRACE_DATA", "/nowhere").output().unwrap()
}

/// What `retrace verify` finds: file and what is wrong with it. Empty when all is well.
fn findings(retrace: &Retrace, bundle: &Path) -> Vec<(String, String)> {
    let output = verify(retrace, bundle);
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("it says no JSON: {output:?}"));
    let found = answer["findings"].as_array().unwrap();
    assert_eq!(answer["verified"], json!(found.is_empty()), "{answer}");
    assert_eq!(
        output.status.code(),
        Some(i32::from(!found.is_empty())),
        "{answer}"
    );
    let named = |found: &Value| {
        let file = found["file"].as_str().unwrap_or("the zip").to_owned();
        (file, found["what"].as_str().unwrap().to_owned())
    };
    found.iter().map(named).collect()
}

/// Where the content of each file stands in the zip: names with the first byte and the number of bytes.
fn places(bundle: &Path) -> BTreeMap<String, (u64, u64)> {
    let mut zip = ZipArchive::new(File::open(bundle).unwrap()).unwrap();
    let count = zip.len();
    let of = |index| {
        let file = zip.by_index(index).unwrap();
        (
            file.name().to_owned(),
            (file.data_start().unwrap(), file.size()),
        )
    };
    (0..count).map(of).collect()
}

fn files(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(File::open(bundle).unwrap()).unwrap();
    let count = zip.len();
    let of = |index| {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (file.name().to_owned(), content)
    };
    (0..count).map(of).collect()
}

fn unpack(retrace: &Retrace, bundle: &Path) -> PathBuf {
    let folder = retrace.scratch().join("unpacked");
    ZipArchive::new(File::open(bundle).unwrap())
        .unwrap()
        .extract(&folder)
        .unwrap();
    folder
}

fn fetch(server: &Server, token: &str, path: &str, reveal: bool) -> (u16, Vec<u8>) {
    let mut request = server.get(path).bearer_auth(token);
    if reveal {
        request = request.header("Retrace-Reveal", "an incident");
    }
    let response = request.send().unwrap();
    (
        response.status().as_u16(),
        response.bytes().unwrap().to_vec(),
    )
}

#[test]
fn the_same_position_gives_the_same_bytes_by_command_line_and_over_http() {
    for (retrace, session) in [incident(), desktop()] {
        let first = export(&retrace, &session, "first.zip", &[]);
        assert_eq!(findings(&retrace, &first), []);
        let manifest: Value = serde_json::from_slice(&files(&first)["manifest.json"]).unwrap();
        let position = manifest["position"].to_string();
        // Its custody log tells of this very export.
        let custody: Value = serde_json::from_slice(&files(&first)["custody.json"]).unwrap();
        let last = custody.as_array().unwrap().last().unwrap();
        assert_eq!(last["data"]["object"], "first.zip", "{custody}");
        assert_eq!(
            last["position"].as_u64().unwrap() + 1,
            manifest["position"].as_u64().unwrap()
        );

        let again = export(&retrace, &session, "again.zip", &["--at", &position]);
        assert!(
            fs::read(&first).unwrap() == fs::read(&again).unwrap(),
            "other bytes"
        );
        let (token, server) = (retrace.token(), retrace.serve());
        server.wait_until_caught_up();
        let path = format!("/v1/sessions/{session}/bundle?at={position}");
        let (status, body) = fetch(&server, &token, &path, true);
        assert_eq!(status, 200);
        assert!(fs::read(&first).unwrap() == body, "other bytes over HTTP");
        assert!(server.terminate().success());
        retrace.succeed(&["rebuild"]);
        let rebuilt = export(&retrace, &session, "rebuilt.zip", &["--at", &position]);
        assert!(
            fs::read(&first).unwrap() == fs::read(&rebuilt).unwrap(),
            "other bytes"
        );
    }
}

#[test]
fn a_changed_byte_of_each_kind_of_file_is_named() {
    for (retrace, session) in [incident(), desktop()] {
        let bundle = export(&retrace, &session, "whole.zip", &[]);
        let whole = fs::read(&bundle).unwrap();
        let changed = retrace.scratch().join("changed.zip");
        for (name, (start, bytes)) in places(&bundle) {
            if bytes == 0 {
                continue;
            }
            for place in [start, start + bytes / 2, start + bytes - 1] {
                let mut other = whole.clone();
                other[usize::try_from(place).unwrap()] ^= 1;
                fs::write(&changed, other).unwrap();
                let found = findings(&retrace, &changed);
                let named = found.iter().any(|(file, _)| *file == name);
                assert!(named, "{name}, byte {place}: {found:?}");
            }
        }
    }
}

#[test]
fn a_changed_byte_between_the_files_of_the_zip_is_found() {
    let (retrace, session) = incident();
    let bundle = export(&retrace, &session, "whole.zip", &[]);
    let whole = fs::read(&bundle).unwrap();
    let mut between = vec![true; whole.len()];
    for (start, bytes) in places(&bundle).into_values() {
        let content = usize::try_from(start).unwrap()..usize::try_from(start + bytes).unwrap();
        between[content].fill(false);
    }
    let between: Vec<usize> = (0..whole.len()).filter(|place| between[*place]).collect();
    assert!(between.len() > 1_500, "{}", between.len());
    let changed = retrace.scratch().join("changed.zip");
    // A prime, so that all parts of headers have their turn.
    for place in between.into_iter().step_by(41) {
        let mut other = whole.clone();
        other[place] ^= 4;
        fs::write(&changed, other).unwrap();
        let output = verify(&retrace, &changed);
        // A zip that cannot be opened any more cannot be checked: that is no success either.
        let code = output.status.code();
        assert!(
            code == Some(1) || code == Some(2),
            "byte {place}: {output:?}"
        );
    }
    for other in [
        &whole[..whole.len() - 1],
        &[whole.as_slice(), b"x"].concat(),
    ] {
        fs::write(&changed, other).unwrap();
        assert!(!verify(&retrace, &changed).status.success());
    }
}

/// What somebody changes who knows how a bundle is made.
#[test]
fn whoever_makes_the_parts_fit_again_is_found_out() {
    let (retrace, session) = incident();
    let bundle = export(&retrace, &session, "whole.zip", &[]);
    let folder = unpack(&retrace, &bundle);
    assert_eq!(findings(&retrace, &folder), []);
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let restore = |name: &str, content: &str| fs::write(folder.join(name), content).unwrap();
    let manifest = read("manifest.json");

    // A file and its digest in the manifest.
    let page = read("index.html");
    let other = page.replace("Evidence", "Forged");
    restore("index.html", &other);
    let digest = |text: &str| hex::encode(Sha256::digest(text));
    let fitting = manifest.replace(&digest(&page), &digest(&other)).replace(
        &format!("\"bytes\": {}", page.len()),
        &format!("\"bytes\": {}", other.len()),
    );
    restore("manifest.json", &fitting);
    let found = findings(&retrace, &folder);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "manifest.json");
    restore("index.html", &page);
    restore("manifest.json", &manifest);

    // One that nobody listed, and one that is gone.
    fs::write(folder.join("player/extra.js"), "alert(1)").unwrap();
    let policies = read("policies.json");
    fs::remove_file(folder.join("policies.json")).unwrap();
    let found = findings(&retrace, &folder);
    let named: Vec<&str> = found.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(named, ["player/extra.js", "policies.json"], "{found:?}");
    fs::remove_file(folder.join("player/extra.js")).unwrap();
    restore("policies.json", &policies);

    // Who looked at it: named by the events too.
    let custody = read("custody.json");
    restore("custody.json", &custody.replace("whole.zip", "other.zip"));
    let found = findings(&retrace, &folder);
    assert!(
        found.iter().all(|(file, _)| file == "custody.json"),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|(_, what)| what.starts_with("no event at position")),
        "{found:?}"
    );
    restore("custody.json", &custody);

    // A line: which one.
    let events = read("events.ndjson");
    restore(
        "events.ndjson",
        &events.replacen("basaltwing", "basaltwinG", 1),
    );
    let found = findings(&retrace, &folder);
    assert!(
        found
            .iter()
            .any(|(_, what)| what.starts_with("first bad line: ")),
        "{found:?}"
    );
    restore("events.ndjson", &events);
    assert_eq!(findings(&retrace, &folder), []);

    // The bundle of another log, which is all in itself.
    let (other, session) = incident();
    let forged = export(&other, &session, "whole.zip", &[]);
    assert_eq!(findings(&other, &forged), []);
    let found = findings(&retrace, &forged);
    let named: Vec<&str> = found.iter().map(|(file, _)| file.as_str()).collect();
    assert_eq!(
        named,
        ["manifest.json.sig", "events.ndjson.proof"],
        "{found:?}"
    );
}

/// What README.txt in the bundle says, with sha256sum, jq and openssl.
#[test]
fn what_the_bundle_itself_tells_to_do_by_hand_holds() {
    let (retrace, session) = incident();
    let folder = unpack(&retrace, &export(&retrace, &session, "whole.zip", &[]));
    let readme = fs::read_to_string(folder.join("README.txt")).unwrap();
    let commands: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("       "))
        .map(|line| line.split("       ").next().unwrap())
        .collect();
    assert_eq!(commands.len(), 7, "{commands:?}");
    let by_hand = || {
        let script = commands.join("\n");
        let run = Command::new("bash")
            .args(["-e", "-o", "pipefail", "-c", &script])
            .current_dir(&folder)
            .output();
        run.expect("jq and openssl are installed: scripts/install verifiers")
    };
    let output = by_hand();
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    let digest = said.split_whitespace().next().unwrap();
    let signed = fs::read_to_string(folder.join("manifest.json.sig")).unwrap();
    assert!(
        signed.contains(&format!("manifest.json {digest}\n")),
        "{signed}"
    );
    assert!(said.contains("Signature Verified Successfully"), "{said}");
    for (name, from, to) in [
        ("custody.json", "whole.zip", "other.zip"),
        ("manifest.json.sig", "position ", "position 1"),
    ] {
        let content = fs::read_to_string(folder.join(name)).unwrap();
        fs::write(folder.join(name), content.replacen(from, to, 1)).unwrap();
        assert!(!by_hand().status.success(), "{name}");
        fs::write(folder.join(name), content).unwrap();
    }
}

/// What was typed, as an events file tells it.
fn typed(events: &[u8]) -> String {
    let lines = std::str::from_utf8(events).unwrap().lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let typed = events.filter(|event| event["type"] == "keys.typed");
    typed
        .map(|event| event["data"]["text"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn who_may_not_reveal_gets_a_masked_bundle_that_verifies() {
    let (retrace, session) = incident();
    let create = ["token", "create", "--name", "ann", "--role", "auditor"];
    let auditor = retrace.succeed(&create).trim().to_owned();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let path = format!("/v1/sessions/{session}/bundle");
    let (status, body) = fetch(&server, &auditor, &path, false);
    assert_eq!(status, 200);
    let masked = retrace.scratch().join("masked.zip");
    fs::write(&masked, &body).unwrap();
    assert_eq!(findings(&retrace, &masked), []);
    let content = files(&masked);
    for (name, bytes) in &content {
        assert!(
            !bytes
                .windows(PASSWORD.len())
                .any(|window| window == PASSWORD.as_bytes()),
            "{name} tells the password"
        );
    }
    assert!(!typed(&content["events.ndjson"]).contains(PASSWORD));
    let manifest: Value = serde_json::from_slice(&content["manifest.json"]).unwrap();
    assert_eq!(manifest["redacted"], true);
    let answer: Value = serde_json::from_slice(&verify(&retrace, &masked).stdout).unwrap();
    assert!(answer["redactedEvents"].as_u64().unwrap() > 10, "{answer}");

    // They may not ask for more, and who may gets it. The command line masks when it is asked to.
    assert_eq!(fetch(&server, &auditor, &path, true).0, 403);
    let at = format!("{path}?at={}", manifest["position"]);
    let (_, again) = fetch(&server, &auditor, &at, false);
    assert!(again == body, "other bytes for the same position");
    let admin = retrace.token();
    let (_, whole) = fetch(&server, &admin, &at, true);
    let revealed = retrace.scratch().join("revealed.zip");
    fs::write(&revealed, whole).unwrap();
    assert!(typed(&files(&revealed)["events.ndjson"]).contains(PASSWORD));
    let position = manifest["position"].to_string();
    let by_hand = export(
        &retrace,
        &session,
        "hand.zip",
        &["--masked", "--at", &position],
    );
    assert!(
        fs::read(by_hand).unwrap() == body,
        "other bytes from the command line"
    );
}

#[test]
fn who_may_not_see_the_recording_gets_no_bundle_and_both_is_told() {
    let (retrace, session) = incident();
    let named = |name: &str, role: &str| {
        let create = ["token", "create", "--name", name, "--role", role];
        retrace.succeed(&create).trim().to_owned()
    };
    let (clerk, auditor) = (named("clerk", "history"), named("ann", "auditor"));
    let own = [
        "token", "create", "--name", "bob", "--role", "own", "--user", "bob",
    ];
    let stranger = retrace.succeed(&own).trim().to_owned();
    let admin = retrace.token();
    let server = retrace.serve();
    server.wait_until_caught_up();
    let path = format!("/v1/sessions/{session}/bundle");
    assert_eq!(fetch(&server, &clerk, &path, false).0, 403);
    assert_eq!(fetch(&server, &stranger, &path, false).0, 404);
    assert_eq!(
        fetch(&server, &admin, &format!("{path}?at=99999999"), false).0,
        400
    );
    assert_eq!(
        fetch(&server, &admin, &format!("{path}?at=0"), false).0,
        404
    );
    assert_eq!(fetch(&server, &auditor, &path, false).0, 200);
    let told = server.log_content(&admin);
    let downloads: Vec<_> = told
        .iter()
        .filter(|event| event["type"] == "recording.downloaded" && event["data"]["by"] == "ann")
        .collect();
    assert_eq!(downloads.len(), 1, "{downloads:?}");
    assert_eq!(
        downloads[0]["data"]["object"],
        format!("{session}-bundle.zip")
    );
}

#[test]
fn footage_lies_in_the_bundle_as_it_was_captured_and_as_it_plays() {
    let (retrace, session) = desktop();
    let bundle = export(&retrace, &session, "desktop.zip", &[]);
    let content = files(&bundle);
    let captured: Vec<_> = content
        .iter()
        .filter(|(name, _)| name.starts_with("media/captured/"))
        .collect();
    assert!(!captured.is_empty());
    let original = fs::read(samples().join("../samples-desktop/desktop-vp9-1fps.webm")).unwrap();
    assert!(
        captured.iter().any(|(_, bytes)| **bytes == original),
        "not as it was captured"
    );
    let played = retrace.scratch().join("video.webm");
    fs::write(&played, &content["media/video.webm"]).unwrap();
    let probe = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration",
            "-of",
            "csv=p=0",
        ])
        .arg(&played)
        .output();
    // FFmpeg's programs are not needed for anything else.
    if let Ok(probe) = probe {
        let seconds: f64 = text(&probe.stdout).trim().parse().unwrap();
        assert!((58.0..62.0).contains(&seconds), "{seconds}");
    }
}

/// A disk that is full, and a limit on the size of files: neither leaves anything behind.
#[test]
fn a_full_disk_leaves_no_half_bundle() {
    let (retrace, session) = incident();
    let small = retrace.scratch().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=300k", "tmpfs"])
        .arg(&small)
        .output();
    let mounted = mounted.is_ok_and(|output| output.status.success());
    let path = small.join("bundle.zip");
    let binary = retrace_tests::binary();
    let script = if mounted {
        "exec \"$0\" \"$@\""
    } else {
        // Blocks of 512 bytes; what is beyond is refused, and the signal ignored.
        "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""
    };
    let output = Command::new("sh")
        .args(["-c", script, binary.to_str().unwrap()])
        .args(["export", &session, "--bundle", "-o", path.to_str().unwrap()])
        .env("RETRACE_DATA", retrace.data())
        .output()
        .unwrap();
    let left: Vec<_> = fs::read_dir(&small).unwrap().collect();
    if mounted {
        let _ = Command::new("umount").arg("-l").arg(&small).status();
    }
    assert!(!output.status.success(), "{output:?}");
    let said = text(&output.stderr);
    assert!(said.contains("bundle.zip"), "{said}");
    let reason = if mounted {
        "No space left"
    } else {
        "File too large"
    };
    assert!(said.contains(reason), "{said}");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn memory_does_not_grow_with_the_footage() {
    const PIECE: usize = 32 << 20;
    let retrace = Retrace::new();
    let server = retrace.serve();
    let (token, recorder) = (retrace.token(), retrace.recorder_token());
    let upload = Upload::launch(&server, &recorder, &json!({"user": "ops"}));
    let mut lines = String::new();
    for number in 0..8_u64 {
        let mut piece = vec![7; PIECE];
        piece[..8].copy_from_slice(&number.to_le_bytes());
        let digest = hex::encode(Sha256::digest(&piece));
        let put = upload
            .request("PUT", &format!("blobs/{digest}"))
            .body(piece);
        assert!(put.send().unwrap().status().is_success());
        let frames = json!({
            "blob": digest, "bytes": PIECE, "firstAt": AT, "frameCount": 1, "lastAt": AT,
            "mediaType": "video/webm"});
        lines.push_str(&line(AT, "frames.captured", &frames));
    }
    upload.send("agent", 0, lines).is_ok();
    server.wait_until_caught_up();
    let before = server.peak_memory();
    let path = format!("/v1/sessions/{}/bundle", upload.session);
    let mut response = server.get(&path).bearer_auth(&token).send().unwrap();
    assert_eq!(response.status(), 200);
    let bundle = retrace.scratch().join("large.zip");
    let bytes = std::io::copy(&mut response, &mut File::create(&bundle).unwrap()).unwrap();
    assert!(bytes > 8 * PIECE as u64, "{bytes}");
    let grown = server.peak_memory() - before;
    assert!(grown < 48 << 20, "{} MiB more", grown >> 20);
    assert_eq!(findings(&retrace, &bundle), []);
}
