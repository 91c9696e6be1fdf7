//! What the hits have in common: how many there are of each user, host, kind, …, and how they lie in time.

use std::collections::HashMap;
use std::ops::ControlFlow;

use jiff::Span;
use jiff::civil::{Date, Weekday};
use retrace_core::Timestamp;
use retrace_projections::moments::{MomentKind, NamedColumn, SegmentColumns};
use tantivy::DocId;

use super::values::Clock;
use super::{SearchFilter, Total};
use crate::{Facet, QueryError, Reader};

/// So many hits are looked at, the segments with the latest first. More are not counted.
pub(crate) const FACETED_MAX: u64 = 200_000;
/// The most values of one kind that are told.
const VALUES_MAX: usize = 100;
/// The most buckets of time: a smaller unit than fits is made larger.
const BUCKETS_MAX: usize = 400;

/// By what hits are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FacetKind {
    /// By user.
    User,
    /// By the user's groups: a hit counts for each.
    Group,
    /// By host.
    Host,
    /// By target.
    Target,
    /// By site.
    Site,
    /// By protocol.
    Protocol,
    /// By what opened the session.
    Launcher,
    /// By program.
    App,
    /// By kind of moment.
    Kind,
}

/// A unit of time, by the calendar of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeUnit {
    /// 3,600 seconds.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// The values of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFacet {
    /// Of what.
    pub kind: FacetKind,
    /// The values with how many hits have them, the most frequent first; of equals by name.
    pub values: Vec<Facet>,
}

/// A stretch of time, and how many hits lie in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchBucket {
    /// Its beginning.
    pub start: Timestamp,
    /// How many hits are in it.
    pub count: u64,
}

/// What hits have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFacets {
    /// How many hits were looked at: all of them, up to [`FACETED_MAX`].
    pub total: Total,
    /// In the order in which they were asked for.
    pub facets: Vec<SearchFacet>,
    /// The unit of the buckets: the one asked for, or a larger one.
    pub unit: TimeUnit,
    /// From the first hit to the last, without gaps.
    pub buckets: Vec<SearchBucket>,
}

impl Reader {
    /// Counts the moments that are looked for by what they have in common.
    ///
    /// # Errors
    /// As [`Reader::search`].
    pub fn search_facets(
        &self,
        text: &str,
        filter: &SearchFilter,
        kinds: &[FacetKind],
        unit: TimeUnit,
    ) -> Result<SearchFacets, QueryError> {
        let prepared = self.prepare(text, filter)?;
        let mut tallies: Vec<Tally> = kinds.iter().map(|kind| Tally::of(*kind)).collect();
        let (mut count, mut times, mut segment) = (0_u64, Vec::new(), None);
        let all = prepared.hunt().each(false, |ground, document, _| {
            if count == FACETED_MAX {
                return ControlFlow::Break(());
            }
            count += 1;
            if segment != Some(ground.ordinal) {
                segment = Some(ground.ordinal);
                tallies
                    .iter_mut()
                    .for_each(|tally| tally.enter(ground.columns));
            }
            for tally in &mut tallies {
                tally.take(ground.columns, document);
            }
            times.push(ground.columns.at_us.first(document).unwrap_or(0));
            ControlFlow::Continue(())
        })?;
        tallies.iter_mut().for_each(Tally::leave);
        let facets = kinds
            .iter()
            .zip(tallies)
            .map(|(kind, tally)| SearchFacet {
                kind: *kind,
                values: tally.most_frequent(),
            })
            .collect();
        let (unit, buckets) = buckets(times, unit, &prepared.clock);
        Ok(SearchFacets {
            total: Total { count, exact: all },
            facets,
            unit,
            buckets,
        })
    }
}

/// Counts values: by ordinal within a segment, by name over all of them.
struct Tally {
    column: Option<NamedColumn>,
    of_ordinals: Vec<u64>,
    names: Vec<String>,
    of_names: HashMap<String, u64>,
}

impl Tally {
    fn of(kind: FacetKind) -> Self {
        let column = match kind {
            FacetKind::User => Some(NamedColumn::User),
            FacetKind::Group => Some(NamedColumn::Group),
            FacetKind::Host => Some(NamedColumn::Host),
            FacetKind::Target => Some(NamedColumn::Target),
            FacetKind::Site => Some(NamedColumn::Site),
            FacetKind::Protocol => Some(NamedColumn::Protocol),
            FacetKind::Launcher => Some(NamedColumn::Launcher),
            FacetKind::App => Some(NamedColumn::App),
            FacetKind::Kind => None,
        };
        Self {
            column,
            of_ordinals: Vec::new(),
            names: Vec::new(),
            of_names: HashMap::new(),
        }
    }

    fn enter(&mut self, columns: &SegmentColumns) {
        self.leave();
        self.names = match self.column {
            Some(column) => columns.name_list(column),
            None => {
                let number = |kind: &MomentKind| usize::try_from(kind.number()).unwrap_or(0);
                let mut names = Vec::new();
                for kind in MomentKind::ALL {
                    names.resize(names.len().max(number(&kind) + 1), String::new());
                    names[number(&kind)] = super::syntax::kind_name(kind).to_owned();
                }
                names
            }
        };
        self.of_ordinals = vec![0; self.names.len()];
    }

    fn take(&mut self, columns: &SegmentColumns, document: DocId) {
        let mut add = |ordinal: u64| {
            let slot = usize::try_from(ordinal).ok();
            if let Some(count) = slot.and_then(|slot| self.of_ordinals.get_mut(slot)) {
                *count += 1;
            }
        };
        match self.column {
            Some(column) => {
                if let Some(names) = columns.names(column) {
                    names.term_ords(document).for_each(add);
                }
            }
            None => columns.kind.first(document).into_iter().for_each(&mut add),
        }
    }

