//! The log itself, event by event.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_core::access::{Right, Sight};
use retrace_core::event;
use retrace_core::log::{EventLog, merkle};
use retrace_core::{Position, SessionId};
use retrace_query::{QueryError, Reader};

use super::error::{ErrorCode, blocking, of_store};
use super::look;
use super::scalar::{DateTime, LogPosition, Long};
use crate::tokens::Viewer;

/// The most events that one page may have.
const FIRST_MAX: i32 = 1_000;
/// How many events are looked at for one page before it is given back short: a filter that
/// matches nothing must not read the whole log in one request.
const SCANNED_MAX: usize = 200_000;
const READ_AT_ONCE: usize = 4_096;

/// Which events are wanted: all conditions that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct EventFilter {
    /// Only these types, such as `terminal.written`.
    types: Option<Vec<String>>,
    /// Only events of this session.
    session: Option<ID>,
    /// Only events of this stream.
    stream: Option<String>,
}

impl EventFilter {
    pub(super) fn session_id(&self) -> Result<Option<SessionId>> {
        let invalid =
            |_| ErrorCode::InvalidArgument.error("`session` is no session id, expected a UUID");
        self.session
            .as_ref()
            .map(|id| id.parse().map_err(invalid))
            .transpose()
    }

    pub(super) fn matches(&self, event: &event::Event, session: Option<SessionId>) -> bool {
        let of_type = |types: &Vec<String>| types.iter().any(|name| name == event.kind().as_str());
        self.types.as_ref().is_none_or(of_type)
            && (session.is_none() || event.session() == session)
            && self
                .stream
                .as_ref()
                .is_none_or(|stream| stream == event.stream().as_str())
    }
}

/// An event as it stands in the log.
pub(super) struct Event(pub(super) event::Event);

/// What the ids of events begin with; their positions follow.
pub(super) const EVENT_ID: &str = "event:";

#[Object]
impl Event {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        format!("{EVENT_ID}{}", self.0.position()).into()
    }

    /// Its place in the log, from 0.
    async fn position(&self) -> LogPosition {
        LogPosition(self.0.position())
    }

    /// The name of its type: `terminal.written`, `keys.typed`, …
    async fn r#type(&self) -> &str {
        self.0.kind().as_str()
    }

    /// The stream it belongs to.
    async fn stream(&self) -> &str {
        self.0.stream().as_str()
    }

    /// The session it belongs to, if it belongs to one.
    async fn session(&self) -> Option<ID> {
        self.0.session().map(|session| session.to_string().into())
    }

    /// Who recorded it, if it belongs to a session.
    async fn source(&self) -> Option<&str> {
        self.0.stream().source()
    }

    /// Its place in its stream, from 0.
    async fn version(&self) -> Long {
        self.0.version().0.into()
    }

    /// When it happened, by the clock of its source.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at())
    }

    /// When the server took it in, by the server's clock.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at())
    }

    /// What happened.
    async fn data(&self) -> Result<Json<serde_json::Value>> {
        Ok(Json(serde_json::from_slice(self.0.data())?))
    }

    /// The exact bytes that are proved and exported.
    async fn leaf(&self) -> Result<String> {
        Ok(String::from_utf8(self.0.leaf())?)
    }

    /// SHA-256 leaf hash of RFC 6962, in base64.
    async fn leaf_hash(&self) -> String {
        BASE64_STANDARD.encode(merkle::leaf_hash(&self.0.leaf()))
    }
}

/// Which events somebody may see: those of recordings that they may see, and what concerns no session if they may see
/// how the server is set up.
pub(super) struct SeenEvents {
    reader: Reader,
    settings: bool,
    recordings: HashMap<SessionId, bool>,
}

impl SeenEvents {
    pub(super) fn by(ctx: &Context<'_>) -> Result<Self> {
        let reader = look::reader(ctx)?;
        Ok(Self::of(&ctx.data::<Viewer>()?.sight, reader))
    }

    pub(super) fn of(sight: &Sight, reader: Reader) -> Self {
        Self {
            reader,
            settings: sight.may_everywhere(Right::ViewSettings),
            recordings: HashMap::new(),
        }
    }

    pub(super) async fn shows(&mut self, event: &event::Event) -> Result<bool> {
        let Some(session) = event.session() else {
            return Ok(self.settings);
        };
        if let Some(shown) = self.recordings.get(&session) {
            return Ok(*shown);
        }
        let reader = self.reader.clone();
        let may = blocking(move || match reader.may_view_recording(session) {
            Err(QueryError::Denied(_)) => Ok(false),
            may => may,
        });
        let shown = may.await?;
        self.recordings.insert(session, shown);
        Ok(shown)
    }
}

/// How far a page of events has read.
#[derive(SimpleObject)]
pub(super) struct EventsRead {
    /// The last position that was looked at. With a filter a page may be short, or empty, although
    /// there are more: go on from here, as `after`.
    read_to: Option<LogPosition>,
}

/// The event at a position, if the caller may see it.
pub(super) async fn find(ctx: &Context<'_>, position: &str) -> Result<Option<Event>> {
    let Ok(position) = position.parse().map(Position) else {
        return Ok(None);
    };
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    if position >= log.head().await.map_err(of_store)?.size {
        return Ok(None);
    }
    let events = log.read(position, 1).await.map_err(of_store)?;
    let Some(event) = events.into_iter().next() else {
        return Ok(None);
    };
    if !SeenEvents::by(ctx)?.shows(&event).await? {
        return Ok(None);
    }
    look::exported(ctx, position, position).await?;
    Ok(Some(Event(event)))
}

/// A page of events from after a position on.
pub(super) async fn page(
    ctx: &Context<'_>,
    after: Option<LogPosition>,
    filter: Option<EventFilter>,
    first: i32,
) -> Result<Connection<String, Event, EventsRead>> {
    let wanted = match usize::try_from(first) {
        Ok(wanted) if (1..=FIRST_MAX).contains(&first) => wanted,
        _ => {
            let message = format!("`first` is {first}, expected 1 to {FIRST_MAX}");
            return Err(ErrorCode::InvalidArgument.error(message));
        }
    };
    let filter = filter.unwrap_or_default();
    let session = filter.session_id()?;
    let mut seen = SeenEvents::by(ctx)?;
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    let size = log.head().await.map_err(of_store)?.size;
    let mut next = after.map_or(Position(0), |after| after.0.plus(1));
    let mut found = Vec::new();
    let mut scanned = 0;
    'page: while next < size && scanned < SCANNED_MAX {
        let events = log.read(next, READ_AT_ONCE).await.map_err(of_store)?;
        scanned += events.len();
        for event in events {
            next = event.position().plus(1);
            if filter.matches(&event, session) && seen.shows(&event).await? {
                found.push(event);
                if found.len() == wanted {
                    break 'page;
                }
            }
        }
    }
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        look::exported(ctx, first.position(), last.position()).await?;
    }
    let read_to = next
        .0
        .checked_sub(1)
        .map(|last| LogPosition(Position(last)));
    let mut connection =
        Connection::with_additional_fields(after.is_some(), next < size, EventsRead { read_to });
    connection.edges.extend(
        found
            .into_iter()
            .map(|event| Edge::new(event.position().to_string(), Event(event))),
    );
    Ok(connection)
}
