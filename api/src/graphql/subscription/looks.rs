//! Who looks, written down for as long as they look.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_graphql::{Context, Result};
use retrace_core::{Position, SessionId};

use crate::accesses::Accesses;
use crate::graphql::error::of_access;
use crate::tokens::Viewer;

/// The format that an export by subscription is said to have.
const FORMAT: &str = "graphql subscription";
/// What is read out of the log is written down when the first of it is, then so often, and at the end:
/// an event for each page would itself be read, and be another page.
const WRITTEN_EVERY: Duration = Duration::from_secs(600);

/// The looks of somebody who follows.
#[derive(Clone)]
pub(super) struct Looks {
    accesses: Arc<Accesses>,
    viewer: Viewer,
}

impl Looks {
    pub(super) fn of(ctx: &Context<'_>) -> Result<Self> {
        Ok(Self {
            accesses: Arc::clone(ctx.data::<Arc<Accesses>>()?),
            viewer: ctx.data::<Viewer>()?.clone(),
        })
    }

    pub(super) async fn listed(&self, what: &'static str) -> Result<()> {
        let written = self.accesses.listed(&self.viewer, what).await;
        written.map_err(of_access)
    }

    pub(super) async fn viewed(&self, session: SessionId, what: &'static str) -> Result<()> {
        let written = self.accesses.viewed(&self.viewer, session, what).await;
        written.map_err(of_access)
    }
}

/// What somebody reads out of the log, page by page.
pub(super) struct Exported {
    looks: Looks,
    written_at: Option<Instant>,
    /// Shown, and not written down yet: the first position and the last.
    shown: Option<(Position, Position)>,
}

impl Exported {
    pub(super) fn of(ctx: &Context<'_>) -> Result<Self> {
        Ok(Self {
            looks: Looks::of(ctx)?,
            written_at: None,
            shown: None,
        })
    }

    /// Before a page is shown.
    pub(super) async fn note(&mut self, first: Position, last: Position) -> Result<()> {
        let first = self.shown.map_or(first, |(first, _)| first);
        let is_due = self
            .written_at
            .is_none_or(|at| at.elapsed() >= WRITTEN_EVERY);
        if !is_due {
            self.shown = Some((first, last));
            return Ok(());
        }
        let Looks { accesses, viewer } = &self.looks;
        let written = accesses.exported(viewer, FORMAT, first, last).await;
        written.map_err(of_access)?;
        (self.written_at, self.shown) = (Some(Instant::now()), None);
        Ok(())
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        let (Some((first, last)), Ok(runtime)) =
            (self.shown, tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let Looks { accesses, viewer } = self.looks.clone();
        runtime.spawn(async move {
            if let Err(error) = accesses.exported(&viewer, FORMAT, first, last).await {
                tracing::error!(%error, "what was followed could not be written down");
            }
        });
    }
}
