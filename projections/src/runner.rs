//! Keeps the read models caught up with the log.
//!
//! [`Projections`] promises:
//! - *apart*: each read model has a thread and a checkpoint of its own, so one that fails or is
//!   slow holds up none of the others;
//! - *persistent*: a read model that fails is opened again from its file and tried again, with
//!   growing pauses; nothing is skipped;
//! - *alone*: a lock file keeps a second process from writing the same read models;
//! - *settled at the end*: after [`Projections::shutdown`] every read model stands between two
//!   batches, and the next start goes on there.
//!
//! [`catch_up`] does the same work once, in the foreground: dropping read models and replaying.

mod rebuild;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use retrace_core::Position;
use retrace_core::event::Event;
use retrace_core::log::EventLog;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use rebuild::{Progress, catch_up};

use crate::{Projection, ProjectionError, activity, screens, sessions};

/// What a projection is opened with.
#[derive(Clone)]
pub struct Surroundings {
    /// The directory of the read models.
    pub dir: PathBuf,
    /// The log that they are views of.
    pub log: Arc<dyn EventLog>,
    /// Where to wait for the log. Projections run on threads of their own and may block on it.
    pub runtime: Handle,
}

/// One read model, as the runner knows it.
struct Model {
    name: &'static str,
    open: fn(&Surroundings) -> Result<Box<dyn Projection>, ProjectionError>,
    remove: fn(&Path) -> std::io::Result<()>,
}

const MODELS: &[Model] = &[
    Model {
        name: sessions::SCHEMA.name,
        open: |at| {
            Ok(Box::new(sessions::SessionsProjection::open(
                &at.dir,
                at.log.id(),
            )?))
        },
        remove: |dir| sessions::SCHEMA.remove(dir),
    },
    Model {
        name: activity::SCHEMA.name,
        open: |at| {
            Ok(Box::new(activity::ActivityProjection::open(
                &at.dir,
                at.log.id(),
            )?))
        },
        remove: |dir| activity::SCHEMA.remove(dir),
    },
    Model {
        name: screens::SCHEMA.name,
        open: |at| Ok(Box::new(screens::ScreensProjection::open(at)?)),
        remove: |dir| screens::SCHEMA.remove(dir),
    },
];

/// The names of all read models.
pub fn model_names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.name)
}

/// Why the read models cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// Another process writes them. Stop it, or give this one another directory.
    #[error(
        "another process keeps the read models in `{dir}`: stop it (a `retrace serve`?), then try again"
    )]
    InUse {
        /// The directory of the read models.
        dir: PathBuf,
    },
    /// No read model has this name.
    #[error("there is no read model `{found}`, expected one of {expected}")]
    UnknownModel {
        /// The name that was given.
        found: String,
        /// The names that there are.
        expected: String,
    },
    /// The directory cannot be written.
    #[error("the directory of the read models `{dir}`: {error}")]
    Directory {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A read model cannot be opened or written.
    #[error("the read model `{model}`: {error}")]
    Model {
        /// The read model.
        model: &'static str,
        /// What went wrong.
        error: ProjectionError,
    },
    /// The log did not answer.
    #[error(transparent)]
    Log(#[from] retrace_core::log::StoreError),
    /// The work was cut off, since the process is ending.
    #[error("the read models are no longer kept")]
    Stopped,
}

/// How far a read model has come. It answers for all positions below `checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectionState {
    /// The read model.
    pub name: &'static str,
    /// The position of the first event that it has not applied yet.
    pub checkpoint: Position,
    /// How many events the log holds.
    pub log_size: Position,
}

/// All read models, each kept caught up by a thread of its own.
pub struct Projections {
    log: Arc<dyn EventLog>,
    workers: Vec<WorkerHandle>,
    stop: watch::Sender<bool>,
}

struct WorkerHandle {
    name: &'static str,
    checkpoint: watch::Receiver<Position>,
    thread: JoinHandle<()>,
}

impl Projections {
    /// Opens all read models of `log` in `dir` and begins to keep them caught up.
    ///
    /// # Errors
    /// When another process keeps them, or they cannot be opened.
    pub async fn start(log: Arc<dyn EventLog>, dir: &Path) -> Result<Self, RunnerError> {
        let around = Surroundings {
            dir: dir.to_owned(),
            log,
            runtime: Handle::current(),
        };
        let log_size = around.log.head().await?.size;
        let log = Arc::clone(&around.log);
        blocking(move || Self::start_blocking(&around, log_size))
            .await?
            .map(|(workers, stop)| Self { log, workers, stop })
    }

    fn start_blocking(
        around: &Surroundings,
        log_size: Position,
    ) -> Result<(Vec<WorkerHandle>, watch::Sender<bool>), RunnerError> {
        let lock = Arc::new(lock(&around.dir)?);
        let mut opened = Vec::new();
        for model in MODELS {
            opened.push((model, open(model, around, log_size)?));
        }
        let (stop, stopped) = watch::channel(false);
        let mut workers = Vec::new();
        for (model, projection) in opened {
            let (reached, checkpoint) = watch::channel(projection.checkpoint());
            let worker = Worker {
                model,
                around: around.clone(),
                stopped: stopped.clone(),
                reached,
                batch_events: BATCH_EVENTS_MAX,
                _lock: Arc::clone(&lock),
            };
            let thread = std::thread::Builder::new()
                .name(format!("keep-{}", model.name))
                .spawn(move || worker.run(projection))
                .map_err(|error| RunnerError::Directory {
                    dir: around.dir.clone(),
                    error,
                })?;
            workers.push(WorkerHandle {
                name: model.name,
                checkpoint,
                thread,
            });
        }
        Ok((workers, stop))
    }

