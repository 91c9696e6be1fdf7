//! What is kept and what goes: legal holds, purging, and what the settings let go.

use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::log::EventLog;
use retrace_core::settings::Settings;
use retrace_core::{SessionId, Timestamp};
use retrace_projections::sessions;
use retrace_query::SessionFilter;

use super::control::check_text;
use super::error::{ErrorCode, blocking, internal, of_control, of_store};
use super::look;
use super::page;
use super::scalar::{DateTime, LogPosition, Long};
use super::session::{Session, list_cost};
use super::settings::book;
use crate::control::ControlBook;
use crate::retention::due::{self, Periods};
use crate::retention::purge::{PurgeRefused, Purger};
use crate::retention::service::RetentionStatusBook;
use crate::retention::{HoldChange, HoldError, change_hold};

/// What counting the sessions that may go costs.
const COST: usize = 100;
/// The longest name of a matter, in characters.
const MATTER_MAX: usize = 200;
/// So many sessions are held, or let go, at once.
const AT_ONCE_MAX: usize = 100;
const DAY_US: i64 = 86_400_000_000;

/// A legal hold on a session: while there is one, what was recorded is not purged.
#[derive(SimpleObject)]
pub(super) struct LegalHold {
    /// What it is for: a case, a matter. Empty where nobody said. A session has one hold for each.
    matter: String,
    /// When it was placed.
    at: DateTime,
    /// Who placed it.
    by: String,
    /// Why.
    reason: String,
}

impl From<sessions::Hold> for LegalHold {
    fn from(hold: sessions::Hold) -> Self {
        Self {
            matter: hold.matter,
            at: DateTime(hold.at),
            by: hold.by,
            reason: hold.reason,
        }
    }
}

/// What stays of a session that was purged. Its events are destroyed; their hashes stand in the log as before.
#[derive(SimpleObject)]
pub(super) struct PurgedSession {
    /// The id of the session.
    id: ID,
    /// When it was purged.
    at: DateTime,
    /// Who purged it; `retention` where the settings did.
    by: String,
    /// Why.
    reason: String,
    /// Where the event stands that says so.
    position: LogPosition,
    /// How many events were destroyed.
    events: Option<Long>,
    /// How many segments and screenshots.
    blobs: Option<Long>,
    /// How many bytes those took.
    bytes: Option<Long>,
    /// When it started.
    started_at: Option<DateTime>,
    /// When it ended.
    ended_at: Option<DateTime>,
    /// The person or service that acted.
    user: Option<String>,
    /// The machine it was on, or connected to.
    host: Option<String>,
    /// The account or resource that was reached.
    target: Option<String>,
    /// `terminal`, `ssh`, `rdp`, …
    protocol: Option<String>,
    /// The site that recorded it.
    site: Option<String>,
    /// The folder that holds the secret.
    folder: Option<String>,
}

impl From<sessions::PurgedSession> for PurgedSession {
    fn from(purged: sessions::PurgedSession) -> Self {
        Self {
            id: purged.id.to_string().into(),
            at: DateTime(purged.at),
            by: purged.by,
            reason: purged.reason,
            position: LogPosition(purged.position),
            events: purged.events.map(Long::from),
            blobs: purged.blobs.map(Long::from),
            bytes: purged.bytes.map(Long::from),
            started_at: purged.started.map(DateTime),
            ended_at: purged.ended.map(DateTime),
            user: purged.user,
            host: purged.host,
            target: purged.target,
            protocol: purged.protocol,
            site: purged.site,
            folder: purged.folder,
        }
    }
}

/// What the settings do to what was recorded.
#[derive(SimpleObject)]
pub(super) struct Retention {
    /// How long sessions are kept, in seconds; 0 is for ever.
    keep_seconds: Long,
    /// Other times for some of them, as the setting has it.
    exceptions: String,
    /// How many sessions may be purged as soon as the grace after a change is over, by the settings of now.
    due: Long,
    /// How many may within the days that were asked about, those that are due included.
    soon: Long,
    /// How many legal holds keep, which would be among them otherwise.
    due_on_hold: Long,
    /// How many sessions are on hold.
    on_hold: Long,
    /// When this node last looked for sessions that may go. Null when it has not yet.
    looked_at: Option<DateTime>,
    /// What went wrong then.
    trouble: Option<String>,
}

/// Questions about what is kept.
#[derive(Default)]
pub(super) struct RetentionQuery;

