//! A WebM file that is laid out, but nowhere written.

use std::ops::Range;

use super::Track;
use super::ebml::{self, write_element, write_id, write_size_4, write_size_8, write_unsigned};
use super::group::{Frame, Group};

/// Id, size and time of a cluster.
const CLUSTER_HEADER: u64 = 4 + 8 + 10;
/// Id and size of a block, and what stands before its data: track, time, flags.
const BLOCK_HEADER: u64 = 1 + 4 + 4;
/// A cue: its time, its track and the place of its cluster.
const CUE: u64 = 1 + 8 + 10 + 1 + 8 + 10 + 10;
const TRACK_NUMBER: u8 = 1;

/// What has to be known of a group to lay out a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSize {
    /// When its first frame is shown, in milliseconds from the beginning of the file.
    pub time_ms: u64,
    /// How many frames it has.
    pub frames: u32,
    /// Size of their data in bytes.
    pub bytes: u64,
    /// Whether playing can begin with it.
    pub key: bool,
}

/// A part of a file: its own bytes, or a range of what was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Bytes of the file.
    Own(Vec<u8>),
    /// Bytes of the pieces that the group stands in.
    Captured {
        /// Which of the groups.
        group: usize,
        /// Where, in the bytes that the group's frames were found in.
        range: Range<u64>,
    },
}

/// Where everything stands in a WebM file over given groups. It needs some bytes for each group, and none
/// for frames.
#[derive(Debug, Clone)]
pub struct Layout {
    header: Vec<u8>,
    /// Where each cluster begins, and where the last one ends.
    clusters: Vec<u64>,
    times_ms: Vec<u64>,
}

impl Layout {
    /// Lays out a file of `duration_ms` over groups in the order of time.
    pub fn new(track: &Track, groups: &[GroupSize], duration_ms: u64) -> Self {
        let cue_count = groups.iter().filter(|group| group.key).count() as u64;
        let mut before = Vec::new();
        write_info(duration_ms, &mut before);
        write_track(track, &mut before);
        let cues = if cue_count == 0 {
            0
        } else {
            4 + 8 + cue_count * CUE
        };
        // Positions in cues count from the first byte of the segment's content.
        let mut place = before.len() as u64 + cues;
        let (mut places, mut times_ms) = (Vec::with_capacity(groups.len() + 1), Vec::new());
        for group in groups {
            places.push(place);
            times_ms.push(group.time_ms);
            place += CLUSTER_HEADER + u64::from(group.frames) * BLOCK_HEADER + group.bytes;
        }
        places.push(place);

        let mut header = Vec::new();
        write_ebml_header(&mut header);
        write_id(ebml::SEGMENT, &mut header);
        write_size_8(place, &mut header);
        let content_at = header.len() as u64;
        header.extend_from_slice(&before);
        if cue_count > 0 {
            write_id(ebml::CUES, &mut header);
            write_size_8(cue_count * CUE, &mut header);
            for (group, place) in groups.iter().zip(&places).filter(|(group, _)| group.key) {
                write_cue(group.time_ms, *place, &mut header);
            }
        }
        debug_assert_eq!(
            header.len() as u64 - content_at,
            places.first().copied().unwrap_or(place)
        );
        let clusters = places.into_iter().map(|place| place + content_at).collect();
        Self {
            header,
            clusters,
            times_ms,
        }
    }

    /// Size of the file in bytes.
    pub fn len(&self) -> u64 {
        self.clusters
            .last()
            .copied()
            .unwrap_or(self.header.len() as u64)
    }

    /// Whether there is nothing in it but a header.
    pub fn is_empty(&self) -> bool {
        self.times_ms.is_empty()
    }

    /// What the file has in a range of bytes, in order. `group(i)` is asked for the frames of the groups that
    /// the range touches; it must answer what the layout was made with.
    ///
    /// # Errors
    /// What `group` and `each` say.
    pub fn read<E>(
        &self,
        range: Range<u64>,
        mut group: impl FnMut(usize) -> Result<Group, E>,
        each: impl FnMut(Piece) -> Result<(), E>,
    ) -> Result<(), E> {
        let end = range.end.min(self.len());
        let first = self
            .clusters
            .partition_point(|at| *at <= range.start)
            .saturating_sub(1);
        let mut cutter = Cutter {
            wanted: range.start..end,
            at: 0,
            each,
        };
        cutter.own(&self.header)?;
        for index in first..self.times_ms.len() {
            let cluster = self.clusters[index]..self.clusters[index + 1];
            if cluster.start >= end {
                break;
            }
            cutter.at = cluster.start;
            let mut own = Vec::with_capacity(CLUSTER_HEADER as usize);
            write_id(ebml::CLUSTER, &mut own);
            write_size_8(cluster.end - cluster.start - 12, &mut own);
            write_unsigned(ebml::TIMESTAMP, self.times_ms[index], &mut own);
            let group = group(index)?;
            let first_ms = group.first_us() / 1_000;
            for frame in &group.frames {
                write_block_header(frame, first_ms, &mut own);
                cutter.own(&own)?;
                own.clear();
                cutter.captured(index, frame)?;
            }
            debug_assert_eq!(cutter.at, cluster.end, "the group is not what was laid out");
        }
        Ok(())
    }
}

