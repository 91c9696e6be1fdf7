//! What is hidden in a session, and who says so.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::event::{self, EventBatch, EventBody, RedactionAdded, RedactionLifted};
use retrace_core::log::EventLog;
use retrace_core::{SessionId, StreamName, Timestamp};
use retrace_query::redaction as query;
use uuid::Uuid;

use super::control::check_text;
use super::error::{ErrorCode, blocking, of_access, of_store};
use super::look;
use super::scalar::Long;
use crate::accesses::append_at_end;

/// What of a span is hidden.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "event::Concealed")]
pub(super) enum Concealed {
    /// What was typed.
    Keys,
    /// What was to be seen, on terminals and in video.
    Screen,
    /// Everything.
    All,
}

/// A span of a session that is hidden, or was. What was recorded stays as it is.
#[derive(SimpleObject)]
pub(super) struct Redaction {
    /// Its id.
    id: ID,
    /// Where it begins, in milliseconds from the start of the session.
    from_ms: Long,
    /// Where it ends.
    to_ms: Long,
    /// What is hidden.
    what: Concealed,
    /// Who hides it; `retrace` where a rule does.
    by: String,
    /// Why.
    reason: String,
    /// The rule that found it: `unechoed`, `prompt`, `pattern`. Null when a person redacted it.
    rule: Option<String>,
    /// Who lifted it, if somebody did: then it is shown again.
    lifted_by: Option<String>,
    /// Why it is shown again.
    lifted_reason: Option<String>,
}

impl From<query::Redaction> for Redaction {
    fn from(span: query::Redaction) -> Self {
        let (lifted_by, lifted_reason) = span.lifted.unzip();
        Self {
            id: span.id.into(),
            from_ms: span.from_ms.into(),
            to_ms: span.to_ms.into(),
            what: span.what.into(),
            by: span.by,
            reason: span.reason,
            rule: span.rule,
            lifted_by,
            lifted_reason,
        }
    }
}

pub(super) async fn of_session(ctx: &Context<'_>, session: SessionId) -> Result<Vec<Redaction>> {
    let reader = look::recording(ctx, session, "redactions").await?;
    let spans = blocking(move || reader.redactions(session)).await?;
    Ok(spans.into_iter().map(Redaction::from).collect())
}

/// What is to be hidden.
#[derive(InputObject)]
pub(super) struct NewRedaction {
    /// The session.
    session: ID,
    /// Where it begins, in milliseconds from the start of the session.
    from_ms: Long,
    /// Where it ends, which is behind its beginning.
    to_ms: Long,
    /// What is hidden in it.
    #[graphql(default_with = "Concealed::All")]
    what: Concealed,
    /// Why.
    reason: String,
}

/// Hides a span, and answers its id once it is hidden.
pub(super) async fn add(ctx: &Context<'_>, new: NewRedaction) -> Result<ID> {
    check_text("reason", &new.reason)?;
    let session = look::session_id(&new.session)?;
    let started_us = of_known(ctx, session).await?;
    let (from_ms, to_ms) = (new.from_ms.0, new.to_ms.0);
    if from_ms < 0 || from_ms >= to_ms {
        let message = format!("expected 0 <= `fromMs` < `toMs`, found {from_ms} and {to_ms}");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    let at = |ms: i64, more_us: i64| {
        let us = ms.saturating_mul(1_000).saturating_add(more_us);
        Timestamp::from_micros(started_us.saturating_add(us))
            .map_err(|_| ErrorCode::InvalidArgument.error("the span lies in no calendar"))
    };
    let id = Uuid::now_v7().to_string();
    let added = RedactionAdded {
        by: look::viewer(ctx)?.name.clone(),
        from: at(from_ms, 0)?,
        id: Some(id.clone()),
        reason: new.reason,
        rule: None,
        // The whole of the last millisecond.
        to: at(to_ms, 999)?,
        what: new.what.into(),
    };
    append(ctx, session, added.into()).await?;
    Ok(id.into())
}

/// Shows a span again that a person hid.
pub(super) async fn lift(ctx: &Context<'_>, session: &ID, id: &ID, reason: String) -> Result<bool> {
    check_text("reason", &reason)?;
    let session = look::session_id(session)?;
    of_known(ctx, session).await?;
    let reader = look::reader(ctx)?;
    let spans = blocking(move || reader.redaction_spans(session)).await?;
    let Some(span) = spans.iter().find(|span| span.id == **id) else {
        return Err(ErrorCode::NotFound.error("this session has no such redaction"));
    };
    if span.rule.is_some() {
        let message = "a rule hides this: whoever may reveal it sees it, and nobody lifts it";
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    if span.lifted.is_some() {
        return Ok(false);
    }
    let lifted = RedactionLifted {
        by: look::viewer(ctx)?.name.clone(),
        id: id.to_string(),
        reason,
    };
    append(ctx, session, lifted.into()).await?;
    Ok(true)
}

/// When a session began that the caller may redact, in microseconds after 1970.
async fn of_known(ctx: &Context<'_>, session: SessionId) -> Result<i64> {
    let no_such = || ErrorCode::NotFound.error("there is no such session");
    if !look::allowed(ctx, Right::Redact, session).await? {
        return Err(no_such());
    }
    let reader = look::reader(ctx)?;
    let started_us = blocking(move || reader.redactions_began(session)).await?;
    started_us.ok_or_else(no_such)
}

/// Appends, and waits until what is hidden is hidden everywhere.
async fn append(ctx: &Context<'_>, session: SessionId, body: EventBody) -> Result<()> {
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    let invalid = |error: event::EventError| ErrorCode::InvalidArgument.error(error.to_string());
    let events = EventBatch::of(Timestamp::now(), body).map_err(invalid)?;
    append_at_end(&**log, StreamName::redactions_of(session), events)
        .await
        .map_err(of_access)?;
    let size = log.head().await.map_err(of_store)?.size;
    look::seen_up_to(ctx, size).await
}
