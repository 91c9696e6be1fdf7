//! The questions at the root.

use async_graphql::connection::Connection;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use retrace_query as query;

use super::error::blocking;
use super::events::{self, Event, EventFilter, EventsRead};
use super::log::Log;
use super::look;
use super::page::{Asked, page_cost};
use super::report::{self, Report, ReportDefinition, ReportInput};
use super::scalar::{LogPosition, Long};
use super::search::{
    self, FacetKind, SearchConnection, SearchFacets, SearchFilter, SearchOrder,
    SessionMatchConnection, Suggestion, TimeUnit,
};
use super::session::{
    self, Node, Session, SessionConnection, SessionFilter, SessionOrder, list_cost,
};

/// Questions about sessions and the log.
#[derive(Default)]
pub(super) struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Sessions, newest first unless ordered otherwise: `first` so many behind `after`, or `last` so many before
    /// `before`; 1 to 100, 50 when neither is given.
    #[graphql(complexity = "page_cost(first, last, 50, child_complexity)")]
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the arguments of the field"
    )]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        filter: Option<SessionFilter>,
        #[graphql(default_with = "SessionOrder::StartedDesc")] order_by: SessionOrder,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(desc = "The answer must have seen this position of the log.")]
        min_position: Option<LogPosition>,
    ) -> Result<SessionConnection> {
        look::has_seen(ctx, min_position).await?;
        let asked = Asked {
            first,
            after,
            last,
            before,
        };
        session::page_of_sessions(ctx, filter, order_by, asked).await
    }

    /// One session. Null when there is none with this id.
    #[graphql(complexity = "10 + child_complexity")]
    async fn session(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "The answer must have seen this position of the log.")]
        min_position: Option<LogPosition>,
    ) -> Result<Option<Session>> {
        look::has_seen(ctx, min_position).await?;
        session::find(ctx, &id).await
    }

    /// Whatever has this id.
    #[graphql(complexity = "10 + child_complexity")]
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        session::find_node(ctx, &id).await
    }

    /// Full text over what was typed, run and seen in all sessions, in the language of `docs/search.md`. `first` is 1 to
    /// 100. What cannot be understood is an error `INVALID_QUERY`, with `at` and `length` in characters.
    #[graphql(complexity = "200 + list_cost(first, child_complexity)")]
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] text: String,
        filter: Option<SearchFilter>,
        #[graphql(default_with = "SearchOrder::Relevance")] order_by: SearchOrder,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
    ) -> Result<SearchConnection> {
        search::page(ctx, text, filter, order_by, first, after).await
    }

    /// The same, together by session: sessions with the number of their hits and the best `hits` of them, 1 to 10.
    #[graphql(complexity = "500 + list_cost(first, child_complexity)")]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn search_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] text: String,
        filter: Option<SearchFilter>,
        #[graphql(default_with = "SearchOrder::Relevance")] order_by: SearchOrder,
        #[graphql(default = 3)] hits: i32,
        #[graphql(default = 20)] first: i32,
        after: Option<String>,
    ) -> Result<SessionMatchConnection> {
        search::sessions(ctx, text, filter, order_by, hits, first, after).await
    }

    /// What the hits of a search have in common, and how they lie in time. Exact up to 200,000 hits.
    #[graphql(complexity = "500 + child_complexity")]
    async fn search_facets(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] text: String,
        filter: Option<SearchFilter>,
        by: Option<Vec<FacetKind>>,
        #[graphql(default_with = "TimeUnit::Day")] unit: TimeUnit,
    ) -> Result<SearchFacets> {
        search::facets(ctx, text, filter, by, unit).await
    }

    /// What could stand in a search text behind its first `at` characters, its end unless given: fields and their values.
    /// `first` is 1 to 100.
    #[graphql(complexity = "100 + list_cost(first, child_complexity)")]
    async fn suggest(
        &self,
        ctx: &Context<'_>,
        text: String,
        at: Option<i32>,
        #[graphql(default = 10)] first: i32,
    ) -> Result<Vec<Suggestion>> {
        search::suggest(ctx, text, at, first).await
    }

    /// The log itself, in order of position, from after `after` on. `first` is 1 to 1000.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        after: Option<LogPosition>,
        filter: Option<EventFilter>,
        #[graphql(default = 100)] first: i32,
    ) -> Result<Connection<String, Event, EventsRead>> {
        events::page(ctx, after, filter, first).await
    }

    /// The log as a whole: size, checkpoint, proofs.
    #[graphql(complexity = "20 + child_complexity")]
    async fn log(&self, ctx: &Context<'_>) -> Result<Log> {
        Log::of(ctx).await
    }

    /// The reports that there are.
    async fn reports(&self, ctx: &Context<'_>) -> Result<Vec<ReportDefinition>> {
        report::list(ctx)
    }

    /// Runs a report. As a file it is at `/v1/reports/{name}.pdf`, `.csv`, `.xlsx`, `.json` and `.html`.
    #[graphql(complexity = "200 + child_complexity")]
    async fn report(
        &self,
        ctx: &Context<'_>,
        name: String,
        input: Option<ReportInput>,
    ) -> Result<Report> {
        report::run(ctx, name, input.unwrap_or_default()).await
    }

    /// The values to filter sessions by, the most frequent first.
    #[graphql(complexity = "50 + child_complexity")]
    async fn facets(&self, ctx: &Context<'_>) -> Result<Facets> {
        let reader = look::list(ctx, "facets").await?;
        Ok(blocking(move || reader.facets()).await?.into())
    }
}

/// The values to filter sessions by.
#[derive(SimpleObject)]
struct Facets {
    /// By user.
    users: Vec<FacetValue>,
    /// By host.
    hosts: Vec<FacetValue>,
    /// By protocol.
    protocols: Vec<FacetValue>,
}

/// A value, and how many sessions have it.
#[derive(SimpleObject)]
struct FacetValue {
    /// The value.
    value: String,
    /// How many there are with it.
    count: Long,
}

impl From<query::Facets> for Facets {
    fn from(facets: query::Facets) -> Self {
        let values = |facets: Vec<query::Facet>| {
            facets
                .into_iter()
                .map(|facet| FacetValue {
                    value: facet.value,
                    count: facet.count.into(),
                })
                .collect()
        };
        Self {
            users: values(facets.users),
            hosts: values(facets.hosts),
            protocols: values(facets.protocols),
        }
    }
}
