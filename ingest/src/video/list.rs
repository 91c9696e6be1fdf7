//! A list of segments, as FFmpeg's `segment` writes it with `-segment_list_type csv`: name, start and end in
//! seconds, one segment a line.

use crate::import::{FormatError, Input};

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) start_us: u64,
    pub(super) end_us: u64,
}

/// A day of segments of a tenth of a second.
const LINES_MAX: usize = 1_000_000;
const LINE_BYTES_MAX: usize = 4_096;
/// Ten years.
const SECONDS_MAX: f64 = 315_576_000.0;

/// A line of a list; `None` when it is none.
pub(super) fn line(line: &str) -> Option<Listed> {
    let (rest, end) = line.trim_end().rsplit_once(',')?;
    let (name, start) = rest.rsplit_once(',')?;
    let us = |seconds: &str| {
        let seconds: f64 = seconds.trim().parse().ok()?;
        // Within ten years, so it fits.
        (0.0..=SECONDS_MAX)
            .contains(&seconds)
            .then(|| (seconds * 1e6).round() as u64)
    };
    let name = match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_owned(),
    };
    let name = name.rsplit('/').next()?.to_owned();
    let (start_us, end_us) = (us(start)?, us(end)?);
    (!name.is_empty() && end_us >= start_us).then_some(Listed {
        name,
        start_us,
        end_us,
    })
}

/// Reads a list to its end; answers what it lists, its first lines as they are, and what is wrong.
pub(super) fn read(
    input: &mut Input,
    header_bytes: usize,
) -> Result<(Vec<Listed>, String, Option<String>), FormatError> {
    let (mut listed, mut header, mut problem) = (Vec::new(), String::new(), None);
    let mut bytes = Vec::new();
    while listed.len() < LINES_MAX && input.read_line(&mut bytes, LINE_BYTES_MAX)? {
        let text = String::from_utf8_lossy(&bytes);
        if header.len() + text.len() < header_bytes {
            header.push_str(&text);
            header.push('\n');
        }
        if text.trim().is_empty() {
            continue;
        }
        match line(&text) {
            Some(segment) => listed.push(segment),
            None if problem.is_none() => {
                problem = Some(format!(
                    "line {}: expected a name, a start and an end in seconds",
                    input.line()
                ));
            }
            None => {}
        }
    }
    input.read_to_end()?;
    Ok((listed, header, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_two_times() {
        let cases = [
            (
                "000.webm,0.000000,1.000000",
                Some(("000.webm", 0, 1_000_000)),
            ),
            (
                "\"a,\"\"b\"\".webm\",1.5,2\r",
                Some(("a,\"b\".webm", 1_500_000, 2_000_000)),
            ),
            ("out/7.webm,0,0.1", Some(("7.webm", 0, 100_000))),
            ("7.webm,2,1", None),
            ("7.webm,-1,1", None),
            ("7.webm,NaN,1e99", None),
            ("7.webm,1", None),
            (",1,2", None),
        ];
        for (text, want) in cases {
            let got = line(text);
            let got = got.as_ref().map(|l| (&*l.name, l.start_us, l.end_us));
            assert_eq!(got, want, "{text}");
        }
    }
}
