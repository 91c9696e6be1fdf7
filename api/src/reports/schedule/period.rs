//! Days, weeks, months and quarters of a time zone.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use retrace_core::Timestamp;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday (ISO 8601).
    Week,
    /// A month of the calendar.
    Month,
    /// Three months: from January, April, July or October on.
    Quarter,
}

/// A word for no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no period, expected day, week, month or quarter")]
pub struct UnknownPeriod(String);

impl Every {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    /// The period that a day is in. None at the ends of the calendar (years -9999 and 9999).
    #[must_use]
    pub fn period_of(self, day: Date) -> Option<Period> {
        let month = day.first_of_month();
        let (first, length) = match self {
            Self::Day => (day, 1.day()),
            Self::Week => {
                let since_monday = i64::from(day.weekday().to_monday_zero_offset());
                (day.checked_sub(since_monday.days()).ok()?, 1.week())
            }
            Self::Month => (month, 1.month()),
            Self::Quarter => {
                let into = i64::from((month.month() - 1) % 3);
                (month.checked_sub(into.months()).ok()?, 3.months())
            }
        };
        let after = first.checked_add(length).ok()?;
        Some(Period { first, after })
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Every {
    type Err = UnknownPeriod;

    fn from_str(name: &str) -> Result<Self, UnknownPeriod> {
        let named = Self::ALL.into_iter().find(|every| every.name() == name);
        named.ok_or_else(|| UnknownPeriod(name.chars().take(40).collect()))
    }
}

/// A period: whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub first: Date,
    /// The day after its last.
    pub after: Date,
}

impl Period {
    /// When it begins and ends in a time zone: days begin when its clocks first show them. None at the ends of the calendar.
    #[must_use]
    pub fn times(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        Some((time(self.first, 0, zone)?, time(self.after, 0, zone)?))
    }

    /// When a report about it is run: at an hour of the day after it.
    #[must_use]
    pub fn due(&self, hour: u8, zone: &TimeZone) -> Option<Timestamp> {
        time(self.after, hour, zone)
    }
}

/// A full hour of a day; one that the clocks leave out is the one after, one that they show twice is the first.
fn time(day: Date, hour: u8, zone: &TimeZone) -> Option<Timestamp> {
    let at = day.at(i8::try_from(hour).ok()?, 0, 0, 0);
    let at = at.to_zoned(zone.clone()).ok()?;
    Timestamp::from_micros(at.timestamp().as_microsecond()).ok()
}

/// The day that it is somewhere.
pub(super) fn day_of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_is_in_one_period_of_each_length() {
        let cases = [
            (Every::Day, date(2024, 2, 28), (2024, 2, 28), (2024, 2, 29)),
            (
                Every::Week,
                date(2026, 11, 22),
                (2026, 11, 16),
                (2026, 11, 23),
            ),
            (
                Every::Week,
                date(2026, 11, 23),
                (2026, 11, 23),
                (2026, 11, 30),
            ),
            (
                Every::Month,
                date(2026, 12, 31),
                (2026, 12, 1),
                (2027, 1, 1),
            ),
            (Every::Quarter, date(2026, 2, 1), (2026, 1, 1), (2026, 4, 1)),
            (
                Every::Quarter,
                date(2026, 12, 31),
                (2026, 10, 1),
                (2027, 1, 1),
            ),
        ];
        for (every, day, first, after) in cases {
            let period = every.period_of(day).unwrap();
            let date = |(year, month, day)| date(year, month, day);
            assert_eq!((period.first, period.after), (date(first), date(after)));
            // The next one begins where this one ends, and the last day is still in it.
            assert_eq!(every.period_of(period.after).unwrap().first, period.after);
            let last = period.after.yesterday().unwrap();
            assert_eq!(every.period_of(last), Some(period));
        }
        assert_eq!(Every::Quarter.period_of(Date::MAX), None);
        assert_eq!(
            Every::Week.period_of(Date::MIN).map(|period| period.first),
            Some(Date::MIN)
        );
    }

    #[test]
    fn days_begin_where_the_clocks_of_the_zone_say() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let month = Every::Month.period_of(date(2026, 10, 25)).unwrap();
        let (from, to) = month.times(&berlin).unwrap();
        assert_eq!(from.to_string(), "2026-09-30T22:00:00.000000Z");
        assert_eq!(to.to_string(), "2026-10-31T23:00:00.000000Z");
        // The clocks leave out 02:00 on the 29th of March, and show it twice on the 25th of October.
        let due = |day, hour| {
            let period = Every::Day.period_of(day).unwrap();
            period.due(hour, &berlin).unwrap().to_string()
        };
        assert_eq!(due(date(2026, 3, 28), 2), "2026-03-29T01:00:00.000000Z");
        assert_eq!(due(date(2026, 10, 24), 2), "2026-10-25T00:00:00.000000Z");
        // There was no 30th of December 2011 in Samoa.
        let samoa = TimeZone::get("Pacific/Apia").unwrap();
        let lost = Every::Day.period_of(date(2011, 12, 30)).unwrap();
        let (from, to) = lost.times(&samoa).unwrap();
        assert!(from <= to);
    }
}
