//! What a search can be narrowed to, as typed values.

use async_graphql::{Enum, ID, InputObject, Result};
use retrace_core::SessionId;
use retrace_query as query;

use super::super::error::ErrorCode;
use super::super::moment::MomentKind;
use super::super::scalar::{DateTime, Long};
use super::super::session::unsigned;

/// Filters in each other are read up to this depth; the question has a limit of its own.
const DEPTH_MAX: usize = 10;

/// Where to search: all conditions that are given must hold. A list holds where one of its values does. Names are
/// compared letter for letter.
#[derive(InputObject, Default)]
pub(in super::super) struct SearchFilter {
    /// Moments of one of these kinds.
    kinds: Option<Vec<MomentKind>>,
    /// Search across these: kinds of moments, by where their text comes from.
    search_in: Option<Vec<SearchSource>>,
    /// Moments of this session.
    session: Option<ID>,
    /// Moments of one of these sessions.
    sessions: Option<Vec<ID>>,
    /// Moments of sessions of this user.
    user: Option<String>,
    /// Moments of sessions of one of these users.
    users: Option<Vec<String>>,
    /// Groups of the user.
    groups: Option<Vec<String>>,
    /// Moments of sessions on this host.
    host: Option<String>,
    /// Moments of sessions on one of these hosts.
    hosts: Option<Vec<String>>,
    /// Moments of sessions that reach one of these targets.
    targets: Option<Vec<String>>,
    /// Moments of sessions of one of these sites.
    sites: Option<Vec<String>>,
    /// Moments of sessions that use one of these secrets.
    secrets: Option<Vec<String>>,
    /// The secret lies in one of these folders, or below.
    folders: Option<Vec<String>>,
    /// Moments of sessions that one of these opened.
    launchers: Option<Vec<String>>,
    /// Moments of sessions of one of these protocols.
    protocols: Option<Vec<String>>,
    /// Programs.
    apps: Option<Vec<String>>,
    /// Directories that commands ran in.
    cwd: Option<Vec<String>>,
    /// With which status a command or process ended.
    exit_status: Option<IntRange>,
    /// How long a command or process ran, in milliseconds.
    duration_ms: Option<LongRange>,
    /// When the moment was.
    at: Option<TimeRange>,
    /// When the session started.
    started: Option<TimeRange>,
    /// Moments of sessions that started at this time or later.
    started_from: Option<DateTime>,
    /// Moments of sessions that started before this time.
    started_to: Option<DateTime>,
    /// Beside it, in the language of the search box.
    text: Option<String>,
    /// All of these hold, too.
    and: Option<Vec<SearchFilter>>,
    /// One of these holds, too.
    or: Option<Vec<SearchFilter>>,
    /// None of these holds.
    not: Option<Vec<SearchFilter>>,
    /// The zone that days in texts, and days of facets, are of: `Europe/Berlin` or `+02:00`. UTC when none is given.
    time_zone: Option<String>,
}

/// From the first to the last, both included.
#[derive(InputObject)]
pub(super) struct IntRange {
    /// This or more.
    from: Option<i32>,
    /// This or less.
    to: Option<i32>,
}

/// From the first to the last, both included.
#[derive(InputObject)]
pub(super) struct LongRange {
    /// This or more.
    from: Option<Long>,
    /// This or less.
    to: Option<Long>,
}

/// From a time on, and before another.
#[derive(InputObject)]
pub(super) struct TimeRange {
    /// At this time or later.
    from: Option<DateTime>,
    /// Before this time.
    to: Option<DateTime>,
}

/// What a moment's text comes from.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "query::SearchSource")]
pub(super) enum SearchSource {
    /// What went through a proxy or a terminal: kinds SCREEN, KEYS and COMMAND.
    ClientData,
    /// Kind KEYS.
    Keystrokes,
    /// Kinds PROCESS and WINDOW.
    ApplicationNames,
    /// Kind CLIPBOARD.
    Clipboard,
    /// Kind FILE.
    FileNames,
    /// Kinds MARKER and MESSAGE.
    Notes,
}

impl SearchFilter {
    /// The filter as the question has it.
    pub(super) fn into_query(self) -> Result<query::SearchFilter> {
        self.read(0)
    }

    fn read(self, depth: usize) -> Result<query::SearchFilter> {
        if depth > DEPTH_MAX {
            let message = format!("filters nest deeper than {DEPTH_MAX}");
            return Err(ErrorCode::InvalidArgument.error(message));
        }
        let also = |one: Option<String>, list: Option<Vec<String>>| match (one, list) {
            (None, list) => list,
            (Some(one), None) => Some(vec![one]),
            // Both must hold: the one, if it is in the list.
            (Some(one), Some(list)) => {
                Some(list.into_iter().filter(|in_list| *in_list == one).collect())
            }
        };
        let inner = |filters: Option<Vec<Self>>| {
            let filters = filters.unwrap_or_default().into_iter();
            filters
                .map(|filter| filter.read(depth + 1))
                .collect::<Result<Vec<_>>>()
        };
        let sessions = also(
            self.session.map(|id| id.0),
            self.sessions
                .map(|ids| ids.into_iter().map(|id| id.0).collect()),
        );
        let sessions = sessions.map(|ids| ids.iter().map(|id| session(id)).collect::<Result<_>>());
        let micros = |ms: Long| {
            Ok::<_, async_graphql::Error>(unsigned("durationMs", ms.0)?.saturating_mul(1_000))
        };
        let duration_us = self
            .duration_ms
            .map(|range| {
                Ok::<_, async_graphql::Error>((
                    range.from.map(micros).transpose()?,
                    range.to.map(micros).transpose()?,
                ))
            })
            .transpose()?
            // To the end of the last millisecond.
            .map(|(from, to)| (from, to.map(|to| to.saturating_add(999))));
        let time = |at: Option<DateTime>| at.map(|at| at.0);
        let (at, started) = (
            self.at.map_or((None, None), |range| (range.from, range.to)),
            self.started
                .map_or((None, None), |range| (range.from, range.to)),
        );
        let mut and = inner(self.and)?;
        if self.started_from.is_some() || self.started_to.is_some() {
            and.push(query::SearchFilter {
                started_from: time(self.started_from),
                started_to: time(self.started_to),
                ..query::SearchFilter::default()
            });
        }
        Ok(query::SearchFilter {
            kinds: self
                .kinds
                .map(|kinds| kinds.into_iter().map(Into::into).collect()),
            sources: self
                .search_in
                .map(|sources| sources.into_iter().map(Into::into).collect()),
            sessions: sessions.transpose()?,
            users: also(self.user, self.users),
            groups: self.groups,
            hosts: also(self.host, self.hosts),
            targets: self.targets,
            sites: self.sites,
            secrets: self.secrets,
            folders: self.folders,
            launchers: self.launchers,
            protocols: self.protocols,
            apps: self.apps,
            cwds: self.cwd,
            exit_status: self.exit_status.map(|range| (range.from, range.to)),
            duration_us,
            at_from: time(at.0),
            at_to: time(at.1),
            started_from: time(started.0),
            started_to: time(started.1),
            text: self.text,
            and,
            or: inner(self.or)?,
            not: inner(self.not)?,
            time_zone: self.time_zone,
        })
    }
}

fn session(id: &str) -> Result<SessionId> {
    id.parse().map_err(|_| {
        ErrorCode::InvalidArgument.error("`session` is no session id, expected a UUID")
    })
}
