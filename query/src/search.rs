//! Full text over what was typed, run, seen and marked in all sessions.
//!
//! `parse` says what may be asked; `snippet` shows why a moment was found. Counts are exact.

mod parse;
mod snippet;
#[cfg(test)]
mod tests;

use std::ops::Bound;
use std::time::{Duration, Instant};

use retrace_core::access::Right;
use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::{Fields, Moment, MomentKind, MomentsView, columns};
use serde::{Deserialize, Serialize};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{
    BooleanQuery, ConstScoreQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, RangeQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, Term};

pub use snippet::SnippetRun;

use crate::moments::{Key, Order, all_of, any_kind, first_by, is, read};
use crate::{Cursor, Page, PageRequest, QueryError, Reader, SeekPoint, sight};
use parse::Clause;

/// Nobody turns this many pages: who wants all hits orders them by time.
const RANK_MAX: usize = 10_000;
/// The most words that a prefix at the end of a phrase stands for.
const EXPANSIONS_MAX: u32 = 100_000;

/// Where to search: all conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Moments of one of these kinds.
    pub kinds: Option<Vec<MomentKind>>,
    /// Moments of this session.
    pub session: Option<SessionId>,
    /// Moments of sessions of this user, letter for letter.
    pub user: Option<String>,
    /// Moments of sessions on this host, letter for letter.
    pub host: Option<String>,
    /// Moments of sessions that started at this time or later.
    pub started_from: Option<Timestamp>,
    /// Moments of sessions that started before this time.
    pub started_to: Option<Timestamp>,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOrder {
    /// The best match first (BM25).
    Relevance,
    /// The latest moment first.
    Newest,
}

/// A moment that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The moment, as a whole.
    pub moment: Moment,
    /// From where on all that was looked for was there, in microseconds from the start of the
    /// session: in a line that was typed slowly, earlier than the moment's own offset.
    pub offset_us: u64,
    /// The same as a point in time.
    pub at: Timestamp,
    /// The part of the text around the first match.
    pub snippet: Vec<SnippetRun>,
    /// Where to jump to.
    pub seek_point: SeekPoint,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The hits.
    pub page: Page<SearchHit>,
    /// How many there are on all pages.
    pub total: u64,
    /// How long the search took.
    pub took: Duration,
}

/// How far down the ranks a page begins, among the moments that were there for the first page.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rank {
    above: usize,
    newest_sequence: u64,
}

impl Reader {
    /// Moments that say what `text` asks for, a page of them. Words must all occur; `"words in
    /// quotes"` side by side; `begin*` is any word that begins so; `-word` must not occur.
    ///
    /// # Errors
    /// [`QueryError::InvalidArgument`] when there is no word to look for, or too many.
    pub fn search(
        &self,
        text: &str,
        filter: &SearchFilter,
        order: SearchOrder,
        request: &PageRequest,
    ) -> Result<SearchPage, QueryError> {
        let begun = Instant::now();
        let limit = request.limit()?;
        let clauses = parse::parse(text)?;
        let view = self.moments_view()?;
        let seen = sight::query(&self.sight.extent(Right::ViewRecordings), &view.fields);
        let query = question(&view.fields, &clauses, filter, seen);
        let found = match order {
            SearchOrder::Relevance => ranked(&view, &*query, limit, request)?,
            SearchOrder::Newest => newest(&view, &*query, limit, request)?,
        };
        let total = view
            .searcher
            .search(&*query, &Count)
            .map_err(QueryError::internal)? as u64;
        let hits = found
            .into_iter()
            .map(|(cursor, address)| Ok((cursor, hit(read(&view, address)?, &clauses))));
        let page = Page::of(hits.collect::<Result<_, QueryError>>()?, limit, request);
        Ok(SearchPage {
            page,
            total,
            took: begun.elapsed(),
        })
    }
}

fn hit(moment: Moment, clauses: &[Clause]) -> SearchHit {
    let matches = snippet::matches(&moment.text, clauses);
    let snippet = snippet::snippet(&moment.text, &matches);
    let offset_us = moment.offset_us_of_first(matches.complete);
    let seek_point = SeekPoint::of(&moment, offset_us);
    SearchHit {
        offset_us,
        at: seek_point.at,
        snippet,
        seek_point,
        moment,
    }
}

type Found = Vec<(Cursor, DocAddress)>;

