//! What people type into a search box. `docs/search.md` describes the language.
//!
//! ```text
//! any     = all { "OR" all }
//! all     = one { [ "AND" ] one }
//! one     = ( "NOT" | "-" ) one | "(" any ")" | field ":" values | regex | words
//! words   = ( word | '"' words '"' ) [ "*" ] | word "~" [ "1" | "2" ]
//! values  = value | "(" value { [ "OR" ] value } ")"
//! ```
//!
//! A word with signs in it (`app.log`, `/etc/shadow`) is the phrase of its parts. Signs alone (`|`, `&&`)
//! say nothing, so that a command line can be looked for as it is. Reading takes time in proportion to the
//! text, which is limited, and so are words, values and how deep it nests.

use retrace_projections::moments::words;

use super::syntax::{Expr, Field, InvalidQuery, KINDS, NamePattern, Span, TextMatch};
use super::values::{Clock, number_range};

/// The longest text, in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 2_048;
/// The most words and values, those of phrases counted each.
pub(crate) const WORDS_MAX: usize = 100;
/// How deep parentheses and negations may nest.
pub(crate) const DEPTH_MAX: usize = 20;
/// The longest regular expression, in characters.
const REGEX_CHARS_MAX: usize = 100;

/// Reads what was typed. None when it asks for nothing.
pub(crate) fn parse(text: &str, clock: &Clock) -> Result<Option<Expr>, InvalidQuery> {
    let chars: Vec<char> = text.chars().take(TEXT_CHARS_MAX + 1).collect();
    if chars.len() > TEXT_CHARS_MAX {
        return Err(InvalidQuery::new(
            TEXT_CHARS_MAX..text.chars().count(),
            "a longer text",
            format!("at most {TEXT_CHARS_MAX} characters"),
        ));
    }
    let mut parser = Parser {
        chars,
        at: 0,
        depth: 0,
        words: 0,
        clock,
    };
    let found = parser.any()?;
    if parser.at < parser.chars.len() {
        let at = parser.at;
        return Err(InvalidQuery::new(
            at..at + 1,
            "`)` without `(`",
            "the end of the text, or `\"` around signs that are looked for",
        ));
    }
    Ok(found)
}

struct Parser<'a> {
    chars: Vec<char>,
    at: usize,
    /// How many parentheses and negations are open.
    depth: usize,
    words: usize,
    clock: &'a Clock,
}

type Parsed = Result<Option<Expr>, InvalidQuery>;

