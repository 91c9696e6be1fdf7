//! The log over a store: what all stores have in common.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::append::{Appender, PendingAppend, Purge, PurgeError, Purged};
use super::checkpoint::{Checkpoint, LogKey, Statement};
use super::cursor::Heard;
use super::data_keys::{DataKeys, sealing};
use super::hearing::Hearing;
use super::merkle::Hash;
use super::multiproof::{Complement, Root};
use super::postgres::PostgresStore;
use super::receipt::Receipt;
use super::recent::RecentCommits;
use super::sqlite::SqliteStore;
use super::store::{DESTROYED_KEY, Rows, Store, read_one};
use super::{Append, AppendError, EventLog, Head, StoreError, blocking, read};
use crate::event::Event;
use crate::id::{LogId, Position, SessionId, StreamName, StreamVersion};
use crate::seal::keys::{DataKey, KeyScope, MasterKeys};

/// How often to look whether another process has appended, while somebody waits for it.
const GROWTH_POLL: Duration = Duration::from_millis(50);

/// The keys of a log.
pub struct LogKeys {
    /// Signs checkpoints.
    pub signing: LogKey,
    /// Wrap the keys that its data is sealed with.
    pub master: MasterKeys,
    /// Reads the master keys once more: they may be replaced while the log is open.
    pub reread_master: Option<RereadMaster>,
}

/// Reads the master keys, or says why it cannot.
pub type RereadMaster = Box<dyn Fn() -> Result<MasterKeys, String> + Send + Sync>;

impl LogKeys {
    /// Fresh keys for a log that is being created.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, StoreError> {
        let signing = LogKey::generate(LogId::new_random())
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        let master = MasterKeys::generate().map_err(sealing)?;
        Ok(Self {
            signing,
            master,
            reread_master: None,
        })
    }

    /// The same keys once more, for another node.
    #[cfg(test)]
    pub(crate) fn again(&self) -> Self {
        Self {
            signing: LogKey::parse(&self.signing.to_secret_text()).unwrap(),
            master: MasterKeys::parse(&self.master.to_secret_text()).unwrap(),
            reread_master: None,
        }
    }
}

/// The data key of a session.
pub(crate) enum SessionKey {
    /// Nothing was ever appended to the session: then there is nothing to seal.
    None,
    /// The session was purged.
    Destroyed,
    /// It.
    Key(DataKey),
}

/// A log in a database. Cheap to clone; clones share everything. When the last one is dropped, what
/// was submitted is still written.
#[derive(Clone)]
pub struct StoredLog {
    shared: Arc<Shared>,
}

struct Shared {
    /// First, because it is dropped first: it still writes.
    appender: Appender,
    store: Arc<dyn Store>,
    keys: Arc<DataKeys>,
    /// The largest size of the log that this process knows of.
    committed: watch::Sender<Position>,
    hearing: Arc<Hearing>,
    recent: RecentCommits,
    /// Whether others may have appended since somebody last looked.
    others_appended: Arc<AtomicBool>,
    /// Whether somebody looks for what other processes append.
    polled: AtomicBool,
}

impl StoredLog {
    /// Opens the log in the SQLite file `path`, and creates it if there is none. Blocks.
    ///
    /// # Errors
    /// When the file is no log, is of another version, is the log of another key, or cannot be
    /// written.
    pub fn open_sqlite(path: &Path, keys: LogKeys) -> Result<Self, StoreError> {
        let store = SqliteStore::open(path, &keys.signing)?;
        Self::over(Arc::new(store), keys)
    }

    /// Opens the log in the PostgreSQL database at `url`, and creates its tables if there are none.
    /// Any number of nodes may do so at once.
    ///
    /// # Errors
    /// When the database does not answer, holds the log of another key, or is of another version.
    pub async fn open_postgres(url: &str, keys: LogKeys) -> Result<Self, StoreError> {
        let store = PostgresStore::open(url, &keys.signing).await?;
        blocking(move || Self::over(Arc::new(store), keys)).await
    }

    fn over(store: Arc<dyn Store>, keys: LogKeys) -> Result<Self, StoreError> {
        let head = read_one(&*store, |rows| rows.head())?;
        let (committed, _) = watch::channel(Position(head.size));
        let (hearing, others_appended) = (Arc::<Hearing>::default(), Arc::default());
        let log = keys.signing.log();
        let (master, reread) = (keys.master, keys.reread_master);
        let data_keys = Arc::new(DataKeys::new(log, master, reread, head.purges));
        let appender = Appender::start(
            Arc::clone(&store),
            Arc::clone(&data_keys),
            keys.signing,
            committed.clone(),
            Arc::clone(&hearing),
            Arc::clone(&others_appended),
        )?;
        Ok(Self {
            shared: Arc::new(Shared {
                appender,
                store,
                keys: data_keys,
                committed,
                hearing,
                recent: RecentCommits::default(),
                others_appended,
                polled: AtomicBool::new(false),
            }),
        })
    }

