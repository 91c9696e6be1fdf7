//! Finding the frames.

use super::ebml::{self, NoHeader};
use super::group::Frame;

/// Headers, track descriptions and the like are at most this large.
const WHOLE_BYTES_MAX: u64 = 1 << 20;
/// A frame of video is at most this large: what a cluster of ours can hold.
const FRAME_BYTES_MAX: u64 = (1 << 28) - 16;
/// What is believed of a codec's own header.
const CODEC_PRIVATE_BYTES_MAX: usize = 64 << 10;

/// The video track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The codec as Matroska names it: `V_VP8`, `V_VP9`, `V_AV1`, `V_MPEG4/ISO/AVC`, …
    pub codec_id: String,
    /// What the codec has to know before the first frame.
    pub codec_private: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Why no more frames can be found. Those that were found before are good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// It does not begin like WebM.
    #[error("no WebM: expected an EBML header at byte {at}")]
    NotWebm {
        /// Where.
        at: u64,
    },
    /// Something stands where no such thing can stand.
    #[error("damaged at byte {at}: {what}")]
    Damaged {
        /// Where.
        at: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The file has no video, or none that is described.
    #[error("there is no video track")]
    NoVideo,
}

/// Finds the frames of the first video track in a WebM file whose bytes come in pieces of any size.
///
/// Give it bytes with [`Scanner::push`]; between two calls, [`Scanner::skippable`] bytes need not be given
/// but may be passed over with [`Scanner::skip`], so that a file on disk is scanned without reading its frames.
#[derive(Debug, Default)]
pub struct Scanner {
    /// Where the first byte of `held` stands.
    at: u64,
    /// Bytes that are not understood yet: less than a header, or an element that is read whole.
    held: Vec<u8>,
    /// Bytes that are of no interest.
    skip: u64,
    begun: bool,
    segment_end: Option<u64>,
    cluster: Option<Cluster>,
    block_group: Option<BlockGroup>,
    scale_ns: Option<u64>,
    date_us: Option<i64>,
    track: Option<(u64, Track)>,
    failed: Option<ScanError>,
    frames: Vec<Frame>,
}

#[derive(Debug)]
struct Cluster {
    end: Option<u64>,
    timestamp: u64,
}

#[derive(Debug)]
struct BlockGroup {
    end: u64,
    frame: Option<Frame>,
}

/// What a step of the scan came to.
enum Step {
    Went,
    NeedsMore,
}

impl Scanner {
    /// A scanner at the beginning of a file.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes, and hands out the frames that are whole now through [`Scanner::frames`].
    ///
    /// # Errors
    /// When they are not WebM. It stays that way.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ScanError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let skipped = usize::try_from(self.skip)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        self.skip(skipped as u64);
        let mut rest = &bytes[skipped..];
        while !rest.is_empty() || !self.held.is_empty() {
            // Small pieces at a time: what follows a header is mostly frames, which are passed over.
            let wanted = self.wanted().saturating_sub(self.held.len()).max(1);
            let taken = wanted.min(rest.len());
            self.held.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            match self.understand() {
                Ok(()) => {}
                Err(error) => {
                    self.failed = Some(error.clone());
                    return Err(error);
                }
            }
            let skipped = usize::try_from(self.skip)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            self.skip(skipped as u64);
            rest = &rest[skipped..];
            if rest.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// How many of the next bytes are of no interest.
    pub fn skippable(&self) -> u64 {
        self.skip
    }

    /// Passes over bytes that need not be seen; no more than [`Scanner::skippable`].
    pub fn skip(&mut self, bytes: u64) {
        let bytes = bytes.min(self.skip);
        self.skip -= bytes;
        self.at += bytes;
    }

    /// The frames that were found since the last call.
    pub fn frames(&mut self) -> std::vec::Drain<'_, Frame> {
        // A frame is given when its last byte has come.
        let whole = match (self.frames.last(), self.skip) {
            (Some(last), skip) if skip > 0 && last.end() > self.at => self.frames.len() - 1,
            _ => self.frames.len(),
        };
        self.frames.drain(..whole)
    }

