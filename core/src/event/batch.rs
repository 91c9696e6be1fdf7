//! Events on their way into the log.

use std::ops::Range;

use super::{EventBody, EventType, MAX_LEAF_BYTES};
use crate::Timestamp;
use crate::canonical::CanonicalError;

/// The most bytes that the data of one event may have, as canonical JSON. The rest of the 64 KiB
/// of a leaf is kept for its envelope.
pub const MAX_DATA_BYTES: usize = MAX_LEAF_BYTES - 1024;

/// Why an event cannot be taken into a batch. The batch is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It would not fit into a leaf. Split it, or put its content into a blob.
    #[error("the data of a `{kind}` has {bytes} bytes, expected at most {MAX_DATA_BYTES}")]
    TooLarge {
        /// The type of the event.
        kind: EventType,
        /// The size of its data as canonical JSON.
        bytes: usize,
    },
    /// It has no canonical form.
    #[error(transparent)]
    NotCanonical(#[from] CanonicalError),
    /// It cannot be written as JSON at all.
    #[error("not writable as JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

/// Events of one stream in their order, ready to be appended: their data as canonical JSON, side
/// by side in one buffer. A recording of a million keystrokes is a handful of allocations.
#[derive(Debug, Clone, Default)]
pub struct EventBatch {
    items: Vec<Item>,
    data: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Item {
    at: Timestamp,
    kind: EventType,
    end: usize,
}

impl EventBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch of one event.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn of(at: Timestamp, body: impl Into<EventBody>) -> Result<Self, EventError> {
        let mut batch = Self::new();
        batch.push(at, body)?;
        Ok(batch)
    }

    /// Adds an event that happened `at`, by the clock of its source.
    ///
    /// # Errors
    /// When its data does not fit into a leaf, or has no canonical form.
    pub fn push(&mut self, at: Timestamp, body: impl Into<EventBody>) -> Result<(), EventError> {
        let body = body.into();
        let start = self.data.len();
        let written = body.write_data(&mut self.data);
        let bytes = self.data.len() - start;
        let checked = match written {
            Ok(()) if bytes > MAX_DATA_BYTES => Err(EventError::TooLarge {
                kind: body.kind(),
                bytes,
            }),
            other => other,
        };
        if checked.is_err() {
            self.data.truncate(start);
            return checked;
        }
        self.items.push(Item {
            at,
            kind: body.kind(),
            end: self.data.len(),
        });
        Ok(())
    }

    /// Adds an event whose data the caller writes as canonical JSON. For parsers that meet the
    /// canonical form already in their input and need not take it apart.
    ///
    /// # Errors
    /// When the data does not fit into a leaf.
    pub fn push_canonical(
        &mut self,
        at: Timestamp,
        kind: EventType,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), EventError> {
        let start = self.data.len();
        write(&mut self.data);
        let bytes = self.data.len() - start;
        if bytes > MAX_DATA_BYTES {
            self.data.truncate(start);
            return Err(EventError::TooLarge { kind, bytes });
        }
        debug_assert_eq!(
            crate::canonical::canonicalize(&self.data[start..])
                .ok()
                .as_deref(),
            Some(&self.data[start..]),
            "the data of a `{kind}` is not canonical"
        );
        self.items.push(Item {
            at,
            kind,
            end: self.data.len(),
        });
        Ok(())
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many bytes of data there are.
    pub fn data_bytes(&self) -> usize {
        self.data.len()
    }

    /// Adds all events of another batch.
    pub fn extend(&mut self, other: &Self) {
        let shift = self.data.len();
        self.data.extend_from_slice(&other.data);
        self.items.extend(other.items.iter().map(|item| Item {
            end: item.end + shift,
            ..item.clone()
        }));
    }

    /// Takes all events out, and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.items.clear();
        self.data.clear();
    }

    /// The events from `index` on: time, type, and data as canonical JSON.
    pub fn iter_from(
        &self,
        index: usize,
    ) -> impl Iterator<Item = (Timestamp, &EventType, &[u8])> + Clone {
        self.items.iter().enumerate().skip(index).map(|(i, item)| {
            (
                item.at,
                &item.kind,
                &self.data[self.data_range(i).start..item.end],
            )
        })
    }

    fn data_range(&self, index: usize) -> Range<usize> {
        let start = if index == 0 {
            0
        } else {
            self.items[index - 1].end
        };
        start..self.items[index].end
    }

    /// Cuts the batch into pieces of at most `events` events and about `bytes` bytes, as ranges of
    /// indexes from `from` on. A piece has at least one event.
    pub(crate) fn pieces(&self, from: usize, events: usize, bytes: usize) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = from;
        while start < self.len() {
            let limit = self.data_range(start).start + bytes;
            let mut end = start + 1;
            while end < self.len() && end - start < events && self.items[end].end <= limit {
                end += 1;
            }
            pieces.push(start..end);
            start = end;
        }
        pieces
    }
}
