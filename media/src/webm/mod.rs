//! WebM (Matroska, RFC 9559) without decoding anything: where the frames stand, and one playable file over the
//! frames of many pieces.
//!
//! | part | what it promises |
//! |---|---|
//! | [`Scanner`] | finds every whole frame of the video track in bytes that come piece by piece, in memory that does not grow with them; what is damaged or cut off ends the scan and is named, what came before is kept |
//! | [`Grouper`] | gathers frames into [`Group`]s that become one cluster each |
//! | [`Layout`] | a WebM file with duration, cues in front and gaps kept as gaps, laid out over frames that stay where they are: any byte range of it is a list of small headers and of ranges of the originals |
//!
//! So a recording of any length is joined without copying or re-encoding a byte of it, also while it is
//! still being made.

mod ebml;
mod group;
mod layout;
mod scan;
#[cfg(test)]
mod tests;

pub use group::{Frame, Group, Grouper, UnpackError};
pub use layout::{GroupSize, Layout, Piece};
pub use scan::{ScanError, Scanner, Track};

/// Whether a file that begins like this is WebM or Matroska: an EBML header whose type is one of them.
pub fn looks_like(beginning: &[u8]) -> bool {
    let Ok(header) = ebml::read_header(beginning) else {
        return false;
    };
    let size = header.size.unwrap_or(0).min(1 << 10) as usize;
    let end = beginning.len().min(header.length + size);
    let content = beginning.get(header.length..end).unwrap_or_default();
    header.id == ebml::EBML
        && ebml::children(content).any(|(id, value)| {
            let name = value.split(|byte| *byte == 0).next();
            id == ebml::DOC_TYPE && matches!(name, Some(b"webm" | b"matroska"))
        })
}
