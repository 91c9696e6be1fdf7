//! Building read models anew, in the foreground.

use std::path::Path;
use std::sync::Arc;

use retrace_core::Position;
use retrace_core::blob::BlobStore;
use retrace_core::log::{EventLog, StoreError};
use tokio::runtime::Handle;

use super::worker::{BATCH_EVENTS_MAX, next_batch_events};
use super::{MODELS, Model, RunnerError, Surroundings, blocking, lock, model_names, remove};

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The read model that is being built.
    pub name: &'static str,
    /// How many events it has applied.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// Drops the named read models, all if none is named, and builds them anew up to the log's size
/// of now, one after the other.
///
/// # Errors
/// When a name is unknown, another process keeps the read models, or one cannot be built: it is
/// then behind, and the next start goes on with it.
pub async fn catch_up(
    log: Arc<dyn EventLog>,
    blobs: BlobStore,
    dir: &Path,
    names: &[String],
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<(), RunnerError> {
    let models = named(names)?;
    let around = Surroundings {
        dir: dir.to_owned(),
        log,
        blobs,
        runtime: Handle::current(),
    };
    let size = around.log.head().await?.size;
    blocking(move || {
        let _lock = lock(&around.dir)?;
        models.into_iter().try_for_each(|model| {
            remove(model, &around.dir)?;
            build(model, &around, size, &mut progress)
        })
    })
    .await?
}

fn named(names: &[String]) -> Result<Vec<&'static Model>, RunnerError> {
    if names.is_empty() {
        return Ok(MODELS.iter().collect());
    }
    let find = |name: &String| {
        MODELS
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| RunnerError::UnknownModel {
                found: name.clone(),
                expected: model_names().collect::<Vec<_>>().join(", "),
            })
    };
    names.iter().map(find).collect()
}

fn build(
    model: &'static Model,
    around: &Surroundings,
    size: Position,
    progress: &mut impl FnMut(Progress),
) -> Result<(), RunnerError> {
    let failed = |error| RunnerError::Model {
        model: model.name,
        error,
    };
    let mut projection = (model.open)(around).map_err(failed)?;
    let mut batch_events = BATCH_EVENTS_MAX;
    loop {
        let done = projection.checkpoint();
        progress(Progress {
            name: model.name,
            done: done.0,
            total: size.0,
        });
        if done >= size {
            return projection.settle().map_err(failed);
        }
        let events = around
            .runtime
            .block_on(around.log.read(done, batch_events))?;
        if events.is_empty() {
            let what = format!("it ends at {done} and says it has {size} events");
            return Err(StoreError::Damaged(what).into());
        }
        batch_events = next_batch_events(&events);
        projection.apply(&events).map_err(failed)?;
    }
}
