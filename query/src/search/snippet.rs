//! The part of a text that shows why it was found.

use std::ops::Range;

use retrace_projections::moments::words;

use super::parse::Clause;

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

/// Where the clauses are met in a text.
pub(super) struct Matches {
    /// In order, without overlaps.
    ranges: Vec<Range<usize>>,
    /// How many bytes of the text it takes until each clause was met once.
    pub(super) complete: usize,
}

/// Finds where the clauses that must be met are.
pub(super) fn matches(text: &str, clauses: &[Clause]) -> Matches {
    let words = words(text);
    let (mut ranges, mut complete) = (Vec::new(), 0);
    for clause in clauses.iter().filter(|clause| !clause.not) {
        let last = clause.words.len() - 1;
        let is_met = |window: &[(String, Range<usize>)]| {
            window
                .iter()
                .zip(&clause.words)
                .enumerate()
                .all(|(index, ((found, _), wanted))| {
                    found == wanted || clause.prefix && index == last && found.starts_with(wanted)
                })
        };
        let windows = words
            .windows(clause.words.len())
            .filter(|window| is_met(window));
        let mut found = windows
            .map(|window| window[0].1.start..window[window.len() - 1].1.end)
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
    use super::super::parse::parse;
    use super::*;

    fn shown(text: &str, query: &str) -> String {
        let runs = snippet(text, &matches(text, &parse(query).unwrap()));
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
                "cat /[etc/shadow]".to_owned(),
            ),
            (
                "grep ERROR app.log",
                "err* log",
                "grep [ERROR] app.[log]".to_owned(),
            ),
            ("部署 完了", "署", "部[署] 完了".to_owned()),
            ("one\ntwo", "two", "one [two]".to_owned()),
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
        let clauses = parse("two one").unwrap();
        assert_eq!(matches("one x two one two", &clauses).complete, 9);
    }

    #[test]
    fn a_snippet_is_a_part_of_its_text_and_short() {
        for length in 0..400 {
            for (query, piece) in [("b", "aé部\n "), ("b*", "ba b"), ("部", "部"), ("é", "é é")]
            {
                let text = format!("{}b é{}", piece.repeat(length), piece.repeat(length / 2));
                let runs = snippet(&text, &matches(&text, &parse(query).unwrap()));
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
