//! The same questions as typed values, for programs and for the filters beside a search box.

use std::ops::Range;

use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::MomentKind;

use super::parse::{DEPTH_MAX, WORDS_MAX, parse};
use super::syntax::{Expr, NamePattern, NamedField, NumberField, NumberRange};
use super::values::Clock;
use crate::QueryError;

/// Where to search: all conditions that are given must hold. A list holds where one of its values does; an empty list
/// holds nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Moments of one of these kinds.
    pub kinds: Option<Vec<MomentKind>>,
    /// Moments that are in one of these.
    pub sources: Option<Vec<SearchSource>>,
    /// Moments of these sessions.
    pub sessions: Option<Vec<SessionId>>,
    /// Moments of sessions of these users. Names are compared letter for letter, here and below.
    pub users: Option<Vec<String>>,
    /// … of users in these groups.
    pub groups: Option<Vec<String>>,
    /// … on these hosts.
    pub hosts: Option<Vec<String>>,
    /// … that reach these targets.
    pub targets: Option<Vec<String>>,
    /// … recorded at these sites.
    pub sites: Option<Vec<String>>,
    /// … that use these secrets.
    pub secrets: Option<Vec<String>>,
    /// … whose secret lies in these folders, or below.
    pub folders: Option<Vec<String>>,
    /// … opened by these launchers.
    pub launchers: Option<Vec<String>>,
    /// … of these protocols.
    pub protocols: Option<Vec<String>>,
    /// Moments in, or about, these programs.
    pub apps: Option<Vec<String>>,
    /// Commands that ran in these directories.
    pub cwds: Option<Vec<String>>,
    /// Commands and processes that ended with a status between these, both included.
    pub exit_status: Option<(Option<i32>, Option<i32>)>,
    /// Commands and processes that ran at least, and at most, so many microseconds.
    pub duration_us: Option<(Option<u64>, Option<u64>)>,
    /// Moments at this time or later.
    pub at_from: Option<Timestamp>,
    /// Moments before this time.
    pub at_to: Option<Timestamp>,
    /// Moments of sessions that started at this time or later.
    pub started_from: Option<Timestamp>,
    /// Moments of sessions that started before this time.
    pub started_to: Option<Timestamp>,
    /// What is asked for beside it, in the language of the search box.
    pub text: Option<String>,
    /// All of these must hold, too.
    pub and: Vec<SearchFilter>,
    /// One of these must hold, too, if there are any.
    pub or: Vec<SearchFilter>,
    /// None of these may hold.
    pub not: Vec<SearchFilter>,
    /// The zone that days in texts are of. UTC when none is given.
    pub time_zone: Option<String>,
}

/// What a moment's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchSource {
    /// What went through a proxy or a terminal: what was shown, typed and run.
    ClientData,
    /// Keys, as typed.
    Keystrokes,
    /// Names of processes and titles of windows.
    ApplicationNames,
    /// What was copied into and out of sessions.
    Clipboard,
    /// Names of files that were transferred.
    FileNames,
    /// Markers, and messages to people in sessions.
    Notes,
}

impl SearchSource {
    /// The kinds of moments that are in it.
    #[must_use]
    pub fn kinds(self) -> &'static [MomentKind] {
        match self {
            Self::ClientData => &[MomentKind::Screen, MomentKind::Keys, MomentKind::Command],
            Self::Keystrokes => &[MomentKind::Keys],
            Self::ApplicationNames => &[MomentKind::Process, MomentKind::Window],
            Self::Clipboard => &[MomentKind::Clipboard],
            Self::FileNames => &[MomentKind::File],
            Self::Notes => &[MomentKind::Marker, MomentKind::Message],
        }
    }
}

impl SearchFilter {
    /// The filter as an expression; nothing when it holds everywhere.
    pub(super) fn expr(&self, clock: &Clock) -> Result<Option<Expr>, QueryError> {
        let mut values = 0;
        let all = self.conditions(clock, 0, &mut values)?;
        Ok((!all.is_empty()).then_some(Expr::All(all)))
    }

    fn conditions(
        &self,
        clock: &Clock,
        depth: usize,
        values: &mut usize,
    ) -> Result<Vec<Expr>, QueryError> {
        if depth > DEPTH_MAX {
            return Err(too_much(
                "deeper",
                format!("at most {DEPTH_MAX} filters in each other"),
            ));
        }
        let mut all = Vec::new();
        let named = [
            (NamedField::User, &self.users),
            (NamedField::Group, &self.groups),
            (NamedField::Host, &self.hosts),
            (NamedField::Target, &self.targets),
            (NamedField::Site, &self.sites),
            (NamedField::Secret, &self.secrets),
            (NamedField::Folder, &self.folders),
            (NamedField::Launcher, &self.launchers),
            (NamedField::Protocol, &self.protocols),
            (NamedField::App, &self.apps),
            (NamedField::Cwd, &self.cwds),
        ];
        for (field, names) in named {
            if let Some(names) = names {
                *values += names.len();
                let exact = |name: &String| NamePattern {
                    name: name.clone(),
                    prefix: false,
                };
                all.push(Expr::Named(field, names.iter().map(exact).collect()));
            }
        }
        if let Some(sessions) = &self.sessions {
            *values += sessions.len();
            all.push(Expr::Sessions(sessions.clone()));
        }
        if let Some(kinds) = &self.kinds {
            *values += kinds.len();
            all.push(Expr::Kinds(kinds.clone()));
        }
        if let Some(sources) = &self.sources {
            *values += sources.len();
            let kinds = sources.iter().flat_map(|source| source.kinds()).copied();
            all.push(Expr::Kinds(kinds.collect()));
        }
        if let Some((first, last)) = self.exit_status {
            let range = NumberRange {
                first: first.map_or(i64::MIN, i64::from),
                last: last.map_or(i64::MAX, i64::from),
            };
            all.push(Expr::Number(NumberField::Exit, range));
        }
        if let Some((first, last)) = self.duration_us {
            let number = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
            let range = NumberRange {
                first: first.map_or(0, number),
                last: last.map_or(i64::MAX, number),
            };
            all.push(Expr::Number(NumberField::Duration, range));
        }
        for (field, from, to) in [
            (NumberField::At, self.at_from, self.at_to),
            (NumberField::Started, self.started_from, self.started_to),
        ] {
            let Range { start, end } = from.map_or(i64::MIN, Timestamp::micros)
                ..to.map_or(i64::MAX, |to| to.micros().saturating_sub(1));
            if from.is_some() || to.is_some() {
                let (first, last) = (start, end);
                all.push(Expr::Number(field, NumberRange { first, last }));
            }
        }
        if let Some(text) = &self.text {
            all.extend(parse(text, clock)?);
        }
        let mut inner = |filters: &[Self]| {
            let each = filters.iter().map(|filter| {
                *values += 1;
                Ok(Expr::All(filter.conditions(clock, depth + 1, values)?))
            });
            each.collect::<Result<Vec<Expr>, QueryError>>()
        };
        all.extend(inner(&self.and)?);
        if !self.or.is_empty() {
            all.push(Expr::Any(inner(&self.or)?));
        }
        let none = inner(&self.not)?;
        all.extend(none.into_iter().map(|one| Expr::Not(Box::new(one))));
        if *values > 10 * WORDS_MAX {
            return Err(too_much(
                "larger",
                format!("at most {} values", 10 * WORDS_MAX),
            ));
        }
        Ok(all)
    }
}

fn too_much(found: &str, expected: String) -> QueryError {
    QueryError::InvalidArgument {
        field: "filter",
        found: found.to_owned(),
        expected,
    }
}
