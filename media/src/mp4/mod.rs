//! MP4 and QuickTime without decoding: what the video track of a file is, how many frames it has and when.
//!
//! Source: ISO/IEC 14496-12 (the ISO base media file format). A file is a row of boxes; those that describe
//! it (`moov`, and `moof` in a fragmented file) are read whole, the pictures are passed over. What a
//! description says of its own size is believed only as far as its bytes are there: memory grows with the file,
//! up to [`DESCRIPTION_BYTES_MAX`], and no number in it is counted up to.

mod boxes;
mod describe;
#[cfg(test)]
mod tests;

use boxes::{FourCc, Header};
use describe::{Fragment, Movie};

/// A description (`moov` or `moof`) is at most this large: about a day of video.
pub const DESCRIPTION_BYTES_MAX: u64 = 64 << 20;

/// The video track of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The codec as the file names it: `avc1`, `hvc1`, `vp09`, `av01`, …
    pub codec: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// What is known of a file's video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub track: Track,
    /// How many frames there are.
    pub frames: u64,
    /// When the first is decoded, in microseconds of the file's clock.
    pub first_us: u64,
    /// When the last is decoded, in microseconds of the file's clock.
    pub last_us: u64,
    /// Until when the last is shown, in microseconds of the file's clock.
    pub end_us: u64,
    /// When the file says it was made, in seconds since 1970.
    pub created_s: Option<i64>,
}

/// Why no more can be known of a file. What was found before holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// It does not begin like such a file.
    #[error("no MP4: expected a box at byte 0")]
    NotMp4,
    /// Something stands where no such thing can stand, or the file is cut off.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// Where.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The description never came: it is written last by recorders that were not stopped.
    #[error(
        "it has no description of its tracks (`moov`): the recorder was stopped before it wrote one"
    )]
    NoDescription,
    /// No track is video.
    #[error("there is no video track")]
    NoVideo,
}

/// Whether a file that begins like this is MP4 or QuickTime: an `ftyp` box, and not of what pictures and
/// sounds are kept in that are made of the same boxes.
pub fn looks_like(beginning: &[u8]) -> bool {
    const OTHERS: [&[u8]; 9] = [
        b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1", b"M4A ", b"M4B ", b"jp2 ",
    ];
    let brand = beginning.get(8..12).unwrap_or_default();
    beginning.get(4..8) == Some(b"ftyp") && !OTHERS.contains(&brand)
}

/// Reads a file whose bytes come in pieces of any size.
///
/// Give it bytes with [`Scanner::push`]; between two calls, [`Scanner::skippable`] bytes need not be given but
/// may be passed over with [`Scanner::skip`].
#[derive(Debug, Default)]
pub struct Scanner {
    /// Where the first byte of `held` stands.
    at: u64,
    /// Less than a header, or a description that is read whole.
    held: Vec<u8>,
    /// Bytes that are of no interest.
    skip: u64,
    /// A box without a size goes on to the end of the file.
    to_the_end: bool,
    begun: bool,
    movie: Option<Movie>,
    fragments: Fragment,
    failed: Option<ScanError>,
}

impl Scanner {
    /// A scanner at the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When they are no boxes. It stays that way.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), ScanError> {
        while !bytes.is_empty() {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            let skipped = self.skip.min(bytes.len() as u64);
            self.skip(skipped);
            // No more than there are bytes.
            bytes = &bytes[skipped as usize..];
            let wanted = self.wanted().saturating_sub(self.held.len() as u64).max(1);
            let taken = wanted.min(bytes.len() as u64) as usize;
            self.held.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if let Err(error) = self.step() {
                self.failed = Some(error);
            }
        }
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// How many of the next bytes are of no interest.
    pub fn skippable(&self) -> u64 {
        self.skip
    }

    /// Passes over bytes that need not be seen; no more than [`Scanner::skippable`].
    pub fn skip(&mut self, bytes: u64) {
        let bytes = bytes.min(self.skip);
        if !self.to_the_end {
            self.skip -= bytes;
        }
        self.at = self.at.saturating_add(bytes);
    }

