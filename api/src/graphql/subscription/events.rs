//! `events`: the log, as it grows.

use std::sync::Arc;

use async_graphql::{Context, Result, SimpleObject};
use retrace_core::access::{Right, Sight};
use retrace_core::log::EventLog;
use retrace_core::{Position, SessionId, event};
use retrace_projections::runner::Projections;
use retrace_projections::{redaction, sessions};
use retrace_query::Reader;
use tokio::sync::watch;

use super::{Follows, Looks, Pages, pages};
use crate::graphql::error::{ErrorCode, of_runner, of_store};
use crate::graphql::events::{Event, EventFilter, SeenEvents};
use crate::graphql::look;
use crate::graphql::scalar::LogPosition;
use crate::live::{Follower, LogTail};

/// Events that were appended.
#[derive(SimpleObject)]
pub(in crate::graphql) struct LiveEvents {
    /// In order of position; at most 200. None when there was nothing for the filter for a while.
    nodes: Vec<Event>,
    /// All up to here was looked at: go on from here, as `after`.
    read_to: Option<LogPosition>,
    /// Whether that was the end of the log.
    is_at_end: bool,
}

pub(super) async fn follow(
    ctx: &Context<'_>,
    after: Option<LogPosition>,
    from_start: bool,
    filter: Option<EventFilter>,
) -> Result<Pages<LiveEvents>> {
    let filter = filter.unwrap_or_default();
    let session = filter.session_id()?;
    let size = {
        let log = ctx.data::<Arc<dyn EventLog>>()?;
        log.head().await.map_err(of_store)?.size
    };
    let next = match after {
        Some(after) if after.0 < size => after.0.plus(1),
        Some(after) => {
            let message = format!(
                "`after` is {}, but the log ends before {size}: is it a position of another log?",
                after.0
            );
            return Err(ErrorCode::InvalidArgument.error(message));
        }
        None if from_start => Position(0),
        None => size,
    };
    let sight = Arc::clone(&look::viewer(ctx)?.sight);
    let sees_all = sight.may_everywhere(Right::ViewRecordings)
        && sight.may_everywhere(Right::ViewSessions)
        && sight.may_everywhere(Right::ViewSettings);
    let catalogue = ctx
        .data::<Arc<Projections>>()?
        .follow(sessions::SCHEMA.name)
        .filter(|_| !sees_all);
    Ok(pages(EventsFollower {
        follower: ctx.data::<Arc<LogTail>>()?.follow(next),
        filter,
        session,
        sight,
        reader: look::reader(ctx)?,
        catalogue,
        redactions: ctx
            .data::<Arc<Projections>>()?
            .follow(redaction::SCHEMA.name),
        looks: Looks::of(ctx)?,
    }))
}

struct EventsFollower {
    follower: Follower,
    filter: EventFilter,
    session: Option<SessionId>,
    sight: Arc<Sight>,
    reader: Reader,
    /// How far is known whose sessions are whose. `None` for somebody who sees all anyway.
    catalogue: Option<watch::Receiver<Position>>,
    /// How far is known what is to be hidden.
    redactions: Option<watch::Receiver<Position>>,
    looks: Looks,
}

impl Follows for EventsFollower {
    type Page = LiveEvents;

    async fn next(&mut self) -> Result<LiveEvents> {
        loop {
            let (filter, session) = (&self.filter, self.session);
            let wanted = |event: &event::Event| filter.matches(event, session);
            let page = self.follower.page(session, wanted).await;
            let page = page.map_err(of_store)?;
            let was_found = !page.events.is_empty();
            // Before that, nobody knows whether they may be seen, and what of them is to be hidden.
            for known in self.catalogue.iter_mut().chain(&mut self.redactions) {
                let reached = known.wait_for(|reached| *reached >= page.next).await;
                reached
                    .map_err(|_| of_runner(retrace_projections::runner::RunnerError::Stopped))?;
            }
            // Anew for each page: what a session is may become known later.
            let mut seen = SeenEvents::of(&self.sight, self.reader.clone());
            let mut nodes = Vec::new();
            for event in page.events {
                if seen.shows(&event).await? {
                    nodes.push(event);
                }
            }
            // That there was something which must not be seen is not to be seen either.
            if was_found && nodes.is_empty() {
                continue;
            }
            if let (Some(first), Some(last)) = (nodes.first(), nodes.last()) {
                self.looks
                    .exported(first.position(), last.position())
                    .await?;
                // Of one session it is what somebody sees who watches it.
                if let Some(session) = self.session {
                    self.looks.viewed(session, "live").await?;
                }
            }
            let last = page.next.0.checked_sub(1);
            return Ok(LiveEvents {
                nodes: nodes.into_iter().map(|event| seen.seen(event)).collect(),
                read_to: last.map(|last| LogPosition(Position(last))),
                is_at_end: page.is_at_end,
            });
        }
    }
}
