//! `columns`: tables in Parquet files, for reports and SQL, with the latest rows in memory.
//!
//! | table | a row | changes |
//! |---|---|---|
//! | `events` | an event of the log, without its content | never |
//! | `sessions` | a session, as [`SessionRow`] folds it | with each event of the session |
//! | `accesses` | what a reader did | never |
//! | `coverage` | a part of a recording that is missing, or shows less than it should | never |
//!
//! The columns are told in [`schema`]. `commands` and `processes`, the other tables that SQL knows, are those of the index of
//! moments ([`crate::moments`]): they are found on the screen, once.
//!
//! **Files.** Each table has a directory for each day of recording, by the server's clock, which no recorder can move. Rows are
//! gathered in memory (the *tail*) until there are many, or some time went by when more come, or the server stops; then they are written.
//! A file that is not much larger than what comes after it is written anew together with that (compaction), so that a day
//! has few files and each row is written a few times. Rows that change (of sessions) or go (`retention.purged`) have the
//! files that hold them written anew.
//!
//! **Exactly once.** The manifest (`columns.sqlite`) says which files count and up to which position they hold the log, in
//! one transaction, written when the files are safe. What a process that died had begun is removed at the next start, and
//! what its tail held is read from the log again. Replaced files stay until nobody reads them any more.
//!
//! **What is hidden.** No content of recordings is kept here. The title and the command line of a session are masked by the
//! rules that hold for it ([`crate::redaction`]).

pub mod bulk;
mod files;
mod manifest;
mod rows;
pub mod schema;
mod sessions;
mod snapshot;
mod take;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use retrace_core::event::Event;
use retrace_core::log::EventLog;
use retrace_core::{Position, SessionId};
use tokio::runtime::Handle;

pub use files::{DamagedFile, DataFile};
pub use manifest::{SCHEMA, remove};
pub use rows::{Rows, Value};
pub use schema::Table;
pub use snapshot::{ColumnsReader, ColumnsView, TableView};

use crate::redaction::RulesBook;
use crate::runner::Surroundings;
use crate::sessions::SessionRow;
use crate::store::{Readers, Store};
use crate::{Projection, ProjectionError, not_applied};
use files::{FILE_ROWS_MAX, Writing, store, without};
use manifest::{Change, Manifest, Numbered};
use snapshot::Live;

/// So many rows are in the tail at most.
const TAIL_ROWS_MAX: usize = 1 << 18;
/// So many sessions are at most ahead of their files.
const CHANGED_SESSIONS_MAX: usize = 4_096;
/// Rows are in the tail for so long at most, while events come.
const TAIL_FOR: Duration = Duration::from_secs(30);
/// Files are written anew without the rows of what was purged so often at most, while events come.
const PURGES_EVERY: Duration = Duration::from_secs(5);
/// So many sessions are kept in memory.
const HELD_MAX: usize = 16_384;
/// The tail has so many batches at most of a table and a day; then they are joined.
const BATCHES_MAX: usize = 64;
/// So many events are replayed at most by who only reads.
const REPLAYED_MAX: u64 = 2_000_000;
const READ_EVENTS: usize = 8_192;

/// A session that events came for lately.
struct Held {
    numbered: Numbered,
    row: SessionRow,
    /// Whether it is ahead of the files.
    changed: bool,
    used: u64,
}

/// The writing side of the tables.
pub struct ColumnsProjection {
    root: PathBuf,
    log: Arc<dyn EventLog>,
    runtime: Handle,
    /// None for who only reads.
    store: Option<Store>,
    readers: Readers,
    rules: RulesBook,
    live: Option<Arc<Live>>,
    files: Vec<Arc<DataFile>>,
    next_number: i64,
    next_file: i64,
    /// What was applied; the manifest may stand at an earlier position.
    checkpoint: Position,
    held: HashMap<SessionId, Held>,
    uses: u64,
    /// Numbers that the manifest does not know yet, or keeps with another day.
    new_numbers: HashMap<SessionId, Numbered>,
    /// Sessions whose rows in the files count no more.
    purged: HashSet<i64>,
    /// Rows that are being gathered.
    open: BTreeMap<(Table, i32), Rows>,
    tail: BTreeMap<(Table, i32), Vec<RecordBatch>>,
    tail_rows: usize,
    /// When the first row that is in no file came.
    since: Option<Instant>,
    flushed_at: Option<Instant>,
    #[cfg(test)]
    fails: Option<tests::Fails>,
}

