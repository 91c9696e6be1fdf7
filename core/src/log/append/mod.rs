//! Appending: a pipeline of three stages, so that the next group is parsed, checked, hashed and
//! compressed while the last one commits.
//!
//! | stage | where | does |
//! |---|---|---|
//! | `prepare` | with whoever appends | cuts into commits, packs, compresses, seals |
//! | `group` | one thread | takes what is waiting into a group, hashes it into the tree |
//! | `write` | one thread | writes the group, and answers |
//!
//! Positions are foreseen: a group is made for the size that the log will have once the group before
//! it is written. When somebody else has appended in between, the store refuses it, and it is made
//! anew under the lock of the head. A purge (`purge`) takes that lock too, and none of the stages.

mod group;
mod prepare;
mod purge;
mod queue;
mod request;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, watch};

use self::group::{BuiltGroup, GroupBuilder};
use self::prepare::Prepared;
pub use self::purge::{Purge, PurgeError, Purged};
use self::queue::{KnownEnd, Next, Queue};
pub use self::request::PendingAppend;
use self::request::Request;
use super::checkpoint::LogKey;
use super::data_keys::{DataKeys, KnownKey};
use super::hearing::Hearing;
use super::merkle::TreeEdge;
use super::read;
use super::store::{Rows, Store, StoredHead, StreamRow, read_one};
use super::{Append, AppendError, Appended, StoreError};
use crate::id::{Position, StreamName, StreamVersion};
use crate::seal::keys::KeyScope;

/// How many bytes of events may be on their way at once. Who comes beyond that waits.
const BYTES_ON_THEIR_WAY: usize = 128 << 20;
/// What an append counts beside its data, for its own structures.
const APPEND_OVERHEAD: usize = 1024;
/// Memory is counted in units of so many bytes.
const MEMORY_UNIT: usize = 1024;
/// An append with less data than this is prepared where it stands: handing it to another thread
/// would take longer.
const PREPARED_IN_PLACE_BYTES: usize = 32 << 10;
/// How many streams' versions are remembered.
const KNOWN_STREAMS_MAX: usize = 1 << 17;
/// After somebody else has appended, so many groups first take the lock, because whoever did
/// so will do it again.
const LOCKED_AFTER_CONFLICT: u32 = 32;

/// What appends a log's events.
pub(super) struct Appender {
    pipeline: Arc<Pipeline>,
    memory: Arc<Semaphore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the stages share.
pub(super) struct Pipeline {
    pub(super) store: Arc<dyn Store>,
    pub(super) keys: Arc<DataKeys>,
    pub(super) signing: LogKey,
    /// The largest size of the log that this process knows of.
    pub(super) committed: watch::Sender<Position>,
    /// What was heard of streams that are followed.
    pub(super) hearing: Arc<Hearing>,
    /// Whether others may have appended since somebody last looked.
    pub(super) others_appended: Arc<AtomicBool>,
    queue: Queue,
}

impl Appender {
    /// Starts the threads.
    pub(super) fn start(
        store: Arc<dyn Store>,
        keys: Arc<DataKeys>,
        signing: LogKey,
        committed: watch::Sender<Position>,
        hearing: Arc<Hearing>,
        others_appended: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let pipeline = Arc::new(Pipeline {
            store,
            keys,
            signing,
            committed,
            hearing,
            others_appended,
            queue: Queue::new(),
        });
        let spawn = |name: &str, work: fn(&Pipeline)| {
            let pipeline = Arc::clone(&pipeline);
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    let _stage = Stage(&pipeline);
                    work(&pipeline);
                })
                .map_err(|error| StoreError::Failed(Box::new(error)))
        };
        let threads = vec![
            spawn("log-group", Pipeline::make_groups)?,
            spawn("log-write", Pipeline::write_groups)?,
        ];
        Ok(Self {
            pipeline,
            memory: Arc::new(Semaphore::new(BYTES_ON_THEIR_WAY / MEMORY_UNIT)),
            threads: Mutex::new(threads),
        })
    }

    pub(super) fn signing(&self) -> &LogKey {
        &self.pipeline.signing
    }

    /// Prepares an append and gives it its place in the queue.
    pub(super) async fn submit(&self, append: Append) -> Result<PendingAppend, AppendError> {
        let bytes = append.events.data_bytes() + APPEND_OVERHEAD;
        let units = bytes.min(BYTES_ON_THEIR_WAY).div_ceil(MEMORY_UNIT);
        let memory = Arc::clone(&self.memory)
            .acquire_many_owned(units as u32)
            .await
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        let pipeline = Arc::clone(&self.pipeline);
        let scope = KeyScope::of_stream(&append.stream);
        let prepare = move || {
            let key = pipeline
                .keys
                .for_sealing(&*pipeline.store, &append.stream)?;
            let prepared = Prepared::new(&pipeline.keys, key, &append, 0)?;
            Ok::<_, AppendError>((append, prepared))
        };
        let in_place = bytes < PREPARED_IN_PLACE_BYTES && self.pipeline.keys.is_known(scope);
        let (append, prepared) = if in_place {
            prepare()?
        } else {
            super::blocking(move || Ok(prepare())).await??
        };
        let (request, pending) = Request::new(append, prepared, Some(memory));
        self.pipeline.queue.push(request);
        Ok(pending)
    }
}

