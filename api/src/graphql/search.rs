//! Searching all sessions.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, ID, InputObject, Result, SimpleObject};
use retrace_core::SessionId;
use retrace_query as query;

use super::error::{ErrorCode, blocking};
use super::look;
use super::moment::{MomentKind, SeekPoint};
use super::page;
use super::scalar::{DateTime, Long};
use super::session::Session;

/// The order of hits.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SearchOrder")]
pub(super) enum SearchOrder {
    /// The best match first.
    Relevance,
    /// The latest moment first.
    Newest,
}

/// Where to search: all conditions that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct SearchFilter {
    kinds: Option<Vec<MomentKind>>,
    session: Option<ID>,
    user: Option<String>,
    host: Option<String>,
    /// Moments of sessions that started at this time or later.
    started_from: Option<DateTime>,
    /// Moments of sessions that started before this time.
    started_to: Option<DateTime>,
}

/// What a page of hits has beside the hits.
#[derive(SimpleObject)]
pub(super) struct SearchTotals {
    /// How many hits there are, on all pages.
    total_count: Long,
    /// How long the search took on the server.
    took_ms: f64,
}

pub(super) type SearchConnection = Connection<String, SearchHit, SearchTotals>;

/// A moment that was found.
#[derive(SimpleObject)]
pub(super) struct SearchHit {
    session: Session,
    kind: MomentKind,
    /// What was found was there from here on, in milliseconds from the start of the session.
    offset_ms: Long,
    at: DateTime,
    snippet: Snippet,
    /// Where to jump to.
    seek_point: SeekPoint,
}

/// A piece of text, cut into runs; those that match are marked.
#[derive(SimpleObject)]
pub(super) struct Snippet {
    text: String,
    runs: Vec<SnippetRun>,
}

#[derive(SimpleObject)]
pub(super) struct SnippetRun {
    text: String,
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
    let reader = look::reader(ctx)?;
    let request = page::request(first, after)?;
    let filter = filter.unwrap_or_default();
    let invalid =
        |_| ErrorCode::InvalidArgument.error("`session` is no session id, expected a UUID");
    let session: Option<SessionId> = filter
        .session
        .as_ref()
        .map(|id| id.parse().map_err(invalid))
        .transpose()?;
    let filter = query::SearchFilter {
        kinds: filter
            .kinds
            .map(|kinds| kinds.into_iter().map(Into::into).collect()),
        session,
        user: filter.user,
        host: filter.host,
        started_from: filter.started_from.map(|time| time.0),
        started_to: filter.started_to.map(|time| time.0),
    };
    let asked = text.clone();
    let (found, sessions) = blocking(move || {
        let found = reader.search(&text, &filter, order.into(), &request)?;
        let of_hits = found.page.items.iter().map(|(_, hit)| hit.moment.session);
        let sessions = reader.sessions_by_id(of_hits)?;
        Ok((found, sessions))
    })
    .await?;
    look::searched(ctx, &asked, found.total).await?;
    let totals = SearchTotals {
        total_count: found.total.into(),
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
        }
    }
}
