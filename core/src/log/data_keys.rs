//! The data keys that a node has in hand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::StoreError;
use super::store::{Rows, Store, read_one};
use super::stored::RereadMaster;
use crate::id::LogId;
use crate::seal::SealError;
use crate::seal::keys::{DataKey, KeyScope, MasterKeys};

/// More than the sessions that are recorded or looked at together. Beyond it keys are read again.
const KNOWN_MAX: usize = 1 << 16;

/// A data key, and how the store has it or is to have it.
pub(super) struct KnownKey {
    pub(super) key: DataKey,
    pub(super) wrapped: Vec<u8>,
    /// Whether the store has it. Until then each group that uses it brings it along.
    stored: AtomicBool,
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
}

impl DataKeys {
    pub(super) fn new(log: LogId, master: MasterKeys, reread_master: Option<RereadMaster>) -> Self {
        Self {
            log,
            master: RwLock::new(Arc::new(master)),
            reread_master,
            known: Mutex::default(),
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

    /// The key of a scope, for reading what is sealed with it.
    pub(super) fn of_stored(
        &self,
        rows: &mut dyn Rows,
        scope: KeyScope,
    ) -> Result<Arc<KnownKey>, StoreError> {
        match self.known(scope) {
            Some(known) if known.is_stored() => return Ok(known),
            // Made here, and perhaps never stored because another node was quicker.
            Some(ours) => return self.settle(rows, scope, &ours),
            None => {}
        }
        match rows.data_key(scope)? {
            Some(wrapped) => self.learn(scope, wrapped),
            None => Err(StoreError::Damaged(format!(
                "the data key of `{scope}` is missing"
            ))),
        }
    }

    /// The key of a scope, for sealing: a fresh one where there is none.
    pub(super) fn for_sealing(
        &self,
        store: &dyn Store,
        scope: KeyScope,
    ) -> Result<Arc<KnownKey>, StoreError> {
        if let Some(known) = self.known(scope) {
            return Ok(known);
        }
        if let Some(wrapped) = read_one(store, |rows| rows.data_key(scope))? {
            return self.learn(scope, wrapped);
        }
        let key = DataKey::generate().map_err(sealing)?;
        // A new key is rare, and is to be wrapped with the newest master key.
        self.reread_master();
        let wrapped = self.master().wrap(self.log, scope, &key).map_err(sealing)?;
        Ok(self.add(scope, key, wrapped, false))
    }

    /// What the store says now about a key that this node has made, under the lock of the head.
    /// Where another node was quicker, its key is the one.
    pub(super) fn settle(
        &self,
        rows: &mut dyn Rows,
        scope: KeyScope,
        ours: &Arc<KnownKey>,
    ) -> Result<Arc<KnownKey>, StoreError> {
        if ours.is_stored() {
            return Ok(Arc::clone(ours));
        }
        match rows.data_key(scope)? {
            None => Ok(Arc::clone(ours)),
            Some(wrapped) if wrapped == ours.wrapped => {
                ours.mark_stored();
                Ok(Arc::clone(ours))
            }
            Some(wrapped) => {
                self.all().remove(&scope);
                self.learn(scope, wrapped)
            }
        }
    }

    /// Whether the key of a scope is in hand, so that asking for it does not read the store.
    pub(super) fn is_known(&self, scope: KeyScope) -> bool {
        self.all().contains_key(&scope)
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
        self.all().get(&scope).map(Arc::clone)
    }

    fn learn(&self, scope: KeyScope, wrapped: Vec<u8>) -> Result<Arc<KnownKey>, StoreError> {
        let key = self.unwrap(scope, &wrapped).map_err(|error| {
            StoreError::Damaged(format!("the data key of `{scope}` does not open: {error}"))
        })?;
        Ok(self.add(scope, key, wrapped, true))
    }

    /// The first one to add a key wins.
    fn add(&self, scope: KeyScope, key: DataKey, wrapped: Vec<u8>, stored: bool) -> Arc<KnownKey> {
        let mut known = self.all();
        if known.len() >= KNOWN_MAX {
            known.retain(|_, key| !key.is_stored());
        }
        let added = known.entry(scope).or_insert_with(|| {
            Arc::new(KnownKey {
                key,
                wrapped,
                stored: AtomicBool::new(stored),
            })
        });
        Arc::clone(added)
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<KeyScope, Arc<KnownKey>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn sealing(error: SealError) -> StoreError {
    StoreError::Failed(Box::new(error))
}