/// What was submitted is still written.
impl Drop for Appender {
    fn drop(&mut self) {
        self.pipeline.queue.close();
        if !self.pipeline.store.may_be_awaited() {
            return;
        }
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // Its panic was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// A stage that runs. If it panics, nobody is to wait for ever.
struct Stage<'a>(&'a Pipeline);

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue.fail();
        }
    }
}

/// What to do with an append, once its stream is known.
enum Verdict {
    /// Its events from this index on are new.
    New(usize),
    /// All of it is there, or it is refused.
    Answer(Result<Appended, AppendError>),
}

impl Pipeline {
    /// The second stage.
    fn make_groups(&self) {
        let mut maker = GroupMaker::new(self);
        loop {
            match self.queue.next(maker.fill()) {
                Next::Take(request) => maker.take(request),
                Next::HandOver => maker.hand_over(),
                Next::Closed => {
                    self.queue.no_more_groups();
                    return;
                }
            }
        }
    }

    /// The third stage.
    fn write_groups(&self) {
        let mut lock_first = 0;
        while let Some(group) = self.queue.take_group() {
            let foreseen = group.epoch == self.queue.epoch();
            let as_foreseen = if lock_first == 0 && foreseen {
                self.store.write_if_unchanged(&group.rows)
            } else {
                lock_first = u32::saturating_sub(lock_first, 1);
                Ok(false)
            };
            let written = match as_foreseen {
                Ok(true) => Ok((group, true)),
                Ok(false) => self.write_locked(group, foreseen),
                Err(error @ StoreError::Full(_)) => Err((group.into_requests(), error)),
                // The connection may be gone, and nobody knows whether the group was written: made
                // anew, it is acknowledged where it was.
                Err(error) => {
                    tracing::warn!(%error, "a group could not be written, trying once more");
                    self.write_locked(group, false)
                }
            };
            match written {
                Ok((group, as_foreseen)) => {
                    if !as_foreseen {
                        self.others_appended.store(true, Ordering::Release);
                    }
                    if foreseen && !as_foreseen {
                        lock_first = LOCKED_AFTER_CONFLICT;
                    }
                    self.queue.written(Some(group.edge.clone()), as_foreseen);
                    self.has_grown_to(group.edge.size());
                    group.acknowledge(&self.hearing);
                }
                Err((requests, error)) => {
                    tracing::error!(%error, appends = requests.len(), "appends failed");
                    self.queue.written(None, false);
                    refuse(requests, &error);
                }
            }
        }
    }

