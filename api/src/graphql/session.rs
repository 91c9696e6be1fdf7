//! Sessions, and what is known of each.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Interface, Result, SimpleObject,
};
use retrace_core::SessionId;
use retrace_core::event;
use retrace_projections::moments::MomentId;
use retrace_projections::redaction::in_catalogue;
use retrace_projections::sessions::SessionRow;
use retrace_query as query;

use super::access::AccessRight;
use super::accesses::{self, SessionAccess};
use super::control::{self, SessionControl, SessionPolicy};
use super::coverage::{self, RecordingGap};
use super::error::{ErrorCode, blocking, of_query};
use super::events::{self, EVENT_ID, Event};
use super::loaders::{self, ActivityOf};
use super::look;
use super::media::{self, Media};
use super::moment::{Moment, MomentKind, SeekPoint};
use super::page::{self, Asked, page_cost};
use super::redaction::{self, Redaction};
use super::retention::{self, LegalHold};
use super::review::{self, Comment, Review};
use super::scalar::{DateTime, Long};

/// Whether a session goes on.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SessionState")]
pub(super) enum SessionState {
    /// It has not ended yet, as far as the log knows.
    Active,
    /// It has ended.
    Ended,
}

/// The order of sessions.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SessionOrder")]
pub(super) enum SessionOrder {
    /// The latest start first.
    StartedDesc,
    /// The earliest start first.
    StartedAsc,
    /// The longest first.
    DurationDesc,
    /// The last one taken in first.
    RecordedDesc,
}

/// Why a session ended.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "event::EndReason")]
pub(super) enum EndReason {
    /// The person, or their program, ended it.
    User,
    /// An administrator ended it.
    Terminated,
    /// Nothing was done in it for too long.
    Inactivity,
    /// It reached the longest time that is allowed.
    MaxLength,
    /// The connection to the target was lost.
    ConnectionLost,
    /// The recorder could not reach the server.
    ServerUnreachable,
    /// It was not allowed, and never began.
    Refused,
    /// The recording ends here and does not say why.
    Unknown,
}

/// Which sessions are wanted: all conditions that are given must hold.
#[derive(InputObject, Default)]
pub(super) struct SessionFilter {
    /// Words that must all occur in title, user, host, command or file name.
    text: Option<String>,
    /// The user, exactly.
    user: Option<String>,
    /// The host, exactly.
    host: Option<String>,
    /// The protocol, exactly.
    protocol: Option<String>,
    /// A group of the user.
    group: Option<String>,
    /// The secret, exactly.
    secret: Option<String>,
    /// The folder of the secret, or one that it lies in.
    folder: Option<String>,
    /// The target, exactly.
    target: Option<String>,
    /// The site, exactly.
    site: Option<String>,
    /// The launcher, exactly.
    launcher: Option<String>,
    /// The policy, exactly.
    policy: Option<String>,
    /// Whether it goes on.
    state: Option<SessionState>,
    /// Whether anything of it was recorded: output, keys, pictures.
    recorded: Option<bool>,
    /// Whether parts of the recording are missing, or show less than they should.
    has_gaps: Option<bool>,
    /// Whether it was reviewed.
    reviewed: Option<bool>,
    /// Who has it to review.
    assignee: Option<String>,
    /// Whether it waits in the review queue: chosen for it, ended and not reviewed.
    in_review_queue: Option<bool>,
    /// Whether a legal hold is on it.
    on_hold: Option<bool>,
    /// Started at this time or later.
    started_from: Option<DateTime>,
    /// Started before this time.
    started_to: Option<DateTime>,
}

impl From<SessionFilter> for query::SessionFilter {
    fn from(filter: SessionFilter) -> Self {
        Self {
            text: filter.text,
            user: filter.user,
            host: filter.host,
            protocol: filter.protocol,
            group: filter.group,
            secret: filter.secret,
            folder: filter.folder,
            target: filter.target,
            site: filter.site,
            launcher: filter.launcher,
            policy: filter.policy,
            recorded: filter.recorded,
            has_gaps: filter.has_gaps,
            reviewed: filter.reviewed,
            assignee: filter.assignee,
            in_review_queue: filter.in_review_queue,
            on_hold: filter.on_hold,
            state: filter.state.map(Into::into),
            started_from: filter.started_from.map(|time| time.0),
            started_to: filter.started_to.map(|time| time.0),
        }
    }
}

