//! Which segments of the index become one.
//!
//! A search for the newest looks at the newest segments alone, if each covers a span of time; a search
//! for the best looks at all of them, and is the faster the fewer there are. So neighbours in time are
//! merged, as soon as there are enough of about one size. Where recordings of many times come at once,
//! spans overlap and there are no neighbours of one size: then those of a size are merged wherever they are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, PoisonError};

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::merge_policy::{MergeCandidate, MergePolicy};
use tantivy::{Index, SegmentReader, TantivyError};

/// So many neighbours of about one size are merged.
const NEIGHBOURS: usize = 6;
/// So many segments of about one size are merged, neighbours or not.
const OF_ONE_SIZE: usize = 20;
/// Segments below this count as of one size.
const SMALL: u32 = 8_192;
/// Segments grow up to about this.
const LARGE: u32 = 1_000_000;
/// A size is so many times the one below.
const STEP: u32 = 5;

/// Merges neighbours in time.
pub(super) struct Neighbours {
    index: Index,
    /// When the last moment of a segment was.
    ends: Mutex<HashMap<SegmentId, i64>>,
}

impl std::fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Neighbours").finish_non_exhaustive()
    }
}

impl Neighbours {
    pub(super) fn of(index: Index) -> Self {
        Self {
            index,
            ends: Mutex::default(),
        }
    }

    /// When the last moment of each segment was, of those that are committed.
    fn ends(&self, wanted: &[SegmentMeta]) -> Result<HashMap<SegmentId, i64>, TantivyError> {
        let mut known = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.iter().any(|meta| !known.contains_key(&meta.id())) {
            let segments = self.index.searchable_segments()?;
            known.retain(|id, _| segments.iter().any(|segment| segment.id() == *id));
            for segment in segments {
                if let Entry::Vacant(unknown) = known.entry(segment.id()) {
                    let reader = SegmentReader::open(&segment)?;
                    unknown.insert(reader.fast_fields().i64("at_us")?.max_value());
                }
            }
        }
        Ok(known.clone())
    }
}

impl MergePolicy for Neighbours {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let ends = match self.ends(segments) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::warn!(%error, "segments of the index are not merged for now");
                return Vec::new();
            }
        };
        let mut spans: Vec<Span> = segments
            .iter()
            .filter_map(|meta| {
                Some(Span {
                    id: meta.id(),
                    end: *ends.get(&meta.id())?,
                    documents: meta.num_docs(),
                    removed: meta.num_deleted_docs(),
                })
            })
            .collect();
        spans.sort_by_key(|span| (span.end, span.id));
        to_merge(&spans).into_iter().map(MergeCandidate).collect()
    }
}

struct Span {
    id: SegmentId,
    end: i64,
    documents: u32,
    removed: u32,
}

/// How often a segment was merged, about.
fn size(span: &Span) -> u32 {
    (span.documents / SMALL)
        .checked_ilog(STEP)
        .map_or(0, |log| log + 1)
}

/// What is to be merged, of segments in order of time.
fn to_merge(spans: &[Span]) -> Vec<Vec<SegmentId>> {
    let mut merges: Vec<Vec<SegmentId>> = Vec::new();
    let grows = |span: &&Span| span.documents < LARGE / 2;
    let largest = spans.iter().filter(grows).map(size).max().unwrap_or(0);
    let mut taken = vec![false; spans.len()];
    for level in 0..=largest {
        let fits = |at: usize| grows(&&spans[at]) && size(&spans[at]) <= level;
        let mut at = 0;
        while at < spans.len() {
            let run: Vec<usize> = (at..spans.len())
                .take_while(|at| fits(*at) && !taken[*at])
                .collect();
            at += run.len().max(1);
            for group in groups(spans, &run) {
                // One that is far larger than all others together is not written again for them.
                let of_level = group
                    .iter()
                    .filter(|at| size(&spans[**at]) == level)
                    .count();
                if group.len() >= NEIGHBOURS && of_level * 2 >= group.len() {
                    group.iter().for_each(|at| taken[*at] = true);
                    merges.push(group.iter().map(|at| spans[*at].id).collect());
                }
            }
        }
        let of_size: Vec<usize> = (0..spans.len())
            .filter(|at| fits(*at) && !taken[*at] && size(&spans[*at]) == level)
            .collect();
        if of_size.len() >= OF_ONE_SIZE {
            for group in groups(spans, &of_size) {
                group.iter().for_each(|at| taken[*at] = true);
                merges.push(group.iter().map(|at| spans[*at].id).collect());
            }
        }
    }
    for (span, taken) in spans.iter().zip(taken) {
        // What was taken out is gone for good when its segment is written anew.
        if !taken && span.removed > span.documents / 4 {
            merges.push(vec![span.id]);
        }
    }
    merges
}

