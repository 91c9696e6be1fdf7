//! The activity map: how much happened when.

use std::collections::HashMap;

use retrace_core::SessionId;
use retrace_projections::activity::{Second, for_each_second};

use crate::Reader;
use crate::page::{QueryError, checked};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// Bytes written to the terminal.
    Output,
    /// Keys.
    Keys,
    /// Changes of the terminal's size.
    Resize,
    /// Markers.
    Marker,
    /// Processes that were started.
    Process,
    /// The share of a recorded screen that changed, in thousandths, second by second.
    Screen,
}

/// A stretch of a session, in milliseconds from its start; all of it by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stretch {
    /// From here on.
    pub from_ms: Option<u64>,
    /// Until before this; beyond the end of the session it is the end.
    pub to_ms: Option<u64>,
}

impl Stretch {
    /// The stretch within a session of this length.
    pub(crate) fn within(self, duration_ms: u64) -> Result<(u64, u64), QueryError> {
        let to_ms = self
            .to_ms
            .map_or(duration_ms, |to_ms| to_ms.min(duration_ms));
        let from_ms = self.from_ms.unwrap_or(0);
        if self.from_ms.is_some() && from_ms >= to_ms {
            return Err(QueryError::InvalidArgument {
                field: "fromMs",
                found: from_ms.to_string(),
                expected: format!("less than {to_ms}, where the stretch ends"),
            });
        }
        Ok((from_ms, to_ms))
    }
}

/// Activity in equal buckets of time over a session, or a stretch of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityMap {
    /// Where the first bucket begins, in milliseconds from the start of the session.
    pub from_ms: u64,
    /// The length of a bucket: the shortest in whole milliseconds with which the buckets reach
    /// over the session, or the stretch.
    pub bucket_ms: u64,
    /// The length of the session.
    pub duration_ms: u64,
    /// One for each kind that occurs.
    pub series: Vec<ActivitySeries>,
}

/// How much of one kind happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivitySeries {
    /// What is counted.
    pub kind: ActivityKind,
    /// `values[i]` is of `[from_ms + i * bucket_ms, from_ms + (i + 1) * bucket_ms)`.
    pub values: Vec<u64>,
    /// The largest of the values.
    pub max: u64,
}

/// The most buckets that can be asked for: more than a screen has columns.
pub const BUCKETS_MAX: u32 = 2_000;

impl ActivityKind {
    /// All kinds, in the order of the answer.
    const ALL: [Self; 6] = [
        Self::Output,
        Self::Keys,
        Self::Resize,
        Self::Marker,
        Self::Process,
        Self::Screen,
    ];

    fn count(self, second: &Second) -> u64 {
        let counts = &second.counts;
        match self {
            Self::Output => counts.output_bytes,
            Self::Keys => counts.keys,
            Self::Resize => counts.resizes,
            Self::Marker => counts.markers,
            Self::Process => counts.processes,
            Self::Screen => second.changed_permille.into(),
        }
    }
}

impl Reader {
    /// The activity of a session in 1 to 2,000 buckets; nothing when there is no such session.
    ///
    /// # Errors
    /// As [`Self::activities`].
    pub fn activity(
        &self,
        session: SessionId,
        buckets: u32,
    ) -> Result<Option<ActivityMap>, QueryError> {
        let mut found = self.activities([session], buckets, Stretch::default())?;
        Ok(found.remove(&session))
    }