    /// How far each read model has come.
    ///
    /// # Errors
    /// When the log does not say how large it is.
    pub async fn states(&self) -> Result<Vec<ProjectionState>, RunnerError> {
        let log_size = self.log.head().await?.size;
        let state = |worker: &WorkerHandle| ProjectionState {
            name: worker.name,
            checkpoint: *worker.checkpoint.borrow(),
            log_size,
        };
        Ok(self.workers.iter().map(state).collect())
    }

    /// Waits until every read model answers for all positions below `position`: a caller who
    /// appended and was told the log's size reads what they wrote. Waits for as long as a read
    /// model is behind; callers set the limit.
    ///
    /// # Errors
    /// When the read models are no longer kept.
    pub async fn caught_up_with(&self, position: Position) -> Result<(), RunnerError> {
        for worker in &self.workers {
            let mut checkpoint = worker.checkpoint.clone();
            let reached = checkpoint
                .wait_for(|checkpoint| *checkpoint >= position)
                .await;
            reached.map_err(|_| RunnerError::Stopped)?;
        }
        Ok(())
    }

    /// Lets each read model finish its batch, stops, and gives the directory free.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let workers = std::mem::take(&mut self.workers);
        let joined = blocking(move || {
            for worker in workers {
                if worker.thread.join().is_err() {
                    tracing::error!(model = worker.name, "the thread of the read model had died");
                }
            }
        });
        if let Err(error) = joined.await {
            tracing::warn!(%error, "the read models were not waited for");
        }
    }
}

/// Without [`Projections::shutdown`] the threads stop as well, but nobody waits for them.
impl Drop for Projections {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Batches have at most this many events, and fewer when the events are large: about
/// [`BATCH_BYTES`] are held in memory.
const BATCH_EVENTS_MAX: usize = 8_192;
const BATCH_EVENTS_MIN: usize = 256;
const BATCH_BYTES: usize = 16 << 20;

const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Keeps one read model, on its own thread.
struct Worker {
    model: &'static Model,
    around: Surroundings,
    stopped: watch::Receiver<bool>,
    reached: watch::Sender<Position>,
    batch_events: usize,
    /// Held for as long as the read model may be written.
    _lock: Arc<File>,
}

impl Worker {
    fn run(mut self, projection: Box<dyn Projection>) {
        let mut projection = Some(projection);
        let mut pause = PAUSE_MIN;
        while !*self.stopped.borrow() {
            match self.step(&mut projection) {
                Ok(()) => pause = PAUSE_MIN,
                Err(error) => {
                    // What it holds in memory may be ahead of its file: begin from the file.
                    projection = None;
                    let (model, pause_ms) = (self.model.name, pause.as_millis());
                    tracing::error!(model, %error, pause_ms, "the read model failed, to be tried again");
                    self.wait(async { tokio::time::sleep(pause).await });
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Applies one batch, or waits for the log to grow.
    fn step(&mut self, slot: &mut Option<Box<dyn Projection>>) -> Result<(), ProjectionError> {
        let mut projection = match slot.take() {
            Some(projection) => projection,
            None => (self.model.open)(&self.around)?,
        };
        let from = projection.checkpoint();
        let log = Arc::clone(&self.around.log);
        let Some(read) = self.wait(log.read(from, self.batch_events)) else {
            return Ok(());
        };
        let events = read?;
        if events.is_empty() {
            if let Some(grown) = self.wait(log.grown_past(from)) {
                grown?;
            }
        } else {
            self.batch_events = next_batch_events(&events);
            apply(projection.as_mut(), &events)?;
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

fn next_batch_events(events: &[Event]) -> usize {
    let bytes: usize = events.iter().map(|event| event.data().len()).sum();
    let fitting = events.len().saturating_mul(BATCH_BYTES) / bytes.max(1);
    fitting.clamp(BATCH_EVENTS_MIN, BATCH_EVENTS_MAX)
}

/// Applies a batch. A panic is an error like another: the thread has to go on.
fn apply(projection: &mut dyn Projection, events: &[Event]) -> Result<(), ProjectionError> {
    let applied = catch_unwind(AssertUnwindSafe(|| projection.apply(events)));
    applied.unwrap_or_else(|_| Err(ProjectionError::Store("it panicked".into())))
}

/// Opens a read model. One that is ahead of the log is of a log that was set back: it is dropped.
fn open(
    model: &'static Model,
    around: &Surroundings,
    log_size: Position,
) -> Result<Box<dyn Projection>, RunnerError> {
    let failed = |error| RunnerError::Model {
        model: model.name,
        error,
    };
    let projection = (model.open)(around).map_err(failed)?;
    let checkpoint = projection.checkpoint();
    if checkpoint <= log_size {
        return Ok(projection);
    }
    drop(projection);
    let (model_name, checkpoint) = (model.name, checkpoint.0);
    tracing::warn!(
        model = model_name,
        checkpoint,
        size = log_size.0,
        "ahead of the log: rebuilt"
    );
    remove(model, &around.dir)?;
    (model.open)(around).map_err(failed)
}

fn remove(model: &Model, dir: &Path) -> Result<(), RunnerError> {
    (model.remove)(dir).map_err(|error| RunnerError::Directory {
        dir: dir.to_owned(),
        error,
    })
}

/// Makes sure that no other process writes the read models in `dir`, until the file is closed.
fn lock(dir: &Path) -> Result<File, RunnerError> {
    let directory = |error| RunnerError::Directory {
        dir: dir.to_owned(),
        error,
    };
    std::fs::create_dir_all(dir).map_err(directory)?;
    let file = File::create(dir.join("lock")).map_err(directory)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(RunnerError::InUse {
            dir: dir.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(error)) => Err(directory(error)),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RunnerError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| RunnerError::Stopped)
}