    /// Takes the lock of the head, and writes the group: as it is if it is `foreseen` and the head
    /// is what it was made for, and made anew otherwise. Answers whether it was written as it was.
    fn write_locked(
        &self,
        mut group: BuiltGroup,
        foreseen: bool,
    ) -> Result<(BuiltGroup, bool), (Vec<Request>, StoreError)> {
        let mut locked = match self.store.lock() {
            Ok(locked) => locked,
            Err(error) => return Err((group.into_requests(), error)),
        };
        let head = match locked.rows().head() {
            Ok(head) => head,
            Err(error) => return Err((group.into_requests(), error)),
        };
        let as_foreseen =
            foreseen && head.size == group.rows.size_before && group.rows.new_keys.is_empty();
        if !as_foreseen {
            group = self.make_anew(group.into_requests(), &head, &mut *locked.rows())?;
            if group.is_empty() {
                return Ok((group, false));
            }
        }
        match locked.write(&group.rows) {
            Ok(true) => Ok((group, as_foreseen)),
            Ok(false) => Err((
                group.into_requests(),
                StoreError::Failed("a data key appeared under the lock of the head".into()),
            )),
            Err(error) => Err((group.into_requests(), error)),
        }
    }

    fn make_anew(
        &self,
        requests: Vec<Request>,
        head: &StoredHead,
        rows: &mut dyn Rows,
    ) -> Result<BuiltGroup, (Vec<Request>, StoreError)> {
        let edge = match edge_of(head) {
            Ok(edge) => edge,
            Err(error) => return Err((requests, error)),
        };
        self.keys.notice_purges(head.purges);
        let mut builder = GroupBuilder::new(&edge, self.queue.epoch());
        let mut left = requests.into_iter();
        while let Some(request) = left.next() {
            if let Err((request, error)) = self.place_locked(&mut builder, request, rows) {
                let mut requests = builder.build(&self.signing).into_requests();
                requests.push(*request);
                requests.extend(left);
                return Err((requests, error));
            }
        }
        Ok(builder.build(&self.signing))
    }

    /// Places an append in a group that is made under the lock of the head.
    fn place_locked(
        &self,
        builder: &mut GroupBuilder,
        request: Request,
        rows: &mut dyn Rows,
    ) -> Result<(), (Box<Request>, StoreError)> {
        let placed = (|| {
            let stream = &request.append.stream;
            let row = match builder.stream(stream) {
                Some(row) => Some(row),
                None => rows.streams(&[stream])?.pop().flatten(),
            };
            let verdict = self.judge(&request.append, row, rows)?;
            let Verdict::New(from) = verdict else {
                return Ok((verdict, None, row));
            };
            let key = match self.keys.for_sealing_locked(&*self.store, rows, stream) {
                Ok(key) => key,
                Err(AppendError::Store(error)) => return Err(error),
                Err(refused) => return Ok((Verdict::Answer(Err(refused)), None, row)),
            };
            let prepared = Prepared::new(&self.keys, key, &request.append, from)?;
            Ok((verdict, Some(prepared), row))
        })();
        match placed {
            Ok((Verdict::Answer(answer), ..)) => request.answer(answer),
            Ok((Verdict::New(_), Some(prepared), row)) => {
                let brings_key = !prepared.key.is_stored() && !builder.brings(prepared.key.scope);
                builder.place(request, prepared, row, brings_key);
            }
            Ok((Verdict::New(_), None, _)) => {}
            Err(error) => return Err((Box::new(request), error)),
        }
        Ok(())
    }

