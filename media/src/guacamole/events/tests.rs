use std::fs;
use std::path::Path;

use super::*;
use crate::guacamole::testing::{data, each, recording, shared, written};

fn events_within(limits: Limits, recording: &str) -> (Vec<Event>, Facts) {
    let (mut events, mut out) = (Events::new(limits), Vec::new());
    each(recording.as_bytes(), |i| events.apply(i, &mut out));
    events.finish(&mut out);
    (out, events.facts().clone())
}

fn events(recording: &str) -> Vec<(u64, Kind)> {
    let (events, _) = events_within(Limits::default(), recording);
    events
        .into_iter()
        .map(|event| (event.at_ms, event.kind))
        .collect()
}

#[test]
fn instructions_become_what_happened() {
    let pressed = |button, x, y| Kind::Pressed { button, x, y };
    let resized = |width, height| Kind::Resized { width, height };
    let typed = |text: &str| Kind::Typed(text.to_owned());
    let cases = [
        (
            "size 0 1024 768; size 1 5 5; sync 1000 0",
            vec![(0, resized(1024, 768)), (0, Kind::Frame)],
        ),
        (
            "sync 1000 0; key 97 1 1300; key 97 0 1400; key 98 1",
            vec![(0, Kind::Frame), (300, typed("a")), (400, typed("b"))],
        ),
        // Without a time of its own, and late.
        (
            "sync 1000; sync 1900; key 97 1 1850; sync 1950",
            vec![
                (0, Kind::Frame),
                (900, Kind::Frame),
                (900, typed("a")),
                (950, Kind::Frame),
            ],
        ),
        (
            "sync 10; mouse 5 6 0 20; mouse 7 8 1 30; mouse 9 9 1 40; \
         mouse 9 9 5 50; mouse 9 9 0 60; mouse 9 9 26 70",
            vec![
                (0, Kind::Frame),
                (20, pressed(Button::Left, 7, 8)),
                (40, pressed(Button::Right, 9, 9)),
                (60, pressed(Button::Middle, 9, 9)),
                (60, pressed(Button::WheelUp, 9, 9)),
                (60, pressed(Button::WheelDown, 9, 9)),
            ],
        ),
        (
            "touch 0 3 4 1 1 0 0.5 10; touch 0 4 4 1 1 0 0.5 20; \
         touch 0 4 4 1 1 0 0 30; touch 0 5 5 1 1 0 1 40",
            vec![
                (0, Kind::Touched { x: 3, y: 4 }),
                (0, Kind::Touched { x: 5, y: 5 }),
            ],
        ),
        (
            "sync 10; audio 1 audio/L16,rate=44100; sync 20; blob 1 AAAA; \
         blob 1 AAA=; sync 30; end 1",
            vec![
                (0, Kind::Frame),
                (10, Kind::Frame),
                (20, Kind::Frame),
                (
                    20,
                    Kind::Sound {
                        media_type: "audio/L16,rate=44100".to_owned(),
                        bytes: 5,
                        since_ms: 0,
                    },
                ),
            ],
        ),
        (
            "file 2 text/plain a.txt; blob 2 AAAA",
            vec![(
                0,
                Kind::File {
                    name: "a.txt".to_owned(),
                    media_type: "text/plain".to_owned(),
                    bytes: 3,
                    since_ms: 0,
                },
            )],
        ),
    ];
    for (lines, want) in cases {
        assert_eq!(events(&recording(lines)), want, "{lines}");
    }
}

#[test]
fn the_clipboard_is_put_together_and_pasted() {
    let clipboard = |media_type: &str, text: Option<&str>, bytes| Kind::Clipboard {
        media_type: media_type.to_owned(),
        text: text.map(str::to_owned),
        bytes,
    };
    let begin = "clipboard 0 text/plain; blob 0 w6k=; blob 0 dMOp; ";
    let paste = "key 65507 1; key 65505 1; key 86 1";
    let cases = [
        (
            format!("{begin}end 0"),
            vec![clipboard("text/plain", Some("été"), 5)],
        ),
        (
            begin.to_owned(),
            vec![clipboard("text/plain", Some("été"), 5)],
        ),
        (
            format!("{begin}end 0; {paste}"),
            vec![
                clipboard("text/plain", Some("été"), 5),
                Kind::Pasted("été".to_owned()),
            ],
        ),
        (paste.to_owned(), vec![]),
        (
            "clipboard 0 image/png; blob 0 AAAA; end 0".to_owned(),
            vec![clipboard("image/png", None, 3)],
        ),
        (
            "clipboard 0 text/plain; blob 0 /0E=; end 0".to_owned(),
            vec![clipboard("text/plain", Some("\u{fffd}A"), 2)],
        ),
        // An image takes the number.
        (
            "clipboard 0 text/plain; img 0 14 0 image/png 0 0; blob 0 AAAA; end 0".to_owned(),
            vec![],
        ),
    ];
    for (lines, want) in cases {
        let kinds: Vec<_> = events(&recording(&lines))
            .into_iter()
            .map(|(_, kind)| kind)
            .collect();
        assert_eq!(kinds, want, "{lines}");
    }
    // Cut off within a letter.
    let limits = Limits {
        clipboard_bytes: 4,
        ..Limits::default()
    };
    let (cut, _) = events_within(limits, &recording(begin));
    assert_eq!(cut[0].kind, clipboard("text/plain", Some("ét"), 5));
}