    pub(in crate::log) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    pub(in crate::log) fn keys(&self) -> &DataKeys {
        &self.shared.keys
    }

    /// The data key of a session, for sealing and opening its blobs.
    ///
    /// # Errors
    /// When the store cannot be read, or the key does not open.
    pub(crate) fn session_key(&self, session: SessionId) -> Result<SessionKey, StoreError> {
        let scope = KeyScope::Session(session);
        match read_one(self.store(), |rows| rows.data_key(scope))? {
            None => Ok(SessionKey::None),
            Some(wrapped) if wrapped == DESTROYED_KEY => Ok(SessionKey::Destroyed),
            Some(wrapped) => self
                .keys()
                .unwrap(scope, &wrapped)
                .map(SessionKey::Key)
                .map_err(sealing),
        }
    }

    /// Whether a session was purged.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_purged(&self, session: SessionId) -> Result<bool, StoreError> {
        let scope = KeyScope::Session(session);
        let wrapped = self.read_async(move |rows, _| rows.data_key(scope)).await?;
        Ok(wrapped.is_some_and(|wrapped| wrapped == DESTROYED_KEY))
    }

    /// Destroys what was recorded of a session, and says so in its control stream, both or neither: payloads and the key
    /// that they are sealed with are gone, the hashes of all leaves stay. What the server wrote about the session stays
    /// readable. Its blobs are for the caller to remove: without the key they do not open.
    ///
    /// # Errors
    /// When there is no such session, it was purged before, or something was appended to its control stream since the caller
    /// read it, such as a hold.
    pub async fn purge(&self, purge: Purge) -> Result<Purged, PurgeError> {
        let (log, session) = (self.clone(), purge.session);
        let work = move || Ok(log.shared.appender.purge(purge));
        let purged = blocking(work).await??;
        let recent = &self.shared.recent;
        recent.purged_here(session, self.keys().purges());
        Ok(purged)
    }

    /// The id of the master key that wraps new data keys; no secret.
    pub fn master_key_id(&self) -> String {
        self.keys().master().current_id()
    }

    /// Wraps every data key with the first of `master`, which must hold the keys that wrap them
    /// now, and goes on with those. Answers how many were wrapped anew. Blocks.
    ///
    /// # Errors
    /// When a data key does not open, or the store fails: what was wrapped anew stays so.
    pub fn rewrap_keys(&self, master: &MasterKeys) -> Result<u64, StoreError> {
        let log = self.keys().log();
        let current = master.current_id();
        // Before the first is rewrapped, so that none is added under the old key afterwards.
        self.keys()
            .set_master(MasterKeys::parse(&master.to_secret_text()).map_err(sealing)?);
        self.store().rewrap_keys(&mut |scope, wrapped| {
            if wrapped == DESTROYED_KEY {
                return Ok(None);
            }
            if MasterKeys::id_of_wrapped(wrapped).as_ref() == Some(&current) {
                return Ok(None);
            }
            let scope = match scope {
                "log" => KeyScope::Log,
                session => KeyScope::Session(session.parse().map_err(|_| {
                    StoreError::Damaged(format!(
                        "a data key is of `{session}`, which is no session"
                    ))
                })?),
            };
            let key = master.unwrap(log, scope, wrapped).map_err(sealing)?;
            master.wrap(log, scope, &key).map(Some).map_err(sealing)
        })
    }

    async fn read_async<T: Send + 'static>(
        &self,
        mut read: impl FnMut(&mut dyn Rows, &DataKeys) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let log = self.clone();
        blocking(move || read_one(log.store(), |rows| read(rows, log.keys()))).await
    }

    /// Looks from now on for what other processes append. One for all who want to know.
    fn look_for_others(&self) {
        if self.shared.polled.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, mut seen) = (Arc::downgrade(&self.shared), self.committed());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(GROWTH_POLL).await;
                let Some(shared) = shared.upgrade() else {
                    return;
                };
                match (Self { shared }).look(seen).await {
                    Ok(size) => seen = size,
                    Err(error) => tracing::warn!(%error, "cannot see whether the log has grown"),
                }
            }
        });
    }

    /// Answers the size of the log, having told everybody of it and of the followed streams that
    /// others have appended to since it had the size `seen`.
    async fn look(self, seen: Position) -> Result<Position, StoreError> {
        let ours = self.committed();
        let head = self.read_async(|rows, _| rows.head()).await?;
        self.keys().notice_purges(head.purges);
        let size = Position(head.size);
        // What this process appends is heard at once: only others make it necessary to look.
        if size > ours || self.shared.others_appended.swap(false, Ordering::AcqRel) {
            let streams = self.read_async(move |rows, _| rows.followed_since(seen));
            let streams = streams.await.inspect_err(|_| {
                // Whoever looks next has to look there.
                self.shared.others_appended.store(true, Ordering::Release);
            })?;
            for (name, next) in streams {
                if let Ok(name) = StreamName::new(name) {
                    self.shared.hearing.hear(&name, next);
                }
            }
        }
        self.shared.committed.send_if_modified(|committed| {
            let grown = *committed < size;
            *committed = size.max(*committed);
            grown
        });
        Ok(size)
    }

    fn committed(&self) -> Position {
        *self.shared.committed.borrow()
    }
}

