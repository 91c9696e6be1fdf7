//! Moments of real recordings, held to the list of what was typed and shown in them.

mod casts;
mod commands;
mod lines;
mod log;
mod truth;

use casts::Cast;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use retrace_core::event::{EndReason, SessionEnded};

use retrace_core::settings::Redaction;

use super::moment::{Draft, MomentKind, Stage};
use super::stream::StreamMoments;
use crate::redaction::Rules;
use crate::terminal::{TerminalReplay, TerminalSize};

const S: i64 = 1_000_000;

/// The rules of settings that nobody changed.
fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> =
        LazyLock::new(|| Arc::new(Rules::new(&Redaction::default())));
    Arc::clone(&RULES)
}

/// All moments of a recording, and the session's end.
fn drafts(cast: &Cast) -> Vec<Draft> {
    let (mut stream, mut out) = (StreamMoments::new(rules()), Vec::new());
    for (at_us, body) in cast.events() {
        stream.apply(body, *at_us, &mut out);
    }
    end(&mut stream, &mut out);
    // As they are in the end.
    let mut last: Vec<Draft> = Vec::new();
    for draft in out {
        let number = |stage| match stage {
            Stage::Begun(n) | Stage::GoesOn(n) | Stage::Ended(n) | Stage::Withdrawn(n) => Some(n),
            Stage::Whole => None,
        };
        let withdrawn = matches!(draft.stage, Stage::Withdrawn(_));
        let known = number(draft.stage)
            .and_then(|n| last.iter().position(|draft| number(draft.stage) == Some(n)));
        match known {
            Some(index) if withdrawn => _ = last.remove(index),
            Some(index) => last[index] = draft,
            None => last.push(draft),
        }
    }
    last
}

fn end(stream: &mut StreamMoments, out: &mut Vec<Draft>) {
    let ended = SessionEnded {
        exit_status: None,
        reason: EndReason::Unknown,
    };
    stream.end(&ended, true, 0, out);
}

fn of_kind(drafts: &[Draft], kind: MomentKind) -> Vec<(f64, &str)> {
    let of_kind = drafts.iter().filter(|draft| draft.kind == kind);
    of_kind
        .map(|draft| (draft.complete_us as f64 / S as f64, draft.text.as_str()))
        .collect()
}

/// What was run in the recordings made for this project: seconds to Enter, and the line.
const DEPLOY: &[(f64, &str)] = &[
    (4.65, "mkdir shop-api && cd shop-api"),
    (9.56, "git init -q -b main; git status"),
    (
        19.21,
        "git config user.name ops; git config user.email ops@example.com",
    ),
    (
        23.02,
        "cat > shop.conf <<EOF\nlisten = 127.0.0.1\nport = 8080\nworkers = 4\nEOF",
    ),
    (33.01, "vim shop.conf"),
    (42.79, "cat shop.conf"),
    (
        51.74,
        "git add . && git commit -q -m 'release marlstone-4417'",
    ),
    (55.91, "git log --oneline | cat"),
    (59.49, "gerp -n tls *.conf"),
    (61.52, "grep -n tls *.conf"),
    (66.81, "ls -l --color /etc/ssl /home/ops"),
    (74.26, "python3 -c \"print('部署 完了 🚀 café', '─'*8)\""),
    (78.05, "less /etc/services"),
    (
        94.53,
        "echo '# checklist' > deploy.md; seq 1 40 | tail -12 >> deploy.md; wc -l deploy.md",
    ),
    (101.17, "nano deploy.md"),
    (109.07, "head -3 deploy.md"),
    (
        119.19,
        "git add . ; git commit -q -m done; echo rollout quillfern-8820 finished",
    ),
    (121.39, "exit"),
];
const INCIDENT: &[(f64, &str)] = &[
    (4.23, "cd logs; ls -l"),
    (7.87, "tail -n 15 app.log"),
    (12.11, "grep -c ERROR app.log"),
    (17.77, "grep ERROR app.log | tail -8"),
    (21.72, "tail -f access.log"),
    (30.55, "awk '{print $9}' access.log | sort | uniq -c"),
    (33.95, "cat /etc/shadow"),
    (38.33, "sudo tail -n 3 /etc/group"),
    (50.11, "sleep 600 &"),
    (55.68, "echo incident basaltwing-2963 opened"),
    (57.57, "htop"),
    (67.19, "ps -o pid,stat,etime,args"),
    (69.03, "top"),
    (76.03, "kill %1; wait"),
    (77.70, "jobs"),
    (80.45, "grep -c ERROR app.log"),
    (85.98, "sed -n '1,5p' app.log | cut -c1-60"),
    (
        93.67,
        "printf 'status\\tok\\nowner\\tops\\n' | tee summary.txt",
    ),
    (95.51, "jobs"), // recalled with Up four times
    (102.28, "sudo -k; grep -o 'timed out' app.log | wc -l"),
    (108.15, "echo closing tidewrack-5108 resolved"),
    (110.53, "exit"),
];

