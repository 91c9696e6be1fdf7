//! What purges, in the background, the sessions that the settings let go.
//!
//! Every node looks; a session that two of them find is purged by one, and the other hears that it was. A session goes only
//! when the settings let it go now *and* those of [`Retention::grace_s`] ago did: so what a changed setting would let go can be
//! undone for so long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use retrace_core::log::StoreError;
use retrace_core::settings::{Retention, SettingsBook, show_seconds};
use retrace_core::{SessionId, Timestamp};
use retrace_projections::sessions::SessionRow;
use retrace_query::{PageRequest, QueryError, Reader};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::Instant;

use super::due::{Periods, each_due};
use super::purge::{PurgeRefused, Purger};

/// How often to look whether a setting was changed.
const NOTICE_EVERY: Duration = Duration::from_secs(2);
/// How often to look for sessions that may go.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// So many are purged before the settings are looked at again.
const AT_ONCE: usize = 100;
/// Who purges, where a setting does.
const BY: &str = "retention";

/// What the service works with.
pub struct Parts {
    /// What purges.
    pub purger: Purger,
    /// The read models, as the server itself sees them.
    pub reader: Reader,
    /// The settings.
    pub settings: Arc<SettingsBook>,
}

/// What was done so far, for whoever asks how the server is.
#[derive(Debug, Clone, Default)]
pub struct RetentionStatus {
    /// When it last looked.
    pub looked_at: Option<Timestamp>,
    /// How many sessions this node has purged since it was started.
    pub purged: u64,
    /// What went wrong the last time that it looked.
    pub trouble: Option<String>,
}

/// Where the service says how it goes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RetentionStatusBook(Arc<Mutex<RetentionStatus>>);

impl RetentionStatusBook {
    /// How it goes.
    #[must_use]
    pub fn get(&self) -> RetentionStatus {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn change(&self, change: impl FnOnce(&mut RetentionStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Why a look did not come to its end.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Purge(#[from] PurgeRefused),
    #[error(transparent)]
    Stopped(#[from] JoinError),
}

/// Starts the service. It ends when `stopped` says so.
#[must_use]
pub fn start(
    parts: Parts,
    status: RetentionStatusBook,
    mut stopped: watch::Receiver<bool>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let service = Service { parts, status };
        let work = service.run();
        tokio::select! {
            () = work => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    })
}

struct Service {
    parts: Parts,
    status: RetentionStatusBook,
}

impl Service {
    async fn run(self) {
        if let Err(error) = self.sweep().await {
            tracing::warn!(%error, "what purges have left is still there");
        }
        let mut last: Option<(Instant, Retention)> = None;
        loop {
            let settings = match self.parts.settings.recent().await {
                Ok(settings) => settings.retention.clone(),
                Err(error) => {
                    tracing::warn!(%error, "the settings cannot be read");
                    tokio::time::sleep(NOTICE_EVERY).await;
                    continue;
                }
            };
            let due = last
                .as_ref()
                .is_none_or(|(at, known)| at.elapsed() >= LOOK_EVERY || *known != settings);
            if due {
                let outcome = self.look(&settings).await;
                let trouble = outcome.as_ref().err().map(ToString::to_string);
                if let Some(trouble) = &trouble {
                    tracing::warn!(trouble, "retention");
                }
                self.status.change(|status| {
                    status.looked_at = Some(Timestamp::now());
                    status.trouble = trouble;
                });
                // After trouble it is tried again as if all were done.
                let is_over = outcome.unwrap_or(true);
                last = is_over.then(|| (Instant::now(), settings));
            }
            tokio::time::sleep(NOTICE_EVERY).await;
        }
    }

    /// Purges what may go, a part of it at most. Answers whether that was all.
    async fn look(&self, settings: &Retention) -> Result<bool, LookError> {
        let now = Timestamp::now();
        let grace = i64::try_from(settings.grace_s.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let before = now.saturating_add_micros(-grace);
        let as_of = self.parts.settings.as_of(before).await?;
        let (periods, before) = (Periods::of(settings), Periods::of(&as_of.retention));
        let reader = self.parts.reader.clone();
        let found = spawn_blocking(move || {
            let mut found: Vec<(SessionRow, u64)> = Vec::new();
            each_due(&reader, &periods, now, |session| {
                if session.holds == 0 && before.let_go(session, now) {
                    let keep_s = periods.keep_s(session).unwrap_or_default();
                    found.push((session.clone(), keep_s));
                }
                found.len() < AT_ONCE
            })?;
            Ok::<_, QueryError>(found)
        });
        let found = found.await??;
        let is_all = found.len() < AT_ONCE;
        let mut trouble = None;
        for (session, keep_s) in found {
            let reason = format!(
                "kept for {} from {} on, as the settings say",
                show_seconds(keep_s),
                session.kept_from
            );
            match self.parts.purger.purge(session.id, BY, &reason).await {
                Ok(purged) => {
                    let session = session.id;
                    tracing::info!(%session, reason, events = purged.events, "purged");
                    self.status.change(|status| status.purged += 1);
                }
                // The read model is behind, or another node was quicker.
                Err(PurgeRefused::Purged(_) | PurgeRefused::Held { .. }) => {}
                // The others are not kept for it.
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(is_all), |error| Err(error.into()))
    }

    /// Removes the blobs that a crash left of sessions that were purged.
    async fn sweep(&self) -> Result<(), LookError> {
        let mut page = PageRequest {
            first: PageRequest::FIRST_MAX,
            after: None,
            backwards: false,
        };
        loop {
            let reader = self.parts.reader.clone();
            let request = page.clone();
            let purged = spawn_blocking(move || reader.purged_sessions(&request)).await??;
            for (_, session) in &purged.items {
                let id: SessionId = session.id;
                self.parts.purger.sweep(id).await?;
            }
            match purged.items.last() {
                Some((cursor, _)) if purged.has_next => page.after = Some(cursor.clone()),
                _ => return Ok(()),
            }
        }
    }
}
