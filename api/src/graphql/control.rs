//! What people ask of the recorder of a session that goes on, and what it answers.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::event::{
    EventBatch, EventBody, EventType, MessageSent, PolicySet, TerminateRequested,
};
use retrace_core::settings::SettingsBook;
use retrace_core::{SessionId, StreamVersion, Timestamp};
use retrace_ingest::protocol::Policy;
use retrace_projections::sessions::ControlRow;

use super::error::{ErrorCode, blocking, of_control, of_store};
use super::events::Event;
use super::look;
use super::scalar::{DateTime, LogPosition};
use crate::control::{ControlBook, ControlError, push_policy};

/// The longest reason and message, in characters: it is shown to somebody at work.
const TEXT_MAX: usize = 2_000;

/// What can be asked of the recorder of a session.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionControlKind {
    /// To end the session.
    Terminate,
    /// To show a message.
    Message,
    /// To follow another policy.
    Policy,
}

/// Something that was asked of the recorder of a session.
#[derive(SimpleObject)]
pub(super) struct SessionControl {
    /// Where the request stands in the log.
    position: LogPosition,
    /// When.
    at: DateTime,
    /// What was asked.
    kind: SessionControlKind,
    /// Who asked.
    by: String,
    /// Why, in their words.
    reason: Option<String>,
    /// The text of a message.
    text: Option<String>,
    /// What was set of a policy.
    policy: Option<SessionPolicyChange>,
    /// Whether it was handed to the recorder, as far as this node knows: it is at the latest when there is an answer.
    is_delivered: bool,
    /// What the recorder answered. Null until it has.
    answer: Option<SessionControlAnswer>,
}

/// What a recorder answered.
#[derive(SimpleObject)]
pub(super) struct SessionControlAnswer {
    /// When, by the recorder's clock.
    at: DateTime,
    /// Whether it was done.
    done: bool,
    /// How it was done, or why it was not.
    detail: Option<String>,
    /// The source that answered.
    source: String,
}

/// What a policy asks of a recorder. Times are seconds; null is never.
#[derive(SimpleObject)]
pub(super) struct SessionPolicy {
    /// Its name.
    name: String,
    /// Whether what is typed is recorded.
    record_keys: bool,
    /// Whether the session may run only when its recording can be promised.
    recording_required: bool,
    /// It ends itself when the server was out of reach for so long; null is never.
    end_when_unreachable_seconds: Option<u32>,
    /// It ends after so long, counted from its start; null is never.
    max_length_seconds: Option<u32>,
    /// It ends when nothing was done for so long; null is never.
    inactivity_seconds: Option<u32>,
    /// So long before it ends for inactivity the person is warned.
    idle_warning_seconds: Option<u32>,
}

/// What was set of the policy of a session. Times are seconds, 0 is never; null is what was not set.
#[derive(SimpleObject)]
pub(super) struct SessionPolicyChange {
    /// Whether what is typed is recorded.
    record_keys: Option<bool>,
    /// It ends itself when the server was out of reach for so long.
    end_when_unreachable_seconds: Option<u32>,
    /// It ends after so long, counted from its start.
    max_length_seconds: Option<u32>,
    /// It ends when nothing was done for so long.
    inactivity_seconds: Option<u32>,
    /// So long before it ends for inactivity the person is warned.
    idle_warning_seconds: Option<u32>,
}

/// What is to hold for one session, whatever the settings say. What is not named stays as it is. Times
/// are seconds, 0 is never.
#[derive(InputObject)]
pub(super) struct SessionPolicyInput {
    /// Whether what is typed is recorded.
    record_keys: Option<bool>,
    /// It ends itself when the server was out of reach for so long.
    end_when_unreachable_seconds: Option<u32>,
    /// It ends after so long, counted from its start.
    max_length_seconds: Option<u32>,
    /// It ends when nothing was typed for so long.
    inactivity_seconds: Option<u32>,
    /// The person is warned so long before that.
    idle_warning_seconds: Option<u32>,
}

impl SessionControl {
    /// `told`: everything before that version was handed to the recorder.
    fn of(row: ControlRow, told: StreamVersion) -> Self {
        let kind = if row.kind == EventType::TERMINATE_REQUESTED {
            SessionControlKind::Terminate
        } else if row.kind == EventType::POLICY_SET {
            SessionControlKind::Policy
        } else {
            SessionControlKind::Message
        };
        let (text, policy) = match kind {
            SessionControlKind::Policy => {
                let set = row.content.as_deref().map(serde_json::from_str);
                (None, set.and_then(|set| set.ok().map(PolicySet::into)))
            }
            _ => (row.content, None),
        };
        Self {
            position: LogPosition(row.position),
            at: DateTime(row.at),
            kind,
            by: row.by,
            reason: row.reason,
            text,
            policy,
            is_delivered: row.version < told || row.answer.is_some(),
            answer: row.answer.map(|answer| SessionControlAnswer {
                at: DateTime(answer.at),
                done: answer.done,
                detail: answer.detail,
                source: answer.source,
            }),
        }
    }
}

impl From<PolicySet> for SessionPolicyChange {
    fn from(set: PolicySet) -> Self {
        Self {
            record_keys: set.record_keys,
            end_when_unreachable_seconds: set.end_when_unreachable_s,
            max_length_seconds: set.max_length_s,
            inactivity_seconds: set.inactivity_s,
            idle_warning_seconds: set.idle_warning_s,
        }
    }
}

