//! What one event adds to the tables.

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::{SessionId, Timestamp};
use serde_json::Value as Json;

use super::manifest::{Numbered, number_of};
use super::rows::{Rows, Value, day_of};
use super::schema::{SESSION_NUMBER, Table};
use super::{ColumnsProjection, Held, SCHEMA, sessions};
use crate::ProjectionError;
use crate::counts::readable_body;
use crate::moments::program_name;
use crate::redaction::masked;
use crate::sessions::SessionRow;

/// The longest text of a column, in bytes: no more is kept of what is longer.
const TEXT_BYTES_MAX: usize = 4_096;

/// What a row says of the session that it is about.
struct About {
    number: i64,
    session: String,
    user: Option<String>,
    target: Option<String>,
    host: Option<String>,
    protocol: Option<String>,
}

impl About {
    /// What is left to say of a session that was purged.
    fn gone(numbered: Numbered, session: SessionId) -> Self {
        Self {
            number: numbered.number,
            session: session.to_string(),
            user: None,
            target: None,
            host: None,
            protocol: None,
        }
    }
}

impl ColumnsProjection {
    /// Applies an event.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), ProjectionError> {
        let about = match event.session() {
            Some(session) if *event.kind() == EventType::RETENTION_PURGED => {
                Some(self.purge(session, event)?)
            }
            Some(session) => Some(self.fold(session, event)?),
            None => None,
        };
        let of = about.as_ref();
        let program = program_of(event);
        let recorded = event.recorded_at();
        let number = of.map_or(Value::Null, |of| Value::Int(of.number));
        let session = Value::from(of.map(|of| of.session.as_str()));
        self.rows(Table::Events, recorded).push(&[
            event.position().0.into(),
            number,
            session,
            event.session().and(event.stream().source()).into(),
            Value::Text(event.kind().as_str()),
            event.at().into(),
            Value::Day(event.at()),
            recorded.into(),
            of.and_then(|of| of.user.as_deref()).into(),
            of.and_then(|of| of.target.as_deref()).into(),
            of.and_then(|of| of.host.as_deref()).into(),
            of.and_then(|of| of.protocol.as_deref()).into(),
            program.as_deref().into(),
            (event.data().len() as u64).into(),
        ]);
        if is_access(event.kind()) {
            access(self.rows(Table::Accesses, recorded), event, number, session);
        }
        if let (Some(id), Some(about)) = (event.session(), &about) {
            self.note_coverage(id, about, event)?;
        }
        Ok(())
    }

    fn rows(&mut self, table: Table, recorded: Timestamp) -> &mut Rows {
        let place = (table, day_of(recorded));
        self.open
            .entry(place)
            .or_insert_with(|| Rows::new(table.columns()))
    }

    /// Applies an event of a session to its row.
    fn fold(&mut self, session: SessionId, event: &Event) -> Result<About, ProjectionError> {
        self.uses += 1;
        if !self.held.contains_key(&session) {
            let (numbered, is_known) = self.numbered(session, event)?;
            if numbered.is_gone() {
                return Ok(About::gone(numbered, session));
            }
            let held = self.load(session, event, numbered, is_known)?;
            self.held.insert(session, held);
        }
        let used = self.uses;
        let Some(held) = self.held.get_mut(&session) else {
            let message = "a session that was just loaded is not there";
            return Err(ProjectionError::Store(message.into()));
        };
        held.used = used;
        held.changed = true;
        held.row.apply(event);
        let row = &mut held.row;
        if *event.kind() == EventType::SESSION_LAUNCHED {
            let rules = self.rules.rules_of(row.first_position)?;
            for text in [&mut row.title, &mut row.command].into_iter().flatten() {
                *text = masked(text, &rules.secrets_in_lines(text));
            }
        }
        Ok(About {
            number: held.numbered.number,
            session: session.to_string(),
            user: row.user.clone(),
            target: row.target.clone(),
            host: row.host.clone(),
            protocol: row.protocol.clone(),
        })
    }

    /// The number of a session, with the day that its row is kept under. Of a new one it is the next.
    fn numbered(
        &mut self,
        session: SessionId,
        event: &Event,
    ) -> Result<(Numbered, bool), ProjectionError> {
        if let Some(numbered) = self.new_numbers.get(&session) {
            return Ok((*numbered, true));
        }
        let known = self
            .readers
            .read(|connection| number_of(connection, session))?;
        if let Some(numbered) = known {
            return Ok((numbered, true));
        }
        let numbered = Numbered {
            number: self.next_number,
            day: day_of(event.recorded_at()),
        };
        self.next_number += 1;
        self.new_numbers.insert(session, numbered);
        Ok((numbered, false))
    }

    fn load(
        &self,
        session: SessionId,
        event: &Event,
        numbered: Numbered,
        is_known: bool,
    ) -> Result<Held, ProjectionError> {
        let row = if is_known { self.find(numbered)? } else { None };
        Ok(Held {
            numbered,
            row: row.unwrap_or_else(|| SessionRow::first_seen(session, event)),
            changed: false,
            used: self.uses,
        })
    }

    /// The row of a session in the files.
    fn find(&self, numbered: Numbered) -> Result<Option<SessionRow>, ProjectionError> {
        let Numbered { number, day } = numbered;
        let of_day = self.files.iter().filter(|file| {
            let (first, last) = file.entry.numbers;
            (file.entry.table, file.entry.day) == (Table::Sessions, day)
                && (first..=last).contains(&number)
        });
        for file in of_day {
            for batch in file.read()? {
                let batch = batch?;
                let is_it = |index: &usize| {
                    sessions::RowOf::new(&batch, *index).int(SESSION_NUMBER) == Some(number)
                };
                if let Some(index) = (0..batch.num_rows()).find(is_it) {
                    return Ok(sessions::session_at(&batch, index).map(|(_, row)| row));
                }
            }
        }
        Ok(None)
    }

    /// Takes all rows of a session out.
    fn purge(&mut self, session: SessionId, event: &Event) -> Result<About, ProjectionError> {
        let (numbered, _) = self.numbered(session, event)?;
        self.gather()?;
        self.purged.insert(numbered.number);
        self.new_numbers.insert(session, numbered.gone());
        self.held.remove(&session);
        let gone = [numbered.number].into();
        for batches in self.tail.values_mut() {
            for batch in batches {
                *batch = super::without(batch.clone(), &gone)?;
            }
        }
        Ok(About::gone(numbered, session))
    }

    fn note_coverage(
        &mut self,
        session: SessionId,
        about: &About,
        event: &Event,
    ) -> Result<(), ProjectionError> {
        let kinds = [
            EventType::GAP_DETECTED,
            EventType::RECORDING_DEGRADED,
            EventType::UPLOAD_QUARANTINED,
        ];
        if !kinds.contains(event.kind()) {
            return Ok(());
        }
        let (kind, channel, reason, gap) = match readable_body(event, SCHEMA.name) {
            Some(EventBody::GapDetected(gap)) => (
                "gap",
                Some(gap.channel),
                gap.reason,
                Some((gap.from, gap.to)),
            ),
            Some(EventBody::RecordingDegraded(degraded)) => {
                ("degraded", None, degraded.reason, None)
            }
            Some(EventBody::UploadQuarantined(aside)) => ("quarantined", None, aside.reason, None),
            _ => return Ok(()),
        };
        let begun = self.held.get(&session).map(|held| held.row.first_position);
        let rules = self.rules.rules_of(begun.unwrap_or(event.position()))?;
        let reason = masked(&reason, &rules.secrets_in_lines(&reason));
        let missing_us = gap.map(|(from, to)| crate::offset_us(from, to));
        self.rows(Table::Coverage, event.recorded_at()).push(&[
            event.position().0.into(),
            Value::Int(about.number),
            Value::Text(&about.session),
            Value::Text(kind),
            channel.as_deref().map(cut).into(),
            Value::Text(cut(&reason)),
            event.at().into(),
            Value::Day(event.at()),
            gap.map(|(from, _)| from).into(),
            gap.map(|(_, to)| to).into(),
            missing_us.into(),
        ]);
        Ok(())
    }
}