/// Cuts a row of segments so that each group gives one that is not too large.
fn groups<'a>(spans: &[Span], row: &'a [usize]) -> Vec<&'a [usize]> {
    let mut groups = Vec::new();
    let mut rest = row;
    while !rest.is_empty() {
        let mut documents = 0_u32;
        let fitting = rest
            .iter()
            .take(2 * NEIGHBOURS)
            .take_while(|at| {
                documents = documents.saturating_add(spans[**at].documents);
                documents <= LARGE
            })
            .count();
        let (group, behind) = rest.split_at(fitting.max(1));
        if group.len() > 1 {
            groups.push(group);
        }
        rest = behind;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(number: usize, documents: u32) -> Span {
        Span {
            id: SegmentId::generate_random(),
            end: i64::try_from(number).unwrap(),
            documents,
            removed: 0,
        }
    }

    /// Lets commits come until nothing more is merged after each; answers the sizes, and how many documents
    /// were written by merging.
    fn grown(commits: usize, documents: u32, end: impl Fn(usize) -> i64) -> (Vec<u32>, u64) {
        let (mut spans, mut written) = (Vec::<Span>::new(), 0);
        for number in 0..commits {
            spans.push(Span {
                end: end(number),
                ..span(0, documents)
            });
            loop {
                spans.sort_by_key(|span| span.end);
                let merges = to_merge(&spans);
                if merges.is_empty() {
                    break;
                }
                for ids in merges {
                    assert!(ids.len() > 1);
                    let (merged, others): (Vec<Span>, Vec<Span>) =
                        spans.into_iter().partition(|span| ids.contains(&span.id));
                    spans = others;
                    let end = merged.iter().map(|span| span.end).max().unwrap();
                    let documents = merged.iter().map(|span| span.documents).sum();
                    written += u64::from(documents);
                    spans.push(Span {
                        end,
                        ..span(0, documents)
                    });
                }
            }
        }
        (spans.iter().map(|span| span.documents).collect(), written)
    }

    #[test]
    fn there_are_few_segments_and_each_is_written_a_few_times() {
        let scattered = |number: usize| (number as i64 * 7_919) % 10_007;
        for (name, end) in [
            ("in order", (|number| number as i64) as fn(usize) -> i64),
            ("in any order", scattered),
        ] {
            for (commits, documents) in [(4_000, 500), (400, 5_000), (2_000, 2_000)] {
                let (sizes, written) = grown(commits, documents, end);
                let all = u64::from(documents) * commits as u64;
                println!(
                    "{name}: {} segments, {:.1} times",
                    sizes.len(),
                    written as f64 / all as f64
                );
                assert!(sizes.len() <= 45, "{name}: {sizes:?}");
                assert!(written <= 8 * all, "{name}: {written} of {all}");
                assert!(
                    sizes
                        .iter()
                        .all(|documents| *documents <= LARGE + LARGE / 2)
                );
            }
        }
    }

    #[test]
    fn neighbours_are_merged_and_others_are_left() {
        let small = |from: usize| (from..from + NEIGHBOURS).map(|number| span(number, 100));
        let mut spans: Vec<Span> = small(0).collect();
        assert_eq!(to_merge(&spans).len(), 1);
        spans.insert(3, span(3, LARGE));
        assert!(to_merge(&spans).is_empty());
        spans.extend(small(10));
        let merged = to_merge(&spans);
        assert_eq!(merged.len(), 1);
        assert!(!merged[0].contains(&spans[0].id));
    }

    #[test]
    fn what_was_taken_out_is_written_anew_without_it() {
        let mut spans = vec![span(0, 100)];
        spans[0].removed = 40;
        assert_eq!(to_merge(&spans), [[spans[0].id]]);
    }
}
