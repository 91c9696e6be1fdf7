//! The data keys that a node has in hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::store::{DESTROYED_KEY, Rows, Store, read_one};
use super::stored::RereadMaster;
use super::{AppendError, StoreError};
use crate::id::{LogId, StreamName};
use crate::seal::SealError;
use crate::seal::keys::{DataKey, KeyScope, MasterKeys};

/// More than the sessions that are recorded or looked at together. Beyond it keys are read again.
const KNOWN_MAX: usize = 1 << 16;

/// A data key, and how the store has it or is to have it.
pub(super) struct KnownKey {
    pub(super) scope: KeyScope,
    pub(super) key: DataKey,
    pub(super) wrapped: Vec<u8>,
    /// Whether the store has it. Until then each group that uses it brings it along.
    stored: AtomicBool,
    /// How many sessions had been purged when it was asked for.
    purges: AtomicU64,
}

impl KnownKey {
    pub(super) fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }

    pub(super) fn mark_stored(&self) {
        self.stored.store(true, Ordering::Release);
    }
}

/// The keys of a log, unwrapped as they are needed.
pub(super) struct DataKeys {
    log: LogId,
    master: RwLock<Arc<MasterKeys>>,
    reread_master: Option<RereadMaster>,
    known: Mutex<HashMap<KeyScope, Arc<KnownKey>>>,
    /// How many sessions were purged, as far as this process knows. A key that was learned at another number may be
    /// destroyed.
    purges: AtomicU64,
}

impl DataKeys {
    pub(super) fn new(
        log: LogId,
        master: MasterKeys,
        reread_master: Option<RereadMaster>,
        purges: u64,
    ) -> Self {
        Self {
            log,
            master: RwLock::new(Arc::new(master)),
            reread_master,
            known: Mutex::default(),
            purges: AtomicU64::new(purges),
        }
    }

    pub(super) fn log(&self) -> LogId {
        self.log
    }

