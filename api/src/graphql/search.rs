//! Searching all sessions.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, Result, SimpleObject};
use retrace_query as query;

use super::error::blocking;
use super::look;
use super::moment::{Moment, MomentKind, SeekPoint};
use super::page;
use super::scalar::{DateTime, Long};
use super::session::Session;

mod facets;
mod filter;

pub(super) use facets::{
    FacetKind, SearchFacets, SessionMatchConnection, Suggestion, TimeUnit, facets, sessions,
    suggest,
};
pub(super) use filter::SearchFilter;

/// The order of hits.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SearchOrder")]
pub(super) enum SearchOrder {
    /// The best match first.
    Relevance,
    /// The latest moment first.
    Newest,
    /// The earliest moment first. Of sessions that are found, the one with the earliest hit.
    Oldest,
}

/// What a page of hits has beside the hits.
#[derive(SimpleObject)]
pub(super) struct SearchTotals {
    /// How many hits there are, on all pages; 10,000 when there are more and the index does not know how many.
    total_count: Long,
    /// Whether that is all of them.
    total_is_exact: bool,
    /// How long the search took on the server.
    took_ms: f64,
}

pub(super) type SearchConnection = Connection<String, SearchHit, SearchTotals>;

/// A moment that was found.
#[derive(SimpleObject)]
pub(super) struct SearchHit {
    /// The session it happened in.
    session: Session,
    /// What kind of moment it is.
    kind: MomentKind,
    /// What was found was there from here on, in milliseconds from the start of the session.
    offset_ms: Long,
    /// `offsetMs` as a point in time.
    at: DateTime,
    /// The part of its text around the first match.
    snippet: Snippet,
    /// Where to jump to.
    seek_point: SeekPoint,
    /// The moment itself.
    moment: Moment,
}

/// A piece of text, cut into runs; those that match are marked.
#[derive(SimpleObject)]
pub(super) struct Snippet {
    /// All of it.
    text: String,
    /// The same, cut where what matches begins and ends.
    runs: Vec<SnippetRun>,
}

/// A run of characters.
#[derive(SimpleObject)]
pub(super) struct SnippetRun {
    /// Its text.
    text: String,
    /// Whether it is a part of what was searched for.
    r#match: bool,
}

pub(super) async fn page(
    ctx: &Context<'_>,
    text: String,
    filter: Option<SearchFilter>,
    order: SearchOrder,
    first: i32,
    after: Option<String>,
) -> Result<SearchConnection> {
    let reader = look::many(ctx)?;
    let request = page::request(first, after)?;
    let asked = text.clone();
    let question = query::SearchQuestion {
        text,
        filter: filter.unwrap_or_default().into_query()?,
        order: order.into(),
        counted: true,
    };
    let (found, sessions) = blocking(move || {
        let found = reader.search(&question, &request)?;
        let of_hits = found.page.items.iter().map(|(_, hit)| hit.moment.session);
        let sessions = reader.sessions_by_id(of_hits)?;
        Ok((found, sessions))
    })
    .await?;
    let total = found.total.unwrap_or_default();
    look::searched(ctx, &asked, total.count).await?;
    let shows = |moment: &retrace_projections::moments::Moment| {
        let revealed = moment.revealed.as_ref();
        revealed.is_some_and(|revealed| !revealed.is_empty())
    };
    let hits = found.page.items.iter().map(|(_, hit)| &hit.moment);
    let revealed = hits
        .filter(|moment| shows(moment))
        .map(|moment| moment.session);
    look::many_revealed(ctx, revealed.collect::<Vec<_>>(), "search").await?;
    let totals = SearchTotals {
        total_count: total.count.into(),
        total_is_exact: total.exact,
        took_ms: found.took.as_secs_f64() * 1e3,
    };
    // The read models are apart: for a moment, one may know of a session that another does not.
    let query::Page {
        items,
        has_next,
        has_previous,
    } = found.page;
    let items = items.into_iter().filter_map(|(cursor, hit)| {
        let session = sessions.get(&hit.moment.session)?;
        Some((cursor, SearchHit::of(hit, session.clone().into())))
    });
    let hits = query::Page {
        items: items.collect(),
        has_next,
        has_previous,
    };
    Ok(page::connection(hits, totals, |hit| hit))
}

impl SearchHit {
    fn of(hit: query::SearchHit, session: Session) -> Self {
        let runs: Vec<SnippetRun> = hit
            .snippet
            .into_iter()
            .map(|run| SnippetRun {
                text: run.text,
                r#match: run.matched,
            })
            .collect();
        Self {
            session,
            kind: hit.moment.kind.into(),
            offset_ms: hit.offset_us.div_ceil(1000).into(),
            at: DateTime(hit.at),
            snippet: Snippet {
                text: runs.iter().map(|run| run.text.as_str()).collect(),
                runs,
            },
            seek_point: hit.seek_point.into(),
            moment: hit.moment.into(),
        }
    }
}
