//! How resolvers come by what they answer from: each of these checks that the caller may, and writes down that they
//! looked, before it hands out what they asked for. A resolver that reads evidence begins with one of them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Result};
use retrace_core::access::Right;
use retrace_core::log::EventLog;
use retrace_core::{Position, SessionId};
use retrace_projections::redaction;
use retrace_projections::runner::Projections;
use retrace_query::sql::{SqlAnswer, SqlError, SqlLimits};
use retrace_query::{QueryError, Reader};
use tokio::task::spawn_blocking;

use super::error::{ErrorCode, internal, of_access, of_query, of_runner, of_store};
use super::scalar::LogPosition;
use crate::accesses::Accesses;
use crate::asking::{self, AskError};
use crate::tokens::Viewer;

/// So long a question waits until what is to be hidden is known.
const LOOKED_THROUGH_WITHIN: Duration = Duration::from_secs(5);
/// So long a question waits for the read models.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// The read models as the caller may see them. For what is no evidence: that sessions took place, how long, of whom.
pub(super) fn reader(ctx: &Context<'_>) -> Result<Reader> {
    Ok(ctx.data::<Reader>()?.clone())
}

/// Who asks.
pub(super) fn viewer<'a>(ctx: &Context<'a>) -> Result<&'a Viewer> {
    ctx.data::<Viewer>()
}

/// Where looks are written down.
pub(super) fn accesses<'a>(ctx: &Context<'a>) -> Result<&'a Accesses> {
    Ok(ctx.data::<Arc<Accesses>>()?)
}

/// The read models, for a part of what happened in a session: `what`, such as `screen`. Of a session that the caller may
/// not know of they answer as of one that there is not.
pub(super) async fn recording(
    ctx: &Context<'_>,
    session: SessionId,
    what: &'static str,
) -> Result<Reader> {
    if allowed(ctx, Right::ViewRecordings, session).await? {
        let seen = accesses(ctx)?.viewed(viewer(ctx)?, session, what).await;
        seen.map_err(of_access)?;
        if viewer(ctx)?.reveal.is_some() {
            return revealed(ctx, session, what).await;
        }
    }
    reader(ctx)
}

/// The read models with what is redacted in a session, which the caller asked for (`Retrace-Reveal`). That is written down.
///
/// # Errors
/// `FORBIDDEN` when they may not.
async fn revealed(ctx: &Context<'_>, session: SessionId, what: &'static str) -> Result<Reader> {
    let reader = reader(ctx)?;
    if allowed(ctx, Right::Reveal, session).await? {
        let seen = accesses(ctx)?.revealed(viewer(ctx)?, session, what).await;
        seen.map_err(of_access)?;
        return Ok(reader.revealing());
    }
    Ok(reader)
}

/// The read models for what concerns many sessions. What is redacted is in it where the caller asked for it and may see
/// it: each session that is shown so is to be written down by [`many_revealed`] before it is shown.
pub(super) fn many(ctx: &Context<'_>) -> Result<Reader> {
    let reader = reader(ctx)?;
    Ok(if viewer(ctx)?.reveal.is_some() {
        reader.revealing()
    } else {
        reader
    })
}

/// Writes down that what is redacted in sessions is about to be shown.
pub(super) async fn many_revealed(
    ctx: &Context<'_>,
    sessions: impl IntoIterator<Item = SessionId>,
    what: &'static str,
) -> Result<()> {
    let sessions: BTreeSet<SessionId> = sessions.into_iter().collect();
    for session in sessions {
        let seen = accesses(ctx)?.revealed(viewer(ctx)?, session, what).await;
        seen.map_err(of_access)?;
    }
    Ok(())
}

/// Waits until what is to be hidden is known of the log up to a size. What is not by then is hidden.
pub(super) async fn looked_through(ctx: &Context<'_>, size: Position) -> Result<()> {
    let projections = ctx.data::<Arc<Projections>>()?;
    if let Some(mut known) = projections.follow(redaction::SCHEMA.name) {
        let known = known.wait_for(|known| *known >= size);
        let _ = tokio::time::timeout(LOOKED_THROUGH_WITHIN, known).await;
    }
    Ok(())
}

/// The read models, for a list of things: `what`, such as `sessions`.
pub(super) async fn list(ctx: &Context<'_>, what: &'static str) -> Result<Reader> {
    let seen = accesses(ctx)?.listed(viewer(ctx)?, what).await;
    seen.map_err(of_access)?;
    reader(ctx)
}

