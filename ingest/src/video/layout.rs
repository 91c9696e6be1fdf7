//! When the files of a recording begin.
//!
//! | whose times | when |
//! |---|---|
//! | their own | in the order of their times each begins where the one before it ended, or later where one is missing |
//! | the list's | there is one, and not all of them run on by themselves |
//! | one after the other | else; what is missing is taken to be as long as the one before it |

use std::collections::HashMap;

use super::list::Listed;

/// A file to be placed: the times of its frames, in microseconds of its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first_us: u64,
    pub(super) last_us: u64,
    pub(super) end_us: u64,
}

impl Span {
    fn length(self) -> u64 {
        self.end_us - self.first_us
    }
}

/// A file, in the order of the numbers in their names.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) number: u64,
    /// `None` when nothing of it can be shown.
    pub(super) span: Option<Span>,
}

/// What happens in the recording, at microseconds from its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The frames of the entry with this index.
    Frames {
        index: usize,
        first_us: u64,
        last_us: u64,
    },
    /// There should be frames.
    Gap {
        from_us: u64,
        to_us: u64,
        reason: String,
    },
    /// Something is not as it should be.
    Note { at_us: u64, reason: String },
}

impl Step {
    /// When it is told of: when the last frame of it had come.
    pub(super) fn at_us(&self) -> u64 {
        match self {
            Self::Frames { last_us, .. } => *last_us,
            Self::Gap { to_us, .. } => *to_us,
            Self::Note { at_us, .. } => *at_us,
        }
    }
}

/// Lays the files out. The steps are in the order of time.
pub(super) fn lay_out(entries: &[Entry<'_>], list: &[Listed]) -> Vec<Step> {
    let mut steps = own_times(entries)
        .or_else(|| (!list.is_empty()).then(|| by_list(entries, list)))
        .unwrap_or_else(|| one_after_the_other(entries));
    steps.sort_by_key(Step::at_us);
    steps
}

/// What is missing between two numbers.
fn missing(before: u64, after: u64) -> Option<(u64, String)> {
    let count = after.checked_sub(before)?.checked_sub(1)?;
    let (first, last) = (before + 1, after.saturating_sub(1));
    match count {
        0 => None,
        1 => Some((1, format!("segment {first} is missing"))),
        _ => Some((count, format!("segments {first} to {last} are missing"))),
    }
}

fn own_times(entries: &[Entry<'_>]) -> Option<Vec<Step>> {
    let mut placed: Vec<(usize, Span)> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| Some((index, entry.span?)))
        .collect();
    placed.sort_by_key(|(_, span)| span.first_us);
    let start = placed.first()?.1.first_us;
    for pair in placed.windows(2) {
        let [(before, a), (after, b)] = pair else {
            continue;
        };
        let neighbours = after.abs_diff(*before) == 1
            && entries[*before].number.abs_diff(entries[*after].number) == 1;
        let may_overlap = (a.length() / 2).min(500_000);
        let may_wait = a.length().max(2_000_000);
        let runs_on = b.first_us > a.first_us
            && b.first_us.saturating_add(may_overlap) >= a.end_us
            && (!neighbours || b.first_us <= a.end_us.saturating_add(may_wait));
        if !runs_on {
            return None;
        }
    }
    let mut steps = Vec::with_capacity(placed.len());
    for (order, (index, span)) in placed.iter().enumerate() {
        let first_us = span.first_us - start;
        let before = order.checked_sub(1).map(|order| placed[order]);
        if let Some((before, before_span)) = before {
            let (a, b) = (&entries[before], &entries[*index]);
            if let Some((_, reason)) = missing(a.number, b.number)
                && entries[before..*index]
                    .iter()
                    .skip(1)
                    .all(|between| between.span.is_some())
            {
                let from_us = (before_span.end_us - start).min(first_us);
                steps.push(Step::Gap {
                    from_us,
                    to_us: first_us,
                    reason,
                });
            }
            if b.number < a.number {
                let reason = format!("by its times `{}` comes after `{}`", b.name, a.name);
                steps.push(Step::Note {
                    at_us: first_us,
                    reason,
                });
            }
        }
        steps.push(Step::Frames {
            index: *index,
            first_us,
            last_us: span.last_us - start,
        });
    }
    Some(steps)
}

fn by_list(entries: &[Entry<'_>], list: &[Listed]) -> Vec<Step> {
    let there: HashMap<&str, usize> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| (entry.name, index))
        .collect();
    let start = list.iter().map(|listed| listed.start_us).min().unwrap_or(0);
    let mut listed_at = HashMap::new();
    let (mut steps, mut end) = (Vec::with_capacity(list.len()), 0);
    for listed in list {
        let first_us = listed.start_us - start;
        let to_us = listed.end_us - start;
        end = end.max(to_us);
        match there.get(&*listed.name) {
            Some(index) => {
                if listed_at.insert(*index, first_us).is_some() {
                    continue;
                }
                if let Some(span) = entries[*index].span {
                    let last_us = first_us.saturating_add(span.last_us - span.first_us);
                    steps.push(Step::Frames {
                        index: *index,
                        first_us,
                        last_us,
                    });
                }
            }
            None => {
                let reason = format!("`{}` is listed and missing", listed.name);
                steps.push(Step::Gap {
                    from_us: first_us,
                    to_us,
                    reason,
                });
            }
        }
    }
    for (index, entry) in entries.iter().enumerate() {
        let Some(span) = entry.span.filter(|_| !listed_at.contains_key(&index)) else {
            continue;
        };
        let reason = format!("`{}` is not listed: it stands after the others", entry.name);
        steps.push(Step::Note { at_us: end, reason });
        let last_us = end.saturating_add(span.last_us - span.first_us);
        steps.push(Step::Frames {
            index,
            first_us: end,
            last_us,
        });
        end = end.saturating_add(span.length());
    }
    steps
}

fn one_after_the_other(entries: &[Entry<'_>]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(entries.len());
    let usual = entries
        .iter()
        .find_map(|entry| entry.span)
        .map_or(0, Span::length);
    let (mut now, mut length, mut before) = (0_u64, usual, None::<u64>);
    for (index, entry) in entries.iter().enumerate() {
        if let Some((count, reason)) = before.and_then(|before| missing(before, entry.number)) {
            // Numbers may be far apart where nobody counted.
            let to_us = now.saturating_add(length.saturating_mul(count.min(1_000_000)));
            steps.push(Step::Gap {
                from_us: now,
                to_us,
                reason,
            });
            now = to_us;
        }
        before = Some(entry.number);
        if let Some(span) = entry.span {
            length = span.length();
            let last_us = now.saturating_add(span.last_us - span.first_us);
            steps.push(Step::Frames {
                index,
                first_us: now,
                last_us,
            });
        }
        now = now.saturating_add(length);
    }
    steps
}
