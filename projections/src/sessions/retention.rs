//! What is kept and what is gone: legal holds, which sessions may be purged, and what stays of those that were.

use retrace_core::access::SessionTraits;
use retrace_core::event::{Event, EventBody};
use retrace_core::{Position, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, named_params};
use serde_json::json;
use uuid::Uuid;

use super::row::timestamp;
use super::{SCHEMA, SESSION_COLUMNS, SessionRow};
use crate::counts::readable_body;
use crate::store::{from_sql, to_sql};

/// A legal hold on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What it is for; empty where nobody said.
    pub matter: String,
    /// When it was placed.
    pub at: Timestamp,
    /// Who placed it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What stays of a session that was purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgedSession {
    /// The session.
    pub id: SessionId,
    /// Where the event stands that says so.
    pub position: Position,
    /// When it was purged.
    pub at: Timestamp,
    /// Who purged it, or by which policy.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How many events were destroyed.
    pub events: Option<u64>,
    /// How many blobs.
    pub blobs: Option<u64>,
    /// How many bytes those took.
    pub bytes: Option<u64>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The person or service that acted.
    pub user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The account or resource that was reached.
    pub target: Option<String>,
    /// The protocol.
    pub protocol: Option<String>,
    /// The site that recorded it.
    pub site: Option<String>,
    /// The folder that holds the secret.
    pub folder: Option<String>,
    /// The groups of the user.
    pub groups: Vec<String>,
}

impl PurgedSession {
    /// Reads what stays of a session.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub fn find(connection: &Connection, id: SessionId) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached("SELECT * FROM purged WHERE session = ?1")?
            .query_row([id.uuid().as_bytes()], Self::from_row)
            .optional()
    }

    /// The sessions that were purged before a position of the log, the latest first.
    ///
    /// # Errors
    /// When the read model cannot be read.
    pub fn before(
        connection: &Connection,
        position: Position,
        limit: u32,
    ) -> rusqlite::Result<Vec<Self>> {
        connection
            .prepare_cached(
                "SELECT * FROM purged WHERE position < ?1 ORDER BY position DESC LIMIT ?2",
            )?
            .query_map((to_sql(position.0), limit), Self::from_row)?
            .collect()
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |column: &str| -> rusqlite::Result<Option<u64>> {
            Ok(row.get::<_, Option<i64>>(column)?.map(from_sql))
        };
        let time = |column: &str| -> rusqlite::Result<Option<Timestamp>> {
            Ok(row.get::<_, Option<i64>>(column)?.map(timestamp))
        };
        Ok(Self {
            id: SessionId::from(Uuid::from_bytes(row.get("session")?)),
            position: Position(from_sql(row.get("position")?)),
            at: timestamp(row.get("purged_us")?),
            by: row.get("purged_by")?,
            reason: row.get("reason")?,
            events: number("events")?,
            blobs: number("blobs")?,
            bytes: number("bytes")?,
            started: time("started_us")?,
            ended: time("ended_us")?,
            user: row.get("user")?,
            host: row.get("host")?,
            target: row.get("target")?,
            protocol: row.get("protocol")?,
            site: row.get("site")?,
            folder: row.get("folder")?,
            groups: serde_json::from_str(&row.get::<_, String>("groups")?).unwrap_or_default(),
        })
    }

    /// What decides who may know of it. One that does not say when it started lies in no scope that asks for that.
    #[must_use]
    pub fn traits(&self) -> SessionTraits<'_> {
        SessionTraits {
            started: self.started.unwrap_or(Timestamp::MIN),
            user: self.user.as_deref(),
            groups: &self.groups,
            site: self.site.as_deref(),
            folder: self.folder.as_deref(),
            target: self.target.as_deref(),
        }
    }
}

/// The holds on a session, by what they are for.
///
/// # Errors
/// When the read model cannot be read.
pub fn holds_of(connection: &Connection, session: SessionId) -> rusqlite::Result<Vec<Hold>> {
    connection
        .prepare_cached(
            "SELECT matter, placed_us, placed_by, reason FROM holds WHERE session = ?1 ORDER BY matter",
        )?
        .query_map([session.uuid().as_bytes()], |row| {
            Ok(Hold {
                matter: row.get(0)?,
                at: timestamp(row.get(1)?),
                by: row.get(2)?,
                reason: row.get(3)?,
            })
        })?
        .collect()
}

/// Sessions of which the last was recorded before a time, whether or not they are held, from behind another one on: the oldest
/// first.
///
/// # Errors
/// When the read model cannot be read.
pub fn due_of(
    connection: &Connection,
    before: Timestamp,
    behind: Option<&SessionRow>,
    limit: u32,
) -> rusqlite::Result<Vec<SessionRow>> {
    let (kept_from, id) = behind.map_or((i64::MIN, vec![]), |row| {
        (row.kept_from.micros(), row.id.uuid().as_bytes().to_vec())
    });
    connection
        .prepare_cached(&format!(
            "SELECT {SESSION_COLUMNS} FROM sessions
             WHERE kept_from_us < ?1 AND (kept_from_us, id) > (?2, ?3)
             ORDER BY kept_from_us, id LIMIT ?4"
        ))?
        .query_map(
            (before.micros(), kept_from, id, limit),
            SessionRow::from_row,
        )?
        .collect()
}

/// Takes a hold into account, or its end. Answers how many are on the session from then on.
pub(super) fn note_hold(
    transaction: &Transaction<'_>,
    session: SessionId,
    event: &Event,
) -> rusqlite::Result<u64> {
    let id = session.uuid().into_bytes();
    match readable_body(event, SCHEMA.name) {
        Some(EventBody::HoldPlaced(told)) => {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO holds VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute((id, told.matter, event.at().micros(), told.by, told.reason))?;
        }
        Some(EventBody::HoldReleased(told)) => {
            transaction
                .prepare_cached("DELETE FROM holds WHERE session = ?1 AND matter = ?2")?
                .execute((id, told.matter))?;
        }
        _ => {}
    }
    transaction
        .prepare_cached("SELECT count(*) FROM holds WHERE session = ?1")?
        .query_row([id], |row| row.get(0).map(from_sql))
}

/// Keeps what the event of a purge says. Of a second one, the first counts.
pub(super) fn note_purge(
    transaction: &Transaction<'_>,
    session: SessionId,
    event: &Event,
) -> rusqlite::Result<()> {
    let Some(EventBody::RetentionPurged(told)) = readable_body(event, SCHEMA.name) else {
        return Ok(());
    };
    let facts = told.session.unwrap_or_default();
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO purged VALUES (:session, :position, :at, :by, :reason, :events, :blobs, :bytes,
                 :started, :ended, :user, :host, :target, :protocol, :site, :folder, :groups)",
        )?
        .execute(named_params! {
            ":session": session.uuid().as_bytes(),
            ":position": to_sql(event.position().0),
            ":at": event.recorded_at().micros(),
            ":by": told.by,
            ":reason": told.reason,
            ":events": told.events.map(to_sql),
            ":blobs": told.blobs.map(to_sql),
            ":bytes": told.bytes.map(to_sql),
            ":started": told.started_at.map(Timestamp::micros),
            ":ended": told.ended_at.map(Timestamp::micros),
            ":user": facts.user,
            ":host": facts.host,
            ":target": facts.target,
            ":protocol": facts.protocol,
            ":site": facts.site,
            ":folder": facts.folder,
            ":groups": json!(facts.groups).to_string(),
        })?;
    Ok(())
}
