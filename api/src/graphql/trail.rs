//! Who did what in Retrace itself.

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::log::EventLog;
use retrace_query::{self as query, ActFilter};

use super::error::{blocking, of_store};
use super::events::{Event, SeenEvents};
use super::look;
use super::page;
use super::scalar::{DateTime, LogPosition};
use super::session::{Session, list_cost};

/// What a question about the trail costs beside its fields.
const COST: usize = 50;

/// Which acts are wanted: all conditions that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct TrailFilter {
    /// By one of these people: names of users, or of tokens.
    by: Option<Vec<String>>,
    /// Of one of these types, such as `config.changed`.
    types: Option<Vec<String>>,
    /// With this session.
    session: Option<ID>,
    /// At this time or later, by the server's clock.
    from: Option<DateTime>,
    /// Before this time.
    to: Option<DateTime>,
}

impl TrailFilter {
    fn checked(self) -> Result<ActFilter> {
        let session = self.session.map(|id| look::session_id(&id)).transpose()?;
        Ok(ActFilter {
            who: self.by.unwrap_or_default(),
            kinds: self.types.unwrap_or_default(),
            session,
            from: self.from.map(|DateTime(time)| time),
            to: self.to.map(|DateTime(time)| time),
        })
    }
}

/// Something that somebody did in Retrace itself.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(super) struct TrailEntry {
    #[graphql(skip)]
    act: query::Act,
    /// Where its event stands in the log.
    position: LogPosition,
    /// When, by the server's clock.
    at: DateTime,
    /// The type of its event: `config.changed`, `recording.viewed`, …
    r#type: String,
    /// Who: the name of a user, or of a token. Empty where nobody is known.
    by: String,
}

#[ComplexObject]
impl TrailEntry {
    /// The session that it was done with. Null when it was done with none, or with one that is gone.
    #[graphql(complexity = "10 + child_complexity")]
    async fn session(&self, ctx: &Context<'_>) -> Result<Option<Session>> {
        let Some(session) = self.act.session else {
            return Ok(None);
        };
        let reader = look::reader(ctx)?;
        let found = blocking(move || reader.session(session)).await?;
        Ok(found.map(Session::from))
    }

    /// The event itself, with what it says: what is redacted in it is masked. Null when it is of a session that is gone.
    #[graphql(complexity = "10 + child_complexity")]
    async fn event(&self, ctx: &Context<'_>) -> Result<Option<Event>> {
        let log = ctx.data::<Arc<dyn EventLog>>()?;
        let read = log.read(self.act.position, 1).await.map_err(of_store)?;
        let Some(event) = read.into_iter().next() else {
            return Ok(None);
        };
        let mut seen = SeenEvents::of(&look::viewer(ctx)?.sight, look::reader(ctx)?);
        Ok(match seen.shows(&event).await? {
            true => Some(seen.seen(event)),
            false => None,
        })
    }
}

impl From<query::Act> for TrailEntry {
    fn from(act: query::Act) -> Self {
        Self {
            position: LogPosition(act.position),
            at: DateTime(act.at),
            r#type: act.kind.clone(),
            by: act.who.clone(),
            act,
        }
    }
}

/// Questions about the trail.
#[derive(Default)]
pub(super) struct TrailQuery;

#[Object]
impl TrailQuery {
    /// Who did what in Retrace itself, the newest first: looked, searched, took files, changed settings, gave and took
    /// access, ruled over sessions, reviewed, redacted, and what they were refused. For those who see settings.
    /// `first` is 1 to 100.
    #[graphql(complexity = "COST + list_cost(first, child_complexity)")]
    async fn trail(
        &self,
        ctx: &Context<'_>,
        filter: Option<TrailFilter>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<String, TrailEntry>> {
        look::needs(ctx, Right::ViewSettings, "trail").await?;
        let request = page::request(first, after)?;
        let filter = filter.unwrap_or_default().checked()?;
        let reader = look::list(ctx, "trail").await?;
        let page = blocking(move || reader.trail(&filter, &request)).await?;
        Ok(page::connection(page, EmptyFields, TrailEntry::from))
    }

    /// Everybody who ever did something in Retrace itself, by name; at most 1,000. For those who see settings.
    #[graphql(complexity = "COST")]
    async fn trail_people(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        look::needs(ctx, Right::ViewSettings, "trail").await?;
        let reader = look::list(ctx, "trail").await?;
        blocking(move || reader.trail_people()).await
    }
}
