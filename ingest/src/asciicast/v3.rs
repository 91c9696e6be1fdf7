//! asciicast v3: a header line with the terminal under `term`, entries whose times are intervals
//! since the entry before, and comment lines that begin with `#`.
//! <https://docs.asciinema.org/manual/asciicast/v3/>

use serde_json::Value;

use super::decimal::MAX_US;
use super::error::Problem;
use super::header::{Fields, side};

/// Columns and rows.
pub(crate) fn size(header: &Fields) -> Result<(u32, u32), Problem> {
    let term = header.get("term").and_then(Value::as_object);
    let field = |name| term.and_then(|term| term.get(name));
    Ok((
        side(field("cols"), "`term.cols`")?,
        side(field("rows"), "`term.rows`")?,
    ))
}

/// When an entry happened, from its interval and the time of the entry before it. Entries of
/// unknown codes count.
pub(crate) fn offset(previous_us: u64, interval_us: u64) -> Result<u64, Problem> {
    match previous_us.checked_add(interval_us) {
        Some(offset) if offset <= MAX_US => Ok(offset),
        _ => {
            let found = "more than ten years after the start";
            Err(Problem::unexpected(
                "the time",
                found,
                "less than ten years in all",
            ))
        }
    }
}

/// The text of a comment line, without the sign that begins it.
pub(crate) fn comment(line: &[u8]) -> Option<String> {
    let text = line.strip_prefix(b"#")?;
    Some(String::from_utf8_lossy(text).into_owned())
}
