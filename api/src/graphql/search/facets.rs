//! What hits have in common, hits by session, and what could be asked.

use async_graphql::connection::Connection;
use async_graphql::{Context, Enum, Result, SimpleObject};
use retrace_query as query;

use super::super::error::blocking;
use super::super::scalar::{DateTime, Long};
use super::super::session::{Session, unsigned};
use super::super::{look, page};
use super::{SearchFilter, SearchHit, SearchOrder};

/// By what hits are counted.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::FacetKind")]
pub(in super::super) enum FacetKind {
    /// Users.
    User,
    /// Groups of users.
    Group,
    /// Hosts.
    Host,
    /// Targets.
    Target,
    /// Sites.
    Site,
    /// Protocols.
    Protocol,
    /// Launchers.
    Launcher,
    /// Programs.
    App,
    /// Kinds of moments.
    Kind,
}

/// A unit of time, by the calendar of the filter's zone.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::TimeUnit")]
pub(in super::super) enum TimeUnit {
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// From Monday on.
    Week,
    /// Months.
    Month,
}

/// What the hits of a search have in common.
#[derive(SimpleObject)]
pub(in super::super) struct SearchFacets {
    /// How many hits were counted.
    total_count: Long,
    /// Whether that is all of them.
    total_is_exact: bool,
    /// One for each kind that was asked for.
    facets: Vec<SearchFacet>,
    /// The unit of the histogram: the one asked for, or a larger one if there would be more than 400 buckets.
    unit: TimeUnit,
    /// From the first hit to the last, without gaps.
    histogram: Vec<SearchBucket>,
}

/// The values of one kind, the most frequent first, up to 100.
#[derive(SimpleObject)]
pub(super) struct SearchFacet {
    /// What is counted.
    by: FacetKind,
    /// The values, the most frequent first.
    values: Vec<SearchFacetValue>,
}

/// A value, and how many hits have it.
#[derive(SimpleObject)]
pub(super) struct SearchFacetValue {
    /// The value.
    value: String,
    /// How many hits have it.
    count: Long,
}

/// A stretch of time, and how many hits lie in it.
#[derive(SimpleObject)]
pub(super) struct SearchBucket {
    /// Where it begins.
    start: DateTime,
    /// How many hits lie in it.
    count: Long,
}

/// A session in which something was found.
#[derive(SimpleObject)]
pub(in super::super) struct SessionMatch {
    /// The session.
    session: Session,
    /// How many hits it has.
    hit_count: Long,
    /// The best of them, or the latest.
    hits: Vec<SearchHit>,
}

/// What a page of sessions with hits has beside them.
#[derive(SimpleObject)]
pub(in super::super) struct SessionMatchTotals {
    /// How many sessions have hits, on all pages.
    total_count: Long,
    /// How many hits there are in all of them.
    hit_count: Long,
    /// Whether the counts are exact: they are up to 500,000 hits.
    total_is_exact: bool,
}

pub(in super::super) type SessionMatchConnection =
    Connection<String, SessionMatch, SessionMatchTotals>;

/// What is suggested.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SuggestionKind")]
pub(super) enum SuggestionKind {
    /// The name of a field.
    Field,
    /// A value of a field.
    Value,
}

/// Something to go on with.
#[derive(SimpleObject)]
pub(in super::super) struct Suggestion {
    /// What it is.
    kind: SuggestionKind,
    /// What to write in place of what is replaced.
    text: String,
    /// The field that it is, or is a value of.
    field: String,
    /// The value as it is. Empty for a field.
    value: String,
    /// How many moments have the value.
    count: Option<Long>,
    /// The first character that is replaced.
    at: i32,
    /// How many characters are replaced.
    length: i32,
}

