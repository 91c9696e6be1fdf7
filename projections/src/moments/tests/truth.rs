//! The commands of real recordings of all kinds, held to what was typed in them.
//!
//! `projections/tests/data/commands.json` lists, for each recording made for this project, what was
//! typed into what and when Enter was pressed. Nothing of it is known to the code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use retrace_ingest::import::{ImportOptions, NoProgress, Outcome, import_all};
use serde::Deserialize;

use super::super::{Moment, MomentKind, MomentsProjection};
use super::casts::Cast;
use super::log::moments;
use super::{Draft, drafts, of_kind};
use crate::testing::TestLog;

/// A recording and what was typed while it was made.
#[derive(Deserialize)]
struct Recording {
    /// From the root of the repository.
    recording: PathBuf,
    /// Seconds from the start, into what, and the line.
    typed: Vec<(f64, String, String)>,
}

impl Recording {
    /// The command lines: those of shells and of Python. The lines of a here-document belong to
    /// the command that reads it.
    fn commands(&self) -> Vec<(f64, String)> {
        let mut commands: Vec<(f64, String)> = Vec::new();
        for (at, into, line) in &self.typed {
            match into.as_str() {
                "command" | "paste" | "python" => commands.push((*at, line.clone())),
                "heredoc" => {
                    if let Some((_, command)) = commands.last_mut() {
                        command.push('\n');
                        command.push_str(line);
                    }
                }
                _ => {}
            }
        }
        commands
    }

    fn typed_into(&self, what: &str) -> Vec<&str> {
        let typed = self.typed.iter().filter(|(_, into, _)| into == what);
        typed.map(|(_, _, line)| line.as_str()).collect()
    }
}

/// Whether two lines are the same but for how many blanks stand between words: Tab completion adds
/// some.
fn same(one: &str, other: &str) -> bool {
    let words = |line| str::split(line, ' ').filter(|word| !word.is_empty());
    words(one).eq(words(other))
}

fn recordings() -> Vec<Recording> {
    let list = include_str!("../../../tests/data/commands.json");
    serde_json::from_str(list).unwrap()
}

/// All moments of a recording that is imported as the server does it.
pub(super) fn imported(path: &Path) -> Vec<Moment> {
    let test = TestLog::new();
    let options = ImportOptions {
        blobs: Some(test.blobs.clone()),
        ..ImportOptions::default()
    };
    let paths = vec![path.to_path_buf()];
    let import = import_all(test.log.clone(), paths, options, Arc::new(NoProgress));
    let report = test.runtime.block_on(import);
    assert!(
        report
            .files
            .iter()
            .any(|(_, outcome)| matches!(outcome, Outcome::Imported(_)))
    );
    let at = test.around("models");
    test.feed(&mut MomentsProjection::open(&at).unwrap(), &[1_000]);
    moments(&at.dir)
}

#[test]
fn commands_of_all_recordings_are_those_that_were_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut truths, mut founds, mut hits) = (0, 0, 0);
    println!("{:48} truth found missed extra", "recording");
    for recording in recordings() {
        let moments = imported(&root.join(&recording.recording));
        let mut left = recording.commands();
        truths += left.len();
        let (mut found, mut extra) = (0, Vec::new());
        for moment in moments.iter().filter(|m| m.kind == MomentKind::Command) {
            found += 1;
            let at = moment.offset_us as f64 / 1e6;
            let hit = left
                .iter()
                .position(|(t, line)| (t - at).abs() <= 1.0 && same(line, &moment.text));
            match hit {
                Some(index) => _ = left.remove(index),
                None => extra.push((at, moment.text.clone())),
            }
        }
        println!(
            "{:48} {:5} {found:5} {:6} {:5}",
            recording.recording.display(),
            recording.commands().len(),
            left.len(),
            extra.len()
        );
        for (at, text) in &left {
            println!("    missed at {at:.2} s: {text}");
        }
        for (at, text) in &extra {
            println!("    extra at {at:.2} s: {text}");
        }
        founds += found;
        hits += found - extra.len();
        let commands = moments.iter().filter(|m| m.kind == MomentKind::Command);
        for secret in recording.typed_into("password, not echoed") {
            let told = commands.clone().any(|m| m.text.contains(secret));
            assert!(!told, "{secret} is in a command");
        }
    }
    let (recall, precision) = (hits as f64 / truths as f64, hits as f64 / founds as f64);
    println!("recall {recall:.3}, precision {precision:.3}");
    assert!(recall >= 0.98 && precision >= 0.98);
}

