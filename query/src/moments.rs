//! What happened in a session, in order of time, and where to jump to.

use std::collections::BinaryHeap;
use std::ops::Bound;

use retrace_core::{SessionId, Timestamp};
use retrace_projections::moments::{Fields, Moment, MomentId, MomentKind, MomentsView, columns};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TantivyError, Term};

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
        let earlier_us = moment.offset_us.saturating_sub(offset_us);
        let earlier_us = i64::try_from(earlier_us).unwrap_or(i64::MAX);
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
        let found = first_by(&view, &is_it, Order::Newest, 1, None)?;
        let Some((_, address)) = found.first() else {
            return Ok(None);
        };
        let moment = read(&view, *address)?;
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
            Ok((Cursor::new(&list, &key)?, read(&view, address)?))
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
        let moments = found.into_iter().map(|(_, address)| read(&view, address));
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
            .map(|(_, address)| read(&view, address))
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
            offset_us: reader.fast_fields().u64(columns::OFFSET_US)?,
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
    view.fields
        .read(&view.searcher, address)
        .map_err(QueryError::internal)
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

/// By what moments are sorted. The smaller key comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// From the start of the session on.
    Earliest,
    /// From the end of the session back.
    Latest,
    /// By distance from an offset in microseconds.
    Nearest(u64),
    /// The latest first, over all sessions.
    Newest,
    /// In the order in which they were found.
    Found,
}

/// A moment's place in an [`Order`]; no two moments have the same.
pub(crate) type Key = (u64, u64);

/// The first `limit` documents in the order, behind the key `after`.
///
/// Segments are asked in the order of the best that they can hold, and not at all once enough
/// better ones are found: as each covers a span of time, the newest moments are found in the newest
/// segments alone.
pub(crate) fn first_by(
    view: &MomentsView,
    query: &dyn Query,
    order: Order,
    limit: usize,
    after: Option<Key>,
) -> Result<Vec<(Key, DocAddress)>, QueryError> {
    let collector = FirstBy {
        order,
        limit,
        after,
    };
    let searcher = &view.searcher;
    let collect = || -> Result<Vec<(Key, DocAddress)>, TantivyError> {
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        let mut segments = Vec::new();
        for (ordinal, reader) in (0..).zip(searcher.segment_readers()) {
            if order == Order::Found && ends_before(reader, after)? {
                continue;
            }
            segments.push((best_key(order, reader)?, ordinal, reader));
        }
        segments.sort_by_key(|(best, ordinal, _)| (*best, *ordinal));
        let mut found: Vec<(Key, DocAddress)> = Vec::new();
        for (best, ordinal, reader) in segments {
            if found.len() >= limit && found.last().is_some_and(|(worst, _)| worst.0 < best) {
                break;
            }
            found.extend(collector.collect_segment(&*weight, ordinal, reader)?);
            found.sort();
            found.truncate(limit);
        }
        Ok(found)
    };
    collect().map_err(QueryError::internal)
}

/// No key of the segment begins with less.
fn best_key(order: Order, reader: &SegmentReader) -> Result<u64, TantivyError> {
    Ok(match order {
        Order::Newest => newest_first(reader.fast_fields().i64(columns::AT_US)?.max_value()),
        Order::Found => reader.fast_fields().u64(columns::SEQUENCE)?.min_value(),
        Order::Earliest | Order::Latest | Order::Nearest(_) => 0,
    })
}

/// Whether all moments of the segment were found before: who follows a session looks at its newest
/// segments alone.
fn ends_before(reader: &SegmentReader, after: Option<Key>) -> Result<bool, TantivyError> {
    let last = reader.fast_fields().u64(columns::SEQUENCE)?.max_value();
    Ok(after.is_some_and(|(sequence, _)| last <= sequence))
}

/// A number that sorts the other way round.
fn newest_first(at_us: i64) -> u64 {
    (!at_us).cast_unsigned() ^ (1 << 63)
}

struct FirstBy {
    order: Order,
    limit: usize,
    after: Option<Key>,
}

struct FirstInSegment {
    order: Order,
    limit: usize,
    after: Option<Key>,
    ordinal: SegmentOrdinal,
    at: Values,
    sequence: Column<u64>,
    /// The worst on top.
    first: BinaryHeap<(Key, DocId)>,
}

enum Values {
    Offset(Column<u64>),
    At(Column<i64>),
    Sequence,
}

impl Collector for FirstBy {
    type Fruit = Vec<(Key, DocAddress)>;
    type Child = FirstInSegment;

    fn for_segment(
        &self,
        ordinal: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> Result<FirstInSegment, TantivyError> {
        let columns = reader.fast_fields();
        let at = match self.order {
            Order::Newest => Values::At(columns.i64(columns::AT_US)?),
            Order::Earliest | Order::Latest | Order::Nearest(_) => {
                Values::Offset(columns.u64(columns::OFFSET_US)?)
            }
            Order::Found => Values::Sequence,
        };
        Ok(FirstInSegment {
            order: self.order,
            limit: self.limit,
            after: self.after,
            ordinal,
            at,
            sequence: columns.u64(columns::SEQUENCE)?,
            first: BinaryHeap::with_capacity(self.limit + 1),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<Self::Fruit>) -> Result<Self::Fruit, TantivyError> {
        let mut found: Vec<_> = fruits.into_iter().flatten().collect();
        found.sort();
        found.truncate(self.limit);
        Ok(found)
    }
}

impl SegmentCollector for FirstInSegment {
    type Fruit = Vec<(Key, DocAddress)>;

    fn collect(&mut self, document: DocId, _: Score) {
        let place = match &self.at {
            Values::Offset(column) => {
                let offset_us = column.first(document).unwrap_or(0);
                match self.order {
                    Order::Nearest(near_us) => offset_us.abs_diff(near_us),
                    Order::Latest => !offset_us,
                    Order::Earliest | Order::Newest | Order::Found => offset_us,
                }
            }
            Values::Sequence => self.sequence.first(document).unwrap_or(0),
            Values::At(column) => newest_first(column.first(document).unwrap_or(i64::MIN)),
        };
        let full = self.first.len() >= self.limit;
        if full
            && self
                .first
                .peek()
                .is_some_and(|((worst, _), _)| *worst < place)
        {
            return;
        }
        let sequence = self.sequence.first(document).unwrap_or(0);
        let sequence = if matches!(self.order, Order::Newest | Order::Latest) {
            !sequence
        } else {
            sequence
        };
        let key = (place, sequence);
        if self.after.is_none_or(|after| key > after) {
            self.first.push((key, document));
            if full {
                self.first.pop();
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let ordinal = self.ordinal;
        let found = self.first.into_sorted_vec().into_iter();
        found
            .map(|(key, document)| (key, DocAddress::new(ordinal, document)))
            .collect()
    }
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
