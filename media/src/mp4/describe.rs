//! What `moov` and `moof` say.

use super::Track;
use super::boxes::{Fields, child, children};

/// From 1904, which the format counts from, to 1970.
const EPOCH_S: i64 = 2_082_844_800;

/// The description of a file.
#[derive(Debug)]
pub(super) struct Movie {
    pub(super) video: Option<Video>,
    pub(super) created_s: Option<i64>,
}

/// The first track that is video.
#[derive(Debug)]
pub(super) struct Video {
    pub(super) id: u32,
    pub(super) track: Track,
    /// Units of time in a second; not 0.
    pub(super) timescale: u32,
    pub(super) samples: Samples,
    /// How long a frame of a fragment is shown where that does not say.
    default_duration: u32,
}

/// Frames, with times in units of the track.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Samples {
    pub(super) frames: u64,
    pub(super) first: Option<u64>,
    pub(super) last: u64,
    pub(super) end: u64,
}

impl Samples {
    /// Adds `count` frames that are shown `duration` each.
    fn push(&mut self, count: u64, duration: u64) {
        if count == 0 {
            return;
        }
        self.first.get_or_insert(self.end);
        self.frames = self.frames.saturating_add(count);
        self.last = self.end.saturating_add(duration.saturating_mul(count - 1));
        self.end = self.last.saturating_add(duration);
    }

    /// These, and those of the fragments.
    pub(super) fn and(self, Fragment { samples }: Fragment) -> Self {
        if samples.frames == 0 {
            return self;
        }
        Self {
            frames: self.frames.saturating_add(samples.frames),
            first: self.first.or(samples.first),
            last: samples.last.max(self.last),
            end: samples.end.max(self.end),
        }
    }
}

impl Movie {
    /// Reads the content of a `moov`. What is not there is not known.
    pub(super) fn read(content: &[u8]) -> Self {
        let tracks = children(content).filter(|(kind, _)| kind.as_bytes() == b"trak");
        Self {
            video: tracks
                .filter_map(|(_, track)| Video::read(track, content))
                .next(),
            created_s: child(content, b"mvhd").and_then(created_s),
        }
    }
}

fn created_s(mvhd: &[u8]) -> Option<i64> {
    let mut fields = Fields(mvhd);
    let (version, _) = fields.version_and_flags()?;
    let since_1904 = i64::try_from(fields.of_version(version)?).ok()?;
    // 0 stands for "not known", and what is before 1970 was no recording.
    let since_1970 = since_1904.checked_sub(EPOCH_S)?;
    (since_1970 > 0).then_some(since_1970)
}

impl Video {
    fn read(trak: &[u8], moov: &[u8]) -> Option<Self> {
        let media = child(trak, b"mdia")?;
        let handler = child(media, b"hdlr")?.get(8..12)?;
        (handler == b"vide").then_some(())?;
        let id = {
            let mut fields = Fields(child(trak, b"tkhd")?);
            let (version, _) = fields.version_and_flags()?;
            fields.skip(if version == 1 { 16 } else { 8 })?;
            fields.u32()?
        };
        let timescale = {
            let mut fields = Fields(child(media, b"mdhd")?);
            let (version, _) = fields.version_and_flags()?;
            fields.skip(if version == 1 { 16 } else { 8 })?;
            fields.u32()?.max(1)
        };
        let table = child(child(media, b"minf")?, b"stbl")?;
        Some(Self {
            id,
            track: track(child(table, b"stsd")?)?,
            timescale,
            samples: samples(table).unwrap_or_default(),
            default_duration: default_duration(moov, id).unwrap_or(0),
        })
    }
}

fn track(stsd: &[u8]) -> Option<Track> {
    let entries = stsd.get(8..)?;
    let (codec, entry) = children(entries).next()?;
    let mut fields = Fields(entry);
    fields.skip(24)?;
    Some(Track {
        codec: codec.to_text(),
        width: fields.u16()?.into(),
        height: fields.u16()?.into(),
    })
}

fn samples(table: &[u8]) -> Option<Samples> {
    let mut fields = Fields(child(table, b"stts")?);
    fields.version_and_flags()?;
    let entries = fields.u32()?;
    let mut samples = Samples::default();
    for _ in 0..entries {
        let (Some(count), Some(duration)) = (fields.u32(), fields.u32()) else {
            break;
        };
        samples.push(count.into(), duration.into());
    }
    Some(samples)
}

fn default_duration(moov: &[u8], id: u32) -> Option<u32> {
    let extends = child(moov, b"mvex")?;
    children(extends)
        .filter(|(kind, _)| kind.as_bytes() == b"trex")
        .find_map(|(_, content)| {
            let mut fields = Fields(content);
            fields.version_and_flags()?;
            (fields.u32()? == id).then_some(())?;
            fields.skip(4)?;
            fields.u32()
        })
}

/// The frames of the fragments so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fragment {
    samples: Samples,
}

impl Fragment {
    /// Adds the frames that a `moof` tells of.
    pub(super) fn add(&mut self, moof: &[u8], video: &Video) {
        for (kind, traf) in children(moof) {
            if kind.as_bytes() == b"traf" {
                // A part that is damaged tells of no frames; those before it count.
                let _ = self.track(traf, video);
            }
        }
    }

    fn track(&mut self, traf: &[u8], video: &Video) -> Option<()> {
        let mut fields = Fields(child(traf, b"tfhd")?);
        let (_, flags) = fields.version_and_flags()?;
        (fields.u32()? == video.id).then_some(())?;
        let before = [(0x1, 8), (0x2, 4)];
        for (flag, bytes) in before {
            if flags & flag != 0 {
                fields.skip(bytes)?;
            }
        }
        let duration = if flags & 0x8 != 0 {
            fields.u32()?
        } else {
            video.default_duration
        };
        if let Some(decode_time) = child(traf, b"tfdt") {
            let mut fields = Fields(decode_time);
            let (version, _) = fields.version_and_flags()?;
            self.samples.end = fields.of_version(version)?;
        }
        for (kind, run) in children(traf) {
            if kind.as_bytes() == b"trun" {
                self.run(run, duration)?;
            }
        }
        Some(())
    }

    fn run(&mut self, trun: &[u8], default_duration: u32) -> Option<()> {
        let mut fields = Fields(trun);
        let (_, flags) = fields.version_and_flags()?;
        let count = fields.u32()?;
        for flag in [0x1, 0x4] {
            if flags & flag != 0 {
                fields.skip(4)?;
            }
        }
        if flags & 0x100 == 0 {
            self.samples.push(count.into(), default_duration.into());
            return Some(());
        }
        let others = [0x200, 0x400, 0x800];
        let after = others.iter().filter(|flag| flags & **flag != 0).count() * 4;
        for _ in 0..count {
            let duration = fields.u32()?;
            fields.skip(after)?;
            self.samples.push(1, duration.into());
        }
        Some(())
    }
}
