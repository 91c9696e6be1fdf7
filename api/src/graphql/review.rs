//! The review of sessions: mark, comment, assign.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::event::{
    EventBody, ReviewReopened, SessionAssigned, SessionCommented, SessionReviewed,
};
use retrace_core::{SessionId, StreamName};
use retrace_projections::sessions;

use super::control::check_text;
use super::error::{ErrorCode, blocking, of_access};
use super::look;
use super::page;
use super::scalar::{DateTime, Long};
use super::session::{Session, unsigned};

/// How far the review of a session is.
#[derive(SimpleObject, Clone)]
pub(super) struct Review {
    /// When it was reviewed. Null when it was not, or is to be reviewed again.
    reviewed_at: Option<DateTime>,
    /// Who reviewed it.
    reviewed_by: Option<String>,
    /// Who has it to review.
    assignee: Option<String>,
    /// Whether it was chosen for the review queue, by the share of its policy.
    sampled: bool,
    /// How many comments there are.
    comment_count: Long,
}

impl Review {
    pub(super) fn of(review: sessions::Review) -> Self {
        let (reviewed_at, reviewed_by) = review.reviewed.unzip();
        Self {
            reviewed_at: reviewed_at.map(DateTime),
            reviewed_by,
            assignee: review.assignee,
            sampled: review.sampled,
            comment_count: review.comments.into(),
        }
    }
}

/// Something that was said about a session.
#[derive(SimpleObject)]
pub(super) struct Comment {
    /// Its id.
    id: ID,
    /// When it was said.
    at: DateTime,
    /// Who said it.
    by: String,
    /// About which moment: milliseconds from the start of the session. Null when it is about all of it.
    offset_ms: Option<Long>,
    /// What was said.
    text: String,
}

impl From<sessions::Comment> for Comment {
    fn from(comment: sessions::Comment) -> Self {
        Self {
            id: format!("comment:{}", comment.position).into(),
            at: DateTime(comment.at),
            by: comment.by,
            offset_ms: comment.offset_ms.map(Long::from),
            text: comment.text,
        }
    }
}

pub(super) async fn comments(
    ctx: &Context<'_>,
    session: SessionId,
    first: i32,
    after: Option<String>,
) -> Result<Connection<String, Comment>> {
    let request = page::request(first, after)?;
    let reader = look::recording(ctx, session, "comments").await?;
    let found = blocking(move || reader.comments(session, &request)).await?;
    Ok(page::connection(found, EmptyFields, Comment::from))
}

/// What reviewers do.
#[derive(Default)]
pub(super) struct ReviewMutation;

#[Object]
impl ReviewMutation {
    /// Marks a session as reviewed, with what was found.
    async fn review_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        comment: Option<String>,
    ) -> Result<Session> {
        if let Some(comment) = &comment {
            check_text("comment", comment)?;
        }
        say(ctx, &session, |by| SessionReviewed { by, comment }.into()).await
    }

    /// Marks sessions as reviewed, at most 100 at once. Those that the caller may not review are refused, and then none
    /// is marked.
    async fn review_sessions(
        &self,
        ctx: &Context<'_>,
        sessions: Vec<ID>,
        comment: Option<String>,
    ) -> Result<Vec<Session>> {
        const AT_ONCE_MAX: usize = 100;
        if sessions.is_empty() || sessions.len() > AT_ONCE_MAX {
            let found = sessions.len();
            let message = format!("`sessions` are {found}, expected 1 to {AT_ONCE_MAX}");
            return Err(ErrorCode::InvalidArgument.error(message));
        }
        if let Some(comment) = &comment {
            check_text("comment", comment)?;
        }
        for session in &sessions {
            may_review(ctx, session).await?;
        }
        let mut reviewed = Vec::new();
        for session in &sessions {
            let comment = comment.clone();
            let done = say(ctx, session, |by| SessionReviewed { by, comment }.into()).await;
            reviewed.push(done?);
        }
        Ok(reviewed)
    }

    /// A session that was reviewed is to be reviewed again.
    async fn reopen_review(
        &self,
        ctx: &Context<'_>,
        session: ID,
        reason: Option<String>,
    ) -> Result<Session> {
        if let Some(reason) = &reason {
            check_text("reason", reason)?;
        }
        say(ctx, &session, |by| ReviewReopened { by, reason }.into()).await
    }

    /// Says something about a session, or about a moment of it.
    async fn comment_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        text: String,
        offset_ms: Option<Long>,
    ) -> Result<Session> {
        check_text("text", &text)?;
        let offset_ms = offset_ms.map(|ms| unsigned("offsetMs", ms.0)).transpose()?;
        let comment = |by| SessionCommented {
            by,
            offset_ms,
            text,
        };
        say(ctx, &session, |by| comment(by).into()).await
    }

    /// Gives a session to somebody to review; to nobody, without `to`.
    async fn assign_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        to: Option<String>,
    ) -> Result<Session> {
        if let Some(to) = &to {
            check_text("to", to)?;
        }
        say(ctx, &session, |by| SessionAssigned { by, to }.into()).await
    }
}

async fn may_review(ctx: &Context<'_>, session: &ID) -> Result<SessionId> {
    let id = look::session_id(session)?;
    if look::allowed(ctx, Right::Review, id).await? {
        let reader = look::reader(ctx)?;
        if blocking(move || reader.session(id)).await?.is_some() {
            return Ok(id);
        }
    }
    Err(ErrorCode::NotFound.error("there is no such session"))
}

/// Appends what a reviewer says, and answers the session with it.
async fn say(
    ctx: &Context<'_>,
    session: &ID,
    body: impl FnOnce(String) -> EventBody,
) -> Result<Session> {
    let id = may_review(ctx, session).await?;
    let by = look::viewer(ctx)?.name.clone();
    let written = look::accesses(ctx)?.write(StreamName::review_of(id), body(by));
    let size = written.await.map_err(of_access)?;
    look::seen_up_to(ctx, size).await?;
    let reader = look::reader(ctx)?;
    let row = blocking(move || reader.session(id)).await?;
    let row = row.ok_or_else(|| ErrorCode::NotFound.error("there is no such session"))?;
    Ok(row.into())
}
