//! What happened in a session, in order of time, and where to jump to.

use std::collections::BinaryHeap;
use std::ops::Bound;

use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::{Fields, Moment, MomentId, MomentKind, MomentsView};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{
    DocAddress, DocId, DocSet, Score, SegmentOrdinal, SegmentReader, TERMINATED, TantivyError, Term,
};

use crate::activity::{BUCKETS_MAX, Stretch};
use crate::page::checked;
use crate::{Cursor, Page, PageRequest, QueryError, Reader};

/// The most characters of a seek point's label.
const LABEL_CHARS_MAX: usize = 80;

/// Which moments of a session are wanted: all conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimelineFilter {
    /// Of one of these kinds.
    pub kinds: Option<Vec<MomentKind>>,
    /// At this offset or later, in milliseconds from the start of the session.
    pub from_ms: Option<u64>,
    /// Before this offset.
    pub to_ms: Option<u64>,
}

/// A moment to jump to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeekPoint {
    /// In milliseconds from the start of the session, rounded up: what is named is there.
    pub offset_ms: u64,
    /// The same as a point in time.
    pub at: Timestamp,
    /// What kind of moment.
    pub kind: MomentKind,
    /// What is there, in a few words.
    pub label: String,
}

impl SeekPoint {
    /// The place in a moment that is `offset_us` from the start of its session.
    pub(crate) fn of(moment: &Moment, offset_us: u64) -> Self {
        let signed = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
        let earlier_us = signed(moment.offset_us) - signed(offset_us);
        let line = match moment.kind {
            MomentKind::Change => "screen changed".to_owned(),
            _ => moment.text.trim().replace('\n', " "),
        };
        let label = match line.char_indices().nth(LABEL_CHARS_MAX - 1) {
            Some((cut, last)) if cut + last.len_utf8() < line.len() => format!("{}…", &line[..cut]),
            _ => line,
        };
        Self {
            offset_ms: offset_us.div_ceil(1000),
            at: moment.at.saturating_add_micros(-earlier_us),
            kind: moment.kind,
            label,
        }
    }
}

impl Reader {
    /// The moment with this id, if its recording may be seen.
    ///
    /// # Errors
    /// When the read model does not answer.
    pub fn moment(&self, id: MomentId) -> Result<Option<Moment>, QueryError> {
        let view = self.moments_view()?;
        let sequence = Term::from_field_u64(view.fields.sequence, id.sequence());
        let is_it = RangeQuery::new(Bound::Included(sequence.clone()), Bound::Included(sequence));
        let found = first_by(&view, &is_it, Order::Earliest, 1, None)?;
        let Some((_, address)) = found.first() else {
            return Ok(None);
        };
        let moment = self.shown(read(&view, *address)?)?;
        let may = match self.may_view_recording(moment.session) {
            Err(QueryError::Denied(_)) => false,
            may => may?,
        };
        Ok(Some(moment).filter(|_| may))
    }

    /// What was typed, run, seen and marked in a session, in order of time. A page is found without
    /// reading the moments of the others. A session that is not known has none.
    ///
    /// # Errors
    /// When the page is not one, or the read model does not answer.
    pub fn timeline(
        &self,
        session: SessionId,
        filter: &TimelineFilter,
        request: &PageRequest,
    ) -> Result<Page<Moment>, QueryError> {
        let limit = request.limit()?;
        let list = format!("timeline {session}");
        let flip = |(offset_us, sequence): Key| (!offset_us, !sequence);
        let after = request.key_before::<Key>(&list)?;
        let (order, after) = if request.backwards {
            (Order::Latest, after.map(flip))
        } else {
            (Order::Earliest, after)
        };
        if !self.may_view_recording(session)? {
            return Ok(Page::of(Vec::new(), limit, request));
        }
        let view = self.moments_view()?;
        let fields = &view.fields;
        let mut conditions = vec![is(fields.session_term(session))];
        conditions.extend(filter.kinds.as_deref().map(|kinds| any_kind(fields, kinds)));
        conditions.extend(offsets(fields.offset_us, filter.from_ms, filter.to_ms));
        let query = all_of(conditions);
        let found = first_by(&view, &*query, order, limit + 1, after)?;
        let items = found.into_iter().map(|(key, address)| {
            let key = if request.backwards { flip(key) } else { key };
            Ok((
                Cursor::new(&list, &key)?,
                self.shown(read(&view, address)?)?,
            ))
        });
        Ok(Page::of(
            items.collect::<Result<_, QueryError>>()?,
            limit,
            request,
        ))
    }