    /// The video track, once its description has come.
    pub fn track(&self) -> Option<&Track> {
        self.track.as_ref().map(|(_, track)| track)
    }

    /// When the file says it was made, in microseconds since 1970, once that has come.
    pub fn date_us(&self) -> Option<i64> {
        self.date_us
    }

    /// Whether something was found that cannot stand where it stood: there will be no more frames.
    pub fn is_damaged(&self) -> bool {
        self.failed.is_some()
    }

    /// Ends the scan: what is missing, if the bytes end in the middle of something.
    pub fn finish(&self) -> Option<ScanError> {
        if let Some(error) = &self.failed {
            return Some(error.clone());
        }
        if !self.begun {
            return Some(ScanError::NotWebm { at: 0 });
        }
        if self.skip > 0 || !self.held.is_empty() {
            let at = self.at + self.held.len() as u64;
            return Some(ScanError::Damaged {
                at,
                what: "the file ends within an element",
            });
        }
        self.track.is_none().then_some(ScanError::NoVideo)
    }

    /// How many bytes have to be held for the next step.
    fn wanted(&self) -> usize {
        match ebml::read_header(&self.held) {
            Ok(header) if is_read_whole(header.id) => {
                header.length + header.size.unwrap_or(0).min(WHOLE_BYTES_MAX) as usize
            }
            // The number of the track, the time and the flags stand before a frame.
            Ok(header) if matches!(header.id, ebml::SIMPLE_BLOCK | ebml::BLOCK) => {
                header.length + 11
            }
            _ => ebml::HEADER_BYTES_MAX,
        }
    }

    fn understand(&mut self) -> Result<(), ScanError> {
        while self.skip == 0 && !self.held.is_empty() {
            match self.step()? {
                Step::Went => {}
                Step::NeedsMore => break,
            }
        }
        Ok(())
    }

    /// Understands the element at the beginning of what is held.
    fn step(&mut self) -> Result<Step, ScanError> {
        self.close_what_ended();
        let at = self.at;
        let damaged = |what| ScanError::Damaged { at, what };
        let header = match ebml::read_header(&self.held) {
            Ok(header) => header,
            Err(NoHeader::NeedsMore) => return Ok(Step::NeedsMore),
            Err(NoHeader::Invalid) if !self.begun => {
                return Err(ScanError::NotWebm { at: self.at });
            }
            Err(NoHeader::Invalid) => return Err(damaged("no element begins here")),
        };
        if !self.begun && header.id != ebml::EBML {
            return Err(ScanError::NotWebm { at: self.at });
        }
        if is_read_whole(header.id) {
            return self.read_whole(header);
        }
        match header.id {
            ebml::SEGMENT => {
                self.segment_end = header.size.map(|size| self.end_of(header, size));
                self.cluster = None;
                self.take(header.length, 0);
            }
            ebml::CLUSTER => {
                let end = header.size.map(|size| self.end_of(header, size));
                self.cluster = Some(Cluster { end, timestamp: 0 });
                self.block_group = None;
                self.take(header.length, 0);
            }
            ebml::BLOCK_GROUP if self.cluster.is_some() => {
                let size = header
                    .size
                    .ok_or_else(|| damaged("a group of blocks without a size"))?;
                let end = self.end_of(header, size);
                self.block_group = Some(BlockGroup { end, frame: None });
                self.take(header.length, 0);
            }
            ebml::SIMPLE_BLOCK | ebml::BLOCK if self.cluster.is_some() => {
                return self.block(header);
            }
            ebml::REFERENCE_BLOCK => {
                if let Some(BlockGroup {
                    frame: Some(frame), ..
                }) = &mut self.block_group
                {
                    frame.key = false;
                }
                self.pass(header)?;
            }
            ebml::SEEK_HEAD | ebml::CUES | ebml::TAGS | ebml::CHAPTERS | ebml::ATTACHMENTS => {
                self.cluster = None;
                self.pass(header)?;
            }
            _ => self.pass(header)?,
        }
        Ok(Step::Went)
    }

