//! Times, numbers and how long things took, as people write them.
//!
//! | written | is |
//! |---|---|
//! | `2026`, `2026-03`, `2026-03-01` | a year, a month, a day |
//! | `2026-03-01T08:15`, with seconds, with `Z` or `+02:00` | a minute, a second, a point in time |
//! | `today`, `yesterday`, `now` | by the clock of the question |
//! | `-7d`; `s`, `m`, `h`, `d`, `w` | so long ago |
//! | `A..B`, `A..`, `..B` | from the beginning of A to the end of B |
//! | `>A`, `>=A`, `<A`, `<=A` | after its end, from its beginning on, before its beginning, up to its end |

use std::ops::Range;

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use retrace_core::Timestamp;

use super::syntax::{NumberField, NumberRange};
use crate::QueryError;

/// What `today` means to a question.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

impl Clock {
    /// The server's clock, in this zone: a name such as `Europe/Berlin`, or an offset such as `+02:00`. UTC when none is given.
    pub(crate) fn in_zone(name: Option<&str>) -> Result<Self, QueryError> {
        let zone = match name {
            None => Some(TimeZone::UTC),
            Some(name) => offset(name).or_else(|| TimeZone::get(name).ok()),
        };
        let invalid = || QueryError::InvalidArgument {
            field: "timeZone",
            found: format!("{:?}", name.unwrap_or_default()),
            expected: "the name of a time zone such as Europe/Berlin, or an offset such as +02:00"
                .to_owned(),
        };
        Ok(Self {
            now: Timestamp::now(),
            zone: zone.ok_or_else(invalid)?,
        })
    }

    /// The day on which a point in time is.
    pub(crate) fn date(&self, micros: i64) -> Option<Date> {
        let at = jiff::Timestamp::from_microsecond(micros).ok()?;
        Some(Zoned::new(at, self.zone.clone()).date())
    }

    /// The beginning of a day, in microseconds after 1970.
    pub(crate) fn day_start(&self, date: Date) -> Option<i64> {
        let start = date.to_zoned(self.zone.clone()).ok()?;
        Some(start.timestamp().as_microsecond())
    }
}

fn offset(name: &str) -> Option<TimeZone> {
    let (sign, rest) = match name.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..=14).contains(&hours) || !(0..=59).contains(&minutes) {
        return None;
    }
    let seconds = sign * (hours * 3_600 + minutes * 60);
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}

/// Reads a value of a field; what may stand there when it is none.
pub(crate) fn number_range(
    field: NumberField,
    text: &str,
    clock: &Clock,
) -> Result<NumberRange, String> {
    let expected = match field {
        NumberField::At | NumberField::Started => {
            "a time or a range such as 2026-03-01, 2026-03-01..2026-03-08, >=2026-03-01T08:00, today or -7d.."
        }
        NumberField::Exit => "a number or a range such as 0, >0 or 1..125",
        NumberField::Duration => "a length of time such as >10m, <500ms or 1s..10s",
    };
    let unit = |text: &str| match field {
        NumberField::At | NumberField::Started => time(text, clock),
        NumberField::Exit => {
            let number: i64 = text.parse().ok().filter(|_| text.len() <= 12)?;
            Some(number..number + 1)
        }
        NumberField::Duration => length(text).map(|(us, _)| us..us.saturating_add(1)),
    };
    let (first, last) = (i64::MIN, i64::MAX);
    let range = || {
        if let Some((from, to)) = text.split_once("..") {
            if from.is_empty() && to.is_empty() {
                return None;
            }
            let first = if from.is_empty() {
                first
            } else {
                unit(from)?.start
            };
            let last = if to.is_empty() {
                last
            } else {
                unit(to)?.end - 1
            };
            return (first <= last).then_some(NumberRange { first, last });
        }
        if let Some(text) = text.strip_prefix(">=") {
            let first = unit(text)?.start;
            return Some(NumberRange { first, last });
        }
        if let Some(text) = text.strip_prefix("<=") {
            let last = unit(text)?.end - 1;
            return Some(NumberRange { first, last });
        }
        if let Some(text) = text.strip_prefix('>') {
            let first = unit(text)?.end;
            return Some(NumberRange { first, last });
        }
        if let Some(text) = text.strip_prefix('<') {
            let last = unit(text)?.start.checked_sub(1)?;
            return Some(NumberRange { first, last });
        }
        let of = match field {
            // `10m` alone is ten minutes and some seconds.
            NumberField::Duration => length(text).map(|(us, unit)| us..us.saturating_add(unit))?,
            _ => unit(text)?,
        };
        Some(NumberRange {
            first: of.start,
            last: of.end - 1,
        })
    };
    range().ok_or_else(|| expected.to_owned())
}

