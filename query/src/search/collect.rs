//! The hits of a query: the newest, the best, how many.
//!
//! - *Newest first.* Segments are asked in the order of the latest moment that they hold, and not at all once enough
//!   later ones are found. Within a segment, documents are nearly in order of time: it is read from its end in growing
//!   pieces, until nothing before can be late enough.
//! - *Between two times.* Segments that lie outside are not asked, and of others only the documents between the first
//!   and the last block that reach into it.
//! - *Oldest first.* All hits are looked at: it is asked for within a session.
//! - *Best first.* What scored worst among enough hits is the bar that later segments begin with: blocks of documents
//!   that cannot clear it are skipped. Equals are in the order of the index, which merging keeps.
//! - *How many.* Exact up to a limit.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use retrace_projections::moments::{MomentsView, SegmentColumns};
use tantivy::query::{EnableScoring, Scorer, Weight};
use tantivy::{BitSet, DocAddress, DocId, Score, SegmentReader, TantivyError};

use super::compile::Compiled;
use super::syntax::NumberRange;
use crate::QueryError;
use crate::moments::{Key, newest_first};
use crate::sight::Allowed;

/// Fewer hits than this are read at once.
const READ_AT_ONCE: u32 = 512;
/// The first piece of a segment that is read from its end has at least so many documents.
const PIECE_MIN: u32 = 2_048;

/// A query over one view of the index, as a viewer sees it.
pub(super) struct Hunt<'a> {
    pub(super) view: &'a MomentsView,
    pub(super) compiled: &'a Compiled,
    pub(super) allowed: Option<&'a Allowed>,
}

/// One segment of a hunt.
pub(super) struct Ground<'a> {
    pub(super) ordinal: u32,
    pub(super) reader: &'a SegmentReader,
    pub(super) columns: &'a SegmentColumns,
    allowed: Option<&'a BitSet>,
    has_removed: bool,
    /// When its hits may have been, unless all of its moments were then.
    within: Option<NumberRange>,
}

impl Ground<'_> {
    /// Whether the document is there for the viewer.
    pub(super) fn is_there(&self, document: DocId) -> bool {
        self.allowed
            .is_none_or(|allowed| allowed.contains(document))
            && !(self.has_removed && self.reader.is_deleted(document))
            && self
                .within
                .is_none_or(|within| within.contains(self.at_us(document)))
    }

    /// The documents among which hits may be.
    fn span(&self) -> Range<DocId> {
        match self.within {
            None => 0..self.columns.documents(),
            Some(NumberRange { first, last }) => {
                self.columns.none_at_or_after(first)..self.columns.none_later_from(last)
            }
        }
    }

    pub(super) fn at_us(&self, document: DocId) -> i64 {
        self.columns.at_us.first(document).unwrap_or(i64::MIN)
    }

    fn sequence(&self, document: DocId) -> u64 {
        self.columns.sequence.first(document).unwrap_or(0)
    }
}

/// Where a hunt begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Latest,
    Earliest,
}

impl<'a> Hunt<'a> {
    fn weight(&self, scored: bool) -> Result<Box<dyn Weight>, TantivyError> {
        let searcher = &self.view.searcher;
        self.compiled.query.weight(if scored {
            EnableScoring::enabled_from_searcher(searcher)
        } else {
            EnableScoring::disabled_from_searcher(searcher)
        })
    }

