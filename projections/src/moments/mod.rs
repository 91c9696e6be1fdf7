//! `moments`: full text over what was typed, run, seen and marked, each with session and time.
//!
//! | kind | is | from |
//! |---|---|---|
//! | keys | a run of keys, as typed and as they left the line | `keys.typed` (`keys`) |
//! | command | a command line as the screen showed it when it was sent off | `terminal.written`, and `keys.typed` where recorded (`commands`); `session.launched` (`launched`) |
//! | screen | a line of the screen, once it stood still or scrolled off | `terminal.written`, `terminal.resized` (`lines`) |
//! | marker | a label, which may be empty | `marker.set` |
//! | change | much of a picture changed at once | `video.analyzed` |
//! | process, window, clipboard, file, message | what recorders tell | `process.started` and others (`happenings`); titles in `terminal.written` |
//!
//! `session.launched`, `session.source_attached` and `session.ended` say whose the moments are, how
//! large the terminal is, and that nothing more is to come; `retention.purged` takes all moments of
//! its session out. Other events are skipped.
//!
//! Some moments are there before all is known of them: how a command ended, when a process stopped.
//! They are found at once, and take their own place when more is known: a document is removed by
//! its id and added again with the same ([`Stage`]).
//!
//! Sources have clocks of their own. An event's time is brought to the clock of the source that
//! began the session, by what the server measured (`clocks`); a measurement that changes where
//! moments stand has all of the session found anew.
//!
//! The contract of [`Projection`] is kept like this:
//! - the checkpoint is in the payload of the commit that holds the moments (`index`). A batch
//!   without a moment is not committed by itself, unless it is long since the last commit: after a
//!   crash its events are read again, and give nothing again;
//! - the content depends on the events alone. Replays hold state between events; it is a function
//!   of the session's events and rebuilt from the log whenever it is not in memory (`sessions`);
//! - offsets count from the session's first event ([`crate::offset_us`]).
//!
//! What is redacted is masked in the text, and stands beside it as it was, in a field of its own
//! ([`crate::redaction`]): by the rules when a moment is found, and by people when they say so; then the moments of the
//! session are found anew.
//!
//! That a line stood still is known when a later event of its stream arrives. A session that says
//! nothing more keeps its last lines to itself until it goes on or ends.

mod clocks;
mod columns;
mod commands;
mod escapes;
mod growth;
mod happenings;
mod index;
mod keys;
mod launched;
mod lines;
mod merging;
mod moment;
mod reader;
mod recent;
mod rows;
mod scrub;
mod session;
mod sessions;
mod stream;
#[cfg(test)]
mod tests;
mod tokens;
mod typed_runs;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use retrace_core::event::{Event, EventType};
use retrace_core::{Position, SessionId, Timestamp};

pub use columns::{NamedColumn, SegmentColumns};
pub(crate) use happenings::program as program_name;
pub use index::{Fields, MomentWriter, NAME, SessionFacts, path, remove};
pub use moment::{Detail, InvalidMomentId, Moment, MomentId, MomentKind};
pub use reader::{MomentsReader, MomentsView};
pub use tokens::{TOKENIZER, Word, WordStream, Words, words};

use crate::runner::Surroundings;
use crate::{Projection, ProjectionError, not_applied, offset_us};
use moment::{Draft, Stage};
use session::{After, Found, OpenSession};
use sessions::OpenSessions;

/// So many events without a moment are applied at most before the checkpoint is stored.
const UNCOMMITTED_EVENTS: u64 = 65_536;
/// So often it is looked whether what was purged still lies in segments, while events come.
const SCRUB_EVERY: Duration = Duration::from_secs(30);

/// The writing side of the index of moments.
pub struct MomentsProjection {
    writer: MomentWriter,
    sessions: OpenSessions,
    /// What was applied; the index may hold an earlier checkpoint with the same moments.
    checkpoint: Position,
    scrubbed_at: Instant,
}