/// From the beginning of what is named up to its end, in microseconds after 1970.
fn time(text: &str, clock: &Clock) -> Option<Range<i64>> {
    let now = clock.now.micros();
    let day = |date: Date| {
        let next = date.tomorrow().ok()?;
        Some(clock.day_start(date)?..clock.day_start(next)?)
    };
    match text {
        "now" => return Some(now..now + 1),
        "today" => return day(clock.date(now)?),
        "yesterday" => return day(clock.date(now)?.yesterday().ok()?),
        _ => {}
    }
    if let Some(ago) = text.strip_prefix('-') {
        let (us, _) = length(ago).filter(|_| !ago.ends_with(|last: char| last.is_ascii_digit()))?;
        let at = now.checked_sub(us)?;
        return Some(at..at + 1);
    }
    if !text.is_ascii() || text.len() > 40 {
        return None;
    }
    match text.len() {
        4 => {
            let year: i16 = text.parse().ok()?;
            let (this, next) = (Date::new(year, 1, 1).ok()?, Date::new(year + 1, 1, 1).ok()?);
            return Some(clock.day_start(this)?..clock.day_start(next)?);
        }
        7 => {
            let first: Date = format!("{text}-01").parse().ok()?;
            let next = first.last_of_month().tomorrow().ok()?;
            return Some(clock.day_start(first)?..clock.day_start(next)?);
        }
        10 => return day(text.parse().ok()?),
        _ => {}
    }
    let (_, of_day) = text.split_once(['T', 't'])?;
    let clock_text = of_day.split(['Z', 'z', '+', '-']).next()?;
    let width = match (clock_text.contains('.'), clock_text.matches(':').count()) {
        (true, _) => 1,
        (false, 2) => 1_000_000,
        (false, 1) => 60_000_000,
        _ => return None,
    };
    let at = if clock_text.len() < of_day.len() {
        let at: jiff::Timestamp = text.parse().ok()?;
        at.as_microsecond()
    } else {
        let at: DateTime = text.parse().ok()?;
        at.to_zoned(clock.zone.clone())
            .ok()?
            .timestamp()
            .as_microsecond()
    };
    Some(at..at + width)
}

