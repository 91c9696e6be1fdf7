//! The part of a text that shows why it was found.

use std::ops::Range;

use retrace_projections::moments::{Word, words};

use super::compile::Wanted;

/// About so many characters are shown.
const CHARS_MAX: usize = 160;
/// So many of them before the first match, if there are more.
const CHARS_BEFORE: usize = 40;

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnippetRun {
    /// The piece.
    pub text: String,
    /// Whether it is what was looked for.
    pub matched: bool,
}

/// Where what was looked for is met in a text.
pub(super) struct Matches {
    /// In order, without overlaps.
    ranges: Vec<Range<usize>>,
    /// How many bytes of the text it takes until each of it was met once.
    pub(super) complete: usize,
}

/// Finds where what must be met is.
pub(super) fn matches(text: &str, wanted: &[Wanted]) -> Matches {
    let words = words(text);
    let (mut ranges, mut complete) = (Vec::new(), 0);
    for wanted in wanted {
        let length = wanted.words.len().max(1);
        let mut found = words
            .windows(length)
            .filter_map(|window| met(window, wanted))
            .peekable();
        complete = complete.max(found.peek().map_or(0, |first| first.end));
        ranges.extend(found);
    }
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(before) if range.start < before.end => before.end = before.end.max(range.end),
            _ => merged.push(range),
        }
    }
    Matches {
        ranges: merged,
        complete,
    }
}

/// What these words take up, if they are what is wanted.
fn met(window: &[Word], wanted: &Wanted) -> Option<Range<usize>> {
    let last = window.len() - 1;
    let mut whole: Option<Range<usize>> = None;
    for (index, word) in window.iter().enumerate() {
        let pattern = wanted.pattern.as_ref().filter(|_| index == last);
        let fits = |text: &str| match pattern {
            Some(pattern) => pattern.fits(text),
            None => wanted.words.get(index).is_some_and(|wanted| wanted == text),
        };
        let led = word.led.as_ref().filter(|led| fits(led));
        let range = if let Some(led) = led {
            // The sign stands directly before the word.
            let sign = led.len() - word.text.len().min(led.len());
            word.range.start - sign..word.range.end
        } else if fits(&word.text) {
            word.range.clone()
        } else {
            word.humps.iter().find(|(hump, _)| fits(hump))?.1.clone()
        };
        whole = Some(whole.map_or(range.start, |whole| whole.start)..range.end);
    }
    whole
}

/// Cuts the text around the first match, into runs.
pub(super) fn snippet(text: &str, matches: &Matches) -> Vec<SnippetRun> {
    let first = matches.ranges.first().map_or(0, |range| range.start);
    let start = match text[..first].char_indices().rev().nth(CHARS_BEFORE - 1) {
        Some((at, _)) => word_start(text, at, first),
        None => 0,
    };
    let shown = text[start..].char_indices().nth(CHARS_MAX);
    let end = shown.map_or(text.len(), |(at, _)| start + at);
    let mut runs = Vec::new();
    let mut push = |piece: &str, matched: bool| {
        if !piece.is_empty() {
            runs.push(SnippetRun {
                text: piece.replace('\n', " "),
                matched,
            });
        }
    };
    push(if start > 0 { "…" } else { "" }, false);
    let mut at = start;
    for range in matches.ranges.iter().filter(|range| range.start < end) {
        push(&text[at..range.start.max(at)], false);
        at = range.end.min(end);
        push(&text[range.start.min(at)..at], true);
    }
    push(&text[at..end], false);
    push(if end < text.len() { "…" } else { "" }, false);
    runs
}

