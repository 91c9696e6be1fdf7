//! Who looks, written down for as long as they look.

use std::sync::Arc;

use async_graphql::{Context, Result};
use retrace_core::{Position, SessionId};

use crate::accesses::Accesses;
use crate::graphql::error::of_access;
use crate::tokens::Viewer;

/// The format that an export by subscription is said to have.
const FORMAT: &str = "graphql subscription";

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

    /// Before a page of events is shown. That this is an event, which is itself read, ends there: reads that follow are
    /// folded into it.
    pub(super) async fn exported(&self, first: Position, last: Position) -> Result<()> {
        let written = self
            .accesses
            .exported(&self.viewer, FORMAT, first, last)
            .await;
        written.map_err(of_access)
    }
}
