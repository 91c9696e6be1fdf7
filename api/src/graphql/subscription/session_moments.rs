//! `sessionMoments`: the moments of a session, as they are found.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, Result};
use retrace_core::access::Right;
use retrace_core::{Position, SessionId};
use retrace_projections::moments::{self, MomentId};
use retrace_projections::runner::{Projections, RunnerError};
use retrace_query::Reader;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Follows, Looks, Pages, pages};
use crate::graphql::error::{ErrorCode, blocking, of_runner, of_store};
use crate::graphql::look;
use crate::graphql::moment::{Moment, MomentKind};
use crate::live::LogTail;

/// The most moments of a page.
const PAGE_MOMENTS: u32 = 100;
/// The index is not asked more often than this for one subscription.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn follow(
    ctx: &Context<'_>,
    session: &ID,
    after: Option<ID>,
    kinds: Option<Vec<MomentKind>>,
) -> Result<Pages<Vec<Moment>>> {
    let no_such = || ErrorCode::NotFound.error("there is no such session");
    let session: SessionId = session.parse().map_err(|_| no_such())?;
    let after = after.map(|id| id.parse::<MomentId>()).transpose();
    let after = after.map_err(|error| {
        ErrorCode::InvalidArgument.error(format!("`after` is not one: {error}"))
    })?;
    let may = look::allowed(ctx, Right::ViewRecordings, session).await?;
    let reader = look::reader(ctx)?;
    // Before the look is written down: a session that there is not must not begin with that.
    let known = blocking(move || reader.session(session)).await?;
    if !may || known.is_none() {
        return Err(no_such());
    }
    let reader = look::recording(ctx, session, "timeline").await?;
    let index = ctx.data::<Arc<Projections>>()?.follow(moments::NAME);
    Ok(pages(MomentsFollower {
        session,
        after,
        kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
        reader,
        looks: Looks::of(ctx)?,
        index: index.ok_or_else(|| of_runner(RunnerError::Stopped))?,
        tail: Arc::clone(ctx.data::<Arc<LogTail>>()?),
        looked_to: None,
        is_behind: true,
        rests_until: None,
    }))
}

struct MomentsFollower {
    session: SessionId,
    after: Option<MomentId>,
    kinds: Option<Vec<moments::MomentKind>>,
    reader: Reader,
    looks: Looks,
    /// How far the index has come.
    index: watch::Receiver<Position>,
    tail: Arc<LogTail>,
    /// The moments of all events before were looked for.
    looked_to: Option<Position>,
    /// Whether there is more than the last page had.
    is_behind: bool,
    rests_until: Option<Instant>,
}

impl MomentsFollower {
    /// Waits until there may be something new. Answers how far it is looked then.
    async fn wait(&mut self) -> Result<Position> {
        let stopped = |_| of_runner(RunnerError::Stopped);
        let Some(looked_to) = self.looked_to else {
            return Ok(*self.index.borrow());
        };
        if self.is_behind {
            return Ok(looked_to);
        }
        let mut from = looked_to;
        loop {
            if let Some(until) = self.rests_until.take() {
                tokio::time::sleep_until(until).await;
            }
            let to = *self
                .index
                .wait_for(|reached| *reached > from)
                .await
                .map_err(stopped)?;
            let may_concern = self.tail.may_concern(self.session, from, to).await;
            if may_concern.map_err(of_store)? {
                return Ok(to);
            }
            // Every moment is brought to light by an event of its session.
            self.looked_to = Some(to);
            from = to;
            self.rests_until = Some(Instant::now() + LOOK_EVERY);
        }
    }
}

impl Follows for MomentsFollower {
    type Page = Vec<Moment>;

    async fn next(&mut self) -> Result<Vec<Moment>> {
        loop {
            let to = self.wait().await?;
            let (reader, session, after) = (self.reader.clone(), self.session, self.after);
            let kinds = self.kinds.clone();
            let found = blocking(move || {
                reader.moments_found(session, kinds.as_deref(), after, PAGE_MOMENTS)
            });
            let found = found.await?;
            self.looked_to = Some(to);
            self.is_behind = found.len() >= PAGE_MOMENTS as usize;
            self.rests_until = (!self.is_behind).then(|| Instant::now() + LOOK_EVERY);
            if let Some(last) = found.last() {
                self.looks.viewed(self.session, "timeline").await?;
                self.after = Some(last.id);
                return Ok(found.into_iter().map(Moment::from).collect());
            }
        }
    }
}
