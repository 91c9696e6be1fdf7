//! The read model's writing side.

use std::collections::HashMap;
use std::sync::Arc;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::log::EventLog;
use retrace_core::settings::Redaction;
use retrace_core::{Position, SessionId, StreamName, StreamVersion};
use rusqlite::{Connection, OptionalExtension};
use tokio::runtime::Handle;

use super::output::OutputScan;
use super::{HiddenKeys, RulesBook, SCHEMA, ScreenSecrets, TypedLines, settings_to_json, span_id};
use crate::ProjectionError;
use crate::counts::readable_body;
use crate::runner::Surroundings;
use crate::store::{Store, StoredProjection, to_sql};
use crate::terminal::{TerminalReplay, TerminalSize};

/// Stretches of output closer together than this are one.
const OUTPUT_GAP: u64 = 16;
/// How many streams, and characters of their screens, are kept in memory.
const STREAMS_MAX: usize = 1_024;
const CELLS_MAX: usize = 4 << 20;
const READ_EVENTS: usize = 2_048;

/// Looks through all sessions for what is to be hidden.
pub struct RedactionsProjection {
    store: Store,
    state: State,
}

impl RedactionsProjection {
    /// Opens the read model of a log in a directory.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn open(around: &Surroundings) -> Result<Self, ProjectionError> {
        let Surroundings {
            dir, log, runtime, ..
        } = around;
        Ok(Self {
            store: Store::open(dir, &SCHEMA, log.id())?,
            state: State {
                rules: RulesBook::new(Arc::clone(log), runtime.clone()),
                log: Arc::clone(log),
                runtime: runtime.clone(),
                watches: HashMap::new(),
                uses: 0,
            },
        })
    }
}

impl StoredProjection for RedactionsProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        let state = &mut self.state;
        let written = self.store.write(end, |transaction| {
            due.chunk_by(|one, next| one.stream() == next.stream())
                .try_for_each(|run| state.apply(transaction, run))
        });
        if written.is_err() {
            // What is in memory may be ahead of the rows now.
            self.state.watches.clear();
        }
        written
    }
}

struct State {
    rules: RulesBook,
    log: Arc<dyn EventLog>,
    runtime: Handle,
    watches: HashMap<StreamName, (Watch, u64)>,
    uses: u64,
}

/// A session of the read model.
struct Known {
    key: i64,
    settings: Redaction,
    private_key: bool,
}

/// A stream that is looked through.
struct Watch {
    replay: TerminalReplay,
    lines: TypedLines,
    output: OutputScan,
    secrets: ScreenSecrets,
    /// The last stretch of output that was stored.
    last_output: Option<(u64, u64, i64)>,
    next: StreamVersion,
}

/// What a stream's events bring to light.
#[derive(Default)]
struct Findings {
    keys: Vec<HiddenKeys>,
    output: Vec<(u64, u64, i64, i64)>,
    private_key: bool,
}

impl Watch {
    fn new(secrets: ScreenSecrets) -> Self {
        Self {
            replay: TerminalReplay::new(TerminalSize::DEFAULT),
            lines: TypedLines::new(Arc::clone(&secrets.rules)),
            output: OutputScan::default(),
            secrets,
            last_output: None,
            next: StreamVersion(0),
        }
    }

    fn cells(&self) -> usize {
        self.replay.size().cells()
    }

    fn apply(&mut self, event: &Event, found: &mut Findings) {
        self.next = event.version().plus(1);
        if !concerns(event.kind()) {
            return;
        }
        let Some(body) = readable_body(event, SCHEMA.name) else {
            return;
        };
        let (version, at_us) = (event.version().0, event.at().micros());
        let terminal = self.replay.terminal();
        self.lines
            .apply(version, at_us, &body, terminal, &mut found.keys);
        if self.secrets.leads.len() < self.lines.leads().len() {
            self.secrets.leads = self.lines.leads().to_vec();
        }
        self.replay.apply(&body);
        let EventBody::TerminalWritten(written) = &body else {
            return;
        };
        let hidden = self
            .output
            .written(version, &written.text, &self.replay, &self.secrets);
        let Some(hidden) = hidden else { return };
        found.private_key |= hidden.is_private_key;
        self.secrets.private_key |= hidden.is_private_key;
        let (from, from_us) = match self.last_output {
            Some((from, to, from_us)) if hidden.from_version <= to + OUTPUT_GAP => {
                (from.min(hidden.from_version), from_us)
            }
            _ => (hidden.from_version, at_us),
        };
        self.last_output = Some((from, version, from_us));
        found.output.push((from, version, from_us, at_us));
    }
}

