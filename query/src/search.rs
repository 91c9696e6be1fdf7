//! Full text over what was typed, run, seen and marked in all sessions.
//!
//! | module | |
//! |---|---|
//! | `syntax` | what a question says, however it was put |
//! | `parse`, `values` | as text |
//! | `filter` | as typed values |
//! | `compile`, `terms` | as a query of the index |
//! | `collect` | the newest hits, the best, how many |
//! | `snippet` | why a moment was found |
//! | `facets` | what the hits have in common, and when they were |
//! | `by_session` | hits together with their session |
//! | `suggest` | what could be asked |
//!
//! What a viewer may not see is not there for any of it (`crate::sight`), and neither is what is redacted unless they may
//! reveal it and ask to.

mod by_session;
mod collect;
mod compile;
mod facets;
mod filter;
#[cfg(test)]
mod language_tests;
mod parse;
mod snippet;
mod suggest;
mod syntax;
mod terms;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod time_tests;
mod values;

use std::time::{Duration, Instant};

use retrace_core::Timestamp;
use retrace_core::access::{Extent, Right};
use retrace_projections::moments::{Moment, MomentsView};
use serde::{Deserialize, Serialize};
use tantivy::DocAddress;

pub use by_session::{SessionHits, SessionHitsPage};
pub use facets::{FacetKind, SearchBucket, SearchFacet, SearchFacets, TimeUnit};
pub use filter::{SearchFilter, SearchSource};
pub use snippet::SnippetRun;
pub use suggest::{Suggestion, SuggestionKind};
pub use syntax::InvalidQuery;

use crate::moments::{Key, read};
use crate::sight::Allowed;
use crate::{Cursor, Page, PageRequest, QueryError, Reader, SeekPoint, sight};
use collect::Hunt;
use compile::{Compiled, Reveal, compile};
use syntax::Expr;
use values::Clock;

/// Nobody turns this many pages: who wants all hits orders them by time.
const RANK_MAX: usize = 10_000;
/// Hits are counted up to this many, unless the index knows how many there are.
pub const COUNTED_MAX: u64 = 10_000;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuestion {
    /// In the language of the search box.
    pub text: String,
    /// Where to search.
    pub filter: SearchFilter,
    /// In which order.
    pub order: SearchOrder,
    /// Whether the hits are to be counted, too.
    pub counted: bool,
}

/// The order of hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// The best match first (BM25); the latest first where nothing tells better from worse.
    #[default]
    Relevance,
    /// The latest moment first.
    Newest,
    /// The earliest moment first. Of sessions that are found, the one with the earliest hit.
    Oldest,
}

/// A moment that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The moment, as a whole. What is redacted in it is there only if it was searched.
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

/// How many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// As far as it was counted.
    pub count: u64,
    /// Whether that is all.
    pub exact: bool,
}

/// A page of hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The hits.
    pub page: Page<SearchHit>,
    /// How many there are on all pages, exact up to [`COUNTED_MAX`]. None unless asked for.
    pub total: Option<Total>,
    /// How long the search took.
    pub took: Duration,
}

/// How far down the ranks a page begins, among the moments that were there for the first page.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Rank {
    above: usize,
    newest_sequence: u64,
}

/// A question that is ready to be put to one view of the index.
struct Prepared {
    view: MomentsView,
    compiled: Compiled,
    allowed: Option<Allowed>,
    revealed: Revealed,
    clock: Clock,
}

/// Of which moments the viewer sees what is redacted.
enum Revealed {
    None,
    All,
    Of(Allowed),
}

impl Prepared {
    fn hunt(&self) -> Hunt<'_> {
        Hunt {
            view: &self.view,
            compiled: &self.compiled,
            allowed: self.allowed.as_ref(),
        }
    }

    fn hit(&self, address: DocAddress) -> Result<SearchHit, QueryError> {
        let mut moment = read(&self.view, address)?;
        let shown = match &self.revealed {
            Revealed::None => false,
            Revealed::All => true,
            Revealed::Of(Allowed(of_segments)) => of_segments
                .get(address.segment_ord as usize)
                .is_some_and(|allowed| allowed.contains(address.doc_id)),
        };
        // As the timeline has it: that something is hidden is told, and not what.
        match &mut moment.revealed {
            Some(revealed) if shown => moment.text.clone_from(revealed),
            Some(revealed) => revealed.clear(),
            None => {}
        }
        let matches = snippet::matches(&moment.text, &self.compiled.wanted);
        let snippet = snippet::snippet(&moment.text, &matches);
        let offset_us = moment.offset_us_of_first(matches.complete);
        let seek_point = SeekPoint::of(&moment, offset_us);
        Ok(SearchHit {
            offset_us,
            at: seek_point.at,
            snippet,
            seek_point,
            moment,
        })
    }
}

