//! What could be asked, while somebody types: names of fields, and names that moments have.
//!
//! A name is told with the number of moments that the viewer may see and that have it; one that only others may see is
//! not told.

use std::collections::HashMap;

use retrace_core::access::Right;
use retrace_projections::moments::MomentsView;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED};

use super::compile::index_field;
use super::syntax::{Field, KINDS, NamedField};
use crate::page::checked;
use crate::sight::Allowed;
use crate::{PageRequest, QueryError, Reader};

/// So many names that begin as wanted are looked at in a segment.
const NAMES_MAX: usize = 1_000;
/// So many moments are looked at to count for a viewer who may not see all.
const COUNTED_MAX: u64 = 1_000_000;

/// Something to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What it is.
    pub kind: SuggestionKind,
    /// What to write in place of what is replaced: `user:`, `user:ann`, `user:"Ann Lee"`.
    pub text: String,
    /// The field.
    pub field: &'static str,
    /// The value, as it is; empty for a field.
    pub value: String,
    /// How many moments have the value, as far as the viewer may see them. None for what is not counted.
    pub count: Option<u64>,
    /// The first character that it replaces, counted in Unicode characters.
    pub at: usize,
    /// How many characters it replaces.
    pub length: usize,
}

/// What is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuggestionKind {
    /// The name of a field.
    Field,
    /// A value of a field.
    Value,
}

impl Reader {
    /// What could stand where the cursor is: behind the first `at` characters of the text.
    ///
    /// # Errors
    /// When `first` is not 1 to 100, or the read model does not answer.
    pub fn suggest(
        &self,
        text: &str,
        at: usize,
        first: u32,
    ) -> Result<Vec<Suggestion>, QueryError> {
        let limit = checked("first", first, 1, PageRequest::FIRST_MAX)? as usize;
        let before: String = text.chars().take(at).collect();
        let place = Place::at(&before);
        let mut found = match place.field {
            None => fields(&place),
            Some((name, Field::Kind)) => {
                let fitting = KINDS
                    .iter()
                    .filter(|(kind, _)| kind.starts_with(&place.begun.to_ascii_lowercase()));
                fitting
                    .map(|(kind, _)| place.value(name, kind, None))
                    .collect()
            }
            Some((name, Field::Named(field))) => self.names(&place, name, field)?,
            Some((name, Field::Number(_))) => {
                let times = ["today", "yesterday", "-7d..", "-30d.."];
                let values: &[&str] = match name {
                    "exit" => &["0", ">0"],
                    "duration" => &[">1m", ">10m", ">1h"],
                    _ => &times,
                };
                let fitting = values
                    .iter()
                    .filter(|value| value.starts_with(&place.begun));
                fitting
                    .map(|value| place.value(name, value, None))
                    .collect()
            }
            Some((_, Field::Session)) => Vec::new(),
        };
        found.truncate(limit);
        Ok(found)
    }

    fn names(
        &self,
        place: &Place,
        name: &'static str,
        field: NamedField,
    ) -> Result<Vec<Suggestion>, QueryError> {
        let view = self.moments_view()?;
        let seen = self.sight().extent(Right::ViewRecordings);
        let allowed = self.allowed(&view, &seen)?;
        let counts =
            counts(&view, allowed.as_ref(), field, &place.begun).map_err(QueryError::internal)?;
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
        let each = counts.iter();
        Ok(each
            .map(|(value, count)| place.value(name, value, Some(*count)))
            .collect())
    }
}

fn fields(place: &Place) -> Vec<Suggestion> {
    let begun = place.begun.to_ascii_lowercase();
    let fitting = Field::ALL
        .iter()
        .filter(|(name, _)| name.starts_with(&begun));
    let each = fitting.map(|(name, _)| Suggestion {
        kind: SuggestionKind::Field,
        text: format!("{name}:"),
        field: name,
        value: String::new(),
        count: None,
        at: place.at,
        length: place.length,
    });
    each.collect()
}

/// How many moments have each name that begins so.
fn counts(
    view: &MomentsView,
    allowed: Option<&Allowed>,
    field: NamedField,
    begun: &str,
) -> Result<HashMap<String, u64>, tantivy::TantivyError> {
    let field = index_field(&view.fields, field);
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut left = COUNTED_MAX;
    for (ordinal, reader) in view.searcher.segment_readers().iter().enumerate() {
        let index = reader.inverted_index(field)?;
        let mut names = index.terms().range().ge(begun).into_stream()?;
        let mut looked_at = 0;
        while looked_at < NAMES_MAX && names.advance() && names.key().starts_with(begun.as_bytes())
        {
            looked_at += 1;
            let Ok(name) = std::str::from_utf8(names.key()) else {
                continue;
            };
            let info = names.value();
            let seen = allowed.and_then(|Allowed(of_segments)| of_segments.get(ordinal));
            let count = if allowed.is_none() && !reader.has_deletes() {
                u64::from(info.doc_freq)
            } else {
                let mut documents =
                    index.read_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                let mut count = 0;
                let mut document = documents.doc();
                while document != TERMINATED && left > 0 {
                    left -= 1;
                    let is_seen =
                        allowed.is_none() || seen.is_some_and(|seen| seen.contains(document));
                    count += u64::from(is_seen && !reader.is_deleted(document));
                    document = documents.advance();
                }
                count
            };
            if count > 0 {
                *counts.entry(name.to_owned()).or_default() += count;
            }
        }
    }
    Ok(counts)
}

