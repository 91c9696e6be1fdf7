//! Bringing a session in order whose recorder is gone.

use std::fs;
use std::path::Path;

use retrace_core::event::EventType;
use retrace_core::{StreamVersion, Timestamp};

use super::SpoolError;
use super::files::{InFile, private_file};
use super::line::Line;
use super::stream::parts;

/// What was found when a session was taken up again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The recorder had not said that the session ended; it is said now.
    pub was_cut_off: bool,
    /// Bytes of events that were torn by a crash, and cut off.
    pub torn_bytes: u64,
}

/// A stream as it stands on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) next: StreamVersion,
    /// Time and type of the last event that is still here.
    pub(super) last: Option<(Timestamp, EventType)>,
    pub(super) torn_bytes: u64,
}

/// Cuts off what a crash has torn at the end of a stream, makes durable what is left, and answers
/// where the stream goes on.
///
/// A line counts when it is whole and an event. A crash of the machine can leave more behind than
/// half a line (blocks of zeros, pieces out of order), so everything from the first line that does
/// not count is cut off: what stands after it was never promised to be there.
pub(super) fn recover(folder: &Path, committed: StreamVersion) -> Result<Found, SpoolError> {
    let parts = parts(folder)?;
    let mut found = Found {
        next: committed,
        last: None,
        torn_bytes: 0,
    };
    // The part before it, too, when the last one turns out to hold nothing.
    for (index, (first, path)) in parts.iter().enumerate().rev() {
        let content = fs::read(path).in_file(path)?;
        let (whole, events, last) = whole_lines(&content);
        if index + 1 == parts.len() {
            found.next = first.plus(events);
            found.torn_bytes = (content.len() - whole) as u64;
            let file = private_file().open(path).in_file(path)?;
            file.set_len(whole as u64)
                .and_then(|()| file.sync_all())
                .in_file(path)?;
        }
        if last.is_some() {
            found.last = last;
            break;
        }
    }
    // A disk that lost even what was synced: up to the receipt nothing is missing all the same.
    found.next = found.next.max(committed);
    Ok(found)
}

/// How many bytes at the beginning are whole lines, how many, and what the last one is.
fn whole_lines(content: &[u8]) -> (usize, u64, Option<(Timestamp, EventType)>) {
    let (mut start, mut events, mut last) = (0, 0, None);
    for end in memchr::memchr_iter(b'\n', content) {
        let Ok(line) = Line::parse(&content[start..end]) else {
            break;
        };
        last = Some((line.at, line.kind));
        start = end + 1;
        events += 1;
    }
    (start, events, last)
}