#[test]
fn commands_are_found_in_shells_of_all_kinds_with_keys_and_without() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shells");
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cast"))
        .collect();
    names.sort();
    let (mut truths, mut founds, mut hits) = (0, 0, 0);
    for path in names {
        let list = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let truth: Vec<(f64, String)> = serde_json::from_str(&list).unwrap();
        let cast = Cast::read(&path);
        for (with, cast) in [
            ("with keys", cast.clone()),
            ("without", cast.without_keys()),
        ] {
            let drafts = drafts(&cast);
            let found = of_kind(&drafts, MomentKind::Command);
            let mut left = truth.clone();
            let mut extra = Vec::new();
            for (at, text) in &found {
                let hit = left
                    .iter()
                    .position(|(t, line)| (t - at).abs() <= 1.0 && same(line.trim(), text));
                match hit {
                    Some(index) => _ = left.remove(index),
                    None => extra.push((at, text)),
                }
            }
            let name = path.file_stem().unwrap().display();
            println!(
                "{name:16} {with:9} {:3} {:3} {:3} {:3}",
                truth.len(),
                found.len(),
                left.len(),
                extra.len()
            );
            for (at, text) in &left {
                println!("    missed at {at:.3} s: {text:?}");
            }
            for (at, text) in &extra {
                println!("    extra at {at:.3} s: {text:?} {}", text.len());
            }
            truths += truth.len();
            founds += found.len();
            hits += found.len() - extra.len();
        }
    }
    let (recall, precision) = (hits as f64 / truths as f64, hits as f64 / founds as f64);
    println!("recall {recall:.3}, precision {precision:.3}");
    assert!(recall >= 0.98 && precision >= 0.98);
}

/// What is known of commands, in shells that say it in different ways.
#[test]
fn commands_are_told_with_where_they_ran_how_long_and_how_they_ended() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shells");
    // The shell, the command, its program, directory and exit status, and whether it took a second.
    type Case<'a> = (
        &'a str,
        &'a str,
        &'a str,
        Option<&'a str>,
        Option<i32>,
        bool,
    );
    let home = "/tmp/shells/home";
    let logs = "/tmp/shells/home/logs";
    let cases: &[Case<'_>] = &[
        (
            "bash-marks",
            "cd logs; ls",
            "cd",
            Some(home),
            Some(0),
            false,
        ),
        ("bash-marks", "false", "false", Some(logs), Some(1), false),
        (
            "bash-marks",
            "sleep 1; echo slept",
            "sleep",
            Some(logs),
            Some(0),
            true,
        ),
        ("bash-marks", "pwd", "pwd", Some("/etc"), Some(0), false),
        ("zsh-pure", "cd logs; ls", "cd", Some("~"), None, false),
        ("zsh-pure", "false", "false", Some("~/logs"), Some(1), false),
        (
            "zsh-pure",
            "sleep 1; echo slept",
            "sleep",
            Some("~/logs"),
            Some(0),
            true,
        ),
        ("bash-redhat", "false", "false", Some("~/logs"), None, false),
        ("bash-two-line", "pwd", "pwd", Some("/etc"), None, false),
        ("dash", "false", "false", None, None, false),
        ("dash", "pwd", "pwd", Some("/etc"), None, false),
        (
            "fish",
            "sleep 1; echo slept",
            "sleep",
            Some("~/logs"),
            None,
            true,
        ),
        ("programs", "python3 -q", "python3", Some("~"), None, true),
        ("programs", "len(x)", "python", Some("~"), None, false),
        (
            "programs",
            "create table t(a);",
            "sqlite",
            Some("~"),
            None,
            false,
        ),
        ("programs", "6*7", "node", Some("~"), None, false),
        ("programs", "info line", "gdb", Some("~"), None, false),
        ("programs", "echo inner", "echo", Some("~"), None, false),
        (
            "programs",
            "TERM=vt100 vi -u NONE x.txt",
            "vi",
            Some("~"),
            None,
            true,
        ),
    ];
    for (shell, command, app, cwd, exit_status, is_long) in cases {
        let cast = Cast::read(&folder.join(shell).with_extension("cast"));
        for cast in [cast.clone(), cast.without_keys()] {
            let drafts = drafts(&cast);
            let is_it =
                |draft: &&Draft| draft.kind == MomentKind::Command && draft.text == *command;
            let detail = &drafts.iter().find(is_it).unwrap().detail;
            let about = (
                detail.app.as_deref(),
                detail.cwd.as_deref(),
                detail.exit_status,
            );
            assert_eq!(
                about,
                (Some(*app), *cwd, *exit_status),
                "{shell}: {command}"
            );
            let ran_us = detail.duration_us.unwrap();
            assert_eq!(
                ran_us >= 1_000_000,
                *is_long,
                "{shell}: {command}: {ran_us} us"
            );
        }
    }
}

#[test]
fn a_command_that_sudo_logged_is_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wc-uncompressed");
    let moments = imported(&folder);
    let commands: Vec<_> = moments
        .iter()
        .filter(|moment| moment.kind == MomentKind::Command)
        .map(|moment| (moment.text.as_str(), &moment.detail))
        .collect();
    let [(command, detail)] = commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(command, "/usr/bin/wc -l /etc/shadow /etc/passwd /etc/group");
    assert_eq!(detail.app.as_deref(), Some("wc"));
    // Logs of this version do not tell how it ended.
    assert_eq!((detail.exit_status, detail.duration_us), (None, None));
}

/// asciicast tells how the shell ended: that is how its last command ended.
#[test]
fn the_last_command_ends_with_the_session() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let moments = imported(&samples.join("deploy-v3.cast"));
    let commands = moments.iter().filter(|m| m.kind == MomentKind::Command);
    let last = commands.max_by_key(|moment| moment.offset_us).unwrap();
    let detail = (last.detail.exit_status, last.detail.cwd.as_deref());
    assert_eq!(
        (last.text.as_str(), detail),
        ("exit", (Some(0), Some("~/shop-api")))
    );
}