impl MomentsProjection {
    /// Opens the index, and creates it if there is none that fits the log.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub fn open(at: &Surroundings) -> Result<Self, ProjectionError> {
        let writer = MomentWriter::open(&at.dir, at.log.id())?;
        let checkpoint = writer.checkpoint();
        let sessions = OpenSessions::new(at.log.clone(), at.runtime.clone());
        Ok(Self {
            writer,
            sessions,
            checkpoint,
            scrubbed_at: Instant::now(),
        })
    }

    /// Applies the events of one session, in order. Answers whether the index changed.
    fn apply_session(&mut self, id: SessionId, events: &[&Event]) -> Result<bool, ProjectionError> {
        let mut changed = false;
        let mut moments = Changes::default();
        let mut found = Vec::new();
        let mut session: Option<OpenSession> = None;
        for event in events {
            if *event.kind() == EventType::RETENTION_PURGED {
                moments = Changes::default();
                self.writer.purge(id);
                changed = true;
            }
            let open = match &mut session {
                Some(open) => open,
                None => session.insert(self.sessions.take(id, event)?),
            };
            let after = open.apply(event, &mut found);
            changed |= !found.is_empty();
            for found in found.drain(..) {
                moments.take(found, open, &self.writer)?;
            }
            match after {
                After::Nothing => {}
                After::Forget => {
                    moments.store(open, &self.writer)?;
                    session = None;
                    self.sessions.forget(id);
                }
                After::PlaceAnew => {
                    moments = Changes::default();
                    self.writer.take_out(id);
                    changed = true;
                    session = Some(self.place_anew(id, event, &mut moments)?);
                }
            }
        }
        if let Some(session) = session {
            moments.store(&session, &self.writer)?;
            self.sessions.put(session);
        }
        Ok(changed)
    }

    /// Finds the moments of a session again, as its clocks are known at a measurement.
    fn place_anew(
        &self,
        id: SessionId,
        measured: &Event,
        moments: &mut Changes,
    ) -> Result<OpenSession, ProjectionError> {
        let mut take = |event: &Event, open: &OpenSession, found: Vec<Found>| {
            if *event.kind() == EventType::RETENTION_PURGED {
                // It was purged when the event came first, too.
                *moments = Changes::default();
                self.writer.take_out(id);
            }
            let mut found = found.into_iter();
            found.try_for_each(|found| moments.take(found, open, &self.writer))
        };
        self.sessions.replay_through(id, measured, &mut take)
    }

    fn apply_all(&mut self, events: &[Event]) -> Result<bool, ProjectionError> {
        // Session by session, so that each is replayed once at most for a batch.
        let mut order: Vec<SessionId> = Vec::new();
        let mut by_session: HashMap<SessionId, Vec<&Event>> = HashMap::new();
        for event in events {
            // Of an event that says nothing here it only counts whether it began the session.
            let counts = session::concerns(event.kind()) || event.version().0 == 0;
            if let Some(session) = event.session().filter(|_| counts) {
                let events = by_session.entry(session).or_default();
                if events.is_empty() {
                    order.push(session);
                }
                events.push(event);
            }
        }
        let mut changed = false;
        for session in order {
            changed |= self.apply_session(session, &by_session[&session])?;
        }
        Ok(changed)
    }
}

/// The moments of a batch that may still be replaced by others of it, so that one that begins and
/// ends within a batch is written once.
#[derive(Default)]
struct Changes {
    begun: BTreeMap<MomentId, Draft>,
}

impl Changes {
    fn take(
        &mut self,
        Found { id, draft }: Found,
        session: &OpenSession,
        writer: &MomentWriter,
    ) -> Result<(), ProjectionError> {
        match draft.stage {
            Stage::Whole => return writer.add(&placed(draft, id, session), &session.facts),
            Stage::Begun(_) => _ = self.begun.insert(id, draft),
            Stage::GoesOn(_) | Stage::Ended(_) | Stage::Withdrawn(_) => {
                let withdrawn = matches!(draft.stage, Stage::Withdrawn(_));
                if self.begun.remove(&id).is_none() {
                    writer.remove(id);
                }
                if !withdrawn {
                    self.begun.insert(id, draft);
                }
            }
        }
        Ok(())
    }

    fn store(
        &mut self,
        session: &OpenSession,
        writer: &MomentWriter,
    ) -> Result<(), ProjectionError> {
        for (id, draft) in std::mem::take(&mut self.begun) {
            writer.add(&placed(draft, id, session), &session.facts)?;
        }
        Ok(())
    }
}

/// Puts a draft into its session and into the log.
fn placed(draft: Draft, id: MomentId, session: &OpenSession) -> Moment {
    let started = session.facts.started;
    let from_start = |us: i64| {
        let at = Timestamp::from_micros(us).unwrap_or(started);
        (at, offset_us(started, at))
    };
    let (at, offset_us) = from_start(draft.complete_us);
    let start_us = from_start(draft.start_us).1.min(offset_us);
    Moment {
        id,
        session: session.facts.session,
        kind: draft.kind,
        start_us,
        offset_us,
        at,
        text: draft.text,
        revealed: draft.revealed,
        detail: draft.detail,
        grown: draft.growth.before(draft.complete_us),
    }
}

impl Projection for MomentsProjection {
    fn name(&self) -> &'static str {
        NAME
    }

    fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        let due = not_applied(self.checkpoint, events)?;
        let Some(last) = due.last() else {
            return Ok(());
        };
        let end = last.position().plus(1);
        let applied = self.apply_all(due).and_then(|changed| {
            let behind = end.0 - self.writer.checkpoint().0;
            if changed || behind >= UNCOMMITTED_EVENTS {
                self.writer.commit(end)
            } else {
                Ok(())
            }
        });
        if applied.is_err() {
            // Neither the index nor the sessions in memory may hold half of a batch.
            self.sessions.forget_all();
            self.writer.rollback()?;
            self.checkpoint = self.writer.checkpoint();
            return applied;
        }
        self.checkpoint = end;
        if self.scrubbed_at.elapsed() >= SCRUB_EVERY {
            self.rest()?;
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<(), ProjectionError> {
        self.scrubbed_at = Instant::now();
        self.writer.scrub()
    }
}
