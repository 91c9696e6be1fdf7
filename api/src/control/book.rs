//! The sessions asked for lately.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use retrace_core::event::{Event, EventBatch, EventError};
use retrace_core::log::cursor::StreamCursor;
use retrace_core::log::{Append, AppendError, EventLog, StoreError};
use retrace_core::{SessionId, StreamName, StreamVersion};
use tokio::sync::{OwnedMutexGuard, watch};

use super::{Control, Pace};

/// So many sessions are kept in mind. Others are read again when they are asked for.
const SESSIONS_MAX: usize = 20_000;
/// How often to try again when another process appended in between.
const APPEND_TRIES: usize = 10;

/// The control streams of a log.
pub struct ControlBook {
    log: Arc<dyn EventLog>,
    recent: Mutex<Recent>,
}

/// Why a control stream did not take an event.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event could not be written.
    #[error(transparent)]
    Event(#[from] EventError),
}

/// A session with its control stream. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    log: Arc<dyn EventLog>,
    id: SessionId,
    stream: StreamName,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    control: Arc<tokio::sync::Mutex<Control>>,
    /// Where `control` stands; only used by whoever has locked that.
    cursor: tokio::sync::Mutex<StreamCursor>,
    grown: watch::Sender<StreamVersion>,
    pace: Mutex<Pace>,
    listeners: Arc<AtomicUsize>,
    /// Everything before this version was handed to a recorder that listens to this process.
    told: AtomicU64,
}

impl ControlBook {
    /// The control streams of `log`. Nothing is read yet.
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            recent: Mutex::default(),
        }
    }

    /// A session that was launched here.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn launched(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let session = self.session(id);
        let is_there = session.control().await?.launch().is_some();
        // Only what is there is kept in mind: whoever asks for what is not, must not push out others.
        Ok(is_there.then(|| self.keep(session)))
    }

    /// A session that may not have been launched yet.
    pub fn session(&self, id: SessionId) -> Session {
        let known = self.recent().get(id);
        Session {
            log: Arc::clone(&self.log),
            id,
            stream: StreamName::control_of(id),
            shared: known.unwrap_or_default(),
        }
    }

    /// The sessions whose recorders listen to this process.
    pub fn listened_to(&self) -> Vec<Session> {
        let recent = self.recent();
        let listened = recent
            .sessions
            .iter()
            .filter(|(_, (shared, _))| shared.listeners.load(Ordering::Acquire) > 0);
        let session = |(id, (shared, _)): (&SessionId, &(Arc<Shared>, u64))| Session {
            log: Arc::clone(&self.log),
            id: *id,
            stream: StreamName::control_of(*id),
            shared: Arc::clone(shared),
        };
        listened.map(session).collect()
    }

    pub(super) fn keep(&self, session: Session) -> Session {
        let shared = self.recent().put(session.id, session.shared);
        Session { shared, ..session }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        // Its own steps cannot fail half-way.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Which session.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// What its control stream said a moment ago at most: for what is asked many times a second.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recent_control(&self) -> Result<OwnedMutexGuard<Control>, StoreError> {
        let mut control = Arc::clone(&self.shared.control).lock_owned().await;
        let mut cursor = self.shared.cursor.lock().await;
        let apply = |event: &Event| control.apply(event);
        let grown = cursor
            .read_on_if_grown(&*self.log, &self.stream, apply)
            .await?;
        drop(cursor);
        if grown {
            self.shared.grown.send_replace(control.next);
        }
        Ok(control)
    }

    /// What its control stream says, as of the end of the log. It is locked meanwhile.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn control(&self) -> Result<OwnedMutexGuard<Control>, StoreError> {
        let mut control = Arc::clone(&self.shared.control).lock_owned().await;
        self.read_on(&mut control).await?;
        Ok(control)
    }

    async fn read_on(&self, control: &mut Control) -> Result<(), StoreError> {
        let mut cursor = self.shared.cursor.lock().await;
        let apply = |event: &Event| control.apply(event);
        if cursor.read_on(&*self.log, &self.stream, apply).await? {
            self.shared.grown.send_replace(control.next);
        }
        Ok(())
    }

    /// Appends what `decide` makes of the stream as it is; nothing when that is nothing. When another
    /// process appends in between, it decides again. Answers the stream's next version before.
    ///
    /// # Errors
    /// What `decide` answers, or when the log cannot be read or appended to.
    pub async fn append<E: From<ControlError>>(
        &self,
        mut decide: impl FnMut(&Control) -> Result<Option<EventBatch>, E> + Send,
    ) -> Result<Option<StreamVersion>, E> {
        let of_store = |error: StoreError| E::from(error.into());
        let mut control = Arc::clone(&self.shared.control).lock_owned().await;
        let mut tries = 0;
        loop {
            tries += 1;
            self.read_on(&mut control).await.map_err(of_store)?;
            let Some(events) = decide(&control)? else {
                return Ok(None);
            };
            let first_version = control.next;
            let append = Append {
                stream: self.stream.clone(),
                first_version,
                events,
            };
            match self.log.append(append).await {
                Err(AppendError::Conflict { .. }) if tries < APPEND_TRIES => {}
                Err(error) => return Err(E::from(error.into())),
                Ok(_) => {
                    self.read_on(&mut control).await.map_err(of_store)?;
                    return Ok(Some(first_version));
                }
            }
        }
    }

    /// The events of the control stream from a version on, at most `limit`.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn events(
        &self,
        from: StreamVersion,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        self.log.read_stream(&self.stream, from, limit).await
    }

    /// Tells when this process has seen the control stream grow.
    pub fn growth(&self) -> watch::Receiver<StreamVersion> {
        self.shared.grown.subscribe()
    }

    /// How fast the session sends.
    pub fn pace(&self) -> MutexGuard<'_, Pace> {
        self.shared
            .pace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything before a version was handed to a recorder, or heard by it before.
    pub fn tell(&self, before: StreamVersion) {
        self.shared.told.fetch_max(before.0, Ordering::AcqRel);
    }

    /// Everything before this version was handed to a recorder by this process. Of what another process handed out, and
    /// of what was handed out before this one began, nothing is known here until a recorder listens.
    pub fn told(&self) -> StreamVersion {
        StreamVersion(self.shared.told.load(Ordering::Acquire))
    }

    /// How many listen to its control channel.
    pub fn listeners(&self) -> &Arc<AtomicUsize> {
        &self.shared.listeners
    }
}

