use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use retrace_core::event::{EventBody, KeysTyped};
use retrace_core::settings::Redaction;

use super::super::{MASK, Rule, Rules, TypedLines};
use crate::terminal::{TerminalReplay, TerminalSize};
use crate::testing::{typed, written};

/// `i` is typed, `o` is written; each a tenth of a second after the one before unless a pause in milliseconds is given.
type Step<'a> = (&'a str, &'a str);

/// What was typed, as it may be read, and the rules that hid a part of it.
fn watch(events: &[(i64, EventBody)]) -> (String, Vec<Rule>) {
    static RULES: LazyLock<Arc<Rules>> =
        LazyLock::new(|| Arc::new(Rules::new(&Redaction::default())));
    let mut lines = TypedLines::new(Arc::clone(&RULES));
    let mut replay = TerminalReplay::new(TerminalSize::DEFAULT);
    let mut found = Vec::new();
    for (number, (at_us, body)) in (0..).zip(events) {
        lines.apply(number, *at_us, body, replay.terminal(), &mut found);
        replay.apply(body);
    }
    lines.end(&mut found);
    assert_eq!(lines.undecided(), None);
    let mut shown = String::new();
    for (number, (_, body)) in (0..).zip(events) {
        let EventBody::KeysTyped(typed) = body else {
            continue;
        };
        for (at, char) in typed.text.char_indices() {
            let hides = |hidden: &super::super::HiddenKeys| {
                hidden
                    .within(number, &typed.text)
                    .is_some_and(|range| range.contains(&at))
            };
            if !found.iter().any(hides) {
                shown.push(char);
            } else if !shown.ends_with(MASK) {
                shown.push_str(MASK);
            }
        }
    }
    (shown, found.iter().map(|hidden| hidden.rule).collect())
}