    /// Passes over an element that is of no interest.
    fn pass(&mut self, header: ebml::Header) -> Result<(), ScanError> {
        let what = "an element without a size that is none of a cluster or a segment";
        let size = header
            .size
            .ok_or(ScanError::Damaged { at: self.at, what })?;
        let end = self.end_of(header, size);
        let within = [
            self.block_group.as_ref().map(|group| group.end),
            self.cluster.as_ref().and_then(|cluster| cluster.end),
            self.segment_end,
        ];
        if within.into_iter().flatten().any(|outer| end > outer) {
            let what = "an element reaches over the end of what it stands in";
            return Err(ScanError::Damaged { at: self.at, what });
        }
        self.take(header.length, size);
        Ok(())
    }

    fn end_of(&self, header: ebml::Header, size: u64) -> u64 {
        self.at
            .saturating_add(header.length as u64)
            .saturating_add(size)
    }

    /// Lets go of `held` bytes of what is held, and of `skipped` that follow them.
    fn take(&mut self, held: usize, skipped: u64) {
        let more = usize::try_from(skipped).unwrap_or(usize::MAX);
        let more = more.min(self.held.len() - held);
        self.held.drain(..held + more);
        self.at += (held + more) as u64;
        self.skip = skipped - more as u64;
    }

    fn close_what_ended(&mut self) {
        if self
            .block_group
            .as_ref()
            .is_some_and(|group| self.at >= group.end)
        {
            let frame = self.block_group.take().and_then(|group| group.frame);
            self.frames.extend(frame);
        }
        let ended = |end: Option<u64>| end.is_some_and(|end| self.at >= end);
        if self
            .cluster
            .as_ref()
            .is_some_and(|cluster| ended(cluster.end))
        {
            self.cluster = None;
        }
    }

    fn read_whole(&mut self, header: ebml::Header) -> Result<Step, ScanError> {
        let at = self.at;
        let damaged = |what| ScanError::Damaged { at, what };
        let size = header
            .size
            .ok_or_else(|| damaged("a header without a size"))?;
        if size > WHOLE_BYTES_MAX {
            return Err(damaged("a header of more than 1 MiB"));
        }
        let end = header.length + size as usize;
        let Some(content) = self.held.get(header.length..end) else {
            return Ok(Step::NeedsMore);
        };
        match header.id {
            ebml::EBML => {
                self.begun = true;
                self.segment_end = None;
                self.cluster = None;
            }
            ebml::INFO => {
                let scale = ebml::children(content).find(|(id, _)| *id == ebml::TIMESTAMP_SCALE);
                self.scale_ns = scale
                    .and_then(|(_, value)| ebml::unsigned(value))
                    .filter(|ns| *ns > 0);
                let date = ebml::children(content).find(|(id, _)| *id == ebml::DATE_UTC);
                self.date_us = date.and_then(|(_, value)| date_us(value));
            }
            ebml::TRACKS => {
                self.track = ebml::children(content)
                    .filter(|(id, _)| *id == ebml::TRACK_ENTRY)
                    .find_map(|(_, entry)| video_track(entry));
            }
            _ => {
                let time = ebml::unsigned(content)
                    .ok_or_else(|| damaged("a time of more than 8 bytes"))?;
                if let Some(cluster) = &mut self.cluster {
                    cluster.timestamp = time;
                }
            }
        }
        self.take(end, 0);
        Ok(Step::Went)
    }

