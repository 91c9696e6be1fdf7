//! Times in the names of pictures.

use std::collections::BTreeMap;

use retrace_core::Timestamp;

/// Pictures further apart than a week are no recording.
const SPAN_US_MAX: i64 = 7 * 24 * 3_600 * 1_000_000;

/// What the names of a folder's pictures have in common, and the time in each, in its order. At least two.
pub(super) fn timed(names: &[String], endings: &[&str]) -> Vec<Vec<(Timestamp, String)>> {
    let mut runs: BTreeMap<&str, Vec<(Timestamp, String)>> = BTreeMap::new();
    for name in names {
        let Some((stem, ending)) = name.rsplit_once('.') else {
            continue;
        };
        if endings.contains(&&*ending.to_ascii_lowercase())
            && let Some((prefix, at)) = time_at_end(stem)
        {
            runs.entry(prefix).or_default().push((at, name.clone()));
        }
    }
    let is_run = |files: &Vec<(Timestamp, String)>| {
        let span_us = files[files.len() - 1].0.micros_since(files[0].0);
        files.len() >= 2 && span_us > 0 && span_us <= SPAN_US_MAX
    };
    let mut runs: Vec<_> = runs.into_values().collect();
    runs.iter_mut().for_each(|files| files.sort());
    runs.retain(is_run);
    runs
}

/// The time that the name of a picture ends with, and what stands before it.
pub(super) fn time_at_end(stem: &str) -> Option<(&str, Timestamp)> {
    let starts = stem.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && !stem[..*at].ends_with(|before: char| before.is_ascii_digit())
    });
    starts
        .filter_map(|(at, _)| {
            Some((
                &stem[..at],
                calendar(&stem[at..]).or_else(|| epoch(&stem[at..]))?,
            ))
        })
        .next()
}

/// Seconds, milliseconds or microseconds since 1970, from 2001 to 2096.
fn epoch(digits: &str) -> Option<Timestamp> {
    let number: i64 = digits.parse().ok().filter(|_| !digits.starts_with('+'))?;
    let us = match digits.len() {
        10 => number.checked_mul(1_000_000)?,
        13 => number.checked_mul(1_000)?,
        16 => number,
        _ => return None,
    };
    let known = 1_000_000_000_000_000..4_000_000_000_000_000;
    known
        .contains(&us)
        .then(|| Timestamp::from_micros(us).ok())?
}

/// `2026-11-21T08-00-00`, `20261121_080000.123`, `2026-11-21 at 08.00.00`: a date, a time, and
/// perhaps fractions of a second.
fn calendar(text: &str) -> Option<Timestamp> {
    let mut rest = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let mut field = |digits: usize, separators: &[&str]| {
        let field = rest.get(..digits)?;
        field
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(())?;
        rest = &rest[digits..];
        let separator = separators
            .iter()
            .find(|separator| rest.starts_with(**separator));
        rest = &rest[separator.map_or(0, |separator| separator.len())..];
        Some(field)
    };
    let of_date = ["-", "_", "."];
    let between = [" at ", "--", " - ", "T", "t", "_", "-", " "];
    let of_time = ["-", "_", ".", ":", "h", "m"];
    let (year, month) = (field(4, &of_date)?, field(2, &of_date)?);
    let day = field(2, &between)?;
    let (hour, minute, second) = (
        field(2, &of_time)?,
        field(2, &of_time)?,
        field(2, &[".", ",", "-", "_"])?,
    );
    let fraction = if rest.is_empty() { "0" } else { rest };
    let is_fraction = fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    is_fraction.then_some(())?;
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}.{fraction:0<6}Z")
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_what_a_name_ends_with() {
        let eight = "2026-11-21T08:00:00.000000Z";
        let cases = [
            ("2026-11-21T08-00-00", "", eight),
            ("2026-11-21T08-00-00Z", "", eight),
            ("screen 2026-11-21 08:00:00", "screen ", eight),
            ("Screenshot 2026-11-21 at 08.00.00", "Screenshot ", eight),
            ("shot_20261121_080000", "shot_", eight),
            ("20261121080000", "", eight),
            (
                "a-2026-11-21_08-00-00-250",
                "a-",
                "2026-11-21T08:00:00.250000Z",
            ),
            (
                "screenshot-1763712000123",
                "screenshot-",
                "2025-11-21T08:00:00.123000Z",
            ),
            ("1763712000", "", "2025-11-21T08:00:00.000000Z"),
            ("1763712000123456", "", "2025-11-21T08:00:00.123456Z"),
        ];
        for (stem, prefix, want) in cases {
            let (before, at) = time_at_end(stem).unwrap_or_else(|| panic!("{stem}"));
            assert_eq!((before, at.to_string().as_str()), (prefix, want), "{stem}");
        }
        for stem in [
            "0001",
            "2026-13-21T08-00-00",
            "2026-11-21",
            "12345678901",
            "8888888888",
            "é",
            "2026-11-21T08-00-00 copy",
        ] {
            assert_eq!(time_at_end(stem), None, "{stem}");
        }
    }
}