/// What a page of sessions has beside the sessions.
#[derive(SimpleObject)]
pub(super) struct SessionTotals {
    /// How many sessions the filter lets through, on all pages.
    total_count: Long,
}

pub(super) type SessionConnection = Connection<String, Session, SessionTotals>;

pub(super) async fn page_of_sessions(
    ctx: &Context<'_>,
    filter: Option<SessionFilter>,
    order: SessionOrder,
    asked: Asked,
) -> Result<SessionConnection> {
    let request = asked.request(50)?;
    let reader = look::list(ctx, "sessions").await?;
    let filter: query::SessionFilter = filter.unwrap_or_default().into();
    let (found, total) = blocking(move || {
        let found = reader.sessions(&filter, order.into(), &request)?;
        Ok((found, reader.session_count(&filter)?))
    })
    .await?;
    Ok(page::connection(
        found,
        SessionTotals {
            total_count: total.into(),
        },
        Session::from,
    ))
}

/// Whatever has this id.
pub(super) async fn find_node(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    if let Some(position) = id.strip_prefix(EVENT_ID) {
        return Ok(events::find(ctx, position).await?.map(Node::Event));
    }
    if let Ok(id) = id.parse::<MomentId>() {
        let reader = look::reader(ctx)?;
        let Some(moment) = blocking(move || reader.moment(id)).await? else {
            return Ok(None);
        };
        // It is read again: what is redacted in it may be revealed to them.
        let reader = look::recording(ctx, moment.session, "moment").await?;
        let moment = blocking(move || reader.moment(id)).await?;
        return Ok(moment.map(|moment| Node::Moment(Box::new(moment.into()))));
    }
    Ok(find(ctx, id)
        .await?
        .map(|session| Node::Session(Box::new(session))))
}

/// The session with this id. An id that is none names no session.
pub(super) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Session>> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(None);
    };
    let reader = look::list(ctx, "session").await?;
    Ok(blocking(move || reader.session(id))
        .await?
        .map(Session::from))
}

/// One recorded session.
#[derive(SimpleObject, Clone)]
#[graphql(complex)]
pub(super) struct Session {
    /// A title for people.
    title: Option<String>,
    /// The person or service that acts.
    user: Option<String>,
    /// The machine the session is on, or is connected to.
    host: Option<String>,
    /// The command line that was run, where one was given.
    command: Option<String>,
    /// `terminal`, `ssh`, `rdp`, …
    protocol: Option<String>,
    /// The account or resource that is reached.
    target: Option<String>,
    /// What opened the session.
    launcher: Option<String>,
    /// The secret whose account is used.
    secret: Option<String>,
    /// The folder that holds the secret.
    folder: Option<String>,
    /// The site that recorded the session.
    site: Option<String>,
    /// The recording policy in force at its launch.
    policy: Option<String>,
    /// The groups of the user.
    groups: Vec<String>,
    /// Whether it goes on.
    state: SessionState,
    /// When it started.
    started_at: DateTime,
    /// When it ended. Null while it goes on.
    ended_at: Option<DateTime>,
    /// When something happened in it last, as far as is known.
    last_activity_at: DateTime,
    /// From the start to the end, or to the last event so far.
    duration_ms: Long,
    /// When the server took in the first event.
    recorded_at: DateTime,
    /// Why it ended.
    end_reason: Option<EndReason>,
    /// The exit status of the command, where it is known.
    exit_status: Option<i32>,
    /// The file it was imported from, if it was.
    recording: Option<RecordingFile>,
    /// The size of its terminal at the start.
    terminal: Option<TerminalSize>,
    /// How much there is of each kind.
    counts: SessionCounts,
    /// How many parts of the recording are missing, or show less than they should.
    gaps: Long,
    /// How far its review is.
    review: Review,
    /// Whether a legal hold is on it.
    on_hold: bool,
    #[graphql(skip)]
    session: SessionId,
    #[graphql(skip)]
    has_terminal: bool,
}

