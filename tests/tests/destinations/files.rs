//! Files below the folder for exports.

use std::fs;
use std::process::Command;

use retrace_tests::Retrace;
use serde_json::Value;

use crate::house::{House, house, serve};

#[test]
fn a_file_is_whole_lines_also_when_the_server_is_killed() {
    let House {
        retrace,
        server,
        token,
    } = house();
    let house = House {
        retrace,
        server,
        token,
    };
    house.add(
        "archive",
        &[
            "--kind",
            "file",
            "--address",
            "siem/events.ndjson",
            "--format",
            "ndjson",
            "--from-the-start",
            "--option",
            "batch_events=20",
        ],
    );
    house.wait_for("archive", |status| status["delivered"].as_u64() > Some(100));
    let House {
        retrace,
        server,
        token,
    } = house;
    server.kill();
    let file = retrace.scratch().join("exports/siem/events.ndjson");
    fs::OpenOptions::new()
        .append(true)
        .open(&file)
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"{\"half\":"))
        .expect("it is written");
    let server = serve(&retrace);
    let house = House {
        retrace,
        server,
        token,
    };
    house.import(1, 30);
    house.wait_until_idle("archive");
    house.reconcile("archive", &file);
    for line in fs::read_to_string(&file).expect("it was written").lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
    for target in ["../outside", "/tmp/outside", ".hidden"] {
        let arguments = [
            "destination",
            "add",
            "bad",
            "--kind",
            "file",
            "--address",
            target,
        ];
        assert!(!house.retrace.run(&arguments).status.success(), "{target}");
    }
}

/// Unmounts what was mounted, however the test ends.
struct Disk(std::path::PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not be mounted.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A disk of 256 KiB for exports: a tmpfs, so this one needs root.
#[test]
fn a_full_disk_is_said_and_waited_for_and_no_line_is_cut() {
    let retrace = Retrace::with_samples();
    let folder = retrace.scratch().join("exports");
    fs::create_dir_all(&folder).expect("a folder");
    let mount = |options: &str| {
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&folder);
        command.output().is_ok_and(|output| output.status.success())
    };
    if !mount("size=256k") {
        let mut stderr = std::io::stderr();
        std::io::Write::write_all(&mut stderr, b"skipped: a tmpfs cannot be mounted here\n")
            .expect("it is open");
        return;
    }
    let _disk = Disk(folder.clone());
    let server = serve(&retrace);
    let token = retrace.token();
    let house = House {
        retrace,
        server,
        token,
    };
    house.add(
        "archive",
        &[
            "--kind",
            "file",
            "--address",
            "events",
            "--format",
            "ocsf",
            "--from-the-start",
        ],
    );
    let status = house.wait_for("archive", |status| status["state"] == "retrying");
    let error = status["lastError"].as_str().expect("an error");
    assert!(error.contains("cannot be written"), "{error}");
    for line in fs::read_to_string(folder.join("events"))
        .expect("it is there")
        .lines()
    {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}"));
    }
    assert!(mount("remount,size=64m"));
    house.wait_until_idle("archive");
    house.reconcile("archive", &folder.join("events"));
}