/// What stands before the cursor.
struct Place {
    field: Option<(&'static str, Field)>,
    /// What is begun there: of a field's name, or of a value.
    begun: String,
    at: usize,
    length: usize,
    /// Whether the field's name is replaced along with the value.
    with_field: bool,
}

impl Place {
    fn at(before: &str) -> Self {
        let chars: Vec<char> = before.chars().collect();
        let in_quotes = chars.iter().filter(|char| **char == '"').count() % 2 == 1;
        let quote = chars
            .iter()
            .rposition(|char| *char == '"')
            .filter(|_| in_quotes);
        let until = quote.unwrap_or(chars.len());
        let starts = |char: &char| char.is_whitespace() || "()\"".contains(*char);
        let start = chars[..until]
            .iter()
            .rposition(starts)
            .map_or(0, |at| at + 1);
        let start = start + usize::from(chars.get(start) == Some(&'-'));
        let token: String = chars[start..until].iter().collect();
        let text = |from: usize| chars[from..].iter().collect::<String>();
        let named = |name: &str| {
            let of_name = |(known, _): &&(&'static str, Field)| known.eq_ignore_ascii_case(name);
            Field::ALL.iter().find(of_name).copied()
        };
        if let Some((name, value)) = token.split_once(':')
            && let Some(field) = named(name)
            && (quote.is_none() || value.is_empty())
        {
            let begun = match quote {
                Some(quote) => text(quote + 1),
                None => value.to_owned(),
            };
            return Self {
                field: Some(field),
                begun,
                at: start,
                length: chars.len() - start,
                with_field: true,
            };
        }
        // Within the parentheses of a field: `user:(ann b`.
        let open = chars[..start].iter().rposition(|char| "()".contains(*char));
        if let Some(open) = open.filter(|open| chars[*open] == '(') {
            let from = chars[..open]
                .iter()
                .rposition(starts)
                .map_or(0, |at| at + 1);
            let from = from + usize::from(chars.get(from) == Some(&'-'));
            let name: String = chars[from..open].iter().collect();
            if let Some(field) = name.strip_suffix(':').and_then(named) {
                let from = quote.unwrap_or(start);
                return Self {
                    field: Some(field),
                    begun: text(from + usize::from(quote.is_some())),
                    at: from,
                    length: chars.len() - from,
                    with_field: false,
                };
            }
        }
        Self {
            field: None,
            begun: text(start),
            at: start,
            length: chars.len() - start,
            with_field: false,
        }
    }

    fn value(&self, field: &'static str, value: &str, count: Option<u64>) -> Suggestion {
        let is_plain = !value.is_empty()
            && !value.contains(|char: char| char.is_whitespace() || "()\"*".contains(char));
        let written = if is_plain {
            value.to_owned()
        } else {
            format!("\"{value}\"")
        };
        Suggestion {
            kind: SuggestionKind::Value,
            text: if self.with_field {
                format!("{field}:{written}")
            } else {
                written
            },
            field,
            value: value.to_owned(),
            count,
            at: self.at,
            length: self.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_cursor_is_understood() {
        let cases = [
            ("", None, "", 0, 0),
            ("us", None, "us", 0, 2),
            ("cat us", None, "us", 4, 2),
            ("user:an", Some("user"), "an", 0, 7),
            ("x -user:", Some("user"), "", 3, 5),
            ("user:\"Ann L", Some("user"), "Ann L", 0, 11),
            ("host:(web-1 d", Some("host"), "d", 12, 1),
            ("host:(\"web 1\" \"d b", Some("host"), "d b", 14, 4),
            ("(a kind:c", Some("kind"), "c", 3, 6),
            ("(a b", None, "b", 3, 1),
            ("部 user:é", Some("user"), "é", 2, 6),
        ];
        for (before, field, begun, at, length) in cases {
            let place = Place::at(before);
            let name = place.field.map(|(name, _)| name);
            assert_eq!(
                (name, place.begun.as_str(), place.at, place.length),
                (field, begun, at, length),
                "{before}"
            );
        }
    }
}
