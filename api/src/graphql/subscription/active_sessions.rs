//! `activeSessions`: the sessions that go on.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Enum, Result, SimpleObject};
use retrace_core::{Position, SessionId};
use retrace_projections::runner::{Projections, RunnerError};
use retrace_projections::sessions::{self, SessionRow};
use retrace_query::{self as query, PageRequest, Reader};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Follows, Looks, Pages, pages};
use crate::graphql::error::{ErrorCode, blocking, of_runner};
use crate::graphql::look;
use crate::graphql::session::{Session, SessionFilter};

/// What is told of a session at most so often.
const TOLD_EVERY: Duration = Duration::from_secs(1);
/// The most changes of a page.
const PAGE_CHANGES: u32 = 200;
/// More sessions than this are not followed at once.
const FOLLOWED_MAX: usize = 10_000;

/// What became of a session that goes on.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum SessionChangeKind {
    /// It goes on since before somebody asked.
    Present,
    /// It began.
    Began,
    /// Something happened in it.
    Changed,
    /// It ended.
    Ended,
}

/// Something that became of a session, and the session as it is now.
#[derive(SimpleObject)]
pub(in crate::graphql) struct SessionChange {
    /// What became of it.
    kind: SessionChangeKind,
    /// The session as it is now.
    session: Session,
}

/// What became of the sessions that go on.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ActiveSessions {
    /// What changed, in order.
    changes: Vec<SessionChange>,
    /// Whether all that go on have been told.
    is_complete: bool,
}

pub(super) async fn follow(
    ctx: &Context<'_>,
    filter: Option<SessionFilter>,
) -> Result<Pages<ActiveSessions>> {
    let mut filter: query::SessionFilter = filter.unwrap_or_default().into();
    if filter.state.take() == Some(query::SessionState::Ended) {
        let message = "`filter.state` is ENDED, expected ACTIVE or nothing";
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    let catalogue = ctx
        .data::<Arc<Projections>>()?
        .follow(sessions::SCHEMA.name);
    let catalogue = catalogue.ok_or_else(|| of_runner(RunnerError::Stopped))?;
    // Before the first page is read: what changes meanwhile is told again.
    let began = *catalogue.borrow();
    Ok(pages(SessionsFollower {
        reader: look::list(ctx, "sessions").await?,
        looks: Looks::of(ctx)?,
        filter,
        catalogue,
        listing: Some(PageRequest::first(PageRequest::FIRST_MAX)),
        round: Round {
            start: began,
            next: began,
            end: began,
        },
        told: HashMap::new(),
        rests_until: None,
    }))
}

struct SessionsFollower {
    reader: Reader,
    looks: Looks,
    filter: query::SessionFilter,
    /// How far the catalogue has come.
    catalogue: watch::Receiver<Position>,
    /// The next page of those that went on at the beginning, until all are told.
    listing: Option<PageRequest>,
    round: Round,
    /// The sessions that were told to go on, each with the last position that was told.
    told: HashMap<SessionId, Position>,
    rests_until: Option<Instant>,
}

/// The part of the log whose sessions are told now, each once.
struct Round {
    start: Position,
    next: Position,
    end: Position,
}

impl SessionsFollower {
    async fn list(&mut self, request: PageRequest) -> Result<ActiveSessions> {
        let (reader, order) = (self.reader.clone(), query::SessionOrder::StartedDesc);
        let filter = query::SessionFilter {
            state: Some(query::SessionState::Active),
            ..self.filter.clone()
        };
        let page = blocking(move || reader.sessions(&filter, order, &request)).await?;
        let last = page.items.last().map(|(cursor, _)| cursor.clone());
        self.listing = last.filter(|_| page.has_next).map(|after| PageRequest {
            after: Some(after),
            ..PageRequest::first(PageRequest::FIRST_MAX)
        });
        let mut changes = Vec::new();
        for (_, row) in page.items {
            self.note(&row)?;
            changes.push(change(SessionChangeKind::Present, row));
        }
        Ok(ActiveSessions {
            changes,
            is_complete: self.listing.is_none(),
        })
    }

    fn note(&mut self, row: &SessionRow) -> Result<()> {
        self.told.insert(row.id, row.last_position);
        if self.told.len() <= FOLLOWED_MAX {
            return Ok(());
        }
        let message = format!("more than {FOLLOWED_MAX} sessions go on: follow fewer by a filter");
        Err(ErrorCode::InvalidArgument.error(message))
    }

    /// What became of a session.
    fn changes_of(&mut self, row: SessionRow, changes: &mut Vec<SessionChange>) -> Result<()> {
        use SessionChangeKind::{Began, Changed, Ended};
        let told = self.told.get(&row.id).copied();
        match (told, row.ended.is_some()) {
            (Some(told), false) if told >= row.last_position => {}
            (Some(_), false) => {
                self.note(&row)?;
                changes.push(change(Changed, row));
            }
            (None, false) => {
                self.note(&row)?;
                changes.push(change(Began, row));
            }
            (Some(_), true) => {
                self.told.remove(&row.id);
                changes.push(change(Ended, row));
            }
            // It was short. What is imported from a file never went on.
            (None, true) if row.first_position >= self.round.start && row.recording.is_none() => {
                changes.push(change(Began, row.clone()));
                changes.push(change(Ended, row));
            }
            (None, true) => {}
        }
        Ok(())
    }
}

fn change(kind: SessionChangeKind, row: SessionRow) -> SessionChange {
    SessionChange {
        kind,
        session: row.into(),
    }
}

impl Follows for SessionsFollower {
    type Page = ActiveSessions;

    async fn next(&mut self) -> Result<ActiveSessions> {
        if let Some(request) = self.listing.take() {
            return self.list(request).await;
        }
        loop {
            if self.round.next >= self.round.end {
                if let Some(until) = self.rests_until.take() {
                    tokio::time::sleep_until(until).await;
                }
                let start = self.round.end;
                let reached = self.catalogue.wait_for(|reached| *reached > start).await;
                let end = *reached.map_err(|_| of_runner(RunnerError::Stopped))?;
                self.round = Round {
                    start,
                    next: start,
                    end,
                };
                self.rests_until = Some(Instant::now() + TOLD_EVERY);
            }
            let (reader, filter, since) =
                (self.reader.clone(), self.filter.clone(), self.round.next);
            let rows =
                blocking(move || reader.sessions_grown(&filter, since, PAGE_CHANGES)).await?;
            let is_all = rows.len() < PAGE_CHANGES as usize;
            let mut changes = Vec::new();
            let mut next = self.round.end;
            for row in rows {
                if row.last_position >= self.round.end {
                    // It has grown meanwhile: the next round finds it.
                    break;
                }
                if !is_all {
                    next = row.last_position.plus(1);
                }
                self.changes_of(row, &mut changes)?;
            }
            self.round.next = next;
            if !changes.is_empty() {
                self.looks.listed("sessions").await?;
                return Ok(ActiveSessions {
                    changes,
                    is_complete: true,
                });
            }
        }
    }
}
