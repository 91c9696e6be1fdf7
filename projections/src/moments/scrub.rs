//! Writing segments anew that still hold what was purged.
//!
//! A moment that is taken out of the index is only marked: its words stay in the files of its segment until that is merged with
//! others, which may be never. Of a session that was purged nothing may stay, so the segments that have its name among their
//! terms are written anew, one by one and in the background of the index; which sessions are left is kept with the checkpoint.

use std::collections::BTreeSet;

use retrace_core::SessionId;
use tantivy::SegmentReader;
use tantivy::index::SegmentId;

use super::index::{MomentWriter, store};
use crate::ProjectionError;

/// Sessions that were purged, and may still lie in segments.
#[derive(Debug, Clone, Default)]
pub(super) struct Purged {
    sessions: BTreeSet<SessionId>,
}

impl Purged {
    /// Those that the index remembers.
    pub(super) fn of_texts(texts: &[String]) -> Self {
        let sessions = texts.iter().filter_map(|text| text.parse().ok());
        Self {
            sessions: sessions.collect(),
        }
    }

    pub(super) fn to_texts(&self) -> Vec<String> {
        self.sessions.iter().map(SessionId::to_string).collect()
    }

    pub(super) fn add(&mut self, session: SessionId) {
        self.sessions.insert(session);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }
}

impl MomentWriter {
    /// Begins to write anew what still holds purged sessions, and forgets them once nothing does. To be called now and then:
    /// it does not wait.
    ///
    /// # Errors
    /// When the index cannot be read or written.
    pub(super) fn scrub(&mut self) -> Result<(), ProjectionError> {
        if self.purged.is_empty() {
            return Ok(());
        }
        let holding = self.holding()?;
        if holding.is_empty() {
            self.purged = Purged::default();
            self.commit(self.checkpoint())?;
            // A file that somebody reads goes when they are done with it.
            let collected = self.writer.garbage_collect_files().wait();
            return collected.map(|_| ()).map_err(store);
        }
        for segment in holding {
            // One that is being merged already is not there for another merge: it is looked at again.
            drop(self.writer.merge(&[segment]));
        }
        Ok(())
    }

    /// The segments that have a purged session among their terms.
    fn holding(&self) -> Result<Vec<SegmentId>, ProjectionError> {
        let field = self.fields.session_field();
        let names: Vec<String> = self.purged.to_texts();
        let mut holding = Vec::new();
        for segment in self.writer.index().searchable_segments().map_err(store)? {
            let reader = SegmentReader::open(&segment).map_err(store)?;
            let index = reader.inverted_index(field).map_err(store)?;
            for name in &names {
                if index.terms().get(name.as_bytes()).map_err(store)?.is_some() {
                    holding.push(segment.id());
                    break;
                }
            }
        }
        Ok(holding)
    }
}
