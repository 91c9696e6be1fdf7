//! The thread that keeps one read model.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use retrace_core::Position;
use retrace_core::event::Event;
use tokio::sync::watch;

use super::{Model, Surroundings, remove};
use crate::columns::DamagedFile;
use crate::{Projection, ProjectionError};

/// Batches have at most this many events, and fewer when the events are large: about
/// [`BATCH_BYTES`] are held in memory.
pub(super) const BATCH_EVENTS_MAX: usize = 8_192;
const BATCH_EVENTS_MIN: usize = 256;
const BATCH_BYTES: usize = 16 << 20;

/// While the log grows by little at a time, a batch is applied so often: each costs a transaction, and
/// what is recorded must not wait for what is shown.
const GATHERED_FOR: Duration = Duration::from_millis(150);
/// When nothing has come for so long, a projection does what it put off.
const RESTS_AFTER: Duration = Duration::from_secs(5);

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Keeps one read model, on its own thread.
pub(super) struct Worker {
    pub(super) model: &'static Model,
    pub(super) around: Surroundings,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) reached: watch::Sender<Position>,
    /// Why the read model does not go on.
    pub(super) troubled: watch::Sender<Option<String>>,
    pub(super) batch_events: usize,
    /// When a batch was applied last.
    pub(super) applied_at: Instant,
    /// Whether that batch was far from full.
    pub(super) was_little: bool,
    /// Held for as long as the read model may be written.
    pub(super) _lock: Arc<File>,
}

impl Worker {
    pub(super) fn run(mut self, projection: Box<dyn Projection>) {
        let mut projection = Some(projection);
        let mut pause = PAUSE_MIN;
        while !*self.stopped.borrow() {
            // A panic is an error like another: the thread has to go on.
            let stepped = catch_unwind(AssertUnwindSafe(|| self.step(&mut projection)))
                .unwrap_or_else(|_| Err(ProjectionError::Store("it panicked".into())));
            match stepped {
                Ok(()) => {
                    self.troubled
                        .send_if_modified(|problem| problem.take().is_some());
                    pause = PAUSE_MIN;
                }
                Err(error) => {
                    // What it holds in memory may be ahead of its file: begin from the file.
                    projection = None;
                    self.troubled.send_replace(Some(error.to_string()));
                    let (model, pause_ms) = (self.model.name, pause.as_millis());
                    tracing::error!(model, %error, pause_ms, "the read model failed, tried again");
                    self.wait(async { tokio::time::sleep(pause).await });
                    pause = (pause * 2).min(PAUSE_MAX);
                    if is_damage(&error)
                        && let Err(error) = remove(self.model, &self.around.dir)
                    {
                        tracing::error!(model, %error, "the damaged read model stays");
                    }
                }
            }
        }
        if let Some(projection) = &mut projection
            && let Err(error) = projection.settle()
        {
            let model = self.model.name;
            tracing::warn!(model, %error, "what it held in memory is read from the log again");
        }
    }

    /// Applies one batch, or waits for the log to grow.
    fn step(&mut self, slot: &mut Option<Box<dyn Projection>>) -> Result<(), ProjectionError> {
        let mut projection = match slot.take() {
            Some(projection) => projection,
            None => (self.model.open)(&self.around)?,
        };
        let from = projection.checkpoint();
        let gathered = self.applied_at.elapsed();
        if gathered < GATHERED_FOR && self.was_little {
            self.wait(async { tokio::time::sleep(GATHERED_FOR - gathered).await });
        }
        let log = Arc::clone(&self.around.log);
        let Some(read) = self.wait(log.read(from, self.batch_events)) else {
            *slot = Some(projection);
            return Ok(());
        };
        let events = read?;
        if events.is_empty() {
            let grown = log.grown_past(from);
            match self.wait(async { tokio::time::timeout(RESTS_AFTER, grown).await }) {
                Some(Ok(grown)) => drop(grown?),
                Some(Err(_quiet)) => projection.rest()?,
                None => {}
            }
        } else {
            self.was_little = events.len() < self.batch_events / 4;
            self.batch_events = next_batch_events(&events);
            projection.apply(&events)?;
            self.applied_at = Instant::now();
            self.reached.send_replace(projection.checkpoint());
        }
        *slot = Some(projection);
        Ok(())
    }

    /// Waits for `work`, or for the end: then there is no answer.
    fn wait<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let stopped = &mut self.stopped;
        self.around.runtime.block_on(async {
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => None,
                answer = work => Some(answer),
            }
        })
    }
}

/// How many events the next batch may have, when they are as large as these.
pub(super) fn next_batch_events(events: &[Event]) -> usize {
    let bytes: usize = events.iter().map(|event| event.data().len()).sum();
    let fitting = events.len().saturating_mul(BATCH_BYTES) / bytes.max(1);
    fitting.clamp(BATCH_EVENTS_MIN, BATCH_EVENTS_MAX)
}

/// Whether the read model's file cannot be what was written: it is of no use any more.
fn is_damage(error: &ProjectionError) -> bool {
    let ProjectionError::Store(error) = error else {
        return false;
    };
    if error.is::<DamagedFile>() {
        return true;
    }
    let code = error
        .downcast_ref()
        .and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        code,
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}