impl ColumnsProjection {
    /// Opens the tables, and creates them if there are none that fit the log.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn open(at: &Surroundings) -> Result<Self, ProjectionError> {
        let written = Store::open(&at.dir, &SCHEMA, at.log.id())?.durable()?;
        let mut opened = Self::over(&at.dir, Arc::clone(&at.log), at.runtime.clone())?;
        opened.store = Some(written);
        let known = opened.files.iter().map(|file| file.path().to_owned());
        files::remove_leftovers(&opened.root, &known.collect()).map_err(store)?;
        opened.live = Some(Live::begin(&at.dir));
        opened.publish()?;
        Ok(opened)
    }

    /// Reads the tables that somebody else writes, or nobody does.
    fn reading(
        dir: &Path,
        log: Arc<dyn EventLog>,
        runtime: Handle,
    ) -> Result<Self, ProjectionError> {
        Self::over(dir, log, runtime)
    }

    fn over(dir: &Path, log: Arc<dyn EventLog>, runtime: Handle) -> Result<Self, ProjectionError> {
        let readers = Readers::new(dir, SCHEMA);
        let manifest = readers.read(|connection| Manifest::read(connection, dir))?;
        Ok(Self {
            root: manifest::root(dir),
            rules: RulesBook::new(Arc::clone(&log), runtime.clone()),
            log,
            runtime,
            store: None,
            readers,
            live: None,
            files: manifest.files,
            next_number: manifest.next_number,
            next_file: manifest.next_file,
            checkpoint: manifest.checkpoint,
            held: HashMap::new(),
            uses: 0,
            new_numbers: HashMap::new(),
            purged: HashSet::new(),
            open: BTreeMap::new(),
            tail: BTreeMap::new(),
            tail_rows: 0,
            since: None,
            flushed_at: None,
            #[cfg(test)]
            fails: None,
        })
    }

    /// Applies what the log has beyond the manifest, without writing anything.
    fn catch_up_in_memory(&mut self) -> Result<(), ProjectionError> {
        let size = self.runtime.block_on(self.log.head())?.size;
        let behind = size.0.saturating_sub(self.checkpoint.0);
        if behind > REPLAYED_MAX {
            let message = format!(
                "they are {behind} events behind the log: run `retrace rebuild columns`, or start the server"
            );
            return Err(ProjectionError::Store(message.into()));
        }
        while self.checkpoint < size {
            let read = self.log.read(self.checkpoint, READ_EVENTS);
            let events = self.runtime.block_on(read)?;
            if events.is_empty() {
                break;
            }
            self.take_all(&events)?;
        }
        Ok(())
    }

    fn take_all(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        let due = not_applied(self.checkpoint, events)?;
        let Some(last) = due.last() else {
            return Ok(());
        };
        for event in due {
            self.take(event)?;
        }
        self.checkpoint = last.position().plus(1);
        self.since.get_or_insert_with(Instant::now);
        self.gather()
    }

    /// Puts the rows that are being gathered into the tail.
    fn gather(&mut self) -> Result<(), ProjectionError> {
        for (place, rows) in std::mem::take(&mut self.open) {
            let batches = self.tail.entry(place).or_default();
            self.tail_rows += rows.len();
            batches.push(rows.finish().map_err(store)?);
            if batches.len() > BATCHES_MAX {
                let joined = concat_batches(&place.0.schema(), batches.iter()).map_err(store)?;
                *batches = vec![joined];
            }
        }
        Ok(())
    }

    fn changed(&self) -> impl Iterator<Item = &Held> {
        self.held.values().filter(|held| held.changed)
    }

    /// The sessions that are ahead of the files, in the order of their numbers.
    fn changed_sessions(&self, day: Option<i32>) -> Result<RecordBatch, ProjectionError> {
        let of_day = |held: &&Held| day.is_none_or(|day| held.numbered.day == day);
        let mut changed: Vec<&Held> = self.changed().filter(of_day).collect();
        changed.sort_unstable_by_key(|held| held.numbered.number);
        let rows = changed
            .into_iter()
            .map(|held| (held.numbered.number, &held.row));
        sessions::batch_of(rows).map_err(store)
    }

    /// Sessions of which rows in the files count no more.
    fn replaced_sessions(&self) -> HashSet<i64> {
        let changed = self.changed().map(|held| held.numbered.number);
        changed.chain(self.purged.iter().copied()).collect()
    }

    /// The tables as they are now.
    fn view(&self) -> Result<ColumnsView, ProjectionError> {
        let mut view = ColumnsView {
            checkpoint: self.checkpoint,
            ..ColumnsView::default()
        };
        for file in &self.files {
            let table = &mut view.tables[file.entry.table as usize];
            table.files.push(Arc::clone(file));
        }
        for ((table, _), batches) in &self.tail {
            let table = &mut view.tables[*table as usize];
            table.tail.extend(batches.iter().cloned());
        }
        let purged = Arc::new(self.purged.clone());
        for table in &mut view.tables {
            table.replaced = Arc::clone(&purged);
        }
        let sessions = &mut view.tables[Table::Sessions as usize];
        let changed = self.changed_sessions(None)?;
        if changed.num_rows() > 0 {
            sessions.tail.push(changed);
        }
        sessions.replaced = Arc::new(self.replaced_sessions());
        Ok(view)
    }

    fn publish(&self) -> Result<(), ProjectionError> {
        if let Some(live) = &self.live {
            live.show(self.view()?);
        }
        Ok(())
    }

    /// Whether the tail is to be written now.
    fn is_due(&self) -> bool {
        let is_purged = !self.purged.is_empty()
            && self
                .flushed_at
                .is_none_or(|at| at.elapsed() >= PURGES_EVERY);
        is_purged
            || self.tail_rows >= TAIL_ROWS_MAX
            || self.changed().count() >= CHANGED_SESSIONS_MAX
            || self.since.is_some_and(|since| since.elapsed() >= TAIL_FOR)
    }

    /// Writes the tail into files, and the manifest that names them.
    fn flush(&mut self) -> Result<(), ProjectionError> {
        let stands = self.store.as_ref().map(Store::checkpoint);
        if stands.is_none_or(|stands| stands == self.checkpoint) {
            return Ok(());
        }
        let replaced = self.replaced_sessions();
        let mut places: BTreeSet<(Table, i32)> = self.tail.keys().copied().collect();
        places.extend(
            self.changed()
                .map(|held| (Table::Sessions, held.numbered.day)),
        );
        let holding = self.files.iter().map(|file| &file.entry);
        let holding = holding.filter(|entry| entry.may_hold(&self.purged));
        places.extend(holding.map(|entry| (entry.table, entry.day)));
        let mut change = Change {
            numbers: self
                .new_numbers
                .iter()
                .map(|(session, numbered)| (*session, *numbered))
                .collect(),
            ..Change::default()
        };
        for place in places {
            self.write_place(place, &replaced, &mut change)?;
        }
        #[cfg(test)]
        tests::Fails::here(self.fails, tests::Fails::BeforeManifest)?;
        if let Some(store) = &mut self.store {
            store.write(
                self.checkpoint,
                |transaction| Ok(change.write(transaction)?),
            )?;
        }
        #[cfg(test)]
        tests::Fails::here(self.fails, tests::Fails::AfterManifest)?;
        self.flushed(change);
        Ok(())
    }

    /// Writes what is new of a table and a day, together with the files that are to be written anew.
    fn write_place(
        &mut self,
        (table, day): (Table, i32),
        replaced: &HashSet<i64>,
        change: &mut Change,
    ) -> Result<(), ProjectionError> {
        let new = match table {
            Table::Sessions => vec![self.changed_sessions(Some(day))?],
            _ => self.tail.get(&(table, day)).cloned().unwrap_or_default(),
        };
        let gone = match table {
            Table::Sessions => replaced,
            _ => &self.purged,
        };
        let there = self
            .files
            .iter()
            .filter(|file| (file.entry.table, file.entry.day) == (table, day));
        let anew = to_write_anew(there.collect(), gone, &new);
        let mut writing = Writing::new(&self.root, table, day, &mut self.next_file);
        for file in &anew {
            for batch in file.read()? {
                writing.write(&without(batch?, gone)?)?;
            }
        }
        new.iter().try_for_each(|batch| writing.write(batch))?;
        change.added.extend(writing.finish()?);
        change.removed.extend(anew);
        Ok(())
    }

    /// The manifest names the new files: so do we.
    fn flushed(&mut self, change: Change) {
        let removed: HashSet<i64> = change.removed.iter().map(|file| file.entry.id).collect();
        self.files.retain(|file| !removed.contains(&file.entry.id));
        let added = change.added.into_iter();
        self.files
            .extend(added.map(|entry| Arc::new(DataFile::new(entry, &self.root))));
        change.removed.iter().for_each(|file| file.retire());
        self.tail.clear();
        self.tail_rows = 0;
        self.since = None;
        self.flushed_at = Some(Instant::now());
        self.purged.clear();
        self.new_numbers.clear();
        let mut used: Vec<u64> = self.held.values().map(|held| held.used).collect();
        used.sort_unstable();
        let oldest = used.len().checked_sub(HELD_MAX).and_then(|n| used.get(n));
        let oldest = oldest.copied().unwrap_or(0);
        self.held.retain(|_, held| held.used >= oldest);
        self.held.values_mut().for_each(|held| held.changed = false);
    }
}