/// Bounded by number; the ones not used for the longest time go first, many at once.
#[derive(Default)]
struct Recent {
    sessions: HashMap<SessionId, (Arc<Shared>, u64)>,
    uses: u64,
}

impl Recent {
    fn get(&mut self, id: SessionId) -> Option<Arc<Shared>> {
        self.uses += 1;
        let (shared, last_use) = self.sessions.get_mut(&id)?;
        *last_use = self.uses;
        Some(Arc::clone(shared))
    }

    /// Answers the one that is there, if another was quicker.
    fn put(&mut self, id: SessionId, shared: Arc<Shared>) -> Arc<Shared> {
        self.uses += 1;
        if self.sessions.len() >= SESSIONS_MAX && !self.sessions.contains_key(&id) {
            let mut uses: Vec<u64> = self.sessions.values().map(|(_, last)| *last).collect();
            let (_, middle, _) = uses.select_nth_unstable(SESSIONS_MAX / 2);
            let middle = *middle;
            self.sessions.retain(|_, (_, last)| *last > middle);
        }
        let (kept, last_use) = self.sessions.entry(id).or_insert((shared, 0));
        *last_use = self.uses;
        Arc::clone(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_used_last_are_kept() {
        let mut recent = Recent::default();
        let first = SessionId::launched_now();
        let kept = recent.put(first, Arc::default());
        for _ in 0..3 * SESSIONS_MAX {
            recent.put(SessionId::launched_now(), Arc::default());
            assert!(Arc::ptr_eq(&recent.get(first).unwrap(), &kept));
            assert!(recent.sessions.len() <= SESSIONS_MAX);
        }
    }
}
