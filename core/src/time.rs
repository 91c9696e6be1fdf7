//! Points in time, to the microsecond, in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01 in UTC, shown as RFC 3339 with exactly six decimals:
/// `2026-11-21T09:30:00.000000Z`. Between the years 0 and 9999, so that its text always has 27
/// characters and sorts as the time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A time that cannot be shown as RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a time: expected RFC 3339 in the years 0 to 9999")]
pub struct InvalidTimestamp {
    found: String,
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_167_219_200_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// The server's clock, now.
    pub fn now() -> Self {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
        };
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The time `micros` after 1970, if it lies in the years 0 to 9999.
    ///
    /// # Errors
    /// When it lies outside of them.
    pub fn from_micros(micros: i64) -> Result<Self, InvalidTimestamp> {
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(InvalidTimestamp {
                found: format!("{micros} µs after 1970"),
            })
        }
    }

    /// Microseconds after 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The time `micros` later; stops at the ends of the range.
    #[must_use]
    pub fn saturating_add_micros(self, micros: i64) -> Self {
        Self(
            self.0
                .saturating_add(micros)
                .clamp(Self::MIN.0, Self::MAX.0),
        )
    }

    /// Microseconds from `earlier` to this; negative when `earlier` is later.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// How many characters the text of a time has.
    pub const TEXT_BYTES: usize = 27;

    /// The time, from exactly the text that [`Self::to_ascii`] writes; anything else is for
    /// [`str::parse`]. By hand: each event that is uploaded has one.
    pub fn from_ascii(text: &[u8]) -> Option<Self> {
        let text: &[u8; Self::TEXT_BYTES] = text.try_into().ok()?;
        let number = |place: std::ops::Range<usize>| {
            text[place].iter().try_fold(0, |number, digit| {
                let value = digit.wrapping_sub(b'0');
                (value < 10).then_some(number * 10 + i64::from(value))
            })
        };
        let marks = [
            (4, b'-'),
            (7, b'-'),
            (10, b'T'),
            (13, b':'),
            (16, b':'),
            (19, b'.'),
            (26, b'Z'),
        ];
        if marks.iter().any(|(place, mark)| text[*place] != *mark) {
            return None;
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let days = days_from_civil(year, month, day)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
        Some(Self(seconds * 1_000_000 + number(20..26)?))
    }

    /// The 27 characters of the time. Written by hand: each leaf has two of them.
    pub fn to_ascii(self) -> [u8; Self::TEXT_BYTES] {
        let days = self.0.div_euclid(MICROS_PER_DAY);
        let in_day = self.0.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_from_days(days);
        let (seconds, micros) = (in_day / 1_000_000, in_day % 1_000_000);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put_digits(&mut text[0..4], year);
        put_digits(&mut text[5..7], month);
        put_digits(&mut text[8..10], day);
        put_digits(&mut text[11..13], seconds / 3600);
        put_digits(&mut text[14..16], seconds / 60 % 60);
        put_digits(&mut text[17..19], seconds % 60);
        put_digits(&mut text[20..26], micros);
        text
    }
}

fn put_digits(place: &mut [u8], mut number: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The way back of [`civil_from_days`], by the same source. `None` for a day that there is not.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_shifted = (month + 9) % 12;
    let day_of_year = (153 * month_shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // The 31st of a month of 30 days would be the first of the next.
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Reads any RFC 3339 time (parts below a microsecond are cut off), or a date alone, which
    /// means its first moment in UTC.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        let invalid = || InvalidTimestamp {
            found: text.to_owned(),
        };
        let is_date = text.len() == 10;
        let parsed: jiff::Timestamp = if is_date {
            let date: Date = text.parse().map_err(|_| invalid())?;
            date.to_zoned(jiff::tz::TimeZone::UTC)
                .map_err(|_| invalid())?
                .timestamp()
        } else {
            text.parse().map_err(|_| invalid())?
        };
        Self::from_micros(parsed.as_microsecond()).map_err(|_| invalid())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.to_ascii()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_is_what_jiff_prints_and_reads_back_equal(
            micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros()
        ) {
            let time = Timestamp::from_micros(micros).unwrap();
            let theirs = jiff::Timestamp::from_microsecond(micros.min(253_402_207_199_999_999)).unwrap();
            if theirs.as_microsecond() == micros {
                prop_assert_eq!(time.to_string(), format!("{theirs:.6}"));
                prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
            }
            prop_assert_eq!(Timestamp::from_ascii(&time.to_ascii()), Some(time));
        }

        #[test]
        fn exact_text_is_read_as_any_text_is(
            year in 0..10_000, month in 0..15, day in 0..34, hour in 0..26, minute in 0..62,
            second in 0..60, micros in 0..1_000_000,
        ) {
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
            );
            prop_assert_eq!(Timestamp::from_ascii(text.as_bytes()), text.parse().ok(), "{}", text);
        }
    }

    #[test]
    fn text_that_is_not_a_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-21T09:30:00",
            "99999-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        assert_eq!(
            "2026-11-21".parse::<Timestamp>().unwrap().to_string(),
            "2026-11-21T00:00:00.000000Z"
        );
    }
}