/// A length of time in microseconds, and the smallest unit that it is given in. Without a unit it is seconds.
fn length(text: &str) -> Option<(i64, i64)> {
    const UNITS: [(&str, i64); 7] = [
        ("us", 1),
        ("ms", 1_000),
        ("s", 1_000_000),
        ("m", 60_000_000),
        ("h", 3_600_000_000),
        ("d", 86_400_000_000),
        ("w", 604_800_000_000),
    ];
    if text.is_empty() || text.len() > 20 || !text.is_ascii() {
        return None;
    }
    let (mut rest, mut sum, mut smallest) = (text, 0_i64, i64::MAX);
    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|char: char| char.is_ascii_digit())
                .len();
        let number: i64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.len()
            - rest
                .trim_start_matches(|char: char| char.is_ascii_alphabetic())
                .len();
        let unit = match &rest[..letters] {
            "" => 1_000_000,
            name => UNITS.iter().find(|(unit, _)| *unit == name)?.1,
        };
        rest = &rest[letters..];
        sum = sum.checked_add(number.checked_mul(unit)?)?;
        smallest = smallest.min(unit);
    }
    Some((sum, smallest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(zone: &str) -> Clock {
        Clock {
            now: "2026-03-10T09:30:00Z".parse().unwrap(),
            ..Clock::in_zone(Some(zone)).unwrap()
        }
    }

    #[test]
    fn times_are_what_people_mean() {
        let cases = [
            (
                "2026-03-01",
                "2026-03-01T00:00:00Z",
                "2026-03-01T23:59:59.999999Z",
            ),
            (
                "2026-03",
                "2026-03-01T00:00:00Z",
                "2026-03-31T23:59:59.999999Z",
            ),
            (
                "2026",
                "2026-01-01T00:00:00Z",
                "2026-12-31T23:59:59.999999Z",
            ),
            (
                "2026-03-01..2026-03-08",
                "2026-03-01T00:00:00Z",
                "2026-03-08T23:59:59.999999Z",
            ),
            (
                "2026-03-01T08:15",
                "2026-03-01T08:15:00Z",
                "2026-03-01T08:15:59.999999Z",
            ),
            (
                "2026-03-01T08:15:30Z",
                "2026-03-01T08:15:30Z",
                "2026-03-01T08:15:30.999999Z",
            ),
            (
                "2026-03-01T08:15+02:00",
                "2026-03-01T06:15:00Z",
                "2026-03-01T06:15:59.999999Z",
            ),
            (
                "today",
                "2026-03-10T00:00:00Z",
                "2026-03-10T23:59:59.999999Z",
            ),
            (
                "yesterday..now",
                "2026-03-09T00:00:00Z",
                "2026-03-10T09:30:00Z",
            ),
            ("-7d..-1d", "2026-03-03T09:30:00Z", "2026-03-09T09:30:00Z"),
            (
                "-90m..2026-03-10",
                "2026-03-10T08:00:00Z",
                "2026-03-10T23:59:59.999999Z",
            ),
        ];
        let at = |text: &str| text.parse::<Timestamp>().unwrap().micros();
        for (text, first, last) in cases {
            let range = number_range(NumberField::At, text, &clock("UTC"));
            let want = NumberRange {
                first: at(first),
                last: at(last),
            };
            assert_eq!(range, Ok(want), "{text}");
        }
        let berlin =
            number_range(NumberField::At, ">=2026-03-29", &clock("Europe/Berlin")).unwrap();
        assert_eq!(
            (berlin.first, berlin.last),
            (at("2026-03-28T23:00:00Z"), i64::MAX)
        );
        // The day on which clocks go forward has 23 hours.
        let short = number_range(NumberField::At, "2026-03-29", &clock("Europe/Berlin")).unwrap();
        assert_eq!(short.last, at("2026-03-29T21:59:59.999999Z"));
        let fixed = number_range(NumberField::At, "<2026-03-01", &clock("+05:30")).unwrap();
        assert_eq!(fixed.last, at("2026-02-28T18:29:59.999999Z"));
    }

    #[test]
    fn numbers_and_lengths_are_ranges() {
        let cases = [
            (NumberField::Exit, "0", 0, 0),
            (NumberField::Exit, ">0", 1, i64::MAX),
            (NumberField::Exit, "<=-1", i64::MIN, -1),
            (NumberField::Exit, "1..125", 1, 125),
            (NumberField::Duration, ">10m", 600_000_001, i64::MAX),
            (NumberField::Duration, ">=1h30m", 5_400_000_000, i64::MAX),
            (NumberField::Duration, "500ms..2", 500_000, 2_000_000),
            (NumberField::Duration, "10m", 600_000_000, 659_999_999),
        ];
        for (field, text, first, last) in cases {
            let want = NumberRange { first, last };
            assert_eq!(number_range(field, text, &clock("UTC")), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for text in [
            "",
            "..",
            "x",
            "2026-13",
            "2026-02-30",
            "2026-3-1",
            "-7",
            "-7x",
            "2026-03-08..2026-03-01",
            "99999",
            "2026-03-01T",
            "2026-03-01T8",
            ">",
            "-99999999999999d..",
            "٢٠٢٦",
        ] {
            assert!(
                number_range(NumberField::At, text, &clock("UTC")).is_err(),
                "{text}"
            );
        }
        for zone in [
            "Mars/Olympus",
            "",
            "+2",
            "+15:00",
            "../../etc/passwd",
            "CEST ",
        ] {
            assert!(
                matches!(
                    Clock::in_zone(Some(zone)),
                    Err(QueryError::InvalidArgument {
                        field: "timeZone",
                        ..
                    })
                ),
                "{zone}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_or_refused(text in "[-0-9.:TZdmsw<>=+]{0,24}|\\PC{0,12}") {
            for field in [NumberField::At, NumberField::Exit, NumberField::Duration] {
                if let Ok(range) = number_range(field, &text, &clock("Europe/Berlin")) {
                    prop_assert!(range.first <= range.last, "{:?}", range);
                }
            }
        }
    }
}
