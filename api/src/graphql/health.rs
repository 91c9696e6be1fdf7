//! How the server itself is.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use retrace_core::access::Right;
use retrace_core::log::EventLog;
use retrace_core::{Position, Timestamp};
use retrace_projections::runner::Projections;

use super::error::{blocking, internal, of_runner, of_store};
use super::look;
use super::scalar::{DateTime, LogPosition, Long};
use crate::disk::{DataFolder, Space, Taken};

/// What the question costs beside its fields: files are counted, events are read.
const COST: usize = 200;
const SECOND_MICROS: i64 = 1_000_000;

/// How the server is: the log, the read models, the disk, the work that waits.
#[derive(SimpleObject)]
pub(super) struct Health {
    /// When this was found, by the server's clock.
    at: DateTime,
    /// The version of Retrace that answers.
    version: &'static str,
    /// How many events the log has.
    log_size: LogPosition,
    /// When its last event was taken in, and with it the checkpoint signed. Null when it is empty.
    checkpoint_at: Option<DateTime>,
    /// Each read model.
    projections: Vec<ProjectionHealth>,
    /// What is built of footage.
    videos: VideoWork,
    /// The disk that holds the data folder of the node that answers. Null when the system does not say.
    disk: Option<Disk>,
    /// With less free space than this, no session is promised to be recorded (`ingest.free_space_min`).
    free_space_min: Long,
}

/// How a read model is.
#[derive(SimpleObject)]
pub(super) struct ProjectionHealth {
    /// Its name.
    name: &'static str,
    /// It answers for all positions below.
    checkpoint: LogPosition,
    /// How many events it is behind the log.
    lag: Long,
    /// How long ago the first of these was taken in, in seconds; 0 when there is none.
    lag_seconds: Long,
    /// Why it does not go on, while it is tried again. Null when all is well.
    problem: Option<String>,
}

/// What is built of footage, over all sessions.
#[derive(SimpleObject)]
pub(super) struct VideoWork {
    /// How many things were asked for, and wait.
    requested: Long,
    /// How many are being built.
    working: Long,
    /// How many could not be built: the mutation `retryFailedVideos` tries them again.
    failed: Long,
}

/// A disk, and what the data folder takes on it, in bytes. What it takes is counted once a minute.
#[derive(SimpleObject)]
pub(super) struct Disk {
    /// How much may still be written.
    free: Long,
    /// How large the disk is.
    total: Long,
    /// What the log takes. Null when it is in a database elsewhere.
    log: Option<Long>,
    /// What segments, screenshots and kept files take. Null when there are too many to count.
    blobs: Option<Long>,
    /// What the read models take.
    read_models: Option<Long>,
}

/// Questions about the server itself.
#[derive(Default)]
pub(super) struct HealthQuery;

#[Object]
impl HealthQuery {
    /// How the server is. For those who see settings.
    #[graphql(complexity = "COST + child_complexity")]
    async fn health(&self, ctx: &Context<'_>) -> Result<Health> {
        look::needs(ctx, Right::ViewSettings, "health").await?;
        let reader = look::list(ctx, "health").await?;
        let log = ctx.data::<Arc<dyn EventLog>>()?;
        let projections = ctx.data::<Arc<Projections>>()?;
        let settings = super::settings::book(ctx)?.current();
        let settings = settings.await.map_err(of_store)?;
        let states = projections.states().await.map_err(of_runner)?;
        let log_size = log.head().await.map_err(of_store)?.size;
        let now = Timestamp::now();
        let mut models = Vec::with_capacity(states.len());
        for state in states {
            let since = taken_in(&**log, state.checkpoint, log_size).await?;
            let micros = since.map_or(0, |since| now.micros_since(since).max(0));
            models.push(ProjectionHealth {
                name: state.name,
                checkpoint: LogPosition(state.checkpoint),
                lag: log_size.0.saturating_sub(state.checkpoint.0).into(),
                lag_seconds: Long(micros / SECOND_MICROS),
                problem: state.problem,
            });
        }
        let last = log_size.0.checked_sub(1).map(Position);
        let checkpoint_at = match last {
            Some(last) => taken_in(&**log, last, log_size).await?.map(DateTime),
            None => None,
        };
        let work = blocking(move || reader.video_work()).await?;
        Ok(Health {
            at: DateTime(now),
            version: env!("CARGO_PKG_VERSION"),
            log_size: LogPosition(log_size),
            checkpoint_at,
            projections: models,
            videos: VideoWork {
                requested: work.requested.into(),
                working: work.working.into(),
                failed: work.failed.into(),
            },
            disk: disk(ctx).await?,
            free_space_min: settings.ingest.free_space_min.into(),
        })
    }
}

/// When the event at a position was taken in. `None` at the end of the log.
async fn taken_in(
    log: &dyn EventLog,
    position: Position,
    size: Position,
) -> Result<Option<Timestamp>> {
    if position >= size {
        return Ok(None);
    }
    let events = log.read(position, 1).await.map_err(of_store)?;
    Ok(events.first().map(retrace_core::event::Event::recorded_at))
}

async fn disk(ctx: &Context<'_>) -> Result<Option<Disk>> {
    let folder = Arc::clone(ctx.data::<Arc<DataFolder>>()?);
    let measured = tokio::task::spawn_blocking(move || Ok((folder.space()?, folder.taken()?)));
    let measured: std::io::Result<(Space, Taken)> =
        measured.await.map_err(|stopped| internal(&stopped))?;
    match measured {
        Ok((space, taken)) => Ok(Some(Disk {
            free: space.free.into(),
            total: space.total.into(),
            log: taken.log.map(Long::from),
            blobs: taken.blobs.map(Long::from),
            read_models: taken.read_models.map(Long::from),
        })),
        Err(error) => {
            tracing::warn!(%error, "the disk of the data folder cannot be measured");
            Ok(None)
        }
    }
}
