//! Frames that follow each other: one cluster of the file that is played.

/// A frame of video, where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown, in microseconds of the file's clock.
    pub time_us: u64,
    /// Where its data begins, in bytes from the beginning of the file.
    pub start: u64,
    /// Size of its data in bytes.
    pub bytes: u32,
    /// Whether it can be decoded without those before it.
    pub key: bool,
}

impl Frame {
    /// Where its data ends.
    pub fn end(&self) -> u64 {
        self.start + u64::from(self.bytes)
    }
}

/// Frames that become one cluster: at most half a minute, and a keyframe is the first of its group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The frames, in the order of the file.
    pub frames: Vec<Frame>,
}

impl Group {
    /// The time of its first frame, in microseconds.
    pub fn first_us(&self) -> u64 {
        self.frames.first().map_or(0, |frame| frame.time_us)
    }

    /// The largest time of its frames, in microseconds.
    pub fn last_us(&self) -> u64 {
        self.frames
            .iter()
            .map(|frame| frame.time_us)
            .max()
            .unwrap_or(0)
    }

    /// Whether playing can begin with it.
    pub fn key(&self) -> bool {
        self.frames.first().is_some_and(|frame| frame.key)
    }

    /// Size of the data of all frames, in bytes.
    pub fn bytes(&self) -> u64 {
        self.frames.iter().map(|frame| u64::from(frame.bytes)).sum()
    }

    /// The frames before the first that is shown after `us`.
    #[must_use]
    pub fn until(&self, us: u64) -> Self {
        let frames = self.frames.iter().take_while(|frame| frame.time_us <= us);
        Self {
            frames: frames.copied().collect(),
        }
    }

    /// The group in a few bytes a frame, for [`Group::unpack`].
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.frames.len() * 6);
        let (mut time, mut end) = (0_u64, 0_u64);
        for frame in &self.frames {
            write_signed(frame.time_us.wrapping_sub(time).cast_signed(), &mut out);
            write_signed(frame.start.wrapping_sub(end).cast_signed(), &mut out);
            write_varint(u64::from(frame.bytes) << 1 | u64::from(frame.key), &mut out);
            (time, end) = (frame.time_us, frame.end());
        }
        out
    }

    /// The group that was packed.
    ///
    /// # Errors
    /// When the bytes are not those of [`Group::pack`].
    pub fn unpack(mut packed: &[u8]) -> Result<Self, UnpackError> {
        let mut frames = Vec::new();
        let (mut time, mut end) = (0_u64, 0_u64);
        while !packed.is_empty() {
            let time_us = time.wrapping_add_signed(read_signed(&mut packed)?);
            let start = end.wrapping_add_signed(read_signed(&mut packed)?);
            let number = read_varint(&mut packed)?;
            let bytes = u32::try_from(number >> 1).map_err(|_| UnpackError)?;
            let frame = Frame {
                time_us,
                start,
                bytes,
                key: number & 1 == 1,
            };
            start.checked_add(bytes.into()).ok_or(UnpackError)?;
            (time, end) = (time_us, frame.end());
            frames.push(frame);
        }
        Ok(Self { frames })
    }
}

/// Bytes that are no packed group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a packed group of frames")]
pub struct UnpackError;

/// Gathers frames into groups.
#[derive(Debug, Default)]
pub struct Grouper {
    group: Group,
}

/// Times in a cluster are signed 16-bit numbers of milliseconds from its first.
const GROUP_US_MAX: u64 = 30_000_000;
/// So that no part of a file needs much memory.
const GROUP_FRAMES_MAX: usize = 1_024;
const GROUP_BYTES_MAX: u64 = 8 << 20;

impl Grouper {
    /// Takes a frame; answers the group that is complete because of it.
    pub fn push(&mut self, frame: Frame) -> Option<Group> {
        let first = self.group.first_us();
        let full = frame.key
            || frame.time_us < first
            || frame.time_us - first > GROUP_US_MAX
            || self.group.frames.len() >= GROUP_FRAMES_MAX
            || self.group.bytes() > GROUP_BYTES_MAX;
        let complete = full.then(|| self.finish()).flatten();
        self.group.frames.push(frame);
        complete
    }

    /// The last group.
    pub fn finish(&mut self) -> Option<Group> {
        (!self.group.frames.is_empty()).then(|| std::mem::take(&mut self.group))
    }
}

fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_signed(number: i64, out: &mut Vec<u8>) {
    write_varint((number << 1 ^ number >> 63).cast_unsigned(), out);
}

fn read_varint(bytes: &mut &[u8]) -> Result<u64, UnpackError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(UnpackError)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(UnpackError)
}

fn read_signed(bytes: &mut &[u8]) -> Result<i64, UnpackError> {
    let number = read_varint(bytes)?;
    Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
}
