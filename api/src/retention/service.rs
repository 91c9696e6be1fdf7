//! What purges, in the background, the sessions that the settings let go.
//!
//! Every node looks; a session that two of them find is purged by one, and the other hears that it was. A session goes only
//! when the settings let it go now *and* those of [`Retention::grace_s`] ago did: so what a changed setting would let go can be
//! undone for so long. When the clock jumps forward, as one does that was set wrong, nothing goes for as long.

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
/// The clock may have gone on for so much longer than time has passed: by more, it was set.
const CLOCK_MAY_GAIN: Duration = Duration::from_secs(3_600);
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
    #[error(
        "the clock has jumped forward by {}: nothing is purged for {}, so that it can be set right",
        show_seconds(.by.as_secs()),
        show_seconds(.waits.as_secs())
    )]
    Clock { by: Duration, waits: Duration },
}

/// What the clock showed when, to see whether it was set.
struct ClockWatch {
    showed: Timestamp,
    at: Instant,
    /// Until when nothing is purged, and by how much the clock had jumped.
    waits: Option<(Instant, Duration)>,
}

impl ClockWatch {
    fn new() -> Self {
        Self {
            showed: Timestamp::now(),
            at: Instant::now(),
            waits: None,
        }
    }

    /// Whether the clock can be believed. After a jump it is not for `grace`, and an hour at least.
    fn check(&mut self, grace: Duration) -> Result<(), LookError> {
        let (now, at) = (Timestamp::now(), Instant::now());
        let gained = gained(now.micros_since(self.showed), at - self.at);
        (self.showed, self.at) = (now, at);
        if let Some(by) = gained {
            self.waits = Some((at + grace.max(CLOCK_MAY_GAIN), by));
        }
        match self.waits {
            Some((until, by)) if until > at => Err(LookError::Clock {
                by,
                waits: Duration::from_secs((until - at).as_secs()),
            }),
            _ => Ok(()),
        }
    }
}

/// By how much the clock has gone on for longer than time has passed, if that is a jump.
fn gained(shows_us: i64, passed: Duration) -> Option<Duration> {
    let shows = Duration::from_micros(u64::try_from(shows_us).ok()?);
    let gained = shows.checked_sub(passed)?;
    (gained > CLOCK_MAY_GAIN).then_some(gained)
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
        let mut clock = ClockWatch::new();
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
                let outcome = match clock.check(Duration::from_secs(settings.grace_s)) {
                    Ok(()) => self.look(&settings).await,
                    Err(jumped) => Err(jumped),
                };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_forward_is_noticed_and_not_believed_for_a_while() {
        let minute = Duration::from_secs(60);
        assert_eq!(gained(60_000_000, minute), None);
        assert_eq!(gained(-86_400_000_000, minute), None);
        assert_eq!(gained(1_800_000_000, minute), None);
        let day = Duration::from_secs(86_400);
        assert_eq!(gained(86_460_000_000, minute), Some(day));

        let mut clock = ClockWatch::new();
        assert!(clock.check(Duration::ZERO).is_ok());
        clock.showed = clock.showed.saturating_add_micros(-86_400_500_000);
        let said = clock.check(day).unwrap_err().to_string();
        assert!(
            said.starts_with("the clock has jumped forward by 1d: nothing is purged for"),
            "{said}"
        );
        assert!(clock.check(Duration::ZERO).is_err(), "and goes on to be");
    }
}
