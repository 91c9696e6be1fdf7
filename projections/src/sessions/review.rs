//! The review of a session: who has it to review, who did, what they said, and whether it is in the queue.
//!
//! A share of the sessions is put into the queue when they are launched, by the settings that are in force at that place
//! of the log. Which ones follows from their ids, so that a rebuild chooses the same, and nobody can tell beforehand.

use retrace_core::event::{ConfigChanged, EventBody};
use retrace_core::{Position, SessionId, Timestamp};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;

use crate::store::{from_sql, to_sql};

/// How far the review of a session is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    /// When it was reviewed, and by whom. A review that was opened again is none.
    pub reviewed: Option<(Timestamp, String)>,
    /// Who has it to review.
    pub assignee: Option<String>,
    /// Whether it was chosen for the queue.
    pub sampled: bool,
    /// How many comments there are.
    pub comments: u64,
}

impl Review {
    /// Takes in what a reviewer said.
    pub(super) fn apply(&mut self, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::SessionReviewed(reviewed) => {
                self.reviewed = Some((at, reviewed.by.clone()));
            }
            EventBody::ReviewReopened(_) => self.reviewed = None,
            EventBody::SessionAssigned(assigned) => self.assignee.clone_from(&assigned.to),
            EventBody::SessionCommented(_) => self.comments += 1,
            _ => {}
        }
    }
}

/// Something that was said about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The position of its event: its id.
    pub position: Position,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub by: String,
    /// About which moment: milliseconds from the start of the session.
    pub offset_ms: Option<u64>,
    /// What they said.
    pub text: String,
}

impl Comment {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            position: Position(from_sql(row.get("position")?)),
            at: super::row::timestamp(row.get("at_us")?),
            by: row.get("by")?,
            offset_ms: row.get::<_, Option<i64>>("offset_ms")?.map(from_sql),
            text: row.get("text")?,
        })
    }

    pub(super) fn write(
        &self,
        connection: &Connection,
        session: SessionId,
    ) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT INTO comments VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute((
                session.uuid().as_bytes(),
                to_sql(self.position.0),
                self.at.micros(),
                &self.by,
                self.offset_ms.map(to_sql),
                &self.text,
            ))?;
        Ok(())
    }
}

/// The comments of a session behind a position, the oldest first, at most `limit`.
///
/// # Errors
/// When the read model cannot be read.
pub fn comments_of(
    connection: &Connection,
    session: SessionId,
    after: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<Comment>> {
    let after = after.map_or(-1, |after| to_sql(after.0));
    connection
        .prepare_cached(
            "SELECT position, at_us, by, offset_ms, text FROM comments
             WHERE session = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
        )?
        .query_map(
            (session.uuid().as_bytes(), after, to_sql(limit as u64)),
            Comment::from_row,
        )?
        .collect()
}

/// The name under which the share for all sessions stands beside those for policies.
const ALL: &str = "";
const PERCENT: &str = "review.sample_percent";
const BY_POLICY: &str = "review.sample_by_policy";

/// Takes in a change of how many sessions are put into the queue.
pub(super) fn apply_setting(
    connection: &Connection,
    changed: &ConfigChanged,
) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO samples VALUES (?1, ?2)")?;
    match (changed.setting.as_str(), &changed.new) {
        (PERCENT, Value::Number(percent)) => {
            put.execute((ALL, percent.as_i64().unwrap_or(0).clamp(0, 100)))?;
        }
        (BY_POLICY, Value::String(shares)) => {
            connection.execute("DELETE FROM samples WHERE policy <> ?1", [ALL])?;
            for (policy, percent) in shares.split(',').filter_map(share) {
                put.execute((policy, percent))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// `policy=percent`
fn share(text: &str) -> Option<(&str, i64)> {
    let (policy, percent) = text.split_once('=')?;
    let percent = percent.trim().trim_end_matches('%').parse::<i64>().ok()?;
    let policy = policy.trim();
    (!policy.is_empty()).then_some((policy, percent.clamp(0, 100)))
}

/// Whether a session that is launched under a policy is put into the queue.
pub(super) fn is_sampled(
    connection: &Connection,
    session: SessionId,
    policy: Option<&str>,
) -> rusqlite::Result<bool> {
    let mut percent = connection.prepare_cached("SELECT percent FROM samples WHERE policy = ?1")?;
    let mut of = |policy: &str| -> rusqlite::Result<Option<i64>> {
        percent
            .query_row([Sql::Text(policy.to_owned())], |row| row.get(0))
            .optional()
    };
    let own = match policy {
        Some(policy) => of(policy)?,
        None => None,
    };
    let percent = match own {
        Some(percent) => Some(percent),
        None => of(ALL)?,
    };
    // The last bytes of an id are random, or those of a digest.
    let (_, chance) = session.uuid().as_u64_pair();
    let chance = i64::try_from(chance % 100).unwrap_or(0);
    Ok(percent.is_some_and(|percent| chance < percent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_as_people_write_them() {
        let cases = [
            ("pci=100", Some(("pci", 100))),
            (" lab = 5% ", Some(("lab", 5))),
            ("much=900", Some(("much", 100))),
            ("pci", None),
            ("=5", None),
            ("a=b", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(share(text), want, "{text:?}");
        }
    }
}
