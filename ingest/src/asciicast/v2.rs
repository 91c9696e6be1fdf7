//! asciicast v2: a header line with `width` and `height`, then entries with absolute times.
//! <https://docs.asciinema.org/manual/asciicast/v2/>

use super::error::Problem;
use super::header::{Fields, side};

/// Columns and rows.
pub(crate) fn size(header: &Fields) -> Result<(u32, u32), Problem> {
    Ok((
        side(header.get("width"), "`width`")?,
        side(header.get("height"), "`height`")?,
    ))
}

/// When an entry happened, from the time that it names and that of the entry before it.
pub(crate) fn offset(previous_us: u64, time_us: u64) -> Result<u64, Problem> {
    if time_us < previous_us {
        let found = format!("{} s, before the entry above it", seconds(time_us));
        let expected = "times that never go backwards";
        return Err(Problem::unexpected("the time", found, expected));
    }
    Ok(time_us)
}

fn seconds(us: u64) -> String {
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}
