//! Recordings of terminals in other formats than asciicast, against facts that were established apart
//! from this code: the programs that recorded them were driven by one that wrote down what it typed.

use retrace_ingest::Limits;
use retrace_ingest::import::Files;

use crate::replay::{candidates, read};
use crate::support::shared;

struct Case {
    name: &'static str,
    format: &'static str,
    started_at: &'static str,
    size: (u32, u32),
    duration_ms: u64,
    written: usize,
    typed: usize,
    resized: usize,
    /// Words, and when each was complete on the screen, in milliseconds.
    markers: &'static [(&'static str, u64)],
    last_line: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "tlog/plain.tlog.json",
        format: "tlog",
        started_at: "2026-11-20T22:38:42.479000Z",
        size: (100, 30),
        duration_ms: 94_820,
        // One of the texts stands between bytes that are none.
        written: 502,
        typed: 0,
        resized: 2,
        markers: &[("fenlark-1590", 28_318), ("drystone-4026", 91_563)],
        last_line: "exit",
    },
    Case {
        name: "tlog/with-input.tlog.json",
        format: "tlog",
        started_at: "2026-11-20T22:42:39.780000Z",
        size: (100, 30),
        duration_ms: 82_860,
        written: 413,
        typed: 416,
        resized: 1,
        markers: &[("ashgrove-7734", 35_930), ("pumicebay-2218", 79_802)],
        last_line: "exit",
    },
    Case {
        name: "sudo-iolog/sudo-i",
        format: "sudo-iolog",
        started_at: "2026-11-20T22:38:48.463220Z",
        size: (100, 30),
        duration_ms: 76_910,
        written: 427,
        typed: 378,
        resized: 1,
        markers: &[("ironmoss-3905", 25_987), ("larkspit-6671", 73_860)],
        last_line: "logout",
    },
    Case {
        name: "sudo-iolog/wc-uncompressed",
        format: "sudo-iolog",
        started_at: "2026-11-20T22:40:12.170856Z",
        size: (120, 38),
        duration_ms: 11,
        written: 3,
        typed: 0,
        resized: 0,
        markers: &[("28 /etc/passwd", 11), (" 110 total", 11)],
        last_line: " 110 total",
    },
    Case {
        name: "script/two.out",
        format: "typescript",
        started_at: "2026-11-20T22:42:40.000000Z",
        size: (100, 30),
        duration_ms: 90_700,
        written: 527,
        typed: 445,
        resized: 1,
        markers: &[("slatewren-8143", 36_699), ("oxbowfen-5529", 88_051)],
        last_line: "exit",
    },
    Case {
        name: "script/single.timing",
        format: "typescript",
        started_at: "2026-11-20T22:42:40.000000Z",
        size: (100, 30),
        duration_ms: 84_910,
        written: 482,
        typed: 431,
        resized: 1,
        markers: &[("chalkmere-2086", 34_379), ("gorsehill-9917", 82_181)],
        last_line: "exit",
    },
    Case {
        name: "guac/ssh-ops.typescript",
        format: "typescript",
        started_at: "",
        size: (80, 24),
        duration_ms: 75_760,
        written: 448,
        typed: 0,
        resized: 0,
        markers: &[("cobaltreed-3371", 30_169), ("hollyspar-9046", 72_599)],
        last_line: "logout",
    },
    Case {
        name: "ttyrec/ops.ttyrec",
        format: "ttyrec",
        started_at: "2026-11-20T22:42:41.379934Z",
        size: (100, 30),
        duration_ms: 82_920,
        written: 476,
        typed: 0,
        resized: 0,
        markers: &[("peatlamp-4460", 20_490), ("rimefall-7203", 80_393)],
        last_line: "exit",
    },
    Case {
        name: "third-party/nle-2018-09-27.00_20_39.ttyrec.bz2",
        format: "ttyrec",
        started_at: "2018-09-27T00:20:39.413378Z",
        size: (110, 24),
        duration_ms: 149_219,
        written: 335,
        typed: 0,
        resized: 0,
        markers: &[],
        last_line: "Dlvl:2   $:1422 HP:6(12) Pw:7(7) AC:8 Xp:1 T:304",
    },
    Case {
        name: "third-party/jwodder-hello.ttyrec",
        format: "ttyrec",
        started_at: "2017-12-10T21:49:33.000000Z",
        size: (80, 24),
        duration_ms: 42_066,
        written: 3,
        typed: 0,
        resized: 0,
        markers: &[],
        last_line: "How's it going?",
    },
    Case {
        name: "third-party/tlog-journal-good.txt",
        format: "tlog",
        // When the journal got the first message, which lasted 1,490 ms.
        started_at: "2018-11-28T19:26:05.159098Z",
        size: (103, 27),
        // The last message is at 20,678 ms, and its delays are 7,190 ms together.
        duration_ms: 27_868,
        written: 101,
        typed: 0,
        resized: 0,
        markers: &[],
        last_line: "logout",
    },
];

