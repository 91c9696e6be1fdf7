//! Reading what is to be sent.

use std::fs;
use std::ops::Range;
use std::path::Path;

use retrace_core::StreamVersion;
use retrace_core::blob::BlobDigest;

use super::files::InFile;
use super::line::Line;
use super::stream::parts;
use super::{SpoolError, files};

/// Events of one stream that are sent together: lines of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The version of the first event.
    pub first: StreamVersion,
    /// How many events there are; at least one.
    pub events: u64,
    /// Their lines.
    pub lines: Vec<u8>,
}

impl Batch {
    /// The version that comes after the batch.
    pub fn next(&self) -> StreamVersion {
        self.first.plus(self.events)
    }

    /// The blobs that its events name: the values of members `blob`.
    pub fn blobs(&self) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Names {
            blob: Option<String>,
        }
        let mut blobs = Vec::new();
        for line in self.lines.split(|&b| b == b'\n') {
            // Most lines are of a terminal, and name none: they are not taken apart.
            if memchr::memmem::find(line, b"\"blob\":").is_none() {
                continue;
            }
            let names = Line::parse(line)
                .ok()
                .and_then(|line| serde_json::from_str::<Names>(line.data.get()).ok());
            blobs.extend(
                names
                    .and_then(|names| names.blob)
                    .filter(|b| BlobDigest::parse(b).is_some()),
            );
        }
        blobs
    }
}

/// The events of a stream in `[from, until)`, as many of them as stand in one part and do not go
/// over `events` and `bytes`, but one in any case. `None` when there are none.
pub(super) fn read(
    folder: &Path,
    from: StreamVersion,
    until: StreamVersion,
    events: u64,
    bytes: u64,
) -> Result<Option<Batch>, SpoolError> {
    if from >= until {
        return Ok(None);
    }
    let parts = parts(folder)?;
    let Some(index) = parts.iter().rposition(|(first, _)| *first <= from) else {
        return Err(SpoolError::Damaged {
            path: folder.to_path_buf(),
            reason: format!("no part holds version {from}"),
        });
    };
    let (first, path) = &parts[index];
    // What a failed write may have left at the end of a part does not count.
    let until = parts.get(index + 1).map_or(until, |next| until.min(next.0));
    let content = fs::read(path).in_file(path)?;
    let mut ends = memchr::memchr_iter(b'\n', &content).map(|end| end + 1);
    let skipped = (from.0 - first.0) as usize;
    let start = match skipped {
        0 => 0,
        _ => ends.nth(skipped - 1).unwrap_or(content.len()),
    };
    let mut range: Range<usize> = start..start;
    let mut count = 0;
    for end in ends.take(usize::try_from(until.0 - from.0).unwrap_or(usize::MAX)) {
        let over = count >= events || (end - start) as u64 > bytes;
        if over && count > 0 {
            break;
        }
        range.end = end;
        count += 1;
    }
    if count == 0 {
        return Err(SpoolError::Damaged {
            path: path.clone(),
            reason: format!("it ends before version {from}"),
        });
    }
    Ok(Some(Batch {
        first: from,
        events: count,
        lines: content[range].to_vec(),
    }))
}

/// Deletes the parts whose events all lie below `committed`, and answers their size. The last part
/// is kept, because it may still be written to.
pub(super) fn drop_parts(folder: &Path, committed: StreamVersion) -> Result<u64, SpoolError> {
    let parts = parts(folder)?;
    let mut dropped = 0;
    for (part, next) in parts.iter().zip(parts.iter().skip(1)) {
        if next.0 > committed {
            break;
        }
        dropped += fs::metadata(&part.1).map_or(0, |metadata| metadata.len());
        files::remove_if_there(&part.1)?;
    }
    Ok(dropped)
}
