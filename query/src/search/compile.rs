//! An expression as a query of the index.

use std::ops::Bound;

use retrace_projections::moments::MomentsView;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, InvertedIndexRangeQuery, Occur,
    PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::syntax::{Expr, NamePattern, NamedField, NumberField, NumberRange, Span, TextMatch};
use super::terms::{Pattern, TERMS_IN_PHRASE_MAX, expand};
use crate::QueryError;
use crate::moments::{any_kind, is};

/// More names than these are looked up as a set.
const NAMES_APART_MAX: usize = 8;

/// Whether what is redacted is looked at, and where.
pub(super) enum Reveal {
    Nowhere,
    Everywhere,
    /// In moments for which this holds.
    Where(Box<dyn Query>),
}

/// A question that can be put to the index.
pub(super) struct Compiled {
    pub(super) query: Box<dyn Query>,
    /// What must be in a text, for highlights.
    pub(super) wanted: Vec<Wanted>,
    /// Whether some of it tells better moments from worse ones.
    pub(super) scores: bool,
    /// Whether beginning at the middle of a segment costs little.
    pub(super) opens_quickly: bool,
    /// Whether it is one word and nothing else: how many moments have it is known.
    pub(super) is_term: bool,
    /// When, in microseconds after 1970, hits may have been. It is no part of `query`: segments lie in the order of
    /// time, so that most of them need not be asked.
    pub(super) within: NumberRange,
}

/// A text that was looked for, and the pattern that its last word is.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) words: Vec<String>,
    pub(super) pattern: Option<Pattern>,
}

/// Makes a query of what is asked. Patterns are looked up at once.
pub(super) fn compile(
    view: &MomentsView,
    expr: &Expr,
    reveal: &Reveal,
) -> Result<Compiled, QueryError> {
    let mut compiler = Compiler {
        view,
        reveal,
        wanted: Vec::new(),
        scores: false,
        opens_quickly: true,
    };
    let mut within = NumberRange::ALL;
    let query = match split_times(expr, &mut within) {
        Some(expr) => compiler.query(&expr, true)?,
        None => unscored(Box::new(AllQuery)),
    };
    Ok(Compiled {
        is_term: query.is::<TermQuery>() && within == NumberRange::ALL,
        query,
        within,
        wanted: compiler.wanted,
        scores: compiler.scores,
        opens_quickly: compiler.opens_quickly,
    })
}

/// Takes the times that all hits must lie in out of an expression. Nothing is left when it asks for nothing else.
fn split_times(expr: &Expr, within: &mut NumberRange) -> Option<Expr> {
    match expr {
        Expr::Number(NumberField::At, range) => {
            within.first = within.first.max(range.first);
            within.last = within.last.min(range.last);
            None
        }
        Expr::All(of) => {
            let rest: Vec<Expr> = of
                .iter()
                .filter_map(|one| split_times(one, within))
                .collect();
            (!rest.is_empty() || of.is_empty()).then_some(Expr::All(rest))
        }
        other => Some(other.clone()),
    }
}

struct Compiler<'a> {
    view: &'a MomentsView,
    reveal: &'a Reveal,
    wanted: Vec<Wanted>,
    scores: bool,
    opens_quickly: bool,
}

type Queried = Result<Box<dyn Query>, QueryError>;

