//! What people type into a search box.
//!
//! Words must all occur; `"several words"` must occur side by side; `word*` is any word that begins
//! so; `-word` must not occur. A word with signs in it (`app.log`, `/etc/shadow`) is the phrase of
//! its parts. There is no syntax that can be wrong: a quote that is not closed ends with the text.

use retrace_projections::moments::words;

use crate::QueryError;

/// The longest text, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 1024;
/// The most words, those of phrases counted each.
pub(super) const WORDS_MAX: usize = 64;

/// Words that must, or must not, occur side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) words: Vec<String>,
    /// Whether the last word is the beginning of one.
    pub(super) prefix: bool,
    /// Whether it must not occur.
    pub(super) not: bool,
}

/// Reads what was typed.
pub(super) fn parse(text: &str) -> Result<Vec<Clause>, QueryError> {
    let invalid = |found: String, expected: String| {
        Err(QueryError::InvalidArgument {
            field: "text",
            found,
            expected,
        })
    };
    let chars = text.chars().count();
    if chars > TEXT_CHARS_MAX {
        return invalid(
            format!("{chars} characters long"),
            format!("at most {TEXT_CHARS_MAX} characters"),
        );
    }
    let mut clauses = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (not, body) = match rest.strip_prefix('-') {
            Some(body) if !body.starts_with(char::is_whitespace) => (true, body),
            _ => (false, rest),
        };
        let (inside, behind) = match body.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => body.split_at(body.find(ends_word).unwrap_or(body.len())),
        };
        let (prefix, behind) = match behind.strip_prefix('*') {
            Some(behind) => (true, behind),
            None => (inside.ends_with('*'), behind),
        };
        let words: Vec<String> = words(inside).into_iter().map(|(word, _)| word).collect();
        if !words.is_empty() {
            clauses.push(Clause { words, prefix, not });
        }
        rest = behind.trim_start();
    }
    let count: usize = clauses.iter().map(|clause| clause.words.len()).sum();
    if count > WORDS_MAX {
        return invalid(
            format!("{count} words long"),
            format!("at most {WORDS_MAX} words"),
        );
    }
    if clauses.iter().all(|clause| clause.not) {
        return invalid(format!("{text:?}"), "a word that is to occur".to_owned());
    }
    Ok(clauses)
}

fn ends_word(char: char) -> bool {
    char.is_whitespace() || char == '"'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let show = |clause: Clause| {
            let not = if clause.not { "-" } else { "" };
            let star = if clause.prefix { "*" } else { "" };
            format!("{not}{}{star}", clause.words.join("+"))
        };
        parse(text).unwrap().into_iter().map(show).collect()
    }

    #[test]
    fn people_are_understood() {
        let cases = [
            ("cat /etc/shadow", vec!["cat", "etc+shadow"]),
            ("\"timed out\" -retry", vec!["timed+out", "-retry"]),
            ("marlst* 'x'", vec!["marlst*", "x"]),
            ("\"not closed", vec!["not+closed"]),
            ("a\"b c\"d", vec!["a", "b+c", "d"]),
            ("-\"b c\" a", vec!["-b+c", "a"]),
            ("app.lo*", vec!["app+lo*"]),
            ("- a", vec!["a"]),
            ("foo-bar.log", vec!["foo+bar+log"]),
            ("部署", vec!["部+署"]),
            (
                "AND OR (x:y)^2 [a TO b]",
                vec!["and", "or", "x+y+2", "a", "to", "b"],
            ),
        ];
        for (text, want) in cases {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        let many = "a ".repeat(65);
        let long = "a".repeat(1_025);
        for text in ["", "   ", "*", "\"\"", "-- //", "-secret", &many, &long] {
            assert!(
                matches!(parse(text), Err(QueryError::InvalidArgument { .. })),
                "{text}"
            );
        }
    }

    /// All texts of up to five pieces that mean something to the reader, or nearly so.
    #[test]
    fn any_text_is_read() {
        let pieces = ["a", "部", "\"", "-", "*", " ", "é", "\u{301}"];
        for number in 0..pieces.len().pow(5) {
            let piece = |place: u32| pieces[number / pieces.len().pow(place) % pieces.len()];
            let text: String = (0..5).map(piece).collect();
            if let Ok(clauses) = parse(&text) {
                assert!(
                    clauses.iter().all(|clause| !clause.words.is_empty()),
                    "{text}"
                );
            }
        }
    }
}