/// Something with an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id: `node` finds it by this."))]
pub(super) enum Node {
    Session(Box<Session>),
    Moment(Box<Moment>),
    Event(Event),
}

/// The file that a session was imported from.
#[derive(SimpleObject, Clone)]
pub(super) struct RecordingFile {
    /// Its name, without folders.
    name: String,
    /// `asciicast-v2`, …
    format: String,
    /// Its size, decompressed.
    bytes: Long,
    /// SHA-256 of its content, decompressed, in hexadecimal.
    sha256: String,
    /// Longer pauses are to be shown as this long.
    idle_limit_ms: Option<Long>,
}

/// The size of a terminal.
#[derive(SimpleObject, Clone)]
pub(super) struct TerminalSize {
    /// Characters in a line.
    columns: i32,
    /// Lines.
    rows: i32,
}

/// How much there is of each kind.
#[derive(SimpleObject, Clone)]
pub(super) struct SessionCounts {
    /// Events of its streams, without those that tell who looked.
    events: Long,
    /// Bytes written to the terminal, as UTF-8.
    output_bytes: Long,
    /// Keys typed: one for each character, and one for an escape sequence.
    keys: Long,
    /// Markers.
    markers: Long,
}

impl From<SessionRow> for Session {
    fn from(row: SessionRow) -> Self {
        let duration_ms = row.duration_us() / 1000;
        Self {
            state: query::SessionState::of(&row).into(),
            started_at: DateTime(row.started),
            ended_at: row.ended.map(DateTime),
            last_activity_at: DateTime(row.last_event),
            duration_ms: duration_ms.into(),
            recorded_at: DateTime(row.recorded),
            end_reason: row.end_reason.map(Into::into),
            exit_status: row.exit_status,
            recording: row.recording.map(|file| RecordingFile {
                name: file.name,
                format: file.format,
                bytes: file.bytes.into(),
                sha256: file.sha256,
                idle_limit_ms: file.idle_limit_us.map(|micros| (micros / 1000).into()),
            }),
            has_terminal: row.terminal.is_some() || row.counts.output_bytes > 0,
            terminal: row.terminal.map(|size| TerminalSize {
                columns: size.columns().into(),
                rows: size.rows().into(),
            }),
            counts: SessionCounts {
                events: row.events.into(),
                output_bytes: row.counts.output_bytes.into(),
                keys: row.counts.keys.into(),
                markers: row.counts.markers.into(),
            },
            title: row.title.as_deref().map(in_catalogue),
            user: row.user,
            host: row.host,
            command: row.command.as_deref().map(in_catalogue),
            protocol: row.protocol,
            target: row.target,
            launcher: row.launcher,
            secret: row.secret,
            folder: row.folder,
            site: row.site,
            policy: row.policy,
            groups: row.groups,
            gaps: row.gaps.into(),
            review: Review::of(row.review),
            on_hold: row.holds > 0,
            session: row.id,
        }
    }
}

#[ComplexObject]
impl Session {
    /// Its id.
    async fn id(&self) -> ID {
        self.session.to_string().into()
    }