    /// The activity of several sessions, those of them that there are, read at once.
    ///
    /// Counts are kept by the second. Where buckets are no multiple of it, a second's count is
    /// spread evenly over the buckets that it touches; sums stay exact.
    ///
    /// # Errors
    /// When the number of buckets or the stretch is none that can be asked for, or a read model does not answer.
    pub fn activities(
        &self,
        sessions: impl IntoIterator<Item = SessionId>,
        buckets: u32,
        stretch: Stretch,
    ) -> Result<HashMap<SessionId, ActivityMap>, QueryError> {
        let buckets = checked("buckets", buckets, 1, BUCKETS_MAX)?;
        let rows = self.sessions_by_id(sessions)?;
        let mut maps = HashMap::new();
        self.activity.read(|connection| {
            for (session, row) in rows {
                let duration_ms = row.duration_us() / 1_000;
                let (from_ms, to_ms) = stretch.within(duration_ms)?;
                let bucket_ms = (to_ms - from_ms).div_ceil(buckets.into()).max(1);
                let grid = Grid {
                    bucket_ms,
                    from_ms,
                    to_ms: stretch.to_ms.map(|_| to_ms),
                    duration_ms,
                    buckets: buckets as usize,
                };
                let mut columns = ActivityKind::ALL.map(|_| vec![0; grid.buckets]);
                for_each_second(connection, session, |second, happened| {
                    for (kind, column) in ActivityKind::ALL.into_iter().zip(&mut columns) {
                        grid.spread(second, kind.count(&happened), column);
                    }
                })?;
                let series =
                    ActivityKind::ALL
                        .into_iter()
                        .zip(columns)
                        .filter_map(|(kind, values)| {
                            let max = values.iter().copied().max().filter(|max| *max > 0)?;
                            Some(ActivitySeries { kind, values, max })
                        });
                let map = ActivityMap {
                    from_ms,
                    bucket_ms,
                    duration_ms,
                    series: series.collect(),
                };
                maps.insert(session, map);
            }
            Ok::<_, QueryError>(())
        })?;
        Ok(maps)
    }
}

/// A part of a session in which nothing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleStretch {
    /// Where it begins, in milliseconds from the start of the session.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
}

/// So little of a screen changes when a cursor blinks or a clock goes on, in thousandths.
const STILL_PERMILLE: u16 = 5;
/// The most stretches in an answer.
const STRETCHES_MAX: usize = 10_000;

impl Reader {
    /// The parts of a session, of `at_least_ms` or longer, in which nothing was typed, written or started and
    /// the screen stood still; in whole seconds, in the order of time. None when there is no such session.
    ///
    /// # Errors
    /// When a read model does not answer.
    pub fn idle_stretches(
        &self,
        session: SessionId,
        at_least_ms: u64,
    ) -> Result<Vec<IdleStretch>, QueryError> {
        let Some(row) = self.session(session)? else {
            return Ok(Vec::new());
        };
        let mut busy = Vec::new();
        self.activity.read(|connection| {
            for_each_second(connection, session, |second, happened| {
                let Second {
                    mut counts,
                    changed_permille,
                } = happened;
                // A frame that shows what the one before it showed is not something that happens.
                counts.frames = 0;
                if counts != Default::default() || changed_permille > STILL_PERMILLE {
                    busy.push(second);
                }
            })
            .map_err(QueryError::from)
        })?;
        Ok(between(&busy, row.duration_us() / 1_000, at_least_ms))
    }
}

/// The stretches between busy seconds.
fn between(busy: &[u32], duration_ms: u64, at_least_ms: u64) -> Vec<IdleStretch> {
    let begins =
        std::iter::once(0).chain(busy.iter().map(|second| (u64::from(*second) + 1) * 1_000));
    let ends = busy
        .iter()
        .map(|second| u64::from(*second) * 1_000)
        .chain([duration_ms]);
    begins
        .zip(ends)
        .filter(|(from_ms, to_ms)| to_ms.saturating_sub(*from_ms) >= at_least_ms.max(1))
        .map(|(from_ms, to_ms)| IdleStretch { from_ms, to_ms })
        .take(STRETCHES_MAX)
        .collect()
}

/// Equal buckets over a stretch of a session.
struct Grid {
    bucket_ms: u64,
    /// Where the first one begins.
    from_ms: u64,
    /// Where the last one ends; none when it takes what comes after the end, too.
    to_ms: Option<u64>,
    duration_ms: u64,
    buckets: usize,
}