fn steps(steps: &[Step<'_>]) -> (String, Vec<Rule>) {
    let mut at_us = 0;
    let events: Vec<(i64, EventBody)> = steps
        .iter()
        .flat_map(|(code, text)| {
            at_us += 100_000;
            match *code {
                "o" => vec![(at_us, written(text))],
                "i" => vec![(at_us, typed(text))],
                "piped" => vec![(at_us, KeysTyped::piped((*text).to_owned()).into())],
                // Key by key, without and with an echo.
                "keys" => text
                    .chars()
                    .map(|char| (at_us, typed(&char.to_string())))
                    .collect(),
                "echo" => text
                    .chars()
                    .flat_map(|char| {
                        let shown = if char == '\r' {
                            "\r\n".to_owned()
                        } else {
                            char.to_string()
                        };
                        [(at_us, typed(&char.to_string())), (at_us, written(&shown))]
                    })
                    .collect(),
                "stars" => text
                    .chars()
                    .flat_map(|char| {
                        let shown = if char == '\r' { "\r\n" } else { "*" };
                        [(at_us, typed(&char.to_string())), (at_us, written(shown))]
                    })
                    .collect(),
                pause => {
                    at_us += pause.parse::<i64>().unwrap() * 1_000;
                    vec![]
                }
            }
        })
        .collect();
    watch(&events)
}

#[test]
fn what_is_not_to_be_read_is_hidden_and_all_else_is_not() {
    use Rule::{Pattern, Prompt, Unechoed};
    const P: &str = "ops@bastion-1:~$ ";
    let cases: &[(&str, &[Step<'_>], &str, &[Rule])] = &[
        (
            "a command",
            &[("o", P), ("echo", "ls -la\r"), ("o", P)],
            "ls -la\r",
            &[],
        ),
        (
            "sudo",
            &[
                ("o", P),
                ("echo", "sudo id\r"),
                ("o", "[sudo] password for ops: "),
                ("keys", "s3cret\r"),
                ("o", "\r\nuid=0\r\n"),
                ("o", P),
            ],
            "sudo id\r••••••••\r",
            &[Prompt],
        ),
        (
            "a file is piped into a program, which prints something else",
            &[
                ("o", "loading\r\n"),
                (
                    "piped",
                    "first line\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY\nlast",
                ),
                ("o", "2 rows\r\n"),
            ],
            "first line\nAWS_SECRET_ACCESS_KEY=••••••••\nlast",
            &[Pattern],
        ),
        (
            "a password is piped into sudo -S",
            &[
                ("o", "[sudo] password for ops: "),
                ("piped", "s3cret\n"),
                ("o", "\r\nuid=0\r\n"),
            ],
            "••••••••\n",
            &[Prompt],
        ),
        (
            "sudo, wrong twice",
            &[
                ("o", "[sudo] password for ops: "),
                ("keys", "one\r"),
                ("o", "\r\nSorry, try again.\r\n[sudo] password for ops: "),
                ("keys", "two\r"),
                ("o", "\r\n$ "),
                ("echo", "ls\r"),
            ],
            "••••••••\r••••••••\rls\r",
            &[Prompt, Prompt],
        ),
        (
            "bash read -s without a prompt",
            &[
                ("o", P),
                ("echo", "read -s x\r"),
                ("keys", "tk-91\r"),
                ("o", "\r\n"),
                ("o", P),
                ("echo", "ls\r"),
            ],
            "read -s x\r••••••••\rls\r",
            &[Unechoed],
        ),
        (
            "a prompt in another language",
            &[("o", "Mot de passe : "), ("keys", "abc\r"), ("o", "\r\n$ ")],
            "••••••••\r",
            &[Unechoed],
        ),
        (
            "ssh",
            &[
                ("o", "ops@db's password: "),
                ("i", "pw\r"),
                ("o", "\r\nLast login"),
            ],
            "••••••••\r",
            &[Prompt],
        ),
        (
            "su",
            &[
                ("echo", "su -\r"),
                ("o", "Password: "),
                ("keys", "pw\r"),
                ("o", "\r\n# "),
            ],
            "su -\r••••••••\r",
            &[Prompt],
        ),
        (
            "passwd",
            &[
                ("echo", "passwd\r"),
                ("o", "Current password: "),
                ("keys", "a\r"),
                ("o", "\r\nNew password: "),
                ("keys", "b\r"),
                ("o", "\r\nRetype new password: "),
                ("keys", "b\r"),
                ("o", "\r\npasswd: password updated successfully\r\n$ "),
                ("echo", "exit\r"),
            ],
            "passwd\r••••••••\r••••••••\r••••••••\rexit\r",
            &[Prompt, Prompt, Prompt],
        ),
        (
            "mysql -p",
            &[
                ("echo", "mysql -u root -p\r"),
                ("o", "Enter password: "),
                ("keys", "pw\r"),
                ("o", "\r\nmysql> "),
                ("echo", "show tables;\r"),
            ],
            "mysql -u root -p\r••••••••\rshow tables;\r",
            &[Prompt],
        ),
        (
            "mysql -psecret",
            &[("o", P), ("echo", "mysql -u root -psecret\r")],
            "mysql -u root -p••••••••\r",
            &[Pattern],
        ),
        (
            "an echo at a prompt that asks",
            &[("o", "Password: "), ("echo", "hunter2\r"), ("o", "$ ")],
            "••••••••\r",
            &[Prompt],
        ),
        (
            "stars for letters",
            &[("o", "Code: "), ("stars", "hunter2\r"), ("o", "$ ")],
            "••••••••\r",
            &[Unechoed],
        ),
        (
            "taken back in the password",
            &[
                ("o", "Mot de passe : "),
                ("keys", "abx\u{7f}c\r"),
                ("o", "\r\n"),
            ],
            "••••••••\r",
            &[Unechoed],
        ),
        (
            "pasted",
            &[
                ("o", "Mot de passe : "),
                ("i", "a-long-secret\r"),
                ("o", "\r\n"),
            ],
            "••••••••\r",
            &[Unechoed],
        ),
        (
            "pasted with brackets",
            &[
                ("o", "Mot de passe : "),
                ("i", "\u{1b}[200~secret\u{1b}[201~"),
                ("i", "\r"),
                ("o", "\r\n"),
            ],
            "\u{1b}[200~••••••••\r",
            &[Unechoed],
        ),
        (
            "given up",
            &[
                ("o", "Mot de passe : "),
                ("keys", "secr\u{3}"),
                ("o", "\r\n$ "),
                ("echo", "ls\r"),
            ],
            "••••••••\u{3}ls\r",
            &[Unechoed],
        ),
        (
            "timed out",
            &[
                ("o", "[sudo] password for ops: "),
                ("keys", "secr"),
                ("o", "\r\nsudo: timed out\r\n\u{1b}[?2004h$ "),
                ("echo", "ls\r"),
            ],
            "••••••••ls\r",
            &[Prompt],
        ),
        (
            "somebody writes meanwhile",
            &[
                ("o", "Mot de passe : "),
                ("keys", "correct"),
                ("o", "\r\n[1]+  Done    cp core /srv\r\n"),
                ("keys", "-horse-9\r"),
                ("o", "\r\n"),
            ],
            "••••••••\r",
            &[Unechoed],
        ),
        (
            "shown late over a slow link",
            &[
                ("o", P),
                ("keys", "ls -la\r"),
                ("1500", ""),
                ("o", "ls -la\r\ntotal 8\r\n"),
                ("o", P),
            ],
            "ls -la\r",
            &[],
        ),
        (
            "shown late, two lines at once",
            &[
                ("o", P),
                ("i", "ls\rpwd\r"),
                ("1500", ""),
                ("o", "ls\r\nfile\r\n$ pwd\r\n/home\r\n"),
            ],
            "ls\rpwd\r",
            &[],
        ),
        (
            "typed ahead of a prompt that shows nothing",
            &[
                ("o", P),
                ("i", "sudo id\rsecret\r"),
                ("500", ""),
                ("o", "sudo id\r\n"),
                ("o", "[sudo] secre uid=0 ops\r\n"),
                ("4000", ""),
                ("o", "$ "),
            ],
            "sudo id\r••••••••\r",
            &[Unechoed],
        ),
        (
            "drawn again in colours",
            &[
                ("o", "❯ "),
                ("i", "l"),
                ("o", "\u{1b}[31ml\u{1b}[0m"),
                ("i", "s"),
                ("o", "\u{8}\u{1b}[32mls\u{1b}[0m"),
                ("i", "\r"),
                ("o", "\r\n"),
            ],
            "ls\r",
            &[],
        ),
        (
            "vim",
            &[
                ("echo", "vim f\r"),
                ("o", "\u{1b}[?1049h\u{1b}[H~\r\n~"),
                ("keys", "ihello there"),
                ("o", "\u{1b}[Hhello there"),
                ("keys", "\r\u{1b}:wq\r"),
                ("o", "\u{1b}[?1049l$ "),
                ("echo", "ls\r"),
            ],
            "vim f\rihello there\r\u{1b}:wq\rls\r",
            &[],
        ),
        (
            "full screen, keys that show nothing",
            &[
                ("echo", "htop\r"),
                ("o", "\u{1b}[?1049h"),
                ("keys", "jjjjjj"),
                ("o", "\u{1b}[Hx"),
                ("keys", "q"),
                ("o", "\u{1b}[?1049l$ "),
                ("echo", "ls\r"),
            ],
            "htop\rjjjjjjqls\r",
            &[],
        ),
        (
            "sudo in a full-screen multiplexer",
            &[
                ("o", "\u{1b}[?1049h\u{1b}[H$ "),
                ("echo", "sudo id"),
                ("i", "\r"),
                (
                    "o",
                    "\u{1b}[2;1H[sudo] password for ops: \u{1b}[24;1H12:00\u{1b}[2;26H",
                ),
                ("keys", "secret"),
                ("o", "\u{1b}[24;1H12:01\u{1b}[2;26H"),
                ("keys", "two\r"),
                ("o", "\u{1b}[3;1Huid"),
            ],
            "sudo id\r••••••••\r",
            &[Prompt],
        ),
        (
            "a key for a program on the ordinary screen",
            &[
                ("echo", "top\r"),
                ("o", "\u{1b}[Htop"),
                ("keys", "q"),
                ("o", "\r\n\u{1b}[?2004h$ "),
                ("echo", "ls\r"),
            ],
            "top\rqls\r",
            &[],
        ),
        (
            "keys for a program, and a shell without marks",
            &[("keys", "jjjjjjjj"), ("o", "\r\n$ "), ("echo", "ls\r")],
            "jjjjjjjjls\r",
            &[],
        ),
        (
            "a token that is typed",
            &[("o", P), ("echo", "export T=ghp_16C7e42F292c69\r")],
            "export T=ghp_••••••••\r",
            &[Pattern],
        ),
        (
            "a private key that is pasted",
            &[
                ("o", P),
                (
                    "i",
                    "\u{1b}[200~cat > k\r-----BEGIN PRIVATE KEY-----\rMIIabc=\r-----END PRIVATE KEY-----\r\u{1b}[201~\r",
                ),
                (
                    "o",
                    "cat > k\r\n-----BEGIN PRIVATE KEY-----\r\nMIIabc=\r\n-----END PRIVATE KEY-----\r\n",
                ),
            ],
            "\u{1b}[200~cat > k\r-----BEGIN PRIVATE KEY-----\r••••••••\r-----END PRIVATE KEY-----\r\u{1b}[201~\r",
            &[Pattern],
        ),
        (
            "keys alone",
            &[("keys", "abc\r"), ("keys", "secret\r")],
            "abc\rsecret\r",
            &[],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, given, want, rules) in cases {
        let got = steps(given);
        if got != ((*want).to_owned(), rules.to_vec()) {
            wrong.push(format!("{name}: {got:?}, expected {want:?} {rules:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A session of commands that are shown and secrets that are not.
fn session() -> impl Strategy<Value = Vec<(bool, String, usize)>> {
    let secret = "[a-zA-Z0-9 !#%+.:@-]{4,24}";
    let command = "[a-z]{2,6}( [a-z./-]{1,12}){0,3}";
    prop::collection::vec(
        prop_oneof![
            (Just(true), secret, 0..4_usize),
            (Just(false), command, 0..2_usize)
        ],
        1..12,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn secrets_that_are_not_shown_are_never_read_and_commands_always(lines in session()) {
        let (mut events, mut at_us) = (vec![(0, written("$ "))], 0);
        let mut want = String::new();
        for (is_secret, text, form) in &lines {
            at_us += 200_000;
            if *is_secret {
                let prompt = ["", "Code : ", "Password: ", "Mot de passe : "][*form];
                events.push((at_us, written(prompt)));
                events.extend(text.chars().map(|char| (at_us, typed(&char.to_string()))));
                events.push((at_us, typed("\r")));
                events.push((at_us, written("\r\n$ ")));
                want.push_str(MASK);
            } else if *form == 0 {
                for char in text.chars() {
                    events.push((at_us, typed(&char.to_string())));
                    events.push((at_us, written(&char.to_string())));
                }
                events.push((at_us, typed("\r")));
                events.push((at_us, written("\r\nout\r\n$ ")));
                want.push_str(text);
            } else {
                // All keys, then all of the echo.
                events.extend(text.chars().map(|char| (at_us, typed(&char.to_string()))));
                events.push((at_us, typed("\r")));
                events.push((at_us + 900_000, written(&format!("{text}\r\nout\r\n$ "))));
                at_us += 900_000;
                want.push_str(text);
            }
            want.push('\r');
        }
        let (shown, _) = watch(&events);
        prop_assert_eq!(shown, want);
    }
}