    pub(super) fn master(&self) -> Arc<MasterKeys> {
        Arc::clone(&self.master.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_master(&self, master: MasterKeys) {
        *self.master.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(master);
    }

    /// How many sessions were purged, as far as this process knows.
    pub(super) fn purges(&self) -> u64 {
        self.purges.load(Ordering::Acquire)
    }

    /// Says how many sessions were purged. When they are more than before, no key that the store has is relied upon.
    pub(super) fn notice_purges(&self, purges: u64) {
        if self.purges.fetch_max(purges, Ordering::AcqRel) < purges {
            self.all().retain(|_, key| !key.is_stored());
        }
    }

    /// Says that this process has purged a session, the first after so many. The keys of others are as good as before.
    pub(super) fn purged_here(&self, scope: KeyScope, before: u64) {
        let mut known = self.all();
        known.remove(&scope);
        let counted =
            self.purges
                .compare_exchange(before, before + 1, Ordering::AcqRel, Ordering::Acquire);
        if counted.is_err() {
            // Somebody has counted it already, and forgotten all.
            return;
        }
        for key in known.values() {
            let _ = key.purges.compare_exchange(
                before,
                before + 1,
                Ordering::AcqRel,
                Ordering::Acquire,
            );
        }
    }

    /// Whether a key surely was not destroyed, as far as this process knows.
    pub(super) fn is_current(&self, key: &KnownKey) -> bool {
        key.purges.load(Ordering::Acquire) == self.purges() || !key.is_stored()
    }

    /// The key of a scope, for reading what is sealed with it. `None` when it was destroyed.
    pub(super) fn of_stored(
        &self,
        rows: &mut dyn Rows,
        scope: KeyScope,
    ) -> Result<Option<Arc<KnownKey>>, StoreError> {
        match self.known(scope) {
            Some(known) if known.is_stored() => return Ok(Some(known)),
            // Made here, and perhaps never stored because another node was quicker.
            Some(ours) => return self.settle(rows, &ours),
            None => {}
        }
        let purges = self.purges();
        match rows.data_key(scope)? {
            Some(wrapped) if wrapped == DESTROYED_KEY => Ok(None),
            Some(wrapped) => self.learn(scope, wrapped, purges).map(Some),
            None => Err(StoreError::Damaged(format!(
                "the data key of `{scope}` is missing"
            ))),
        }
    }

    /// The key to seal events of a stream with: that of its scope, a fresh one where there is none. What the server writes
    /// about a session whose key is destroyed is sealed with the key of the log.
    ///
    /// # Errors
    /// When the stream is of a recording that was purged.
    pub(super) fn for_sealing(
        &self,
        store: &dyn Store,
        stream: &StreamName,
    ) -> Result<Arc<KnownKey>, AppendError> {
        match (
            self.of_scope(store, KeyScope::of_stream(stream))?,
            stream.session(),
        ) {
            (Some(key), _) => Ok(key),
            (None, Some(session)) if !stream.outlives_recording() => {
                Err(AppendError::Purged { session })
            }
            (None, _) => Ok(self.of_log(store)?),
        }
    }

    /// The same under the lock of the head, where `rows` are as they are now: so the key is the one that the store has, if it
    /// has one.
    pub(super) fn for_sealing_locked(
        &self,
        store: &dyn Store,
        rows: &mut dyn Rows,
        stream: &StreamName,
    ) -> Result<Arc<KnownKey>, AppendError> {
        loop {
            let ours = self.for_sealing(store, stream)?;
            // Once it is known to be destroyed, the store is asked instead.
            if let Some(key) = self.settle(rows, &ours)? {
                return Ok(key);
            }
        }
    }

    /// The key of the log, for sealing what belongs to no session.
    pub(super) fn of_log(&self, store: &dyn Store) -> Result<Arc<KnownKey>, StoreError> {
        self.of_scope(store, KeyScope::Log)?
            .ok_or_else(|| StoreError::Damaged("the data key of the log is destroyed".to_owned()))
    }

    /// The key of a scope, a fresh one where there is none. `None` when it was destroyed.
    fn of_scope(
        &self,
        store: &dyn Store,
        scope: KeyScope,
    ) -> Result<Option<Arc<KnownKey>>, StoreError> {
        if let Some(known) = self.known(scope) {
            return Ok(Some(known));
        }
        let purges = self.purges();
        match read_one(store, |rows| rows.data_key(scope))? {
            Some(wrapped) if wrapped == DESTROYED_KEY => return Ok(None),
            Some(wrapped) => return self.learn(scope, wrapped, purges).map(Some),
            None => {}
        }
        let key = DataKey::generate().map_err(sealing)?;
        // A new key is rare, and is to be wrapped with the newest master key.
        self.reread_master();
        let wrapped = self.master().wrap(self.log, scope, &key).map_err(sealing)?;
        Ok(Some(self.add(KnownKey {
            scope,
            key,
            wrapped,
            stored: AtomicBool::new(false),
            purges: AtomicU64::new(purges),
        })))
    }

    /// What the store says now about a key that this node has made, under the lock of the head.
    /// Where another node was quicker, its key is the one. `None` when that was destroyed since.
    pub(super) fn settle(
        &self,
        rows: &mut dyn Rows,
        ours: &Arc<KnownKey>,
    ) -> Result<Option<Arc<KnownKey>>, StoreError> {
        if ours.is_stored() {
            return Ok(Some(Arc::clone(ours)));
        }
        let (scope, purges) = (ours.scope, self.purges());
        match rows.data_key(scope)? {
            None => Ok(Some(Arc::clone(ours))),
            Some(wrapped) if wrapped == ours.wrapped => {
                ours.mark_stored();
                Ok(Some(Arc::clone(ours)))
            }
            Some(wrapped) => {
                self.all().remove(&scope);
                if wrapped == DESTROYED_KEY {
                    return Ok(None);
                }
                self.learn(scope, wrapped, purges).map(Some)
            }
        }
    }

    /// Whether the key of a scope is in hand, so that asking for it does not read the store.
    pub(super) fn is_known(&self, scope: KeyScope) -> bool {
        self.known(scope).is_some()
    }

    /// Opens a wrapped key, if need be with a master key that came while the log was open.
    pub(super) fn unwrap(&self, scope: KeyScope, wrapped: &[u8]) -> Result<DataKey, SealError> {
        let opened = self.master().unwrap(self.log, scope, wrapped);
        match opened {
            Err(SealError::NoMasterKey { .. }) => {
                self.reread_master();
                self.master().unwrap(self.log, scope, wrapped)
            }
            opened => opened,
        }
    }

    fn reread_master(&self) {
        match self.reread_master.as_ref().map(|reread| reread()) {
            Some(Ok(master)) => self.set_master(master),
            Some(Err(error)) => tracing::warn!(%error, "the master key cannot be read again"),
            None => {}
        }
    }

    fn known(&self, scope: KeyScope) -> Option<Arc<KnownKey>> {
        let known = self.all();
        let known = known.get(&scope).filter(|key| self.is_current(key));
        known.map(Arc::clone)
    }

    /// Takes a key that the store had when so many sessions had been purged.
    fn learn(
        &self,
        scope: KeyScope,
        wrapped: Vec<u8>,
        purges: u64,
    ) -> Result<Arc<KnownKey>, StoreError> {
        let key = self.unwrap(scope, &wrapped).map_err(|error| {
            StoreError::Damaged(format!("the data key of `{scope}` does not open: {error}"))
        })?;
        Ok(self.add(KnownKey {
            scope,
            key,
            wrapped,
            stored: AtomicBool::new(true),
            purges: AtomicU64::new(purges),
        }))
    }

    /// The first one to add a key wins.
    fn add(&self, key: KnownKey) -> Arc<KnownKey> {
        let mut known = self.all();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, key| !key.is_stored());
        }
        if let Some(other) = known.get(&key.scope).filter(|other| self.is_current(other)) {
            return Arc::clone(other);
        }
        let key = Arc::new(key);
        known.insert(key.scope, Arc::clone(&key));
        key
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<KeyScope, Arc<KnownKey>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn sealing(error: SealError) -> StoreError {
    StoreError::Failed(Box::new(error))
}