impl Grid {
    /// Adds a second's count to the buckets that the second touches, in whole numbers.
    fn spread(&self, second: u32, count: u64, values: &mut [u64]) {
        if count == 0 {
            return;
        }
        let start = u64::from(second) * 1_000;
        // The session may end within its last second. What is said to come after its end counts
        // at the end.
        let end = (start + 1_000).min(self.duration_ms).max(start + 1);
        let share_until = |at: u64| -> u64 {
            let (part, whole) = (u128::from(at - start), u128::from(end - start));
            // Rounded to the nearest: a single key is shown in the middle of its second.
            let share = (2 * u128::from(count) * part + whole) / (2 * whole);
            u64::try_from(share).unwrap_or(count)
        };
        // What lies before the stretch, or behind it, is nobody's.
        let stop = self.to_ms.map_or(end, |to_ms| to_ms.min(end));
        let mut from = start.max(self.from_ms);
        let mut spent = share_until(from.min(end));
        while from < stop {
            let bucket = (from - self.from_ms) / self.bucket_ms;
            let last = bucket >= self.buckets as u64 - 1;
            let until = if last {
                stop
            } else {
                (self.from_ms + (bucket + 1) * self.bucket_ms).min(stop)
            };
            let share = share_until(until);
            let index = usize::try_from(bucket)
                .unwrap_or(usize::MAX)
                .min(self.buckets - 1);
            values[index] = values[index].saturating_add(share - spent);
            (from, spent) = (until, share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_stretches_are_what_is_left_between_busy_seconds() {
        let stretches = |busy: &[u32], at_least_ms| -> Vec<(u64, u64)> {
            let found = between(busy, 60_500, at_least_ms);
            found
                .iter()
                .map(|stretch| (stretch.from_ms, stretch.to_ms))
                .collect()
        };
        assert_eq!(stretches(&[], 1), [(0, 60_500)]);
        assert_eq!(
            stretches(&[10, 11, 40], 10_000),
            [(0, 10_000), (12_000, 40_000), (41_000, 60_500)]
        );
        assert_eq!(stretches(&[10, 11, 40], 20_000), [(12_000, 40_000)]);
        assert_eq!(stretches(&[0, 59, 60], 5_000), [(1_000, 59_000)]);
    }

    #[test]
    fn a_second_is_spread_over_its_buckets() {
        // Bucket and session in milliseconds, second, count; what each bucket gets.
        let cases: [(u64, u64, u32, u64, &[u64]); 10] = [
            (1_000, 3_000, 1, 7, &[0, 7, 0]),
            (2_000, 6_000, 3, 7, &[0, 7, 0]),
            (500, 2_000, 1, 7, &[0, 0, 4, 3]),
            (1_500, 3_000, 1, 10, &[5, 5]),
            (250, 1_000, 0, 1, &[0, 1, 0, 0]), // a single key, in the middle
            (100, 300, 0, 9, &[3, 3, 3]),      // the session ends within the second
            (1_000, 3_000, 3, 5, &[0, 0, 5]),  // at the very end
            (1_000, 3_000, 400, 5, &[0, 0, 5]), // after the end
            (1, 0, 0, 5, &[5, 0]),             // a session without length
            (400, 1_100, 1, u64::MAX, &[0, 0, u64::MAX]),
        ];
        for (bucket_ms, duration_ms, second, count, want) in cases {
            let mut values = vec![0; want.len()];
            Grid {
                bucket_ms,
                from_ms: 0,
                to_ms: None,
                duration_ms,
                buckets: want.len(),
            }
            .spread(second, count, &mut values);
            assert_eq!(
                values, want,
                "{bucket_ms} ms, {duration_ms} ms, second {second}, {count}"
            );
        }
        // From 1.5 s to 3.5 s: of the seconds at the edges a half each.
        let grid = Grid {
            bucket_ms: 1_000,
            from_ms: 1_500,
            to_ms: Some(3_500),
            duration_ms: 9_000,
            buckets: 2,
        };
        let mut values = [0; 2];
        for second in 0..9 {
            grid.spread(second, 10, &mut values);
        }
        assert_eq!(values, [10, 10]);
    }
}