#[test]
fn real_recordings_show_what_is_known_of_them() {
    let mut failed = Vec::new();
    for case in CASES {
        let Some(path) = shared(case.name) else {
            continue;
        };
        let candidates = candidates(&path);
        assert_eq!(candidates.len(), 1, "{}", case.name);
        let read = read(&candidates[0]);
        let about = &read.about;
        let files = Files::new(&Limits::default());
        let reader = candidates[0].format.open(&candidates[0], &files).unwrap();
        let started_at = reader.started_at().map(|time| time.to_string());
        let texts: Vec<&str> = case.markers.iter().map(|(text, _)| *text).collect();
        let (first, last_line) = read.shown(&texts);
        let got = (
            about.format,
            started_at.unwrap_or_default(),
            (about.columns.unwrap(), about.rows.unwrap()),
            read.count("terminal.written"),
            read.count("keys.typed"),
            read.count("terminal.resized"),
            about.problems.first().to_vec(),
            last_line,
        );
        let want = (
            case.format,
            case.started_at.to_owned(),
            case.size,
            case.written,
            case.typed,
            case.resized,
            Vec::new(),
            case.last_line.to_owned(),
        );
        if got != want {
            failed.push(format!("{}:\n  got  {got:?}\n  want {want:?}", case.name));
        }
        // Two digits are told of durations, three of markers.
        let duration_ms = (about.duration_us + 500) / 1_000;
        if duration_ms.abs_diff(case.duration_ms) > 15 {
            failed.push(format!("{}: {duration_ms} ms", case.name));
        }
        for ((text, want), got) in case.markers.iter().zip(first) {
            if got.is_none_or(|got| got.abs_diff(*want) > 1) {
                failed.push(format!("{}: {text} at {got:?}, expected {want}", case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn what_was_typed_is_known_where_it_was_recorded() {
    let cases = [
        (
            "tlog/with-input.tlog.json",
            "sudo head -n 2 /etc/gshadow\rcorrect-horse-9\r",
        ),
        ("tlog/with-input.tlog.json", "second line żółw ☃"),
        ("sudo-iolog/sudo-i", "rotated the key ünïcode"),
        ("script/two.in", "sudo id\rcorrect-horse-9\r"),
        ("script/single.io", "echo halfway chalkmere-2086 reached\r"),
    ];
    for (name, want) in cases {
        let Some(path) = shared(name) else { continue };
        let typed = read(&candidates(&path)[0]).typed();
        assert!(typed.contains(want), "{name}: {typed:?}");
    }
}

#[test]
fn who_did_what_where_is_known_where_it_was_recorded() {
    let read = |name| shared(name).map(|path| read(&candidates(&path)[0]).about);
    let some = |text: &str| Some(text.to_owned());
    if let Some(about) = read("sudo-iolog/wc-uncompressed") {
        let command = "/usr/bin/wc -l /etc/shadow /etc/passwd /etc/group";
        assert_eq!(about.command, some(command));
        assert_eq!((about.user, about.target), (some("ops"), some("root")));
        assert_eq!(about.host, some("bastion-1"));
    }
    if let Some(about) = read("tlog/plain.tlog.json") {
        assert_eq!((about.user, about.host), (some("ops"), some("localhost")));
    }
    if let Some(about) = read("third-party/tlog-journal-good.txt") {
        assert_eq!(about.user, some("localuser1"));
        assert_eq!(about.host, some("mytesthost.example.test"));
    }
    if let Some(about) = read("script/two.timing") {
        assert_eq!(about.exit_status, Some(0));
        assert!(about.header.starts_with("Script started on 2026-11-20"));
        assert!(about.header.contains("H 0.000000 SHELL /bin/bash"));
    }
}
