//! `activity`: how much happened in each second of each session.
//!
//! Reads what [`Counts`] counts: terminal output, keys, resizes, markers, processes, frames; of
//! other events only that they may be the first of their session. How much of the screen changed is taken from
//! what recorders say with their frames and from what was found out about footage afterwards, the larger of
//! both for each second. An event counts in the whole
//! second of its offset ([`offset_us`]): what happened before the start counts in second 0, what
//! claims to be more than ten years later counts in the last second of them. `retention.purged`
//! takes all seconds of its session out. Takes times from events: a rebuild gives the same rows.

use std::collections::BTreeMap;
use std::path::Path;

use retrace_core::event::{Event, EventBody, EventType};
use retrace_core::{LogId, Position, SessionId, Timestamp};
use rusqlite::Connection;

use crate::counts::{Counts, readable_body};
use crate::starts::{Starts, find_start};
use crate::store::{Schema, Store, StoredProjection, from_sql, to_sql};
use crate::video::BUILT_BY_SERVER;
use crate::{ProjectionError, offset_us};

/// The tables of the activity map.
pub const SCHEMA: Schema = Schema {
    name: "activity",
    version: 2,
    tables: include_str!("schema.sql"),
};

/// The last second that is told apart: ten years after the start.
pub const SECOND_MAX: u32 = 10 * 365 * 24 * 60 * 60;

/// What happened in a second of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Second {
    /// How much of each kind.
    pub counts: Counts,
    /// Which share of the screen changed, in thousandths.
    pub changed_permille: u16,
}

/// By the key of the session, and the second from its start.
type Seconds = BTreeMap<(i64, u32), Second>;

/// The activity map's writing side.
pub struct ActivityProjection {
    store: Store,
    starts: Starts,
}

impl ActivityProjection {
    /// Opens the activity map of `log` in `dir`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn open(dir: &Path, log: LogId) -> Result<Self, ProjectionError> {
        Ok(Self {
            store: Store::open(dir, &SCHEMA, log)?,
            starts: Starts::default(),
        })
    }
}

impl StoredProjection for ActivityProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        let starts = &mut self.starts;
        let written = self.store.write(end, |transaction| {
            let seconds = count(transaction, starts, due)?;
            add(transaction, &seconds)?;
            Ok(())
        });
        if written.is_err() {
            self.starts.forget();
        }
        written
    }
}

/// The counts of each session and second that the events touch.
fn count(
    connection: &Connection,
    starts: &mut Starts,
    events: &[Event],
) -> rusqlite::Result<Seconds> {
    let mut seconds = Seconds::new();
    for event in events {
        let Some(session) = event.session() else {
            continue;
        };
        let start = starts.of(connection, session, event)?;
        if *event.kind() == EventType::RETENTION_PURGED {
            starts.begin_anew(connection, session, event)?;
            seconds.retain(|(key, _), _| *key != start.key);
            connection.execute("DELETE FROM seconds WHERE session = ?1", [start.key])?;
            continue;
        }
        let Some(body) = readable_body(event, SCHEMA.name) else {
            continue;
        };
        if let Some(counts) = Counts::of(&body) {
            let second = second_of(offset_us(start.started, event.at()));
            let known = seconds.entry((start.key, second)).or_default();
            known.counts.add(&counts);
        }
        for (at, permille) in changes(event, &body) {
            let second = second_of(offset_us(start.started, at));
            let known = seconds.entry((start.key, second)).or_default();
            known.changed_permille = known.changed_permille.max(permille);
        }
    }
    Ok(seconds)
}

/// How much of the screen changed in which seconds, in thousandths.
fn changes<'a>(event: &Event, body: &'a EventBody) -> impl Iterator<Item = (Timestamp, u16)> + 'a {
    let by_server = event.stream().source() == Some(BUILT_BY_SERVER);
    let (first_at, changed): (_, &[u16]) = match body {
        EventBody::FramesCaptured(captured) => (captured.first_at, &captured.changed_permille),
        EventBody::VideoAnalyzed(analyzed) if by_server => {
            (analyzed.first_at, &analyzed.changed_permille)
        }
        _ => (event.at(), &[]),
    };
    (0..)
        .zip(changed)
        .filter(|(_, permille)| **permille > 0)
        .map(move |(second, permille): (i64, _)| {
            let at = first_at.saturating_add_micros(second.saturating_mul(1_000_000));
            (at, (*permille).min(1_000))
        })
}

fn second_of(offset_us: u64) -> u32 {
    u32::try_from(offset_us / 1_000_000)
        .unwrap_or(u32::MAX)
        .min(SECOND_MAX)
}

fn add(connection: &Connection, seconds: &Seconds) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO seconds VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET
            output_bytes = output_bytes + excluded.output_bytes,
            keys = keys + excluded.keys,
            resizes = resizes + excluded.resizes,
            markers = markers + excluded.markers,
            processes = processes + excluded.processes,
            frames = frames + excluded.frames,
            changed = max(changed, excluded.changed)",
    )?;
    for ((session, second), happened) in seconds {
        let Counts {
            output_bytes,
            keys,
            resizes,
            markers,
            processes,
            frames,
        } = happened.counts;
        statement.execute((
            session,
            second,
            to_sql(output_bytes),
            to_sql(keys),
            to_sql(resizes),
            to_sql(markers),
            to_sql(processes),
            to_sql(frames),
            happened.changed_permille,
        ))?;
    }
    Ok(())
}

/// Gives `each` the seconds of a session in which something happened, in order.
///
/// # Errors
/// When the read model cannot be read.
pub fn for_each_second(
    connection: &Connection,
    session: SessionId,
    mut each: impl FnMut(u32, Second),
) -> rusqlite::Result<()> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(
        "SELECT second, output_bytes, keys, resizes, markers, processes, frames,
            changed
         FROM seconds WHERE session = ?1 ORDER BY second",
    )?;
    let mut rows = statement.query([start.key])?;
    while let Some(row) = rows.next()? {
        let number = |column: usize| row.get(column).map(from_sql);
        let counts = Counts {
            output_bytes: number(1)?,
            keys: number(2)?,
            resizes: number(3)?,
            markers: number(4)?,
            processes: number(5)?,
            frames: number(6)?,
        };
        let changed_permille = row.get(7)?;
        each(
            row.get(0)?,
            Second {
                counts,
                changed_permille,
            },
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_capped() {
        let cases = [
            (0, 0),
            (999_999, 0),
            (1_000_000, 1),
            (u64::from(SECOND_MAX) * 1_000_000, SECOND_MAX),
            (u64::MAX, SECOND_MAX),
        ];
        for (offset_us, want) in cases {
            assert_eq!(second_of(offset_us), want, "{offset_us} µs");
        }
    }
}