#[test]
fn commands_come_out_as_they_were_run() {
    for (name, truth) in [("deploy-v3.cast", DEPLOY), ("incident-v2.cast", INCIDENT)] {
        let Some(cast) = Cast::sample(name) else {
            continue;
        };
        for (with, cast) in [
            ("with keys", cast.clone()),
            ("without keys", cast.without_keys()),
        ] {
            let drafts = drafts(&cast);
            let found = of_kind(&drafts, MomentKind::Command);
            let mut left = truth.to_vec();
            let mut wrong = Vec::new();
            for (at, text) in &found {
                let hit = left
                    .iter()
                    .position(|(t, line)| (t - at).abs() <= 1.0 && line == text);
                match hit {
                    Some(index) => _ = left.remove(index),
                    None => wrong.push((*at, *text)),
                }
            }
            let right = (truth.len() - left.len()) as f64;
            let (recall, precision) = (right / truth.len() as f64, right / found.len() as f64);
            println!("{name} {with}: recall {recall:.3}, precision {precision:.3}");
            assert!(
                recall >= 0.95 && precision >= 0.95,
                "missed {left:?}, made up {wrong:?}"
            );
        }
    }
}

#[test]
fn a_line_is_found_at_a_time_at_which_the_screen_shows_it() {
    let cases: &[(&str, &str, f64)] = &[
        ("deploy-v3.cast", "marlstone-4417", 51.506),
        ("deploy-v3.cast", "quillfern-8820", 117.936),
        ("incident-v2.cast", "basaltwing-2963", 54.738),
        ("incident-v2.cast", "tidewrack-5108", 106.984),
        ("borg2-demo.cast", "almost", 134.866),
        ("borg-advanced.json", "creates", 242.534),
        ("tcut-demo.cast", "starting", 16.607),
        ("blog-typing.cast", "operand", 8.413),
        ("server-welcome.cast", "lolcat", 64.559),
        ("zellij-leap-demo.cast", "leap_on_escape option", 12.332),
    ];
    for (name, marker, truth) in cases {
        let Some(cast) = Cast::sample(name) else {
            continue;
        };
        let drafts = drafts(&cast);
        let lines = of_kind(&drafts, MomentKind::Screen);
        let hit = lines.iter().find(|(_, text)| text.contains(marker));
        let (_, text) = hit.unwrap_or_else(|| panic!("{name}: {marker} is not found"));
        let draft = drafts.iter().find(|draft| draft.text == *text).unwrap();
        let end = text.find(marker).unwrap() + marker.len();
        let grown = draft.growth.before(draft.complete_us);
        let before_ms = grown
            .iter()
            .find(|(bytes, _)| *bytes as usize >= end)
            .map_or(0, |s| s.1);
        let at = draft.complete_us as f64 / S as f64 - f64::from(before_ms) / 1000.0;
        println!("{name} {marker}: {at:.3} s, truth {truth} s: {text:?}");
        assert!((at - truth).abs() <= 1.5, "{name} {marker} at {at} s");
        let screen = screen_at(&cast, (at * S as f64).round() as i64).join("\n");
        assert!(
            screen.contains(marker),
            "{name} {marker} at {at} s:\n{screen}"
        );
    }
}

#[test]
fn keys_are_told_with_the_line_that_came_of_them() {
    let cases = [
        ("deploy-v3.cast", "cat shop.conf\n", "⇥"),
        ("deploy-v3.cast", "grep -n tls *.conf\n", "↑^A →⌦⌦re"),
        ("incident-v2.cast", "jobs\n", "↑↑↑↑"),
        ("incident-v2.cast", "grep -c ERROR app.log\n", "^R grep -c"),
    ];
    for (name, line, typed) in cases {
        let Some(cast) = Cast::sample(name) else {
            continue;
        };
        let keys = texts(&cast, MomentKind::Keys);
        let found = keys
            .iter()
            .any(|text| text.starts_with(line) && text.contains(typed));
        assert!(found, "{name} {line}: {keys:#?}");
    }
}

fn screen_at(cast: &Cast, at_us: i64) -> Vec<String> {
    let mut terminal = TerminalReplay::new(TerminalSize::DEFAULT);
    for (_, body) in cast.events().iter().filter(|(us, _)| *us <= at_us) {
        terminal.apply(body);
    }
    terminal.lines()
}

fn texts(cast: &Cast, kind: MomentKind) -> Vec<String> {
    of_kind(&drafts(cast), kind)
        .into_iter()
        .map(|(_, text)| text.to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rows_are_followed_whatever_the_program_does(
        events in prop::collection::vec(casts::any_event(), 0..60)
    ) {
        let mut stream = StreamMoments::new(rules());
        let mut out = Vec::new();
        for (now_us, body) in (0..).step_by(300_000).zip(&events) {
            stream.apply(body, now_us, &mut out);
            stream.check();
        }
        end(&mut stream, &mut out);
    }
}