    /// When the file says it was made, in seconds since 1970, once that has come.
    pub fn created_s(&self) -> Option<i64> {
        self.movie.as_ref()?.created_s
    }

    /// The video track, once its description has come.
    pub fn track(&self) -> Option<&Track> {
        Some(&self.movie.as_ref()?.video.as_ref()?.track)
    }

    /// Ends the scan: what is known, and what is wrong if the file is damaged or cut off.
    ///
    /// # Errors
    /// When nothing is known of any video.
    pub fn finish(&self) -> Result<(Facts, Option<ScanError>), ScanError> {
        let damage = self.failed.clone().or_else(|| {
            let cut = (self.skip > 0 && !self.to_the_end) || !self.held.is_empty();
            cut.then_some(ScanError::Damaged {
                at: self.at.saturating_add(self.held.len() as u64),
                what: "the file ends within a box",
            })
        });
        let Some(movie) = &self.movie else {
            let nothing = if self.begun {
                ScanError::NoDescription
            } else {
                ScanError::NotMp4
            };
            return Err(damage.filter(|_| self.begun).unwrap_or(nothing));
        };
        let video = movie.video.as_ref().ok_or(ScanError::NoVideo)?;
        let samples = video.samples.and(self.fragments);
        let us = |units: u64| {
            let us = u128::from(units) * 1_000_000 / u128::from(video.timescale);
            u64::try_from(us).unwrap_or(u64::MAX)
        };
        let facts = Facts {
            track: video.track.clone(),
            // A frame has at least a byte.
            frames: samples.frames.min(self.at),
            first_us: us(samples.first.unwrap_or(0)),
            last_us: us(samples.last.max(samples.first.unwrap_or(0))),
            end_us: us(samples.end.max(samples.first.unwrap_or(0))),
            created_s: movie.created_s,
        };
        Ok((facts, damage))
    }

    /// How many bytes have to be held for the next step.
    fn wanted(&self) -> u64 {
        match Header::read(&self.held) {
            Some(header) if is_read_whole(header.kind) => header
                .size
                .map_or(u64::MAX, |size| header.length.saturating_add(size)),
            _ => Header::BYTES_MAX,
        }
        .min(DESCRIPTION_BYTES_MAX)
    }

    /// Understands the boxes at the beginning of what is held.
    fn step(&mut self) -> Result<(), ScanError> {
        while let Some(header) = Header::read(&self.held) {
            let damaged = |what| ScanError::Damaged { at: self.at, what };
            if !header.kind.is_ascii_graphic_or_space() || header.is_too_small {
                return Err(if self.begun {
                    damaged("no box begins here")
                } else {
                    ScanError::NotMp4
                });
            }
            self.begun = true;
            if !is_read_whole(header.kind) {
                self.pass(&header);
                continue;
            }
            let size = header
                .size
                .ok_or_else(|| damaged("a description without a size"))?;
            if size > DESCRIPTION_BYTES_MAX {
                return Err(damaged("a description of more than 64 MiB"));
            }
            let (from, to) = (header.length as usize, (header.length + size) as usize);
            let Some(content) = self.held.get(from..to) else {
                return Ok(());
            };
            match (header.kind.as_bytes(), &self.movie) {
                (b"moov", None) => self.movie = Some(Movie::read(content)),
                (b"moof", Some(movie)) => {
                    if let Some(video) = &movie.video {
                        self.fragments.add(content, video);
                    }
                }
                _ => {}
            }
            self.held.drain(..to);
            self.at = self.at.saturating_add(to as u64);
        }
        Ok(())
    }

    /// Passes over a box that is of no interest.
    fn pass(&mut self, header: &Header) {
        self.to_the_end = header.size.is_none();
        let whole = header
            .size
            .map_or(u64::MAX, |size| header.length.saturating_add(size));
        let held = whole.min(self.held.len() as u64);
        self.held.drain(..held as usize);
        self.at = self.at.saturating_add(held);
        self.skip = if self.to_the_end {
            u64::MAX
        } else {
            whole - held
        };
    }
}

fn is_read_whole(kind: FourCc) -> bool {
    matches!(kind.as_bytes(), b"moov" | b"moof")
}
