//! The reading side: the index as it was last committed.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use retrace_core::Position;
use tantivy::index::SegmentId;
use tantivy::{DocAddress, Index, IndexReader, ReloadPolicy, Searcher, TantivyError};

use super::columns::SegmentColumns;
use super::index::{self, Fields};
use super::moment::Moment;

/// Opens the index and follows its commits: whatever was committed when a question is asked is
/// seen by the question. Also when the index was removed and rebuilt in the meantime.
#[derive(Debug)]
pub struct MomentsReader {
    path: PathBuf,
    opened: Mutex<Option<Opened>>,
}

struct Opened {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    stamp: Stamp,
    checkpoint: Position,
    /// Of the segments in the order of the reader's.
    columns: Arc<[Arc<SegmentColumns>]>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("checkpoint", &self.checkpoint)
            .finish_non_exhaustive()
    }
}

/// Tells one commit's file of what the index consists of from the next one's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    changed_ns: (i64, i64),
    bytes: u64,
}

/// One commit of the index. It stays as it is, whatever is written or removed meanwhile.
#[derive(Clone)]
pub struct MomentsView {
    /// What searches.
    pub searcher: Searcher,
    /// The fields to search in.
    pub fields: Fields,
    /// The view answers for all positions below.
    pub checkpoint: Position,
    columns: Arc<[Arc<SegmentColumns>]>,
}

impl MomentsView {
    /// The columns of a segment.
    ///
    /// # Errors
    /// When there is no such segment.
    pub fn columns(&self, segment: u32) -> Result<&SegmentColumns, TantivyError> {
        let columns = self.columns.get(segment as usize);
        let missing = || TantivyError::InternalError(format!("there is no segment {segment}"));
        columns.map(Arc::as_ref).ok_or_else(missing)
    }

    /// The moment at an address.
    ///
    /// # Errors
    /// When the index cannot be read, or holds no moment there.
    pub fn read(&self, address: DocAddress) -> Result<Moment, TantivyError> {
        let columns = self.columns(address.segment_ord)?;
        self.fields.read_with(&self.searcher, columns, address)
    }
}

impl MomentsReader {
    /// Will read the index below `dir`, whether or not it is there yet.
    pub fn new(dir: &Path) -> Self {
        Self {
            path: index::path(dir),
            opened: Mutex::new(None),
        }
    }

    /// The newest commit.
    ///
    /// # Errors
    /// When there is no index yet, or it cannot be read.
    pub fn view(&self) -> Result<MomentsView, TantivyError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = self.stamp()?;
        match opened.as_mut() {
            Some(known) if known.stamp == stamp => {}
            Some(known) => {
                // The checkpoint first: the view may then have more than it says, never less.
                known.checkpoint = index::checkpoint_of(&known.index)?;
                known.reader.reload()?;
                known.columns = columns_of(&known.reader.searcher(), &known.columns)?;
                known.stamp = stamp;
            }
            None => *opened = Some(self.open(stamp)?),
        }
        let Some(opened) = opened.as_ref() else {
            return Err(TantivyError::InternalError(
                "the index is not open".to_owned(),
            ));
        };
        Ok(MomentsView {
            searcher: opened.reader.searcher(),
            fields: opened.fields,
            checkpoint: opened.checkpoint,
            columns: Arc::clone(&opened.columns),
        })
    }

    fn open(&self, stamp: Stamp) -> Result<Opened, TantivyError> {
        let (index, fields) = index::open_for_reading(&self.path)?;
        let checkpoint = index::checkpoint_of(&index)?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let columns = columns_of(&reader.searcher(), &[])?;
        Ok(Opened {
            index,
            reader,
            fields,
            stamp,
            checkpoint,
            columns,
        })
    }

    /// Of the file that each commit replaces.
    fn stamp(&self) -> Result<Stamp, TantivyError> {
        let metadata = std::fs::metadata(self.path.join("meta.json"))?;
        Ok(Stamp {
            inode: metadata.ino(),
            changed_ns: (metadata.ctime(), metadata.ctime_nsec()),
            bytes: metadata.len(),
        })
    }
}

/// The columns of all segments: those that were known are taken over.
fn columns_of(
    searcher: &Searcher,
    known: &[Arc<SegmentColumns>],
) -> Result<Arc<[Arc<SegmentColumns>]>, TantivyError> {
    let known: HashMap<SegmentId, &Arc<SegmentColumns>> = known
        .iter()
        .map(|columns| (columns.segment, columns))
        .collect();
    let of = |reader: &tantivy::SegmentReader| match known.get(&reader.segment_id()) {
        Some(columns) => Ok(Arc::clone(columns)),
        None => SegmentColumns::open(reader).map(Arc::new),
    };
    searcher.segment_readers().iter().map(of).collect()
}