/// The program that an event of a process or a window is about.
fn program_of(event: &Event) -> Option<String> {
    let kinds = [
        EventType::PROCESS_STARTED,
        EventType::PROCESS_STOPPED,
        EventType::WINDOW_FOCUSED,
    ];
    if !kinds.contains(event.kind()) {
        return None;
    }
    let path = match readable_body(event, SCHEMA.name)? {
        EventBody::ProcessStarted(started) => Some(started.path),
        EventBody::ProcessStopped(stopped) => stopped.path,
        EventBody::WindowFocused(focused) => focused.process,
        _ => None,
    };
    path.as_deref().and_then(program_name)
}

/// Whether the event tells what somebody did who reads, reviews or administers.
fn is_access(kind: &EventType) -> bool {
    let nouns = [
        "access",
        "auth",
        "config",
        "destination",
        "events",
        "grant",
        "hold",
        "records",
        "redaction",
        "report",
        "search",
        "sql",
        "token",
    ];
    let types = [
        EventType::RECORDING_VIEWED,
        EventType::RECORDING_DOWNLOADED,
        EventType::SESSION_REVIEWED,
        EventType::REVIEW_REOPENED,
        EventType::SESSION_COMMENTED,
        EventType::SESSION_ASSIGNED,
        EventType::TERMINATE_REQUESTED,
        EventType::MESSAGE_SENT,
        EventType::POLICY_SET,
        EventType::RETENTION_PURGED,
    ];
    let noun = kind.as_str().split('.').next().unwrap_or_default();
    nouns.contains(&noun) || types.contains(kind)
}

/// Adds the row of an event that tells what somebody did. These events name their parts alike, so they are read by name:
/// one that a newer version wrote is told as far as it says the same.
fn access(rows: &mut Rows, event: &Event, number: Value<'_>, session: Value<'_>) {
    let data: Json = serde_json::from_slice(event.data()).unwrap_or_default();
    let text = |name: &str| data.get(name).and_then(Json::as_str).map(cut);
    let listed = data.get("what").and_then(Json::as_array).map(|what| {
        let what: Vec<&str> = what.iter().filter_map(Json::as_str).collect();
        what.join(", ")
    });
    // What was asked is told; what was said to somebody, or of a recording, is content.
    let asked = [EventType::SEARCH_PERFORMED, EventType::SQL_RUN].contains(event.kind());
    let what = [
        listed.as_deref(),
        text("object"),
        asked.then(|| text("text")).flatten(),
        text("setting"),
        text("name"),
        text("to"),
        text("format"),
    ];
    rows.push(&[
        event.position().0.into(),
        number,
        session,
        Value::Text(event.kind().as_str()),
        event.at().into(),
        Value::Day(event.at()),
        text("by").or(text("who")).into(),
        text("address").into(),
        text("token").or(text("id")).into(),
        what.into_iter().flatten().map(cut).next().into(),
        text("reason").into(),
        data.get("looks").and_then(Json::as_u64).into(),
    ]);
}

/// As much of a text as a column keeps.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}
