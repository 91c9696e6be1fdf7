//! Lines of screens made up for it.

use super::*;

/// What happens, the events (milliseconds, code, data), and the lines that are found.
type Case<'a> = (&'a str, &'a [(i64, &'a str, &'a str)], &'a [&'a str]);

#[test]
fn output_of_any_length_is_without_gaps() {
    let numbers: String = (1..=5_000).map(|n| format!("line {n}\r\n")).collect();
    let cast = Cast::of(80, 24, &[(0, "o", &numbers), (100, "o", "$ ")]);
    let lines = texts(&cast, MomentKind::Screen);
    for n in [1, 2, 300, 4_976, 5_000] {
        assert!(lines.contains(&format!("line {n}")), "{n}");
    }
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("line")).count(),
        5_000
    );

    let dump: String = (0..8_000).map(|n| format!("{n:05}")).collect();
    let cast = Cast::of(80, 24, &[(0, "o", &dump), (2_000, "o", "\r\nok\r\n")]);
    let lines = texts(&cast, MomentKind::Screen);
    assert!(
        lines.concat() == format!("{dump}ok"),
        "{} pieces",
        lines.len()
    );
}

#[test]
fn a_line_is_a_moment_when_it_was_to_be_seen() {
    let frames: Vec<(i64, String)> = (0..100)
        .map(|n| {
            (
                n * 500,
                format!("\x1b[Htop {n:02}:00\x1b[K\r\n{n:3} init\x1b[K\r\nstill here\x1b[K"),
            )
        })
        .collect();
    let frames: Vec<(i64, &str, &str)> = frames
        .iter()
        .map(|(ms, text)| (*ms, "o", text.as_str()))
        .collect();
    let shown = [(0, "o", "\x1b[?1049h"), (1, "o", "\x1b[H\x1b[2J")];
    let full_screen = [&shown[..], &frames[..]].concat();
    let cases: &[Case<'_>] = &[
        (
            "hidden by clearing at once",
            &[(0, "o", "root:x:0\r\n"), (2, "o", "\x1b[H\x1b[2J\x1b[3J$ ")],
            &["root:x:0"],
        ),
        (
            "cleared within one write, by erasing below",
            &[(0, "o", "root:x:0\r\n\x1b[H\x1b[J$ ")],
            &["root:x:0"],
        ),
        (
            "reset at once",
            &[(0, "o", "root:x:0\r\n\x1bcnew")],
            &["root:x:0", "new"],
        ),
        (
            "a bar of progress is its last state",
            &[
                (0, "o", "\r10% of it"),
                (100, "o", "\r50% of it"),
                (2_000, "o", "\r100% of it\r\n"),
            ],
            &["100% of it"],
        ),
        (
            "taken back after it stood still",
            &[
                (0, "o", "$ rm everything"),
                (3_000, "o", "\x08 \x08"),
                (3_010, "o", "\r\x1b[K$ ls\r\n"),
            ],
            &["$ rm everything", "$ ls"],
        ),
        (
            "the same again within half a minute, and later",
            &[
                (0, "o", "a1\r\n"),
                (5_000, "o", "a1\r\n"),
                (40_000, "o", "a1\r\n"),
            ],
            &["a1", "a1"],
        ),
        (
            "on the alternate screen only when it stood still",
            &[
                (0, "o", "\x1b[?1049h\x1b[Hquick"),
                (500, "o", "\x1b[H\x1b[2Jslow one"),
                (2_000, "o", "\x1b[?1049l"),
            ],
            &["slow one"],
        ),
        (
            "wrapped",
            &[(0, "o", "0123456789012345678901\r\n")],
            &["0123456789012345678901"],
        ),
        ("no words", &[(0, "o", "─────\r\n~\r\n")], &[]),
        (
            "through a resize",
            &[
                (0, "o", "0123456789012345\r\nab\r\n"),
                (2_000, "r", "10x6"),
                (4_000, "r", "30x6"),
                (50_000, "o", "cd\r\n"),
            ],
            &["0123456789012345", "ab", "cd"],
        ),
        (
            "scrolled inside a region",
            &[
                (0, "o", "\x1b[?1049h\x1b[2;4r\x1b[2Hl1\r\nl2\r\nl3"),
                (900, "o", "\x1b[4H\nl4"),
                (1_050, "o", "\x1b[4H\nl5"),
                (5_000, "o", "\x1b[?1049l"),
            ],
            &["l3", "l4", "l5", "l2"],
        ),
    ];
    for (what, events, want) in cases {
        let mut found = texts(&Cast::of(20, 6, events), MomentKind::Screen);
        let mut want: Vec<String> = want.iter().map(|text| (*text).to_owned()).collect();
        found.sort();
        want.sort();
        assert_eq!(found, want, "{what}");
    }
    let painted = texts(&Cast::of(20, 6, &full_screen), MomentKind::Screen);
    assert!(
        painted.len() <= 4 && painted.contains(&"still here".to_owned()),
        "{painted:?}"
    );
}
