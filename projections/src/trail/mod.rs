//! `trail`: who did what in Retrace itself: looked, searched, took files, changed settings, gave and took access,
//! ended sessions, reviewed, redacted, and what they were refused.
//!
//! Reads the events of [`is_act`]; skips the others, and what rules redact by themselves. Keeps who, when, what kind and
//! which session; what an event says stays in the log, so nothing is here that `retention.purged` had to take. Takes
//! times from events: a rebuild gives the same rows.

use std::path::Path;

use retrace_core::event::{Event, EventType};
use retrace_core::{LogId, Position, SessionId, Timestamp};
use rusqlite::{Connection, Row, params_from_iter, types::Value};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ProjectionError;
use crate::store::{Schema, Store, StoredProjection, from_sql, to_sql};

/// The tables of the trail.
pub const SCHEMA: Schema = Schema {
    name: "trail",
    version: 2,
    tables: include_str!("schema.sql"),
};

/// The first parts of the types of what only people and the server itself do.
const NOUNS: [&str; 13] = [
    "access",
    "auth",
    "config",
    "events",
    "grant",
    "hold",
    "records",
    "redaction",
    "report",
    "retention",
    "search",
    "sql",
    "token",
];
const TYPES: [EventType; 13] = [
    EventType::RECORDING_VIEWED,
    EventType::RECORDING_DOWNLOADED,
    EventType::SESSION_REVIEWED,
    EventType::REVIEW_REOPENED,
    EventType::SESSION_COMMENTED,
    EventType::SESSION_ASSIGNED,
    EventType::TERMINATE_REQUESTED,
    EventType::MESSAGE_SENT,
    EventType::POLICY_SET,
    EventType::VIDEO_REQUESTED,
    EventType::DESTINATION_SET,
    EventType::DESTINATION_REMOVED,
    EventType::DESTINATION_REPLAYED,
];

/// Whether events of this type tell of what somebody did in Retrace itself.
#[must_use]
pub fn is_act(kind: &EventType) -> bool {
    let noun = kind.as_str().split('.').next().unwrap_or_default();
    NOUNS.contains(&noun) || TYPES.contains(kind)
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Where its event stands in the log.
    pub position: Position,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The type of its event.
    pub kind: String,
    /// Who; empty where nobody is known.
    pub who: String,
    /// The session that it was done with.
    pub session: Option<SessionId>,
}

/// Which acts are wanted: all conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActFilter {
    /// By one of these people. Empty for all.
    pub who: Vec<String>,
    /// Of one of these types. Empty for all.
    pub kinds: Vec<String>,
    /// With this session.
    pub session: Option<SessionId>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
}

/// Who did it, in the words of the different events.
#[derive(Deserialize)]
struct Said {
    by: Option<String>,
    who: Option<String>,
    rule: Option<IgnoredAny>,
}

/// The trail's writing side.
pub struct TrailProjection {
    store: Store,
}

impl TrailProjection {
    /// Opens the trail of `log` in `dir`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn open(dir: &Path, log: LogId) -> Result<Self, ProjectionError> {
        Ok(Self {
            store: Store::open(dir, &SCHEMA, log)?,
        })
    }
}

impl StoredProjection for TrailProjection {
    const NAME: &'static str = SCHEMA.name;

    fn store(&self) -> &Store {
        &self.store
    }

    fn take(&mut self, due: &[Event], end: Position) -> Result<(), ProjectionError> {
        self.store.write(end, |transaction| {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO acts VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for event in due.iter().filter(|event| is_told(event)) {
                if let (true, Some(session)) = (
                    *event.kind() == EventType::RETENTION_PURGED,
                    event.session(),
                ) {
                    // Its event is gone with the video that was made.
                    transaction
                        .prepare_cached("DELETE FROM acts WHERE session = ?1 AND kind = ?2")?
                        .execute((
                            session.uuid().as_bytes(),
                            EventType::VIDEO_REQUESTED.as_str(),
                        ))?;
                }
                let Some(who) = who(event) else { continue };
                insert.execute((
                    to_sql(event.position().0),
                    event.recorded_at().micros(),
                    event.kind().as_str(),
                    who,
                    event.session().map(|session| *session.uuid().as_bytes()),
                ))?;
            }
            Ok(())
        })
    }
}

/// Whether it tells of an act, and is not what a recorder says.
fn is_told(event: &Event) -> bool {
    let stream = event.stream();
    let by_server = stream.session().is_none()
        || stream.outlives_recording()
        || stream.source() == Some("video");
    by_server && is_act(event.kind())
}

