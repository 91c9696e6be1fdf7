//! The catalogue: which sessions there are.

use std::collections::HashMap;

use retrace_core::access::Right;
use retrace_core::{Position, SessionId, Timestamp};
use retrace_projections::sessions::{
    Comment, ControlRow, Hold, PurgedSession, SESSION_COLUMNS, SessionRow, comments_of,
    controls_of, due_of, holds_of, streams_of,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::page::{Cursor, Page, PageRequest, QueryError, checked};
use crate::{Reader, sight};

/// Whether a session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It has not ended yet, as far as the log knows.
    Active,
    /// It has ended.
    Ended,
}

impl SessionState {
    /// The state of a session of the catalogue.
    pub fn of(row: &SessionRow) -> Self {
        if row.ended.is_some() {
            Self::Ended
        } else {
            Self::Active
        }
    }
}

/// Which sessions are wanted: those for which everything that is set holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Words, divided by white space, that all occur in title, user, host, command or file name,
    /// in upper or lower case, also within longer words.
    pub text: Option<String>,
    /// The user, exactly.
    pub user: Option<String>,
    /// The host, exactly.
    pub host: Option<String>,
    /// The protocol, exactly.
    pub protocol: Option<String>,
    /// A group of the user, exactly.
    pub group: Option<String>,
    /// The secret, exactly.
    pub secret: Option<String>,
    /// The folder of the secret, or one that it lies in.
    pub folder: Option<String>,
    /// The target, exactly.
    pub target: Option<String>,
    /// The site, exactly.
    pub site: Option<String>,
    /// What opened it, exactly.
    pub launcher: Option<String>,
    /// The policy, exactly.
    pub policy: Option<String>,
    /// Whether it goes on.
    pub state: Option<SessionState>,
    /// Whether anything of it was recorded: output, keys, pictures.
    pub recorded: Option<bool>,
    /// Whether parts of the recording are missing, or show less than they should.
    pub has_gaps: Option<bool>,
    /// Whether it was reviewed.
    pub reviewed: Option<bool>,
    /// Who has it to review.
    pub assignee: Option<String>,
    /// Whether it waits in the review queue: chosen for it, ended and not reviewed.
    pub in_review_queue: Option<bool>,
    /// Whether a legal hold is on it.
    pub on_hold: Option<bool>,
    /// Started at this time or later.
    pub started_from: Option<Timestamp>,
    /// Started before this time.
    pub started_to: Option<Timestamp>,
}

/// The order of sessions. Those that are equal in it are ordered by their ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionOrder {
    /// The latest start first.
    #[default]
    StartedDesc,
    /// The earliest start first.
    StartedAsc,
    /// The longest first. A session that goes on grows meanwhile, and may be seen again on a later
    /// page or be missed.
    DurationDesc,
    /// The last one taken in first.
    RecordedDesc,
}

impl SessionOrder {
    /// The name for cursors, the column of the sort key, and whether the largest key is first.
    fn parts(self) -> (&'static str, &'static str, bool) {
        match self {
            Self::StartedDesc => ("sessions/started-desc", "started_us", true),
            Self::StartedAsc => ("sessions/started-asc", "started_us", false),
            Self::DurationDesc => ("sessions/duration-desc", "duration_us", true),
            Self::RecordedDesc => ("sessions/recorded-desc", "recorded_us", true),
        }
    }
}

/// The values by which sessions can be filtered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Users.
    pub users: Vec<Facet>,
    /// Hosts.
    pub hosts: Vec<Facet>,
    /// Protocols.
    pub protocols: Vec<Facet>,
}

/// A value that some sessions have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// How many sessions have it.
    pub count: u64,
}

/// More words than this in one filter are refused: each is looked for in each session.
const WORDS_MAX: usize = 32;
/// More values of one kind than this are not listed.
const FACETS_MAX: u32 = 100;