#[async_trait]
impl EventLog for StoredLog {
    fn id(&self) -> LogId {
        self.shared.appender.signing().log()
    }

    fn verifier_key(&self) -> &str {
        self.shared.appender.signing().verifier_key()
    }

    async fn submit(&self, append: Append) -> Result<PendingAppend, AppendError> {
        self.shared.appender.submit(append).await
    }

    fn sign_statement(&self, statement: &Statement) -> String {
        self.shared.appender.signing().sign_statement(statement)
    }

    async fn checkpoint_at(&self, size: Position) -> Result<Option<Checkpoint>, StoreError> {
        if size.0 == 0 || size > self.head().await?.size {
            return Ok(None);
        }
        // The subtrees that a tree of no leaf of interest consists of are the tree.
        let subtrees = Complement::new(size).prove(self).await?;
        let root = Root::new(size, &subtrees)
            .finish()
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok(Some(self.shared.appender.signing().sign(size, root)))
    }

    async fn head(&self) -> Result<Head, StoreError> {
        let log = self.clone();
        self.read_async(move |rows, _| read::head(rows, log.verifier_key()))
            .await
    }

    async fn grown_past(&self, size: Position) -> Result<Position, StoreError> {
        let mut committed = self.shared.committed.subscribe();
        let now = *committed.borrow_and_update();
        if now > size {
            return Ok(now);
        }
        // Woken at once by an append of this process, by the clock for those of others.
        self.look_for_others();
        match committed.wait_for(|committed| *committed > size).await {
            Ok(committed) => Ok(*committed),
            Err(closed) => Err(StoreError::Failed(Box::new(closed))),
        }
    }

    async fn read(&self, from: Position, limit: usize) -> Result<Vec<Event>, StoreError> {
        let (mut events, purges) = (Vec::new(), self.keys().purges());
        let recent = &self.shared.recent;
        let next = recent.read(purges, from.0, limit, &mut events);
        let missing = limit - events.len();
        if missing > 0 {
            let rest = self
                .read_async(move |rows, keys| read::events(rows, keys, Position(next), missing));
            let rest = rest.await?;
            recent.keep(purges, &rest);
            events.extend(rest);
        }
        Ok(events)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: StreamVersion,
        limit: usize,
    ) -> Result<Vec<Event>, StoreError> {
        let stream = stream.clone();
        self.read_async(
            move |rows, keys| match rows.streams(&[&stream])?.pop().flatten() {
                Some(row) => read::stream(rows, keys, row.number, from, limit as u64),
                None => Ok(Vec::new()),
            },
        )
        .await
    }

    async fn next_version(&self, stream: &StreamName) -> Result<StreamVersion, StoreError> {
        let stream = stream.clone();
        self.read_async(move |rows, _| {
            let row = rows.streams(&[&stream])?.pop().flatten();
            Ok(row.map_or(StreamVersion(0), |row| row.next_version))
        })
        .await
    }

    fn heard(&self, stream: &StreamName) -> Heard {
        self.look_for_others();
        self.shared.hearing.heard(stream)
    }

    async fn session_streams(&self, session: SessionId) -> Result<Vec<StreamName>, StoreError> {
        let names = self
            .read_async(move |rows, _| rows.session_streams(session))
            .await?;
        names
            .into_iter()
            .map(|name| {
                StreamName::new(name).map_err(|error| StoreError::Damaged(error.to_string()))
            })
            .collect()
    }

    async fn tile_hashes(&self, level: u32, start: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        self.read_async(move |rows, _| read::tile_hashes(rows, level, start..end))
            .await
    }

    async fn receipt(
        &self,
        stream: &StreamName,
        version: StreamVersion,
    ) -> Result<Option<Receipt>, StoreError> {
        let (log, stream) = (self.clone(), stream.clone());
        self.read_async(move |rows, keys| {
            read::receipt(rows, keys, &stream, version, log.shared.appender.signing())
        })
        .await
    }

    async fn inclusion_proof(
        &self,
        position: Position,
        size: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read_async(move |rows, _| {
            if size.0 > rows.head()?.size {
                return Ok(None);
            }
            read::inclusion_proof(rows, position, size)
        })
        .await
    }

    async fn consistency_proof(
        &self,
        old: Position,
        new: Position,
    ) -> Result<Option<Vec<Hash>>, StoreError> {
        self.read_async(move |rows, _| {
            if new.0 > rows.head()?.size {
                return Ok(None);
            }
            read::consistency_proof(rows, old, new)
        })
        .await
    }
}
