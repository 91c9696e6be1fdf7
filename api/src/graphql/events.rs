//! The log itself, event by event.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, ID, InputObject, Json, Object, Result, SimpleObject};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use retrace_core::access::{Right, Sight};
use retrace_core::event;
use retrace_core::log::EventLog;
use retrace_core::{Position, SessionId};
use retrace_projections::redaction::Veil;
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
pub(super) struct Event {
    /// As the caller may see it.
    shown: event::Event,
    /// As it stands in the log, where that is not the same.
    redacted: Option<event::Event>,
}

impl Event {
    /// An event of which nothing is hidden.
    pub(super) fn whole(event: event::Event) -> Self {
        Self {
            shown: event,
            redacted: None,
        }
    }
}

/// What the ids of events begin with; their positions follow.
pub(super) const EVENT_ID: &str = "event:";

/// An event as it stands in the log.
#[Object]
impl Event {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        format!("{EVENT_ID}{}", self.shown.position()).into()
    }

    /// Its place in the log, from 0.
    async fn position(&self) -> LogPosition {
        LogPosition(self.shown.position())
    }

    /// The name of its type: `terminal.written`, `keys.typed`, …
    async fn r#type(&self) -> &str {
        self.shown.kind().as_str()
    }

    /// The stream it belongs to.
    async fn stream(&self) -> &str {
        self.shown.stream().as_str()
    }

    /// The session it belongs to, if it belongs to one.
    async fn session(&self) -> Option<ID> {
        self.shown
            .session()
            .map(|session| session.to_string().into())
    }

    /// Who recorded it, if it belongs to a session.
    async fn source(&self) -> Option<&str> {
        self.shown.stream().source()
    }

    /// Its place in its stream, from 0.
    async fn version(&self) -> Long {
        self.shown.version().0.into()
    }

    /// When it happened, by the clock of its source.
    async fn at(&self) -> DateTime {
        DateTime(self.shown.at())
    }

    /// When the server took it in, by the server's clock.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.shown.recorded_at())
    }

    /// What happened.
    async fn data(&self) -> Result<Json<serde_json::Value>> {
        Ok(Json(serde_json::from_slice(self.shown.data())?))
    }

    /// The exact bytes that are proved and exported; of an event that is redacted the line that an export has for it,
    /// with `leafHash` in the place of what is hidden.
    async fn leaf(&self) -> Result<String> {
        let line = match &self.redacted {
            Some(event) => event.redacted_line(&self.shown),
            None => self.shown.leaf(),
        };
        Ok(String::from_utf8(line)?)
    }

    /// SHA-256 leaf hash of RFC 6962, in base64: that of the event as it stands in the log.
    async fn leaf_hash(&self) -> String {
        let event = self.redacted.as_ref().unwrap_or(&self.shown);
        BASE64_STANDARD.encode(event.leaf_hash())
    }

    /// Whether a part of it is hidden, or all of it is destroyed.
    async fn redacted(&self) -> bool {
        self.redacted.is_some() || self.shown.is_destroyed()
    }
}

/// Which events somebody may see: those of recordings that they may see, and what concerns no session if they may see
/// how the server is set up.
pub(super) struct SeenEvents {
    reader: Reader,
    settings: bool,
    recordings: HashMap<SessionId, Option<Seen>>,
}

/// How a session may be seen.
enum Seen {
    /// All of it, since it is revealed.
    Revealed,
    Veiled(Arc<Veil>),
}

impl SeenEvents {
    pub(super) fn by(ctx: &Context<'_>) -> Result<Self> {
        let reader = look::many(ctx)?;
        Ok(Self::of(&ctx.data::<Viewer>()?.sight, reader))
    }

    /// The same for somebody with a sight, who reveals as far as the reader does.
    pub(super) fn of(sight: &Sight, reader: Reader) -> Self {
        Self {
            reader,
            settings: sight.may_everywhere(Right::ViewSettings),
            recordings: HashMap::new(),
        }
    }

    /// Whether the caller may see something of an event.
    pub(super) async fn shows(&mut self, event: &event::Event) -> Result<bool> {
        let Some(session) = event.session() else {
            return Ok(self.settings);
        };
        if let Some(seen) = self.recordings.get(&session) {
            return Ok(seen.is_some());
        }
        let reader = self.reader.clone();
        let seen = blocking(move || {
            let may = match reader.may_view_recording(session) {
                Err(QueryError::Denied(_)) => false,
                may => may?,
            };
            if !may {
                return Ok(None);
            }
            let veil = reader.veil(session)?;
            Ok(Some(veil.map_or(Seen::Revealed, Seen::Veiled)))
        });
        let seen = seen.await?;
        let shown = seen.is_some();
        self.recordings.insert(session, seen);
        Ok(shown)
    }

    /// An event that [`Self::shows`] as the caller may see it.
    pub(super) fn seen(&self, event: event::Event) -> Event {
        let seen = event
            .session()
            .and_then(|session| self.recordings.get(&session)?.as_ref());
        let masked = match seen {
            Some(Seen::Veiled(veil)) => veil.masked(&event),
            Some(Seen::Revealed) | None => None,
        };
        match masked {
            Some(shown) => Event {
                shown,
                redacted: Some(event),
            },
            None => Event::whole(event),
        }
    }

    /// The sessions among those of the events in which what is redacted is shown.
    fn revealed(&self, events: &[event::Event]) -> Vec<SessionId> {
        let is_revealed = |session: &SessionId| {
            matches!(self.recordings.get(session), Some(Some(Seen::Revealed)))
        };
        events
            .iter()
            .filter_map(event::Event::session)
            .filter(is_revealed)
            .collect()
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
    let mut seen = SeenEvents::by(ctx)?;
    look::looked_through(ctx, position.plus(1)).await?;
    if !seen.shows(&event).await? {
        return Ok(None);
    }
    look::exported(ctx, position, position).await?;
    let revealed = seen.revealed(std::slice::from_ref(&event));
    look::many_revealed(ctx, revealed, "events").await?;
    Ok(Some(seen.seen(event)))
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
    look::looked_through(ctx, size).await?;
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
    look::many_revealed(ctx, seen.revealed(&found), "events").await?;
    let read_to = next
        .0
        .checked_sub(1)
        .map(|last| LogPosition(Position(last)));
    let mut connection =
        Connection::with_additional_fields(after.is_some(), next < size, EventsRead { read_to });
    connection.edges.extend(
        found
            .into_iter()
            .map(|event| Edge::new(event.position().to_string(), seen.seen(event))),
    );
    Ok(connection)
}