    /// The moments of a session in the order in which they were found, which is that of their ids: what
    /// is found later comes after all that was found before, whatever its time. At most `first` (1 to
    /// 100) of them, behind the one with the id `after`.
    ///
    /// # Errors
    /// When `first` is not 1 to 100, or the read model does not answer.
    pub fn moments_found(
        &self,
        session: SessionId,
        kinds: Option<&[MomentKind]>,
        after: Option<MomentId>,
        first: u32,
    ) -> Result<Vec<Moment>, QueryError> {
        let limit = checked("first", first, 1, PageRequest::FIRST_MAX)? as usize;
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        let view = self.moments_view()?;
        let mut conditions = vec![is(view.fields.session_term(session))];
        conditions.extend(kinds.map(|kinds| any_kind(&view.fields, kinds)));
        let after = after.map(|id| (id.sequence(), id.sequence()));
        let found = first_by(&view, &*all_of(conditions), Order::Found, limit, after)?;
        let moments = found
            .into_iter()
            .map(|(_, address)| self.shown(read(&view, address)?));
        moments.collect()
    }

    /// Moments to jump to, in order of time: the first ones, or those nearest to `near_ms`.
    ///
    /// # Errors
    /// When `first` is not 1 to 100, or the read model does not answer.
    pub fn seek_points(
        &self,
        session: SessionId,
        kinds: Option<&[MomentKind]>,
        near_ms: Option<u64>,
        first: u32,
    ) -> Result<Vec<SeekPoint>, QueryError> {
        let limit = checked("first", first, 1, PageRequest::FIRST_MAX)? as usize;
        if !self.may_view_recording(session)? {
            return Ok(Vec::new());
        }
        let view = self.moments_view()?;
        let mut conditions = vec![is(view.fields.session_term(session))];
        conditions.extend(kinds.map(|kinds| any_kind(&view.fields, kinds)));
        let order = near_ms.map_or(Order::Earliest, |ms| {
            Order::Nearest(ms.saturating_mul(1000))
        });
        let found = first_by(&view, &*all_of(conditions), order, limit, None)?;
        let mut moments: Vec<Moment> = found
            .into_iter()
            .map(|(_, address)| self.shown(read(&view, address)?))
            .collect::<Result<_, _>>()?;
        moments.sort_by_key(|moment| (moment.offset_us, moment.id));
        Ok(moments
            .iter()
            .map(|moment| SeekPoint::of(moment, moment.offset_us))
            .collect())
    }
}

/// How many moments of each kind there are, in equal buckets of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MomentMap {
    /// Where the first bucket begins, in milliseconds from the start of the session.
    pub from_ms: u64,
    /// The length of a bucket.
    pub bucket_ms: u64,
    /// For each kind that occurs: `values[i]` is of `[from_ms + i * bucket_ms, from_ms + (i + 1) * bucket_ms)`.
    pub series: Vec<(MomentKind, Vec<u64>)>,
}

impl Reader {
    /// The moments of a stretch of a session, counted in 1 to 2,000 buckets; nothing when there is no such session.
    ///
    /// # Errors
    /// When the number of buckets or the stretch is none that can be asked for, or a read model does not answer.
    pub fn moment_map(
        &self,
        session: SessionId,
        buckets: u32,
        stretch: Stretch,
    ) -> Result<Option<MomentMap>, QueryError> {
        let buckets = checked("buckets", buckets, 1, BUCKETS_MAX)?;
        if !self.may_view_recording(session)? {
            return Ok(None);
        }
        let Some(row) = self.session(session)? else {
            return Ok(None);
        };
        let (from_ms, to_ms) = stretch.within(row.duration_us().div_ceil(1_000))?;
        let bucket_ms = (to_ms - from_ms).div_ceil(buckets.into()).max(1);
        let view = self.moments_view()?;
        let mut series = Vec::new();
        for kind in MomentKind::ALL {
            let mut conditions = vec![
                is(view.fields.session_term(session)),
                is(view.fields.kind_term(kind)),
            ];
            // What is said to have come after the end counts at the end.
            let open_end =
                Some(to_ms).filter(|to_ms| stretch.to_ms.is_some_and(|end| end <= *to_ms));
            conditions.extend(offsets(view.fields.offset_us, Some(from_ms), open_end));
            let counter = Counter {
                from_us: from_ms * 1_000,
                bucket_us: bucket_ms * 1_000,
                buckets: buckets as usize,
            };
            let found = view.searcher.search(&*all_of(conditions), &counter);
            let values = found.map_err(QueryError::internal)?;
            if values.iter().any(|count| *count > 0) {
                series.push((kind, values));
            }
        }
        Ok(Some(MomentMap {
            from_ms,
            bucket_ms,
            series,
        }))
    }
}

/// Counts documents by where in their session they are.
struct Counter {
    from_us: u64,
    bucket_us: u64,
    buckets: usize,
}

struct CountInSegment {
    offset_us: Column<u64>,
    from_us: u64,
    bucket_us: u64,
    counts: Vec<u64>,
}

