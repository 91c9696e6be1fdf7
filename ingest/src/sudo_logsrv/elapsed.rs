//! The client's time since the start of a command.
//!
//! To the nanosecond, as sudo counts it: a client waits until the commit point that it is told is
//! equal to what it has sent.

use retrace_core::Timestamp;

use super::ProtocolError;
use super::messages::TimeSpec;

const NANOS_PER_SECOND: u64 = 1_000_000_000;
/// A hundred years: longer than any command runs.
const SECONDS_MAX: u64 = 100 * 366 * 86_400;

/// Time since the start, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Elapsed(u64);

impl Elapsed {
    /// Of whole seconds and the nanoseconds beyond them.
    pub fn of_parts(seconds: u64, nanos: u32) -> Option<Self> {
        let valid = seconds <= SECONDS_MAX && u64::from(nanos) < NANOS_PER_SECOND;
        valid.then(|| Self(seconds * NANOS_PER_SECOND + u64::from(nanos)))
    }

    /// Whole seconds, and the nanoseconds beyond them.
    pub fn parts(self) -> (u64, u32) {
        let nanos = u32::try_from(self.0 % NANOS_PER_SECOND).unwrap_or(0);
        (self.0 / NANOS_PER_SECOND, nanos)
    }

    /// A span as a client sends it in `message`.
    ///
    /// # Errors
    /// When it is missing, negative or endless.
    pub fn of(message: &'static str, span: Option<TimeSpec>) -> Result<Self, ProtocolError> {
        let TimeSpec { tv_sec, tv_nsec } = present(message, span)?;
        let parts = (u64::try_from(tv_sec), u32::try_from(tv_nsec));
        let (Ok(seconds), Ok(nanos)) = parts else {
            return Err(not_a_span(message, tv_sec, tv_nsec));
        };
        Self::of_parts(seconds, nanos).ok_or_else(|| not_a_span(message, tv_sec, tv_nsec))
    }

    /// Later by a span.
    ///
    /// # Errors
    /// When that is a hundred years after the start.
    pub fn later(self, by: Self, message: &'static str) -> Result<Self, ProtocolError> {
        let sum = self.0.saturating_add(by.0);
        if sum <= SECONDS_MAX * NANOS_PER_SECOND {
            return Ok(Self(sum));
        }
        let (seconds, nanos) = by.parts();
        Err(not_a_span(message, seconds, nanos))
    }

    /// In whole microseconds.
    pub fn micros(self) -> i64 {
        i64::try_from(self.0 / 1_000).unwrap_or(i64::MAX)
    }

    /// As the protocol writes it.
    pub fn to_time_spec(self) -> TimeSpec {
        let (seconds, nanos) = self.parts();
        TimeSpec {
            tv_sec: i64::try_from(seconds).unwrap_or(i64::MAX),
            tv_nsec: i32::try_from(nanos).unwrap_or(0),
        }
    }
}

/// A time of the client's wall clock, as it sends it in `message`.
///
/// # Errors
/// When it is missing, or in no year that a time can be written for.
pub fn wall_time(
    message: &'static str,
    time: Option<TimeSpec>,
) -> Result<Timestamp, ProtocolError> {
    let TimeSpec { tv_sec, tv_nsec } = present(message, time)?;
    let micros = tv_sec
        .checked_mul(1_000_000)
        .filter(|_| (0..1_000_000_000).contains(&tv_nsec))
        .and_then(|micros| micros.checked_add(i64::from(tv_nsec / 1_000)));
    let time = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
    time.ok_or_else(|| ProtocolError::BadMember {
        message,
        found: format!("the time {tv_sec} s {tv_nsec} ns"),
        expected: "one in the years 0 to 9999",
    })
}

fn present(message: &'static str, time: Option<TimeSpec>) -> Result<TimeSpec, ProtocolError> {
    time.ok_or_else(|| ProtocolError::BadMember {
        message,
        found: "no time".to_owned(),
        expected: "a time",
    })
}

fn not_a_span(
    message: &'static str,
    seconds: impl std::fmt::Display,
    nanos: impl std::fmt::Display,
) -> ProtocolError {
    ProtocolError::BadMember {
        message,
        found: format!("the span {seconds} s {nanos} ns"),
        expected: "one that is not negative and ends within a hundred years",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_exact_and_none_is_negative_or_endless() {
        let span = |tv_sec, tv_nsec| Some(TimeSpec { tv_sec, tv_nsec });
        let cases = [
            (span(0, 0), true),
            (span(12, 999_999_999), true),
            (span(SECONDS_MAX as i64, 0), true),
            (span(-1, 0), false),
            (span(0, -1), false),
            (span(0, 1_000_000_000), false),
            (span(i64::MAX, 0), false),
            (span(SECONDS_MAX as i64 + 1, 0), false),
            (None, false),
        ];
        for (span, valid) in cases {
            let elapsed = Elapsed::of("IoBuffer", span);
            assert_eq!(elapsed.is_ok(), valid, "{span:?}");
            if let Ok(elapsed) = elapsed {
                assert_eq!(Some(elapsed.to_time_spec()), span);
            }
        }
        let most = Elapsed::of("IoBuffer", span(SECONDS_MAX as i64, 0)).unwrap();
        let one = Elapsed::of_parts(0, 1).unwrap();
        assert!(most.later(one, "IoBuffer").is_err());
        assert_eq!(one.later(one, "IoBuffer").unwrap().parts(), (0, 2));
    }

    #[test]
    fn times_of_the_wall_clock_are_kept_to_the_microsecond() {
        let time = |tv_sec, tv_nsec| wall_time("AcceptMessage", Some(TimeSpec { tv_sec, tv_nsec }));
        let known = time(1_795_214_328, 463_220_083).unwrap();
        assert_eq!(known.to_string(), "2026-11-20T22:38:48.463220Z");
        assert!(time(i64::MAX, 0).is_err());
        assert!(time(0, -5).is_err());
        assert!(wall_time("AcceptMessage", None).is_err());
    }
}
