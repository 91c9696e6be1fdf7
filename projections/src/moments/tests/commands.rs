//! Commands at prompts made up for it.

use super::*;

/// What happens, the events (milliseconds, code, data), and the commands that are found.
type Case<'a> = (&'a str, &'a [(i64, &'a str, &'a str)], &'a [&'a str]);

#[test]
fn commands_are_found_at_prompts_of_all_kinds() {
    let cases: &[Case<'_>] = &[
        (
            "a shell without bracketed paste",
            &[
                (0, "o", "$ "),
                (500, "i", "ls"),
                (501, "o", "ls"),
                (600, "i", "\r"),
                (601, "o", "\r\nfile\r\n$ "),
            ],
            &["ls"],
        ),
        (
            "the same without keys",
            &[
                (0, "o", "# "),
                (500, "o", "l"),
                (600, "o", "s"),
                (700, "o", "\r\nfile\r\n# "),
            ],
            &["ls"],
        ),
        (
            "a password is no command",
            &[
                (0, "o", "Password: "),
                (500, "i", "secret\r"),
                (900, "o", "\r\n"),
            ],
            &[],
        ),
        (
            "output that stops behind a sign",
            &[(0, "o", "cost 5 $ "), (1, "o", "per item\r\n")],
            &[],
        ),
        (
            "an editor waits at a prompt of any form",
            &[
                (0, "o", "\x1b[?2004h(gdb) "),
                (500, "o", "bt"),
                (700, "o", "\r\n\x1b[?2004l\r"),
            ],
            &["bt"],
        ),
        (
            "given up",
            &[
                (0, "o", "\x1b[?2004h$ "),
                (500, "o", "rm x"),
                (700, "o", "^C\r\n\x1b[?2004l\r"),
            ],
            &[],
        ),
        (
            "wrapped over rows",
            &[
                (0, "o", "\x1b[?2004h$ "),
                (500, "o", "echo 01234567890123456789 x"),
                (700, "o", "\r\n\x1b[?2004l\r"),
            ],
            &["echo 01234567890123456789 x"],
        ),
        (
            "over several lines",
            &[
                (0, "o", "\x1b[?2004h$ "),
                (500, "o", "echo a\r\necho b"),
                (700, "o", "\r\n\x1b[?2004l\r"),
            ],
            &["echo a\necho b"],
        ),
        (
            "after Ctrl-L",
            &[
                (0, "o", "x\r\n\x1b[?2004h$ "),
                (500, "o", "ls"),
                (600, "o", "\x1b[H\x1b[2J$ ls"),
                (700, "o", "\r\n\x1b[?2004l\r"),
            ],
            &["ls"],
        ),
        (
            "with something at the right",
            &[
                (0, "o", "\x1b[?2004h% \x1b[15C12:30\r\x1b[2C"),
                (500, "o", "ls"),
                (700, "o", "\x1b[?2004l\r\r\n"),
            ],
            &["ls"],
        ),
        (
            "typed ahead",
            &[
                (0, "o", "\x1b[?2004h$ "),
                (10, "i", "a\r"),
                (11, "o", "a\r\n\x1b[?2004l\r"),
                (500, "i", "b"),
                (900, "o", "\x1b[?2004h$ b"),
                (950, "i", "c\r"),
                (951, "o", "c\r\n\x1b[?2004l\r"),
            ],
            &["a", "bc"],
        ),
        (
            "marked by the shell",
            &[
                (0, "o", "\x1b]133;A\x07at home \x1b]133;B\x07"),
                (500, "o", "ls"),
                (700, "o", "\x1b]133;C\x07\r\n"),
            ],
            &["ls"],
        ),
        (
            "in a full-screen program",
            &[
                (0, "o", "\x1b[?1049h\x1b[?2004h$ "),
                (500, "o", "no"),
                (700, "o", "\r\n\x1b[?2004l\x1b[?1049l"),
            ],
            &[],
        ),
    ];
    for (what, events, want) in cases {
        assert_eq!(
            texts(&Cast::of(20, 6, events), MomentKind::Command),
            *want,
            "{what}"
        );
    }
}
