//! Recorders: launching sessions, uploading to them, and being told what to do. `docs/ingest.md` is
//! the contract.
//!
//! | module | holds |
//! |---|---|
//! | `launch` | `POST /v1/sessions` |
//! | `promise` | whether a recording can be promised |
//! | `events` | where a stream goes on; appending to it |
//! | `blobs` | segments and screenshots |
//! | `control` | the control channel, as server-sent events |
//! | `uploader` | who uploads: the upload token of a request |
//! | `body` | reading a body that may be too large, too slow, or of too many |
//! | `rest` | what is left of a body that was refused |
//! | `clock` | by how much a recorder's clock is off |
//! | `error` | answers that are errors |
//!
//! A batch goes through here in this order, and is refused at the first thing that is wrong: token,
//! path and headers; pace of the session; room for its bytes; its bytes in time; unpacked within
//! limits; every line an event; every blob there; versions. Then it is one append, and what is
//! answered is proved.

mod blobs;
mod body;
mod clock;
mod control;
mod error;
mod events;
pub(super) mod launch;
pub(super) mod promise;
mod rest;
mod uploader;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use axum::Router;
use axum::middleware;
use axum::routing::{get, post, put};
use retrace_core::log::StoreError;
use retrace_core::settings::SettingsBook;
use retrace_ingest::protocol::{IngestLimits, Policy};
use tokio::sync::{Mutex, watch};

use super::App;

/// What the routes for recorders share.
pub struct Ingest {
    /// The folder whose free space a promise to record depends on.
    data: PathBuf,
    /// Bytes of bodies in hand right now, of all requests together.
    in_hand: Arc<AtomicUsize>,
    stopping: watch::Sender<bool>,
    /// The policy, and when the settings said so.
    policy: Mutex<Option<(Instant, Policy)>>,
}

/// So long the policy is not read again for the control channels, of which there may be thousands.
const POLICY_HOLDS: Duration = Duration::from_millis(500);

impl Ingest {
    pub(super) fn new(data: PathBuf) -> Self {
        Self {
            data,
            in_hand: Arc::default(),
            stopping: watch::Sender::new(false),
            policy: Mutex::default(),
        }
    }

    /// The policy in force, or that was so just now.
    pub(super) async fn policy(&self, settings: &SettingsBook) -> Result<Policy, StoreError> {
        let mut held = self.policy.lock().await;
        if let Some((read_at, policy)) = &*held
            && read_at.elapsed() < POLICY_HOLDS
        {
            return Ok(policy.clone());
        }
        let policy = Policy::of(&settings.current().await?.policy);
        *held = Some((Instant::now(), policy.clone()));
        Ok(policy)
    }

    /// Ends the control channels, which otherwise never end: the server is about to stop.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

/// The routes for recorders. They bring their own limits on bodies and times.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/v1/sessions",
            post(launch::launch).fallback(error::other_method),
        )
        .route(
            "/v1/sessions/{id}/streams/{source}",
            get(events::state).fallback(error::other_method),
        )
        .route(
            "/v1/sessions/{id}/streams/{source}/events",
            post(events::append).fallback(error::other_method),
        )
        .route(
            "/v1/sessions/{id}/blobs/{sha256}",
            put(blobs::put)
                .head(blobs::head)
                .fallback(error::other_method),
        )
        .route(
            "/v1/sessions/{id}/control",
            get(control::channel).fallback(error::other_method),
        )
        .layer(middleware::from_fn(rest::read_before_refusal))
}

pub(super) async fn limits(app: &App) -> Result<IngestLimits, StoreError> {
    Ok(IngestLimits::of(&app.settings.recent().await?.ingest))
}