    /// What was typed, run, seen and marked, in order of time: `first` so many behind `after`, or `last` so many before
    /// `before`; 1 to 100, 100 when neither is given.
    #[graphql(complexity = "page_cost(first, last, 100, child_complexity)")]
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the arguments of the field"
    )]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only moments of these kinds.")] kinds: Option<Vec<MomentKind>>,
        #[graphql(desc = "At this offset or later.")] from_ms: Option<Long>,
        #[graphql(desc = "Before this offset.")] to_ms: Option<Long>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<String, Moment>> {
        let asked = Asked {
            first,
            after,
            last,
            before,
        };
        let request = asked.request(100)?;
        let filter = query::TimelineFilter {
            kinds: kinds.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            from_ms: optional("fromMs", from_ms)?,
            to_ms: optional("toMs", to_ms)?,
        };
        let session = self.session;
        let reader = look::recording(ctx, session, "timeline").await?;
        let found = blocking(move || reader.timeline(session, &filter, &request)).await?;
        Ok(page::connection(found, EmptyFields, Moment::from))
    }

    /// How many moments of each kind there are, in equal buckets of time over the session or a stretch of it: what a
    /// timeline shows from afar. `buckets` is 1 to 2000.
    #[graphql(complexity = "50 + child_complexity")]
    async fn moment_map(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 300)] buckets: i32,
        #[graphql(desc = "From this offset on.")] from_ms: Option<Long>,
        #[graphql(desc = "Before this offset.")] to_ms: Option<Long>,
    ) -> Result<MomentMap> {
        let (buckets, stretch) = (bucket_count(buckets)?, stretch(from_ms, to_ms)?);
        let session = self.session;
        let reader = look::recording(ctx, session, "moment map").await?;
        let map = blocking(move || reader.moment_map(session, buckets, stretch)).await?;
        Ok(map.map(MomentMap::from).unwrap_or_default())
    }

    /// How much happened when, in equal buckets of time over the session or a stretch of it. `buckets` is 1 to
    /// 2000.
    #[graphql(complexity = "50 + child_complexity")]
    async fn activity_map(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 300)] buckets: i32,
        #[graphql(desc = "From this offset on.")] from_ms: Option<Long>,
        #[graphql(desc = "Before this offset.")] to_ms: Option<Long>,
    ) -> Result<ActivityMap> {
        let of = ActivityOf {
            session: self.session,
            buckets: bucket_count(buckets)?,
            stretch: stretch(from_ms, to_ms)?,
        };
        let map = loaders::load(ctx, of).await?;
        Ok(map.map(ActivityMap::from).unwrap_or_default())
    }

    /// Moments to jump to, in order of time; with `nearMs`, the ones nearest to it. `first` is 1 to
    /// 100.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn seek_points(
        &self,
        ctx: &Context<'_>,
        kinds: Option<Vec<MomentKind>>,
        near_ms: Option<Long>,
        #[graphql(default = 50)] first: i32,
    ) -> Result<Vec<SeekPoint>> {
        let (reader, session) = (
            look::recording(ctx, self.session, "seek points").await?,
            self.session,
        );
        let kinds: Option<Vec<_>> = kinds.map(|kinds| kinds.into_iter().map(Into::into).collect());
        let near_ms = optional("nearMs", near_ms)?;
        let first = u32::try_from(unsigned("first", first.into())?).unwrap_or(u32::MAX);
        let found =
            blocking(move || reader.seek_points(session, kinds.as_deref(), near_ms, first)).await?;
        Ok(found.into_iter().map(SeekPoint::from).collect())
    }

    /// The terminal screen at a moment, in milliseconds from the start. Null when the session has
    /// no terminal.
    #[graphql(complexity = "50 + child_complexity")]
    async fn screen(&self, ctx: &Context<'_>, at_ms: Long) -> Result<Option<Screen>> {
        let at_ms = unsigned("atMs", at_ms.0)?;
        let reader = look::recording(ctx, self.session, "screen").await?;
        let screen = reader.screen(self.session, at_ms).await.map_err(of_query)?;
        Ok(screen.map(Screen::from))
    }

    /// The spans of it that are hidden from whoever does not reveal them, and that were, in the order of time.
    #[graphql(complexity = "50 + child_complexity")]
    async fn redactions(&self, ctx: &Context<'_>) -> Result<Vec<Redaction>> {
        redaction::of_session(ctx, self.session).await
    }

    /// Its video: what plays, what is being built, thumbnails.
    #[graphql(complexity = "50 + child_complexity")]
    async fn media(&self, ctx: &Context<'_>) -> Result<Media> {
        media::of_session(ctx, self.session, self.ended_at.is_none()).await
    }

    /// The parts, of so many milliseconds or longer, in which nothing was typed, written or started and the screen
    /// stood still.
    #[graphql(complexity = "50 + child_complexity")]
    async fn idle_stretches(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Long(10_000)")] at_least_ms: Long,
    ) -> Result<Vec<IdleStretch>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        let at_least_ms = unsigned("atLeastMs", at_least_ms.0)?;
        let found = blocking(move || reader.idle_stretches(session, at_least_ms)).await?;
        let stretch = |stretch: query::IdleStretch| IdleStretch {
            from_ms: stretch.from_ms.into(),
            to_ms: stretch.to_ms.into(),
        };
        Ok(found.into_iter().map(stretch).collect())
    }

    /// What was asked of its recorder, each with the answer; the oldest first.
    #[graphql(complexity = "50 + child_complexity")]
    async fn controls(&self, ctx: &Context<'_>) -> Result<Vec<SessionControl>> {
        control::of_session(ctx, self.session).await
    }

    /// The parts of it that are missing from the recording, or from which on it shows less than it should, in the
    /// order of time; the first 500.
    #[graphql(complexity = "50 + child_complexity")]
    async fn recording_gaps(&self, ctx: &Context<'_>) -> Result<Vec<RecordingGap>> {
        coverage::gaps_of(ctx, self.session).await
    }

    /// What the caller may do with it.
    #[graphql(complexity = "50 + child_complexity")]
    async fn rights(&self, ctx: &Context<'_>) -> Result<Vec<AccessRight>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        let rights = blocking(move || reader.rights(session)).await?;
        Ok(rights.into_iter().map(AccessRight::from).collect())
    }

    /// The policy that its recorder was told last. Null when no recorder has launched it here.
    #[graphql(complexity = "50 + child_complexity")]
    async fn policy_in_force(&self, ctx: &Context<'_>) -> Result<Option<SessionPolicy>> {
        control::policy_of(ctx, self.session).await
    }

    /// Where the recording is served as asciicast: version 2, or with `?version=3`. Null when it
    /// holds no terminal.
    async fn asciicast_url(&self) -> Option<String> {
        self.has_terminal
            .then(|| format!("/v1/sessions/{}/asciicast", self.session))
    }

    /// The legal holds on it, by what they are for.
    #[graphql(complexity = "10 + child_complexity")]
    async fn holds(&self, ctx: &Context<'_>) -> Result<Vec<LegalHold>> {
        retention::holds_of(ctx, self.session).await
    }

    /// Until when it is kept by the settings (`retention.keep_s`), unless it is on hold. Null is for ever.
    #[graphql(complexity = "10")]
    async fn kept_until(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        retention::kept_until(ctx, self.session).await
    }

    /// What reviewers said about it, the oldest first. `first` is 1 to 100.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn comments(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<String, Comment>> {
        review::comments(ctx, self.session, first, after).await
    }

    /// Who looked at it, took it away or tried to, the oldest first. `first` is 1 to 100.
    #[graphql(complexity = "list_cost(first, child_complexity)")]
    async fn accesses(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50)] first: i32,
        after: Option<String>,
    ) -> Result<Connection<String, SessionAccess>> {
        accesses::of_session(ctx, self.session, first, after).await
    }

    /// The streams that hold its events.
    async fn streams(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let (reader, session) = (look::reader(ctx)?, self.session);
        blocking(move || reader.session_streams(session)).await
    }
}

