//! What people do to sessions that go on.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use retrace_core::event::{EventBatch, EventBody, MessageSent, TerminateRequested};
use retrace_core::{SessionId, Timestamp};
use retrace_query::Reader;

use super::error::{ErrorCode, blocking, of_control, of_store};
use super::events::Event;
use crate::control::{ControlBook, ControlError};
use crate::tokens::Viewer;

/// The root of what is changed.
pub struct Mutation;

/// The longest reason and message, in characters: it is shown to somebody at work.
const TEXT_MAX: usize = 2_000;

#[Object]
impl Mutation {
    /// Asks the recorder of a session to end it. The answer is the request as it stands in the log;
    /// that the session has ended shows when its recorder says so.
    async fn terminate_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        reason: Option<String>,
    ) -> Result<Event> {
        if let Some(reason) = &reason {
            check_text("reason", reason)?;
        }
        let by = ctx.data::<Viewer>()?.name.clone();
        say(ctx, &session, TerminateRequested { by, reason }.into()).await
    }

    /// Sends a message to the person in a session. The answer is the message as it stands in the log.
    async fn send_message(&self, ctx: &Context<'_>, session: ID, text: String) -> Result<Event> {
        check_text("text", &text)?;
        let by = ctx.data::<Viewer>()?.name.clone();
        say(ctx, &session, MessageSent { by, text }.into()).await
    }
}

fn check_text(field: &str, text: &str) -> Result<()> {
    let found = text.chars().count();
    if (1..=TEXT_MAX).contains(&found) {
        return Ok(());
    }
    let message = format!("`{field}` has {found} characters, expected 1 to {TEXT_MAX}");
    Err(ErrorCode::InvalidArgument.error(message))
}

/// Appends to the control stream of a session that goes on.
async fn say(ctx: &Context<'_>, session: &ID, body: EventBody) -> Result<Event> {
    let id: SessionId = session.parse().map_err(|_| {
        ErrorCode::InvalidArgument.error("`session` is no session id, expected a UUID")
    })?;
    let (book, reader) = (ctx.data::<Arc<ControlBook>>()?, ctx.data::<Reader>()?);
    let session =
        book.launched(id).await.map_err(of_store)?.ok_or_else(|| {
            ErrorCode::NotFound.error("no recorder has launched such a session here")
        })?;
    let reader = reader.clone();
    let known = blocking(move || reader.session(id)).await?;
    if let Some(ended) = known.and_then(|row| row.ended) {
        let message = format!("the session ended at {ended}: nobody would hear it");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    let events = EventBatch::of(Timestamp::now(), body)
        .map_err(|error| ErrorCode::InvalidArgument.error(error.to_string()))?;
    let version = session
        .append(|_| Ok::<_, ControlError>(Some(events.clone())))
        .await
        .map_err(of_control)?;
    let appended = match version {
        Some(version) => session.events(version, 1).await.map_err(of_store)?,
        None => Vec::new(),
    };
    let event = appended.into_iter().next();
    event
        .map(Event)
        .ok_or_else(|| ErrorCode::Internal.error("what was appended is not there"))
}