    /// Holds an append against its stream as it is.
    fn judge(
        &self,
        append: &Append,
        row: Option<StreamRow>,
        rows: &mut dyn Rows,
    ) -> Result<Verdict, StoreError> {
        let next = row.map_or(StreamVersion(0), |row| row.next_version);
        if append.first_version > next {
            return Ok(Verdict::Answer(Err(AppendError::Gap {
                stream: append.stream.clone(),
                expected: next,
                found: append.first_version,
            })));
        }
        let overlap = usize::try_from(next.0 - append.first_version.0).unwrap_or(usize::MAX);
        let overlap = overlap.min(append.events.len());
        let mut stored = append.first_version;
        let end = append.first_version.plus(overlap as u64);
        while let Some(row) = row
            && stored < end
        {
            let events = read::stream(rows, &self.keys, row.number, stored, end.0 - stored.0)?;
            let sent = (stored.0 - append.first_version.0) as usize;
            for (event, sent) in events.iter().zip(append.events.iter_from(sent)) {
                if let Some(session) = event.session().filter(|_| event.is_destroyed()) {
                    return Ok(Verdict::Answer(Err(AppendError::Purged { session })));
                }
                if (event.at(), event.kind(), event.data()) != sent {
                    return Ok(Verdict::Answer(Err(AppendError::Conflict {
                        stream: append.stream.clone(),
                        version: event.version(),
                    })));
                }
            }
            if events.is_empty() {
                return Err(StoreError::Damaged(format!(
                    "version {stored} of stream `{}` is missing",
                    append.stream
                )));
            }
            stored = stored.plus(events.len() as u64);
        }
        if overlap < append.events.len() {
            return Ok(Verdict::New(overlap));
        }
        let head = rows.head()?;
        let receipt = match next.0.checked_sub(1) {
            Some(last) => read::receipt(
                rows,
                &self.keys,
                &append.stream,
                StreamVersion(last),
                &self.signing,
            )?,
            None => None,
        };
        Ok(Verdict::Answer(Ok(Appended {
            next_version: next,
            log_size: Position(head.size),
            new_events: 0,
            receipt,
        })))
    }

    fn has_grown_to(&self, size: u64) {
        self.committed.send_if_modified(|committed| {
            let grown = committed.0 < size;
            if grown {
                *committed = Position(size);
            }
            grown
        });
    }
}

/// The second stage's view of the end of the log. What it knows of streams is never older than the
/// end that it knows: so when the store finds the log as large as was foreseen, the streams are as
/// foreseen, too.
struct GroupMaker<'a> {
    pipeline: &'a Pipeline,
    epoch: u64,
    /// The end of the log once all groups that were handed over are written. `None` when the store
    /// must be asked.
    edge: Option<TreeEdge>,
    /// Streams as they will be then.
    streams: HashMap<StreamName, StreamRow>,
    /// New data keys in groups that were handed over.
    keys_on_their_way: HashMap<KeyScope, Arc<KnownKey>>,
    builder: Option<GroupBuilder>,
}

impl<'a> GroupMaker<'a> {
    fn new(pipeline: &'a Pipeline) -> Self {
        Self {
            pipeline,
            epoch: pipeline.queue.epoch(),
            edge: None,
            streams: HashMap::new(),
            keys_on_their_way: HashMap::new(),
            builder: None,
        }
    }

    fn fill(&self) -> Option<(usize, usize)> {
        self.builder.as_ref().map(GroupBuilder::fill)
    }

    fn hand_over(&mut self) {
        let Some(builder) = self.builder.take() else {
            return;
        };
        for (name, row) in builder.streams() {
            self.streams.insert(name.clone(), row);
        }
        let group = builder.build(&self.pipeline.signing);
        self.edge = Some(group.edge.clone());
        self.pipeline.queue.hand_over(group);
        self.keys_on_their_way.retain(|_, key| !key.is_stored());
    }

    fn take(&mut self, request: Request) {
        if let Err((request, error)) = self.place(request) {
            self.hand_over();
            self.pipeline.queue.settled();
            self.forget();
            refuse(vec![*request], &error);
        }
    }