/// One more than `limit`, the latest first.
fn newest(
    view: &MomentsView,
    query: &dyn Query,
    limit: usize,
    request: &PageRequest,
) -> Result<Found, QueryError> {
    const LIST: &str = "search newest";
    let after = request.key_before::<Key>(LIST)?;
    let found = first_by(view, query, Order::Newest, limit + 1, after)?;
    found
        .into_iter()
        .map(|(key, address)| Ok((Cursor::new(LIST, &key)?, address)))
        .collect()
}

/// One more than `limit`, the best first. Moments that came after the first page are left out of
/// the next ones: they would move the ranks, and others would be seen twice.
fn ranked(
    view: &MomentsView,
    query: &dyn Query,
    limit: usize,
    request: &PageRequest,
) -> Result<Found, QueryError> {
    const LIST: &str = "search ranked";
    let before = request.key_before::<Rank>(LIST)?;
    let rank = match before {
        Some(rank) if rank.above > RANK_MAX => return Err(QueryError::InvalidCursor),
        Some(rank) => rank,
        None => Rank {
            above: 0,
            newest_sequence: newest_sequence(view)?,
        },
    };
    let then = before.map(|rank| {
        let last = Term::from_field_u64(view.fields.sequence, rank.newest_sequence);
        let there: Box<dyn Query> =
            Box::new(RangeQuery::new(Bound::Unbounded, Bound::Included(last)));
        all_of(vec![query.box_clone(), unscored(there)])
    });
    let top = TopDocs::with_limit(limit + 1)
        .and_offset(rank.above)
        .order_by_score();
    let found = view.searcher.search(then.as_deref().unwrap_or(query), &top);
    let found = found.map_err(QueryError::internal)?;
    let with_cursor = |(index, (_, address)): (usize, (f32, DocAddress))| {
        let here = Rank {
            above: rank.above + index + 1,
            ..rank
        };
        Ok((Cursor::new(LIST, &here)?, address))
    };
    found.into_iter().enumerate().map(with_cursor).collect()
}

fn newest_sequence(view: &MomentsView) -> Result<u64, QueryError> {
    let mut newest = 0;
    for segment in view.searcher.segment_readers() {
        let column = segment.fast_fields().u64(columns::SEQUENCE);
        newest = newest.max(column.map_err(QueryError::internal)?.max_value());
    }
    Ok(newest)
}

/// The clauses and the filter as one query of the index. Only the clauses count for the rank.
fn question(
    fields: &Fields,
    clauses: &[Clause],
    filter: &SearchFilter,
    seen: Option<Box<dyn Query>>,
) -> Box<dyn Query> {
    let mut parts: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    for clause in clauses {
        let occur = if clause.not {
            Occur::MustNot
        } else {
            Occur::Must
        };
        parts.push((occur, side_by_side(fields.text, clause)));
    }
    let mut conditions: Vec<Box<dyn Query>> = Vec::new();
    conditions.extend(filter.kinds.as_deref().map(|kinds| any_kind(fields, kinds)));
    conditions.extend(
        filter
            .session
            .map(|session| is(fields.session_term(session))),
    );
    let named = |field: Field, name: &String| is(Term::from_field_text(field, name));
    conditions.extend(filter.user.as_ref().map(|user| named(fields.user, user)));
    conditions.extend(filter.host.as_ref().map(|host| named(fields.host, host)));
    conditions.extend(sight::started(
        fields,
        filter.started_from,
        filter.started_to,
    ));
    conditions.extend(seen);
    parts.extend(
        conditions
            .into_iter()
            .map(|condition| (Occur::Must, unscored(condition))),
    );
    match parts.pop() {
        // Alone, the index counts and ranks it without looking at each document.
        Some((Occur::Must, only)) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            Box::new(BooleanQuery::new(parts))
        }
    }
}

fn unscored(condition: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(condition, 0.0))
}

fn side_by_side(text: Field, clause: &Clause) -> Box<dyn Query> {
    let mut terms: Vec<Term> = clause
        .words
        .iter()
        .map(|word| Term::from_field_text(text, word))
        .collect();
    if clause.prefix {
        let mut query = PhrasePrefixQuery::new(terms);
        query.set_max_expansions(EXPANSIONS_MAX);
        return Box::new(query);
    }
    match (terms.len(), terms.pop()) {
        (1, Some(term)) => Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)),
        (_, last) => {
            terms.extend(last);
            Box::new(PhraseQuery::new(terms))
        }
    }
}