pub(in super::super) async fn facets(
    ctx: &Context<'_>,
    text: String,
    filter: Option<SearchFilter>,
    by: Option<Vec<FacetKind>>,
    unit: TimeUnit,
) -> Result<SearchFacets> {
    let reader = look::reader(ctx)?;
    let filter = filter.unwrap_or_default().into_query()?;
    let mut kinds: Vec<query::FacetKind> = match by {
        Some(by) => by.into_iter().map(Into::into).collect(),
        None => vec![
            query::FacetKind::User,
            query::FacetKind::Host,
            query::FacetKind::Protocol,
            query::FacetKind::Kind,
        ],
    };
    kinds.sort_unstable();
    kinds.dedup();
    let asked = text.clone();
    let found = blocking(move || reader.search_facets(&text, &filter, &kinds, unit.into())).await?;
    look::searched(ctx, &asked, found.total.count).await?;
    let facets = found.facets.into_iter().map(|facet| SearchFacet {
        by: facet.kind.into(),
        values: facet
            .values
            .into_iter()
            .map(|facet| SearchFacetValue {
                value: facet.value,
                count: facet.count.into(),
            })
            .collect(),
    });
    let buckets = found.buckets.into_iter().map(|bucket| SearchBucket {
        start: DateTime(bucket.start),
        count: bucket.count.into(),
    });
    Ok(SearchFacets {
        total_count: found.total.count.into(),
        total_is_exact: found.total.exact,
        facets: facets.collect(),
        unit: found.unit.into(),
        histogram: buckets.collect(),
    })
}

pub(in super::super) async fn sessions(
    ctx: &Context<'_>,
    text: String,
    filter: Option<SearchFilter>,
    order: SearchOrder,
    hits: i32,
    first: i32,
    after: Option<String>,
) -> Result<SessionMatchConnection> {
    let reader = look::reader(ctx)?;
    let request = page::request(first, after)?;
    let hits = u32::try_from(unsigned("hits", hits.into())?).unwrap_or(u32::MAX);
    let asked = text.clone();
    let question = query::SearchQuestion {
        text,
        filter: filter.unwrap_or_default().into_query()?,
        order: order.into(),
        counted: false,
    };
    let (found, sessions) = blocking(move || {
        let found = reader.search_sessions(&question, hits, &request)?;
        let of_hits = found.page.items.iter().map(|(_, group)| group.session);
        let sessions = reader.sessions_by_id(of_hits)?;
        Ok((found, sessions))
    })
    .await?;
    look::searched(ctx, &asked, found.hits.count).await?;
    let totals = SessionMatchTotals {
        total_count: found.total.count.into(),
        hit_count: found.hits.count.into(),
        total_is_exact: found.total.exact,
    };
    let items = found.page.items.into_iter().filter_map(|(cursor, group)| {
        let session = sessions.get(&group.session)?;
        let hits = group.hits.into_iter();
        let found = SessionMatch {
            session: session.clone().into(),
            hit_count: group.count.into(),
            hits: hits
                .map(|hit| SearchHit::of(hit, session.clone().into()))
                .collect(),
        };
        Some((cursor, found))
    });
    let groups = query::Page {
        items: items.collect(),
        has_next: found.page.has_next,
        has_previous: found.page.has_previous,
    };
    Ok(page::connection(groups, totals, |group| group))
}

pub(in super::super) async fn suggest(
    ctx: &Context<'_>,
    text: String,
    at: Option<i32>,
    first: i32,
) -> Result<Vec<Suggestion>> {
    let reader = look::list(ctx, "suggestions").await?;
    let number = |field, number: i32| {
        let number = unsigned(field, number.into())?;
        Ok::<_, async_graphql::Error>(u32::try_from(number).unwrap_or(u32::MAX))
    };
    let first = number("first", first)?;
    let at = match at {
        Some(at) => number("at", at)? as usize,
        None => usize::MAX,
    };
    let found = blocking(move || reader.suggest(&text, at, first)).await?;
    let each = found.into_iter().map(|one| Suggestion {
        kind: one.kind.into(),
        text: one.text,
        field: one.field.to_owned(),
        value: one.value,
        count: one.count.map(Into::into),
        at: i32::try_from(one.at).unwrap_or(i32::MAX),
        length: i32::try_from(one.length).unwrap_or(i32::MAX),
    });
    Ok(each.collect())
}
