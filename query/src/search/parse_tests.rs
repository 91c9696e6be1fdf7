//! Questions as people type them, and what is made of them.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// The expression in one line: `&` for all, `|` for any, `!` for not.
fn shown(expr: &Expr) -> String {
    let list = |of: &[Expr], sign: &str| {
        let parts: Vec<String> = of.iter().map(shown).collect();
        format!("({})", parts.join(sign))
    };
    match expr {
        Expr::All(of) => list(of, " & "),
        Expr::Any(of) => list(of, " | "),
        Expr::Not(of) => format!("!{}", shown(of)),
        Expr::Text(TextMatch::Words { words, prefix }, _) => {
            format!("{}{}", words.join("+"), if *prefix { "*" } else { "" })
        }
        Expr::Text(TextMatch::Like { word, letters }, _) => format!("{word}~{letters}"),
        Expr::Text(TextMatch::Regex(regex), _) => format!("re<{regex}>"),
        Expr::Named(field, names) => {
            let names: Vec<String> = names
                .iter()
                .map(|of| format!("{}{}", of.name, if of.prefix { "*" } else { "" }))
                .collect();
            format!("{field:?}={}", names.join(",")).to_lowercase()
        }
        Expr::Kinds(kinds) => format!("{kinds:?}").to_lowercase(),
        Expr::Sessions(sessions) => format!("{} sessions", sessions.len()),
        Expr::Number(field, range) => {
            let edge = |number: i64| match number {
                i64::MIN | i64::MAX => String::new(),
                number => number.to_string(),
            };
            format!("{field:?}={}..{}", edge(range.first), edge(range.last)).to_lowercase()
        }
    }
}

fn read(text: &str) -> Result<Option<Expr>, InvalidQuery> {
    parse(text, &Clock::in_zone(None).unwrap())
}

#[test]
fn people_are_understood() {
    let cases = [
        ("cat /etc/shadow", "(cat & /etc+shadow)"),
        ("\"timed out\" -retry", "(timed+out & !retry)"),
        ("marlst* 'x'", "(marlst* & x)"),
        ("a\"b c\"d", "(a & b+c & d)"),
        ("-\"b c\" a", "(!b+c & a)"),
        ("app.lo*", "app+lo*"),
        ("\"row 1*\"", "row+1*"),
        ("\"row 1\"*", "row+1*"),
        ("/etc/*", "/etc"),
        ("/etc/", "/etc"),
        ("*.log", "log"),
        ("- a", "a"),
        ("foo-bar.log", "foo+bar+log"),
        ("部署", "部+署"),
        ("getUserName user_name", "(getusername & user+name)"),
        ("Été", "ete"),
        ("rm \"-rf\" --no-verify", "(rm & -rf & --no+verify)"),
        ("rm -rf", "(rm & !rf)"),
        (
            "cat x | grep y && echo $HOME",
            "(cat & x & grep & y & echo & home)",
        ),
        ("foo(bar) x", "(foo+bar & x)"),
        ("(foo(bar) OR x)", "(foo+bar | x)"),
        ("a OR b c", "(a | (b & c))"),
        ("(a OR b) AND c", "((a | b) & c)"),
        ("a AND NOT (b OR c)", "(a & !(b | c))"),
        ("or and not", "(or & and & not)"),
        ("ORACLE ANDROID NOTE", "(oracle & android & note)"),
        ("pasword~ shadow~2 x~1", "(pasword~1 & shadow~2 & x~1)"),
        ("~/.bashrc", "bashrc"),
        ("/us(er|ed).*/", "re<us(er|ed).*>"),
        (
            "/conf.d/ /a/b/ /var/log/*.gz",
            "(/conf+d & /a+b & /var+log+gz)",
        ),
        ("user:ann ls", "(user=ann & ls)"),
        ("USER:\"Ann Lee\"", "user=ann lee"),
        ("cwd:/etc/* cwd:\"/a b\"*", "(cwd=/etc/* & cwd=/a b*)"),
        ("kind:(command keys)", "[command, keys]"),
        ("kind:(commands OR KEYS)", "[command, keys]"),
        ("host:(web-1 \"db 2\" app-*)", "host=web-1,db 2,app-*"),
        ("exit:>0", "exit=1.."),
        ("exit:(1 127)", "(exit=1..1 | exit=127..127)"),
        ("duration:>10m", "duration=600000001.."),
        (
            "(exit:>0 OR duration:>1s)",
            "(exit=1.. | duration=1000001..)",
        ),
        (
            "at:2026-03-01..2026-03-01",
            "at=1772323200000000..1772409599999999",
        ),
        ("-user:ann x", "(!user=ann & x)"),
        ("session:01234567-89ab-8cde-8123-456789abcdef", "1 sessions"),
        (
            "http://x.de error:404 10:30 std::vec a: C:\\x",
            "(http+x+de & error+404 & 10+30 & std+vec & a & c+x)",
        ),
        ("folder:Ops\\Linux", "folder=ops\\linux"),
        ("((((a))))", "a"),
    ];
    for (text, want) in cases {
        let found = read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(found.as_ref().map(shown).as_deref(), Some(want), "{text}");
    }
    for text in ["", "   ", "*", "\"\"", "-- //", "| && >", "\"\"*"] {
        assert_eq!(read(text), Ok(None), "{text}");
    }
}

