//! The screen at a moment: the nearest keyframe before it, and the tail from the log. Should the
//! terminal be resized within the tail, which is rare, the stream from its beginning.

use std::sync::Arc;

use retrace_core::log::{EventLog, StoreError};
use retrace_core::{SessionId, StreamName, StreamVersion, Timestamp};
use rusqlite::Connection;

use super::keyframes::{StoredKeyframe, Terminal};
use super::source::Source;
use super::track::Track;
use crate::ProjectionError;
use crate::starts::find_start;
use crate::store::Readers;
use crate::terminal::TerminalReplay;

/// Where to begin, and what to apply.
struct Plan {
    stream: StreamName,
    started: Timestamp,
    /// Where the stream's terminal begins.
    first_version: StreamVersion,
    keyframe: Option<StoredKeyframe>,
    /// Events from here on are not needed: the keyframe that holds them is too late.
    end: Option<StreamVersion>,
}

/// The terminal of a session at a moment: after all events of its stream up to and including
/// `limit_us` from the session's start. `None` when the session has no terminal stream that wrote,
/// or the read model does not know it yet.
///
/// # Errors
/// When the read model or the log does not answer.
pub async fn screen_at(
    readers: &Readers,
    log: &Arc<dyn EventLog>,
    session: SessionId,
    limit_us: u64,
) -> Result<Option<TerminalReplay>, ProjectionError> {
    let (readers, log) = (readers.clone(), Arc::clone(log));
    let runtime = tokio::runtime::Handle::current();
    // Both SQLite and the emulator block, so they work apart from the threads that serve others.
    let work = move || {
        let plan = readers.read(|connection| plan(connection, session, limit_us))?;
        let Some(plan) = plan else { return Ok(None) };
        let mut track = match &plan.keyframe {
            Some(keyframe) => Track::resume(keyframe),
            None => Track::begin(plan.first_version),
        };
        let source = Source {
            log: &*log,
            runtime: &runtime,
            stream: &plan.stream,
            started: plan.started,
            first_version: plan.first_version,
        };
        loop {
            let events = source.read(track.next_version(), plan.end)?;
            for event in &events {
                if !source.apply_until(&mut track, event, limit_us)? {
                    return Ok(Some(track.into_replay()));
                }
            }
            if events.is_empty() {
                return Ok(Some(track.into_replay()));
            }
        }
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| ProjectionError::Log(StoreError::Failed(Box::new(error))))?
}

fn plan(
    connection: &Connection,
    session: SessionId,
    limit_us: u64,
) -> Result<Option<Plan>, ProjectionError> {
    let Some(start) = find_start(connection, session)? else {
        return Ok(None);
    };
    let first = Terminal::first_of_session(connection, start.key)?;
    let Some((terminal, name)) = first else {
        return Ok(None);
    };
    let stream = StreamName::new(name).map_err(|error| ProjectionError::Store(error.into()))?;
    let first_version = terminal.first_version();
    let keyframe = terminal.keyframe_until(connection, limit_us)?;
    let from = keyframe
        .as_ref()
        .map_or(first_version, |keyframe| keyframe.version);
    let end = terminal.version_of_next(connection, from)?;
    Ok(Some(Plan {
        stream,
        started: start.started,
        first_version,
        keyframe,
        end,
    }))
}