impl From<Policy> for SessionPolicy {
    fn from(policy: Policy) -> Self {
        Self {
            name: policy.name,
            record_keys: policy.record_keys,
            recording_required: policy.recording_required,
            end_when_unreachable_seconds: policy.end_when_unreachable_after_s,
            max_length_seconds: policy.max_length_s,
            inactivity_seconds: policy.inactivity_s,
            idle_warning_seconds: policy.idle_warning_s,
        }
    }
}

pub(super) async fn of_session(
    ctx: &Context<'_>,
    session: SessionId,
) -> Result<Vec<SessionControl>> {
    let reader = look::list(ctx, "controls").await?;
    let rows = blocking(move || reader.controls(session)).await?;
    let book = ctx.data::<Arc<ControlBook>>()?;
    let told = book.launched(session).await.map_err(of_store)?;
    let told = told.map_or(StreamVersion(0), |session| session.told());
    Ok(rows
        .into_iter()
        .map(|row| SessionControl::of(row, told))
        .collect())
}

pub(super) async fn policy_of(
    ctx: &Context<'_>,
    session: SessionId,
) -> Result<Option<SessionPolicy>> {
    let book = ctx.data::<Arc<ControlBook>>()?;
    let Some(session) = book.launched(session).await.map_err(of_store)? else {
        return Ok(None);
    };
    let control = session.recent_control().await.map_err(of_store)?;
    Ok(control.policy().cloned().map(SessionPolicy::from))
}

pub(super) async fn terminate(
    ctx: &Context<'_>,
    session: &ID,
    reason: Option<String>,
) -> Result<Event> {
    check_reason(ctx, reason.as_deref()).await?;
    let asked = TerminateRequested {
        by: viewer(ctx)?,
        cause: None,
        reason,
    };
    say(ctx, session, asked).await
}

pub(super) async fn send(
    ctx: &Context<'_>,
    session: &ID,
    text: String,
    reason: Option<String>,
) -> Result<Event> {
    check_text("text", &text)?;
    check_reason(ctx, reason.as_deref()).await?;
    let sent = MessageSent {
        by: viewer(ctx)?,
        reason,
        text,
    };
    say(ctx, session, sent).await
}

pub(super) async fn set_policy(
    ctx: &Context<'_>,
    session: &ID,
    policy: &SessionPolicyInput,
    reason: Option<String>,
) -> Result<Event> {
    check_reason(ctx, reason.as_deref()).await?;
    let set = PolicySet {
        by: viewer(ctx)?,
        end_when_unreachable_s: policy.end_when_unreachable_seconds,
        idle_warning_s: policy.idle_warning_seconds,
        inactivity_s: policy.inactivity_seconds,
        max_length_s: policy.max_length_seconds,
        reason: None,
        record_keys: policy.record_keys,
    };
    let nothing = PolicySet {
        by: set.by.clone(),
        ..PolicySet::default()
    };
    if set == nothing {
        return Err(ErrorCode::InvalidArgument.error("`policy` names nothing that is to be set"));
    }
    say(ctx, session, PolicySet { reason, ..set }).await
}

fn viewer(ctx: &Context<'_>) -> Result<String> {
    Ok(look::viewer(ctx)?.name.clone())
}

async fn check_reason(ctx: &Context<'_>, reason: Option<&str>) -> Result<()> {
    if let Some(reason) = reason {
        return check_text("reason", reason);
    }
    let settings = ctx.data::<Arc<SettingsBook>>()?.recent().await;
    if settings.map_err(of_store)?.policy.reason_required {
        let message = "`reason` is missing: `policy.reason_required` says that there must be one";
        return Err(ErrorCode::ReasonRequired.error(message));
    }
    Ok(())
}

pub(super) fn check_text(field: &str, text: &str) -> Result<()> {
    let found = text.chars().count();
    if (1..=TEXT_MAX).contains(&found) && !text.trim().is_empty() {
        return Ok(());
    }
    let message =
        format!("`{field}` has {found} characters, expected 1 to {TEXT_MAX}, not all blank");
    Err(ErrorCode::InvalidArgument.error(message))
}

/// Appends to the control stream of a session that goes on.
async fn say(ctx: &Context<'_>, session: &ID, body: impl Into<EventBody>) -> Result<Event> {
    let body = body.into();
    let id = look::session_id(session)?;
    let book = ctx.data::<Arc<ControlBook>>()?;
    let reader = look::reader(ctx)?;
    let no_such = || ErrorCode::NotFound.error("no recorder has launched such a session here");
    let may = look::allowed(ctx, Right::Control, id).await?;
    let known = blocking(move || reader.session(id)).await?;
    let session = book.launched(id).await.map_err(of_store)?;
    let session = session.filter(|_| may).ok_or_else(no_such)?;
    if let Some(ended) = known.and_then(|row| row.ended) {
        let message = format!("the session ended at {ended}: nobody would hear it");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    let settings = ctx.data::<Arc<SettingsBook>>()?.recent().await;
    let settings = Policy::of(&settings.map_err(of_store)?.policy);
    let now = Timestamp::now();
    let asked = EventBatch::of(now, body.clone())
        .map_err(|error| ErrorCode::InvalidArgument.error(error.to_string()))?;
    let version = session
        .append(|control| {
            let mut events = asked.clone();
            if let EventBody::PolicySet(set) = &body {
                // The whole policy follows: recorders that know no parts of one go by that.
                push_policy(control, Some(set), &settings, now, &mut events)?;
            }
            Ok::<_, ControlError>(Some(events))
        })
        .await
        .map_err(of_control)?;
    let appended = match version {
        Some(version) => session.events(version, 1).await.map_err(of_store)?,
        None => Vec::new(),
    };
    let event = appended.into_iter().next();
    event
        .map(Event::whole)
        .ok_or_else(|| ErrorCode::Internal.error("what was appended is not there"))
}
