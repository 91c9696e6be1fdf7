//! Which events somebody may have, and how much of each.
//!
//! Events of a session are for whoever may see its recording and read its log, masked as they are everywhere unless they
//! reveal them; events of no session for whoever may read the whole log and see how the server is set up. The rule is
//! that of the events in GraphQL, with [`Right::ReadLog`] beside it.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use retrace_core::access::Right;
use retrace_core::event::{Event, EventType};
use retrace_core::log::{EventLog, StoreError};
use retrace_core::{Position, SessionId, StreamVersion};
use retrace_projections::redaction::Veil;
use retrace_query::{QueryError, Reader};
use tokio::runtime::Handle;

use super::formats::{SessionFacts, Shown};

/// So many sessions are remembered: beyond it all are forgotten, and looked at again.
const SESSIONS_MAX: usize = 10_000;
/// The most patterns in a filter.
const PATTERNS_MAX: usize = 100;

/// Why events cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum SightError {
    /// The read models do not answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFilter {
    /// A part of it names no types.
    #[error(
        "`{found}` names no event types, expected one such as `keys.typed`, `session.*`, or `-terminal.*` to leave out"
    )]
    Pattern {
        /// The part.
        found: String,
    },
    /// It has too many parts.
    #[error("{found} names of event types, expected at most {PATTERNS_MAX}")]
    TooMany {
        /// How many.
        found: usize,
    },
}

/// Which types of events are wanted: `session.*, keys.typed, -session.clock_measured`. What is named with a hyphen is left
/// out; of nothing else, everything is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeFilter {
    wanted: Vec<Pattern>,
    unwanted: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Type(EventType),
    /// All of a noun, with its dot.
    Noun(String),
}

impl Pattern {
    fn matches(&self, kind: &EventType) -> bool {
        match self {
            Self::Type(named) => named == kind,
            Self::Noun(noun) => kind.as_str().starts_with(noun.as_str()),
        }
    }
}

impl FromStr for Pattern {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let invalid = |_| InvalidFilter::Pattern {
            found: text.chars().take(80).collect(),
        };
        if let Some(noun) = text.strip_suffix(".*") {
            // Whatever can be a noun, with some verb.
            EventType::new(&format!("{noun}.x")).map_err(invalid)?;
            return Ok(Self::Noun(format!("{noun}.")));
        }
        EventType::new(text).map(Self::Type).map_err(invalid)
    }
}

impl FromStr for TypeFilter {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let mut filter = Self::default();
        let parts = text.split([',', ' ']).filter(|part| !part.is_empty());
        for part in parts {
            match part.strip_prefix('-') {
                Some(unwanted) => filter.unwanted.push(unwanted.parse()?),
                None => filter.wanted.push(part.parse()?),
            }
        }
        let found = filter.wanted.len() + filter.unwanted.len();
        if found > PATTERNS_MAX {
            return Err(InvalidFilter::TooMany { found });
        }
        Ok(filter)
    }
}

impl TypeFilter {
    /// Whether events of a type are wanted.
    #[must_use]
    pub fn matches(&self, kind: &EventType) -> bool {
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(kind));
        (self.wanted.is_empty() || any(&self.wanted)) && !any(&self.unwanted)
    }
}

/// Lets through what a reader may see of events, masked.
pub struct Sieve {
    log: Arc<dyn EventLog>,
    reader: Reader,
    runtime: Handle,
    /// Whether events of no session are shown.
    of_server: bool,
    sessions: HashMap<SessionId, Option<Seen>>,
}

/// How a session is seen.
struct Seen {
    /// Nothing, when it is revealed.
    veil: Option<Arc<Veil>>,
    facts: Option<SessionFacts>,
}

