//! What people do to sessions that go on.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use retrace_core::access::Right;
use retrace_core::event::{EventBatch, VideoRequested};
use retrace_core::log::EventLog;
use retrace_core::{SessionId, StreamName, Timestamp};
use retrace_query::video::ProductState;

use super::control::{self, SessionPolicyInput};
use super::error::{ErrorCode, blocking, of_access};
use super::events::Event;
use super::look;
use super::redaction::{self, NewRedaction};
use crate::accesses::append_at_end;
use crate::processing::{MP4, THUMBNAILS, WEBM};
use crate::server::checked_reason;
use crate::tokens::Viewer;

/// What people do to sessions that go on, and to their recordings.
#[derive(Default)]
pub(super) struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Asks the recorder of a session to end it. The answer is the request as it stands in the log;
    /// what became of it shows in `Session.controls`, and that the session has ended when its recorder
    /// says so.
    async fn terminate_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        reason: Option<String>,
    ) -> Result<Event> {
        control::terminate(ctx, &session, reason).await
    }

    /// Sends a message to the person in a session. The answer is the message as it stands in the log.
    /// The reason is not shown to them.
    async fn send_message(
        &self,
        ctx: &Context<'_>,
        session: ID,
        text: String,
        reason: Option<String>,
    ) -> Result<Event> {
        control::send(ctx, &session, text, reason).await
    }

    /// Changes the policy of one session that goes on: what is named holds for it from now on,
    /// whatever the settings say. The answer is the change as it stands in the log.
    async fn set_policy(
        &self,
        ctx: &Context<'_>,
        session: ID,
        policy: SessionPolicyInput,
        reason: Option<String>,
    ) -> Result<Event> {
        control::set_policy(ctx, &session, &policy, reason).await
    }

    /// Says why the caller looks at a recording, before they do. For as long as looks are folded (`access.fold_s`)
    /// nothing more has to be said; a player that cannot send the header `Retrace-Reason` begins with this.
    async fn view_recording(&self, ctx: &Context<'_>, session: ID, reason: String) -> Result<bool> {
        let id = look::session_id(&session)?;
        if !look::allowed(ctx, Right::ViewRecordings, id).await? {
            return Err(ErrorCode::NotFound.error("there is no such session"));
        }
        let viewer = Viewer {
            reason: Some(checked_reason(&reason).map_err(of_access)?),
            ..look::viewer(ctx)?.clone()
        };
        let written = look::accesses(ctx)?.viewed(&viewer, id, "opened").await;
        written.map_err(of_access)?;
        Ok(true)
    }

    /// Hides a span of a session from everybody who does not reveal it, and answers its id. What was recorded stays as it
    /// is.
    async fn redact(&self, ctx: &Context<'_>, redaction: NewRedaction) -> Result<ID> {
        redaction::add(ctx, redaction).await
    }

    /// Shows a span again that a person redacted. Answers false when somebody did so before.
    async fn lift_redaction(
        &self,
        ctx: &Context<'_>,
        session: ID,
        id: ID,
        reason: String,
    ) -> Result<bool> {
        redaction::lift(ctx, &session, &id, reason).await
    }

    /// Asks for a video of a session's footage to be built: an MP4, or what could not be built once more. What is
    /// there, or is being built, stays as it is. Answers false then.
    async fn request_video(
        &self,
        ctx: &Context<'_>,
        session: ID,
        #[graphql(default_with = "VideoKind::Mp4")] kind: VideoKind,
    ) -> Result<bool> {
        let no_such = || ErrorCode::NotFound.error("this session has no footage");
        let id: SessionId = session.parse().map_err(|_| no_such())?;
        let media_type = match kind {
            VideoKind::Video => WEBM,
            VideoKind::Mp4 => MP4,
            VideoKind::Thumbnails => THUMBNAILS,
        };
        let reader = look::reader(ctx)?;
        look::allowed(ctx, Right::ViewRecordings, id).await?;
        let (footage, products) =
            blocking(move || Ok((reader.footage(id, i64::MIN)?, reader.products(id)?))).await?;
        if footage.is_empty() {
            return Err(no_such());
        }
        let state = products
            .iter()
            .find(|product| product.media_type == media_type);
        if state.is_some_and(|product| product.state != ProductState::Failed) {
            return Ok(false);
        }
        request(ctx, id, media_type).await?;
        Ok(true)
    }

    /// Asks for everything that could not be built to be tried again. Answers how much that is, at most 1,000.
    async fn retry_failed_videos(&self, ctx: &Context<'_>) -> Result<i32> {
        let reader = look::reader(ctx)?;
        let failed = blocking(move || reader.failed_products(1_000)).await?;
        for (session, media_type) in &failed {
            request(ctx, *session, media_type).await?;
        }
        Ok(i32::try_from(failed.len()).unwrap_or(i32::MAX))
    }
}

/// What is asked for as video.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(super) enum VideoKind {
    /// Video of pictures that were captured one by one, once more: only what failed has to be asked for.
    Video,
    /// A video that all browsers play.
    #[graphql(name = "MP4")]
    Mp4,
    /// Thumbnails and changes of the screen, once more: only what failed has to be asked for.
    Thumbnails,
}

/// Asks for something to be built.
async fn request(ctx: &Context<'_>, session: SessionId, media_type: &str) -> Result<()> {
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    let by = ctx.data::<Viewer>()?.name.clone();
    let requested = VideoRequested {
        by,
        media_type: media_type.to_owned(),
    };
    let events = EventBatch::of(Timestamp::now(), requested)
        .map_err(|error| ErrorCode::InvalidArgument.error(error.to_string()))?;
    append_at_end(&**log, StreamName::video_of(session), events)
        .await
        .map(drop)
        .map_err(of_access)
}