#[test]
fn an_error_stands_at_the_character() {
    let cases = [
        ("cat \"not closed", 4, 1, "not closed"),
        ("a (b c", 2, 1, "not closed"),
        ("a b) c", 3, 1, "without"),
        ("部 )", 2, 1, "without"),
        ("OR a", 0, 2, "OR"),
        ("a OR", 2, 2, "OR"),
        ("a OR OR b", 5, 2, "OR"),
        ("a AND", 2, 3, "AND"),
        ("AND a", 0, 3, "AND"),
        ("a AND AND b", 6, 3, "AND"),
        ("a OR (| )", 5, 4, "parentheses"),
        ("a NOT", 2, 3, "negation"),
        ("x ()", 2, 2, "parentheses"),
        ("x usr:ann", 2, 3, "unknown field `usr`"),
        ("user: ann", 0, 5, "without a value"),
        ("kind:comand", 5, 6, "comand"),
        ("kind:(keys comand)", 11, 6, "comand"),
        ("kind:(keys", 0, 10, "not closed"),
        ("exit:x", 5, 1, "`x`"),
        ("a at:2026-13-01", 5, 10, "2026-13-01"),
        ("session:nine", 8, 4, "nine"),
        ("user:()", 0, 7, "no value"),
        ("a/b~", 0, 4, "not one word"),
    ];
    for (text, at, length, found) in cases {
        let error = read(text).expect_err(text);
        assert_eq!((error.at, error.length), (at, length), "{text}: {error}");
        assert!(error.to_string().contains(found), "{text}: {error}");
    }
}

#[test]
fn what_is_too_much_is_refused_at_once() {
    let deep = format!("{}a{}", "(".repeat(21), ")".repeat(21));
    let regex = format!("/{}/", "a*".repeat(51));
    let cases = [
        "a ".repeat(1_000),
        "a ".repeat(101),
        "a".repeat(2_049),
        format!("user:({})", "a ".repeat(101)),
        deep,
        "-".to_owned() + &"(-".repeat(400) + "a",
        "NOT ".repeat(30) + "a",
        regex,
        "(".repeat(2_000),
        "\"a\" ".repeat(500),
    ];
    for text in cases {
        let begun = Instant::now();
        let error = read(&text).expect_err(&text);
        assert!(begun.elapsed() < Duration::from_millis(100), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is typed is read, or refused at a place in it.
    #[test]
    fn any_text_is_read_or_refused_where_it_is_wrong(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "a", "部", "\"", "-", "*", " ", "é", "(", ")", "OR", "AND", "NOT", "~", "/", "user:", "at:", "kind:", "exit:",
            ">", "..", "2026-03-01", "keys", "\u{301}", "usr:", "\\", "[", "|", " ", " ",
        ]), 0..24)
    ) {
        let text: String = pieces.concat();
        match read(&text) {
            Ok(found) => {
                for (words, _) in leaves(found.as_ref()) {
                    prop_assert!(!words.is_empty());
                }
            }
            Err(error) => {
                prop_assert!(error.at + error.length <= text.chars().count(), "{text:?}: {error:?}");
                prop_assert!(!error.expected.is_empty());
            }
        }
    }

    #[test]
    fn any_characters_are_read_or_refused(text in "\\PC{0,60}") {
        if let Err(error) = read(&text) {
            prop_assert!(error.at + error.length <= text.chars().count());
        }
    }

    /// What stands in quotes is looked for as it is.
    #[test]
    fn a_quoted_text_is_its_words(text in "[^\"*]{0,40}") {
        let wanted: Vec<String> = words(&text)
            .into_iter()
            .map(|word| word.led.unwrap_or(word.text))
            .collect();
        let found = read(&format!("\"{text}\"")).unwrap();
        let found: Vec<String> = leaves(found.as_ref()).into_iter().flat_map(|(words, _)| words).collect();
        prop_assert_eq!(found, wanted);
    }
}

/// The words that are looked for, with where they stand.
fn leaves(expr: Option<&Expr>) -> Vec<(Vec<String>, Span)> {
    match expr {
        Some(Expr::All(of) | Expr::Any(of)) => of.iter().flat_map(|of| leaves(Some(of))).collect(),
        Some(Expr::Not(of)) => leaves(Some(of)),
        Some(Expr::Text(TextMatch::Words { words, .. }, span)) => {
            vec![(words.clone(), span.clone())]
        }
        _ => Vec::new(),
    }
}