/// Who did it. `None` where nobody did, since a rule does.
fn who(event: &Event) -> Option<String> {
    match serde_json::from_slice::<Said>(event.data()) {
        Ok(said) if said.rule.is_some() => None,
        Ok(said) => Some(said.by.or(said.who).unwrap_or_default()),
        Err(error) => {
            let position = event.position().0;
            tracing::warn!(position, kind = %event.kind(), %error, "an act of nobody");
            Some(String::new())
        }
    }
}

/// The latest acts before a position, the newest first.
///
/// # Errors
/// When the read model cannot be read.
pub fn acts(
    connection: &Connection,
    filter: &ActFilter,
    before: Option<Position>,
    limit: usize,
) -> rusqlite::Result<Vec<Act>> {
    let (mut conditions, mut values) = (vec!["TRUE".to_owned()], Vec::new());
    let mut holds = |condition: &str, value: Value| {
        conditions.push(condition.to_owned());
        values.push(value);
    };
    if let Some(before) = before {
        holds("position < ?", to_sql(before.0).into());
    }
    if let Some(session) = filter.session {
        holds("session = ?", session.uuid().as_bytes().to_vec().into());
    }
    if let Some(from) = filter.from {
        holds("recorded_us >= ?", from.micros().into());
    }
    if let Some(to) = filter.to {
        holds("recorded_us < ?", to.micros().into());
    }
    // Without statistics SQLite may take the index of the kinds, of which there are few: a `+` leaves it the other.
    let kind = match filter.who.is_empty() {
        true => "kind",
        false => "+kind",
    };
    for (column, texts) in [("who", &filter.who), (kind, &filter.kinds)] {
        if !texts.is_empty() {
            let marks = vec!["?"; texts.len()].join(", ");
            conditions.push(format!("{column} IN ({marks})"));
            values.extend(texts.iter().cloned().map(Value::from));
        }
    }
    values.push(to_sql(limit as u64).into());
    let mut statement = connection.prepare_cached(&format!(
        "SELECT position, recorded_us, kind, who, session FROM acts WHERE {}
         ORDER BY position DESC LIMIT ?",
        conditions.join(" AND ")
    ))?;
    statement
        .query_map(params_from_iter(values), act)?
        .collect()
}

fn act(row: &Row<'_>) -> rusqlite::Result<Act> {
    let recorded_us = row.get(1)?;
    let session: Option<[u8; 16]> = row.get(4)?;
    Ok(Act {
        position: Position(from_sql(row.get(0)?)),
        at: Timestamp::from_micros(recorded_us)
            .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(1, recorded_us))?,
        kind: row.get(2)?,
        who: row.get(3)?,
        session: session.map(|id| uuid::Uuid::from_bytes(id).into()),
    })
}