impl Reader {
    /// One session.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn session(&self, id: SessionId) -> Result<Option<SessionRow>, QueryError> {
        let found: Option<SessionRow> = self
            .sessions
            .read(|connection| Ok::<_, QueryError>(SessionRow::find(connection, id)?))?;
        Ok(found.filter(|row| self.sees(row)))
    }

    /// Several sessions, those of them that there are.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn sessions_by_id(
        &self,
        ids: impl IntoIterator<Item = SessionId>,
    ) -> Result<HashMap<SessionId, SessionRow>, QueryError> {
        self.sessions.read(|connection| {
            let mut found = HashMap::new();
            for id in ids {
                let row = SessionRow::find(connection, id)?;
                if let Some(row) = row.filter(|row| self.sees(row)) {
                    found.insert(id, row);
                }
            }
            Ok(found)
        })
    }

    /// The streams of a session, in the order of their first events.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn session_streams(&self, id: SessionId) -> Result<Vec<String>, QueryError> {
        if self.session(id)?.is_none() {
            return Ok(Vec::new());
        }
        self.sessions
            .read(|connection| Ok(streams_of(connection, id)?))
    }

    /// What was said about a session, the oldest first. Of one that the viewer may not know of, nothing.
    ///
    /// # Errors
    /// When the page or the cursor is none that can be asked for, or the read model does not answer.
    pub fn comments(&self, id: SessionId, page: &PageRequest) -> Result<Page<Comment>, QueryError> {
        let limit = page.limit()?;
        let list = format!("comments {id}");
        let after = page.key_before::<u64>(&list)?.map(Position);
        let comments = if self.session(id)?.is_some() {
            self.sessions.read(|connection| {
                Ok::<_, QueryError>(comments_of(connection, id, after, limit + 1)?)
            })?
        } else {
            Vec::new()
        };
        let items = comments
            .into_iter()
            .map(|comment| Ok((Cursor::new(&list, &comment.position.0)?, comment)));
        Ok(Page::of(
            items.collect::<Result<_, QueryError>>()?,
            limit,
            page,
        ))
    }

    /// The legal holds on a session. None when there is no such session.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn holds(&self, id: SessionId) -> Result<Vec<Hold>, QueryError> {
        if self.session(id)?.is_none() {
            return Ok(Vec::new());
        }
        self.sessions
            .read(|connection| Ok(holds_of(connection, id)?))
    }

    /// What stays of a session that was purged.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn purged_session(&self, id: SessionId) -> Result<Option<PurgedSession>, QueryError> {
        let found = self
            .sessions
            .read(|connection| Ok::<_, QueryError>(PurgedSession::find(connection, id)?))?;
        let sees =
            |purged: &PurgedSession| self.sight.covers(Right::ViewSessions, &purged.traits());
        Ok(found.filter(sees))
    }

    /// A page of what stays of sessions that were purged, the latest first.
    ///
    /// # Errors
    /// When the page is none, or the read model does not answer.
    pub fn purged_sessions(&self, page: &PageRequest) -> Result<Page<PurgedSession>, QueryError> {
        const LIST: &str = "purged sessions";
        /// So many are read at once, and left out where the viewer may not know of them.
        const READ_AT_ONCE: u32 = 1_000;
        let limit = page.limit()?;
        let mut before = page
            .key_before::<u64>(LIST)?
            .map_or(Position(u64::MAX), Position);
        let mut found = Vec::new();
        loop {
            let read = self.sessions.read(|connection| {
                Ok::<_, QueryError>(PurgedSession::before(connection, before, READ_AT_ONCE)?)
            })?;
            let Some(last) = read.last() else { break };
            before = last.position;
            let seen = read
                .into_iter()
                .filter(|purged| self.sight.covers(Right::ViewSessions, &purged.traits()));
            found.extend(seen);
            if found.len() > limit {
                break;
            }
        }
        found.truncate(limit + 1);
        let items = found
            .into_iter()
            .map(|purged| Ok((Cursor::new(LIST, &purged.position.0)?, purged)));
        Ok(Page::of(
            items.collect::<Result<_, QueryError>>()?,
            limit,
            page,
        ))
    }

    /// Sessions of which the last was recorded before a time, the oldest first, from behind another one on: those that
    /// retention is to look at. Whatever the viewer may see.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn recorded_before(
        &self,
        before: Timestamp,
        behind: Option<&SessionRow>,
        limit: u32,
    ) -> Result<Vec<SessionRow>, QueryError> {
        self.sessions
            .read(|connection| Ok(due_of(connection, before, behind, limit)?))
    }

    /// A page of the sessions that the filter lets through.
    ///
    /// # Errors
    /// When the page, the cursor or the filter is not one that can be asked for, or the read model
    /// does not answer.
    pub fn sessions(
        &self,
        filter: &SessionFilter,
        order: SessionOrder,
        page: &PageRequest,
    ) -> Result<Page<SessionRow>, QueryError> {
        let limit = page.limit()?;
        let (list, column, descending) = order.parts();
        let (direction, behind) = if descending != page.backwards {
            ("DESC", "<")
        } else {
            ("ASC", ">")
        };
        let mut conditions = self.conditions(filter)?;
        if let Some((key, id)) = page.key_before::<(i64, SessionId)>(list)? {
            let id = Value::Blob(id.uuid().as_bytes().to_vec());
            conditions.add(
                &format!("({column}, id) {behind} (?, ?)"),
                [Value::Integer(key), id],
            );
        }
        let Conditions { sql, mut values } = conditions;
        let sql = format!(
            "SELECT {SESSION_COLUMNS}, {column} AS sort_key FROM sessions {sql}
             ORDER BY {column} {direction}, id {direction} LIMIT ?"
        );
        // One more than wanted, to know whether there are more.
        values.push(Value::Integer(i64::try_from(limit + 1).unwrap_or(i64::MAX)));
        let items = self.sessions.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(values))?;
            let mut items = Vec::new();
            while let Some(row) = rows.next()? {
                let session = SessionRow::from_row(row)?;
                let key: i64 = row.get("sort_key")?;
                items.push((Cursor::new(list, &(key, session.id))?, session));
            }
            Ok::<_, QueryError>(items)
        })?;
        Ok(Page::of(items, limit, page))
    }

    /// The sessions that the filter lets through and that have grown at `since` or later, in the order
    /// in which they have; at most `limit` of them.
    ///
    /// # Errors
    /// When the filter is not one that can be asked for, or the read model does not answer.
    pub fn sessions_grown(
        &self,
        filter: &SessionFilter,
        since: Position,
        limit: u32,
    ) -> Result<Vec<SessionRow>, QueryError> {
        let mut conditions = self.conditions(filter)?;
        let since = i64::try_from(since.0).unwrap_or(i64::MAX);
        conditions.add("last_position >= ?", [Value::Integer(since)]);
        let Conditions { sql, mut values } = conditions;
        // No other index: what is new is little, however many sessions there are.
        let sql = format!(
            "SELECT {SESSION_COLUMNS} FROM sessions INDEXED BY sessions_by_last_position {sql}
             ORDER BY last_position LIMIT ?"
        );
        values.push(Value::Integer(limit.into()));
        self.sessions.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), SessionRow::from_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// What was asked of the recorder of a session, and what it answered; the oldest first.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn controls(&self, id: SessionId) -> Result<Vec<ControlRow>, QueryError> {
        if self.session(id)?.is_none() {
            return Ok(Vec::new());
        }
        self.sessions
            .read(|connection| Ok(controls_of(connection, id)?))
    }

    /// How many sessions the filter lets through.
    ///
    /// # Errors
    /// When the filter is not one that can be asked for, or the read model does not answer.
    pub fn session_count(&self, filter: &SessionFilter) -> Result<u64, QueryError> {
        let Conditions { sql, values } = self.conditions(filter)?;
        let sql = format!("SELECT count(*) FROM sessions {sql}");
        self.sessions.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let count: u32 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
            Ok(count.into())
        })
    }

    /// The values by which sessions can be filtered, the most frequent first, up to 100 of a kind.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn facets(&self) -> Result<Facets, QueryError> {
        let seen = self.conditions(&SessionFilter::default())?;
        self.sessions.read(|connection| {
            Ok(Facets {
                users: facet(connection, "user", &seen)?,
                hosts: facet(connection, "host", &seen)?,
                protocols: facet(connection, "protocol", &seen)?,
            })
        })
    }

    /// What the filter asks for, of what the viewer may see.
    fn conditions(&self, filter: &SessionFilter) -> Result<Conditions, QueryError> {
        let mut conditions = Conditions::of(filter)?;
        if let Some((sql, values)) = sight::sql(&self.sight.extent(Right::ViewSessions)) {
            conditions.add(&sql, values);
        }
        Ok(conditions)
    }
}