/// Whether events of this type have a part in what is hidden.
fn concerns(kind: &EventType) -> bool {
    [
        EventType::KEYS_TYPED,
        EventType::TERMINAL_WRITTEN,
        EventType::TERMINAL_RESIZED,
        EventType::SOURCE_ATTACHED,
    ]
    .contains(kind)
}

impl State {
    /// Applies consecutive events of one stream.
    fn apply(&mut self, connection: &Connection, events: &[Event]) -> Result<(), ProjectionError> {
        let Some(first) = events.first() else {
            return Ok(());
        };
        let Some(session) = first.session() else {
            return Ok(());
        };
        let known = self.session(connection, session, first)?;
        let mut found = Findings::default();
        for event in events {
            let kind = event.kind();
            if concerns(kind) {
                self.watch(connection, &known, event, &mut found)?;
            } else if *kind == EventType::SESSION_ENDED {
                self.store(connection, &known, first.stream(), &mut found)?;
                self.end(connection, &known, session, event.position())?;
            } else if *kind == EventType::RETENTION_PURGED {
                found = Findings::default();
                purge(connection, known.key, event)?;
                self.watches
                    .retain(|name, _| name.session() != Some(session));
            } else if *event.stream() == StreamName::redactions_of(session) {
                span(connection, known.key, event)?;
            }
        }
        self.store(connection, &known, first.stream(), &mut found)?;
        self.forget_some();
        Ok(())
    }

    fn session(
        &self,
        connection: &Connection,
        session: SessionId,
        event: &Event,
    ) -> Result<Known, ProjectionError> {
        let row = connection
            .prepare_cached("SELECT key, settings, private_key FROM sessions WHERE session = ?1")?
            .query_row([session.uuid().as_bytes()], |row| {
                let (key, settings, private_key): (i64, String, bool) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(Known {
                    key,
                    settings: super::settings_of_json(&settings),
                    private_key,
                })
            })
            .optional()?;
        if let Some(known) = row {
            return Ok(known);
        }
        let settings = self.rules.settings_of(event.position())?;
        let id = session.uuid();
        let values = (
            id.as_bytes(),
            event.at().micros(),
            settings_to_json(&settings),
        );
        connection
            .prepare_cached(
                "INSERT INTO sessions (session, started_us, settings, private_key) VALUES (?1, ?2, ?3, 0)",
            )?
            .execute(values)?;
        Ok(Known {
            key: connection.last_insert_rowid(),
            settings,
            private_key: false,
        })
    }

    fn watch(
        &mut self,
        connection: &Connection,
        known: &Known,
        event: &Event,
        found: &mut Findings,
    ) -> Result<(), ProjectionError> {
        if !self.watches.contains_key(event.stream()) {
            let watch = self.resumed(connection, known, event.stream(), event.position())?;
            self.watches.insert(event.stream().clone(), (watch, 0));
        }
        self.uses += 1;
        if let Some((watch, used)) = self.watches.get_mut(event.stream()) {
            *used = self.uses;
            watch.apply(event, found);
        }
        Ok(())
    }

    /// A stream as its events below a position left it.
    fn resumed(
        &self,
        connection: &Connection,
        known: &Known,
        stream: &StreamName,
        end: Position,
    ) -> Result<Watch, ProjectionError> {
        let mut watch = Watch::new(ScreenSecrets {
            rules: self.rules.compiled(&known.settings),
            leads: Vec::new(),
            private_key: known.private_key,
        });
        let purged: Option<i64> = connection
            .prepare_cached("SELECT key FROM streams WHERE name = ?1")?
            .query_row([stream.as_str()], |row| row.get(0))
            .optional()?;
        if purged.is_none() {
            // It is new, or what was before is gone.
            let first = self
                .runtime
                .block_on(self.log.read_stream(stream, StreamVersion(0), 1))?;
            if first.first().is_some_and(|first| first.position() >= end) {
                return Ok(watch);
            }
        }
        let mut dropped = Findings::default();
        loop {
            let read = self.log.read_stream(stream, watch.next, READ_EVENTS);
            let events = self.runtime.block_on(read)?;
            let before = events.iter().take_while(|event| event.position() < end);
            let mut count = 0;
            for event in before {
                watch.apply(event, &mut dropped);
                count += 1;
            }
            dropped = Findings::default();
            if count < READ_EVENTS {
                return Ok(watch);
            }
        }
    }