/// Writes down a search, before its hits are shown. The other conditions are the argument `filter` of the field.
pub(super) async fn searched(ctx: &Context<'_>, text: &str, hits: u64) -> Result<()> {
    let arguments = ctx.field().arguments()?;
    let filter = arguments.into_iter().find(|(name, _)| name == "filter");
    let filter = filter.and_then(|(_, value)| value.into_json().ok());
    let filter = filter.filter(|filter| !filter.is_null());
    let written = accesses(ctx)?.searched(viewer(ctx)?, text, filter, hits);
    written.await.map_err(of_access)
}

/// The answer to a question in SQL, which is written down before it is shown.
pub(super) async fn asked(
    ctx: &Context<'_>,
    text: &str,
    limits: &SqlLimits,
) -> Result<SqlAnswer, AskError> {
    let missing = |_| AskError::Sql(SqlError::Unavailable);
    let (accesses, viewer) = (
        accesses(ctx).map_err(missing)?,
        viewer(ctx).map_err(missing)?,
    );
    let reader = reader(ctx).map_err(missing)?;
    asking::ask(accesses, &reader, viewer, text, "graphql", limits).await
}

/// Writes down that events were read, before they are shown.
pub(super) async fn exported(ctx: &Context<'_>, first: Position, last: Position) -> Result<()> {
    let written = accesses(ctx)?.exported(viewer(ctx)?, "graphql", first, last);
    written.await.map_err(of_access)
}

/// Whether the caller may do this with a session; false when there is none that they may know of. A try that is not
/// allowed is written down.
///
/// # Errors
/// `FORBIDDEN` when they may see that the session took place, and not do this.
pub(super) async fn allowed(ctx: &Context<'_>, right: Right, session: SessionId) -> Result<bool> {
    let reader = reader(ctx)?;
    let may = spawn_blocking(move || reader.may(right, session)).await;
    let may = may.map_err(|stopped| internal(&stopped))?;
    if let Ok(false) | Err(QueryError::Denied(_)) = may {
        let lacks = may.is_err().then_some(right);
        let object = format!("session/{session}");
        accesses(ctx)?.denied(viewer(ctx)?, &object, lacks).await;
    }
    may.map_err(of_query)
}

/// Refuses what needs a right whatever session it concerns: `object` is what was asked for.
///
/// # Errors
/// `FORBIDDEN`; the try is written down.
pub(super) async fn needs(ctx: &Context<'_>, right: Right, object: &str) -> Result<()> {
    let viewer = viewer(ctx)?;
    if viewer.sight.may_everywhere(right) {
        return Ok(());
    }
    accesses(ctx)?.denied(viewer, object, Some(right)).await;
    let error = of_query(QueryError::Denied(right));
    Err(error)
}

/// Waits until the read models have seen the log up to a size: whoever appended reads their own write.
///
/// # Errors
/// When they do not come that far in time; what was appended stands all the same.
pub(super) async fn seen_up_to(ctx: &Context<'_>, size: Position) -> Result<()> {
    let projections = ctx.data::<Arc<Projections>>()?;
    match tokio::time::timeout(SEEN_WITHIN, projections.caught_up_with(size)).await {
        Ok(seen) => seen.map_err(of_runner),
        Err(_) => {
            let message = "the read models have not come that far yet: ask again in a moment";
            Err(ErrorCode::NotYet.error(message))
        }
    }
}

/// Waits until the read models have seen a position that a caller names: usually that of their own append.
///
/// # Errors
/// When the log has no such position yet, or the read models do not come that far in time.
pub(super) async fn has_seen(ctx: &Context<'_>, position: Option<LogPosition>) -> Result<()> {
    let Some(LogPosition(position)) = position else {
        return Ok(());
    };
    let size = ctx.data::<Arc<dyn EventLog>>()?.head().await;
    let size = size.map_err(of_store)?.size;
    if position >= size {
        let message = format!("`minPosition` is {position}, but the log has {size} events");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    seen_up_to(ctx, position.plus(1)).await
}

/// The session that an argument names.
///
/// # Errors
/// When it is no id of a session.
pub(super) fn session_id(id: &str) -> Result<SessionId> {
    let invalid = |_| {
        let message = "`session` is no session id, expected a UUID";
        ErrorCode::InvalidArgument.error(message)
    };
    id.parse().map_err(invalid)
}