    fn leave(&mut self) {
        for (name, count) in self.names.drain(..).zip(self.of_ordinals.drain(..)) {
            if count > 0 {
                *self.of_names.entry(name).or_default() += count;
            }
        }
    }

    fn most_frequent(self) -> Vec<Facet> {
        let each = self.of_names.into_iter();
        let mut values: Vec<Facet> = each.map(|(value, count)| Facet { value, count }).collect();
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        values.truncate(VALUES_MAX);
        values
    }
}

/// How the times lie in stretches of the unit, or of a larger one if there would be too many.
fn buckets(mut times: Vec<i64>, unit: TimeUnit, clock: &Clock) -> (TimeUnit, Vec<SearchBucket>) {
    times.sort_unstable();
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else {
        return (unit, Vec::new());
    };
    let mut unit = unit;
    loop {
        let starts = starts(first, last, unit, clock);
        let larger = match unit {
            TimeUnit::Hour => TimeUnit::Day,
            TimeUnit::Day => TimeUnit::Week,
            TimeUnit::Week | TimeUnit::Month => TimeUnit::Month,
        };
        if starts.len() > BUCKETS_MAX && larger != unit {
            unit = larger;
            continue;
        }
        let ends = starts.iter().skip(1).copied().chain([i64::MAX]);
        let mut from = 0;
        let mut found = Vec::with_capacity(starts.len());
        for (start, end) in starts.iter().zip(ends) {
            let to = from + times[from..].partition_point(|at| *at < end);
            if let Ok(start) = Timestamp::from_micros(*start) {
                found.push(SearchBucket {
                    start,
                    count: (to - from) as u64,
                });
            }
            from = to;
        }
        return (unit, found);
    }
}

/// The beginnings of the stretches that cover the times, one more than may be told at most.
fn starts(first: i64, last: i64, unit: TimeUnit, clock: &Clock) -> Vec<i64> {
    const HOUR_US: i64 = 3_600_000_000;
    let mut starts = Vec::new();
    if unit == TimeUnit::Hour {
        let from = first - first.rem_euclid(HOUR_US);
        starts.extend((0..).map_while(|hour| {
            let at = from.checked_add(HOUR_US.checked_mul(hour)?)?;
            (at <= last && hour as usize <= BUCKETS_MAX).then_some(at)
        }));
        return starts;
    }
    let Some(mut date) = clock.date(first) else {
        return vec![first];
    };
    date = match unit {
        TimeUnit::Hour | TimeUnit::Day => date,
        TimeUnit::Week => {
            let behind = i64::from(date.weekday().since(Weekday::Monday));
            date.checked_sub(Span::new().days(behind)).unwrap_or(date)
        }
        TimeUnit::Month => date.first_of_month(),
    };
    let step = |date: Date| match unit {
        TimeUnit::Hour | TimeUnit::Day => date.tomorrow().ok(),
        TimeUnit::Week => date.checked_add(Span::new().weeks(1)).ok(),
        TimeUnit::Month => date.last_of_month().tomorrow().ok(),
    };
    let mut next = Some(date);
    // Thousands of years of months are told as they are: nobody has so many by accident.
    let most = if unit == TimeUnit::Month {
        12 * BUCKETS_MAX
    } else {
        BUCKETS_MAX
    };
    while let Some(date) = next {
        match clock.day_start(date) {
            Some(at) if at <= last && starts.len() <= most => starts.push(at),
            _ => break,
        }
        next = step(date);
    }
    if starts.is_empty() {
        starts.push(first);
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_the_calendar_of_the_zone() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().micros();
        let times = || {
            vec![
                at("2026-03-28T22:30:00Z"),
                at("2026-03-28T23:30:00Z"),
                at("2026-03-30T21:59:59Z"),
            ]
        };
        let cases = [
            (
                "UTC",
                TimeUnit::Day,
                vec![("2026-03-28", 2), ("2026-03-29", 0), ("2026-03-30", 1)],
            ),
            (
                "Europe/Berlin",
                TimeUnit::Day,
                vec![
                    ("2026-03-27T23:00:00Z", 1),
                    ("2026-03-28T23:00:00Z", 1),
                    ("2026-03-29T22:00:00Z", 1),
                ],
            ),
            (
                "UTC",
                TimeUnit::Week,
                vec![("2026-03-23", 2), ("2026-03-30", 1)],
            ),
            ("UTC", TimeUnit::Month, vec![("2026-03-01", 3)]),
        ];
        for (zone, unit, want) in cases {
            let clock = Clock::in_zone(Some(zone)).unwrap();
            let (found_unit, found) = buckets(times(), unit, &clock);
            let found: Vec<_> = found
                .iter()
                .map(|bucket| (bucket.start.micros(), bucket.count))
                .collect();
            let want: Vec<_> = want
                .iter()
                .map(|(start, count)| (at(start), *count))
                .collect();
            assert_eq!((found_unit, found), (unit, want), "{zone} {unit:?}");
        }
        let clock = Clock::in_zone(None).unwrap();
        let far = vec![at("2020-01-01"), at("2026-01-01")];
        let (unit, found) = buckets(far, TimeUnit::Hour, &clock);
        assert_eq!((unit, found.len()), (TimeUnit::Week, 314));
        let (_, found) = buckets(
            vec![at("0001-01-01"), at("9990-12-31")],
            TimeUnit::Hour,
            &clock,
        );
        assert_eq!(found.iter().map(|bucket| bucket.count).sum::<u64>(), 2);
    }
}