impl Parser<'_> {
    fn any(&mut self) -> Parsed {
        let mut of = Vec::new();
        let mut begins = self.at;
        loop {
            self.blanks();
            if self.keyword("OR") {
                return Err(self.missing(self.at..self.at + 2, "`OR`"));
            }
            let part = self.all()?;
            let joined = self.keyword("OR");
            if part.is_none() && (joined || !of.is_empty()) {
                return Err(self.missing(begins..self.at, "nothing beside `OR`"));
            }
            of.extend(part);
            if !joined {
                break;
            }
            begins = self.at;
            self.at += 2;
        }
        Ok(if of.len() > 1 {
            Some(Expr::Any(of))
        } else {
            of.pop()
        })
    }

    fn all(&mut self) -> Parsed {
        let mut of = Vec::new();
        // Where an `AND` stands that still needs something behind it.
        let mut open: Option<Span> = None;
        loop {
            self.blanks();
            if self.at >= self.chars.len() || self.peek() == Some(')') || self.keyword("OR") {
                break;
            }
            if self.keyword("AND") {
                let span = self.at..self.at + 3;
                if of.is_empty() || open.is_some() {
                    return Err(self.missing(span, "`AND`"));
                }
                self.at += 3;
                open = Some(span);
                continue;
            }
            let one = self.one()?;
            if one.is_some() {
                open = None;
            }
            of.extend(one);
        }
        if let Some(span) = open {
            return Err(self.missing(span, "nothing behind `AND`"));
        }
        Ok(if of.len() > 1 {
            Some(Expr::All(of))
        } else {
            of.pop()
        })
    }

    fn one(&mut self) -> Parsed {
        let begins = self.at;
        let behind = self.chars.get(self.at + 1);
        let minus = self.peek() == Some('-')
            && behind.is_some_and(|next| !next.is_whitespace() && *next != '-' && *next != ')');
        if minus || self.keyword("NOT") {
            let sign = begins..begins + if minus { 1 } else { 3 };
            self.at = sign.end;
            self.blanks();
            let ends = self.at >= self.chars.len() || self.peek() == Some(')');
            if ends || self.keyword("AND") || self.keyword("OR") {
                return Err(self.missing(sign, "a negation of nothing"));
            }
            self.deeper(begins)?;
            let negated = self.one()?;
            self.depth -= 1;
            return Ok(negated.map(|negated| Expr::Not(Box::new(negated))));
        }
        match self.peek() {
            Some('(') => self.group(),
            Some('"') => self.phrase(),
            _ => match self.field()? {
                Some((field, begins)) => self.values(field, begins).map(Some),
                None => self.word(),
            },
        }
    }

    fn group(&mut self) -> Parsed {
        let begins = self.at;
        self.deeper(begins)?;
        self.at += 1;
        let found = self.any()?;
        if self.peek() != Some(')') {
            return Err(InvalidQuery::new(
                begins..begins + 1,
                "`(` that is not closed",
                "`)`, or `\"` around signs that are looked for",
            ));
        }
        self.at += 1;
        self.depth -= 1;
        match found {
            Some(found) => Ok(Some(found)),
            None => Err(self.missing(begins..self.at, "nothing in parentheses")),
        }
    }

    fn phrase(&mut self) -> Parsed {
        let begins = self.at;
        let text = self.quoted()?;
        let prefix = self.take('*') || begins_words(&text);
        self.text(&text, prefix, begins)
    }

    fn word(&mut self) -> Parsed {
        let begins = self.at;
        if let Some(regex) = self.regex()? {
            self.count(1, begins)?;
            return Ok(Some(Expr::Text(TextMatch::Regex(regex), begins..self.at)));
        }
        let mut text = self.until(|char| char == '"');
        if let Some(letters) = like(&mut text) {
            let span = begins..self.at;
            let found = words(&text);
            let [word] = &found[..] else {
                let found = format!("`{text}~`, which is not one word");
                return Err(InvalidQuery::new(span, found, "one word before `~`"));
            };
            self.count(1, begins)?;
            let word = word.text.clone();
            return Ok(Some(Expr::Text(TextMatch::Like { word, letters }, span)));
        }
        let prefix = begins_words(&text);
        self.text(&text, prefix, begins)
    }

    /// Words side by side; nothing where there are signs alone.
    fn text(&mut self, text: &str, prefix: bool, begins: usize) -> Parsed {
        let words: Vec<String> = words(text)
            .into_iter()
            .map(|word| word.led.unwrap_or(word.text))
            .collect();
        self.count(words.len(), begins)?;
        let found = TextMatch::Words { words, prefix };
        Ok(match &found {
            TextMatch::Words { words, .. } if words.is_empty() => None,
            _ => Some(Expr::Text(found, begins..self.at)),
        })
    }

    /// A regular expression stands between slashes, has a sign that means something in one, and no slash:
    /// `/etc/` and `/conf.d/` are paths.
    fn regex(&mut self) -> Result<Option<String>, InvalidQuery> {
        let begins = self.at;
        if self.peek() != Some('/') {
            return Ok(None);
        }
        let text: Vec<char> = self.chars[begins + 1..]
            .iter()
            .copied()
            .take_while(|char| !char.is_whitespace() && *char != '/')
            .collect();
        let end = begins + 1 + text.len();
        let closes = self.chars.get(end) == Some(&'/')
            && self
                .chars
                .get(end + 1)
                .is_none_or(|next| next.is_whitespace() || *next == ')');
        if !closes || !text.iter().any(|char| "*+?[](){}|^$\\".contains(*char)) {
            return Ok(None);
        }
        if text.len() > REGEX_CHARS_MAX {
            return Err(InvalidQuery::new(
                begins..end + 1,
                format!("a regular expression of {} characters", text.len()),
                format!("at most {REGEX_CHARS_MAX}"),
            ));
        }
        self.at = end + 1;
        Ok(Some(text.into_iter().collect()))
    }

    /// The name of a field with its colon. Names that are none are an error where they look like one.
    fn field(&mut self) -> Result<Option<(Field, usize)>, InvalidQuery> {
        let begins = self.at;
        let name: String = self.chars[begins..]
            .iter()
            .take_while(|char| char.is_ascii_alphabetic())
            .collect();
        let colon = begins + name.len();
        if name.is_empty() || self.chars.get(colon) != Some(&':') {
            return Ok(None);
        }
        if let Some(field) = Field::of_name(&name) {
            self.at = colon + 1;
            return Ok(Some((field, begins)));
        }
        let behind = self.chars.get(colon + 1);
        let looks_like_one =
            behind.is_some_and(|next| next.is_alphabetic() || "\"(<>".contains(*next));
        if looks_like_one && name.len() > 1 {
            let names: Vec<&str> = Field::ALL.iter().map(|(name, _)| *name).collect();
            return Err(InvalidQuery::new(
                begins..colon,
                format!("the unknown field `{name}`"),
                format!("one of {}; or `\"` around a text", names.join(", ")),
            ));
        }
        Ok(None)
    }

    fn values(&mut self, field: Field, begins: usize) -> Result<Expr, InvalidQuery> {
        let mut values = Vec::new();
        if self.take('(') {
            loop {
                self.blanks();
                if self.keyword("OR") {
                    self.at += 2;
                    continue;
                }
                if self.take(')') {
                    break;
                }
                if self.at >= self.chars.len() {
                    return Err(InvalidQuery::new(
                        begins..self.at,
                        "`(` that is not closed",
                        "`)` behind the values",
                    ));
                }
                values.push(self.value(begins)?);
            }
        } else {
            values.push(self.value(begins)?);
        }
        if values.is_empty() {
            return Err(InvalidQuery::new(begins..self.at, "no value", "a value"));
        }
        self.count(values.len(), begins)?;
        self.condition(field, values)
    }

    fn value(&mut self, begins: usize) -> Result<Value, InvalidQuery> {
        let from = self.at;
        let (mut text, quoted) = if self.peek() == Some('"') {
            (self.quoted()?, true)
        } else {
            (self.until(|_| false), false)
        };
        let prefix = if quoted {
            self.take('*')
        } else {
            text.ends_with('*') && text.pop().is_some()
        };
        if text.is_empty() && !prefix {
            return Err(InvalidQuery::new(
                begins..self.at.max(from),
                "a field without a value",
                "a value directly behind the colon",
            ));
        }
        let span = from..self.at;
        Ok(Value { text, prefix, span })
    }

    fn condition(&self, field: Field, values: Vec<Value>) -> Result<Expr, InvalidQuery> {
        let only = |value: &Value, expected: &str| {
            InvalidQuery::new(value.span.clone(), format!("`{}`", value.text), expected)
        };
        match field {
            Field::Named(field) => Ok(Expr::Named(
                field,
                values
                    .into_iter()
                    .map(|value| NamePattern {
                        name: value.text,
                        prefix: value.prefix,
                    })
                    .collect(),
            )),
            Field::Kind => {
                let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                let expected = format!("one of {}", names.join(", "));
                let kind = |value: Value| {
                    let of_name = |(name, _): &&(&str, _)| {
                        let text = value.text.to_ascii_lowercase();
                        text == *name || text.strip_suffix('s') == Some(*name)
                    };
                    let found = KINDS.iter().find(of_name).map(|(_, kind)| *kind);
                    found.ok_or_else(|| only(&value, &expected))
                };
                let kinds = values.into_iter().map(kind);
                Ok(Expr::Kinds(kinds.collect::<Result<_, _>>()?))
            }
            Field::Session => {
                let id = |value: Value| {
                    let parsed = value.text.parse();
                    parsed.map_err(|_| only(&value, "the id of a session, a UUID"))
                };
                let ids = values.into_iter().map(id);
                Ok(Expr::Sessions(ids.collect::<Result<_, _>>()?))
            }
            Field::Number(field) => {
                let range = |value: Value| {
                    let range = number_range(field, &value.text, self.clock);
                    let range = range.map_err(|expected| only(&value, &expected))?;
                    Ok(Expr::Number(field, range))
                };
                let mut ranges: Vec<Expr> =
                    values.into_iter().map(range).collect::<Result<_, _>>()?;
                Ok(match (ranges.len(), ranges.pop()) {
                    (1, Some(only)) => only,
                    (_, last) => {
                        ranges.extend(last);
                        Expr::Any(ranges)
                    }
                })
            }
        }
    }

    fn quoted(&mut self) -> Result<String, InvalidQuery> {
        let begins = self.at;
        self.at += 1;
        let text: String = self.chars[self.at..]
            .iter()
            .take_while(|char| **char != '"')
            .collect();
        self.at += text.chars().count();
        if self.take('"') {
            Ok(text)
        } else {
            Err(InvalidQuery::new(
                begins..begins + 1,
                "`\"` that is not closed",
                "another `\"`",
            ))
        }
    }

    /// Up to a blank, to what ends it, or to a parenthesis that was opened before it: `foo(bar)` is one.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> String {
        let mut opened = 0_u32;
        let text: String = self.chars[self.at..]
            .iter()
            .take_while(|char| {
                let closes = **char == ')' && opened == 0;
                match char {
                    '(' => opened += 1,
                    ')' => opened = opened.saturating_sub(1),
                    _ => {}
                }
                !char.is_whitespace() && !ends(**char) && !closes
            })
            .collect();
        self.at += text.chars().count();
        text
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    /// Whether this word in capitals stands here, alone.
    fn keyword(&self, word: &str) -> bool {
        let rest = &self.chars[self.at.min(self.chars.len())..];
        let behind = rest.get(word.len());
        rest.iter().take(word.len()).copied().eq(word.chars())
            && behind.is_none_or(|next| next.is_whitespace() || "()\"".contains(*next))
    }

    fn deeper(&mut self, at: usize) -> Result<(), InvalidQuery> {
        self.depth += 1;
        if self.depth <= DEPTH_MAX {
            return Ok(());
        }
        Err(InvalidQuery::new(
            at..at + 1,
            "a deeper nesting",
            format!("at most {DEPTH_MAX} parentheses and negations in each other"),
        ))
    }

    fn count(&mut self, words: usize, at: usize) -> Result<(), InvalidQuery> {
        self.words += words;
        if self.words <= WORDS_MAX {
            return Ok(());
        }
        Err(InvalidQuery::new(
            at..self.at,
            "more words",
            format!("at most {WORDS_MAX} words and values"),
        ))
    }

    #[allow(clippy::unused_self, reason = "reads like the other errors")]
    fn missing(&self, span: Span, found: &str) -> InvalidQuery {
        InvalidQuery::new(span, found, "something to look for on each side of it")
    }
}

struct Value {
    text: String,
    prefix: bool,
    span: Span,
}

/// Whether a star stands directly behind a word: `/etc/*` is the same as `/etc/`.
fn begins_words(text: &str) -> bool {
    text.strip_suffix('*')
        .is_some_and(|text| text.ends_with(char::is_alphanumeric))
}

/// Takes `~`, `~1` or `~2` off the end of a word: how many letters may differ.
fn like(text: &mut String) -> Option<u8> {
    for (end, letters) in [("~", 1), ("~1", 1), ("~2", 2)] {
        let word = text
            .strip_suffix(end)
            .filter(|word| !words(word).is_empty());
        if let Some(length) = word.map(str::len) {
            text.truncate(length);
            return Some(letters);
        }
    }
    None
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