/// Everybody who ever did something, in the order of their names, at most `limit`.
///
/// # Errors
/// When the read model cannot be read.
pub fn people(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<String>> {
    // From one name to the next by the index, however many rows each has.
    let mut next = connection.prepare_cached("SELECT min(who) FROM acts WHERE who > ?1")?;
    let (mut people, mut last) = (Vec::new(), String::new());
    while people.len() < limit {
        let Some(name) = next.query_row([&last], |row| row.get::<_, Option<String>>(0))? else {
            break;
        };
        people.push(name.clone());
        last = name;
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use retrace_core::StreamName;
    use retrace_core::event::{
        AuthDenied, Concealed, ConfigChanged, EventBatch, EventBody, RecordingViewed,
        RedactionAdded, SearchPerformed,
    };

    use super::*;
    use crate::store::Readers;
    use crate::testing::{TestLog, content, purged, session, t0, typed};

    fn changed(by: &str) -> EventBody {
        ConfigChanged {
            by: by.to_owned(),
            new: 1.into(),
            old: 2.into(),
            reason: None,
            setting: "video.queue".to_owned(),
        }
        .into()
    }

    fn viewed(by: &str) -> EventBody {
        RecordingViewed {
            address: None,
            by: by.to_owned(),
            looks: None,
            reason: None,
            since: None,
            token: None,
            what: vec!["screen".to_owned()],
        }
        .into()
    }

    fn redacted(rule: Option<&str>) -> EventBody {
        RedactionAdded {
            by: "ines".to_owned(),
            from: t0(),
            id: None,
            reason: "a secret".to_owned(),
            rule: rule.map(str::to_owned),
            to: t0(),
            what: Concealed::All,
        }
        .into()
    }

    /// A log with a little of everything, and its trail.
    fn trail() -> (TestLog, Readers, std::path::PathBuf) {
        let test = TestLog::new();
        let append = |stream: StreamName, body: EventBody| {
            test.append_to(stream, EventBatch::of(t0(), body).unwrap());
        };
        append(StreamName::settings(), changed("mara"));
        test.append(session(1), "agent", [(0, typed("ls\r")), (1, typed("x"))]);
        append(StreamName::accesses_of(session(1)), viewed("ines"));
        append(StreamName::accesses_of(session(2)), viewed("ines"));
        let stream = StreamName::redactions_of(session(1));
        append(stream.clone(), redacted(Some("prompt")));
        append(stream, redacted(None));
        let search = SearchPerformed {
            address: None,
            by: "mara".to_owned(),
            filter: None,
            hits: 1,
            reason: None,
            text: "x".to_owned(),
            token: None,
        };
        append(StreamName::accesses(), search.into());
        append(StreamName::accesses(), AuthDenied::default().into());
        append(StreamName::control_of(session(1)), purged());
        let dir = test.models("models");
        let mut projection = TrailProjection::open(&dir, test.log.id()).unwrap();
        test.feed(&mut projection, &[3]);
        let readers = Readers::new(&dir, SCHEMA);
        (test, readers, dir)
    }

    fn told(readers: &Readers, filter: &ActFilter) -> Vec<(String, String)> {
        let found = readers
            .read::<_, rusqlite::Error>(|connection| acts(connection, filter, None, 100))
            .unwrap();
        let told = found.into_iter().map(|act| (act.kind, act.who));
        told.collect()
    }

    #[test]
    fn what_people_did_is_told_newest_first_and_what_happened_in_sessions_is_not() {
        let (_test, readers, _dir) = trail();
        let all = told(&readers, &ActFilter::default());
        let expected = [
            ("retention.purged", "policy"),
            ("auth.denied", ""),
            ("search.performed", "mara"),
            ("redaction.added", "ines"),
            ("recording.viewed", "ines"),
            ("recording.viewed", "ines"),
            ("config.changed", "mara"),
        ];
        let expected = expected.map(|(kind, who)| (kind.to_owned(), who.to_owned()));
        assert_eq!(all, expected);
    }

    #[test]
    fn each_condition_leaves_out_what_it_does_not_name() {
        let (_test, readers, _dir) = trail();
        let all = ActFilter::default;
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let hour = |hours: i64| Some(Timestamp::now().saturating_add_micros(hours * 3_600_000_000));
        let cases = [
            (
                ActFilter {
                    who: texts(&["mara"]),
                    ..all()
                },
                2,
            ),
            (
                ActFilter {
                    who: texts(&["mara", "policy"]),
                    ..all()
                },
                3,
            ),
            (
                ActFilter {
                    who: texts(&["nobody"]),
                    ..all()
                },
                0,
            ),
            (
                ActFilter {
                    kinds: texts(&["recording.viewed"]),
                    ..all()
                },
                2,
            ),
            (
                ActFilter {
                    session: Some(session(2)),
                    ..all()
                },
                1,
            ),
            (
                ActFilter {
                    from: hour(-1),
                    to: hour(1),
                    ..all()
                },
                7,
            ),
            (
                ActFilter {
                    from: hour(1),
                    ..all()
                },
                0,
            ),
            (
                ActFilter {
                    to: hour(-1),
                    ..all()
                },
                0,
            ),
        ];
        for (filter, expected) in cases {
            assert_eq!(told(&readers, &filter).len(), expected, "{filter:?}");
        }
    }

    #[test]
    fn pages_follow_each_other_and_people_are_named_once() {
        let (_test, readers, _dir) = trail();
        let (mut before, mut positions) = (None, Vec::new());
        loop {
            let page = readers
                .read::<_, rusqlite::Error>(|connection| {
                    acts(connection, &ActFilter::default(), before, 2)
                })
                .unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.position);
            positions.extend(page.iter().map(|act| act.position));
        }
        assert_eq!(positions.len(), 7);
        assert!(positions.is_sorted_by(|one, next| one > next));
        let named = readers
            .read::<_, rusqlite::Error>(|connection| people(connection, 10))
            .unwrap();
        assert_eq!(named, ["ines", "mara", "policy"]);
    }

    #[test]
    fn however_the_log_is_cut_the_rows_are_the_same() {
        let (test, _readers, dir) = trail();
        let whole = test.models("whole");
        let mut projection = TrailProjection::open(&whole, test.log.id()).unwrap();
        test.feed(&mut projection, &[100_000]);
        assert_eq!(content(&dir, &SCHEMA), content(&whole, &SCHEMA));
    }
}