fn facet(connection: &Connection, column: &str, seen: &Conditions) -> rusqlite::Result<Vec<Facet>> {
    let also = if seen.sql.is_empty() { "WHERE" } else { "AND" };
    connection
        .prepare_cached(&format!(
            "SELECT {column}, count(*) AS count FROM sessions {} {also} {column} IS NOT NULL
             GROUP BY {column} ORDER BY count DESC, {column} LIMIT {FACETS_MAX}",
            seen.sql
        ))?
        .query_map(params_from_iter(&seen.values), |row| {
            let count: u32 = row.get(1)?;
            Ok(Facet {
                value: row.get(0)?,
                count: count.into(),
            })
        })?
        .collect()
}

/// The `WHERE` of a filter, with its values.
#[derive(Default)]
struct Conditions {
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn of(filter: &SessionFilter) -> Result<Self, QueryError> {
        let SessionFilter {
            text,
            user,
            host,
            protocol,
            group,
            secret,
            folder,
            target,
            site,
            launcher,
            policy,
            state,
            recorded,
            has_gaps,
            reviewed,
            assignee,
            in_review_queue,
            on_hold,
            started_from,
            started_to,
        } = filter;
        let mut conditions = Self::default();
        let words = text.as_deref().unwrap_or_default().to_lowercase();
        let words: Vec<&str> = words.split_whitespace().collect();
        checked("text", words.len(), 0, WORDS_MAX)?;
        for word in words {
            // Not `LIKE`: in it, a word's own `%` and `_` would mean something.
            conditions.add("instr(search_text, ?) > 0", [Value::Text(word.to_owned())]);
        }
        for (column, value) in [
            ("user", user),
            ("host", host),
            ("protocol", protocol),
            ("secret", secret),
            ("target", target),
            ("site", site),
            ("launcher", launcher),
            ("policy", policy),
            ("assignee", assignee),
        ] {
            if let Some(value) = value {
                conditions.add(&format!("{column} = ?"), [Value::Text(value.clone())]);
            }
        }
        for (table, value) in [("session_groups", group), ("session_folders", folder)] {
            if let Some(value) = value {
                let has = format!(
                    "EXISTS (SELECT 1 FROM {table} t WHERE t.session = sessions.id AND t.name = ?)"
                );
                conditions.add(&has, [Value::Text(value.clone())]);
            }
        }
        for (what, wanted) in [
            ("(output_bytes + keys + frames > 0)", recorded),
            ("(gaps > 0)", has_gaps),
            ("(reviewed_us IS NOT NULL)", reviewed),
            (
                "(sampled = 1 AND reviewed_us IS NULL AND ended_us IS NOT NULL)",
                in_review_queue,
            ),
            ("(holds > 0)", on_hold),
        ] {
            match wanted {
                Some(true) => conditions.add(what, []),
                Some(false) => conditions.add(&format!("NOT {what}"), []),
                None => {}
            }
        }
        match state {
            Some(SessionState::Active) => conditions.add("ended_us IS NULL", []),
            Some(SessionState::Ended) => conditions.add("ended_us IS NOT NULL", []),
            None => {}
        }
        if let Some(from) = started_from {
            conditions.add("started_us >= ?", [Value::Integer(from.micros())]);
        }
        if let Some(to) = started_to {
            conditions.add("started_us < ?", [Value::Integer(to.micros())]);
        }
        Ok(conditions)
    }

    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if self.sql.is_empty() {
            "WHERE "
        } else {
            " AND "
        });
        self.sql.push_str(condition);
        self.values.extend(values);
    }
}