/// The cost of a list, for the limit on what one query may ask for.
pub(super) fn list_cost(first: i32, of_each: usize) -> usize {
    usize::try_from(first)
        .unwrap_or(0)
        .saturating_mul(of_each.max(1))
}

pub(super) fn unsigned(field: &'static str, number: i64) -> Result<u64> {
    u64::try_from(number).map_err(|_| {
        ErrorCode::InvalidArgument.error(format!("`{field}` is {number}, expected 0 or more"))
    })
}

fn bucket_count(buckets: i32) -> Result<u32> {
    Ok(u32::try_from(unsigned("buckets", buckets.into())?).unwrap_or(u32::MAX))
}

fn stretch(from_ms: Option<Long>, to_ms: Option<Long>) -> Result<query::Stretch> {
    Ok(query::Stretch {
        from_ms: optional("fromMs", from_ms)?,
        to_ms: optional("toMs", to_ms)?,
    })
}

fn optional(field: &'static str, number: Option<Long>) -> Result<Option<u64>> {
    number.map(|number| unsigned(field, number.0)).transpose()
}

/// A part of a session in which nothing happened, in milliseconds from its start.
#[derive(SimpleObject)]
pub(super) struct IdleStretch {
    /// Where it begins.
    from_ms: Long,
    /// Where it ends.
    to_ms: Long,
}

