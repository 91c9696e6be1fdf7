//! `retrace import` as a person meets it: what is taken in, what is refused and how, and what is
//! left when it is cut off.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use retrace_tests::{Retrace, binary, long_recording, samples, text};
use serde_json::{Value, json};

const GOOD: &str =
    "{\"version\": 2, \"width\": 80, \"height\": 24}\n[0.5, \"o\", \"hello\\r\\n\"]\n";

#[test]
fn the_same_recordings_again_add_nothing() {
    let retrace = Retrace::with_samples();
    let before = retrace.json_lines(&["verify", "--json"]);
    let again = retrace.json_lines(&["import", "--json", samples().to_str().unwrap()]);
    assert!(again.iter().any(|line| line["outcome"] == json!("already")));
    assert!(
        again
            .iter()
            .all(|line| line["outcome"] != json!("imported")),
        "{again:?}"
    );
    let after = retrace.json_lines(&["verify", "--json"]);
    assert_eq!(before[0]["checkpoint"], after[0]["checkpoint"]);
}

#[test]
fn a_broken_file_is_refused_with_its_line_and_the_others_are_imported() {
    let retrace = Retrace::new();
    let folder = retrace.scratch().join("recordings");
    fs::create_dir(&folder).unwrap();
    let header = GOOD.lines().next().unwrap();
    let long_line = format!("{header}\n[1.0, \"o\", \"{}\"]\n", "x".repeat(100 << 20));
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("a-good.cast", GOOD.into(), ""),
        ("b-not-json.cast", format!("{GOOD}lol!\n").into(), "line 3"),
        (
            "c-backwards.cast",
            format!("{GOOD}[0.4, \"o\", \"x\"]\n").into(),
            "line 3",
        ),
        (
            "d-binary.cast",
            vec![0x89, b'P', b'N', b'G', 0, 1, 2, 255],
            "line 1",
        ),
        ("e-version.cast", GOOD.replace("2,", "9,").into(), "line 1"),
        ("f-size.cast", GOOD.replace("80", "0").into(), "line 1"),
        (
            "g-utf8.cast",
            [GOOD.as_bytes(), b"[0.6, \"o\", \"\xff\xfe\"]\n"].concat(),
            "line 3",
        ),
        ("h-truncated.cast", GOOD[..GOOD.len() - 8].into(), "line 2"),
        ("i-long-line.cast", long_line.into(), "line 2"),
        ("j-empty.cast", Vec::new(), ""),
    ];
    for (name, content, _) in &cases {
        fs::write(folder.join(name), content).unwrap();
    }
    let output = retrace.run(&["import", "--json", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<Value> = text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), cases.len());
    for ((name, _, expected), line) in cases.iter().zip(&lines) {
        if *name == "a-good.cast" {
            assert_eq!(line["outcome"], json!("imported"));
            continue;
        }
        assert_eq!(line["outcome"], json!("refused"), "{line}");
        let reason = line["reason"].as_str().unwrap();
        assert!(
            reason.contains(name) && reason.contains(expected),
            "{reason}"
        );
    }
    // Nothing of the refused ones is in the log.
    let sessions: Vec<_> = retrace.log_content();
    let launched = sessions
        .iter()
        .filter(|event| event["type"] == json!("session.launched"));
    assert_eq!(launched.count(), 1);
    retrace.succeed(&["verify"]);
}

#[test]
fn a_folder_without_permission_is_named_and_the_rest_goes_on() {
    let retrace = Retrace::new();
    let folder = retrace.scratch().join("recordings");
    let closed = folder.join("closed");
    fs::create_dir_all(&closed).unwrap();
    fs::write(folder.join("good.cast"), GOOD).unwrap();
    fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
    let mut command = retrace.command(&["import", folder.to_str().unwrap()]);
    // Permissions do not bind root: be nobody, with a binary and a place of its own.
    if fs::read_dir(&closed).is_ok() {
        const NOBODY: u32 = 65_534;
        let copy = retrace.scratch().join("retrace");
        fs::copy(binary(), &copy).unwrap();
        chown(retrace.scratch(), Some(NOBODY), Some(NOBODY)).unwrap();
        let as_root = command;
        command = Command::new(copy);
        command
            .args(as_root.get_args())
            .env("RETRACE_DATA", retrace.data())
            .uid(NOBODY)
            .gid(NOBODY);
    }
    let output = command.output().unwrap();
    fs::set_permissions(&closed, PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("good.cast"), "{output:?}");
    let said = text(&output.stderr);
    assert!(
        said.contains("closed") && said.contains("ermission denied"),
        "{said}"
    );
}

#[test]
fn compressed_recordings_are_the_same_sessions() {
    let retrace = Retrace::new();
    let plain = retrace.scratch().join("a.cast");
    fs::write(&plain, GOOD).unwrap();
    let packed = retrace.scratch().join("b.cast.zst");
    fs::write(&packed, zstd::bulk::compress(GOOD.as_bytes(), 3).unwrap()).unwrap();
    let first = retrace.json_lines(&["import", "--json", plain.to_str().unwrap()]);
    let second = retrace.json_lines(&["import", "--json", packed.to_str().unwrap()]);
    assert_eq!(second[0]["outcome"], json!("already"));
    assert_eq!(first[0]["session"], second[0]["session"]);
}

