//! What was asked of the recorder of a session, and what it answered.
//!
//! A request is an event of the control stream, which only the server writes, so there are as many as
//! people asked. A recorder answers by an event of its own stream, or the server in the control
//! stream where it records itself (sudo). The first answer to a request counts; an answer to
//! something that was not asked, or not in those words, is none.

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::{Position, SessionId, StreamVersion, Timestamp};
use rusqlite::{Connection, Row, Transaction, named_params};

use super::SCHEMA;
use super::row::timestamp;
use crate::counts::readable_body;
use crate::store::{from_sql, to_sql};

/// So many requests of a session are read, the newest.
const READ_MAX: u32 = 1_000;

/// Something that was asked of the recorder of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRow {
    /// The version of the request in the control stream.
    pub version: StreamVersion,
    /// The type of the request.
    pub kind: EventType,
    /// When it was asked, by the server's clock.
    pub at: Timestamp,
    /// Where the request stands in the log.
    pub position: Position,
    /// Who asked.
    pub by: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The text of a message; of a policy the data of its `session.policy_set`, as JSON.
    pub content: Option<String>,
    /// What the recorder answered, if it has.
    pub answer: Option<ControlAnswer>,
}

/// What a recorder answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlAnswer {
    /// When, by the recorder's clock.
    pub at: Timestamp,
    /// Whether it was done.
    pub done: bool,
    /// How it was done, or why it was not.
    pub detail: Option<String>,
    /// The source that answered.
    pub source: String,
}

/// Takes an event into account, whatever it is.
pub(super) fn note(
    transaction: &Transaction<'_>,
    session: SessionId,
    event: &Event,
) -> rusqlite::Result<()> {
    let kinds = [
        EventType::TERMINATE_REQUESTED,
        EventType::MESSAGE_SENT,
        EventType::POLICY_SET,
        EventType::CONTROL_ANSWERED,
    ];
    if !kinds.contains(event.kind()) {
        return Ok(());
    }
    let Some(body) = readable_body(event, SCHEMA.name) else {
        return Ok(());
    };
    let (by, reason, content) = match body {
        EventBody::TerminateRequested(asked) => (asked.by, asked.reason, None),
        EventBody::MessageSent(sent) => (sent.by, sent.reason, Some(sent.text)),
        EventBody::PolicySet(set) => {
            let data = String::from_utf8_lossy(event.data()).into_owned();
            (set.by, set.reason, Some(data))
        }
        EventBody::ControlAnswered(answer) => {
            transaction
                .prepare_cached(
                    "UPDATE controls SET answered_us = :at, done = :done, detail = :detail,
                         answered_by = :source
                     WHERE session = :session AND version = :version AND kind = :kind
                         AND answered_us IS NULL",
                )?
                .execute(named_params! {
                    ":session": session.uuid().as_bytes(),
                    ":version": to_sql(answer.version.0),
                    ":kind": answer.request.as_str(),
                    ":at": event.at().micros(),
                    ":done": answer.done,
                    ":detail": answer.detail,
                    ":source": event.stream().source(),
                })?;
            return Ok(());
        }
        _ => return Ok(()),
    };
    if event.stream().source() != Some("control") {
        return Ok(());
    }
    transaction
        .prepare_cached(
            "INSERT INTO controls (session, version, kind, at_us, position, asked_by, reason, content)
             VALUES (:session, :version, :kind, :at, :position, :by, :reason, :content)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":session": session.uuid().as_bytes(),
            ":version": to_sql(event.version().0),
            ":kind": event.kind().as_str(),
            ":at": event.at().micros(),
            ":position": to_sql(event.position().0),
            ":by": by,
            ":reason": reason,
            ":content": content,
        })?;
    Ok(())
}

/// What was asked of the recorder of a session, the oldest first; of very many the newest 1,000.
///
/// # Errors
/// When the read model cannot be read.
pub fn controls_of(
    connection: &Connection,
    session: SessionId,
) -> rusqlite::Result<Vec<ControlRow>> {
    let mut rows: Vec<ControlRow> = connection
        .prepare_cached("SELECT * FROM controls WHERE session = ?1 ORDER BY version DESC LIMIT ?2")?
        .query_map((session.uuid().as_bytes(), READ_MAX), from_row)?
        .collect::<rusqlite::Result<_>>()?;
    rows.reverse();
    Ok(rows)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ControlRow> {
    let kind: String = row.get("kind")?;
    let answer = match row.get::<_, Option<i64>>("answered_us")? {
        Some(at) => Some(ControlAnswer {
            at: timestamp(at),
            done: row.get("done")?,
            detail: row.get("detail")?,
            source: row
                .get::<_, Option<String>>("answered_by")?
                .unwrap_or_default(),
        }),
        None => None,
    };
    Ok(ControlRow {
        version: StreamVersion(from_sql(row.get("version")?)),
        // It was one when it was stored.
        kind: EventType::new(&kind).unwrap_or(EventType::MESSAGE_SENT),
        at: timestamp(row.get("at_us")?),
        position: Position(from_sql(row.get("position")?)),
        by: row.get("asked_by")?,
        reason: row.get("reason")?,
        content: row.get("content")?,
        answer,
    })
}