    /// The session ended: what is undecided in its streams is decided.
    fn end(
        &mut self,
        connection: &Connection,
        known: &Known,
        session: SessionId,
        position: Position,
    ) -> Result<(), ProjectionError> {
        let mut names: Vec<StreamName> = connection
            .prepare_cached(
                "SELECT name FROM streams WHERE session = ?1 AND undecided IS NOT NULL",
            )?
            .query_map([known.key], |row| row.get::<_, String>(0))?
            .filter_map(|name| StreamName::new(name.ok()?).ok())
            .collect();
        names.extend(
            self.watches
                .keys()
                .filter(|name| name.session() == Some(session))
                .cloned(),
        );
        names.sort();
        names.dedup();
        for name in names {
            if !self.watches.contains_key(&name) {
                let watch = self.resumed(connection, known, &name, position)?;
                self.watches.insert(name.clone(), (watch, self.uses));
            }
            let mut found = Findings::default();
            if let Some((watch, _)) = self.watches.get_mut(&name) {
                watch.lines.end(&mut found.keys);
            }
            self.store(connection, known, &name, &mut found)?;
        }
        Ok(())
    }

    /// Stores what was found in a stream, and where it is undecided.
    fn store(
        &mut self,
        connection: &Connection,
        known: &Known,
        name: &StreamName,
        found: &mut Findings,
    ) -> Result<(), ProjectionError> {
        let found = std::mem::take(found);
        let Some((watch, _)) = self.watches.get(name) else {
            return Ok(());
        };
        let stream: i64 = connection
            .prepare_cached(
                "INSERT INTO streams (session, name, undecided) VALUES (?1, ?2, ?3)
                 ON CONFLICT (name) DO UPDATE SET undecided = excluded.undecided RETURNING key",
            )?
            .query_row(
                (
                    known.key,
                    name.as_str(),
                    watch.lines.suspected().map(to_sql),
                ),
                |row| row.get(0),
            )?;
        for hidden in found.keys {
            let HiddenKeys {
                rule,
                from,
                to,
                from_us,
                to_us,
            } = hidden;
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute((
                    stream,
                    to_sql(from.0),
                    to_sql(from.1 as u64),
                    to_sql(to.0),
                    to_sql(to.1 as u64),
                    rule.as_str(),
                    from_us,
                    to_us,
                ))?;
        }
        for (from, to, from_us, to_us) in found.output {
            connection
                .prepare_cached("INSERT OR REPLACE INTO output VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute((stream, to_sql(from), to_sql(to), from_us, to_us))?;
        }
        for lead in watch.lines.leads() {
            connection
                .prepare_cached("INSERT OR IGNORE INTO leads VALUES (?1, ?2)")?
                .execute((known.key, lead))?;
        }
        if found.private_key {
            connection
                .prepare_cached("UPDATE sessions SET private_key = 1 WHERE key = ?1")?
                .execute([known.key])?;
        }
        Ok(())
    }

    fn forget_some(&mut self) {
        let mut cells: usize = self.watches.values().map(|(watch, _)| watch.cells()).sum();
        while self.watches.len() > STREAMS_MAX || cells > CELLS_MAX && self.watches.len() > 1 {
            let oldest = self.watches.iter().min_by_key(|(_, (_, used))| *used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            if let Some((watch, _)) = self.watches.remove(&name) {
                cells -= watch.cells();
            }
        }
    }
}

/// Takes all of a session out but that there was one: not even when it began, which a rebuild cannot find out.
fn purge(connection: &Connection, session: i64, event: &Event) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE sessions SET started_us = ?2, private_key = 0 WHERE key = ?1",
        (session, event.at().micros()),
    )?;
    for table in ["keys", "output"] {
        let sql = format!(
            "DELETE FROM {table} WHERE stream IN (SELECT key FROM streams WHERE session = ?1)"
        );
        connection.execute(&sql, [session])?;
    }
    for table in ["streams", "leads", "spans"] {
        connection.execute(
            &format!("DELETE FROM {table} WHERE session = ?1"),
            [session],
        )?;
    }
    Ok(())
}

/// Takes an event of a session's stream of redactions.
fn span(connection: &Connection, session: i64, event: &Event) -> rusqlite::Result<()> {
    match readable_body(event, SCHEMA.name) {
        Some(EventBody::RedactionAdded(added)) => {
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO spans VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, NULL)",
                )?
                .execute((
                    session,
                    span_id(added.id.as_deref(), event),
                    to_sql(event.position().0),
                    added.by,
                    added.reason,
                    added.rule,
                    added.what.as_str(),
                    added.from.micros(),
                    added.to.micros(),
                ))?;
        }
        Some(EventBody::RedactionLifted(lifted)) => {
            connection
                .prepare_cached(
                    "UPDATE spans SET lifted_by = ?3, lifted_why = ?4
                     WHERE session = ?1 AND id = ?2 AND rule IS NULL AND lifted_by IS NULL",
                )?
                .execute((session, lifted.id, lifted.by, lifted.reason))?;
        }
        _ => {}
    }
    Ok(())
}
