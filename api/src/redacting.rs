//! Tells what rules hide: each stretch that the read model found is an event of its session, `redaction.added`, in the
//! stream that only the server writes ([`StreamName::redactions_of`]), for whoever reads the log.
//!
//! Nothing waits for these events: what is hidden is hidden before they are there. The expected version of the stream is
//! the lock between nodes; a stretch is named after the place of its first key, so that none is told twice.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::event::{Event, EventBatch, EventBody, RedactionAdded};
use retrace_core::log::{Append, AppendError, EventLog};
use retrace_core::{SessionId, StreamName, StreamVersion, Timestamp};
use retrace_query::Reader;
use retrace_query::redaction::Span;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::accesses::AccessError;

/// How often the read model is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many sessions are asked for at once, and how many spans are told in one append.
const SESSIONS_AT_ONCE: u32 = 100;
const SPANS_AT_ONCE: usize = 500;
/// What was found in a session is told so long after it was noticed, together: it may grow while the session goes on.
const TOLD_AFTER: Duration = Duration::from_secs(30);
const PAGE_EVENTS: usize = 1_000;

/// Looks for what is not told yet, and tells it, until it is told to stop.
pub struct Redacting {
    task: tokio::task::JoinHandle<()>,
}

impl Redacting {
    /// Begins. `reader` is the server's own.
    pub fn start(
        log: Arc<dyn EventLog>,
        reader: Reader,
        mut stopped: watch::Receiver<bool>,
    ) -> Self {
        let task = tokio::spawn(async move {
            let mut noticed = HashMap::new();
            loop {
                tell_all(&log, &reader, &mut noticed).await;
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    // An error means that the sender is gone, which is a reason to stop too.
                    _ = stopped.wait_for(|stop| *stop) => return,
                }
            }
        });
        Self { task }
    }

    /// Waits until it has stopped.
    pub async fn shutdown(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "what tells of redactions was not waited for");
        }
    }
}

async fn tell_all(
    log: &Arc<dyn EventLog>,
    reader: &Reader,
    noticed: &mut HashMap<SessionId, Instant>,
) {
    let of_all = reader.clone();
    let untold = spawn_blocking(move || of_all.untold_redactions(SESSIONS_AT_ONCE)).await;
    let Ok(Ok(sessions)) = untold else {
        // The read model is not there yet, or is being rebuilt.
        return;
    };
    noticed.retain(|session, _| sessions.contains(session));
    for session in sessions {
        let since = noticed.entry(session).or_insert_with(Instant::now);
        if since.elapsed() < TOLD_AFTER {
            continue;
        }
        noticed.remove(&session);
        if let Err(error) = tell(log, reader, session).await {
            tracing::warn!(%session, %error, "what is hidden in a session could not be told yet");
        }
    }
}

async fn tell(
    log: &Arc<dyn EventLog>,
    reader: &Reader,
    session: SessionId,
) -> Result<(), AccessError> {
    let of_session = reader.clone();
    let spans = spawn_blocking(move || of_session.redaction_spans(session)).await;
    let Ok(Ok(spans)) = spans else { return Ok(()) };
    let stream = StreamName::redactions_of(session);
    let (told, next) = told(&**log, &stream).await?;
    let mut events = EventBatch::new();
    let new = spans
        .into_iter()
        .filter(|span: &Span| !span.is_recorded && !told.contains(&span.id));
    for span in new.take(SPANS_AT_ONCE) {
        let (Ok(from), Ok(to)) = (
            Timestamp::from_micros(span.from_us),
            Timestamp::from_micros(span.to_us),
        ) else {
            continue;
        };
        let added = RedactionAdded {
            by: span.by,
            from,
            id: Some(span.id),
            reason: span.reason,
            rule: span.rule,
            to,
            what: span.what,
        };
        events.push(Timestamp::now(), added)?;
    }
    if events.is_empty() {
        return Ok(());
    }
    let append = Append {
        stream,
        first_version: next,
        events,
    };
    match log.append(append).await {
        // Another node told it, or a person redacted something: it is looked at again.
        Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// The ids that the stream tells of, and the version of its next event.
async fn told(
    log: &dyn EventLog,
    stream: &StreamName,
) -> Result<(HashSet<String>, StreamVersion), AccessError> {
    let (mut told, mut next) = (HashSet::new(), StreamVersion(0));
    loop {
        let events = log.read_stream(stream, next, PAGE_EVENTS).await?;
        let Some(last) = events.last() else {
            return Ok((told, next));
        };
        next = last.version().plus(1);
        told.extend(events.iter().filter_map(id));
    }
}

fn id(event: &Event) -> Option<String> {
    match event.body() {
        Ok(EventBody::RedactionAdded(added)) => added.id,
        _ => None,
    }
}