impl Reader {
    /// A page of the moments that are looked for.
    ///
    /// # Errors
    /// [`QueryError::InvalidQuery`] where the text cannot be understood or asks for too much, and
    /// [`QueryError::InvalidArgument`] when nothing is asked for.
    pub fn search(
        &self,
        question: &SearchQuestion,
        request: &PageRequest,
    ) -> Result<SearchPage, QueryError> {
        let begun = Instant::now();
        let limit = request.limit()?;
        let prepared = self.prepare(&question.text, &question.filter)?;
        let found = match question.order {
            SearchOrder::Relevance if prepared.compiled.scores => {
                ranked(&prepared, limit, request)?
            }
            SearchOrder::Relevance | SearchOrder::Newest => newest(&prepared, limit, request)?,
            SearchOrder::Oldest => oldest(&prepared, limit, request)?,
        };
        let total = question
            .counted
            .then(|| prepared.hunt().count(COUNTED_MAX))
            .transpose()?
            .map(|(count, exact)| Total { count, exact });
        let hits = found
            .into_iter()
            .map(|(cursor, address)| Ok((cursor, prepared.hit(address)?)));
        let page = Page::of(hits.collect::<Result<_, QueryError>>()?, limit, request);
        Ok(SearchPage {
            page,
            total,
            took: begun.elapsed(),
        })
    }

    fn prepare(&self, text: &str, filter: &SearchFilter) -> Result<Prepared, QueryError> {
        let clock = Clock::in_zone(filter.time_zone.as_deref())?;
        let nothing = |expected: &str| QueryError::InvalidArgument {
            field: "text",
            found: format!("{text:?}"),
            expected: expected.to_owned(),
        };
        let typed = parse::parse(text, &clock)?;
        let filtered = filter.expr(&clock)?;
        let parts: Vec<Expr> = typed.into_iter().chain(filtered).collect();
        if parts.is_empty() {
            return Err(nothing("a word to look for, or a filter"));
        }
        let expr = Expr::All(parts);
        if !asks(&expr) {
            return Err(nothing("something that is to occur, beside what is not to"));
        }
        let view = self.moments_view()?;
        let (reveal, revealed) = self.reveal(&view)?;
        let compiled = compile(&view, &expr, &reveal)?;
        let seen = self.sight().extent(Right::ViewRecordings);
        let allowed = self.allowed(&view, &seen)?;
        Ok(Prepared {
            view,
            compiled,
            allowed,
            revealed,
            clock,
        })
    }

    /// Where what is redacted may be looked at.
    fn reveal(&self, view: &MomentsView) -> Result<(Reveal, Revealed), QueryError> {
        if !self.reveals() {
            return Ok((Reveal::Nowhere, Revealed::None));
        }
        let extent = self.sight().extent(Right::Reveal);
        match &extent {
            Extent::Everything => Ok((Reveal::Everywhere, Revealed::All)),
            Extent::Within { scopes, .. } if scopes.is_empty() => {
                Ok((Reveal::Nowhere, Revealed::None))
            }
            Extent::Within { .. } => {
                let there = sight::query(&extent, &view.fields);
                let allowed = self.allowed(view, &extent)?;
                Ok(match (there, allowed) {
                    (Some(there), Some(allowed)) => (Reveal::Where(there), Revealed::Of(allowed)),
                    _ => (Reveal::Nowhere, Revealed::None),
                })
            }
        }
    }
}

/// Whether a text asks for something, and can be understood: what people type can be checked without asking it.
///
/// # Errors
/// Where it cannot be understood.
pub fn check_query(text: &str) -> Result<bool, InvalidQuery> {
    let clock = Clock {
        now: Timestamp::now(),
        zone: jiff::tz::TimeZone::UTC,
    };
    Ok(parse::parse(text, &clock)?.is_some())
}

/// Whether something is to be there: what is only not to be there is nearly everything.
fn asks(expr: &Expr) -> bool {
    match expr {
        Expr::All(of) | Expr::Any(of) => of.iter().any(asks),
        Expr::Not(_) => false,
        _ => true,
    }
}

type Found = Vec<(Cursor, DocAddress)>;

/// One more than `limit`, the latest first.
fn newest(prepared: &Prepared, limit: usize, request: &PageRequest) -> Result<Found, QueryError> {
    const LIST: &str = "search newest";
    let after = request.key_before::<Key>(LIST)?;
    let found = prepared.hunt().newest(limit + 1, after)?;
    found
        .into_iter()
        .map(|(key, address)| Ok((Cursor::new(LIST, &key)?, address)))
        .collect()
}

/// One more than `limit`, the earliest first.
fn oldest(prepared: &Prepared, limit: usize, request: &PageRequest) -> Result<Found, QueryError> {
    const LIST: &str = "search oldest";
    let after = request.key_before::<Key>(LIST)?;
    let found = prepared.hunt().oldest(limit + 1, after)?;
    found
        .into_iter()
        .map(|(key, address)| Ok((Cursor::new(LIST, &key)?, address)))
        .collect()
}

/// One more than `limit`, the best first. Moments that came after the first page are left out of
/// the next ones: they would move the ranks, and others would be seen twice.
fn ranked(prepared: &Prepared, limit: usize, request: &PageRequest) -> Result<Found, QueryError> {
    const LIST: &str = "search ranked";
    let rank = match request.key_before::<Rank>(LIST)? {
        Some(rank) if rank.above > RANK_MAX => return Err(QueryError::InvalidCursor),
        Some(rank) => rank,
        None => Rank {
            above: 0,
            newest_sequence: newest_sequence(&prepared.view)?,
        },
    };
    let found = prepared
        .hunt()
        .ranked(limit + 1, rank.above, rank.newest_sequence)?;
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
    for (segment, _) in (0..).zip(view.searcher.segment_readers()) {
        let columns = view.columns(segment).map_err(QueryError::internal)?;
        newest = newest.max(columns.sequence.max_value());
    }
    Ok(newest)
}