    fn block(&mut self, header: ebml::Header) -> Result<Step, ScanError> {
        let at = self.at;
        let damaged = |what| ScanError::Damaged { at, what };
        let size = header
            .size
            .ok_or_else(|| damaged("a block without a size"))?;
        if size > FRAME_BYTES_MAX {
            return Err(damaged("a frame of more than 256 MiB"));
        }
        let end = self.end_of(header, size);
        let beginning = &self.held[header.length..];
        let beginning = &beginning[..beginning
            .len()
            .min(usize::try_from(size).unwrap_or(usize::MAX))];
        let known = ebml::read_vint(beginning)
            .and_then(|(track, length)| Some((track, length, beginning.get(length..length + 3)?)));
        let Some((track, length, fields)) = known else {
            if (beginning.len() as u64) < size {
                return Ok(Step::NeedsMore);
            }
            return Err(damaged("a block without a time"));
        };
        let relative = i64::from(i16::from_be_bytes([fields[0], fields[1]]));
        let cluster = self.cluster.as_ref().map_or(0, |cluster| cluster.timestamp);
        let time = cluster.saturating_add_signed(relative);
        let scale_ns = u128::from(self.scale_ns.unwrap_or(1_000_000));
        let time_us = u64::try_from(u128::from(time) * scale_ns / 1_000).unwrap_or(u64::MAX);
        let start = self.at + (header.length + length + 3) as u64;
        let frame = Frame {
            time_us,
            start,
            // A block is under 256 MiB.
            bytes: u32::try_from(end - start).unwrap_or(u32::MAX),
            // In a group of blocks a reference to another frame follows, where there is one.
            key: header.id == ebml::BLOCK || fields[2] & 0x80 != 0,
        };
        let laced = fields[2] & 0x06 != 0;
        if self
            .track
            .as_ref()
            .is_some_and(|(number, _)| *number == track)
            && !laced
        {
            match &mut self.block_group {
                Some(group) if header.id == ebml::BLOCK => group.frame = Some(frame),
                _ => self.frames.push(frame),
            }
        }
        self.pass(header)?;
        Ok(Step::Went)
    }
}

fn is_read_whole(id: u32) -> bool {
    matches!(id, ebml::EBML | ebml::INFO | ebml::TRACKS | ebml::TIMESTAMP)
}

/// A date is 8 bytes: nanoseconds since the beginning of 2001, before it when negative.
fn date_us(value: &[u8]) -> Option<i64> {
    const FROM_1970_TO_2001_US: i64 = 978_307_200_000_000;
    let ns = i64::from_be_bytes(value.try_into().ok()?);
    Some(FROM_1970_TO_2001_US + ns.div_euclid(1_000))
}

fn video_track(entry: &[u8]) -> Option<(u64, Track)> {
    const TYPE_VIDEO: u64 = 1;
    let field = |wanted| {
        ebml::children(entry)
            .find(|(id, _)| *id == wanted)
            .map(|(_, value)| value)
    };
    (ebml::unsigned(field(ebml::TRACK_TYPE)?)? == TYPE_VIDEO).then_some(())?;
    let video = field(ebml::VIDEO).unwrap_or_default();
    let size = |wanted| {
        let value = ebml::children(video).find(|(id, _)| *id == wanted)?.1;
        u32::try_from(ebml::unsigned(value)?).ok()
    };
    let codec_private = field(ebml::CODEC_PRIVATE).unwrap_or_default();
    let track = Track {
        codec_id: String::from_utf8_lossy(field(ebml::CODEC_ID)?)
            .trim_end_matches('\0')
            .to_owned(),
        codec_private: codec_private
            .get(..CODEC_PRIVATE_BYTES_MAX)
            .unwrap_or(codec_private)
            .to_owned(),
        width: size(ebml::PIXEL_WIDTH).unwrap_or(0),
        height: size(ebml::PIXEL_HEIGHT).unwrap_or(0),
    };
    Some((ebml::unsigned(field(ebml::TRACK_NUMBER)?)?, track))
}