#[test]
fn what_is_wrong_is_counted() {
    let lines = "sync x; key 97; key -1 1; mouse 1 2; blob 1; end; audio; clipboard 1; \
         size 0 -1 5";
    let (events, facts) = events_within(Limits::default(), &recording(lines));
    assert_eq!(events, []);
    assert_eq!((facts.refused, facts.instructions), (9, 9));
    let limits = Limits {
        open_streams: 1,
        names: 2,
        name_bytes: 5,
        ..Limits::default()
    };
    let lines = "audio 1 audio/ogg; audio 2 audio/ogg; sync 5; key 97 1; end 1";
    let name = written(&["name", "üüüü"]);
    let (events, facts) = events_within(limits, &(recording(lines) + &name));
    assert_eq!(events.len(), 3);
    assert_eq!(
        facts.counts,
        [("audio".to_owned(), 2), ("sync".to_owned(), 1)].into()
    );
    assert_eq!((facts.refused, facts.name.as_deref()), (1, Some("üü")));
    assert_eq!((facts.first_sync, facts.last_sync), (Some(5), Some(5)));
}

/// The lines that were typed, each with the offset of its Enter. Backspace takes back.
fn lines(path: &Path) -> Vec<(u64, String)> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for (at_ms, kind) in events(&fs::read_to_string(path).unwrap()) {
        match kind {
            Kind::Typed(text) if text == "\r" => lines.push((at_ms, std::mem::take(&mut line))),
            Kind::Typed(text) if text == "\u{7f}" => {
                line.pop();
            }
            Kind::Typed(text) | Kind::Pasted(text) => line.push_str(&text),
            _ => {}
        }
    }
    lines
}

fn check(path: &Path, want: &[(f64, &str)]) {
    let typed = lines(path);
    let mut left = typed.iter();
    for (seconds, line) in want {
        let found = left.by_ref().find(|(_, typed)| typed == line);
        let Some((at_ms, _)) = found else {
            panic!("`{line}` is not among {typed:#?}");
        };
        let late = *at_ms as f64 / 1_000.0 - seconds;
        assert!(late.abs() <= 0.1, "`{line}` at {at_ms} ms, {late} s late");
    }
}

#[test]
fn what_was_typed_in_a_terminal_is_known() {
    check(
        &data("ssh-ops.guac"),
        &[
            (3.42, "id; cd logs"),
            (6.90, "ls --color -l /etc/ssl"),
            (11.22, "grep quota app.log | head -5"),
            (14.98, "sudo tail -n 2 /etc/gshadow"),
            (17.71, "correct-horse-9"),
            (22.88, "mkdir -p ~/batch/{a,b,c}; ls ~/batch"),
            (26.59, "echo 'été à Zürich 10 € → ok'"),
            (30.64, "echo change cobaltreed-3371 start"),
            (33.21, "echo pasted ploverwick-2290"),
            (34.79, "htop"),
            (42.38, "qvim plan-batch.txt"),
            (45.59, "iline added by vim\u{1b}:wq"),
            (49.12, "\u{1b}[A\u{1b}[A\u{1b}[A\u{3}ps aux"),
            (51.13, "\u{12}Zür"),
            (56.67, "cat /usr/share/common-licenses/BS\t | head -20"),
            (
                62.81,
                "for i in 1 2 3 4 5; do echo step $i; sleep 0.6; done",
            ),
            (68.55, "seq 1 300 | tail -60"),
            (73.30, "clear; echo END hollyspar-9046 complete"),
            // Written down at 75.33 s, but the key itself says this.
            (75.63, "exit"),
        ],
    );
}

#[test]
fn what_was_typed_on_a_desktop_is_known() {
    let Some(path) = shared("guac/vnc-ops.guac") else {
        return;
    };
    check(
        &path,
        &[
            (5.63, "cd logs; whoami; hostname"),
            (7.37, "ls -l"),
            (10.36, "tail -n 20 app.log"),
            (13.91, "cat /etc/shadow"),
            (17.03, "grep -c ERROR app.log"),
            (19.77, "vim notes-vnc.txt"),
            (26.61, "cat notes-vnc.txt"),
            (31.08, "echo TICKET umberlatch-7152 approved"),
            (34.72, "python3 -q"),
            (38.38, "sum(i*i for i in range(1000))"),
            (40.65, "\u{4}top"),
            (
                53.04,
                "q\u{1b}[A\u{1b}[A\u{3}for i in $(seq 1 40); do echo line $i of log $RANDOM; done",
            ),
            (58.79, r"printf '\033[1;31mERROR\033[0m pool at 97%%\n'"),
            (63.53, "ls --color -l /usr/share/common-licenses"),
            (65.80, "seq 1 800"),
            (71.71, "cut -d' ' -f9 access.log | sort | uniq -c"),
            (77.03, "clear; echo FINAL-SCREEN saltmoth-6284; ls"),
        ],
    );
}

#[test]
fn real_recordings_have_the_facts_that_are_known_of_them() {
    let (events, facts) = events_within(
        Limits::default(),
        &fs::read_to_string(data("ssh-ops.guac")).unwrap(),
    );
    let known = [
        ("blob", 387),
        ("cfill", 656),
        ("clipboard", 1),
        ("copy", 27),
        ("cursor", 1),
        ("end", 383),
        ("img", 382),
        ("key", 934),
        ("move", 17),
        ("rect", 656),
        ("size", 20),
        ("sync", 475),
    ];
    let known = known.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(facts.counts, known.into());
    assert_eq!(facts.refused, 0);
    let (first, last) = (facts.first_sync.unwrap(), facts.last_sync.unwrap());
    assert_eq!(last - first, 76_629);
    let resized: Vec<_> = events
        .iter()
        .filter(|e| matches!(e.kind, Kind::Resized { .. }))
        .collect();
    assert_eq!(resized.len(), 1);
    assert_eq!(events.last().map(|event| event.at_ms), Some(76_629));
    let pasted = Kind::Pasted("echo pasted ploverwick-2290".to_owned());
    assert!(events.iter().any(|event| event.kind == pasted));
    assert!(events.is_sorted_by_key(|event| event.at_ms));
}