/// Killed at seeded moments, then imported again: the same log content as when nothing happened.
#[test]
fn killed_in_the_middle_and_imported_again_gives_the_same_content() {
    let reference = Retrace::new();
    let folder = reference.scratch().join("recordings");
    fs::create_dir(&folder).unwrap();
    for number in 0..4 {
        let seconds = 2_000 + 500 * number;
        fs::write(
            folder.join(format!("{number}.cast")),
            long_recording(seconds),
        )
        .unwrap();
    }
    let folder = folder.to_str().unwrap();
    reference.succeed(&["import", folder]);
    let mut expected = reference.log_content();
    sort_by_stream(&mut expected);

    let mut cut_off = 0;
    let retrace = Retrace::new();
    for millis in [5, 15, 25, 40, 60, 90, 140, 220] {
        let mut child = retrace
            .command(&["import", folder])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        cut_off += u32::from(!child.wait().unwrap().success());
        if retrace.data().join("log.sqlite").exists()
            && retrace.data().join("keys/log.pub").exists()
        {
            let verified = retrace.run(&["verify"]);
            assert!(verified.status.success(), "after {millis} ms: {verified:?}");
        }
    }
    assert!(cut_off > 0, "no import was cut off");
    retrace.succeed(&["import", folder]);
    let mut content = retrace.log_content();
    sort_by_stream(&mut content);
    assert!(
        content == expected,
        "the content differs after {cut_off} kills"
    );
    retrace.succeed(&["verify"]);
}

/// Four at once on a data folder that is not there yet: one key, one log, nothing lost.
#[test]
fn several_imports_at_once_into_a_new_folder_make_one_log() {
    for round in 0..5 {
        let retrace = Retrace::new();
        let running: Vec<_> = (0..4)
            .map(|number| {
                let file = retrace.scratch().join(format!("{number}.cast"));
                fs::write(&file, GOOD.replace("hello", &format!("hello {number}"))).unwrap();
                let mut import = retrace.command(&["import", file.to_str().unwrap()]);
                import
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for import in running {
            let output = import.wait_with_output().unwrap();
            assert!(output.status.success(), "round {round}: {output:?}");
        }
        let answer = &retrace.json_lines(&["verify", "--json"])[0];
        assert_eq!(
            (&answer["events"], &answer["streams"]),
            (&json!(16), &json!(4)),
            "{answer}"
        );
    }
}

fn sort_by_stream(events: &mut Vec<Value>) {
    // Tokens that the reading itself made are no recordings.
    events.retain(|event| event["stream"].as_str().unwrap().starts_with("session/"));
    events.sort_by_key(|event| {
        (
            event["stream"].as_str().unwrap().to_owned(),
            event["version"].as_u64().unwrap(),
        )
    });
}

/// A disk of 1 MiB: a tmpfs, so this one needs root.
#[test]
fn a_full_disk_is_said_and_what_was_imported_is_taken_up_again() {
    let retrace = Retrace::new();
    let disk = retrace.data();
    fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: a tmpfs cannot be mounted here").unwrap();
        return;
    }
    let small = retrace.scratch().join("small.cast");
    fs::write(&small, GOOD).unwrap();
    let large = retrace.scratch().join("large.cast");
    let mut content = String::from(GOOD);
    for number in 0_u32..60_000 {
        let noise = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        content.push_str(&format!(
            "[1.0, \"o\", \"{noise:x}{:x}\"]\n",
            noise.rotate_left(17)
        ));
    }
    fs::write(&large, content).unwrap();

    let first = retrace.run(&["import", small.to_str().unwrap()]);
    let full = retrace.run(&["import", large.to_str().unwrap()]);
    let verified = retrace.run(&["verify", "--json"]);
    let remounted = Command::new("mount")
        .args(["-o", "remount,size=64m"])
        .arg(&disk)
        .status()
        .unwrap();
    let again = retrace.run(&["import", large.to_str().unwrap()]);
    let verified_again = retrace.run(&["verify", "--json"]);
    let unmounted = Command::new("umount")
        .arg("-l")
        .arg(&disk)
        .status()
        .unwrap();
    assert!(unmounted.success());

    assert!(first.status.success(), "{first:?}");
    assert_eq!(full.status.code(), Some(1), "{full:?}");
    assert!(text(&full.stderr).contains("no space left"), "{full:?}");
    assert!(
        text(&full.stderr).contains("goes on from there"),
        "{full:?}"
    );
    assert!(verified.status.success(), "{verified:?}");
    assert!(remounted.success());
    assert!(again.status.success(), "{again:?}");
    assert!(verified_again.status.success(), "{verified_again:?}");
    let answer: Value = serde_json::from_slice(&verified_again.stdout).unwrap();
    // Each recording: launched, attached, what was written, ended.
    assert_eq!(answer["events"], json!(4 + 3 + 60_001), "{answer}");
}