#[Object]
impl RetentionQuery {
    /// What the settings let go, now and within some days (0 to 3,650).
    #[graphql(complexity = "COST + child_complexity")]
    async fn retention(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 30)] within_days: i32,
    ) -> Result<Retention> {
        look::needs(ctx, Right::ViewSettings, "settings").await?;
        let reader = look::list(ctx, "retention").await?;
        if !(0..=3_650).contains(&within_days) {
            let message = format!("`withinDays` is {within_days}, expected 0 to 3650");
            return Err(ErrorCode::InvalidArgument.error(message));
        }
        let settings = book(ctx)?.current().await.map_err(of_store)?;
        let periods = Periods::of(&settings.retention);
        let now = Timestamp::now();
        let then = now.saturating_add_micros(i64::from(within_days) * DAY_US);
        let (counted, on_hold) = blocking(move || {
            let mut counted = [0_u64; 3];
            due::each_due(&reader, &periods, then, |session| {
                let is_due = periods.let_go(session, now);
                match (session.holds > 0, is_due) {
                    (true, _) => counted[2] += 1,
                    (false, true) => counted[0] += 1,
                    (false, false) => counted[1] += 1,
                }
                true
            })?;
            let held = SessionFilter {
                on_hold: Some(true),
                ..SessionFilter::default()
            };
            Ok((counted, reader.session_count(&held)?))
        })
        .await?;
        let [due, soon, due_on_hold] = counted;
        let status = ctx.data::<RetentionStatusBook>()?.get();
        Ok(Retention {
            keep_seconds: settings.retention.keep_s.into(),
            exceptions: settings.retention.exceptions.to_string(),
            due: due.into(),
            soon: (due + soon).into(),
            due_on_hold: due_on_hold.into(),
            on_hold: on_hold.into(),
            looked_at: status.looked_at.map(DateTime),
            trouble: status.trouble,
        })
    }

    /// What stays of a session that was purged. Null when none was with this id.
    #[graphql(complexity = "10 + child_complexity")]
    async fn purged_session(&self, ctx: &Context<'_>, id: ID) -> Result<Option<PurgedSession>> {
        let Ok(session) = id.parse::<SessionId>() else {
            return Ok(None);
        };
        let reader = look::list(ctx, "purged sessions").await?;
        let found = blocking(move || reader.purged_session(session)).await?;
        Ok(found.map(PurgedSession::from))
    }

    /// What stays of the sessions that were purged, the latest first. `first` is 1 to 100.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn purged_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<String, PurgedSession>> {
        let request = page::request(first, after)?;
        let reader = look::list(ctx, "purged sessions").await?;
        let found = blocking(move || reader.purged_sessions(&request)).await?;
        Ok(page::connection(found, EmptyFields, PurgedSession::from))
    }
}

/// Changes of what is kept.
#[derive(Default)]
pub(super) struct RetentionMutation;

#[Object]
impl RetentionMutation {
    /// Puts sessions, at most 100, on legal hold for a matter (up to 200 characters, or none). Those that are on hold for it
    /// stay so. With one that the caller may not hold, none is.
    async fn hold_sessions(
        &self,
        ctx: &Context<'_>,
        sessions: Vec<ID>,
        #[graphql(default)] matter: String,
        reason: String,
    ) -> Result<Vec<Session>> {
        hold(ctx, &sessions, HoldChange::Place, &matter, &reason).await
    }

    /// Lifts the legal hold for a matter from sessions, at most 100. Holds for other matters stay.
    async fn release_sessions(
        &self,
        ctx: &Context<'_>,
        sessions: Vec<ID>,
        #[graphql(default)] matter: String,
        reason: String,
    ) -> Result<Vec<Session>> {
        hold(ctx, &sessions, HoldChange::Release, &matter, &reason).await
    }