impl Collector for Counter {
    type Fruit = Vec<u64>;
    type Child = CountInSegment;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> Result<CountInSegment, TantivyError> {
        Ok(CountInSegment {
            offset_us: reader.fast_fields().u64("offset_us")?,
            from_us: self.from_us,
            bucket_us: self.bucket_us,
            counts: vec![0; self.buckets],
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<Vec<u64>>) -> Result<Vec<u64>, TantivyError> {
        let mut sums = vec![0; self.buckets];
        for counts in fruits {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        Ok(sums)
    }
}

impl SegmentCollector for CountInSegment {
    type Fruit = Vec<u64>;

    fn collect(&mut self, document: DocId, _: Score) {
        let offset_us = self.offset_us.first(document).unwrap_or(0);
        let bucket = offset_us.saturating_sub(self.from_us) / self.bucket_us;
        let last = self.counts.len() - 1;
        let bucket = usize::try_from(bucket).unwrap_or(last).min(last);
        self.counts[bucket] += 1;
    }

    fn harvest(self) -> Vec<u64> {
        self.counts
    }
}

pub(crate) fn read(view: &MomentsView, address: DocAddress) -> Result<Moment, QueryError> {
    view.read(address).map_err(QueryError::internal)
}

/// Holds for the documents that have the term.
pub(crate) fn is(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// Holds for moments of one of the kinds; for none if there are none.
pub(crate) fn any_kind(fields: &Fields, kinds: &[MomentKind]) -> Box<dyn Query> {
    let terms = kinds
        .iter()
        .map(|kind| (Occur::Should, is(fields.kind_term(*kind))));
    Box::new(BooleanQuery::new(terms.collect()))
}

pub(crate) fn all_of(conditions: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    let clauses = conditions
        .into_iter()
        .map(|condition| (Occur::Must, condition));
    Box::new(BooleanQuery::new(clauses.collect()))
}

fn offsets(field: Field, from_ms: Option<u64>, to_ms: Option<u64>) -> Option<Box<dyn Query>> {
    let term = |ms: u64| Term::from_field_u64(field, ms.saturating_mul(1000));
    let from = from_ms.map_or(Bound::Unbounded, |ms| Bound::Included(term(ms)));
    let to = to_ms.map_or(Bound::Unbounded, |ms| Bound::Excluded(term(ms)));
    let any = from_ms.is_some() || to_ms.is_some();
    any.then(|| -> Box<dyn Query> { Box::new(RangeQuery::new(from, to)) })
}

/// By what the moments of a session are sorted. The smaller key comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// From the start of the session on.
    Earliest,
    /// From the end of the session back.
    Latest,
    /// By distance from an offset in microseconds.
    Nearest(u64),
    /// In the order in which they were found.
    Found,
}

/// A moment's place in an order; no two moments have the same.
pub(crate) type Key = (u64, u64);

/// The first `limit` documents in the order, behind the key `after`.
fn first_by(
    view: &MomentsView,
    query: &dyn Query,
    order: Order,
    limit: usize,
    after: Option<Key>,
) -> Result<Vec<(Key, DocAddress)>, QueryError> {
    let searcher = &view.searcher;
    let collect = || -> Result<Vec<(Key, DocAddress)>, TantivyError> {
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        // The worst on top.
        let mut first: BinaryHeap<(Key, DocAddress)> = BinaryHeap::with_capacity(limit + 1);
        for (ordinal, reader) in (0..).zip(searcher.segment_readers()) {
            let columns = view.columns(ordinal)?;
            // Who follows a session looks at its newest segments alone.
            let last = columns.sequence.max_value();
            if order == Order::Found && after.is_some_and(|(sequence, _)| last <= sequence) {
                continue;
            }
            let mut scorer = weight.scorer(reader, 1.0)?;
            let mut document = scorer.doc();
            while document != TERMINATED {
                let offset_us = columns.offset_us.first(document).unwrap_or(0);
                let sequence = columns.sequence.first(document).unwrap_or(0);
                let key = match order {
                    Order::Earliest => (offset_us, sequence),
                    Order::Latest => (!offset_us, !sequence),
                    Order::Nearest(near_us) => (offset_us.abs_diff(near_us), sequence),
                    Order::Found => (sequence, sequence),
                };
                if !reader.is_deleted(document) && after.is_none_or(|after| key > after) {
                    first.push((key, DocAddress::new(ordinal, document)));
                    if first.len() > limit {
                        first.pop();
                    }
                }
                document = scorer.advance();
            }
        }
        Ok(first.into_sorted_vec())
    };
    collect().map_err(QueryError::internal)
}

/// A number that sorts the other way round.
pub(crate) fn newest_first(at_us: i64) -> u64 {
    (!at_us).cast_unsigned() ^ (1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sorts_first() {
        let mut times = [0, -5, i64::MAX, i64::MIN, 7];
        times.sort_by_key(|us| newest_first(*us));
        assert_eq!(times, [i64::MAX, 7, 0, -5, i64::MIN]);
    }
}
