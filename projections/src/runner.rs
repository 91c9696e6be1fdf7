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
mod worker;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use retrace_core::Position;
use retrace_core::blob::BlobStore;
use retrace_core::log::EventLog;
use tokio::runtime::Handle;
use tokio::sync::watch;

pub use rebuild::{Progress, catch_up};

use worker::{BATCH_EVENTS_MAX, Worker};

use crate::{
    Projection, ProjectionError, activity, columns, moments, redaction, screens, sessions, trail,
    video,
};

/// What a projection is opened with.
#[derive(Clone)]
pub struct Surroundings {
    /// The directory of the read models.
    pub dir: PathBuf,
    /// The log that they are views of.
    pub log: Arc<dyn EventLog>,
    /// The blobs that its events name.
    pub blobs: BlobStore,
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
    Model {
        name: moments::NAME,
        open: |at| Ok(Box::new(moments::MomentsProjection::open(at)?)),
        remove: moments::remove,
    },
    Model {
        name: redaction::SCHEMA.name,
        open: |at| Ok(Box::new(redaction::RedactionsProjection::open(at)?)),
        remove: |dir| redaction::SCHEMA.remove(dir),
    },
    Model {
        name: video::SCHEMA.name,
        open: |at| Ok(Box::new(video::VideoProjection::open(at)?)),
        remove: |dir| video::SCHEMA.remove(dir),
    },
    Model {
        name: trail::SCHEMA.name,
        open: |at| {
            Ok(Box::new(trail::TrailProjection::open(
                &at.dir,
                at.log.id(),
            )?))
        },
        remove: |dir| trail::SCHEMA.remove(dir),
    },
    Model {
        name: columns::SCHEMA.name,
        open: |at| Ok(Box::new(columns::ColumnsProjection::open(at)?)),
        remove: columns::remove,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionState {
    /// The read model.
    pub name: &'static str,
    /// The position of the first event that it has not applied yet.
    pub checkpoint: Position,
    /// How many events the log holds.
    pub log_size: Position,
    /// Why it does not go on, while it is tried again.
    pub problem: Option<String>,
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
    problem: watch::Receiver<Option<String>>,
    thread: JoinHandle<()>,
}

impl Projections {
    /// Opens all read models of `log` in `dir` and begins to keep them caught up.
    ///
    /// # Errors
    /// When another process keeps them, or they cannot be opened.
    pub async fn start(
        log: Arc<dyn EventLog>,
        blobs: BlobStore,
        dir: &Path,
    ) -> Result<Self, RunnerError> {
        let around = Surroundings {
            dir: dir.to_owned(),
            log,
            blobs,
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
            let (troubled, problem) = watch::channel(None);
            let worker = Worker {
                model,
                around: around.clone(),
                stopped: stopped.clone(),
                reached,
                troubled,
                batch_events: BATCH_EVENTS_MAX,
                applied_at: Instant::now(),
                was_little: false,
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
                problem,
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
            problem: worker.problem.borrow().clone(),
        };
        Ok(self.workers.iter().map(state).collect())
    }

    /// How far a read model has come, as it goes on: it answers for all positions below. `None` when
    /// there is no read model of that name.
    pub fn follow(&self, name: &str) -> Option<watch::Receiver<Position>> {
        let worker = self.workers.iter().find(|worker| worker.name == name)?;
        Some(worker.checkpoint.clone())
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