/// The files of a place that are to be written anew: those that may hold rows that are gone, and the last ones, as long as
/// they are not much larger than what comes behind them.
fn to_write_anew(
    there: Vec<&Arc<DataFile>>,
    gone: &HashSet<i64>,
    new: &[RecordBatch],
) -> Vec<Arc<DataFile>> {
    let mut behind: u64 = new.iter().map(|batch| batch.num_rows() as u64).sum();
    let mut small = behind > 0;
    let mut anew = Vec::new();
    for file in there.into_iter().rev() {
        let rows = file.entry.rows;
        small = small && rows <= behind.saturating_mul(2) && rows + behind <= FILE_ROWS_MAX;
        if small {
            behind += rows;
        }
        if small || file.entry.may_hold(gone) {
            anew.push(Arc::clone(file));
        }
    }
    anew.reverse();
    anew
}

impl Projection for ColumnsProjection {
    fn name(&self) -> &'static str {
        SCHEMA.name
    }

    fn checkpoint(&self) -> Position {
        self.checkpoint
    }

    fn apply(&mut self, events: &[Event]) -> Result<(), ProjectionError> {
        self.take_all(events)?;
        if self.is_due() {
            self.flush()?;
        }
        self.publish()
    }

    fn rest(&mut self) -> Result<(), ProjectionError> {
        if self.purged.is_empty() && self.since.is_none_or(|since| since.elapsed() < TAIL_FOR) {
            return Ok(());
        }
        self.settle()
    }

    fn settle(&mut self) -> Result<(), ProjectionError> {
        self.flush()?;
        self.publish()
    }
}