impl Sieve {
    /// What `reader` may see of `log`. To be called on a runtime.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, reader: Reader) -> Self {
        let may = |right| reader.sight().may_everywhere(right);
        let of_server = may(Right::ReadLog) && may(Right::ViewSettings);
        Self {
            log,
            reader,
            runtime: Handle::current(),
            of_server,
            sessions: HashMap::new(),
        }
    }

    /// Gives what may be seen of each event to `take`, in their order. Blocks.
    ///
    /// # Errors
    /// When log or read models do not answer; some may have been given by then.
    pub fn sift(
        &mut self,
        events: &[Event],
        mut take: impl FnMut(Shown<'_>),
    ) -> Result<(), SightError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        self.forget_before(last.position().plus(1));
        for event in events {
            let Some(session) = event.session() else {
                if self.of_server {
                    take(Shown {
                        event,
                        masked: None,
                        session: None,
                    });
                }
                continue;
            };
            if !self.sessions.contains_key(&session) {
                let seen = self.look_at(session)?;
                self.sessions.insert(session, seen);
            }
            let Some(Some(seen)) = self.sessions.get(&session) else {
                continue;
            };
            let masked = seen.veil.as_ref().and_then(|veil| veil.masked(event));
            take(Shown {
                event,
                masked: masked.as_ref(),
                session: seen.facts.as_ref(),
            });
        }
        Ok(())
    }

    /// The sessions among these of which what is redacted is shown.
    #[must_use]
    pub fn revealed(&self, events: &[Event]) -> BTreeSet<SessionId> {
        let is_revealed = |session: &SessionId| {
            let seen = self.sessions.get(session);
            matches!(seen, Some(Some(Seen { veil: None, .. })))
        };
        let sessions = events.iter().filter_map(Event::session);
        sessions.filter(is_revealed).collect()
    }

    /// What is known only of the log below a size is looked at again.
    fn forget_before(&mut self, size: Position) {
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.clear();
        }
        self.sessions.retain(|_, seen| match seen {
            Some(Seen {
                veil: Some(veil), ..
            }) => veil.checkpoint() >= size,
            // It may have become known, or revealed, since.
            Some(Seen { veil: None, .. }) => true,
            None => false,
        });
    }

    fn look_at(&self, session: SessionId) -> Result<Option<Seen>, SightError> {
        for right in [Right::ReadLog, Right::ViewRecordings] {
            match self.reader.may(right, session) {
                Ok(true) => {}
                Ok(false) | Err(QueryError::Denied(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        let veil = self.reader.veil(session)?;
        let facts = self.runtime.block_on(launched(&*self.log, session))?;
        let facts = facts.and_then(|launched| {
            let masked = veil.as_ref().and_then(|veil| veil.masked(&launched));
            SessionFacts::of(masked.as_ref().unwrap_or(&launched))
        });
        Ok(Some(Seen { veil, facts }))
    }
}

/// The first event of a session, which is its launch.
async fn launched(log: &dyn EventLog, session: SessionId) -> Result<Option<Event>, StoreError> {
    let streams = log.session_streams(session).await?;
    let Some(first) = streams.first() else {
        return Ok(None);
    };
    let events = log.read_stream(first, StreamVersion(0), 1).await?;
    Ok(events.into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_wants_what_it_names_but_what_it_leaves_out() {
        let cases = [
            ("", "keys.typed", true),
            ("keys.typed", "keys.typed", true),
            ("keys.typed", "terminal.written", false),
            ("session.*, keys.typed", "session.ended", true),
            ("session.*", "sessions.x", false),
            ("-terminal.*", "terminal.written", false),
            ("-terminal.*", "keys.typed", true),
            ("session.* -session.ended", "session.ended", false),
            ("camera.moved", "camera.moved", true),
        ];
        for (filter, kind, want) in cases {
            let parsed: TypeFilter = filter.parse().unwrap();
            let kind = EventType::new(kind).unwrap();
            assert_eq!(parsed.matches(&kind), want, "{kind} by {filter:?}");
        }
        for wrong in ["keys", "*", "Keys.typed", "a.b.c", "../x", "-", "keys.*.x"] {
            assert!(wrong.parse::<TypeFilter>().is_err(), "{wrong}");
        }
        let many = "keys.typed,".repeat(PATTERNS_MAX + 1);
        assert!(matches!(
            many.parse::<TypeFilter>(),
            Err(InvalidFilter::TooMany { found: 101 })
        ));
    }
}