    /// Destroys what was recorded of a session that has ended, for ever: its events, videos and screenshots. That it took
    /// place, who looked at it and all hashes stay. Refused while a hold is on it.
    async fn purge_session(
        &self,
        ctx: &Context<'_>,
        session: ID,
        reason: String,
    ) -> Result<PurgedSession> {
        check_text("reason", &reason)?;
        let no_such = || ErrorCode::NotFound.error("there is no such session");
        let id = look::session_id(&session)?;
        let reader = look::reader(ctx)?;
        if !look::allowed(ctx, Right::Purge, id).await? {
            return Err(no_such());
        }
        let row = blocking(move || reader.session(id)).await?;
        if row.ok_or_else(no_such)?.ended.is_none() {
            let message = "the session goes on: end it first";
            return Err(ErrorCode::InvalidArgument.error(message));
        }
        let by = &look::viewer(ctx)?.name;
        let purged = ctx.data::<Purger>()?.purge(id, by, &reason).await;
        let purged = purged.map_err(|refused| match refused {
            PurgeRefused::Held { .. } | PurgeRefused::Purged(_) => {
                ErrorCode::InvalidArgument.error(refused.to_string())
            }
            PurgeRefused::NoSession(_) => no_such(),
            PurgeRefused::Log(_) | PurgeRefused::Blobs(_) => internal(&refused),
        })?;
        look::seen_up_to(ctx, purged.log_size).await?;
        let reader = look::reader(ctx)?;
        let found = blocking(move || reader.purged_session(id)).await?;
        found.map(PurgedSession::from).ok_or_else(no_such)
    }
}

async fn hold(
    ctx: &Context<'_>,
    sessions: &[ID],
    change: HoldChange,
    matter: &str,
    reason: &str,
) -> Result<Vec<Session>> {
    check_text("reason", reason)?;
    let matter = matter.trim();
    let found = matter.chars().count();
    if found > MATTER_MAX || matter.chars().any(char::is_control) {
        let message =
            format!("`matter` has {found} characters, expected a line of at most {MATTER_MAX}");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    if sessions.is_empty() || sessions.len() > AT_ONCE_MAX {
        let found = sessions.len();
        let message = format!("`sessions` are {found}, expected 1 to {AT_ONCE_MAX}");
        return Err(ErrorCode::InvalidArgument.error(message));
    }
    let no_such = || ErrorCode::NotFound.error("there is no such session");
    let mut ids = Vec::new();
    for session in sessions {
        let id = look::session_id(session)?;
        let reader = look::reader(ctx)?;
        let may = look::allowed(ctx, Right::Hold, id).await?;
        if !may || blocking(move || reader.session(id)).await?.is_none() {
            return Err(no_such());
        }
        ids.push(id);
    }
    let control = ctx.data::<Arc<ControlBook>>()?;
    let by = &look::viewer(ctx)?.name;
    for id in &ids {
        change_hold(control, *id, change, matter, by, reason)
            .await
            .map_err(|error| match error {
                HoldError::Purged(_) => ErrorCode::InvalidArgument.error(error.to_string()),
                HoldError::Control(error) => of_control(error),
            })?;
    }
    let log = ctx.data::<Arc<dyn EventLog>>()?;
    look::seen_up_to(ctx, log.head().await.map_err(of_store)?.size).await?;
    let reader = look::reader(ctx)?;
    let rows = blocking(move || ids.into_iter().map(|id| reader.session(id)).collect());
    let rows: Vec<Option<sessions::SessionRow>> = rows.await?;
    Ok(rows.into_iter().flatten().map(Session::from).collect())
}

pub(super) async fn holds_of(ctx: &Context<'_>, session: SessionId) -> Result<Vec<LegalHold>> {
    let reader = look::reader(ctx)?;
    let holds = blocking(move || reader.holds(session)).await?;
    Ok(holds.into_iter().map(LegalHold::from).collect())
}

/// Until when a session is kept, by the settings of now and whether or not it is on hold.
pub(super) async fn kept_until(ctx: &Context<'_>, session: SessionId) -> Result<Option<DateTime>> {
    let settings = book(ctx)?.recent().await.map_err(of_store)?;
    let periods = Periods::of(&settings.retention);
    let reader = look::reader(ctx)?;
    let row = blocking(move || reader.session(session)).await?;
    Ok(row.and_then(|row| periods.until(&row)).map(DateTime))
}

/// What a change of the settings would purge.
pub(super) async fn preview(
    ctx: &Context<'_>,
    now: &Settings,
    then: &Settings,
) -> Result<Option<due::Preview>> {
    if now.retention == then.retention {
        return Ok(None);
    }
    let reader = look::reader(ctx)?;
    let [now, then] = [now, then].map(|settings| Periods::of(&settings.retention));
    let preview = blocking(move || due::preview(&reader, &now, &then, Timestamp::now()));
    preview.await.map(Some)
}