/// The beginning of the first word at or behind `at`, if there is one before `end`.
fn word_start(text: &str, at: usize, end: usize) -> usize {
    match text[at..end].find(char::is_whitespace) {
        Some(blank) => end - text[at + blank..end].trim_start().len(),
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use tantivy::schema::Field;

    use super::super::parse;
    use super::super::syntax::{Expr, TextMatch};
    use super::super::terms::Pattern;
    use super::super::values::Clock;
    use super::*;

    /// What is looked for in a text, for highlights.
    fn wanted(text: &str) -> Vec<Wanted> {
        let clock = Clock::in_zone(None).unwrap();
        of_expr(parse::parse(text, &clock).unwrap().as_ref())
    }

    fn of_expr(expr: Option<&Expr>) -> Vec<Wanted> {
        match expr {
            Some(Expr::All(of)) => of.iter().flat_map(|one| of_expr(Some(one))).collect(),
            Some(Expr::Text(text, span)) => {
                let words = match text {
                    TextMatch::Words { words, .. } => words.clone(),
                    _ => Vec::new(),
                };
                let pattern = Pattern::of(text, Field::from_field_id(0), span).unwrap();
                vec![Wanted { words, pattern }]
            }
            other => panic!("{other:?}"),
        }
    }

    fn shown(text: &str, query: &str) -> String {
        let runs = snippet(text, &matches(text, &wanted(query)));
        runs.iter()
            .map(|run| {
                if run.matched {
                    format!("[{}]", run.text)
                } else {
                    run.text.clone()
                }
            })
            .collect()
    }

    #[test]
    fn a_snippet_shows_what_was_looked_for() {
        let long = format!("{}needle {}", "hay ".repeat(30), "stack ".repeat(40));
        let cases = [
            ("cat /etc/shadow", "shadow", "cat /etc/[shadow]".to_owned()),
            (
                "cat /etc/shadow",
                "/etc/shadow",
                "cat [/etc/shadow]".to_owned(),
            ),
            (
                "grep ERROR app.log",
                "err* log",
                "grep [ERROR] app.[log]".to_owned(),
            ),
            ("部署 完了", "署", "部[署] 完了".to_owned()),
            ("one\ntwo", "two", "one [two]".to_owned()),
            ("rm -rf x", "\"-rf\"", "rm [-rf] x".to_owned()),
            (
                "call getUserName()",
                "user",
                "call get[User]Name()".to_owned(),
            ),
            (
                "call getUserName()",
                "GETUSERNAME",
                "call [getUserName]()".to_owned(),
            ),
            ("Un été à Paris", "ete", "Un [été] à Paris".to_owned()),
            (
                "wrong pasword here",
                "password~",
                "wrong [pasword] here".to_owned(),
            ),
            ("used user us", "/use(r|d)/", "[used] [user] us".to_owned()),
            ("a a a", "\"a a\"", "[a a a]".to_owned()),
            (
                &long,
                "needle",
                format!("…{}[needle] stack stack", "hay ".repeat(9)),
            ),
        ];
        for (text, query, want) in cases {
            let found = shown(text, query);
            assert!(
                found == want || text == long && found.starts_with(&want),
                "{found}"
            );
            assert!(found.chars().count() <= 170);
        }
    }

    #[test]
    fn a_text_is_complete_when_each_word_was_met() {
        assert_eq!(matches("one x two one two", &wanted("two one")).complete, 9);
    }

    #[test]
    fn a_snippet_is_a_part_of_its_text_and_short() {
        for length in 0..400 {
            for (query, piece) in [("b", "aé部\n "), ("b*", "ba b"), ("部", "部"), ("é", "é é")]
            {
                let text = format!("{}b é{}", piece.repeat(length), piece.repeat(length / 2));
                let runs = snippet(&text, &matches(&text, &wanted(query)));
                let joined: String = runs.iter().map(|run| run.text.as_str()).collect();
                assert!(
                    text.replace('\n', " ").contains(joined.trim_matches('…')),
                    "{text}"
                );
                assert!(joined.chars().count() <= CHARS_MAX + 2, "{joined}");
                let found = text.contains(query.trim_end_matches('*'));
                assert!(found || runs.iter().all(|run| !run.matched), "{text}");
            }
        }
    }
}