    fn place(&mut self, mut request: Request) -> Result<(), (Box<Request>, StoreError)> {
        let from = match self.first_new(&request.append) {
            Ok(Verdict::New(from)) => from,
            Ok(Verdict::Answer(answer)) => {
                request.answer(answer);
                return Ok(());
            }
            Err(error) => return Err((Box::new(request), error)),
        };
        let (keys, append) = (&self.pipeline.keys, &request.append);
        let prepared = match request.prepared.take() {
            Some(prepared) if from == 0 && keys.is_current(&prepared.key) => Ok(prepared),
            // A part of it is known, or its key may have been destroyed since.
            Some(_) => keys
                .for_sealing(&*self.pipeline.store, &append.stream)
                .and_then(|key| Ok(Prepared::new(keys, key, append, from)?)),
            None => Err(StoreError::Failed("an append was placed twice".into()).into()),
        };
        let placing = prepared.and_then(|prepared| {
            let row = self.stream(&request.append.stream)?;
            Ok((prepared, row))
        });
        let (prepared, row) = match placing {
            Ok(placing) => placing,
            Err(AppendError::Store(error)) => return Err((Box::new(request), error)),
            Err(refused) => {
                request.answer(Err(refused));
                return Ok(());
            }
        };
        let builder = match (&mut self.builder, &self.edge) {
            (Some(builder), _) => builder,
            (none, Some(edge)) => none.insert(GroupBuilder::new(edge, self.epoch)),
            (None, None) => {
                let error = StoreError::Failed("the end of the log is not known".into());
                return Err((Box::new(request), error));
            }
        };
        let brings_key = !prepared.key.is_stored() && {
            let on_its_way = self.keys_on_their_way.entry(prepared.key.scope);
            match on_its_way {
                Entry::Occupied(other) if Arc::ptr_eq(other.get(), &prepared.key) => false,
                entry => {
                    entry.insert_entry(Arc::clone(&prepared.key));
                    true
                }
            }
        };
        builder.place(request, prepared, row, brings_key);
        Ok(())
    }

    /// From which event on an append is new.
    fn first_new(&mut self, append: &Append) -> Result<Verdict, StoreError> {
        self.find_end()?;
        let next_version =
            |row: Option<StreamRow>| row.map_or(StreamVersion(0), |r| r.next_version);
        let row = self.stream(&append.stream)?;
        if next_version(row) == append.first_version && !append.events.is_empty() {
            return Ok(Verdict::New(0));
        }
        // What is repeated, or overtakes, is held against what is stored now: so all before it must
        // be, and what is remembered may be older than what others have appended.
        self.hand_over();
        self.epoch = self.pipeline.queue.settled().epoch;
        self.forget();
        self.find_end()?;
        let row = self.stream(&append.stream)?;
        read_one(&*self.pipeline.store, |rows| {
            self.pipeline.judge(append, row, rows)
        })
    }

    /// The row that a stream will have once all before is written.
    fn stream(&mut self, name: &StreamName) -> Result<Option<StreamRow>, StoreError> {
        let in_group = self.builder.as_ref().and_then(|group| group.stream(name));
        if let Some(row) = in_group.or_else(|| self.streams.get(name).copied()) {
            return Ok(Some(row));
        }
        if self.streams.len() >= KNOWN_STREAMS_MAX {
            self.hand_over();
            self.pipeline.queue.settled();
            self.streams.clear();
        }
        let row = read_one(&*self.pipeline.store, |rows| rows.streams(&[name]))?
            .pop()
            .flatten();
        if let Some(row) = row {
            self.streams.insert(name.clone(), row);
        }
        Ok(row)
    }

    /// Makes sure that the end of the log is known, before anything is read that depends on it.
    fn find_end(&mut self) -> Result<(), StoreError> {
        if self.builder.is_some() {
            return Ok(());
        }
        if self.pipeline.queue.epoch() != self.epoch {
            let KnownEnd { epoch, edge } = self.pipeline.queue.settled();
            self.forget();
            (self.epoch, self.edge) = (epoch, edge);
        }
        if self.edge.is_none() {
            self.streams.clear();
            let head = read_one(&*self.pipeline.store, |rows| rows.head())?;
            self.pipeline.keys.notice_purges(head.purges);
            if head.size > self.pipeline.committed.borrow().0 {
                // What others appended will lie before what is written as foreseen here.
                self.pipeline.others_appended.store(true, Ordering::Release);
            }
            self.edge = Some(edge_of(&head)?);
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.edge = None;
        self.streams.clear();
        self.keys_on_their_way.clear();
    }
}

fn edge_of(head: &StoredHead) -> Result<TreeEdge, StoreError> {
    TreeEdge::from_bytes(head.size, &head.edge).ok_or_else(|| {
        StoreError::Damaged(format!("the edge of its tree is not of size {}", head.size))
    })
}

/// Tells everybody that nothing is known to be stored.
fn refuse(requests: Vec<Request>, error: &StoreError) {
    for request in requests {
        request.answer(Err(error.again().into()));
    }
}
