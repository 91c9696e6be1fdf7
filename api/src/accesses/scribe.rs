//! One writer for what is written down about accesses.
//!
//! Hundreds of people may search at once, and each look is an event of the same few streams: the scribe appends what
//! waits for a stream together, so that nobody has to try again because somebody else was faster.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use retrace_core::event::{EventBatch, EventBody};
use retrace_core::log::{Append, AppendError, EventLog};
use retrace_core::{Position, StreamName, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::AccessError;

/// How often to try again when another process appended in between.
const APPEND_TRIES: usize = 10;
/// How many may wait.
const QUEUE: usize = 1_024;
/// How many events go into one append.
const BATCH: usize = 256;

/// Appends events, wherever their streams stand.
pub(super) struct Scribe {
    log: Arc<dyn EventLog>,
    queue: OnceLock<mpsc::Sender<Waiting>>,
}

struct Waiting {
    stream: StreamName,
    at: Timestamp,
    event: EventBody,
    done: oneshot::Sender<Result<Position, AccessError>>,
}

impl Scribe {
    pub(super) fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            queue: OnceLock::new(),
        }
    }

    /// Appends an event. Answers, when it stands in the log, a size of the log at which it does.
    pub(super) async fn append(
        &self,
        stream: StreamName,
        event: EventBody,
    ) -> Result<Position, AccessError> {
        let queue = self.queue.get_or_init(|| {
            let (send, receive) = mpsc::channel(QUEUE);
            tokio::spawn(write(Arc::clone(&self.log), receive));
            send
        });
        let (done, outcome) = oneshot::channel();
        let waiting = Waiting {
            stream,
            at: Timestamp::now(),
            event,
            done,
        };
        let gone = || AccessError::Log("whoever writes accesses down is gone".into());
        queue.send(waiting).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

async fn write(log: Arc<dyn EventLog>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::new();
    while queue.recv_many(&mut waiting, BATCH).await > 0 {
        let mut streams: BTreeMap<StreamName, Vec<Waiting>> = BTreeMap::new();
        for one in waiting.drain(..) {
            streams.entry(one.stream.clone()).or_default().push(one);
        }
        let mut appends = JoinSet::new();
        for (stream, together) in streams {
            appends.spawn(append_together(Arc::clone(&log), stream, together));
        }
        appends.join_all().await;
    }
}

async fn append_together(log: Arc<dyn EventLog>, stream: StreamName, together: Vec<Waiting>) {
    let mut events = EventBatch::new();
    let mut written = Vec::new();
    for one in together {
        match events.push(one.at, one.event) {
            Ok(()) => written.push(one.done),
            Err(error) => drop(one.done.send(Err(error.into()))),
        }
    }
    if written.is_empty() {
        return;
    }
    let outcome = append_at_end(&*log, stream, events).await;
    for done in written {
        let _ = done.send(outcome.clone());
    }
}

/// Appends to a stream, wherever that stands. Answers a size of the log at which the events stand in it.
pub(crate) async fn append_at_end(
    log: &dyn EventLog,
    stream: StreamName,
    events: EventBatch,
) -> Result<Position, AccessError> {
    let mut tried = 0;
    loop {
        tried += 1;
        let append = Append {
            stream: stream.clone(),
            first_version: log.next_version(&stream).await?,
            events: events.clone(),
        };
        match log.append(append).await {
            Err(AppendError::Conflict { .. } | AppendError::Gap { .. }) if tried < APPEND_TRIES => {
            }
            outcome => return Ok(outcome?.log_size),
        }
    }
}