impl Compiler<'_> {
    fn query(&mut self, expr: &Expr, wanted: bool) -> Queried {
        let fields = &self.view.fields;
        Ok(match expr {
            Expr::All(of) => self.all(of, wanted)?,
            Expr::Any(of) if of.is_empty() => Box::new(EmptyQuery),
            Expr::Any(of) => {
                let each = of
                    .iter()
                    .map(|one| Ok((Occur::Should, self.query(one, wanted)?)));
                Box::new(BooleanQuery::new(each.collect::<Result<_, QueryError>>()?))
            }
            Expr::Not(_) => self.all(std::slice::from_ref(expr), wanted)?,
            Expr::Text(text, span) => self.text(text, span, wanted)?,
            Expr::Named(field, names) => unscored(self.named(*field, names)),
            Expr::Kinds(kinds) => unscored(any_kind(fields, kinds)),
            Expr::Sessions(sessions) => {
                let terms = sessions.iter().map(|session| fields.session_term(*session));
                unscored(self.one_of(terms.collect()))
            }
            Expr::Number(field, range) => unscored(number(fields, *field, *range)),
        })
    }

    fn all(&mut self, of: &[Expr], wanted: bool) -> Queried {
        let mut parts: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        self.parts(of, wanted, &mut parts)?;
        if parts.iter().all(|(occur, _)| *occur == Occur::MustNot) {
            parts.push((Occur::Must, unscored(Box::new(AllQuery))));
        }
        Ok(match parts.pop() {
            // Alone, the index counts and ranks it without looking at each document.
            Some((Occur::Must, only)) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Box::new(BooleanQuery::new(parts))
            }
        })
    }

    fn parts(
        &mut self,
        of: &[Expr],
        wanted: bool,
        parts: &mut Vec<(Occur, Box<dyn Query>)>,
    ) -> Result<(), QueryError> {
        for one in of {
            match one {
                Expr::All(of) => self.parts(of, wanted, parts)?,
                Expr::Not(of) => parts.push((Occur::MustNot, self.query(of, false)?)),
                other => parts.push((Occur::Must, self.query(other, wanted)?)),
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &TextMatch, span: &Span, wanted: bool) -> Queried {
        let fields = &self.view.fields;
        let pattern = Pattern::of(text, fields.text, span)?;
        let words = match text {
            TextMatch::Words { words, .. } => &words[..],
            TextMatch::Like { .. } | TextMatch::Regex(_) => &[],
        };
        if wanted {
            self.scores |= pattern.is_none() || words.len() > 1;
            self.wanted.push(Wanted {
                words: words.to_vec(),
                pattern: pattern.clone(),
            });
        }
        let masked = self.words(fields.text, words, pattern.as_ref(), span)?;
        let reveal = self.reveal;
        let revealed = match reveal {
            Reveal::Nowhere => return Ok(masked),
            Reveal::Everywhere => self.words(fields.revealed, words, pattern.as_ref(), span)?,
            Reveal::Where(there) => Box::new(BooleanQuery::new(vec![
                (
                    Occur::Must,
                    self.words(fields.revealed, words, pattern.as_ref(), span)?,
                ),
                (Occur::Must, unscored(there.box_clone())),
            ])),
        };
        Ok(Box::new(BooleanQuery::new(vec![
            (Occur::Should, masked),
            (Occur::Should, revealed),
        ])))
    }

    fn words(
        &mut self,
        field: Field,
        words: &[String],
        pattern: Option<&Pattern>,
        span: &Span,
    ) -> Queried {
        let term = |word: &String| Term::from_field_text(field, word);
        Ok(match (words, pattern) {
            ([word], None) => Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs)),
            ([], None) => Box::new(EmptyQuery),
            (words, None) => Box::new(PhraseQuery::new(words.iter().map(term).collect())),
            ([_, _, ..], Some(pattern)) => {
                self.opens_quickly = false;
                // Only to learn whether there are too many.
                expand(self.view, field, pattern, true, span)?;
                let mut query = PhrasePrefixQuery::new(words.iter().map(term).collect());
                query.set_max_expansions(TERMS_IN_PHRASE_MAX);
                Box::new(query)
            }
            (_, Some(pattern)) => {
                self.opens_quickly = false;
                Box::new(expand(self.view, field, pattern, false, span)?)
            }
        })
    }

    fn named(&mut self, field: NamedField, names: &[NamePattern]) -> Box<dyn Query> {
        let field = index_field(&self.view.fields, field);
        let exact = names.iter().filter(|name| !name.prefix);
        let terms: Vec<Term> = exact
            .map(|name| Term::from_field_text(field, &name.name))
            .collect();
        let mut any: Vec<Box<dyn Query>> = Vec::new();
        for name in names.iter().filter(|name| name.prefix) {
            self.opens_quickly = false;
            any.push(begins(field, &name.name));
        }
        if any.is_empty() || !terms.is_empty() {
            any.push(self.one_of(terms));
        }
        match (any.len(), any.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                any.extend(last);
                let each = any.into_iter().map(|one| (Occur::Should, one));
                Box::new(BooleanQuery::new(each.collect()))
            }
        }
    }

    fn one_of(&mut self, mut terms: Vec<Term>) -> Box<dyn Query> {
        if terms.len() > NAMES_APART_MAX {
            self.opens_quickly = false;
            return Box::new(TermSetQuery::new(terms));
        }
        match (terms.len(), terms.pop()) {
            (1, Some(only)) => is(only),
            (_, last) => {
                terms.extend(last);
                let each = terms.into_iter().map(|term| (Occur::Should, is(term)));
                Box::new(BooleanQuery::new(each.collect()))
            }
        }
    }
}

/// The field of the index that has these names.
pub(super) fn index_field(
    fields: &retrace_projections::moments::Fields,
    field: NamedField,
) -> Field {
    match field {
        NamedField::User => fields.user,
        NamedField::Group => fields.group,
        NamedField::Secret => fields.secret,
        NamedField::Folder => fields.folder,
        NamedField::Target => fields.target,
        NamedField::Site => fields.site,
        NamedField::Launcher => fields.launcher,
        NamedField::Protocol => fields.protocol,
        NamedField::Host => fields.host,
        NamedField::App => fields.app,
        NamedField::Cwd => fields.cwd,
    }
}

fn begins(field: Field, name: &str) -> Box<dyn Query> {
    let from = Bound::Included(Term::from_field_text(field, name));
    // Names are UTF-8, in which no byte is 0xFF.
    let mut end = Term::from_field_text(field, name);
    end.append_bytes(&[0xFF]);
    Box::new(InvertedIndexRangeQuery::new(from, Bound::Excluded(end)))
}

fn number(
    fields: &retrace_projections::moments::Fields,
    field: NumberField,
    range: NumberRange,
) -> Box<dyn Query> {
    let NumberRange { first, last } = range;
    if first > last {
        return Box::new(EmptyQuery);
    }
    let signed = |field: Field| {
        let bound = |number: i64, none: i64| match number {
            number if number == none => Bound::Unbounded,
            number => Bound::Included(Term::from_field_i64(field, number)),
        };
        let (from, to) = (bound(first, i64::MIN), bound(last, i64::MAX));
        if from == Bound::Unbounded && to == Bound::Unbounded {
            return (Bound::Included(Term::from_field_i64(field, i64::MIN)), to);
        }
        (from, to)
    };
    let (from, to) = match field {
        NumberField::At => signed(fields.at_us),
        NumberField::Started => signed(fields.session_start_us),
        NumberField::Exit => signed(fields.exit_status),
        NumberField::Duration => {
            if last < 0 {
                return Box::new(EmptyQuery);
            }
            let bound = |us: i64| {
                let us = u64::try_from(us).unwrap_or(0);
                Bound::Included(Term::from_field_u64(fields.duration_us, us))
            };
            (bound(first.max(0)), bound(last))
        }
    };
    Box::new(RangeQuery::new(from, to))
}

pub(super) fn unscored(condition: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(condition, 0.0))
}