/// Moments in equal buckets of time over the session, or a stretch of it.
#[derive(SimpleObject, Default)]
pub(super) struct MomentMap {
    /// Where the first bucket begins, in milliseconds from the start of the session.
    from_ms: Long,
    /// The length of a bucket.
    bucket_ms: Long,
    /// One for each kind that occurs.
    series: Vec<MomentSeries>,
}

/// `values[i]` covers `[fromMs + i * bucketMs, fromMs + (i + 1) * bucketMs)`.
#[derive(SimpleObject)]
pub(super) struct MomentSeries {
    /// What is counted.
    kind: MomentKind,
    /// How many there are in each bucket.
    values: Vec<Long>,
}

impl From<query::MomentMap> for MomentMap {
    fn from(map: query::MomentMap) -> Self {
        let series = map.series.into_iter().map(|(kind, values)| MomentSeries {
            kind: kind.into(),
            values: values.into_iter().map(Long::from).collect(),
        });
        Self {
            from_ms: map.from_ms.into(),
            bucket_ms: map.bucket_ms.into(),
            series: series.collect(),
        }
    }
}

/// Activity in equal buckets of time over the session, or a stretch of it.
#[derive(SimpleObject, Default)]
pub(super) struct ActivityMap {
    /// Where the first bucket begins, in milliseconds from the start of the session.
    from_ms: Long,
    /// The length of a bucket.
    bucket_ms: Long,
    /// The length of the session.
    duration_ms: Long,
    /// One for each kind that occurs.
    series: Vec<ActivitySeries>,
}

/// What is counted: bytes for `OUTPUT`, thousandths of the screen for `SCREEN`, things for the others.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::ActivityKind")]
pub(super) enum ActivityKind {
    /// Bytes written to the terminal.
    Output,
    /// Keys.
    Keys,
    /// Changes of the terminal's size.
    Resize,
    /// Markers.
    Marker,
    /// Processes that were started.
    Process,
    /// Thousandths of the screen that changed.
    Screen,
}

/// `values[i]` covers `[fromMs + i * bucketMs, fromMs + (i + 1) * bucketMs)`.
#[derive(SimpleObject)]
pub(super) struct ActivitySeries {
    /// What is counted.
    kind: ActivityKind,
    /// How much there is in each bucket.
    values: Vec<Long>,
    /// The largest of the values.
    max: Long,
}

impl From<query::ActivityMap> for ActivityMap {
    fn from(map: query::ActivityMap) -> Self {
        let series = map.series.into_iter().map(|series| ActivitySeries {
            kind: series.kind.into(),
            values: series.values.into_iter().map(Long::from).collect(),
            max: series.max.into(),
        });
        Self {
            from_ms: map.from_ms.into(),
            bucket_ms: map.bucket_ms.into(),
            duration_ms: map.duration_ms.into(),
            series: series.collect(),
        }
    }
}

/// A terminal screen at a moment.
#[derive(SimpleObject)]
pub(super) struct Screen {
    /// The moment, in milliseconds from the start of the session.
    at_ms: Long,
    /// Characters in a line.
    columns: i32,
    /// Lines.
    rows: i32,
    /// A line of text for each row, trailing spaces cut off.
    lines: Vec<String>,
    /// The escape sequences that draw this screen on an empty terminal of the same size.
    ansi: String,
    /// The screen as HTML: one `pre` with the text in its colours, which can stand in any page.
    html: String,
    /// Where the cursor stands.
    cursor: Cursor,
}

/// Where the cursor stands, from 0.
#[derive(SimpleObject)]
pub(super) struct Cursor {
    /// From the left, from 0.
    column: i32,
    /// From the top, from 0.
    row: i32,
    /// Whether it is shown.
    visible: bool,
}

impl From<query::Screen> for Screen {
    fn from(screen: query::Screen) -> Self {
        Self {
            at_ms: screen.at_ms.into(),
            columns: screen.columns.into(),
            rows: screen.rows.into(),
            lines: screen.lines,
            ansi: screen.ansi,
            html: screen.html,
            cursor: Cursor {
                column: screen.cursor.column.into(),
                row: screen.cursor.row.into(),
                visible: screen.cursor.visible,
            },
        }
    }
}