/// Gives what comes, in the order of the file, as far as it is wanted.
struct Cutter<F> {
    wanted: Range<u64>,
    /// Where in the file what comes next stands.
    at: u64,
    each: F,
}

impl<E, F: FnMut(Piece) -> Result<(), E>> Cutter<F> {
    /// The part of the next `bytes` that is wanted, counted from their first.
    fn next(&mut self, bytes: u64) -> Option<Range<u64>> {
        let at = self.at;
        self.at += bytes;
        let start = self.wanted.start.clamp(at, self.at) - at;
        let end = self.wanted.end.clamp(at, self.at) - at;
        (start < end).then_some(start..end)
    }

    fn own(&mut self, bytes: &[u8]) -> Result<(), E> {
        match self.next(bytes.len() as u64) {
            // It is a part of `bytes`.
            Some(part) => (self.each)(Piece::Own(
                bytes[part.start as usize..part.end as usize].to_vec(),
            )),
            None => Ok(()),
        }
    }

    fn captured(&mut self, group: usize, frame: &Frame) -> Result<(), E> {
        match self.next(frame.bytes.into()) {
            Some(part) => {
                let range = frame.start + part.start..frame.start + part.end;
                (self.each)(Piece::Captured { group, range })
            }
            None => Ok(()),
        }
    }
}

fn write_block_header(frame: &Frame, cluster_ms: u64, out: &mut Vec<u8>) {
    let relative = (frame.time_us / 1_000).saturating_sub(cluster_ms);
    write_id(ebml::SIMPLE_BLOCK, out);
    write_size_4(frame.bytes.saturating_add(4), out);
    out.push(0x80 | TRACK_NUMBER);
    out.extend_from_slice(&i16::try_from(relative).unwrap_or(i16::MAX).to_be_bytes());
    out.push(if frame.key { 0x80 } else { 0 });
}

fn write_ebml_header(out: &mut Vec<u8>) {
    let mut content = Vec::new();
    write_unsigned(ebml::EBML_VERSION, 1, &mut content);
    write_unsigned(ebml::EBML_READ_VERSION, 1, &mut content);
    write_unsigned(ebml::EBML_MAX_ID_LENGTH, 4, &mut content);
    write_unsigned(ebml::EBML_MAX_SIZE_LENGTH, 8, &mut content);
    write_element(ebml::DOC_TYPE, b"webm", &mut content);
    write_unsigned(ebml::DOC_TYPE_VERSION, 4, &mut content);
    write_unsigned(ebml::DOC_TYPE_READ_VERSION, 2, &mut content);
    write_element(ebml::EBML, &content, out);
}

fn write_info(duration_ms: u64, out: &mut Vec<u8>) {
    let mut content = Vec::new();
    write_unsigned(ebml::TIMESTAMP_SCALE, 1_000_000, &mut content);
    // A number of milliseconds is small enough for a float to be exact.
    write_element(
        ebml::DURATION,
        &(duration_ms as f64).to_be_bytes(),
        &mut content,
    );
    write_element(ebml::MUXING_APP, b"retrace", &mut content);
    write_element(ebml::WRITING_APP, b"retrace", &mut content);
    write_element(ebml::INFO, &content, out);
}

fn write_track(track: &Track, out: &mut Vec<u8>) {
    const TYPE_VIDEO: u64 = 1;
    let mut video = Vec::new();
    write_unsigned(ebml::PIXEL_WIDTH, track.width.into(), &mut video);
    write_unsigned(ebml::PIXEL_HEIGHT, track.height.into(), &mut video);
    let mut entry = Vec::new();
    write_unsigned(ebml::TRACK_NUMBER, TRACK_NUMBER.into(), &mut entry);
    write_unsigned(ebml::TRACK_UID, TRACK_NUMBER.into(), &mut entry);
    write_unsigned(ebml::TRACK_TYPE, TYPE_VIDEO, &mut entry);
    write_unsigned(ebml::FLAG_LACING, 0, &mut entry);
    write_element(ebml::CODEC_ID, track.codec_id.as_bytes(), &mut entry);
    if !track.codec_private.is_empty() {
        write_element(ebml::CODEC_PRIVATE, &track.codec_private, &mut entry);
    }
    write_element(ebml::VIDEO, &video, &mut entry);
    let mut tracks = Vec::new();
    write_element(ebml::TRACK_ENTRY, &entry, &mut tracks);
    write_element(ebml::TRACKS, &tracks, out);
}

fn write_cue(time_ms: u64, place: u64, out: &mut Vec<u8>) {
    let mut positions = Vec::new();
    write_unsigned(ebml::CUE_TRACK, TRACK_NUMBER.into(), &mut positions);
    write_unsigned(ebml::CUE_CLUSTER_POSITION, place, &mut positions);
    let mut cue = Vec::new();
    write_unsigned(ebml::CUE_TIME, time_ms, &mut cue);
    write_element(ebml::CUE_TRACK_POSITIONS, &positions, &mut cue);
    write_element(ebml::CUE_POINT, &cue, out);
}
