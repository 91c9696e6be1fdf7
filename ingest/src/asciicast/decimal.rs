//! Seconds as decimal text to whole microseconds, exactly: no floating point in between.

use super::error::Problem;

/// The longest time that is believed: ten years of 365.25 days, in microseconds.
pub(crate) const MAX_US: u64 = 315_576_000_000_000;

/// Reads a JSON number of seconds, rounded half up to the microsecond.
///
/// # Errors
/// When it is no number, negative, or above [`MAX_US`].
pub(crate) fn seconds_to_us(text: &[u8]) -> Result<u64, Problem> {
    const EXPECTED: &str = "seconds from 0 up to ten years";
    match to_us(text) {
        Some(us) if us <= MAX_US => Ok(us),
        _ => Err(Problem::unexpected("the time", text, EXPECTED)),
    }
}

/// Reads a JSON number of seconds that is not negative, as microseconds below 10^18.
pub(crate) fn to_us(text: &[u8]) -> Option<u64> {
    let (negative, text) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let exponent_at = text.iter().position(|b| matches!(b, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        None => (text, 0),
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
    };
    let mut digits = Vec::with_capacity(mantissa.len());
    let mut decimals = None;
    for &byte in mantissa {
        match byte {
            b'0'..=b'9' => {
                digits.push(byte);
                decimals = decimals.map(|count: i64| count + 1);
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return None,
        }
    }
    let leading_zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    let significant = &digits[leading_zeros..];
    if significant.is_empty() {
        return (!digits.is_empty()).then_some(0);
    }
    if negative {
        return None;
    }
    let shift = exponent - decimals.unwrap_or(0) + 6;
    let whole_digits = significant.len() as i64 + shift;
    if whole_digits > 18 {
        return None;
    }
    let Ok(whole_digits) = usize::try_from(whole_digits) else {
        return Some(0);
    };
    let kept = significant
        .iter()
        .chain(std::iter::repeat(&b'0'))
        .take(whole_digits);
    let whole = kept.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let round_up = significant
        .get(whole_digits)
        .is_some_and(|&digit| digit >= b'5');
    Some(whole + u64::from(round_up))
}

/// An exponent, cut at ±2^40: more than a line has digits, so the outcome is the same beyond.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text.split_first()? {
        (b'-', rest) => (-1, rest),
        (b'+', rest) => (1, rest),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    const CUT: i64 = 1 << 40;
    let size = digits.iter().fold(0_i64, |sum, digit| {
        (sum * 10 + i64::from(digit - b'0')).min(CUT)
    });
    Some(sign * size)
}

/// Reads a plain decimal number at the start of `text`: digits, and perhaps a point and digits.
/// Answers the microseconds and the length of the number. `None` for all that needs a closer look
/// (a sign, an exponent, more than nine digits before the point), not only for errors.
pub(crate) fn scan_plain(text: &[u8]) -> Option<(u64, usize)> {
    let digit = |at: usize| {
        text.get(at)
            .map(|b| b.wrapping_sub(b'0'))
            .filter(|&d| d < 10)
    };
    let mut at = 0;
    let mut seconds = 0_u64;
    while let Some(d) = digit(at) {
        seconds = seconds * 10 + u64::from(d);
        at += 1;
        if at > 9 {
            return None;
        }
    }
    // JSON has no empty number and no leading zeros.
    if at == 0 || (at > 1 && text[0] == b'0') {
        return None;
    }
    let mut us = seconds * 1_000_000;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let first = at;
        let mut unit = 100_000;
        while let Some(d) = digit(at) {
            match at - first {
                0..=5 => {
                    us += u64::from(d) * unit;
                    unit /= 10;
                }
                6 => us += u64::from(d >= 5),
                _ => {}
            }
            at += 1;
        }
        if at == first {
            return None;
        }
    }
    match text.get(at) {
        Some(b'e' | b'E') => None,
        _ => (us <= MAX_US).then_some((us, at)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn seconds_become_microseconds_exactly() {
        let cases = [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("-0.0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("1", Some(1_000_000)),
            ("0.000001", Some(1)),
            ("0.0000005", Some(1)),
            ("0.00000049999", Some(0)),
            ("110.580254", Some(110_580_254)),
            ("1.9999999", Some(2_000_000)),
            ("3e-05", Some(30)),
            ("1.5E+2", Some(150_000_000)),
            ("0.00001e5", Some(1_000_000)),
            ("1e-99999999999999999999", Some(0)),
            ("315576000", Some(MAX_US)),
            ("315576000.000001", None),
            ("1e400", None),
            ("99999999999999999999999999", None),
            ("-0.000001", None),
            ("-4.419754", None),
            ("\"1\"", None),
            ("null", None),
            ("", None),
            ("-", None),
        ];
        for (text, want) in cases {
            assert_eq!(seconds_to_us(text.as_bytes()).ok(), want, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_exact_one(text in "[0-9]{1,10}(\\.[0-9]{0,9})?[ ,eE]?") {
            if let Some((us, length)) = scan_plain(text.as_bytes()) {
                prop_assert_eq!(seconds_to_us(&text.as_bytes()[..length]).ok(), Some(us));
                prop_assert!(serde_json::from_str::<f64>(&text[..length]).is_ok());
            }
        }
    }
}
