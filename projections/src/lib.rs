//! Read models: views of the event log, each disposable and rebuilt by replaying it.
//!
//! One module per read model, with its writer (a [`Projection`]) and its reader side by side:
//!
//! | module | store | answers |
//! |---|---|---|
//! | [`sessions`] | SQLite | catalogue, filters, state |
//! | [`activity`] | SQLite | per-second counts by kind |
//! | [`screens`] | SQLite | terminal keyframes |
//! | [`moments`] | tantivy | full text over what was typed, run and seen |
//! | [`redaction`] | SQLite | what is hidden until somebody reveals it |
//! | [`trail`] | SQLite | who did what in Retrace itself |
//! | [`video`] | SQLite | footage, clips, what is built of them; a playable file over their frames |
//! | [`columns`] | Parquet | tables of events, sessions, accesses and coverage, for reports and SQL |
//!
//! [`runner`] keeps them caught up with the log, each in a thread of its own, so that one that
//! fails or is slow holds up none of the others. What they share: [`store`] (a SQLite file with
//! rows and checkpoint), [`terminal`] (the screen as events draw it) and the clock of a session
//! ([`offset_us`]).

pub mod activity;
pub mod columns;
pub mod counts;
pub mod moments;
pub mod redaction;
pub mod runner;
pub mod screens;
pub mod sessions;
mod starts;
pub mod store;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod trail;
pub mod video;

use retrace_core::event::Event;
use retrace_core::{Position, Timestamp};

/// A read model's writing side. Every implementation promises:
/// - *exactly once*: rows and checkpoint are stored in one transaction, so that after a crash at
///   any point each event has been applied once or not at all;
/// - *reproducible*: the content depends on the events alone, not on how they were cut into
///   batches, nor on any clock: a rebuild gives the same content;
/// - *forgiving*: an event that it cannot read is logged and passed over, never the end of the
///   projection.
///
/// | checkpoint | events `[b, c)`  | outcome                                 |
/// |------------|------------------|-----------------------------------------|
/// | `a`        | `b = a`          | applied, the checkpoint becomes `c`     |
/// | `a`        | `b < a`          | the part from `a` on, if any, is applied|
/// | `a`        | `b > a`          | `Gap`, nothing is written               |
pub trait Projection: Send {
    /// The name by which `retrace rebuild` knows it: the module's.
    fn name(&self) -> &'static str;

    /// The position of the first event that is not applied yet: the read model answers for all
    /// positions below.
    fn checkpoint(&self) -> Position;

    /// Applies consecutive events and makes rows and checkpoint durable together.
    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError>;

    /// Does what was put off while events came. Called when none has come for a while.
    fn rest(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }

    /// Makes durable what is held in memory only, though it could be read from the log again. Called at the
    /// end.
    fn settle(&mut self) -> Result<(), ProjectionError> {
        Ok(())
    }
}

/// Why a projection could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// Events between the checkpoint and the batch are missing: read again from the checkpoint.
    #[error("the read model stands at {checkpoint}, the events begin at {found}")]
    Gap {
        /// Where the read model stands.
        checkpoint: Position,
        /// The position of the first event given.
        found: Position,
    },
    /// The read model's own store failed.
    #[error("the read model's store failed: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] retrace_core::log::StoreError),
}

/// The part of a batch that a read model at `checkpoint` has not applied yet, by the table of
/// [`Projection`].
///
/// # Errors
/// [`ProjectionError::Gap`] when events between the checkpoint and the batch are missing.
pub fn not_applied(checkpoint: Position, events: &[Event]) -> Result<&[Event], ProjectionError> {
    let Some(first) = events.first() else {
        return Ok(events);
    };
    let found = first.position();
    match usize::try_from(checkpoint.0.saturating_sub(found.0)) {
        _ if found > checkpoint => Err(ProjectionError::Gap { checkpoint, found }),
        Ok(applied) => Ok(events.get(applied..).unwrap_or_default()),
        Err(_) => Ok(&[]),
    }
}

/// Where a moment stands in its session, in microseconds from the session's start.
///
/// A session starts at the `at` of its first event in the log, of whatever type: the launch, where
/// there is one. No later event moves the start, so an offset once computed stays true. A moment
/// before the start (the clocks of two sources differ) counts as the start.
pub fn offset_us(started: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.micros_since(started)).unwrap_or(0)
}