    /// The segments in which hits may be, the latest first.
    fn grounds(&self) -> Result<Vec<Ground<'a>>, TantivyError> {
        let within = self.compiled.within;
        let mut grounds = Vec::new();
        for (ordinal, reader) in (0..).zip(self.view.searcher.segment_readers()) {
            let columns = self.view.columns(ordinal)?;
            let (first, last) = (columns.at_us.min_value(), columns.at_us.max_value());
            if last < within.first || within.last < first {
                continue;
            }
            let all_within = within.contains(first) && within.contains(last);
            let allowed = match self.allowed {
                None => None,
                Some(Allowed(of_segments)) => of_segments.get(ordinal as usize).map(Arc::as_ref),
            };
            grounds.push(Ground {
                ordinal,
                reader,
                columns,
                allowed,
                has_removed: reader.has_deletes(),
                within: (!all_within).then_some(within),
            });
        }
        grounds.sort_by_key(|ground| Reverse((ground.columns.at_us.max_value(), ground.ordinal)));
        Ok(grounds)
    }

    /// The latest `limit` hits behind the key `after`, with their keys.
    pub(super) fn newest(
        &self,
        limit: usize,
        after: Option<Key>,
    ) -> Result<Vec<(Key, DocAddress)>, QueryError> {
        let hunt = || {
            let weight = self.weight(false)?;
            let mut found = Newest {
                limit,
                after,
                hits: BinaryHeap::with_capacity(limit + 1),
                looked_at: 0,
                met: 0,
            };
            for ground in self.grounds()? {
                if !found.may_take(ground.columns.at_us.max_value()) {
                    break;
                }
                self.newest_of(&ground, &*weight, &mut found)?;
            }
            Ok(found.hits.into_sorted_vec())
        };
        hunt().map_err(|error: TantivyError| QueryError::internal(error))
    }

    /// The earliest `limit` hits behind the key `after`, with their keys.
    pub(super) fn oldest(
        &self,
        limit: usize,
        after: Option<Key>,
    ) -> Result<Vec<(Key, DocAddress)>, QueryError> {
        // The worst on top.
        let mut first: BinaryHeap<(Key, DocAddress)> = BinaryHeap::with_capacity(limit + 1);
        self.each(false, |ground, document, _| {
            let key = (
                !newest_first(ground.at_us(document)),
                ground.sequence(document),
            );
            if after.is_none_or(|after| key > after) {
                first.push((key, DocAddress::new(ground.ordinal, document)));
                if first.len() > limit {
                    first.pop();
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(first.into_sorted_vec())
    }

    fn newest_of(
        &self,
        ground: &Ground<'_>,
        weight: &dyn Weight,
        found: &mut Newest,
    ) -> Result<(), TantivyError> {
        let documents = ground.columns.documents();
        let mut scorer = weight.scorer(ground.reader, 1.0)?;
        let about = scorer.size_hint();
        let Range {
            start: first,
            mut end,
        } = ground.span();
        let in_pieces = self.compiled.opens_quickly && about > READ_AT_ONCE;
        loop {
            let width = found.width(documents, about);
            // What would be left of it is not worth beginning anew.
            let start = if in_pieces && width < end.saturating_sub(first) / 2 {
                end - width
            } else {
                first
            };
            let mut document = scorer.doc();
            if start > document {
                document = scorer.seek(start);
            }
            while document < end {
                if ground.is_there(document) {
                    found.take(ground, document);
                }
                document = scorer.advance();
            }
            found.looked_at += u64::from(end - start);
            if start == first || !found.may_take(ground.columns.latest_below(start)) {
                return Ok(());
            }
            end = start;
            scorer = weight.scorer(ground.reader, 1.0)?;
        }
    }

    /// The best `limit` hits behind the first `above`, of those that came no later than `newest_sequence`.
    pub(super) fn ranked(
        &self,
        limit: usize,
        above: usize,
        newest_sequence: u64,
    ) -> Result<Vec<(Score, DocAddress)>, QueryError> {
        let hunt = || {
            let weight = self.weight(true)?;
            let wanted = limit.saturating_add(above);
            let mut best = Best {
                wanted,
                visited: 0,
                hits: BinaryHeap::with_capacity(wanted.min(1_024) + 1),
            };
            for ground in self.grounds()?.into_iter().rev() {
                let all_are_old = ground.columns.sequence.max_value() <= newest_sequence;
                let bar = best.bar();
                weight.for_each_pruning(bar, ground.reader, &mut |document, score| {
                    let is_old = all_are_old || ground.sequence(document) <= newest_sequence;
                    if is_old && ground.is_there(document) {
                        best.take(score, DocAddress::new(ground.ordinal, document));
                    }
                    best.bar()
                })?;
            }
            let sorted = best.hits.into_sorted_vec().into_iter();
            let hits = sorted
                .skip(above)
                .map(|Reverse(hit)| (hit.score, hit.address));
            Ok(hits.collect())
        };
        hunt().map_err(|error: TantivyError| QueryError::internal(error))
    }

    /// How many hits there are, and whether that is all of them: those behind `limit` are not counted.
    pub(super) fn count(&self, limit: u64) -> Result<(u64, bool), QueryError> {
        if self.compiled.is_term && self.allowed.is_none() {
            let hunt = || {
                let weight = self.weight(false)?;
                let readers = self.view.searcher.segment_readers().iter();
                let counts = readers.map(|reader| weight.count(reader).map(u64::from));
                counts.sum::<Result<u64, TantivyError>>()
            };
            return Ok((hunt().map_err(QueryError::internal)?, true));
        }
        let mut count = 0;
        let all = self.each(false, |_, _, _| {
            if count == limit {
                return ControlFlow::Break(());
            }
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok((count, all))
    }

    /// Visits each hit, segment by segment, the latest segment first. Answers whether all were visited.
    pub(super) fn each(
        &self,
        scored: bool,
        visit: impl FnMut(&Ground<'a>, DocId, &mut dyn Scorer) -> ControlFlow<()>,
    ) -> Result<bool, QueryError> {
        self.each_from(End::Latest, scored, visit)
    }

    /// The same, from the segment with the latest or with the earliest moment on.
    pub(super) fn each_from(
        &self,
        end: End,
        scored: bool,
        mut visit: impl FnMut(&Ground<'a>, DocId, &mut dyn Scorer) -> ControlFlow<()>,
    ) -> Result<bool, QueryError> {
        let mut hunt = || {
            let weight = self.weight(scored)?;
            let mut grounds = self.grounds()?;
            if end == End::Earliest {
                grounds.sort_by_key(|ground| (ground.columns.at_us.min_value(), ground.ordinal));
            }
            for ground in grounds {
                let mut scorer = weight.scorer(ground.reader, 1.0)?;
                let span = ground.span();
                let mut document = scorer.doc();
                if span.start > document {
                    document = scorer.seek(span.start);
                }
                // The end of a segment is before what stands for the end of all documents.
                while document < span.end {
                    if ground.is_there(document)
                        && visit(&ground, document, &mut *scorer).is_break()
                    {
                        return Ok(false);
                    }
                    document = scorer.advance();
                }
            }
            Ok(true)
        };
        hunt().map_err(|error: TantivyError| QueryError::internal(error))
    }
}

/// The latest hits, the one to give up first on top.
struct Newest {
    limit: usize,
    after: Option<Key>,
    hits: BinaryHeap<(Key, DocAddress)>,
    /// How many documents were looked through, and how many hits were met in them.
    looked_at: u64,
    met: u64,
}

impl Newest {
    /// So many documents hold what is still wanted, if hits are spread evenly: over a segment in which there are `about` so
    /// many, or as thinly as they were met so far. Estimates of words that stand together are often far too high, and each
    /// piece that is too narrow costs another beginning.
    fn width(&self, documents: DocId, about: u32) -> DocId {
        let estimated = u64::from(documents) / u64::from(about.max(1)) + 1;
        let per_hit = estimated.max(self.looked_at / (self.met + 1));
        let wanted = self.limit.saturating_sub(self.hits.len()).max(1);
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        let width = per_hit.saturating_mul(2).saturating_mul(wanted);
        DocId::try_from(width).map_or(DocId::MAX, |width| width.max(PIECE_MIN))
    }

    /// Whether a hit that is this late could be among them.
    fn may_take(&self, at_us: i64) -> bool {
        self.hits.len() < self.limit
            || self
                .hits
                .peek()
                .is_some_and(|((worst, _), _)| newest_first(at_us) <= *worst)
    }

    fn take(&mut self, ground: &Ground<'_>, document: DocId) {
        self.met += 1;
        let at_us = ground.at_us(document);
        if !self.may_take(at_us) {
            return;
        }
        let key = (newest_first(at_us), !ground.sequence(document));
        if self.after.is_none_or(|after| key > after) {
            self.hits
                .push((key, DocAddress::new(ground.ordinal, document)));
            if self.hits.len() > self.limit {
                self.hits.pop();
            }
        }
    }
}

/// A hit with its score. The better is the greater; of equals, the one that was found first.
#[derive(Debug, PartialEq)]
struct Scored {
    score: Score,
    visited: Reverse<u64>,
    address: DocAddress,
}

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let by_score = self.score.total_cmp(&other.score);
        by_score.then_with(|| self.visited.cmp(&other.visited))
    }
}

/// The best hits, the worst of them on top.
struct Best {
    wanted: usize,
    visited: u64,
    hits: BinaryHeap<Reverse<Scored>>,
}

impl Best {
    /// Only what scores more is wanted.
    fn bar(&self) -> Score {
        match self.hits.peek() {
            Some(Reverse(worst)) if self.hits.len() >= self.wanted => worst.score,
            _ => Score::MIN,
        }
    }

    fn take(&mut self, score: Score, address: DocAddress) {
        if self.hits.len() >= self.wanted && score <= self.bar() {
            return;
        }
        self.visited += 1;
        self.hits.push(Reverse(Scored {
            score,
            visited: Reverse(self.visited),
            address,
        }));
        if self.hits.len() > self.wanted {
            self.hits.pop();
        }
    }
}
